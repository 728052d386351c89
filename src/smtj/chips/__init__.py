"""Many virtual chips of one network: their accuracy, their yield, and what each spread costs."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smtj.chips.conditions import QUANTITIES, VariedQuantity, parse_vary
    from smtj.chips.result import StudyResult
    from smtj.chips.run import study
    from smtj.chips.summary import StudySummary, summarise

_HOMES = {
    "QUANTITIES": "conditions",
    "StudyResult": "result",
    "StudySummary": "summary",
    "VariedQuantity": "conditions",
    "parse_vary": "conditions",
    "study": "run",
    "summarise": "summary",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"smtj.chips.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'smtj.chips' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
