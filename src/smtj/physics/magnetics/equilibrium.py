"""Occupancy of the two states by exact Boltzmann integration of the macrospin energy.

Beside Eq. 3-5 this is the second route to the sigmoid: the occupancy depends only on the
*difference* of the two wells' free energies, so its slope hardly depends on the barrier.

The number of quadrature nodes follows the largest energy among the arguments: up to about
130 k_B T it is 96 · 64 per state, about a millisecond and a megabyte per value, with an error of
ln Z below 1e-11.
"""

import functools
import math
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import device

from smtj.physics.arrays import Array, as_arrays, logistic
from smtj.physics.constants import BOLTZMANN, VACUUM_PERMEABILITY
from smtj.physics.magnetics.direction import offset_field
from smtj.physics.magnetics.frame import along, frame
from smtj.physics.magnetics.macrospin import Macrospin

POLAR_NODES = 96
AZIMUTHAL_NODES = 64
NODES_PER_ROOT = 6
"""Nodes per square root of the largest reduced energy, if that exceeds the above."""


class ReducedEnergy(NamedTuple):
    """A macrospin's energy over k_B T, seen from its easy axis n; dimensionless.

    U = -[h_n c + h_e a + h_y b + ½ k_1 c² - ¼ k_2 c⁴ - ½ k_s b² - ¼ k_a a⁴ - ¼ k_b b⁴], with
    m = a A + b B + c C in the axes A, B and C of :func:`smtj.physics.magnetics.frame.frame`.  Where
    the states lie along n these are e = y × n, y and n itself.  H_K2 acts along n, so that one of
    k_2, k_a and k_b at most is not 0.
    """

    along: Array
    """h_n, the field along the easy axis."""
    across: Array
    """h_e, the field across it in the easier direction, H_in included."""
    sideways: Array
    """h_y, the field in the hardest direction."""
    first: Array
    """k_1, of the field that holds the magnetisation along the easy axis."""
    second: Array
    """k_2, of H_K2 where n is the easy axis."""
    shape: Array
    """k_s, of the field by which b is harder than a."""
    second_across: Array = 0.0
    """k_a, of H_K2 where n lies along a."""
    second_hard: Array = 0.0
    """k_b, of H_K2 where n lies along b."""

    def __call__(self, a: Array, b: Array, c: Array) -> Array:
        """U at directions of components a, b and c."""
        return -self.even(a, b, c) - self.sideways * b

    def even(self, a: Array, b: Array, c: Array) -> Array:
        """The part of -U that does not change under b → -b."""
        # Squares of squares, as NumPy's fourth powers are four times as slow.
        aa, bb, cc = a**2, b**2, c**2
        return (
            self.along * c
            + self.across * a
            + self.first * cc / 2
            - self.second * cc**2 / 4
            - self.shape * bb / 2
            - self.second_across * aa**2 / 4
            - self.second_hard * bb**2 / 4
        )


class BoltzmannAverages(NamedTuple):
    """Boltzmann averages over the sphere."""

    probability_up: Array
    """Occupancy of the half of the sphere around the easy axis."""
    mean: Array
    """⟨m⟩, shape (..., 3): x, y and z."""
    mean_square_z: Array
    """⟨m_z²⟩."""


def reduced_energy(
    spin: Macrospin, field_x: Array, field_y: Array, field_z: Array
) -> ReducedEnergy:
    """U = E/(k_B T) of e = -μ0 M_s [H·m + ½ H_K1 (m·n)² - ¼ H_K2 (m·n)⁴ - ½ H_shape m_y²].

    Eq. 7 follows from it.

    Parameters
    ----------
    spin
        The macrospin.
    field_x, field_y, field_z
        Applied field in A/m, without the spin's in-plane bias field; all broadcast together.

    """
    xp, values = as_arrays(field_x, field_y, field_z, *spin)
    x, y, z, *entries = xp.broadcast_arrays(*values)
    own = Macrospin(*entries)
    axes = frame(own)
    scale = VACUUM_PERMEABILITY * own.moment / (BOLTZMANN * own.temperature)
    x = x + own.in_plane_bias_field
    return ReducedEnergy(
        along=scale * along(axes.easy, x, y, z),
        across=scale * along(axes.across, x, y, z),
        sideways=scale * along(axes.hard, x, y, z),
        first=scale * axes.first,
        second=scale * axes.second,
        shape=scale * axes.shape,
        second_across=scale * axes.second_across,
        second_hard=scale * axes.second_hard,
    )


def macrospin_of(energy: ReducedEnergy) -> tuple[Macrospin, Array, Array, Array]:
    """A macrospin, without H_in, and its field along x, y and z that have a reduced energy.

    Its axes are upright or, where H_K2 acts across the easy axis, in the plane.  The energy, of
    numbers or NumPy arrays, is also that in units of a field, so moment and T make one of 1 A/m
    k_B T.
    """
    h_c, h_a, h_b, first, second, shape, fourth_a, fourth_b = np.broadcast_arrays(*energy)
    over_a, over_b = fourth_a != 0, fourth_b != 0
    flat = over_a | over_b
    spin = Macrospin(
        moment=BOLTZMANN / VACUUM_PERMEABILITY,
        anisotropy_field=np.where(over_b, -first - shape, np.where(over_a, -first, first)),
        second_order_field=second + fourth_a + fourth_b,
        in_plane_anisotropy_field=np.where(over_b, first, np.where(over_a, first + shape, shape)),
        in_plane_bias_field=0.0,
        easy_axis_tilt=0.0,
        temperature=1.0,
        states_in_plane=np.where(flat, 1.0, 0.0),
    )
    # The axes a, b and c are y, z and x there, or -z, y and x.
    return (
        spin,
        np.where(flat, h_c, h_a),
        np.where(over_b, h_a, h_b),
        np.where(over_b, h_b, np.where(over_a, -h_a, h_c)),
    )


def log_weights(
    spin: Macrospin, field_z: Array, field_x: Array = 0.0, field_y: Array = 0.0
) -> tuple[Array, Array]:
    """ln Z_up and ln Z_down; the states are the halves of the sphere around and opposite the axis.

    Their difference is ln(P/(1 - P)) of the up state.

    Parameters
    ----------
    spin
        The macrospin.
    field_z, field_x, field_y
        Applied field in A/m, without the spin's in-plane bias field.

    """
    up, down = _halves(spin, field_x, field_y, field_z)
    return up.log_weight, down.log_weight


def log_odds_slope(
    spin: Macrospin, field_z: Array, field_x: Array = 0.0, field_y: Array = 0.0
) -> Array:
    """d ln(P/(1 - P))/dH in 1/(A/m) of a field along the normal, exactly.

    It is (μ0 M_s V*/k_B T) (⟨m_z⟩_up - ⟨m_z⟩_down); where the states lie in the plane the field is
    one along x and m_x takes the place of m_z.  For a deep barrier along the field's direction it
    tends to 2 μ0 M_s V*/(k_B T).  Arguments as in :func:`log_weights`.
    """
    up, down = _halves(spin, field_x, field_y, field_z)
    scale = VACUUM_PERMEABILITY * spin.moment / (BOLTZMANN * spin.temperature)
    xp, (turned, in_plane, normal) = as_arrays(
        spin.states_in_plane, up.mean(0) - down.mean(0), up.mean(2) - down.mean(2)
    )
    return scale * xp.where(turned > 0.5, in_plane, normal)


def state_means(
    spin: Macrospin, field_x: Array, field_y: Array, field_z: Array
) -> tuple[Array, Array]:
    """⟨m⟩ of the up and of the down state, the halves of the sphere; shape (..., 3).

    Arguments as in :func:`reduced_energy`.
    """
    halves = _halves(spin, field_x, field_y, field_z)
    up, down = ([half.mean(number) for number in range(3)] for half in halves)
    xp, _ = as_arrays(up[0])
    return xp.stack(up, axis=-1), xp.stack(down, axis=-1)


def sigmoid_of_equilibrium(spin: Macrospin) -> tuple[Array, Array]:
    """Slope w in 1/(A/m) and offset H_s in A/m of the exact P at its midpoint.

    The field is along the normal, or along x where the states lie in the plane.  The midpoint is
    exactly :func:`smtj.physics.magnetics.direction.offset_field`: there the total field lies across
    the easy axis, so the energy does not change under c → -c, which swaps the states.
    """
    midpoint = offset_field(spin.in_plane_bias_field, spin.easy_axis_tilt, spin.states_in_plane)
    xp, (turned, middle) = as_arrays(spin.states_in_plane, midpoint)
    in_plane = xp.where(turned > 0.5, middle, xp.zeros_like(middle))
    return log_odds_slope(spin, middle - in_plane, in_plane), midpoint


def boltzmann_averages(
    spin: Macrospin, field_x: Array, field_y: Array, field_z: Array
) -> BoltzmannAverages:
    """Boltzmann averages over the whole sphere; arguments as in :func:`reduced_energy`."""
    up, down = _halves(spin, field_x, field_y, field_z)
    occupancy = logistic(up.log_weight - down.log_weight)
    xp, _ = as_arrays(occupancy)

    def over_both(of_up: Array, of_down: Array) -> Array:
        return occupancy * of_up + (1 - occupancy) * of_down

    mean = [over_both(up.mean(number), down.mean(number)) for number in range(3)]
    square = over_both(up.mean_square(2), down.mean_square(2))
    return BoltzmannAverages(occupancy, xp.stack(mean, axis=-1), square)


class _Half(NamedTuple):
    """Half a sphere: nodes at b ≥ 0 that also represent their mirror images."""

    log_weight: Array
    weight: Array
    """Weight of each node with its mirror image; the sum is one."""
    a: Array
    b: Array
    c: Array
    imbalance: Array
    """(p - p')/(p + p') of a node and its mirror image."""
    axes: tuple[tuple[Array, ...], ...]
    """x, y and z of the directions of a, b and c, shaped like the nodes."""

    def _average(self, quantity: Array) -> Array:
        """Average of a quantity that is even in b."""
        return (self.weight * quantity).sum(axis=(-2, -1))

    def _parts(self, number: int) -> tuple[Array, Array]:
        """The part of m_x, m_y or m_z that is even in b, and the odd one."""
        across, hard, easy = (axis[number] for axis in self.axes)
        return self.a * across + self.c * easy, self.b * hard

    def mean(self, number: int) -> Array:
        """⟨m_x⟩, ⟨m_y⟩ or ⟨m_z⟩."""
        even, odd = self._parts(number)
        return self._average(even + self.imbalance * odd)

    def mean_square(self, number: int) -> Array:
        """⟨m_x²⟩, ⟨m_y²⟩ or ⟨m_z²⟩."""
        even, odd = self._parts(number)
        return self._average(even**2 + 2 * self.imbalance * even * odd + odd**2)


def _halves(spin: Macrospin, field_x: Array, field_y: Array, field_z: Array) -> tuple[_Half, _Half]:
    """Return the half sphere around the easy axis and the opposite one."""
    energy = reduced_energy(spin, field_x, field_y, field_z)
    xp, entries = as_arrays(*energy)
    at_nodes = ReducedEnergy(*(entry[..., None, None] for entry in entries))
    axes = frame(spin)
    across, hard, easy = (
        tuple(part[..., None, None] for part in as_arrays(entries[0], *axis)[1][1:])
        for axis in (axes.across, axes.hard, axes.easy)
    )
    u, b, a, weights = _nodes(xp, at_nodes)
    odd = at_nodes.sideways * b
    size = xp.abs(odd)

    def half(c: Array) -> _Half:
        # e^{odd} + e^{-odd} with the larger of the two taken out.
        exponent = at_nodes.even(a, b, c) + size
        top = xp.max(exponent, axis=(-2, -1), keepdims=True)
        density = weights * xp.exp(exponent - top) * (1 + xp.exp(-2 * size)) / 2
        total = xp.sum(density, axis=(-2, -1), keepdims=True)
        return _Half(
            log_weight=(top + xp.log(total))[..., 0, 0],
            weight=density / total,
            a=a,
            b=b,
            c=c,
            imbalance=xp.tanh(odd),
            axes=(across, hard, easy),
        )

    return half(u), half(-u)


def _nodes(xp: Any, energy: ReducedEnergy) -> tuple[Array, Array, Array, Array]:
    """Return |c|, b, a and the quadrature weights on half a half sphere."""

    def convert(values: np.ndarray[Any, Any]) -> Array:
        return xp.asarray(values, dtype=energy.along.dtype, device=device(energy.along))

    # The width of the narrowest peak of e^{-U} goes with the square root of the energies.
    largest = sum(xp.abs(entry) for entry in energy)
    root = math.sqrt(xp.max(largest).item()) if math.prod(largest.shape) else 0.0
    more = NODES_PER_ROOT * math.ceil(root) if math.isfinite(root) else 0
    polar, azimuthal = max(POLAR_NODES, more), max(AZIMUTHAL_NODES, more)
    # Thanks to the mirror images half the circle suffices; equal weights converge exponentially.
    angle = (np.arange(azimuthal) + 0.5) * (math.pi / azimuthal)
    nodes, node_weights = _gauss(polar)
    u = (nodes[:, None] + 1) / 2
    radius = np.sqrt(1 - u**2)
    weights = node_weights[:, None] * (math.pi / azimuthal)
    return (
        convert(u),
        convert(radius * np.sin(angle)),
        convert(radius * np.cos(angle)),
        convert(weights),
    )


@functools.lru_cache(maxsize=64)
def _gauss(count: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    return np.polynomial.legendre.leggauss(count)
