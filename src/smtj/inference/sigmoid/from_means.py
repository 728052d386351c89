"""The sigmoid from mean readings alone, where a reading averages over many switches.

Where the device switches within the integration time, no single reading shows a level, but their
mean still lies between the levels in proportion to the time spent in them:

    ⟨R⟩(H) = R_low(H) + [R_high(H) - R_low(H)] P(high | H),

with both levels straight lines in the field.  A scan that reaches far enough to both sides fixes
the lines by its ends, and w and H_s by what lies between.  The field of each reading may be off by
an error of its own, which is integrated over (:mod:`smtj.inference.sigmoid.scatter`).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from smtj.errors import SmtjError
from smtj.inference.sigmoid.fit import SLOPE_UNITS
from smtj.inference.sigmoid.scatter import (
    ATTENUATION,
    NormalScatter,
    integrated_normal,
    posterior_of,
)
from smtj.inference.stats.checks import guarded, require_finite
from smtj.inference.stats.distributions import ChiSquared, chi_squared_p_value
from smtj.inference.stats.estimate import NORMAL_95, Estimate
from smtj.inference.stats.logistic import SIGNIFICANT, agreement
from smtj.physics.arrays import logistic
from smtj.physics.switching import switching_probability
from smtj.typing import Floats
from smtj.units import format_quantity

MIN_FIELDS = 8
BATCHES = 25
"""Parts of a trace whose means give the error of the mean."""
PARAMETERS = 6
REFITS = 2
"""With the scatter of the field."""
MAX_REDUCED_FIELD, MIN_STEEP_FIELDS = 3.0, 2
"""|w (H - H_s)| up to which a field shows both states, and how many such fields fix a slope."""


@dataclass(frozen=True, eq=False)
class MeanScanFit(ChiSquared):
    """A sigmoid and two straight levels fitted to mean readings."""

    slope: float
    """w, in 1/field."""
    offset_field: float
    """H_s, in the unit of the fields, A/m in :attr:`estimates`."""
    covariance: Floats
    """Of (w, H_s), shape (2, 2), widened where the fit is bad."""
    low: tuple[float, float]
    """Low level at field 0, and its change with the field."""
    separation: tuple[float, float]
    """High less low level at field 0, and its change with the field."""
    chi_squared: float
    """Without any scatter of the field."""
    degrees_of_freedom: int
    field_scatter: float = 0.0
    """σ_H in the unit of the fields; 0 where errors more likely explain how the means scatter."""
    quantiles: tuple[float, float] = (NORMAL_95, NORMAL_95)
    """Half of the 95 % intervals of w and H_s, in their standard errors."""

    @property
    def slope_error(self) -> float:
        """Standard error of w."""
        return math.sqrt(self.covariance[0, 0])

    @property
    def offset_error(self) -> float:
        """Standard error of H_s."""
        return math.sqrt(self.covariance[1, 1])

    @property
    def not_a_sigmoid(self) -> bool:
        """Whether a sigmoid is rejected: the p-value is below 0.001."""
        return self.p_value < SIGNIFICANT

    @property
    def verdict(self) -> str:
        """Whether the means follow a sigmoid between straight levels, in a sentence."""
        how = "the readings average over many switches; their means are fitted and are"
        scatter = ""
        if self.field_scatter:
            shown = format_quantity(self.field_scatter, "A/m", "Oe", 2)
            scatter = f"a field that scatters by {shown} from point to point"
        if not self.not_a_sigmoid:
            how = f"{how} {agreement(self.p_value)}"
            allowed = f"; the intervals allow for {scatter}" if scatter else ""
            return f"{how} with a sigmoid between two levels (p = {self.p_value:.2g}){allowed}"
        return (
            f"{how} not a sigmoid between two straight levels (p < {SIGNIFICANT:g})"
            f"{', or taken in ' + scatter if scatter else ''}; all errors are widened"
        )

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """w and H_s with their 95 % intervals."""
        of_slope, (name, symbol, *units) = SLOPE_UNITS["A/m"]
        first, second = (
            (value - q * error, value + q * error)
            for value, error, q in (
                (self.slope, self.slope_error, self.quantiles[0]),
                (self.offset_field, self.offset_error, self.quantiles[1]),
            )
        )
        return (
            Estimate("slope", "w", self.slope, self.slope_error, first, *of_slope),
            Estimate(name, symbol, self.offset_field, self.offset_error, second, *units),
        )

    def probability(self, field: ArrayLike) -> Floats:
        """P(high) of the fit at a field."""
        values = np.asarray(field, dtype=np.float64)
        return np.asarray(switching_probability(values, self.slope, self.offset_field))

    def occupancy(self, field: ArrayLike, mean: ArrayLike) -> Floats:
        """Where means lie between the levels, 0 for low and 1 for high."""
        h = np.asarray(field, dtype=np.float64)
        low, separation = (a + b * h for a, b in (self.low, self.separation))
        return np.asarray((np.asarray(mean) - low) / separation)


def mean_with_error(readings: ArrayLike) -> tuple[float, float]:
    """Mean of a trace and its standard error, from the scatter of the means of its parts.

    Takes 50 readings or more, in their order.  The parts are long compared with the correlation of
    readings that average over many switches; drift widens the error.
    """
    values = np.asarray(readings, dtype=np.float64)
    parts = np.array([part.mean() for part in np.array_split(values, BATCHES)])
    return float(values.mean()), float(parts.std(ddof=1) / math.sqrt(BATCHES))


@guarded("the fit of mean readings")
def fit_scan_of_means(field: ArrayLike, mean: ArrayLike, standard_error: ArrayLike) -> MeanScanFit:
    """Fit P(high | H) between two straight levels to mean readings.

    ``field`` is H of each mean; ``mean`` and ``standard_error`` are in a unit that averages
    linearly over both states; all have shape (fields,).  Errors follow from the curvature of χ²,
    widened where the fit is bad, and include how far the field of
    each mean may be off.  Raises SmtjError if there are too few fields, or if
    the means do not pass from one level to the other.

    Examples
    --------
    >>> h = np.linspace(-40, 40, 17)
    >>> fit = fit_scan_of_means(h, 1000 + 100 / (1 + np.exp(-0.2 * (h - 3))), np.ones(17))
    >>> print(f"w = {fit.slope:.3f}, H_s = {fit.offset_field:.2f}")
    w = 0.200, H_s = 3.00
    """
    h, y, sigma = (np.asarray(a, dtype=np.float64) for a in (field, mean, standard_error))
    if np.unique(h).size < MIN_FIELDS:
        raise SmtjError(
            f"mean readings at {np.unique(h).size} fields do not fix w, H_s and two straight "
            f"levels; measure at {MIN_FIELDS} or more, some beyond the switching on both sides"
        )
    if not (np.isfinite(y).all() and np.isfinite(sigma).all() and (sigma > 0).all()):
        raise SmtjError("mean readings must be finite, and their standard errors above 0")
    centre, scale = float(h.mean()), float(np.ptp(h)) / 2
    x = (h - centre) / scale
    theta, jacobian, chi_squared = _best(x, y, sigma)
    steep, middle = theta[4], theta[5]
    if np.count_nonzero(np.abs(steep * (x - middle)) < MAX_REDUCED_FIELD) < MIN_STEEP_FIELDS:
        raise SmtjError(
            f"the means turn from one level to the other within fewer than {MIN_STEEP_FIELDS} "
            "fields, so the slope has no upper bound; measure at more closely spaced fields, or "
            "for longer"
        )
    degrees = h.size - PARAMETERS
    spread = _spread(jacobian)
    if not (2 * math.sqrt(spread[0, 0]) < abs(steep) and abs(middle) < 1):
        raise SmtjError(
            "the means do not pass from one level to the other within the fields; scan further "
            "to both sides of the switching"
        )
    scatter, used = _scatter(x, y, sigma, theta), sigma
    for _ in range(REFITS if scatter.likely else 0):
        used = np.hypot(sigma, scatter.likely * _slope(x, theta))
        theta, jacobian, _ = _best(x, y, used, theta)
        scatter = _scatter(x, y, sigma, theta)
    steep, middle = theta[4], theta[5]
    left = float(np.sum(((y - _level(x, theta)) / used) ** 2))
    widening = left / degrees if chi_squared_p_value(left, degrees) < SIGNIFICANT else 1.0
    # A field that scatters flattens the mean curve.
    steeper = math.sqrt(1 + ATTENUATION * (steep * scatter.likely) ** 2)
    turn = np.diag([steeper / scale, scale])
    at_fit = turn @ _spread(jacobian) @ turn
    posterior, covariance = posterior_of(
        scatter.weights,
        scatter.shifts[:, 4:] @ turn,
        turn @ scatter.covariances[:, 4:, 4:] @ turn,
        at_fit,
    )
    require_finite("the fit of mean readings", covariance, chi_squared, steep / scale)
    own, error = np.sqrt(np.diag(at_fit)), np.sqrt(np.diag(covariance))
    first, second = (posterior.quantile(0.95, i) * float(own[i] / error[i]) for i in (0, 1))
    # Lines in x become lines in the field.
    low, separation = ((a - b * centre / scale, b / scale) for a, b in (theta[:2], theta[2:4]))
    return MeanScanFit(
        slope=steeper * steep / scale,
        offset_field=centre + scale * middle,
        covariance=widening * covariance,
        low=low,
        separation=separation,
        chi_squared=chi_squared,
        degrees_of_freedom=degrees,
        field_scatter=scatter.likely * scale,
        quantiles=(first, second),
    )


def _spread(jacobian: Floats) -> Floats:
    """Return the covariance of w and H_s, of any size where they are undetermined."""
    try:
        found = np.linalg.inv(jacobian.T @ jacobian)[4:, 4:]
    except np.linalg.LinAlgError:
        found = np.full((2, 2), math.inf)
    return np.where(np.isfinite(found), found, math.inf)


def _level(x: Floats, theta: Floats) -> Floats:
    p = logistic(theta[4] * (x - theta[5]))
    return np.asarray(theta[0] + theta[1] * x + (theta[2] + theta[3] * x) * p)


def _slope(x: Floats, theta: Floats) -> Floats:
    """Return the derivative of the means by the field."""
    p = logistic(theta[4] * (x - theta[5]))
    switching = (theta[2] + theta[3] * x) * theta[4] * p * (1 - p)
    return np.asarray(theta[1] + theta[3] * p + switching)


def _scatter(x: Floats, y: Floats, sigma: Floats, theta: Floats) -> NormalScatter:
    p = logistic(theta[4] * (x - theta[5]))
    switching = (theta[2] + theta[3] * x) * p * (1 - p)
    columns = [np.ones_like(x), x, p, x * p, switching * (x - theta[5]), -switching * theta[4]]
    residual, slope = y - _level(x, theta), _slope(x, theta)
    return integrated_normal(np.stack(columns, axis=1), residual, sigma, slope, slice(4, 6))


def _best(
    x: Floats, y: Floats, sigma: Floats, start: Floats | None = None
) -> tuple[Floats, Floats, float]:
    """Return the best (low, its slope, separation, its slope, w, H_s), Jacobian and χ²."""
    from scipy.optimize import least_squares

    def misfit(theta: Floats) -> Floats:
        return np.asarray((_level(x, theta) - y) / sigma)

    order = np.argsort(x)
    ends = y[order][[0, -1]]
    rises = 1.0 if ends[1] > ends[0] else -1.0
    low, separation = float(ends.min()), float(abs(ends[1] - ends[0]))
    # The levels enter linearly, but the sigmoid has as many false minima as gaps between fields.
    starts = [
        np.array([low, 0.0, separation, 0.0, rises * steep, middle])
        for steep in (4.0, 12.0)
        for middle in (-0.4, 0.0, 0.4)
    ]
    sizes = [separation, separation, separation, separation, 5.0, 0.2]
    found = [
        least_squares(misfit, each, x_scale=sizes, method="trf")
        for each in (starts if start is None else [start])
    ]
    best = min(found, key=lambda each: each.cost)
    return np.asarray(best.x), np.asarray(best.jac), 2 * float(best.cost)
