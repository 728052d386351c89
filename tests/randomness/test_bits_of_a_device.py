"""Closed forms of a sampled telegraph, its corrections, and the command that puts them together."""

import itertools
import json
import math

import numpy as np
import pytest

import smtj
from closeness import close_to
from smtj.cli import main
from smtj.dynamics import samples
from smtj.errors import SmtjError
from smtj.randomness import (
    Chain,
    best_interval,
    card_source,
    extract,
    min_entropy_estimates,
    random_study,
    statistical_tests,
    trace_source,
    von_neumann,
    with_feedback,
    xor,
)
from smtj.randomness.corrections import BLOCK

FAIR = ("frequency", "runs", "serial", "approximate entropy")


def of(chain, sequence):
    """Probability of a sequence, step by step."""
    p = chain.probability if sequence[0] else 1 - chain.probability
    for before, after in itertools.pairwise(sequence):
        stay = chain.stay_high if before else chain.stay_low
        p *= stay if before == after else 1 - stay
    return p


@pytest.mark.parametrize(
    ("over", "entropy", "least"),
    [(1, 0.900, 0.548), (2, 0.987, 0.817), (3, 0.998, 0.930), (5, 1.000, 0.990)],
)
def test_entropies_at_half_are_the_known_ones(over, entropy, least):
    chain = Chain.of_dwell_times(2.0, 2.0, float(over))
    assert (chain.entropy, chain.min_entropy) == close_to((entropy, least), abs=5e-4)


@pytest.mark.parametrize("chain", [Chain(0.8, 0.6), Chain(0.2, 0.35), Chain(0.95, 0.1)])
def test_entropy_rates_are_those_of_all_sequences(chain):
    # Blocks of n and n + 1 bits, enumerated: their difference is the rate of a chain.
    blocks = {n: [of(chain, s) for s in itertools.product((0, 1), repeat=n)] for n in (7, 8)}
    shannon = {n: -sum(p * math.log2(p) for p in ps) for n, ps in blocks.items()}
    assert chain.entropy == close_to(shannon[8] - shannon[7], rel=1e-9)
    # Two steps more cost the likeliest sequence twice the rate, whether it stays or alternates.
    likeliest = {n: -math.log2(max(of(chain, s) for s in candidates(n))) for n in (200, 202)}
    assert chain.min_entropy == close_to((likeliest[202] - likeliest[200]) / 2, rel=1e-9)


def candidates(n):
    return [[0] * n, [1] * n, [k % 2 for k in range(n)], [1 - k % 2 for k in range(n)]]


def test_von_neumann_leaves_no_bias_and_the_correlation_that_is_predicted():
    chain = Chain.of_dwell_times(3.0, 1.0, 0.8)
    raw = samples(math.log(3.0), math.log(1.0), 0.8, 400_000, seed=5)[:, 0]
    out = von_neumann(raw).unpacked().astype(float)
    rate, predicted = chain.von_neumann()
    assert out.size / raw.size == close_to(rate, rel=0.02)
    assert predicted.bias == close_to(0.0, abs=1e-12)
    assert abs(out.mean() - 0.5) < 3 * 0.5 / math.sqrt(out.size)
    spins = 2 * out - 1
    found = (spins[1:] * spins[:-1]).mean()
    assert found == close_to(predicted.correlation, abs=3 / math.sqrt(out.size))
    assert abs(predicted.correlation) > 0.05


def test_the_xor_of_streams_is_as_predictable_as_said():
    fair = Chain.of_dwell_times(2.0, 2.0, 1.0)
    logs = np.log([2.0, 2.0])
    streams = samples(logs, logs, 1.0, 200_000, seed=1)
    spins = 2.0 * xor(streams[:, 0], streams[:, 1]).unpacked() - 1
    assert (spins[1:] * spins[:-1]).mean() == close_to(fair.xor(2).correlation, abs=0.007)
    # Off one half: likeliest sequences of the product of both chains, by their joint states.
    biased = Chain(0.9, 0.7)
    step = np.array([[0.9, 0.1], [0.3, 0.7]])
    both = np.kron(step, step)
    parity = np.array([0, 1, 1, 0])
    chance = np.kron([0.75, 0.25], [0.75, 0.25])
    for _ in range(60):
        chance = max((((chance @ both) * (parity == b)) for b in (0, 1)), key=np.sum)
    assert biased.xor(2).min_entropy <= -math.log2(chance.sum()) / 60 + 0.02


def test_the_extractor_is_the_matrix_of_its_seed():
    raw = np.random.default_rng(0).integers(0, 2, 2 * BLOCK)
    out = extract(raw, 0.5, seed=9).unpacked().reshape(2, -1)
    diagonal = np.random.Generator(np.random.Philox(9)).integers(0, 2, BLOCK + out.shape[1] - 1)
    for block, row in itertools.product((0, 1), (0, 1, 4711, out.shape[1] - 1)):
        matrix_row = diagonal[row : row + BLOCK][::-1]
        part = raw[block * BLOCK : (block + 1) * BLOCK]
        assert out[block, row] == (matrix_row @ part) % 2
    with pytest.raises(SmtjError, match=r"100 bits .* leave nothing; give at least 258"):
        extract(raw[:100], 0.5, seed=0)


def test_feedback_holds_the_mean_at_one_half():
    chain = Chain.of_dwell_times(3.0, 1.0, 2.0)
    bits = with_feedback(chain, 400_000, 0.01, seed=3).unpacked()
    settled = bits[20_000:].astype(float)
    # The drive stays within some ln odds, so the sum of (bit - ½) stays within 1/gain of them.
    assert abs(settled.mean() - 0.5) < 2 / 0.01 / settled.size
    spins = settled - settled.mean()
    assert (spins[1:] * spins[:-1]).mean() / spins.var() == close_to(chain.correlation, abs=0.02)
    assert abs(chain.bias) > 0.2
    away = card_source("mizrahi2018", drive=2000.0)  # A/m
    study = random_study(away, 50_000, seed=1, correction="feedback")
    assert abs(study.raw.unpacked().mean() - 0.5) > 0.3
    assert abs(study.delivered.unpacked().mean() - 0.5) < 2 / 0.01 / 50_000
    assert not study.chosen.passes  # so steady a mean shows, too
    assert "hold P(high) nearer one half" in study.table().text(200)
    # Read far too seldom, the device would be cheaper if read more often.
    seldom = random_study(card_source("mizrahi2018", 1.0), 2000)
    assert seldom.best_interval < 30 * seldom.source.relaxation_time


def test_the_cheapest_interval_is_that_of_a_search():
    def energy(interval):
        return 1.0 + 0.2 * interval

    found = best_interval(2.0, 2.0, energy, 1e-3)
    grid = np.geomspace(0.01, 20, 4000)
    price = [energy(t) / Chain.of_dwell_times(2.0, 2.0, t).min_entropy for t in grid]
    assert found == close_to(grid[np.argmin(price)], rel=0.02)
    assert best_interval(2.0, 2.0, lambda t: None, 1e-3) == 1e-3


def test_bits_at_the_relaxation_time_fail_and_the_proposed_correction_passes():
    study = random_study(card_source("funatsu2022"), 1 << 17, seed=2)
    assert study.chosen.name == "extractor"
    assert study.chosen.energy_per_bit > study.choices[-1].energy_per_read > 0
    raw = {t.name: t.p_value for t in study.raw_tests}
    assert max(raw["runs"], raw["serial"]) < 1e-12
    assert study.passes, study.failed
    closed = study.source.chain.min_entropy
    found = {e.name: e.min_entropy for e in study.raw_estimates}
    # The Markov estimate is made for this source; the others take it for another.
    assert found["Markov"] == close_to(closed, abs=0.02)


@pytest.mark.parametrize("name", ["wait", "xor"])
def test_other_corrections_leave_nothing_to_see(name):
    study = random_study(card_source("mizrahi2018"), 1 << 15, seed=4, correction=name)
    assert study.chosen.passes
    found = statistical_tests(study.delivered, FAIR)
    assert min(t.p_value for t in found) > 0.001
    assert study.delivered.size == 1 << 15


def test_a_measured_trace_gives_the_same_as_its_card(tmp_path, monkeypatch, capsys):
    instrument = smtj.lab.Instrument(noise=20.0, interval=2e-6, integration_time=0.0)
    data = smtj.lab.trace("mizrahi2018", 8000, instrument=instrument, seed=2)
    card = card_source("mizrahi2018", 2e-6)
    path = smtj.save(data, tmp_path / "trace.csv")
    command = ["smtj", "random", str(path), "--bits", "8000", "--json", "--out", str(tmp_path)]
    monkeypatch.setattr("sys.argv", command)
    with pytest.raises(SystemExit) as stopped:
        main()
    assert not stopped.value.code
    told = json.loads(capsys.readouterr().out)
    assert told["correlation"] == close_to(card.chain.correlation, abs=0.03)
    assert told["min_entropy_per_read"] == close_to(card.chain.min_entropy, abs=0.05)
    assert told["correction"] == "extractor"
    assured = told["assured_min_entropy_per_read"]
    assert 0.25 < assured < told["min_entropy_per_read"]
    assert told["delivered_bits"] == math.floor(8000 * assured) - 128
    # One device, so no XOR of several; its bits are those that the report says.
    assert (tmp_path / "bits.bin").stat().st_size == math.ceil(told["delivered_bits"] / 8)
    text = (tmp_path / "report.html").read_text()
    assert "Passing does not prove randomness" in text
    # A comparator's 0 and 1 are a trace, too.
    above = (data.resistance.values > 1300).astype(int)
    rows = [f"{t:.9f},{s}" for t, s in zip(data.time.values, above, strict=True)]
    (tmp_path / "states.csv").write_text("time [s],state\n" + "\n".join(rows) + "\n")
    states = trace_source(smtj.load(tmp_path / "states.csv"))
    assert (states.recorded.unpacked() == above).all()
    assert states.chain.correlation == close_to(told["correlation"], abs=0.01)
    slow = data.assign(resistance=data.resistance * 0 + 1000.0)
    with pytest.raises(SmtjError, match="has no trace: it needs a time and one of"):
        trace_source(slow, "slow.csv")
    with pytest.raises(SmtjError, match='no correction "hash" of these reads; choose'):
        random_study(card, 5000, correction="hash")


@pytest.mark.proof
def test_the_assured_min_entropy_of_a_trace_is_below_that_of_its_device():
    instrument = smtj.lab.Instrument(noise=20.0, interval=2e-6, integration_time=0.0)
    true = card_source("mizrahi2018", 2e-6).chain.min_entropy
    sources = [
        trace_source(smtj.lab.trace("mizrahi2018", 3000, instrument=instrument, seed=seed))
        for seed in range(100)
    ]
    assert sum(s.assured_min_entropy > true for s in sources) <= 3
    assert np.mean([s.chain.min_entropy > true for s in sources]) > 0.1


@pytest.mark.proof
@pytest.mark.parametrize("over", [1.0, 2.0, 3.0, 5.0])
def test_estimates_of_a_sampled_telegraph_are_its_closed_form(over):
    source = card_source("mizrahi2018")
    chain = Chain.of_dwell_times(source.dwell_high, source.dwell_low, over * source.relaxation_time)
    [bits] = source.bits(1_000_000, seed=8, interval=over * source.relaxation_time)
    found = {e.name: e.min_entropy for e in min_entropy_estimates(bits)}
    for name in ("Markov", "Markov chains", "dictionary (LZ78Y)"):
        # The pessimistic end of a 99 % interval, and its estimate's own error.
        assert -0.01 < chain.min_entropy - found[name] < 0.012, name
    assert min(found.values()) < chain.min_entropy + 0.005


@pytest.mark.proof
@pytest.mark.parametrize("name", ["extractor", "xor", "wait"])
def test_over_a_hundred_seeds_corrected_bits_fail_at_the_rate_of_the_significance(name):
    source, p, failed_raw = card_source("mizrahi2018"), [], 0
    for seed in range(100):
        study = random_study(source, 1 << 18, seed=seed, correction=name)
        failed_raw += statistical_tests(study.raw, ["runs"])[0].p_value < 0.01
        p.append([t.p_value for t in statistical_tests(study.delivered)])
    assert failed_raw == 100
    p = np.array(p)
    single = p[:, [0, 1, 2, 3, 4, 5, 7, 9, 11]]  # tests of one p-value
    for alpha in (0.01, 0.1):
        expected = alpha * single.size
        assert abs((single < alpha).sum() - expected) < 3.5 * math.sqrt(expected)
    told = p[np.isfinite(p)]
    assert (told < 0.01).mean() < 0.01 + 3.5 * math.sqrt(0.01 / told.size)
