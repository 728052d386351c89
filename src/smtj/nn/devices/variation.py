"""Device-to-device variation: what makes one chip differ from the next.

:class:`Variability` names the sources, :meth:`Variability.draw` makes devices of them, and the
functions below say how a device that differs from the nominal one answers.
"""

import math
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.nn.devices.distributions import Numbers, Source, log_normal, normal
from smtj.nn.drive.coupling import Drive
from smtj.physics.arrays import Array
from smtj.physics.device import OperatingPoint, operating_point

STUCK_LOG_ODDS = 1e4
"""P is 0 or 1 to the last digit of any floating type."""
DRIFT_BEGINS_S = 1.0
"""Seconds after calibration from which decades of drift are counted."""


class DeviceVariation(NamedTuple):
    """How the devices of one chip differ from the card's nominal one; one entry a neuron."""

    slope_factor: Tensor
    """Multiplies the slope w."""
    offset_shift: Tensor
    """Adds to H_s, in A/m."""
    barrier_factor: Tensor
    """Multiplies the energy barrier E_b."""
    drift_rate: Tensor
    """Change of H_s in A/m per decade of time since calibration."""
    limit_factor: Tensor
    """Multiplies the largest field that the drive reaches."""
    stuck: Tensor
    """+1 for a device that is always high, -1 for one that is always low, 0 for one that works."""
    temperature_shift: Tensor
    """Adds to the temperature, in K; one number for the chip, shape ()."""


class SourceTarget(NamedTuple):
    """Where a source acts, and how."""

    quantity: str
    """Field of :class:`DeviceVariation`."""
    nominal: float
    """Value of a nominal device: 1 for a factor, 0 for what is added."""
    unit: str
    """SI unit of the source's scale."""
    whole_chip: bool = False
    """Whether all devices of a chip have the same value."""


SOURCE_TARGETS: dict[str, SourceTarget] = {
    # In this order: the seeds of chips that are in files mean these numbers.
    "slope_spread": SourceTarget("slope_factor", 1.0, ""),
    "offset_spread": SourceTarget("offset_shift", 0.0, "A/m"),
    "barrier_spread": SourceTarget("barrier_factor", 1.0, ""),
    "offset_drift": SourceTarget("drift_rate", 0.0, "A/m"),
    "field_limit_spread": SourceTarget("limit_factor", 1.0, ""),
    "temperature_spread": SourceTarget("temperature_shift", 0.0, "K", whole_chip=True),
}
"""Where each source of a :class:`Variability` acts."""
_FIRST = ("slope_spread", "offset_spread", "barrier_spread")


@dataclass(frozen=True)
class Variability:
    """What spoils a chip: every source of variation by name, nothing by default.

    ``Variability.of_card(card)`` has the spreads of a card's section of that name, in which factors
    are log-normal, so that they stay positive, and shifts normal.  A source may be given any
    distribution of :mod:`smtj.nn.devices.distributions`, or one's own::

        Variability.of_card(card, offset_spread=Source(heavy_tailed, 80.0, "A/m"))

    Raises
    ------
    SmtjError
        A source has another unit than its place, or a share or a noise is out of range.
    """

    slope_spread: Source = field(default=Source(log_normal, 0.0))
    """Of the slope w, relative."""
    offset_spread: Source = field(default=Source(normal, 0.0, "A/m"))
    """Of the offset field H_s, in A/m."""
    barrier_spread: Source = field(default=Source(log_normal, 0.0))
    """Of E_b, relative: of the dwell times, and in the paper's model of the slope as well."""
    offset_drift: Source = field(default=Source(normal, 0.0, "A/m"))
    """Of the rate at which H_s drifts, in A/m per decade: H_s moves by rate · log10(1 + t/s)."""
    field_limit_spread: Source = field(default=Source(log_normal, 0.0))
    """Of the largest field that a drive reaches, relative."""
    temperature_spread: Source = field(default=Source(normal, 0.0, "K"))
    """Of the temperature from chip to chip, in K."""
    stuck_high: float = 0.0
    """Share of devices that are always high."""
    stuck_low: float = 0.0
    """Share of devices that are always low."""
    magnetic_noise: float = 0.0
    """Rms field noise on every junction in A/m, fresh at every evaluation."""

    def __post_init__(self) -> None:
        """Refuse what no chip can have."""
        for name, place in SOURCE_TARGETS.items():
            source: Source = getattr(self, name)
            if source.unit != place.unit:
                right = f"in {place.unit}" if place.unit else "a plain number, unit ''"
                raise SmtjError(f"{name} has the unit {source.unit!r}; its scale must be {right}")
        low, high = self.stuck_low, self.stuck_high
        if not (low >= 0 and high >= 0 and low + high <= 1):
            raise SmtjError(
                f"stuck_low is {low:g} and stuck_high {high:g}; they must be shares of the "
                "devices, of together at most 1"
            )
        if not 0 <= self.magnetic_noise < math.inf:
            raise SmtjError(f"magnetic_noise is {self.magnetic_noise:g}; it must be 0 A/m or more")

    @classmethod
    def of_card(cls, card: DeviceCard, **others: Source | float) -> Self:
        """Return the variability of a card, some of its entries replaced by others."""
        section, usual = card.variability, cls()
        sources = {
            name: replace(getattr(usual, name), scale=float(getattr(section, name)))
            for name in SOURCE_TARGETS
        }
        rest = {
            name: float(getattr(section, name))
            for name in ("stuck_high", "stuck_low", "magnetic_noise")
        }
        entries: dict[str, Any] = {**sources, **rest, **others}
        return cls(**entries)

    def scaled(self, **scales: float) -> Self:
        """Return the same with other numbers: scales of sources, shares, the noise; in SI units.

        Raises
        ------
        SmtjError
            A name is unknown, or a number is out of range.
        """
        known = [entry.name for entry in fields(self)]
        for name in scales:
            if name not in known:
                raise SmtjError(f"there is no source {name!r}; there are {', '.join(known)}")
        changes: dict[str, Any] = {
            name: replace(getattr(self, name), scale=number) if name in SOURCE_TARGETS else number
            for name, number in scales.items()
        }
        return replace(self, **changes)

    def draw(self, features: int, seed: int, chip_seed: int | None = None) -> DeviceVariation:
        """Draw the devices of a layer.

        Parameters
        ----------
        features
            Number of neurons.
        seed
            Seed of the layer; the same seed gives the same devices, and devices that are alike
            under other scales: every source has random numbers of its own.
        chip_seed
            Seed of what is the same all over a chip; by default the layer's.

        Returns
        -------
        DeviceVariation
            In single precision, shape (features,).  Factors that a distribution makes negative
            are 0.
        """
        shared = seed if chip_seed is None else chip_seed
        # The sources of old had one stream together.
        together = np.random.default_rng(seed).standard_normal((len(_FIRST), features))
        first = dict(zip(_FIRST, together, strict=True))
        drawn = {}
        for name, place in SOURCE_TARGETS.items():
            source: Source = getattr(self, name)
            if name in first:
                standard = first[name]
            elif place.whole_chip:
                standard = _standard(name, shared, ())
            else:
                standard = _standard(name, seed, (features,))
            values = source.draw(place.nominal, standard)
            drawn[place.quantity] = np.maximum(values, 0.0) if place.nominal == 1 else values
        drawn["stuck"] = self._stuck(_standard("stuck", seed, (features,)))
        return DeviceVariation(
            **{name: torch.from_numpy(np.asarray(v, np.float32)) for name, v in drawn.items()}
        )

    def _stuck(self, standard: Numbers) -> Numbers:
        from scipy.special import ndtr

        rank = ndtr(standard)
        return np.where(rank < self.stuck_low, -1.0, np.where(rank > 1 - self.stuck_high, 1.0, 0.0))


def _standard(name: str, seed: int, shape: tuple[int, ...]) -> Numbers:
    return np.asarray(np.random.default_rng([seed, *name.encode()]).standard_normal(shape))


def layer_seed(chip_seed: int, name: str) -> int:
    """Return the seed of a layer's devices: of the chip's seed and the layer's name alone.

    A layer thus keeps its devices whichever others are converted.

    Raises
    ------
    SmtjError
        The chip's seed is negative.
    """
    if chip_seed < 0:
        raise SmtjError(f"chip_seed is {chip_seed}; it must be a whole number from 0, or None")
    words = np.random.SeedSequence([chip_seed, *name.encode()]).generate_state(1, np.uint64)
    return int(words[0])


def sample_variation(card: DeviceCard, features: int, seed: int) -> DeviceVariation:
    """Draw the devices of a layer from a card's spreads; see :meth:`Variability.draw`.

    Parameters
    ----------
    card
        The device with its assumed spreads.
    features
        Number of neurons.
    seed
        Seed of the chip; the same seed gives the same chip.
    """
    return Variability.of_card(card).draw(features, seed)


def no_variation(features: int) -> DeviceVariation:
    """Return a chip whose devices are all nominal."""
    ones, zeros = torch.ones(features), torch.zeros(features)
    return DeviceVariation(
        slope_factor=ones,
        offset_shift=zeros,
        barrier_factor=ones.clone(),
        drift_rate=zeros.clone(),
        limit_factor=ones.clone(),
        stuck=zeros.clone(),
        temperature_shift=torch.zeros(()),
    )


def slope_and_offset(
    card: DeviceCard,
    devices: DeviceVariation,
    voltage: Array,
    temperature: float | None = None,
    age: float = 0.0,
) -> tuple[Tensor, Tensor]:
    """Return w in 1/(A/m) and H_s in A/m of every device of a chip, by the card's switching model.

    Parameters
    ----------
    card
        The nominal device.
    devices
        How they differ from it, shape (features,).
    voltage
        Bias V in V: a number, or a tensor of shape () or (features,) that may require a gradient.
    temperature
        T in K, to which the chip's own difference is added; the card's by default.
    age
        Time since calibration in s; H_s has drifted by rate · log10(1 + age/s).

    Returns
    -------
    tuple of Tensor
        Slopes and offset fields, shape (features,).

    Raises
    ------
    SmtjError
        The temperature is not above 0 K and below the card's Curie temperature, or the age is
        negative.
    """
    point = chip_point(card, devices, voltage, temperature)
    return of_devices(card, devices, point.slope, point.offset_field, decades(age))


def of_devices(
    card: DeviceCard,
    devices: DeviceVariation,
    slope: Array,
    offset_field: Array,
    drifted: float | Tensor = 0.0,
) -> tuple[Tensor, Tensor]:
    """Return w and H_s of every device, from those that the nominal one has at the same voltage.

    Results and other arguments as in :func:`slope_and_offset`; ``drifted`` are the decades of time
    over which devices have drifted, as :func:`decades` gives them.
    """
    # In the self-consistent model the barrier drops out of the slope.
    barrier = devices.barrier_factor if card.switching.model == "cai2019" else 1.0
    drift = devices.drift_rate * drifted
    return slope * devices.slope_factor * barrier, offset_field + devices.offset_shift + drift


def chip_point(
    card: DeviceCard, devices: DeviceVariation, voltage: Array, temperature: float | None = None
) -> OperatingPoint:
    """Return where the nominal device works on a chip whose temperature is its own.

    Arguments and errors as of :func:`slope_and_offset`.
    """
    temperature = chip_temperature(card, devices, temperature)
    if isinstance(voltage, float | int):
        return _point(card, float(voltage), temperature)
    return operating_point(card, voltage, temperature)


def chip_temperature(
    card: DeviceCard, devices: DeviceVariation, temperature: float | None = None
) -> float:
    """Return T in K of a chip: that of its surroundings, the card's by default, and its own."""
    usual = float(card.thermal.temperature) if temperature is None else temperature
    # A model that has no memory yet has no temperature of its own either.
    return usual if devices.temperature_shift.is_meta else usual + float(devices.temperature_shift)


@lru_cache(maxsize=256)
def _point(card: DeviceCard, voltage: float, temperature: float) -> OperatingPoint:
    """Many chips work at the same few points."""
    return operating_point(card, voltage, temperature)


def decades(age: float) -> float:
    """Return the decades of time over which a device has drifted at an age in s.

    Raises
    ------
    SmtjError
        The age is negative or no number.
    """
    if not 0 <= age < math.inf:
        raise SmtjError(f"the age is {age:g} s; it must be 0 s or more")
    return math.log10(1 + age / DRIFT_BEGINS_S)


def limited(drive: Drive, devices: DeviceVariation) -> Drive:
    """Return a drive whose range is that of each device of a chip."""
    # One number or one a neuron: what is done with a limit broadcasts.
    limit: Any = drive.limit * devices.limit_factor
    return drive._replace(limit=limit)


def with_stuck(response: Tensor, devices: DeviceVariation) -> Tensor:
    """Return a folded response, shape (5, features), in which stuck devices answer 0 or 1.

    Whatever the input and the noise, and with no gradient; see
    :class:`smtj.nn.reads.independent.Response` for the rows.
    """
    works = devices.stuck == 0
    odds = STUCK_LOG_ODDS * devices.stuck
    gain, shift, low, high, noise = response.unbind()
    ends = (torch.where(works, row, odds) for row in (shift, low, high))
    gain, noise = (torch.where(works, row, torch.zeros_like(row)) for row in (gain, noise))
    return torch.stack((gain, *ends, noise))
