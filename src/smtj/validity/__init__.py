"""Where the paper's formulas hold: every rung from Boltzmann to the sigmoid, against the next."""

from smtj.validity.comparison import Rung
from smtj.validity.formulas import compare_formulas
from smtj.validity.limits import Limits, find_limits
from smtj.validity.low_barrier import compare_low_barrier

__all__ = [
    "Limits",
    "Rung",
    "compare_formulas",
    "compare_low_barrier",
    "find_limits",
]
