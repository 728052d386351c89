"""The signal of a read: currents of the two states, and their noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from smtj.card import CardLike, DeviceCard, as_card
from smtj.physics.device import vcma_point
from smtj.physics.point import SwitchingPoint
from smtj.physics.readout.noise import Amplifier, amplifier_noise, junction_noise
from smtj.typing import Floats


@dataclass(frozen=True)
class ReadSignal:
    """Both states at a read voltage, of its shape; SI units."""

    voltage: Floats
    """V in V."""
    high: Floats
    """Resistance of the high state in ohm."""
    low: Floats
    """Resistance of the low state in ohm."""
    temperature: float
    """T in K."""

    @property
    def difference(self) -> Floats:
        """ΔI = I_low - I_high in A."""
        return self.voltage / self.low - self.voltage / self.high

    @property
    def contrast(self) -> Floats:
        """(R_high - R_low)/R_low: the TMR that remains with tilted wells."""
        return self.high / self.low - 1

    def densities(self, amplifier: Amplifier) -> tuple[Floats, Floats]:
        """Noise in A²/Hz in the high and in the low state, junction and amplifier together."""
        high, low = (
            np.asarray(
                junction_noise(self.voltage, ohm, self.temperature)
                + amplifier_noise(amplifier, 1 / ohm)
            )
            for ohm in (self.high, self.low)
        )
        return high, low

    def power(self, occupancy: ArrayLike = 0.5) -> Floats:
        """V²/R in W, averaged over both states by the occupancy of the high one."""
        high = np.asarray(occupancy)
        return self.voltage**2 * (high / self.high + (1 - high) / self.low)


def read_signal(card: CardLike, voltage: ArrayLike, temperature: float | None = None) -> ReadSignal:
    """The states of a card's junction in the field H_s, where both are equally likely.

    They differ by the wells' projections on the reference layer, which is less than the TMR for
    wells not along it; the TMR itself falls with bias.  H_s is that without a spin torque, which
    moves the odds and not the wells.  A behavioural card has the measured ones.
    The read voltage is in V, of any shape; T in K is by default the card's.  Raises CardError or
    SmtjError as :func:`smtj.physics.device.vcma_point`.
    """
    card = as_card(card)
    bias = np.asarray(voltage, dtype=np.float64)
    if card.drive.name == "voltage":
        # The drive reads the state as well.
        found = card.at(voltage=bias, temperature=temperature).resistances()
        return ReadSignal(bias, found.high, found.low, card.temperature)
    if isinstance(card, DeviceCard):
        point: SwitchingPoint = vcma_point(card, bias, temperature)
    else:
        point = card.under_bias(bias, temperature)
    found = point.resistances(point.offset_field)
    return ReadSignal(bias, found.high, found.low, float(point.temperature))
