"""The two formulas by which a card's values are checked against each other.

A card cannot ask :mod:`smtj.physics`, which builds on cards, so these stand here and the physics
takes them from here.
"""

import math
from collections.abc import Sequence

from smtj.units import convert

_TOLERANCE = 0.02


def ellipse_volume(length: float, width: float, thickness: float) -> float:
    """Volume of an elliptic cylinder, π/4 · length · width · thickness (all m; result m³)."""
    return math.pi / 4 * length * width * thickness


def vcma_coefficient(
    anisotropy_field_per_volt: float,
    saturation_magnetisation: float,
    free_layer_thickness: float,
    tunnel_barrier_thickness: float,
) -> float:
    """ξ = ½ μ0 M_s (dH_K1/dV) t t_MgO in J/(V m), of a field per voltage in A/(m V)."""
    thicknesses = free_layer_thickness * tunnel_barrier_thickness
    mu0_field_per_volt = convert(anisotropy_field_per_volt, "A/m/V", "T/V")
    return 0.5 * saturation_magnetisation * mu0_field_per_volt * thicknesses


def agree(stated: float, implied: float, relative_errors: Sequence[float]) -> bool:
    """Whether two numbers agree within 2 %, or the combined standard errors if those are larger."""
    tolerance = max(_TOLERANCE, math.hypot(*relative_errors))
    return abs(stated - implied) <= tolerance * max(abs(stated), abs(implied))
