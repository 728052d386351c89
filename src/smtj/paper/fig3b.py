"""Fig. 3(b): accuracy against training epochs, junctions beside sigmoids.

Both networks have the same initial weights, batches, optimiser, loss and read-out.  The junctions
are driven through the calibrated coupling, our reading of the paper's linear transformation; the
sigmoids take their sums directly.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from smtj import plot
from smtj.card import DeviceCard
from smtj.datasets import ImageDataset
from smtj.nn.training.experiment import Experiment
from smtj.nn.training.network import NetworkSettings
from smtj.nn.training.parallel import Job, run_all
from smtj.nn.training.settings import TrainingSettings
from smtj.nn.training.trainer import Epoch
from smtj.paper.claims import check_claims
from smtj.paper.texts import figure
from smtj.report.figure import FigureResult

HIDDEN = 400
ABLATIONS = (
    "sigmoid, same transformation",
    "mtj, matched coupling",
    "mtj, nominal",
    "mtj, expected",
)

Curves = dict[str, NDArray[np.float64]]
"""Test accuracy by network, shape (seeds, epochs)."""


@dataclass(frozen=True)
class TrainingPlan:
    """How much to train."""

    epochs: int = 100
    """Epochs of the two networks of the figure."""
    ablation_epochs: int = 10
    """Epochs of the ablations."""
    seeds: int = 1
    """Each has its own weights, batches, reads and chip."""
    readout: str = "device"


def networks(images: ImageDataset) -> dict[str, NetworkSettings]:
    """Return the two networks of the figure, then those that change one thing each."""
    mtj = NetworkSettings((images.pixels, HIDDEN, images.classes))
    sigmoid = replace(mtj, neuron="sigmoid", coupling="matched")
    return {
        "mtj": mtj,
        "sigmoid": sigmoid,
        "sigmoid, same transformation": replace(sigmoid, coupling="calibrated"),
        "mtj, matched coupling": replace(mtj, coupling="matched"),
        "mtj, nominal": replace(mtj, noise=False, variation=False),
        "mtj, expected": replace(mtj, reads="expected", eval_reads="expected"),
    }


def jobs(card: DeviceCard, images: ImageDataset, plan: TrainingPlan, out: Path) -> list[Job]:
    """Return every training of the figure, the longest first."""
    planned = []
    for name, network in networks(images).items():
        epochs = min(plan.epochs, plan.ablation_epochs) if name in ABLATIONS else plan.epochs
        for seed in range(plan.seeds):
            settings = replace(network, chip_seed=seed)
            training = TrainingSettings(seed=seed)
            folder = out / "runs" / f"{name.replace(', ', '-').replace(' ', '-')}-{seed}"
            experiment = Experiment(card, settings, training, images.name)
            planned.append(Job(name, experiment, epochs, folder))
    return sorted(planned, key=lambda job: -job.epochs)


def make(
    card: DeviceCard,
    images: ImageDataset,
    plan: TrainingPlan,
    out: Path,
    progress: Callable[[Job, Epoch], None],
) -> FigureResult:
    """Train the networks, plot their accuracy and test the paper's three claims about it.

    Parameters
    ----------
    card
        The device.
    images
        The data set.
    plan
        How much to train.
    out
        Folder of the figure; the networks go into its ``runs``, where finished epochs are reused.
    progress
        Called after every epoch of every network.
    """
    planned = jobs(card, images, plan, out)
    for job, epoch in run_all(planned, images):
        progress(job, epoch)
    curves = read_curves(planned)
    checks, numbers = check_claims(curves, len(images.test_labels))
    seeds = f"mean and standard deviation of {plan.seeds} seeds" if plan.seeds > 1 else "1 seed"
    return figure(
        "fig3b",
        _draw(out / "fig3b", curves, images, plan),
        {
            **numbers,
            "test_accuracy": {name: curve.tolist() for name, curve in curves.items()},
            "learning_rate": TrainingSettings().learning_rate,
            "seeds": plan.seeds,
        },
        checks,
        sizes=f"{images.pixels}-{HIDDEN}-{images.classes}",
        count=len(images.test_labels),
        images=images.title,
        seeds=seeds,
        rate=TrainingSettings().learning_rate,
    )


def read_curves(planned: list[Job]) -> Curves:
    """Return the recorded test accuracies of finished jobs, by name."""
    curves: dict[str, list[list[float]]] = {}
    for job in planned:
        metrics = json.loads((job.out / "metrics.json").read_text())
        curves.setdefault(job.name, []).append(metrics["test_accuracy"][: job.epochs])
    return {name: np.array(rows) for name, rows in curves.items()}


def _draw(path: Path, curves: Curves, images: ImageDataset, plan: TrainingPlan) -> list[Path]:
    with plot.figure(7.0, 2.9, ncols=2) as (fig, (left, right)):
        styles = {"mtj": (plot.BLUE, "-", "MTJ"), "sigmoid": (plot.RED, "--", "sigmoid")}
        for name, (colour, line, label) in styles.items():
            _curve(left, curves[name], colour, line, label)
            _curve(right, curves[name][:, : plan.ablation_epochs], colour, line, label)
        others = zip(ABLATIONS, (plot.ORANGE, plot.GREEN, plot.GREY, "black"), strict=True)
        for name, colour in others:
            _curve(right, curves[name], colour, ":", name.replace("mtj", "MTJ"))
        plot.accuracy_axes(left, plan.epochs)
        # Few epochs leave the legend its room.
        plot.accuracy_axes(right, max(4, min(plan.epochs, plan.ablation_epochs)) + 0.5)
        left.set_title(f"(b) {images.title}", loc="left")
        right.set_title("beginning; one thing changed at a time", loc="left")
        for axes in (left, right):
            axes.legend(loc="lower right")
        return plot.save(fig, path)


def _curve(axes: object, curve: NDArray[np.float64], colour: str, line: str, label: str) -> None:
    epochs = np.arange(1, curve.shape[1] + 1)
    mean = 100 * curve.mean(axis=0)
    # A single epoch makes no line.
    marker = "o" if len(epochs) == 1 else ""
    axes.plot(epochs, mean, line, marker=marker, color=colour, label=label)  # type: ignore[attr-defined]
    if len(curve) > 1:
        spread = 100 * curve.std(axis=0, ddof=1)
        axes.fill_between(  # type: ignore[attr-defined]
            epochs, mean - spread, mean + spread, color=colour, alpha=0.2, linewidth=0
        )
