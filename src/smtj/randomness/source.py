"""Bits from a card's device, simulated, or from a measured trace, as it was read."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from smtj.card import Card, CardLike, DeviceCard, as_card
from smtj.dynamics import samples
from smtj.errors import SmtjError
from smtj.physics.point import plain
from smtj.randomness.bits import Bits
from smtj.randomness.chain import Chain
from smtj.units import format_time

if TYPE_CHECKING:
    import xarray as xr

OBSERVABLES = ("resistance", "voltage", "current", "signal")
QUANTILE = 2.576
"""Standard errors to either end of a 99 % interval."""
MIN_CONTRAST = 8.0
"""Step between the levels, in standard deviations of a reading, below which a threshold would err
in more than 3 of 10⁵ reads."""


@dataclass(frozen=True)
class Source:
    """Where bits come from, and the telegraph behind them."""

    name: str
    dwell_high: float
    """τ_high in s."""
    dwell_low: float
    """τ_low in s."""
    interval: float
    """From read to read in s."""
    card: Card | None = None
    recorded: Bits | None = None
    """The bits of a trace; a card's are sampled."""
    remarks: tuple[str, ...] = ()
    log_errors: tuple[float, float] = (0.0, 0.0)
    """Standard errors of ln τ_high and ln τ_low."""

    @property
    def assured_min_entropy(self) -> float:
        """Bits per read at the worst corner of the 99 % intervals of both dwell times.

        What a correction may count on: that of a card is its closed form.
        """
        ends = [
            [tau * math.exp(sign * QUANTILE * error) for sign in (-1, 1)]
            for tau, error in zip((self.dwell_high, self.dwell_low), self.log_errors, strict=True)
        ]
        return min(
            Chain.of_dwell_times(high, low, self.interval).min_entropy
            for high in ends[0]
            for low in ends[1]
        )

    @property
    def chain(self) -> Chain:
        """The reads as a chain."""
        return Chain.of_dwell_times(self.dwell_high, self.dwell_low, self.interval)

    @property
    def relaxation_time(self) -> float:
        """τ_r in s."""
        return 1 / (1 / self.dwell_high + 1 / self.dwell_low)

    def bits(
        self, count: int, seed: int, streams: int = 1, interval: float | None = None
    ) -> list[Bits]:
        """Bits of so many devices side by side.

        Of a trace there is one stream, of the reads that it has; longer intervals leave reads out.

        Raises
        ------
        SmtjError
            A trace has fewer bits or streams.
        """
        apart = self.interval if interval is None else interval
        if self.recorded is not None:
            if streams > 1:
                raise SmtjError(
                    f"{self.name} is the trace of one device, but the correction takes {streams}; "
                    "choose the extractor, or give a card"
                )
            every = int(np.ceil(apart / self.interval * (1 - 1e-9)))
            return [Bits.of(self.recorded.unpacked()[::every][:count])]
        logs = np.log([self.dwell_high, self.dwell_low])
        states = samples(
            np.full(streams, logs[0]), np.full(streams, logs[1]), apart, count, seed=seed
        )
        return [Bits.of(states[:, k]) for k in range(streams)]


def card_source(
    card: CardLike,
    interval: float | None = None,
    drive: float | None = None,
    voltage: float | None = None,
    temperature: float | None = None,
) -> Source:
    """Reads of a card's device at a drive, a bias and a temperature.

    Parameters
    ----------
    interval
        From read to read in s; the relaxation time by default.
    drive
        In its SI unit; by default where P(high) is one half, as a feedback of the bias holds it.
    voltage, temperature
        In V and K; by default the read voltage and the temperature of the card.
    """
    card = as_card(card)
    if voltage is None and isinstance(card, DeviceCard):
        voltage = card.read_voltage
    point = card.under_bias(voltage, temperature)
    x = float(plain(point.offset_field)) if drive is None else drive
    high, low = (float(np.exp(t)) for t in point.log_dwell_times(x))
    apart = 1 / (1 / high + 1 / low) if interval is None else interval
    return Source(card.name, high, low, apart, card)


def trace_source(data: "xr.Dataset", name: str = "the trace") -> Source:
    """Bits of a measured trace: above the middle of its two levels, or below.

    Dwell times are those of the fit of :func:`smtj.inference.telegraph.fit.fit_trace`.

    Raises
    ------
    SmtjError
        There is no time or reading, the reads are not equally spaced, or the fit finds no two
        levels.
    """
    from smtj.inference.telegraph.fit import fit_trace

    given = [key for key in OBSERVABLES if key in data.variables and data[key].size > 1]
    readings = [key for key in given if np.ptp(np.asarray(data[key])) > 0]
    if "time" not in data.variables or not readings:
        raise SmtjError(
            f"{name} has no trace: it needs a time and one of {', '.join(OBSERVABLES)} that "
            'changes; name them with --column "resistance=HEADER [ohm]"'
        )
    time = np.ravel(np.asarray(data["time"], dtype=np.float64))
    signal = np.ravel(np.asarray(data[readings[0]], dtype=np.float64))
    if time.size != signal.size:
        raise SmtjError(f"{name} has {time.size} times for {signal.size} readings; give one trace")
    steps = np.diff(time)
    interval = float(np.median(steps))
    if not (interval > 0 and np.all(np.abs(steps - interval) < 0.1 * interval)):
        raise SmtjError(
            f"the readings of {name} are not equally spaced, so their bits have no rate; give a "
            "trace without gaps"
        )
    attributes: dict[Any, Any] = data.attrs
    fit = fit_trace(time, signal, attributes.get("integration_time"))
    if fit.verdict != "two levels" or len(fit.levels) != 2:
        raise SmtjError(f"{name} shows {fit.verdict}, not two levels, so its readings are no bits")
    if not (np.isfinite(fit.dwell_high) and np.isfinite(fit.dwell_low)):
        raise SmtjError(f"{name} is too short for its dwell times; record at least ten switches")
    low, high = fit.levels[0], fit.levels[1]
    bits = signal > (low.value + high.value) / 2
    remarks = []
    contrast = (high.value - low.value) / max(high.noise, low.noise, 1e-300)
    if contrast < MIN_CONTRAST:
        remarks.append(
            f"The levels are {contrast:.1f} standard deviations of a reading apart, so some bits "
            "are the amplifier's noise, which the closed form leaves out."
        )
    if interval > 2 / (1 / fit.dwell_high + 1 / fit.dwell_low):
        remarks.append(
            f"The readings are {format_time(interval)} apart, longer than the device remembers, so "
            "the dwell times and with them the closed form are uncertain."
        )
    errors = np.sqrt(np.diag(fit.log_covariance))
    return Source(
        name,
        fit.dwell_high,
        fit.dwell_low,
        interval,
        None,
        Bits.of(bits),
        tuple(remarks),
        (float(errors[0]), float(errors[1])),
    )
