"""The barrier between two wells that are equally deep, whatever the anisotropy.

Without a field along the easy axis c the energy is the same at c and -c, and what divides the wells
is the lowest point of the ring c = 0.  Only where that point is a well itself, as H_K2 can make it,
the divide is a saddle elsewhere.
"""

import math

import numpy as np
from array_api_compat import device

from smtj.physics.arrays import Array, as_arrays
from smtj.physics.escape.axial import is_axial
from smtj.physics.escape.stationary import passes, stationary_points
from smtj.physics.magnetics.equilibrium import ReducedEnergy, macrospin_of
from smtj.physics.magnetics.frame import along, frame
from smtj.physics.magnetics.wells import ACROSS, all_minima
from smtj.typing import Floats

AZIMUTHS, CORRECTIONS = 360, 6

Direction = tuple[Floats, Floats, Floats]
"""Components a, b and c."""


def barrier_without_bias(energy: ReducedEnergy) -> Array:
    """Height in k_B T of the barrier between both wells in the same field, but none along the axis.

    Entries are numbers, NumPy arrays or tensors, broadcast together; the gradient is that of the
    energy at the two points, which do not move it.  0 where there is one well.

    Examples
    --------
    >>> cone = ReducedEnergy(0.0, 0.0, 0.0, 20.0, 40.0, 0.0)  # wells at c² = 20/40
    >>> float(barrier_without_bias(cone))  # k_1²/(4 k_2)
    2.5
    """
    xp, entries = as_arrays(*energy)
    level = ReducedEnergy(*xp.broadcast_arrays(0.0 * entries[0], *entries[1:]))
    plain = ReducedEnergy(
        *(
            np.asarray(entry.detach().cpu() if hasattr(entry, "detach") else entry)
            for entry in level
        )
    )
    deepest = _bottom(plain)
    points = deepest, _top(plain, deepest[2])
    dtype, at = level.first.dtype, device(level.first)
    bottom, top = (
        level(*(xp.asarray(part, dtype=dtype, device=at) for part in point)) for point in points
    )
    return xp.clip(top - bottom, min=0)


def _bottom(level: ReducedEnergy) -> Direction:
    """Return the direction of the deepest well."""
    spin, *field = macrospin_of(level)
    m = np.moveaxis(all_minima(spin, *field).directions[..., 0, :], -1, 0)
    a, b, c = (along(axis, *m) for axis in frame(spin)[:3])
    return a, b, c


def _top(level: ReducedEnergy, well: Floats) -> Direction:
    """Return the lowest direction from which both wells, at c and -c, can be reached."""
    _, across, sideways, first, _, shape, fourth_a, fourth_b = level
    phi = np.arange(AZIMUTHS) * (2 * math.pi / AZIMUTHS)
    wide = ReducedEnergy(*(entry[..., None] for entry in level))
    at = phi[np.argmin(np.asarray(wide(np.cos(phi), np.sin(phi), 0.0)), axis=-1)]
    for _ in range(CORRECTIONS):  # Newton's, of the least energy on the ring
        cos, sin = np.cos(at), np.sin(at)
        slope = across * sin - sideways * cos + shape * sin * cos
        slope = slope + (fourth_b * sin**2 - fourth_a * cos**2) * sin * cos
        bent = across * cos + sideways * sin + shape * (cos**2 - sin**2)
        bent = bent + fourth_a * cos**2 * (3 * sin**2 - cos**2)
        bent = bent + fourth_b * sin**2 * (3 * cos**2 - sin**2)
        at = at - np.where(bent > 0, slope / np.where(bent > 0, bent, 1.0), 0.0)
    top = np.stack([np.cos(at), np.sin(at), np.zeros(np.shape(at))])
    # Where the energy rises from that point along c, it is a well itself and no saddle.
    outwards = across * top[0] + sideways * top[1] - shape * top[1] ** 2
    outwards = outwards - fourth_a * top[0] ** 4 - fourth_b * top[1] ** 4
    for place in np.argwhere((outwards > first) & (np.abs(well) > ACROSS)):
        one = ReducedEnergy(*(float(entry[tuple(place)]) for entry in level))
        top[(slice(None), *place)] = _pass(one)
    a, b, c = top
    return a, b, c


def _pass(level: ReducedEnergy) -> Floats:
    """Return the highest point of the easiest way between the halves."""
    if is_axial(level):
        inside = level.first / level.second
        return np.array([math.sqrt(1 - inside), 0.0, math.sqrt(inside)], dtype=np.float64)
    points = stationary_points(level)
    up = points.minima.direction[:, 2] >= 0
    saddle = passes(level, points)[np.argmax(up), np.argmax(~up)]
    return np.asarray(points.saddles.direction[saddle])
