"""Rounded loops: levels extrapolated from the approach to saturation.

    R(H) = A + B s[(H - H_b)/w],

with the same A, B and w for all sweeps, and an H_b for rising and for falling ones.  Which s a
device follows is unknown, so several are tried, and an interval holds what any of them allows: the
likelihood is maximised over the shapes as well (P. D. Dauncey et al., J. Instrum. 10, P04015
(2015), doi:10.1088/1748-0221/10/04/P04015).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtj.typing import Floats

Groups = NDArray[np.int64]

MAX_GROWTH = 50.0
"""Largest distance of a level from the readings, in ranges of the readings; beyond, unbounded."""
ROUGH = 25
"""Evaluations from each start, enough to tell which is the best."""


def _langevin(x: Floats) -> Floats:
    y = 3 * np.where(np.abs(x) < 1e-3, 1e-3, x)
    return np.asarray(np.where(np.abs(x) < 1e-3, x, 1 / np.tanh(y) - 1 / y))


def _erf(x: Floats) -> Floats:
    from scipy.special import erf

    return np.asarray(erf(x * math.sqrt(math.pi) / 2))


def _line(x: Floats) -> Floats:
    return np.clip(x, -1, 1)


SHAPES: dict[str, Callable[[Floats], Floats]] = {
    "tanh": np.tanh,
    "error function": _erf,
    "Langevin function": _langevin,
    "straight line between the levels": _line,
}
"""Odd, from -1 to 1, of slope 1 at 0."""


@dataclass(frozen=True, eq=False)
class Rounded:
    """The best shape."""

    shape: str
    middle: float
    half: float
    """Half of R_AP - R_P; negative where R falls with the field."""
    width: float
    centre: Floats
    """H_b of rising and of falling sweeps; one value if only one kind was measured."""
    centre_covariance: Floats
    squares: float
    """Sum of squared residuals."""
    residuals: Floats
    parameters: int
    model: Floats
    """R in ohm at each reading."""
    inflation: float
    """Variance inflation of the residuals."""
    intervals: tuple[tuple[float, float], ...]
    """95 % intervals of R_P, R_AP and, if both are above 0, of TMR."""

    def resistance(self, field: Floats, kind: int) -> Floats:
        """R in ohm for rising (0) or falling (1) sweeps."""
        at = self.centre[min(kind, self.centre.size - 1)]
        return np.asarray(self.middle + self.half * SHAPES[self.shape]((field - at) / self.width))


def fit_rounded(
    field: Floats, resistance: Floats, kind: Floats, with_intervals: bool = True
) -> Rounded:
    """Fit all shapes; ``kind`` numbers the H_b of each reading from 0.

    Without intervals the fit is rough, for comparison with a square loop, about which it would
    converge slowly: a width below the steps of the field changes nothing.
    """
    centre, scale = float(np.mean(field)), float(np.ptp(field))
    x, groups = (field - centre) / scale, kind.astype(np.int64)
    y0, span = float(resistance.mean()), max(float(np.ptp(resistance)), 1e-300)
    y = (resistance - y0) / span
    kinds = int(groups.max()) + 1
    fits = {
        name: _Shape(function, x, y, groups, kinds, rough=not with_intervals)
        for name, function in SHAPES.items()
    }
    name = min(fits, key=lambda each: fits[each].squares)
    best = fits[name]
    theta, (middle, half) = best.theta, best.linear
    parameters = 2 + theta.size
    residuals = best.residuals(theta)
    degrees = max(y.size - parameters, 1)
    jacobian = best.jacobian()
    inflated = inflation(residuals)
    variance = best.squares / degrees * inflated
    covariance = np.linalg.pinv(jacobian.T @ jacobian) * variance
    found = Rounded(
        shape=name,
        middle=y0 + span * middle,
        half=span * half,
        width=scale * math.exp(theta[0]),
        centre=centre + scale * theta[1:],
        centre_covariance=np.asarray(scale**2 * covariance[3:, 3:], dtype=np.float64),
        squares=span**2 * best.squares,
        residuals=span * residuals,
        parameters=parameters,
        model=resistance - span * residuals,
        inflation=inflated,
        intervals=(),
    )
    if not with_intervals:
        return found
    from scipy.special import stdtrit

    t = float(stdtrit(degrees, 0.975))
    limit = best.squares + max(t**2 * variance, 1e-24)
    possible = [fit for fit in fits.values() if fit.squares < limit]
    low, high = found.middle - abs(found.half), found.middle + abs(found.half)
    values = [(low - y0) / span, (high - y0) / span]
    if low > 0:
        values.append((high - low) / low)
    least, ends = 0.0 if low > 0 else -math.inf, []
    for which, value in enumerate(values):
        each = [fit.interval(which, value, limit, y0 / span) for fit in possible]
        lowest, highest = min(e[0] for e in each), max(e[1] for e in each)
        if which < 2:
            lowest, highest = (y0 + span * end for end in (lowest, highest))
        ends.append((max(lowest, least), highest))
    return Rounded(**{**found.__dict__, "intervals": tuple(ends)})


class _Shape:
    """One shape fitted to readings of order 1, linear parameters solved for within."""

    def __init__(
        self,
        shape: Callable[[Floats], Floats],
        x: Floats,
        y: Floats,
        groups: Groups,
        kinds: int,
        rough: bool,
    ):
        self.shape, self.x, self.y, self.groups, self.kinds = shape, x, y, groups, kinds
        # The crossing of the middle is a start for H_b.
        middle = (y.max() + y.min()) / 2
        nearest = [
            float(np.median(x[groups == k][np.argsort(np.abs(y[groups == k] - middle))[:3]]))
            for k in range(kinds)
        ]
        starts = [np.array([math.log(w), *nearest]) for w in (0.03, 0.15, 0.5)]
        found = [self._minimum(self.residuals, start, ROUGH) for start in starts]
        self.theta, self.squares = min(found, key=lambda each: each[1])
        if not rough:
            self.theta, self.squares = self._minimum(self.residuals, self.theta)
        self.linear = self._solve(self.theta)

    def curve(self, theta: Floats) -> Floats:
        at = theta[1 + self.groups]
        return self.shape((self.x - at) * math.exp(-max(theta[0], -12.0)))

    def _solve(self, theta: Floats) -> tuple[float, float]:
        s = self.curve(theta)
        ds = s - s.mean()
        half = float(ds @ self.y / max(ds @ ds, 1e-300))
        return float(self.y.mean() - half * s.mean()), half

    def residuals(self, theta: Floats) -> Floats:
        middle, half = self._solve(theta)
        return self.y - middle - half * self.curve(theta)

    def jacobian(self) -> Floats:
        """Derivatives by middle, half, ln w and H_b."""
        s = self.curve(self.theta)
        columns = [np.ones_like(s), s]
        for i in range(self.theta.size):
            step = np.zeros(self.theta.size)
            step[i] = 1e-5
            slope = (self.curve(self.theta + step) - self.curve(self.theta - step)) / 2e-5
            columns.append(self.linear[1] * slope)
        return np.stack(columns, axis=1)

    def _minimum(
        self,
        residuals: Callable[[Floats], Floats],
        start: Floats,
        max_evaluations: int | None = None,
    ) -> tuple[Floats, float]:
        from scipy.optimize import least_squares

        lower = [-12.0, *[-3.0] * self.kinds]
        upper = [6.0, *[3.0] * self.kinds]
        found = least_squares(
            residuals,
            np.clip(start, lower, upper),
            bounds=(lower, upper),
            max_nfev=max_evaluations,
        )
        return np.asarray(found.x), 2 * float(found.cost)

    def interval(self, which: int, value: float, limit: float, y0: float) -> tuple[float, float]:
        """Return where R_P (0), R_AP (1) or TMR (2) raises the squares up to a limit."""
        sign = 1.0 if self.linear[1] > 0 else -1.0
        warm = {"theta": self.theta}

        def profile(fixed: float) -> float:
            def residuals(theta: Floats) -> Floats:
                part = (1 + sign * self.curve(theta)) / 2
                if which == 2:
                    basis, rest = 1 + fixed * part, self.y + y0
                else:
                    basis = part if which == 0 else 1 - part
                    rest = self.y - fixed
                scale = float(basis @ rest) / max(float(basis @ basis), 1e-300)
                return np.asarray(rest - basis * scale)

            theta, squares = self._minimum(residuals, warm["theta"])
            warm["theta"] = theta
            return squares

        ends = []
        own = self.linear[0] + (-1, 1, 0)[which] * abs(self.linear[1])
        if which == 2:
            low = self.linear[0] - abs(self.linear[1]) + y0
            own = 2 * abs(self.linear[1]) / low if low > 0 else value
        step = math.sqrt(max(limit - self.squares, 1e-30) / self.y.size)
        step *= 1.0 if which < 2 else max(1.0 / max(y0 - 0.5, 0.1), 1e-6)
        for direction in (-1, 1):
            warm["theta"] = self.theta
            far = own + direction * MAX_GROWTH * (1 if which < 2 else abs(own))
            ends.append(_crossing(profile, own, direction * step, limit, far))
        return ends[0], ends[1]


def inflation(residuals: Floats) -> float:
    """Variance inflation of serially correlated residuals; 1 where they look independent."""
    n = residuals.size
    power = float(residuals @ residuals)
    rho = float(residuals[1:] @ residuals[:-1]) / power if power > 0 else 0.0
    if rho < 2.5 / math.sqrt(n):
        return 1.0
    return (1 + min(rho, 0.95)) / (1 - min(rho, 0.95))


def _crossing(
    profile: Callable[[float], float], best: float, step: float, limit: float, furthest: float
) -> float:
    """Return where a profile that rises from ``best`` reaches a limit; infinite beyond the end."""
    from scipy.optimize import brentq

    inside, reach = best, step
    if profile(best) >= limit:
        return best
    while (best + reach - furthest) * step < 0:
        if profile(best + reach) > limit:
            return float(
                brentq(lambda v: profile(v) - limit, inside, best + reach, xtol=1e-3 * abs(step))
            )
        inside, reach = best + reach, 2 * reach
    return math.copysign(math.inf, step)
