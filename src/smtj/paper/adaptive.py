"""The adaptive neuron: voltages learnt with a network, and voltages that follow temperature.

The paper proposes it («we can use the voltage-controlled devices to perform as the adaptive neuron,
which can further improve the neural network») but shows no such network.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from smtj import plot
from smtj.card import DeviceCard, as_device
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
from smtj.paper.texts import check, figure
from smtj.report.figure import Check, FigureResult
from smtj.typing import Floats

HIDDEN, TRAINING_IMAGES, EPOCHS, TRAINING_SEEDS = (100, 50), 10_000, 6, 5
"""Of the networks that learn their voltages from the start: small, to take only seconds."""
TEMPERATURES = (280.0, 300.0, 320.0, 340.0, 360.0)
FEW, STEPS, READINGS = 500, 100, 4
"""Images and steps of a recalibration, and evaluations averaged for an accuracy."""
KINDS: dict[str, Per | None] = {
    "fixed at 0 V": None,
    "one voltage per layer": "layer",
    "one voltage per neuron": "neuron",
}
COLOURS = (plot.GREY, plot.BLUE, plot.RED)

Progress = Callable[[str], None]
"""Called with a few words on what is done."""


def on_card(network: nn.Sequential, settings: NetworkSettings, card: DeviceCard) -> nn.Sequential:
    """Return a network with the same weights and devices of another card, driven for its w.

    The given network is not changed; the factors by which devices differ stay.
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
    network
        ``network.pt`` of a network of junctions trained on the images.
    seed
        Seed of weights, chips, reads and the images of recalibrations.
    progress
        Called with a few words on what is done.
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
            # The course of the first seed is plotted.
            voltage.setdefault(kind, course)
    end = {kind: 100 * np.array(runs)[:, -1] for kind, runs in accuracy.items()}
    gain = end["one voltage per layer"] - end["fixed at 0 V"]
    last = {kind: [round(1e3 * v) for v in course[-1]] for kind, course in voltage.items()}
    return figure(
        "adaptive_training",
        _draw_training(out / "adaptive_training", accuracy, voltage),
        {"test_accuracy": accuracy, "mean_voltage_V": voltage},
        [
            check(
                "adaptive.gain",
                _verdict(gain),
                accuracies="; ".join(f"{kind} {_shown(values)} %" for kind, values in end.items()),
                gain=gain.mean(),
                error=_error(gain),
                voltages=last,
                seeds=TRAINING_SEEDS,
                epochs=EPOCHS,
            )
        ],
        sizes="-".join(map(str, sizes)),
        card=card.name,
        training=len(part.train_labels),
        images=images.title,
        count=len(data.test_labels),
        seeds=TRAINING_SEEDS,
    )


def _recalibrated(
    images: ImageDataset, data: Images, path: Path, out: Path, seed: int, progress: Progress
) -> FigureResult:
    network, settings, loaded = load_network(path)
    card = as_device(loaded)
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
            # Weights stay, so the sums of the first layer stay too.
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
    return figure(
        "adaptive_recalibration",
        _draw_temperature(out / "adaptive_recalibration", curves),
        {"temperature_K": list(TEMPERATURES), "test_accuracy": curves},
        [_recovery(model, found) for model, found in curves.items()],
        sizes="-".join(map(str, settings.sizes)),
        training=len(take),
        count=len(data.test_labels),
        images=images.title,
        readings=READINGS,
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
    """Return the accuracy in each of several evaluations."""
    generator = torch.Generator().manual_seed(seed)
    set_readout(network, generator=generator)
    with torch.no_grad():
        right = [count_correct(network(x), labels, generator) for _ in range(READINGS)]
    return [count / len(labels) for count in right]


def _recovery(model: str, found: dict[str, list[list[float]]]) -> Check:
    cold, hot = (
        100 * np.array(found["left at 0 V"][TEMPERATURES.index(t)]) for t in (300.0, 360.0)
    )
    after = 100 * np.array(found["recalibrated"][-1])
    fraction = (after.mean() - hot.mean()) / (cold.mean() - hot.mean())
    return check(
        "adaptive.recovery",
        "consistent" if fraction > 0.5 else "not supported",
        model=model,
        cold=_shown(cold),
        hot=_shown(hot),
        after=_shown(after),
        percent=100 * fraction,
        images=FEW,
        readings=READINGS,
    )


def _shown(values: Floats) -> str:
    return f"{values.mean():.2f} ± {_error(values):.2f}"


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
                short = kind.removeprefix("one voltage per ")
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
        grid[0][0].set_ylabel("Accuracy (%)")
        grid[0][0].legend()
        return plot.save(fig, path)
