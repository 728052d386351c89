"""The resistance of a card's two states: its wells, seen by its reference layer.

The state called *high* is a well, not a value: the up well where the easy axis points away from
the reference layer, else the down one (:func:`smtj.physics.free_layer.high_state_is_up`).  Far from
zero field its resistance may be the lower of the two.  Where a well is gone, its state has the
resistance of the one that is left; but where no barrier to speak of divides the states, as in an
easy-plane disc, either is the mean over its half of the sphere.
"""

import numpy as np
from numpy.typing import ArrayLike

from smtj.card import CardLike, DeviceCard, as_device
from smtj.card.consistency import ellipse_volume
from smtj.physics import resistance
from smtj.physics.free_layer import (
    easy_axis,
    high_state_is_up,
    macrospin,
    reference_direction,
    stray_field,
)
from smtj.physics.magnetics.equilibrium import reduced_energy, state_means
from smtj.physics.magnetics.wells import Wells, find_wells
from smtj.physics.states import StateResistances
from smtj.typing import Floats

ITERATIONS = 50
"""Most rounds of the search for voltages that agree with the wells they make; a few are usual."""
TOLERANCE = 1e-11
"""Relative change of every voltage at which that search ends."""
LOW_BARRIER = 3.0
"""Barrier without a field, in k_B T, below which a state without a well is a half of the sphere."""
SEEN = 5.0
"""Field along the easy axis, as an energy in k_B T, beyond which the rarer state is occupied for
less than 0.2 % of the time."""
AT_ONCE = 256
"""Means over half a sphere taken together, to limit memory."""


def card_wells(
    card: CardLike,
    field_x: ArrayLike,
    field_y: ArrayLike,
    field_z: ArrayLike,
    voltage: ArrayLike = 0.0,
    temperature: ArrayLike | None = None,
) -> Wells:
    """The wells of a card's free layer.

    An H_s given on the card acts as a stray field along the easy axis, as for the dwell times
    (:func:`smtj.physics.device.barrier_and_reduced_field`).

    Parameters
    ----------
    card
        The device.
    field_x, field_y, field_z
        Applied field in A/m, H_in not included: x along the ellipse (H_∥), z along the normal
        (H_⊥).
    voltage, temperature
        V in V, which moves K_eff, and T in K, by default the card's.  All broadcast together.

    Raises
    ------
    CardError, SmtjError
        As :func:`smtj.physics.free_layer.macrospin`.
    """
    card = as_device(card)
    bias = np.asarray(voltage, dtype=np.float64)
    x, z = with_stray_field(card, field_x, field_z, bias)
    return find_wells(macrospin(card, bias, temperature), x, field_y, z)


def with_stray_field(
    card: DeviceCard, field_x: ArrayLike, field_z: ArrayLike, voltage: ArrayLike
) -> tuple[Floats, Floats]:
    """The applied field along x and z plus the stray field that stands for a given H_s, in A/m."""
    x, _, z = easy_axis(card)
    stray = stray_field(card, np.asarray(voltage, dtype=np.float64))
    return np.asarray(field_x) + stray * x, np.asarray(field_z) + stray * z


def state_resistances(
    card: CardLike,
    field_x: ArrayLike,
    field_y: ArrayLike,
    field_z: ArrayLike,
    voltage: ArrayLike,
    temperature: ArrayLike | None = None,
) -> StateResistances:
    """Resistances of the two states at constant voltage; parameters as in :func:`card_wells`."""
    card = as_device(card)
    high, low = _cosines(card, field_x, field_y, field_z, voltage, temperature)
    bias = np.broadcast_to(np.asarray(voltage, dtype=np.float64), high.shape)
    r_p, tmr, half = _electrical(card)
    return StateResistances(
        high=resistance.resistance_at_bias(r_p, tmr, high, bias, half),
        low=resistance.resistance_at_bias(r_p, tmr, low, bias, half),
        voltage_high=bias,
        voltage_low=bias,
    )


def state_resistances_at_current(
    card: CardLike,
    field_x: ArrayLike,
    field_y: ArrayLike,
    field_z: ArrayLike,
    current: ArrayLike,
    temperature: ArrayLike | None = None,
) -> StateResistances:
    """Resistances of the two states at a constant current in A, of either sign.

    The voltage of a state moves its own well through K_eff, so both are solved together, each state
    with its own voltage.  If a state's own voltage would destroy its well and that of the other
    state would not, there is no such state; it then has one of the two resistances.  Other
    parameters and errors as in :func:`card_wells`.
    """
    card = as_device(card)
    own = float(card.thermal.temperature) if temperature is None else temperature
    given = (field_x, field_y, field_z, current, own)
    shape = np.broadcast_shapes(*(np.shape(entry) for entry in given))
    r_p, tmr, half = _electrical(card)
    voltage = np.zeros((2, *shape))
    for _ in range(ITERATIONS):
        high, low = _cosines(card, field_x, field_y, field_z, voltage, temperature)
        cosine = np.stack([high[0], low[1]])
        found = resistance.voltage_at_current(r_p, tmr, cosine, current, half)
        settled = np.abs(found - voltage) <= TOLERANCE * np.abs(found)
        voltage = found
        if settled.all():
            break
    ohm = resistance.resistance_at_bias(r_p, tmr, cosine, voltage, half)
    return StateResistances(
        high=ohm[0], low=ohm[1], voltage_high=voltage[0], voltage_low=voltage[1]
    )


def resistance_of_direction(card: CardLike, direction: ArrayLike, voltage: ArrayLike) -> Floats:
    """R in ohm of a card's junction with its free layer along any direction.

    Unit vectors m, or their means over a time, shape (..., 3); the voltage in V broadcasts with
    them.
    """
    card = as_device(card)
    r_p, tmr, half = _electrical(card)
    cosine = np.asarray(direction, dtype=np.float64) @ np.array(reference_direction(card))
    return np.asarray(resistance.resistance_at_bias(r_p, tmr, cosine, voltage, half))


def parallel_resistance(card: CardLike) -> float:
    """R_P in ohm: the card's own, else from its resistance-area product and its ellipse."""
    card = as_device(card)
    given, product = card.electrical.parallel_resistance, card.electrical.resistance_area_product
    if given is not None:
        return float(given)
    assert product is not None  # the card has one of the two
    area = ellipse_volume(card.geometry.length, card.geometry.width, 1.0)
    return float(resistance.parallel_resistance(product, area))


def _electrical(card: DeviceCard) -> tuple[float, float, float | None]:
    """Return R_P in ohm, the TMR at zero bias, and V_half in V."""
    half = card.electrical.tmr_half_voltage
    return (
        parallel_resistance(card),
        float(card.electrical.tmr),
        None if half is None else float(half),
    )


def _cosines(
    card: DeviceCard,
    field_x: ArrayLike,
    field_y: ArrayLike,
    field_z: ArrayLike,
    voltage: ArrayLike,
    temperature: ArrayLike | None,
) -> tuple[Floats, Floats]:
    """Return the cosines between the reference layer and the high and the low state."""
    reference = np.array(reference_direction(card))
    wells = card_wells(card, field_x, field_y, field_z, voltage, temperature)
    up, down = (np.array(well @ reference, ndmin=0) for well in (wells.up, wells.down))
    one = np.array(~(wells.up_exists & wells.down_exists))
    if one.any():
        own = float(card.thermal.temperature) if temperature is None else temperature
        x, z = with_stray_field(card, field_x, field_z, voltage)
        given = np.broadcast_arrays(x, field_y, z, voltage, own, one)
        at = [np.asarray(entry, dtype=np.float64)[one] for entry in given[:-1]]
        spin = macrospin(card, at[3], at[4])
        energy = reduced_energy(spin, *at[:3])
        seen = (np.abs(energy.along) < SEEN) & (energy.first < 2 * LOW_BARRIER)
        one[one] = seen
        of_up, of_down = _half_means(card, *(entry[seen] for entry in at))
        up[one], down[one] = of_up @ reference, of_down @ reference
    return (up, down) if high_state_is_up(card) else (down, up)


def _half_means(
    card: DeviceCard, x: Floats, y: Floats, z: Floats, voltage: Floats, temperature: Floats
) -> tuple[Floats, Floats]:
    """Return ⟨m⟩ of both halves of the sphere, shape (n, 3)."""
    parts = [(np.zeros((0, 3)), np.zeros((0, 3)))]
    for start in range(0, x.size, AT_ONCE):
        part = slice(start, start + AT_ONCE)
        spin = macrospin(card, voltage[part], temperature[part])
        parts.append(state_means(spin, x[part], y[part], z[part]))
    return np.concatenate([up for up, _ in parts]), np.concatenate([down for _, down in parts])
