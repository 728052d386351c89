"""A macrospin and its drive: the terms of the Landau-Lifshitz-Gilbert equation.

    dm/dt = -γμ0 m × (H + H_th) + α m × dm/dt + γμ0 h_DL V (p - (m·p) m)

with the field H that follows from the energy of :mod:`smtj.physics.magnetics.wells`, the applied
field and the torques of :mod:`smtj.physics.resonance.rectification`.  Solved for dm/dt it is, with
γ' = γμ0/(1 + α²),

    dm/dt = -γ' m × [h + m × (α h + (1 + α²) h_DL V p)],   h = H + H_th - α h_DL V p.

Each component of the thermal field is white noise, ⟨H_th(t) H_th(t')⟩ = N δ(t - t') with
N = 2 α k_B T/(γ μ0² M_s V*) (W. F. Brown, Phys. Rev. 130, 1677 (1963),
doi:10.1103/PhysRev.130.1677), read in Stratonovich's sense.  Since H_th enters both terms of the
solved equation, there is no factor of 1 + α² in N, and equilibrium is Boltzmann's for every α.
"""

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from smtj.card import CardLike, DeviceCard, as_device
from smtj.dynamics.macrospin.waveform import Waveform
from smtj.errors import SmtjError
from smtj.physics.constants import BOLTZMANN, GYROMAGNETIC_RATIO, VACUUM_PERMEABILITY
from smtj.physics.dwell import state_temperatures
from smtj.physics.free_layer import macrospin, reference_direction
from smtj.physics.junction import with_stray_field
from smtj.physics.magnetics.macrospin import Macrospin
from smtj.physics.torque.fields import TorqueFields, torque_fields
from smtj.typing import Floats

Driven: TypeAlias = ArrayLike | Waveform
"""A number, one per trajectory, or a waveform."""

NO_TORQUES = TorqueFields(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class DrivenMacrospin:
    """A macrospin, its damping and its drive; SI units.

    Every entry is a number or has one value per trajectory, shape (trajectories,); field and
    voltage may be waveforms.
    """

    spin: Macrospin
    """The parameters of the energy without what the torques hold; without noise at 0 K."""
    damping: ArrayLike
    """Gilbert damping α, 0 or more."""
    field: tuple[Driven, Driven, Driven] = (0.0, 0.0, 0.0)
    """Applied field (x, y, z) in A/m, without the spin's in-plane bias field."""
    voltage: Driven = 0.0
    """Voltage across the junction in V."""
    torques: TorqueFields = NO_TORQUES
    """The torques per volt."""
    reference: tuple[float, float, float] = (0.0, 0.0, 1.0)
    """Unit vector p of the reference layer."""
    field_per_volt: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Field (x, y, z) that a volt adds, in A/m/V."""


def driven_macrospin(
    card: CardLike,
    field: tuple[Driven, Driven, Driven] = (0.0, 0.0, 0.0),
    voltage: Driven = 0.0,
    temperature: float | None = None,
) -> DrivenMacrospin:
    """The free layer of a card in a field, at a voltage and a temperature.

    The field is H_∥ along x, the field along y and H_⊥ along z in A/m, without the card's in-plane
    bias field; numbers, shape (trajectories,) or waveforms.  The voltage in V takes the same forms;
    it moves H_K1 and exerts the card's spin torques.  T is in K, by default the card's plus the
    mean heat of the voltage in both states, if the card has a thermal resistance.  An H_s given on
    the card acts as a stray field along the easy axis
    (:func:`smtj.physics.free_layer.stray_field`).

    Raises CardError or SmtjError as :func:`smtj.physics.free_layer.macrospin`, or because T is left
    to follow from a voltage that is not constant.

    Examples
    --------
    >>> system = driven_macrospin("cai2019", field=(0.0, 0.0, 1000.0), voltage=0.1)
    >>> system.damping
    0.02
    """
    card = as_device(card)
    if temperature is None and card.thermal.thermal_resistance is not None:
        temperature = _heated(card, field, voltage)
    spin = macrospin(card, 0.0, temperature)
    if card.vcma.anisotropy_field_per_volt_squared is not None:
        spin = _with_even_part(card, spin, voltage, temperature)
    # All torques go with 1/M_s, and the card's are those at its own temperature.
    stronger = float(macrospin(card).moment / spin.moment)
    at_rest, at_a_volt = (
        np.array(with_stray_field(card, 0.0, 0.0, volts), dtype=np.float64) for volts in (0.0, 1.0)
    )
    moved = at_a_volt - at_rest
    x, y, z = field
    return DrivenMacrospin(
        spin=spin,
        damping=float(card.magnetism.damping),
        field=(_shifted(x, at_rest[0]), y, _shifted(z, at_rest[1])),
        voltage=voltage,
        torques=TorqueFields(*(per_volt * stronger for per_volt in torque_fields(card))),
        reference=reference_direction(card),
        field_per_volt=(float(moved[0]), 0.0, float(moved[1])),
    )


def _heated(card: DeviceCard, field: tuple[Driven, Driven, Driven], voltage: Driven) -> float:
    """Return T in K of a layer that a constant voltage heats, the mean of that of both states."""
    if isinstance(voltage, Waveform) or np.ndim(voltage) > 0:
        raise SmtjError(
            f"card {card.name} has thermal.thermal_resistance, but the simulated motion follows "
            "the heat of one constant voltage only; give a temperature, or leave the thermal "
            "resistance out"
        )
    x, y, z = (
        0.0 if isinstance(part, Waveform) else float(np.mean(np.asarray(part))) for part in field
    )
    return float(np.mean(state_temperatures(card, x, y, z, np.asarray(voltage))))


def _with_even_part(
    card: DeviceCard, spin: Macrospin, voltage: Driven, temperature: float | None
) -> Macrospin:
    """Return the spin with the even part of VCMA at a constant voltage; the torques hold the rest.

    It is the mean of the anisotropy fields at both signs of the voltage.
    """
    if isinstance(voltage, Waveform):
        raise SmtjError(
            f"card {card.name} has vcma.anisotropy_field_per_volt_squared, which the simulated "
            "motion follows at constant voltages only; give a number, or leave the even part out"
        )
    volts = np.asarray(voltage, dtype=np.float64)
    ends = (macrospin(card, sign * volts, temperature).anisotropy_field for sign in (1, -1))
    return spin._replace(anisotropy_field=sum(ends) / 2)


def _shifted(quantity: Driven, by: float) -> Driven:
    if isinstance(quantity, Waveform):
        return replace(quantity, value=quantity.value + by)
    return np.asarray(quantity, dtype=np.float64) + by


@dataclass(frozen=True)
class Ensemble:
    """The values of a driven macrospin, one per trajectory, shape (trajectories,)."""

    trajectories: int
    spin: Macrospin
    damping: Floats
    field: tuple[Floats | Waveform, Floats | Waveform, Floats | Waveform]
    voltage: Floats | Waveform
    torques: TorqueFields
    reference: Floats
    field_per_volt: tuple[float, float, float]

    @property
    def axis(self) -> tuple[Floats, Floats]:
        """x and z of n, the axis of H_K1."""
        tilt = np.asarray(self.spin.easy_axis_tilt)
        return np.sin(tilt), np.cos(tilt)

    @property
    def noise_density(self) -> Floats:
        """2 α k_B T/(γ μ0² M_s V*), of a component of the thermal field, in A²/m² s."""
        moment = GYROMAGNETIC_RATIO * VACUUM_PERMEABILITY**2 * np.asarray(self.spin.moment)
        energy = BOLTZMANN * np.asarray(self.spin.temperature)
        return np.asarray(2 * self.damping * energy / moment)

    @property
    def precession(self) -> Floats:
        """γμ0/(1 + α²) in rad/s/(A/m)."""
        rate = GYROMAGNETIC_RATIO * VACUUM_PERMEABILITY / (1 + self.damping**2)
        return np.asarray(rate)

    @property
    def strongest_field(self) -> Floats:
        """Upper bound of the effective field in A/m, for any m."""
        spin = self.spin
        volts = largest(self.voltage)
        per_volt = sum(abs(entry) for entry in (*self.torques, *self.field_per_volt))
        applied = [largest(component) for component in self.field]
        applied[0] = applied[0] + abs(np.asarray(spin.in_plane_bias_field))
        anisotropy = (
            abs(np.asarray(spin.anisotropy_field))
            + 3 * abs(np.asarray(spin.second_order_field))
            + abs(np.asarray(spin.in_plane_anisotropy_field))
        )
        return np.asarray(np.sqrt(sum(a**2 for a in applied)) + anisotropy + per_volt * volts)


def ensemble(system: DrivenMacrospin, trajectories: int) -> Ensemble:
    """Check a driven macrospin and spread its values over the trajectories.

    Raises SmtjError if there are no trajectories, a shape does not fit, or a value is impossible.
    """
    if trajectories < 1:
        raise SmtjError(f"{trajectories} trajectories were asked for; there must be one or more")

    def spread(name: str, value: ArrayLike) -> Floats:
        given = np.asarray(value, dtype=np.float64)
        if given.shape not in ((), (trajectories,)):
            raise SmtjError(
                f"{name} has shape {given.shape}; it must be a number or one for each of "
                f"{trajectories} trajectories"
            )
        if not np.isfinite(given).all():
            raise SmtjError(f"{name} must be finite")
        return np.array(np.broadcast_to(given, trajectories))

    def driven(name: str, value: Driven) -> Floats | Waveform:
        if not isinstance(value, Waveform):
            return spread(name, value)
        if value.value.ndim == 2 and value.value.shape[1] not in (1, trajectories):
            raise SmtjError(
                f"the waveform of {name} is of {value.value.shape[1]} trajectories, not of "
                f"{trajectories}"
            )
        return value

    spin = Macrospin(
        *(
            spread(name.replace("_", " "), value)
            for name, value in zip(Macrospin._fields, system.spin, strict=True)
        )
    )
    damping = spread("the damping", system.damping)
    if not (damping >= 0).all():
        raise SmtjError("the damping must be 0 or more")
    if not ((spin.moment > 0).all() and (spin.temperature >= 0).all()):
        raise SmtjError("the moment must be above 0 A m², and the temperature 0 K or more")
    reference = np.asarray(system.reference, dtype=np.float64)
    if reference.shape != (3,) or not abs(np.linalg.norm(reference) - 1) < 1e-6:
        raise SmtjError("the reference layer's direction must be a unit vector (x, y, z)")
    x, y, z = (
        driven(f"the field along {name}", component)
        for name, component in zip("xyz", system.field, strict=True)
    )
    return Ensemble(
        trajectories=trajectories,
        spin=spin,
        damping=damping,
        field=(x, y, z),
        voltage=driven("the voltage", system.voltage),
        torques=system.torques,
        reference=reference,
        field_per_volt=system.field_per_volt,
    )


def largest(quantity: Floats | Waveform) -> Floats:
    """Largest absolute value of a quantity over time."""
    return quantity.largest() if isinstance(quantity, Waveform) else abs(quantity)


def checked_directions(direction: ArrayLike, trajectories: int) -> Floats:
    """Return unit vectors, shape (trajectories, 3); reject others."""
    given = np.asarray(direction, dtype=np.float64)
    if given.shape not in ((3,), (trajectories, 3)):
        raise SmtjError(
            f"the starting directions have shape {given.shape}; they must be one (x, y, z) or one "
            f"for each of {trajectories} trajectories"
        )
    if not (abs(np.linalg.norm(given, axis=-1) - 1) < 1e-6).all():
        raise SmtjError("the starting directions must be unit vectors")
    vectors = given / np.linalg.norm(given, axis=-1, keepdims=True)
    return np.array(np.broadcast_to(vectors, (trajectories, 3)))
