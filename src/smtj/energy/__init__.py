"""What a neuron costs: energy, latency and area of its reads, from the card.

The accuracy beside it needs PyTorch and stands in :mod:`smtj.energy.accuracy`.
"""

from smtj.energy.assumptions import Assumptions, load_assumptions
from smtj.energy.costs import Cost, ReadPlan, Workload, card_scheme, cost, gated_scheme, workload
from smtj.energy.design_space import Survey, survey
from smtj.energy.pareto import Point, Search, search
from smtj.physics.readout.repeated import effective_reads

__all__ = [
    "Assumptions",
    "Cost",
    "Point",
    "ReadPlan",
    "Search",
    "Survey",
    "Workload",
    "card_scheme",
    "cost",
    "effective_reads",
    "gated_scheme",
    "load_assumptions",
    "search",
    "survey",
    "workload",
]
