"""The sigmoid P(high | H) of Eq. 5 from counts of high readings, by maximum likelihood.

Every count is weighted by 1/(variance inflation), which keeps the estimates unbiased and makes
their standard errors honest under serial correlation (:mod:`smtj.inference.sigmoid.counts`).
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from smtj.errors import SmtjError
from smtj.inference.sigmoid.counts import Counts, checked_counts
from smtj.inference.sigmoid.logistic import (
    SIGNIFICANT,
    Goodness,
    crossing,
    deviance,
    goodness_of_fit,
    information,
    least_loss,
    loss,
    maximise,
    straight_line,
)
from smtj.inference.stats.checks import guarded, require_finite
from smtj.inference.stats.distributions import normal_quantile
from smtj.inference.stats.estimate import Estimate
from smtj.physics.arrays import logistic
from smtj.physics.switching import switching_probability
from smtj.typing import Floats

Interval = tuple[float, float]

SLOPE_UNITS = {
    "A/m": (("m/A", "1/Oe"), ("offset field", "H_s", "A/m", "Oe")),
    "V": (("1/V", "1/V"), ("offset voltage", "V_s", "V", "V")),
}
"""Units of the slope; name, symbol and units of the offset, by the unit of the fields."""


@dataclass(frozen=True, eq=False)
class SigmoidFit:
    """A fitted P(high | H) = 1/(1 + exp[-w (H - H_s)]), in the unit of its fields."""

    slope: float
    """w, in 1/field."""
    offset_field: float
    """H_s, in the unit of the fields."""
    covariance: Floats
    """Covariance of (w, H_s), shape (2, 2), if the sigmoid is right."""
    deviance: float
    """Twice the log-likelihood that a free probability at every field would gain, serial
    correlation included; about :attr:`degrees_of_freedom` where the sigmoid is right and no count
    is small."""
    degrees_of_freedom: int
    """Number of fields less two."""
    counts: Counts
    """What was fitted."""
    seed: int
    """Seed of the simulation behind :attr:`p_value`."""
    unit: str = "A/m"
    """SI unit of the fields in :attr:`estimates`: ``"A/m"``, or ``"V"`` for P against voltage."""

    @property
    def slope_error(self) -> float:
        """Standard error of w, widened by :attr:`widening`."""
        return self.widening * math.sqrt(self.covariance[0, 0])

    @property
    def offset_error(self) -> float:
        """Standard error of H_s, widened by :attr:`widening`."""
        return self.widening * math.sqrt(self.covariance[1, 1])

    @property
    def p_value(self) -> float:
        """Probability of a deviance at least as large if the sigmoid is right.

        From curves simulated from the fit and refitted, as a χ² is wrong for fields with few high
        or few low reads, which nearly every scan has.
        """
        return self._goodness.p_value

    @property
    def not_a_sigmoid(self) -> bool:
        """Whether so bad a fit has a probability below 0.001 (:data:`SIGNIFICANT`)."""
        return self.p_value < SIGNIFICANT

    @property
    def widening(self) -> float:
        """Factor on all errors and intervals: 1 where the curve is consistent with a sigmoid.

        Otherwise the scatter about the sigmoid relative to that of counting: the square root of
        the deviance over its expected value.
        """
        if not self.not_a_sigmoid:
            return 1.0
        # Where every read is expected to be the same, no simulated curve deviates.
        expected = self._goodness.expected_deviance or self.degrees_of_freedom
        return math.sqrt(max(1.0, self.deviance / expected))

    @property
    def verdict(self) -> str:
        """Whether the curve is a sigmoid, in a sentence."""
        if not self.not_a_sigmoid:
            return f"consistent with a sigmoid (p = {self.p_value:.2g})"
        return (
            f"the curve is not a sigmoid (p < {SIGNIFICANT:g}): its points scatter "
            f"{self.widening:.1f} times as far about the nearest one as counting explains; slope "
            "and offset describe it roughly, and their errors are widened as much"
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
        return np.asarray(switching_probability(values, self.slope, self.offset_field))

    def intervals(self, level: float = 0.95) -> tuple[Interval, Interval]:
        """Confidence intervals of w and of H_s, by profile likelihood.

        They hold what a likelihood ratio test does not reject at ``level`` with the other
        parameter free, and need not be symmetric.  Where the data do not show that P depends on
        the field at all, the interval of H_s is infinite.  Widened like the errors.
        """
        return _profile_intervals(self, normal_quantile(level) ** 2 * self.widening**2)

    @cached_property
    def _goodness(self) -> Goodness:
        x, centre, scale = _scaled(self.counts.field)
        theta = self.slope * np.array([centre - self.offset_field, scale])
        n = self.counts.independent
        return goodness_of_fit(x, theta, n, self.deviance, self.seed)


@guarded("the fit of P(H)")
def fit_sigmoid(
    field: ArrayLike,
    high: ArrayLike,
    total: ArrayLike,
    inflation: ArrayLike = 1.0,
    seed: int = 0,
    unit: str = "A/m",
) -> SigmoidFit:
    """Fit P(high | H) to counts, by binomial maximum likelihood.

    ``field`` is H of each count, shape (fields,), in ``unit``, ``"A/m"`` or ``"V"``, which the
    estimates carry.  The numbers ``high`` and ``total`` of high and of all reads broadcast to it
    and need not be integers.  ``inflation`` is f at each field, 1 for independent reads; see
    :mod:`smtj.inference.sigmoid.counts`.  ``seed`` seeds the curves simulated to judge how well the
    sigmoid fits.

    Returns w, H_s, their covariance and that judgement.  Raises SmtjError if the counts or the unit
    are impossible, there are fewer than three fields, the reads turn from all low to all high
    between two fields, so the slope has no upper bound, or the fraction of high reads does not
    depend on the field.

    Examples
    --------
    >>> fit = fit_sigmoid([-20, -10, 0, 10, 20], [2, 14, 53, 86, 99], 100)
    >>> print(f"w = {fit.slope:.3f} ± {fit.slope_error:.3f}, H_s = {fit.offset_field:.1f}")
    w = 0.192 ± 0.016, H_s = -0.4
    >>> print(fit.verdict)
    consistent with a sigmoid (p = 0.8)
    """
    if unit not in SLOPE_UNITS:
        raise SmtjError(f'P cannot be a function of a quantity in "{unit}"; give A/m or V')
    counts = checked_counts(field, high, total, inflation)
    x, centre, scale = _scaled(counts.field)
    n = counts.independent
    fractions = counts.high / counts.total
    intercept, steepness = (float(v) for v in maximise(straight_line(x), fractions * n, n))
    if abs(steepness) < 1e-9:
        raise SmtjError(
            "the fraction of high reads does not depend on the field; measure over a wider range"
        )
    p = logistic(intercept + steepness * x)
    # (w, H_s) of (intercept, steepness): w = b/s, H_s = centre - s a/b.
    jacobian = np.array([[0, 1 / scale], [-scale / steepness, scale * intercept / steepness**2]])
    covariance = jacobian @ np.linalg.inv(information(x, n * p * (1 - p))) @ jacobian.T
    slope, offset = steepness / scale, centre - scale * intercept / steepness
    require_finite("the fit of P(H)", slope, offset, covariance)
    return SigmoidFit(
        slope=slope,
        offset_field=offset,
        covariance=covariance,
        deviance=float(deviance(fractions * n, n, p)),
        degrees_of_freedom=len(x) - 2,
        counts=counts,
        seed=seed,
        unit=unit,
    )


def _scaled(field: Floats) -> tuple[Floats, float, float]:
    """Return fields as numbers of order 1, with their centre and scale."""
    centre, scale = float(field.mean()), float(np.ptp(field))
    return (field - centre) / scale, centre, scale


def _profile_intervals(fit: SigmoidFit, threshold: float) -> tuple[Interval, Interval]:
    """Return where twice the loss, minimised over the other parameter, has risen by a threshold."""
    x, centre, scale = _scaled(fit.counts.field)
    n = fit.counts.independent
    high = fit.counts.high / fit.counts.inflation
    steepness, middle = fit.slope * scale, (fit.offset_field - centre) / scale
    least = float(loss(steepness * (x - middle), high, n))

    def of_steepness(b: float) -> float:
        return 2 * (least_loss(np.ones_like(x), high, n, b * (x - middle)) - least)

    def of_middle(h: float) -> float:
        return 2 * (least_loss(x - h, high, n, steepness * (x - h)) - least)

    # A middle far away is the same as a probability that does not depend on the field.
    bounded = of_steepness(0.0) > threshold
    b, h = (
        math.sqrt(threshold * variance)
        for variance in np.diag(fit.covariance) * [scale**2, scale**-2]
    )
    slopes = (crossing(of_steepness, steepness, s, threshold) / scale for s in (-b, b))
    middles = (
        centre
        + scale
        * (crossing(of_middle, middle, s, threshold) if bounded else math.copysign(math.inf, s))
        for s in (-h, h)
    )
    return (next(slopes), next(slopes)), (next(middles), next(middles))
