"""A few traces under different conditions that make neither a scan nor an Arrhenius plot."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from smtj.analysis.context import Context
from smtj.analysis.result import FitResult
from smtj.analysis.switching.dwell import DRIVES, traces_result
from smtj.analysis.switching.trace import FittedTrace, trace_result
from smtj.errors import SmtjError
from smtj.inference.barrier.drive import MIN_DRIVES
from smtj.measurement import LABELS, QUANTITIES, source_of
from smtj.measurement.stated import numbers_in_names
from smtj.units import format_quantity

if TYPE_CHECKING:
    import xarray as xr

    Group = tuple[Mapping[str, float], xr.Dataset]


def separate_results(
    found: "Sequence[Group]", traces: Sequence[FittedTrace], context: Context
) -> list[FitResult]:
    """Return the result of each trace, and that of their dwell times against the drive that varies.

    Traces that cannot be fitted are named in the remarks; raises SmtjError if none can.
    """
    results: list[FitResult] = []
    reasons: list[str] = []
    for (known, readings), label in zip(found, _labels(found), strict=True):
        try:
            one = trace_result(known, readings, context)
        except SmtjError as error:
            reasons.append(f"{label}: {error}")
        else:
            title = f"{one.title}, {label}"
            # One card cannot hold several conditions.
            one = replace(one, update=None, behaviour=None, measured=None)
            results.append(replace(one, condition=label, title=title))
    if not results:
        raise SmtjError("; ".join(reasons))
    values = {name: np.array([known.get(name, np.nan) for known, _ in found]) for name in DRIVES}
    varied = [name for name, drive in values.items() if _is_varied(drive)]
    if len(varied) == 1 and np.unique(values[varied[0]]).size >= MIN_DRIVES:
        try:
            results.append(traces_result(traces, values[varied[0]], varied[0], context))
        except SmtjError as error:
            reasons.append(str(error))
    files = [Path(source_of(readings)) for _, readings in found]
    unexplained = None if varied else numbers_in_names(files)
    notes = [*reasons, *([unexplained] if unexplained else [])]
    results[0] = replace(results[0], remarks=(*results[0].remarks, *notes))
    return results


def _is_varied(drive: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> bool:
    return bool(np.isfinite(drive).all() and np.ptp(drive) > 0)


def _labels(found: "Sequence[Group]") -> list[str]:
    """What distinguishes the traces: conditions and labels that differ, else their files."""
    every = [dict(known) | _texts(readings) for known, readings in found]
    names = [name for name in every[0] if len({one.get(name) for one in every}) > 1]
    labels = [", ".join(_shown(name, one[name]) for name in names if name in one) for one in every]
    if len(set(labels)) == len(labels) and all(labels):
        return [f"at {label}" for label in labels]
    files = [source_of(readings).rpartition("/")[2] for _, readings in found]
    return [f"{file}, trace {n}" for n, file in enumerate(files, 1)]


def _texts(readings: "xr.Dataset") -> dict[str, str]:
    return {name: str(readings[name].values) for name in LABELS if name in readings.coords}


def _shown(name: str, value: float | str) -> str:
    if isinstance(value, str):
        return f"{name} {value}"
    quantity = QUANTITIES[name]
    return format_quantity(value, quantity.unit, quantity.display_unit, 4)
