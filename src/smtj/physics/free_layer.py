"""The free layer of a card: its energies, its easy axis and the macrospin that it is."""

import math

from smtj.card import CardLike, DeviceCard, as_device, consistency
from smtj.errors import CardError, SmtjError
from smtj.physics import barrier
from smtj.physics.arrays import Array, as_arrays
from smtj.physics.magnetics import anisotropy, direction, equilibrium, thermal
from smtj.physics.magnetics.demagnetisation import demagnetising_factors
from smtj.physics.magnetics.macrospin import Macrospin


def macrospin(card: CardLike, voltage: Array = 0.0, temperature: Array | None = None) -> Macrospin:
    """The macrospin that a card's free layer is, at a bias voltage and a temperature.

    Parameters
    ----------
    card
        The device.
    voltage
        Bias V in V, which moves K_eff; any shape, may be a tensor that requires a gradient.
    temperature
        T in K, any shape; the card's own by default.

    Raises
    ------
    CardError
        The card's interface anisotropy contradicts its anisotropy field.
    SmtjError
        A temperature is not above 0 K and below the card's Curie temperature.
    """
    card = as_device(card)
    t, m_s, k_eff = layer_at(card, voltage, temperature)
    magnetism = card.magnetism
    shape = magnetism.in_plane_anisotropy_field / magnetism.saturation_magnetisation
    return Macrospin(
        moment=m_s * card.geometry.activation_volume,
        anisotropy_field=anisotropy.anisotropy_field(k_eff, m_s),
        second_order_field=magnetism.second_order_anisotropy_field,
        in_plane_anisotropy_field=m_s * shape,
        in_plane_bias_field=magnetism.in_plane_bias_field,
        easy_axis_tilt=magnetism.easy_axis_tilt,
        temperature=t,
        states_in_plane=float(states_in_plane(card)),
    )


def states_in_plane(card: DeviceCard) -> bool:
    """Whether the two states lie in the plane, along x, and not along the normal.

    As ``magnetism.easy_axis`` says, else where the anisotropy at no bias and the card's temperature
    is least: in the plane if H_K1 < 0 and 2 H_K1 < H_K2.  A tilt turns both directions about y.
    """
    magnetism = card.magnetism
    if magnetism.easy_axis != "derived":
        return magnetism.easy_axis == "in-plane"
    first = magnetism.anisotropy_field
    if first is None:
        own = float(card.thermal.temperature)
        density = zero_bias_energy_density(card, own)
        first = anisotropy.anisotropy_field(density, magnetism.saturation_magnetisation)
    return bool(first < 0 and 2 * first < magnetism.second_order_anisotropy_field)


def easy_axis(card: DeviceCard) -> tuple[float, float, float]:
    """Unit vector (x, y, z) along which the up state lies."""
    tilt = float(card.magnetism.easy_axis_tilt)
    if states_in_plane(card):
        return math.cos(tilt), 0.0, -math.sin(tilt)
    return math.sin(tilt), 0.0, math.cos(tilt)


def drive_field(card: DeviceCard, field: Array) -> tuple[Array, Array, Array]:
    """x, y and z of the field by which a card's device is driven.

    H_⊥ along z, or H_∥ along x where the states lie in the plane; the rest is 0.
    """
    nothing = 0 * field
    return (field, nothing, nothing) if states_in_plane(card) else (nothing, nothing, field)


def layer_at(
    card: DeviceCard, voltage: Array, temperature: Array | None
) -> tuple[Array, Array, Array]:
    """T in K, M_s(T) in A/m and K_eff(V, T) in J/m³; arguments and errors as in :func:`macrospin`.

    Temperature changes M_s and the interface anisotropy by the card's laws; ξ and the even part of
    VCMA stay, as energies.
    """
    t = _checked_temperature(card, temperature)
    m_s = card.magnetism.saturation_magnetisation * _magnetisation_ratio(card, t)
    k_eff = zero_bias_energy_density(card, t) - anisotropy.voltage_energy_density(
        vcma_coefficient(card),
        voltage,
        card.geometry.tunnel_barrier_thickness,
        card.geometry.free_layer_thickness,
    )
    even = card.vcma.anisotropy_field_per_volt_squared
    if even is not None:
        k_eff = k_eff - anisotropy.energy_density_of_field(
            float(even) * voltage**2, card.magnetism.saturation_magnetisation
        )
    return t, m_s, k_eff


def reference_direction(card: DeviceCard) -> tuple[float, float, float]:
    """Unit vector (x, y, z) of the reference layer's magnetisation."""
    polar = float(card.magnetism.reference_layer_polar_angle)
    angle = float(card.magnetism.reference_layer_angle)
    return (
        math.sin(polar) * math.cos(angle),
        math.sin(polar) * math.sin(angle),
        math.cos(polar),
    )


def high_state_is_up(card: DeviceCard) -> bool:
    """Whether the well along the easy axis, not the opposite one, is the high-resistance state.

    True where the axis points away from the reference layer, and by convention where it lies
    across it.
    """
    cosine = sum(a * b for a, b in zip(reference_direction(card), easy_axis(card), strict=True))
    # Room for rounding: the cosine of 90 degrees is not 0 as a float.
    return cosine <= 1e-12


def offset_field(card: DeviceCard, voltage: Array) -> Array:
    """H_s in A/m: the card's own, else that of its axis and H_in; the voltage in V shifts it."""
    given = card.switching.offset_field
    if given is None:
        given = _derived_offset_field(card)
    return float(given) + card.switching.offset_field_per_volt * voltage


def stray_field(card: DeviceCard, voltage: Array = 0.0) -> Array:
    """Field in A/m along the easy axis that moves the midpoint of P(H) to the card's H_s.

    It is 0 where H_s follows from the axis and H_in.  The voltage in V shifts H_s.
    """
    derived = float(_derived_offset_field(card))
    return (derived - offset_field(card, voltage)) * math.cos(card.magnetism.easy_axis_tilt)


def _derived_offset_field(card: DeviceCard) -> Array:
    magnetism = card.magnetism
    return direction.offset_field(
        magnetism.in_plane_bias_field, magnetism.easy_axis_tilt, float(states_in_plane(card))
    )


def boltzmann_occupancy(
    card: CardLike,
    field_x: Array,
    field_y: Array,
    field_z: Array,
    voltage: Array = 0.0,
    temperature: Array | None = None,
) -> tuple[Array, equilibrium.BoltzmannAverages]:
    """P(high) and the exact Boltzmann averages of a free layer, whatever its switching model.

    An H_s given on the card acts as a stray field along the easy axis.

    Parameters
    ----------
    field_x, field_y, field_z
        Applied field in A/m, H_in not included; z is the film normal (H_⊥).
    card, voltage, temperature
        As in :func:`macrospin`, with its errors; all broadcast together.
    """
    card = as_device(card)
    x, _, z = easy_axis(card)
    stray = stray_field(card, voltage)
    found = equilibrium.boltzmann_averages(
        macrospin(card, voltage, temperature), field_x + stray * x, field_y, field_z + stray * z
    )
    up = found.probability_up
    return (up if high_state_is_up(card) else 1 - up), found


def factors(card: CardLike, thickness: Array | None = None) -> tuple[Array, Array, Array]:
    """N_x, N_y, N_z as given on the card, else those of its elliptic cylinder.

    For another ``thickness`` in m, given factors change by as much as the elliptic cylinder's.
    """
    card = as_device(card)
    geometry = card.geometry

    def ellipse(t: Array) -> tuple[Array, Array, Array]:
        return demagnetising_factors(geometry.length, geometry.width, t)

    x, y, z = (
        geometry.demagnetising_factor_x,
        geometry.demagnetising_factor_y,
        geometry.demagnetising_factor_z,
    )
    own_thickness = geometry.free_layer_thickness
    if x is None or y is None or z is None:
        return ellipse(own_thickness if thickness is None else thickness)
    if thickness is None:
        return x, y, z
    (new_x, new_y, new_z), (old_x, old_y, old_z) = ellipse(thickness), ellipse(own_thickness)
    return new_x + float(x - old_x), new_y + float(y - old_y), new_z + float(z - old_z)


def vcma_coefficient(card: CardLike) -> float:
    """ξ in J/(V m): the card's own, else derived from its field per volt."""
    card = as_device(card)
    if card.vcma.coefficient is not None:
        return float(card.vcma.coefficient)
    assert card.vcma.anisotropy_field_per_volt is not None  # the card has one of the two
    return consistency.vcma_coefficient(
        card.vcma.anisotropy_field_per_volt,
        card.magnetism.saturation_magnetisation,
        card.geometry.free_layer_thickness,
        card.geometry.tunnel_barrier_thickness,
    )


def anisotropy_terms(card: CardLike) -> tuple[float, float, float]:
    """K_shape, K_⊥ and K_d of Eq. 1 in J/m³, at zero bias and the card's temperature.

    If the card gives H_K1 and no interface anisotropy, K_⊥ is chosen so that Eq. 1 yields H_K1.

    Raises
    ------
    CardError
        The card gives both, and they disagree by more than 2 % of the interface anisotropy.
    """
    card = as_device(card)
    magnetism, thickness = card.magnetism, card.geometry.free_layer_thickness
    n_x, _, n_z = factors(card)
    k_shape = float(anisotropy.shape_energy_density(magnetism.saturation_magnetisation, n_x))
    k_d = float(anisotropy.demagnetising_energy_density(magnetism.saturation_magnetisation, n_z))
    given = magnetism.interface_anisotropy
    if magnetism.anisotropy_field is None:
        assert given is not None  # the card has one of the two
        return k_shape, float(anisotropy.perpendicular_energy_density(given, thickness)), k_d
    k_eff = anisotropy.energy_density_of_field(
        magnetism.anisotropy_field, magnetism.saturation_magnetisation
    )
    k_perpendicular = float(k_eff - k_shape + k_d)
    if given is not None:
        implied = k_perpendicular * thickness
        if not consistency.agree(given, implied, ()):
            raise CardError(
                f"card {card.name}: magnetism.interface_anisotropy is {given * 1e3:.4g} mJ/m^2, "
                f"but Eq. 1 needs {implied * 1e3:.4g} mJ/m^2 for magnetism.anisotropy_field; make "
                "them agree within 2 %, or leave one of them out"
            )
    return k_shape, k_perpendicular, k_d


def zero_bias_energy_density(card: DeviceCard, temperature: Array) -> Array:
    """K_0,eff of Eq. 1 in J/m³ at a temperature in K."""
    k_shape, k_perpendicular, k_d = anisotropy_terms(card)
    ratio = _magnetisation_ratio(card, temperature)
    interface = thermal.interface_anisotropy_ratio(ratio, card.thermal.anisotropy_exponent)
    return anisotropy.effective_energy_density(
        k_shape * ratio**2, k_perpendicular * interface, k_d * ratio**2
    )


def barrier_against_thickness(card: CardLike, thickness: Array) -> Array:
    """E_b in J at zero bias for other free-layer thicknesses in m (Eq. 1 with Eq. 6).

    Interface anisotropy, M_s, outline, in-plane field and V*/V are the card's; E_b falls to zero
    where demagnetisation overcomes the interface.  This is how the paper tuned the barrier.

    Parameters
    ----------
    card
        The device.
    thickness
        t in m; any shape, may be a tensor that requires a gradient.

    Raises
    ------
    CardError
        The card's interface anisotropy contradicts its anisotropy field.
    """
    card = as_device(card)
    m_s, own_thickness = (
        card.magnetism.saturation_magnetisation,
        card.geometry.free_layer_thickness,
    )
    _, k_perpendicular, _ = anisotropy_terms(card)
    n_x, _, n_z = factors(card, thickness)
    k_eff = anisotropy.effective_energy_density(
        anisotropy.shape_energy_density(m_s, n_x),
        anisotropy.perpendicular_energy_density(k_perpendicular * own_thickness, thickness),
        anisotropy.demagnetising_energy_density(m_s, n_z),
    )
    volume = card.geometry.activation_volume * (thickness / own_thickness)
    return barrier.energy_barrier(k_eff, m_s, card.magnetism.in_plane_bias_field, volume)


def _checked_temperature(card: DeviceCard, temperature: Array | None) -> Array:
    if temperature is None:
        return float(card.thermal.temperature)
    curie = card.thermal.curie_temperature
    xp, (t,) = as_arrays(temperature)
    if not xp.all((t > 0) & (t < (math.inf if curie is None else curie))):
        below = "" if curie is None else f" and below its Curie temperature, {curie:g} K"
        raise SmtjError(f"the temperature of card {card.name} must be above 0 K{below}")
    return temperature


def _magnetisation_ratio(card: DeviceCard, temperature: Array) -> Array:
    t = card.thermal
    return thermal.magnetisation_ratio(
        temperature, t.temperature, t.curie_temperature, t.bloch_exponent
    )
