"""Measurements as data sets with units and a record of how they were made."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from smtj.card import Card
from smtj.lab.instrument import BiasKind, Instrument, bias_of
from smtj.measurement.format.schema import QUANTITIES

if TYPE_CHECKING:
    import xarray as xr

Column = tuple[Sequence[str], Any]
"""Dimensions and values; no dimensions for a constant."""


def labelled(
    measured: str, columns: Mapping[str, Column], attrs: Mapping[str, Any]
) -> "xr.Dataset":
    """Return columns as a data set with units.

    Parameters
    ----------
    measured
        The column that was measured; the others become coordinates.
    columns
        Dimensions and SI values by quantity, of :data:`smtj.measurement.QUANTITIES`.
    attrs
        How it was measured.
    """
    import xarray as xr

    variables = {
        name: xr.Variable(
            tuple(dims), np.asarray(values, dtype=np.float64), {"units": QUANTITIES[name].unit}
        )
        for name, (dims, values) in columns.items()
    }
    return xr.Dataset({measured: variables.pop(measured)}, coords=variables, attrs=dict(attrs))


def with_direction(dataset: "xr.Dataset", name: str, direction: str) -> "xr.Dataset":
    """Mark the field ``name`` as one of unknown direction, as a header without one does."""
    if direction == "unknown" and name in dataset.variables:
        dataset[name].encoding["header"] = "H"
    return dataset


def constants(
    card: Card, field: Any, field_in_plane: Any, temperature: float | None
) -> dict[str, Column]:
    """Return fields and temperature as columns without dimensions.

    By default those of the card's own conditions; what these leave open is left out.
    """
    given = {
        "field_out_of_plane": field,
        "field_in_plane": field_in_plane,
        "temperature": temperature,
    }
    own = card.conditions
    return {
        name: ((), own[name] if value is None else value)
        for name, value in given.items()
        if value is not None or name in own
    }


def bias_columns(card: Card, voltage: float | None, current: float | None) -> dict[str, Column]:
    """Return the bias as a column without dimensions; see :func:`smtj.lab.instrument.bias_of`."""
    return {kind: ((), value) for kind, value in bias_of(card, voltage, current).items()}


def attributes(
    kind: str, card: Card, bias: BiasKind, instrument: Instrument, seed: int
) -> dict[str, str | float]:
    """Return how a resistance, or what stands in for it, was measured."""
    interval, integration_time = instrument.timing(card)
    held: dict[str, BiasKind] = {"voltage": "current", "current": "voltage"}
    return {
        "kind": kind,
        "card": card.name,
        "seed": seed,
        "bias": held.get(card.observable, bias),
        "interval": interval,
        "integration_time": integration_time,
        "noise": max(instrument.noise_of(card)),
        "drift": instrument.drift,
    }
