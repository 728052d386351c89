"""How neurons are read for one input: as a card states it, or as briefly as noise allows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from smtj.card import Card, CardLike, as_card
from smtj.energy.assumptions import Assumptions
from smtj.energy.readout import allowed_noise, gain_bandwidth, shortest_time
from smtj.physics.readout.signal import read_signal

READS = 16
"""Reads used if no network says how many it needs."""


@dataclass(frozen=True)
class ReadPlan:
    """How every neuron is read for one input; numbers or arrays that broadcast."""

    reads: ArrayLike
    """N."""
    voltage: ArrayLike
    """V in V."""
    interval: ArrayLike
    """From read to read in s."""
    integration_time: ArrayLike
    """Time in s over which one read averages, with the amplifier on."""
    bias_time: ArrayLike
    """Time in s per read with the voltage on the junction."""
    amplifier_noise: ArrayLike
    """e_n of the amplifier in V/√Hz; a noisier one needs less power."""


def card_plan(
    card: CardLike, reads: ArrayLike = READS, assumptions: Assumptions | None = None
) -> ReadPlan:
    """Return the reads that a card states, with its voltage always on.

    The amplifier is as noisy as the assumed bit error rate allows within the card's integration
    time.  If readings are instants, as of a measurement whose integration time is unknown, a read
    takes as long as that bit error rate needs.
    """
    card, assumed = as_card(card), assumptions or Assumptions()
    interval, time, volts = card.sampling_interval, card.integration_time, card.read_voltage
    rate = float(assumed.bit_error_rate)
    if time == 0:
        quiet = float(assumed.amplifier_noise)
        time = min(float(_shortest_read(card, assumed, volts, quiet, rate)), interval)
    noise = float(allowed_noise(read_signal(card, volts), assumed, time, rate))
    return ReadPlan(reads, volts, interval, time, interval, noise)


def gated_plan(
    card: CardLike,
    voltage: ArrayLike,
    reads: ArrayLike = READS,
    error_rate: ArrayLike | None = None,
    integration_time: ArrayLike | None = None,
    independence: ArrayLike | None = None,
    assumptions: Assumptions | None = None,
) -> ReadPlan:
    """Return reads as short as their noise allows, independent of each other, gated.

    Gated means that the voltage is on during the read only.  The amplifier is as noisy as the bit
    error rate allows.

    Parameters
    ----------
    card
        The device.
    voltage
        Read voltage in V.
    reads
        N.
    error_rate
        Accepted bit error rate of a read, between 0 and ½.  Default: the assumed one.
    integration_time
        In s.  Default: what the bit error rate needs with the quietest amplifier, at least what
        its speed and ``shortest_read`` allow.
    independence
        Interval from read to read in relaxation times.  Default: the assumed one.  All broadcast
        together.
    assumptions
        Default: those of ``assumptions.toml``.
    """
    card, assumed = as_card(card), assumptions or Assumptions()
    bias = np.asarray(voltage, dtype=np.float64)
    rate = np.asarray(assumed.bit_error_rate if error_rate is None else error_rate, np.float64)
    apart = np.asarray(assumed.independence if independence is None else independence, np.float64)
    if integration_time is None:
        time = _shortest_read(card, assumed, bias, float(assumed.amplifier_noise), rate)
    else:
        time = np.asarray(integration_time, dtype=np.float64)
    noise = allowed_noise(read_signal(card, bias), assumed, time, rate)
    interval = np.maximum(apart * relaxation_time(card), time)
    return ReadPlan(reads, bias, interval, time, time, noise)


def _shortest_read(
    card: Card, assumed: Assumptions, voltage: ArrayLike, noise: ArrayLike, rate: ArrayLike
) -> Any:
    """Return the shortest integration time in s that noise, amplifier and comparator allow."""
    signal = read_signal(card, voltage)
    needed = shortest_time(signal, assumed, noise, rate)
    settled = gain_bandwidth(signal, assumed, 1.0) / float(assumed.gain_bandwidth)
    return np.maximum(np.maximum(needed, settled), float(assumed.shortest_read))


def relaxation_time(card: Card, voltage: float = 0.0) -> float:
    """τ_rel in s at H_s and a voltage in V, where it is longest, by Eq. 3, 4 and 6.

    Every cost uses this law, whichever one the card names for its dwell times.
    """
    point = card.under_bias(voltage) if voltage else card.under_bias()
    return float(np.exp(point.log_relaxation_time(point.offset_field)))
