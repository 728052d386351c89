"""The sigmoid P(high | H) of Eq. 5 from counts of high readings, by maximum likelihood.

Every count is weighted by 1/(variance inflation), which keeps the estimates unbiased and makes
their standard errors honest under serial correlation (:mod:`smtj.inference.sigmoid.counts`).

Points may scatter further about the sigmoid than counting explains, as the field of each may be off
by an error of its own; intervals allow for that (:mod:`smtj.inference.sigmoid.scatter`).  Or P ends
above 0 or below 1 (:mod:`smtj.inference.sigmoid.plateaus`).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from smtj.errors import SmtjError
from smtj.inference.sigmoid.counts import Counts, checked_counts
from smtj.inference.sigmoid.plateaus import with_plateaus
from smtj.inference.sigmoid.scatter import ATTENUATION, Posterior, integrated, posterior_of
from smtj.inference.stats.checks import guarded
from smtj.inference.stats.distributions import chi_squared_p_value, normal_quantile
from smtj.inference.stats.estimate import NORMAL_95, Estimate
from smtj.inference.stats.logistic import (
    SIGNIFICANT,
    WEAK,
    Goodness,
    agreement,
    crossing,
    deviance,
    goodness_of_fit,
    information,
    least_loss,
    loss,
    maximise,
    straight_line,
)
from smtj.physics.arrays import logistic
from smtj.physics.switching import switching_probability
from smtj.typing import Floats
from smtj.units import format_quantity

Interval = tuple[float, float]

SLOPE_UNITS = {
    "A/m": (("m/A", "1/Oe"), ("offset field", "H_s", "A/m", "Oe")),
    "V": (("1/V", "1/V"), ("offset voltage", "V_s", "V", "V")),
    "A": (("1/A", "1/uA"), ("offset current", "I_s", "A", "uA")),
}
"""Units of the slope; name, symbol and units of the offset, by the unit of the fields."""


@dataclass(frozen=True, eq=False)
class SigmoidFit:
    """A fitted P(high | H) = 1/(1 + exp[-w (H - H_s)]), in the unit of its fields, from P_min to
    P_max where these are not 0 and 1."""

    slope: float
    """w, in 1/field."""
    offset_field: float
    """H_s, in the unit of the fields."""
    covariance: Floats
    """Covariance of (w, H_s), shape (2, 2)."""
    deviance: float
    """Twice the log-likelihood that a free probability at every field would gain, serial
    correlation included; about :attr:`degrees_of_freedom` where the sigmoid is right and no count
    is small."""
    degrees_of_freedom: int
    """Number of fields less that of parameters."""
    counts: Counts
    """What was fitted."""
    goodness: Goodness
    """From simulated curves; of a curve with plateaus from χ²."""
    reads: Floats
    """Independent reads that each field counts as, with the scatter of the field."""
    field_scatter: float = 0.0
    """σ_H in the unit of the fields; 0 where counting more likely explains how points scatter."""
    posterior: Posterior | None = None
    """What is known of the scatter of the field; None where it is taken to be 0."""
    unit: str = "A/m"
    """SI unit of the fields in :attr:`estimates`: ``"A/m"``, or ``"V"`` or ``"A"`` for P against a
    voltage or a current."""
    ends: tuple[float, float] = (0.0, 1.0)
    """P_min and P_max."""
    end_errors: tuple[float, float] = (0.0, 0.0)
    """Their standard errors; 0 for an end that is 0 or 1."""
    errors_at_fit: tuple[float, float] | None = None
    """Standard errors of w and H_s for a known scatter, of a curve with plateaus."""

    @property
    def slope_error(self) -> float:
        """Standard error of w."""
        return math.sqrt(self.covariance[0, 0])

    @property
    def offset_error(self) -> float:
        """Standard error of H_s."""
        return math.sqrt(self.covariance[1, 1])

    @property
    def p_value(self) -> float:
        """Probability of a deviance at least as large if the sigmoid is right.

        From curves simulated from the fit and refitted, as a χ² is wrong for fields with few high
        or few low reads, which nearly every scan has.
        """
        return self.goodness.p_value

    @property
    def not_a_sigmoid(self) -> bool:
        """Whether a sigmoid is rejected: the p-value is below 0.001 (:data:`SIGNIFICANT`)."""
        return self.p_value < SIGNIFICANT

    @property
    def verdict(self) -> str:
        """Whether the curve is a sigmoid, in a sentence."""
        scatter = ""
        if self.field_scatter:
            shown = SLOPE_UNITS[self.unit][1][3]
            size = format_quantity(self.field_scatter, self.unit, shown, 2)
            name = {"V": "voltage", "A": "current"}.get(self.unit, "field")
            scatter = f"a {name} that scatters by {size} from point to point"
        between = ""
        if self.plateaus:
            low, high = (
                f"{end:.3g}" + (f" ± {error:.1g}" if error else "")
                for end, error in zip(self.ends, self.end_errors, strict=True)
            )
            between = (
                f" between {low} and {high}, which P does not leave, as where reads are told "
                "wrongly or a third state is visited; w and H_s are those of the sigmoid, which "
                "alone is on a card"
            )
        if not self.not_a_sigmoid:
            allowed = f"; the intervals allow for {scatter}" if scatter else ""
            agrees = f"{agreement(self.p_value)} with a sigmoid (p = {self.p_value:.2g})"
            return f"{agrees}{between}{allowed}"
        factor = math.sqrt(self.deviance / self.goodness.expected_deviance)
        as_with = f", as with {scatter}" if scatter else ""
        return (
            f"the curve is not a sigmoid{between} (p < {SIGNIFICANT:g}), or its field is not "
            f"exact: its points scatter {factor:.1f} times as far about the nearest one as "
            f"counting explains{as_with}; the intervals allow for that"
        )

    @property
    def plateaus(self) -> tuple[Estimate, ...]:
        """P_min and P_max that are not 0 and 1."""
        named = (("lowest probability", "P_min"), ("highest probability", "P_max"))
        return tuple(
            Estimate(*name, end, error, (end - NORMAL_95 * error, end + NORMAL_95 * error), "", "")
            for name, end, error in zip(named, self.ends, self.end_errors, strict=True)
            if error
        )

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """w and H_s with their 95 % intervals."""
        of_slope, (name, symbol, *units) = SLOPE_UNITS[self.unit]
        w, h_s = self.intervals()
        # An interval without an end goes with an unbounded error.
        error = self.offset_error if np.isfinite(h_s).all() else math.inf
        return (
            Estimate("slope", "w", self.slope, self.slope_error, w, *of_slope),
            Estimate(name, symbol, self.offset_field, error, h_s, *units),
        )

    def probability(self, field: ArrayLike) -> Floats:
        """P(high) of the fit at a field."""
        values = np.asarray(field, dtype=np.float64)
        low, high = self.ends
        inner = switching_probability(values, self.slope, self.offset_field)
        return np.asarray(low + (high - low) * inner)

    def intervals(self, level: float = 0.95) -> tuple[Interval, Interval]:
        """Confidence intervals of w and of H_s, by profile likelihood.

        They hold what a likelihood ratio test does not reject at ``level`` with the other
        parameter free, and need not be symmetric.  Where the data do not show that P depends on
        the field at all, the interval of H_s is infinite.
        """
        if self.posterior is None:
            quantiles = (normal_quantile(level),) * 2
        else:
            quantiles = (self.posterior.quantile(level, 0), self.posterior.quantile(level, 1))
        if self.errors_at_fit is not None:
            first, second = (
                (value - q * error, value + q * error)
                for value, q, error in zip(
                    (self.slope, self.offset_field), quantiles, self.errors_at_fit, strict=True
                )
            )
            return first, second
        return _profile_intervals(self, quantiles[0] ** 2, quantiles[1] ** 2)


@guarded("the fit of P(H)")
def fit_sigmoid(
    field: ArrayLike,
    high: ArrayLike,
    total: ArrayLike,
    inflation: ArrayLike = 1.0,
    seed: int = 0,
    unit: str = "A/m",
    scattered: bool = True,
) -> SigmoidFit:
    """Fit P(high | H) to counts, by binomial maximum likelihood.

    ``field`` is H of each count, shape (fields,), in ``unit``, ``"A/m"`` or ``"V"``, which the
    estimates carry.  The numbers ``high`` and ``total`` of high and of all reads broadcast to it
    and need not be integers.  ``inflation`` is f at each field, 1 for independent reads; see
    :mod:`smtj.inference.sigmoid.counts`.  ``seed`` seeds the curves simulated to judge how well the
    sigmoid fits.  Unless ``scattered`` is False, the field of each point may be off by an error of
    its own, the size of which the data tell.

    Returns w, H_s, their covariance and that judgement.  Raises SmtjError if the counts or the unit
    are impossible, there are fewer than three fields, the reads turn from all low to all high
    between two fields, so the slope has no upper bound, or the fraction of high reads does not
    depend on the field.

    Examples
    --------
    >>> fit = fit_sigmoid([-20, -10, 0, 10, 20], [2, 14, 53, 86, 99], 100)
    >>> print(f"w = {fit.slope:.3f} ± {fit.slope_error:.3f}, H_s = {fit.offset_field:.1f}")
    w = 0.192 ± 0.019, H_s = -0.4
    >>> print(fit.verdict)
    consistent with a sigmoid (p = 0.8)
    """
    if unit not in SLOPE_UNITS:
        raise SmtjError(f'P cannot be a function of a quantity in "{unit}"; give A/m or V')
    counts = checked_counts(field, high, total, inflation)
    x, centre, scale = _scaled(counts.field)
    n = counts.independent
    fractions = counts.high / counts.total
    design = straight_line(x)
    theta = maximise(design, fractions * n, n)
    p = logistic(design @ theta)
    if abs(theta[1]) < 1e-9:
        raise SmtjError(
            "the fraction of high reads does not depend on the field; measure over a wider range"
        )
    found = float(deviance(fractions * n, n, p))
    goodness = goodness_of_fit(x, theta, n, found, seed)
    reads, excess, weights = n, 0.0, None
    plateaus = None
    if scattered:
        scatter = integrated(design, fractions, n, theta)
        theta, reads, excess = scatter.theta, scatter.reads, scatter.excess
        weights, shifts, covariances = scatter.weights, scatter.shifts, scatter.covariances
        if goodness.p_value < WEAK or excess:
            plateaus = with_plateaus(x, fractions, n, theta, reads)
    degrees = len(x) - 2
    if plateaus is None:
        p = logistic(design @ theta)
        spread = np.linalg.inv(information(x, reads * p * (1 - p)))
    else:
        theta, reads, excess = plateaus.theta, plateaus.reads, plateaus.excess
        weights, shifts = plateaus.scatter.weights, plateaus.scatter.shifts[:, :2]
        covariances = plateaus.scatter.covariances[:, :2, :2]
        spread = covariances[0]
        degrees -= plateaus.free
        found = float(deviance(fractions * n, n, plateaus.probability(x)))
        goodness = Goodness(chi_squared_p_value(found, degrees), degrees)
    # A field that scatters flattens the mean curve.
    steeper = math.sqrt(1 + ATTENUATION * excess**2)
    intercept, steepness = (float(v) for v in theta)
    # (w, H_s) of (intercept, steepness): w = b/s, H_s = centre - s a/b.
    jacobian = np.array(
        [[0, steeper / scale], [-scale / steepness, scale * intercept / steepness**2]]
    )
    at_fit = covariance = jacobian @ spread @ jacobian.T
    posterior = None
    if weights is not None:
        posterior, covariance = posterior_of(
            weights, shifts @ jacobian.T, jacobian @ covariances @ jacobian.T, at_fit
        )
    own = np.sqrt(np.diag(at_fit)).tolist()
    return SigmoidFit(
        slope=steeper * steepness / scale,
        offset_field=centre - scale * intercept / steepness,
        covariance=covariance,
        deviance=found,
        degrees_of_freedom=degrees,
        counts=counts,
        goodness=goodness,
        reads=reads,
        field_scatter=excess * scale / abs(steepness * steeper),
        posterior=posterior,
        unit=unit,
        ends=(0.0, 1.0) if plateaus is None else plateaus.ends,
        end_errors=(0.0, 0.0) if plateaus is None else plateaus.errors,
        errors_at_fit=None if plateaus is None else (own[0], own[1]),
    )


def _scaled(field: Floats) -> tuple[Floats, float, float]:
    """Return fields as numbers of order 1, with their centre and scale."""
    centre, scale = float(field.mean()), float(np.ptp(field))
    return (field - centre) / scale, centre, scale


def _profile_intervals(
    fit: SigmoidFit, of_slope: float, of_offset: float
) -> tuple[Interval, Interval]:
    """Return where twice the loss, minimised over the other parameter, has risen by a threshold."""
    x, centre, scale = _scaled(fit.counts.field)
    n = fit.reads
    high = fit.counts.high / fit.counts.total * n
    steeper = math.sqrt(1 + ATTENUATION * (fit.slope * fit.field_scatter) ** 2)
    steepness, middle = fit.slope * scale / steeper, (fit.offset_field - centre) / scale
    least = float(loss(steepness * (x - middle), high, n))

    def of_steepness(b: float) -> float:
        return 2 * (least_loss(np.ones_like(x), high, n, b * (x - middle)) - least)

    def of_middle(h: float) -> float:
        return 2 * (least_loss(x - h, high, n, steepness * (x - h)) - least)

    # A middle far away is the same as a probability that does not depend on the field.
    bounded = of_steepness(0.0) > of_offset
    b, h = np.sqrt(np.diag(fit.covariance) * [scale**2, scale**-2]).tolist()
    slopes = (steeper * crossing(of_steepness, steepness, s, of_slope) / scale for s in (-b, b))
    middles = (
        centre
        + scale
        * (crossing(of_middle, middle, s, of_offset) if bounded else math.copysign(math.inf, s))
        for s in (-h, h)
    )
    return (next(slopes), next(slopes)), (next(middles), next(middles))
