"""The noise of a read, and its bit error rate.

A read applies a voltage V, averages the current over a time t, and compares the average with a
threshold.  Johnson and shot noise of a tunnel junction are one noise,

    S_I = 2eI coth(eV/2k_BT),

which is 4k_BT/R at no voltage and 2eI at a large one; adding the two would count it twice
(D. Rogovin and D. J. Scalapino, Ann. Phys. 86, 1 (1974), doi:10.1016/0003-4916(74)90430-8).
All densities are one-sided and white; :mod:`smtj.physics.readout.flicker` adds 1/f noise.
"""

import math
from typing import NamedTuple

import array_api_compat

from smtj.physics.arrays import Array, as_arrays, namespace
from smtj.physics.constants import BOLTZMANN, ELEMENTARY_CHARGE

_SMALL = 1e-3
"""|x| below which x coth x is 1 + x²/3 to the last digit."""


class Amplifier(NamedTuple):
    """White input noise of an amplifier, one-sided."""

    voltage_noise: Array
    """e_n in V/√Hz."""
    current_noise: Array
    """i_n in A/√Hz."""


def junction_noise(voltage: Array, resistance: Array, temperature: Array) -> Array:
    """S_I = 2eI coth(eV/2k_BT) with I = V/R, in A²/Hz; even in V and smooth at V = 0.

    V in V, R = V/I at that voltage in ohm, T in K; they broadcast.

    Examples
    --------
    >>> float(junction_noise(0.0, 1000.0, 300.0))  # 4 k_B T/R
    1.657e-23
    """
    xp, (v, r, t) = as_arrays(voltage, resistance, temperature)
    x = ELEMENTARY_CHARGE * v / (2 * BOLTZMANN * t)
    small = xp.abs(x) < _SMALL
    # The unused branch must not divide by zero, or its gradient would be NaN.
    safe = xp.where(small, xp.ones_like(x), x)
    return 4 * BOLTZMANN * t / r * xp.where(small, 1 + x**2 / 3, safe / xp.tanh(safe))


def amplifier_noise(amplifier: Amplifier, conductance: Array) -> Array:
    """i_n² + (e_n G)² in A²/Hz, of independent noises and the junction's conductance G in S."""
    return amplifier.current_noise**2 + (amplifier.voltage_noise * conductance) ** 2


def current_deviation(density: Array, time: Array) -> Array:
    """Standard deviation √(S/(2t)) in A of a current averaged over t in s, S in A²/Hz.

    Averaging over t has the noise bandwidth 1/(2t).
    """
    xp, (s, t) = as_arrays(density, time)
    return xp.sqrt(s / (2 * t))


def threshold(
    current_high: Array, current_low: Array, density_high: Array, density_low: Array
) -> Array:
    """The threshold current in A with equal error rates in both states.

    It divides the interval between both mean currents, in A, in the ratio of their deviations;
    the noise in A²/Hz includes the amplifier's.  With equal error rates, bit errors act as another
    probability (:func:`probability_with_bit_errors`).
    """
    xp, (high, low, s_high, s_low) = as_arrays(current_high, current_low, density_high, density_low)
    root_high, root_low = xp.sqrt(s_high), xp.sqrt(s_low)
    return (high * root_low + low * root_high) / (root_high + root_low)


def quality(difference: Array, density_high: Array, density_low: Array, time: Array) -> Array:
    """Q = |ΔI|/(σ_high + σ_low), from ΔI in A, the noise in A²/Hz, and a time in s."""
    xp, (delta,) = as_arrays(difference)
    deviations = current_deviation(density_high, time) + current_deviation(density_low, time)
    return xp.abs(delta) / deviations


def bit_error_rate(
    difference: Array, density_high: Array, density_low: Array, time: Array
) -> Array:
    """Bit error rate ½ erfc(Q/√2), equal in both states at the :func:`threshold`.

    The state is assumed not to switch during the read.  Arguments as in :func:`quality`; ½ if the
    currents are equal.
    """
    return _normal_tail(quality(difference, density_high, density_low, time))


def read_time(
    difference: Array, density_high: Array, density_low: Array, error_rate: Array
) -> Array:
    """Read time in s that gives an error rate between 0 and ½; infinite for equal currents.

    The inverse of :func:`bit_error_rate`; other arguments as there.
    """
    xp, (delta, s_high, s_low, rate) = as_arrays(difference, density_high, density_low, error_rate)
    wanted = -_normal_quantile(rate)
    noise = (xp.sqrt(s_high) + xp.sqrt(s_low)) ** 2
    signal = xp.where(delta == 0, xp.full_like(delta, math.nan), delta) ** 2
    return xp.where(
        delta == 0, xp.full_like(noise * wanted, math.inf), wanted**2 * noise / (2 * signal)
    )


def probability_with_bit_errors(probability: Array, error_rate: Array) -> Array:
    """P' = ε + (1 - 2ε) P: the probability that a read is high, at an error rate ε."""
    return error_rate + (1 - 2 * error_rate) * probability


def _normal_tail(x: Array) -> Array:
    """Probability of a normal number above x standard deviations, ½ erfc(x/√2)."""
    if array_api_compat.is_torch_array(x):
        return namespace(x).special.ndtr(-x)
    from scipy.special import ndtr

    return ndtr(-x)


def _normal_quantile(probability: Array) -> Array:
    """Quantile of the standard normal distribution."""
    if array_api_compat.is_torch_array(probability):
        return namespace(probability).special.ndtri(probability)
    from scipy.special import ndtri

    return ndtri(probability)
