"""Resistance against time at fixed conditions (Fig. 2(c)), at one temperature or at several."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from smtj.card import DeviceCard
from smtj.lab.instrument import bias_of, instrument_of
from smtj.lab.readings import Progress, Setting, take_readings
from smtj.lab.record import dataset

if TYPE_CHECKING:
    import xarray as xr


def time_trace(
    card: DeviceCard,
    samples: int = 1000,
    *,
    field_out_of_plane: float = 0.0,
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
    """Read a device again and again at one field: Fig. 2(c), 1000 samples in 2 min at 1 mV.

    Parameters
    ----------
    card
        The device.
    samples
        Number of readings.
    field_out_of_plane, field_in_plane
        H_⊥ and H_∥ in A/m.
    voltage, current
        Bias in V, or in A; the card's read voltage by default.
    temperature
        T in K; the card's own by default.
    interval, integration_time
        From reading to reading, and its last part over which a reading averages, in s; the card's
        own by default.
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
        Timing, noise, bias or conditions are impossible.
    """
    kind, bias = bias_of(card, voltage, current)
    instrument = instrument_of(card, interval, integration_time, noise, drift)
    t = float(card.thermal.temperature) if temperature is None else temperature
    setting = Setting(field_in_plane, field_out_of_plane, bias, t)
    time, resistance = take_readings(card, setting, kind, samples, instrument, seed, progress)
    columns = {
        "time": (("time",), time[0]),
        "field_in_plane": ((), field_in_plane),
        "field_out_of_plane": ((), field_out_of_plane),
        kind: ((), bias),
        "temperature": ((), t),
        "resistance": (("time",), resistance[0]),
    }
    return dataset("time_trace", card, columns, kind, instrument, seed)


def temperature_scan(
    card: DeviceCard,
    temperature: ArrayLike,
    samples: int = 1000,
    *,
    field_out_of_plane: float = 0.0,
    field_in_plane: float = 0.0,
    voltage: float | None = None,
    current: float | None = None,
    interval: float | None = None,
    integration_time: float | None = None,
    noise: float = 0.0,
    drift: float = 0.0,
    seed: int = 0,
    progress: Progress | None = None,
) -> "xr.Dataset":
    """Read a device again and again at each of several temperatures, from which τ(T) follows.

    Parameters
    ----------
    card
        The device; its temperature laws decide how M_s and the anisotropy change.
    temperature
        T in K, shape (temperatures,).
    samples
        Readings at each temperature.
    field_out_of_plane, field_in_plane, voltage, current, interval, integration_time, noise, drift
        As in :func:`time_trace`.
    seed, progress
        As in :func:`time_trace`.

    Returns
    -------
    xarray.Dataset
        ``resistance`` in ohm, dimensions ``temperature`` and ``sample``.

    Raises
    ------
    SmtjError
        Timing, noise, bias or conditions are impossible.
    """
    kind, bias = bias_of(card, voltage, current)
    instrument = instrument_of(card, interval, integration_time, noise, drift)
    t = np.atleast_1d(np.asarray(temperature, dtype=np.float64))
    setting = Setting(field_in_plane, field_out_of_plane, bias, t)
    time, resistance = take_readings(card, setting, kind, samples, instrument, seed, progress)
    columns = {
        "temperature": (("temperature",), t),
        "time": (("temperature", "sample"), time),
        "field_in_plane": ((), field_in_plane),
        "field_out_of_plane": ((), field_out_of_plane),
        kind: ((), bias),
        "resistance": (("temperature", "sample"), resistance),
    }
    return dataset("temperature_scan", card, columns, kind, instrument, seed)
