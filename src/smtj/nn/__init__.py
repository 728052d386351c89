"""Neurons made of a card's devices, and networks of them; needs PyTorch (``smtj[nn]``)."""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smtj.nn.conversion.convert import convert, to_digital
    from smtj.nn.conversion.summary import ConversionSummary, summary
    from smtj.nn.devices.distributions import Source, heavy_tailed, log_normal, normal, uniform
    from smtj.nn.devices.variation import (
        DeviceVariation,
        Variability,
        no_variation,
        sample_variation,
    )
    from smtj.nn.drive.coupling import AffineCoupling, CalibratedCoupling, calibrated, matched
    from smtj.nn.drive.physical import (
        DrivenCoupling,
        strain_coupling,
        tilt_coupling,
        wire_coupling,
    )
    from smtj.nn.drive.voltage import VoltageCoupling, voltage_coupling
    from smtj.nn.layer.activation import MTJActivation, ScaledSigmoid
    from smtj.nn.layer.adaptive import fix_bias, make_adaptive
    from smtj.nn.layer.chip import Chip, chip_of, install, sample_chip
    from smtj.nn.layer.configure import reset_state, set_conditions, set_readout
    from smtj.nn.layer.neuron import MTJNeuron
    from smtj.nn.reads.scheme import AnalogueReads, DigitalReads, Reads, ReadScheme
    from smtj.nn.training.augment import RandomAffine
    from smtj.nn.training.network import load_network, save_network
    from smtj.nn.training.recalibrate import Recalibration, recalibrate
    from smtj.nn.training.run import TrainingRun, train
    from smtj.nn.uncertainty import (
        Prediction,
        auroc,
        expected_calibration_error,
        negative_log_likelihood,
        predict,
    )

try:
    _torch = find_spec("torch")
except ModuleNotFoundError:
    _torch = None
if _torch is None:
    raise ModuleNotFoundError(
        'smtj.nn needs PyTorch: install it with pip install "smtj[nn]"', name="torch"
    )

__all__ = [
    "AffineCoupling", "AnalogueReads", "CalibratedCoupling", "Chip", "ConversionSummary",
    "DeviceVariation", "DigitalReads", "DrivenCoupling", "MTJActivation", "MTJNeuron",
    "Prediction", "RandomAffine", "ReadScheme", "Reads", "Recalibration", "ScaledSigmoid",
    "Source", "TrainingRun", "Variability", "VoltageCoupling", "auroc", "calibrated", "chip_of",
    "convert", "expected_calibration_error", "fix_bias", "heavy_tailed", "install",
    "load_network", "log_normal", "make_adaptive", "matched", "negative_log_likelihood",
    "no_variation", "normal", "predict", "recalibrate", "reset_state", "sample_chip",
    "sample_variation", "save_network", "set_conditions", "set_readout", "strain_coupling",
    "summary", "tilt_coupling", "to_digital", "train", "uniform", "voltage_coupling",
    "wire_coupling",
]  # fmt: skip

_MODULES = (
    "conversion.convert",
    "conversion.summary",
    "devices.distributions",
    "devices.variation",
    "drive.coupling",
    "drive.physical",
    "drive.voltage",
    "layer.activation",
    "layer.adaptive",
    "layer.chip",
    "layer.configure",
    "layer.neuron",
    "reads.scheme",
    "training.augment",
    "training.network",
    "training.recalibrate",
    "training.run",
    "uncertainty",
)


def __getattr__(name: str) -> Any:
    if name in __all__:
        for module in map(import_module, (f"smtj.nn.{part}" for part in _MODULES)):
            if hasattr(module, name):
                return getattr(module, name)
    raise AttributeError(f"module 'smtj.nn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
