"""How a card's damping-like torque changes its dwell times: exactly, and by the compact law.

The change of ln τ is that of :mod:`smtj.physics.escape.torque`, from the Fokker-Planck equation of
the card's macrospin with the torque: exact in V, in any geometry.  It is added to whichever law of
dwell times without torque a card names.

The compact law is Δ (1 + V/V_c) (D. M. Apalkov and P. B. Visscher, Phys. Rev. B 72, 180405 (2005),
doi:10.1103/PhysRevB.72.180405).  With the energy lost to damping and the work of the torque on the
orbits of a well it holds, to first order in V, for a reference layer along the easy axis of a layer
in the plane.  With both along the normal the torque is a field h_DL V/α along the axis, of which
the first order is 2V/V_c: there it is half of what it should be.
"""

import functools
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smtj.card import CardLike, DeviceCard, as_device
from smtj.physics.constants import BOLTZMANN, VACUUM_PERMEABILITY
from smtj.physics.escape.axial import is_axial
from smtj.physics.escape.sweep import held
from smtj.physics.escape.torque import axial_log_changes, log_changes
from smtj.physics.free_layer import high_state_is_up, macrospin, reference_direction
from smtj.physics.junction import with_stray_field
from smtj.physics.magnetics.equilibrium import ReducedEnergy, reduced_energy
from smtj.physics.magnetics.frame import along, frame
from smtj.physics.torque.fields import torque_fields
from smtj.physics.torque.interpolation import interpolated
from smtj.typing import Floats

SOLVED = 24
"""Most conditions that are solved one by one."""
TOLERANCE = 2e-3
"""Of ln τ where more are interpolated."""
MOST, MOST_AXIAL = 16, 64
"""Intervals of the polynomials at most."""
ON_PLANE = 1e-9
"""Distance from a plane of conditions, relative to their range, that rounding leaves."""
SCAN = 65
"""Fields searched for the range within which both wells stay."""


def log_dwell_changes(
    card: CardLike,
    field_x: ArrayLike,
    field_y: ArrayLike,
    field_z: ArrayLike,
    voltage: ArrayLike,
    temperature: ArrayLike | None = None,
) -> tuple[Floats, Floats]:
    """Change of ln τ_high and ln τ_low by the damping-like torque of a voltage; 0 without one.

    Axial conditions take 4 ms each, others 0.2 to 1 s; if more than 24 differ in no more than two
    ways, as in a sweep of field and voltage, they are interpolated to 2e-3.  Close to the field at
    which a well vanishes, and beyond, the change is held.

    Parameters
    ----------
    card
        The device.
    field_x, field_y, field_z
        Field in A/m, H_in not included, a field-like torque included.
    voltage, temperature
        V in V, and T in K, by default the card's; all broadcast together.

    Raises
    ------
    CardError, SmtjError
        As :func:`smtj.physics.escape.torque.log_changes` and
        :func:`smtj.physics.free_layer.macrospin`.
    """
    card = as_device(card)
    own = float(card.thermal.temperature) if temperature is None else temperature
    given = (field_x, field_y, field_z, voltage, own)
    rows = np.broadcast_arrays(*(np.asarray(entry, dtype=np.float64) for entry in given))
    shape = rows[0].shape
    if torque_fields(card).damping_like == 0:
        return np.zeros(shape), np.zeros(shape)
    points = np.stack([row.ravel() for row in rows], axis=1)
    changes = np.zeros((len(points), 2))
    driven = points[:, 3] != 0
    if driven.any():
        different, number = np.unique(points[driven], axis=0, return_inverse=True)
        changes[driven] = _changes(card, different)[number.reshape(-1)]
    up, down = changes.T.reshape(2, *shape)
    return (up, down) if high_state_is_up(card) else (down, up)


def _changes(card: DeviceCard, points: Floats) -> Floats:
    """Return the changes of the up and the down well, shape (n, 2), of different conditions."""
    plane = _plane(points) if len(points) > SOLVED else None
    if plane is None:
        return _solved(card, points)
    first, second, directions = plane
    origin = points.mean(axis=0)

    def at(a: Floats, b: Floats) -> Floats:
        return np.asarray(origin + a[:, None] * directions[0] + b[:, None] * directions[1])

    low, high = _with_two_wells(card, at, first, second)
    second = np.clip(second, low, high)
    most = MOST_AXIAL if _axial(*_reduced(card, points)).all() else MOST
    return interpolated(lambda a, b: _solved(card, at(a, b)), first, second, TOLERANCE, most)


def _plane(points: Floats) -> tuple[Floats, Floats, Floats] | None:
    """Return two coordinates of conditions in a plane and its directions, None if they fill more.

    The first coordinate is the voltage if it varies, so that the second keeps it.
    """
    away = points - points.mean(axis=0)
    span = np.ptp(points, axis=0)
    scaled = np.divide(away, span, out=np.zeros(away.shape), where=span > 0)
    volts = scaled[:, 3]
    lean = scaled.T @ volts / max(float(volts @ volts), 1e-300)
    rest = scaled - volts[:, None] * lean
    _, sizes, axes = np.linalg.svd(rest, full_matrices=False)
    if sizes[1] > ON_PLANE * math.sqrt(len(points)):
        return None
    second = rest @ axes[0] if sizes[0] > ON_PLANE * math.sqrt(len(points)) else 0 * volts
    return volts, second, np.stack([lean * span, axes[0] * span])


def _with_two_wells(
    card: DeviceCard, at: Callable[[Floats, Floats], Floats], first: Floats, second: Floats
) -> tuple[float, float]:
    """Return the range of the second coordinate within which no field is held."""
    b = np.linspace(float(second.min()), float(second.max()), SCAN)
    fine = np.ones(SCAN, dtype=bool)
    for a in (float(first.min()), float(first.max())):
        energy, torque = _reduced(card, at(np.full(SCAN, a), b))
        tilted = ~_axial(energy, torque)
        if tilted.any():
            points = np.stack(energy, axis=1)
            fine &= ~tilted | (held(points)[:, 0] == points[:, 0])
    kept = b[fine] if fine.any() else b[[SCAN // 2]]
    return float(kept.min()), float(kept.max())


def _solved(card: DeviceCard, points: Floats) -> Floats:
    """Return the changes of the up and the down well, one solve after the other."""
    energy, torque = _reduced(card, points)
    damping = float(card.magnetism.damping)
    axial = _axial(energy, torque)
    found = np.empty((len(points), 2))
    upright = ReducedEnergy(*(entry[axial] for entry in energy))
    found[axial] = axial_log_changes(upright, torque[axial, 2], damping)
    if not axial.all():
        rest = held(np.stack([entry[~axial] for entry in energy], axis=1))
        found[~axial] = [
            _solve(tuple(one), tuple(push), damping)
            for one, push in zip(rest, torque[~axial], strict=True)
        ]
    return found


@functools.lru_cache(maxsize=4096)
def _solve(
    energy: tuple[float, ...], torque: tuple[float, float, float], damping: float
) -> tuple[float, float]:
    return log_changes(ReducedEnergy(*energy), torque, damping)


def _axial(energy: ReducedEnergy, torque: Floats) -> NDArray[np.bool_]:
    across = np.abs(torque[:, :2]).sum(axis=1)
    return np.asarray(is_axial(energy) & (across <= 1e-9 * np.abs(torque[:, 2])))


def _reduced(card: DeviceCard, points: Floats) -> tuple[ReducedEnergy, Floats]:
    """Return the energy and the torque, shape (n, 3), as of
    :func:`smtj.physics.escape.torque.log_changes`."""
    field_x, field_y, field_z, voltage, temperature = points.T
    x, z = with_stray_field(card, field_x, field_z, voltage)
    spin = macrospin(card, voltage, temperature)
    energy = ReducedEnergy(*np.broadcast_arrays(*reduced_energy(spin, x, field_y, z)))
    # The moment that the torque turns and that which it is a field on cancel.
    moment = float(macrospin(card).moment)
    strength = VACUUM_PERMEABILITY * moment / BOLTZMANN * torque_fields(card).damping_like
    axes, toward = frame(spin), reference_direction(card)
    parts = [along(axis, *toward) * strength * voltage / temperature for axis in axes[:3]]
    return energy, np.stack(np.broadcast_arrays(*parts), axis=1)
