"""Thermal motion: against Boltzmann's law, and against exact first passage times.

Errors are those of independent trajectories, and the seeds fix the numbers, so that the limits
cannot fail by chance.
"""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.special import dawsn, erfi

from closeness import close_to
from smtj.dynamics.macrospin.boltzmann import equilibrium_directions
from smtj.dynamics.macrospin.driven import DrivenMacrospin
from smtj.dynamics.macrospin.passages import first_passage_times
from smtj.dynamics.macrospin.simulate import averages, default_time_step, final_state, trajectories
from smtj.errors import SmtjError
from smtj.physics.constants import BOLTZMANN, GYROMAGNETIC_RATIO, VACUUM_PERMEABILITY
from smtj.physics.magnetics.macrospin import Macrospin
from smtj.physics.magnetics.wells import energy

Floats = NDArray[np.float64]

MAX_Z = 4.0
SINGLE = {"dtype": np.float32}
TEMPERATURE = 300.0
MOMENT = 1.2 / VACUUM_PERMEABILITY * np.pi / 4 * 50e-9**2 * 1.1e-9
THERMAL_FIELD = BOLTZMANN * TEMPERATURE / (VACUUM_PERMEABILITY * MOMENT)
"""k_B T/(μ0 M_s V*) in A/m."""
HALF_WAY = (np.sqrt(0.75), 0.0, 0.5)


def uniaxial(delta: float, damping: float) -> DrivenMacrospin:
    """The disc of 50 nm and 1.1 nm whose barrier is so many k_B T."""
    spin = Macrospin(MOMENT, 2 * delta * THERMAL_FIELD, 0.0, 0.0, 0.0, 0.0, TEMPERATURE)
    return DrivenMacrospin(spin, damping)


def mean_first_passage(delta: float, damping: float, start: float, end: float) -> float:
    """From m_z = start down to end in s, by quadrature of the axisymmetric Fokker-Planck equation.

    With e = -Δ m_z² in k_B T and D = α γ k_B T/((1 + α²) M_s V*) it is
    ∫ dx e^(-Δ x²)/(D (1 - x²)) ∫_x^1 e^(Δ y²) dy, x from end to start.
    """
    diffusion = (
        damping * GYROMAGNETIC_RATIO * VACUUM_PERMEABILITY * THERMAL_FIELD / (1 + damping**2)
    )
    root = np.sqrt(delta)

    def flux(x: float) -> float:
        inner = np.sqrt(np.pi) / (2 * root) * (erfi(root) - erfi(root * x))
        return float(np.exp(-delta * x**2) * inner / (1 - x**2))

    return quad(flux, end, start)[0] / diffusion


def z_score(sample: Floats, expected: float | Floats) -> Floats:
    """How far the means over trajectories are from what is expected, in standard errors."""
    error = sample.std(axis=0, ddof=1) / np.sqrt(len(sample))
    return np.asarray((sample.mean(axis=0) - expected) / error)


def test_the_quadrature_gives_the_known_time() -> None:
    assert mean_first_passage(4.0, 0.1, 0.5, -0.5) == close_to(188e-9, rel=5e-3)


@pytest.mark.slow
@pytest.mark.parametrize("damping", [pytest.param(0.02, marks=pytest.mark.proof), 0.1])
@pytest.mark.parametrize("delta", [3.0, 4.0])
def test_first_passage_takes_the_exact_time(delta: float, damping: float) -> None:
    times = first_passage_times(uniaxial(delta, damping), HALF_WAY, -0.5, 4000, 2, **SINGLE)
    assert abs(z_score(times, mean_first_passage(delta, damping, 0.5, -0.5))) < MAX_Z


def test_halving_the_time_step_changes_no_time() -> None:
    system = uniaxial(3.0, 0.1)
    step = default_time_step(system)
    one, half = (
        first_passage_times(system, HALF_WAY, -0.5, 4000, seed, time_step=part * step, **SINGLE)
        for seed, part in ((4, 1.0), (5, 0.5))
    )
    error = np.hypot(one.std(), half.std()) / np.sqrt(one.size)
    assert abs(one.mean() - half.mean()) < MAX_Z * error


def test_patience_ends() -> None:
    system = uniaxial(3.0, 0.1)
    all_times = first_passage_times(system, HALF_WAY, -0.5, 200, 2, **SINGLE)
    longest = float(np.median(all_times))
    some = first_passage_times(system, HALF_WAY, -0.5, 200, 2, longest=longest, **SINGLE)
    assert np.isinf(some).sum() == close_to(100, abs=1)
    finite = np.isfinite(some)
    assert (some[finite] == all_times[finite]).all()
    assert (all_times[~finite] >= longest * (1 - 1e-3)).all()


def test_the_directions_follow_boltzmanns_law() -> None:
    delta, bins, size = 3.0, 20, 512
    system = uniaxial(delta, 0.1)
    start = equilibrium_directions(system.spin, (0.0, 0.0, 0.0), size, 1)
    m_z = trajectories(system, start, 10e-9, 100, size, 8, **SINGLE)[..., 2]
    edges = np.linspace(-1, 1, bins + 1)
    counts = np.stack([np.histogram(one, edges)[0] for one in m_z.T])
    weight = np.diff(erfi(np.sqrt(delta) * edges))
    assert np.abs(z_score(counts / 100, weight / weight.sum())).max() < MAX_Z


def test_square_of_m_z_is_boltzmanns() -> None:
    delta, size = 4.0, 1024
    system = uniaxial(delta, 0.1)
    start = equilibrium_directions(system.spin, (0.0, 0.0, 0.0), size, 2)
    found = averages(system, start, 5e-9, 100, size, 9, **SINGLE).products[:, 2, 2]
    weight = quad(lambda x: np.exp(delta * x * x), 0, 1)[0]
    exact = quad(lambda x: x * x * np.exp(delta * x * x), 0, 1)[0] / weight
    assert abs(z_score(found, exact)) < MAX_Z
    assert found.std() / np.sqrt(size) < 0.002 * exact


@pytest.mark.parametrize("damping", [0.05, 0.3])
def test_a_long_step_warms_or_cools_as_its_linear_analysis_says(damping: float) -> None:
    """In a deep well m_x + i m_y turns by λ = (i - α) x' a step and is multiplied by 1 + λ + λ²/2.

    Both stages have the same noise, which thus comes in with 1 + λ/2.
    """
    delta, size, x = 400.0, 2048, 0.3
    system = uniaxial(delta, damping)
    rate = GYROMAGNETIC_RATIO * VACUUM_PERMEABILITY * system.spin.anisotropy_field
    step = x / rate * np.sqrt(1 + damping**2)
    turn = (1j - damping) * x / np.sqrt(1 + damping**2)
    kept = abs(1 + turn + turn**2 / 2) ** 2
    ratio = abs(1 + turn / 2) ** 2 * -2 * turn.real / (1 - kept)
    assert ratio == close_to(1 - x**2 / 4 + x**3 / (8 * damping), abs=0.015)
    start = equilibrium_directions(system.spin, (0.0, 0.0, 0.0), size, 6)
    # Relaxes to the step's own temperature while it is looked at for the first time.
    settled = final_state(system, start, 200 * step / damping, size, 6, time_step=step)
    found = averages(system, settled, 20 * step, 200, size, 7, time_step=step)
    across = found.products[:, 0, 0] + found.products[:, 1, 1]
    # Of Boltzmann's law it is 1/Δ, but for 1/Δ² in the next term.
    exact = 1 - ((np.sqrt(delta) / dawsn(np.sqrt(delta)) - 1) / (2 * delta))
    assert abs(z_score(across / exact, ratio)) < MAX_Z
    assert abs(z_score(across / exact, 1.0)) > MAX_Z


@pytest.mark.parametrize("damping", [0.02, 0.3])
def test_all_terms_together_give_boltzmanns_averages(damping: float) -> None:
    """Fields in all directions, tilt, H_K2, shape and bias; the answer does not know α."""
    spin = Macrospin(MOMENT, *(THERMAL_FIELD * f for f in (5.0, 1.5, 2.0, 0.5)), 0.3, TEMPERATURE)
    field = tuple(THERMAL_FIELD * f for f in (0.4, -0.6, 0.3))
    system, size = DrivenMacrospin(spin, damping, field), 1024
    start = equilibrium_directions(spin, field, size, 3)
    found = averages(system, start, 5e-9, 60, size, 10, **SINGLE)
    # Exact averages on a product grid, Gauss in m_z and even in the azimuth.
    z, weights = np.polynomial.legendre.leggauss(120)
    azimuth = np.arange(120) * 2 * np.pi / 120
    across = np.sqrt(1 - z**2)[:, None]
    m = np.stack(
        np.broadcast_arrays(across * np.cos(azimuth), across * np.sin(azimuth), z[:, None]), axis=-1
    )
    density = weights[:, None] * np.exp(-energy(spin, m, *field) / THERMAL_FIELD)
    density /= density.sum()
    mean = np.einsum("ij,ijk->k", density, m)
    products = np.einsum("ij,ijk,ijl->kl", density, m, m)
    assert np.abs(z_score(found.mean, mean)).max() < MAX_Z
    assert np.abs(z_score(found.products, products)).max() < MAX_Z
    # What trajectories began with is Boltzmann's already.
    assert np.abs(z_score(start, mean)).max() < MAX_Z


def test_deep_wells_are_drawn_by_their_weight() -> None:
    spin = Macrospin(MOMENT, 100 * THERMAL_FIELD, 0.0, 0.0, 0.0, 0.0, TEMPERATURE)
    m = equilibrium_directions(spin, (0.0, 0.0, 0.25 * THERMAL_FIELD), 4000, 4)
    up = m[:, 2] > 0
    assert abs(z_score(up.astype(float), 1 / (1 + np.exp(-0.5)))) < MAX_Z
    # 1 - m_z of a deep well is exponential with mean 1/(2Δ + h), but for 1/Δ².
    assert 1 - np.abs(m[:, 2]).mean() == close_to(0.01, rel=0.05)
    with pytest.raises(SmtjError, match="above 0 K"):
        equilibrium_directions(spin._replace(temperature=0.0), (0.0, 0.0, 0.0), 1)
