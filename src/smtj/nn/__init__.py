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
    from smtj.nn.layer.activation import MTJActivation, ScaledSigmoid
    from smtj.nn.layer.adaptive import fix_bias, make_adaptive
    from smtj.nn.layer.chip import Chip, chip_of, install, sample_chip
    from smtj.nn.layer.configure import reset_state, set_conditions, set_readout
    from smtj.nn.layer.neuron import MTJNeuron
    from smtj.nn.reads.scheme import AnalogueReads, DigitalReads, Reads, ReadScheme
    from smtj.nn.training.network import build_network, load_network, save_network
    from smtj.nn.training.recalibrate import Recalibration, recalibrate
    from smtj.nn.training.run import TrainingRun, train

if find_spec("torch") is None:
    raise ModuleNotFoundError(
        'smtj.nn needs PyTorch: install it with pip install "smtj[nn]"', name="torch"
    )

_MODULES = {
    "conversion.convert": ("convert", "to_digital"),
    "conversion.summary": ("ConversionSummary", "summary"),
    "devices.distributions": ("Source", "heavy_tailed", "log_normal", "normal", "uniform"),
    "devices.variation": ("DeviceVariation", "Variability", "no_variation", "sample_variation"),
    "drive.coupling": ("AffineCoupling", "CalibratedCoupling", "calibrated", "matched"),
    "drive.physical": ("DrivenCoupling", "strain_coupling", "tilt_coupling", "wire_coupling"),
    "layer.activation": ("MTJActivation", "ScaledSigmoid"),
    "layer.adaptive": ("fix_bias", "make_adaptive"),
    "layer.chip": ("Chip", "chip_of", "install", "sample_chip"),
    "layer.configure": ("reset_state", "set_conditions", "set_readout"),
    "layer.neuron": ("MTJNeuron",),
    "reads.scheme": ("AnalogueReads", "DigitalReads", "ReadScheme", "Reads"),
    "training.network": ("build_network", "load_network", "save_network"),
    "training.recalibrate": ("Recalibration", "recalibrate"),
    "training.run": ("TrainingRun", "train"),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"smtj.nn.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'smtj.nn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
