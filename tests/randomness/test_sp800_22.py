"""The fifteen tests against the values that SP 800-22 prints, and on sources of known flaws."""

import math

import numpy as np
import pytest

from closeness import close_to
from smtj.errors import SmtjError
from smtj.randomness import sp800_22
from smtj.randomness.bits import Bits
from smtj.randomness.sp800_22 import FAST, statistical_tests

N = 10**6
# SP 800-22 Rev. 1a, Appendix B; checked against two other implementations' tables.
PRINTED = {
    "pi": (
        *(0.578211, 0.380615, 0.419268, 0.024390, 0.083553, 0.010186, 0.165757, 0.296897),
        *(0.669012, 0.255475, 0.143005, 0.361595, 0.628308, 0.663369, 0.844143, 0.760966),
    ),
    "e": (
        *(0.953749, 0.211072, 0.561917, 0.718945, 0.306156, 0.847187, 0.078790, 0.110434),
        *(0.282568, 0.826335, 0.766182, 0.700073, 0.669886, 0.724265, 0.786868, 0.826009),
    ),
    "sqrt2": (
        *(0.811881, 0.833222, 0.313427, 0.012117, 0.823810, 0.581909, 0.569461, 0.791982),
        *(0.130805, 0.317127, 0.861925, 0.884740, 0.879009, 0.957206, 0.216235, 0.566118),
    ),
    "sqrt3": (
        *(0.610051, 0.473961, 0.261123, 0.446726, 0.314498, 0.776046, 0.532235, 0.082716),
        *(0.165981, 0.346469, 0.157500, 0.180481, 0.917121, 0.689519, 0.783283, 0.155066),
    ),
}
# With exact probabilities, of another implementation that has them.
EXACT = {
    "sqrt2": {"longest run": 0.013472, "linear complexity": 0.321866},
    "e": {"longest run": 0.718366, "linear complexity": 0.826202},
}
WHICH = {
    "non-overlapping templates": ("000000001",),
    "serial": ("first",),
    "cumulative sums": ("forward", "backward"),
    "random excursions": ("+1",),
    "random excursions variant": ("-1",),
}


def first_bits(number):
    assert number.bit_length() == N
    return Bits(np.frombuffer(number.to_bytes(N // 8, "big"), np.uint8), N)


def root(k):
    return math.isqrt(k << 2 * (N - 1))


def euler():
    """e by the sum of 1/k!, split into halves."""

    def split(a, b):
        if b - a == 1:
            return 1, b
        middle = (a + b) // 2
        (p, q), (r, s) = split(a, middle), split(middle, b)
        return p * s + r, q * s

    p, q = split(0, 75_000)  # 75000! has more than 10⁶ bits
    return ((p + q) << (N - 2)) // q


def pi():
    """π by the series of the Chudnovskys, split into halves."""

    def split(a, b):
        if b - a == 1:
            p = (6 * a - 5) * (2 * a - 1) * (6 * a - 1) if a else 1
            q = a**3 * 10939058860032000 if a else 1
            t = p * (13591409 + 545140134 * a)
            return p, q, -t if a % 2 else t
        middle = (a + b) // 2
        (p, q, t), (r, s, u) = split(a, middle), split(middle, b)
        return p * r, q * s, s * t + p * u

    _, q, t = split(0, N // 47 + 2)
    guard = 64
    return (q * 426880 * math.isqrt(10005 << 2 * (N + guard)) // t) >> (guard + 2)


CONSTANTS = {"sqrt2": lambda: root(2), "sqrt3": lambda: root(3), "e": euler, "pi": pi}


@pytest.mark.parametrize(
    "name",
    ["sqrt2", *(pytest.param(n, marks=pytest.mark.proof) for n in ("sqrt3", "e", "pi"))],
)
def test_all_fifteen_give_the_printed_values(name):
    bits = first_bits(CONSTANTS[name]())
    found = statistical_tests(bits, as_printed=True)
    ours = [t.p_values[key] for t in found for key in WHICH.get(t.name, ("",))]
    assert ours == close_to(list(PRINTED[name]), abs=1.01e-6)
    for which, p in EXACT.get(name, {}).items():
        assert statistical_tests(bits, [which])[0].p_value == close_to(p, abs=1.01e-6)


def test_exact_class_probabilities_are_those_of_all_sequences():
    # Counted over all 2^16 sequences of 16 bits, or known in closed form.
    every = np.unpackbits(np.arange(1 << 16, dtype=">u2").view(np.uint8)).reshape(-1, 16)
    runs = np.zeros(1 << 16, int)
    longest = runs.copy()
    for column in every.T:
        runs = (runs + 1) * column
        longest = np.maximum(longest, runs)
    eight = longest[:256]  # the first eight bits are 0
    classes = np.bincount(np.clip(eight, 1, 4), minlength=5)[1:] / 256
    assert sp800_22._longest_run_probabilities(8) == close_to(classes, rel=1e-12)
    assert sp800_22._rank_probabilities() == close_to([0.2888, 0.5776, 0.1336], abs=5e-5)
    # Hamano and Kaneko (2007), as SP 800-22 prints them for other uses.
    wanted = [0.364091, 0.185659, 0.139381, 0.100571, 0.0704323, 0.139865]
    assert sp800_22._overlap_probabilities(False) == close_to(wanted, abs=6e-7)


def test_fair_bits_pass_as_often_as_the_significance_says():
    rng, count = np.random.default_rng(1), 60
    sequences = (Bits(rng.integers(0, 256, 1 << 14, np.uint8), 1 << 17) for _ in range(count))
    found = np.array([[t.p_value for t in statistical_tests(s)] for s in sequences])
    told = np.isfinite(found)
    assert told.mean() > 0.75  # universal needs more bits, excursions more cycles
    # Bonferroni's p-values are at most as often below α as α says.
    for alpha in (0.01, 0.1):
        few = (found[told] < alpha).sum()
        assert few <= alpha * told.sum() + 3 * math.sqrt(alpha * told.sum())


@pytest.mark.parametrize(
    ("flaw", "caught"),
    [
        (lambda r: r.random(1 << 17) < 0.51, "frequency"),
        (lambda r: np.tile(r.integers(0, 2, 1 << 12), 32), "serial"),
        (lambda r: np.repeat(r.integers(0, 2, 1 << 16), 2), "runs"),
        (lambda r: np.sin(np.arange(1 << 17) / 3) + r.normal(0, 2, 1 << 17) > 0, "spectral"),
        (lambda r: sequence(r), "linear complexity"),
        (lambda r: low_ranks(r), "matrix rank"),
    ],
)
def test_a_flaw_is_caught_by_the_test_that_is_made_for_it(flaw, caught):
    [test] = statistical_tests(flaw(np.random.default_rng(3)).astype(np.uint8), [caught])
    assert test.p_value < 1e-6


def sequence(rng):
    """A shift register of 100 bits: each block of 500 bits has a linear complexity of 100."""
    bits = np.zeros(1 << 16, np.uint8)
    bits[:100] = rng.integers(0, 2, 100)
    for i in range(100, bits.size):
        bits[i] = bits[i - 37] ^ bits[i - 100]
    return bits


def low_ranks(rng):
    """Each matrix of 32 × 32 has its first row twice."""
    bits = rng.integers(0, 2, (128, 32, 32), np.uint8)
    bits[:, 1:3] = bits[:, :1]
    return bits.ravel()


def test_what_cannot_be_tested_is_refused_or_left_out_in_words():
    with pytest.raises(SmtjError, match="512 bits are too few"):
        statistical_tests(np.zeros(512))
    with pytest.raises(SmtjError, match='no test "poker"; choose from frequency'):
        statistical_tests(np.zeros(2048), ["poker"])
    with pytest.raises(SmtjError, match="bits must be 0 or 1"):
        statistical_tests(np.full(2048, 0.5))
    found = {t.name: t for t in statistical_tests(np.tile([0, 1, 1], 1000), FAST)}
    assert found["universal"].remark == "needs 387840 bits"
    assert math.isnan(found["random excursions"].p_value)
    assert found["frequency"].p_value < 1e-6
