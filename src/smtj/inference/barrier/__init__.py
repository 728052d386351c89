"""Barrier and attempt time from dwell times (Néel-Brown)."""

from smtj.inference.barrier.arrhenius import ArrheniusFit, fit_arrhenius
from smtj.inference.barrier.neel_brown import BarrierFit, fit_barrier

__all__ = ["ArrheniusFit", "BarrierFit", "fit_arrhenius", "fit_barrier"]
