"""The lines of a device at vanishing drive, from lines that a drive makes lean."""

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import compress

import numpy as np
from numpy.typing import ArrayLike

from smtj.analysis.resonance.lines import MeasuredLine
from smtj.errors import SmtjError
from smtj.inference.resonance.lines.fit import SpectrumFit
from smtj.inference.resonance.lines.leaning import Lean, fit_lean, with_lean
from smtj.inference.resonance.wells.drive import (
    Drive,
    fit_common_drive,
    leaning_too_far,
    relative_leans,
)
from smtj.inference.resonance.wells.model import FixedFields
from smtj.inference.stats.least_squares import UNLIKELY
from smtj.physics.resonance.softening import MAX_LEAN
from smtj.typing import Floats
from smtj.units import format_quantity

MODEL_ERROR = 0.05
"""Of a shift to vanishing drive, as its law is one of small amplitudes: lines of the whole equation
of motion that lean by 1.4 are off by as much, those that lean less by less."""
CONTRADICTING = (
    "the lines lean, but not as those of one drive would, and their fields are uncertain; a weaker "
    "drive tells whether this one is too strong"
)


@dataclass(frozen=True, eq=False)
class Layer:
    """Rough anisotropy fields of a layer at one voltage, and its lines."""

    lines: tuple[MeasuredLine, ...]
    field_x: Floats
    """In A/m at each line, as all fields here."""
    field_z: Floats
    anisotropy_field: float
    second_order_field: float
    fixed: FixedFields


@dataclass(frozen=True, eq=False)
class DriveEffect:
    """What a drive does to all lines of a device."""

    drive: Drive
    undriven: dict[int, MeasuredLine]
    """Lines at vanishing drive, by the ``id`` of the line as it was fitted."""
    varied: tuple[dict[int, MeasuredLine], ...]
    """The same if the drive is weaker by a standard error, and if the reference layer is turned by
    one: independent of each other."""
    jumping: frozenset[int]
    """Lines that lean so far that they jump, by their ``id``: they tell no frequency."""
    remarks: tuple[str, ...]


def can_lean(lines: Sequence[MeasuredLine]) -> bool:
    """Return whether lines were swept in frequency and seen themselves, not their derivative."""
    return all(line.sweep.swept == "frequency" and line.fit.shape == "exact" for line in lines)


def leans_of(lines: Sequence[MeasuredLine]) -> dict[int, Lean]:
    """Return the lean of each line that has one, by its ``id``."""
    found = {}
    for line in lines:
        with suppress(SmtjError):
            found[id(line)] = fit_lean(*_data(line), line.fit, _errors(line))
    return found


def drive_effect(
    layers: Sequence[Layer],
    references: Sequence[ArrayLike],
    leaning: Mapping[int, Lean],
    before: DriveEffect | None = None,
) -> DriveEffect | None:
    """Find the drive that all lines have in common; ``before`` if they tell nothing of it.

    ``references`` are one or two directions that the reference layer may have, each weighed by its
    likelihood, and ``leaning`` the leans of :func:`leans_of`.  Heights and widths are those that
    lines have by the effect found ``before``.
    """
    shapes = {} if before is None else before.undriven
    known = frozenset() if before is None else before.jumping
    lines: list[MeasuredLine] = []
    relative: list[list[float]] = []
    for layer in layers:
        by_reference = np.stack(
            [_relative(layer, reference, shapes) for reference in references], axis=-1
        )
        for line, some in zip(layer.lines, by_reference.tolist(), strict=True):
            if id(line) in leaning and id(line) not in known:
                lines.append(line)
                relative.append(some)
    if not lines:
        return before
    leans, columns = [leaning[id(line)] for line in lines], np.array(relative).T
    far = np.all([leaning_too_far(leans, column) for column in columns], axis=0)
    known |= {id(line) for line in compress(lines, far)}
    lines, leans = list(compress(lines, ~far)), list(compress(leans, ~far))
    try:
        fits = [fit_common_drive(leans, column) for column in columns[:, ~far]]
    except SmtjError:
        return before
    drive, _ = min(fits, key=lambda fit: fit[0].chi_squared)
    weights = np.exp([(drive.chi_squared - other.chi_squared) / 2 for other, _ in fits])
    weights = weights / weights.sum()
    expected = np.array([other.strength * per_strength for other, per_strength in fits])
    error = np.array([other.error * per_strength for other, per_strength in fits])
    mean = weights @ expected
    variations = [weights @ error]
    if len(fits) == 2:
        variations.append(math.sqrt(weights.prod()) * (expected[1] - expected[0]))
    undriven, *varied = (
        {
            id(line): replace(line, fit=_at(line, lean))
            for line, lean in zip(lines, (mean - variation).tolist(), strict=True)
        }
        for variation in (0.0, *variations)
    )
    jumping = known | frozenset(
        id(line) for line, lean in zip(lines, mean.tolist(), strict=True) if abs(lean) > MAX_LEAN
    )
    remarks = _remarks(drive, lines, undriven, jumping)
    return DriveEffect(drive, undriven, tuple(varied), jumping, remarks)


def _relative(layer: Layer, reference: ArrayLike, shapes: Mapping[int, MeasuredLine]) -> Floats:
    one = [shapes.get(id(line), line).fit.lines[0] for line in layer.lines]
    return relative_leans(
        layer.anisotropy_field,
        layer.second_order_field,
        layer.fixed,
        (layer.field_x, layer.field_z),
        reference,
        np.hypot([o.symmetric for o in one], [o.antisymmetric for o in one]),
        np.array([o.half_width for o in one]),
    )


def _at(line: MeasuredLine, lean: float) -> SpectrumFit:
    """Return the fit with a lean; that without one where it has none."""
    try:
        fit = with_lean(
            *_data(line), line.fit, float(np.clip(lean, -MAX_LEAN, MAX_LEAN)), _errors(line)
        )
    except SmtjError:
        return line.fit
    (one,) = fit.lines
    covariance = one.covariance.copy()
    covariance[0, 0] += (MODEL_ERROR * (one.position - line.fit.lines[0].position)) ** 2
    return replace(fit, lines=(replace(one, covariance=covariance),))


def _data(line: MeasuredLine) -> tuple[Floats, Floats]:
    return line.sweep.x, line.signal


def _errors(line: MeasuredLine) -> Floats | None:
    dataset = line.sweep.dataset
    return np.asarray(dataset["signal_error"].values) if "signal_error" in dataset else None


def _remarks(
    drive: Drive,
    lines: Sequence[MeasuredLine],
    undriven: dict[int, MeasuredLine],
    jumping: frozenset[int],
) -> tuple[str, ...]:
    if not drive.is_strong:
        return (CONTRADICTING,) if drive.p_value < UNLIKELY else ()
    moved = [
        undriven[id(line)].position - line.position for line in lines if id(line) not in jumping
    ]
    if not moved:
        return ()
    most = max(moved, key=abs)
    side = "lower" if most > 0 else "higher"
    shown = format_quantity(abs(most), "Hz", "MHz", 2)
    jump = (
        f"; {len(jumping)} of them lean so far that they jump, and are left out" if jumping else ""
    )
    scatter = (
        ", though not all alike, so its strength may differ between spectra"
        if drive.p_value < UNLIKELY
        else ""
    )
    return (
        f"the lines lean to {side} frequencies, as under a strong drive{scatter}; the fit uses "
        f"the frequencies at vanishing drive, up to {shown} from those above{jump}",
    )
