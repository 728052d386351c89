"""smtj: from the physics of a stochastic magnetic tunnel junction to a network of such neurons.

``load_card`` is where everything begins.  What takes long to import is imported when it is used;
``smtj.nn`` needs PyTorch.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smtj.card import DeviceCard, Value, load_card
    from smtj.physics.device import operating_point

__version__ = "0.1.0"

__all__ = ["DeviceCard", "Value", "load_card", "operating_point"]


def __getattr__(name: str) -> Any:
    if name == "operating_point":
        from smtj.physics.device import operating_point

        return operating_point
    if name in __all__:
        from smtj import card

        return getattr(card, name)
    raise AttributeError(f"module 'smtj' has no attribute {name!r}")
