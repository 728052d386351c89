"""The time step of Heun's method: short against precession, damping and noise.

With x = Ω Δt, Ω the fastest precession, a step lengthens the precession cone by x⁴/8, as if α were
smaller by x³/8.  Near rest the linearised step keeps fluctuations at T (1 - x²/4 + x³/(8 α))
instead of T, which changes the time to cross a barrier Δ by Δ times as much.  Noise turns m by an
angle of variance 2 α γ k_B T Δt/((1 + α²) M_s V*) about each axis; averages are off by about that.
"""

import math
from typing import NamedTuple

import numpy as np

from smtj.dynamics.macrospin.driven import Ensemble
from smtj.errors import SmtjError
from smtj.typing import Floats


class StepLimits(NamedTuple):
    """Upper limits on the effect of one step."""

    angle: float
    """Ω Δt in rad."""
    lost_damping: float
    """(Ω Δt)³/8 over α, the fraction of the damping that the step removes."""
    noise: float
    """Variance in rad² of the angle about each axis."""


DEFAULT = StepLimits(angle=0.05, lost_damping=0.001, noise=0.001)
"""Limits of the default step."""
REFUSED = StepLimits(angle=0.5, lost_damping=0.2, noise=0.02)
"""Limits of any step; within them even the largest random number keeps m near the unit sphere."""
MIN_DAMPING = 1e-3
"""A smaller damping counts as this one, so α = 0 is possible."""


def longest_step(ensemble: Ensemble, limits: StepLimits = DEFAULT) -> float:
    """The longest step in s within limits, for all trajectories; infinite if nothing acts."""
    return min(_longest(ensemble, limits))


def checked_step(ensemble: Ensemble, step: float) -> float:
    """Return a time step in s; raise SmtjError unless it is within :data:`REFUSED`."""
    if not 0 < step < math.inf:
        raise SmtjError(f"the time step is {step:g} s; it must be above 0 s and finite")
    precession, damping, noise = _longest(ensemble, REFUSED)
    reasons = {
        "the precession": precession,
        f"the damping (it would remove more than {REFUSED.lost_damping:.0%})": damping,
        "the thermal noise": noise,
    }
    reason, longest = min(reasons.items(), key=lambda entry: entry[1])
    if step > longest:
        raise SmtjError(
            f"a time step of {step:.3g} s is too long for {reason}; it may be at most "
            f"{longest:.3g} s; {longest_step(ensemble):.3g} s is recommended"
        )
    return step


def _longest(ensemble: Ensemble, limits: StepLimits) -> tuple[float, float, float]:
    """Return the longest steps in s for precession, damping and noise."""
    precession = ensemble.precession * np.sqrt(1 + ensemble.damping**2)
    rate = precession * ensemble.strongest_field
    spread = precession**2 * ensemble.noise_density
    damping = np.maximum(ensemble.damping, MIN_DAMPING)
    return (
        _shortest(np.full_like(rate, limits.angle), rate),
        _shortest(np.cbrt(8 * limits.lost_damping * damping), rate),
        _shortest(np.full_like(spread, limits.noise), spread),
    )


def _shortest(most: Floats, rate: Floats) -> float:
    return float(np.divide(most, rate, out=np.full_like(most, np.inf), where=rate > 0).min())
