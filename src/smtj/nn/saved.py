"""Chips in files: what a layer makes of one that was saved otherwise than it would be now."""

from typing import TYPE_CHECKING, Any

import torch

from smtj.nn.variation import no_variation

if TYPE_CHECKING:
    from smtj.nn.junctions import Junctions

ALWAYS_SAVED = ("slope_factor", "offset_shift", "barrier_factor")
"""Quantities that every file has; one without them is damaged."""


def fit_saved(junctions: "Junctions", saved: Any, prefix: str) -> None:
    """Let a layer load a chip of an older version, or one whose voltage was learnt otherwise.

    A file from before a source of variation was known means a chip without it; a voltage may have
    been learnt by the layer, by the neuron, or not at all.

    Parameters
    ----------
    junctions
        The layer that is about to load; its voltage gets the shape of the saved one.
    saved
        The state dictionary, changed in place.
    prefix
        What its names begin with.
    """
    voltage, theta = saved.get(f"{prefix}bias_voltage"), f"{prefix}bias.theta"
    usual = {
        **no_variation(junctions.features)._asdict(),
        "temperature": torch.tensor(float(junctions.card.thermal.temperature)),
        "age": torch.zeros(()),
    }
    for name, values in usual.items():
        if name not in ALWAYS_SAVED:
            saved.setdefault(prefix + name, values)
    if voltage is None:
        return
    if junctions.bias is None:
        saved.pop(theta, None)
        if voltage.shape in ((), (junctions.features,)):
            junctions.bias_voltage = junctions.bias_voltage.new_zeros(voltage.shape)
        return
    own = junctions.bias.theta
    if theta not in saved and voltage.shape in ((), own.shape):
        saved[theta] = junctions.bias.theta_of(voltage).expand_as(own)
    if voltage.ndim == 0:
        saved[f"{prefix}bias_voltage"] = voltage.expand_as(junctions.bias_voltage)
