"""Resistance at fixed conditions, and while a field, the bias or the temperature is stepped.

Nothing here knows about hysteresis: at each step the device has the dwell times of that step and
is read in whatever state it is in by then.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from smtj.card import BehaviouralCard, Card, CardLike, DeviceCard, as_card
from smtj.card.base import IN_PLANE_FIELD
from smtj.card.behaviour import RESISTANCES
from smtj.errors import CardError, SmtjError
from smtj.lab.counts import has_only_counts, high_probability, measured_counts
from smtj.lab.instrument import BiasKind, Instrument
from smtj.lab.loop import measured_loop
from smtj.lab.readings import OperatingConditions, Progress, take_readings, two_states
from smtj.lab.record import Column, attributes, bias_columns, constants, labelled, with_direction
from smtj.physics.device import vcma_point
from smtj.physics.switching import probability_from_dwell_times
from smtj.typing import Floats
from smtj.units import format_scaled

BIASES = 9
"""Voltages of a bias scan by default."""
MAX_ODDS, MAX_HALVINGS = 2.0, 12
"""ln odds up to which no state is rare in it, and how often its range is halved to have that."""
NOISE = 0.01
"""Noise of its readings by default, relative to the step between the states."""

if TYPE_CHECKING:
    import xarray as xr


def trace(
    card: CardLike,
    samples: int = 1000,
    *,
    field: float | None = None,
    field_in_plane: float | None = None,
    voltage: float | None = None,
    current: float | None = None,
    temperature: float | None = None,
    instrument: Instrument | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> "xr.Dataset":
    """Read the resistance repeatedly at one field: telegraph noise, as in Fig. 2(c).

    Parameters
    ----------
    card
        The device, or the name or path of its card.
    samples
        Number of readings.
    field, field_in_plane
        H_⊥ along the film normal and H_∥ along the long axis, in A/m; by default none, or those of
        a behavioural card's measurement.
    voltage, current
        Bias in V, or in A; by default the card's read voltage.
    temperature
        T in K; by default the card's.
    instrument
        Timing, noise and drift; by default the card's timing, and its noise if it has measured
        noise.
    seed
        Seed of the device's history and of the noise.
    progress
        Called with (done, total) readings.

    Returns
    -------
    xarray.Dataset
        ``resistance`` in ohm along ``time`` in s; ``voltage`` in V or ``current`` in A instead for
        a behavioural card with levels of these.

    Raises
    ------
    SmtjError
        Timing, bias or conditions are impossible.

    Examples
    --------
    >>> import smtj
    >>> from smtj.units import Oe, ms, ohm
    >>> lab = smtj.lab.Instrument(interval=120 * ms, integration_time=20 * ms, noise=5 * ohm)
    >>> data = smtj.lab.trace("cai2019", 1000, field=-14 * Oe, instrument=lab, seed=0)
    >>> data.resistance.dims, data.resistance.size
    (('time',), 1000)
    """
    card = as_card(card)
    columns = constants(card, field, field_in_plane, temperature) | bias_columns(
        card, voltage, current
    )
    found = _measure("trace", card, columns, (), samples, instrument, seed, progress)
    return found.swap_dims(sample="time")


def temperature_scan(
    card: CardLike,
    temperature: ArrayLike,
    samples: int = 1000,
    *,
    field: float | None = None,
    field_in_plane: float | None = None,
    voltage: float | None = None,
    current: float | None = None,
    instrument: Instrument | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> "xr.Dataset":
    """Read the resistance repeatedly at each of several temperatures, for dwell times τ(T).

    M_s and the anisotropy follow the card's temperature laws.

    Parameters
    ----------
    card, samples, field, field_in_plane, voltage, current, instrument, seed, progress
        As in :func:`trace`, with its errors; ``samples`` readings per temperature.
    temperature
        T in K, shape (temperatures,).

    Returns
    -------
    xarray.Dataset
        ``resistance`` in ohm, dimensions ``temperature`` and ``sample``.
    """
    card = as_card(card)
    columns = constants(card, field, field_in_plane, None) | bias_columns(card, voltage, current)
    columns["temperature"] = (("temperature",), _row(temperature))
    dims = ("temperature",)
    return _measure("temperature_scan", card, columns, dims, samples, instrument, seed, progress)


def scan(
    card: CardLike,
    field: ArrayLike,
    samples: int = 1000,
    *,
    field_in_plane: float | None = None,
    voltage: float | None = None,
    current: float | None = None,
    temperature: float | None = None,
    instrument: Instrument | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> "xr.Dataset":
    """Read the resistance many times at each field, for P(high | H) as in Fig. 2(d).

    Parameters
    ----------
    card, samples, field_in_plane, voltage, current, temperature, instrument, seed, progress
        As in :func:`trace`, with its errors; ``samples`` readings per field.
    field
        H_⊥ in A/m, shape (fields,), in the order in which the fields are set; H_∥ if that drives
        a behavioural card.

    Returns
    -------
    xarray.Dataset
        ``resistance`` in ohm, dimensions ``field`` and ``sample``; of a card with nothing but
        P(high), ``probability`` along ``field`` and ``reads``.
    """
    card = as_card(card)
    columns = constants(card, None, field_in_plane, temperature)
    columns |= bias_columns(card, voltage, current)
    columns[_swept_field(card)] = (("field",), _row(field))
    return _measure("scan", card, columns, ("field",), samples, instrument, seed, progress)


def voltage_scan(
    card: CardLike,
    voltage: ArrayLike,
    field: ArrayLike,
    samples: int = 1000,
    *,
    field_in_plane: float | None = None,
    temperature: float | None = None,
    instrument: Instrument | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> "xr.Dataset":
    """Scan the field at each of several bias voltages, for w(V) as in Fig. 4(b) and 4(c).

    Parameters
    ----------
    card, samples, field_in_plane, temperature, instrument, seed, progress
        As in :func:`trace`, with its errors; ``samples`` readings per voltage and field.
    voltage
        Bias in V, shape (voltages,), in the order in which the voltages are set.
    field
        H_⊥ in A/m, shape (fields,), scanned at each voltage; H_∥ if that drives a behavioural
        card.  For one field see :func:`bias_scan`.

    Returns
    -------
    xarray.Dataset
        ``resistance`` in ohm, dimensions ``voltage``, ``field`` and ``sample``.
    """
    card = as_card(card)
    columns = constants(card, None, field_in_plane, temperature)
    columns["voltage"] = (("voltage",), _row(voltage))
    columns[_swept_field(card)] = (("field",), _row(field))
    dims = ("voltage", "field")
    return _measure("voltage_scan", card, columns, dims, samples, instrument, seed, progress)


def bias_scan(
    card: CardLike,
    samples: int = 1000,
    *,
    voltage: ArrayLike | None = None,
    current: ArrayLike | None = None,
    counts: bool = False,
    field: float | None = None,
    field_in_plane: float | None = None,
    temperature: float | None = None,
    instrument: Instrument | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> "xr.Dataset":
    """Read the resistance many times at each of several voltages or currents, in a constant field.

    Traces show both dwell times, and with them what VCMA, spin torque and heat do; counts of reads
    far apart show P(high).

    Parameters
    ----------
    card, temperature, instrument, seed, progress
        As in :func:`trace`, with its errors; but without a noise, nor a measured one on the card,
        that of a trace is a hundredth of the step between the states: of levels without noise no
        error can be told.
    field, field_in_plane
        H_⊥ and H_∥ in A/m; by default the offset field of a device, at which both states are alike
        at 0 V, or those of a behavioural card's measurement.
    samples
        Readings at each bias.
    voltage, current
        Bias in V or in A, shape (biases,), in the order in which it is set; one of them.  By
        default nine voltages of a device, up to its limit or to where one state is rare.
    counts
        Whether to count high states, in reads that forget each other, instead of recording
        resistances.

    Returns
    -------
    xarray.Dataset
        ``resistance`` in ohm, dimensions ``voltage`` or ``current`` and ``sample``; with
        ``counts``, and of a card with nothing but P(high), ``probability`` and ``reads``.

    Examples
    --------
    >>> import numpy as np
    >>> import smtj
    >>> card = smtj.load_card("funatsu2022").replace({"spin_torque.polarisation": 0.6})
    >>> data = smtj.lab.bias_scan(card, 200, voltage=[-0.002, 0.0, 0.002], counts=True)
    >>> data.probability.values
    array([0.88 , 0.5  , 0.095])
    """
    card = as_card(card)
    if isinstance(card, DeviceCard):
        if field is None and field_in_plane is None:
            offset = float(np.asarray(vcma_point(card, 0.0, temperature).offset_field))
            in_plane = card.drive == IN_PLANE_FIELD
            field, field_in_plane = (None, offset) if in_plane else (offset, None)
        if voltage is None and current is None:
            voltage = _telling_voltages(card, (field_in_plane, field), temperature)
            if not counts:
                _require_switches(card, (field_in_plane, field), temperature, samples, instrument)
    if (voltage is None) == (current is None):
        raise SmtjError("a bias scan needs several voltages or several currents; give one of them")
    kind, steps = ("current", current) if voltage is None else ("voltage", voltage)
    columns = constants(card, field, field_in_plane, temperature)
    columns[kind] = ((kind,), _row(steps if steps is not None else ()))
    name = f"{kind}_scan"
    if not counts or has_only_counts(card):
        if isinstance(card, DeviceCard):
            instrument = _with_noise(card, instrument or Instrument())
        return _measure(name, card, columns, (kind,), samples, instrument, seed, progress)
    known = {key: np.asarray(values) for key, (_, values) in columns.items()}
    at = [known.get(key, np.zeros(1)) for key in ("field_in_plane", "field_out_of_plane", kind)]
    rows = np.stack(np.broadcast_arrays(*at, known.get("temperature", np.zeros(1))), axis=-1)
    _, _, log_high, log_low = two_states(card, "current" if voltage is None else "voltage", rows)
    p = np.asarray(probability_from_dwell_times(log_high, log_low), dtype=np.float64)
    return _directed(
        card,
        measured_counts(name, card, columns, (kind,), p, samples, instrument or Instrument(), seed),
    )


def _telling_voltages(
    card: DeviceCard, field: tuple[float | None, float | None], temperature: float | None
) -> Floats:
    """Return voltages up to the card's limit or to where one state is rare, in V."""
    parts, most = np.linspace(-1.0, 1.0, BIASES), card.voltage_limit
    for _ in range(MAX_HALVINGS):
        log_high, log_low = _log_times(card, field, most * parts[[0, -1]], temperature)
        if np.abs(log_high - log_low).max() <= MAX_ODDS:
            break
        most /= 2
    return np.asarray(most * parts, dtype=np.float64)


def _require_switches(
    card: DeviceCard,
    field: tuple[float | None, float | None],
    temperature: float | None,
    samples: int,
    instrument: Instrument | None,
) -> None:
    """Raise an error if the device stays in one state for longer than a trace takes."""
    logs = _log_times(card, field, np.zeros(1), temperature)
    dwell = math.exp(min(float(log[0]) for log in logs))
    whole = samples * (instrument or Instrument()).timing(card)[0]
    if dwell > whole:
        raise SmtjError(
            f"card {card.name} stays for {format_scaled(dwell, 's')} in either state at 0 V, and "
            f"{samples} readings take {format_scaled(whole, 's')}, in which it hardly switches; "
            "choose a voltage, field or temperature at which it does, a longer interval, or "
            "count what pulses do (smtj measure pulses)"
        )


def _log_times(
    card: DeviceCard,
    field: tuple[float | None, float | None],
    voltage: Floats,
    temperature: float | None,
) -> tuple[Floats, Floats]:
    t = card.temperature if temperature is None else temperature
    rows = np.stack(np.broadcast_arrays(*(h or 0.0 for h in field), voltage, t), axis=-1)
    _, _, log_high, log_low = two_states(card, "voltage", rows)
    return log_high, log_low


def _with_noise(card: DeviceCard, instrument: Instrument) -> Instrument:
    """Return an instrument with some noise."""
    if instrument.noise is not None or any(card.reading_noise):
        return instrument
    levels = card.at().resistances()
    return replace(instrument, noise=NOISE * abs(float(levels.high) - float(levels.low)))


def field_sweep(
    card: CardLike,
    field: ArrayLike | None = None,
    field_in_plane: ArrayLike | None = None,
    *,
    sweeps: int = 2,
    voltage: float | None = None,
    current: float | None = None,
    temperature: float | None = None,
    instrument: Instrument | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> "xr.Dataset":
    """Sweep a field up and down with one reading per step: loops, as in Fig. 1(b), 2(a), 4(a).

    Parameters
    ----------
    card, voltage, current, temperature, instrument, seed, progress
        As in :func:`trace`; the interval is the time spent at each field, and the reading is
        taken at its end.
    field, field_in_plane
        H_⊥ and H_∥ in A/m: one of them the rising steps of the sweep, shape (fields,), the other
        a number.
    sweeps
        Number of sweeps, the first up, the second down, and so on.

    Returns
    -------
    xarray.Dataset
        ``resistance`` in ohm, dimensions ``sweep`` and ``field``; ``time`` gives the order.

    Raises
    ------
    SmtjError
        The fields do not rise, or timing, bias or conditions are impossible.
    """
    card = as_card(card)
    columns = constants(card, field, field_in_plane, temperature) | bias_columns(
        card, voltage, current
    )
    swept = [
        name
        for name in ("field_out_of_plane", "field_in_plane")
        if name in columns and np.ndim(columns[name][1])
    ]
    steps = _row(columns[swept[0]][1]) if len(swept) == 1 else np.zeros(0)
    if steps.size == 0 or not (np.diff(steps) > 0).all() or sweeps < 1:
        raise SmtjError(
            "a sweep needs rising values of either field or field_in_plane, and one sweep or more"
        )
    columns[swept[0]] = (("sweep", "field"), np.tile(steps, (sweeps, 1)))
    columns[swept[0]][1][1::2] = steps[::-1]
    dims = ("sweep", "field")
    if isinstance(card, BehaviouralCard) and card.loop is not None and card.drive.name != "field":
        found = measured_loop(card, columns, swept[0], instrument or Instrument(), seed)
    else:
        found = _measure("field_sweep", card, columns, dims, 1, instrument, seed, progress)
        found = found.isel(sample=0)
    for name in ("time", card.observable):
        found[name][1::2] = found[name].values[1::2, ::-1]
    return found.assign_coords({swept[0]: found[swept[0]].variable[0]})


def _swept_field(card: Card) -> str:
    return "field_in_plane" if card.drive == IN_PLANE_FIELD else "field_out_of_plane"


def _row(values: ArrayLike) -> Floats:
    return np.atleast_1d(np.asarray(values, dtype=np.float64))


def _measure(
    kind: str,
    card: Card,
    conditions: Mapping[str, Column],
    dims: tuple[str, ...],
    samples: int,
    instrument: Instrument | None,
    seed: int,
    progress: Progress | None,
) -> "xr.Dataset":
    """Take readings at every combination of conditions; returns ``(*dims, "sample")``."""
    instrument = instrument or Instrument()
    bias: BiasKind = "current" if "current" in conditions else "voltage"
    sizes = {
        dim: size
        for own, values in conditions.values()
        for dim, size in zip(own, np.shape(values), strict=True)
    }
    steps = tuple(sizes[dim] for dim in dims)

    def at(name: str) -> Floats:
        # What a card does not know, nothing depends on.
        own, values = conditions.get(name, ((), 0.0))
        shape = [sizes[dim] if dim in own else 1 for dim in dims]
        return np.broadcast_to(np.reshape(values, shape), steps).ravel()

    if dims and kind != "field_sweep" and has_only_counts(card):
        applied = (at("field_in_plane"), at("field_out_of_plane"), bias, at(bias))
        p = high_probability(card, *applied, at("temperature")).reshape(steps)
        return _directed(
            card, measured_counts(kind, card, conditions, dims, p, samples, instrument, seed)
        )
    _require_readings(card)
    time, read = take_readings(
        card,
        OperatingConditions(
            at("field_in_plane"), at("field_out_of_plane"), at(bias), at("temperature")
        ),
        bias,
        samples,
        instrument,
        seed,
        progress,
    )
    dims, shape = (*dims, "sample"), (*steps, samples)
    columns = {
        **conditions,
        "time": (dims, time.reshape(shape)),
        card.observable: (dims, read.reshape(shape)),
    }
    about = attributes(kind, card, bias, instrument, seed)
    return _directed(card, labelled(card.observable, columns, about))


def _require_readings(card: Card) -> None:
    """Name first what a card of behaviour lacks, as no option gives it."""
    if not isinstance(card, BehaviouralCard):
        return
    own, names = card.behaviour, [] if card.levels is not None else list(RESISTANCES)
    if card.response is None:
        names += ["behaviour.dwell_time_high", "behaviour.dwell_time_low"]
    if card.pulse_response is not None and own.dwell_time_high is None:
        raise CardError(
            f"card {card.name} holds P against the length of a pulse and nothing that could be "
            "read; measure that by pulse_scan (smtj measure pulses)"
        )
    card.require(*names)


def _directed(card: Card, dataset: "xr.Dataset") -> "xr.Dataset":
    if isinstance(card, BehaviouralCard) and card.field_response is not None:
        return with_direction(dataset, card.drive_condition, card.field_response.direction)
    return dataset
