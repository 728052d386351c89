"""P against pulse length, P without a number of reads, and dwell times against a drive."""

import numpy as np
import pytest

from closeness import close_to
from smtj.errors import SmtjError
from smtj.inference.barrier.drive import fit_drive
from smtj.inference.barrier.relaxation import estimates_of_times, fit_relaxation
from smtj.inference.sigmoid import (
    detect_quantisation,
    fit_fractions,
    fit_pulse_law,
    reads_of_fractions,
)

LENGTHS = np.geomspace(2e-9, 300e-9, 9)
FIELDS = np.linspace(-60, 30, 13)


def switched(rng: np.random.Generator, beta: float = 1.0) -> np.ndarray:
    return rng.binomial(200, -np.expm1(-((LENGTHS / 40e-9) ** beta)))


def covers(interval: tuple[float, float], truth: float) -> bool:
    return interval[0] <= truth <= interval[1]


@pytest.mark.proof
def test_intervals_of_a_constant_rate_cover() -> None:
    rng = np.random.default_rng(1)
    fits = [fit_pulse_law(LENGTHS, switched(rng), np.full(9, 200)) for _ in range(50)]
    # Binomial(50, 0.95): fewer than 43 has a chance below 1 %.
    assert sum(covers(fit.interval, 40e-9) for fit in fits) >= 43
    assert sum(covers(fit.shape_interval, 1.0) for fit in fits) >= 43
    assert sum(fit.exponential for fit in fits) >= 43


def test_a_rate_that_changes_shows() -> None:
    fit = fit_pulse_law(LENGTHS, switched(np.random.default_rng(2), 1.6), np.full(9, 200))
    assert not fit.exponential
    assert covers(fit.shape_interval, 1.6)
    assert [e.symbol for e in fit.estimates] == ["τ", "β"]
    # The maximum of the likelihood, by a grid.
    tau, beta = np.meshgrid(np.geomspace(30e-9, 50e-9, 201), np.linspace(1, 2.2, 241))
    exponent = (LENGTHS[:, None, None] / tau) ** beta
    k = fit.high[:, None, None]
    likelihood = (k * np.log(-np.expm1(-exponent)) - (200 - k) * exponent).sum(axis=0)
    best = np.unravel_index(likelihood.argmax(), likelihood.shape)
    assert fit.time_constant == close_to(tau[best], rel=3e-3)
    assert fit.shape == close_to(beta[best], abs=6e-3)


def test_points_that_scatter_widen_the_interval() -> None:
    n, k = np.full(9, 200.0), switched(np.random.default_rng(3)).astype(float)
    k[::2] *= 0.7
    fit = fit_pulse_law(LENGTHS, k, n)
    assert fit.rejected
    assert fit.inflation > 3


@pytest.mark.parametrize(
    ("length", "high", "says"),
    [
        ([1e-9, 2e-9], [1, 2], "3 lengths"),
        ([0, 1e-9, 2e-9], [1, 2, 3], "above 0"),
        ([1e-9, 2e-9, 3e-9], [0, 0, 0], "none of the pulses"),
        ([1e-9, 2e-9, 4e-9], [90, 50, 2], "does not rise"),
    ],
)
def test_pulses_that_make_no_curve(length: list[float], high: list[float], says: str) -> None:
    with pytest.raises(SmtjError, match=says):
        fit_pulse_law(length, high, np.full(len(length), 100))


def test_fractions_that_are_multiples_tell_their_number_of_reads() -> None:
    rng = np.random.default_rng(4)
    p = 1 / (1 + np.exp(-(FIELDS + 14) / 7))
    found = reads_of_fractions(FIELDS, np.round(rng.binomial(250, p) / 250, 6))
    assert found.reads == 250
    assert "multiple of 1/250" in found.remark


@pytest.mark.slow
def test_without_counts_the_scatter_gives_intervals_that_cover() -> None:
    rng = np.random.default_rng(5)
    hits = np.zeros(2)
    for _ in range(60):
        n = int(rng.integers(40, 2000))
        counts = rng.binomial(n, 1 / (1 + np.exp(-(FIELDS + 14) / 7)))
        p = np.clip(np.round(counts / n + 1e-7 * rng.standard_normal(13), 7), 0, 1)
        found = reads_of_fractions(FIELDS, p)
        fit = fit_fractions(FIELDS, p, detect_quantisation(p, found.reads)).sigmoid
        hits += [covers(e.interval, t) for e, t in zip(fit.estimates, (1 / 7, -14), strict=True)]
    assert (hits >= 51).all(), hits


def test_reads_of_several_curves_scatter_about_a_sigmoid_each():
    rng, curve = np.random.default_rng(5), np.repeat(np.arange(3), FIELDS.size)
    middles = np.array([-20.0, -12.0, -4.0])[curve]
    fields = np.tile(FIELDS, 3)
    p = rng.binomial(300, 1 / (1 + np.exp(-(fields - middles) / 7))) / 300
    # Digits that hide the number itself.
    found = reads_of_fractions(fields, np.round(p + 1e-6 * rng.random(p.size), 6), curve)
    assert 150 < found.reads < 600


def test_reads_are_no_more_than_digits_show():
    p = np.round(1 / (1 + np.exp(-(FIELDS + 14) / 7)), 4)
    found = reads_of_fractions(FIELDS, p)
    assert found.reads == 10_000
    assert "as closely as their digits show" in found.remark


def test_too_few_points_need_a_number_of_reads() -> None:
    with pytest.raises(SmtjError, match="--reads"):
        reads_of_fractions([0, 1, 2], [0.1234567, 0.5234567, 0.9234567])


def test_lines_of_dwell_times_are_those_of_least_squares() -> None:
    rng = np.random.default_rng(6)
    x = np.linspace(-5, 5, 8)
    logs = np.stack([-3 - 0.3 * x, -3 + 0.3 * x], axis=1) + 0.05 * rng.standard_normal((8, 2))
    fit = fit_drive(x, logs)
    slopes = [np.polyfit(x, logs[:, row], 1)[0] for row in (0, 1)]
    assert fit.slope[0] == close_to(slopes[0] - slopes[1])
    high, low = (np.polyfit(x, logs[:, row], 1)[1] for row in (0, 1))
    assert fit.crossing[0] == close_to(-(high - low) / (slopes[0] - slopes[1]))
    residuals = logs - np.stack([np.polyval(np.polyfit(x, y, 1), x) for y in logs.T], axis=1)
    assert fit.scatter == close_to(np.sqrt((residuals**2).sum() / 12))


@pytest.mark.slow
def test_intervals_of_dwell_times_against_a_drive_cover() -> None:
    rng = np.random.default_rng(7)
    x, truths = np.linspace(-5, 5, 8), (np.exp(-3), -0.3, np.exp(-3), 0.3, -0.6, 0.0)
    hits = np.zeros(6)
    for _ in range(80):
        logs = np.stack([-3 - 0.3 * x, -3 + 0.3 * x], axis=1) + 0.05 * rng.standard_normal((8, 2))
        estimates = fit_drive(x, logs).estimates("V", "mV", "V")
        hits += [covers(e.interval, t) for e, t in zip(estimates, truths, strict=True)]
    assert (hits >= 70).all(), hits


def test_the_error_of_the_time_at_the_crossing_is_its_scatter() -> None:
    """One state alone reacts to the drive, away from no drive."""
    rng = np.random.default_rng(6)
    x, error = np.linspace(1, 4, 7), 0.05
    lines = np.stack([-5 + 0.8 * (x - 2), np.full(7, -5.0)], axis=1)
    found = []
    for _ in range(400):
        logs = lines + error * rng.standard_normal((7, 2))
        found.append(fit_drive(x, logs, np.full((7, 2), error)).log_time_at_crossing)
    value, claimed = np.array(found).T
    assert value.mean() == close_to(-5, abs=4 * value.std() / 20)
    assert value.std() == close_to(claimed.mean(), rel=0.15)


PLACES = np.linspace(-20, 20, 9)
TAU = np.exp(np.stack([-3 + 0.08 * (PLACES + 3), -3 - 0.06 * (PLACES + 3)]))


def relaxation(rng: np.random.Generator, scatter: float, reads: int):
    """Counts of the high state, and relaxation times of the sum of both rates."""
    high = rng.binomial(reads, TAU[0] / TAU.sum(axis=0))
    return np.log(1 / (1 / TAU).sum(axis=0)) + scatter * rng.standard_normal(9), high


def test_p_and_relaxation_time_give_both_dwell_times_within_their_intervals() -> None:
    """P with few reads dominates the errors, which have opposite signs in the two times."""
    rng, inside, found = np.random.default_rng(4), [], []
    times = np.exp(-3 + np.array([0.08, -0.06]) * 3)
    truths = (times[0], 0.08, times[1], -0.06, 0.14, -3)
    for _ in range(150):
        logs, high = relaxation(rng, 0.02, 40)
        fit = fit_relaxation(PLACES, logs, np.full(9, 0.02), high, np.full(9, 40))
        estimates = fit.estimates("A/m", "Oe", "H")
        inside.append([covers(e.interval, t) for e, t in zip(estimates, truths, strict=True)])
        found.append((fit.slope[0], fit.slope[1], fit.log_time_at_crossing))
    assert (np.mean(inside, axis=0) > 0.89).all()
    assert np.mean(inside) < 0.985
    slopes, errors, _ = zip(*found, strict=True)
    assert np.std(slopes) == close_to(np.mean(errors), rel=0.2)


@pytest.mark.parametrize("repeats", [8, pytest.param(300, marks=pytest.mark.proof)])
def test_relaxation_times_alone_give_all_but_which_state_is_which(repeats: int) -> None:
    rng, inside = np.random.default_rng(5), []
    for _ in range(repeats):
        logs, _ = relaxation(rng, 0.05, 1)
        fit = fit_relaxation(PLACES, logs)
        estimates = estimates_of_times(fit, PLACES, logs, None, "A/m", "Oe", "H")
        truths = (0.14, -3, np.exp(-3))
        inside.append([covers(e.interval, t) for e, t in zip(estimates, truths, strict=True)])
    assert (np.mean(inside, axis=0) > (0.92 if repeats > 100 else 0.7)).all(), np.mean(inside, 0)
    with pytest.raises(SmtjError, match=r"P\(AP\) beside it"):
        fit_relaxation(PLACES, -3 - 0.05 * PLACES + 0.05 * rng.standard_normal(9))
