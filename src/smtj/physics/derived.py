"""The table of quantities derived from a card."""

from smtj.card import CardLike, as_device
from smtj.card.consistency import ellipse_volume
from smtj.physics.device import vcma_point
from smtj.physics.free_layer import anisotropy_terms, factors, vcma_coefficient
from smtj.physics.states import Derived


def derived_quantities(card: CardLike) -> list[Derived]:
    """What follows from a card at zero bias, zero field and its own temperature.

    Raises
    ------
    CardError
        The card's interface anisotropy contradicts its anisotropy field.
    """
    card = as_device(card)
    geometry = card.geometry
    n_x, n_y, n_z = (float(n) for n in factors(card))
    m_s = card.magnetism.saturation_magnetisation
    volume = ellipse_volume(geometry.length, geometry.width, geometry.free_layer_thickness)
    k_shape, k_perpendicular, k_d = anisotropy_terms(card)
    interface = k_perpendicular * geometry.free_layer_thickness
    derived_factors = geometry.demagnetising_factor_x is None
    source = "elliptic cylinder" if derived_factors else "card"
    rows = [
        ("area", "A", volume / geometry.free_layer_thickness, "m^2", "nm^2", "ellipse"),
        ("volume", "V", volume, "m^3", "nm^3", "ellipse"),
        ("activation fraction", "V*/V", geometry.activation_volume / volume, "", "", "card"),
        ("demagnetising factor x", "N_x", n_x, "", "", source),
        ("demagnetising factor y", "N_y", n_y, "", "", source),
        ("demagnetising factor z", "N_z", n_z, "", "", source),
        ("in-plane shape field", "(N_y-N_x)M_s", (n_y - n_x) * m_s, "A/m", "mT", "shape alone"),
        ("shape energy", "K_shape", k_shape, "J/m^3", "kJ/m^3", "Eq. 1"),
        ("perpendicular energy", "K_⊥", k_perpendicular, "J/m^3", "kJ/m^3", "Eq. 1"),
        ("demagnetising energy", "K_d", k_d, "J/m^3", "kJ/m^3", "Eq. 1"),
        ("interface anisotropy", "K_i", interface, "J/m^2", "mJ/m^2", "Eq. 1"),
        ("VCMA coefficient", "ξ", vcma_coefficient(card), "J/(V m)", "fJ/(V m)", "Eq. 6"),
    ]
    point = card.at() if card.switching.dwell_times == "exact" else vcma_point(card)
    at_rest = [row._replace(value=float(row.value)) for row in point.derived()]
    return [*(Derived(*row) for row in rows), *at_rest]
