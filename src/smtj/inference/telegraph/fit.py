"""States and dwell times of a telegraph trace by maximum likelihood.

The trace is described by levels, noise, response and baseline (:mod:`.model`, :mod:`.baseline`);
the description grows by what the readings ask for (:mod:`.search`), has to beat simpler and richer
ones (:mod:`.evidence`), and is held against counts of crossings and the memory of the signal
(:mod:`.checks.second_route`).
"""

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import count

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smtj.errors import SmtjError
from smtj.inference.telegraph.baseline import Baseline, find_lines
from smtj.inference.telegraph.conclude import conclude
from smtj.inference.telegraph.model import Model, sample_path
from smtj.inference.telegraph.pilot import thinned
from smtj.inference.telegraph.readings import Readings, clean
from smtj.inference.telegraph.result import TraceFit
from smtj.inference.telegraph.search import grown
from smtj.inference.telegraph.start import start, winsorised

MOST = 1 << 20
"""Readings in which hum is sought, at most."""
STEPS = 6
"""Of a fit, of about the same length for a very long trace, after each of which it says so."""
MAX_BEND, BEND_ROUNDS = 10.0, 3
"""Separation over low level, more than any junction has."""


def fit_trace(
    time: ArrayLike,
    signal: ArrayLike,
    integration_time: float | None = None,
    *,
    bandwidth: float | None = None,
    averages_inverse: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> TraceFit:
    """Fit levels, noise, baseline and dwell times to a trace, and judge what it shows.

    Numbers are always given, unless the trace has one level only or wanders without levels.

    Parameters
    ----------
    time
        When each reading ends, in s, increasing; intervals and gaps may be of any length.
    signal
        Readings in any unit, shape (readings,); overflows (9.9E37) and NaN are left out.
    integration_time
        Time over which a reading averages, in s, at most the interval; 0 for instantaneous
        readings.  None if unknown: fitted where the readings show it.
    bandwidth
        Of the readout, in Hz, as a single pole.  None if unknown: fitted likewise.
    averages_inverse
        Whether 1/signal averages over the integration time, as 1/R does at a constant voltage.
    progress
        Called with (steps done, steps).

    Returns
    -------
    TraceFit
        Dwell times with intervals, levels, states, verdict.

    Raises
    ------
    SmtjError
        The readings are too few, all equal or out of order, or a setting is impossible.

    Examples
    --------
    >>> import numpy as np
    >>> from smtj.dynamics import samples
    >>> states = samples(np.log(3e-3), np.log(5e-3), 1e-3, 4000, seed=0)[:, 0]
    >>> noise = 0.1 * np.random.default_rng(0).standard_normal(4000)
    >>> fit = fit_trace(1e-3 * np.arange(4000), states + noise)
    >>> fit.verdict, round(1e3 * fit.dwell_high, 1), round(1e3 * fit.dwell_low, 1)
    ('two levels', 3.1, 5.0)
    """
    done = count(1)

    def step() -> None:
        if progress is not None:
            progress(next(done), STEPS)

    readings = clean(time, signal)
    step()
    known, given = _known(readings, integration_time, bandwidth)
    if averages_inverse and not readings.centre > 0:
        raise SmtjError(
            f"1/signal averages only for a positive signal; its median is {readings.centre:g}"
        )
    part = thinned(readings)
    scale = 1 / part.stride
    known = {name: value * scale for name, value in known.items()}
    pilot = part.pilot
    some = slice(0, MOST)
    clipped = winsorised(readings.signal[some])
    lines = find_lines(
        readings.time[some], clipped, readings.interval, np.empty(0), readings.is_regular
    )
    step()
    model, base = start(part.start, lines, known)
    for _ in range(BEND_ROUNDS if averages_inverse and known.get("window") else 1):
        if averages_inverse and known.get("window"):
            model = replace(model, bend=_bend(readings, model, base))
        top, base = grown(pilot, model, base, given)
        if abs(_bend(readings, top.model, base) - model.bend) < 0.02 or not model.bend:
            break
        model = top.model
    step()
    fit = conclude(readings, part, top, base, step)
    if progress is not None:
        progress(STEPS, STEPS)
    return fit


def sample_states(
    fit: TraceFit, time: ArrayLike, signal: ArrayLike, seed: int = 0
) -> NDArray[np.uint8]:
    """Sample a path of states from all that the readings of a fitted trace leave possible.

    Unlike the most probable path, which leaves out dwells that noise hides, it has the statistics
    of the process.

    Parameters
    ----------
    fit
        Result of :func:`fit_trace` for this trace, with levels.
    time, signal
        The trace.
    seed
        Decides the sample.

    Raises
    ------
    SmtjError
        The trace has one level only.
    """
    if fit.chain is None:
        raise SmtjError("a trace without levels has no states to sample; fit one with two levels")
    readings = clean(time, signal)
    z = np.asarray(signal, dtype=np.float64) - fit.low
    if readings.used is not None:
        z = z[readings.used]
    z /= readings.scale
    z += float(fit.chain.levels[0])
    return readings.spread_out(sample_path(readings, z, fit.chain, seed))


def _known(
    readings: Readings, integration_time: float | None, bandwidth: float | None
) -> tuple[dict[str, float], frozenset[str]]:
    """Return fixed parameters in intervals, and which must not be fitted."""
    known: dict[str, float] = {}
    given = set()
    if integration_time is not None:
        if not (math.isfinite(integration_time) and integration_time >= 0):
            raise SmtjError(f"the integration time is {integration_time} s; it must be 0 s or more")
        shortest = float(np.diff(readings.time).min())
        if integration_time > shortest * (1 + 1e-6):
            raise SmtjError(
                f"readings that average over {integration_time:g} s overlap where they are "
                f"{shortest:g} s apart; the integration time must not be longer than that"
            )
        given.add("window")
        if integration_time > 0:
            known["window"] = min(integration_time / readings.interval, 1.0)
    if bandwidth is not None:
        if not bandwidth > 0:
            raise SmtjError(f"the bandwidth is {bandwidth} Hz; it must be above 0 Hz")
        given.add("pole")
        if math.isfinite(bandwidth):
            known["pole"] = 1 / (2 * math.pi * bandwidth) / readings.interval
    if len(known) == 2:
        # The longer of the two is the response; the other hardly counts beside it.
        known.pop("window" if known["pole"] > known["window"] / 2 else "pole")
    if known:
        given |= {"pole", "window"}
    return known, frozenset(given)


def _bend(readings: Readings, model: Model, base: Baseline) -> float:
    """Return separation over the low level, both in the unit of the signal."""
    level = float((base.values(readings.time[:: max(readings.size >> 12, 1)])).mean())
    low = readings.centre + readings.scale * (level + float(model.levels[0]))
    separation = readings.scale * float(model.levels[-1] - model.levels[0])
    return separation / max(low, separation / MAX_BEND)
