"""The pictures of a cost: a read against its voltage, and accuracy against energy and latency."""

from pathlib import Path
from typing import Any

import numpy as np

from smtj import plot
from smtj.energy.costs import INDEPENDENT, Coupling
from smtj.energy.design_space import ERROR_RATE, SHARE, Survey
from smtj.energy.published import PUBLISHED
from smtj.energy.report import joules, seconds, sigmoid_energy
from smtj.physics.device import operating_point

MARKERS = {"strain": "o", "oersted": "s"}
NAMES = {"strain": "strain", "oersted": "Oersted wires"}


def draw(path: Path, found: Survey) -> list[Path]:
    """Draw a survey; the front of accuracy and energy only where an accuracy is known.

    Parameters
    ----------
    path
        Of the picture, without ending.
    found
        From :func:`smtj.energy.survey.survey`.
    """
    if found.accuracy is None:
        with plot.figure(3.6, 3.0) as (fig, axes):
            _reads(axes, found)
            return plot.save(fig, path)
    with plot.figure(7.2, 3.2, ncols=2, width_ratios=(1, 1.25)) as (fig, (left, right)):
        _reads(left, found)
        _front(fig, right, found)
        left.set_title("(a)", loc="left")
        right.set_title("(b)", loc="left")
        return plot.save(fig, path)


def caption(found: Survey) -> str:
    """The text below the picture, complete in itself."""
    delta = float(operating_point(found.card).stability_factor)
    text = (
        f"Energy of one read of one neuron against the read voltage, card {found.card.name} "
        f"(barrier {delta:.1f} k_BT): the voltage and the amplifier are on for as long as a bit "
        f"error rate of {ERROR_RATE:g} needs, with S_I = 2eI coth(eV/2k_BT) and the amplifier's "
        "noise. Dashed from where a read is as short as the circuits allow. Star: the card's own "
        "read, its voltage on all the time, junction alone. Grey: published energies per random "
        "bit."
    )
    if found.accuracy is None:
        return text
    return (
        "(a) "
        + text
        + f" (b) Share of {found.accuracy.images:,} test images recognised against the energy of "
        "all neurons for one image; every point is beaten by no other in accuracy, energy and "
        f"latency at once. Reads are {INDEPENDENT:g} relaxation times apart; read voltage, bit "
        "error rate, number of reads and barrier (by the activation volume, the fields scaled "
        "with 1/w) are free. Open stars: the card's own reads, for the two couplings; full stars: "
        f"the cheapest that reach {100 * SHARE:.0f} % of the achievable accuracy (dashed); bars: "
        "95 % intervals of the test images. Vertical: digital synapses, and digital sigmoids for "
        "as many neurons."
    )


def _reads(axes: Any, found: Survey) -> None:
    curve = found.curve
    millivolts = 1e3 * np.asarray(curve.signal.voltage)
    each = curve.workload.neurons * float(np.asarray(curve.scheme.reads))
    lines = (
        ("junction", curve.junction, plot.BLUE),
        ("amplifier", curve.amplifier, plot.ORANGE),
        ("comparator, counter", curve.decision + curve.counting, plot.GREEN),
        ("sum", curve.reading() * each, "black"),
    )
    floor = np.asarray(curve.scheme.duration) <= float(found.table.shortest_read)
    for label, energy, colour in lines:
        values = energy / each
        axes.plot(millivolts, np.where(floor, np.nan, values), color=colour, label=label)
        axes.plot(millivolts, np.where(floor, values, np.nan), "--", color=colour)
    bits = [line for line in PUBLISHED if line.quantity == "energy per bit"]
    low, high = min(line.low for line in bits), max(line.high for line in bits)
    axes.axhspan(low, high, color=plot.GREY, alpha=0.25, linewidth=0, label="published bits")
    stated = found.stated
    reads = float(np.asarray(stated.scheme.reads)) * stated.workload.neurons
    axes.plot(
        1e3 * float(stated.signal.voltage),
        float(stated.junction) / reads,
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


def _front(fig: Any, axes: Any, found: Survey) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LogNorm

    assert found.accuracy is not None
    latencies = [p.latency for s in found.searches.values() for p in s.points]
    norm = LogNorm(min(latencies, default=1.0), max(latencies, default=1.0))
    for coupling, tried in found.searches.items():
        points = [p for p in tried.points if p.accuracy > found.accuracy.achievable - 0.1]
        axes.scatter(
            [p.energy for p in points],
            [100 * p.accuracy for p in points],
            c=[p.latency for p in points],
            norm=norm,
            cmap="viridis",
            s=5,
            marker=MARKERS[coupling],
            linewidths=0,
            label=NAMES[coupling],
        )
        _star(axes, found, coupling)
    axes.axhline(100 * SHARE * found.accuracy.achievable, color=plot.GREY, ls="--", lw=0.8)
    for energy, label in (
        (float(found.stated.synapses), "synapses"),
        (sigmoid_energy(found.work), "digital sigmoids"),
    ):
        axes.axvline(energy, color=plot.GREY, lw=0.8, ls=":")
        axes.text(
            energy,
            100 * found.accuracy.achievable - 9.8,
            label,
            rotation=90,
            fontsize=7,
            color=plot.GREY,
            ha="right",
            va="bottom",
        )
    axes.set_xscale("log")
    axes.set_ylim(100 * found.accuracy.achievable - 10, 100 * found.accuracy.achievable + 1)
    axes.set_xlabel("Energy of all neurons per image (J)")
    axes.set_ylabel("Recognition rate (%)")
    fig.colorbar(ScalarMappable(norm, "viridis"), ax=axes, label="Latency (s)")


def _star(axes: Any, found: Survey, coupling: Coupling) -> None:
    assert found.accuracy is not None
    reached = found.accuracy_of(found.stated)
    assert reached is not None
    paper = float(found.stated.neurons(coupling))
    stars = [(paper, reached, "white")]
    best = found.best.get(coupling)
    if best is not None:
        stars.append((best.energy, best.accuracy, plot.RED))
        axes.annotate(
            f"{NAMES[coupling]}\n{joules(best.energy)}, {seconds(best.latency)}",
            (best.energy, 100 * best.accuracy),
            xytext=(4, -24),
            textcoords="offset points",
            fontsize=7,
        )
    for energy, rate, face in stars:
        low, high = found.accuracy.interval(rate)
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
    axes.annotate(
        f"card,\n{NAMES[coupling].split()[0]}",
        (paper, 100 * reached),
        xytext=(0, 9 if coupling == "strain" else -24),
        textcoords="offset points",
        fontsize=7,
        ha="center",
    )
