"""Maximum of the likelihood of a telegraph trace, and the curvature there."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from smtj.inference.telegraph.drift import drifts
from smtj.inference.telegraph.likelihood import Expectation, Model, Trace, expectation, nodes_of
from smtj.typing import Floats

MIN_NOISE = 0.02
"""Least σ, of signals whose standard deviation is 1: about a hundredth of the separation.

Without it, readings that lie exactly on a curve would be infinitely likely, and the little by which
a spline misses a drift would look like very short dwells.
"""
MAX_OUTLIERS = 0.4
EM_STEPS, EM_GAIN = 60, 0.02
CURVATURES, NEWTON_STEPS = 12, 6
SHORTER = (1.0, 0.5, 0.2, 0.05, 0.01)
NEWTON_GAIN, SETTLED_GAIN = 1e-6, 0.02
MAX_STEP = 1.0
MIN_FALL = 0.1
"""Part of the fraction of outliers that a step leaves at least."""
DRIFT = 5
"""Number of the first drift coefficient among the parameters."""
DIFFERENCE = 0.05
"""Step of the differences, in standard errors that complete data would have."""
PATIENCE = 2
"""More flexible drifts that are tried after the best one."""


@dataclass(frozen=True, eq=False)
class Maximum:
    """A model at the maximum of the likelihood."""

    model: Model
    log_likelihood: float
    curvature: Floats
    """Negative second derivatives by the parameters of :func:`score`."""
    free: NDArray[np.bool_]
    """Which of these are free: neither noise nor outliers too small to be told from none."""
    is_regular: bool
    """Whether the maximum was reached, and the likelihood falls off in every direction."""

    @cached_property
    def covariance(self) -> Floats:
        """Covariance of all parameters, that of the others being 0."""
        return _inverse_of(self.curvature, self.free)

    def newton_step(self, model: Model, slope: Floats) -> tuple[Floats, float]:
        """Return Newton's step from a model, and by how much it should raise the likelihood."""
        step = self.covariance @ slope
        if model.outliers + step[4] < MIN_FALL * model.outliers:
            # No fraction is negative: the others maximise the likelihood without outliers.
            others = self.free & (np.arange(slope.size) != 4)
            step = _inverse_of(self.curvature, others) @ slope
            step[4] = (MIN_FALL - 1) * model.outliers
        gain = 0.5 * float(slope @ step)
        return step / max(1.0, np.abs(step[:4]).max() / MAX_STEP), gain


def em_step(model: Model, found: Expectation) -> Model:
    """Return a model of higher likelihood: one step of the EM algorithm.

    Levels, drift and noise come from the linear regression that the expected states make, dwell
    times from expected time over expected switches.
    """
    size = model.drift.size
    stiffness = model.drift.stiffness
    matrix = np.empty((size + 1, size + 1))
    matrix[:size, :size] = found.gram + stiffness
    matrix[:size, size] = matrix[size, :size] = found.cross
    matrix[size, size] = found.fraction2
    right = np.append(found.right - stiffness @ model.low, found.fraction_signal)
    try:
        solution = np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:
        solution = np.append(np.zeros(size), model.separation)
    # A wrong start may turn the levels round or merge them; let it die slowly instead.
    separation = max(float(solution[-1]), 0.5 * model.separation)
    solution[-1] = separation
    matrix[:size, :size] -= stiffness
    raw = np.append(found.right, found.fraction_signal)
    rest = found.signal2 - 2 * solution @ raw + solution @ matrix @ solution
    noise = np.sqrt(max(float(rest), 0.0) / max(found.weight, 1.0))
    # The fixed point is where the score vanishes; near it this is expected time over switches.
    gain = np.clip(found.dwell_score / np.maximum(found.switches, 1e-3), -2.0, 0.7)
    outliers = max(1 - found.weight / found.readings, _least_outliers(found.readings))
    return replace(
        model,
        dwell_high=model.dwell_high / float(1 - gain[0]),
        dwell_low=model.dwell_low / float(1 - gain[1]),
        separation=separation,
        noise=max(float(noise), MIN_NOISE),
        outliers=min(outliers, MAX_OUTLIERS),
        low=model.low + solution[:-1],
    )


def fit_em(trace: Trace, model: Model, gain: float = EM_GAIN) -> tuple[Model, float]:
    """Return a model near the maximum, by EM until a step gains little, and its log-likelihood."""
    found = expectation(trace, model)
    for _ in range(EM_STEPS):
        better = em_step(model, found)
        following = expectation(trace, better)
        gained = following.log_likelihood - found.log_likelihood
        if gained > 0:
            model, found = better, following
        if gained < gain:
            break
    return model, found.log_likelihood


def with_best_drift(trace: Trace, model: Model) -> tuple[Model, float]:
    """Return the model with the drift basis of lowest BIC, near its maximum.

    Bases that are ever more flexible are fitted in turn until two of them gained nothing.
    """
    price = 0.5 * np.log(trace.time.size)
    best, best_merit, failures = model, -np.inf, 0
    for drift in drifts(trace.time, model.dwell_high + model.dwell_low):
        low = model.drift.moved_to(drift, model.low, trace.time)
        tried, log_likelihood = fit_em(trace, replace(model, drift=drift, low=low))
        merit = log_likelihood - price * drift.size
        if merit > best_merit:
            best, best_merit, failures = tried, merit, 0
        else:
            failures += 1
        if failures == PATIENCE:
            break
    return best, best_merit + price * best.drift.size


def maximum(trace: Trace, model: Model) -> Maximum:
    """Climb to the maximum by Newton's method, the curvature by differences of the exact score."""
    for _ in range(CURVATURES):
        nodes = nodes_of(trace, model)
        found = expectation(trace, model, nodes)
        top = _curved(trace, model, found, nodes)
        gained = 0.0
        for _ in range(NEWTON_STEPS):
            step, gain = top.newton_step(model, score(model, found))
            if gain < NEWTON_GAIN:
                break
            before = objective(model, found)
            model, found = stepped(trace, model, found, step, nodes)
            gained += gain
            if objective(model, found) - before < 0.5 * gain:
                break
        if gained < SETTLED_GAIN:
            break
    return replace(
        top,
        model=model,
        log_likelihood=found.log_likelihood,
        is_regular=top.is_regular and gained < SETTLED_GAIN,
    )


def stepped(
    trace: Trace,
    model: Model,
    found: Expectation,
    step: Floats,
    nodes: int,
    fraction: NDArray[np.float32] | None = None,
) -> tuple[Model, Expectation]:
    """Return the model a step away, or as much of the step as raises the likelihood."""
    for shorter in SHORTER:
        tried = moved(model, shorter * step)
        following = expectation(trace, tried, nodes, fraction)
        if objective(tried, following) >= objective(model, found):
            return tried, following
    return model, found


def score(model: Model, found: Expectation) -> Floats:
    """Return the slope of :func:`objective`.

    The parameters are ln τ_high, ln τ_low, ln D, ln σ, the fraction of outliers, of which the
    likelihood is nearly a parabola, and the coefficients of the drift.
    """
    d, variance, low = model.separation, model.noise**2, model.low
    stiff = model.drift.stiffness @ low
    rest = found.signal2 - 2 * d * found.fraction_signal + d * d * found.fraction2 + low @ stiff
    return np.concatenate(
        [
            found.dwell_score,
            [d * (found.fraction_signal - d * found.fraction2) / variance],
            [rest / variance - found.weight],
            [_outlier_slope(model, found)],
            (found.right - d * found.cross - stiff) / variance,
        ]
    )


def objective(model: Model, found: Expectation) -> float:
    """Return the log-likelihood less what a drift pays that bends where there are no readings."""
    bend = model.low @ model.drift.stiffness @ model.low
    return found.log_likelihood - 0.5 * float(bend) / model.noise**2


def _outlier_slope(model: Model, found: Expectation) -> float:
    return (found.readings - found.weight) / model.outliers - found.weight / (1 - model.outliers)


def _least_outliers(readings: int) -> float:
    """Return the fraction of outliers that stands for none: half of one."""
    return 0.5 / readings


def moved(model: Model, step: Floats) -> Model:
    """Return the model a step away in the parameters of :func:`score`."""
    separation = model.separation * float(np.exp(step[2]))
    return replace(
        model,
        dwell_high=model.dwell_high * float(np.exp(step[0])),
        dwell_low=model.dwell_low * float(np.exp(step[1])),
        separation=separation,
        noise=max(model.noise * float(np.exp(step[3])), MIN_NOISE),
        outliers=min(max(model.outliers + float(step[4]), MIN_FALL * model.outliers), MAX_OUTLIERS),
        low=model.low + step[DRIFT:],
    )


def free_parameters(model: Model, found: Expectation) -> NDArray[np.bool_]:
    """Return which parameters are free: not noise or outliers too small to be told from none."""
    free = np.ones(DRIFT + model.drift.size, dtype=bool)
    free[3] = model.noise > 1.001 * MIN_NOISE
    some = model.outliers > 1.001 * _least_outliers(found.readings)
    free[4] = some or _outlier_slope(model, found) > 0
    return free


def _curved(trace: Trace, model: Model, found: Expectation, nodes: int) -> Maximum:
    """Return a model with the curvature of the likelihood there."""
    free = free_parameters(model, found)
    curvature = _curvature(trace, model, found, nodes)
    _, is_regular = _positive_inverse(curvature[np.ix_(free, free)])
    return Maximum(model, found.log_likelihood, curvature, free, is_regular)


def difference_steps(model: Model, found: Expectation) -> Floats:
    """Return steps over which to take differences, small against the standard errors."""
    variance = model.noise**2
    known = np.concatenate(
        [
            np.maximum(found.switches, 1.0),
            np.maximum([model.separation**2 * found.fraction2 / variance, 2 * found.weight], 1.0),
            [found.readings / (model.outliers * (1 - model.outliers))],
            np.maximum(np.diag(found.gram), 1.0) / variance,
        ]
    )
    return np.asarray(DIFFERENCE / np.sqrt(known))


def _curvature(trace: Trace, model: Model, found: Expectation, nodes: int) -> Floats:
    """Return the negative second derivatives of the objective, by central differences."""
    rows = []
    lengths = difference_steps(model, found)
    for j, length in enumerate(lengths):
        step = np.zeros(lengths.size)
        step[j] = length
        ends = (moved(model, step), moved(model, -step))
        up, down = (score(m, expectation(trace, m, nodes)) for m in ends)
        rows.append((down - up) / (2 * length))
    matrix = np.array(rows)
    return np.asarray((matrix + matrix.T) / 2)


def _inverse_of(curvature: Floats, free: NDArray[np.bool_]) -> Floats:
    """Return the inverse for some of the parameters, and 0 for the others."""
    out = np.zeros_like(curvature)
    out[np.ix_(free, free)], _ = _positive_inverse(curvature[np.ix_(free, free)])
    return out


def _positive_inverse(curvature: Floats) -> tuple[Floats, bool]:
    """Return the inverse, made positive definite where it is not, and whether it was."""
    scale = np.sqrt(np.maximum(np.abs(np.diag(curvature)), 1e-12))
    values, vectors = np.linalg.eigh(curvature / np.outer(scale, scale))
    positive = np.maximum(np.abs(values), 1e-4)
    inverse = (vectors / positive) @ vectors.T / np.outer(scale, scale)
    return inverse, bool(values.min() > 1e-6)
