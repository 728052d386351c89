"""Voltage pulses on a junction: how its magnetisation answers, and how often it switches (s-LLG).

A pulse that takes the perpendicular anisotropy away lets the magnetisation precess about the field
in the plane, and a pulse of half a turn switches it (Y. Shiota et al., Nature Mater. 11, 39 (2012),
doi:10.1038/nmat3172).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.lab.readings import Progress
from smtj.lab.record import labelled
from smtj.physics.constants import GYROMAGNETIC_RATIO, VACUUM_PERMEABILITY
from smtj.physics.free_layer import macrospin
from smtj.physics.junction import card_wells, resistance_of_direction
from smtj.typing import Floats

if TYPE_CHECKING:
    import xarray as xr

    from smtj.dynamics.macrospin.driven import DrivenMacrospin

Well = Literal["up", "down"]

SETTLING = 5.0
"""Relaxation times 1/(α γ μ0 H_K1) that the magnetisation is given before and after a pulse."""


class Pulse(NamedTuple):
    """A voltage that is held for a time."""

    voltage: float
    """In V."""
    length: float
    """In s."""


def settling_time(card: DeviceCard, temperature: float | None = None) -> float:
    """Time in s after which a magnetisation has settled in a well: 5/(α γ μ0 |H_K1|)."""
    field = abs(float(macrospin(card, 0.0, temperature).anisotropy_field))
    rate = float(card.magnetism.damping) * GYROMAGNETIC_RATIO * VACUUM_PERMEABILITY * field
    if not rate > 0:
        raise SmtjError(
            f"card {card.name} has no damping or no anisotropy, so that nothing settles; say how "
            "long to wait"
        )
    return SETTLING / rate


def pulse_response(
    card: DeviceCard,
    pulses: Sequence[Pulse],
    *,
    samples: int = 500,
    trajectories: int = 1000,
    start: Well = "down",
    field_out_of_plane: float = 0.0,
    field_in_plane: float = 0.0,
    temperature: float | None = None,
    settling: float | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> "xr.Dataset":
    """Apply voltages one after the other to a device that rests in a well.

    Parameters
    ----------
    card
        The device.
    pulses
        What is applied, one after the other; 0 V lets it be.
    samples
        Times at which the magnetisation is recorded, evenly spread over all pulses.
    trajectories
        Thermal histories that are averaged over.
    start
        The well in which they begin, settled at 0 V.
    field_out_of_plane, field_in_plane
        H_⊥ and H_∥ in A/m.
    temperature
        T in K; the card's own by default.
    settling
        Time at 0 V before the first pulse in s; :func:`settling_time` by default.
    seed
        Decides the thermal field.
    progress
        Told how far it is.

    Returns
    -------
    xarray.Dataset
        Along ``time`` in s: ``resistance`` in ohm and ``magnetisation_x``, ``_y``, ``_z``, means
        over the trajectories; and the share of them on the other side of the easy axis,
        ``switched``.

    Raises
    ------
    SmtjError
        There is no pulse, a number is impossible, or the well does not exist.
    """
    from smtj.dynamics.macrospin.simulate import trajectories as run
    from smtj.dynamics.macrospin.waveform import held

    if not pulses or samples < 1 or not all(pulse.length > 0 for pulse in pulses):
        raise SmtjError("a pulse sequence needs pulses of more than 0 s, and samples to record")
    fields = (field_in_plane, 0.0, field_out_of_plane)
    ends = np.cumsum([pulse.length for pulse in pulses])
    voltage = held(np.r_[0.0, ends[:-1]], [pulse.voltage for pulse in pulses])
    begin, seeds = _settled(card, start, fields, temperature, settling, trajectories, seed)
    interval = float(ends[-1]) / samples
    m = run(
        _system(card, fields, voltage, temperature),
        begin,
        interval,
        samples,
        trajectories,
        seeds[1],
        dtype=np.float32,
        progress=progress,
    ).astype(np.float64)
    time = interval * np.arange(1.0, samples + 1)
    volts = np.array([pulse.voltage for pulse in pulses])[
        np.minimum(np.searchsorted(ends, time * (1 - 1e-12)), len(pulses) - 1)
    ]
    ohm = resistance_of_direction(card, m, volts[:, None])
    along, before = _along(card, m), _along(card, begin)
    columns = {
        "time": (("time",), time),
        "voltage": (("time",), volts),
        "field_in_plane": ((), field_in_plane),
        "field_out_of_plane": ((), field_out_of_plane),
        "temperature": ((), _temperature(card, temperature)),
        "resistance": (("time",), ohm.mean(axis=1)),
        "switched": (("time",), (along * before < 0).mean(axis=1)),
        **{
            f"magnetisation_{name}": (("time",), m[..., axis].mean(axis=1))
            for axis, name in enumerate("xyz")
        },
    }
    attrs = {"kind": "pulse_response", "card": card.name, "seed": seed, "start": start}
    return labelled("resistance", columns, attrs | {"trajectories": trajectories})


def switching_map(
    card: DeviceCard,
    voltages: ArrayLike,
    lengths: ArrayLike,
    *,
    trajectories: int = 500,
    start: Well = "down",
    field_out_of_plane: float = 0.0,
    field_in_plane: float = 0.0,
    temperature: float | None = None,
    settling: float | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> "xr.Dataset":
    """How often one rectangular pulse switches a device, for each voltage and length.

    A trajectory has switched if it is on the other side of the easy axis than when the pulse
    began, once it has settled at 0 V.  At 0 V that is how often it does so by itself.

    Parameters
    ----------
    card
        The device.
    voltages
        In V, shape (voltages,).
    lengths
        In s, shape (lengths,).
    trajectories
        Trials of each pulse.
    settling
        Time at 0 V before and after the pulse in s; :func:`settling_time` by default.
    start, field_out_of_plane, field_in_plane, temperature, seed, progress
        As in :func:`pulse_response`, with its errors.

    Returns
    -------
    xarray.Dataset
        ``probability`` of switching and ``reads``, the trials, dimensions ``voltage`` and
        ``pulse_length``.
    """
    from smtj.dynamics.macrospin.simulate import final_state
    from smtj.dynamics.macrospin.waveform import pulse

    volts, times = (np.atleast_1d(np.asarray(a, dtype=np.float64)) for a in (voltages, lengths))
    if volts.size == 0 or times.size == 0 or not (times > 0).all() or not np.isfinite(volts).all():
        raise SmtjError("a map of switching needs finite voltages, and pulses of more than 0 s")
    fields = (field_in_plane, 0.0, field_out_of_plane)
    size = volts.size * trajectories
    wait = settling_time(card, temperature) if settling is None else settling
    begin, seeds = _settled(card, start, fields, temperature, wait, size, seed)
    before = _along(card, begin)
    switched = np.empty((volts.size, times.size))
    for number, length in enumerate(times):
        applied = pulse(0.0, float(length), np.repeat(volts, trajectories))
        end = final_state(
            _system(card, fields, applied, temperature),
            begin,
            float(length) + wait,
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
        "field_in_plane": ((), field_in_plane),
        "field_out_of_plane": ((), field_out_of_plane),
        "temperature": ((), _temperature(card, temperature)),
        "probability": (("voltage", "pulse_length"), switched),
        "reads": ((), float(trajectories)),
    }
    attrs = {"kind": "switching_map", "card": card.name, "seed": seed, "start": start}
    return labelled("probability", columns, attrs | {"settling": wait})


def _system(
    card: DeviceCard,
    fields: tuple[float, float, float],
    voltage: object,
    temperature: float | None,
) -> "DrivenMacrospin":
    from smtj.dynamics.macrospin.driven import driven_macrospin

    return driven_macrospin(card, fields, voltage, temperature)  # type: ignore[arg-type]


def _settled(
    card: DeviceCard,
    start: Well,
    fields: tuple[float, float, float],
    temperature: float | None,
    settling: float | None,
    size: int,
    seed: int,
) -> tuple[Floats, tuple[int, int]]:
    """Return directions settled in a well at 0 V, and seeds for that and for what comes."""
    from smtj.dynamics.macrospin.simulate import final_state

    first, second = (int(w) for w in np.random.SeedSequence([seed, 3]).generate_state(2))
    wells = card_wells(card, *fields, 0.0, temperature)
    exists, direction = (
        (wells.up_exists, wells.up) if start == "up" else (wells.down_exists, wells.down)
    )
    if not exists:
        raise SmtjError(
            f"card {card.name} has no {start} well in this field, so that nothing can begin there; "
            "choose the other one, or a smaller field"
        )
    wait = settling_time(card, temperature) if settling is None else settling
    system = _system(card, fields, 0.0, temperature)
    begin = final_state(system, direction, wait, size, first, dtype=np.float32)
    exact = begin.astype(np.float64)
    return exact / np.linalg.norm(exact, axis=1, keepdims=True), (first, second)


def _along(card: DeviceCard, m: Floats) -> Floats:
    """m·n, of shape m.shape[:-1]."""
    tilt = float(card.magnetism.easy_axis_tilt)
    return np.asarray(m[..., 0] * np.sin(tilt) + m[..., 2] * np.cos(tilt))


def _temperature(card: DeviceCard, temperature: float | None) -> float:
    return float(card.thermal.temperature) if temperature is None else temperature
