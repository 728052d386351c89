"""Many readings at each field, from which P(high | H) follows (Fig. 2(d), 4(b))."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from smtj.card import DeviceCard
from smtj.lab.instrument import bias_of, instrument_of
from smtj.lab.readings import Progress, Setting, take_readings
from smtj.lab.record import dataset

if TYPE_CHECKING:
    import xarray as xr


def probability_scan(
    card: DeviceCard,
    field_out_of_plane: ArrayLike,
    samples: int = 1000,
    *,
    field_in_plane: float = 0.0,
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
    """Read a device many times at each perpendicular field: Fig. 2(d).

    Parameters
    ----------
    card
        The device.
    field_out_of_plane
        H_⊥ in A/m, shape (fields,), in the order in which they are set.
    samples
        Readings at each field.
    field_in_plane
        H_∥ in A/m.
    voltage, current, temperature, interval, integration_time, noise, drift, seed, progress
        As in :func:`smtj.lab.time_trace`.

    Returns
    -------
    xarray.Dataset
        ``resistance`` in ohm, dimensions ``field`` and ``sample``.

    Raises
    ------
    SmtjError
        Timing, noise, bias or conditions are impossible.
    """
    kind, bias = bias_of(card, voltage, current)
    instrument = instrument_of(card, interval, integration_time, noise, drift)
    t = float(card.thermal.temperature) if temperature is None else temperature
    fields = np.atleast_1d(np.asarray(field_out_of_plane, dtype=np.float64))
    setting = Setting(field_in_plane, fields, bias, t)
    time, resistance = take_readings(card, setting, kind, samples, instrument, seed, progress)
    dims = ("field", "sample")
    columns = {
        "field_out_of_plane": (("field",), fields),
        "field_in_plane": ((), field_in_plane),
        "time": (dims, time),
        kind: ((), bias),
        "temperature": ((), t),
        "resistance": (dims, resistance),
    }
    return dataset("probability_scan", card, columns, kind, instrument, seed)


def voltage_scan(
    card: DeviceCard,
    voltage: ArrayLike,
    field_out_of_plane: ArrayLike,
    samples: int = 1000,
    *,
    field_in_plane: float = 0.0,
    temperature: float | None = None,
    interval: float | None = None,
    integration_time: float | None = None,
    noise: float = 0.0,
    drift: float = 0.0,
    seed: int = 0,
    progress: Progress | None = None,
) -> "xr.Dataset":
    """Scan the perpendicular field at each of several bias voltages: Fig. 4(b), and w(V) from it.

    Parameters
    ----------
    card
        The device.
    voltage
        Bias in V, shape (voltages,), in the order in which it is set.
    field_out_of_plane
        H_⊥ in A/m, shape (fields,), scanned at each voltage.
    samples, field_in_plane, temperature, interval, integration_time, noise, drift, seed, progress
        As in :func:`probability_scan`.

    Returns
    -------
    xarray.Dataset
        ``resistance`` in ohm, dimensions ``voltage``, ``field`` and ``sample``.

    Raises
    ------
    SmtjError
        Timing, noise or conditions are impossible.
    """
    instrument = instrument_of(card, interval, integration_time, noise, drift)
    t = float(card.thermal.temperature) if temperature is None else temperature
    volts = np.atleast_1d(np.asarray(voltage, dtype=np.float64))
    fields = np.atleast_1d(np.asarray(field_out_of_plane, dtype=np.float64))
    setting = Setting(field_in_plane, np.tile(fields, volts.size), np.repeat(volts, fields.size), t)
    time, resistance = take_readings(card, setting, "voltage", samples, instrument, seed, progress)
    dims, shape = ("voltage", "field", "sample"), (volts.size, fields.size, samples)
    columns = {
        "voltage": (("voltage",), volts),
        "field_out_of_plane": (("field",), fields),
        "field_in_plane": ((), field_in_plane),
        "time": (dims, time.reshape(shape)),
        "temperature": ((), t),
        "resistance": (dims, resistance.reshape(shape)),
    }
    return dataset("voltage_scan", card, columns, "voltage", instrument, seed)
