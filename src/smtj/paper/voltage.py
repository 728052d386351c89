"""Neurons driven by the voltage across their own junctions, beside those of the paper's field.

The paper's voltage sets how steep a neuron is, and a field is its input.  A spin torque makes the
voltage the input: no wire, and the power of a junction in place of that of a wire.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from smtj import plot
from smtj.card import DeviceCard, as_device
from smtj.datasets import ImageDataset
from smtj.energy.costs import Coupling, cost, joules
from smtj.nn.reads.kernels import one_thread
from smtj.nn.training.network import NetworkSettings, build_network
from smtj.nn.training.settings import TrainingSettings
from smtj.nn.training.trainer import Images, Trainer, as_tensors, scaled
from smtj.paper.fig3b import HIDDEN
from smtj.paper.texts import check, figure
from smtj.physics.voltage_response import voltage_response
from smtj.report.figure import FigureResult
from smtj.units import mV

TRAINING_IMAGES, EPOCHS = 20_000, 3
"""A short run; `make validate` trains on all images, over seeds."""
UPRIGHT = "funatsu2022"
"""A gallery card whose torque acts along the easy axis."""
EXAMPLES = 1000
"""Test images that give the workload of the costs."""
AS_WELL = 0.01
"""Largest loss in accuracy that counts as working as well."""
COLOURS = (plot.BLUE, plot.RED)

Progress = Callable[[str], None]


class Driven(NamedTuple):
    """A device with both drives."""

    card: DeviceCard
    accuracy: dict[str, list[float]]
    """Test accuracy after every epoch, by drive."""
    energy: dict[str, float]
    """Energy of all neurons for a digit in J, by drive."""
    drive: dict[str, float]
    """That of the Oersted wires, or of the voltages, alone."""


def with_torque(card: DeviceCard) -> DeviceCard:
    """Return a card with the spin torque of the polarisation that its TMR implies.

    A card that has a torque stays.  Two equal electrodes have TMR = 2P²/(1 - P²) (M. Julliere,
    Phys. Lett. A 54, 225 (1975), doi:10.1016/0375-9601(75)90174-7).

    Examples
    --------
    >>> import smtj
    >>> card = with_torque(smtj.load_card("cai2019"))
    >>> round(float(card.spin_torque.polarisation), 3)  # of a TMR of 80 %
    0.535
    """
    if card.spin_torque is not None:
        return card
    tmr = float(card.electrical.tmr)
    return card.replace({"spin_torque.polarisation": math.sqrt(tmr / (2 + tmr))})


def make(
    card: DeviceCard,
    images: ImageDataset,
    out: Path,
    seed: int = 0,
    progress: Progress = lambda _: None,
) -> FigureResult:
    """Train the paper's network with either drive, and cost a digit; half a minute on two cores.

    Parameters
    ----------
    card
        The device; it gets the torque of its TMR, as does a device with an upright axis.
    images
        The data set.
    out
        Folder of the figure.
    seed
        Seed of weights, batches, reads and chip.
    progress
        Called with a few words on what is done.
    """
    data = as_tensors(images)
    data = data._replace(
        train_images=data.train_images[:TRAINING_IMAGES],
        train_labels=data.train_labels[:TRAINING_IMAGES],
    )
    cards = [with_torque(card)]
    if card.name != UPRIGHT:
        cards.append(with_torque(as_device(UPRIGHT)))
    found = [_driven(each, data, seed, progress) for each in cards]
    own = found[0]
    lost = own.accuracy["field"][-1] - own.accuracy["voltage"][-1]
    return figure(
        "voltage",
        _draw(out / "voltage", found),
        {
            each.card.name: {
                "test_accuracy": each.accuracy,
                "energy_per_digit_J": each.energy,
                "energy_of_drive_J": each.drive,
            }
            for each in found
        },
        [
            check(
                "voltage.input",
                "consistent" if lost < AS_WELL else "differs",
                results="; ".join(map(_said, found)),
                epochs=EPOCHS,
                training=len(data.train_labels),
            )
        ],
        training=len(data.train_labels),
        cards=" and ".join(each.card.name for each in found),
        sizes=f"{images.pixels}-{HIDDEN}-{images.classes}",
        count=len(data.test_labels),
        images=images.title,
        polarisations=" and ".join(_polarisation(each.card) for each in found),
    )


def _driven(card: DeviceCard, data: Images, seed: int, progress: Progress) -> Driven:
    pixels, classes = data.train_images[0].numel(), int(data.train_labels.max()) + 1
    field = NetworkSettings((pixels, HIDDEN, classes), chip_seed=seed)
    accuracy: dict[str, list[float]] = {}
    energy: dict[str, float] = {}
    spent: dict[str, float] = {}
    couplings: dict[str, Coupling] = {"field": "oersted", "voltage": "voltage"}
    for drive, settings in (("field", field), ("voltage", replace(field, drive="voltage"))):
        progress(f"voltage as input, {card.name}, {drive}: P of the {drive}")
        trainer = Trainer(build_network(settings, card, seed), data, TrainingSettings(seed=seed))
        # As all trainings of the report, so that no joule depends on the number of threads.
        with one_thread():
            for epoch in trainer.epochs(EPOCHS):
                progress(
                    f"voltage as input, {card.name}, {drive}: epoch {epoch.number} of {EPOCHS}"
                )
        accuracy[drive] = [epoch.test_accuracy for epoch in trainer.history]
        trainer.network.eval()
        price = cost(trainer.network, card, inputs=scaled(data.test_images[:EXAMPLES]))
        parts = price.parts(couplings[drive])
        energy[drive] = float(sum(parts.values()))
        spent[drive] = float(parts["voltage drive" if drive == "voltage" else "Oersted wire"])
    return Driven(card, accuracy, energy, spent)


def _said(found: Driven) -> str:
    field, voltage = (100 * found.accuracy[drive][-1] for drive in ("field", "voltage"))
    wires, junctions = (joules(found.drive[drive]) for drive in ("field", "voltage"))
    return (
        f"{found.card.name}: {voltage:.2f} % by voltage, {field:.2f} % by field; for a digit the "
        f"voltages take {junctions}, the Oersted wires {wires}, everything with read-out "
        f"{joules(found.energy['voltage'])} and {joules(found.energy['field'])}"
    )


def _polarisation(card: DeviceCard) -> str:
    assert card.spin_torque is not None
    given = card.spin_torque.polarisation
    return "of the card" if given is None else f"{float(given):.2f}"


def _draw(path: Path, found: list[Driven]) -> list[Path]:
    with plot.figure(7.0, 2.6, ncols=2) as (fig, (left, right)):
        for each, colour in zip(found, COLOURS, strict=False):
            response = voltage_response(each.card)
            volts = np.linspace(response.low, response.high, len(response.log_odds))
            p = 1 / (1 + np.exp(-np.array(response.log_odds)))
            left.plot(volts / mV, p, color=colour, label=each.card.name)
            for (drive, curve), line in zip(each.accuracy.items(), ("--", "-"), strict=True):
                label = f"{each.card.name}, by {drive}"
                epochs = np.arange(1, len(curve) + 1)
                right.plot(epochs, 100 * np.array(curve), "." + line, color=colour, label=label)
                right.set_xticks(epochs)
        left.set_xscale("symlog", linthresh=2)
        left.set_xlabel("Voltage across the junction (mV)")
        left.set_ylabel("P(high)")
        left.set_title("(a)", loc="left")
        right.set_xlabel("Epoch")
        right.set_ylabel("Test accuracy (%)")
        right.set_title("(b)", loc="left")
        for axes in (left, right):
            axes.legend(fontsize=7)
        return plot.save(fig, path)
