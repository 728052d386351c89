"""The sigmoid from mean readings alone, where a reading averages over many switches.

Where the device switches within the integration time, no single reading shows a level, but their
mean still lies between the levels in proportion to the time spent in them:

    ⟨R⟩(H) = R_low(H) + [R_high(H) - R_low(H)] P(high | H),

with both levels straight lines in the field.  A scan that reaches far enough to both sides fixes
the lines by its ends, and w and H_s by what lies between.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from smtj.errors import SmtjError
from smtj.inference.sigmoid.fit import SLOPE_UNITS
from smtj.inference.sigmoid.logistic import SIGNIFICANT
from smtj.inference.stats.checks import guarded, require_finite
from smtj.inference.stats.distributions import ChiSquared, chi_squared_p_value
from smtj.inference.stats.estimate import Estimate, normal_estimate
from smtj.physics.arrays import logistic
from smtj.physics.switching import switching_probability
from smtj.typing import Floats

MIN_FIELDS = 8
BATCHES = 25
"""Parts of a trace whose means give the error of the mean."""
PARAMETERS = 6
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
    degrees_of_freedom: int

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
        """Whether so bad a fit has a probability below 0.001."""
        return self.p_value < SIGNIFICANT

    @property
    def verdict(self) -> str:
        """Whether the means follow a sigmoid between straight levels, in a sentence."""
        how = "the readings average over many switches; their means are fitted and are"
        if not self.not_a_sigmoid:
            return f"{how} consistent with a sigmoid between two levels (p = {self.p_value:.2g})"
        return (
            f"{how} not a sigmoid between two straight levels (p < {SIGNIFICANT:g}); all errors "
            "are widened"
        )

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """w and H_s with their 95 % intervals."""
        of_slope, (name, symbol, *units) = SLOPE_UNITS["A/m"]
        return (
            normal_estimate("slope", "w", self.slope, self.slope_error, *of_slope),
            normal_estimate(name, symbol, self.offset_field, self.offset_error, *units),
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
    widened by √(χ²/dof) where the fit is bad.  Raises SmtjError if there are too few fields, or if
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
    try:
        spread = np.linalg.inv(jacobian.T @ jacobian)[4:, 4:]
    except np.linalg.LinAlgError:
        spread = np.full((2, 2), math.inf)
    degrees = h.size - PARAMETERS
    known = np.isfinite(spread).all() and 2 * math.sqrt(spread[0, 0]) < abs(steep)
    if not (known and abs(middle) < 1):
        raise SmtjError(
            "the means do not pass from one level to the other within the fields; scan further "
            "to both sides of the switching"
        )
    widening = 1.0
    if chi_squared_p_value(chi_squared, degrees) < SIGNIFICANT:
        widening = chi_squared / degrees
    turn = np.diag([1 / scale, scale])
    require_finite("the fit of mean readings", turn @ spread @ turn, chi_squared, steep / scale)
    # Lines in x become lines in the field.
    low, separation = ((a - b * centre / scale, b / scale) for a, b in (theta[:2], theta[2:4]))
    return MeanScanFit(
        slope=steep / scale,
        offset_field=centre + scale * middle,
        covariance=widening * turn @ spread @ turn,
        low=low,
        separation=separation,
        chi_squared=chi_squared,
        degrees_of_freedom=degrees,
    )


def _best(x: Floats, y: Floats, sigma: Floats) -> tuple[Floats, Floats, float]:
    """Return the best (low, its slope, separation, its slope, w, H_s), Jacobian and χ²."""
    from scipy.optimize import least_squares

    def misfit(theta: Floats) -> Floats:
        p = logistic(theta[4] * (x - theta[5]))
        level = theta[0] + theta[1] * x + (theta[2] + theta[3] * x) * p
        return np.asarray((level - y) / sigma)

    order = np.argsort(x)
    ends = y[order][[0, -1]]
    rises = 1.0 if ends[1] > ends[0] else -1.0
    low, separation = float(ends.min()), float(abs(ends[1] - ends[0]))
    # The levels enter linearly, but the sigmoid has as many false minima as gaps between fields.
    found = [
        least_squares(
            misfit,
            [low, 0.0, separation, 0.0, rises * steep, middle],
            x_scale=[separation, separation, separation, separation, 5.0, 0.2],
            method="trf",
        )
        for steep in (4.0, 12.0)
        for middle in (-0.4, 0.0, 0.4)
    ]
    best = min(found, key=lambda each: each.cost)
    return np.asarray(best.x), np.asarray(best.jac), 2 * float(best.cost)
