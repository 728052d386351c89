"""ξ, and what else the data identify, from the slope w against bias voltage, by either model.

With H_k,eff held, Eq. 5 and 6 make w(V) a straight line within 0.1 % for the paper's device: two
numbers, its height and its steepness.  The height is the ratio of E_b and H_k,eff, the steepness
ξ for a given H_in.  So E_b is taken from the card and H_k,eff and ξ are freed; H_in is freed only
where the line bends enough to separate it from ξ.  In the self-consistent model the height is
M_s V*, and w hardly changes with voltage, so even ξ is freed only where it shows.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.inference.bias.identifiability import fit_identified
from smtj.inference.bias.models import (
    LABELS,
    MODELS,
    PARAMETERS,
    SLOPE,
    Derived,
    as_array,
    as_mapping,
)
from smtj.inference.stats.checks import checked_points, guarded, require_finite
from smtj.inference.stats.distributions import ChiSquared
from smtj.inference.stats.estimate import Estimate, normal_estimate
from smtj.inference.stats.least_squares import forward_jacobian
from smtj.physics.device import vcma_point
from smtj.typing import Floats
from smtj.units import format_quantity


@dataclass(frozen=True, eq=False)
class BiasFit(ChiSquared):
    """One switching model fitted to w(V)."""

    model: str
    """``"cai2019"`` or ``"self-consistent"``."""
    estimates: tuple[Estimate, ...]
    """w at zero bias, H_k,eff or V*, and ξ and H_in where freed."""
    freed: tuple[str, ...]
    """What the data identify."""
    taken_from_card: tuple[str, ...]
    """What they do not."""
    remarks: tuple[str, ...]
    """Why not, and other caveats, in sentences."""
    correlations: Floats
    """Of (scale, ξ, H_in) if all three were free, shape (3, 3)."""
    relative_errors: Floats
    """Of the three uncorrelated combinations of the parameters' relative changes, best known
    first: 1/(singular values of the Jacobian), shape (3,).  Above 1, one is not known."""
    fitted: Floats
    """w of the model at the voltages of the data, in 1/(A/m)."""
    chi_squared: float
    degrees_of_freedom: int
    chi_squared_with_card: float
    """χ² with ξ and H_in of the card and only the scale free."""
    values: Mapping[str, float]
    """Parameters of the model by :data:`smtj.inference.bias.models.PARAMETERS`."""
    sign: float
    """Sign of w."""
    card: DeviceCard
    temperature: float | None
    """T in K of the measurement; None for the card's."""

    @property
    def aic(self) -> float:
        """Akaike's criterion χ² + 2k.

        The standard errors are known, so it needs no correction for few data: that of AICc is for
        a variance estimated from them.
        """
        return self.chi_squared + 2 * len(self.freed)

    def curve(self, voltage: ArrayLike) -> Floats:
        """Return w of the model in 1/(A/m) at voltages in V, shape (voltages,)."""
        model = MODELS[self.model](self.card, self.temperature)
        return self.sign * model.slope(np.asarray(voltage, dtype=np.float64), self.values)


@guarded("the fit of w(V)")
def fit_bias(
    voltage: ArrayLike,
    slope: ArrayLike,
    standard_error: ArrayLike,
    card: DeviceCard,
    model: str = "cai2019",
    temperature: float | None = None,
) -> BiasFit:
    """Fit w(V) by one switching model.

    The bias in V, w in 1/(A/m) and its standard error have shape (voltages,); the card supplies
    what they do not identify.  ``model`` is ``"cai2019"`` for Eq. 5 and 6 with H_k,eff held, or
    ``"self-consistent"`` for exact Boltzmann integration, in which w hardly depends on the barrier.
    ``temperature`` is T in K of the measurement; the card's by default.

    Returns w at zero bias; H_k,eff for the card's E_b, or V* for its M_s; ξ and H_in where the data
    identify them.  Raises SmtjError if there are fewer than three voltages, a number is impossible,
    the slopes have the other sign than the card's, or the card has no barrier.

    Examples
    --------
    >>> from smtj import load_card
    >>> from smtj.physics.device import vcma_point
    >>> card, v = load_card("cai2019"), np.array([-0.2, -0.1, 0.0, 0.1, 0.2])
    >>> w = vcma_point(card, v).slope
    >>> fit = fit_bias(v, w, 0.02 * w, card)
    >>> fit.freed, fit.taken_from_card
    (('the scale of w', 'ξ'), ('H_in',))
    """
    if model not in MODELS:
        raise SmtjError(f"a switching model is one of {', '.join(MODELS)}, not {model}")
    given = (voltage, slope, standard_error)
    v, w, sigma = checked_points(*given, "voltages", "slopes", fewest=3)
    own = float(vcma_point(card).slope)
    if float(np.sum(w / sigma**2)) * own < 0:
        raise SmtjError(
            f"w has the opposite sign to that of card {card.name}, "
            f"{format_quantity(own, 'm/A', '1/Oe', 3)}; "
            "swap the two states, or reverse the card's reference layer"
        )
    found_model = MODELS[model](card, temperature)
    sign = math.copysign(1.0, float(np.sum(w / sigma**2)))
    found = fit_identified(found_model, v, sign * w, sigma)
    freed, values = tuple(found.minimum.values), found.values
    quantities = [*found_model.scale_quantities]
    quantities += [found_model.quantities[name] for name in freed if name in found_model.quantities]
    estimates = []
    for q in quantities:
        gradient = _gradient(q, values)[: len(freed)]
        error = math.sqrt(gradient @ found.minimum.covariance @ gradient)
        value = q.of(values) * (sign if q.symbol == SLOPE else 1.0)
        require_finite("the fit of w(V)", value, error)
        estimates.append(normal_estimate(q.name, q.symbol, value, error, q.unit, q.display_unit))
    return BiasFit(
        model=model,
        estimates=tuple(estimates),
        freed=tuple(LABELS[name] for name in freed),
        taken_from_card=tuple(LABELS[name] for name in PARAMETERS if name not in freed),
        remarks=(found_model.held, *found.remarks),
        correlations=found.correlations,
        relative_errors=found.relative_errors,
        fitted=sign * found_model.slope(v, values),
        chi_squared=found.minimum.chi_squared,
        degrees_of_freedom=found.minimum.degrees_of_freedom,
        chi_squared_with_card=found.chi_squared_with_card,
        values=values,
        sign=sign,
        card=card,
        temperature=temperature,
    )


def _gradient(quantity: Derived, values: Mapping[str, float]) -> Floats:
    """Return the derivatives of a quantity with respect to the parameters, shape (3,)."""
    return forward_jacobian(lambda p: np.array(quantity.of(as_mapping(p))), as_array(values))
