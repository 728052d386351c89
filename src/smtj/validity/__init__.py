"""Where the paper's formulas hold: every rung from Boltzmann to the sigmoid, against the next."""

from smtj.validity.comparison import Rung
from smtj.validity.formulas import rungs_at_own_barrier
from smtj.validity.limits import Limits, limits_of
from smtj.validity.low_barrier import rungs_at_shallow_barrier

__all__ = [
    "Limits",
    "Rung",
    "limits_of",
    "rungs_at_own_barrier",
    "rungs_at_shallow_barrier",
]
