"""The strength of the drive, which all lines of a device have in common, from how they lean.

A line leans by λ = κ a²/Δ, with κ from :mod:`smtj.physics.resonance.softening` and a the amplitude
of p·m at its top.  What a junction rectifies is proportional to a, so λ = c κ h²/Δ with the height
h of the line and one number c for all lines of one drive.  One line tells little of its own lean;
all of them together tell c, and c tells where each line would be at vanishing drive.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smtj.errors import SmtjError
from smtj.inference.resonance.lines.leaning import Lean
from smtj.inference.resonance.wells.model import FixedFields
from smtj.inference.stats.checks import guarded
from smtj.inference.stats.distributions import chi_squared_p_value
from smtj.inference.stats.least_squares import UNLIKELY
from smtj.physics.magnetics.macrospin import Macrospin
from smtj.physics.magnetics.wells import find_wells
from smtj.physics.resonance.frequency import stiffness
from smtj.physics.resonance.softening import MAX_LEAN, shift_per_squared_amplitude
from smtj.typing import Floats

FIT = "the fit of the drive"
PRIOR = MAX_LEAN / 2
"""Standard deviation, before any data, of the lean of the line that leans most: a drive under which
it jumps is rarely taken for a measurement."""
MIN_LINES = 2
"""Lines that may say that another one jumps."""
SEEN = 3.0
"""Standard errors from 0 at which a drive counts as strong."""


@dataclass(frozen=True)
class Drive:
    """The strength of a drive, in units in which the most leaning line of all leans by 1."""

    strength: float
    error: float
    chi_squared: float
    """Of the leans about the law that all have in common."""
    p_value: float
    """Chance that they scatter as much if it holds; NaN for one line."""

    @property
    def is_strong(self) -> bool:
        """Whether the lines lean beyond doubt."""
        return abs(self.strength) > SEEN * self.error


def relative_leans(
    anisotropy_field: float,
    second_order_field: float,
    fixed: FixedFields,
    field: tuple[ArrayLike, ArrayLike],
    reference: ArrayLike,
    height: ArrayLike,
    half_width: ArrayLike,
) -> Floats:
    """κ h²/Δ of each line up to one factor of all, shape (lines,); 0 where the layer has no κ.

    H_K1, H_K2 and the field's components along x and z, shape (lines,), are in A/m, ``reference``
    is the reference layer's direction, heights √(S² + A²) are in V and half widths in Hz.
    """
    x, z = (np.asarray(entry, dtype=np.float64) for entry in field)
    shape, along_x, tilt = fixed
    spin = Macrospin(1.0, anisotropy_field, second_order_field, shape, along_x, tilt, 1.0)
    m = find_wells(spin, x, 0.0, z).global_minimum
    vector = np.stack([x, np.zeros_like(x), z], axis=-1)
    tangents = stiffness(spin, m, x, 0.0, z)
    shift = shift_per_squared_amplitude(spin, m, tangents, vector, reference)
    lean = shift * np.square(height) / np.asarray(half_width)
    return np.where(np.isfinite(lean), lean, 0.0)


@guarded(FIT)
def fit_common_drive(leans: Sequence[Lean], relative: Floats) -> tuple[Drive, Floats]:
    """Fit the drive, and return with it the lean of each line at strength 1.

    ``relative`` are the leans of :func:`relative_leans`, shape (lines,).  Raises SmtjError if they
    differ in number, or no line has one.
    """
    size = float(np.abs(relative).max(initial=0.0))
    if len(leans) != relative.size or not size > 0:
        raise SmtjError(f"{FIT} needs lines that lean, and the relative lean of each")
    per_strength = relative / size
    value, error = np.array([[lean.value, lean.error] for lean in leans]).T
    weight = per_strength / error**2
    precision = float(weight @ per_strength)
    squares = float(np.sum(((value - per_strength * (weight @ value) / precision) / error) ** 2))
    freedom = value.size - 1
    p_value = chi_squared_p_value(squares, freedom) if freedom else math.nan
    if p_value < UNLIKELY:
        precision *= freedom / squares
        weight = weight * freedom / squares
    total = precision + PRIOR**-2
    drive = Drive(float(weight @ value) / total, total**-0.5, squares, p_value)
    return drive, per_strength


def leaning_too_far(leans: Sequence[Lean], relative: Floats) -> NDArray[np.bool_]:
    """Return the lines that jump by what the lines that lean less say of the drive, (lines,).

    A line that jumps has no lean of its own to fit.
    """
    jumping = np.zeros(relative.size, dtype=np.bool_)
    order = np.argsort(np.abs(relative))[::-1]
    for taken, line in enumerate(order[:-MIN_LINES], 1):
        others = order[taken:]
        try:
            drive, _ = fit_common_drive([leans[i] for i in others], relative[others])
        except SmtjError:
            break
        per_strength = abs(relative[line]) / np.abs(relative[others]).max()
        if (abs(drive.strength) - 2 * drive.error) * per_strength < MAX_LEAN:
            break
        jumping[line] = True
    return jumping
