"""Fig. 2(c): telegraph noise in time without a field, 1000 samples in 2 min at 1 mV."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from smtj import lab, plot
from smtj.card import DeviceCard
from smtj.inference.telegraph.fit import fit_trace
from smtj.inference.telegraph.result import TraceFit
from smtj.paper.texts import check, figure, instrument_text
from smtj.physics.device import vcma_point
from smtj.report.figure import Check, FigureResult
from smtj.units import format_scaled, mV

if TYPE_CHECKING:
    import xarray as xr

SAMPLES, DURATION = 1000, 120.0
"""The paper: "by sampling 1000 times in 2 min"; in s."""
NOISE = 5.0
"""Standard deviation of a reading in ohm, ours."""


def make(card: DeviceCard, out: Path, seed: int = 0) -> FigureResult:
    """Take the trace, fit its states and dwell times, and plot both."""
    instrument = lab.Instrument(interval=DURATION / SAMPLES, noise=NOISE)
    trace = lab.trace(card, SAMPLES, instrument=instrument, seed=seed)
    time = trace.attrs["integration_time"]
    fit = fit_trace(trace.time.values, trace.resistance.values, time)
    numbers = {
        "time_s": trace.time.values.tolist(),
        "resistance_ohm": trace.resistance.values.tolist(),
        "dwell_high_s": fit.dwell_high,
        "dwell_low_s": fit.dwell_low,
        "log_covariance": fit.log_covariance.tolist(),
        "separation_ohm": fit.separation,
        "noise_ohm": fit.noise,
        "switches": int(fit.switches),
        "verdict": fit.verdict,
    }
    return figure(
        "fig2c",
        _draw(out / "fig2c", trace, fit),
        numbers,
        _checks(card, fit),
        samples=SAMPLES,
        millivolts=card.electrical.read_voltage / mV,
        instrument=instrument_text(card, NOISE),
        high=_shown(fit, "high"),
        low=_shown(fit, "low"),
    )


def _draw(path: Path, trace: "xr.Dataset", fit: TraceFit) -> list[Path]:
    with plot.figure(7.0, 2.6, ncols=2, width_ratios=(3, 1), sharey=True) as (fig, (left, right)):
        time, resistance = trace.time.values, trace.resistance.values / 1e3
        left.plot(time, resistance, ".", color=plot.BLUE, markersize=2.5, label="readings")
        left.plot(time, fit.low / 1e3, color=plot.GREY, linewidth=1)
        left.plot(time, fit.high / 1e3, color=plot.GREY, linewidth=1, label="levels")
        path_of = np.where(fit.states > 0, fit.high, fit.low) / 1e3
        left.step(time, path_of, where="post", color=plot.RED, linewidth=0.7, label="states")
        left.set_xlabel("Time (s)")
        left.set_ylabel(r"Resistance $R$ (kΩ)")
        left.set_title("(c)  $V_\\mathrm{bias}$ = 1 mV, no field", loc="left")
        left.set_xlim(0, 60)
        left.legend(loc="upper center", ncols=3, bbox_to_anchor=(0.62, 1.18))
        right.hist(resistance, bins=60, orientation="horizontal", color=plot.BLUE)
        right.set_xlabel("Readings")
        return plot.save(fig, path)


def _shown(fit: TraceFit, state: str) -> str:
    value = fit.dwell_high if state == "high" else fit.dwell_low
    row = 0 if state == "high" else 1
    error = value * float(np.sqrt(fit.log_covariance[row, row]))
    return f"{format_scaled(value, 's')} ± {format_scaled(error, 's')}"


def _checks(card: DeviceCard, fit: TraceFit) -> list[Check]:
    high, low = vcma_point(card, card.electrical.read_voltage).dwell_times(0.0)
    found = np.log([fit.dwell_high, fit.dwell_low])
    z = (found - np.log([high, low])) / np.sqrt(np.diag(fit.log_covariance))
    true_high, true_low = (format_scaled(float(tau), "s") for tau in (high, low))
    return [
        check(
            "fig2c.telegraph",
            "consistent" if fit.verdict == "two levels" else "differs",
            conclusion=fit.verdict,
            switches=fit.switches,
        ),
        check(
            "fig2c.dwell_times",
            "agrees" if np.abs(z).max() < 3 else "differs",
            high=_shown(fit, "high"),
            low=_shown(fit, "low"),
            true_high=true_high,
            true_low=true_low,
            z=z,
        ),
    ]
