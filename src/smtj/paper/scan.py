"""A probability scan as the paper took it: successive reads of a telegraph signal at each field.

A reading may find the device where the last one left it, so that reads are not independent.  A
read is taken as instantaneous; a real one averages over its integration time, which makes w look
steeper where that is not short against the dwell times.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtj.card import DeviceCard
from smtj.physics.device import operating_point

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scan:
    """A simulated probability scan."""

    field: Floats
    """H_⊥ in A/m, shape (fields,)."""
    states: NDArray[np.bool_]
    """Reads, True for high; shape (samples, fields)."""
    correlation: Floats
    """Correlation of successive reads that the dwell times imply, shape (fields,)."""

    @property
    def high(self) -> NDArray[np.int64]:
        """Number of high reads at each field."""
        return np.asarray(self.states.sum(axis=0))


def sampled_telegraph(
    probability: Floats, correlation: Floats, samples: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Draw successive reads of stationary two-state processes, exactly, at any interval.

    The chance to be high at a read is P + ρ (s - P), where s is what the read before it found.

    Parameters
    ----------
    probability
        P(high) of each process.
    correlation
        ρ between successive reads, exp[-Δt (1/τ_high + 1/τ_low)]; of the same shape.
    samples
        Number of reads of each.
    rng
        Source of randomness.

    Returns
    -------
    array
        True for high; shape (samples, ...).
    """
    chance = rng.random((samples, *np.shape(probability)))
    states = np.empty(chance.shape, dtype=bool)
    states[0] = chance[0] < probability
    for i in range(1, samples):
        states[i] = chance[i] < probability + correlation * (states[i - 1] - probability)
    return states


def scan(card: DeviceCard, field: Floats, samples: int, seed: int) -> Scan:
    """Read a device ``samples`` times at every field, at its read voltage.

    Parameters
    ----------
    card
        The device; its switching model decides.
    field
        H_⊥ in A/m.
    samples
        Reads at each field, a sampling interval apart.
    seed
        Seed of the randomness.
    """
    point = operating_point(card, card.electrical.read_voltage)
    log_high, log_low = point.log_dwell_times(field)
    rate = np.exp(-log_high) + np.exp(-log_low)
    correlation = np.exp(-card.switching.sampling_interval * rate)
    probability = np.asarray(point.switching_probability(field))
    states = sampled_telegraph(probability, correlation, samples, np.random.default_rng(seed))
    return Scan(field, states, correlation)
