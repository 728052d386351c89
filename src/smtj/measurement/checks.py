"""Checks that a data set is complete and its values are possible."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from smtj.errors import DataError
from smtj.measurement.conditions import CONDITIONS, condition_codes, direction_stated
from smtj.measurement.format.columns import FIELD
from smtj.measurement.format.header import split_header
from smtj.measurement.format.messages import listed, quoted
from smtj.measurement.format.schema import FIELDS, LABELS, QUANTITIES, Quantity
from smtj.measurement.locations import reading_place, source_of, value_place
from smtj.measurement.long_format import long_columns, readings_in
from smtj.units import format_quantity, format_scaled

if TYPE_CHECKING:
    import xarray as xr


MIN_ALIKE, COARSE = 5, 0.1
"""Number and fraction of readings at the time of the one before above which times are coarse."""

RESTARTS, MIN_RECORD = 0.9, 10
"""Part of the whole time by which times fall back where a second record begins, and fewest readings
of the first."""

MAX_ASSUMED = {"voltage": 50.0, "current": 1.0}
"""Largest values in SI that a column without a unit may have."""

MIN_BINS, EVEN = 8, 0.05
"""Fewest bins of a histogram less one, and how much their widths differ relative to the mean."""
_COUNTS = {"count", "counts", "occurrences", "events", "frequency", "number", "n", "hits"}
GLITCHES = 0.01
"""Fraction of readings of a resistance that may be negative: a fit leaves out what is far off."""


def check_values(dataset: "xr.Dataset") -> None:
    """Reject values that no measurement can have.

    The DataError says where a number is not finite or out of range, a count is not whole, or there
    are more high reads than reads.
    """
    _reject_histogram(dataset)
    for name, quantity in QUANTITIES.items():
        if name in dataset.variables:
            _check_quantity(dataset, quantity)
    for name in MAX_ASSUMED.keys() & set(dataset.attrs.get("assumed_units", ())):
        _check_assumed(dataset, QUANTITIES[name])
    if {"high", "reads"} <= set(dataset.variables):
        surplus = (dataset["high"] > dataset["reads"]).values.ravel()
        if surplus.any():
            place = value_place(dataset, "high", int(surplus.argmax()))
            raise DataError(
                f"{source_of(dataset)}: there are more high reads than reads at {place}: high must "
                "not exceed reads"
            )


def _reject_histogram(dataset: "xr.Dataset") -> None:
    """Reject counts against evenly spaced readings and nothing else."""
    names = {str(name) for name in dataset.variables}
    counted, read = "reads" if "reads" in names else "", names - {"reads"}
    headers = map(str, dataset.attrs.get("ignored_columns", ()))
    beside = [
        header for header in headers if _COUNTS & {*split_header(header)[0].casefold().split()}
    ]
    if len(read) != 1 or not read < {"resistance", "voltage", "current", "signal"}:
        return
    if not counted and len(beside) != 1:
        return
    (name,) = read
    steps = np.diff(np.asarray(dataset[name].values, dtype=np.float64).ravel())
    if steps.size < MIN_BINS or not (steps > 0).all() or np.ptp(steps) > EVEN * steps.mean():
        return
    header = str(dataset[counted].encoding.get("header", counted)) if counted else beside[0]
    raise DataError(
        f"{source_of(dataset)} is a histogram ({quoted(header)} against the {name}), which keeps "
        "no order of the readings and so no dwell times: give the readings themselves with their "
        "times"
    )


def _check_assumed(dataset: "xr.Dataset", quantity: Quantity) -> None:
    """Reject values that are no junction's in SI, which is assumed as no unit is stated."""
    largest = float(np.abs(dataset[quantity.name].values).max())
    if largest <= MAX_ASSUMED[quantity.name]:
        return
    header = str(dataset[quantity.name].encoding.get("header", quantity.name))
    raise DataError(
        f"{source_of(dataset)}: column {quoted(header)} has no unit, and {largest:g} "
        f"{quantity.unit} would destroy a junction: state the unit by columns= (--column "
        f'"{quantity.name}={header.strip()} [{quantity.display_unit}]")'
    )


def require(dataset: "xr.Dataset", *names: str) -> None:
    """Reject a data set without the named quantities or labels.

    Raises
    ------
    DataError
        One is missing; the message lists those present, and how to name another column.
    """
    missing = [name for name in names if name not in dataset.variables]
    if not missing:
        return
    known = [str(name) for name in dataset.variables]
    unused = [quoted(str(header)) for header in dataset.attrs.get("ignored_columns", ())]
    there = f"{listed(known)}, and unused {listed(unused)}" if unused else listed(known)
    mapped = " ".join(f"--column {name}=HEADER" for name in missing)
    raise DataError(
        f"{source_of(dataset)} has no {listed(missing, 'or')}, only {there}: if a column has "
        f"another name, give it by columns= ({mapped})"
    )


def increasing_time(dataset: "xr.Dataset") -> None:
    """Reject times that do not increase from reading to reading; they need not be regular.

    Times that restart at each field must be checked field by field, see
    :func:`smtj.measurement.groups`.

    Raises
    ------
    DataError
        There is no time, or the times do not increase.
    """
    require(dataset, "time")
    time = long_columns(dataset, ["time"])["time"]
    steps = np.diff(time)
    wrong = steps <= 0
    if wrong.any():
        alike = steps == 0
        if alike.sum() > MIN_ALIKE and alike.mean() > COARSE and not (steps < 0).any():
            each = time.size / (time.size - alike.sum())
            between = format_scaled(float(np.median(steps[~alike])) / each, "s", 2)
            raise DataError(
                f"{source_of(dataset)}: its times are too coarse, with {each:.3g} readings at each "
                f'of them: state the time between readings by interval= (--interval "{between}")'
            )
        later = int(wrong.argmax()) + 1
        whole = time[later - 1] - time[0]
        begins = time[later : later + MIN_RECORD] < time[later - 1]
        if later >= MIN_RECORD and begins.all() and steps[later - 1] < -RESTARTS * whole:
            between = format_scaled(float(np.median(steps)), "s", 4)
            raise DataError(
                f"{source_of(dataset)}: its times start again at {reading_place(dataset, later)}, "
                f"as those of {1 + int((steps < 0).sum())} records that follow one another: give "
                f"each its own file; if each begins where the one before ends, join them by "
                f'interval= (--interval "{between}")'
            )
        step = f"from {time[later - 1]:.12g} s to {time[later]:.12g} s"
        raise DataError(
            f"{source_of(dataset)}: time does not increase at {reading_place(dataset, later)} "
            f"({step}): sort the readings by time and delete repeated ones"
        )


def unique_fields(dataset: "xr.Dataset") -> None:
    """Reject a table, such as of P(H), with two readings at the same conditions and labels if a
    column that is not understood may tell them apart; else one was measured again.

    Raises
    ------
    DataError
        Two readings may differ in another condition; the message says which.
    """
    import pandas as pd

    names = [name for name in (*CONDITIONS, *LABELS) if name in dataset.variables]
    columns = long_columns(dataset, names)
    codes = condition_codes(columns, readings_in(dataset))
    repeated = pd.Series(codes).duplicated().to_numpy()
    if repeated.any():
        second = int(repeated.argmax())
        first = reading_place(dataset, int((codes == codes[second]).argmax()))
        header = dataset["time"].encoding.get("header") if "time" in dataset.variables else None
        if not names and header is not None:
            raise DataError(
                f"{source_of(dataset)}: nothing but {quoted(str(header))}, the time of a reading, "
                "differs from P to P: if it is the length of a pulse, say so by columns= "
                f'(--column "pulse_length={header}")'
            )
        if not names:
            unused = [quoted(str(h)) for h in dataset.attrs.get("ignored_columns", ())]
            among = f", not even {listed(unused)}, which is not understood" if unused else ""
            raise DataError(
                f"{source_of(dataset)}: nothing stands beside P on which it may depend{among}: "
                'name the field, voltage or current by columns= (--column "voltage=HEADER [V]")'
            )
        unused = [quoted(str(header)) for header in dataset.attrs.get("ignored_columns", ())]
        if unused:
            same = listed(f"{name} {_shown(name, columns[name][second])}" for name in names)
            raise DataError(
                f"{source_of(dataset)}: {reading_place(dataset, second)} repeats {first} ({same}): "
                f"name what differs among {listed(unused)} by columns=, or leave it out "
                "(--ignore HEADER)"
            )


def _check_quantity(dataset: "xr.Dataset", quantity: Quantity) -> None:
    values = np.asarray(dataset[quantity.name].values, dtype=np.float64).ravel()
    infinite = ~np.isfinite(values)
    if infinite.any():
        raise _wrong(dataset, quantity, infinite, "delete it, times need not be regular")
    outside = (values < quantity.lowest) | (values > quantity.highest)
    if quantity.name in FIELDS:
        outside = np.abs(values) > quantity.highest
        if outside.any():
            raise _in_another_unit(
                dataset, quantity, outside, "T", "any steady magnet reaches", ("mT", "Oe")
            )
    elif quantity.name == "frequency" and (values > quantity.highest).any():
        beyond = values > quantity.highest
        raise _in_another_unit(dataset, quantity, beyond, "GHz", "any microwave has", ("Hz", "MHz"))
    is_glitch = quantity.name == "resistance" and outside.mean() < GLITCHES
    if outside.any() and not is_glitch:
        header = str(dataset[quantity.name].encoding.get("header", quantity.name))
        right = f"{quantity.meaning} is {_range(quantity, header)}"
        raise _wrong(dataset, quantity, outside, right)
    if quantity.whole:
        broken = values != np.rint(values)
        if broken.any():
            raise _wrong(dataset, quantity, broken, f"{quantity.meaning} must be whole")


def _wrong(
    dataset: "xr.Dataset", quantity: Quantity, wrong: NDArray[np.bool_], right: str
) -> DataError:
    variable = dataset[quantity.name]
    index = int(wrong.argmax())
    place = value_place(dataset, quantity.name, index)
    header = variable.encoding.get("header", quantity.name)
    value = _shown(quantity.name, variable.values.ravel()[index])
    derived = quantity.name == "resistance" and dataset.attrs.get("resistance_from")
    what = derived or f"column {quoted(header)}"
    return DataError(f"{source_of(dataset)}: {what} is {value} at {place}: {right}")


def _in_another_unit(
    dataset: "xr.Dataset",
    quantity: Quantity,
    wrong: NDArray[np.bool_],
    shown: str,
    limit: str,
    perhaps: tuple[str, str],
) -> DataError:
    variable = dataset[quantity.name]
    index = int(wrong.argmax())
    header = str(variable.encoding.get("header", quantity.name))
    value = format_quantity(float(variable.values.ravel()[index]), quantity.unit, shown, digits=6)
    bare = split_header(header)[0]
    stated = quantity.name not in FIELDS or direction_stated(dataset, quantity.name)
    return DataError(
        f"{source_of(dataset)}: column {quoted(header)} is {value} at "
        f"{value_place(dataset, quantity.name, index)}, more than {limit}: its numbers are in "
        f"another unit, perhaps {' or '.join(perhaps)}, which columns= states (--column "
        f'"{quantity.name if stated else FIELD}={bare} [{perhaps[0]}]")'
    )


def _shown(name: str, value: Any) -> str:
    if name in LABELS:
        return quoted(str(value))
    quantity = QUANTITIES[name]
    return format_quantity(float(value), quantity.unit, quantity.display_unit, digits=6)


def _range(quantity: Quantity, header: str) -> str:
    if np.isfinite(quantity.highest) and not quantity.unit:
        name, unit = split_header(header)
        percent = f' (or in %, --column "{quantity.name}={name} [%]")' if unit is None else ""
        return f"between {quantity.lowest:g} and {quantity.highest:g}{percent}"
    return f"{quantity.lowest:g} {quantity.unit}".rstrip() + " or more"
