"""Barrier and attempt time from dwell times against temperature: ln τ = ln τ0 + E_b/(k_B T).

The line takes E_b as the same at every temperature.  A barrier that falls as the device warms,
with M_s and the interface anisotropy, bends it little but turns it a lot: what falls linearly with
T adds to E_b and takes the same from ln τ0 (:func:`straight_line_of_card`).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.inference.stats.estimate import (
    NORMAL_95,
    Estimate,
    attempt_time_estimate,
    normal_estimate,
)
from smtj.inference.stats.least_squares import chi_squared_p_value
from smtj.physics.constants import BOLTZMANN
from smtj.physics.device import operating_point
from smtj.typing import Floats

_CONSTANT_BARRIER = (
    "the line takes E_b as the same at every temperature; where M_s and the anisotropy fall with "
    "temperature, E_b comes out too large and τ0 too short"
)


@dataclass(frozen=True, eq=False)
class ArrheniusFit:
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
    """What a user of the numbers should know, in sentences."""

    @property
    def p_value(self) -> float:
        """Chance of a χ² at least as large if the line is right."""
        return chi_squared_p_value(self.chi_squared, self.degrees_of_freedom)

    @property
    def attempt_time(self) -> Estimate:
        """τ0 in s, its interval that of its logarithm."""
        return attempt_time_estimate(self.log_attempt_time)

    def log_dwell_time(self, temperature: ArrayLike) -> Floats:
        """ln(τ/s) of the line at temperatures in K."""
        t = np.asarray(temperature, dtype=np.float64)
        return self.log_attempt_time.value + self.barrier.value / (BOLTZMANN * t)

    def rows(self) -> list[Estimate]:
        """Every fitted number."""
        return [self.barrier, self.stability_factor, self.log_attempt_time, self.attempt_time]


def fit_arrhenius(
    temperature: ArrayLike,
    log_dwell_time: ArrayLike,
    standard_error: ArrayLike,
    reference_temperature: float = 300.0,
) -> ArrheniusFit:
    """Fit ln τ = ln τ0 + E_b/(k_B T) by weighted least squares.

    At the offset field, where τ_high = τ_low, E_b is the barrier of Eq. 6; elsewhere it is that
    of the one state, E_b (1 ± h)².

    Parameters
    ----------
    temperature
        T in K, shape (temperatures,).
    log_dwell_time, standard_error
        ln(τ/s) of one state and its standard error, shape (temperatures,).
    reference_temperature
        T in K at which E_b is given in k_B T.

    Returns
    -------
    ArrheniusFit
        E_b and ln τ0, with intervals that take the standard errors as known.

    Raises
    ------
    SmtjError
        There are fewer than three temperatures, or a number is not finite or not above 0.
    """
    t, y, sigma = _checked(temperature, log_dwell_time, standard_error)
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
    thermal = BOLTZMANN * reference_temperature
    remarks: tuple[str, ...] = (_CONSTANT_BARRIER,)
    if barrier - NORMAL_95 * error <= 0:
        remarks += ("within its error E_b is not above 0, so that nothing shows a barrier",)
    return ArrheniusFit(
        barrier=normal_estimate("energy barrier", "E_b", barrier, error, "J", "zJ"),
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


@dataclass(frozen=True)
class StraightLine:
    """What a straight line through the ln τ(1/T) of a card says, and what the card says."""

    line_barrier: float
    """E_b of the line, in J."""
    card_barrier: float
    """E_b of the card at its own temperature, in J."""
    line_log_attempt_time: float
    """ln(τ0/s) of the line."""
    card_log_attempt_time: float
    """ln(τ0/s) of the card."""

    @property
    def statement(self) -> str:
        """The comparison in a sentence."""
        factor = self.line_barrier / self.card_barrier
        if abs(factor - 1) < 1e-3:
            return "by the card's temperature laws a line shows the card's own E_b within 0.1 %"
        decades = (self.line_log_attempt_time - self.card_log_attempt_time) / math.log(10)
        return (
            f"by the card's temperature laws E_b itself changes with temperature, which makes a "
            f"line show {factor:.3g} times the card's E_b and a τ0 off by {decades:+.2g} decades"
        )


def straight_line_of_card(
    card: DeviceCard, temperature: ArrayLike, standard_error: ArrayLike = 1.0
) -> StraightLine:
    """Fit a line to the dwell times that a card has at H_s by its own temperature laws.

    Parameters
    ----------
    card
        The device; without a Curie temperature its E_b does not change.
    temperature
        T in K of the measurement, shape (temperatures,).
    standard_error
        Of ln τ at each, for the same weights as in the measurement.

    Raises
    ------
    CardError, SmtjError
        As :func:`smtj.physics.device.operating_point` and :func:`fit_arrhenius`; or the card has
        no barrier.
    """
    t = np.atleast_1d(np.asarray(temperature, dtype=np.float64))
    point, own = operating_point(card, temperature=t), operating_point(card)
    if not float(own.barrier) > 0:
        raise SmtjError(f"card {card.name} has no barrier; start from one that has")
    log_tau = own.log_attempt_time + np.asarray(point.stability_factor)
    fit = fit_arrhenius(t, log_tau, np.broadcast_to(standard_error, t.shape))
    return StraightLine(
        fit.barrier.value, float(own.barrier), fit.log_attempt_time.value, own.log_attempt_time
    )


def _checked(
    temperature: ArrayLike, log_dwell_time: ArrayLike, standard_error: ArrayLike
) -> tuple[Floats, Floats, Floats]:
    given = (temperature, log_dwell_time, standard_error)
    t, y, sigma = (np.atleast_1d(np.asarray(a, dtype=np.float64)) for a in given)
    if t.ndim != 1 or y.shape != t.shape or sigma.shape != t.shape:
        raise SmtjError(
            "temperatures and dwell times differ in number; give one ln τ and one standard error "
            "a temperature"
        )
    if not all(np.isfinite(a).all() for a in (t, y, sigma)) or not ((t > 0) & (sigma > 0)).all():
        raise SmtjError(
            "temperatures and standard errors must be finite and above 0, and ln τ finite"
        )
    if np.unique(t).size < 3:
        raise SmtjError("an Arrhenius fit needs dwell times at three different temperatures")
    return t, y, sigma
