"""Resistance against time of a macrospin, from the stochastic Landau-Lifshitz-Gilbert equation.

The data set is that of :func:`smtj.lab.time_trace`; here a reading averages over the resistances
that the free layer really goes through, and nothing presumes two states.
"""

from typing import TYPE_CHECKING

import numpy as np

from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.lab.instrument import bias_of, instrument_of
from smtj.lab.readings import Progress
from smtj.lab.record import dataset
from smtj.physics.junction import resistance_of_direction

if TYPE_CHECKING:
    import xarray as xr

MAX_STEPS = 10**12
"""Steps of a trace that takes about a day."""


def macrospin_trace(
    card: DeviceCard,
    samples: int,
    interval: float,
    *,
    field_out_of_plane: float = 0.0,
    field_in_plane: float = 0.0,
    voltage: float | None = None,
    temperature: float | None = None,
    integration_time: float = 0.0,
    noise: float = 0.0,
    drift: float = 0.0,
    seed: int = 0,
    progress: Progress | None = None,
) -> "xr.Dataset":
    """Read a device again and again at one field, with the magnetisation's motion in full.

    The device begins in thermal equilibrium.  A nanosecond costs about 50 steps and microseconds
    of time, so that this is for short intervals and shallow wells.

    Parameters
    ----------
    card
        The device.
    samples
        Number of readings.
    interval
        From reading to reading in s.
    field_out_of_plane, field_in_plane
        H_⊥ and H_∥ in A/m.
    voltage
        Bias in V; the card's read voltage by default.
    temperature
        T in K; the card's own by default.
    integration_time
        Last part of the interval in s, over which a reading averages the current; an instant by
        default.
    noise, drift
        Standard deviation of a reading, and by how much the resistance has moved at the end, in
        ohm.
    seed
        Decides everything random.
    progress
        Told how far the measurement is.

    Returns
    -------
    xarray.Dataset
        ``resistance`` in ohm along ``time`` in s.

    Raises
    ------
    SmtjError
        Timing, noise or conditions are impossible, or the trace is too long to simulate.
    """
    from smtj.dynamics.macrospin.boltzmann import equilibrium_directions
    from smtj.dynamics.macrospin.driven import driven_macrospin
    from smtj.dynamics.macrospin.simulate import default_time_step, window_means

    if samples < 1:
        raise SmtjError("a measurement needs at least one field and one reading at each")
    kind, bias = bias_of(card, voltage, None)
    instrument = instrument_of(card, interval, integration_time, noise, drift)
    t = float(card.thermal.temperature) if temperature is None else temperature
    system = driven_macrospin(card, (field_in_plane, 0.0, field_out_of_plane), bias, t)
    longest = MAX_STEPS * default_time_step(system)
    if samples * interval > longest:
        raise SmtjError(
            f"a trace of {samples * interval:.3g} s is too long for every step of the motion, of "
            f"which {longest:.3g} s are the most; shorten the interval, or take the two-state "
            "trace (time_trace)"
        )
    start_seed, motion_seed = (
        int(word) for word in np.random.SeedSequence([seed, 2]).generate_state(2, np.uint64)
    )
    x, y, z = (float(np.asarray(component)) for component in system.field)
    volts = float(bias)
    spin = system.spin._replace(
        anisotropy_field=system.spin.anisotropy_field - system.torques.vcma * volts
    )
    start = equilibrium_directions(spin, (x, y, z), 1, start_seed)
    m = window_means(
        system,
        start,
        interval,
        integration_time,
        samples,
        seed=motion_seed,
        dtype=np.float32,
        progress=progress,
    )[:, 0]
    # The conductance is linear in the cosine, and so is its average over a reading.
    ohm = resistance_of_direction(card, m, volts)
    number = np.arange(1.0, samples + 1)
    read = np.random.default_rng([seed, 1]).standard_normal(samples)
    columns = {
        "time": (("time",), interval * number),
        "field_in_plane": ((), field_in_plane),
        "field_out_of_plane": ((), field_out_of_plane),
        kind: ((), bias),
        "temperature": ((), t),
        "resistance": (("time",), ohm + drift * number / samples + noise * read),
    }
    return dataset("time_trace", card, columns, kind, instrument, seed)
