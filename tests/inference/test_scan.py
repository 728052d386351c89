"""Scans of traces give the slope and offset back, with error bars that mean what they say."""

import math

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import binomtest

from closeness import close_to
from smtj.errors import SmtjError
from smtj.inference.sigmoid import fit_scan, fit_scan_of_means, fit_sigmoid

SCANS = 150


class Scans:
    """Simulated scans at w = 1, H_s = 0, the shortest dwell being 3 samples (Eq. 3 and 4)."""

    def __init__(self, field, cycles, seed, scans=SCANS, inner=slice(None)):
        self.field = np.asarray(field, dtype=float)
        sums = np.exp(self.field**2 / 320)
        high, low = sums * np.exp(self.field / 2), sums * np.exp(-self.field / 2)
        unit = 3 / min(high[inner].min(), low[inner].min())
        self.high, self.low = unit * high, unit * low
        self.samples = int(cycles * (self.high + self.low)[inner].max())
        self.states = _states(self.high, self.low, self.samples, scans, np.random.default_rng(seed))

    def estimates(self):
        """Log-odds of the sampled chains and their variances, by maximum likelihood."""
        before, after = self.states[:-1], self.states[1:]
        falls, rises = (before & ~after).sum(axis=0), (~before & after).sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            fall, rise = falls / before.sum(axis=0), rises / (~before).sum(axis=0)
            return np.log(rise / fall), (1 - fall) / falls + (1 - rise) / rises, falls + rises

    def share(self):
        return self.states.mean(axis=0)

    def bounds(self):
        """Standard errors of w and H_s at the Cramér-Rao bound of continuous records."""
        information = self.samples / (2 * (self.high + self.low))
        slope = np.array([self.field, -np.ones_like(self.field)])
        return np.sqrt(np.diag(np.linalg.inv((slope * information) @ slope.T)))


def _states(high, low, samples, scans, rng):
    """Exact samples of two-state processes, shape (samples, scans, fields)."""
    p, stays = high / (high + low), np.exp(-1 / high - 1 / low)
    states = np.empty((samples, scans, p.size), dtype=bool)
    states[0] = rng.random((scans, p.size)) < p
    for i in range(1, samples):
        states[i] = rng.random((scans, p.size)) < p + stays * (states[i - 1] - p)
    return states


def _scores(fits):
    """Deviations of w and H_s from 1 and 0 in standard errors, shape (fits, 2)."""
    return np.array(
        [[(f.slope - 1) / f.slope_error, f.offset_field / f.offset_error] for f in fits]
    )


def _assert_covered(fits, truths=(1, 0)):
    intervals = [fit.intervals() for fit in fits]
    for i, truth in enumerate(truths):
        covered = sum(pair[i][0] <= truth <= pair[i][1] for pair in intervals)
        assert binomtest(covered, len(fits), 0.95).pvalue > 1e-3, covered / len(fits)


@pytest.fixture(scope="module")
def scans():
    """11 fields within ±3/w, 50 switches on average at the outer ones."""
    return Scans(np.linspace(-3, 3, 11), cycles=25, seed=1)


def test_exact_log_odds_give_the_exact_sigmoid():
    field = np.linspace(-300, 200, 9)
    odds = -0.013 * (field + 40)
    dwell = 5 * np.exp(1e-5 * field**2)
    variance = 2 * dwell * 2 * np.cosh(odds / 2) / 3e4
    fit = fit_scan(field, odds, variance).sigmoid
    assert fit.slope == close_to(-0.013, rel=1e-6)
    assert fit.offset_field == close_to(-40, rel=1e-6)
    # Where the model is right, the effective reads give the variances back, less a cycle.
    reads, cycles = 1 / (expit(odds) * expit(-odds) * variance), 2 / variance
    np.testing.assert_allclose(fit.counts.total, reads * cycles / (cycles + 1), rtol=1e-6)


@pytest.mark.slow
def test_intervals_cover_the_truth_and_are_as_narrow_as_can_be(scans):
    odds, variance, switches = scans.estimates()
    assert switches.mean(axis=1).min() > 25
    pairs = zip(odds, variance, strict=True)
    fits = [fit_scan(scans.field, *pair).sigmoid for pair in pairs]
    _assert_covered(fits)
    widths = np.array([np.ptp(fit.intervals(), axis=1) for fit in fits]).mean(axis=0)
    ratio = widths / (2 * 1.96 * scans.bounds())
    # A dozen fields do not exclude that each is a little off.
    assert np.all((ratio > 0.97) & (ratio < 1.2)), ratio
    # Unbiased, and with the standard errors that are stated; a mean of z has the error 1/√N.
    z = _scores(fits)
    assert np.abs(z.mean(axis=0)).max() < 4 / math.sqrt(SCANS)
    assert np.abs(z.std(axis=0) - 1).max() < 4 / math.sqrt(2 * SCANS)
    assert np.mean([fit.p_value < 0.05 for fit in fits]) < 0.1


@pytest.mark.slow
def test_effective_reads_as_each_trace_has_them_would_bias_the_slope(scans):
    """That is why they are taken from all traces together."""
    odds, variance, _ = scans.estimates()
    p = expit(odds)
    reads = 1 / (p * (1 - p) * variance)
    excess = []
    for i in range(100):
        naive = fit_sigmoid(scans.field, p[i] * reads[i], reads[i])
        fit = fit_scan(scans.field, odds[i], variance[i]).sigmoid
        excess.append((naive.slope - fit.slope) / math.sqrt(fit.covariance[0, 0]))
    assert np.mean(excess) == close_to(0.27, abs=0.1)


@pytest.fixture(scope="module")
def wide():
    """The same with fields far out, at which most traces hardly switch."""
    field = np.concatenate([np.linspace(-3, 3, 7), [-7, -5, -4, 4, 5, 7]])
    return Scans(field, cycles=25, seed=3, inner=slice(7))


@pytest.mark.slow
def test_saturated_fields_count_by_their_share_without_bias(wide):
    odds, variance, switches = wide.estimates()
    odds[switches < 20] = math.nan
    assert 0.3 < np.isnan(odds).mean() < 0.6
    share = wide.share()
    assert np.any((share == 0) | (share == 1))
    results = [fit_scan(wide.field, *each) for each in zip(odds, variance, share, strict=True)]
    assert not any(result.remarks for result in results)
    fits = [result.sigmoid for result in results]
    _assert_covered(fits)
    z = _scores(fits)
    assert np.abs(z.mean(axis=0)).max() < 4 / math.sqrt(SCANS)
    # They make the slope more certain than the inner fields alone would.
    few = fit_scan(wide.field[:7], odds[0][:7], variance[0][:7]).sigmoid
    assert np.median([fit.slope_error for fit in fits]) < 0.9 * few.slope_error


def test_fields_that_are_left_out_are_named(wide):
    odds, variance, switches = wide.estimates()
    odds[switches < 20] = math.nan
    result = fit_scan(wide.field, odds[0], variance[0])
    left = int(np.isnan(odds[0]).sum())
    assert result.sigmoid.counts.field.size == 13 - left
    assert result.remarks[0].startswith(f"{left} of 13 fields were left out")


def test_longer_traces_count_for_more():
    """A scan with one trace four times as long, against the same with four traces there."""
    field, odds = np.linspace(-2, 2, 5), np.array([-2.01, -0.99, 0.005, 1.01, 1.99])
    variance = 1e-4 * np.cosh(odds / 2)
    length = np.array([1, 1, 4, 1, 1])
    one = fit_scan(field, odds, variance / length, duration=length).sigmoid
    again = np.repeat(np.arange(5), length)
    many = fit_scan(field[again], odds[again], variance[again]).sigmoid
    assert one.slope == close_to(many.slope, rel=1e-4)
    np.testing.assert_allclose(one.reads, np.bincount(again, many.reads), rtol=1e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"variance": [0.1, 0, 0.1]}, "must be above 0"),
        ({"duration": [1, 1, -1]}, "must be above 0"),
        ({"log_odds": [math.nan, math.nan, 1], "occupancy": [0, 0.3, 0]}, "fewer than two traces"),
        ({"log_odds": [-1, math.nan, 1]}, "three different fields"),
        ({"log_odds": [-1, 1]}, "differ in number"),
        ({"field": [-1, math.nan, 1]}, "three different fields|finite"),
        ({"log_odds": [-1, math.nan, 1], "occupancy": [0, 2, 0]}, "from 0 to"),
    ],
)
def test_impossible_scans_are_refused(change, message):
    good = {"field": [-1, 0, 1], "log_odds": [-1, 0.1, 1], "variance": [0.1, 0.1, 0.1]}
    fit_scan(**good)
    with pytest.raises(SmtjError, match=message):
        fit_scan(**good | change)


def test_a_frozen_trace_is_worth_one_read_at_least():
    """However long: the state in which it begins is one."""
    field = np.array([-2.0, -1, 0, 1, 2, 20])
    odds = np.append(logit([0.12, 0.27, 0.5, 0.73, 0.88]), math.inf)
    # Dwell times rise steeply with |H|, as far as they are known.
    variance = np.append(0.1 * np.exp(field[:5] ** 2), math.nan)
    share = np.append(np.full(5, math.nan), 1.0)
    fit = fit_scan(field, odds, variance, share).sigmoid
    assert fit.counts.total[-1] == 1
    assert fit.counts.high[-1] == 1
    without = fit_scan(field[:5], odds[:5], variance[:5]).sigmoid
    assert fit.slope == close_to(without.slope, rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("scatter", [0.0, 0.3])
def test_means_at_fields_that_scatter_cover_the_truth(scatter):
    rng, field, held, found = np.random.default_rng(6), np.linspace(-6, 6, 25), [], []
    for _ in range(40):
        taken = field + scatter * rng.normal(size=field.size)
        means = 1000 + 100 * expit(taken) + rng.normal(size=field.size)
        fit = fit_scan_of_means(field, means, np.ones(field.size))
        w, h_s = fit.estimates
        held += [w.interval[0] < 1 < w.interval[1], h_s.interval[0] < 0 < h_s.interval[1]]
        found.append(fit.field_scatter)
    assert np.mean(held) > 0.87
    assert np.median(found) == close_to(scatter, rel=0.2)
    assert ("scatters by" in fit.verdict) == (scatter > 0)
