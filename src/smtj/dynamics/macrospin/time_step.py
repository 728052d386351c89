"""How long a step of Heun's method may be: short against precession, damping and noise.

With x = Ω Δt, Ω the fastest precession, a step lengthens the precession cone by x⁴/8, as if α were
smaller by x³/8.  Near rest the linearised step keeps fluctuations at T (1 - x²/4 + x³/(8 α))
instead of T, of which the time to cross a barrier Δ feels Δ times as much.  Noise turns m by an
angle of variance 2 α γ k_B T Δt/((1 + α²) M_s V*) about each axis; averages are off by about that.
"""

import math
from typing import NamedTuple

import numpy as np

from smtj.dynamics.macrospin.driven import Ensemble
from smtj.errors import SmtjError
from smtj.typing import Floats


class Limits(NamedTuple):
    """The largest that a step may do."""

    angle: float
    """Ω Δt in rad."""
    lost_damping: float
    """(Ω Δt)³/8 over α, the share of the damping that the step takes away."""
    noise: float
    """Variance in rad² of the angle about each axis."""


DEFAULT = Limits(angle=0.05, lost_damping=0.001, noise=0.001)
"""What a step does unless its length is given."""
REFUSED = Limits(angle=0.5, lost_damping=0.2, noise=0.02)
"""What no step may do; with it, even the largest random number leaves m near the unit sphere."""
MIN_DAMPING = 1e-3
"""A damping below counts as this one, so that α = 0 can be had."""


def longest_step(ensemble: Ensemble, limits: Limits = DEFAULT) -> float:
    """The longest step in s within limits, for all trajectories; infinite where nothing happens."""
    return min(_longest(ensemble, limits))


def checked_step(ensemble: Ensemble, step: float) -> float:
    """Return a time step in s, or say that it is too long and which would do.

    Raises
    ------
    SmtjError
        The step is not above 0 s, or does more than :data:`REFUSED` allows.
    """
    if not 0 < step < math.inf:
        raise SmtjError(f"the time step is {step:g} s; it must be above 0 s and finite")
    precession, damping, noise = _longest(ensemble, REFUSED)
    reasons = {
        "the precession": precession,
        f"the damping, of which it would take more than {REFUSED.lost_damping:.0%}": damping,
        "the thermal noise": noise,
    }
    reason, longest = min(reasons.items(), key=lambda entry: entry[1])
    if step > longest:
        raise SmtjError(
            f"a time step of {step:.3g} s is too long for {reason}; it may be at most "
            f"{longest:.3g} s, and {longest_step(ensemble):.3g} s would be right"
        )
    return step


def _longest(ensemble: Ensemble, limits: Limits) -> tuple[float, float, float]:
    """Return the longest steps in s for precession, damping and noise."""
    precession = ensemble.precession * np.sqrt(1 + ensemble.damping**2)
    rate = precession * ensemble.strongest_field
    spread = precession**2 * ensemble.noise_density
    kept = np.maximum(ensemble.damping, MIN_DAMPING)
    return (
        _shortest(np.full_like(rate, limits.angle), rate),
        _shortest(np.cbrt(8 * limits.lost_damping * kept), rate),
        _shortest(np.full_like(spread, limits.noise), spread),
    )


def _shortest(most: Floats, rate: Floats) -> float:
    return float(np.divide(most, rate, out=np.full_like(most, np.inf), where=rate > 0).min())
