"""The relaxation time of both states against a drive: with P it gives the dwell times of both."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from smtj import plot
from smtj.analysis.context import Context
from smtj.analysis.result import FitResult, Picture
from smtj.errors import DataError
from smtj.inference.barrier.drive import DriveFit
from smtj.inference.barrier.relaxation import estimates_of_times, fit_relaxation
from smtj.inference.sigmoid import reads_of_fractions
from smtj.measurement import source_of
from smtj.typing import Floats
from smtj.units import convert

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

WITHOUT_P = (
    "P(AP) beside the relaxation time would say which state the drive favours and give the dwell "
    "times of both, and so a card"
)


@dataclass(frozen=True, eq=False)
class DwellsOfRelaxation:
    """Dwell times that follow from P and the relaxation time, and the lines through them."""

    logs: Floats
    """ln(τ/s) of the high and the low state, shape (n, 2)."""
    covariance: Floats
    """Of both at each point, shape (n, 2, 2): the error of P has opposite signs in them."""
    fit: DriveFit
    remarks: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class FittedRelaxation:
    """Relaxation times of unknown states against a drive."""

    drive: Floats
    """SI values, shape (n,)."""
    log_times: Floats
    """ln(τ/s), shape (n,)."""
    errors: Floats | None
    fit: DriveFit
    scale: float
    """Of the drive, from SI to that."""
    label: str
    """Axis of the drive."""


def dwells_of_relaxation(
    rows: "pd.DataFrame", along: str, dataset: "xr.Dataset"
) -> DwellsOfRelaxation:
    """Fit P, or counts, and the relaxation time of a table together."""
    x, (logs, errors) = rows[along].to_numpy(), _log_times(rows, dataset)
    remarks = []
    if "reads" in rows:
        total = rows["reads"].to_numpy(dtype=np.float64)
    else:
        found = reads_of_fractions(x, rows["probability"].to_numpy())
        total = np.full(x.size, float(found.reads))
        remarks.append(found.remark)
    high = rows["high"] if "high" in rows else rows["probability"] * total
    k = np.rint(np.asarray(high, dtype=np.float64))
    fit = fit_relaxation(x, logs, errors, k, total)
    remarks.append(
        "P and the relaxation time together give the dwell times of both states, whose errors "
        "therefore depend on each other"
    )
    if errors is None:
        remarks.append(
            "no errors of the relaxation time are stated; that of its logarithm is its scatter, "
            f"{fit.scatter:.2g}"
        )
    # Half a read keeps the odds finite where all reads are alike.
    up, down = k + 0.5, total - k + 0.5
    odds, of_odds = np.log(up / down), 1 / up + 1 / down
    of_time = np.full(x.size, fit.scatter) if errors is None else errors
    by_odds = np.stack([up, -down], axis=-1) / (total + 1)[:, None]
    both = of_odds[:, None, None] * by_odds[:, :, None] * by_odds[:, None, :]
    return DwellsOfRelaxation(
        logs[:, None] + np.stack([np.logaddexp(0, odds), np.logaddexp(0, -odds)], axis=-1),
        both + (of_time**2)[:, None, None],
        fit,
        tuple(remarks),
    )


def relaxation_result(
    rows: "pd.DataFrame",
    along: str,
    axis: tuple[str, str, str, str],
    dataset: "xr.Dataset",
    context: Context,
) -> FitResult:
    """Fit relaxation times without P; ``axis`` is SI unit, shown unit, letter and label of the
    drive."""
    unit, shown, letter, label = axis
    x, (logs, errors) = rows[along].to_numpy(), _log_times(rows, dataset)
    fit = fit_relaxation(x, logs, errors)
    found = FittedRelaxation(x, logs, errors, fit, convert(1.0, unit, shown), label)
    remarks = [WITHOUT_P, *fit.high.scatter.remarks]
    if errors is None:
        remarks.append(
            f"no errors are stated; that of ln τ is its scatter about the law, {fit.scatter:.2g}"
        )
    return context.result(
        "dwell",
        f"relaxation time at {x.size} values of the {along.replace('_', ' ')}",
        found,
        estimates_of_times(fit, x, logs, errors, unit, shown, letter),
        remarks,
        Picture(
            (plot_relaxation,),
            "Points: relaxation time. Line: 1/(1/τ_high + 1/τ_low), of which both dwell times "
            "change exponentially with the drive.",
        ),
    )


def _log_times(rows: "pd.DataFrame", dataset: "xr.Dataset") -> tuple[Floats, Floats | None]:
    times = rows["relaxation_time"].to_numpy(dtype=np.float64)
    if (times <= 0).any():
        raise DataError(f"{source_of(dataset)}: a relaxation time is 0: leave its row out")
    if "relaxation_time_error" not in rows:
        return np.log(times), None
    errors = rows["relaxation_time_error"].to_numpy(dtype=np.float64) / times
    if (errors <= 0).any():
        raise DataError(
            f"{source_of(dataset)}: an error of the relaxation time is 0: leave its row out, or "
            "the column (--ignore)"
        )
    return np.log(times), errors


def plot_relaxation(axes: Any, found: FittedRelaxation) -> None:
    """Plot relaxation times against the drive with the fitted law."""
    tau, x = np.exp(found.log_times), found.drive
    reach = None if found.errors is None else tau * np.sinh(found.errors)
    axes.errorbar(found.scale * x, tau, reach, fmt="o", color=plot.BLUE)
    fine = np.linspace(x.min(), x.max(), 200)
    high, low = found.fit.high.at(fine), found.fit.low.at(fine)
    axes.plot(found.scale * fine, np.exp(-np.logaddexp(-high, -low)), color=plot.RED)
    axes.set_yscale("log")
    axes.set_xlabel(found.label)
    axes.set_ylabel(r"Relaxation time $\tau$ (s)")
