"""Neurons made of a card's devices, and networks of them; needs PyTorch (``smtj[nn]``)."""

try:
    import torch  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        'smtj.nn needs PyTorch: install it with pip install "smtj[nn]"', name=error.name
    ) from error

from smtj.nn.activation import MTJActivation, ScaledSigmoid
from smtj.nn.adaptive import fix_bias, make_adaptive
from smtj.nn.convert import convert, to_digital
from smtj.nn.coupling import AffineCoupling, CalibratedCoupling, calibrated, matched
from smtj.nn.neuron import MTJNeuron
from smtj.nn.readout import Reads
from smtj.nn.recalibrate import Recalibration, recalibrate
from smtj.nn.scheme import AnalogueReads, DigitalReads, ReadScheme
from smtj.nn.setting import reset_state, set_readout
from smtj.nn.summary import Summary, summary
from smtj.nn.variation import DeviceVariation, draw_variation, no_variation

__all__ = [
    "AffineCoupling",
    "AnalogueReads",
    "CalibratedCoupling",
    "DeviceVariation",
    "DigitalReads",
    "MTJActivation",
    "MTJNeuron",
    "ReadScheme",
    "Reads",
    "Recalibration",
    "ScaledSigmoid",
    "Summary",
    "calibrated",
    "convert",
    "draw_variation",
    "fix_bias",
    "make_adaptive",
    "matched",
    "no_variation",
    "recalibrate",
    "reset_state",
    "set_readout",
    "summary",
    "to_digital",
]
