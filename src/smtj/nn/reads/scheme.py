"""How devices are read: how many times, how often, for how long, and by what."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Literal, Self, TypeAlias

from smtj.card import Card, CardLike, as_card
from smtj.errors import SmtjError
from smtj.physics.readout.noise import Amplifier, quality
from smtj.physics.readout.signal import read_signal

Reads: TypeAlias = int | Literal["expected"]
"""Number of reads of a device, or its expected value: the limit of many reads."""
MAX_READS = 65_535
_MIN_QUALITY = 1e-9
"""Q below which two resistances are equal within rounding."""


def checked_reads(reads: Reads) -> Reads:
    """Return a valid number of reads, or raise an error."""
    if reads == "expected" or (isinstance(reads, int) and 1 <= reads <= MAX_READS):
        return reads
    raise SmtjError(f'reads is {reads!r}; it must be 1 to {MAX_READS} or "expected"')


def parse_reads(option: str, text: str) -> Reads:
    """Parse a number of reads or ``expected``; an error names the option."""
    if text == "expected" or (text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_READS):
        return "expected" if text == "expected" else int(text)
    raise SmtjError(f'{option} is {text!r}; it must be 1 to {MAX_READS} or "expected"')


@dataclass(frozen=True)
class ReadScheme:
    """N reads of a device, an interval apart; :class:`DigitalReads` or :class:`AnalogueReads`.

    The device is a telegraph process with the dwell times of its own field (Eq. 3 and 4), so reads
    within its relaxation time are correlated.  A read is taken at the end of its interval: a
    snapshot of the state, or an average over the integration time.

    Raises
    ------
    SmtjError
        A time or voltage is out of range, or noise is given without an integration time.
    """

    interval: float
    """Time between reads in s."""
    integration_time: float = 0.0
    """Averaging time of a read in s, up to the interval; 0 for a snapshot."""
    read_voltage: float | None = None
    """V in V across the junction during a read; by default the card's."""
    amplifier: Amplifier | None = None
    """White input noise of the amplifier, to which the junction adds its own; None for no noise."""
    streaming: bool = False
    """Whether devices remember the previous image.

    A row of a batch then starts in the final states of the previous row, and a device relaxes for
    one interval in its new field before the first read.  If off, every image finds its devices in
    equilibrium.
    """
    relaxation_time: float | None = None
    """τ_r in s of all devices at all fields; by default from the card's dwell times."""

    above_middle: ClassVar[bool]

    def __post_init__(self) -> None:
        """Check times, noise and voltage."""
        if not (math.isfinite(self.interval) and self.interval > 0):
            raise SmtjError(f"interval is {self.interval:g} s; it must be above 0")
        if not 0 <= self.integration_time <= self.interval:
            raise SmtjError(
                f"integration_time is {self.integration_time:g} s; it must be 0 to the interval, "
                f"{self.interval:g} s, since reads cannot overlap"
            )
        if self.amplifier is not None and self.integration_time == 0:
            raise SmtjError("an amplifier's noise needs an integration_time above 0")
        if self.read_voltage is not None and not (
            math.isfinite(self.read_voltage) and self.read_voltage != 0
        ):
            raise SmtjError(f"read_voltage is {self.read_voltage:g} V; it must not be 0")
        if self.relaxation_time is not None and not (
            math.isfinite(self.relaxation_time) and self.relaxation_time > 0
        ):
            raise SmtjError(f"relaxation_time is {self.relaxation_time:g} s; it must be above 0")

    @classmethod
    def of_card(cls, card: CardLike, **changes: Any) -> Self:
        """Return the scheme with a card's interval, integration time and read voltage.

        ``changes`` replace fields.
        """
        card = as_card(card)
        return cls(
            **{
                "interval": card.sampling_interval,
                "integration_time": card.integration_time,
                "read_voltage": card.read_voltage,
                **changes,
            }
        )

    def relative_noise(self, card: Card, temperature: float | None = None) -> float:
        """Return the standard deviation of a reading's noise, relative to the level separation.

        It is 1/2Q with the Q of :func:`smtj.physics.readout.noise.quality`: a comparator errs on a
        device at rest with probability ½ erfc(Q/√2).  The levels are those of the nominal device at
        H_s; ``temperature`` is T in K, by default the card's.

        Raises
        ------
        SmtjError
            The two states of the card have the same resistance.
        """
        if self.amplifier is None:
            return 0.0
        return _relative_noise(self, self.amplifier, card, temperature)


@lru_cache(maxsize=64)
def _relative_noise(
    scheme: ReadScheme, amplifier: Amplifier, card: Card, temperature: float | None
) -> float:
    voltage = scheme.read_voltage
    if voltage is None:
        voltage = card.read_voltage
    signal = read_signal(card, voltage, temperature)
    densities = signal.densities(amplifier)
    found = float(quality(signal.difference, *densities, scheme.integration_time))
    if not found > _MIN_QUALITY:
        raise SmtjError(f"the two states of card {card.name} have the same resistance")
    return 0.5 / found


@dataclass(frozen=True)
class DigitalReads(ReadScheme):
    """A comparator: a read is 1 if the averaged signal lies above the middle of the levels.

    If devices switch during the integration time, the response is steeper than P(high), by
    :func:`smtj.physics.readout.repeated.comparator_probability`.  Gradients are those of P(high).

    Examples
    --------
    >>> import torch
    >>> from smtj.nn import MTJNeuron
    >>> snapshots = DigitalReads(interval=0.12)  # s
    >>> layer = MTJNeuron("cai2019", 32, reads=16, scheme=snapshots)
    >>> layer(torch.zeros(8, 32)).shape
    torch.Size([8, 32])
    """

    above_middle = True


@dataclass(frozen=True)
class AnalogueReads(ReadScheme):
    """An analogue-to-digital converter: a read is the averaged signal, 0 at the low, 1 at the high
    level.

    Its mean is P(high) for any integration time; with noise, read-outs may leave [0, 1].

    Examples
    --------
    >>> AnalogueReads.of_card("cai2019").integration_time  # s
    0.02
    """

    above_middle = False
