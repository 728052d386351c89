"""A chip: the devices of all junction layers of a model, sampled from one seed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

import torch
from torch import nn

from smtj.errors import SmtjError
from smtj.files import write_whole
from smtj.nn.checkpoint import FORMAT, read_saved, understanding
from smtj.nn.devices.distributions import DISTRIBUTIONS, Source
from smtj.nn.devices.variation import (
    SOURCE_TARGETS,
    DeviceVariation,
    Variability,
    check_drive,
    layer_seed,
)
from smtj.nn.layer.neuron import junction_layers
from smtj.tables import Table, Tabular
from smtj.units import format_quantity

_DISPLAY_UNITS = {"A/m": "Oe", "": "%"}


@dataclass(frozen=True)
class ChipLayer:
    """The devices of one layer of a model."""

    devices: DeviceVariation
    variability: Variability
    """The distribution they were sampled from."""

    @property
    def size(self) -> int:
        """Number of devices."""
        return len(self.devices.slope_factor)


@dataclass(frozen=True, eq=False, repr=False)
class Chip(Tabular):
    """The devices of a model's junction layers by layer name; it prints as a table.

    :func:`sample_chip` samples one, :func:`chip_of` copies that of a model, :func:`install` puts
    one into a model with the same layers.

    Examples
    --------
    >>> from smtj.nn import MTJNeuron
    >>> model = nn.Sequential(nn.Linear(6, 30), MTJNeuron("cai2019", 30))
    >>> chip = sample_chip(model, seed=7)
    >>> path = chip.save("chip.pt")
    >>> model = install(Chip.load(path), model)
    """

    layers: Mapping[str, ChipLayer]
    seed: int | None = None
    """The seed it was sampled from, if known."""

    @property
    def size(self) -> int:
        """Number of devices."""
        return sum(layer.size for layer in self.layers.values())

    def table(self) -> Table:
        """Return the distribution of every source, and the spread of the sample."""
        seed = "" if self.seed is None else f", seed {self.seed}"
        rows: list[tuple[str, ...]] = []
        for name, layer in self.layers.items():
            head = (name or "(the model)", f"{layer.size:,}")
            for row in _rows(layer):
                rows.append((*head, *row))
                head = ("", "")
        return Table(
            f"Chip of {self.size:,} devices{seed}",
            ("layer", "devices", "source", "distribution", "spread", "found"),
            rows,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return seed, sizes and distributions as plain JSON types."""
        layers = {
            name: {"devices": layer.size, "variability": _described(layer.variability)}
            for name, layer in self.layers.items()
        }
        return {"seed": self.seed, "layers": layers}

    def save(self, path: Path | str) -> Path:
        """Write the chip to a file; :meth:`load` restores it exactly.

        Raises
        ------
        SmtjError
            A distribution is not in :data:`smtj.nn.devices.distributions.DISTRIBUTIONS`.
        """
        content = {
            "format": FORMAT,
            "seed": self.seed,
            "layers": {name: layer.devices._asdict() for name, layer in self.layers.items()},
            "variability": json.dumps(
                {name: _described(layer.variability) for name, layer in self.layers.items()}
            ),
        }
        return write_whole(Path(path), lambda file: torch.save(content, file))

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read a chip from a file, or raise a CheckpointError."""
        content = read_saved(Path(path), "a chip", ("seed", "layers", "variability"))
        with understanding(Path(path), "a chip"):
            sources = json.loads(content["variability"])
            layers = {
                name: ChipLayer(DeviceVariation(**devices), _variability(sources[name]))
                for name, devices in content["layers"].items()
            }
        return cls(layers, content["seed"])


def sample_chip(
    model: nn.Module,
    seed: int,
    variability: Variability | Mapping[str, Variability] | None = None,
) -> Chip:
    """Sample a chip for a model, which is not modified.

    Parameters
    ----------
    model
        A model with junction layers.
    seed
        Seed of the chip; the seed of a layer's devices follows from it and the layer's name.  For
        a converted model this is the chip of ``convert(..., chip_seed=seed)``.
    variability
        Distribution of the devices, for all layers or by name; by default that of each layer,
        usually its card's.

    Returns
    -------
    Chip
        The devices in single precision.
    """
    layers = {}
    for name, module in junction_layers(model).items():
        chosen = module.variability
        if variability is not None:
            chosen = variability if isinstance(variability, Variability) else variability[name]
        devices = chosen.sample(module.features, layer_seed(seed, name), chip_seed=seed)
        layers[name] = ChipLayer(devices, chosen)
    return Chip(layers, seed)


def chip_of(model: nn.Module) -> Chip:
    """Return a copy of a model's chip."""
    return Chip(
        {
            name: ChipLayer(
                DeviceVariation(*(part.detach().clone() for part in module.devices)),
                module.variability,
            )
            for name, module in junction_layers(model).items()
        }
    )


def install(chip: Chip, model: nn.Module) -> nn.Module:
    """Put the devices of a chip into a model, in place; operating conditions stay.

    Raises
    ------
    SmtjError
        The layers of chip and model differ; the model is then unchanged.
    """
    modules = junction_layers(model)
    have = {name: module.features for name, module in modules.items()}
    want = {name: layer.size for name, layer in chip.layers.items()}
    if have != want:
        raise SmtjError(f"the chip has the layers {_listed(want)}, the model {_listed(have)}")
    for name, module in modules.items():
        check_drive(module.card, chip.layers[name].variability)
    for name, module in modules.items():
        layer = chip.layers[name]
        for quantity, values in layer.devices._asdict().items():
            getattr(module, quantity).copy_(values)
        module.variability = layer.variability
        module.set_bias(None, float(module.temperature))
    return model


def _described(variability: Variability) -> dict[str, Any]:
    """Return a variability as plain JSON types."""
    record: dict[str, Any] = {}
    for entry in fields(variability):
        value = getattr(variability, entry.name)
        if isinstance(value, Source):
            if DISTRIBUTIONS.get(value.law) is not value.distribution:
                raise SmtjError(
                    f"the distribution {value.law} of {entry.name} cannot be saved, since a file "
                    "holds its name only; add it to smtj.nn.devices.distributions.DISTRIBUTIONS"
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


def _listed(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{name or '(the model)'} ({size})" for name, size in sizes.items())


def _rows(layer: ChipLayer) -> list[tuple[str, str, str, str]]:
    """Return one row per active source: name, distribution, its spread, that of the sample."""
    rows = []
    for name, target in SOURCE_TARGETS.items():
        source: Source = getattr(layer.variability, name)
        values = getattr(layer.devices, target.quantity).double()
        varies = bool((values != target.nominal).any())
        if not (source.scale or varies):
            continue
        unit = _DISPLAY_UNITS.get(target.unit, target.unit)
        if target.whole_chip:
            found = format_quantity(float(values), target.unit, unit, 3)
        else:
            # The scale of a log-normal distribution is the spread of the logarithm.
            spread = torch.log(values[values > 0]) if source.law == "log_normal" else values
            found = "± " + format_quantity(float(spread.std()), target.unit, unit, 3)
        scale = "± " + format_quantity(source.scale, target.unit, unit, 3)
        label = name.replace("_", " ")
        rows.append((label, source.law.replace("_", "-"), scale, found if varies else "none"))
    stuck = layer.devices.stuck
    for kind, sign in (("high", 1), ("low", -1)):
        fraction = getattr(layer.variability, f"stuck_{kind}")
        count = int((stuck == sign).sum())
        if fraction or count:
            rows.append((f"stuck {kind}", "at random", f"{100 * fraction:.3g} %", f"{count:,}"))
    noise = layer.variability.magnetic_noise
    if noise:
        rows.append(("magnetic noise", "normal", format_quantity(noise, "A/m", "Oe", 3), "in time"))
    return rows or [("none", "", "", "")]
