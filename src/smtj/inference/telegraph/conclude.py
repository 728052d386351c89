"""Assemble the result of a fit for each verdict."""

import math
from dataclasses import replace

import numpy as np

from smtj.inference.telegraph.evidence import Evidence
from smtj.inference.telegraph.likelihood import Model, Trace, expectation, most_probable_states
from smtj.inference.telegraph.null_models import (
    log_odds_variance,
    longest_relaxation_time,
    one_level,
    uncorrelated,
)
from smtj.inference.telegraph.optimise import DRIFT, Maximum
from smtj.inference.telegraph.result import TraceFit
from smtj.inference.telegraph.subsample import maximum_of_long

FEW_SWITCHES, FULL_OF_OUTLIERS, NOISY, VAGUE = 50, 0.05, 0.5, 0.5
"""Switches, fraction of outliers, noise over separation, standard error of the log of a dwell
time."""
_UNKNOWN = np.full((2, 2), math.nan)


def conclusion(trace: Trace, pilot: Trace, top: Maximum, evidence: Evidence) -> TraceFit:
    """Return the result of a fit.

    Parameters
    ----------
    trace
        All readings.
    pilot
        The readings whose maximum is ``top``: all, or part of a long trace.
    top
        The best description by two levels.
    evidence
        Evidence for the verdict.
    """
    if evidence.verdict == "one level":
        return _one_level(trace, pilot, top, evidence)
    if evidence.verdict == "faster than the sampling":
        return _too_fast(trace, pilot, top, evidence)
    return _two_levels(trace, pilot, top, evidence)


def in_units(fit: TraceFit, centre: float, scale: float) -> TraceFit:
    """Return a fit of (signal - centre)/scale as one of the signal."""
    model = fit.model
    # In place, as a trace may be all that the memory holds.
    fit.low[:] *= scale
    fit.low[:] += centre
    return replace(
        fit,
        model=replace(
            model,
            separation=model.separation * scale,
            noise=model.noise * scale,
            outlier_density=model.outlier_density / scale,
            # The basis functions of a drift add up to 1.
            low=centre + scale * model.low,
        ),
        level_covariance=fit.level_covariance * scale**2,
        log_likelihood=fit.log_likelihood - fit.low.size * math.log(scale),
    )


def _two_levels(trace: Trace, pilot: Trace, top: Maximum, evidence: Evidence) -> TraceFit:
    fraction = np.empty(trace.time.size, np.float32)
    if pilot is trace:
        expectation(trace, top.model, fraction=fraction)
    else:
        top = maximum_of_long(trace, top, pilot.time.size, fraction)
    model, covariance = top.model, top.covariance
    logs = covariance[:2, :2]
    # Mean of the drift over the readings, as a sum over its coefficients.
    ones = np.ones_like(pilot.time)
    turn = np.zeros((2, len(covariance)))
    turn[:, DRIFT:] = model.drift.regression(pilot.time, ones, ones)[1] / ones.size
    turn[1, 2] = model.separation
    fit = TraceFit(
        evidence=evidence,
        model=model,
        dwell_high=model.dwell_high,
        dwell_low=model.dwell_low,
        log_covariance=logs,
        upper_bounds=(math.inf, math.inf),
        log_odds=math.log(model.dwell_high / model.dwell_low),
        log_odds_variance=float(logs[0, 0] + logs[1, 1] - 2 * logs[0, 1]),
        level_covariance=turn @ covariance @ turn.T,
        low=model.drift.values(trace.time, model.low),
        fraction=fraction,
        states=most_probable_states(trace, model),
        log_likelihood=top.log_likelihood,
        warnings=(),
    )
    return replace(fit, warnings=_warnings(fit, trace, top))


def _too_fast(trace: Trace, pilot: Trace, top: Maximum, evidence: Evidence) -> TraceFit:
    model, log_likelihood = uncorrelated(pilot, top.model)
    longest = longest_relaxation_time(pilot, model, max(log_likelihood, top.log_likelihood))
    fraction = np.empty(trace.time.size, np.float32)
    found = expectation(trace, model, fraction=fraction)
    p = model.occupancy
    return TraceFit(
        evidence=evidence,
        model=model,
        dwell_high=math.nan,
        dwell_low=math.nan,
        log_covariance=_UNKNOWN,
        upper_bounds=(longest / (1 - p), longest / p),
        log_odds=math.log(p / (1 - p)),
        log_odds_variance=log_odds_variance(pilot, model) * pilot.time.size / trace.time.size,
        level_covariance=_UNKNOWN,
        low=model.drift.values(trace.time, model.low),
        fraction=fraction,
        states=most_probable_states(trace, model),
        log_likelihood=found.log_likelihood,
        warnings=(
            "successive readings do not correlate: they give the occupancy of each state but not "
            "its dwell time; sample faster to measure the dwell times",
        ),
    )


def _one_level(trace: Trace, pilot: Trace, top: Maximum, evidence: Evidence) -> TraceFit:
    one = one_level(pilot, top.model.outlier_density)
    model = Model(
        dwell_high=math.nan,
        dwell_low=math.nan,
        separation=math.nan,
        noise=one.noise,
        outliers=one.outliers,
        outlier_density=top.model.outlier_density,
        drift=one.drift,
        low=one.low,
    )
    return TraceFit(
        evidence=evidence,
        model=model,
        dwell_high=math.nan,
        dwell_low=math.nan,
        log_covariance=_UNKNOWN,
        upper_bounds=(math.inf, math.inf),
        log_odds=math.nan,
        log_odds_variance=math.nan,
        level_covariance=_UNKNOWN,
        low=one.drift.values(trace.time, one.low),
        fraction=np.zeros(trace.time.size, np.float32),
        states=np.zeros(trace.time.size, np.uint8),
        log_likelihood=one.log_likelihood * trace.time.size / pilot.time.size,
        warnings=(
            "the readings have one level only: the device stays in one state, or it switches so "
            "much faster than a reading takes that only the average is seen",
        ),
    )


def _warnings(fit: TraceFit, trace: Trace, top: Maximum) -> tuple[str, ...]:
    readings = float(trace.time[-1] - trace.time[0]) / (trace.time.size - 1)
    shorter = min(fit.dwell_high, fit.dwell_low)
    found = (
        (
            fit.verdict == "more than two levels",
            "the dwell times are those of the best description by two levels, which the readings "
            "do not bear out; readings that average over a time that was not given look like this",
        ),
        (
            not top.is_regular,
            "the likelihood has no clear maximum, so the intervals are not reliable",
        ),
        (
            fit.switches < FEW_SWITCHES,
            f"there are only {fit.switches} switches, and intervals are rough below {FEW_SWITCHES}",
        ),
        (
            fit.noise > NOISY * fit.separation,
            f"the noise is {fit.noise / fit.separation:.2f} of the separation of the levels, so "
            "that a state rests on many readings",
        ),
        (
            fit.outliers > FULL_OF_OUTLIERS,
            f"{100 * fit.outliers:.1f} % of the readings are outliers; look at the trace",
        ),
        (
            float(np.diag(fit.log_covariance).max()) > VAGUE**2,
            f"the shorter dwell time is {shorter / readings:.2g} times the interval between "
            "readings, which determine it poorly; sample faster or measure longer",
        ),
    )
    return tuple(sentence for applies, sentence in found if applies)
