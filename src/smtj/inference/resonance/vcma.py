"""How the anisotropy field follows the bias voltage: mT/V, and from it the VCMA coefficient."""

import math

from smtj.card import DeviceCard
from smtj.card.consistency import vcma_coefficient
from smtj.inference.stats.estimate import Estimate, normal_estimate
from smtj.inference.stats.line import StraightLine


def vcma_estimates(line: StraightLine, card: DeviceCard) -> tuple[Estimate, Estimate]:
    """-dH_K1/dV and ξ = ½ μ0 M_s (-dH_K1/dV) t t_MgO, the errors of M_s, t and t_MgO included.

    Parameters
    ----------
    line
        H_K1 in A/m against V in V.
    card
        Has M_s, t and t_MgO, each with its standard error if it is known.
    """
    per_volt, error = -line.slope, math.sqrt(line.covariance[1, 1])
    factors = (
        card.magnetism.saturation_magnetisation,
        card.geometry.free_layer_thickness,
        card.geometry.tunnel_barrier_thickness,
    )
    xi = vcma_coefficient(per_volt, *factors)
    shares = [(factor.standard_error or 0.0) / float(factor) for factor in factors]
    xi_error = math.hypot(vcma_coefficient(error, *factors), *(xi * share for share in shares))
    return (
        normal_estimate("anisotropy field per volt", "-dH_K1/dV", per_volt, error, "A/m/V", "mT/V"),
        normal_estimate("VCMA coefficient", "ξ", xi, xi_error, "J/(V m)", "fJ/(V m)"),
    )
