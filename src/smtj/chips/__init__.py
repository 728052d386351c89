"""Many virtual chips of one network: their accuracy, their yield, and what each spread costs."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smtj.chips.conditions import QUANTITIES, VariedQuantity, parse_vary
    from smtj.chips.result import StudyResult
    from smtj.chips.run import study
    from smtj.chips.summary import StudySummary, summarise

__all__ = [
    "QUANTITIES", "StudyResult", "StudySummary", "VariedQuantity", "parse_vary", "study",
    "summarise",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in __all__:
        for module in ("conditions", "summary", "result", "run"):
            found = import_module(f"smtj.chips.{module}")
            if hasattr(found, name):
                return getattr(found, name)
    raise AttributeError(f"module 'smtj.chips' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
