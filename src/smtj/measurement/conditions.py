"""Which readings were taken under the same conditions, and what a data set therefore is."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from smtj.errors import DataError
from smtj.measurement.format.header import split_header
from smtj.measurement.format.schema import FIELDS, LABELS, QUANTITIES, SIGNALS, has_no_direction
from smtj.measurement.format.wording import listed, quoted
from smtj.measurement.locations import READING, source_of
from smtj.measurement.long_format import column_names, long_columns, readings_in

if TYPE_CHECKING:
    import xarray as xr

Kind = Literal["probability", "trace", "scan", "loop", "spectrum"]
"""What a data set tells about: P at each field, the switching in time, both, R against field, or a
resonance."""

CONDITIONS = (
    *("field_out_of_plane", "field_in_plane", "voltage", "current", "temperature"),
    "pulse_length",
)
"""What is set while readings are taken."""

_BIASES = ("voltage", "current")

MIN_READINGS = 10
"""Readings at each field that make a scan of what else is a loop."""

SAME = 0.002
"""What an instrument reads back is the same setting if it differs by less, relative to the largest
of its kind."""

# Settings nearer than this, relative to the largest, differ by how they were rounded.
_RESOLUTION = 1e-9

Array = NDArray[Any]
Codes = NDArray[np.int64]


def kind_of(dataset: "xr.Dataset") -> Kind:
    """Tell what a data set is, from what it holds and not from what it says of itself.

    Parameters
    ----------
    dataset
        Of any dimensions, measured or virtual.

    Returns
    -------
    str
        ``"probability"`` for probabilities, or counts of high reads and of reads; else
        ``"spectrum"`` where :func:`is_spectrum` says so; else for resistances ``"trace"`` at one
        condition with times, ``"scan"`` at several with :data:`MIN_READINGS` or more at most of
        them, and ``"loop"`` at several fields with fewer.

    Raises
    ------
    DataError
        It is none of these; the message says what would make it one.
    """
    names = set(dataset.variables)
    if "probability" in names or {"high", "reads"} <= names:
        return "probability"
    if is_spectrum(dataset):
        return "spectrum"
    found = "without resistance"
    if "resistance" in names:
        columns = _condition_columns(dataset)
        size = readings_in(dataset)
        readings = np.bincount(condition_codes(columns, size))
        if readings.size == 1 and "time" in names:
            return "trace"
        if readings.size > 1 and np.median(readings) >= MIN_READINGS:
            return "scan"
        fields = {name: values for name, values in columns.items() if name.startswith("field")}
        if condition_codes(fields, size).any():
            return "loop"
        found = f"{size} readings, different conditions {readings.size}"
    known = (name for name in (*QUANTITIES, *LABELS) if name in names)
    unused = [quoted(str(header)) for header in dataset.attrs.get("ignored_columns", ())]
    hint = f"; not used: {listed(unused)}, name it by --column resistance=HEADER" if unused else ""
    raise DataError(
        f"{source_of(dataset)} is no measurement that smtj can fit, it has {listed(known)} "
        f"({found}): time and resistance at one condition make a trace, resistance at several "
        f"fields a loop, with {MIN_READINGS} readings at each condition a scan, probability (or "
        f"high and reads) a probability curve, and signal with frequency and field a spectrum{hint}"
    )


def is_spectrum(dataset: "xr.Dataset") -> bool:
    """Whether a data set is of spectra, with which a resistance may come.

    Parameters
    ----------
    dataset
        Of any dimensions.

    Returns
    -------
    bool
        Whether it has a frequency, a field, and one of :data:`SIGNALS`.  Where it has resistances
        too, the frequency must change by :data:`SAME` or more: at a single one, which is that of
        the lock-in amplifier in many a measurement of R, they are what it is about.
    """
    names = {str(name) for name in dataset.variables}
    if "frequency" not in names or not names & set(FIELDS) or not names & set(SIGNALS):
        return False
    frequency = np.asarray(dataset["frequency"].values, dtype=np.float64)
    return "resistance" not in names or bool(np.ptp(frequency) > SAME * frequency.max())


def field_direction_stated(dataset: "xr.Dataset") -> bool:
    """Whether it is known, and not taken for granted, along what the field of a data set is.

    Parameters
    ----------
    dataset
        Of any dimensions.

    Returns
    -------
    bool
        False if a column of a table is read as a field under a header that says nothing of its
        direction, such as ``"H [Oe]"`` and ``"Field(G)"``, and the user has not said that it is
        that field.  True for data sets of the lab, of NetCDF files, and without a field.
    """
    return all(direction_stated(dataset, name) for name in FIELDS if name in dataset.variables)


def direction_stated(dataset: "xr.Dataset", name: str) -> bool:
    """Whether it is known of one of :data:`FIELDS`; see :func:`field_direction_stated`."""
    encoding = dataset[name].encoding
    bare = split_header(str(encoding.get("header", name)))[0]
    return bool(encoding.get("asked_for")) or not has_no_direction(bare)


def groups(dataset: "xr.Dataset") -> list[tuple[dict[str, float], "xr.Dataset"]]:
    """Split a data set into readings under the same conditions.

    Parameters
    ----------
    dataset
        Of any dimensions.

    Returns
    -------
    list
        Conditions and readings, in the order in which the conditions are first met.  Conditions
        are those of :data:`CONDITIONS` that are known, as SI floats by name; where both voltage
        and current are given, :func:`measured_bias` is no condition.  Readings
        are a data set of dimension ``reading`` in the order in which they were taken, in which
        the conditions are scalar coordinates, and so are labels, which are never mixed either.
    """
    constant = _condition_columns(dataset)
    codes = condition_codes(constant, readings_in(dataset))
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes))[:-1]
    names = [name for name in column_names(dataset) if name not in constant]
    columns = long_columns(dataset, names)
    parts = {name: np.split(columns.pop(name)[order], ends) for name in names}
    found = []
    for number, readings in enumerate(np.split(order, ends)):
        setting = {name: values[readings[0]] for name, values in constant.items()}
        part = part_of(dataset, {name: parts[name][number] for name in names}, setting)
        conditions = {name: float(value) for name, value in setting.items() if name in CONDITIONS}
        found.append((conditions, part))
    return found


def part_of(
    dataset: "xr.Dataset", columns: Mapping[str, Array], setting: Mapping[str, Any]
) -> "xr.Dataset":
    """Return some readings of a data set as one of its own.

    Parameters
    ----------
    dataset
        Of which they are a part.
    columns
        What differs between them, shape (readings,), by name.
    setting
        What they have in common, by name; scalar coordinates of the part.
    """
    import xarray as xr

    variables = {
        **{name: (READING, values) for name, values in columns.items()},
        **{name: ((), value) for name, value in setting.items()},
    }
    part = xr.Dataset(variables, attrs=dataset.attrs).set_coords(list(setting))
    for name in part.variables:
        part[name].attrs = dataset[name].attrs
        part[name].encoding = {
            key: value
            for key, value in dataset[name].encoding.items()
            if key in ("header", "asked_for")
        }
    if "source" in dataset.encoding:
        part.encoding["source"] = dataset.encoding["source"]
    return part


def condition_codes(
    columns: Mapping[str, Array], readings: int, resolution: float = _RESOLUTION
) -> Codes:
    """Number the combinations of what stands in columns, in the order in which they are met.

    Parameters
    ----------
    columns
        Shape (readings,) each.
    readings
        The number of readings, also where there are no columns.
    resolution
        By what numbers must differ from the next one to be another, relative to the largest of
        their column; that of rounding by default.

    Returns
    -------
    Codes
        Shape (readings,), from 0.
    """
    import pandas as pd

    codes = np.zeros(readings, dtype=np.int64)
    for values in columns.values():
        own, distinct = pd.factorize(values)
        if distinct.dtype.kind == "f":
            own = _merged(distinct, resolution)[own]
        # Numbered anew after each column, so that the product cannot overflow.
        codes = pd.factorize(codes * (own.max() + 1) + own)[0]
    return codes


def measured_bias(dataset: "xr.Dataset") -> str | None:
    """Tell which of voltage and current was read and not set.

    Parameters
    ----------
    dataset
        Of any dimensions.

    Returns
    -------
    str or None
        ``"voltage"`` or ``"current"``, the one that varies more, where both are given and do not
        vary alike.  What an instrument reads back of the other may scatter by :data:`SAME`.
    """
    columns = long_columns(dataset, [name for name in _BIASES if name in dataset.variables])
    if len(columns) < len(_BIASES):
        return None
    different = {name: int(_settings(values).max()) for name, values in columns.items()}
    if len(set(different.values())) == 1:
        return None
    return max(different, key=different.__getitem__)


def _condition_columns(dataset: "xr.Dataset") -> dict[str, Array]:
    """What stayed the same while readings were taken, labels among it, by name."""
    import pandas as pd

    names = [name for name in (*CONDITIONS, *LABELS) if name in dataset.variables]
    columns = long_columns(dataset, names)
    measured = measured_bias(dataset)
    if measured is not None:
        del columns[measured]
        (held,) = set(_BIASES) - {measured}
        values = pd.Series(columns[held])
        columns[held] = values.groupby(_settings(columns[held])).transform("median").to_numpy()
    return columns


def _settings(values: Array) -> Codes:
    """Number what an instrument was set to, given what it reads back."""
    import pandas as pd

    codes = condition_codes({"": values}, values.size, SAME)
    alike = pd.Series(values).groupby(codes)
    # Values that fill a range are no settings that scatter.
    if (alike.max() - alike.min()).max() > SAME * np.abs(values).max():
        return condition_codes({"": values}, values.size)
    return codes


def _merged(distinct: Array, resolution: float) -> Codes:
    """Number distinct floats, those alike that differ by less than the resolution."""
    order = np.argsort(distinct)
    apart = np.diff(distinct[order]) > resolution * np.abs(distinct).max()
    numbers = np.empty(distinct.size, dtype=np.int64)
    numbers[order] = np.concatenate([[0], np.cumsum(apart)])
    return numbers
