"""Counts of the high state, for cards with P(high) over a drive but nothing to read."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeGuard

import numpy as np

from smtj.card import BehaviouralCard, Card
from smtj.errors import SmtjError
from smtj.lab.instrument import BiasKind, Instrument
from smtj.lab.record import Column, labelled
from smtj.physics.measured import measured_at
from smtj.typing import Floats

if TYPE_CHECKING:
    import xarray as xr


def has_only_counts(card: Card) -> TypeGuard[BehaviouralCard]:
    """Whether a card has a response, but no dwell times or no levels to simulate readings with."""
    if not isinstance(card, BehaviouralCard) or card.response is None:
        return False
    own = card.behaviour
    return own.dwell_time is None or (card.levels is None and own.resistance_high is None)


def high_probability(
    card: BehaviouralCard,
    field_in_plane: Floats,
    field_out_of_plane: Floats,
    kind: BiasKind,
    bias: Floats,
    temperature: Floats,
) -> Floats:
    """P(high) of such a card under conditions as rows; raises CardError where it does not know."""
    point = measured_at(card, field_in_plane, field_out_of_plane, kind, bias, temperature)
    return np.asarray(point.switching_probability(), dtype=np.float64)


def measured_counts(
    kind: str,
    card: Card,
    columns: Mapping[str, Column],
    dims: tuple[str, ...],
    probability: Floats,
    samples: int,
    instrument: Instrument,
    seed: int,
) -> "xr.Dataset":
    """Count how many of independent reads are high at each value of the drive.

    Parameters
    ----------
    kind
        Name of the measurement.
    card
        The device.
    columns, dims
        Conditions, and the dimensions of the measurement.
    probability
        P(high), of the shape of the dimensions.
    samples
        Reads at each value.
    instrument
        Must not ask for noise or drift, as no resistance is read.
    seed
        Seed of the counts.

    Returns
    -------
    xarray.Dataset
        ``probability``, and ``reads``, which is ``samples``.

    Raises
    ------
    SmtjError
        There are no reads, or noise or drift in ohm is asked for.
    """
    if samples < 1:
        raise SmtjError("a measurement needs at least one read at each value of the drive")
    if instrument.noise or instrument.drift:
        raise SmtjError(
            f"of card {card.name} high states are counted and no resistance is read, to which "
            "noise and drift in ohm could be added; leave them out"
        )
    high = np.random.default_rng([seed, 4]).binomial(samples, probability)
    found = {
        **columns,
        "probability": (dims, high / samples),
        "reads": ((), float(samples)),
    }
    return labelled("probability", found, {"kind": kind, "card": card.name, "seed": seed})
