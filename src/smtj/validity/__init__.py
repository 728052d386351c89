"""Where the paper's formulas hold: every theory from Boltzmann to the sigmoid against the next."""

from smtj.validity.comparison import Comparison
from smtj.validity.formulas import compare_formulas
from smtj.validity.ladder import Ladder, compare
from smtj.validity.limits import Limits, find_limits, safe_ranges
from smtj.validity.low_barrier import compare_low_barrier

__all__ = [
    "Comparison",
    "Ladder",
    "Limits",
    "compare",
    "compare_formulas",
    "compare_low_barrier",
    "find_limits",
    "safe_ranges",
]
