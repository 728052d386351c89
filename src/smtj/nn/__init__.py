"""Neurons made of a card's devices, and networks of them; needs PyTorch (``smtj[nn]``)."""

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
