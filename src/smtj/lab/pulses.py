"""Voltage pulses: how the magnetisation responds, and how often it switches (s-LLG).

A pulse that removes the perpendicular anisotropy lets the magnetisation precess about the in-plane
field, and a pulse of half a turn switches it (Y. Shiota et al., Nature Mater. 11, 39 (2012),
doi:10.1038/nmat3172).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from smtj.card import CardLike, DeviceCard, as_device
from smtj.errors import SmtjError
from smtj.lab.readings import Progress
from smtj.lab.record import constants, labelled
from smtj.physics.constants import GYROMAGNETIC_RATIO, VACUUM_PERMEABILITY
from smtj.physics.free_layer import easy_axis, macrospin
from smtj.physics.junction import card_wells, resistance_of_direction
from smtj.physics.magnetics.frame import frame
from smtj.typing import Floats

if TYPE_CHECKING:
    import xarray as xr

Well = Literal["up", "down"]

SETTLING = 5.0
"""Relaxation times 1/(α γ μ0 H_K1) for which the magnetisation settles before and after a pulse."""


class Pulse(NamedTuple):
    """A voltage applied for a time."""

    voltage: float
    """In V."""
    length: float
    """In s."""


def settling_time(card: DeviceCard, temperature: float | None = None) -> float:
    """Return the time in s in which the magnetisation settles in a well: 5/(α γ μ0 H̄).

    H̄ is the mean of the two fields that hold it along the easy axis, |H_K1| without a second axis.
    """
    axes = frame(macrospin(card, 0.0, temperature))
    field = abs(float(axes.first + axes.shape / 2))
    rate = float(card.magnetism.damping) * GYROMAGNETIC_RATIO * VACUUM_PERMEABILITY * field
    if not rate > 0:
        raise SmtjError(
            f"card {card.name} has no damping or no anisotropy, so its magnetisation never "
            "settles; give a settling time"
        )
    return SETTLING / rate


def pulse_response(
    card: CardLike,
    pulses: Sequence[Pulse],
    *,
    samples: int = 500,
    trajectories: int = 1000,
    start: Well = "down",
    field: float = 0.0,
    field_in_plane: float = 0.0,
    temperature: float | None = None,
    settling: float | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> "xr.Dataset":
    """Apply voltages one after the other to a device at rest in a well.

    Parameters
    ----------
    card
        The device, or the name or path of its card.
    pulses
        Voltages in the order in which they are applied; 0 V for a pause.
    samples
        Times at which the magnetisation is recorded, evenly spread over all pulses.
    trajectories
        Thermal histories to average over.
    start
        The well in which they begin, settled at 0 V.
    field, field_in_plane
        H_⊥ along the film normal and H_∥ along the long axis, in A/m.
    temperature
        T in K; by default the card's.
    settling
        Time at 0 V before the first pulse in s; by default :func:`settling_time`.
    seed
        Seed of the thermal field.
    progress
        Called with (done, total) records.

    Returns
    -------
    xarray.Dataset
        Along ``time`` in s: ``resistance`` in ohm and ``magnetisation_x``, ``_y``, ``_z``, means
        over the trajectories, and ``switched``, the fraction of them on the other side of the easy
        axis.

    Raises
    ------
    SmtjError
        There is no pulse, a number is impossible, or the well does not exist.
    """
    from smtj.dynamics.macrospin.driven import driven_macrospin
    from smtj.dynamics.macrospin.simulate import trajectories as simulate
    from smtj.dynamics.macrospin.waveform import held

    if not pulses or samples < 1 or not all(pulse.length > 0 for pulse in pulses):
        raise SmtjError("a pulse sequence needs pulses longer than 0 s and at least one sample")
    card = as_device(card)
    fields = (field_in_plane, 0.0, field)
    ends = np.cumsum([pulse.length for pulse in pulses])
    voltages = np.array([pulse.voltage for pulse in pulses])
    begin, seeds = _settled(card, start, fields, temperature, settling, trajectories, seed)
    interval = float(ends[-1]) / samples
    m = simulate(
        driven_macrospin(card, fields, held(np.r_[0.0, ends[:-1]], voltages), temperature),
        begin,
        interval,
        samples,
        trajectories,
        seeds[1],
        dtype=np.float32,
        progress=progress,
    ).astype(np.float64)
    time = interval * np.arange(1.0, samples + 1)
    applied = voltages[np.minimum(np.searchsorted(ends, time * (1 - 1e-12)), len(pulses) - 1)]
    columns = {
        "time": (("time",), time),
        "voltage": (("time",), applied),
        **constants(card, field, field_in_plane, temperature),
        "resistance": (("time",), resistance_of_direction(card, m, applied[:, None]).mean(axis=1)),
        "switched": (("time",), (_along(card, m) * _along(card, begin) < 0).mean(axis=1)),
        **{
            f"magnetisation_{name}": (("time",), m[..., axis].mean(axis=1))
            for axis, name in enumerate("xyz")
        },
    }
    attrs = {"kind": "pulse_response", "card": card.name, "seed": seed, "start": start}
    return labelled("resistance", columns, attrs | {"trajectories": trajectories})


def switching_map(
    card: CardLike,
    voltage: ArrayLike,
    length: ArrayLike,
    *,
    trajectories: int = 500,
    start: Well = "down",
    field: float = 0.0,
    field_in_plane: float = 0.0,
    temperature: float | None = None,
    settling: float | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> "xr.Dataset":
    """Measure how often one rectangular pulse switches a device, for each voltage and length.

    A trajectory has switched if, once settled at 0 V, it is on the other side of the easy axis
    from where the pulse found it.  At 0 V this is how often the device switches by itself.

    Parameters
    ----------
    card, start, field, field_in_plane, temperature, seed
        As in :func:`pulse_response`, with its errors.
    voltage
        In V, shape (voltages,).
    length
        In s, shape (lengths,).
    trajectories
        Trials per pulse.
    settling
        Time at 0 V before and after the pulse in s; by default :func:`settling_time`.
    progress
        Called with (done, total) lengths.

    Returns
    -------
    xarray.Dataset
        ``probability`` of switching and ``reads``, the trials, dimensions ``voltage`` and
        ``pulse_length``.
    """
    from smtj.dynamics.macrospin.driven import driven_macrospin
    from smtj.dynamics.macrospin.simulate import final_state
    from smtj.dynamics.macrospin.waveform import pulse

    volts, times = (np.atleast_1d(np.asarray(a, dtype=np.float64)) for a in (voltage, length))
    if volts.size == 0 or times.size == 0 or not (times > 0).all() or not np.isfinite(volts).all():
        raise SmtjError("a switching map needs finite voltages, and pulses longer than 0 s")
    card = as_device(card)
    fields = (field_in_plane, 0.0, field)
    size = volts.size * trajectories
    wait = settling_time(card, temperature) if settling is None else settling
    begin, seeds = _settled(card, start, fields, temperature, wait, size, seed)
    before = _along(card, begin)
    switched = np.empty((volts.size, times.size))
    for number, time in enumerate(times):
        applied = pulse(0.0, float(time), np.repeat(volts, trajectories))
        end = final_state(
            driven_macrospin(card, fields, applied, temperature),
            begin,
            float(time) + wait,
            size,
            seeds[1] + number,
            dtype=np.float32,
        )
        other = _along(card, end.astype(np.float64)) * before < 0
        switched[:, number] = other.reshape(volts.size, trajectories).mean(axis=1)
        if progress is not None:
            progress(number + 1, times.size)
    columns = {
        "voltage": (("voltage",), volts),
        "pulse_length": (("pulse_length",), times),
        **constants(card, field, field_in_plane, temperature),
        "probability": (("voltage", "pulse_length"), switched),
        "reads": ((), float(trajectories)),
    }
    attrs = {"kind": "switching_map", "card": card.name, "seed": seed, "start": start}
    return labelled("probability", columns, attrs | {"settling": wait})


def _settled(
    card: DeviceCard,
    start: Well,
    fields: tuple[float, float, float],
    temperature: float | None,
    settling: float | None,
    size: int,
    seed: int,
) -> tuple[Floats, tuple[int, int]]:
    """Return directions settled in a well at 0 V, and seeds for that and for what follows."""
    from smtj.dynamics.macrospin.driven import driven_macrospin
    from smtj.dynamics.macrospin.simulate import final_state

    first, second = (int(w) for w in np.random.SeedSequence([seed, 3]).generate_state(2))
    wells = card_wells(card, *fields, 0.0, temperature)
    exists, direction = (
        (wells.up_exists, wells.up) if start == "up" else (wells.down_exists, wells.down)
    )
    if not exists:
        raise SmtjError(
            f"card {card.name} has no {start} well in this field to start in; choose the other "
            "well or a smaller field"
        )
    wait = settling_time(card, temperature) if settling is None else settling
    system = driven_macrospin(card, fields, 0.0, temperature)
    begin = final_state(system, direction, wait, size, first, dtype=np.float32)
    exact = begin.astype(np.float64)
    return exact / np.linalg.norm(exact, axis=1, keepdims=True), (first, second)


def _along(card: DeviceCard, m: Floats) -> Floats:
    """The component along the easy axis, of shape m.shape[:-1]."""
    return np.asarray(m @ np.array(easy_axis(card)))
