"""Neurons made of a card's devices, and networks of them; needs PyTorch (``smtj[nn]``)."""

try:
    import torch  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        'smtj.nn needs PyTorch: install it with pip install "smtj[nn]"', name=error.name
    ) from error

from smtj.nn.coupling import AffineCoupling, CalibratedCoupling, calibrated, matched
from smtj.nn.neuron import MTJNeuron, Reads, set_readout
from smtj.nn.variation import DeviceVariation, draw_variation, no_variation

__all__ = [
    "AffineCoupling",
    "CalibratedCoupling",
    "DeviceVariation",
    "MTJNeuron",
    "Reads",
    "calibrated",
    "draw_variation",
    "matched",
    "no_variation",
    "set_readout",
]
