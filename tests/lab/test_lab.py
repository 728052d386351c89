"""The virtual instruments against the physics they rest on."""

import numpy as np
import pytest

from smtj import load_card, operating_point
from smtj.errors import SmtjError
from smtj.lab import field_sweep, probability_scan, temperature_scan, time_trace, voltage_scan
from smtj.physics.junction import state_resistances, state_resistances_at_current
from smtj.physics.resistance import averaged_at_voltage
from smtj.units import Oe

CARD = load_card("cai2019")


def share_high(resistance, field=0.0, voltage=0.001):
    states = state_resistances(CARD, 0.0, 0.0, field, voltage)
    g_high, g_low = 1 / states.high, 1 / states.low
    return (1 / resistance - g_low) / (g_high - g_low)


def tolerance(point, field, samples, interval, sigmas=4):
    """Standard error of the share of time spent high, from the exact correlation time."""
    high, low = point.dwell_times(field)
    p = high / (high + low)
    tc = 1 / (1 / high + 1 / low)
    rho = np.exp(-interval / tc)
    return sigmas * np.sqrt(p * (1 - p) / samples * (1 + rho) / (1 - rho))


@pytest.mark.parametrize("integration_time", [0.0, 0.02, 0.12])
@pytest.mark.parametrize("field", [-25, -14, 0])
def test_a_trace_spends_the_time_high_that_the_dwell_times_say(field, integration_time):
    found = time_trace(
        CARD,
        20_000,
        field_out_of_plane=field * Oe,
        integration_time=integration_time,
        seed=field + 100,
    )
    share = share_high(found.resistance.values, field * Oe)
    point = operating_point(CARD, 0.001)
    expected = float(point.switching_probability(field * Oe))
    assert abs(share.mean() - expected) < tolerance(point, field * Oe, 20_000, 0.12)
    assert share.min() > -1e-9
    assert share.max() < 1 + 1e-9


def test_successive_samples_correlate_as_the_dwell_times_say():
    field = -14 * Oe
    found = time_trace(
        CARD, 200_000, field_out_of_plane=field, integration_time=0.0, interval=0.03, seed=3
    )
    state = share_high(found.resistance.values, field) > 0.5
    high, low = operating_point(CARD, 0.001).dwell_times(field)
    rho = np.exp(-0.03 * (1 / high + 1 / low))
    assert np.corrcoef(state[1:], state[:-1])[0, 1] == pytest.approx(rho, abs=0.01)


def test_fig_2c_is_1000_readings_in_two_minutes_at_1_mv():
    found = time_trace(CARD)
    assert found.sizes == {"time": 1000}
    assert float(found.time[-1]) == pytest.approx(120)
    assert float(found.voltage) == 0.001
    assert found.resistance.attrs["units"] == "ohm"
    assert found.attrs["card"] == "cai2019"


def test_averaging_over_many_switches_gives_intermediate_readings():
    """At +200 mV the device switches within the 20 ms of a reading, at -200 mV it cannot."""
    between = {}
    for voltage in (-0.2, 0.2):
        found = time_trace(CARD, 2000, field_out_of_plane=-14 * Oe, voltage=voltage, seed=1)
        share = share_high(found.resistance.values, -14 * Oe, voltage)
        between[voltage] = np.mean((share > 0.1) & (share < 0.9))
    assert between[-0.2] < 0.05 < 0.5 < between[0.2]


def test_hysteresis_comes_from_the_dwell_times():
    fields = np.arange(-250, 251, 2.0) * Oe
    width = {}
    for interval in (0.001, 0.1, 10.0):
        found = field_sweep(
            CARD, fields, voltage=-0.2, interval=interval, integration_time=0.0, sweeps=20, seed=2
        )
        share = np.array([share_high(row, fields, -0.2) for row in found.resistance.values])
        turned = fields[np.argmax(share > 0.5, axis=1)] / Oe
        width[interval] = np.mean(turned[::2] - turned[1::2])
    # It turns where τ(H) is about the time spent near H: ln τ moves by w/2 = 0.077 an oersted, so
    # a hundred times the time takes 2 · ln 100/0.077 = 120 Oe off the width, until none is left.
    assert width[0.001] - width[0.1] == pytest.approx(120, abs=30)
    assert width[0.1] > width[10.0] + 10


def test_the_order_of_a_sweep_is_that_of_its_time():
    found = field_sweep(CARD, np.linspace(-1, 1, 5) * 1e4, sweeps=3, noise=1.0)
    assert found.resistance.dims == ("sweep", "field")
    time = found.time.values / 0.12
    order = np.array([[1, 2, 3, 4, 5], [10, 9, 8, 7, 6], [11, 12, 13, 14, 15]])
    np.testing.assert_allclose(time, order)


def test_a_current_bias_reads_the_voltage():
    found = time_trace(CARD, 4000, current=1e-5, integration_time=0.0, seed=5)
    states = state_resistances_at_current(CARD, 0.0, 0.0, 0.0, 1e-5)
    assert sorted(set(found.resistance.values.round(9))) == pytest.approx(
        sorted([float(states.high), float(states.low)]), abs=1e-8
    )
    assert float(found.current) == 1e-5
    assert "voltage" not in found.coords


def test_it_is_the_moved_resistances_of_which_a_reading_averages_the_currents():
    """Readings of the same history, of a junction whose resistance has doubled and one without."""
    plain, moved = (
        time_trace(CARD, 2000, integration_time=0.02, interval=0.03, drift=drift, seed=5)
        for drift in (0.0, 3000.0)
    )
    states = state_resistances(CARD, 0.0, 0.0, 0.0, 0.001)
    share, off = share_high(plain.resistance.values), 3000.0 * np.arange(1, 2001) / 2000
    expected = averaged_at_voltage(share, float(states.high) + off, float(states.low) + off)
    np.testing.assert_allclose(moved.resistance.values, expected, rtol=1e-9)
    assert np.ptp(expected - off - plain.resistance.values) > 1.0


def test_a_drift_to_no_resistance_is_refused_at_a_voltage():
    with pytest.raises(SmtjError, match="drift of -1e\\+06 ohm takes the resistance to 0"):
        time_trace(CARD, 100, drift=-1e6)
    assert time_trace(CARD, 100, current=1e-6, drift=-1e6).resistance.values.min() < 0


def test_noise_and_drift_are_those_asked_for():
    calm = time_trace(CARD, 50_000, seed=7)
    found = time_trace(CARD, 50_000, seed=7, noise=3.0, drift=40.0)
    added = (found.resistance - calm.resistance).values
    line = np.polynomial.Polynomial.fit(found.time.values, added, 1)
    ends = line(found.time.values[[0, -1]])
    assert np.ptp(ends) == pytest.approx(40, abs=0.5)
    assert np.std(added - line(found.time.values)) == pytest.approx(3.0, rel=0.02)


def test_scans_have_the_conditions_of_each_reading():
    fields = np.array([-30, -10, 10]) * Oe
    one = probability_scan(CARD, fields, 50, seed=1)
    assert one.resistance.dims == ("field", "sample")
    assert one.sizes == {"field": 3, "sample": 50}
    many = voltage_scan(CARD, [-0.1, 0.1], fields, 50, seed=1)
    assert many.sizes == {"voltage": 2, "field": 3, "sample": 50}
    assert np.all(np.diff(many.time.values.ravel()) > 0)
    hot = temperature_scan(CARD, [290, 310], 40, seed=1)
    assert hot.sizes == {"temperature": 2, "sample": 40}
    for found in (one, many, hot):
        assert all("units" in variable.attrs for variable in found.variables.values())


def test_a_scan_gives_the_sigmoid():
    fields = np.linspace(-60, 40, 11) * Oe
    found = probability_scan(CARD, fields, 4000, integration_time=0.02, seed=11)
    point = operating_point(CARD, 0.001)
    for field, row in zip(fields, found.resistance.values, strict=True):
        expected = float(point.switching_probability(field))
        share = share_high(row, field).mean()
        assert abs(share - expected) < tolerance(point, field, 4000, 0.12) + 1e-12


def test_the_seed_decides_everything():
    fields = np.linspace(-60, 40, 5) * Oe
    first, same, other = (
        probability_scan(CARD, fields, 100, noise=1.0, seed=seed) for seed in (1, 1, 2)
    )
    assert first.identical(same)
    assert not first.equals(other)


def test_progress_is_told_to_the_end():
    seen = []
    time_trace(CARD, 300_000, progress=lambda done, total: seen.append((done, total)))
    assert len(seen) > 1
    assert seen[-1] == (300_000, 300_000)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"voltage": 0.1, "current": 1e-5}, "voltage or by a current"),
        ({"interval": 0.01, "integration_time": 0.02}, "integration time (0.02 s)"),
        ({"interval": 0.0}, "must be above 0"),
        ({"noise": -1.0}, "0 ohm or more"),
        ({"field_out_of_plane": np.nan}, "finite"),
        ({"samples": 0}, "one reading"),
        ({"temperature": -3.0}, "above 0 K"),
    ],
)
def test_impossible_measurements_are_refused(wrong, says):
    with pytest.raises(SmtjError, match=says.replace("(", r"\(").replace(")", r"\)")):
        time_trace(CARD, **wrong)


def test_a_sweep_must_rise():
    with pytest.raises(SmtjError, match="rising"):
        field_sweep(CARD, [0.0, -1.0])
