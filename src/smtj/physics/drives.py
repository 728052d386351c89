"""A device at any field, voltage or current: with both spin torques, VCMA and Joule's heat.

:func:`smtj.physics.device.vcma_point` has Eq. 1 to 6 and what VCMA does to them.  Where a
card has a spin torque, a thermal resistance or exact dwell times, where a field acts across the
drive, or where a current is held, dwell times follow from :mod:`smtj.physics.dwell` and P(high)
from them, τ_high/(τ_high + τ_low).
"""

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from smtj.card import CardLike, DeviceCard, as_device
from smtj.errors import SmtjError
from smtj.physics import switching
from smtj.physics.arrays import Array
from smtj.physics.device import OperatingPoint, vcma_point
from smtj.physics.dwell import card_log_dwell_times, state_temperatures
from smtj.physics.free_layer import drive_field
from smtj.physics.junction import state_resistances, state_resistances_at_current
from smtj.physics.point import SwitchingPoint, plain
from smtj.physics.states import Derived, StateResistances
from smtj.tables import Table
from smtj.typing import Floats

Field = tuple[Array, Array, Array]
"""x along the ellipse, y across it in the plane, z along the normal, in A/m."""
NO_FIELD: Field = (0.0, 0.0, 0.0)
ROUNDING = 1e-9
"""ln odds that rounding leaves where there are none."""


@dataclass(frozen=True, repr=False)
class DrivenPoint(SwitchingPoint):
    """A device under all that drives it; SI units, NumPy.

    ``slope`` and ``offset_field`` describe ln odds as a straight line in the drive, through its
    values at half a k_B T to either side of the H_s that VCMA alone gives.
    """

    rest: OperatingPoint
    """Barrier and sigmoid with VCMA alone, at the mean of both states' voltages."""
    other_field: Field
    """Applied field in A/m besides the drive."""
    current: Array | None
    """I in A where a current is held, else None."""

    @property
    def card(self) -> DeviceCard:  # type: ignore[override]
        """The device."""
        return self.rest.card

    @property
    def voltage(self) -> Array:
        """V in V; at a constant current the mean of both states' voltages."""
        return self.rest.voltage

    @property
    def field(self) -> Array:
        """The drive in A/m."""
        return self.rest.field

    @property
    def temperature(self) -> Array:
        """T in K without Joule's heat; see :meth:`state_temperatures`."""
        return self.rest.temperature

    @property
    def stability_factor(self) -> Array:
        """Δ = E_b/(k_B T) of the energy, whatever the torque."""
        return self.rest.stability_factor

    @property
    def barrier(self) -> Array:
        """E_b in J of the energy, whatever the torque."""
        return self.rest.barrier

    @property
    def energy_density(self) -> Array:
        """K_eff in J/m³."""
        return self.rest.energy_density

    @property
    def saturation_magnetisation(self) -> Array:
        """M_s in A/m."""
        return self.rest.saturation_magnetisation

    @property
    def effective_field(self) -> Array:
        """H_k,eff of Eq. 3-5 in A/m."""
        return self.rest.effective_field

    @property
    def log_attempt_time(self) -> float:
        """ln(τ0/s) of Eq. 3 and 4."""
        return self.rest.log_attempt_time

    @functools.cached_property
    def _line(self) -> tuple[Array, Array]:
        middle, slope = (
            np.asarray(plain(entry), dtype=np.float64)
            for entry in (self.rest.offset_field, self.rest.slope)
        )
        below, above = (self._log_odds(middle + step / slope) for step in (-0.5, 0.5))
        found = slope * (above - below)
        shift = (above + below) / 2
        offset = middle - np.where(np.abs(shift) < ROUNDING, 0.0, shift) / found
        # Numbers go with tensors, arrays of no dimension do not.
        return (float(found), float(offset)) if np.ndim(found) == 0 else (found, offset)

    @property
    def slope(self) -> Array:
        """w in 1/(A/m)."""
        return self._line[0]

    @property
    def offset_field(self) -> Array:
        """H_s in A/m, at which P(high) is one half."""
        return self._line[1]

    def log_dwell_times(self, field: Array | None = None) -> tuple[Floats, Floats]:
        """ln(τ_high/s) and ln(τ_low/s), each state at its own voltage and temperature."""
        total = self._total(field)
        if self.current is None:
            return card_log_dwell_times(self.card, *total, self.voltage, self.temperature)
        states = self.resistances(field)
        high, _ = card_log_dwell_times(self.card, *total, states.voltage_high, self.temperature)
        _, low = card_log_dwell_times(self.card, *total, states.voltage_low, self.temperature)
        return high, low

    def dwell_times(self, field: Array | None = None) -> tuple[Floats, Floats]:
        """τ_high and τ_low in s; infinite where a float cannot hold them."""
        with np.errstate(over="ignore"):
            high, low = (np.exp(log) for log in self.log_dwell_times(field))
        return np.asarray(high), np.asarray(low)

    def switching_probability(self, field: Array | None = None) -> Array:
        """P(high) = τ_high/(τ_high + τ_low)."""
        return switching.probability_from_dwell_times(*self.log_dwell_times(field))

    def resistances(self, field: Array | None = None) -> StateResistances:
        """Resistances of both states in ohm, and the voltages across them."""
        total = self._total(field)
        if self.current is None:
            return state_resistances(self.card, *total, self.voltage, self.temperature)
        return state_resistances_at_current(self.card, *total, self.current, self.temperature)

    def state_temperatures(self, field: Array | None = None) -> tuple[Floats, Floats]:
        """T in K of the high and of the low state, with Joule's heat."""
        total, states = self._total(field), self.resistances(field)
        high, _ = state_temperatures(self.card, *total, states.voltage_high, self.temperature)
        _, low = state_temperatures(self.card, *total, states.voltage_low, self.temperature)
        return high, low

    def derived(self) -> list[Derived]:
        """Everything that follows at this point, row by row."""
        high, low = self.dwell_times()
        causes = ["VCMA"]
        if self.card.spin_torque is not None:
            causes.append("torque")
        if self.card.thermal.thermal_resistance is not None:
            causes.append("heat")
        law = f"{self.card.switching.dwell_times}, {', '.join(causes)}"
        rows = [row for row in self.rest.derived() if row.symbol not in REPLACED]
        rows += [
            Derived("slope", "w", self.slope, "m/A", "1/Oe", "ln odds"),
            Derived("offset field", "H_s", self.offset_field, "A/m", "Oe", "ln odds"),
            Derived("dwell time, high", "τ_high", high, "s", "s", law),
            Derived("dwell time, low", "τ_low", low, "s", "s", law),
        ]
        if self.card.thermal.thermal_resistance is not None:
            hot, other = self.state_temperatures()
            rows += [
                Derived("temperature, high", "T_high", hot, "K", "K", "R_th V²/R"),
                Derived("temperature, low", "T_low", other, "K", "K", "R_th V²/R"),
            ]
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Every quantity in SI units, as plain numbers and lists; ``card`` is the card's name."""
        high, low = self.dwell_times()
        states, hot = self.resistances(), self.state_temperatures()
        entries = {
            **{name: v for name, v in vars(self.rest).items() if name != "card"},
            "slope": self.slope,
            "offset_field": self.offset_field,
            "dwell_time_high": high,
            "dwell_time_low": low,
            "probability_high": self.switching_probability(),
            "resistance_high": states.high,
            "resistance_low": states.low,
            "voltage_high": states.voltage_high,
            "voltage_low": states.voltage_low,
            "temperature_high": hot[0],
            "temperature_low": hot[1],
        }
        for name, component in zip("xyz", self.other_field, strict=True):
            entries[f"other_field_{name}"] = component
        if self.current is not None:
            entries["current"] = self.current
        return {"card": self.card.name, **{name: plain(v) for name, v in entries.items()}}

    def table(self) -> Table:
        """Return barrier, dwell times, sigmoid, temperatures and resistances."""
        found = self.resistances()
        rows = [
            *self.derived(),
            Derived(
                "occupancy, high", "P(high)", self.switching_probability(), "", "", "dwell times"
            ),
            Derived("resistance, high", "R_high", found.high, "ohm", "ohm", "wells"),
            Derived("resistance, low", "R_low", found.low, "ohm", "ohm", "wells"),
        ]
        where = [("V", self.voltage, "V", "mV")]
        if self.current is not None:
            where = [("I", self.current, "A", "uA")]
        where += [("H", self.field, "A/m", "Oe"), ("T", self.temperature, "K", "K")]
        where += [
            (f"H_{name}", component, "A/m", "Oe")
            for name, component in zip("xyz", self.other_field, strict=True)
            if np.any(np.asarray(component) != 0)
        ]
        said = ", ".join(
            f"{symbol} = {Derived('', symbol, value, unit, shown, '').text}"
            for symbol, value, unit, shown in where
        )
        return Table(
            f"{self.card.name} at {said}",
            ("quantity", "symbol", "value", "from"),
            [(row.name, row.symbol, row.text, row.source) for row in rows],
        )

    def _log_odds(self, field: Array) -> Floats:
        high, low = self.log_dwell_times(field)
        return np.asarray(high - low)

    def _total(self, field: Array | None) -> Field:
        drive = drive_field(self.card, np.asarray(plain(self._at(field)), dtype=np.float64))
        x, y, z = (a + b for a, b in zip(self.other_field, drive, strict=True))
        return x, y, z


REPLACED = ("w", "H_s", "τ_high", "τ_low")
"""Rows of the point at rest that the drives change."""


def operating_point(
    card: CardLike,
    voltage: Array | None = None,
    temperature: Array | None = None,
    field: Array | None = None,
    current: Array | None = None,
    *,
    field_in_plane: Array | None = None,
    field_across: Array | None = None,
    field_out_of_plane: Array | None = None,
) -> OperatingPoint | DrivenPoint:
    """Evaluate a device at any field, voltage or current, and temperature.

    Barrier, dwell times, P(high), resistances and temperatures of both states, with all that the
    card knows: VCMA with its even part, damping-like and field-like torque, and Joule's heat.  It
    is :meth:`smtj.card.DeviceCard.at` for a card, its name or its path.

    Parameters
    ----------
    card
        The device: a card, the name of a shipped one, or a path.
    voltage, current
        V in V, or I in A; neither is no voltage.  A tensor of voltages carries its gradient where
        VCMA is all that they do.
    temperature
        T in K without Joule's heat; by default the card's.
    field
        The card's drive in A/m: H_⊥ or, where the states lie in the plane, H_∥.
    field_in_plane, field_across, field_out_of_plane
        Components in A/m along the ellipse (x), across it in the plane (y) and along the normal
        (z).  All broadcast together.

    Returns
    -------
    OperatingPoint or DrivenPoint
        The latter with a torque, a thermal resistance, exact dwell times, a current or a field
        across the drive.

    Raises
    ------
    CardError, SmtjError
        The card is not valid or has no physics, a voltage and a current are given, or the drive is
        given twice.

    Examples
    --------
    >>> import smtj
    >>> from smtj.units import Oe, mV, uA
    >>> round(float(smtj.operating_point("cai2019", voltage=-0.2).stability_factor), 1)
    21.6
    >>> card = smtj.load_card("mizrahi2018").replace({"spin_torque.polarisation": 0.6})
    >>> point = smtj.operating_point(card, current=20 * uA, field_across=50 * Oe)
    >>> high, low = point.dwell_times()
    >>> round(float(high / low), 2)
    0.68
    """
    return as_device(card).at(
        voltage,
        field,
        temperature,
        current,
        field_in_plane=field_in_plane,
        field_across=field_across,
        field_out_of_plane=field_out_of_plane,
    )


def device_point(
    card: DeviceCard,
    voltage: Array | None,
    field: Array | None,
    temperature: Array | None,
    current: Array | None,
    other_field: Field = NO_FIELD,
) -> OperatingPoint | DrivenPoint:
    """Evaluate a card under all that drives it; see :meth:`smtj.card.DeviceCard.at`.

    Where VCMA is all that a voltage does, dwell times are those of Eq. 3 and 4 and no field acts
    across the drive it is that of
    :func:`smtj.physics.device.vcma_point`, which accepts tensors and carries their gradients.

    Parameters
    ----------
    card
        The device.
    voltage, current
        V in V, or I in A; neither is no voltage.
    field
        The drive in A/m.
    temperature
        T in K without Joule's heat, by default the card's.
    other_field
        Applied field in A/m besides the drive.

    Raises
    ------
    SmtjError
        There are a voltage and a current; or as :func:`smtj.physics.device.vcma_point`.
    """
    drive = 0.0 if field is None else field
    if current is not None and voltage is not None:
        raise SmtjError(
            f"card {card.name} was given a voltage and a current; hold one of them, the other "
            "follows from the resistance"
        )
    alone = (
        card.spin_torque is None
        and card.thermal.thermal_resistance is None
        and card.switching.dwell_times != "exact"
    )
    across = any(np.any(np.asarray(plain(component)) != 0) for component in other_field)
    if current is None:
        bias = 0.0 if voltage is None else voltage
        rest = vcma_point(card, bias, temperature, drive)
        if alone and not across:
            return rest
        if getattr(bias, "requires_grad", False):
            raise SmtjError(
                f"card {card.name} has a spin torque, a thermal resistance or exact dwell times, "
                "and no gradient with respect to the voltage; give numbers"
            )
        return DrivenPoint(rest, other_field, None)
    x, y, z = (a + b for a, b in zip(other_field, drive_field(card, drive), strict=True))
    states = state_resistances_at_current(card, x, y, z, current, temperature)
    mean = (states.voltage_high + states.voltage_low) / 2
    return DrivenPoint(vcma_point(card, mean, temperature, drive), other_field, current)
