"""A card at work: the formulas put together for one device at a bias voltage and a temperature."""

import math
from dataclasses import dataclass

from smtj.card import DeviceCard, consistency
from smtj.errors import CardError, SmtjError
from smtj.physics import barrier, switching
from smtj.physics.arrays import Array, as_arrays
from smtj.physics.magnetics import anisotropy, direction, equilibrium, thermal
from smtj.physics.magnetics.demagnetisation import demagnetising_factors


@dataclass(frozen=True)
class OperatingPoint:
    """What decides the switching of a device at a bias voltage and a temperature; SI units.

    An entry that depends on neither is a number, the others have the broadcast shape of both.
    """

    temperature: Array
    """T in K."""
    saturation_magnetisation: Array
    """M_s(T) in A/m."""
    energy_density: Array
    """K_eff(V, T) in J/m³."""
    barrier: Array
    """E_b in J (Eq. 6)."""
    stability_factor: Array
    """Δ = E_b/(k_B T)."""
    effective_field: Array
    """H_k,eff of Eq. 3-5 in A/m; negative where the up well is the low state."""
    slope: Array
    """w in 1/(A/m) (Eq. 5), of the sign of H_k,eff."""
    offset_field: Array
    """H_s in A/m."""
    log_attempt_time: float
    """ln(τ0/s)."""

    def reduced_field(self, field: Array) -> Array:
        """h of Eq. 3 and 4, limited to |h| ≤ 1, at H_⊥ in A/m."""
        return switching.reduced_field(field, self.offset_field, self.effective_field)

    def log_dwell_times(self, field: Array) -> tuple[Array, Array]:
        """ln(τ_high/s) and ln(τ_low/s) at H_⊥ in A/m (Eq. 3 and 4)."""
        h = self.reduced_field(field)
        return switching.log_dwell_times(self.stability_factor, h, self.log_attempt_time)

    def dwell_times(self, field: Array) -> tuple[Array, Array]:
        """τ_high and τ_low in s at H_⊥ in A/m; infinite where a float cannot hold them."""
        h = self.reduced_field(field)
        return switching.dwell_times(self.stability_factor, h, self.log_attempt_time)

    def log_relaxation_time(self, field: Array) -> Array:
        """ln(τ_r/s), 1/τ_r = 1/τ_high + 1/τ_low, at H_⊥ in A/m; it is longest at H_s."""
        return switching.log_relaxation_time(*self.log_dwell_times(field))

    def switching_probability(self, field: Array) -> Array:
        """P(high | H_⊥) at H_⊥ in A/m (Eq. 5)."""
        return switching.switching_probability(field, self.slope, self.offset_field)


def operating_point(
    card: DeviceCard, voltage: Array = 0.0, temperature: Array | None = None
) -> OperatingPoint:
    """Evaluate a card at a bias voltage and a temperature, by the switching model it names.

    ``cai2019`` is the paper's model as printed: H_k,eff of Eq. 5 is held at the card's value while
    voltage moves E_b, so that w follows E_b.  ``self-consistent`` takes w and H_s from exact
    Boltzmann integration over the same macrospin and has H_k,eff follow from them by Eq. 5; the
    barrier then drops out of w, since occupation depends on the wells' difference alone.

    The state called high is the one of higher resistance (:func:`high_state_is_up`).  Where that is
    the down well, a field along +z empties it: H_k,eff and w are negative then, in both models.

    E_b is that of Eq. 6 in both, which knows no H_K2.  Temperature changes M_s and the interface
    anisotropy by the card's laws; ξ, H_in, H_K2 and a given H_k,eff stay as they are.

    Parameters
    ----------
    card
        The device.
    voltage
        Bias V in V; any shape, may be a tensor that requires a gradient.
    temperature
        T in K, any shape; the card's own by default.

    Returns
    -------
    OperatingPoint
        Everything that switching depends on.

    Raises
    ------
    CardError
        The card's interface anisotropy contradicts its anisotropy field.
    SmtjError
        A temperature is not above 0 K and below the card's Curie temperature.
    """
    t, m_s, k_eff = _free_layer(card, voltage, temperature)
    h_in = float(card.magnetism.in_plane_bias_field)
    e_b = barrier.energy_barrier(k_eff, m_s, h_in, card.geometry.activation_volume)
    delta = barrier.stability_factor(e_b, t)
    sign = 1.0 if high_state_is_up(card) else -1.0
    given_field = card.switching.effective_anisotropy_field
    if card.switching.model == "cai2019" and given_field is not None:
        h_k: Array = sign * float(given_field)
        w = switching.slope(delta, h_k)
    else:
        up_slope, _ = equilibrium.sigmoid_of_equilibrium(_macrospin(card, t, m_s, k_eff))
        w = sign * up_slope
        h_k = switching.effective_field(delta, w)
    return OperatingPoint(
        temperature=t,
        saturation_magnetisation=m_s,
        energy_density=k_eff,
        barrier=e_b,
        stability_factor=delta,
        effective_field=h_k,
        slope=w,
        offset_field=_offset_field(card, voltage),
        log_attempt_time=math.log(card.thermal.attempt_time),
    )


def barrier_and_reduced_field(
    card: DeviceCard,
    field_x: Array,
    field_y: Array,
    field_z: Array,
    voltage: Array = 0.0,
    temperature: Array | None = None,
) -> tuple[Array, Array]:
    """Δ and h of Eq. 3 and 4 in a field of any direction, by the rule of :mod:`.direction`.

    The field along the normal that acts on the easy axis as this field does, less H_s, makes h;
    the field in the plane, with H_in, lowers Δ.  A field along z thus gives Eq. 3-6 as printed.  A
    positive h favours the high state, whichever well that is.  In the self-consistent model
    H_k,eff follows Δ, so that 4Δh stays w (H - H_s).

    Parameters
    ----------
    card
        The device.
    field_x, field_y, field_z
        Applied field in A/m, H_in not included: x along the ellipse (H_∥), z along the normal
        (H_⊥).
    voltage, temperature
        As in :func:`operating_point`; all broadcast together.

    Returns
    -------
    tuple
        Δ and h, |h| ≤ 1; dimensionless, of the broadcast shape.

    Raises
    ------
    CardError, SmtjError
        As :func:`operating_point`.
    """
    point = operating_point(card, voltage, temperature)
    tilt = float(card.magnetism.easy_axis_tilt)
    h_in = float(card.magnetism.in_plane_bias_field)
    normal, _ = direction.perpendicular_and_in_plane(field_x, field_y, field_z, tilt)
    _, in_plane = direction.perpendicular_and_in_plane(field_x + h_in, field_y, field_z, tilt)
    e_b = barrier.energy_barrier(
        point.energy_density,
        point.saturation_magnetisation,
        in_plane,
        card.geometry.activation_volume,
    )
    delta = barrier.stability_factor(e_b, point.temperature)
    h_k = point.effective_field
    if card.switching.model != "cai2019":
        h_k = switching.effective_field(delta, point.slope)
    return delta, switching.reduced_field(normal, point.offset_field, h_k)


def log_dwell_times_in_field(
    card: DeviceCard,
    field_x: Array,
    field_y: Array,
    field_z: Array,
    voltage: Array = 0.0,
    temperature: Array | None = None,
) -> tuple[Array, Array]:
    """ln(τ_high/s) and ln(τ_low/s) in a field of any direction (Eq. 3, 4 and 6).

    Arguments and errors as in :func:`barrier_and_reduced_field`.
    """
    delta, h = barrier_and_reduced_field(card, field_x, field_y, field_z, voltage, temperature)
    return switching.log_dwell_times(delta, h, math.log(card.thermal.attempt_time))


def macrospin(
    card: DeviceCard, voltage: Array = 0.0, temperature: Array | None = None
) -> equilibrium.Macrospin:
    """The macrospin that a card's free layer is, at a bias voltage and a temperature.

    Arguments and errors as in :func:`operating_point`.
    """
    return _macrospin(card, *_free_layer(card, voltage, temperature))


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

    It is where the easy axis n points away from the reference layer, and by convention where it
    lies across it.
    """
    x, _, z = reference_direction(card)
    tilt = float(card.magnetism.easy_axis_tilt)
    # Room for rounding: the cosine of 90 degrees is not 0 as a float.
    return x * math.sin(tilt) + z * math.cos(tilt) <= 1e-12


def stray_field(card: DeviceCard, voltage: Array = 0.0) -> Array:
    """Field in A/m along the easy axis that moves the midpoint of P(H_⊥) to the card's H_s.

    It is 0 where H_s is left to follow from the tilt and H_in.  ``voltage`` in V moves H_s by the
    card's law.
    """
    magnetism = card.magnetism
    derived = direction.offset_field(magnetism.in_plane_bias_field, magnetism.easy_axis_tilt)
    return (float(derived) - _offset_field(card, voltage)) * math.cos(magnetism.easy_axis_tilt)


def boltzmann_occupancy(
    card: DeviceCard,
    field_x: Array,
    field_y: Array,
    field_z: Array,
    voltage: Array = 0.0,
    temperature: Array | None = None,
) -> tuple[Array, equilibrium.BoltzmannAverages]:
    """P(high) and the exact Boltzmann averages of a free layer, whatever its switching model.

    An H_s that the card gives acts as a stray field along the easy axis.  Arguments and errors as
    in :func:`barrier_and_reduced_field`.
    """
    tilt = float(card.magnetism.easy_axis_tilt)
    stray = stray_field(card, voltage)
    found = equilibrium.boltzmann_averages(
        macrospin(card, voltage, temperature),
        field_x + stray * math.sin(tilt),
        field_y,
        field_z + stray * math.cos(tilt),
    )
    up = found.probability_up
    return (up if high_state_is_up(card) else 1 - up), found


def factors(card: DeviceCard, thickness: Array | None = None) -> tuple[Array, Array, Array]:
    """N_x, N_y, N_z as the card gives them, else those of its elliptic cylinder.

    For another ``thickness`` in m, given factors change by as much as the elliptic cylinder's.
    """
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


def vcma_coefficient(card: DeviceCard) -> float:
    """ξ in J/(V m): the card's own, else derived from its field per volt."""
    if card.vcma.coefficient is not None:
        return float(card.vcma.coefficient)
    assert card.vcma.anisotropy_field_per_volt is not None  # the card has one of the two
    return consistency.vcma_coefficient(
        card.vcma.anisotropy_field_per_volt,
        card.magnetism.saturation_magnetisation,
        card.geometry.free_layer_thickness,
        card.geometry.tunnel_barrier_thickness,
    )


def anisotropy_terms(card: DeviceCard) -> tuple[float, float, float]:
    """K_shape, K_⊥ and K_d of Eq. 1 in J/m³, at zero bias and the card's temperature.

    Where the card has H_K1 rather than the interface anisotropy, K_⊥ is what makes Eq. 1 give it.

    Raises
    ------
    CardError
        The card gives both, and they disagree by more than 2 % of the interface anisotropy.
    """
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


def sum_of_terms(card: DeviceCard, temperature: Array) -> Array:
    """K_0,eff of Eq. 1 in J/m³ at a temperature in K."""
    k_shape, k_perpendicular, k_d = anisotropy_terms(card)
    ratio = _magnetisation_ratio(card, temperature)
    interface = thermal.interface_anisotropy_ratio(ratio, card.thermal.anisotropy_exponent)
    return anisotropy.effective_energy_density(
        k_shape * ratio**2, k_perpendicular * interface, k_d * ratio**2
    )


def barrier_against_thickness(card: DeviceCard, thickness: Array) -> Array:
    """E_b in J at zero bias for other free-layer thicknesses in m (Eq. 1 with Eq. 6).

    Interface anisotropy, M_s, outline, in-plane field and V*/V are the card's; E_b falls to zero
    where demagnetisation overcomes the interface.  This is how the paper's device got its barrier.

    Parameters
    ----------
    card
        The device.
    thickness
        t in m; any shape, may be a tensor that requires a gradient.

    Returns
    -------
    Array
        E_b in J, of the shape of ``thickness``.

    Raises
    ------
    CardError
        The card's interface anisotropy contradicts its anisotropy field.
    """
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


def _offset_field(card: DeviceCard, voltage: Array) -> Array:
    """H_s in A/m: the card's own, else that of the tilted axis, moved by the voltage."""
    magnetism, given = card.magnetism, card.switching.offset_field
    if given is None:
        given = direction.offset_field(magnetism.in_plane_bias_field, magnetism.easy_axis_tilt)
    return float(given) + card.switching.offset_field_per_volt * voltage


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


def _free_layer(
    card: DeviceCard, voltage: Array, temperature: Array | None
) -> tuple[Array, Array, Array]:
    """Return T in K, M_s in A/m and K_eff in J/m³ at a bias voltage and a temperature."""
    t = _checked_temperature(card, temperature)
    m_s = card.magnetism.saturation_magnetisation * _magnetisation_ratio(card, t)
    k_eff = sum_of_terms(card, t) - anisotropy.voltage_energy_density(
        vcma_coefficient(card),
        voltage,
        card.geometry.tunnel_barrier_thickness,
        card.geometry.free_layer_thickness,
    )
    return t, m_s, k_eff


def _macrospin(
    card: DeviceCard, temperature: Array, m_s: Array, energy_density: Array
) -> equilibrium.Macrospin:
    magnetism = card.magnetism
    shape_per_magnetisation = (
        magnetism.in_plane_anisotropy_field / magnetism.saturation_magnetisation
    )
    return equilibrium.Macrospin(
        moment=m_s * card.geometry.activation_volume,
        anisotropy_field=anisotropy.anisotropy_field(energy_density, m_s),
        second_order_field=magnetism.second_order_anisotropy_field,
        in_plane_anisotropy_field=m_s * shape_per_magnetisation,
        in_plane_bias_field=magnetism.in_plane_bias_field,
        easy_axis_tilt=magnetism.easy_axis_tilt,
        temperature=temperature,
    )


def with_stability_factor(
    card: DeviceCard,
    stability_factor: float,
    voltage: float = 0.0,
    temperature: float | None = None,
) -> DeviceCard:
    """Return a card with the activation volume that gives a barrier of Δ k_B T, Δ being ∝ V*.

    Parameters
    ----------
    card
        The device.
    stability_factor
        Δ at ``voltage`` in V and ``temperature`` in K, by default the card's.

    Raises
    ------
    SmtjError
        The card has no barrier there, or Δ is not above 0.
    CardError
        The volume would exceed that of the free layer.
    """
    own = float(operating_point(card, voltage, temperature).stability_factor)
    if not (own > 0 and 0 < stability_factor < math.inf):
        raise SmtjError(
            f"card {card.name} has a barrier of {own:.3g} k_BT and cannot be given one of "
            f"{stability_factor:g} k_BT; both must be above 0"
        )
    volume = float(card.geometry.activation_volume) * stability_factor / own
    return card.replace({"geometry.activation_volume": volume})
