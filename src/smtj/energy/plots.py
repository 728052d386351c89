"""The plots of a cost: a read against its voltage, and accuracy against energy and latency."""

from pathlib import Path
from typing import Any

import numpy as np

from smtj import plot
from smtj.energy.costs import (
    COUPLING_NAMES,
    Coupling,
    joules,
    seconds,
)
from smtj.energy.design_space import Survey
from smtj.energy.literature import published
from smtj.energy.report import sigmoid_energy

MARKERS = {"strain": "o", "oersted": "s"}
PALE = 0.35
"""Opacity of what cannot be built."""


def save_plots(found: Survey, path: Path) -> list[Path]:
    """Save both plots of a survey; the front of accuracy only if an accuracy is known.

    Parameters
    ----------
    found
        From :func:`smtj.energy.survey`.
    path
        Of the picture, without suffix.
    """
    if found.accuracy is None:
        with plot.figure(3.6, 3.0) as (fig, axes):
            plot_reads(found, axes)
            return plot.save(fig, path)
    with plot.figure(7.2, 3.2, ncols=2, width_ratios=(1, 1.25)) as (fig, (left, right)):
        plot_reads(found, left)
        plot_front(found, right)
        left.set_title("(a)", loc="left")
        right.set_title("(b)", loc="left")
        return plot.save(fig, path)


def caption(found: Survey) -> str:
    """Return the text below the picture, complete in itself."""
    delta = float(found.card.under_bias().stability_factor)
    text = (
        f"Energy of one read of one neuron against the read voltage, card {found.card.name} "
        f"(stability factor {delta:.1f}). Voltage and amplifier are on for as long as a bit error "
        f"rate of {float(found.assumptions.bit_error_rate):g} needs, with the white and the 1/f "
        "noise of junction and amplifier and their offsets. Dashed from where a read is as short "
        "as the amplifier and the comparator allow. Star: the card's own read, its voltage always "
        "on, junction alone. Grey: a published energy per random bit."
    )
    if found.accuracy is None:
        return text
    return (
        f"(a) {text} (b) Accuracy on {found.accuracy.images:,} test images against the energy of "
        "all neurons per image; no other point beats these in accuracy, energy and latency at "
        "once. Voltage, time, interval and number of reads, bit error rate and stability factor "
        "(by the activation volume, the fields scaled with 1/w) are free; pale: beyond what the "
        "drivers stand. Open stars: the card's own reads for the two couplings; full stars: the "
        f"cheapest to reach {100 * float(found.assumptions.accuracy_fraction):.3g} % of the "
        "achievable accuracy (dashed), pale if they cannot be built; bars: 95 % intervals of the "
        "test images, and of the energies over chips and reads. Vertical: digital synapses, and "
        "as many digital sigmoids as neurons."
    )


def plot_reads(found: Survey, ax: Any = None) -> Any:
    """Plot the energy of one read of one neuron against the read voltage."""
    with plot.axes(ax, 3.6, 3.0) as axes:
        curve, stated = found.curve, found.stated
        millivolts = 1e3 * np.asarray(curve.signal.voltage)
        digital = curve.comparator + curve.counter
        current = curve.junction + curve.source
        lines = (
            ("junction", curve.junction, plot.BLUE),
            ("read current", current, plot.RED),
            ("amplifier", curve.amplifier, plot.ORANGE),
            ("comparator, counter", digital, plot.GREEN),
            ("sum", current + curve.amplifier + digital, "black"),
        )
        # There the amplifier's speed or the comparator decides, and it may be noisier.
        quiet = float(found.assumptions.amplifier_noise)
        floor = np.asarray(curve.plan.amplifier_noise) > 1.001 * quiet
        for label, energy, colour in lines:
            values = curve.per_read(energy)
            axes.plot(millivolts, np.where(floor, np.nan, values), color=colour, label=label)
            axes.plot(millivolts, np.where(floor, values, np.nan), "--", color=colour)
        bit = next(entry for entry in published() if entry.quantity == "energy per bit")
        axes.axhline(bit.low, color=plot.GREY, lw=1.5, alpha=0.5, label="published bit")
        axes.plot(
            1e3 * float(stated.signal.voltage),
            float(stated.per_read(stated.junction)),
            "*",
            color=plot.RED,
            markersize=11,
            label="card, junction alone",
        )
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel(r"Read voltage $V$ (mV)")
        axes.set_ylabel("Energy of a read (J)")
        # Room for the legend above the lines.
        axes.set_ylim(top=1e3 * axes.get_ylim()[1])
        axes.legend(loc="upper right", fontsize=7)
    return axes


def plot_front(found: Survey, ax: Any = None) -> Any:
    """Plot accuracy against the energy of all neurons per image, coloured by latency."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LogNorm

    assert found.accuracy is not None
    achievable = 100 * found.accuracy.achievable
    latencies = [p.latency for s in found.searches.values() for p in (*s.points, *s.beyond)]
    norm = LogNorm(min(latencies, default=1.0), max(latencies, default=1.0))
    with plot.axes(ax, 4.2, 3.2) as axes:
        for coupling, tried in found.searches.items():
            fronts = ([p for p in tried.beyond if p.exceeded], PALE), (tried.points, 1.0)
            for front, alpha in fronts:
                points = [p for p in front if 100 * p.accuracy > achievable - 10]
                axes.scatter(
                    [p.energy for p in points],
                    [100 * p.accuracy for p in points],
                    c=[p.latency for p in points],
                    norm=norm,
                    cmap="viridis",
                    s=5,
                    alpha=alpha,
                    marker=MARKERS[coupling],
                    linewidths=0,
                )
            _stars(axes, found, coupling)
        assert found.target is not None
        axes.axhline(100 * found.target, color=plot.GREY, ls="--", lw=0.8)
        style: Any = {"rotation": 90, "fontsize": 7, "color": plot.GREY, "ha": "right"}
        for energy, label in (
            (float(found.stated.synapses), "synapses"),
            (sigmoid_energy(found.workload), "digital sigmoids"),
        ):
            axes.axvline(energy, color=plot.GREY, lw=0.8, ls=":")
            axes.text(energy, achievable - 9.8, label, va="bottom", **style)
        axes.set_xscale("log")
        axes.set_ylim(achievable - 10, achievable + 1)
        axes.set_xlabel("Energy of all neurons per image (J)")
        axes.set_ylabel("Accuracy (%)")
        axes.figure.colorbar(ScalarMappable(norm, "viridis"), ax=axes, label="Latency (s)")
    return axes


def _stars(axes: Any, found: Survey, coupling: Coupling) -> None:
    accuracy, reached = found.accuracy, found.accuracy_of(found.stated)
    assert accuracy is not None and reached is not None
    stated = float(found.stated.neurons(coupling))
    stars = [("as stated", stated, reached, "white", 1.0)]
    name, best = COUPLING_NAMES[coupling].split()[0], found.best.get(coupling)
    way = f"best, {coupling}"
    if best is None:
        best, way = found.beyond.get(coupling), f"beyond limits, {coupling}"
    note: Any = {"textcoords": "offset points", "fontsize": 7}
    if best is not None:
        pale = PALE if best.exceeded else 1.0
        stars.append((way, best.energy, best.accuracy, plot.RED, pale))
        text = f"{name}\n{joules(best.energy)}, {seconds(best.latency)}"
        text += "\ncannot be built" if best.exceeded else ""
        axes.annotate(text, (best.energy, 100 * best.accuracy), xytext=(4, -34), **note)
    for column, energy, rate, face, alpha in stars:
        low, high = accuracy.interval(rate)
        around = found.intervals.get(column, {}).get(f"sum, {coupling}")
        axes.errorbar(
            energy,
            100 * rate,
            xerr=None if around is None else [[energy - around[0]], [around[1] - energy]],
            yerr=[[100 * (rate - float(low))], [100 * (float(high) - rate)]],
            fmt="*",
            color=plot.RED,
            markerfacecolor=face,
            markersize=11,
            alpha=alpha,
            zorder=5,
        )
    below = (0, 9 if coupling == "strain" else -24)
    text = f"card,\n{name}"
    axes.annotate(text, (stated, 100 * reached), xytext=below, ha="center", **note)
