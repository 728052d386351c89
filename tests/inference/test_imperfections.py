"""Telegraph records as laboratories and other simulators make them; each is fitted untold."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import median_filter
from telegraph_events import flicker, fractions, low_pass, ringing

from closeness import close_to
from smtj.dynamics.macrospin.boltzmann import equilibrium_directions
from smtj.dynamics.macrospin.driven import DrivenMacrospin
from smtj.dynamics.macrospin.simulate import mean_directions
from smtj.inference.telegraph.baseline import straight
from smtj.inference.telegraph.checks.overshoot import overshoot
from smtj.inference.telegraph.fit import fit_trace
from smtj.inference.telegraph.model import Layout
from smtj.inference.telegraph.readings import clean
from smtj.inference.telegraph.remarks import imperfections
from smtj.inference.telegraph.start import neutral
from smtj.physics.constants import BOLTZMANN, VACUUM_PERMEABILITY
from smtj.physics.escape.relaxation import log_relaxation_rate
from smtj.physics.magnetics.equilibrium import Macrospin
from smtj.units import mT

READINGS, INTERVAL = 5000, 1e-4
TIME = INTERVAL * np.arange(READINGS)
DWELLS = (20.0, 15.0)
"""τ_high and τ_low in readings."""


def record(kind, seed=0):
    """Levels 1000 and 1100 ohm with one imperfection, by another route than the likelihood."""
    rng = np.random.default_rng([seed, 40])
    step, x = np.arange(1.0, READINGS + 1), np.linspace(0, 1, READINGS)
    white = rng.standard_normal(READINGS)
    high = fractions(rng, *DWELLS, step)
    noise, base = 0.1 * white, np.zeros(READINGS)
    if kind == "noise of its own in each state":
        noise = noise * np.where(high > 0.5, 5, 1)
    elif kind == "pole":
        high = low_pass(rng, *DWELLS, step, 3.0)
    elif kind == "pole that the noise passes too":
        high = low_pass(rng, *DWELLS, step, 3.0)
        kept, noise = np.exp(-1 / 3), noise.copy()
        for i in range(1, READINGS):
            noise[i] = kept * noise[i - 1] + (1 - kept) * 0.25 * white[i]
    elif kind == "window":
        high = fractions(rng, *DWELLS, step, 1.0)
    elif kind == "1/f noise":
        noise = noise + 0.2 * flicker(rng, READINGS)
    elif kind == "skewed noise":
        noise = 0.1 * (rng.gamma(2, 1, READINGS) - 2) / np.sqrt(2)
    elif kind == "hum":
        base = 0.4 * np.sin(2 * np.pi * 50 * TIME + 1) + 0.1 * np.sin(2 * np.pi * 150 * TIME)
    elif kind == "drift":
        base = 2 * np.sin(4 * x)
    elif kind == "jumps":
        base = 0.7 * (x > 0.3) - 1.1 * (x > 0.62)
    signal = 1000 + 100 * (high + noise + base)
    if kind == "3 bits":
        signal = np.round(signal / 20) * 20
    elif kind == "overflows":
        signal[[77, 1500]] = 9.9e37
    elif kind == "outliers":
        off = rng.random(READINGS) < 0.02
        signal[off] += rng.uniform(-500, 500, off.sum())
    return signal


KINDS = [
    "noise of its own in each state", "pole", "pole that the noise passes too", "window",
    "1/f noise", "skewed noise", "hum", "drift", "jumps", "3 bits", "overflows", "outliers",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind",
    [
        KINDS[0],
        KINDS[2],
        *(pytest.param(kind, marks=pytest.mark.proof) for kind in (KINDS[1], *KINDS[3:])),
    ],
)
def test_dwell_times_hold_on_imperfect_records(kind):
    fit = fit_trace(TIME, record(kind))
    assert fit.verdict == "two levels"
    error = np.sqrt(np.diag(fit.log_covariance))
    off = np.log(np.array([fit.dwell_high, fit.dwell_low]) / INTERVAL / np.array(DWELLS))
    assert np.abs(off / error).max() < 3.2
    # 5000 readings hold 143 pairs of dwells.
    assert error.max() < 0.13
    assert fit.separation == close_to(100, rel=0.05)


def test_the_imperfections_are_named():
    few = slice(2000)
    signal = 1000 + 10 * record("pole")[few]
    signal[50] = 9000
    assert "reading 50 is an outlier" in " ".join(fit_trace(TIME[few], signal).remarks)
    said = " ".join(fit_trace(TIME[few], record("overflows")[few]).remarks)
    assert "readings 77, 1500 left out: 9.9e+37 is an overflow" in said


@pytest.mark.proof
def test_slow_imperfections_are_named():
    fit = fit_trace(TIME, record("hum"))
    np.testing.assert_allclose(np.sort(fit.hum), [50, 150], atol=0.3)
    assert "hum was removed at" in " ".join(fit.remarks)
    assert "drift" not in " ".join(fit.remarks)
    drifting = fit_trace(TIME, record("drift"))
    assert "a drift of 3.5 of the separation was removed, so the levels are means" in " ".join(
        drifting.remarks
    )
    fit = fit_trace(TIME, record("jumps"))
    np.testing.assert_allclose(fit.jumps, np.array([0.3, 0.62]) * TIME[-1], atol=0.002)
    fit = fit_trace(TIME, record("noise of its own in each state"))
    low, high = fit.levels
    assert high.noise / low.noise == close_to(5, rel=0.1)
    assert "the noise of the high state is 5" in " ".join(fit.remarks)


@pytest.mark.parametrize(("pole", "named"), [(0.01, False), (0.5, True)])
def test_a_response_is_named_if_readings_can_show_it(pole, named):
    readings = clean(TIME, record("none"))
    model = neutral(Layout(2)).with_values(pole=pole)
    level = replace(straight(readings.time), coefficients=np.zeros(2))
    said = " ".join(imperfections(model, level, readings))
    assert ("the signal follows" in said) == named


def test_readings_that_an_instrument_repeats_are_left_out():
    signal = record("noise of its own in each state")[::3]
    once = fit_trace(3 * INTERVAL * np.arange(signal.size), signal)
    held = fit_trace(INTERVAL * np.arange(3 * signal.size), np.repeat(signal, 3))
    assert held.verdict == "two levels"
    assert held.dwell_high == close_to(once.dwell_high, rel=1e-6)
    assert "a value stands 3 times on average" in " ".join(held.remarks)
    assert held.states.size == 3 * signal.size


@pytest.mark.proof
def test_the_bandwidth_is_found_and_may_be_given():
    truth = 1 / (2 * np.pi * 3 * INTERVAL)
    found = fit_trace(TIME, record("pole"))
    assert found.bandwidth == close_to(truth, rel=0.1)
    assert "bandwidth" in " ".join(found.remarks)
    told = fit_trace(TIME, record("pole"), bandwidth=truth)
    assert told.dwell_high == close_to(found.dwell_high, rel=0.05)
    assert told.bandwidth == close_to(truth)


@pytest.mark.proof
def test_hum_is_removed_where_readings_are_not_evenly_spaced():
    rng = np.random.default_rng(49)
    step = np.cumsum(rng.uniform(0.7, 1.3, READINGS))
    hum = 0.4 * np.sin(2 * np.pi * 50 * INTERVAL * step + 1)
    signal = fractions(rng, *DWELLS, step) + hum + 0.1 * rng.standard_normal(READINGS)
    fit = fit_trace(INTERVAL * step, signal)
    assert fit.verdict == "two levels"
    np.testing.assert_allclose(fit.hum, 50, atol=0.05)
    assert abs(math.log(fit.dwell_high / INTERVAL / DWELLS[0])) < 0.25


def test_dwell_times_that_change_over_the_record_are_no_recrossings():
    rng = np.random.default_rng(50)
    parts = [(5.0, 60.0), (15.0, 20.0), (20.0, 15.0), (60.0, 5.0)]
    high = np.concatenate([fractions(rng, *dwells, np.arange(1.0, 1501)) for dwells in parts])
    fit = fit_trace(INTERVAL * np.arange(6000), high + 0.1 * rng.standard_normal(6000))
    said = " ".join(fit.warnings)
    assert "change over the record: τ_high is" in said
    assert "in its first quarter" in said
    assert "turns back" not in said
    seen = [np.count_nonzero(np.diff(high > 0.5) == 1) / 2, (high > 0.5).mean()]
    mean_high = INTERVAL * 6000 * seen[1] / seen[0]
    assert abs(math.log(fit.dwell_high / mean_high)) < 0.15


def test_a_wrong_bandwidth_is_contradicted():
    rng = np.random.default_rng(51)
    signal = low_pass(rng, *DWELLS, np.arange(2000.0), 2.0) + 0.05 * rng.standard_normal(2000)
    time = INTERVAL * np.arange(2000)
    right, wrong = (
        fit_trace(time, signal, bandwidth=1 / (2 * np.pi * pole * INTERVAL)) for pole in (2, 0.5)
    )
    assert not any("contradict" in warning for warning in right.warnings)
    said = next(warning for warning in wrong.warnings if "contradict" in warning)
    assert "a bandwidth of 3.18 kHz, which was given: a bandwidth of" in said


def test_readings_at_the_ends_of_a_range_are_named():
    signal = record("none")[:1000]
    clean = fit_trace(TIME[:1000], signal)
    cut = fit_trace(TIME[:1000], np.minimum(signal, 1105.0))
    off = np.where(np.arange(1000) % 300 == 7, 600.0, 0.0)
    coarse = fit_trace(TIME[:1000], 75 * np.round((signal + off) / 75))
    digits = [fit_trace(TIME[:1000], np.round(y)) for y in (signal, np.minimum(signal, 1105))]
    assert [any("clips" in r for r in fit.remarks) for fit in (clean, *digits)] == [
        False,
        False,
        True,
    ]
    assert any("are 1105, the highest of all" in remark for remark in cut.remarks)
    assert any("values only, 75 apart" in remark for remark in coarse.remarks)


def test_levels_without_noise_are_neither_clipped_nor_repeated():
    """A window makes values between them, each its own."""
    rng, step = np.random.default_rng(3), np.arange(1.0, 2001)
    fit = fit_trace(INTERVAL * step, 1000 + 100 * fractions(rng, *DWELLS, step, 1.0))
    off = np.log(np.array([fit.dwell_high, fit.dwell_low]) / INTERVAL / DWELLS)
    assert np.abs(off / np.sqrt(np.diag(fit.log_covariance))).max() < 2.5
    assert not any("clips" in remark or "repetitions" in remark for remark in fit.remarks)


def test_a_median_filter_is_named():
    filtered = median_filter(record("none")[:600], 5)
    fit = fit_trace(TIME[:600], filtered)
    assert any("repeat the one before, as behind a median filter" in one for one in fit.remarks)


@pytest.mark.proof
def test_a_baseline_that_follows_the_states_does_not_hide_the_response():
    """Long stays in one level, by chance, look like jumps of the baseline."""
    high = low_pass(np.random.default_rng([18, 76]), *DWELLS, np.arange(5250.0), 3.0)
    fit = fit_trace(
        INTERVAL * np.arange(5250), high + 0.1 * np.random.default_rng(2).normal(size=5250)
    )
    assert fit.verdict == "two levels"
    assert fit.bandwidth == close_to(1 / (2 * np.pi * 3 * INTERVAL), rel=0.1)


def test_jumps_by_a_whole_separation_are_no_outliers():
    for seed in (2,):
        rng = np.random.default_rng([seed, 9])
        high = fractions(rng, *DWELLS, np.arange(1.0, 5251))
        x = np.linspace(0, 1, high.size)
        base = -1.1 * (x > 0.23) + 1.15 * (x > 0.475)
        signal = high + 0.1 * rng.standard_normal(high.size) + base
        fit = fit_trace(INTERVAL * np.arange(high.size), signal)
        np.testing.assert_allclose(fit.jumps, np.array([0.23, 0.475]) * 0.525, atol=0.002)
        assert not fit.warnings
        for (low, up), truth in zip(fit.intervals(), DWELLS, strict=True):
            assert 0.95 * low < truth * INTERVAL < 1.05 * up


@pytest.mark.parametrize(
    ("dwells", "pole", "window", "noise", "seeds"),
    [
        pytest.param((4.0, 3.0), 1.0, 0.0, 0.1, (2, 3), marks=pytest.mark.proof),
        pytest.param((6.0, 6.0), 2.0, 0.0, 0.2, (2, 3), marks=pytest.mark.proof),
        ((1.2, 1.0), 0.0, 1.0, 0.05, (0, 1)),
    ],
)
def test_a_response_is_found_where_dwells_are_as_short(dwells, pole, window, noise, seeds):
    """The likelihood has no slope along it there."""
    for seed in seeds:
        rng, step = np.random.default_rng([seed, 44]), np.arange(1.0, 4001)
        seen = low_pass(rng, *dwells, step, pole) if pole else fractions(rng, *dwells, step, window)
        fit = fit_trace(INTERVAL * step, seen + noise * rng.standard_normal(step.size))
        assert fit.verdict == "two levels"
        assert fit.separation == close_to(1, abs=0.05)
        for found, truth, error in zip(
            (fit.dwell_high, fit.dwell_low),
            dwells,
            np.sqrt(np.diag(fit.log_covariance)),
            strict=True,
        ):
            assert abs(math.log(found / INTERVAL / truth)) < 3.5 * error
            assert error < 0.12


def test_heavy_tails_are_not_taken_for_outliers_alone():
    for seed in (0, 1):
        rng = np.random.default_rng([seed, 45])
        signal = fractions(rng, *DWELLS, np.arange(1.0, 2501)) + 0.15 * rng.standard_t(3, 2500)
        fit = fit_trace(INTERVAL * np.arange(2500), signal)
        off = np.log(np.array([fit.dwell_high, fit.dwell_low]) / INTERVAL / DWELLS)
        assert np.abs(off / np.sqrt(np.diag(fit.log_covariance))).max() < 3
        assert "tails" in " ".join(fit.remarks)


def test_a_known_response_is_no_contradiction():
    """It lengthens the signal's memory and hides crossings."""
    rng = np.random.default_rng(47)
    signal = low_pass(rng, 3.0, 3.0, np.arange(4000.0), 2.0) + 0.05 * rng.standard_normal(4000)
    fit = fit_trace(INTERVAL * np.arange(4000), signal, bandwidth=1 / (2 * np.pi * 2 * INTERVAL))
    error = np.sqrt(np.diag(fit.log_covariance))
    assert error.max() < 0.07
    assert abs(math.log(fit.dwell_high / (3 * INTERVAL))) < 3 * error[0]
    assert not any("autocorrelation" in warning for warning in fit.warnings)


def test_a_response_that_every_switch_follows_is_not_doubted():
    """Else what turns back between the levels would widen the intervals by half."""
    rng, step = np.random.default_rng([0, 48]), np.arange(1.0, READINGS + 1)
    signal = low_pass(rng, *DWELLS, step, 5.0) + 0.1 * rng.standard_normal(READINGS)
    fit = fit_trace(INTERVAL * step, signal)
    error = np.sqrt(np.diag(fit.log_covariance))
    off = np.log(np.array([fit.dwell_high, fit.dwell_low]) / INTERVAL / DWELLS)
    assert error.max() < 0.1
    assert np.abs(off / error).max() < 2.5


def test_a_signal_that_steps_once_does_not_wander():
    rng = np.random.default_rng(46)
    signal = 1000 + 100 * (np.arange(4000) > 2641) + 10 * rng.standard_normal(4000)
    fit = fit_trace(INTERVAL * np.arange(4000), signal)
    assert fit.verdict == "one level"
    assert "steps once, from 1000 to 1100.3 at 264 ms" in fit.warnings[0]


def test_a_response_that_hides_the_dwells_is_said_with_the_remedy():
    rng = np.random.default_rng(41)
    high = low_pass(rng, 4.0, 4.0, np.arange(1.0, 2001), 4.0)
    signal = high + 0.01 * rng.standard_normal(2000)
    fit = fit_trace(TIME[:2000], signal, bandwidth=1 / (2 * np.pi * 4 * INTERVAL))
    assert any("more bandwidth" in warning for warning in fit.warnings)


def test_quantities_scale_with_their_units():
    """Units as small or large as floats allow change nothing."""
    signal = record("noise of its own in each state")[:2000]
    plain = fit_trace(TIME[:2000], signal)
    for unit in (1e-300, 1e300):
        other = fit_trace(TIME[:2000], signal * unit / 1000)
        assert other.dwell_high == close_to(plain.dwell_high, rel=1e-3)
        assert other.separation == close_to(plain.separation * unit / 1000, rel=1e-4)
        long = fit_trace(TIME[:2000] * unit, signal)
        assert long.dwell_high == close_to(plain.dwell_high * unit, rel=1e-3)


@pytest.mark.slow
def test_recrossings_are_told_from_dwells():
    """Each crossing turns back a few times within some readings before the state settles."""
    rng = np.random.default_rng(42)
    states = []
    state = 1
    while len(states) < 12_000:
        states += [state] * (1 + int(rng.exponential(80)))
        for _ in range(rng.poisson(1.0)):
            states += [1 - state] * (1 + int(rng.exponential(2)))
            states += [state] * (1 + int(rng.exponential(2)))
        state = 1 - state
    signal = np.array(states[:12_000]) + 0.08 * rng.standard_normal(12_000)
    fit = fit_trace(np.arange(12_000.0), signal, 0.0)
    assert fit.events.high < 60
    low, high = fit.intervals()[0]
    assert low < 85 < high
    assert low > 1.2 * fit.events.high
    # The occupancy rests on passages, not on crossings.
    passages = 12_000 / (fit.dwell_high + fit.dwell_low)
    assert fit.log_odds_variance == close_to(2 / passages, rel=0.01)
    assert fit.log_odds_variance > 2.4 / (12_000 / (fit.events.high + fit.events.low))
    assert "recrossings" in " ".join(fit.warnings)


@pytest.mark.proof
def test_a_finely_sampled_trace_has_no_recrossings():
    """Of these the first half has fewer switches than the whole, by chance."""
    for seed in (2, 8):
        rng = np.random.default_rng([seed, 43])
        high = fractions(rng, 150.0, 100.0, np.arange(1.0, 40_001))
        noise = 0.13 * rng.standard_normal(high.size)
        fit = fit_trace(INTERVAL * np.arange(high.size), high + noise)
        assert "recrossings" not in " ".join(fit.warnings)
        switches = np.count_nonzero(np.diff(high > 0.5))
        assert fit.dwell_high + fit.dwell_low == close_to(
            2 * INTERVAL * high.size / switches, rel=0.02
        )


@pytest.mark.proof
@pytest.mark.parametrize(("barrier", "readings"), [(5.0, 5), (4.0, 40)])
def test_crossings_of_a_macrospin_that_turn_back_are_no_dwells(barrier, readings):
    """The exact relaxation rate is the lowest eigenvalue of the Fokker-Planck operator."""
    anisotropy, temperature, damping = 40 * mT, 300.0, 0.1
    moment = 2 * barrier * BOLTZMANN * temperature / (VACUUM_PERMEABILITY * anisotropy)
    spin = Macrospin(moment, anisotropy, 0.0, 0.0, 0.0, 0.0, temperature)
    exact = math.exp(-float(log_relaxation_rate(spin, 0.0, 0.0, 0.0, damping)))
    interval, size, count = exact / readings, 5000, 6
    system = DrivenMacrospin(spin, damping, (0.0, 0.0, 0.0))
    start = equilibrium_directions(spin, (0.0, 0.0, 0.0), count, 5)
    m = mean_directions(system, start, interval, 0.0, size, count, seed=5)[:, :, 2]
    noise = 0.05 * np.random.default_rng(5).standard_normal(m.shape)
    fits = [fit_trace(interval * np.arange(size), one) for one in (m + noise).T]
    between_levels = np.log([fit.relaxation_time / exact for fit in fits])
    crossings = np.log([fit.events.relaxation_time / exact for fit in fits])
    assert crossings.mean() < -0.2
    assert all("recrossings" in " ".join(fit.warnings) for fit in fits)
    # A record of 125 relaxation times gives them 20 % too long, well within their error.
    errors = np.sqrt([np.mean(np.diag(fit.log_covariance)) for fit in fits])
    assert abs(between_levels.mean()) < max(0.1, errors.mean())
    for fit in fits:
        low, high = fit.intervals()[0]
        assert 0.95 * low < 2 * exact < 1.05 * high


def test_levels_far_above_their_noise_have_errors():
    rng = np.random.default_rng(52)
    high, noise = fractions(rng, *DWELLS, TIME / INTERVAL), rng.standard_normal(READINGS)
    fit = fit_trace(TIME, 5000 + 900 * high + 6 * noise)
    for level, part, truth in zip(fit.levels, (1 - high, high), (5000, 5900), strict=True):
        assert level.noise == close_to(6, rel=0.1)
        error = 6 / math.sqrt(part.sum())
        assert abs(level.value - truth) < 4 * error
    errors = np.sqrt(np.diag(fit.level_covariance))
    np.testing.assert_allclose(errors, 6 / np.sqrt([(1 - high).sum(), high.sum()]), rtol=0.1)


@pytest.mark.slow
def test_levels_hold_whatever_the_skewness_of_the_noise():
    """Two-piece noise of the same skewness has another mean; noise less than allowed has none."""
    off = []
    for seed in range(3):
        rng = np.random.default_rng([seed, 54])
        high = fractions(rng, 25.0, 18.0, np.arange(1.0, 4001))
        noise = (rng.gamma(2, 1, high.size) - 2) / math.sqrt(2)
        sign = -1 if seed % 2 else 1
        signal = 1000 + 100 * high + 10 * noise * np.where(high > 0.5, sign, 1)
        fit = fit_trace(TIME[:4000], signal)
        errors = np.sqrt(np.diag(fit.level_covariance))
        values = [level.value for level in fit.levels]
        off += list((values - np.array([1000, 1100])) / errors * [1, sign])
    assert abs(np.mean(off)) < 0.9
    exact = fit_trace(TIME[:4000], np.round(1000 + 100 * high))
    np.testing.assert_allclose([level.value for level in exact.levels], [1000, 1100], atol=3e-4)


@pytest.mark.parametrize(("interval", "digits"), [(1.6683e-2, 4), (1.23457e-3, 6)])
def test_times_that_are_rounded_are_as_far_apart_as_the_record_says(interval, digits):
    """Most of their differences are rounded up, so the record seems longer than it is."""
    size = 3000 if digits == 4 else 12_000
    rng = np.random.default_rng(55)
    signal = fractions(rng, *DWELLS, np.arange(float(size))) + 0.1 * rng.standard_normal(size)
    fit = fit_trace(np.round(interval * np.arange(size), digits), signal)
    exact = fit_trace(interval * np.arange(size), signal)
    assert fit.dwell_high == close_to(exact.dwell_high, rel=2e-3)


def test_levels_beside_a_calibration_step_are_those_of_the_record():
    signal = record("none")
    signal[:300] = 400 + 5 * np.random.default_rng(53).standard_normal(300)
    fit = fit_trace(TIME, signal)
    np.testing.assert_allclose([level.value for level in fit.levels], [1000, 1100], atol=2)
    assert "the baseline jumps" in " ".join(fit.remarks)


def test_two_levels_on_two_steps_of_a_converter_are_no_noise():
    rng = np.random.default_rng(3)
    signal = record("none", 1)[:3000]
    off = rng.random(3000) < 0.01
    signal[off] += rng.uniform(-500, 500, off.sum())
    fit = fit_trace(TIME[:3000], 97 * np.round(signal / 97 + 0.3))
    assert fit.verdict == "two levels"
    assert abs(math.log(fit.dwell_high / INTERVAL / DWELLS[0])) < 0.3


def test_a_readout_that_rings_passes_the_level_by_what_theory_says():
    for damping in (0.5, 0.3):
        rng = np.random.default_rng(round(100 * damping))
        seen = overshoot(ringing(rng, 30, 25, 4000, damping, 0.1), 0.0, 1.0)
        # Of the largest reading, seldom right at the top, over a level that still rings a little.
        top = np.exp(-np.pi * damping / np.sqrt(1 - damping**2))
        assert 0.8 * top < seen < 1.2 * top
    time = np.arange(4000.0)
    for seed in range(5):
        rng = np.random.default_rng([seed, 31])
        slow = low_pass(rng, 30, 25, time, 2.0) + 0.1 * rng.standard_normal(time.size)
        pair = fractions(rng, 30, 25, time) + 0.6 * fractions(rng, 8, 12, time)
        assert overshoot(slow, 0.0, 1.0) == 0
        assert overshoot(pair + 0.05 * rng.standard_normal(time.size), 0.0, 1.6) == 0


@pytest.mark.proof
def test_a_readout_that_rings_is_told_and_equal_fluctuators_are_told_from_three_levels():
    fit = fit_trace(np.arange(4000.0), ringing(np.random.default_rng(1), 30, 25, 4000, 0.3, 0.15))
    assert "as of a readout that rings" in " ".join(fit.warnings)
    time = np.arange(3000.0)
    for slow, fast, verdict in (
        ((40, 30), (6, 10), "two fluctuators"),
        ((25, 20), (12, 18), "three levels"),
    ):
        rng = np.random.default_rng([0, 21])
        twins = fractions(rng, *fast, time) + fractions(rng, *slow, time)
        fit = fit_trace(time, twins + 0.1 * rng.standard_normal(time.size))
        assert fit.verdict == verdict
        assert ("look the same" in " ".join(fit.warnings)) == (verdict == "three levels")
        times = sorted(fit.fluctuators, key=lambda one: -one.relaxation_time)
        for found, truth in zip(times, (slow, fast), strict=True):
            np.testing.assert_allclose([found.high, found.low], truth, rtol=0.5)
