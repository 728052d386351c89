"""The likelihood of a telegraph trace against enumeration of all paths."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.stats import norm
from telegraph_events import trace

from closeness import close_to
from smtj.inference.telegraph import model as telegraph_model
from smtj.inference.telegraph.model import (
    Layout,
    Model,
    expectation,
    gains,
    most_probable_states,
    sample_path,
)
from smtj.inference.telegraph.readings import Readings

STEPS = np.array([1.0, 1.0, 2.5, 1.0, 1.0, 4.0, 1.0])
SIGNAL = np.array([0.1, 0.3, 1.2, 0.9, 0.4, 7.0, 0.5, 1.4])
TIMES, LEVELS, NOISES = np.log([3.0, 2.0]), np.array([-0.1, 0.9]), np.array([0.3, 0.45])
OUTLIERS, DENSITY = 0.05, 0.1


def readings(signal=SIGNAL, steps=STEPS, step=0.0):
    """Readings in units of interval and spread, with the intervals between them."""
    lengths, which = np.unique(steps, return_inverse=True)
    kinds = np.concatenate([[0], which + 1]).astype(np.int32)
    time = np.concatenate([[0.0], np.cumsum(steps)])
    made = Readings(
        time, signal, kinds, np.concatenate([[1e9], lengths]), 1.0, True, 0.0, 1.0, step, None, ()
    )
    made.__dict__["outlier_density"] = DENSITY
    return made


def model(memory=(), **values):
    layout = Layout(2)
    theta = layout.column(
        dict.fromkeys(layout.names, 0.0)
        | {"offset": LEVELS[0], "gap": np.log(LEVELS[1] - LEVELS[0]), "scale": np.log(NOISES[0])}
        | {"ratio": np.log(NOISES[1] / NOISES[0]), "outliers": OUTLIERS}
    )
    free = np.array([name in ("time", "offset", "gap", "scale", "ratio") for name in layout.names])
    made = Model(layout, theta, free).with_values(time=TIMES, **values)
    return made.with_values(memory=[*memory, *[0.0] * (4 - len(memory))])


def enumerated(phi=0.0, outliers=OUTLIERS, steps=STEPS, step=0.0):
    """Probability of every path of states together with the readings, shape (2^readings,)."""
    low, high = np.exp(TIMES)
    rates = np.array([[-1 / low, 1 / low], [1 / high, -1 / high]])
    paths = np.array(list(product((0, 1), repeat=SIGNAL.size)))
    weight = np.where(paths[:, 0] == 1, high / (low + high), low / (low + high))
    before = None
    for i, states in enumerate(paths.T):
        rest, scale = SIGNAL[i] - LEVELS[states], NOISES[states]
        # Noise remembers one regular interval, and nothing across a longer one.
        near = i > 0 and steps[i - 1] < 1.5
        e, wide = (rest - phi * before, scale) if near else (rest, scale / np.sqrt(1 - phi**2))
        density = norm.pdf(e, 0, wide)
        if step > 0:
            density = (norm.cdf(e + step / 2, 0, wide) - norm.cdf(e - step / 2, 0, wide)) / step
        weight = weight * ((1 - outliers) * density + outliers * DENSITY)
        if i > 0:
            weight = weight * expm(rates * steps[i - 1])[paths[:, i - 1], states]
        before = rest
    return paths, weight


def test_the_likelihood_of_white_noise_is_the_sum_over_all_paths():
    paths, weight = enumerated()
    found = expectation(readings(), SIGNAL, model())
    assert found.log_likelihood == close_to(np.log(weight.sum()), rel=1e-10)
    np.testing.assert_allclose(found.occupied[:, 0], weight @ paths / weight.sum(), rtol=1e-5)
    assert gains(readings(), SIGNAL, model()).sum() == close_to(found.log_likelihood)
    assert found.inlier[5] < 1e-3 < found.inlier.max()


@pytest.mark.parametrize("phi", [0.5, -0.4, 0.9])
def test_the_likelihood_of_noise_with_memory_is_the_sum_over_all_paths(phi):
    _, weight = enumerated(phi, outliers=0.0)
    quiet = model(memory=[phi], outliers=0.0)
    assert gains(readings(), SIGNAL, quiet).sum() == close_to(np.log(weight.sum()), rel=1e-10)


@pytest.mark.parametrize("values", [{}, {"memory": [1e-9]}, {"pole": 1e-7}])
@pytest.mark.parametrize("step", [0.6, 1.5])
def test_readings_with_coarse_steps_may_lie_anywhere_within_them(step, values):
    exact = np.log(enumerated(step=step)[1].sum())
    found = gains(readings(step=step), SIGNAL, model(**values)).sum()
    assert found == close_to(exact, abs=0.01)
    assert abs(gains(readings(), SIGNAL, model()).sum() - exact) > 0.04


def test_the_most_probable_path_is_the_most_probable_of_all():
    for scale in (0.2, 0.3, 0.6):
        louder = model(scale=np.log(scale), ratio=0.0)
        paths = np.array(list(product((0, 1), repeat=SIGNAL.size)))
        best = most_probable_states(readings(), SIGNAL, louder)
        weights = []
        for path in paths:
            # A path's weight is the likelihood of a chain that may take no other.
            density = (1 - OUTLIERS) * norm.pdf(SIGNAL, LEVELS[path], scale) + OUTLIERS * DENSITY
            low, high = np.exp(TIMES)
            rates = np.array([[-1 / low, 1 / low], [1 / high, -1 / high]])
            chance = (high if path[0] else low) / (low + high)
            for i, step in enumerate(STEPS):
                chance *= expm(rates * step)[path[i], path[i + 1]]
            weights.append(chance * density.prod())
        np.testing.assert_array_equal(best, paths[int(np.argmax(weights))])


def test_sampled_paths_come_as_often_as_they_are_probable():
    paths, weight = enumerated()
    drawn = np.array([sample_path(readings(), SIGNAL, model(), s) for s in range(3000)])
    number = drawn @ (1 << np.arange(SIGNAL.size)[::-1])
    chance = weight / weight.sum()
    likely = chance > 0.01
    seen = np.bincount(number, minlength=chance.size)[likely]
    z = (seen - 3000 * chance[likely]) / np.sqrt(3000 * chance[likely] * (1 - chance[likely]))
    assert likely.sum() > 5
    assert np.abs(z).max() < 4
    np.testing.assert_array_equal(paths[number[:5]], drawn[:5])


@pytest.mark.parametrize("values", [{}, {"memory": [0.4, 0.2]}, {"pole": 2.0}, {"window": 1.0}])
def test_chunks_do_not_matter(values, monkeypatch):
    _, signal = trace(np.random.default_rng(3), (3.0, 9.0), 500, 0.0, 0.2)
    regular = readings(signal, np.ones(499))
    memory = values.pop("memory", ())
    own = model(memory, **values)
    whole, path = expectation(regular, signal, own), most_probable_states(regular, signal, own)
    monkeypatch.setattr(telegraph_model, "CHUNK", 37)
    parts = expectation(regular, signal, own)
    assert parts.log_likelihood == close_to(whole.log_likelihood, rel=1e-12)
    np.testing.assert_allclose(parts.occupied, whole.occupied, atol=1e-6)
    np.testing.assert_array_equal(most_probable_states(regular, signal, own), path)
    assert sample_path(regular, signal, own, 5).mean() == close_to(path.mean(), abs=0.05)


def test_what_is_neutral_costs_nothing():
    """A pole, a window and a memory next to nothing change nothing."""
    plain = gains(readings(), SIGNAL, model()).sum()
    for values in ({"pole": 1e-7}, {"window": 1e-7}, {"skew": 1e-9}, {"tail": 1e-9}):
        assert gains(readings(), SIGNAL, model(**values)).sum() == close_to(plain, abs=1e-5)
    assert gains(readings(), SIGNAL, model(memory=[1e-9])).sum() == close_to(plain, abs=1e-6)


@pytest.mark.parametrize(("skew", "tail"), [(0.5, 0.0), (-0.3, 0.2), (0.0, 0.25)])
def test_the_noise_has_mean_zero_and_its_law_is_normalised(skew, tail):
    grid = np.linspace(-60, 60, 400_001)
    quiet = model(skew=[skew, skew], tail=tail, outliers=0.0, ratio=0.0, gap=-10.0, offset=0.0)
    one = readings(np.zeros(1), np.empty(0))
    density = np.exp([gains(one, np.array([e]), quiet)[0] for e in grid[::200]])
    weight = grid[200] - grid[0]
    assert density.sum() * weight == close_to(1, abs=2e-3)
    assert density @ grid[::200] * weight == close_to(0, abs=5e-3)
    second = density @ grid[::200] ** 2 * weight
    assert second == close_to(float(quiet.spread[0]) ** 2, rel=0.05)


def test_a_second_fluctuator_is_a_chain_of_four_states():
    """The pair's likelihood is that of the chain with the same generator."""
    _, signal = trace(np.random.default_rng(4), (3.0, 9.0), 200, 0.0, 0.2)
    regular = readings(signal, np.ones(199))
    pair, four = Layout(4, is_pair=True), Layout(4)
    theta = pair.column(
        dict.fromkeys(pair.names, 0.0) | {"scale": -1.2, "outliers": 0.01, "gap": -0.3}
    )
    double = Model(pair, theta, theta > 9).with_values(time=[1.0, 2.0, 3.0, 2.5], gap=[0.0, -1.0])
    chain = Model(
        four, four.column(dict.fromkeys(four.names, 0.0)), np.zeros(len(four.names), bool)
    )
    order = np.argsort(double.levels)
    rates = double.rates[np.ix_(order, order)]
    times = [-np.log(max(rates[i, j], 1e-9)) for i, j in four.moves]
    chain = chain.with_values(
        time=times, offset=double.levels[order][0], gap=np.log(np.diff(double.levels[order])),
        scale=-1.2, outliers=0.01,
    )  # fmt: skip
    one, other = (gains(regular, signal, m).sum() for m in (double, chain))
    assert one == close_to(other, abs=1e-4)
    np.testing.assert_allclose(double.occupancy[order], chain.occupancy, atol=1e-6)
    assert replace(double, is_rough=True).depth == 1
