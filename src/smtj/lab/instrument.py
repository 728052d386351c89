"""How a reading is taken: what is applied to the junction, for how long, and with what noise."""

from dataclasses import dataclass
from typing import Literal

from smtj.card import DeviceCard
from smtj.errors import SmtjError

BiasKind = Literal["voltage", "current"]
"""What is held constant; the other one is what is measured."""


@dataclass(frozen=True)
class Instrument:
    """Timing, noise and drift of a resistance measurement; SI units."""

    interval: float
    """From the end of one reading to the end of the next, in s."""
    integration_time: float
    """Last part of the interval, over which a reading averages, in s; 0 for an instant."""
    noise: float = 0.0
    """Standard deviation of a reading, in ohm."""
    drift: float = 0.0
    """By how much the resistance of both states has moved at the end of the measurement, in ohm;
    steady."""

    def __post_init__(self) -> None:
        """Refuse what no instrument can do."""
        if not 0 <= self.integration_time <= self.interval or self.interval <= 0:
            raise SmtjError(
                f"the integration time ({self.integration_time:g} s) must lie between 0 and the "
                f"interval from reading to reading ({self.interval:g} s), which must be above 0"
            )
        if not self.noise >= 0:
            raise SmtjError(f"the noise of a reading must be 0 ohm or more, not {self.noise:g} ohm")


def instrument_of(
    card: DeviceCard,
    interval: float | None = None,
    integration_time: float | None = None,
    noise: float = 0.0,
    drift: float = 0.0,
) -> Instrument:
    """Return the instrument that a card describes, with what is given in place of its timing.

    An interval shorter than the card's integration time is integrated over in full.

    Parameters
    ----------
    card
        The device; its sampling interval and integration time are the defaults.
    interval, integration_time
        In s.
    noise, drift
        In ohm.

    Raises
    ------
    SmtjError
        The integration time is longer than the interval, or the noise negative.
    """
    step = float(card.switching.sampling_interval) if interval is None else interval
    window = (
        min(float(card.switching.integration_time), step)
        if integration_time is None
        else integration_time
    )
    return Instrument(step, window, noise, drift)


def bias_of(
    card: DeviceCard, voltage: float | None, current: float | None
) -> tuple[BiasKind, float]:
    """Return the bias that is asked for and its value in V or A; the card's read voltage if none.

    Raises
    ------
    SmtjError
        Both a voltage and a current are given.
    """
    if voltage is not None and current is not None:
        raise SmtjError("a junction is biased by a voltage or by a current; give one of them")
    if current is not None:
        return "current", current
    return "voltage", float(card.electrical.read_voltage) if voltage is None else voltage
