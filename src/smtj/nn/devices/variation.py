"""Device-to-device variation: how one chip differs from the next.

:class:`Variability` names the sources, :meth:`Variability.sample` samples devices from them, and
the functions below give the response of devices that differ from the nominal one.
"""

import math
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from smtj.card import Card, CardLike, as_card
from smtj.errors import SmtjError
from smtj.nn.devices.distributions import Source, log_normal, normal
from smtj.nn.drive.coupling import Drive
from smtj.physics.arrays import Array
from smtj.physics.point import SwitchingPoint
from smtj.typing import Floats

STUCK_LOG_ODDS = 1e4
"""P is 0 or 1 in any floating-point type."""
DRIFT_BEGINS_S = 1.0
"""Time after calibration from which decades of drift count, in s."""


class DeviceVariation(NamedTuple):
    """How the devices of one chip differ from the nominal one; one entry per neuron."""

    slope_factor: Tensor
    """Multiplies the slope w."""
    offset_shift: Tensor
    """Adds to H_s, in A/m."""
    barrier_factor: Tensor
    """Multiplies the energy barrier E_b."""
    drift_rate: Tensor
    """Change of H_s in A/m per decade of time since calibration."""
    limit_factor: Tensor
    """Multiplies the maximum field of the drive."""
    stuck: Tensor
    """+1 for a device that is always high, -1 for one that is always low, 0 for one that works."""
    temperature_shift: Tensor
    """Adds to the temperature, in K; one number for the chip, shape ()."""


class SourceTarget(NamedTuple):
    """The quantity that a source changes."""

    quantity: str
    """Field of :class:`DeviceVariation`."""
    nominal: float
    """Nominal value: 1 for a factor, 0 for a shift."""
    unit: str
    """SI unit of the source's scale."""
    whole_chip: bool = False
    """Whether all devices of a chip have the same value."""


SOURCE_TARGETS: dict[str, SourceTarget] = {
    # The order is part of the meaning of a chip's seed.
    "slope_spread": SourceTarget("slope_factor", 1.0, ""),
    "offset_spread": SourceTarget("offset_shift", 0.0, "A/m"),
    "barrier_spread": SourceTarget("barrier_factor", 1.0, ""),
    "offset_drift": SourceTarget("drift_rate", 0.0, "A/m"),
    "field_limit_spread": SourceTarget("limit_factor", 1.0, ""),
    "temperature_spread": SourceTarget("temperature_shift", 0.0, "K", whole_chip=True),
}
"""The quantity that each source of a :class:`Variability` changes."""
_FIRST = ("slope_spread", "offset_spread", "barrier_spread")


@dataclass(frozen=True)
class Variability:
    """The sources of variation between devices and chips; none by default.

    ``Variability.of_card(card)`` has the spreads of a card's section of that name: log-normal
    factors, which stay positive, and normal shifts.  A source may have any distribution.

    Raises
    ------
    SmtjError
        A source has the wrong unit, or a fraction or the noise is out of range.

    Examples
    --------
    >>> from smtj.nn import heavy_tailed
    >>> spread = Source(heavy_tailed, 80.0, "A/m")
    >>> variability = Variability.of_card("cai2019", offset_spread=spread)
    >>> variability.sample(400, seed=1).offset_shift.shape  # A/m
    torch.Size([400])
    """

    slope_spread: Source = field(default=Source(log_normal, 0.0))
    """Of the slope w, relative."""
    offset_spread: Source = field(default=Source(normal, 0.0, "A/m"))
    """Of the offset field H_s, in A/m."""
    barrier_spread: Source = field(default=Source(log_normal, 0.0))
    """Of E_b, relative: affects dwell times and, in the paper's model, the slope."""
    offset_drift: Source = field(default=Source(normal, 0.0, "A/m"))
    """Of the rate at which H_s drifts, in A/m per decade: H_s moves by rate · log10(1 + t/s)."""
    field_limit_spread: Source = field(default=Source(log_normal, 0.0))
    """Of the maximum field of the drive, relative."""
    temperature_spread: Source = field(default=Source(normal, 0.0, "K"))
    """Of the temperature from chip to chip, in K."""
    stuck_high: float = 0.0
    """Fraction of devices that are always high."""
    stuck_low: float = 0.0
    """Fraction of devices that are always low."""
    magnetic_noise: float = 0.0
    """Rms field noise on every junction in A/m, independent at every evaluation."""

    def __post_init__(self) -> None:
        """Check units and ranges."""
        for name, target in SOURCE_TARGETS.items():
            source: Source = getattr(self, name)
            if source.unit != target.unit:
                right = f"in {target.unit}" if target.unit else "a plain number, unit ''"
                raise SmtjError(f"{name} has the unit {source.unit!r}; its scale must be {right}")
        low, high = self.stuck_low, self.stuck_high
        if not (low >= 0 and high >= 0 and low + high <= 1):
            raise SmtjError(
                f"stuck_low is {low:g} and stuck_high {high:g}; they must be fractions of "
                "the devices, together at most 1"
            )
        if not 0 <= self.magnetic_noise < math.inf:
            raise SmtjError(f"magnetic_noise is {self.magnetic_noise:g}; it must be 0 A/m or more")

    @classmethod
    def of_card(cls, card: CardLike, **others: Source | float) -> Self:
        """Return the variability of a card, with some entries replaced."""
        section, usual = as_card(card).spreads, cls()
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
        """Return a copy with other scales of sources, fractions or noise, in SI units."""
        known = [entry.name for entry in fields(self)]
        for name in scales:
            if name not in known:
                raise SmtjError(f"there is no source {name!r}; choose from {', '.join(known)}")
        changes: dict[str, Any] = {
            name: replace(getattr(self, name), scale=number) if name in SOURCE_TARGETS else number
            for name, number in scales.items()
        }
        return replace(self, **changes)

    def sample(self, features: int, seed: int, chip_seed: int | None = None) -> DeviceVariation:
        """Sample the devices of a layer.

        Every source has its own random numbers, so devices of one seed are alike under all scales.

        Parameters
        ----------
        features
            Number of neurons.
        seed
            Seed of the layer.
        chip_seed
            Seed of the variation common to a chip; by default the layer's.

        Returns
        -------
        DeviceVariation
            In single precision, shape (features,); negative factors are set to 0.
        """
        shared = seed if chip_seed is None else chip_seed
        # These three share one stream of random numbers.
        together = np.random.default_rng(seed).standard_normal((len(_FIRST), features))
        first = dict(zip(_FIRST, together, strict=True))
        sampled = {}
        for name, target in SOURCE_TARGETS.items():
            source: Source = getattr(self, name)
            if name in first:
                standard = first[name]
            elif target.whole_chip:
                standard = _standard(name, shared, ())
            else:
                standard = _standard(name, seed, (features,))
            values = source.sample(target.nominal, standard)
            sampled[target.quantity] = np.maximum(values, 0.0) if target.nominal == 1 else values
        sampled["stuck"] = self._stuck(_standard("stuck", seed, (features,)))
        return DeviceVariation(
            **{name: torch.from_numpy(np.asarray(v, np.float32)) for name, v in sampled.items()}
        )

    def _stuck(self, standard: Floats) -> Floats:
        from scipy.special import ndtr

        rank = ndtr(standard)
        return np.where(rank < self.stuck_low, -1.0, np.where(rank > 1 - self.stuck_high, 1.0, 0.0))


def check_drive(card: Card, variability: Variability) -> None:
    """Raise an error for a spread that is a field if a field does not drive the card's device."""
    if card.drive.name == "field":
        return
    fields_given = [name for name, target in SOURCE_TARGETS.items() if target.unit == "A/m"]
    given = [name for name in fields_given if getattr(variability, name).scale]
    given += ["magnetic_noise"] if variability.magnetic_noise else []
    if given:
        raise SmtjError(
            f"{given[0]} is a field, but no field drives the device of card {card.name}; leave it "
            "at 0 A/m"
        )


def _standard(name: str, seed: int, shape: tuple[int, ...]) -> Floats:
    return np.asarray(np.random.default_rng([seed, *name.encode()]).standard_normal(shape))


def layer_seed(chip_seed: int, name: str) -> int:
    """Return the seed of a layer's devices, from the chip's seed and the layer's name alone.

    So a layer keeps its devices whichever others are converted.
    """
    if chip_seed < 0:
        raise SmtjError(f"chip_seed is {chip_seed}; it must be a whole number from 0, or None")
    words = np.random.SeedSequence([chip_seed, *name.encode()]).generate_state(1, np.uint64)
    return int(words[0])


def sample_variation(card: CardLike, features: int, seed: int) -> DeviceVariation:
    """Sample the devices of a layer from a card's spreads; see :meth:`Variability.sample`."""
    return Variability.of_card(card).sample(features, seed)


def no_variation(features: int) -> DeviceVariation:
    """Return nominal devices."""
    nominal = {
        target.quantity: torch.full(() if target.whole_chip else (features,), target.nominal)
        for target in SOURCE_TARGETS.values()
    }
    return DeviceVariation(**nominal, stuck=torch.zeros(features))


def slope_and_offset(
    card: Card,
    devices: DeviceVariation,
    voltage: Array,
    temperature: float | None = None,
    age: float = 0.0,
) -> tuple[Tensor, Tensor]:
    """Return w in 1/(A/m) and H_s in A/m of every device, by the card's switching model.

    ``voltage`` is V in V, a number or a tensor of shape () or (features,) that may require a
    gradient; ``temperature`` T in K without the chip's own shift, by default the card's.  At an age
    in s since calibration, H_s has drifted by rate · log10(1 + age/s).

    Raises
    ------
    SmtjError
        The temperature is not between 0 K and the card's Curie temperature, or the age is negative.
    """
    point = chip_point(card, devices, voltage, temperature)
    return with_devices(card, devices, point.slope, point.offset_field, decades(age))


def with_devices(
    card: Card,
    devices: DeviceVariation,
    slope: Array,
    offset_field: Array,
    drifted: float | Tensor = 0.0,
) -> tuple[Tensor, Tensor]:
    """Return w and H_s of every device from the nominal values at the same voltage.

    Other arguments as in :func:`slope_and_offset`; ``drifted`` is the result of :func:`decades`.
    """
    # In the self-consistent model the barrier drops out of the slope.
    barrier = devices.barrier_factor if card.barrier_sets_slope else 1.0
    drift = devices.drift_rate * drifted
    return slope * devices.slope_factor * barrier, offset_field + devices.offset_shift + drift


def chip_point(
    card: Card, devices: DeviceVariation, voltage: Array, temperature: float | None = None
) -> SwitchingPoint:
    """Return the nominal device's operating point at the chip's temperature.

    Arguments and errors as in :func:`slope_and_offset`.
    """
    temperature = chip_temperature(card, devices, temperature)
    if isinstance(voltage, float | int):
        return _point(card, float(voltage), temperature)
    return card.under_bias(voltage, temperature)


def chip_temperature(
    card: Card, devices: DeviceVariation, temperature: float | None = None
) -> float:
    """Return T in K of a chip: the ambient temperature, by default the card's, plus its shift."""
    usual = card.temperature if temperature is None else temperature
    # A model on the meta device has no values.
    return usual if devices.temperature_shift.is_meta else usual + float(devices.temperature_shift)


@lru_cache(maxsize=256)
def _point(card: Card, voltage: float, temperature: float) -> SwitchingPoint:
    """Return an operating point; many chips share few of them."""
    return card.under_bias(voltage, temperature)


def decades(age: float) -> float:
    """Return the decades of time over which a device has drifted at an age in s."""
    if not 0 <= age < math.inf:
        raise SmtjError(f"the age is {age:g} s; it must be 0 s or more")
    return math.log10(1 + age / DRIFT_BEGINS_S)


def limit_drive(drive: Drive, devices: DeviceVariation) -> Drive:
    """Return a drive limited to the range of each device."""
    # A number or one per neuron; limits broadcast.
    limit: Any = drive.limit * devices.limit_factor
    return drive._replace(limit=limit)


def with_stuck(response: Tensor, devices: DeviceVariation) -> Tensor:
    """Return a folded response, shape (5, features), in which stuck devices always answer 0 or 1.

    They have no gradient; :func:`smtj.nn.reads.independent.respond` names the rows.
    """
    works = devices.stuck == 0
    odds = STUCK_LOG_ODDS * devices.stuck
    gain, shift, low, high, noise = response.unbind()
    ends = (torch.where(works, row, odds) for row in (shift, low, high))
    gain, noise = (torch.where(works, row, torch.zeros_like(row)) for row in (gain, noise))
    return torch.stack((gain, *ends, noise))
