"""How magnetisation and interface anisotropy change with temperature."""

from smtj.physics.arrays import Array


def magnetisation_ratio(
    temperature: Array, reference: float, curie_temperature: float | None, exponent: float
) -> Array:
    """M_s(T)/M_s(T_ref) by Bloch's law, M_s ∝ 1 - (T/T_C)^n; 1 where no T_C is known.

    Parameters
    ----------
    temperature
        T in K, below T_C.
    reference
        Temperature in K at which the card's values hold.
    curie_temperature
        T_C in K, or None for values that do not change with temperature.
    exponent
        n, 3/2 for a bulk ferromagnet.
    """
    if curie_temperature is None:
        return 1.0
    held = 1 - (reference / curie_temperature) ** exponent
    return (1 - (temperature / curie_temperature) ** exponent) / held


def interface_anisotropy_ratio(magnetisation_ratio: Array, exponent: float) -> Array:
    """K_i(T)/K_i(T_ref) = (M_s(T)/M_s(T_ref))^p, a power law of the magnetisation.

    Parameters
    ----------
    magnetisation_ratio
        From :func:`magnetisation_ratio`.
    exponent
        p; 3 for uniaxial anisotropy of single ions (Callen and Callen), near 2 for two ions and
        for the CoFeB/MgO interface.

    References
    ----------
    H. B. Callen and E. Callen, The present status of the temperature dependence of
    magnetocrystalline anisotropy, and the l(l+1)/2 power law,
    J. Phys. Chem. Solids 27, 1271 (1966).
    """
    return magnetisation_ratio**exponent
