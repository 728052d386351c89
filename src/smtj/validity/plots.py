"""The ladder as a figure: exact times, the paper's formulas and the simulated motion."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from smtj import plot
from smtj.validity.comparison import Comparison
from smtj.validity.limits import BARRIERS, FIELDS, IN_PLANE, Limits

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_ladder(axes: Sequence["Axes"], limits: Limits, simulated: Sequence[Comparison]) -> None:
    """Plot times against Δ, field and in-plane field, and the z-scores, on four axes."""
    _barriers(axes[0], limits)
    _fields(axes[1], limits)
    _in_plane(axes[2], limits)
    _scores(axes[3], simulated)
    for letter, panel in zip("abcd", axes, strict=True):
        panel.set_title(f"({letter})", loc="left")


def caption(limits: Limits) -> str:
    """The caption of the picture."""
    return (
        "(a) Dwell time of an upright macrospin against its stability factor Δ: exact (two-state "
        "reduction of the Fokker-Planck equation), Brown's asymptote, and τ0 exp Δ. "
        "(b) Dwell time in a field along the axis relative to zero field: Eq. (3), "
        "exp{Δ[(1 + h)² − 1]}, over the exact one, "
        f"at Δ = {limits.delta:.3g}. (c) Dwell time in a field across the axis: exact, and "
        "τ0 exp[Δ(1 − H_in/H_k)²] of Eq. (3) and (6). (d) Simulated motion at a low barrier "
        "against exact results, in standard errors; grey: three."
        + (" The card's states lie in an easy plane, as in (c) alone." if limits.easy_plane else "")
    )


def _barriers(axes: Any, limits: Limits) -> None:
    axes.semilogy(BARRIERS, np.exp(limits.exact_at_barrier), color=plot.BLUE, label="exact")
    axes.semilogy(
        BARRIERS, np.exp(limits.brown_at_barrier), "--", color=plot.RED, label="Brown's asymptote"
    )
    axes.semilogy(
        BARRIERS,
        np.exp(limits.log_attempt_time + BARRIERS),
        ":",
        color=plot.GREY,
        label=r"$\tau_0\,e^{\Delta}$, Eq. (3)",
    )
    axes.axvline(limits.delta, color=plot.GREEN, linewidth=0.8)
    axes.annotate(
        " this card",
        (limits.delta, 0.03),
        xycoords=("data", "axes fraction"),
        color=plot.GREEN,
        fontsize=7,
    )
    axes.set_xlabel(r"Stability factor $\Delta = E_\mathrm{b}/k_\mathrm{B}T$")
    axes.set_ylabel("Dwell time (s)")
    axes.legend()


def _fields(axes: Any, limits: Limits) -> None:
    axes.plot(FIELDS, np.exp(limits.printed_at_field - limits.exact_at_field), color=plot.RED)
    axes.axhspan(0.8, 1.2, color=plot.GREY, alpha=0.15, linewidth=0)
    axes.axhline(1.0, color=plot.GREY, linewidth=0.8)
    axes.set_yscale("log")
    axes.set_xlabel(r"Field along the axis $H/H_\mathrm{k}$")
    axes.set_ylabel("Eq. (3) over exact")


def _in_plane(axes: Any, limits: Limits) -> None:
    axes.semilogy(IN_PLANE, np.exp(limits.exact_in_plane), "o-", color=plot.BLUE, label="exact")
    axes.semilogy(
        IN_PLANE,
        np.exp(limits.printed_in_plane),
        ":",
        color=plot.GREY,
        label=r"$\tau_0\,e^{E_\mathrm{b}/k_\mathrm{B}T}$, Eq. (6)",
    )
    axes.set_xlabel(r"Field across the axis $H_\mathrm{in}/H_\mathrm{k}$")
    axes.set_ylabel("Dwell time (s)")
    axes.legend()


def _scores(axes: Any, comparisons: Sequence[Comparison]) -> None:
    simulated = [found for found in comparisons if math.isfinite(found.z)]
    place = np.arange(len(simulated))[::-1]
    axes.axvspan(-3, 3, color=plot.GREY, alpha=0.15, linewidth=0)
    axes.axvline(0, color=plot.GREY, linewidth=0.8)
    axes.errorbar([found.z for found in simulated], place, xerr=1.0, fmt="o", color=plot.BLUE)
    for found, row in zip(simulated, place, strict=True):
        name = (
            found.quantity.split(" at ")[0].split(" from ")[0].replace("⟨m_z²⟩", "mean of $m_z^2$")
        )
        axes.annotate(name, (-4.8, row + 0.25), fontsize=8)
    axes.set_yticks([])
    axes.set_xlim(-5, 5)
    axes.set_ylim(-0.5, len(simulated) - 0.4)
    axes.set_xlabel("Simulated less exact (standard errors)")
