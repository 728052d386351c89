"""The adaptive neuron: voltages learnt with a network, and voltages that follow temperature.

The paper proposes it («we can use the voltage-controlled devices to perform as the adaptive neuron,
which can further improve the neural network») but shows no such network.  Beside every learnt
voltage stands one constant voltage that no image has chosen, and beside devices in equilibrium a
stream of images at the card's own interval of reads.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from smtj import plot
from smtj.card import Card, DeviceCard, as_device
from smtj.datasets import ImageDataset
from smtj.nn.devices.bias import voltages_of_spline
from smtj.nn.layer.adaptive import Per
from smtj.nn.layer.configure import set_readout
from smtj.nn.layer.neuron import junction_layers
from smtj.nn.training.network import (
    NetworkSettings,
    build_network,
    load_network,
    stream_of_reads,
)
from smtj.nn.training.recalibrate import recalibrate
from smtj.nn.training.settings import TrainingSettings
from smtj.nn.training.trainer import Images, Trainer, as_tensors, count_correct, evaluate, scaled
from smtj.paper.texts import check, figure
from smtj.report.figure import Check, FigureResult
from smtj.typing import Floats

HIDDEN, TRAINING_IMAGES, EPOCHS, TRAINING_SEEDS = (100, 50), 10_000, 6, 4
"""Of the networks that learn their voltages from the start: small, to take only seconds."""
TEMPERATURES = (280.0, 300.0, 320.0, 340.0, 360.0)
FEW, STEPS, READINGS = 500, 100, 4
"""Images and steps of a recalibration, and evaluations averaged for an accuracy."""


class Kind(NamedTuple):
    """A way to choose bias voltages."""

    adaptive: Per | None = None
    """What learns its voltage; None for a constant."""
    steep: bool = False
    """Whether the constant is the voltage of the steepest device instead of 0 V."""
    streamed: bool = False
    """Whether training knows the card's interval of reads."""


NONE, CONSTANT, LAYER = "fixed at 0 V", "one constant voltage", "one voltage per layer"
STREAM_NONE, STREAM = "fixed at 0 V, in a stream", "one voltage per layer, in a stream"
KINDS = {
    NONE: Kind(),
    CONSTANT: Kind(steep=True),
    LAYER: Kind("layer"),
    "one voltage per neuron": Kind("neuron"),
    STREAM_NONE: Kind(streamed=True),
    STREAM: Kind("layer", streamed=True),
}
ZERO, STEEP, LEARNT = "left at 0 V", "one constant voltage", "recalibrated"
CURVES = {ZERO: plot.GREY, STEEP: plot.ORANGE, LEARNT: plot.RED}
COLOURS = (plot.GREY, plot.ORANGE, plot.BLUE, plot.RED, "black", plot.GREEN)

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


def steepest_voltage(card: Card, temperature: float | None = None) -> float:
    """Return the voltage in V within the card's limit at which w is largest; no image is needed."""
    volts = voltages_of_spline(card)
    return float(volts[np.argmax(np.abs(card.under_bias(volts, temperature).slope))])


def make(
    card: DeviceCard,
    images: ImageDataset,
    network: Path,
    out: Path,
    seed: int = 0,
    progress: Progress = lambda _: None,
) -> list[FigureResult]:
    """Show both uses of the adaptive neuron; a minute or two on two cores.

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
    streamed: dict[str, list[float]] = {kind: [] for kind in KINDS}
    voltage: dict[str, list[list[float]]] = {}
    constant = steepest_voltage(card)
    for kind, way in KINDS.items():
        for number in range(seed, seed + TRAINING_SEEDS):
            interval = card.sampling_interval if way.streamed else None
            settings = replace(fixed, adaptive=way.adaptive, chip_seed=number, interval=interval)
            network = build_network(settings, card, number)
            if way.steep:
                for layer in junction_layers(network).values():
                    layer.set_bias(constant)
            run = Trainer(network, part, TrainingSettings(seed=number))
            course: list[list[float]] = []
            for epoch in run.epochs(EPOCHS):
                course.append([float(v) for v in _voltages(run.network)])
                progress(f"{kind}, seed {number}: epoch {epoch.number} of {EPOCHS}")
            accuracy[kind].append([epoch.test_accuracy for epoch in run.history])
            set_readout(network, scheme=stream_of_reads(card.sampling_interval))
            streamed[kind].append(evaluate(network, data, seed=number))
            # The course of the first seed is plotted.
            voltage.setdefault(kind, course)
    end = {kind: 100 * np.array(runs)[:, -1] for kind, runs in accuracy.items()}
    stream = {kind: 100 * np.array(found) for kind, found in streamed.items()}
    last = {kind: [round(1e3 * v) for v in course[-1]] for kind, course in voltage.items()}
    gain, beyond = (end[LAYER] - end[kind] for kind in (NONE, CONSTANT))
    kept = stream[STREAM] - stream[STREAM_NONE]
    return figure(
        "adaptive_training",
        _draw_training(out / "adaptive_training", accuracy, voltage),
        {"test_accuracy": accuracy, "streamed_accuracy": streamed, "mean_voltage_V": voltage},
        [
            check(
                "adaptive.gain",
                _better(beyond, gain),
                accuracies="; ".join(
                    f"{kind} {_shown(end[kind])} %"
                    for kind, way in KINDS.items()
                    if not way.streamed
                ),
                gain=gain.mean(),
                error=_error(gain),
                beyond=beyond.mean(),
                beyond_error=_error(beyond),
                constant=1e3 * constant,
                voltages={kind: last[kind] for kind, way in KINDS.items() if way.adaptive},
                seeds=TRAINING_SEEDS,
                epochs=EPOCHS,
            ),
            check(
                "adaptive.stream",
                "agrees" if _gains(kept) else "not supported",
                interval=1e3 * card.sampling_interval,
                accuracies="; ".join(f"{kind} {_shown(found)} %" for kind, found in stream.items()),
                gain=kept.mean(),
                error=_error(kept),
                seeds=TRAINING_SEEDS,
                epochs=EPOCHS,
            ),
        ],
        sizes="-".join(map(str, sizes)),
        card=card.name,
        training=len(part.train_labels),
        images=images.title,
        count=len(data.test_labels),
        seeds=TRAINING_SEEDS,
        constant=1e3 * constant,
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
        found: dict[str, list[list[float]]] = {name: [] for name in CURVES}
        for temperature in TEMPERATURES:
            for voltage, name in ((steepest_voltage(own, temperature), STEEP), (0.0, ZERO)):
                for layer in junction_layers(rest).values():
                    layer.set_bias(voltage, temperature)
                found[name].append(_accuracies(rest, test, data.test_labels, seed))
            recalibrate(rest, few, data.train_labels[take], steps=STEPS, seed=seed)
            found[LEARNT].append(_accuracies(rest, test, data.test_labels, seed))
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
    cold, hot = ({name: _at(values, t) for name, values in found.items()} for t in (300.0, 360.0))
    lost = cold[ZERO].mean() - hot[ZERO].mean()
    # Equal means at both temperatures: the network at 300 K at its own constant voltage.
    fair = (hot[LEARNT].mean() - hot[ZERO].mean()) / (cold[STEEP].mean() - hot[ZERO].mean())
    return check(
        "adaptive.recovery",
        "consistent" if fair > 0.5 else "not supported",
        model=model,
        cold=_shown(cold[ZERO]),
        hot=_shown(hot[ZERO]),
        after=_shown(hot[LEARNT]),
        percent=100 * (hot[LEARNT].mean() - hot[ZERO].mean()) / lost,
        constant=_shown(hot[STEEP]),
        constant_percent=100 * (hot[STEEP].mean() - hot[ZERO].mean()) / lost,
        best=_shown(cold[STEEP]),
        fair=100 * fair,
        images=FEW,
        readings=READINGS,
    )


def _at(values: list[list[float]], temperature: float) -> Floats:
    return 100 * np.array(values[TEMPERATURES.index(temperature)])


def _shown(values: Floats) -> str:
    return f"{values.mean():.2f} ± {_error(values):.2f}"


def _gains(gain: Any) -> bool:
    """Judge a gain of few seeds by Student's t, at 95 %."""
    from scipy.stats import t

    return bool(gain.mean() > t.ppf(0.975, len(gain) - 1) * _error(gain))


def _better(beyond: Any, gain: Any) -> Any:
    """Judge learnt voltages: they agree only where they gain more than a constant voltage does."""
    if _gains(beyond):
        return "agrees"
    return "consistent" if _gains(gain) else "not supported"


def _error(values: Any) -> float:
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))


def _draw_training(
    path: Path, accuracy: dict[str, list[list[float]]], voltage: dict[str, list[list[float]]]
) -> list[Path]:
    with plot.figure(7.0, 2.8, ncols=2) as (fig, (left, right)):
        epochs = np.arange(1, EPOCHS + 1)
        for (kind, runs), colour in zip(accuracy.items(), COLOURS, strict=True):
            left.plot(epochs, 100 * np.mean(runs, axis=0), "o-", color=colour, label=kind)
            if KINDS[kind].adaptive is None:
                continue
            for layer, line in enumerate(("-", "--")):
                course = [1e3 * row[layer] for row in voltage[kind]]
                place = ("first layer", "second layer")[layer]
                short = kind.removeprefix("one voltage per ")
                right.plot(epochs, course, "o" + line, color=colour, label=f"{short}: {place}")
        plot.accuracy_axes(left, EPOCHS + 0.4)
        # Room for the legend below the curves.
        low, high = left.get_ylim()
        left.set_ylim(low - 0.9 * (high - low), high)
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
            for label, colour in CURVES.items():
                values = found[label]
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
