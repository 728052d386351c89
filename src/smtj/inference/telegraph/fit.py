"""States and dwell times of a telegraph trace by exact maximum likelihood.

A trace is a slowly moving low level, a separation D to the high level, noise and a few outliers;
the states between which it switches follow a two-state process, which the readings sample or, over
a window, average.  Dwells that are too short to be seen are part of that description, so that
nothing has to be corrected for them.
"""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smtj.errors import SmtjError
from smtj.inference.telegraph.conclude import conclusion, in_units
from smtj.inference.telegraph.drift import bent
from smtj.inference.telegraph.evidence import judge
from smtj.inference.telegraph.initial import BENDS, first_model, winsorised
from smtj.inference.telegraph.likelihood import Model, Trace, sample_paths
from smtj.inference.telegraph.optimise import Maximum, maximum, with_best_drift
from smtj.inference.telegraph.result import TraceFit
from smtj.inference.telegraph.subsample import thinned
from smtj.typing import Floats

MIN_READINGS = 50
MIN_SWITCHES = 20
"""Fewer, and neither the dwell times nor their intervals mean much."""
ROUNDS, BEND_SETTLED = 4, 0.03
"""Fits with another bend at most, and what a change of it may move a reading, over the noise."""
MAX_BEND = 10.0
"""Separation over low level, more than any junction has."""
START = 1 << 13
"""Readings of a longer trace from which the fit starts, and of which the spread is taken."""


def fit_trace(
    time: ArrayLike,
    signal: ArrayLike,
    integration_time: float = 0.0,
    *,
    pole: float = -math.inf,
    min_switches: int = MIN_SWITCHES,
) -> TraceFit:
    """Fit levels, noise, drift and dwell times to a trace, and judge whether it has two levels.

    Maximum likelihood over all parameters at once; the drift is a straight line or a cubic spline
    with as many intervals as BIC asks for, none so short that it could follow the telegraph.  The
    fit of more than 32,768 readings starts from a part of them.  Beside the trace itself it takes
    22 bytes a reading, nearly all of them for the result, and about 20 MB.

    Parameters
    ----------
    time
        When each reading ends, in s, increasing; intervals and gaps may be of any length.
    signal
        Readings in any unit; shape (readings,).
    integration_time
        T over which a reading averages, in s, at most the time between readings; 0 for
        instantaneous samples.
    pole
        Over a window 1/(signal - pole) averages, as 1/R does at a constant voltage, where it is 0;
        by default the signal itself averages.
    min_switches
        A trace of two levels or more is refused that switches less often, both in its most
        probable path of states and by its dwell times.

    Returns
    -------
    TraceFit
        Dwell times with their intervals, levels, states, verdict.

    Raises
    ------
    SmtjError
        The readings are too few, not finite, all equal or out of order, not above the pole, or
        switch too rarely.
    """
    given = _checked(time, signal, integration_time)
    centre, scale = _spread(given)
    signal = given.signal - centre
    signal /= scale
    trace = replace(given, signal=signal)
    if trace.window > 0 and not centre > pole:
        raise SmtjError(
            f"1/(signal - {pole:g}) averages only above {pole:g}, and the mean reading is "
            f"{centre:g}"
        )
    pilot = thinned(trace)
    top = _maximum(pilot, first_model(thinned(trace, START)), (pole - centre) / scale)
    found = conclusion(trace, pilot, top, judge(pilot, top.model))
    # Of a device that hardly switches, what the drift misses may look like a third level.
    seen = found.verdict in ("two levels", "more than two levels")
    if seen and found.switches < min_switches:
        # Noise hides short dwells from the most probable path.
        switches = max(found.switches, _expected_switches(found, trace.time))
        if switches < min_switches:
            raise SmtjError(
                f"the trace switches only {switches} times, but dwell times need at least "
                f"{min_switches} switches; measure longer"
            )
    return in_units(found, centre, scale)


def _maximum(trace: Trace, model: Model, pole: float) -> Maximum:
    """Return the most likely model.

    The bend is held meanwhile, and then that of the levels found: what is left of an error of
    theirs in the height of a reading between them is a small part of their separation.
    """
    top = maximum(trace, with_best_drift(trace, _with_bend(trace, model, pole))[0])
    for _ in range(ROUNDS if trace.window > 0 else 0):
        bent_anew = _with_bend(trace, top.model, pole)
        # The height changes by a quarter of that at most.
        change = abs(bent_anew.bend - top.model.bend) * top.model.separation / 4
        if change < BEND_SETTLED * top.model.noise:
            break
        top = maximum(trace, bent_anew)
    return top


def _with_bend(trace: Trace, model: Model, pole: float) -> Model:
    low = float(model.drift.values(trace.time, model.low).mean()) - pole
    return replace(model, bend=model.separation / max(low, model.separation / MAX_BEND))


def _expected_switches(fit: TraceFit, time: Floats) -> int:
    """Return between how many readings and the next the state is to differ."""
    p = fit.occupancy
    differs = 2 * p * (1 - p) * -np.expm1(-np.diff(time) / fit.relaxation_time)
    return round(float(differs.sum()))


def sample_states(
    fit: TraceFit, time: ArrayLike, signal: ArrayLike, integration_time: float = 0.0, seed: int = 0
) -> NDArray[np.uint8]:
    """Draw a path of states from all that the readings of a fitted trace leave possible.

    Unlike the most probable path, which leaves out dwells that noise hides, it has the statistics
    of the process: tests of these are right on it.

    Parameters
    ----------
    fit
        Result of :func:`fit_trace` for this trace, with a verdict other than "one level".
    time, signal, integration_time
        The trace.
    seed
        Decides the draw.

    Returns
    -------
    array
        1 for high, at the time of each reading, shape (readings,).

    Raises
    ------
    SmtjError
        The trace has one level only.
    """
    if fit.verdict == "one level":
        raise SmtjError("a trace of one level has no states to draw; fit one with two levels")
    return sample_paths(_checked(time, signal, integration_time), fit.model, seed)


def _checked(time: ArrayLike, signal: ArrayLike, integration_time: float) -> Trace:
    t, y = (np.ascontiguousarray(values, dtype=np.float64) for values in (time, signal))
    if t.ndim != 1 or t.shape != y.shape:
        raise SmtjError(
            f"time has the shape {t.shape} and the signal {y.shape}; give one time a reading"
        )
    if t.size < MIN_READINGS:
        raise SmtjError(f"a trace needs at least {MIN_READINGS} readings; this one has {t.size}")
    # A sum is finite only if all are, and takes no memory.
    for name, values in (("time", t), ("signal", y)):
        if not math.isfinite(values.sum()):
            bad = int(np.flatnonzero(~np.isfinite(values))[0])
            raise SmtjError(f"{name} is {values[bad]} at reading {bad}; leave such readings out")
    late = t[1:] > t[:-1]
    if not late.all():
        i = int(np.argmin(late))
        raise SmtjError(
            f"time does not increase from reading {i} to {i + 1}; sort them and leave doubles out"
        )
    if not (math.isfinite(integration_time) and integration_time >= 0):
        raise SmtjError(f"the integration time is {integration_time} s; it must be 0 s or more")
    shortest = float(np.diff(t).min()) if integration_time > 0 else math.inf
    if integration_time > shortest * (1 + 1e-6):
        raise SmtjError(
            f"readings that average over {integration_time:g} s overlap where they are "
            f"{shortest:g} s apart; the integration time must not be longer than that"
        )
    if np.ptp(y) == 0:
        raise SmtjError(f"every reading is {y[0]:g}; a constant signal has no states")
    return Trace(t, y, float(integration_time))


def _spread(trace: Trace) -> tuple[float, float]:
    """Return mean of a signal, and its standard deviation about a drift, outliers drawn in."""
    some = thinned(trace, START)
    drift = bent(some.time, BENDS)
    signal = winsorised(some.signal)
    rest = signal - drift.values(some.time, drift.fit(some.time, signal, np.ones_like(signal)))
    scale, widest = float(rest.std()), float(np.ptp(some.signal))
    return float(signal.mean()), scale if scale > 1e-9 * widest else widest
