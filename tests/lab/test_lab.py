"""The virtual instruments against the physics they rest on."""

import pkgutil
import subprocess
import sys

import numpy as np
import pytest

from closeness import close_to
from smtj import lab, load_card, operating_point
from smtj.errors import SmtjError
from smtj.lab import Instrument, field_sweep, scan, temperature_scan, trace, voltage_scan
from smtj.physics.junction import state_resistances, state_resistances_at_current
from smtj.physics.resistance import averaged_at_voltage
from smtj.units import Oe

CARD = load_card("cai2019")


def occupancy(resistance, field=0.0, voltage=0.001):
    states = state_resistances(CARD, 0.0, 0.0, field, voltage)
    g_high, g_low = 1 / states.high, 1 / states.low
    return (1 / resistance - g_low) / (g_high - g_low)


def tolerance(point, field, samples, interval, sigmas=4):
    """Standard error of the occupancy of the high state, from the exact relaxation time."""
    high, low = point.dwell_times(field)
    p = high / (high + low)
    relaxation_time = 1 / (1 / high + 1 / low)
    rho = np.exp(-interval / relaxation_time)
    return sigmas * np.sqrt(p * (1 - p) / samples * (1 + rho) / (1 - rho))


@pytest.mark.parametrize("integration_time", [0.0, 0.02, 0.12])
@pytest.mark.parametrize("field", [-25, -14, 0])
def test_a_trace_spends_the_time_high_that_the_dwell_times_say(field, integration_time):
    bench = Instrument(integration_time=integration_time)
    found = trace(CARD, 20_000, field=field * Oe, instrument=bench, seed=field + 100)
    occupied = occupancy(found.resistance.values, field * Oe)
    point = operating_point(CARD, 0.001)
    expected = float(point.switching_probability(field * Oe))
    assert abs(occupied.mean() - expected) < tolerance(point, field * Oe, 20_000, 0.12)
    assert occupied.min() > -1e-9
    assert occupied.max() < 1 + 1e-9


def test_successive_samples_correlate_as_the_dwell_times_say():
    field = -14 * Oe
    found = trace(CARD, 200_000, field=field, instrument=Instrument(0.03, 0.0), seed=3)
    state = occupancy(found.resistance.values, field) > 0.5
    high, low = operating_point(CARD, 0.001).dwell_times(field)
    rho = np.exp(-0.03 * (1 / high + 1 / low))
    assert np.corrcoef(state[1:], state[:-1])[0, 1] == close_to(rho, abs=0.01)


def test_fig_2c_is_1000_readings_in_two_minutes_at_1_mv():
    found = trace(CARD)
    assert found.sizes == {"time": 1000}
    assert float(found.time[-1]) == close_to(120)
    assert float(found.voltage) == 0.001
    assert found.resistance.attrs["units"] == "ohm"
    assert found.attrs["card"] == "cai2019"


def test_averaging_over_many_switches_gives_intermediate_readings():
    """At +200 mV the device switches within the 20 ms of a reading, at -200 mV it cannot."""
    between = {}
    for voltage in (-0.2, 0.2):
        found = trace(CARD, 2000, field=-14 * Oe, voltage=voltage, seed=1)
        occupied = occupancy(found.resistance.values, -14 * Oe, voltage)
        between[voltage] = np.mean((occupied > 0.1) & (occupied < 0.9))
    assert between[-0.2] < 0.05 < 0.5 < between[0.2]


def test_hysteresis_comes_from_the_dwell_times():
    fields = np.arange(-250, 251, 2.0) * Oe
    width = {}
    for interval in (0.001, 0.1, 10.0):
        found = field_sweep(
            CARD, fields, voltage=-0.2, instrument=Instrument(interval, 0.0), sweeps=20, seed=2
        )
        occupied = np.array([occupancy(row, fields, -0.2) for row in found.resistance.values])
        turned = fields[np.argmax(occupied > 0.5, axis=1)] / Oe
        width[interval] = np.mean(turned[::2] - turned[1::2])
    # It turns where τ(H) is about the time spent near H: ln τ moves by w/2 = 0.077 an oersted, so
    # a hundred times the time takes 2 · ln 100/0.077 = 120 Oe off the width, until none is left.
    assert width[0.001] - width[0.1] == close_to(120, abs=30)
    assert width[0.1] > width[10.0] + 10


def test_the_order_of_a_sweep_is_that_of_its_time():
    found = field_sweep(
        CARD, np.linspace(-1, 1, 5) * 1e4, sweeps=3, instrument=Instrument(noise=1.0)
    )
    assert found.resistance.dims == ("sweep", "field")
    time = found.time.values / 0.12
    order = np.array([[1, 2, 3, 4, 5], [10, 9, 8, 7, 6], [11, 12, 13, 14, 15]])
    np.testing.assert_allclose(time, order)


def test_a_current_bias_reads_the_voltage():
    found = trace(CARD, 4000, current=1e-5, instrument=Instrument(integration_time=0.0), seed=5)
    states = state_resistances_at_current(CARD, 0.0, 0.0, 0.0, 1e-5)
    assert sorted(set(found.resistance.values.round(9))) == close_to(
        sorted([float(states.high), float(states.low)]), abs=1e-8
    )
    assert float(found.current) == 1e-5
    assert "voltage" not in found.coords


def test_a_reading_averages_the_currents_through_the_drifted_resistances():
    """The same history of a junction whose resistance doubles and of one without drift."""
    plain, moved = (
        trace(CARD, 2000, instrument=Instrument(0.03, 0.02, drift=drift), seed=5)
        for drift in (0.0, 3000.0)
    )
    states = state_resistances(CARD, 0.0, 0.0, 0.0, 0.001)
    occupied, off = occupancy(plain.resistance.values), 3000.0 * np.arange(1, 2001) / 2000
    expected = averaged_at_voltage(occupied, float(states.high) + off, float(states.low) + off)
    np.testing.assert_allclose(moved.resistance.values, expected, rtol=1e-9)
    assert np.ptp(expected - off - plain.resistance.values) > 1.0


def test_a_drift_to_no_resistance_is_refused_at_a_voltage():
    with pytest.raises(SmtjError, match="drift of -1e\\+06 ohm takes the resistance to 0"):
        trace(CARD, 100, instrument=Instrument(drift=-1e6))
    found = trace(CARD, 100, current=1e-6, instrument=Instrument(drift=-1e6))
    assert found.resistance.values.min() < 0


def test_noise_and_drift_are_those_asked_for():
    calm = trace(CARD, 50_000, seed=7)
    found = trace(CARD, 50_000, seed=7, instrument=Instrument(noise=3.0, drift=40.0))
    added = (found.resistance - calm.resistance).values
    line = np.polynomial.Polynomial.fit(found.time.values, added, 1)
    ends = line(found.time.values[[0, -1]])
    assert np.ptp(ends) == close_to(40, abs=0.5)
    assert np.std(added - line(found.time.values)) == close_to(3.0, rel=0.02)


def test_scans_have_the_conditions_of_each_reading():
    fields = np.array([-30, -10, 10]) * Oe
    one = scan(CARD, fields, 50, seed=1)
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
    bench = Instrument(integration_time=0.02)
    found = scan(CARD, fields, 4000, instrument=bench, seed=11)
    point = operating_point(CARD, 0.001)
    for field, row in zip(fields, found.resistance.values, strict=True):
        expected = float(point.switching_probability(field))
        occupied = occupancy(row, field).mean()
        assert abs(occupied - expected) < tolerance(point, field, 4000, 0.12) + 1e-12


def test_the_seed_decides_everything():
    fields = np.linspace(-60, 40, 5) * Oe
    first, same, other = (
        scan(CARD, fields, 100, instrument=Instrument(noise=1.0), seed=seed) for seed in (1, 1, 2)
    )
    assert first.identical(same)
    assert not first.equals(other)


def test_progress_is_reported_to_the_end():
    seen = []
    trace(CARD, 300_000, progress=lambda done, total: seen.append((done, total)))
    assert len(seen) > 1
    assert seen[-1] == (300_000, 300_000)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"voltage": 0.1, "current": 1e-5}, "voltage or by a current"),
        ({"field": np.nan}, "finite"),
        ({"instrument": Instrument(integration_time=0.2)}, "integration time (0.2 s)"),
        ({"samples": 0}, "one reading"),
        ({"temperature": -3.0}, "above 0 K"),
    ],
)
def test_impossible_measurements_are_refused(wrong, says):
    with pytest.raises(SmtjError, match=says.replace("(", r"\(").replace(")", r"\)")):
        trace(CARD, **wrong)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"interval": 0.01, "integration_time": 0.02}, "integration time \\(0.02 s\\)"),
        ({"interval": 0.0}, "must be above 0"),
        ({"integration_time": -1.0, "interval": 1.0}, "must lie between 0"),
        ({"noise": -1.0}, "0 ohm or more"),
    ],
)
def test_impossible_instruments_are_refused(wrong, says):
    with pytest.raises(SmtjError, match=says):
        Instrument(**wrong)


def test_an_instrument_without_times_has_those_of_the_card():
    assert Instrument().timing(CARD) == (0.12, 0.02)
    assert Instrument(interval=0.01).timing(CARD) == (0.01, 0.01)
    assert Instrument(integration_time=0.0).timing(CARD) == (0.12, 0.0)


def test_a_card_may_be_given_by_its_name():
    assert trace("cai2019", 20, seed=1).identical(trace(CARD, 20, seed=1))


def test_either_component_of_the_field_is_swept_and_the_other_stays():
    steps = np.linspace(-1, 1, 5) * 1e4
    up = field_sweep(CARD, steps, 500.0, sweeps=2)
    assert up.field_out_of_plane.dims == ("field",)
    assert float(up.field_in_plane) == 500.0
    across = field_sweep(CARD, -800.0, steps, sweeps=2)
    np.testing.assert_array_equal(across.field_in_plane, steps)
    assert float(across.field_out_of_plane) == -800.0


def test_all_names_are_there_and_none_is_that_of_a_module():
    assert dir(lab) == sorted(lab.__all__)
    modules = {module.name for module in pkgutil.iter_modules(lab.__path__)}
    assert not modules & set(lab.__all__)
    assert all(callable(getattr(lab, name)) for name in lab.__all__)


def test_importing_the_lab_loads_neither_numba_nor_xarray():
    code = "import sys, smtj.lab; print({'numba', 'xarray', 'pandas'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_sweep_must_rise():
    for fields in (([0.0, -1.0],), (), ([0.0, 1.0], [0.0, 1.0])):
        with pytest.raises(SmtjError, match="rising"):
            field_sweep(CARD, *fields)
