"""Resistance while a field is swept up and down (Fig. 1(b), 2(a), 2(b), 4(a)).

Nothing here knows of hysteresis: at each field the device has the dwell times of that field, and
a reading finds it in the state that it is in by then.
"""

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike

from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.lab.instrument import bias_of, instrument_of
from smtj.lab.readings import Progress, Setting, take_readings
from smtj.lab.record import dataset

if TYPE_CHECKING:
    import xarray as xr

Direction = Literal["out_of_plane", "in_plane"]
"""The film normal, or the long axis of the ellipse."""


def field_sweep(
    card: DeviceCard,
    field: ArrayLike,
    direction: Direction = "out_of_plane",
    *,
    sweeps: int = 2,
    other_field: float = 0.0,
    voltage: float | None = None,
    current: float | None = None,
    temperature: float | None = None,
    interval: float | None = None,
    integration_time: float | None = None,
    noise: float = 0.0,
    drift: float = 0.0,
    seed: int = 0,
    progress: Progress | None = None,
) -> "xr.Dataset":
    """Sweep a field up, down, up, ... and take one reading at every step.

    Parameters
    ----------
    card
        The device.
    field
        The steps of the sweep in A/m, rising; shape (fields,).
    direction
        What is swept: H_⊥ or H_∥.
    sweeps
        Number of sweeps, the first upwards, the second downwards, and so on.
    other_field
        The field that is not swept, in A/m.
    voltage, current, temperature
        As in :func:`smtj.lab.time_trace`.
    interval
        Time spent at each field, in s, at the end of which the reading is taken.
    integration_time, noise, drift, seed, progress
        As in :func:`smtj.lab.time_trace`.

    Returns
    -------
    xarray.Dataset
        ``resistance`` in ohm, dimensions ``sweep`` and ``field``; ``time`` tells the order.

    Raises
    ------
    SmtjError
        The fields do not rise, or timing, noise, bias or conditions are impossible.
    """
    steps = np.atleast_1d(np.asarray(field, dtype=np.float64))
    if steps.ndim != 1 or not (np.diff(steps) > 0).all() or sweeps < 1:
        raise SmtjError("a sweep needs rising fields in one row, and one sweep or more")
    kind, bias = bias_of(card, voltage, current)
    instrument = instrument_of(card, interval, integration_time, noise, drift)
    t = float(card.thermal.temperature) if temperature is None else temperature
    path = np.concatenate([steps if number % 2 == 0 else steps[::-1] for number in range(sweeps)])
    setting = (
        Setting(path, other_field, bias, t)
        if direction == "in_plane"
        else Setting(other_field, path, bias, t)
    )
    time, resistance = take_readings(card, setting, kind, 1, instrument, seed, progress)
    names = {
        "in_plane": ("in_plane", "out_of_plane"),
        "out_of_plane": ("out_of_plane", "in_plane"),
    }
    along, across = names[direction]
    dims = ("sweep", "field")
    columns = {
        f"field_{along}": (("field",), steps),
        f"field_{across}": ((), other_field),
        "time": (dims, _as_fields(time, sweeps)),
        kind: ((), bias),
        "temperature": ((), t),
        "resistance": (dims, _as_fields(resistance, sweeps)),
    }
    return dataset("field_sweep", card, columns, kind, instrument, seed)


def _as_fields(readings: np.ndarray, sweeps: int) -> np.ndarray:
    """Return readings as (sweep, field), every sweep in the order of rising field."""
    rows = readings.reshape(sweeps, -1).copy()
    rows[1::2] = rows[1::2, ::-1]
    return rows
