"""Boltzmann equilibrium of a card: P(high), ⟨m⟩ and ⟨m_z²⟩ at any field, voltage, temperature."""

import math

from smtj.card import DeviceCard
from smtj.physics.arrays import Array
from smtj.physics.device import high_state_is_up, macrospin, stray_field
from smtj.physics.magnetics.equilibrium import Occupation, occupation


def card_occupation(
    card: DeviceCard,
    field_x: Array,
    field_y: Array,
    field_z: Array,
    voltage: Array = 0.0,
    temperature: Array | None = None,
) -> tuple[Array, Occupation]:
    """P(high) and the Boltzmann averages of a card's free layer, whatever its switching model.

    An H_s that the card gives acts as a stray field along the easy axis.

    Parameters
    ----------
    card
        The device.
    field_x, field_y, field_z
        Applied field in A/m, H_in not included: x along the ellipse (H_∥), z along the normal
        (H_⊥).
    voltage
        Voltage in V across the junction, which moves K_eff.
    temperature
        T in K; the card's own by default.  All broadcast together; NumPy or PyTorch.

    Returns
    -------
    tuple
        P(high), and the averages of :func:`smtj.physics.magnetics.equilibrium.occupation`.

    Raises
    ------
    CardError
        The card's interface anisotropy contradicts its anisotropy field.
    SmtjError
        A temperature is not above 0 K and below the card's Curie temperature.
    """
    tilt = float(card.magnetism.easy_axis_tilt)
    stray = stray_field(card, voltage)
    found = occupation(
        macrospin(card, voltage, temperature),
        field_x + stray * math.sin(tilt),
        field_y,
        field_z + stray * math.cos(tilt),
    )
    up = found.probability_up
    return (up if high_state_is_up(card) else 1 - up), found
