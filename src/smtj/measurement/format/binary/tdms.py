"""Channels of a LabVIEW TDMS file."""

from pathlib import Path
from typing import TYPE_CHECKING

from smtj.errors import DataError
from smtj.measurement.format.binary.arrays import Arrays, same_length, single_values
from smtj.measurement.format.layout import with_unit
from smtj.measurement.format.preamble import Sampling

if TYPE_CHECKING:
    from nptdms import TdmsGroup


def read_tdms(path: Path) -> dict[str, Arrays]:
    """Return the groups of a TDMS file by name; a waveform gives the times of its readings.

    Raises DataError if the file is damaged or no TDMS file.
    """
    from nptdms import TdmsFile

    try:
        with TdmsFile.open(path) as file:
            own = {str(key): value for key, value in file.properties.items()}
            return {
                group.name: _group(group, own | dict(group.properties)) for group in file.groups()
            }
    except OSError:
        raise
    except Exception as error:  # the reader raises whatever it meets
        raise DataError(f"{path} is not an intact TDMS file: fetch or save it again") from error


def _group(group: "TdmsGroup", properties: dict[str, object]) -> Arrays:
    channels = group.channels()
    columns = {
        with_unit(c.name, str(c.properties.get("unit_string") or "") or None): c[:]
        for c in channels
    }
    steps = [c.properties for c in channels if c.properties.get("wf_increment")]
    sampling = None
    if steps:
        start = float(steps[0].get("wf_start_offset") or 0.0)
        sampling = Sampling(float(steps[0]["wf_increment"]), start)
    return Arrays(same_length(columns), single_values(properties), sampling)
