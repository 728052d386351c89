"""A chip: the devices of all junction layers of a model, drawn from one seed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import nn

from smtj.errors import CheckpointError, SmtjError
from smtj.files import write_whole
from smtj.nn.checkpoint import FORMAT, read_saved
from smtj.nn.devices.distributions import DISTRIBUTIONS, Source
from smtj.nn.devices.variation import SOURCE_TARGETS, DeviceVariation, Variability, layer_seed
from smtj.nn.layer.neuron import MTJNeuron, neurons_of
from smtj.units import format_quantity

if TYPE_CHECKING:
    from rich.table import Table

_SHOWN = {"A/m": "Oe", "": "%"}


@dataclass(frozen=True)
class ChipLayer:
    """The devices of one layer of a model."""

    devices: DeviceVariation
    variability: Variability
    """What they were drawn from."""

    @property
    def size(self) -> int:
        """Number of devices."""
        return len(self.devices.slope_factor)


@dataclass(frozen=True)
class Chip:
    """The devices of a model's junction layers, by the name of the layer.

    :func:`sample_chip` draws one, :func:`chip_of` takes the one that a model has, :func:`install`
    puts one into a model of the same layers.
    """

    layers: Mapping[str, ChipLayer]
    seed: int | None = None
    """The seed it was drawn from, where that is known."""

    @property
    def size(self) -> int:
        """Number of devices."""
        return sum(layer.size for layer in self.layers.values())

    def describe(self) -> "Table":
        """Return a table for Rich: what each layer was drawn from, and what was found in it."""
        from rich import box
        from rich.table import Table

        title = f"Chip of {self.size:,} devices" + (
            "" if self.seed is None else f", seed {self.seed}"
        )
        table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
        for column in ("layer", "devices", "source", "distribution", "drawn from", "found"):
            table.add_column(column, justify="right" if column == "devices" else "left")
        for name, layer in self.layers.items():
            head = (name or "(the model)", f"{layer.size:,}")
            for row in _rows(layer):
                table.add_row(*head, *row)
                head = ("", "")
        return table

    def __str__(self) -> str:
        from rich.console import Console

        console = Console(width=110, color_system=None)
        with console.capture() as captured:
            console.print(self.describe())
        return captured.get().rstrip()

    def save(self, path: Path | str) -> Path:
        """Write the chip to a file, whole or not at all; :meth:`load` gives it back to the bit.

        Raises
        ------
        SmtjError
            A distribution has no name by which it could be found again.
        """
        content = {
            "format": FORMAT,
            "seed": self.seed,
            "layers": {name: layer.devices._asdict() for name, layer in self.layers.items()},
            "variability": json.dumps(
                {name: described(layer.variability) for name, layer in self.layers.items()}
            ),
        }
        return write_whole(Path(path), lambda file: torch.save(content, file))

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read a chip as :meth:`save` wrote it.

        Raises
        ------
        CheckpointError
            The file is missing, damaged or of another kind.
        """
        content = read_saved(Path(path), "a chip", ("seed", "layers", "variability"))
        sources = json.loads(content["variability"])
        try:
            layers = {
                name: ChipLayer(DeviceVariation(**devices), _variability(sources[name]))
                for name, devices in content["layers"].items()
            }
        except (KeyError, TypeError) as error:
            raise CheckpointError(
                f"{path} holds a chip that this version of smtj does not know ({error})"
            ) from None
        return cls(layers, content["seed"])


def sample_chip(
    model: nn.Module,
    seed: int,
    variability: Variability | Mapping[str, Variability] | None = None,
) -> Chip:
    """Draw a chip for a model; the model stays as it is.

    Parameters
    ----------
    model
        A model with junction layers.
    seed
        Seed of the chip, from which and from its name every layer has the seed of its own devices.
        For a converted model it is the chip that ``convert(..., chip_seed=seed)`` gives.
    variability
        What devices are drawn from, for all layers or by name; by default what each layer has, as a
        rule its card's.

    Returns
    -------
    Chip
        The devices in single precision.

    Raises
    ------
    SmtjError
        The model has no junctions, or the seed is negative.
    """
    layers = {}
    for name, module in junction_layers_by_name(model).items():
        drawn_from = module.variability
        if variability is not None:
            drawn_from = variability if isinstance(variability, Variability) else variability[name]
        own_seed = layer_seed(seed, name)
        devices = drawn_from.draw(module.features, own_seed, chip_seed=seed)
        layers[name] = ChipLayer(devices, drawn_from)
    return Chip(layers, seed)


def chip_of(model: nn.Module) -> Chip:
    """Return the chip that a model has: copies of its devices.

    Raises
    ------
    SmtjError
        The model has no junctions.
    """
    return Chip(
        {
            name: ChipLayer(
                DeviceVariation(*(part.detach().clone() for part in module.devices)),
                module.variability,
            )
            for name, module in junction_layers_by_name(model).items()
        }
    )


def install(chip: Chip, model: nn.Module) -> nn.Module:
    """Put the devices of a chip into a model, which works on under the conditions that it has.

    Parameters
    ----------
    chip
        A chip for a model of the same layers.
    model
        Changed in place.

    Returns
    -------
    nn.Module
        The same model.

    Raises
    ------
    SmtjError
        The layers of chip and model differ; the model is then as it was.
    """
    modules = junction_layers_by_name(model)
    have = {name: module.features for name, module in modules.items()}
    want = {name: layer.size for name, layer in chip.layers.items()}
    if have != want:
        raise SmtjError(f"the chip has the layers {_listed(want)}, the model {_listed(have)}")
    for name, module in modules.items():
        layer = chip.layers[name]
        for quantity, values in layer.devices._asdict().items():
            getattr(module, quantity).copy_(values)
        module.variability = layer.variability
        module.set_bias(None, float(module.temperature))
    return model


def described(variability: Variability) -> dict[str, Any]:
    """Return a variability as JSON holds it.

    Raises
    ------
    SmtjError
        A distribution is not one of :data:`smtj.nn.devices.distributions.DISTRIBUTIONS`.
    """
    record: dict[str, Any] = {}
    for entry in fields(variability):
        value = getattr(variability, entry.name)
        if isinstance(value, Source):
            if DISTRIBUTIONS.get(value.law) is not value.distribution:
                raise SmtjError(
                    f"the distribution {value.law} of {entry.name} cannot be saved, since it would "
                    "not be found again; add it to smtj.nn.devices.distributions.DISTRIBUTIONS"
                )
            record[entry.name] = {"distribution": value.law, "scale": value.scale}
        else:
            record[entry.name] = value
    return record


def _variability(record: Mapping[str, Any]) -> Variability:
    entries: dict[str, Any] = {
        name: Source(
            DISTRIBUTIONS[value["distribution"]], value["scale"], SOURCE_TARGETS[name].unit
        )
        if isinstance(value, Mapping)
        else value
        for name, value in record.items()
    }
    return Variability(**entries)


def junction_layers_by_name(model: nn.Module) -> dict[str, MTJNeuron]:
    """Return the junction layers of a model by name.

    Raises
    ------
    SmtjError
        There are none.
    """
    found = neurons_of(model)
    if not found:
        raise SmtjError("the model has no junctions; smtj.nn.convert puts them in")
    return found


def _listed(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{name or '(the model)'} ({size})" for name, size in sizes.items())


def _rows(layer: ChipLayer) -> list[tuple[str, str, str, str]]:
    """What a layer was drawn from and what was found, one row a source that acts."""
    rows = []
    for name, place in SOURCE_TARGETS.items():
        source: Source = getattr(layer.variability, name)
        values = getattr(layer.devices, place.quantity).double()
        varies = bool((values != place.nominal).any())
        if not (source.scale or varies):
            continue
        shown = _SHOWN.get(place.unit, place.unit)
        if place.whole_chip:
            found = format_quantity(float(values), place.unit, shown, 3)
        else:
            # Of factors the spread of the logarithm, which is what a log-normal one is drawn from.
            spread = torch.log(values[values > 0]) if source.law == "log_normal" else values
            found = "± " + format_quantity(float(spread.std()), place.unit, shown, 3)
        drawn = "± " + format_quantity(source.scale, place.unit, shown, 3)
        label = name.replace("_", " ")
        rows.append((label, source.law.replace("_", "-"), drawn, found if varies else "none"))
    stuck = layer.devices.stuck
    for kind, sign in (("high", 1), ("low", -1)):
        share, count = getattr(layer.variability, f"stuck_{kind}"), int((stuck == sign).sum())
        if share or count:
            rows.append((f"stuck {kind}", "at random", f"{100 * share:.3g} %", f"{count:,}"))
    noise = layer.variability.magnetic_noise
    if noise:
        rows.append(("magnetic noise", "normal", format_quantity(noise, "A/m", "Oe", 3), "in time"))
    return rows or [("none", "", "", "")]
