"""The plots of a cost: a read against its voltage, and accuracy against energy and latency."""

from pathlib import Path
from typing import Any

import numpy as np

from smtj import plot
from smtj.energy.costs import (
    COUPLING_NAMES,
    ERROR_RATE,
    INDEPENDENT,
    Coupling,
    joules,
    seconds,
)
from smtj.energy.design_space import FRACTION, Survey
from smtj.energy.literature import published
from smtj.energy.report import sigmoid_energy

MARKERS = {"strain": "o", "oersted": "s"}


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
        f"rate of {ERROR_RATE:g} needs, with S_I = 2eI coth(eV/2k_BT) and the amplifier's "
        "noise. Dashed from where a read is as short as the circuits allow. Star: the card's own "
        "read, its voltage always on, junction alone. Grey: published energies per random bit."
    )
    if found.accuracy is None:
        return text
    return (
        f"(a) {text} (b) Accuracy on {found.accuracy.images:,} test images against the energy of "
        "all neurons per image; no other point beats these in accuracy, energy and latency at "
        f"once. Reads are {INDEPENDENT:g} relaxation times apart; read voltage, bit error rate, "
        "number of reads and stability factor (by the activation volume, the fields scaled with "
        "1/w) are free. Open stars: the card's own reads for the two couplings; full stars: the "
        f"cheapest to reach {100 * FRACTION:.0f} % of the achievable accuracy (dashed); bars: 95 % "
        "intervals of the test images. Vertical: digital synapses, and as many digital sigmoids "
        "as neurons."
    )


def plot_reads(found: Survey, ax: Any = None) -> Any:
    """Plot the energy of one read of one neuron against the read voltage."""
    with plot.axes(ax, 3.6, 3.0) as axes:
        curve, stated = found.curve, found.stated
        millivolts = 1e3 * np.asarray(curve.signal.voltage)
        digital = curve.comparator + curve.counter
        lines = (
            ("junction", curve.junction, plot.BLUE),
            ("amplifier", curve.amplifier, plot.ORANGE),
            ("comparator, counter", digital, plot.GREEN),
            ("sum", curve.junction + curve.amplifier + digital, "black"),
        )
        shortest = float(found.assumptions.shortest_read)
        floor = np.asarray(curve.plan.integration_time) <= shortest
        for label, energy, colour in lines:
            values = curve.per_read(energy)
            axes.plot(millivolts, np.where(floor, np.nan, values), color=colour, label=label)
            axes.plot(millivolts, np.where(floor, values, np.nan), "--", color=colour)
        bits = [entry for entry in published() if entry.quantity == "energy per bit"]
        low, high = min(entry.low for entry in bits), max(entry.high for entry in bits)
        axes.axhspan(low, high, color=plot.GREY, alpha=0.25, linewidth=0, label="published bits")
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
        axes.legend(loc="upper right", fontsize=7)
    return axes


def plot_front(found: Survey, ax: Any = None) -> Any:
    """Plot accuracy against the energy of all neurons per image, coloured by latency."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LogNorm

    assert found.accuracy is not None
    achievable = 100 * found.accuracy.achievable
    latencies = [p.latency for s in found.searches.values() for p in s.points]
    norm = LogNorm(min(latencies, default=1.0), max(latencies, default=1.0))
    with plot.axes(ax, 4.2, 3.2) as axes:
        for coupling, tried in found.searches.items():
            points = [p for p in tried.points if 100 * p.accuracy > achievable - 10]
            axes.scatter(
                [p.energy for p in points],
                [100 * p.accuracy for p in points],
                c=[p.latency for p in points],
                norm=norm,
                cmap="viridis",
                s=5,
                marker=MARKERS[coupling],
                linewidths=0,
                label=COUPLING_NAMES[coupling],
            )
            _stars(axes, found, coupling)
        axes.axhline(FRACTION * achievable, color=plot.GREY, ls="--", lw=0.8)
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
    stars = [(stated, reached, "white")]
    name, best = COUPLING_NAMES[coupling], found.best.get(coupling)
    note: Any = {"textcoords": "offset points", "fontsize": 7}
    if best is not None:
        stars.append((best.energy, best.accuracy, plot.RED))
        text = f"{name}\n{joules(best.energy)}, {seconds(best.latency)}"
        axes.annotate(text, (best.energy, 100 * best.accuracy), xytext=(4, -24), **note)
    for energy, rate, face in stars:
        low, high = accuracy.interval(rate)
        axes.errorbar(
            energy,
            100 * rate,
            yerr=[[100 * (rate - float(low))], [100 * (float(high) - rate)]],
            fmt="*",
            color=plot.RED,
            markerfacecolor=face,
            markersize=11,
            zorder=5,
        )
    below = (0, 9 if coupling == "strain" else -24)
    text = f"card,\n{name.split()[0]}"
    axes.annotate(text, (stated, 100 * reached), xytext=below, ha="center", **note)
