"""Loops of the resistance against a voltage or a current that switches the device.

Each sweep jumps between two states, whose resistances may depend on the bias, as that of the
antiparallel state falls on both sides of zero: as a parabola, a tip |x|, or 1/(1 + x²/x_h²), each
with a slope; of these laws the likeliest counts (Akaike's criterion).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smtj.errors import SmtjError
from smtj.inference.loop.branches import MIN_READINGS, Branch, Switch, split
from smtj.inference.loop.rounded import inflation
from smtj.inference.loop.switching import middle_or_width, switching_estimate
from smtj.inference.stats.checks import guarded
from smtj.inference.stats.estimate import NORMAL_MAD, Estimate, normal_estimate
from smtj.typing import Floats

Law = Callable[[Floats], Floats]
"""Of the bias over the largest: what each coefficient adds to the resistance."""
MIN_LOOP_READINGS = 20
JUMP = 8.0
"""Least size of a jump, in robust standard deviations of the other steps."""
STEPS = 5
"""Neighbouring steps whose median is the usual one."""
SECOND = 0.5
"""Size over the largest from which another step in a sweep is a second switch."""
HALVES = np.geomspace(0.15, 3.0, 24)
"""x_h over the largest bias."""
OUTLYING = 8.0
"""What a reading that is left out costs in Akaike's criterion."""
FAR = 5.0
"""Distance from a state in standard deviations from which a reading is left out."""
MIN_SIGNIFICANCE = 5.0
"""Separation of the states at zero bias in standard errors below which it does not show."""


@dataclass(frozen=True, eq=False)
class BiasLoop:
    """Resistances of both states at zero bias, and where the bias switches; SI units."""

    parallel_resistance: Estimate
    antiparallel_resistance: Estimate
    tmr: Estimate
    switching: tuple[Estimate, ...]
    """Switching values, then half width and middle, of those the loop has; in the unit of the bias,
    under the symbols of fields."""
    noise: Estimate
    rises: bool
    """Whether a rising bias leaves the state of low resistance."""
    is_high: NDArray[np.bool_]
    """State of each reading."""
    resistance: Floats
    """That of the state at each reading, in ohm; nan for readings that were left out."""

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """All fitted numbers."""
        both = self.parallel_resistance, self.antiparallel_resistance
        return (*both, self.tmr, *self.switching, self.noise)


@guarded("the fit of the loop")
def fit_bias_loop(bias: ArrayLike, resistance: ArrayLike, weight: ArrayLike = 1.0) -> BiasLoop:
    """Fit both states and the switching of a loop against voltage or current.

    Parameters
    ----------
    bias
        In V or A, in the order of measurement, shape (readings,).
    resistance
        In ohm.
    weight
        1 over the relative size of the noise of each reading.

    Raises
    ------
    SmtjError
        There are too few readings, no sweep jumps, or one jumps more than once.

    Examples
    --------
    >>> x = np.concatenate([np.linspace(-1, 1, 81), np.linspace(1, -1, 81)])
    >>> high = np.where(np.arange(162) < 81, x < 0.4, x < -0.5)
    >>> r = np.where(high, 2000 - 600 * x**2, 1000.0) + np.random.default_rng(0).normal(size=162)
    >>> loop = fit_bias_loop(x, r)
    >>> print(f"TMR {loop.tmr.value:.2f}, from {loop.switching[1].value:.2f} V")
    TMR 1.00, from -0.51 V
    """
    x, r = (np.asarray(a, dtype=np.float64).ravel() for a in (bias, resistance))
    w = np.broadcast_to(np.asarray(weight, dtype=np.float64), x.shape)
    if x.size != r.size or x.size < MIN_LOOP_READINGS:
        raise SmtjError(f"a loop needs {MIN_LOOP_READINGS} readings or more, each with its bias")
    branches = [b for b in split(x) if b.readings.stop - b.readings.start >= MIN_READINGS]
    found = [_jump(x[b.readings], r[b.readings], w[b.readings], b) for b in branches]
    if not branches or not branches[0].ordered or not any(found):
        raise SmtjError(
            "no sweep of the bias jumps between two resistances, so that nothing of the device "
            "follows from the curve alone; sweep further, or measure P against the bias, or traces"
        )
    is_high, known = np.zeros(x.size, bool), np.zeros(x.size, bool)
    for branch, switch in zip(branches, found, strict=True):
        if switch is not None:
            own = branch.readings
            beyond = x[own] > (switch.low + switch.high) / 2
            is_high[own], known[own] = beyond == switch.upwards, True
    states = [_state(x, r, w, known & (is_high == state)) for state in (False, True)]
    fitted = np.where(is_high, states[1].at(x), states[0].at(x))
    used = known & np.where(is_high, states[1].near(x, r, w), states[0].near(x, r, w))
    low, high = states
    if not high.value - low.value > MIN_SIGNIFICANCE * math.hypot(high.error, low.error):
        raise SmtjError(
            "the two states of the loop do not differ at zero bias; read nearer to zero bias"
        )
    ratio = high.value / low.value
    relative, half = (
        math.hypot(a / high.value, b / low.value)
        for a, b in ((high.error, low.error), (high.half, low.half))
    )
    rest = (r - fitted)[used] * w[used]
    noise = float(np.sqrt((rest**2).sum() / max(used.sum() - 6, 1)))
    switches = [switch for switch in found if switch is not None]
    return BiasLoop(
        low.estimate("parallel resistance", "R_P"),
        high.estimate("antiparallel resistance", "R_AP"),
        Estimate("TMR", "TMR", ratio - 1, ratio * relative,
                 (ratio - ratio * half - 1, ratio + ratio * half - 1), "", "%"),
        _switching(switches),
        normal_estimate("noise", "σ", noise, noise / math.sqrt(2 * rest.size), "ohm", "ohm"),
        switches[0].upwards, is_high, np.where(used, fitted, np.nan),
    )  # fmt: skip


def _jump(x: Floats, r: Floats, w: Floats, branch: Branch) -> Switch | None:
    """Return where a sweep jumps; None if it does not."""
    steps = np.diff(r) * np.minimum(w[1:], w[:-1])
    # Where a state slopes, all steps near by do.
    ends = np.pad(steps, STEPS // 2, mode="reflect")
    usual = np.median(np.lib.stride_tricks.sliding_window_view(ends, STEPS), axis=1)
    scale = max(NORMAL_MAD * float(np.median(np.abs(steps - usual))), 1e-9 * float(np.abs(r).max()))
    size = np.abs(steps - usual)
    at = int(size.argmax())
    if size[at] < JUMP * scale:
        return None
    others = np.delete(size, slice(max(at - 1, 0), at + 2))
    if others.size and others.max() > max(SECOND * size[at], JUMP * scale):
        raise SmtjError(
            "a sweep of the bias switches more than once, as a device does that switches by "
            "itself: traces or P against the bias can be fitted"
        )
    low, high = sorted((float(x[at]), float(x[at + 1])))
    return Switch(branch.rising, low, high, bool((r[at + 1] > r[at]) == branch.rising))


@dataclass(frozen=True, eq=False)
class _State:
    value: float
    error: float
    half: float
    """Half of the 95 % interval of the value."""
    law: Law
    coefficients: Floats
    size: float
    noise: float
    criterion: float
    half_bias: float | None
    """x_h over the largest bias, of a hill."""

    def at(self, x: Floats) -> Floats:
        return np.asarray(self.law(x / self.size) @ self.coefficients)

    def near(self, x: Floats, r: Floats, w: Floats) -> NDArray[np.bool_]:
        return np.asarray(np.abs(r - self.at(x)) * w <= FAR * self.noise)

    def estimate(self, name: str, symbol: str) -> Estimate:
        interval = (max(self.value - self.half, 0.0), self.value + self.half)
        return Estimate(name, symbol, self.value, self.error, interval, "ohm", "ohm")


def _parabola(x: Floats) -> Floats:
    return np.stack([np.ones_like(x), x, x**2], axis=-1)


def _tip(x: Floats) -> Floats:
    return np.stack([np.ones_like(x), x, np.abs(x)], axis=-1)


def _hill(x: Floats, half: float) -> Floats:
    # Less what it is at zero, where the other terms alone give the resistance.
    return np.stack([np.ones_like(x), x, 1 / (1 + (x / half) ** 2) - 1], axis=-1)


LAWS: tuple[Law, ...] = (_parabola, _tip, *(partial(_hill, half=float(half)) for half in HALVES))


def _state(x: Floats, r: Floats, w: Floats, used: NDArray[np.bool_]) -> _State:
    """Fit the likeliest law to the readings of a state, of which those far off are left out."""
    enough = np.count_nonzero(used) >= 2 * MIN_READINGS
    laws = LAWS if enough else ()
    fitted = [one for law in laws if (one := _by_law(law, x, r, w, used)) is not None]
    if not fitted:
        raise SmtjError("a state of the loop has too few readings; take smaller steps")
    best = min(fitted, key=lambda one: one.criterion)
    if best.half_bias is None:
        return best
    from scipy.optimize import minimize_scalar

    def cost(log_half: float) -> float:
        one = _by_law(partial(_hill, half=math.exp(log_half)), x, r, w, used)
        return math.inf if one is None else one.criterion

    middle, reach = math.log(best.half_bias), math.log(HALVES[1] / HALVES[0])
    ends = (middle - reach, middle + reach)
    found = minimize_scalar(cost, bounds=ends, method="bounded", options={"xatol": 1e-3})
    law = partial(_hill, half=math.exp(float(found.x)))
    return min((_by_law(law, x, r, w, used) or best, best), key=lambda one: one.criterion)


def _by_law(law: Law, x: Floats, r: Floats, w: Floats, used: NDArray[np.bool_]) -> _State | None:
    """Return a law fitted to the readings of a state; None if most are far from it."""
    from scipy.special import stdtrit

    size = float(np.abs(x).max())
    keep = every = np.flatnonzero(used)
    for _ in range(3):
        if keep.size < 2 * MIN_READINGS and keep is not every:
            return None
        basis = law(x[keep] / size)
        weighted = basis * w[keep, None]
        inverse = np.linalg.pinv(weighted.T @ weighted)
        solution = inverse @ weighted.T @ (r[keep] * w[keep])
        rest = (r[keep] - basis @ solution) * w[keep]
        spread = NORMAL_MAD * float(np.median(np.abs(rest)))
        near = np.abs(rest) <= max(FAR * spread, 1e-9 * float(np.abs(r).max()))
        if near.all():
            break
        keep = keep[near]
    freedom = keep.size - 3
    squares = float(rest @ rest)
    half_bias = float(law.keywords["half"]) if isinstance(law, partial) else None
    if half_bias is not None:
        step = 1e-4 * half_bias
        ahead, behind = (_hill(x[keep] / size, half_bias + each) for each in (step, -step))
        moved = ((ahead - behind) @ solution / (2 * step) * w[keep])[:, None]
        weighted = np.concatenate([weighted, moved], axis=1)
        inverse, freedom = np.linalg.pinv(weighted.T @ weighted), freedom - 1
    error = math.sqrt(float(inverse[0, 0]) * squares / freedom * inflation(rest))
    half = float(stdtrit(freedom, 0.975)) * error
    criterion = every.size * math.log(max(squares / rest.size, 1e-300)) + 2 * weighted.shape[1]
    criterion += OUTLYING * (every.size - keep.size)
    noise = math.sqrt(squares / freedom)
    value = float(solution[0])
    return _State(value, error, half, law, solution, size, noise, criterion, half_bias)


def _switching(switches: list[Switch]) -> tuple[Estimate, ...]:
    estimates, sweeps = [], []
    for rising in (True, False):
        own = [switch for switch in switches if switch.rising == rising]
        if own:
            word = "rising" if rising else "falling"
            estimate, freedom = switching_estimate(f"switching field, {word}", f"H_{word}", own)
            estimates.append(estimate)
            sweeps.append(freedom)
    if len(estimates) == 2:
        up, down = estimates
        estimates += [middle_or_width(up, down, sign, sweeps) for sign in (-1, 1)]
    return tuple(estimates)
