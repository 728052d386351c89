"""Virtual instruments: they measure a card's device and return data sets like a laboratory's."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smtj.lab.instrument import Instrument
    from smtj.lab.macrospin import macrospin_trace
    from smtj.lab.pulse_counts import pulse_scan
    from smtj.lab.pulses import Pulse, pulse_response, switching_map
    from smtj.lab.resistance import (
        bias_scan,
        field_sweep,
        scan,
        temperature_scan,
        trace,
        voltage_scan,
    )
    from smtj.lab.stfmr import spectra

_HOMES = {
    "instrument": ("Instrument",),
    "macrospin": ("macrospin_trace",),
    "pulse_counts": ("pulse_scan",),
    "pulses": ("Pulse", "pulse_response", "switching_map"),
    "resistance": (
        "bias_scan",
        "field_sweep",
        "scan",
        "temperature_scan",
        "trace",
        "voltage_scan",
    ),
    "stfmr": ("spectra",),
}

__all__ = [
    "Instrument",
    "Pulse",
    "bias_scan",
    "field_sweep",
    "macrospin_trace",
    "pulse_response",
    "pulse_scan",
    "scan",
    "spectra",
    "switching_map",
    "temperature_scan",
    "trace",
    "voltage_scan",
]


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"smtj.lab.{module}"), name)
    raise AttributeError(f"module 'smtj.lab' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
