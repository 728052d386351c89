"""The likelihood of a telegraph trace against enumeration of all paths, and its derivatives."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.stats import norm
from telegraph_events import trace

from smtj.inference.telegraph import likelihood as trace_likelihood
from smtj.inference.telegraph.drift import bent, straight
from smtj.inference.telegraph.likelihood import (
    Model,
    Trace,
    expectation,
    most_probable_states,
    sample_paths,
)
from smtj.inference.telegraph.optimise import em_step, moved, score

TIME = np.array([0.3, 1.0, 1.5, 4.0, 4.4, 5.0, 9.0, 9.7])
SIGNAL = np.array([0.1, 0.3, 1.2, 0.9, 0.4, 7.0, 0.5, 1.4])


def small_model(**changes):
    """A model of the short trace above, with a sloping low level."""
    model = Model(2.0, 3.0, 1.0, 0.3, 0.05, 0.1, straight(TIME), np.array([0.0, 0.2]))
    return replace(model, **changes)


def enumerated(model):
    """Probability of every path of states together with the readings, shape (2^readings,)."""
    rates = np.array([[-1 / model.dwell_low, 1 / model.dwell_low], [0, 0]])
    rates[1] = 1 / model.dwell_high, -1 / model.dwell_high
    moves = [expm(rates * dt) for dt in np.diff(TIME)]
    low = model.drift.values(TIME, model.low)
    density = np.stack(
        [norm.pdf(SIGNAL, low + s * model.separation, model.noise) for s in (0, 1)], axis=1
    )
    density = (1 - model.outliers) * density + model.outliers * model.outlier_density
    paths = np.array(list(product((0, 1), repeat=TIME.size)))
    weight = np.where(paths[:, 0] == 1, model.occupancy, 1 - model.occupancy)
    for i, states in enumerate(paths.T):
        weight = weight * density[i, states]
        if i > 0:
            weight = weight * moves[i - 1][paths[:, i - 1], states]
    return paths, weight


def test_the_likelihood_is_the_sum_over_all_paths():
    model = small_model()
    paths, weight = enumerated(model)
    fraction = np.empty(TIME.size, np.float32)
    found = expectation(Trace(TIME, SIGNAL, 0.0), model, fraction=fraction)
    assert found.log_likelihood == pytest.approx(np.log(weight.sum()), rel=1e-12)
    np.testing.assert_allclose(fraction, weight @ paths / weight.sum(), rtol=1e-6)


def test_the_most_probable_path_is_the_most_probable_of_all():
    for separation in (0.4, 1.0, 1.5):
        model = small_model(separation=separation)
        paths, weight = enumerated(model)
        best = most_probable_states(Trace(TIME, SIGNAL, 0.0), model)
        np.testing.assert_array_equal(best, paths[weight.argmax()])


def test_drawn_paths_come_as_often_as_they_are_probable():
    model = small_model()
    paths, weight = enumerated(model)
    draws = np.array([sample_paths(Trace(TIME, SIGNAL, 0.0), model, s) for s in range(4000)])
    number = draws @ (1 << np.arange(TIME.size)[::-1])
    chance = weight / weight.sum()
    likely = chance > 0.01
    seen = np.bincount(number, minlength=chance.size)[likely]
    z = (seen - 4000 * chance[likely]) / np.sqrt(4000 * chance[likely] * (1 - chance[likely]))
    assert likely.sum() > 5
    assert np.abs(z).max() < 4
    np.testing.assert_array_equal(paths[number[:5]], draws[:5])


@pytest.mark.parametrize(("window", "bend"), [(0.0, 0.0), (0.4, 0.0), (1.0, 0.0), (1.0, 0.8)])
def test_the_score_is_the_slope_of_the_likelihood(window, bend):
    rng = np.random.default_rng(1)
    time = np.arange(1.0, 301) + 7.3 * (np.arange(300) > 120)
    _, signal = trace(rng, (3.0, 5.0), 300, window, 0.2, "line", 0.02, time)
    drift = bent(time, 2)
    low = drift.fit(time, signal - 0.4, 0 * time + 1)
    model = Model(3.0, 5.0, 1.0, 0.2, 0.02, 0.1, drift, low, bend)
    readings = Trace(time, signal, window)
    slope = score(model, expectation(readings, model, 60))
    for j in range(slope.size):
        step = np.zeros(slope.size)
        step[j] = 1e-5
        up, down = (
            expectation(readings, moved(model, s), 60).log_likelihood for s in (step, -step)
        )
        assert slope[j] == pytest.approx((up - down) / 2e-5, rel=1e-4, abs=1e-3)


@pytest.mark.parametrize("window", [0.0, 1.0])
def test_em_never_lowers_the_likelihood(window):
    time, signal = trace(np.random.default_rng(2), (3.0, 9.0), 500, window, 0.2, "line", 0.02)
    readings = Trace(time, signal, window)
    model = Model(10.0, 10.0, 0.5, 0.5, 0.1, 0.1, straight(time), np.array([0.4, 0.9]))
    before = -np.inf
    for _ in range(25):
        found = expectation(readings, model)
        assert found.log_likelihood > before - 1e-6
        before, model = found.log_likelihood, em_step(model, found)
    assert model.separation == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("window", [0.0, 1.0])
def test_chunks_do_not_matter(window, monkeypatch):
    time, signal = trace(np.random.default_rng(3), (3.0, 9.0), 500, window, 0.2)
    readings = Trace(time, signal, window)
    model = Model(3.0, 9.0, 1.0, 0.2, 0.01, 0.1, straight(time), np.zeros(2))
    whole = score(model, expectation(readings, model))
    paths = most_probable_states(readings, model), sample_paths(readings, model, 5)
    monkeypatch.setattr(trace_likelihood, "CHUNK", 37)
    np.testing.assert_allclose(score(model, expectation(readings, model)), whole, rtol=1e-9)
    np.testing.assert_array_equal(most_probable_states(readings, model), paths[0])
    assert sample_paths(readings, model, 5).mean() == pytest.approx(paths[1].mean(), abs=0.05)
