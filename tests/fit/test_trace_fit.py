"""The hidden Markov fit of traces against what generated them, by an event simulation in NumPy."""

import math

import numpy as np
import pytest

from smtj.errors import SmtjError
from smtj.fit.dwell import autocorrelation_time, corner_frequency, exponential_test
from smtj.fit.filtered import share_densities, share_law
from smtj.fit.telegraph import draw_states, fit_trace


def shares(dwell_high, dwell_low, interval, window, readings, rng):
    """Share of each window spent high, and the state at its end, from dwell after dwell."""
    total, ends = readings * interval, []
    high = rng.random() < dwell_high / (dwell_high + dwell_low)
    count = int(3 * total / (dwell_high + dwell_low)) + 200
    dwells = rng.exponential(1.0, count)
    own = np.arange(count) % 2 == 0
    dwells *= np.where(own == high, dwell_high, dwell_low)
    ends = np.concatenate([[0.0], np.cumsum(dwells)])
    assert ends[-1] > total
    spent = np.concatenate([[0.0], np.cumsum(np.where(own == high, dwells, 0.0))])
    last = interval * np.arange(1, readings + 1)

    def time_high(t):
        return np.interp(t, ends, spent)

    states = (np.searchsorted(ends, last, side="right") - 1) % 2 == (0 if high else 1)
    if window == 0:
        return last, states.astype(float), states
    return last, (time_high(last) - time_high(last - window)) / window, states


def trace(rng, *, ratio=4.0, window=0.0, noise=0.2, readings=3000, outliers=0.0, bend=False):
    """A trace of three readings a shorter dwell, separation 1, drift of one separation."""
    dwells = (3.0, 3.0 * ratio)
    time, share, states = shares(*dwells, 1.0, window, readings, rng)
    x = np.linspace(0, 1, readings)
    signal = share + (np.sin(2 * x) if bend else x) + noise * rng.standard_normal(readings)
    hit = rng.random(readings) < outliers
    signal[hit] += rng.choice([-4, 4], hit.sum())
    return time, signal, states, dwells


@pytest.mark.parametrize("window", [0.0, 0.3, 1.0])
def test_intervals_cover_the_truth(window):
    """200 traces; a share of 95 % has a standard error of 1.5 points."""
    covered, z = [], []
    for seed in range(200 if window == 0 else 60):
        rng = np.random.default_rng([seed, round(10 * window)])
        time, signal, _, dwells = trace(
            rng, ratio=rng.uniform(1, 8), window=window, noise=rng.uniform(0, 0.3), readings=1200
        )
        fit = fit_trace(time, signal, window)
        assert fit.verdict == "two levels"
        for (low, high), truth in zip(fit.intervals(), dwells, strict=True):
            covered.append(low <= truth <= high)
        error = np.sqrt(np.diag(fit.log_covariance))
        z.append(np.log(np.array([fit.dwell_high, fit.dwell_low]) / dwells) / error)
    count = len(covered)
    assert abs(np.mean(covered) - 0.95) < 3.5 * math.sqrt(0.95 * 0.05 / count)
    assert np.all(np.abs(np.mean(z, axis=0)) < 4 / math.sqrt(len(z)))


@pytest.mark.parametrize("window", [0.0, 1.0])
def test_levels_noise_and_drift_come_back(window):
    time, signal, states, _ = trace(np.random.default_rng(1), window=window, bend=True)
    fit = fit_trace(time, signal, window)
    assert fit.separation == pytest.approx(1, abs=0.03)
    assert fit.noise == pytest.approx(0.2, abs=0.02)
    bend = np.sin(2 * np.linspace(0, 1, time.size))
    assert np.abs(fit.low - bend).max() < 0.12
    assert np.mean(fit.states == states) > (0.97 if window == 0 else 0.9)
    assert fit.occupancy == pytest.approx(0.2, abs=4 * fit.occupancy_error)


def test_gaps_between_windows_take_nothing_from_the_dwell_times():
    """Readings that average over a switch are no outliers, even if gaps hide the switch."""
    rng = np.random.default_rng(2)
    time, share, _ = shares(2.0, 9.0, 6.0, 1.0, 8000, rng)
    fit = fit_trace(time, share + 0.05 * rng.standard_normal(time.size), 1.0)
    z = np.log([fit.dwell_high / 2, fit.dwell_low / 9]) / np.sqrt(np.diag(fit.log_covariance))
    assert np.abs(z).max() < 3.5
    assert fit.outliers < 0.005


@pytest.mark.parametrize("window", [0.0, 1.0])
def test_outliers_change_nothing(window):
    time, signal, _, dwells = trace(
        np.random.default_rng(3), window=window, noise=0.1, outliers=0.03
    )
    fit = fit_trace(time, signal, window)
    z = np.log(np.array([fit.dwell_high, fit.dwell_low]) / dwells)
    assert np.abs(z / np.sqrt(np.diag(fit.log_covariance))).max() < 3.5
    assert fit.outliers == pytest.approx(0.03, abs=0.012)
    assert fit.separation == pytest.approx(1, abs=0.03)


def test_gaps_in_time_are_handled_exactly():
    time, signal, _, dwells = trace(np.random.default_rng(4), readings=6000)
    kept = np.random.default_rng(5).random(time.size) < 0.6
    fit = fit_trace(time[kept], signal[kept])
    z = np.log(np.array([fit.dwell_high, fit.dwell_low]) / dwells)
    assert np.abs(z / np.sqrt(np.diag(fit.log_covariance))).max() < 3.5


def test_verdicts():
    rng = np.random.default_rng(6)
    time = np.arange(1.0, 2001)
    noise = 0.2 * rng.standard_normal(time.size)
    assert fit_trace(time, noise + 1e-3 * time).verdict == "one level"
    three = np.repeat(rng.integers(0, 3, 200), 10) + noise
    assert fit_trace(time, three).verdict == "more than two levels"
    fast = rng.integers(0, 2, time.size) + noise
    found = fit_trace(time, fast)
    assert found.verdict == "faster than the sampling"
    assert math.isnan(found.dwell_high)
    assert found.log_odds == pytest.approx(0, abs=4 * math.sqrt(found.log_odds_variance))


def test_good_traces_are_hardly_ever_called_anything_else():
    verdicts = [
        fit_trace(*trace(np.random.default_rng([7, seed]), readings=1500)[:2]).verdict
        for seed in range(100)
    ]
    assert verdicts.count("two levels") >= 98


@pytest.mark.parametrize(
    ("time", "signal", "says"),
    [
        (np.arange(20.0), np.zeros(20), "50 readings"),
        (np.arange(100.0), np.ones(100), "constant"),
        (np.arange(100.0)[::-1], np.arange(100.0), "increase"),
        (np.arange(100.0), np.append(np.arange(99.0), np.nan), "reading 99"),
    ],
)
def test_what_is_no_trace_is_refused(time, signal, says):
    with pytest.raises(SmtjError, match=says):
        fit_trace(time, signal)


def test_too_few_switches_are_refused():
    rng = np.random.default_rng(8)
    signal = (np.arange(400) % 100 > 50) + 0.05 * rng.standard_normal(400)
    with pytest.raises(SmtjError, match="switches only"):
        fit_trace(np.arange(400.0), signal)


@pytest.mark.parametrize(("a", "b"), [(0.3, 0.5), (2.0, 1.0), (30.0, 20.0)])
def test_the_law_of_the_share_is_a_law(a, b):
    """Integrals and mean against the propagator of the two-state process."""
    law = share_law(1.0, 1 / a, 1 / b, 400)
    total = a + b
    low_high = b / total * -math.expm1(-total)
    ll, lh, hl, hh = law.totals[:4]
    assert ll + lh == pytest.approx(1, rel=1e-6)
    assert hl + hh == pytest.approx(1, rel=1e-6)
    assert lh == pytest.approx(low_high, rel=1e-6)


def test_the_law_of_the_share_against_a_simulation():
    rng = np.random.default_rng(9)
    _, share, _ = shares(0.5, 1.0, 7.0, 1.0, 40_000, rng)
    # Rounding leaves windows without a switch a little beside 0 and 1.
    inner = share[(share > 1e-9) & (share < 1 - 1e-9)]
    p = 1 / 3
    f = np.linspace(0.05, 0.95, 10)
    grid = np.linspace(0, 1, 2001)[1:-1]
    density, _, _ = share_densities(grid, 2.0, 1.0)
    joint = (1 - p) * density[:, :2].sum(axis=1) + p * density[:, 2:].sum(axis=1)
    expected = np.array([joint[(grid <= x)].sum() for x in f]) / joint.sum()
    found = np.array([(inner <= x).mean() for x in f])
    assert np.abs(found - expected).max() < 4 * math.sqrt(0.25 / inner.size) + 1e-3
    assert inner.size / share.size == pytest.approx(joint.sum() / 2000, abs=0.01)


def test_independent_looks_agree_with_the_truth():
    rng = np.random.default_rng(10)
    time, signal, states, dwells = trace(rng, readings=20_000)
    fit = fit_trace(time, signal)
    tc = 1 / (1 / dwells[0] + 1 / dwells[1])
    for estimate, truth in (
        (autocorrelation_time(time, signal, fit.low), tc),
        (corner_frequency(time, signal, fit.low), 1 / (2 * math.pi * tc)),
    ):
        assert abs(estimate.value - truth) < 3.5 * estimate.error
        assert estimate.error < 0.15 * truth
    assert exponential_test(states).p_value > 0.001
    assert exponential_test(draw_states(fit, time, signal)).p_value > 0.001
    regular = np.repeat(np.arange(400) % 2, rng.integers(8, 12, 400))
    assert exponential_test(regular).p_value < 1e-6
