"""Evidence that a trace is a telegraph signal of two levels."""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from smtj.inference.telegraph.likelihood import Model, Trace, expectation
from smtj.inference.telegraph.null_models import ONE_SIDED_95, one_level, uncorrelated
from smtj.inference.telegraph.optimise import fit_em
from smtj.inference.telegraph.subsample import thinned
from smtj.inference.telegraph.three_levels import three_levels

Verdict = Literal["two levels", "one level", "more than two levels", "faster than the sampling"]

MIN_GAIN = 5.0
"""By which a richer description must beat a simpler one, in units of ln of the odds (BIC)."""
CORRELATED = 0.5
"""Correlation between readings above which nobody doubts it."""
BIMODAL = 2.0
"""Separation over noise below which a mixture of two levels has one maximum only."""
EXAMINED = 20_000
"""Readings, evenly taken, that are examined for a third level."""
APART = 1.5
"""Distance over noise of a third level from the others, for it to count."""
MIN_OCCUPANCY = 0.005
"""Of the time in a third level, for it to count."""


@dataclass(frozen=True)
class Evidence:
    """What decided about a trace; gains are differences of BIC/2, that is ln of odds."""

    verdict: Verdict
    gain_of_second_level: float
    """By which two levels beat one."""
    gain_of_third_level: float
    """By which three levels beat two; -inf where no third is seen."""
    correlation: float
    """e^(-Δt/t_c) between successive readings."""
    correlation_ratio: float
    """Twice the log-likelihood that the correlation gains; inf where nobody doubts it."""

    @property
    def sentence(self) -> str:
        """The verdict with its numbers."""
        second = f"ln odds against one level {self.gain_of_second_level:.1f}"
        third = f"ln odds of a third level {self.gain_of_third_level:.1f}"
        if self.gain_of_third_level == -math.inf:
            third = "no third level seen"
        ratio = (
            f"correlation of successive readings {self.correlation:.3f}, likelihood ratio "
            f"{self.correlation_ratio:.2f}"
        )
        return {
            "two levels": f"two levels: {second}, {third}",
            "one level": (
                f"one level: {second}, where at least {MIN_GAIN:g} are asked for, and two that "
                f"are {BIMODAL:g} times the noise apart if they do not correlate"
            ),
            "more than two levels": f"more than two levels: {third}",
            "faster than the sampling": (
                f"two levels that switch faster than they are sampled: {ratio}, where more than "
                f"{ONE_SIDED_95} is asked for"
            ),
        }[self.verdict]


def judge(trace: Trace, model: Model) -> Evidence:
    """Return what the readings say of one, two and three levels, and of their correlation.

    Parameters
    ----------
    trace
        The readings; at most EXAMINED of them are used.
    model
        The best two-level description.
    """
    part = thinned(trace, EXAMINED)
    two = expectation(part, model).log_likelihood
    second = _gain_of_second_level(part, model, two)
    correlation, ratio = 1.0, math.inf
    if part.window == 0:
        correlation = math.exp(-float(np.diff(part.time).min()) / model.relaxation_time)
        if correlation < CORRELATED:
            ratio = max(2 * (two - uncorrelated(part, model)[1]), 0.0)
    is_fast = ratio < ONE_SIDED_95
    is_one = second < MIN_GAIN or (is_fast and model.separation < BIMODAL * model.noise)
    third = -math.inf if is_one else _gain_of_third_level(part, model, two)
    verdict: Verdict = "two levels"
    if is_one:
        verdict = "one level"
    elif third > MIN_GAIN:
        verdict = "more than two levels"
    elif is_fast:
        verdict = "faster than the sampling"
    return Evidence(verdict, second, third, correlation, ratio)


def _gain_of_second_level(trace: Trace, model: Model, two: float) -> float:
    """Return by how much two levels beat one; separation and dwell times are three parameters."""
    one = one_level(trace, model.outlier_density)
    price = 0.5 * math.log(trace.time.size)
    gain = two - one.log_likelihood - price * (3 + model.drift.size - one.drift.size)
    if one.drift.size > model.drift.size:
        # What a more flexible drift gains does not speak against a second level.
        low = model.drift.moved_to(one.drift, model.low, trace.time)
        _, flexible = fit_em(trace, replace(model, drift=one.drift, low=low))
        gain = max(gain, flexible - one.log_likelihood - price * 3)
    return gain


def _gain_of_third_level(trace: Trace, model: Model, two: float) -> float:
    """Return by how much three levels beat two; -inf where they merge or one is hardly there.

    A level and four chances of moving are five parameters more.
    """
    three = three_levels(trace, model)
    if np.diff(np.sort(three.values)).min() < APART * three.noise:
        return -math.inf
    if three.fractions.min() < MIN_OCCUPANCY:
        return -math.inf
    return three.log_likelihood - two - 2.5 * math.log(trace.time.size)
