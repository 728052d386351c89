"""The rate of two states at any barrier: λ1 above, the correlation of the occupancy below.

Behind a barrier the occupancy relaxes by the slowest mode alone, at λ1.  Without one it follows no
single mode: with little damping the slowest is that of the energy in an easy plane, up to twelve
times as slow as the occupancy, and no λ1 is found where both are alike.  There the rate is 1 over
the integral of the correlation of the occupancy of the halves of the sphere.

Neither will do for all: a field moves the top of the barrier away from the line between the halves,
whose correlation then counts what only looks over it, a factor of two at half of H_k.  So the
logarithms of both are weighed by the barrier that is left without a field along the axis, on which
neither the direction of a sweep nor a torque along the axis has a say.
"""

import numpy as np

from smtj.physics.escape.axial import log_axial_rate_of_halves, log_axial_relaxation_rate
from smtj.physics.escape.relaxation import log_rate_on_sphere
from smtj.physics.escape.ridge import barrier_without_bias
from smtj.physics.magnetics.equilibrium import ReducedEnergy
from smtj.typing import Floats

SOFT, FIRM = 1.0, 3.0
"""Barriers in k_B T up to which the correlation counts alone, and from which λ1 does."""


def log_two_state_rate(energy: ReducedEnergy, damping: float, tolerance: float) -> float:
    """ln of the rate over D of one energy without symmetry.

    Tolerance and errors as in :func:`smtj.physics.escape.relaxation.log_rate_on_sphere`.

    Examples
    --------
    >>> disc = ReducedEnergy(0.0, 0.0, 0.0, 0.0, 0.0, 40.0)  # an easy plane alone
    >>> nearly = disc._replace(first=0.2)  # a barrier of 0.1 k_B T within it
    >>> change = log_two_state_rate(nearly, 0.05, 1e-4) - log_two_state_rate(disc, 0.05, 1e-4)
    >>> -0.2 < change < 0
    True
    """
    return log_rate_on_sphere(energy, damping, tolerance, weight_of_slow_mode(energy))


def log_axial_two_state_rates(energy: ReducedEnergy) -> Floats:
    """ln of the rate over D of energies that are symmetric about the easy axis, shape (n,)."""
    found = log_axial_relaxation_rate(energy)
    weight = _weight(np.asarray(_axial_barrier(energy), dtype=np.float64))
    low = weight < 1
    if np.any(low):
        few = ReducedEnergy(*(np.broadcast_to(entry, found.shape)[low] for entry in energy))
        w = weight[low]
        found[low] = w * found[low] + (1 - w) * log_axial_rate_of_halves(few)
    return found


def weight_of_slow_mode(energy: ReducedEnergy) -> float:
    """Weight of ln λ1, from 0 to 1; that of the correlation is the rest."""
    return float(_weight(np.asarray(barrier_without_bias(energy))))


def _axial_barrier(energy: ReducedEnergy) -> Floats:
    """The same with symmetry about the axis, where the ring has no energy."""
    first, second = (np.asarray(entry, dtype=np.float64) for entry in (energy.first, energy.second))
    inside = np.where((second > first) & (first > 0), first / np.maximum(second, 1e-300), 1.0)
    return np.asarray(np.maximum(0.0, first * inside / 2 - second * inside**2 / 4))


def _weight(barrier: Floats) -> Floats:
    """Rises from 0 to 1 with two smooth derivatives, as what is interpolated must be smooth."""
    x = np.clip((barrier - SOFT) / (FIRM - SOFT), 0.0, 1.0)
    return np.asarray(x**3 * (10 - 15 * x + 6 * x**2))
