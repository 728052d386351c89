"""Spin-torque ferromagnetic resonance of a card's device: a line for each well.

A device that switches while a spectrum is taken shows the lines of both wells, weighted by their
occupancies.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smtj.card import CardLike, DeviceCard, as_device
from smtj.physics.arrays import logistic
from smtj.physics.device import barrier_and_reduced_field
from smtj.physics.free_layer import high_state_is_up, macrospin, reference_direction
from smtj.physics.junction import card_wells, parallel_resistance, with_stray_field
from smtj.physics.resistance import resistance_at_bias, tmr_at_bias
from smtj.physics.resonance.frequency import stiffness
from smtj.physics.resonance.line_shapes import driven_oscillator
from smtj.physics.resonance.rectification import driven_lines, rectified_voltage
from smtj.physics.torque.fields import torque_fields
from smtj.typing import Floats


class WellLines(NamedTuple):
    """The lines of both wells, up and then down, along an axis that follows those of the field."""

    position: Floats
    """f0 in Hz, shape (..., 2)."""
    half_width: Floats
    """Half of the full width at half height, in Hz, shape (..., 2)."""
    symmetric: Floats
    """Heights in V by torque, shape (..., 2, 3), of a device that stays in the well."""
    antisymmetric: Floats
    """The same of the antisymmetric parts."""
    occupancy: Floats
    """Fraction of time in the well, shape (..., 2); 0 for a well that is gone."""


def well_lines(
    card: CardLike,
    field_x: ArrayLike,
    field_y: ArrayLike,
    field_z: ArrayLike,
    voltage: ArrayLike = 0.0,
    drive: ArrayLike = 0.01,
    temperature: ArrayLike | None = None,
) -> WellLines:
    """The lines that a card's device rectifies.

    The applied field is in A/m, H_in not included, the dc bias in V, ``drive`` the amplitude across
    the junction at the frequency of the drive in V, T in K by default the card's; all broadcast
    together.  The field-like torque of the dc voltage is small against H_K1 and is left out of the
    equilibrium.  Raises CardError or SmtjError as :func:`smtj.physics.junction.card_wells`.
    """
    card = as_device(card)
    own = float(card.thermal.temperature) if temperature is None else temperature
    given = (field_x, field_y, field_z, voltage, own)
    x, y, z, bias, t = (
        np.asarray(entry)
        for entry in np.broadcast_arrays(*(np.asarray(g, dtype=np.float64) for g in given))
    )
    spin, wells = macrospin(card, bias, t), card_wells(card, x, y, z, bias, t)
    stray_x, stray_z = with_stray_field(card, x, z, bias)
    p = np.array(reference_direction(card))
    half = card.electrical.tmr_half_voltage
    r_p, tmr = parallel_resistance(card), float(card.electrical.tmr)
    change = (1 - 1 / (1 + tmr_at_bias(tmr, bias, half))) / r_p
    found = []
    for m in (wells.up, wells.down):
        lines = driven_lines(
            spin,
            m,
            stiffness(spin, m, stray_x, y, stray_z),
            p,
            float(card.magnetism.damping),
            torque_fields(card),
            bias,
        )
        heights = rectified_voltage(
            lines, drive, resistance_at_bias(r_p, tmr, m @ p, bias, half), change
        )
        found.append((lines.position, lines.half_width, *heights))
    position, half_width, symmetric, antisymmetric = zip(*found, strict=True)
    up = _occupancy_up(card, (x, y, z), bias, t, wells.up_exists, wells.down_exists)
    return WellLines(
        np.stack(position, axis=-1),
        np.stack(half_width, axis=-1),
        np.stack(symmetric, axis=-2),
        np.stack(antisymmetric, axis=-2),
        np.stack([up, 1 - up], axis=-1),
    )


def signal(lines: WellLines, frequency: ArrayLike) -> Floats:
    """The rectified voltage in V at frequencies in Hz, both wells weighted by their occupancy.

    The frequencies broadcast with the fields of :func:`well_lines`, which have any shape.
    """
    shape = driven_oscillator(
        np.asarray(frequency, dtype=np.float64)[..., None], lines.position, lines.half_width
    )
    both = shape[0] * lines.symmetric.sum(axis=-1) + shape[1] * lines.antisymmetric.sum(axis=-1)
    return np.asarray((lines.occupancy * both).sum(axis=-1))


def _occupancy_up(
    card: DeviceCard,
    field: tuple[Floats, Floats, Floats],
    voltage: Floats,
    temperature: Floats,
    up_exists: NDArray[np.bool_],
    down_exists: NDArray[np.bool_],
) -> Floats:
    """Occupancy of the up well: P(high) of Eq. 5 in a field of any direction."""
    delta, reduced = barrier_and_reduced_field(card, *field, voltage, temperature)
    sign = 1.0 if high_state_is_up(card) else -1.0
    occupancy = logistic(sign * 4 * delta * reduced)
    return np.where(up_exists & down_exists, occupancy, np.where(up_exists, 1.0, 0.0))
