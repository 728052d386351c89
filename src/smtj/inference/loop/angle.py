"""R_P, R_AP, TMR and the direction of the reference layer from a field that turns in the plane.

A free layer that follows the field has a resistance or a conductance linear in the cosine of its
angle, depending on how it is measured.  Both are cases of

    R^κ = [R_P^κ + R_AP^κ]/2 + [R_P^κ - R_AP^κ]/2 cos(φ - φ_P),

with κ = 1 and κ = -1, and κ is fitted.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from smtj.errors import SmtjError
from smtj.inference.loop.rounded import inflation
from smtj.inference.stats.checks import guarded
from smtj.inference.stats.estimate import Estimate
from smtj.typing import Floats

MIN_ANGLES = 6
MAX_POWER = 4.0


@dataclass(frozen=True, eq=False)
class AngleFit:
    """A fitted sweep of the angle; SI units."""

    estimates: tuple[Estimate, ...]
    """R_P, R_AP, TMR, the angle of the parallel state, and the noise."""
    remarks: tuple[str, ...]
    theta: Floats
    """R_P and R_AP in ohm, φ_P in rad, and κ."""

    def resistance(self, angle: Floats) -> Floats:
        """R in ohm at an angle in rad."""
        return _law(self.theta, angle)


def _law(theta: Floats, angle: Floats) -> Floats:
    low, high, at, power = theta
    c = (1 + np.cos(angle - at)) / 2
    if abs(power) < 1e-3:
        return np.asarray(np.exp(c * math.log(low) + (1 - c) * math.log(high)))
    return np.asarray((c * low**power + (1 - c) * high**power) ** (1 / power))


@guarded("the fit of the angle sweep")
def fit_angles(angle: ArrayLike, resistance: ArrayLike) -> AngleFit:
    """Fit R(φ) of a free layer that follows a strong field in the plane.

    Intervals allow for any κ that the readings allow.

    Parameters
    ----------
    angle
        φ of the field in rad.
    resistance
        In ohm, shape (readings,).

    Raises
    ------
    SmtjError
        There are too few angles, a number is impossible, or the resistance does not follow them.

    Examples
    --------
    >>> phi = np.linspace(0, 2 * np.pi, 73)
    >>> noise = np.random.default_rng(0).normal(size=73)
    >>> fit = fit_angles(phi, 1200 - 200 * np.cos(phi - 0.3) + noise)
    >>> print(f"R_P {fit.theta[0]:.0f} ohm, R_AP {fit.theta[1]:.0f} ohm at {fit.theta[2]:.2f} rad")
    R_P 1000 ohm, R_AP 1401 ohm at 0.30 rad
    """
    from scipy.optimize import least_squares
    from scipy.special import stdtrit

    phi, r = (np.asarray(a, dtype=np.float64).ravel() for a in (angle, resistance))
    if phi.size != r.size:
        raise SmtjError("angles and resistances differ in number")
    if not (np.isfinite(phi).all() and np.isfinite(r).all() and (r > 0).all()):
        raise SmtjError("angles must be finite, and resistances finite and above 0")
    if np.unique(phi).size < MIN_ANGLES or np.ptp(phi) < math.pi / 2:
        raise SmtjError(
            f"a sweep of the angle needs {MIN_ANGLES} angles or more over a quarter turn or more"
        )
    scale = float(np.median(r))
    y = r / scale
    design = np.stack([np.ones_like(phi), np.cos(phi), np.sin(phi)], axis=1)
    middle, *part = np.linalg.lstsq(design, y, rcond=None)[0]
    half = math.hypot(*part)
    start = [max(middle - half, 0.01), middle + half, math.atan2(-part[1], -part[0]), 1.0]
    limits = ([1e-6, 1e-6, -math.inf, -MAX_POWER], [math.inf, math.inf, math.inf, MAX_POWER])

    def residuals(theta: Floats) -> Floats:
        return _law(theta, phi) - y

    found = least_squares(residuals, start, bounds=limits)
    freedom = max(y.size - 4, 1)
    inflated = inflation(np.asarray(found.fun))
    t = float(stdtrit(freedom, 0.975))
    variance = 2 * float(found.cost) / freedom * inflated
    jacobian = np.asarray(found.jac, dtype=np.float64)
    covariance = np.linalg.pinv(jacobian.T @ jacobian) * variance
    p, ap, at, power = (float(v) for v in found.x)
    values = np.array([p, ap, ap / p - 1, at])
    gradient = np.zeros((4, 4))
    gradient[[0, 1, 3], [0, 1, 2]] = 1
    gradient[2, :2] = -ap / p**2, 1 / p
    errors = np.sqrt(np.diag(gradient @ covariance @ gradient.T))
    if ap - p < 4 * errors[1]:
        raise SmtjError("the resistance does not follow the angle of the field")
    names = (
        ("parallel resistance", "R_P", scale, "ohm", "ohm"),
        ("antiparallel resistance", "R_AP", scale, "ohm", "ohm"),
        ("TMR", "TMR", 1.0, "", "%"),
        ("angle of the parallel state", "φ_P", 1.0, "rad", "deg"),
    )
    estimates = [
        Estimate(
            name, symbol, float(value) * s, float(error) * s,
            (float(value - t * error) * s, float(value + t * error) * s), *units,
        )
        for value, error, (name, symbol, s, *units) in zip(values, errors, names, strict=True)
    ]  # fmt: skip
    noise = scale * math.sqrt(2 * float(found.cost) / freedom)
    half_width = t * noise / math.sqrt(2 * freedom)
    estimates.append(
        Estimate(
            "noise", "σ", noise, noise / math.sqrt(2 * freedom),
            (max(noise - half_width, 0.0), noise + half_width), "ohm", "ohm",
        )
    )  # fmt: skip
    half_width = t * math.sqrt(covariance[3, 3])
    linear = [n for n, k in (("resistance", 1), ("conductance", -1)) if abs(power - k) < half_width]
    shown = " or the ".join(linear)
    remarks = [f"the {shown} is linear in the cosine of the angle"] if linear else []
    if inflated > 1:
        remarks.append(
            "the readings do not scatter independently about the cosine (the free layer may lag "
            f"behind the field), so variances are multiplied by {inflated:.1f}"
        )
    theta = np.array([p * scale, ap * scale, at, power])
    return AngleFit(tuple(estimates), tuple(remarks), theta)
