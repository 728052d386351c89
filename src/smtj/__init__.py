"""smtj: from the physics of a stochastic magnetic tunnel junction to a network of such neurons.

Everything a user needs is here and in ``smtj.lab``, ``smtj.nn`` (needs PyTorch), ``smtj.chips``,
``smtj.energy``, ``smtj.circuits`` and ``smtj.randomness``; it is imported when it is first used.

>>> import smtj
>>> card = smtj.load_card("cai2019")
>>> result = smtj.fit(smtj.lab.trace(card, 1000))
>>> result["τ_high"].unit
's'
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smtj import chips, circuits, energy, lab, nn, plot, randomness, units
    from smtj.analysis.analyse import fit, load
    from smtj.analysis.result import FitResult
    from smtj.card import BehaviouralCard, DeviceCard, Value, load_card, shipped_cards
    from smtj.errors import SmtjError
    from smtj.inference.stats.estimate import Estimate
    from smtj.measurement import describe, save
    from smtj.physics.device import OperatingPoint
    from smtj.physics.drives import DrivenPoint, operating_point

__version__ = "0.1.0"

_HOMES = {
    "smtj.analysis.analyse": ("fit", "load"),
    "smtj.analysis.result": ("FitResult",),
    "smtj.card": ("BehaviouralCard", "DeviceCard", "Value", "load_card", "shipped_cards"),
    "smtj.errors": ("SmtjError",),
    "smtj.inference.stats.estimate": ("Estimate",),
    "smtj.measurement": ("describe", "save"),
    "smtj.physics.device": ("OperatingPoint",),
    "smtj.physics.drives": ("DrivenPoint", "operating_point"),
}
_ROOMS = ("chips", "circuits", "energy", "lab", "nn", "plot", "randomness", "units")

__all__ = [
    "BehaviouralCard",
    "DeviceCard",
    "DrivenPoint",
    "Estimate",
    "FitResult",
    "OperatingPoint",
    "SmtjError",
    "Value",
    "__version__",
    "chips",
    "circuits",
    "describe",
    "energy",
    "fit",
    "lab",
    "load",
    "load_card",
    "nn",
    "operating_point",
    "plot",
    "randomness",
    "save",
    "shipped_cards",
    "units",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"smtj.{name}")
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'smtj' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
