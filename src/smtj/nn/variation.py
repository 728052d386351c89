"""Device-to-device variation: what makes one chip differ from the next."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from smtj.card import DeviceCard
from smtj.physics.arrays import Array
from smtj.physics.device import operating_point


class DeviceVariation(NamedTuple):
    """How the devices of one chip differ from the card's nominal one; one entry a neuron."""

    slope_factor: Tensor
    """Multiplies the slope w."""
    offset_shift: Tensor
    """Adds to H_s, in A/m."""
    barrier_factor: Tensor
    """Multiplies the energy barrier E_b."""


def draw_variation(card: DeviceCard, features: int, seed: int) -> DeviceVariation:
    """Draw the devices of a chip from the card's spreads.

    Factors are log-normal, so that they stay positive, with the card's relative spread as the
    standard deviation of their logarithm; shifts are normal.

    Parameters
    ----------
    card
        The device with its assumed spreads.
    features
        Number of neurons.
    seed
        Seed of the chip; the same seed gives the same chip.
    """
    rng = np.random.default_rng(seed)
    slope, offset, barrier = rng.standard_normal((3, features))
    spread = card.variability
    return DeviceVariation(
        *(
            torch.from_numpy(values.astype(np.float32))
            for values in (
                np.exp(spread.slope_spread * slope),
                spread.offset_spread * offset,
                np.exp(spread.barrier_spread * barrier),
            )
        )
    )


def no_variation(features: int) -> DeviceVariation:
    """Return a chip whose devices are all nominal."""
    return DeviceVariation(torch.ones(features), torch.zeros(features), torch.ones(features))


def slope_and_offset(
    card: DeviceCard, devices: DeviceVariation, voltage: Array, temperature: float | None = None
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
        T in K; the card's own by default.

    Returns
    -------
    tuple of Tensor
        Slopes and offset fields, shape (features,).

    Raises
    ------
    SmtjError
        The temperature is not above 0 K and below the card's Curie temperature.
    """
    point = operating_point(card, voltage, temperature)
    return of_devices(card, devices, point.slope, point.offset_field)


def of_devices(
    card: DeviceCard, devices: DeviceVariation, slope: Array, offset_field: Array
) -> tuple[Tensor, Tensor]:
    """Return w and H_s of every device, from those that the nominal one has at the same voltage.

    Arguments and results as in :func:`slope_and_offset`.
    """
    # In the self-consistent model the barrier drops out of the slope.
    barrier = devices.barrier_factor if card.switching.model == "cai2019" else 1.0
    return slope * devices.slope_factor * barrier, offset_field + devices.offset_shift
