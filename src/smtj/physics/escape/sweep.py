"""Relaxation rates along a sweep: a few solves, and a polynomial for the fields between them.

The capacity C = λ1 Z_up Z_down/(Z_up + Z_down), which belongs to the saddle, is smooth in the field
and in the voltage, where λ1 itself has a bend at equal weights.  So a sweep along one of them,
however fine, needs about as many solves as a polynomial has points.

Near the field at which a well vanishes the barrier is negligible, and beyond it the well has no
escape rate: there λ1 is held at its value at ``EDGE`` times that field along the easy axis.  Where
there is hardly a barrier, or none, at any field along it, the rate is that of
:mod:`smtj.physics.escape.two_states`.
"""

import functools

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BarycentricInterpolator

from smtj.physics.escape.axial import is_axial
from smtj.physics.escape.two_states import log_axial_two_state_rates, log_two_state_rate
from smtj.physics.magnetics.equilibrium import ReducedEnergy, log_weights, macrospin_of
from smtj.physics.magnetics.wells import find_wells
from smtj.typing import Floats

EDGE = 0.7
"""Rates are solved up to this fraction of the easy-axis field at which a well vanishes."""
HALVINGS = 30
TOLERANCE = 1e-4
"""Largest error of ln λ1 between the points of the polynomial, as its refinement shows it."""
HELD = 0.05
"""The same where λ1 is held, at rates too fast to be measured."""
SOLVED = 1e-5
"""Tolerance of ln λ1 at those points."""
FIRST, MAX_INTERVALS = 8, 32
"""Intervals of the first and the last polynomial tried."""
ON_LINE = 1e-9
"""Distance from a straight line, relative to its length, that rounding leaves."""


def log_rates(energy: ReducedEnergy, damping: float) -> Floats:
    """ln of the rates over D of many energies, shape (n,).

    Repeated ones are solved once, and lines are interpolated.

    Energies symmetric about the easy axis are done by quadrature, 2 ms each, even beyond the loss
    of a well.  Others are solved one by one, unless more than ``FIRST`` lie on a straight line, as
    in a sweep of the field in a fixed direction or of the voltage; these are interpolated with an
    error of ln λ1 below 1e-4, or 0.05 where it is held.  Raises SmtjError as
    :func:`smtj.physics.escape.relaxation.log_rate_on_sphere`.
    """
    entries = np.stack(np.broadcast_arrays(*energy), axis=1)
    points, back = np.unique(entries, axis=0, return_inverse=True)
    found, axial = np.empty(len(points)), is_axial(ReducedEnergy(*points.T))
    found[axial] = log_axial_two_state_rates(ReducedEnergy(*points[axial].T))
    found[~axial] = _off_axis(points[~axial], damping)
    return found[back.reshape(-1)]


def _off_axis(points: Floats, damping: float) -> Floats:
    place = _along_line(points)
    if place is None:
        return np.array([_solve(tuple(point), damping) for point in held(points)])
    # Which end of the line, or neither, is held: the capacity has a kink in between.
    outside = np.sign(points[:, 0]) * (held(points)[:, 0] != points[:, 0])
    found, order = np.empty(len(points)), np.argsort(place)
    for run in np.split(order, np.flatnonzero(np.diff(outside[order])) + 1):
        tolerance = HELD if outside[run[0]] else TOLERANCE
        found[run] = _interpolated(points[run], place[run], damping, tolerance)
    return found


def _along_line(points: Floats) -> Floats | None:
    """Return positions from 0 to 1 along the line through the points, None if there is none."""
    if len(points) <= FIRST + 1:
        return None
    start, end = points[0], points[-1]
    length = np.linalg.norm(end - start)
    place = (points - start) @ (end - start) / length**2
    off = np.linalg.norm(points - start - place[:, None] * (end - start), axis=1)
    return None if off.max() > ON_LINE * length else np.asarray(place)


def _interpolated(points: Floats, place: Floats, damping: float, tolerance: float) -> Floats:
    """Return ln(λ1/D) of points in order along a line; all are held, or none."""

    def log_capacities(t: Floats) -> Floats:
        at = held(points[0] + t[:, None] * (points[-1] - points[0]))
        return np.array([_solve(tuple(point), damping) for point in at]) + _log_sharing(at)

    intervals, wanted = FIRST, (place - place[0]) / (place[-1] - place[0] or 1.0)
    t = _chebyshev(intervals)
    if len(points) <= len(t):
        return np.asarray(log_capacities(wanted) - _log_sharing(held(points)))
    values = log_capacities(t)
    while intervals < MAX_INTERVALS:
        coarser, finer = BarycentricInterpolator(t, values), _chebyshev(2 * intervals)
        new = log_capacities(finer[1::2])
        error = np.max(np.abs(coarser(finer[1::2]) - new))
        both = np.empty(len(finer))
        both[::2], both[1::2] = values, new
        intervals, t, values = 2 * intervals, finer, both
        # The finer polynomial errs by far less than the coarser, whose error is known.
        if error < tolerance:
            found = BarycentricInterpolator(t, values)(wanted)
            return np.asarray(found - _log_sharing(held(points)))
    # Where a held line crosses the axis its end has a cusp, which no polynomial follows.
    return np.asarray(log_capacities(wanted) - _log_sharing(held(points)))


def _log_sharing(points: Floats) -> Floats:
    """Return ln(Z_up Z_down/(Z_up + Z_down))."""
    spin, x, y, z = macrospin_of(ReducedEnergy(*points.T))
    up, down = log_weights(spin, z, x, y)
    return np.asarray(up + down - np.logaddexp(up, down))


def _chebyshev(intervals: int) -> Floats:
    return np.asarray((1 - np.cos(np.pi * np.arange(intervals + 1) / intervals)) / 2)


def held(points: Floats) -> Floats:
    """Energies, shape (n, 8), with the field along the axis held where a well is about to go.

    Where an easy plane, or a field across the easy axis, leaves no two wells at any field along it,
    nothing is held.
    """
    energy = ReducedEnergy(*points.T)
    along = energy.along

    def both_exist(h: Floats) -> NDArray[np.bool_]:
        wells = find_wells(*macrospin_of(energy._replace(along=h)))
        return wells.up_exists & wells.down_exists

    low = np.zeros(len(points))
    divided = both_exist(low - 1e-9 * np.abs(energy.first))
    high = np.abs(along) + np.abs(points[:, 3:]).sum(axis=1)
    sign = np.where(along < 0, -1.0, 1.0)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        still = both_exist(sign * middle)
        low, high = np.where(still, middle, low), np.where(still, high, middle)
    found = points.copy()
    found[:, 0] = np.where(divided, sign * np.minimum(np.abs(along), EDGE * low), along)
    return found


@functools.lru_cache(maxsize=4096)
def _solve(point: tuple[float, ...], damping: float) -> float:
    return log_two_state_rate(ReducedEnergy(*point), damping, SOLVED)
