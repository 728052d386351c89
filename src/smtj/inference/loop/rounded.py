"""Rounded loops: levels extrapolated from the approach to saturation.

    R(H) = A + B s[(H - H_b)/w],

with the same A, B and w for all sweeps, and an H_b for rising and for falling ones.  Levels, A - B
and A + B, that slope or bend with the field, where the readings show it, are those at zero field.
Which s a device follows is unknown, so several are tried, and an interval holds what any of them
allows: the likelihood is maximised over the shapes as well (P. D. Dauncey et al., J. Instrum. 10,
P04015 (2015), doi:10.1088/1748-0221/10/04/P04015).
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
SATURATED = 2.5
"""Widths that the readings go beyond H_b on either side where levels may slope."""
MAX_SLOPE = 0.3
"""Largest change of a level over the loop, in separations."""
MIN_GAIN = 4.0
"""Gain in Akaike's criterion from which levels slope or bend."""
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
    bends: Floats
    """How both levels change with the field: factors of its powers from 1 on, (degree, 2)."""
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
        s = SHAPES[self.shape]((field - at) / self.width)
        found = self.middle + self.half * s
        for power, (below, above) in enumerate(self.bends, 1):
            found = found + field**power * (below * (1 - s) + above * (1 + s)) / 2
        return np.asarray(found)


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
    rough = not with_intervals

    def fitted(degree: int) -> dict[str, _Shape]:
        powers = (field[:, None] / scale) ** np.arange(1, degree + 1)
        shapes = SHAPES.items()
        return {name: _Shape(s, x, y, groups, kinds, powers, rough) for name, s in shapes}

    fits = fitted(0)
    best = min(fits.values(), key=lambda each: each.squares)
    if best.reaches_levels or inflation(best.residuals(best.theta)) > 1:
        for degree in (1, 2):
            sloped = {k: fit for k, fit in fitted(degree).items() if fit.keeps_levels}
            other = min(sloped.values(), key=lambda each: each.squares, default=best)
            if other.criterion < best.criterion - MIN_GAIN:
                fits, best = sloped, other
    name = next(name for name, fit in fits.items() if fit is best)
    theta, (below, above) = best.theta, best.linear[:2]
    middle, half = (below + above) / 2, (above - below) / 2
    parameters = best.parameters
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
        bends=span * best.bends / scale ** np.arange(1, len(best.bends) + 1)[:, None],
        width=scale * math.exp(theta[0]),
        centre=centre + scale * theta[1:],
        centre_covariance=np.asarray(scale**2 * covariance[-kinds:, -kinds:], dtype=np.float64),
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
        powers: Floats,
        rough: bool,
    ):
        self.shape, self.x, self.y, self.groups, self.kinds = shape, x, y, groups, kinds
        self.powers = powers
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
        self.linear = np.linalg.lstsq(self.design(self.theta), y)[0]
        self.parameters = self.linear.size + self.theta.size
        self.criterion = y.size * math.log(max(self.squares, 1e-300)) + 2 * self.parameters

    @property
    def bends(self) -> Floats:
        """Factors of each power of the field, at s = -1 and 1."""
        return np.asarray(self.linear[2:].reshape(-1, 2))

    @property
    def keeps_levels(self) -> bool:
        """Whether the readings reach levels that change less than they are apart."""
        change = np.ptp(self.powers @ self.bends, axis=0).max()
        return self.reaches_levels and bool(
            change < MAX_SLOPE * abs(self.linear[1] - self.linear[0])
        )

    @property
    def reaches_levels(self) -> bool:
        """Whether the readings go far beyond both ends of the change."""
        width = math.exp(self.theta[0])
        for k, at in enumerate(self.theta[1:]):
            x = self.x[self.groups == k]
            if min(x.max() - at, at - x.min()) < SATURATED * width:
                return False
        return True

    def curve(self, theta: Floats) -> Floats:
        at = theta[1 + self.groups]
        return self.shape((self.x - at) * math.exp(-max(theta[0], -12.0)))

    def design(self, theta: Floats) -> Floats:
        """Return what each level, and its change with each power of the field, adds."""
        s = self.curve(theta)
        ends = np.stack([(1 - s) / 2, (1 + s) / 2], axis=1)
        bent = (self.powers[:, :, None] * ends[:, None]).reshape(s.size, -1)
        return np.concatenate([ends, bent], axis=1)

    def residuals(self, theta: Floats) -> Floats:
        return _rest(self.design(theta), self.y)

    def jacobian(self) -> Floats:
        """Derivatives by the linear parameters, ln w and H_b."""
        columns = [self.design(self.theta)]
        for i in range(self.theta.size):
            step = np.zeros(self.theta.size)
            step[i] = 1e-5
            slope = (self.design(self.theta + step) - self.design(self.theta - step)) / 2e-5
            columns.append((slope @ self.linear)[:, None])
        return np.concatenate(columns, axis=1)

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
        low = 0 if self.linear[1] > self.linear[0] else 1
        warm = {"theta": self.theta}

        def profile(fixed: float) -> float:
            def residuals(theta: Floats) -> Floats:
                design = self.design(theta)
                if which == 2:
                    both = design[:, [low]] + (1 + fixed) * design[:, [1 - low]]
                    return _rest(np.concatenate([both, design[:, 2:]], axis=1), self.y + y0)
                held = low if which == 0 else 1 - low
                return _rest(np.delete(design, held, axis=1), self.y - fixed * design[:, held])

            theta, squares = self._minimum(residuals, warm["theta"])
            warm["theta"] = theta
            return squares

        ends = []
        lower, upper = sorted(self.linear[:2].tolist())
        own = lower if which == 0 else upper
        if which == 2:
            own = (upper - lower) / (lower + y0) if lower + y0 > 0 else value
        step = math.sqrt(max(limit - self.squares, 1e-30) / self.y.size)
        step *= 1.0 if which < 2 else max(1.0 / max(y0 - 0.5, 0.1), 1e-6)
        for direction in (-1, 1):
            warm["theta"] = self.theta
            far = own + direction * MAX_GROWTH * (1 if which < 2 else abs(own))
            ends.append(_crossing(profile, own, direction * step, limit, far))
        return ends[0], ends[1]


def _rest(design: Floats, y: Floats) -> Floats:
    """Return what the best combination of some columns leaves of readings."""
    return np.asarray(y - design @ np.linalg.lstsq(design, y)[0])


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
