"""The lines of ST-FMR and FMR spectra."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from smtj import plot
from smtj.analysis.context import Context, show_voltage
from smtj.analysis.result import FitResult, Picture
from smtj.errors import SmtjError
from smtj.inference.resonance import ChannelChoice, Shape, SpectrumFit, choose_channel
from smtj.inference.stats.estimate import Estimate, normal_estimate
from smtj.measurement import Sweep, sweeps
from smtj.measurement.conditions import direction_stated
from smtj.measurement.format.schema import SIGNALS
from smtj.typing import Floats
from smtj.units import convert, format_quantity

if TYPE_CHECKING:
    import xarray as xr

Progress = Callable[[int, int], None]
Swept = Literal["frequency", "field"]

SHAPES: Mapping[Swept, tuple[Shape, ...]] = {
    "frequency": ("exact", "derivative"),
    "field": ("lorentzian", "derivative"),
}
CLEAREST = 6
"""Spectra on which a line shape is tried first."""
CLEAR = 20.0
"""Loss of log-likelihood on those spectra at which a shape is rejected."""
SECOND_LINE = 4.0
"""Inflation of the variance from which another line may be hidden in a spectrum."""
MAX_SHOWN = 16
"""Spectra in one plot."""
MIN_READINGS_PER_SIDE = 20
"""Readings on either side of zero field that make each side a spectrum."""


@dataclass(frozen=True, eq=False)
class MeasuredLine:
    """A spectrum with its fitted line."""

    sweep: Sweep
    signal: Floats
    """In V, shape (readings,)."""
    fit: SpectrumFit

    @property
    def position(self) -> float:
        """Centre of the line in Hz or A/m."""
        return self.fit.lines[0].position

    @property
    def field(self) -> tuple[float, float]:
        """H_∥ and H_⊥ in A/m at the line."""
        perpendicular, parallel = self.sweep.static_field
        if self.sweep.direction is not None:
            perpendicular += self.position * self.sweep.direction[0]
            parallel += self.position * self.sweep.direction[1]
        return parallel, perpendicular

    @property
    def frequency(self) -> float:
        """Frequency in Hz at the line."""
        return self.sweep.conditions.get("frequency", self.position)

    def condition(self, name: str, otherwise: float) -> float:
        """Return what was constant during the sweep, by quantity, in SI."""
        return self.sweep.conditions.get(name, otherwise)

    def label(self) -> str:
        """Return the conditions as text, e.g. ``"at -110 Oe, 100 mV"``."""
        c = self.sweep.conditions
        shown = []
        if "frequency" in c:
            shown.append(format_quantity(c["frequency"], "Hz", "GHz", 6))
        for name, mark in (("field_in_plane", ""), ("field_out_of_plane", "⊥ ")):
            if c.get(name):
                # A field of unknown direction only stands as one along the normal.
                own = mark if direction_stated(self.sweep.dataset, name) else ""
                shown.append(own + format_quantity(c[name], "A/m", "Oe", 5))
        if "voltage" in c:
            shown.append(show_voltage(c["voltage"]))
        if self.sweep.swept == "field" and self.sweep.x.max() <= 0:
            shown.append("H < 0")
        return f"at {', '.join(shown)}"


@dataclass(frozen=True, eq=False)
class Lines:
    """All lines of some data sets."""

    every: tuple[MeasuredLine, ...]
    swept: Swept
    remarks: tuple[str, ...]

    @property
    def usable(self) -> tuple[MeasuredLine, ...]:
        """Those that further fits use."""
        return tuple(line for line in self.every if line.fit.usable)

    @property
    def shown(self) -> tuple[MeasuredLine, ...]:
        """Those that are plotted, :data:`MAX_SHOWN` at most."""
        return self.every[:: -(-len(self.every) // MAX_SHOWN)]


def lines_of(
    datasets: "list[xr.Dataset]", context: Context, progress: Progress | None = None
) -> Lines:
    """Split data sets into spectra and fit a line to each.

    The channel of a lock-in amplifier, and whether a modulated field makes it show derivatives, are
    found from the data: by the likelihood of all spectra together.

    Raises SmtjError if some are swept in frequency and some in field, or share no channel.
    """
    found = [half for dataset in datasets for sweep in sweeps(dataset) for half in _halves(sweep)]
    # Files come in any order; within a file the order of the measurement is kept.
    found.sort(key=lambda s: (s.conditions.get("voltage", 0.0), s.conditions.get("frequency", 0.0)))
    swept: set[Swept] = {sweep.swept for sweep in found}
    if len(swept) != 1:
        raise SmtjError(
            "some spectra are swept in frequency and some in field; fit them separately"
        )
    (kind,) = swept
    channels = [name for name in SIGNALS if all(name in sweep.dataset for sweep in found)]
    # A column named signal is meant, whatever else a file holds.
    channels = [SIGNALS[0]] if SIGNALS[0] in channels else channels
    if not channels:
        raise SmtjError(
            "the spectra have no channel in common; name the column signal by columns= (--column)"
        )
    data = {name: [_data(sweep, name) for sweep in found] for name in channels}
    best, margin = _choose(data, SHAPES[kind], progress)
    every = tuple(
        MeasuredLine(sweep, np.asarray(sweep.dataset[best.channel].values), fit)
        for sweep, fit in zip(found, best.fits, strict=True)
    )
    return Lines(every, kind, _remarks(best, margin, every))


def lines_result(lines: Lines, context: Context) -> FitResult:
    """Report positions and widths of the lines."""
    unit, shown, narrow, symbol = (
        ("Hz", "GHz", "MHz", "f_0") if lines.swept == "frequency" else ("A/m", "Oe", "Oe", "H_r")
    )
    estimates: list[Estimate] = []
    for line in lines.usable:
        one = line.fit.lines[0]
        position = (one.position, one.position_error, unit, shown)
        half_width = (one.half_width, one.half_width_error, unit, narrow)
        estimates += [
            replace(normal_estimate("line", symbol, *position), condition=line.label()),
            replace(normal_estimate("half width", "Δ", *half_width), condition=line.label()),
        ]
    shape = {
        "exact": "the line of a linear oscillator, symmetric and antisymmetric part",
        "lorentzian": "S/(1 + z²) + A z/(1 + z²), z = (H − H_r)/Δ",
        "derivative": "the derivative of S/(1 + z²) + A z/(1 + z²), z = (x − x_r)/Δ",
    }[lines.every[0].fit.shape]
    return context.result(
        "lines",
        f"{len(lines.every)} spectra swept in {lines.swept}",
        lines,
        estimates,
        lines.remarks,
        Picture(
            (plot_lines,),
            f"Points: measured. Lines: {shape}, on a straight baseline. Half widths are half of "
            "the full width at half height. Spectra are offset for clarity.",
            height=min(7.0, 1.6 + 0.45 * len(lines.shown)),
        ),
    )


def plot_lines(axes: Any, lines: Lines) -> None:
    """Plot spectra above each other with their fits."""
    unit, name = (
        (convert(1, "Hz", "GHz"), "Frequency $f$ (GHz)")
        if lines.swept == "frequency"
        else (convert(1, "A/m", "Oe"), "Field $H$ (Oe)")
    )
    microvolts = [1e6 * (line.signal - line.fit.baseline_at(line.sweep.x)) for line in lines.shown]
    step = 1.1 * max(float(np.ptp(np.percentile(s, [1, 99]))) for s in microvolts)
    for row, (line, signal) in enumerate(zip(lines.shown, microvolts, strict=True)):
        order = np.argsort(line.sweep.x)
        x = line.sweep.x[order]
        fine = np.linspace(x[0], x[-1], 600)
        curve = 1e6 * (line.fit.signal(fine) - line.fit.baseline_at(fine))
        axes.plot(x * unit, signal[order] + row * step, ".", color=plot.GREY, markersize=2)
        axes.plot(fine * unit, curve + row * step, color=plot.RED, linewidth=1)
        label, beside = line.label().removeprefix("at "), ("axes fraction", "data")
        axes.annotate(label, (1.01, row * step), xycoords=beside, va="center", fontsize=7)
    axes.set_xlabel(name)
    axes.set_ylabel("Signal less baseline, offset (µV)")


def _halves(sweep: Sweep) -> list[Sweep]:
    """Split a field sweep through zero, which passes a resonance on either side."""
    sides = [np.flatnonzero(sweep.x <= 0), np.flatnonzero(sweep.x > 0)]
    if sweep.swept != "field" or min(side.size for side in sides) < MIN_READINGS_PER_SIDE:
        return [sweep]
    return [
        replace(sweep, x=sweep.x[side], dataset=sweep.dataset.isel(reading=side)) for side in sides
    ]


def _data(sweep: Sweep, channel: str) -> tuple[Floats, ...]:
    columns = [sweep.x, np.asarray(sweep.dataset[channel].values)]
    if "signal_error" in sweep.dataset:
        columns.append(np.asarray(sweep.dataset["signal_error"].values))
    return tuple(columns)


def _choose(
    data: Mapping[str, list[tuple[Floats, ...]]],
    shapes: tuple[Shape, ...],
    progress: Progress | None,
) -> tuple[ChannelChoice, float]:
    """Return the lines of the likeliest shape and channel, and the margin in log-likelihood.

    The first shape is fitted to all spectra, another to those with the clearest lines, and to the
    rest only if it explains these nearly as well.
    """
    best = choose_channel(data, shapes[0], progress=_part_of(progress, 0, len(shapes)))
    clearest = np.argsort([-fit.gain for fit in best.fits])[:CLEAREST]
    some = {name: [spectra[i] for i in clearest] for name, spectra in data.items()}
    margin = math.inf
    for number, shape in enumerate(shapes[1:], start=1):
        report = _part_of(progress, number, len(shapes))
        other = choose_channel(some, shape)
        less = sum(best.fits[i].gain for i in clearest) - max(other.gains.values())
        if less < CLEAR:
            other = choose_channel(data, shape, progress=report)
            less = best.gains[best.channel] - max(other.gains.values())
            if less < 0:
                best, less = other, -less
        elif report is not None:
            report(1, 1)
        margin = min(margin, less)
    return best, margin


def _part_of(progress: Progress | None, number: int, parts: int) -> Progress | None:
    if progress is None:
        return None
    return lambda done, total: progress(number * total + done, parts * total)


def _remarks(
    best: ChannelChoice, margin: float, every: tuple[MeasuredLine, ...]
) -> tuple[str, ...]:
    remarks = []
    if len(best.gains) > 1:
        others = " and ".join(name for name in best.gains if name != best.channel)
        odds = f"lines raise its log-likelihood by {best.gains[best.channel]:.0f}"
        doubt = "" if best.decisive else ", possibly by chance"
        remarks.append(
            f"the resonance is in {best.channel}: {odds}, {best.margin:.0f} more than that of "
            f"{others}{doubt}"
        )
    derivative = every[0].fit.shape == "derivative"
    shape = "derivatives, as of a modulated field" if derivative else "absorption and dispersion"
    remarks.append(f"the lines are {shape}, by {margin:.0f} in log-likelihood")
    for line in every:
        remarks += [f"spectrum {line.label()}: {remark}" for remark in line.fit.remarks]
    unusable = sum(not line.fit.usable for line in every)
    if unusable:
        remarks.append(f"{unusable} of {len(every)} spectra are not used further")
    inflated = max(line.fit.inflation for line in every)
    if inflated > 1.5:
        second = "; a second line beside the fitted one, which shifts it, looks like that"
        remarks.append(
            "neighbouring points are correlated; variances are up to "
            f"{inflated:.1f} times those of independent points"
            + (second if inflated > SECOND_LINE else "")
        )
    return tuple(remarks)
