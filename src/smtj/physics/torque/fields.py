"""The torques of a voltage on a card's free layer, as fields per volt."""

from typing import NamedTuple

from smtj.card import CardLike, as_device
from smtj.card.consistency import ellipse_volume
from smtj.physics.arrays import Array
from smtj.physics.constants import ELEMENTARY_CHARGE, REDUCED_PLANCK, VACUUM_PERMEABILITY
from smtj.physics.free_layer import vcma_coefficient
from smtj.physics.junction import parallel_resistance
from smtj.physics.magnetics.anisotropy import anisotropy_field, voltage_energy_density


class TorqueFields(NamedTuple):
    """Fields per volt that stand for the torques of a voltage, in A/m/V."""

    vcma: float
    """-dH_K1/dV, a field along the easy axis times m·n."""
    field_like: float
    """A field along the reference layer's direction p."""
    damping_like: float
    """h_DL: a positive voltage pulls m towards p."""


def damping_like_field_per_volt(
    polarisation: Array,
    resistance_area_product: Array,
    saturation_magnetisation: Array,
    thickness: Array,
) -> Array:
    """Field h_DL of Slonczewski's torque per volt in A/m/V: (ħ/4e) 2P/(1 + P²)/(RA μ0 M_s t).

    It is the torque of elastic tunnelling between two equal electrodes, (ħ/4e) 2P/(1 + P²) G_P V
    sin θ, over the moment of the layer: what the balance of the spin currents in both electrodes
    leaves in it.

    P of both electrodes, RA of the parallel state in ohm m², M_s in A/m, t of the free layer in m.
    J. C. Slonczewski, Phys. Rev. B 71, 024411 (2005), doi:10.1103/PhysRevB.71.024411;
    J. C. Sankey et al., Nat. Phys. 4, 67 (2008), doi:10.1038/nphys783, find it in CoFeB/MgO at low
    bias.

    Examples
    --------
    >>> per_volt = damping_like_field_per_volt(0.6, 9.9e-12, 1.18e6, 1.62e-9)
    >>> float(per_volt)  # A/m/V; 7.7 mT/V
    6105.3
    """
    spins = REDUCED_PLANCK / (4 * ELEMENTARY_CHARGE) * 2 * polarisation / (1 + polarisation**2)
    moment = VACUUM_PERMEABILITY * saturation_magnetisation * thickness
    return spins / (resistance_area_product * moment)


def torque_fields(card: CardLike) -> TorqueFields:
    """The torques of a voltage on a card's free layer, at the card's temperature.

    VCMA always; spin torques where the card has a section ``spin_torque``, the damping-like one
    from the polarisation where its field per volt is left out, the field-like one 0 then.
    """
    card = as_device(card)
    m_s, thickness = card.magnetism.saturation_magnetisation, card.geometry.free_layer_thickness
    lost = voltage_energy_density(
        vcma_coefficient(card), 1.0, card.geometry.tunnel_barrier_thickness, thickness
    )
    vcma = float(anisotropy_field(lost, m_s))
    spin = card.spin_torque
    if spin is None:
        return TorqueFields(vcma, 0.0, 0.0)
    damping_like = spin.damping_like_field_per_volt
    if damping_like is None:
        area = ellipse_volume(card.geometry.length, card.geometry.width, 1.0)
        product = parallel_resistance(card) * area
        damping_like = damping_like_field_per_volt(spin.polarisation, product, m_s, thickness)
    field_like = 0.0 if spin.field_like_field_per_volt is None else spin.field_like_field_per_volt
    return TorqueFields(vcma, float(field_like), float(damping_like))
