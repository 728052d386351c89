"""Resistance of a macrospin against time, from the stochastic Landau-Lifshitz-Gilbert equation.

The data set is that of :func:`smtj.lab.trace`, but a reading averages over the resistances of the
free layer's real motion, and nothing assumes two states.
"""

from typing import TYPE_CHECKING

import numpy as np

from smtj.card import CardLike, as_device
from smtj.errors import SmtjError
from smtj.lab.instrument import Instrument, bias_of
from smtj.lab.readings import Progress
from smtj.lab.record import attributes, constants, labelled
from smtj.physics.junction import resistance_of_direction

if TYPE_CHECKING:
    import xarray as xr

MAX_STEPS = 10**12
"""Time steps that take about a day."""


def macrospin_trace(
    card: CardLike,
    samples: int,
    *,
    instrument: Instrument | None = None,
    field: float = 0.0,
    field_in_plane: float = 0.0,
    voltage: float | None = None,
    temperature: float | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> "xr.Dataset":
    """Read the resistance repeatedly at one field, following the magnetisation itself.

    The device starts in thermal equilibrium.  A nanosecond takes about 50 steps and microseconds
    of computing time, so this is for intervals of nanoseconds and low barriers.

    Parameters
    ----------
    card, samples, field, field_in_plane, voltage, temperature, instrument, seed, progress
        As in :func:`smtj.lab.trace`.

    Returns
    -------
    xarray.Dataset
        ``resistance`` in ohm along ``time`` in s.

    Raises
    ------
    SmtjError
        Timing or conditions are impossible, or the trace is too long to simulate.
    """
    from smtj.dynamics.macrospin.boltzmann import equilibrium_directions
    from smtj.dynamics.macrospin.driven import driven_macrospin
    from smtj.dynamics.macrospin.simulate import default_time_step, mean_directions

    card, instrument = as_device(card), instrument or Instrument()
    if samples < 1:
        raise SmtjError("a measurement needs at least one field and one reading at each")
    [(kind, bias)] = bias_of(card, voltage, None).items()
    interval, integration_time = instrument.timing(card)
    system = driven_macrospin(card, (field_in_plane, 0.0, field), bias, temperature)
    longest = MAX_STEPS * default_time_step(system)
    if samples * interval > longest:
        raise SmtjError(
            f"a trace of {samples * interval:.3g} s is too long to follow every step of the "
            f"motion, which is possible for {longest:.3g} s; shorten the interval, or take the "
            "two-state trace (smtj.lab.trace)"
        )
    start_seed, motion_seed = (
        int(word) for word in np.random.SeedSequence([seed, 2]).generate_state(2, np.uint64)
    )
    x, y, z = (float(np.asarray(component)) for component in system.field)
    spin = system.spin._replace(
        anisotropy_field=system.spin.anisotropy_field - system.torques.vcma * bias
    )
    m = mean_directions(
        system,
        equilibrium_directions(spin, (x, y, z), 1, start_seed),
        interval,
        integration_time,
        samples,
        seed=motion_seed,
        dtype=np.float32,
        progress=progress,
    )[:, 0]
    # The conductance is linear in the cosine, and so is its average over a reading.
    ohm = resistance_of_direction(card, m, bias)
    number = np.arange(1.0, samples + 1)
    noise = np.random.default_rng([seed, 1]).standard_normal(samples)
    columns = {
        "time": (("time",), interval * number),
        **constants(card, field, field_in_plane, temperature),
        kind: ((), bias),
        "resistance": (
            ("time",),
            ohm + instrument.drift * number / samples + instrument.noise_of(card)[0] * noise,
        ),
    }
    return labelled("resistance", columns, attributes("trace", card, kind, instrument, seed))
