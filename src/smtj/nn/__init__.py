"""Neurons made of a card's devices, and networks of them; needs PyTorch (``smtj[nn]``)."""

try:
    import torch  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        'smtj.nn needs PyTorch: install it with pip install "smtj[nn]"', name=error.name
    ) from error

from smtj.nn.conversion.convert import convert, to_digital
from smtj.nn.conversion.summary import ConversionSummary, summary
from smtj.nn.devices.distributions import Source, heavy_tailed, log_normal, normal, uniform
from smtj.nn.devices.variation import DeviceVariation, Variability, no_variation, sample_variation
from smtj.nn.drive.coupling import AffineCoupling, CalibratedCoupling, calibrated, matched
from smtj.nn.drive.physical import DrivenCoupling, strain_coupling, tilt_coupling, wire_coupling
from smtj.nn.layer.activation import MTJActivation, ScaledSigmoid
from smtj.nn.layer.adaptive import fix_bias, make_adaptive
from smtj.nn.layer.chip import Chip, chip_of, install, sample_chip
from smtj.nn.layer.configure import reset_state, set_conditions, set_readout
from smtj.nn.layer.neuron import MTJNeuron
from smtj.nn.reads.scheme import AnalogueReads, DigitalReads, Reads, ReadScheme
from smtj.nn.training.recalibrate import Recalibration, recalibrate

__all__ = [
    "AffineCoupling",
    "AnalogueReads",
    "CalibratedCoupling",
    "Chip",
    "ConversionSummary",
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
    "Variability",
    "calibrated",
    "chip_of",
    "convert",
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
    "sample_chip",
    "sample_variation",
    "set_conditions",
    "set_readout",
    "strain_coupling",
    "summary",
    "tilt_coupling",
    "to_digital",
    "uniform",
    "wire_coupling",
]
