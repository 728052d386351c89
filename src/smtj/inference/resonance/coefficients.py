"""Material parameters from fitted resonances: damping from linewidths, VCMA from H_K1(V)."""

import math

import numpy as np

from smtj.card import DeviceCard
from smtj.card.consistency import vcma_coefficient
from smtj.inference.stats.checks import checked_points, guarded, require_finite
from smtj.inference.stats.estimate import Estimate, normal_estimate
from smtj.inference.stats.line import LineFit, fit_line
from smtj.typing import Floats


@guarded("the fit of damping")
def damping_estimates(
    trace: Floats, half_width: Floats, error: Floats
) -> tuple[tuple[Estimate, ...], tuple[str, ...]]:
    """α, and Δ_0 that damping does not explain, of lines of half width Δ_0 + ½ α tr A/(1 + α²).

    ``trace`` is (μ0 γ/2π) tr A of each line in Hz, 2 f_r for a circular orbit; ``half_width`` and
    its standard ``error`` are in Hz; all have shape (lines,).  Fewer than three lines yield α
    alone.  Remarks come with the estimates.  No line at all raises SmtjError.
    """
    checked_points(trace, half_width, error, "lines", "half widths")
    if trace.size < 3 or np.ptp(trace) == 0:
        weight = (trace / 2 / error) ** 2
        ratio = float(np.average(2 * half_width / trace, weights=weight))
        estimate = _gilbert(ratio, float(weight.sum()) ** -0.5)
        return (estimate,), (
            "α holds all of the width, as there are too few lines of different width to separate "
            "damping from broadening",
        )
    line = fit_line(trace / 2, half_width, error, "half widths of the lines")
    extra = normal_estimate(
        "half width without damping", "Δ_0", line.intercept, line.intercept_error, "Hz", "MHz"
    )
    return (_gilbert(line.slope, line.slope_error), extra), line.scatter.remarks


def _gilbert(ratio: float, error: float) -> Estimate:
    """Return α of α/(1 + α²)."""
    # Beyond ½ there is none: so broad a line is no resonance.  Noise may make it negative.
    bounded = min(max(ratio, -0.5), 0.5)
    alpha = 2 * bounded / (1 + math.sqrt(1 - 4 * bounded**2))
    require_finite("the fit of damping", alpha, error)
    return normal_estimate("Gilbert damping", "α", alpha, error)


def vcma_estimates(line: LineFit, card: DeviceCard) -> tuple[Estimate, Estimate]:
    """-dH_K1/dV and ξ = ½ μ0 M_s (-dH_K1/dV) t t_MgO, including the errors of M_s, t and t_MgO.

    ``line`` is H_K1 in A/m against V in V; the card supplies the rest, with standard errors where
    known.
    """
    per_volt, error = -line.slope, line.slope_error
    factors = (
        card.magnetism.saturation_magnetisation,
        card.geometry.free_layer_thickness,
        card.geometry.tunnel_barrier_thickness,
    )
    xi = vcma_coefficient(per_volt, *factors)
    relative = [(factor.standard_error or 0.0) / float(factor) for factor in factors]
    xi_error = math.hypot(vcma_coefficient(error, *factors), *(xi * each for each in relative))
    return (
        normal_estimate("anisotropy field per volt", "-dH_K1/dV", per_volt, error, "A/m/V", "mT/V"),
        normal_estimate("VCMA coefficient", "ξ", xi, xi_error, "J/(V m)", "fJ/(V m)"),
    )
