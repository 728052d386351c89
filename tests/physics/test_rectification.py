"""The rectified voltage against the nonlinear equation of motion, and a card's spectra."""

import math

import numpy as np
import pytest
from scipy import constants
from scipy.integrate import solve_ivp

from closeness import close_to
from smtj import load_card
from smtj.physics.constants import GYROMAGNETIC_RATIO, VACUUM_PERMEABILITY
from smtj.physics.magnetics.macrospin import Macrospin
from smtj.physics.magnetics.wells import find_wells
from smtj.physics.resistance import resistance_at_bias
from smtj.physics.resonance.frequency import stiffness
from smtj.physics.resonance.line_shapes import driven_oscillator, lorentzian, lorentzian_derivative
from smtj.physics.resonance.rectification import driven_lines
from smtj.physics.resonance.spectrum import signal, well_lines
from smtj.physics.torque.fields import (
    TorqueFields,
    damping_like_field_per_volt,
    torque_fields,
)
from smtj.units import Oe

TESLA = 1 / VACUUM_PERMEABILITY
REFERENCE = np.array([-0.8, 0.36, 0.48])
CARD = load_card("cai2019")


def in_phase(spin, field, alpha, torques, frequency, drive):
    """Return 2⟨p·δm cos ωt⟩ per volt of a driven macrospin once it moves steadily."""
    axis = np.array([math.sin(spin.easy_axis_tilt), 0.0, math.cos(spin.easy_axis_tilt)])
    omega = 2 * math.pi * frequency
    rate = -GYROMAGNETIC_RATIO * VACUUM_PERMEABILITY / (1 + alpha**2)

    def slope(t, m):
        v = drive * math.cos(omega * t)
        along = m @ axis
        first = spin.anisotropy_field - torques.vcma * v
        h = field + np.array([spin.in_plane_bias_field, 0, 0]) + torques.field_like * v * REFERENCE
        h = h + (first * along - spin.second_order_field * along**3) * axis
        h = h - np.array([0, spin.in_plane_anisotropy_field * m[1], 0])
        # The damping-like torque is -m × (m × p) h_DL, so a field m × p h_DL does it.
        h = h + torques.damping_like * v * np.cross(m, REFERENCE)
        torque = np.cross(m, h)
        return rate * (torque + alpha * np.cross(m, torque))

    periods, steps, settle = 3, 32, 36
    times = np.arange(settle * steps, (settle + periods) * steps) / (steps * frequency)
    start = find_wells(spin, *field).global_minimum
    step = 1 / (8 * frequency)
    run = solve_ivp(
        slope,
        (0, times[-1]),
        start,
        method="DOP853",
        t_eval=times,
        rtol=1e-7,
        atol=1e-10,
        max_step=step,
    )
    return 2 * np.mean(REFERENCE @ run.y * np.cos(omega * times)) / drive


@pytest.mark.slow
@pytest.mark.parametrize("torque", range(3))
@pytest.mark.parametrize("detuning", [-0.6, 0.0, 1.5])
def test_lines_are_those_of_the_nonlinear_equation(torque, detuning):
    """Each torque alone, below, at and above resonance, with every anisotropy there is."""
    alpha = 0.05
    spin = Macrospin(1.0, 0.05 * TESLA, 0.01 * TESLA, 0.02 * TESLA, 0.009 * TESLA, 0.2, 300.0)
    field = np.array([0.02, 0.006, -0.01]) * TESLA
    per_volt = [0.0, 0.0, 0.0]
    per_volt[torque] = 0.05 * TESLA
    fields = TorqueFields(*per_volt)
    m = find_wells(spin, *field).global_minimum
    lines = driven_lines(spin, m, stiffness(spin, m, *field), REFERENCE, alpha, fields)
    f = float(lines.position + detuning * lines.half_width)
    shape = driven_oscillator(f, lines.position, lines.half_width)
    expected = float(shape[0] * lines.symmetric[torque] + shape[1] * lines.antisymmetric[torque])
    others = [i for i in range(3) if i != torque]
    assert np.all(lines.symmetric[others] == 0)
    height = math.hypot(lines.symmetric[torque], lines.antisymmetric[torque])
    assert in_phase(spin, field, alpha, fields, f, 1e-3) == close_to(expected, abs=4e-3 * height)


def test_a_dc_voltage_narrows_or_broadens_the_line():
    """By its damping-like torque: Γ changes by 2 h_DL V (m·p), and with the sign of V."""
    spin = Macrospin(1.0, 0.05 * TESLA, 0.0, 0.0, 0.009 * TESLA, 0.0, 300.0)
    m = find_wells(spin, 0.0, 0.0, 0.0).up
    tangents = stiffness(spin, m, 0.0, 0.0, 0.0)
    fields = TorqueFields(0.0, 0.0, 0.002 * TESLA)
    widths = [
        float(driven_lines(spin, m, tangents, REFERENCE, 0.02, fields, v).half_width)
        for v in (-0.1, 0.0, 0.1)
    ]
    change = 28.0249514e9 * 0.002 * 0.1 * float(m @ REFERENCE) / (1 + 0.02**2)
    assert widths[2] - widths[1] == close_to(change, rel=1e-6)
    assert widths[1] - widths[0] == close_to(change, rel=1e-6)


def test_line_shapes():
    """Heights, the limit of a narrow line, and derivatives as differences."""
    x = np.linspace(0.8, 1.2, 401)
    s, a = lorentzian(x, 1.0, 0.01)
    assert s.max() == close_to(1)
    assert np.ptp(a) == close_to(1)
    for narrow, exact in zip(
        lorentzian(x, 1.0, 1e-4), driven_oscillator(x, 1.0, 1e-4), strict=True
    ):
        np.testing.assert_allclose(exact, narrow, rtol=0.2, atol=2e-6)
    step = 1e-7
    up, down = (lorentzian(x + sign * step, 1.0, 0.01) for sign in (1, -1))
    for found, more, less in zip(lorentzian_derivative(x, 1.0, 0.01), up, down, strict=True):
        np.testing.assert_allclose(found, (more - less) * 0.01 / (2 * step), atol=1e-6)


def test_the_sum_of_both_wells_is_weighted_by_the_time_in_them():
    """Two lines near 1.56 and 1.58 GHz at -110 Oe; one beyond the coercive field."""
    both = well_lines(CARD, -110 * Oe, 0.0, 0.0)
    np.testing.assert_allclose(both.position, [1.558e9, 1.578e9], rtol=1e-3)
    assert 0.3 < both.occupancy[0] < 0.4
    one = well_lines(CARD, -600 * Oe, 0.0, 0.0)
    assert one.occupancy[0] == 0
    # A warmer layer is softer, and its lines lie lower.
    softer = CARD.replace({"thermal.curie_temperature": 1000})
    warm = well_lines(softer, -110 * Oe, 0.0, 0.0, temperature=350.0)
    assert (warm.position < 0.97 * both.position).all()
    f = np.linspace(1e9, 2e9, 200)
    alone = [
        (both._replace(occupancy=np.array(occupancy)), weight)
        for occupancy, weight in (([1.0, 0.0], both.occupancy[0]), ([0.0, 1.0], both.occupancy[1]))
    ]
    expected = sum(weight * signal(lines, f) for lines, weight in alone)
    np.testing.assert_allclose(signal(both, f), expected, rtol=1e-12)


def test_the_rectified_voltage_is_half_the_product_of_current_and_resistance_oscillation():
    """From the resistance at a displaced magnetisation, not from the formula's own derivative."""
    card = CARD.replace({"magnetism.in_plane_bias_field": 0.0, "magnetism.easy_axis_tilt": 0.0})
    drive, voltage = 0.02, 0.1
    found = well_lines(card, 300 * Oe, 0.0, 0.0, voltage, drive)
    spin = Macrospin(1.0, (0.056 - 0.034 * voltage) * TESLA, 0.0, 0.0, 0.0, 0.0, 300.0)
    m = find_wells(spin, 300 * Oe, 0.0, 0.0).up
    lines = driven_lines(
        spin,
        m,
        stiffness(spin, m, 300 * Oe, 0.0, 0.0),
        np.array([-1.0, 0.0, 0.0]),
        0.02,
        torque_fields(card),
    )
    r_p, half = 1000.0, 0.5
    swing = 1e-6
    r = [resistance_at_bias(r_p, 0.8, -m[0] + sign * swing, voltage, half) for sign in (-1, 0, 1)]
    per_cosine = (r[2] - r[0]) / (2 * swing)
    expected = drive / r[1] * per_cosine * lines.antisymmetric[0] * drive / 2
    assert found.antisymmetric[0, 0] == close_to(expected, rel=2e-4)


def test_torques_of_a_card():
    """34 mT/V always; spin torque as given, from the polarisation, or none."""
    assert torque_fields(CARD)[1:] == (0.0, 0.0)
    assert torque_fields(CARD).vcma / TESLA == close_to(0.034, rel=2e-3)
    given = CARD.replace(
        {
            "spin_torque.polarisation": 0.6,
            "spin_torque.damping_like_field_per_volt": 0.01 * TESLA,
            "spin_torque.field_like_field_per_volt": 0.003 * TESLA,
        }
    )
    assert torque_fields(given)[1:] == close_to((0.003 * TESLA, 0.01 * TESLA))
    derived = CARD.replace({"spin_torque.polarisation": 0.6})
    area = math.pi / 4 * 210e-9 * 60e-9
    assert torque_fields(derived).damping_like / TESLA == close_to(7.675e-3, rel=1e-4)
    same = damping_like_field_per_volt(0.6, 1000 * area, 1.18e6, 1.62e-9)
    assert torque_fields(derived).damping_like == close_to(float(same), rel=1e-12)
    assert damping_like_field_per_volt(0.0, 1e-11, 1e6, 1e-9) == 0


@pytest.mark.parametrize("polarisation", [0.2, 0.6, 0.95])
@pytest.mark.parametrize("angle", [0.3, 1.6, 2.9])
def test_the_torque_per_volt_balances_the_spin_currents_of_both_electrodes(polarisation, angle):
    """Four channels, each with the densities of both its spins and their overlap (Julliere).

    What leaves one electrode along its own magnetisation and does not arrive in the other along
    the other's is the torque, which acts across the magnetisations alone.
    """
    spins = np.array([(1 + polarisation) / 2, (1 - polarisation) / 2])
    half = angle / 2
    turned = np.array([[np.cos(half), -np.sin(half)], [np.sin(half), np.cos(half)]])
    channels = np.outer(spins, spins) * turned**2  # spin of the fixed, of the free electrode
    of_parallel = (spins**2).sum()
    sign = np.array([1, -1])
    hbar, charge = constants.hbar, constants.e
    fixed, free = (hbar / (2 * charge) * sign @ channels.sum(axis=axis) for axis in (1, 0))
    p, m = np.array([0.0, 1.0]), np.array([np.sin(angle), np.cos(angle)])
    arriving = fixed * p - free * m
    # Both torques add up to it: one across p, the other across m.
    across = np.array([[1.0, 0.0], [np.cos(angle), -np.sin(angle)]]).T
    _, on_free = np.linalg.solve(across, arriving)
    product, m_s, thickness = 5e-12, 1.1e6, 1.7e-9  # ohm m², of the parallel state
    moment = constants.mu_0 * m_s * thickness
    field = abs(on_free) / (of_parallel * product * moment * np.sin(angle))
    ours = float(damping_like_field_per_volt(polarisation, product, m_s, thickness))
    assert ours == close_to(field, rel=1e-6, abs=0)


def test_damping_like_and_field_like_torques_swap_the_parts_of_a_round_orbit():
    """Along the normal the orbit is a circle: one torque drives what the other detunes."""
    spin = Macrospin(1.0, 0.05 * TESLA, 0.0, 0.0, 0.0, 0.0, 300.0)
    m = np.array([0.0, 0.0, 1.0])
    tangents = stiffness(spin, m, 0.0, 0.0, 0.0)
    p = np.array([1.0, 0.0, 0.0])
    lines = driven_lines(spin, m, tangents, p, 1e-4, TorqueFields(0.0, 1.0, 1.0))
    assert abs(lines.symmetric[2]) > 1e3 * abs(lines.antisymmetric[2])
    assert abs(lines.antisymmetric[1]) > 1e3 * abs(lines.symmetric[1])
    assert abs(lines.antisymmetric[1]) == close_to(abs(lines.symmetric[2]), rel=1e-3)
