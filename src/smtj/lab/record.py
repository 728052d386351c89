"""Measurements as data sets that look like measured ones, with units and what was done."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from smtj.card import DeviceCard
from smtj.lab.instrument import BiasKind, Instrument
from smtj.measurement.format.schema import QUANTITIES

if TYPE_CHECKING:
    import xarray as xr

Column = tuple[Sequence[str], Any]
"""Dimensions and values; no dimension for what stays the same."""


def dataset(
    kind: str,
    card: DeviceCard,
    columns: Mapping[str, Column],
    bias: BiasKind,
    instrument: Instrument,
    seed: int,
) -> "xr.Dataset":
    """Return a measurement as a data set.

    Parameters
    ----------
    kind
        What was done, e.g. ``"time_trace"``.
    card
        The device.
    columns
        Dimensions and SI values by quantity, of :data:`smtj.measurement.QUANTITIES`;
        ``resistance`` is what was measured, the rest are coordinates.
    bias, instrument, seed
        How it was measured.
    """
    return labelled(
        "resistance",
        columns,
        {
            "kind": kind,
            "card": card.name,
            "seed": seed,
            "bias": bias,
            "interval": instrument.interval,
            "integration_time": instrument.integration_time,
            "noise": instrument.noise,
            "drift": instrument.drift,
        },
    )


def labelled(
    measured: str, columns: Mapping[str, Column], attrs: Mapping[str, Any]
) -> "xr.Dataset":
    """Return columns as a data set with units.

    Parameters
    ----------
    measured
        Which of them was measured; the rest are coordinates.
    columns
        As in :func:`dataset`.
    attrs
        What was done.
    """
    import xarray as xr

    variables = {
        name: xr.Variable(
            tuple(dims), np.asarray(values, dtype=np.float64), {"units": QUANTITIES[name].unit}
        )
        for name, (dims, values) in columns.items()
    }
    return xr.Dataset({measured: variables.pop(measured)}, coords=variables, attrs=dict(attrs))
