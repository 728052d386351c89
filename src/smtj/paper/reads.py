"""Realistic reads of a trained network: accuracy by their number, interval and total time.

Beyond the paper, which reads its device every 120 ms and its network not at all.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from smtj import plot
from smtj.datasets import ImageDataset
from smtj.energy.plans import relaxation_time
from smtj.errors import SmtjError
from smtj.paper.texts import check, figure
from smtj.physics.readout.repeated import effective_reads
from smtj.report.figure import FigureResult
from smtj.typing import Floats
from smtj.units import ms

READS = (1, 2, 4, 8, 16)
INTERVALS = (0.1, 0.3, 1.0, 3.0)
"""In relaxation times at H_s."""
COLOURS = (plot.RED, plot.ORANGE, plot.GREEN, plot.BLUE, plot.GREY)
SAMPLES = 1000
"""Of Fig. 2(c), in 2 min."""


def make(
    network: Path,
    images: ImageDataset,
    out: Path,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> FigureResult:
    """Read a trained network repeatedly, with devices in equilibrium and in a stream.

    Parameters
    ----------
    network
        ``network.pt`` of ``smtj train`` or of Fig. 3(b), with junctions as neurons.
    images
        Data set whose test images evaluate it.
    progress
        Called with (done, total).

    Raises
    ------
    CheckpointError
        The file is missing, damaged or of another kind.
    SmtjError
        The network has no junctions, or is not for such images.
    """
    from smtj.nn.training.network import load_network

    model, settings, card = load_network(network)
    if settings.neuron != "mtj" or settings.sizes[0] != images.pixels:
        raise SmtjError(
            f"{network} is a {'-'.join(map(str, settings.sizes))} network of {settings.neuron} "
            f"neurons; reads need mtj ones, and {images.title} has {images.pixels} pixels"
        )
    tau = relaxation_time(card)
    found = _measure(model, images, tau, seed, progress)
    independent, fresh, stream = (100 * part for part in found)
    error = 100 * np.sqrt(np.maximum(found[1], 0.01) * (1 - found[1]) / len(images.test_labels))
    interval = card.sampling_interval
    fraction = float(effective_reads(SAMPLES, interval, tau)) / SAMPLES
    return figure(
        "reads",
        _draw(out / "reads", independent, fresh, stream, error, tau),
        {
            "relaxation_time_s": tau,
            "reads": list(READS),
            "interval_over_relaxation_time": list(INTERVALS),
            "independent_percent": independent.round(3).tolist(),
            "equilibrium_percent": fresh.round(3).tolist(),
            "stream_percent": stream.round(3).tolist(),
        },
        [
            check(
                "reads.enough",
                "consistent" if fraction > 0.5 else "differs",
                samples=SAMPLES,
                tau=tau / ms,
                interval=interval / ms,
                percent=100 * fraction,
            )
        ],
        sizes="-".join(map(str, settings.sizes)),
        card=card.name,
        count=len(images.test_labels),
        images=images.title,
        tau=tau / ms,
    )


def _measure(
    model: Any,
    images: ImageDataset,
    tau: float,
    seed: int,
    progress: Callable[[int, int], None] | None,
) -> tuple[Floats, Floats, Floats]:
    """Return accuracies of independent reads, and by reads and interval, fresh and streaming."""
    from smtj.nn import DigitalReads, set_readout
    from smtj.nn.training.trainer import as_tensors, evaluate

    tensors = as_tensors(images)
    total, done = len(READS) * (1 + 2 * len(INTERVALS)), 0

    def accuracy(reads: int, scheme: Any) -> float:
        nonlocal done
        set_readout(model, eval_reads=reads, scheme=scheme)
        # A seed per point, so that their errors are independent.
        found = evaluate(model, tensors, 1000 * seed + done)
        done += 1
        if progress is not None:
            progress(done, total)
        return found

    independent = np.array([accuracy(reads, "independent") for reads in READS])
    fresh, stream = (
        np.array(
            [
                [accuracy(n, DigitalReads(tau * at, streaming=streaming)) for at in INTERVALS]
                for n in READS
            ]
        )
        for streaming in (False, True)
    )
    return independent, fresh, stream


def _draw(
    path: Path, independent: Floats, fresh: Floats, stream: Floats, error: Floats, tau: float
) -> list[Path]:
    with plot.figure(7.0, 2.7, ncols=3) as (fig, (left, middle, right)):
        style: dict[str, Any] = {"marker": "o", "markersize": 3, "linewidth": 1.0}
        for k, (at, colour) in enumerate(zip(INTERVALS, COLOURS, strict=False)):
            label = f"{at:g} $τ_r$"
            left.errorbar(READS, fresh[:, k], error[:, k], color=colour, label=label, **style)
        left.plot(READS, independent, "--", color=plot.GREY, label="independent")
        left.set_xscale("log", base=2)
        left.set_xticks(READS, [str(n) for n in READS])
        left.set_xlabel("Reads $N$")
        left.set_ylabel("Accuracy (%)")
        middle.sharey(right)
        left.set_title("(a) equilibrium", loc="left")
        for n, (reads, colour) in enumerate(zip(READS, COLOURS, strict=False)):
            label = f"{reads} read" + ("s" if reads > 1 else "")
            middle.plot(INTERVALS, stream[n], color=colour, label=label, **style)
            right.plot(reads * tau * np.array(INTERVALS), stream[n], color=colour, **style)
        for axes, label in (
            (middle, "Interval ($τ_r$ at $H_s$)"),
            (right, "Time $N$ · interval (s)"),
        ):
            axes.set_xscale("log")
            axes.set_xlabel(label)
        middle.set_title("(b) stream", loc="left")
        right.set_title("(c) stream", loc="left")
        low, high = left.get_ylim()
        left.set_ylim(low - 0.6 * (high - low), high)  # room for the legend
        left.legend(loc="lower right", fontsize=7, handlelength=1.4)
        handles, labels = middle.get_legend_handles_labels()
        right.legend(handles, labels, loc="lower right", fontsize=7, handlelength=1.4)
        return plot.save(fig, path)
