"""What was said about the readout, held against the readings."""

import math
from dataclasses import replace

from smtj.inference.telegraph.baseline import Baseline
from smtj.inference.telegraph.climb import Maximum, climb
from smtj.inference.telegraph.model import gains
from smtj.inference.telegraph.readings import Readings
from smtj.inference.telegraph.search import PUSH, RESPONSES
from smtj.units import format_scaled

CONTRADICTS, STEPS = 10.0, 20
"""Gain (ln of the odds) of another response than the given one from which it is told, and steps
of the search for that."""
CONTRADICTED = "the readings contradict"
"""How the sentence on a response that was given, and is not that of the readings, begins."""
INSTANT = 0.02
"""Response in intervals below which it is none."""


def contradiction(readings: Readings, base: Baseline, top: Maximum) -> str | None:
    """Say which response describes the readings better than the given one, None if none does.

    Parameters
    ----------
    readings, base, top
        The readings, their baseline, and the best description with the given response.
    """
    here, index = top.model, top.model.layout.index
    given = [
        name
        for name in RESPONSES
        if float(here.get(name)[0]) > 0 and not here.free[index[name]].any()
    ]
    if not given:
        return None
    z, tried = readings.signal - base.values(readings.time), []
    none = here.with_values(**dict.fromkeys(RESPONSES, 0.0))
    for name in RESPONSES:
        start = none.with_values(**{name: max(float(here.get(name)[0]), PUSH[name])})
        free = start.free.copy()
        free[index[name]] = True
        tried.append((climb(readings, z, replace(start, free=free), STEPS), name))
    best, kind = max(tried, key=lambda one: one[0].log_likelihood)
    gain = best.log_likelihood - float(gains(readings, z, here).sum())
    gain -= 0.5 * math.log(readings.size)
    if gain < CONTRADICTS:
        return None
    said, better = (
        _response(name, float(model.get(name)[0]), readings.interval)
        for name, model in ((given[0], here), (kind, best.model))
    )
    return (
        f"{CONTRADICTED} {said}, which was given: {better} describes them better "
        f"(log-odds {gain:.0f}); leave it out, and the fit finds it"
    )


def _response(kind: str, time: float, interval: float) -> str:
    """Name a response of the readout by its time in intervals."""
    if time < INSTANT:
        return "no response at all"
    if kind == "pole":
        return f"a bandwidth of {format_scaled(1 / (2 * math.pi * time * interval), 'Hz')}"
    return f"an integration time of {format_scaled(time * interval, 's')}"
