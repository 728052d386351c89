"""Readings of several fields without times: counted, as nothing else follows from them."""

from typing import TYPE_CHECKING

import numpy as np

from smtj.errors import DataError
from smtj.measurement import groups
from smtj.measurement.conditions import CONDITIONS
from smtj.measurement.format.schema import QUANTITIES
from smtj.measurement.locations import READING, source_of
from smtj.units import format_quantity

if TYPE_CHECKING:
    import xarray as xr

MIN_SEPARATION = 4.0
"""Distance of the levels in standard deviations of the noise from which readings are counted: at
most one in forty is then on the wrong side of the middle."""
_ROUNDS = 200


def counted(scan: "xr.Dataset") -> "tuple[xr.Dataset, str]":
    """Return the high readings and all at each condition of a scan without times, and a remark.

    Levels and noise are those of two normal distributions, by maximum likelihood over all readings.
    Raises DataError if they overlap, so that a reading shows no state.
    """
    import xarray as xr

    readings = np.asarray(scan["resistance"].values, dtype=np.float64).ravel()
    low, high, noise = _two_levels(readings)
    if not high - low >= MIN_SEPARATION * noise:
        raise DataError(
            f"{source_of(scan)}: its readings have no times, and their levels overlap, so that "
            "they cannot be counted: give the time between readings by interval= (--interval)"
        )
    middle = (low + high) / 2
    found = groups(scan)
    varied = [name for name in CONDITIONS if name in found[0][0]]
    columns = {name: np.array([known[name] for known, _ in found]) for name in varied}
    above = [np.asarray(part["resistance"].values) > middle for _, part in found]
    columns |= {
        "high": np.array([float(one.sum()) for one in above]),
        "reads": np.array([float(one.size) for one in above]),
    }
    counts = xr.Dataset(
        {n: (READING, v, {"units": QUANTITIES[n].unit}) for n, v in columns.items()},
        attrs=dict(scan.attrs),
    )
    for name in varied:
        counts[name].encoding |= scan[name].encoding
    counts.encoding["source"] = source_of(scan)
    unit, shown = QUANTITIES["resistance"].unit, QUANTITIES["resistance"].display_unit
    at = format_quantity(middle, unit, shown, 4)
    said = (
        f"the readings have no times, so they are counted, as high above {at}, and taken for "
        "independent; interval= (--interval) gives dwell times and levels"
    )
    return counts, said


def _two_levels(readings: "np.ndarray") -> tuple[float, float, float]:
    """Means and common standard deviation of two normal distributions."""
    low, high = (float(value) for value in np.quantile(readings, [0.02, 0.98]))
    noise = max((high - low) / 8, 1e-300)
    weight = 0.5
    for _ in range(_ROUNDS):
        exponent = ((readings - high) ** 2 - (readings - low) ** 2) / (2 * noise**2)
        share = 1 / (1 + (1 - weight) / weight * np.exp(np.clip(exponent, -700, 700)))
        total = float(share.sum())
        if not 0 < total < readings.size:
            break
        before = (low, high)
        high = float((share * readings).sum()) / total
        low = float(((1 - share) * readings).sum()) / (readings.size - total)
        spread = share * (readings - high) ** 2 + (1 - share) * (readings - low) ** 2
        noise = max(float(np.sqrt(spread.mean())), 1e-300)
        weight = total / readings.size
        if np.allclose(before, (low, high), rtol=0, atol=1e-6 * noise):
            break
    return low, high, noise
