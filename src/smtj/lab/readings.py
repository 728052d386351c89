"""Readings in the order in which they are taken, of one device that remembers its state.

Whatever the instrument, a measurement is a list of operating conditions (field, bias,
temperature), each held for some readings.  The device keeps switching between and during readings
with the dwell times of the conditions; hysteresis, telegraph noise and averaged readings follow
from those times alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from smtj.card import BehaviouralCard, Card, as_device
from smtj.errors import SmtjError
from smtj.lab.instrument import BiasKind, Instrument
from smtj.physics.dwell import card_log_dwell_times
from smtj.physics.junction import state_resistances, state_resistances_at_current
from smtj.physics.measured import measured_states
from smtj.physics.resistance import averaged_at_current, averaged_at_voltage
from smtj.typing import Floats

Progress = Callable[[int, int], None]
"""Called with (done, total)."""

BLOCK = 1 << 18
"""Readings simulated at a time; the random numbers depend on it."""


@dataclass(frozen=True)
class OperatingConditions:
    """Field, bias and temperature of each step; SI units, broadcast together."""

    field_in_plane: ArrayLike
    """H_∥ in A/m."""
    field_out_of_plane: ArrayLike
    """H_⊥ in A/m."""
    bias: ArrayLike
    """In V or A."""
    temperature: ArrayLike
    """T in K."""

    def steps(self) -> Floats:
        """Return the conditions as rows, shape (steps, 4), in the order of the fields above."""
        given = (self.field_in_plane, self.field_out_of_plane, self.bias, self.temperature)
        rows = np.broadcast_arrays(*(np.atleast_1d(np.asarray(v, dtype=np.float64)) for v in given))
        if not all(np.isfinite(row).all() for row in rows):
            raise SmtjError("fields, bias and temperature of a measurement must be finite numbers")
        return np.stack(rows, axis=-1)


def take_readings(
    card: Card,
    conditions: OperatingConditions,
    kind: BiasKind,
    samples: int,
    instrument: Instrument,
    seed: int,
    progress: Progress | None = None,
) -> tuple[Floats, Floats]:
    """Read a device ``samples`` times at every step, one step after the other.

    Parameters
    ----------
    card
        The device.
    conditions
        Operating conditions of each step; shape (steps,).
    kind
        Whether the bias is a voltage or a current.
    samples
        Readings per step.
    instrument
        Timing, noise and drift.
    seed
        Seed of the device's history and of the noise.
    progress
        Called with (done, total) readings.

    Returns
    -------
    tuple
        Time at which each reading ends, in s, and resistance in ohm, or the card's observable in
        its unit; shape (steps, samples).

    Raises
    ------
    SmtjError
        There is nothing to read, a condition is not finite, the drift takes the resistance to 0 at
        a constant voltage, or noise or drift are in ohm where no resistance is read.
    """
    own_unit = card.observable != "resistance"
    if own_unit:
        instrument.require_own_unit(card)
    timing = instrument.timing(card)
    settings = conditions.steps()
    steps = len(settings)
    if steps == 0 or samples < 1:
        raise SmtjError("a measurement needs at least one field and one reading at each")
    # A sweep returns to its fields; each is solved once.
    different, number = np.unique(settings, axis=0, return_inverse=True)
    high, low, log_high, log_low = (found[number] for found in two_states(card, kind, different))
    total = steps * samples
    occupancy = np.empty(total)
    for first, block in _occupancies(log_high, log_low, samples, timing, seed):
        occupancy[first : first + block.size] = block
        if progress is not None:
            progress(first + block.size, total)
    count = np.arange(1.0, total + 1).reshape(steps, samples)
    # A reading averages the currents through the drifted resistances.
    drift = instrument.drift * count / total
    states = high[:, None] + drift, low[:, None] + drift
    if kind == "voltage" and not own_unit and min(float(state.min()) for state in states) <= 0:
        raise SmtjError(
            f"a drift of {instrument.drift:g} ohm takes the resistance to 0, where no voltage can "
            "be held; choose a smaller drift or a current"
        )
    # A voltage at constant current, and a current at constant voltage, average like a resistance
    # at constant current.
    linear = kind == "current" or own_unit
    average = averaged_at_current if linear else averaged_at_voltage
    noise = np.random.default_rng([seed, 1]).standard_normal((steps, samples))
    fraction = occupancy.reshape(steps, samples)
    noise_high, noise_low = instrument.noise_of(card)
    sigma = np.sqrt(fraction * noise_high**2 + (1 - fraction) * noise_low**2)
    read = average(fraction, *states) + sigma * noise
    return timing[0] * count, np.asarray(read, dtype=np.float64)


def two_states(card: Card, kind: BiasKind, steps: Floats) -> tuple[Floats, ...]:
    """Return the resistances in ohm and ln(τ/s) of the high and of the low state.

    Of a card with levels of another observable these are in place of the resistances.  Where the
    card has the physics, each state has the dwell time at the voltage across the junction in that
    state.
    """
    in_plane, out_of_plane, bias, temperature = steps.T
    if isinstance(card, BehaviouralCard):
        return measured_states(card, in_plane, out_of_plane, kind, bias, temperature)
    card = as_device(card)
    at = state_resistances if kind == "voltage" else state_resistances_at_current
    states = at(card, in_plane, 0.0, out_of_plane, bias, temperature)
    field = (in_plane, 0.0, out_of_plane)
    log_high, _ = card_log_dwell_times(card, *field, states.voltage_high, temperature)
    _, log_low = card_log_dwell_times(card, *field, states.voltage_low, temperature)
    return states.high, states.low, log_high, log_low


def _occupancies(
    log_high: Floats, log_low: Floats, samples: int, timing: tuple[float, float], seed: int
) -> Iterator[tuple[int, Floats]]:
    """Yield, block by block, the first reading's number and the occupancies of the high state."""
    from smtj.dynamics import readings

    interval, integration_time = timing
    total, start = log_high.size * samples, None
    for number, first in enumerate(range(0, total, BLOCK)):
        step = np.arange(first, min(first + BLOCK, total)) // samples
        block, state = readings(
            log_high[step, None],
            log_low[step, None],
            interval - integration_time,
            integration_time,
            seed=_block_seed(seed, number),
            start=start,
        )
        start = state[-1]
        yield first, block[:, 0]


def _block_seed(seed: int, number: int) -> int:
    return int(np.random.SeedSequence([seed, 0, number]).generate_state(1, np.uint64)[0])
