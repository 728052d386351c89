"""Time stamps whose header has no unit: since 1970, or ticks of an instrument's clock."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from smtj.errors import DataError
from smtj.measurement.format.header import split_header
from smtj.measurement.format.messages import listed
from smtj.typing import Floats
from smtj.units import format_quantity

if TYPE_CHECKING:
    import xarray as xr

SINCE_1970 = {"milliseconds": 1e-3, "microseconds": 1e-6, "nanoseconds": 1e-9}
"""Units of whole numbers from which seconds since 1970 follow, in s."""
EPOCH = 0.9e9, 4.2e9
"""Seconds since 1970 of measurements, of the years 1998 to 2103."""
MIN_TICKS = 100
"""Whole numbers without a unit that are further apart are no seconds."""
SERIAL_DAYS, MAX_STEP = (36526.0, 55153.0), 0.01
"""Days of a spreadsheet from 2000 to 2050, and their largest step, of a quarter of an hour."""
CLOCKS = {"MFLI, MFIA": 60e6, "HF2LI": 210e6, "UHFLI": 1.8e9}
"""Rate in Hz of the clocks of lock-in amplifiers whose files hold ticks."""
_STAMP = ("timestamp", "ticks", "tick", "clock")
_LABONE = {
    "timestamp": "clock ticks",
    "x": "channel_x [V]",
    "y": "channel_y [V]",
    "r": "amplitude of the demodulator",
    "frequency": "frequency of the reference",
    "freq": "frequency of the reference",
}


def lock_in_headers(names: Sequence[str]) -> list[str] | None:
    """Return headers for the columns of a Zurich Instruments demodulator; None if these are others.

    Its ``timestamp`` counts ticks, and ``x`` and ``y`` are the channels in volts.
    """
    plain = [name.casefold() for name in names]
    if not {"timestamp", "x", "y"} <= set(plain):
        return None
    return [_LABONE.get(name, own) for name, own in zip(plain, names, strict=True)]


def ticks_refused(file: Path | str, ticks: float) -> DataError:
    """Return the error for time stamps in ticks, the rate of which no file states."""
    each = (f'"{format_quantity(ticks / f, "s", "us", 6)}" ({n})' for n, f in CLOCKS.items())
    return DataError(
        f"{file}: its time stamps are {ticks:.6g} ticks of the instrument's clock apart, not "
        f"seconds: give the time between readings by interval= (--interval), {listed(each, 'or')}"
    )


def with_seconds(dataset: "xr.Dataset", file: Path) -> "tuple[xr.Dataset, str | None]":
    """Give times without a unit that cannot be seconds in seconds, with a remark on what they were.

    Raises DataError if they are ticks.
    """
    if "time" not in dataset.attrs.get("assumed_units", ()) or dataset["time"].values.size < 2:
        return dataset, None
    times: Floats = np.asarray(dataset["time"].values, dtype=np.float64)
    for words, size in SINCE_1970.items():
        if EPOCH[0] <= size * times.min() and size * times.max() <= EPOCH[1]:
            variable = dataset["time"].copy(data=(times - times[0]) * size)
            variable.encoding |= dataset["time"].encoding
            others = [name for name in dataset.attrs["assumed_units"] if name != "time"]
            found = dataset.assign(time=variable)
            found.encoding |= dataset.encoding
            found.attrs["assumed_units"] = others
            if not others:
                del found.attrs["assumed_units"]
            return found, f"times are read as {words} since 1970"
    header = str(dataset["time"].encoding.get("header", "time"))
    name = split_header(header)[0]
    steps = np.abs(np.diff(times))
    if SERIAL_DAYS[0] <= times.min() <= times.max() <= SERIAL_DAYS[1] and steps.max() < MAX_STEP:
        raise DataError(
            f"{file}: its times of {times[0]:.6g} without a unit may be days of a spreadsheet or "
            f'seconds: say which by columns= (--column "time={header} [day]", or [s])'
        )
    is_stamp = name.casefold().replace(" ", "").replace("_", "") in _STAMP
    step = float(np.median(np.diff(times)))
    if is_stamp and step >= MIN_TICKS and (times == np.rint(times)).all():
        raise ticks_refused(file, step)
    return dataset, None
