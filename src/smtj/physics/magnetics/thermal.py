"""How magnetisation and interface anisotropy change with temperature."""

from smtj.physics.arrays import Array


def magnetisation_ratio(
    temperature: Array, reference: float, curie_temperature: float | None, exponent: float
) -> Array:
    """M_s(T)/M_s(T_ref) by Bloch's law, M_s ∝ 1 - (T/T_C)^n; 1 without a Curie temperature.

    All temperatures in K; n is 3/2 for a bulk ferromagnet.
    """
    if curie_temperature is None:
        return 1.0
    held = 1 - (reference / curie_temperature) ** exponent
    return (1 - (temperature / curie_temperature) ** exponent) / held


def interface_anisotropy_ratio(magnetisation_ratio: Array, exponent: float) -> Array:
    """K_i(T)/K_i(T_ref) = (M_s(T)/M_s(T_ref))^p, a power law of the magnetisation.

    p is 3 for single-ion uniaxial anisotropy, near 2 for two-ion and for the CoFeB/MgO interface
    (H. B. Callen and E. Callen, J. Phys. Chem. Solids 27, 1271 (1966)).
    """
    return magnetisation_ratio**exponent
