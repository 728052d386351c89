"""The cards of the literature: what their papers print comes out of the physics."""

import math

import numpy as np
import pytest
from scipy.constants import electron_volt, k, mu_0

from closeness import close_to
from smtj import load_card, operating_point
from smtj.card import shipped_cards
from smtj.dynamics.macrospin.boltzmann import equilibrium_directions
from smtj.dynamics.macrospin.driven import driven_macrospin
from smtj.dynamics.macrospin.simulate import trajectories
from smtj.errors import DataError
from smtj.inference.resonance import fit_spectrum
from smtj.physics.device import log_dwell_times_in_field
from smtj.physics.escape.relaxation import log_relaxation_rate
from smtj.physics.free_layer import macrospin, vcma_coefficient
from smtj.physics.magnetics.demagnetisation import demagnetising_factors
from smtj.physics.magnetics.equilibrium import reduced_energy
from smtj.physics.magnetics.frame import along, frame

OERSTED = 1000 / (4 * math.pi)
IN_PLANE = ("mizrahi2018", "schnitzspan2023")
GALLERY = sorted(set(shipped_cards()) - {"cai2019"})


def test_the_gallery_is_there():
    assert GALLERY == [
        "funatsu2022",
        "mizrahi2018",
        "reiss2019",
        "schnitzspan2023",
        "sidielvalli2025",
    ]


@pytest.mark.parametrize("name", GALLERY)
def test_every_value_says_where_it_is_from(name):
    card = load_card(name)
    values = [value for _, value, _ in card.values() if value.source != "default"]
    assert all(value.source for value in values)
    assert sum(value.provenance == "paper" for value in values) >= 3
    assert "doi:" in card.reference or "arXiv:" in card.reference
    # What was not read in the paper itself says so.
    assert any("transcription" in value.source or "abstract" in value.source for value in values)


def test_funatsu_dwell_time_lies_amid_the_measured_ones():
    point = operating_point(load_card("funatsu2022"))
    high, low = (float(t) for t in point.dwell_times(0.0))
    assert high == low == close_to(math.sqrt(0.3e-3 * 1.0), rel=0.01)


def test_reiss_moment_barrier_and_anisotropy_are_those_of_the_table():
    card = load_card("reiss2019")
    point = operating_point(card)
    moment = float(card.magnetism.saturation_magnetisation * card.geometry.activation_volume)
    assert moment * 1e18 == close_to(8.33, abs=0.01)
    assert float(point.barrier) / electron_volt == close_to(1.3, abs=0.005)
    assert float(point.energy_density) == close_to(13.5e3, rel=1e-3)
    # An example at 48 deg C switches within milliseconds; the barrier has two digits, 1.8 k_B T.
    log_dwell, _ = operating_point(card, 0.0, 321.15).log_dwell_times(point.offset_field)
    assert abs(float(log_dwell) - math.log(1e-3)) < 1.8 + math.log(5)


def test_reiss_tuning_curve_is_as_wide_as_the_measured_one():
    """The rate of switching against field is 1/cosh; Gaussians fitted to it had 6.3 and 7.0 Oe."""
    card = load_card("reiss2019")
    point = operating_point(card)
    field = float(point.offset_field) + np.linspace(-30, 30, 601) * OERSTED
    high, low = point.dwell_times(field)
    rate = 1 / (np.asarray(high) + np.asarray(low))
    above = field[rate > rate.max() / 2]
    width = (above[-1] - above[0]) / (2 * math.sqrt(2 * math.log(2))) / OERSTED
    assert 6.0 < width < 6.95


def test_reiss_centre_moves_with_the_voltage_as_it_was_measured_to():
    """A torque along the normal is a field h_DL V/α: 157.8 Oe at 80 mV, 180.6 Oe at -70 mV."""
    for volts, centre in ((0.08, 157.8), (-0.07, 180.6)):
        found = float(load_card("reiss2019").at(voltage=volts).offset_field)
        assert found / OERSTED == close_to(centre, abs=0.1)


def test_mizrahi_fastest_junction_switches_at_seventy_kilohertz():
    card = load_card("mizrahi2018")
    high, low = operating_point(card).dwell_times(0.0)
    assert 1 / float(high + low) == close_to(70e3, rel=0.01)
    spread = math.log(18.68 / 8.87) / 3
    assert card.variability.barrier_spread == close_to(spread, abs=0.01)


def test_sidi_el_valli_barriers_come_back_and_nothing_switches():
    point = operating_point(load_card("sidielvalli2025"))
    high, low = (float(t) for t in point.log_dwell_times(0.0))
    assert high - point.log_attempt_time == close_to(26, abs=0.3)
    assert low - point.log_attempt_time == close_to(51, abs=0.3)
    century = math.log(100 * 365.25 * 86400)
    assert low > century


@pytest.mark.parametrize("name", IN_PLANE)
def test_the_energy_of_a_device_in_the_plane_is_that_of_its_shape(name):
    """Against ½ μ0 M_s² V* (N m², summed over the axes of the film), up to a constant."""
    card = load_card(name)
    spin = macrospin(card)
    rng = np.random.default_rng(3)
    m = rng.normal(size=(50, 3))
    m /= np.linalg.norm(m, axis=1, keepdims=True)
    axes = frame(spin)
    seen = (along(axis, *m.T) for axis in (axes.across, axes.hard, axes.easy))
    found = reduced_energy(spin, 0.0, 0.0, 0.0)(*seen)
    g = card.geometry
    long, short, normal = (
        float(n) for n in demagnetising_factors(g.length, g.width, g.free_layer_thickness)
    )
    if name == "schnitzspan2023":  # circular: its weak axis is not of the shape
        weak = card.magnetism.in_plane_anisotropy_field / card.magnetism.saturation_magnetisation
        long -= float(weak)
    energy = normal * m[:, 2] ** 2 + short * m[:, 1] ** 2 + long * m[:, 0] ** 2
    scale = mu_0 * float(card.magnetism.saturation_magnetisation) ** 2 / 2
    expected = scale * energy * float(g.activation_volume) / (k * float(card.thermal.temperature))
    difference = found - expected
    assert np.ptp(difference) < 2e-3 * np.ptp(expected)


def test_schnitzspan_motion_loses_its_correlation_in_five_nanoseconds():
    card = load_card("schnitzspan2023")
    spin = macrospin(card)
    system = driven_macrospin(card, (0.0, 0.0, 0.0), 0.0)
    size, looks, lag = 256, 160, 10
    start = equilibrium_directions(spin, (0.0, 0.0, 0.0), size, 5)
    m = trajectories(system, start, 0.5e-9, looks, size, 5, dtype=np.float32)[..., 0].astype(float)
    # The ratio of two lags, so that what dies out at once does not count.
    near, far = ((m[j:] * m[: looks - j]).mean(axis=0) for j in (lag, 2 * lag))

    def time(kept):
        return lag * 0.5 / math.log(near[kept].mean() / far[kept].mean())

    everything = np.arange(size)
    without = [time(np.setdiff1d(everything, g)) for g in np.array_split(everything, 16)]
    error = math.sqrt(15 / 16 * np.sum((np.array(without) - np.mean(without)) ** 2))
    assert error < 0.7
    assert abs(time(everything) - 5.0) < 3 * error
    high, _ = operating_point(card).dwell_times(0.0)
    assert float(high) == close_to(10e-9, rel=0.01)


def test_the_exact_rate_of_an_easy_plane_is_that_of_its_correlation():
    card = load_card("schnitzspan2023")
    log_rate = log_relaxation_rate(macrospin(card), 0.0, 0.0, 0.0, float(card.magnetism.damping))
    assert math.exp(-float(log_rate)) == close_to(5e-9, rel=0.1, abs=0)


@pytest.mark.parametrize("name", IN_PLANE)
def test_a_device_in_the_plane_has_the_axes_of_its_film(name):
    """A field along x favours a state, one along y lowers the barrier, V moves the normal."""
    card = load_card(name)
    point = card.at()
    assert card.drive_condition == "field_in_plane"
    assert float(point.slope) > 0 and float(point.offset_field) == 0
    rest = log_dwell_times_in_field(card, 0.0, 0.0, 0.0)
    assert np.diff(log_dwell_times_in_field(card, 300.0, 0.0, 0.0))[0] < 0
    across = log_dwell_times_in_field(card, 0.0, 300.0, 0.0)
    upright = log_dwell_times_in_field(card, 0.0, 0.0, 3000.0)
    assert float(across[0]) < float(upright[0]) < float(rest[0])
    assert float(card.at(voltage=0.1).barrier) == float(point.barrier)
    soft, stiff = (frame(macrospin(card, volts)).shape for volts in (-0.1, 0.1))
    moved = float(vcma_coefficient(card)) * 0.2
    moved /= float(card.geometry.free_layer_thickness * card.geometry.tunnel_barrier_thickness)
    expected = 2 * moved / (mu_0 * float(card.magnetism.saturation_magnetisation))
    assert float(stiff - soft) == close_to(expected, rel=1e-6)


def test_a_signal_of_zeros_has_no_line():
    with pytest.raises(DataError, match="every point of a spectrum is 0"):
        fit_spectrum(np.linspace(1e9, 2e9, 50), np.zeros(50), "exact")
