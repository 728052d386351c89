"""Lines of a drive that is not weak: they lean, and the frequencies at vanishing drive are found.

The spectra come from a Landau-Lifshitz-Gilbert equation written here, in teslas and nanoseconds.
"""

import numpy as np
import pandas as pd
import pytest

from closeness import close_to
from smtj import fit
from smtj.analysis.resonance.drive import drive_effect
from smtj.errors import SmtjError
from smtj.inference.resonance import fit_spectrum
from smtj.inference.resonance.lines.leaning import Lean, fit_lean, with_lean
from smtj.inference.resonance.wells.drive import fit_common_drive
from smtj.physics.magnetics.macrospin import Macrospin
from smtj.physics.magnetics.wells import find_wells
from smtj.physics.resonance.frequency import stiffness
from smtj.physics.resonance.softening import shift_per_squared_amplitude, softened_oscillator
from smtj.units import mT

GAMMA = 176.0859
"""rad/(ns T)."""
STEPS, MEASURED = 24, 4
"""Steps in a period, and periods of which the signal is a mean."""


def velocity(m, field, damping):
    """dm/dt of unit vectors, shape (3, n)."""
    turn = np.cross(m, field, axis=0)
    return -GAMMA / (1 + damping**2) * (turn + damping * np.cross(m, turn, axis=0))


def step(m, field_of, t, dt, damping):
    first = velocity(m, field_of(m, t), damping)
    second = velocity(m + dt / 2 * first, field_of(m + dt / 2 * first, t + dt / 2), damping)
    third = velocity(m + dt / 2 * second, field_of(m + dt / 2 * second, t + dt / 2), damping)
    fourth = velocity(m + dt * third, field_of(m + dt * third, t + dt), damping)
    m = m + dt / 6 * (first + 2 * second + 2 * third + fourth)
    return m / np.linalg.norm(m, axis=0)


def rectified(frequency, field, k1, k2, damping, drive):
    """Mean of 2 m_z cos ωt in a field along x, for a drive of H_K1; frequency in GHz, rest in T."""
    n, dt = frequency.size, 1 / frequency / STEPS

    def field_of(m, t):
        k = k1 + drive * np.cos(2 * np.pi * frequency * t)
        return np.stack([np.full(n, field), np.zeros(n), k * m[2] - k2 * m[2] ** 3])

    sin = field / k1
    m = np.stack([np.full(n, sin), np.zeros(n), np.full(n, np.sqrt(1 - sin**2))])
    settle = int(np.ceil(2.2 / damping))
    total = np.zeros(n)
    for i in range((settle + MEASURED) * STEPS):
        if i >= settle * STEPS:
            total += 2 * m[2] * np.cos(2 * np.pi * frequency * i * dt)
        m = step(m, field_of, i * dt, dt, damping)
    return total / (MEASURED * STEPS)


def sweeps(k1, k2, damping, drive, seed):
    """Table of spectra of one device, with noise of 1 % of the median line."""
    rng = np.random.default_rng(seed)
    frequency = np.linspace(0.35, 1.25 * 28 * (k1 - k2), 90)
    fields = k1 * np.array([0.15, 0.4, 0.6, 0.75])
    lines = [rectified(frequency, field, k1, k2, damping, drive) for field in fields]
    noise = 0.01 * np.median([np.ptp(line) for line in lines])
    return pd.concat(
        pd.DataFrame(
            {
                "voltage [mV]": 0.0,
                "field_in_plane [mT]": 1e3 * field,
                "frequency [GHz]": frequency,
                "signal [mV]": line + noise * rng.normal(size=frequency.size),
            }
        )
        for field, line in zip(fields, lines, strict=True)
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("k1", "k2", "damping", "drive"),
    [
        pytest.param(0.052, -0.003, 0.02, 6e-4, marks=pytest.mark.proof),
        pytest.param(0.061, 0.003, 0.04, 4e-4, marks=pytest.mark.proof),
        (0.044, -0.002, 0.05, 2e-5),
    ],
)
def test_fields_of_driven_lines_are_those_of_the_layer(k1, k2, damping, drive):
    resonance = fit(sweeps(k1, k2, damping, drive, seed=5))
    for symbol, truth in (("H_K1", k1), ("H_K2", k2)):
        estimate = resonance[symbol]
        assert abs(estimate.value - 1e3 * truth * mT) < 3 * estimate.error
        assert estimate.error < 0.4 * mT
    told = any("lean to lower frequencies" in remark for remark in resonance.parts[1].remarks)
    assert told == (drive > 1e-4)


def test_lines_that_all_jump_tell_no_drive():
    assert drive_effect([], [(0.0, 0.0, 1.0)], {}) is None


def period(spin, m, field, size):
    """Angular frequency in A/m and amplitude of m_z of an orbit about a minimum, by integration."""
    tilt = spin.easy_axis_tilt
    axis = np.array([np.sin(tilt), 0.0, np.cos(tilt)])
    bias = np.array([spin.in_plane_bias_field, 0.0, 0.0])

    def rate(m):
        along = m @ axis
        pull = spin.anisotropy_field * along - spin.second_order_field * along**3
        shape = np.array([0.0, spin.in_plane_anisotropy_field * m[1], 0.0])
        return -np.cross(m, field + bias + pull * axis - shape)

    tangents = stiffness(spin, m, *field)
    dt = 2 * np.pi / np.sqrt(np.linalg.det(tangents.matrix)) / 100
    m = m + size * tangents.first
    orbit = []
    for _ in range(850):
        m = m / np.linalg.norm(m)
        first = rate(m)
        second = rate(m + dt / 2 * first)
        third = rate(m + dt / 2 * second)
        m = m + dt / 6 * (first + 2 * second + 2 * third + rate(m + dt * third))
        orbit.append(m)
    side = np.array(orbit) @ tangents.second
    before = np.flatnonzero((side[:-1] < 0) & (side[1:] >= 0))
    crossings = dt * (before - side[before] / (side[before + 1] - side[before]))
    return 2 * np.pi / np.diff(crossings).mean(), np.ptp(np.array(orbit)[:, 2]) / 2


def test_a_larger_orbit_is_slower_by_its_squared_amplitude():
    """For a layer without any symmetry."""
    spin = Macrospin(1e-18, 50 * mT, -4 * mT, 3 * mT, 2 * mT, 0.1, 300.0)
    field = np.array([12.0, 7.0, -5.0]) * mT
    m = find_wells(spin, *field).global_minimum
    tangents = stiffness(spin, m, *field)
    shift = shift_per_squared_amplitude(spin, m, tangents, field, [0.0, 0.0, 1.0], 1.0)
    rest = np.sqrt(np.linalg.det(tangents.matrix))
    sizes = [0.03, 0.06]
    found = [(w - rest) / a**2 for w, a in (period(spin, m, field, size) for size in sizes)]
    # What is left is of the fourth order, and four times as large on the larger orbit.
    assert (4 * found[0] - found[1]) / 3 == close_to(float(shift), rel=2e-3)


FREQUENCY = np.linspace(0.5e9, 2.5e9, 101)


def leaning(lean, seed, noise=0.01):
    """A spectrum of a line at 1.5 GHz that leans, both parts of it, on a baseline."""
    symmetric, antisymmetric = softened_oscillator(FREQUENCY, 1.5e9, 60e6, lean)
    rng = np.random.default_rng(seed)
    return 0.4 * symmetric + antisymmetric + 0.2 + noise * rng.normal(size=FREQUENCY.size)


@pytest.mark.parametrize(
    "lean", [-0.6, *(pytest.param(one, marks=pytest.mark.proof) for one in (0.0, 0.4))]
)
def test_a_lean_is_found_and_gives_the_undriven_frequency(lean):
    leans, positions = [], []
    for seed in range(60):
        signal = leaning(lean, seed)
        linear = fit_spectrum(FREQUENCY, signal, "exact")
        found = fit_lean(FREQUENCY, signal, linear)
        leans.append((found.value - lean) / found.error)
        line = with_lean(FREQUENCY, signal, linear, lean).lines[0]
        positions.append((line.position - 1.5e9) / line.position_error)
    for deviations in (leans, positions):
        assert abs(np.mean(deviations)) < 0.4
        assert 0.75 < np.std(deviations) < 1.3


def test_all_lines_together_tell_the_drive_better_than_each():
    rng = np.random.default_rng(1)
    relative = np.array([1.0, 4.0, 9.0, 16.0])
    leans = [Lean(-0.02 * r + 0.1 * rng.normal(), 0.1) for r in relative]
    drive, per_strength = fit_common_drive(leans, relative)
    assert drive.error < 0.09
    np.testing.assert_allclose(drive.strength * per_strength[-1], -0.32, atol=2.5 * drive.error)
    assert per_strength.max() == 1


def test_leans_that_differ_widen_the_error_of_the_drive():
    leans = [Lean(value, 0.01) for value in (-0.5, 0.3, -0.4, 0.2)]
    drive, _ = fit_common_drive(leans, np.ones(4))
    assert drive.error > 0.1
    assert not drive.is_strong


def test_a_lean_needs_a_line_of_its_shape():
    linear = fit_spectrum(FREQUENCY, leaning(0.0, 0), "lorentzian")
    with pytest.raises(SmtjError, match="exact shape"):
        fit_lean(FREQUENCY, leaning(0.0, 0), linear)
