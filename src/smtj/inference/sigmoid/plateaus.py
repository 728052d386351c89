"""A sigmoid that ends above 0 or below 1: P = P_min + (P_max - P_min)/(1 + exp[-w (H - H_s)]).

Reads that are told wrongly, or a third state, keep P from 0 and 1 however large the field.  Taken
for a sigmoid, such points look as if their fields scattered, and w and H_s follow their ends.  A
plateau is told where it describes the points clearly better than fields that scatter do.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtj.inference.sigmoid.scatter import NormalScatter, integrated_normal
from smtj.inference.stats.logistic import deviances, straight_line
from smtj.physics.arrays import logistic
from smtj.typing import Floats

MARGIN = 4.0
"""Gain in log-likelihood, beyond the price of a parameter (BIC), from which plateaus are told."""
MIN_DEGREES = 3
"""Fields beyond the parameters without which no plateau is sought."""
MOST = 0.45
"""Largest distance of a plateau from 0 or 1."""
STEEPER = (1.0, 2.0, 5.0)
"""Slopes of the starts over that of the sigmoid without plateaus."""
REFITS = 3
_FREE = ((True, False), (False, True), (True, True))


@dataclass(frozen=True, eq=False)
class Plateaus:
    """A sigmoid between plateaus, with log-odds a + b x of where it lies between them."""

    theta: Floats
    """(a, b)."""
    ends: tuple[float, float]
    """P_min and P_max."""
    errors: tuple[float, float]
    """Their standard errors; 0 where an end is 0 or 1."""
    reads: Floats
    """Reads that each field counts as."""
    scatter: NormalScatter
    """Of the field, with the parameters a, b and the free ends."""
    free: int
    """Number of ends that are free."""

    def probability(self, x: Floats) -> Floats:
        """Return P."""
        return _probability(self.theta, self.ends, x)

    @property
    def excess(self) -> float:
        """Likely w σ_H."""
        return abs(float(self.theta[1])) * self.scatter.likely


def with_plateaus(
    x: Floats, fractions: Floats, n: Floats, theta: Floats, reads: Floats
) -> Plateaus | None:
    """Return the sigmoid between plateaus, None if plain ``theta`` does about as well.

    ``reads`` of the independent ``n`` is what each field counts as with the scatter that the
    sigmoid without plateaus asks for.
    """
    plain = _merit(fractions, n, reads, logistic(straight_line(x) @ theta))
    best, best_merit = None, plain + MARGIN
    for free in _FREE:
        count = sum(free)
        if x.size < 2 + count + MIN_DEGREES:
            continue
        found = _fitted(x, fractions, n, theta, np.array(free))
        merit = _merit(fractions, n, found.reads, found.probability(x))
        merit -= 0.5 * count * math.log(x.size)
        if merit > best_merit:
            best, best_merit = found, merit
    return best


def _merit(fractions: Floats, n: Floats, reads: Floats, p: Floats) -> float:
    """Return the log-likelihood of fractions whose variance is n/reads times that of counting."""
    return -0.5 * float(deviances(fractions, reads, p).sum() + np.log(n / reads).sum())


def _fitted(
    x: Floats, fractions: Floats, n: Floats, theta: Floats, free: NDArray[np.bool_]
) -> Plateaus:
    low, high = float(fractions.min()), float(fractions.max())
    ends = np.where(free, (min(low, MOST), max(high, 1 - MOST)), (0.0, 1.0))
    starts = [np.concatenate([factor * theta, ends]) for factor in STEEPER]
    best = min((_maximum(x, fractions, n, one, free) for one in starts), key=lambda one: one[1])[0]
    scatter, reads = _scatter(x, fractions, n, best, free), n
    for _ in range(REFITS if scatter.likely else 0):
        error, slope = _error(x, n, best), _slope(x, best)
        reads = n / (1 + (scatter.likely * slope / error) ** 2)
        best = _maximum(x, fractions, reads, best, free)[0]
        scatter = _scatter(x, fractions, n, best, free)
    variance = np.einsum("s,sii->i", scatter.weights, scatter.covariances)[2:]
    errors = np.zeros(2)
    errors[free] = np.sqrt(variance)
    return Plateaus(
        theta=best[:2],
        ends=(float(best[2]), float(best[3])),
        errors=(float(errors[0]), float(errors[1])),
        reads=reads,
        scatter=scatter,
        free=int(free.sum()),
    )


def _probability(theta: Floats, ends: tuple[float, float] | Floats, x: Floats) -> Floats:
    return np.asarray(ends[0] + (ends[1] - ends[0]) * logistic(theta[0] + theta[1] * x))


def _maximum(
    x: Floats, fractions: Floats, n: Floats, start: Floats, free: NDArray[np.bool_]
) -> tuple[Floats, float]:
    """Return the likeliest (a, b, P_min, P_max) and its loss; ends that are not free stay."""
    from scipy.optimize import minimize
    from scipy.special import xlogy

    which = np.concatenate([[True, True], free])

    def loss(values: Floats) -> tuple[float, Floats]:
        full = start.copy()
        full[which] = values
        p = np.clip(_probability(full[:2], full[2:], x), 1e-12, 1 - 1e-12)
        slope = -n * (fractions - p) / (p * (1 - p))
        total = -(n * (xlogy(fractions, p) + xlogy(1 - fractions, 1 - p))).sum()
        return float(total), (slope @ _columns(x, full))[which]

    bounds = np.array([(None, None), (None, None), (0.0, MOST), (1 - MOST, 1.0)], dtype=object)
    found = minimize(
        loss, start[which], jac=True, method="L-BFGS-B", bounds=[tuple(b) for b in bounds[which]]
    )
    full = start.copy()
    full[which] = found.x
    return full, float(found.fun)


def _columns(x: Floats, full: Floats) -> Floats:
    """Return the derivatives of P by (a, b, P_min, P_max), shape (fields, 4)."""
    inner = logistic(full[0] + full[1] * x)
    switching = (full[3] - full[2]) * inner * (1 - inner)
    return np.stack([switching, switching * x, 1 - inner, inner], axis=1)


def _slope(x: Floats, full: Floats) -> Floats:
    return np.asarray(full[1] * _columns(x, full)[:, 0])


def _error(x: Floats, n: Floats, full: Floats) -> Floats:
    """Return the standard errors of counting, of which none is 0."""
    least = 0.5 / (n + 1)
    p = np.clip(_probability(full[:2], full[2:], x), least, 1 - least)
    return np.asarray(np.sqrt(p * (1 - p) / n))


def _scatter(
    x: Floats, fractions: Floats, n: Floats, full: Floats, free: NDArray[np.bool_]
) -> NormalScatter:
    columns = _columns(x, full)[:, np.concatenate([[True, True], free])]
    residual = fractions - _probability(full[:2], full[2:], x)
    return integrated_normal(columns, residual, _error(x, n, full), _slope(x, full), slice(0, 2))
