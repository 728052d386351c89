"""Neurons made of a card's devices, and networks of them; needs PyTorch (``smtj[nn]``)."""

try:
    import torch  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        'smtj.nn needs PyTorch: install it with pip install "smtj[nn]"', name=error.name
    ) from error

from smtj.nn.activation import MTJActivation, ScaledSigmoid
from smtj.nn.adaptive import fix_bias, make_adaptive
from smtj.nn.chip import Chip, chip_of, draw_chip, install
from smtj.nn.convert import convert, to_digital
from smtj.nn.coupling import AffineCoupling, CalibratedCoupling, calibrated, matched
from smtj.nn.driven import DrivenCoupling, strain_coupling, tilt_coupling, wire_coupling
from smtj.nn.neuron import MTJNeuron
from smtj.nn.readout import Reads
from smtj.nn.recalibrate import Recalibration, recalibrate
from smtj.nn.scheme import AnalogueReads, DigitalReads, ReadScheme
from smtj.nn.setting import reset_state, set_conditions, set_readout
from smtj.nn.sources import Source, heavy_tailed, log_normal, normal, uniform
from smtj.nn.summary import Summary, summary
from smtj.nn.variation import DeviceVariation, Variability, draw_variation, no_variation

__all__ = [
    "AffineCoupling",
    "AnalogueReads",
    "CalibratedCoupling",
    "Chip",
    "DeviceVariation",
    "DigitalReads",
    "DrivenCoupling",
    "MTJActivation",
    "MTJNeuron",
    "ReadScheme",
    "Reads",
    "Recalibration",
    "ScaledSigmoid",
    "Source",
    "Summary",
    "Variability",
    "calibrated",
    "chip_of",
    "convert",
    "draw_chip",
    "draw_variation",
    "fix_bias",
    "heavy_tailed",
    "install",
    "log_normal",
    "make_adaptive",
    "matched",
    "no_variation",
    "normal",
    "recalibrate",
    "reset_state",
    "set_conditions",
    "set_readout",
    "strain_coupling",
    "summary",
    "tilt_coupling",
    "to_digital",
    "uniform",
    "wire_coupling",
]
