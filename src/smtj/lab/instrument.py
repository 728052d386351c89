"""How readings are timed and disturbed, and what biases the junction."""

from dataclasses import dataclass
from typing import Literal, get_args

from smtj.card import Card
from smtj.errors import CardError, SmtjError

BiasKind = Literal["voltage", "current"]
"""What is held constant while the other is measured."""


@dataclass(frozen=True)
class Instrument:
    """Timing, noise and drift of a resistance measurement; SI units.

    A time of None is the card's own; the card's integration time is cut to a shorter interval.

    Raises
    ------
    SmtjError
        The integration time is longer than the interval, or the noise is negative.

    Examples
    --------
    >>> from smtj.units import ms, ohm
    >>> Instrument(interval=120 * ms, integration_time=20 * ms, noise=5 * ohm)
    Instrument(interval=0.12, integration_time=0.02, noise=5.0, drift=0.0)
    """

    interval: float | None = None
    """From the end of one reading to the end of the next, in s."""
    integration_time: float | None = None
    """Last part of the interval, over which a reading averages the current, in s; 0 for an
    instant."""
    noise: float | None = None
    """Standard deviation of a reading, in ohm; by default that of a card's measurement, and none if
    the card has no measured noise."""
    drift: float = 0.0
    """Change of the resistance of both states over the whole measurement, linear in time, in
    ohm."""

    def __post_init__(self) -> None:
        """Reject impossible settings."""
        if self.noise is not None and not self.noise >= 0:
            raise SmtjError(f"the noise of a reading must be 0 ohm or more, not {self.noise:g} ohm")
        if self.interval is not None:
            _check_timing(self.interval, self.integration_time or 0.0)

    def noise_of(self, card: Card) -> tuple[float, float]:
        """Return the standard deviation of a reading in ohm, high and low state."""
        return card.reading_noise if self.noise is None else (self.noise, self.noise)

    def require_own_unit(self, card: Card) -> None:
        """Raise an error for noise or drift in ohm where a card has levels of another kind."""
        if self.noise or self.drift:
            raise SmtjError(
                f"card {card.name} has levels of a {card.observable}, to which noise and drift in "
                "ohm cannot be added; leave them out, or fit the data with their bias for levels "
                "in ohm"
            )

    def timing(self, card: Card) -> tuple[float, float]:
        """Return interval and integration time in s, those of the card where none is set."""
        interval = self.interval
        try:
            if interval is None:
                interval = card.sampling_interval
            integration_time = self.integration_time
            if integration_time is None:
                integration_time = min(card.integration_time, interval)
        except CardError:
            what = "time between readings" if interval is None else "integration time"
            name = "interval" if interval is None else "integration_time"
            if interval is None and self.integration_time is None and not _averages(card):
                raise CardError(
                    f"card {card.name} states neither the time between readings nor the "
                    "integration time; give them to the instrument by interval= and "
                    "integration_time= (--interval, --integration-time)"
                ) from None
            raise CardError(
                f"card {card.name} states no {what}; give it to the instrument by {name}= "
                f"(--{name.replace('_', '-')})"
            ) from None
        _check_timing(interval, integration_time)
        return interval, integration_time


def bias_of(card: Card, voltage: float | None, current: float | None) -> dict[BiasKind, float]:
    """Return the bias in V or A by its kind, by default the card's own; empty if that is unknown.

    Raises
    ------
    SmtjError
        Both a voltage and a current are given.
    """
    if voltage is not None and current is not None:
        raise SmtjError("a junction is biased by a voltage or by a current; give one of them")
    if current is not None:
        return {"current": current}
    if voltage is not None:
        return {"voltage": voltage}
    own, kinds = card.conditions, get_args(BiasKind)
    return {kind: own[kind] for kind in kinds if kind in own}


def _averages(card: Card) -> bool:
    """Whether a card states an integration time."""
    try:
        return card.integration_time >= 0
    except CardError:
        return False


def _check_timing(interval: float, integration_time: float) -> None:
    if not 0 <= integration_time <= interval or interval <= 0:
        raise SmtjError(
            f"the integration time ({integration_time:g} s) must lie between 0 and the interval "
            f"between readings ({interval:g} s), which must be above 0"
        )
