"""ξ, and what else the data tell, from the slope w against bias voltage, by both switching models.

With H_k,eff held, Eq. 5 and 6 make w(V) a straight line within 0.1 % for the paper's device: two
numbers, its height and its steepness.  The height is the ratio of E_b and H_k,eff, the steepness
ξ for a given H_in.  So E_b is taken from the card and H_k,eff and ξ are freed; H_in is freed only
where the line bends enough to tell it from ξ.  In the self-consistent model the height is
M_s V*, and w hardly changes with voltage, so that even ξ is freed only where it shows.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.inference.bias.identifiability import derivative, fit_identified
from smtj.inference.bias.models import (
    LABELS,
    PARAMETERS,
    SLOPE,
    BiasModel,
    cai2019_model,
    self_consistent_model,
)
from smtj.inference.stats.estimate import Estimate, normal_estimate
from smtj.inference.stats.least_squares import chi_squared_p_value
from smtj.physics.device import operating_point
from smtj.typing import Floats
from smtj.units import format_quantity


@dataclass(frozen=True, eq=False)
class BiasModelFit:
    """One switching model fitted to w(V)."""

    model: str
    """``"cai2019"`` or ``"self-consistent"``."""
    estimates: tuple[Estimate, ...]
    """What was fitted: w at zero bias, H_k,eff or V*, and where freed ξ and H_in."""
    freed: tuple[str, ...]
    """What the data identify."""
    taken_from_card: tuple[str, ...]
    """What they do not."""
    reasons: tuple[str, ...]
    """Why, and what a user of the numbers should know, in sentences."""
    correlations: Floats
    """Of (scale, ξ, H_in) if all three were free, shape (3, 3)."""
    relative_errors: Floats
    """Of the three combinations of the parameters' relative changes that do not correlate, best
    known first: 1/(singular values of the Jacobian), shape (3,).  One above 1 is not known."""
    fitted: Floats
    """w of the model at the voltages of the data, in 1/(A/m)."""
    curve: Callable[[Floats], Floats]
    """w of the model in 1/(A/m) at any voltages in V, shape (voltages,)."""
    chi_squared: float
    degrees_of_freedom: int
    chi_squared_with_card: float
    """χ² with ξ and H_in of the card, the scale alone being free."""

    @property
    def p_value(self) -> float:
        """Chance of a χ² at least as large if the model is right."""
        return chi_squared_p_value(self.chi_squared, self.degrees_of_freedom)

    @property
    def aic(self) -> float:
        """Akaike's criterion χ² + 2k.

        The standard errors are known, so it needs no correction for few data: that of AICc is for
        a variance that is estimated from them.
        """
        return self.chi_squared + 2 * len(self.freed)

    @property
    def bic(self) -> float:
        """Schwarz's criterion χ² + k ln n."""
        return self.chi_squared + len(self.freed) * math.log(len(self.fitted))

    def rows(self) -> list[Estimate]:
        """Every fitted number."""
        return list(self.estimates)


def fit_cai2019(
    voltage: ArrayLike,
    slope: ArrayLike,
    standard_error: ArrayLike,
    card: DeviceCard,
    temperature: float | None = None,
) -> BiasModelFit:
    """Fit w(V) by the paper's model, Eq. 5 and 6 with H_k,eff held.

    Parameters
    ----------
    voltage
        Bias in V, shape (voltages,).
    slope, standard_error
        w in 1/(A/m) and its standard error, shape (voltages,).
    card
        The device; what the data do not tell is taken from it.
    temperature
        T in K of the measurement; the card's by default.

    Returns
    -------
    BiasModelFit
        w at zero bias, H_k,eff for the card's E_b, ξ, and H_in where the data identify it.

    Raises
    ------
    SmtjError
        There are fewer than three voltages, a number is impossible, the slopes have the other
        sign than the card's, or the card has no barrier.
    """
    v, w, sigma = _checked(voltage, slope, standard_error, card)
    return _fit(cai2019_model(card, temperature), v, w, sigma)


def fit_self_consistent(
    voltage: ArrayLike,
    slope: ArrayLike,
    standard_error: ArrayLike,
    card: DeviceCard,
    temperature: float | None = None,
) -> BiasModelFit:
    """Fit w(V) by exact Boltzmann integration, in which w hardly knows the barrier.

    Arguments and errors as in :func:`fit_cai2019`.

    Returns
    -------
    BiasModelFit
        w at zero bias, V* for the card's M_s, and ξ and H_in where the data identify them.
    """
    v, w, sigma = _checked(voltage, slope, standard_error, card)
    return _fit(self_consistent_model(card, temperature), v, w, sigma)


def _fit(model: BiasModel, voltage: Floats, slope: Floats, sigma: Floats) -> BiasModelFit:
    sign = math.copysign(1.0, float(np.sum(slope / sigma**2)))
    found = fit_identified(model, voltage, sign * slope, sigma)
    freed, values = tuple(found.minimum.values), found.values
    quantities = [*model.scale_quantities]
    quantities += [model.quantities[name] for name in freed if name in model.quantities]
    estimates = []
    for q in quantities:
        gradient = np.array([derivative(q.of, values, name) for name in freed])
        error = math.sqrt(gradient @ found.minimum.covariance @ gradient)
        value = q.of(values) * (sign if q.symbol == SLOPE else 1.0)
        estimates.append(normal_estimate(q.name, q.symbol, value, error, q.unit, q.display_unit))
    return BiasModelFit(
        model=model.name,
        estimates=tuple(estimates),
        freed=tuple(LABELS[name] for name in freed),
        taken_from_card=tuple(LABELS[name] for name in PARAMETERS if name not in freed),
        reasons=(model.held, *found.reasons),
        correlations=found.correlations,
        relative_errors=found.relative_errors,
        fitted=sign * model.slope(voltage, values),
        curve=lambda at: sign * model.slope(at, values),
        chi_squared=found.minimum.chi_squared,
        degrees_of_freedom=found.minimum.degrees_of_freedom,
        chi_squared_with_card=found.chi_squared_with_card,
    )


def checked_slopes(
    voltage: ArrayLike, slope: ArrayLike, standard_error: ArrayLike
) -> tuple[Floats, Floats, Floats]:
    """Return voltages, slopes and standard errors as arrays, or raise what is wrong with them."""
    given = (voltage, slope, standard_error)
    v, w, sigma = (np.atleast_1d(np.asarray(a, dtype=np.float64)) for a in given)
    if v.ndim != 1 or w.shape != v.shape or sigma.shape != v.shape:
        raise SmtjError(
            "voltages and slopes differ in number; give one w and one standard error a voltage"
        )
    if not all(np.isfinite(a).all() for a in (v, w, sigma)) or not (sigma > 0).all():
        raise SmtjError("voltages and slopes must be finite, and standard errors above 0")
    if np.unique(v).size < 3:
        raise SmtjError("a fit of w(V) needs slopes at three different voltages or more")
    return v, w, sigma


def _checked(
    voltage: ArrayLike, slope: ArrayLike, standard_error: ArrayLike, card: DeviceCard
) -> tuple[Floats, Floats, Floats]:
    v, w, sigma = checked_slopes(voltage, slope, standard_error)
    own = float(operating_point(card).slope)
    if float(np.sum(w / sigma**2)) * own < 0:
        raise SmtjError(
            f"w has the other sign than that of card {card.name}, "
            f"{format_quantity(own, 'm/A', '1/Oe', 3)}; "
            "swap the two states, or turn the card's reference layer round"
        )
    return v, w, sigma
