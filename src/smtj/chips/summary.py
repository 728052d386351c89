"""Summarise a study: distributions, yield, and the cost of each source of variation."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from smtj.chips.conditions import QUANTITIES
from smtj.errors import SmtjError
from smtj.inference.stats.distributions import wilson_interval
from smtj.nn.devices.variation import decades
from smtj.units import convert

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_INVERSE = {
    "read_interval": "1/ms (1/interval)",
    "noise_correlation_time": "1/s (1/τ)",
}
"""Times that enter a regression as their inverse, and its unit."""
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Distribution:
    """The accuracies of all chips under one condition."""

    condition: Mapping[str, float]
    """Numbers in SI units by name."""
    chips: int
    mean: float
    standard_error: float
    """Of the mean; NaN for one chip."""
    standard_deviation: float
    """From chip to chip; NaN for one."""
    quantiles: tuple[float, ...]
    """At :data:`QUANTILES`."""
    yield_: float
    """Fraction of chips that reach the threshold."""
    yield_interval: tuple[float, float]
    """95 % confidence interval (Wilson)."""


@dataclass(frozen=True)
class Sensitivity:
    """How accuracy changes with one quantity, over the values studied."""

    name: str
    slope: float
    """Change of accuracy per ``per``, as a fraction."""
    standard_error: float
    """From chip to chip; NaN for one chip."""
    per: str
    """Unit of the quantity, e.g. ``"1 Oe"``."""


@dataclass(frozen=True)
class StudySummary:
    """Distributions in the order of the conditions, and sensitivities to what was varied."""

    threshold: float
    distributions: tuple[Distribution, ...]
    sensitivities: tuple[Sensitivity, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types; NaN becomes None, infinities text."""
        record: dict[str, Any] = _plain(asdict(self))
        for entry in record["distributions"]:
            entry["yield"] = entry.pop("yield_")
            entry["quantiles"] = dict(zip(map(str, QUANTILES), entry["quantiles"], strict=True))
        return record


def summarise(table: "pd.DataFrame", threshold: float) -> StudySummary:
    """Summarise the table of a study.

    Parameters
    ----------
    table
        From :meth:`smtj.chips.plan.Study.frame`.
    threshold
        Accuracy that a good chip reaches, from 0 to 1.
    """
    if not 0 <= threshold <= 1:
        raise SmtjError(f"the threshold is {threshold:g}; it must be an accuracy from 0 to 1")
    names = varied(table)
    distributions = [
        _distribution(dict(part[names].iloc[0]), part["accuracy"].to_numpy(), threshold)
        for _, part in table.groupby("condition", sort=True)
    ]
    return StudySummary(threshold, tuple(distributions), tuple(sensitivities(table)))


def varied(table: "pd.DataFrame") -> list[str]:
    """Return the names of the quantities that a study varied."""
    return [name for name in table.columns if name in QUANTITIES]


def yield_of(accuracies: "NDArray[np.float64]", threshold: float) -> tuple[float, float, float]:
    """Return the fraction of chips at or above a threshold and its 95 % interval (Wilson)."""
    good = int((accuracies >= threshold).sum())
    low, high = wilson_interval(good, len(accuracies), level=CONFIDENCE)
    return good / len(accuracies), float(low), float(high)


def sensitivities(table: "pd.DataFrame") -> list[Sensitivity]:
    """Regress accuracy on everything that was varied, chip by chip.

    Every chip saw every condition, so least squares gives each its own slopes; their mean is the
    slope, and their scatter its error, free of differences between chips.  Reads enter as 1/N, the
    power of their noise, intervals and correlation times as their inverse, which is 0 for
    independent reads and constant noise, and the age as decades of time.  Slopes are means over the
    values studied: accuracy may fall faster than linearly.
    """
    conditions = table.drop_duplicates("condition").sort_values("condition")
    columns, names = [], []
    for name in varied(table):
        x = np.array([_regressor(name, value) for value in conditions[name]])
        if np.isfinite(x).all() and np.ptp(x) > 0:
            columns.append(x - x.mean())
            names.append(name)
    if not names:
        return []
    design = np.column_stack(columns)
    scale = np.abs(design).max(axis=0)
    if np.linalg.matrix_rank(design / scale) < len(names):
        # Quantities that were varied together cannot be separated.
        return []
    by_chip = table.pivot(index="chip", columns="condition", values="accuracy").to_numpy()
    slopes = (np.linalg.pinv(design / scale) @ by_chip.T).T / scale
    count = len(slopes)
    errors = (
        slopes.std(axis=0, ddof=1) / math.sqrt(count) if count > 1 else np.full(len(names), np.nan)
    )
    return [
        Sensitivity(name, float(slope), float(error), _per(name))
        for name, slope, error in zip(names, slopes.mean(axis=0), errors, strict=True)
    ]


def _distribution(
    condition: Mapping[str, float], accuracies: "NDArray[np.float64]", threshold: float
) -> Distribution:
    count = len(accuracies)
    deviation = float(accuracies.std(ddof=1)) if count > 1 else math.nan
    fraction, low, high = yield_of(accuracies, threshold)
    return Distribution(
        condition={name: float(value) for name, value in condition.items()},
        chips=count,
        mean=float(accuracies.mean()),
        standard_error=deviation / math.sqrt(count),
        standard_deviation=deviation,
        quantiles=tuple(float(q) for q in np.quantile(accuracies, QUANTILES)),
        yield_=fraction,
        yield_interval=(low, high),
    )


def _regressor(name: str, value: float) -> float:
    """Return a value in the unit of :func:`_per`."""
    if name == "reads":
        return 1 / value
    if name == "age":
        return decades(value)
    quantity = QUANTITIES[name]
    shown = value if math.isinf(value) else convert(value, quantity.unit, quantity.show)
    return 1 / shown if name in _INVERSE else shown


def _per(name: str) -> str:
    usual = {"reads": "1/N (N reads)", "age": "decade of s", **_INVERSE}
    return usual.get(name, f"1 {QUANTITIES[name].show}")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(entry) for name, entry in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value
