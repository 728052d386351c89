"""The adaptive neuron at work: voltages learnt with a network, and voltages that follow the heat.

The paper proposes it («we can use the voltage-controlled devices to perform as the adaptive neuron,
which can further improve the neural network») and shows no network that has it.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from smtj import plot
from smtj.card import DeviceCard
from smtj.datasets import ImageDataset
from smtj.nn.layer.adaptive import Per
from smtj.nn.layer.configure import set_readout
from smtj.nn.layer.neuron import junction_layers
from smtj.nn.training.network import NetworkSettings, build_network, load_network
from smtj.nn.training.recalibrate import recalibrate
from smtj.nn.training.trainer import (
    Images,
    Trainer,
    TrainingSettings,
    as_tensors,
    count_correct,
    scaled,
)
from smtj.report.figure import Check, FigureResult

HIDDEN, TRAINING_IMAGES, EPOCHS, TRAINING_SEEDS = (100, 50), 10_000, 6, 5
"""Of the networks that learn their voltages from the beginning: small, so that it takes seconds."""
TEMPERATURES = (280.0, 300.0, 320.0, 340.0, 360.0)
FEW, STEPS, READINGS = 500, 100, 4
"""Images and steps of a recalibration, and evaluations that an accuracy is the mean of."""
KINDS: dict[str, Per | None] = {
    "fixed at 0 V": None,
    "one voltage a layer": "layer",
    "one voltage a neuron": "neuron",
}
COLOURS = (plot.GREY, plot.BLUE, plot.RED)

Progress = Callable[[str], None]
"""Told what is done, a few times."""


def on_card(network: nn.Sequential, settings: NetworkSettings, card: DeviceCard) -> nn.Sequential:
    """Return a network with the same weights, of devices of another card, driven for its w.

    Parameters
    ----------
    network
        The trained network; left as it is.
    settings
        What it is made of.
    card
        Another card; the factors by which devices differ stay.
    """
    result = build_network(settings, card, 0)
    own, given = result.state_dict(), network.state_dict()
    coupled = ("coupling.spread", "coupling.gain", "coupling.offset")
    result.load_state_dict(
        {name: own[name] if name.endswith(coupled) else given[name] for name in own}
    )
    for layer in junction_layers(result).values():
        layer.set_bias(0.0)
    return result.eval()


def make(
    card: DeviceCard,
    images: ImageDataset,
    network: Path,
    out: Path,
    seed: int = 0,
    progress: Progress = lambda _: None,
) -> list[FigureResult]:
    """Show both uses of the adaptive neuron; under a minute on two cores.

    Parameters
    ----------
    card
        The device.
    images
        The data set.
    network
        ``network.pt`` of a network of junctions trained on it.
    out
        Folder of the figures.
    seed
        Decides weights, chips, reads and the images of recalibrations.
    progress
        Told what is done.
    """
    data = as_tensors(images)
    return [
        _trained_together(card, images, data, out, seed, progress),
        _recalibrated(images, data, network, out, seed, progress),
    ]


def _trained_together(
    card: DeviceCard, images: ImageDataset, data: Images, out: Path, seed: int, progress: Progress
) -> FigureResult:
    part = data._replace(
        train_images=data.train_images[:TRAINING_IMAGES],
        train_labels=data.train_labels[:TRAINING_IMAGES],
    )
    sizes = (images.pixels, *HIDDEN, images.classes)
    fixed = NetworkSettings(sizes, readout="linear", reads=1, eval_reads=1)
    accuracy: dict[str, list[list[float]]] = {kind: [] for kind in KINDS}
    voltage: dict[str, list[list[float]]] = {}
    for kind, per in KINDS.items():
        for number in range(seed, seed + TRAINING_SEEDS):
            settings = replace(fixed, adaptive=per, chip_seed=number)
            run = Trainer(
                build_network(settings, card, number), part, TrainingSettings(seed=number)
            )
            course: list[list[float]] = []
            for epoch in run.epochs(EPOCHS):
                course.append([float(v) for v in _voltages(run.network)])
                progress(f"{kind}, seed {number}: epoch {epoch.number} of {EPOCHS}")
            accuracy[kind].append([epoch.test_accuracy for epoch in run.history])
            # Of the first seed the course is drawn.
            voltage.setdefault(kind, course)
    end = {kind: 100 * np.array(runs)[:, -1] for kind, runs in accuracy.items()}
    ours = "; ".join(f"{kind} {v.mean():.2f} ± {_error(v):.2f} %" for kind, v in end.items())
    gain = end["one voltage a layer"] - end["fixed at 0 V"]
    last = {kind: [round(1e3 * v) for v in course[-1]] for kind, course in voltage.items()}
    return FigureResult(
        name="adaptive_training",
        title="The adaptive neuron: voltages learnt together with the weights",
        caption=(
            f"A {'-'.join(map(str, sizes))} network with two hidden layers of {card.name} neurons, "
            f"one read each, and a linear read-out learns from {len(part.train_labels):,} images "
            f"of {images.title}, its bias voltages with its weights: V = V_limit tanh θ. "
            f"(a) Recognised of {len(data.test_labels):,} test images, mean of {TRAINING_SEEDS} "
            "seeds, each with weights, reads and a chip of its own. (b) What was learnt, mean over "
            "the neurons of a layer, first seed: negative voltages, which raise the barrier and "
            "with it w; a steeper neuron answers one read with less noise. The weights could "
            "not do so, since the calibrated coupling gives its inputs one spread. At one "
            "learning rate a neuron's own voltage, which only its own gradient moves, learns far "
            "more slowly than that of a layer."
        ),
        images=_draw_training(out / "adaptive_training", accuracy, voltage),
        numbers={"test_accuracy": accuracy, "mean_voltage_V": voltage},
        checks=[
            Check(
                claim="The adaptive neuron can further improve the network",
                paper="«perform as the adaptive neuron, which can further improve the neural "
                "network», below Fig. 4; not tried there",
                ours=f"{ours}; seed by seed one a layer gains {gain.mean():.2f} ± "
                f"{_error(gain):.2f} points; voltages by layer (mV): {last}",
                verdict=_verdict(gain),
                how=f"one read, {TRAINING_SEEDS} seeds, {EPOCHS} epochs; ± is the standard error "
                "over seeds, *agrees* asks for 95 % by Student's t",
            )
        ],
    )


def _recalibrated(
    images: ImageDataset, data: Images, path: Path, out: Path, seed: int, progress: Progress
) -> FigureResult:
    network, settings, card = load_network(path)
    changes = {"switching.model": "self-consistent", "switching.effective_anisotropy_field": None}
    cards = {
        "cai2019": card.replace({"switching.model": "cai2019"})
        if card.switching.effective_anisotropy_field is not None
        else None,
        "self-consistent": card.replace(changes),
    }
    take = torch.randperm(len(data.train_labels), generator=torch.Generator().manual_seed(seed))[
        :FEW
    ]
    curves: dict[str, dict[str, list[list[float]]]] = {}
    for model, own in cards.items():
        if own is None:
            continue
        layers = set_readout(on_card(network, settings, own), eval_reads=1)
        assert isinstance(layers, nn.Sequential)
        first, rest = layers[0], nn.Sequential(*list(layers)[1:])
        with torch.no_grad():
            # Weights stay, so the sums of the first layer do.
            few, test = (first(scaled(p)) for p in (data.train_images[take], data.test_images))
        found: dict[str, list[list[float]]] = {"left at 0 V": [], "recalibrated": []}
        for temperature in TEMPERATURES:
            for layer in junction_layers(rest).values():
                layer.set_bias(0.0, temperature)
            found["left at 0 V"].append(_accuracies(rest, test, data.test_labels, seed))
            recalibrate(rest, few, data.train_labels[take], steps=STEPS, seed=seed)
            found["recalibrated"].append(_accuracies(rest, test, data.test_labels, seed))
            progress(f"recalibrated at {temperature:g} K, model {model}")
        curves[model] = found
    checks = [_share_won(model, found) for model, found in curves.items()]
    return FigureResult(
        name="adaptive_recalibration",
        title="The adaptive neuron: recalibration after a change of temperature",
        caption=(
            f"The {'-'.join(map(str, settings.sizes))} network trained at 300 K, every device read "
            f"once. Its weights and couplings stay as they are; at each temperature the bias "
            f"voltages are trained on {len(take)} training images, one voltage a neuron, or "
            f"left at 0 V. Recognised of {len(data.test_labels):,} test images of "
            f"{images.title}; points are the mean of {READINGS} evaluations, bars their standard "
            "deviation. With one read voltage helps at 300 K as well. "
            "Left: the paper's switching model, in which the voltage moves w by 17 %. "
            "Right: the self-consistent one, in which the barrier drops out of w, with the "
            "coupling built for its w."
        ),
        images=_draw_temperature(out / "adaptive_recalibration", curves),
        numbers={"temperature_K": list(TEMPERATURES), "test_accuracy": curves},
        checks=checks,
    )


def _voltages(network: nn.Module) -> list[float]:
    """Return the mean bias voltage of every layer in V."""
    with torch.no_grad():
        means = []
        for layer in junction_layers(network).values():
            layer.operating_state()
            means.append(float(layer.bias_voltage.mean()))
    return means


def _accuracies(network: nn.Sequential, x: Tensor, labels: Tensor, seed: int) -> list[float]:
    """Return the share recognised in each of several evaluations."""
    generator = torch.Generator().manual_seed(seed)
    set_readout(network, generator=generator)
    with torch.no_grad():
        right = [count_correct(network(x), labels, generator) for _ in range(READINGS)]
    return [count / len(labels) for count in right]


def _share_won(model: str, found: dict[str, list[list[float]]]) -> Check:
    cold, hot = (
        100 * np.array(found["left at 0 V"][TEMPERATURES.index(t)]) for t in (300.0, 360.0)
    )
    after = 100 * np.array(found["recalibrated"][-1])
    share = (after.mean() - hot.mean()) / (cold.mean() - hot.mean())
    return Check(
        claim=f"Voltage makes up for 60 K, {model} model",
        paper="«we can tune the relation between input and output signals by the voltage bias»",
        ours=(
            f"one read: {cold.mean():.2f} ± {_error(cold):.2f} % at 300 K, {hot.mean():.2f} ± "
            f"{_error(hot):.2f} % at 360 K, {after.mean():.2f} ± {_error(after):.2f} % "
            f"recalibrated: {100 * share:.0f} % of the loss is won back"
        ),
        verdict="consistent" if share > 0.5 else "not supported",
        how=f"{FEW} images, weights frozen; ± over {READINGS} evaluations of one chip",
    )


def _verdict(gain: Any) -> Any:
    """Judge a gain of few seeds by Student's t, at 95 %."""
    from scipy.stats import t

    if gain.mean() > t.ppf(0.975, len(gain) - 1) * _error(gain):
        return "agrees"
    return "consistent" if gain.mean() > 0 else "not supported"


def _error(values: Any) -> float:
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))


def _draw_training(
    path: Path, accuracy: dict[str, list[list[float]]], voltage: dict[str, list[list[float]]]
) -> list[Path]:
    with plot.figure(7.0, 2.8, ncols=2) as (fig, (left, right)):
        epochs = np.arange(1, EPOCHS + 1)
        for (kind, runs), colour in zip(accuracy.items(), COLOURS, strict=True):
            left.plot(epochs, 100 * np.mean(runs, axis=0), "o-", color=colour, label=kind)
            if kind == "fixed at 0 V":
                continue
            for layer, line in enumerate(("-", "--")):
                course = [1e3 * row[layer] for row in voltage[kind]]
                place = ("first layer", "second layer")[layer]
                short = kind.removeprefix("one voltage ")
                right.plot(epochs, course, "o" + line, color=colour, label=f"{short}: {place}")
        plot.accuracy_axes(left, EPOCHS + 0.4)
        left.legend(loc="lower right")
        left.set_title("(a)", loc="left")
        right.axhline(0, color=plot.GREY, linewidth=0.6)
        right.set_xlim(0, EPOCHS + 0.4)
        right.set_xlabel("Training epochs")
        right.set_ylabel("Mean bias voltage (mV)")
        right.set_title("(b)", loc="left")
        right.legend()
        return plot.save(fig, path)


def _draw_temperature(path: Path, curves: dict[str, dict[str, list[list[float]]]]) -> list[Path]:
    titles = {"cai2019": "the paper's model", "self-consistent": "self-consistent model"}
    with plot.figure(7.0, 2.8, ncols=len(curves), sharey=True, squeeze=False) as (fig, grid):
        for axes, (model, found) in zip(grid[0], curves.items(), strict=True):
            for (label, values), colour in zip(found.items(), (plot.GREY, plot.RED), strict=True):
                percent = 100 * np.array(values)
                axes.errorbar(
                    TEMPERATURES,
                    percent.mean(axis=1),
                    percent.std(axis=1, ddof=1),
                    fmt="o-",
                    color=colour,
                    capsize=2,
                    label=label,
                )
            axes.axvline(300, color=plot.GREY, linewidth=0.6, linestyle=":")
            axes.set_title(titles[model], loc="left")
            axes.set_xlabel("Temperature (K)")
        grid[0][0].set_ylabel("Recognition rate (%)")
        grid[0][0].legend()
        return plot.save(fig, path)
