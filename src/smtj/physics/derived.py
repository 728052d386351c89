"""The table of what follows from a card, for people to read."""

from typing import NamedTuple

from smtj.card import DeviceCard
from smtj.card.consistency import ellipse_volume
from smtj.physics.device import anisotropy_terms, factors, operating_point, vcma_coefficient
from smtj.physics.magnetics import anisotropy


class Derived(NamedTuple):
    """One derived quantity."""

    name: str
    symbol: str
    value: float
    unit: str
    display_unit: str
    source: str


def derived_quantities(card: DeviceCard) -> list[Derived]:
    """What follows from a card at zero bias, zero field and its own temperature.

    Raises
    ------
    CardError
        The card's interface anisotropy contradicts its anisotropy field.
    """
    geometry = card.geometry
    n_x, n_y, n_z = (float(n) for n in factors(card))
    m_s = card.magnetism.saturation_magnetisation
    volume = ellipse_volume(geometry.length, geometry.width, geometry.free_layer_thickness)
    k_shape, k_perpendicular, k_d = anisotropy_terms(card)
    point = operating_point(card)
    tau_high, tau_low = point.dwell_times(0.0)
    derived_factors = geometry.demagnetising_factor_x is None
    factors_source = "elliptic cylinder" if derived_factors else "card"
    offset_source = "-H_in tan(tilt)" if card.switching.offset_field is None else "card"
    model = f"{card.switching.model} model"
    rows = [
        ("area", "A", volume / geometry.free_layer_thickness, "m^2", "nm^2", "ellipse"),
        ("volume", "V", volume, "m^3", "nm^3", "ellipse"),
        ("activation share", "V*/V", geometry.activation_volume / volume, "", "", "card"),
        ("demagnetising factor x", "N_x", n_x, "", "", factors_source),
        ("demagnetising factor y", "N_y", n_y, "", "", factors_source),
        ("demagnetising factor z", "N_z", n_z, "", "", factors_source),
        ("in-plane shape field", "(N_y-N_x)M_s", (n_y - n_x) * m_s, "A/m", "mT", "shape alone"),
        ("shape energy", "K_shape", k_shape, "J/m^3", "kJ/m^3", "Eq. 1"),
        ("perpendicular energy", "K_⊥", k_perpendicular, "J/m^3", "kJ/m^3", "Eq. 1"),
        ("demagnetising energy", "K_d", k_d, "J/m^3", "kJ/m^3", "Eq. 1"),
        ("effective energy", "K_eff", float(point.energy_density), "J/m^3", "kJ/m^3", "Eq. 1"),
        (
            "interface anisotropy",
            "K_i",
            k_perpendicular * geometry.free_layer_thickness,
            "J/m^2",
            "mJ/m^2",
            "Eq. 1",
        ),
        (
            "anisotropy field",
            "H_K1",
            float(anisotropy.anisotropy_field(point.energy_density, m_s)),
            "A/m",
            "mT",
            "2K_eff/(μ0 M_s)",
        ),
        ("VCMA coefficient", "ξ", vcma_coefficient(card), "J/(V m)", "fJ/(V m)", "Eq. 6"),
        ("energy barrier", "E_b", float(point.barrier), "J", "zJ", "Eq. 6"),
        ("stability factor", "E_b/k_BT", float(point.stability_factor), "", "", "Eq. 6"),
        ("effective field", "H_k,eff", float(point.effective_field), "A/m", "Oe", model),
        ("slope", "w", float(point.slope), "m/A", "1/Oe", f"Eq. 5, {model}"),
        ("offset field", "H_s", float(point.offset_field), "A/m", "Oe", offset_source),
        ("dwell time, high", "τ_high", float(tau_high), "s", "ms", "Eq. 3 at zero field"),
        ("dwell time, low", "τ_low", float(tau_low), "s", "ms", "Eq. 4 at zero field"),
    ]
    return [Derived(*row) for row in rows]
