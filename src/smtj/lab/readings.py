"""Readings in the order in which they are taken, of one device that remembers its state.

Whatever the instrument, a measurement is a list of settings (field, bias, temperature), each held
for some readings.  The device goes on switching between and during them with the dwell times of
each setting; hysteresis, telegraph noise and averaged readings follow from those times alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from smtj.card import DeviceCard
from smtj.dynamics import readings
from smtj.errors import SmtjError
from smtj.lab.instrument import BiasKind, Instrument
from smtj.physics.dwell import card_log_dwell_times
from smtj.physics.junction import state_resistances, state_resistances_at_current
from smtj.physics.resistance import averaged_at_current, averaged_at_voltage
from smtj.typing import Floats

Progress = Callable[[int, int], None]
"""Called with the number of readings taken so far, and of all."""

BLOCK = 1 << 18
"""Readings at a time; the random numbers depend on it."""


@dataclass(frozen=True)
class Setting:
    """What is applied, one entry a step of the measurement; SI units, broadcast together."""

    field_in_plane: ArrayLike
    """H_∥ in A/m."""
    field_out_of_plane: ArrayLike
    """H_⊥ in A/m."""
    bias: ArrayLike
    """In V or A, as the kind of the measurement says."""
    temperature: ArrayLike | None = None
    """T in K; the card's own where it is None."""


def take_readings(
    card: DeviceCard,
    setting: Setting,
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
    setting
        What is applied at each step; shape (steps,).
    kind
        Whether the bias is a voltage or a current.
    samples
        Readings a step.
    instrument
        Timing, noise, drift.
    seed
        Decides the device's history and the instrument's noise.
    progress
        Told how far the measurement is.

    Returns
    -------
    tuple
        Time at which each reading ends, in s, and resistance in ohm; shape (steps, samples).

    Raises
    ------
    SmtjError
        There is nothing to read, a setting is not finite, or the drift leaves no resistance at a
        voltage.
    """
    settings = _steps(card, setting)
    steps = len(settings)
    if steps == 0 or samples < 1:
        raise SmtjError("a measurement needs at least one field and one reading at each")
    # A sweep comes back to its fields; what follows from a setting is worked out once.
    different, number = np.unique(settings, axis=0, return_inverse=True)
    high, low, log_high, log_low = (found[number] for found in _two_states(card, kind, different))
    total = steps * samples
    found = np.empty(total)
    for taken, part in _shares(log_high, log_low, samples, instrument, seed):
        found[taken : taken + part.size] = part
        if progress is not None:
            progress(taken + part.size, total)
    share = found.reshape(steps, samples)
    average = averaged_at_voltage if kind == "voltage" else averaged_at_current
    number_taken = np.arange(1.0, total + 1).reshape(steps, samples)
    # It is the moved resistances of which a reading averages the currents.
    moved = instrument.drift * number_taken / total
    states = high[:, None] + moved, low[:, None] + moved
    if kind == "voltage" and min(float(state.min()) for state in states) <= 0:
        raise SmtjError(
            f"a drift of {instrument.drift:g} ohm takes the resistance to 0, where no voltage can "
            "be held"
        )
    noise = np.random.default_rng([seed, 1]).standard_normal((steps, samples))
    read = average(share, *states) + instrument.noise * noise
    return instrument.interval * number_taken, np.asarray(read, dtype=np.float64)


def _steps(card: DeviceCard, setting: Setting) -> Floats:
    """Return H_∥, H_⊥, bias and temperature of each step; shape (steps, 4)."""
    own = float(card.thermal.temperature) if setting.temperature is None else setting.temperature
    given = (setting.field_in_plane, setting.field_out_of_plane, setting.bias, own)
    steps = np.broadcast_arrays(*(np.atleast_1d(np.asarray(v, dtype=np.float64)) for v in given))
    if not all(np.isfinite(step).all() for step in steps):
        raise SmtjError("fields, bias and temperature of a measurement must be finite numbers")
    return np.stack(steps, axis=-1)


def _two_states(card: DeviceCard, kind: BiasKind, settings: Floats) -> tuple[Floats, ...]:
    """Return the resistances in ohm and the ln(τ/s) of the high and of the low state.

    Each state has the dwell time of the voltage that the junction has in it.
    """
    parallel, perpendicular, bias, temperature = settings.T
    at = state_resistances if kind == "voltage" else state_resistances_at_current
    states = at(card, parallel, 0.0, perpendicular, bias, temperature)
    field = (parallel, 0.0, perpendicular)
    log_high, _ = card_log_dwell_times(card, *field, states.voltage_high, temperature)
    _, log_low = card_log_dwell_times(card, *field, states.voltage_low, temperature)
    return states.high, states.low, log_high, log_low


def _shares(
    log_high: Floats, log_low: Floats, samples: int, instrument: Instrument, seed: int
) -> Iterator[tuple[int, Floats]]:
    """Yield, block by block, the first reading's number and the shares of time spent high."""
    dead = instrument.interval - instrument.integration_time
    total, start = log_high.size * samples, None
    for number, first in enumerate(range(0, total, BLOCK)):
        step = np.arange(first, min(first + BLOCK, total)) // samples
        part, state = readings(
            log_high[step, None],
            log_low[step, None],
            dead,
            instrument.integration_time,
            seed=_block_seed(seed, number),
            start=start,
        )
        start = state[-1]
        yield first, part[:, 0]


def _block_seed(seed: int, number: int) -> int:
    return int(np.random.SeedSequence([seed, 0, number]).generate_state(1, np.uint64)[0])
