"""Hysteresis loops of the averaged resistance."""

from smtj.inference.loop.fit import fit_loop
from smtj.inference.loop.result import Interpretation, LoopFit

__all__ = ["Interpretation", "LoopFit", "fit_loop"]
