"""Fits of data sets, measured or virtual, and the cards that follow from them."""

from smtj.analysis.analyse import fit, load
from smtj.analysis.result import FitResult

__all__ = ["FitResult", "fit", "load"]
