"""Channels of a LabVIEW TDMS file."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from smtj.measurement.format.binary.arrays import Arrays, damaged, same_length, single_values
from smtj.measurement.format.layout import with_unit
from smtj.measurement.format.preamble import Sampling

if TYPE_CHECKING:
    from nptdms import TdmsGroup


def read_tdms(path: Path) -> dict[str, Arrays]:
    """Return the groups of a TDMS file by name; a waveform gives the times of its readings.

    Raises DataError if the file is damaged or no TDMS file.
    """
    from nptdms import TdmsFile
    from nptdms.log import log_manager

    # It logs whole records where a file is damaged.
    log_manager.set_level(logging.CRITICAL)
    # The reader would leave a damaged file open that it had opened itself.
    with (
        damaged(path, "TDMS file"),
        path.open("rb") as stream,
        TdmsFile.open(stream) as file,
    ):
        own = {str(key): value for key, value in file.properties.items()}
        return {group.name: _group(group, own | dict(group.properties)) for group in file.groups()}


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
