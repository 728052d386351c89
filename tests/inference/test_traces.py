"""The telegraph fit against what made the trace."""

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.stats import binomtest
from telegraph_events import fractions, trace

from closeness import close_to
from smtj.errors import SmtjError
from smtj.inference.telegraph import pilot
from smtj.inference.telegraph.fit import fit_trace, sample_states


def test_without_noise_the_fit_is_that_of_the_sampled_chain():
    """Transition counts give the estimates, and their binomial errors those of the dwell times."""
    time, signal = trace(np.random.default_rng(4), (3.0, 7.0), 3000, noise=0.0)
    state = signal.astype(int)
    counts = np.zeros((2, 2))
    np.add.at(counts, (state[:-1], state[1:]), 1)
    up, down = counts[0, 1] / counts[0].sum(), counts[1, 0] / counts[1].sum()
    relaxation_time = -1 / np.log(1 - up - down)
    fit = fit_trace(time, signal, 0.0)
    assert fit.dwell_high == close_to(relaxation_time * (up + down) / down, rel=5e-3)
    assert fit.dwell_low == close_to(relaxation_time * (up + down) / up, rel=5e-3)
    # d(up, down)/d(ln τ_high, ln τ_low), by differences of the matrix exponential.
    slopes = np.empty((2, 2))
    for j, step in enumerate(np.eye(2) * 1e-5):
        ends = []
        for sign in (1, -1):
            high, low = np.array([fit.dwell_high, fit.dwell_low]) * np.exp(sign * step)
            ends.append(
                expm(np.array([[-1 / low, 1 / low], [1 / high, -1 / high]]))[[0, 1], [1, 0]]
            )
        slopes[:, j] = (ends[0] - ends[1]) / 2e-5
    weight = np.diag(counts.sum(axis=1) / (np.array([up, down]) * (1 - np.array([up, down]))))
    covariance = np.linalg.inv(slopes.T @ weight @ slopes)
    np.testing.assert_allclose(fit.log_covariance, covariance, rtol=0.1, atol=4e-4)
    np.testing.assert_array_equal(fit.states, state)
    assert fit.switches == np.count_nonzero(np.diff(state))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("window", "traces"),
    [
        pytest.param(0.0, 24, marks=pytest.mark.proof),
        (1.0, 14),
        pytest.param(0.5, 10, marks=pytest.mark.proof),
    ],
)
@pytest.mark.proof
def test_intervals_cover_the_truth(window, traces):
    """Three readings a shorter dwell, noise, drift and outliers, one state rare or not."""
    covered, z = 0, []
    for seed in range(traces):
        rng = np.random.default_rng([seed, 5])
        dwells = rng.permutation([3.0, 3.0 * 20 ** rng.random()])
        drift = ["line", "bend"][seed % 2]
        time, signal = trace(rng, dwells, 1500, window, 0.3 * rng.random(), drift, 0.02)
        fit = fit_trace(time, signal, window)
        covered += sum(a <= t <= b for t, (a, b) in zip(dwells, fit.intervals(), strict=True))
        odds = np.log(dwells[0] / dwells[1])
        z.append((fit.log_odds - odds) / np.sqrt(fit.log_odds_variance))
        assert fit.separation == close_to(1, abs=0.15)
    assert binomtest(covered, 2 * traces, 0.95).pvalue > 1e-3
    assert 0.6 < np.std(z) < 1.4


@pytest.mark.parametrize("window", [0.0, 1.0])
@pytest.mark.parametrize("flip", [False, True], ids=["mostly high", "mostly low"])
def test_a_rare_state_is_found_under_drift_noise_and_outliers(window, flip):
    dwells = (3.0, 57.0) if flip else (57.0, 3.0)
    rng = np.random.default_rng(6)
    time, signal = trace(rng, dwells, 4000, window, 0.25, "bend", 0.04)
    fit = fit_trace(time, signal, window)
    assert fit.verdict == "two levels"
    assert fit.separation == close_to(1, abs=0.1)
    assert fit.noise == close_to(0.25, abs=0.02)
    assert fit.outliers == close_to(0.04, abs=0.015)
    low = np.sin(1.5 * np.pi * (time - 1) / (time[-1] - 1) + 1) / 2
    assert np.abs(fit.low - low).max() < 0.15
    np.testing.assert_allclose(fit.high - fit.low, fit.separation)
    z = np.log([fit.dwell_high / dwells[0], fit.dwell_low / dwells[1]])
    assert np.abs(z / np.sqrt(np.diag(fit.log_covariance))).max() < 3.5


def test_states_and_fractions_are_those_of_the_process():
    rng, window = np.random.default_rng(7), 1.0
    time = np.arange(1.0, 3001)
    events = fractions(rng, 6.0, 4.0, np.sort(np.concatenate([time, time - 0.5])))
    assert events.size == 6000
    state = fractions(np.random.default_rng(8), 6.0, 4.0, time)
    signal = state + 0.15 * rng.standard_normal(time.size)
    fit = fit_trace(time, signal, 0.0)
    assert (fit.states != state).mean() < 0.003
    assert fit.states.dtype == np.uint8
    assert fit.fraction.dtype == np.float32
    certain = np.abs(fit.fraction - 0.5) > 0.45
    assert (np.abs(fit.fraction - state)[certain] > 0.5).mean() < 0.003
    fraction = fractions(np.random.default_rng(9), 6.0, 4.0, time, window)
    averaged = fit_trace(time, fraction + 0.05 * rng.standard_normal(time.size), window)
    assert np.abs(averaged.fraction - fraction).mean() < 0.03


@pytest.mark.parametrize("levels", [1, 2])
def test_a_fit_says_how_far_it_is(levels):
    rng, said = np.random.default_rng(0), []
    states = np.arange(300) // 30 % levels
    fit_trace(
        np.arange(300.0),
        states + rng.normal(0, 0.1, 300),
        progress=lambda done, total: said.append((done, total)),
    )
    assert said == sorted(said)
    assert said[0][0] == 1
    assert said[-1][0] == said[-1][1]


def test_the_unit_of_signal_and_time_does_not_matter():
    time, signal = trace(np.random.default_rng(10), (3.0, 6.0), 1500, 1.0, 0.2, "line", 0.02)
    one = fit_trace(time, signal, 1.0)
    other = fit_trace(1e-3 * time + 4, 70 - 1e-4 * signal, 1e-3)
    assert other.dwell_high == close_to(1e-3 * one.dwell_low, rel=1e-3)
    assert other.separation == close_to(1e-4 * one.separation, rel=1e-4)
    np.testing.assert_allclose(other.high, 70 - 1e-4 * one.low, atol=1e-7)
    np.testing.assert_allclose(
        other.log_covariance, one.log_covariance[::-1, ::-1], rtol=0.02, atol=1e-4
    )
    assert other.log_likelihood == close_to(one.log_likelihood + time.size * np.log(1e4), rel=1e-6)


@pytest.mark.slow
def test_gaps_and_uneven_times_are_exact():
    """Half the readings of a trace, chosen at random and with a hole, tell the same dwell times."""
    covered, traces = 0, 20
    for seed in range(traces):
        rng = np.random.default_rng([seed, 11])
        time = np.sort(rng.choice(np.arange(1.0, 5001), 2000, replace=False))
        time = time + 3000.0 * (time > 2000) + rng.uniform(0, 0.3, time.size)
        time, signal = trace(rng, (12.0, 5.0), 2000, 0.0, 0.2, "line", time=time)
        fit = fit_trace(time, signal, 0.0, bandwidth=np.inf)
        covered += sum(a <= t <= b for t, (a, b) in zip((12, 5), fit.intervals(), strict=True))
    assert binomtest(covered, 2 * traces, 0.95).pvalue > 1e-3


@pytest.mark.proof
@pytest.mark.parametrize("dwells", [(5.0, 9.0), (150.0, 90.0)], ids=["fast", "slow"])
def test_a_long_trace_has_the_maximum_of_all_its_readings(dwells, monkeypatch):
    readings = pilot.LONG + 7000
    time, signal = trace(np.random.default_rng(12), dwells, readings, 0.0, 0.2, "line")
    part = fit_trace(time, signal, 0.0)
    monkeypatch.setattr(pilot, "LONG", readings)
    whole = fit_trace(time, signal, 0.0)
    error = np.sqrt(np.diag(whole.log_covariance))
    for name, e in zip(("dwell_high", "dwell_low"), error, strict=True):
        assert abs(np.log(getattr(part, name) / getattr(whole, name))) < 0.2 * e
    np.testing.assert_allclose(np.sqrt(np.diag(part.log_covariance)), error, rtol=0.1)
    assert (part.states != whole.states).mean() < 2e-3


@pytest.mark.slow
def test_a_slow_trace_is_thinned_and_its_states_are_those_of_all_readings():
    rng, readings = np.random.default_rng(19), 12 * pilot.LONG
    time = np.arange(1.0, readings + 1)
    state = fractions(rng, 3000.0, 2000.0, time)
    fit = fit_trace(time, state + 0.2 * rng.standard_normal(readings), 0.0)
    low, high = fit.intervals(0.999)[0]
    assert low < 3000 < high
    assert (fit.states != state).mean() < 1e-3


@pytest.mark.proof
def test_level_errors_are_those_of_repeated_traces():
    found, errors = [], []
    for seed in range(30):
        time, signal = trace(np.random.default_rng([seed, 13]), (4.0, 6.0), 800, noise=0.2)
        fit = fit_trace(time, signal, 0.0)
        found.append([fit.low.mean(), fit.high.mean()])
        errors.append(np.sqrt(np.diag(fit.level_covariance)))
    np.testing.assert_allclose(np.std(found, axis=0), np.mean(errors, axis=0), rtol=0.35)
    z = (np.mean(found, axis=0) - [0, 1]) / np.mean(errors, axis=0) * np.sqrt(30)
    assert np.abs(z).max() < 4


def test_drawn_states_have_the_dwell_times_of_the_process():
    """The most probable path of a noisy trace misses dwells; a drawn one has them all."""
    rng = np.random.default_rng(14)
    time = np.arange(1.0, 20_001)
    state = fractions(rng, 3.0, 4.0, time)
    signal = state + 0.5 * rng.standard_normal(time.size)
    fit = fit_trace(time, signal)
    drawn = sample_states(fit, time, signal, seed=1)
    switches = np.count_nonzero(np.diff(state))
    assert fit.switches < 0.85 * switches
    assert np.count_nonzero(np.diff(drawn.astype(int))) == close_to(switches, rel=0.05)
    np.testing.assert_array_equal(drawn, sample_states(fit, time, signal, seed=1))


def test_few_switches_give_wide_intervals_and_a_warning():
    time, signal = trace(np.random.default_rng(15), (150.0, 150.0), 1500, noise=0.1)
    fit = fit_trace(time, signal, 0.0)
    assert 3 <= fit.switches < 20
    assert any("switches" in warning for warning in fit.warnings)
    low, high = fit.intervals()[0]
    assert low < 150 < high
    assert high / low > 2


T, Y = np.arange(100.0), np.tile([0.0, 1.0], 50)


@pytest.mark.parametrize(
    ("time", "signal", "window", "message"),
    [
        (T[:20], Y[:20], 0.0, "at least 50 readings; this one has 20"),
        (T, Y[:-1], 0.0, "one time per reading"),
        (T[::-1], Y, 0.0, "does not increase from reading 0 to 1"),
        (np.append(T[:-1], 98.0), Y, 0.0, "does not increase from reading 98 to 99"),
        (T, np.full(100, np.nan), 0.0, "100 of 100 readings are overflows or not finite"),
        (np.append(T[:-1], np.inf), Y, 0.0, "time is inf at reading 99"),
        (T, 0 * Y + 3, 0.0, "every reading is 3; a constant"),
        (T, Y, 1.5, "overlap where they are 1 s apart"),
        (T, Y, -1.0, "must be 0 s or more"),
    ],
)
def test_impossible_traces_are_refused(time, signal, window, message):
    with pytest.raises(SmtjError, match=message):
        fit_trace(time, signal, window)


def test_an_inverse_averages_only_if_positive():
    with pytest.raises(SmtjError, match="only for a positive signal; its median is"):
        fit_trace(T, Y - 5, 1.0, averages_inverse=True)
    with pytest.raises(SmtjError, match="bandwidth is -1 Hz"):
        fit_trace(T, Y, bandwidth=-1)


@pytest.mark.parametrize("bias", ["resistance", "conductance"])
def test_the_fraction_of_averaged_readings_is_that_of_the_time(bias):
    """At 1 and 2 ohm a reading that is half the time high is 1.33 ohm, at a constant voltage."""
    rng = np.random.default_rng(17)
    time = np.arange(1.0, 3001)
    fraction = fractions(rng, 3.0, 5.0, time, 1.0)
    resistance = 1 / (fraction / 2 + (1 - fraction)) if bias == "conductance" else 1 + fraction
    signal = resistance + 0.05 * rng.standard_normal(time.size)
    fit = fit_trace(time, signal, 1.0, averages_inverse=bias == "conductance")
    assert fit.chain.bend == close_to(1.0 if bias == "conductance" else 0.0, abs=0.03)
    off = fit.fraction - fraction
    assert abs(off.mean()) < 4 * off.std() / np.sqrt(off.size)
    assert off.std() < 0.09 * (1 + fit.chain.bend)


def test_a_single_step_is_no_telegraph():
    signal = np.repeat([0.0, 1.0], 500) + 0.05 * np.random.default_rng(16).standard_normal(1000)
    fit = fit_trace(np.arange(1000.0), signal)
    assert not fit.has_dwell_times
    assert fit.jumps == close_to([500], abs=3)


@pytest.mark.parametrize("signal", [np.arange(300.0), np.sin(np.arange(300) / 99)])
def test_a_smooth_signal_without_noise_has_no_levels(signal):
    fit = fit_trace(np.arange(300.0), signal)
    assert not fit.has_dwell_times
    np.testing.assert_allclose(fit.low, signal, atol=0.05 * np.ptp(signal))
