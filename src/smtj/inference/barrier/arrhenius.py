"""Barrier and attempt time from dwell times against temperature: ln τ = ln τ0 + E_b/(k_B T).

The line assumes the same E_b at every temperature.  A barrier that falls as the device warms, with
M_s and the interface anisotropy, bends it little but turns it a lot: what falls linearly with T
adds to E_b and takes the same from ln τ0.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from smtj.errors import SmtjError
from smtj.inference.stats.checks import checked_points, guarded, require_finite
from smtj.inference.stats.distributions import ChiSquared
from smtj.inference.stats.estimate import Estimate, attempt_time_estimate, normal_estimate
from smtj.physics.constants import BOLTZMANN
from smtj.typing import Floats

_CONSTANT_BARRIER = (
    "the line assumes the same E_b at every temperature; where M_s and the anisotropy fall with "
    "temperature, E_b comes out too large and τ0 too short"
)


@dataclass(frozen=True, eq=False)
class ArrheniusFit(ChiSquared):
    """A straight line through ln τ against 1/T."""

    barrier: Estimate
    """E_b in J."""
    stability_factor: Estimate
    """E_b/(k_B T) at :attr:`reference_temperature`."""
    log_attempt_time: Estimate
    """ln(τ0/s)."""
    reference_temperature: float
    """In K."""
    covariance: Floats
    """Of (E_b in J, ln τ0), shape (2, 2)."""
    chi_squared: float
    degrees_of_freedom: int
    """Number of temperatures less two."""
    remarks: tuple[str, ...]
    """Caveats, in sentences."""

    @property
    def attempt_time(self) -> Estimate:
        """τ0 in s, its interval that of its logarithm."""
        return attempt_time_estimate(self.log_attempt_time)

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """All fitted numbers."""
        return (self.barrier, self.stability_factor, self.log_attempt_time, self.attempt_time)

    def log_dwell_time(self, temperature: ArrayLike) -> Floats:
        """ln(τ/s) of the line at temperatures in K."""
        t = np.asarray(temperature, dtype=np.float64)
        return self.log_attempt_time.value + self.barrier.value / (BOLTZMANN * t)


@guarded("the Arrhenius fit")
def fit_arrhenius(
    temperature: ArrayLike,
    log_dwell_time: ArrayLike,
    standard_error: ArrayLike,
    reference_temperature: float = 300.0,
) -> ArrheniusFit:
    """Fit ln τ = ln τ0 + E_b/(k_B T) by weighted least squares.

    At the offset field, where τ_high = τ_low, E_b is the barrier of Eq. 6; elsewhere it is that of
    the state fitted, E_b (1 ± h)².  T in K, ln(τ/s) of one state and its standard error have shape
    (temperatures,); E_b is given in k_B T at ``reference_temperature`` in K.  The intervals of E_b
    and ln τ0 take the standard errors as known.  Raises SmtjError if there are fewer than three
    temperatures, or a number is not finite or not above 0.

    Examples
    --------
    >>> t = np.array([280, 300, 320, 340])
    >>> fit = fit_arrhenius(t, -20.7 + 5550 / t, [0.05] * 4)
    >>> print(f"{fit.stability_factor.value:.1f} ± {fit.stability_factor.error:.1f}")
    18.5 ± 0.4
    """
    given = (temperature, log_dwell_time, standard_error)
    t, y, sigma = checked_points(*given, "temperatures", "dwell times", fewest=3)
    if not (t > 0).all():
        raise SmtjError("temperatures must be above 0 K")
    if not (math.isfinite(reference_temperature) and reference_temperature > 0):
        raise SmtjError("the reference temperature must be above 0 K")
    # E_b in units of k_B times the mean temperature, about the mean 1/T: two numbers of order 1
    # to 100 that hardly correlate.
    unit = BOLTZMANN / float(np.mean(1 / t))
    x = unit / (BOLTZMANN * t)
    design = np.stack([x - 1, np.ones_like(x)], axis=1) / sigma[:, None]
    spread = np.linalg.inv(design.T @ design)
    reduced, middle = spread @ design.T @ (y / sigma)
    # (E_b, ln τ0) of (E_b/unit, ln τ at the mean 1/T).
    jacobian = np.array([[unit, 0], [-1, 1]])
    covariance = jacobian @ spread @ jacobian.T
    misfit = (y - middle - reduced * (x - 1)) / sigma
    barrier, log_tau0 = reduced * unit, middle - reduced
    error, log_error = np.sqrt(np.diag(covariance))
    require_finite("the Arrhenius fit", barrier, log_tau0, error, log_error)
    thermal = BOLTZMANN * reference_temperature
    remarks: tuple[str, ...] = (_CONSTANT_BARRIER,)
    shown = normal_estimate("energy barrier", "E_b", barrier, error, "J", "zJ")
    if shown.interval[0] <= 0:
        remarks += ("within its error E_b is not above 0: the data show no barrier",)
    return ArrheniusFit(
        barrier=shown,
        stability_factor=normal_estimate(
            "stability factor", "E_b/k_BT", barrier / thermal, error / thermal
        ),
        log_attempt_time=normal_estimate("log attempt time", "ln(τ0/s)", log_tau0, log_error),
        reference_temperature=float(reference_temperature),
        covariance=covariance,
        chi_squared=float(misfit @ misfit),
        degrees_of_freedom=len(t) - 2,
        remarks=remarks,
    )
