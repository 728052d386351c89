"""Slonczewski's conductance, and the voltage at constant current by two other routes."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from closeness import close_to
from smtj.physics.resistance import (
    averaged_at_current,
    averaged_at_voltage,
    conductance,
    parallel_resistance,
    resistance_at_bias,
    tmr_at_bias,
    voltage_at_current,
)

R_P, TMR, HALF = 1500.0, 1.2, 0.4


def test_resistance_goes_from_parallel_to_antiparallel():
    cosine = np.array([1.0, 0.0, -1.0])
    g_p, g_ap = 1 / R_P, 1 / (R_P * (1 + TMR))
    np.testing.assert_allclose(
        conductance(g_p, TMR, cosine), [g_p, (g_p + g_ap) / 2, g_ap], rtol=1e-14
    )
    np.testing.assert_allclose(
        resistance_at_bias(R_P, TMR, cosine, 0.0),
        [R_P, 2 / (g_p + g_ap), R_P * (1 + TMR)],
        rtol=1e-14,
    )


def test_tmr_halves_at_its_half_voltage_and_leaves_the_parallel_state_alone():
    voltage = np.array([-HALF, 0.0, HALF, 2 * HALF])
    np.testing.assert_allclose(tmr_at_bias(TMR, voltage, HALF), TMR / np.array([2, 1, 2, 5]))
    assert tmr_at_bias(TMR, 0.7, None) == TMR
    np.testing.assert_allclose(
        resistance_at_bias(R_P, TMR, -1.0, voltage, HALF), R_P * (1 + TMR / np.array([2, 1, 2, 5]))
    )
    np.testing.assert_allclose(resistance_at_bias(R_P, TMR, 1.0, voltage, HALF), R_P, rtol=1e-14)


def test_parallel_resistance_of_a_pillar():
    area = math.pi / 4 * 210e-9 * 60e-9
    assert parallel_resistance(10e-12, area) == close_to(1010.5, abs=0.1)


def test_voltage_at_constant_current_is_the_root_of_a_cubic():
    """v³ - j v² + (1 + T (1 - s)) v - j (1 + T) = 0 with j = I R_P/V_half, s = (1 - cos θ)/2."""
    current, cosine = np.meshgrid([1e-6, 1e-4, 5e-4, 3e-3], [-1.0, -0.4, 0.9])
    found = voltage_at_current(R_P, TMR, cosine, current, HALF)
    for v, i, c in zip(found.flat, current.flat, cosine.flat, strict=True):
        j, s = i * R_P / HALF, (1 - c) / 2
        roots = np.roots([1, -j, 1 + TMR * (1 - s), -j * (1 + TMR)])
        real = roots[np.abs(roots.imag) < 1e-9].real * HALF
        assert np.abs(real - v).min() < 1e-12 * v


@given(
    tmr=st.floats(0.01, 10),
    cosine=st.floats(-1, 1),
    half=st.floats(0.05, 2),
    current=st.floats(1e-9, 5e-3),
)
def test_voltage_at_constant_current_drives_that_current(tmr, cosine, half, current):
    found = float(voltage_at_current(R_P, tmr, cosine, current, half))
    assert found / resistance_at_bias(R_P, tmr, cosine, found, half) == close_to(current, rel=1e-12)
    expected = brentq(
        lambda v: v / resistance_at_bias(R_P, tmr, cosine, v, half) - current,
        0,
        1.1 * current * R_P * (1 + tmr),
        xtol=1e-300,
        rtol=1e-14,
    )
    assert found == close_to(expected, rel=1e-12)
    assert voltage_at_current(R_P, tmr, cosine, -current, half) == -found


def test_a_constant_current_sees_the_tmr_of_its_own_voltage():
    cosine = np.array([[-1.0], [0.3]])
    current = np.array([-2e-4, 1e-5, 2e-4])
    found = voltage_at_current(R_P, TMR, cosine, current, HALF) / current
    assert found.shape == (2, 3)
    np.testing.assert_allclose(found[:, 0], found[:, 2], rtol=1e-14)
    assert (found[:, 2] < found[:, 1]).all()
    constant = voltage_at_current(R_P, TMR, cosine, current) / current
    np.testing.assert_allclose(constant, resistance_at_bias(R_P, TMR, cosine + 0 * current, 0.0))
    assert (voltage_at_current(R_P, TMR, cosine, 0.0, HALF) == 0).all()


def test_a_reading_averages_current_or_voltage():
    high, low, occupancy = 2000.0, 1000.0, np.array([0.0, 0.25, 1.0])
    high_now = np.arange(1000) / 1000 < occupancy[:, None]
    volts = np.where(high_now, high, low) * 1e-5
    np.testing.assert_allclose(
        averaged_at_current(occupancy, high, low), volts.mean(axis=1) / 1e-5, rtol=1e-12
    )
    amperes = 1e-3 / np.where(high_now, high, low)
    np.testing.assert_allclose(
        averaged_at_voltage(occupancy, high, low), 1e-3 / amperes.mean(axis=1), rtol=1e-12
    )
