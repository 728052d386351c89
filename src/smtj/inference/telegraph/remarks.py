"""What is said of a trace beside its numbers."""

import math

import numpy as np

from smtj.inference.telegraph.baseline import Baseline
from smtj.inference.telegraph.kernels.switching import SMALLEST_TAIL
from smtj.inference.telegraph.model import Model
from smtj.inference.telegraph.readings import MIN_VALUES, Readings
from smtj.inference.telegraph.result import TraceFit
from smtj.units import format_scaled

FEW_SWITCHES, MANY_OUTLIERS, NOISY, VAGUE = 50, 0.05, 0.5, 0.5
"""Switches, fraction of outliers, noise over separation, standard error of ln of a dwell time."""
NOISE_OF_HIGH = "the noise of the high state"
COARSE = 3.0
"""Shorter dwell time over the interval, from which sampling is not what makes it vague."""
SLOW_RESPONSE = 1.5
"""Shorter dwell time over the response time, below which the response hides most dwells."""
SHORT_POLE = 0.02
"""Time constant of the readout over the interval up to which it changes nothing that is seen."""
CLIPPED, PILED_UP, ENOUGH_STEPS = 0.01, 3.0, 2.0
"""Part of the readings at an end, that part over those of the values next to it, and noise over the
steps of rounded readings, from which the instrument clips."""
WITHOUT_NOISE = 0.2
"""Part of the readings at either end from which both are levels, which no noise moves."""
MIN_DRIFT = 0.2
"""Drift over the separation from which it is told."""


def imperfections(model: Model, base: Baseline, readings: Readings) -> tuple[str, ...]:
    """Say what was found beside levels and white noise."""
    unit, found = readings.interval, []
    pole, window = float(model.get("pole")[0]), float(model.get("window")[0])
    if pole > SHORT_POLE:
        found.append(
            f"after a switch the signal follows with a time constant of "
            f"{format_scaled(pole * unit, 's')}, as behind a readout with a bandwidth of "
            f"{format_scaled(1 / (2 * math.pi * pole * unit), 'Hz')} or where switches take time"
        )
    if window > 0 and model.free[model.layout.index["window"]].any():
        found.append(f"a reading averages over about {format_scaled(window * unit, 's')}")
    if model.order:
        found.append(f"the noise has a memory (autoregression of order {model.order})")
    if model.layout.states == 2 and abs(float(model.get("ratio")[0])) > 0:
        low, high = model.spread
        found.append(f"{NOISE_OF_HIGH} is {high / low:.2g} times that of the low one")
    inverse = float(model.get("tail")[0])
    if inverse > SMALLEST_TAIL:
        found.append(
            f"the noise has heavy tails (Student's t of {1 / inverse:.2g} degrees of freedom)"
        )
    if np.any(model.get("skew") != 0):
        found.append("the noise is skewed")
    if base.lines.size:
        found.append(
            "hum was removed at " + ", ".join(f"{line:.4g} Hz" for line in np.sort(base.lines))
        )
    if model.layout.states > 1:
        time = readings.time[:: max(readings.size >> 12, 1)]
        drift = float(np.ptp(base.without_jumps().values(time) - base.hum(time)))
        apart = drift / float(np.ptp(model.levels))
        if apart > MIN_DRIFT:
            found.append(
                f"a drift of {apart:.2g} of the separation was removed, so the levels are means "
                "over the record"
            )
    if base.jumps.size:
        found.append(
            "the baseline jumps at " + ", ".join(f"{jump:.4g} s" for jump in np.sort(base.jumps))
        )
    return (*found, *_clipped(model, readings))


def _clipped(model: Model, readings: Readings) -> list[str]:
    """Say at which ends readings pile up: noise of several steps falls off there if none is cut."""
    some = readings.signal[:: max(readings.size >> 14, 1)]
    values, counts = np.unique(some, return_counts=True)
    is_rounded = values.size < some.size / 4
    step = float(np.median(np.diff(values)))
    if values.size < MIN_VALUES or (is_rounded and model.spread.max() < ENOUGH_STEPS * step):
        return []
    near = 1e-6 * (values[-1] - values[0])
    if min(np.mean(some < values[0] + near), np.mean(some > values[-1] - near)) > WITHOUT_NOISE:
        return []
    found = []
    for name, ends in (("highest", slice(None, None, -1)), ("lowest", slice(None))):
        value, (at_end, *others) = float(values[ends][0]), counts[ends][: MIN_VALUES - 1]
        if at_end > max(CLIPPED * some.size, PILED_UP * max(others)):
            found.append(
                f"{100 * at_end / some.size:.2g} % of the readings are "
                f"{readings.centre + readings.scale * value:.5g}, the {name} of all: the "
                "instrument clips, which moves the level there; choose a larger range"
            )
    return found


def warnings_of(fit: TraceFit, readings: Readings, model: Model, unit: float) -> tuple[str, ...]:
    """Say what makes the numbers of two levels vague, and what to measure."""
    shorter = min(fit.dwell_high, fit.dwell_low)
    response = max(float(model.get("pole")[0]), float(model.get("window")[0])) * unit
    found = (
        (
            fit.switches < FEW_SWITCHES,
            f"there are only {fit.switches} switches, and intervals are rough below "
            f"{FEW_SWITCHES}; measure longer",
        ),
        (
            shorter < SLOW_RESPONSE * response,
            f"the shorter dwell time, {format_scaled(shorter, 's', 2)}, is close to the response "
            f"of the readout, {format_scaled(response, 's', 2)}, and rests on the shape of that; "
            "measure with more bandwidth",
        ),
        (
            fit.noise > NOISY * fit.separation,
            f"the noise is {fit.noise / fit.separation:.2f} of the separation of the levels, so "
            "that a state rests on many readings",
        ),
        (
            fit.outliers > MANY_OUTLIERS,
            f"{100 * fit.outliers:.1f} % of the readings are outliers; look at the trace",
        ),
        (
            float(np.diag(fit.log_covariance).max()) > VAGUE**2
            and shorter < COARSE * readings.interval,
            f"the shorter dwell time is {shorter / readings.interval:.2g} times the interval "
            "between readings, which determine it poorly; sample faster or measure longer",
        ),
    )
    return tuple(sentence for applies, sentence in found if applies)
