"""The operating point of a card: barrier, dwell times and sigmoid at a bias and a temperature."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from smtj.card import CardLike, DeviceCard, as_device
from smtj.errors import SmtjError
from smtj.physics import barrier, switching
from smtj.physics.arrays import Array
from smtj.physics.constants import BOLTZMANN
from smtj.physics.escape.ridge import barrier_without_bias
from smtj.physics.free_layer import (
    drive_field,
    high_state_is_up,
    layer_at,
    macrospin,
    offset_field,
    states_in_plane,
)
from smtj.physics.junction import state_resistances
from smtj.physics.magnetics import anisotropy, direction, equilibrium
from smtj.physics.magnetics.frame import along, frame
from smtj.physics.magnetics.macrospin import Macrospin
from smtj.physics.point import SwitchingPoint, plain
from smtj.physics.states import Derived, StateResistances
from smtj.tables import Table


@dataclass(frozen=True, repr=False)
class OperatingPoint(SwitchingPoint):
    """The quantities that determine how a device switches, in SI units.

    An entry that depends on neither voltage nor temperature is a number; the others have the
    broadcast shape of both.  Methods take H_⊥ in A/m, by default :attr:`field`.
    """

    card: DeviceCard
    voltage: Array
    """V in V."""
    field: Array
    """H_⊥ in A/m, or H_∥ where the states lie in the plane."""
    temperature: Array
    """T in K."""
    saturation_magnetisation: Array
    """M_s(T) in A/m."""
    energy_density: Array
    """K_eff(V, T) in J/m³."""
    barrier: Array
    """E_b in J (Eq. 6), or over the saddle in the plane."""
    stability_factor: Array
    """Δ = E_b/(k_B T)."""
    effective_field: Array
    """H_k,eff of Eq. 3-5 in A/m; negative where the up well is the low state."""
    slope: Array
    """w in 1/(A/m) (Eq. 5), with the sign of H_k,eff."""
    offset_field: Array
    """H_s in A/m."""
    log_attempt_time: float
    """ln(τ0/s)."""

    def reduced_field(self, field: Array | None = None) -> Array:
        """h of Eq. 3 and 4, limited to |h| ≤ 1."""
        return switching.reduced_field(self._at(field), self.offset_field, self.effective_field)

    def log_dwell_times(self, field: Array | None = None) -> tuple[Array, Array]:
        """ln(τ_high/s) and ln(τ_low/s) (Eq. 3 and 4); past |h| = 1 their ratio is that of Eq. 5."""
        odds = switching.log_odds(self._at(field), self.slope, self.offset_field)
        return switching.log_dwell_times_at_odds(self.stability_factor, odds, self.log_attempt_time)

    def dwell_times(self, field: Array | None = None) -> tuple[Array, Array]:
        """τ_high and τ_low in s; infinite where a float cannot hold them."""
        return switching.exponentials(*self.log_dwell_times(field))

    def resistances(self, field: Array | None = None) -> StateResistances:
        """Resistances of both states in ohm, of their wells in this field."""
        h, *at = (
            np.asarray(plain(entry), dtype=np.float64)
            for entry in (self._at(field), self.voltage, self.temperature)
        )
        return state_resistances(self.card, *drive_field(self.card, h), *at)

    def derived(self) -> list[Derived]:
        """Everything that follows at this point, row by row."""
        model = f"{self.card.switching.model} model"
        in_plane = states_in_plane(self.card)
        given = "-H_in" if in_plane else "-H_in tan(tilt)"
        if self.card.switching.offset_field is not None:
            given = "card"
        saddle = "saddle in the plane" if in_plane else "Eq. 6"
        high, low = self.dwell_times()
        return [
            Derived("effective energy", "K_eff", self.energy_density, "J/m^3", "kJ/m^3", "Eq. 1"),
            Derived(
                "anisotropy field",
                "H_K1",
                anisotropy.anisotropy_field(self.energy_density, self.saturation_magnetisation),
                "A/m",
                "mT",
                "2K_eff/(μ0 M_s)",
            ),
            Derived("energy barrier", "E_b", self.barrier, "J", "zJ", saddle),
            Derived("stability factor", "E_b/k_BT", self.stability_factor, "", "", saddle),
            Derived("effective field", "H_k,eff", self.effective_field, "A/m", "Oe", model),
            Derived("slope", "w", self.slope, "m/A", "1/Oe", f"Eq. 5, {model}"),
            Derived("offset field", "H_s", self.offset_field, "A/m", "Oe", given),
            Derived("dwell time, high", "τ_high", high, "s", "s", "Eq. 3"),
            Derived("dwell time, low", "τ_low", low, "s", "s", "Eq. 4"),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Every quantity in SI units, as plain numbers and lists; ``card`` is the card's name."""
        high, low = self.dwell_times()
        found = self.resistances()
        entries = vars(self) | {
            "dwell_time_high": high,
            "dwell_time_low": low,
            "probability_high": self.switching_probability(),
            "resistance_high": found.high,
            "resistance_low": found.low,
        }
        del entries["card"]
        return {"card": self.card.name, **{name: plain(v) for name, v in entries.items()}}

    def table(self) -> Table:
        """Return barrier, dwell times, sigmoid and resistances."""
        found = self.resistances()
        rows = [
            *self.derived(),
            Derived(
                "occupancy, high",
                "P(high)",
                self.switching_probability(),
                "",
                "",
                "Eq. 5",
            ),
            Derived("resistance, high", "R_high", found.high, "ohm", "ohm", "wells"),
            Derived("resistance, low", "R_low", found.low, "ohm", "ohm", "wells"),
        ]
        where = [
            Derived("", symbol, value, unit, shown, "").text
            for symbol, value, unit, shown in (
                ("V", self.voltage, "V", "mV"),
                ("H", self.field, "A/m", "Oe"),
                ("T", self.temperature, "K", "K"),
            )
        ]
        return Table(
            f"{self.card.name} at V = {where[0]}, H = {where[1]}, T = {where[2]}",
            ("quantity", "symbol", "value", "from"),
            [(row.name, row.symbol, row.text, row.source) for row in rows],
        )


def vcma_point(
    card: CardLike, voltage: Array = 0.0, temperature: Array | None = None, field: Array = 0.0
) -> OperatingPoint:
    """Evaluate a card at a bias voltage and a temperature with VCMA alone, by its switching model.

    ``cai2019`` is the paper's model as printed: H_k,eff of Eq. 5 stays at the card's value while
    the voltage moves E_b, so w follows E_b.  ``self-consistent`` takes w and H_s from exact
    Boltzmann integration over the same macrospin, and H_k,eff follows from them by Eq. 5; the
    barrier then drops out of w, since the occupancy depends only on the difference of the wells.

    VCMA is all that the voltage does here; a spin torque, heat, a current and fields in other
    directions are those of :func:`smtj.physics.drives.operating_point`.

    The state called high is the one of higher resistance
    (:func:`smtj.physics.free_layer.high_state_is_up`).  Where that is the down well, a field along
    +z empties it: H_k,eff and w are negative then, in both models.

    E_b is that of Eq. 6 in both, or in a layer magnetised in its plane that of
    :func:`smtj.physics.barrier.biaxial_energy_barrier`.  These contain no H_K2; with one it is that
    of the energy, :func:`smtj.physics.escape.ridge.barrier_without_bias`, except in the model
    ``cai2019`` along the normal, whose Eq. 6 stays as printed.  Temperature changes M_s and the
    interface anisotropy by the card's laws; ξ, H_in, H_K2 and a given H_k,eff stay.

    Parameters
    ----------
    card
        The device: a card, the name of a shipped one, or a path.
    voltage
        Bias V in V; any shape, may be a tensor that requires a gradient.
    temperature
        T in K, any shape; the card's own by default.
    field
        H in A/m at which dwell times, P(high) and resistances are shown: H_⊥ or, where the states
        lie in the plane, H_∥.

    Returns
    -------
    OperatingPoint
        Everything that switching depends on.

    Raises
    ------
    CardError
        The card is not valid, or its interface anisotropy contradicts its anisotropy field.
    SmtjError
        A temperature is not above 0 K and below the card's Curie temperature.

    Examples
    --------
    >>> point = vcma_point("cai2019", voltage=-0.2)
    >>> round(float(point.stability_factor), 1)
    21.6
    """
    card = as_device(card)
    t, m_s, k_eff = layer_at(card, voltage, temperature)
    if states_in_plane(card):
        # At equal occupancy H_in is cancelled; it lies along the easy axis.
        e_b = _barrier_in_plane(card, 0.0, 0.0, voltage, temperature)
    elif _needs_second_order(card):
        e_b = _barrier_along_normal(card, 0.0, 0.0, voltage, temperature)
    else:
        h_in = float(card.magnetism.in_plane_bias_field)
        e_b = barrier.energy_barrier(k_eff, m_s, h_in, card.geometry.activation_volume)
    delta = barrier.stability_factor(e_b, t)
    sign = 1.0 if high_state_is_up(card) else -1.0
    given_field = card.switching.effective_anisotropy_field
    if card.switching.model == "cai2019" and given_field is not None:
        h_k: Array = sign * float(given_field)
        w = switching.slope(delta, h_k)
    else:
        up_slope, _ = equilibrium.sigmoid_of_equilibrium(macrospin(card, voltage, temperature))
        w = sign * up_slope
        h_k = switching.effective_field(delta, w)
    return OperatingPoint(
        card=card,
        voltage=voltage,
        field=field,
        temperature=t,
        saturation_magnetisation=m_s,
        energy_density=k_eff,
        barrier=e_b,
        stability_factor=delta,
        effective_field=h_k,
        slope=w,
        offset_field=offset_field(card, voltage),
        log_attempt_time=math.log(card.thermal.attempt_time),
    )


def with_stability_factor(
    card: CardLike,
    stability_factor: float,
    voltage: float = 0.0,
    temperature: float | None = None,
) -> DeviceCard:
    """Return a card with the activation volume that gives a stability factor Δ, as Δ ∝ V*.

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
    card = as_device(card)
    own = float(vcma_point(card, voltage, temperature).stability_factor)
    if not (own > 0 and 0 < stability_factor < math.inf):
        raise SmtjError(
            f"card {card.name} has a stability factor of {own:.3g} and cannot be given one of "
            f"{stability_factor:g}; both must be above 0"
        )
    volume = float(card.geometry.activation_volume) * stability_factor / own
    return card.replace({"geometry.activation_volume": volume})


def barrier_and_reduced_field(
    card: CardLike,
    field_x: Array,
    field_y: Array,
    field_z: Array,
    voltage: Array = 0.0,
    temperature: Array | None = None,
) -> tuple[Array, Array]:
    """Δ and h of Eq. 3 and 4 in a field of any direction, by the rule of
    :mod:`smtj.physics.magnetics.direction`.

    The field along the normal with the same part along the easy axis, less H_s, gives h; the field
    in the plane, with H_in, lowers Δ: as in Eq. 6, or where the plane has an easy direction by
    :func:`smtj.physics.barrier.biaxial_energy_barrier`, or with an H_K2 as in :func:`vcma_point`.
    A field along z thus gives Eq. 3-6 as printed.  Where the states lie in the plane, the field
    along x takes the place of that along the normal, and what is left lowers Δ by the same
    function.  A positive h favours the
    high state, whichever well that is.  In the self-consistent model H_k,eff follows Δ, so 4Δh
    stays w (H - H_s).

    Parameters
    ----------
    card
        The device.
    field_x, field_y, field_z
        Applied field in A/m, H_in not included: x along the ellipse (H_∥), z along the normal
        (H_⊥).
    voltage, temperature
        As in :func:`vcma_point`, with its errors; all broadcast together.

    Returns
    -------
    tuple
        Δ and h, |h| ≤ 1; dimensionless, of the broadcast shape.
    """
    card = as_device(card)
    found = _barrier_and_drive(card, field_x, field_y, field_z, voltage, temperature)
    return found.delta, switching.reduced_field(found.drive, found.offset, found.effective_field)


class _Driven(NamedTuple):
    """Δ, the drive and H_s in A/m, and H_k,eff, in a field of any direction."""

    delta: Array
    drive: Array
    offset: Array
    effective_field: Array
    slope: Array


def _barrier_and_drive(
    card: DeviceCard,
    field_x: Array,
    field_y: Array,
    field_z: Array,
    voltage: Array,
    temperature: Array | None,
) -> _Driven:
    point = vcma_point(card, voltage, temperature)
    tilt = float(card.magnetism.easy_axis_tilt)
    if states_in_plane(card):
        # The field along x with the same part along the easy axis, and what is left.
        driving = field_x - field_z * math.tan(tilt)
        e_b = _barrier_in_plane(card, field_y, field_z, voltage, temperature)
        return _driven(card, point, e_b, driving)
    h_in = float(card.magnetism.in_plane_bias_field)
    normal, _ = direction.perpendicular_and_in_plane(field_x, field_y, field_z, tilt)
    if _needs_second_order(card):
        e_b = _barrier_along_normal(card, field_x, field_y, voltage, temperature)
        return _driven(card, point, e_b, normal)
    if card.magnetism.in_plane_anisotropy_field:
        # The plane has an easy direction, along x: across it a field lowers the barrier far less.
        spin, volume = macrospin(card, voltage, temperature), card.geometry.activation_volume
        e_b = barrier.biaxial_energy_barrier(
            spin.anisotropy_field,
            spin.in_plane_anisotropy_field,
            spin.moment / volume,
            field_x + h_in,
            field_y,
            volume,
        )
        return _driven(card, point, e_b, normal)
    _, in_plane = direction.perpendicular_and_in_plane(field_x + h_in, field_y, field_z, tilt)
    e_b = barrier.energy_barrier(
        point.energy_density,
        point.saturation_magnetisation,
        in_plane,
        card.geometry.activation_volume,
    )
    return _driven(card, point, e_b, normal)


def _driven(card: DeviceCard, point: OperatingPoint, e_b: Array, field: Array) -> _Driven:
    delta = barrier.stability_factor(e_b, point.temperature)
    h_k, w = point.effective_field, point.slope
    if card.switching.model == "cai2019":
        w = switching.slope(delta, h_k)
    else:
        h_k = switching.effective_field(delta, w)
    return _Driven(delta, field, point.offset_field, h_k, w)


def _barrier_in_plane(
    card: DeviceCard,
    field_y: Array,
    field_z: Array,
    voltage: Array,
    temperature: Array | None,
) -> Array:
    """E_b in J in a field across the easy axis of a layer magnetised in its plane."""
    spin = macrospin(card, voltage, temperature)
    axes = frame(spin)
    lateral = field_z * math.tan(card.magnetism.easy_axis_tilt), field_y, field_z
    if _needs_second_order(card):
        return _barrier_of_energy(spin._replace(in_plane_bias_field=0.0), *lateral)
    volume = card.geometry.activation_volume
    return barrier.biaxial_energy_barrier(
        axes.first,
        axes.shape,
        spin.moment / volume,
        along(axes.across, *lateral),
        along(axes.hard, *lateral),
        volume,
    )


def _needs_second_order(card: DeviceCard) -> bool:
    """Whether the barrier is that of an energy with H_K2."""
    printed = card.switching.model == "cai2019" and not states_in_plane(card)
    return float(card.magnetism.second_order_anisotropy_field) != 0 and not printed


def _barrier_along_normal(
    card: DeviceCard,
    field_x: Array,
    field_y: Array,
    voltage: Array,
    temperature: Array | None,
) -> Array:
    """E_b in J in a field in the plane, with H_K2; the tilt has no say, as in Eq. 6."""
    spin = macrospin(card, voltage, temperature)._replace(easy_axis_tilt=0.0)
    return _barrier_of_energy(spin, field_x, field_y, 0.0)


def _barrier_of_energy(spin: Macrospin, x: Array, y: Array, z: Array) -> Array:
    height = barrier_without_bias(equilibrium.reduced_energy(spin, x, y, z))
    return height * BOLTZMANN * spin.temperature


def log_dwell_times_in_field(
    card: CardLike,
    field_x: Array,
    field_y: Array,
    field_z: Array,
    voltage: Array = 0.0,
    temperature: Array | None = None,
) -> tuple[Array, Array]:
    """ln(τ_high/s) and ln(τ_low/s) in a field of any direction (Eq. 3, 4 and 6).

    Arguments and errors as in :func:`barrier_and_reduced_field`.  Where a barrier is gone the ratio
    is that of Eq. 5.
    """
    card = as_device(card)
    found = _barrier_and_drive(card, field_x, field_y, field_z, voltage, temperature)
    odds = switching.log_odds(found.drive, found.slope, found.offset)
    log_start = math.log(card.thermal.attempt_time)
    return switching.log_dwell_times_at_odds(found.delta, odds, log_start)
