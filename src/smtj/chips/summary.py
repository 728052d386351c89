"""What a study says: distribution, yield, and what each source of variation costs."""

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
    """Share of chips that reach the threshold."""
    yield_interval: tuple[float, float]
    """Confidence interval of 95 % for the yield of all chips of the kind (Wilson)."""


@dataclass(frozen=True)
class Sensitivity:
    """How accuracy changes with one quantity, over the values that were studied."""

    name: str
    slope: float
    """Change of the accuracy per ``per``, a number and no percentage."""
    standard_error: float
    """From chip to chip; NaN for one chip."""
    per: str
    """What the slope is per, e.g. ``"1 Oe"``."""


@dataclass(frozen=True)
class StudySummary:
    """Distributions in the order of the conditions, and the sensitivity to what was varied."""

    threshold: float
    distributions: tuple[Distribution, ...]
    sensitivities: tuple[Sensitivity, ...]

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON holds it; what is not finite as text."""
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
        Of :meth:`smtj.chips.plan.Study.frame`.
    threshold
        Accuracy that a good chip reaches, between 0 and 1.

    Raises
    ------
    SmtjError
        The threshold is no share.
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
    """Return the names of what a table's study varied."""
    return [name for name in table.columns if name in QUANTITIES]


def yield_of(accuracies: "NDArray[np.float64]", threshold: float) -> tuple[float, float, float]:
    """Return the share of chips at or above a threshold, and its interval of 95 % (Wilson)."""
    good = int((accuracies >= threshold).sum())
    low, high = wilson_interval(good, len(accuracies), level=CONFIDENCE)
    return good / len(accuracies), float(low), float(high)


def sensitivities(table: "pd.DataFrame") -> list[Sensitivity]:
    """Regress accuracy on everything that was varied, chip by chip.

    Every chip saw every condition, so that each has slopes of its own by least squares; their mean
    is the slope, and their scatter its error, in which what is particular to a chip cancels.  Reads
    enter as 1/N, as which their noise acts, and the age as decades of time.  Slopes are means over
    the values studied: where accuracy falls faster than in proportion, more of a source costs more.

    Parameters
    ----------
    table
        Of :meth:`smtj.chips.plan.Study.frame`.
    """
    conditions = table.drop_duplicates("condition").sort_values("condition")
    columns, kept = [], []
    for name in varied(table):
        x = np.array([_regressor(name, value) for value in conditions[name]])
        if np.isfinite(x).all() and np.ptp(x) > 0:
            columns.append(x - x.mean())
            kept.append(name)
    if not kept:
        return []
    design = np.column_stack(columns)
    scale = np.abs(design).max(axis=0)
    if np.linalg.matrix_rank(design / scale) < len(kept):
        # Two quantities that were moved together cannot be told apart.
        return []
    by_chip = table.pivot(index="chip", columns="condition", values="accuracy").to_numpy()
    slopes = (np.linalg.pinv(design / scale) @ by_chip.T).T / scale
    count = len(slopes)
    errors = (
        slopes.std(axis=0, ddof=1) / math.sqrt(count) if count > 1 else np.full(len(kept), np.nan)
    )
    return [
        Sensitivity(name, float(slope), float(error), _per(name))
        for name, slope, error in zip(kept, slopes.mean(axis=0), errors, strict=True)
    ]


def _distribution(
    condition: Mapping[str, float], accuracies: "NDArray[np.float64]", threshold: float
) -> Distribution:
    count = len(accuracies)
    deviation = float(accuracies.std(ddof=1)) if count > 1 else math.nan
    share, low, high = yield_of(accuracies, threshold)
    return Distribution(
        condition={name: float(value) for name, value in condition.items()},
        chips=count,
        mean=float(accuracies.mean()),
        standard_error=deviation / math.sqrt(count),
        standard_deviation=deviation,
        quantiles=tuple(float(q) for q in np.quantile(accuracies, QUANTILES)),
        yield_=share,
        yield_interval=(low, high),
    )


def _regressor(name: str, value: float) -> float:
    """A value as it enters the regression, in the unit of :func:`_per`."""
    if name == "reads":
        return 1 / value
    if name == "age":
        return decades(value)
    quantity = QUANTITIES[name]
    return convert(value, quantity.unit, quantity.show)


def _per(name: str) -> str:
    usual = {"reads": "1/N", "age": "decade of s"}
    return usual.get(name, f"1 {QUANTITIES[name].show}")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(entry) for name, entry in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value
