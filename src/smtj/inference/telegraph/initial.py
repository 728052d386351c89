"""Starting values of a telegraph fit: the likeliest of many rough guesses."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from smtj.inference.telegraph.drift import Drift, bent, straight
from smtj.inference.telegraph.likelihood import Model, Trace, density_of_outliers, expectation
from smtj.inference.telegraph.optimise import em_step
from smtj.typing import Floats

QUANTILES = ((0.05, 0.95), (0.2, 0.8), (0.5, 0.95), (0.05, 0.5), (0.5, 0.99), (0.01, 0.5))
"""Between them lie the levels of traces that are high for 5 to 95 % of the time."""
BENDS, MUCH_BENT = 3, 0.9
"""Intervals of a curved drift, and the part of a line's variance below which it gains much."""
MIN_SEPARATION = 0.3
"""Of levels, in standard deviations of the signal; two levels always are further apart."""
STEPS = (3, 2)


def first_model(trace: Trace) -> Model:
    """Return rough parameters of a trace, good enough for the maximum of the likelihood to be near.

    Every guess is em_step by steps of the EM algorithm, the better half by more, and so on.
    """
    models = list(_guesses(trace))
    for steps in STEPS:
        ranked = sorted((_after_em(trace, model, steps) for model in models), key=lambda x: -x[0])
        models = [model for _, model in ranked[: (len(ranked) + 1) // 2]]
    return models[0]


def winsorised(signal: Floats) -> Floats:
    """Return a signal with its outliers pulled in, safe for regressions."""
    low, high = np.quantile(signal, (0.02, 0.98))
    return np.clip(signal, 2 * low - high, 2 * high - low) if high > low else signal


def _after_em(trace: Trace, model: Model, steps: int) -> tuple[float, Model]:
    """Return how good a model is (BIC) and a better one."""
    for _ in range(steps):
        found = expectation(trace, model)
        model = em_step(model, found)
    return found.log_likelihood - 0.5 * model.drift.size * math.log(trace.time.size), model


def _guesses(trace: Trace) -> Iterator[Model]:
    time, clipped = trace.time, winsorised(trace.signal)
    tried = []
    for drift in (bent(time, BENDS), straight(time)):
        low = drift.fit(time, clipped, np.ones_like(time))
        tried.append((drift, low, clipped - drift.values(time, low)))
    curve, line = tried
    yield from _guesses_about(trace, *curve)
    # Where a curve gains much it may have followed the telegraph itself, if that is slow.
    if curve[2].var() < MUCH_BENT * line[2].var():
        yield from _guesses_about(trace, *line)


def _guesses_about(trace: Trace, drift: Drift, mean: Floats, rest: Floats) -> Iterator[Model]:
    """Yield guesses for a drift, given the coefficients of the mean and what the signal is off."""
    # Most successive readings are of one state, and a quarter of the normal law is within 0.32.
    noise = float(np.quantile(np.abs(np.diff(rest)), 0.25)) / (0.3186 * math.sqrt(2))
    ends = np.quantile(rest, QUANTILES)
    if np.diff(ends, axis=1).max() <= MIN_SEPARATION:
        # Both levels are seen in less than a hundredth of the readings, or there is only one.
        ends = np.array([[rest.min(), max(rest.max(), rest.min() + 2 * MIN_SEPARATION)]])
    for below, above in ends.tolist():
        if above - below > MIN_SEPARATION:
            is_high = rest > (below + above) / 2
            yield _guess(trace, drift, mean + below, above - below, noise, is_high)


def _guess(
    trace: Trace,
    drift: Drift,
    low: Floats,
    separation: float,
    noise: float,
    is_high: NDArray[np.bool_],
) -> Model:
    fraction = min(max(float(is_high.mean()), 0.02), 0.98)
    cycles = max(int(np.count_nonzero(is_high[1:] & ~is_high[:-1])), 1)
    cycle = max(is_high.size / cycles, 6.0) * float(np.median(np.diff(trace.time)))
    return Model(
        dwell_high=fraction * cycle,
        dwell_low=(1 - fraction) * cycle,
        separation=separation,
        noise=min(max(noise, 0.1 * separation), 0.5 * separation),
        outliers=0.01,
        outlier_density=density_of_outliers(trace.signal),
        drift=drift,
        low=low,
    )
