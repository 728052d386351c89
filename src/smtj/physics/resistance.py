"""The resistance of a junction from the angle between its layers, its bias and its size.

The conductance is linear in the cosine of that angle: J. C. Slonczewski, Phys. Rev. B 39, 6995
(1989), doi:10.1103/PhysRevB.39.6995.  Only the antiparallel conductance changes with bias, through
the TMR.
"""

import numpy as np
from numpy.typing import ArrayLike

from smtj.physics.arrays import Array
from smtj.typing import Floats

ITERATIONS = 100
"""Steps of the search for a voltage; five are usual, and 60 would do without Newton's help."""


def parallel_resistance(resistance_area_product: Array, area: Array) -> Array:
    """R_P = RA/A in ohm, from ohm m² and m²."""
    return resistance_area_product / area


def tmr_at_bias(tmr: Array, voltage: Array, half_voltage: float | None) -> Array:
    """TMR(V) = TMR(0)/(1 + (V/V_half)²), of either sign of V in V; constant if V_half is None."""
    if half_voltage is None:
        return tmr
    return tmr / (1 + (voltage / half_voltage) ** 2)


def conductance(parallel_conductance: Array, tmr: Array, cosine: Array) -> Array:
    """G = (G_P + G_AP)/2 + (G_P - G_AP)/2 cos θ in S, with G_AP = G_P/(1 + TMR).

    G_P in S, the TMR at the bias in question, and the cosine of the angle between the layers.
    """
    antiparallel = parallel_conductance / (1 + tmr)
    return (
        parallel_conductance + antiparallel + (parallel_conductance - antiparallel) * cosine
    ) / 2


def resistance_at_bias(
    parallel_resistance: Array,
    tmr: Array,
    cosine: Array,
    voltage: Array,
    half_voltage: float | None = None,
) -> Array:
    """V/I in ohm at a voltage.

    Parameters
    ----------
    parallel_resistance, tmr
        R_P in ohm and the TMR at zero bias.
    cosine
        cos θ of the angle between free and reference layer.
    voltage, half_voltage
        V and V_half in V, as in :func:`tmr_at_bias`.

    Examples
    --------
    >>> resistance_at_bias(1000.0, 0.8, -1.0, 0.5, half_voltage=0.5)
    1400.0
    """
    return 1 / conductance(1 / parallel_resistance, tmr_at_bias(tmr, voltage, half_voltage), cosine)


def voltage_at_current(
    parallel_resistance: ArrayLike,
    tmr: ArrayLike,
    cosine: ArrayLike,
    current: ArrayLike,
    half_voltage: float | None = None,
) -> Floats:
    """The voltage in V that drives a current I in A of either sign, V G(V) = I, to 1e-12.

    V G(V) rises with V, so there is one solution; Newton's method finds it between the voltages
    for R_P and for the zero-bias resistance.  Other arguments as in :func:`resistance_at_bias`;
    numbers or NumPy arrays.
    """
    given = (parallel_resistance, tmr, cosine, current)
    r_p, ratio, cos, i = np.broadcast_arrays(*(np.asarray(g, dtype=np.float64) for g in given))
    most = np.abs(i) * resistance_at_bias(r_p, ratio, cos, 0.0, half_voltage)
    if half_voltage is None:
        return np.asarray(np.copysign(most, i))
    low, high = np.abs(i) * r_p, most
    v = most
    for _ in range(ITERATIONS):
        g = 1 / resistance_at_bias(r_p, ratio, cos, v, half_voltage)
        missed = v * g - np.abs(i)
        low, high = np.where(missed < 0, v, low), np.where(missed < 0, high, v)
        newton = v - missed / (g + v * _conductance_slope(r_p, ratio, cos, v, half_voltage))
        new = np.where((newton >= low) & (newton <= high), newton, (low + high) / 2)
        settled = np.abs(new - v) <= 1e-14 * v
        v = new
        if settled.all():
            break
    return np.asarray(np.copysign(v, i))


def averaged_at_voltage(occupancy: Array, high: Array, low: Array) -> Array:
    """Resistance in ohm of a reading that averages the current at constant voltage.

    From the fraction of the integration time spent high, and both resistances in ohm.
    """
    return 1 / (occupancy / high + (1 - occupancy) / low)


def averaged_at_current(occupancy: Array, high: Array, low: Array) -> Array:
    """Resistance in ohm of a reading that averages the voltage; see :func:`averaged_at_voltage`."""
    return occupancy * high + (1 - occupancy) * low


def linear_in_occupancy(resistance: Floats, at_current: bool, middle: float) -> Floats:
    """Rescale readings so that they are linear in the occupancy of the high state.

    At constant current the voltage averages and with it R; at constant voltage the current, so
    1/R does, here as 2R0 - R0²/R, which near R0 is R.

    Parameters
    ----------
    resistance, middle
        Readings, and R0, in ohm.
    at_current
        Whether a current was held.
    """
    return resistance if at_current else 2 * middle - middle**2 / resistance


def _conductance_slope(
    parallel_resistance: Floats, tmr: Floats, cosine: Floats, voltage: Floats, half_voltage: float
) -> Floats:
    """Return dG/dV in S/V: G_AP = G_P/(1 + TMR) rises as the TMR falls."""
    scaled = voltage / half_voltage
    rise = 2 * scaled / half_voltage * tmr / (1 + scaled**2 + tmr) ** 2
    return np.asarray((1 - cosine) / 2 * rise / parallel_resistance)
