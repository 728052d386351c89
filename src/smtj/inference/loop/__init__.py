"""Hysteresis loops of the averaged resistance."""

from smtj.inference.loop.fit import fit_loop
from smtj.inference.loop.model_free import FreeLoop, fit_free_loop
from smtj.inference.loop.result import Interpretation, LoopFit

__all__ = ["FreeLoop", "Interpretation", "LoopFit", "fit_free_loop", "fit_loop"]
