"""One, two or more levels, too fast, or wandering: each kind of trace gets its verdict."""

import math

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import norm
from telegraph_events import fractions, trace

from closeness import close_to
from smtj.errors import SmtjError
from smtj.inference.telegraph.checks.noise import _innovations_merit, noise_merit
from smtj.inference.telegraph.fit import fit_trace, sample_states

TIME = np.arange(1.0, 2001)
DRIFT = np.sin(4 * TIME / TIME.size) / 2


def noise_of(rng, size, outliers):
    noise = size * rng.standard_normal(TIME.size)
    off = rng.random(TIME.size) < outliers
    noise[off] += rng.uniform(-2, 2, off.sum())
    return noise


@pytest.mark.parametrize("outliers", [0.0, 0.02])
def test_drift_and_noise_are_one_level(outliers):
    for seed in range(3):
        rng = np.random.default_rng([seed, 0])
        signal = 3 + DRIFT / 4 + noise_of(rng, rng.uniform(0.1, 0.5), outliers)
        fit = fit_trace(TIME, signal, 0.0)
        assert fit.verdict == "one level"
        assert fit.evidence.gain_of_second_level < 5
        assert np.abs(fit.low - 3 - DRIFT / 4).max() < 0.3
        assert math.isnan(fit.dwell_high)
        assert fit.intervals() == ((0.0, math.inf), (0.0, math.inf))
        assert fit.switches == 0
        assert "one level" in fit.warnings[0]
    with pytest.raises(SmtjError, match="no states to sample"):
        sample_states(fit, TIME, signal)


@pytest.mark.parametrize(
    "kind", ["relaxation", "Ornstein-Uhlenbeck", pytest.param("1/f", marks=pytest.mark.proof)]
)
def test_a_signal_without_levels_wanders(kind):
    rng = np.random.default_rng(1)
    white = rng.standard_normal(TIME.size)
    if kind == "relaxation":
        signal = np.exp(-TIME / 400) + 0.02 * white
    elif kind == "Ornstein-Uhlenbeck":
        signal = np.empty(TIME.size)
        signal[0] = 0
        for i in range(1, TIME.size):
            signal[i] = 0.98 * signal[i - 1] + 0.1 * white[i]
    else:
        frequency = np.fft.rfftfreq(2 * TIME.size)
        frequency[0] = np.inf
        phase = np.exp(2j * np.pi * rng.random(frequency.size))
        signal = np.fft.irfft(phase * frequency**-0.6)[: TIME.size] * 100 + 0.2 * white
    fit = fit_trace(TIME, signal)
    assert fit.verdict == "wandering"
    assert "without levels" in fit.warnings[0]
    assert not fit.has_dwell_times


def pink(rng, exponent=1.0):
    """1/f noise of unit variance."""
    frequency = np.fft.rfftfreq(2 * TIME.size)
    frequency[0] = np.inf
    spectrum = (rng.standard_normal((2, frequency.size)) * frequency ** (-exponent / 2)).T
    noise = np.fft.irfft(spectrum @ [1, 1j])[: TIME.size]
    return (noise - noise.mean()) / noise.std()


def skewed(rng):
    """Exponential of noise with a memory of 5 readings."""
    out = [0.0]
    for one in 0.57 * rng.standard_normal(TIME.size - 1):
        out.append(math.exp(-0.2) * out[-1] + one)
    return np.exp(0.5 * np.array(out))


@pytest.mark.slow
@pytest.mark.parametrize(
    "noise",
    [
        lambda rng: pink(rng) + rng.standard_normal(TIME.size),
        lambda rng: rng.standard_t(3, TIME.size),
        lambda rng: rng.lognormal(0, 0.8, TIME.size),
        lambda rng: lfilter([1], [1, -1.57, 0.9], rng.standard_normal(TIME.size)),
        pytest.param(lambda rng: rng.exponential(size=TIME.size), marks=pytest.mark.proof),
        pytest.param(skewed, marks=pytest.mark.proof),
        pytest.param(
            lambda rng: lfilter([1], [1, -0.8], rng.gamma(1.5, 1, TIME.size)),
            marks=pytest.mark.proof,
        ),
    ],
)  # fmt: skip
def test_no_levels_are_invented_in_noise(noise):
    fit = fit_trace(TIME, 5000 + 50 * noise(np.random.default_rng(2)))
    assert fit.verdict in ("one level", "wandering")


def test_noise_is_as_likely_as_its_exact_law_says():
    rng, size, kept = np.random.default_rng(3), 4000, 0.8
    step = 2 * rng.standard_normal(size)
    signal = lfilter([1], [1, -kept], step)
    exact = norm.logpdf(step[1:], scale=2).sum() - 1.5 * math.log(size)
    assert noise_merit(signal) == close_to(exact, abs=10)
    bent = np.sinh((np.arcsinh(signal / 3) + 0.4) / 1.2)
    slope = 3 * 1.2 * np.sqrt((1 + signal**2 / 9) / (1 + bent**2))
    assert noise_merit(bent) == close_to(exact + np.log(slope).sum(), abs=40)


@pytest.mark.parametrize("noise", [pytest.param(0.02, marks=pytest.mark.proof), 0.1])
def test_two_independent_fluctuators_get_dwell_times_of_each(noise):
    covered = 0
    for seed in range(1):
        rng = np.random.default_rng([seed, 1])
        signal = fractions(rng, 5.0, 8.0, TIME) + 0.6 * fractions(rng, 20.0, 25.0, TIME)
        fit = fit_trace(TIME, signal + DRIFT + noise_of(rng, noise, 0.0), 0.0)
        assert fit.verdict == "two fluctuators"
        assert fit.evidence.gain_of_third_level > 20
        assert len(fit.levels) == 4
        for times, truth in zip(fit.fluctuators, ((5.0, 8.0), (20.0, 25.0)), strict=True):
            covered += sum(
                low <= t <= up for t, (low, up) in zip(truth, times.intervals(), strict=True)
            )
    assert covered >= 3


@pytest.mark.proof
def test_a_drift_under_two_fluctuators_is_no_row_of_jumps():
    rng = np.random.default_rng([1, 1])
    signal = fractions(rng, 5.0, 8.0, TIME) + 0.6 * fractions(rng, 20.0, 25.0, TIME)
    fit = fit_trace(TIME, signal + DRIFT + noise_of(rng, 0.02, 0.0), 0.0)
    assert fit.verdict == "two fluctuators"
    assert not fit.jumps
    assert fit.noise == close_to(0.02, rel=0.1)


@pytest.mark.proof
@pytest.mark.parametrize(
    ("larger", "smaller", "size", "seed"),
    [
        ((46.0, 40.0), (11.0, 10.0, 0.78), 4000, [10, 2]),
        # The slow one switches a dozen times.
        ((20.0, 15.0), (600.0, 480.0, 0.25), 8000, [4, 2]),
    ],
)
def test_sums_of_two_fluctuators_are_no_levels_in_any_order(larger, smaller, size, seed):
    rng = np.random.default_rng(seed)
    time = np.arange(1.0, size + 1)
    *times, height = smaller
    signal = fractions(rng, *larger, time) + height * fractions(rng, *times, time)
    fit = fit_trace(time, signal + 0.04 * rng.standard_normal(time.size))
    assert fit.verdict == "two fluctuators"
    for found, truth in zip(fit.fluctuators, (larger, times), strict=True):
        for one, (low, up) in zip(truth, found.intervals(0.999), strict=True):
            assert low < one < up


@pytest.mark.proof
def test_levels_that_two_do_not_describe_are_no_memory_of_one():
    rng = np.random.default_rng([12, 36])
    noise = 0.055 * rng.standard_normal(8000)
    states, state = [], 0
    for _ in noise:
        if rng.random() < (0.06, 0.03, 0.06)[state]:
            state = (state + rng.integers(1, 3)) % 3
        states.append(state)
    fit = fit_trace(np.arange(8000.0), np.array([0, 0.62, 1])[states] + noise)
    assert fit.verdict == "three levels"


@pytest.mark.proof
def test_four_levels_equally_far_apart_are_not_one():
    for seed in (1, 2, 5):
        rng, states = np.random.default_rng([seed, 41]), []
        while len(states) < 8000:
            states += [rng.integers(4)] * (1 + int(rng.exponential(20)))
        signal = 0.5 * np.array(states[:8000]) + 0.06 * rng.standard_normal(8000)
        assert fit_trace(np.arange(8000.0), signal).verdict == "four levels"


@pytest.mark.parametrize("middle", [0.35, pytest.param(0.5, marks=pytest.mark.proof)])
def test_three_levels_in_a_row_have_a_dwell_time_each(middle):
    rng = np.random.default_rng(2)
    state, states = 1, []
    for _ in TIME:
        if rng.random() < 0.1:
            state = 1 if state != 1 else rng.choice([0, 2])
        states.append(state)
    signal = np.array([0, middle, 1])[states] + DRIFT + noise_of(rng, 0.05, 0.01)
    fit = fit_trace(TIME, signal, 0.0)
    assert fit.verdict == "three levels"
    values = [level.value for level in fit.levels]
    np.testing.assert_allclose(np.diff(values), [middle, 1 - middle], atol=0.03)
    for level in fit.levels:
        low, high = level.dwell_interval
        assert low < 10 < high or level.dwell == close_to(10, rel=0.4)
    assert (fit.states == states).mean() > 0.98


@pytest.mark.slow
def test_a_level_that_is_seen_in_a_hundredth_of_the_readings_is_no_crowd_of_outliers():
    for seed in range(2):
        rng = np.random.default_rng([seed, 500])
        states = []
        while len(states) < 30_000:
            for state, dwell in enumerate((500, 5)):
                states += [state] * (1 + int(rng.exponential(dwell)))
        signal = np.array(states[:30_000]) + 0.1 * rng.standard_normal(30_000)
        fit = fit_trace(np.arange(30_000.0), signal)
        assert fit.verdict == "two levels"
        # 60 visits.
        assert 3.3 < fit.dwell_high < 8.5


def test_a_level_far_from_two_others_is_no_crowd_of_outliers():
    rng = np.random.default_rng(5)
    state, states = 0, []
    for _ in TIME:
        if rng.random() < (0.13, 0.08, 0.025)[state]:
            state = (state + rng.integers(1, 3)) % 3
        states.append(state)
    # The third one is further away than the separation of the other two.
    fit = fit_trace(TIME, np.array([0, 0.57, 1])[states] + noise_of(rng, 0.055, 0.0), 0.0)
    assert fit.verdict == "three levels"
    assert (fit.states == states).mean() > 0.98


def test_four_levels_that_follow_each_other_in_any_order_are_counted():
    """Each is left for any other, so that they are no two fluctuators."""
    rng = np.random.default_rng(4)
    state, states = 0, []
    for _ in TIME:
        if rng.random() < 0.08:
            state = (state + rng.integers(1, 4)) % 4
        states.append(state)
    signal = np.array([0, 0.4, 1, 1.5])[states] + DRIFT / 5 + noise_of(rng, 0.05, 0.0)
    fit = fit_trace(TIME, signal, 0.0)
    assert fit.verdict == "four levels"
    assert "memory" not in " ".join(fit.remarks)
    np.testing.assert_allclose(
        np.diff([level.value for level in fit.levels]), [0.4, 0.6, 0.5], atol=0.03
    )
    assert (fit.states == states).mean() > 0.98
    for level in fit.levels:
        assert level.dwell == close_to(12.5, rel=0.4)


@pytest.mark.parametrize("noise", [pytest.param(0.05, marks=pytest.mark.proof), 0.3])
def test_uncorrelated_samples_give_an_occupancy_and_upper_bounds(noise):
    """At dwell times of a tenth of the interval nothing is left of the correlation."""
    z = []
    for seed in range(6):
        rng = np.random.default_rng([seed, 3])
        signal = fractions(rng, 0.1, 0.25, TIME) + DRIFT + noise_of(rng, noise, 0.01)
        fit = fit_trace(TIME, signal, 0.0)
        assert fit.verdict == "faster than the sampling"
        assert math.isnan(fit.dwell_high)
        (low_high, up_high), (low_low, up_low) = fit.intervals()
        assert low_high == low_low == 0
        assert 0.1 < up_high < 1.5
        assert 0.25 < up_low < 2
        assert fit.separation == close_to(1, abs=0.06)
        z.append((fit.log_odds - np.log(0.1 / 0.25)) / np.sqrt(fit.log_odds_variance))
        low, up = fit.occupancy_interval()
        assert low < fit.occupancy < up
        assert "sample faster" in fit.warnings[0]
    assert np.abs(np.mean(z)) < 4 / np.sqrt(6)
    assert np.std(z) < 2.2


@pytest.mark.parametrize("window", [0.0, 1.0])
def test_a_good_trace_is_hardly_ever_called_anything_else(window):
    for seed in range(3):
        rng = np.random.default_rng([seed, 5])
        dwells = rng.permutation([3.0, 3.0 * 20 ** rng.random()])
        noise, drift = 0.3 * rng.random(), ["line", "bend"][seed % 2]
        time, signal = trace(rng, dwells, 2500, window, noise, drift, 0.01)
        fit = fit_trace(time, signal, window)
        assert fit.verdict == "two levels"
        assert fit.evidence.gain_of_second_level > 20
        assert fit.evidence.sentence.startswith("two levels: log-odds against one level")
        assert fit.evidence.gain_of_third_level < 5


def test_normal_noise_has_the_likelihood_of_a_normal_law() -> None:
    x = 3 + 0.2 * np.random.default_rng(3).standard_normal(3000)
    expected = norm.logpdf(x, x.mean(), x.std()).sum()
    assert _innovations_merit(x - x.mean(), 0.0) == close_to(expected, abs=10)
    # Every parameter of a curve costs its price, the width too.
    assert _innovations_merit(x - x.mean(), 100.0) < expected - 100
