"""The loop of a behavioural card: a sweep that switches where the measured one did."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from smtj.card import BehaviouralCard
from smtj.errors import CardError, SmtjError
from smtj.lab.instrument import Instrument
from smtj.lab.record import Column, attributes, labelled, with_direction
from smtj.units import format_quantity

if TYPE_CHECKING:
    import xarray as xr


def measured_loop(
    card: BehaviouralCard,
    columns: Mapping[str, Column],
    along: str,
    instrument: Instrument,
    seed: int,
) -> "xr.Dataset":
    """Sweep a field over a card with a section ``loop`` and without a response to the field.

    The state is that of the field in which the sweep begins; within the loop, that of the far side
    that a first rising sweep comes from.  Switching fields do not scatter, as their scatter was not
    measured.

    Parameters
    ----------
    card
        The device.
    columns
        Fields, of which ``along`` has the dimensions sweep and field in the order of measurement,
        and other conditions.
    along
        ``"field_out_of_plane"`` or ``"field_in_plane"``.
    instrument, seed
        As in :func:`smtj.lab.field_sweep`.

    Raises
    ------
    SmtjError
        The card has another loop than is asked for, or does not know where it switches.
    """
    loop = card.loop
    if loop is None or f"field_{loop.component}" != along:
        raise CardError(
            f"card {card.name} has no loop in the {along.removeprefix('field_').replace('_', '-')} "
            "field: sweep the other one, or measure and fit that loop"
        )
    if loop.shape == "rounded" or loop.coercive_field is None:
        why = "rounded" if loop.shape == "rounded" else "without a coercive field"
        raise CardError(
            f"the loop of card {card.name} is {why}, and the card does not hold the curve between "
            "the levels; only a square loop can be swept"
        )
    _as_measured(card, columns, along)
    interval, _ = instrument.timing(card)
    field = np.asarray(columns[along][1], dtype=np.float64)
    offset, half = float(loop.offset_field), float(loop.coercive_field)
    beyond = np.where(field >= offset + half, 1, np.where(field <= offset - half, 0, -1)).ravel()
    # A state stays until the field is beyond one of its ends.
    last = np.maximum.accumulate(np.where(beyond >= 0, np.arange(beyond.size), -1))
    upper = np.where(last >= 0, beyond[last], 0).reshape(field.shape)
    high = upper.astype(bool) if loop.sense == "rises" else ~upper.astype(bool)
    own = card.levels
    if own is not None:
        instrument.require_own_unit(card)
        levels = [float(own.high), float(own.low)]
    else:
        levels = card.require("behaviour.resistance_high", "behaviour.resistance_low")
    noise = np.random.default_rng([seed, 1]).standard_normal(field.shape)
    read = np.where(high, *levels) + np.where(high, *instrument.noise_of(card)) * noise
    count = np.arange(1.0, field.size + 1).reshape(field.shape)
    dims = ("sweep", "field")
    found = {
        **columns,
        "time": (dims, interval * count),
        card.observable: (dims, read + instrument.drift * count / field.size),
    }
    about = attributes("field_sweep", card, "voltage", instrument, seed)
    return with_direction(labelled(card.observable, found, about), along, loop.direction)


def _as_measured(card: BehaviouralCard, columns: Mapping[str, Column], along: str) -> None:
    """Raise an error for a condition that is not that of the measurement."""
    shown = {"voltage": ("V", "mV"), "current": ("A", "uA"), "temperature": ("K", "K")}
    for name, (_, value) in columns.items():
        own = card.conditions.get(name, 0.0)
        if name != along and not np.allclose(value, own, rtol=1e-6, atol=1e-12):
            text = format_quantity(float(value), *shown.get(name, ("A/m", "Oe")), 4)
            raise SmtjError(
                f"card {card.name} holds what was measured, and no law for a {name} of {text}; "
                "measure there and fit that"
            )
