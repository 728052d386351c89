"""Which switching model w(V) supports, and whether it is a straight line."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from smtj.card import DeviceCard
from smtj.inference.bias.fit import BiasFit, fit_bias
from smtj.inference.stats.checks import checked_points, guarded
from smtj.inference.stats.distributions import ChiSquared, chi_squared_p_value
from smtj.inference.stats.estimate import Estimate, normal_estimate
from smtj.typing import Floats

UNDECIDED, DECIDED = 2.0, 6.0
"""Differences in Akaike's criterion up to which models count as equal, and from which one is
clearly better: a likelihood ratio of e^(difference/2)."""
SIGNIFICANT = 0.05
"""p below which a curvature counts as seen."""
MISFIT = 0.001
"""p below which a model counts as wrong."""


@dataclass(frozen=True, eq=False)
class PolynomialFit(ChiSquared):
    """w = Σ c_i V^i."""

    coefficients: tuple[Estimate, ...]
    """Constant first, in 1/(A/m)/V^i."""
    fitted: Floats
    """w at the voltages of the data, in 1/(A/m)."""
    chi_squared: float
    degrees_of_freedom: int

    @property
    def aic(self) -> float:
        """Akaike's criterion, as :attr:`smtj.inference.bias.fit.BiasFit.aic`."""
        return self.chi_squared + 2 * len(self.coefficients)


@dataclass(frozen=True, eq=False)
class BiasComparison:
    """Both switching models, a straight line and a parabola, fitted to the same w(V)."""

    cai2019: BiasFit
    self_consistent: BiasFit
    line: PolynomialFit
    parabola: PolynomialFit

    @property
    def curvature_p_value(self) -> float:
        """Chance of a quadratic term at least as large if w(V) is a straight line."""
        return chi_squared_p_value(self.line.chi_squared - self.parabola.chi_squared, 1)

    @property
    def difference(self) -> float:
        """Akaike's criterion of the self-consistent model less that of cai2019."""
        return self.self_consistent.aic - self.cai2019.aic

    @property
    def difference_with_card(self) -> float:
        """The same with ξ and H_in of the card in both models."""
        return self.self_consistent.chi_squared_with_card - self.cai2019.chi_squared_with_card

    @property
    def best(self) -> BiasFit | None:
        """The model that the data support; None where they do not decide."""
        if abs(self.difference) < UNDECIDED:
            return None
        return self.cai2019 if self.difference > 0 else self.self_consistent

    @property
    def verdict(self) -> str:
        """Which model the data support and whether w(V) is curved, in a sentence."""
        text = f"the data {_supported(self.difference)}"
        fits = (self.cai2019, self.self_consistent)
        better = min(fits, key=lambda fit: fit.aic)
        if better.p_value < MISFIT:
            text += f", but even {better.model} does not fit ({_shown(better.p_value)})"
        elif self.line.aic < better.aic - UNDECIDED:
            text += ", and a straight line fits better"
        if any(len(fit.freed) > 1 for fit in fits):
            text += f"; with ξ and H_in of the card they {_supported(self.difference_with_card)}"
        curved = self.curvature_p_value < SIGNIFICANT
        bend = "w(V) is curved" if curved else "w(V) is consistent with a straight line"
        return f"{text}; {bend} (quadratic term: {_shown(self.curvature_p_value)})"

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """All fitted numbers: both models', the line's and the parabola's."""
        return (
            *self.cai2019.estimates,
            *self.self_consistent.estimates,
            *self.line.coefficients,
            *self.parabola.coefficients,
        )


@guarded("the fit of w(V)")
def compare_bias_models(
    voltage: ArrayLike,
    slope: ArrayLike,
    standard_error: ArrayLike,
    card: DeviceCard,
    temperature: float | None = None,
) -> BiasComparison:
    """Fit w(V) by both switching models, a straight line and a parabola.

    Arguments and errors as in :func:`smtj.inference.bias.fit.fit_bias`.

    Examples
    --------
    >>> from smtj import load_card
    >>> from smtj.physics.device import vcma_point
    >>> card, v = load_card("cai2019"), np.array([-0.2, -0.1, 0.0, 0.1, 0.2])
    >>> w = vcma_point(card, v).slope
    >>> print(compare_bias_models(v, w, 0.02 * w, card).verdict.split(";")[0])
    the data support the model cai2019 (ΔAIC = 48.8)
    """
    given = (voltage, slope, standard_error)
    v, w, sigma = checked_points(*given, "voltages", "slopes", fewest=3)
    return BiasComparison(
        cai2019=fit_bias(v, w, sigma, card, "cai2019", temperature),
        self_consistent=fit_bias(v, w, sigma, card, "self-consistent", temperature),
        line=_polynomial(v, w, sigma, 1),
        parabola=_polynomial(v, w, sigma, 2),
    )


def _supported(difference: float) -> str:
    size = f"(ΔAIC = {abs(difference):.1f})"
    if abs(difference) < UNDECIDED:
        return f"do not separate the two models {size}"
    degree = "support" if abs(difference) >= DECIDED else "lean towards"
    return f"{degree} the model {'cai2019' if difference > 0 else 'self-consistent'} {size}"


def _shown(p_value: float) -> str:
    return f"p = {p_value:.2g}" if p_value > 1e-12 else "p < 1e-12"


def _polynomial(voltage: Floats, slope: Floats, sigma: Floats, degree: int) -> PolynomialFit:
    powers = voltage[:, None] ** np.arange(degree + 1)
    design = powers / sigma[:, None]
    # With columns of length 1 the unit of the voltage does not matter.
    lengths = np.linalg.norm(design, axis=0)
    inverse = np.linalg.pinv(design / lengths) / lengths[:, None]
    values, errors = inverse @ (slope / sigma), np.linalg.norm(inverse, axis=1)
    units = [("m/A", "1/Oe"), ("m/A/V", "1/Oe/V"), ("m/A/V^2", "1/Oe/V^2")]
    kind = ("line", "parabola")[degree - 1]
    coefficients = tuple(
        normal_estimate(f"{kind}, V^{i}", f"c{i}", values[i], errors[i], *units[i])
        for i in range(degree + 1)
    )
    misfit = (slope - powers @ values) / sigma
    return PolynomialFit(
        coefficients=coefficients,
        fitted=powers @ values,
        chi_squared=float(misfit @ misfit),
        degrees_of_freedom=len(voltage) - degree - 1,
    )
