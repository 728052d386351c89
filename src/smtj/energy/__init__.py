"""Energy, latency and area of a network's reads, with its accuracy.

``cost`` prices one way to read, ``survey`` compares the card's own with the cheapest.  Accuracies
need PyTorch and come from :mod:`smtj.energy.accuracy`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smtj.energy.accuracy import (
        Accuracy,
        measure_accuracy,
        measure_replicas,
        trained_network,
    )
    from smtj.energy.assumptions import Assumptions, load_assumptions
    from smtj.energy.costs import Cost, Limit, cost
    from smtj.energy.design_space import Survey, survey
    from smtj.energy.literature import Published, published, published_table
    from smtj.energy.pareto import Point, Search, search
    from smtj.energy.plans import ReadPlan, card_plan, gated_plan
    from smtj.energy.plots import caption, save_plots
    from smtj.energy.uncertainty import Sensitivity, intervals, sensitivity
    from smtj.energy.workloads import Workload, workload
    from smtj.physics.readout.repeated import effective_reads

_HOMES = {
    "accuracy": ("Accuracy", "measure_accuracy", "measure_replicas", "trained_network"),
    "assumptions": ("Assumptions", "load_assumptions"),
    "costs": ("Cost", "Limit", "cost"),
    "design_space": ("Survey", "survey"),
    "literature": ("Published", "published", "published_table"),
    "pareto": ("Point", "Search", "search"),
    "plans": ("ReadPlan", "card_plan", "gated_plan"),
    "plots": ("caption", "save_plots"),
    "uncertainty": ("Sensitivity", "intervals", "sensitivity"),
    "workloads": ("Workload", "workload"),
}
_HOME = {name: f"smtj.energy.{home}" for home, names in _HOMES.items() for name in names}
_HOME["effective_reads"] = "smtj.physics.readout.repeated"

__all__ = [
    "Accuracy",
    "Assumptions",
    "Cost",
    "Limit",
    "Point",
    "Published",
    "ReadPlan",
    "Search",
    "Sensitivity",
    "Survey",
    "Workload",
    "caption",
    "card_plan",
    "cost",
    "effective_reads",
    "gated_plan",
    "intervals",
    "load_assumptions",
    "measure_accuracy",
    "measure_replicas",
    "published",
    "published_table",
    "save_plots",
    "search",
    "sensitivity",
    "survey",
    "trained_network",
    "workload",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'smtj.energy' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
