"""Looks at a trace that do not rest on its fit: ages of dwells, autocorrelation, spectrum."""

import numpy as np
import pytest
from scipy.stats import binomtest, kstest
from telegraph_events import fractions, trace

from closeness import close_to
from smtj.errors import SmtjError
from smtj.inference.telegraph.diagnostics import (
    autocorrelation_time,
    corner_frequency,
    exponential_test,
)
from smtj.inference.telegraph.fit import fit_trace, sample_states

TIME = np.arange(1.0, 3001)


@pytest.mark.parametrize("dwells", [(1.0, 1.5), (3.0, 20.0)])
def test_sampled_dwells_of_the_process_pass(dwells):
    """p-values are uniform although many dwells fall between two samples."""
    p = [
        exponential_test(fractions(np.random.default_rng([seed, 0]), *dwells, TIME)).p_value
        for seed in range(200)
    ]
    assert kstest(p, "uniform").pvalue > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("window", [0.0, pytest.param(1.0, marks=pytest.mark.proof)])
def test_drawn_states_of_noisy_and_averaged_traces_pass(window):
    p = []
    for seed in range(15):
        rng = np.random.default_rng([seed, 1])
        time, signal = trace(rng, (4.0, 3.0), 1500, window, 0.3)
        fit = fit_trace(time, signal, window)
        p.append(exponential_test(sample_states(fit, time, signal, seed)).p_value)
    assert kstest(p, "uniform").pvalue > 1e-3


@pytest.mark.slow
def test_drawn_states_pass_where_the_most_probable_path_fails():
    time, signal = trace(np.random.default_rng(2), (4.0, 3.0), 20_000, 0.0, 0.5)
    fit = fit_trace(time, signal, 0.0)
    assert exponential_test(fit.states).p_value < 1e-3
    assert exponential_test(sample_states(fit, time, signal)).p_value > 1e-3


@pytest.mark.parametrize("shape", [4.0, 0.3])
def test_other_dwells_fail(shape):
    """Dwells that are gamma distributed: more regular than exponential, or less."""
    rng = np.random.default_rng(3)
    when = np.cumsum(rng.gamma(shape, 8 / shape, 1000))
    states = np.searchsorted(when, TIME) % 2
    assert exponential_test(states).p_value < 1e-3


def test_too_few_dwells_test_nothing():
    assert exponential_test(np.zeros(100)).p_value == 1
    states = np.arange(300) // 100 % 2
    assert exponential_test(states).degrees_of_freedom == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dwells", "window", "noise"),
    [((3.0, 5.0), 0.0, 0.3), ((3.0, 5.0), 1.0, 0.2), ((60.0, 40.0), 0.0, 0.1)],
)
def test_memory_is_that_of_the_process(dwells, window, noise):
    """Mean and intervals of the correlation time and of the corner frequency over 20 traces."""
    truth = dwells[0] * dwells[1] / sum(dwells)
    readings = 3000 if truth < 10 else 12_000
    logs, covered = [], np.zeros(2, int)
    for seed in range(20):
        rng = np.random.default_rng([seed, 4])
        time, signal = trace(rng, dwells, readings, window, noise)
        found = autocorrelation_time(1e-3 * time, signal), corner_frequency(1e-3 * time, signal)
        expected = 1e-3 * truth, 1 / (2 * np.pi * 1e-3 * truth)
        logs.append([np.log(f.value / e) for f, e in zip(found, expected, strict=True)])
        covered += [
            f.interval[0] <= e <= f.interval[1] for f, e in zip(found, expected, strict=True)
        ]
    scatter = np.std(logs, axis=0)
    assert np.all(scatter < 0.3)
    assert np.all(np.abs(np.mean(logs, axis=0)) < 0.02 + 3 * scatter / np.sqrt(20))
    assert all(binomtest(int(count), 20, 0.93).pvalue > 1e-3 for count in covered)


def test_memory_agrees_with_the_fit_under_drift_and_outliers():
    time, signal = trace(np.random.default_rng(5), (8.0, 5.0), 6000, 1.0, 0.2, "bend", 0.01)
    fit = fit_trace(time, signal, 1.0)
    memory = autocorrelation_time(time, signal, fit.low)
    assert memory.interval[0] < fit.relaxation_time < memory.interval[1]
    corner = corner_frequency(time, signal, fit.low)
    assert corner.interval[0] < 1 / (2 * np.pi * fit.relaxation_time) < corner.interval[1]
    assert (memory.unit, corner.unit) == ("s", "Hz")


def test_what_has_no_memory_is_refused():
    noise = np.random.default_rng(6).standard_normal(3000)
    for estimate in (autocorrelation_time, corner_frequency):
        with pytest.raises(SmtjError, match="do not correlate"):
            estimate(TIME, noise)
        with pytest.raises(SmtjError, match="evenly spaced"):
            estimate(TIME**1.1, noise)
        with pytest.raises(SmtjError, match="at least 200 readings"):
            estimate(TIME[:50], noise[:50])


def test_a_few_missing_readings_leave_the_memory():
    time = 1e-3 * np.arange(4000)
    states = fractions(np.random.default_rng(3), 5e-3, 8e-3, time)
    whole = autocorrelation_time(time, states)
    kept = np.random.default_rng(1).random(time.size) > 0.01
    found = autocorrelation_time(time[kept], states[kept])
    assert found.value == close_to(whole.value, rel=0.03)
