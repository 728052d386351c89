"""Simpler descriptions of a trace that a two-state process has to beat."""

import math
from dataclasses import dataclass, replace

import numpy as np

from smtj.inference.telegraph.drift import INTERVALS, Drift, bent, straight
from smtj.inference.telegraph.likelihood import Model, Trace, expectation
from smtj.inference.telegraph.optimise import MIN_NOISE, PATIENCE, em_step
from smtj.typing import Floats

UNCORRELATED = 40.0
"""Correlation times between readings at which nothing is left of the correlation."""
ONE_SIDED_95 = 2.706
"""Likelihood ratio of one parameter at its limit, at 5 %."""
READINGS_AN_INTERVAL = 50
STEPS, GAIN = 40, 0.1


@dataclass(frozen=True, eq=False)
class OneLevel:
    """A slow drift with noise and outliers, and nothing else."""

    log_likelihood: float
    drift: Drift
    low: Floats
    """Coefficients of the level."""
    noise: float
    outliers: float


def one_level(trace: Trace, outlier_density: float) -> OneLevel:
    """Return the best description of a trace by one level; its drift has the lowest BIC."""
    n = trace.time.size
    best = _one_level(trace, straight(trace.time), outlier_density)
    best_merit = best.log_likelihood - math.log(n)
    failures = 0
    for intervals in INTERVALS:
        if failures == PATIENCE or (intervals > 1 and n < intervals * READINGS_AN_INTERVAL):
            break
        one = _one_level(trace, bent(trace.time, intervals), outlier_density)
        merit = one.log_likelihood - 0.5 * one.drift.size * math.log(n)
        failures += 1
        if merit > best_merit:
            best, best_merit, failures = one, merit, 0
    return best


def _one_level(trace: Trace, drift: Drift, density: float) -> OneLevel:
    time, signal, n = trace.time, trace.signal, trace.time.size
    weight, outliers, before = np.ones(n), 0.01, -math.inf
    for _ in range(STEPS):
        low = drift.fit(time, signal, weight)
        rest2 = (signal - drift.values(time, low)) ** 2
        noise = max(math.sqrt(weight @ rest2 / weight.sum()), MIN_NOISE)
        scale = (1 - outliers) / (noise * math.sqrt(2 * math.pi))
        own = scale * np.exp(-0.5 * rest2 / noise**2)
        total = own + outliers * density
        log_likelihood = float(np.log(total).sum())
        if log_likelihood - before < GAIN:
            break
        before, weight = log_likelihood, own / total
        outliers = max(float(1 - weight.sum() / n), 0.5 / n)
    return OneLevel(log_likelihood, drift, low, noise, outliers)


def uncorrelated(trace: Trace, model: Model) -> tuple[Model, float]:
    """Return the best model whose readings do not correlate, and its log-likelihood."""
    shortest = float(np.diff(trace.time).min()) / UNCORRELATED
    fraction, before = model.occupancy, -math.inf
    for _ in range(STEPS):
        model = with_times(model, fraction, shortest)
        found = expectation(trace, model)
        if found.log_likelihood - before < GAIN:
            break
        before, fraction = found.log_likelihood, found.fraction / found.weight
        fraction = min(max(fraction, 1 / trace.time.size), 1 - 1 / trace.time.size)
        model = em_step(model, found)
    return model, found.log_likelihood


def with_times(model: Model, occupancy: float, relaxation_time: float) -> Model:
    """Return the model with another occupancy and correlation time."""
    return replace(
        model,
        dwell_high=relaxation_time / (1 - occupancy),
        dwell_low=relaxation_time / occupancy,
    )


def longest_relaxation_time(trace: Trace, model: Model, log_likelihood: float) -> float:
    """Return the upper 95 % limit of the correlation time of an uncorrelated trace, in s.

    Levels and occupancy are held at those of ``model``, which correlation hardly moves.

    Parameters
    ----------
    trace, model
        Readings, and the model without correlation between them.
    log_likelihood
        The highest that any correlation time gives.
    """
    from scipy.optimize import brentq

    def fall(log_time: float) -> float:
        tried = with_times(model, model.occupancy, math.exp(log_time))
        return 2 * (log_likelihood - expectation(trace, tried).log_likelihood) - ONE_SIDED_95

    short = math.log(model.relaxation_time)
    long = math.log(float(trace.time[-1] - trace.time[0]))
    return math.exp(brentq(fall, short, long, xtol=1e-4))


def log_odds_variance(trace: Trace, model: Model) -> float:
    """Return the variance of the log-odds of the high state in readings that do not correlate.

    From the curvature of the likelihood, levels and noise being held.
    """
    odds, step = math.log(model.dwell_high / model.dwell_low), 0.1

    def at(log_odds: float) -> float:
        fraction = 1 / (1 + math.exp(-log_odds))
        return expectation(trace, with_times(model, fraction, model.relaxation_time)).log_likelihood

    curvature = (2 * at(odds) - at(odds + step) - at(odds - step)) / step**2
    return 1 / curvature if curvature > 0 else math.inf
