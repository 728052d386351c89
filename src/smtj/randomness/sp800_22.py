"""The fifteen statistical tests of NIST SP 800-22 Rev. 1a (2010), doi:10.6028/NIST.SP.800-22r1a.

A p-value below the significance α says that a source of fair independent bits gives so uneven a
sequence less often than α.  Many a test has several p-values; that of the test, Bonferroni's,
is the smallest times their number.

The standard rounds the probabilities of several tests' classes to three or four digits and takes an
approximation for overlapping templates.  With long sequences that alone makes tests fail, so the
exact probabilities are used here; ``as_printed`` takes the standard's, with which the values of its
Appendix B are met.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erfc, gammaincc, ndtr

from smtj.errors import SmtjError
from smtj.randomness import kernels
from smtj.randomness.bits import Bits
from smtj.typing import Floats

Counts = NDArray[np.int64]
BLOCK = 128
"""Bits of the blocks of test 2."""
TEMPLATE_BLOCKS = 8
OVERLAP_BLOCK, OVERLAP_CLASSES = 1032, 6
COMPLEXITY_BLOCK = 500
SERIAL, ENTROPY = 16, 10
"""Bits of the patterns of tests 11 and 12."""
MIN_CYCLES = 500
"""Cycles of the walk below which tests 14 and 15 say nothing."""
MIN_MATRICES = 38
MAX_SPECTRAL = 1 << 27
"""Bits beyond which the Fourier transform would need more than 3 GB."""
UNIVERSAL = {  # L: smallest n, mean and variance of the statistic
    6: (387840, 5.2177052, 2.954),
    7: (904960, 6.1962507, 3.125),
    8: (2068480, 7.1836656, 3.238),
    9: (4654080, 8.1764248, 3.311),
    10: (10342400, 9.1723243, 3.356),
    11: (22753280, 10.170032, 3.384),
    12: (49643520, 11.168765, 3.401),
    13: (107560960, 12.168070, 3.410),
    14: (231669760, 13.167693, 3.416),
    15: (496435200, 14.167488, 3.419),
    16: (1059061760, 15.167379, 3.421),
}


@dataclass(frozen=True)
class RandomnessTest:
    """One of the fifteen tests of a sequence."""

    name: str
    p_values: dict[str, float]
    """By what they are of; empty if the test does not apply."""
    remark: str = ""
    """Why it does not apply."""

    @property
    def p_value(self) -> float:
        """Of the test as a whole: the smallest times their number, at most 1; NaN without one."""
        if not self.p_values:
            return math.nan
        return min(1.0, len(self.p_values) * min(self.p_values.values()))


class _Sequence:
    """Packed bits with what several tests count, each once."""

    def __init__(self, bits: Bits, as_printed: bool) -> None:
        self.data, self.n, self.as_printed = bits.packed, bits.size, as_printed
        totals, levels = np.zeros(8, np.int64), np.zeros(2 * kernels.REACH + 1, np.int64)
        self.visits = np.zeros((2 * kernels.INNER + 1, kernels.VISITS), np.int64)
        kernels.walk(self.data, self.n, totals, levels, self.visits)
        self.ones, self.runs, self.most, self.least, self.end, self.cycles = (
            int(value) for value in totals[:6]
        )
        self.largest, self.smallest = int(totals[6]), int(totals[7])
        self.levels = levels

    @cached_property
    def counts(self) -> Counts:
        """Of overlapping patterns of 16 bits."""
        counts: Counts = np.zeros(1 << kernels.PATTERN, np.int64)
        kernels.patterns(self.data, self.n, counts)
        return counts

    def shorter(self, length: int) -> Counts:
        """Counts of patterns of fewer bits."""
        counts: Counts = self.counts.reshape(1 << length, -1).sum(axis=1)
        return counts


def _chi_square(counts: Counts, probabilities: Floats) -> float:
    expected = counts.sum() * probabilities
    statistic = float(((counts - expected) ** 2 / expected).sum())
    return float(gammaincc((counts.size - 1) / 2, statistic / 2))


def _frequency(s: _Sequence) -> RandomnessTest:
    return RandomnessTest("frequency", {"": float(erfc(abs(s.end) / math.sqrt(2 * s.n)))})


def _block_frequency(s: _Sequence) -> RandomnessTest:
    counts = np.zeros(s.n // BLOCK, np.int64)
    kernels.ones_of_blocks(s.data, s.n, BLOCK, counts)
    statistic = 4 * BLOCK * float(((counts / BLOCK - 0.5) ** 2).sum())
    return RandomnessTest("block frequency", {"": float(gammaincc(counts.size / 2, statistic / 2))})


def _runs(s: _Sequence) -> RandomnessTest:
    share = s.ones / s.n
    if abs(share - 0.5) >= 2 / math.sqrt(s.n):
        # Then the number of runs says nothing more; the standard sets 0.
        return RandomnessTest("runs", {"": 0.0})
    both = share * (1 - share)
    p = erfc(abs(s.runs - 2 * s.n * both) / (2 * math.sqrt(2 * s.n) * both))
    return RandomnessTest("runs", {"": float(p)})


_LONGEST = {  # block: classes from ..., to ..., and the standard's probabilities
    8: (1, 4, (0.2148, 0.3672, 0.2305, 0.1875)),
    128: (4, 9, (0.1174, 0.2430, 0.2493, 0.1752, 0.1027, 0.1124)),
    10_000: (10, 16, (0.0882, 0.2092, 0.2483, 0.1933, 0.1208, 0.0675, 0.0727)),
}


@cache
def _longest_run_probabilities(length: int) -> tuple[float, ...]:
    first, last, _ = _LONGEST[length]
    below = []
    for longest in range(first, last):
        # Chance of no run longer than that, by the place of the first zero.
        chance = [1.0]
        for n in range(1, length + 1):
            start = max(0, n - 1 - longest)
            total = sum(chance[n - 1 - j] * 0.5 ** (j + 1) for j in range(n - start))
            chance.append(total + (0.5**n if n <= longest else 0.0))
        below.append(chance[-1])
    return tuple(np.diff([0.0, *below, 1.0]))


def _longest_run(s: _Sequence) -> RandomnessTest:
    length = 8 if s.n < 6272 else 128 if s.n < 750_000 else 10_000
    first, last, printed = _LONGEST[length]
    histogram = np.zeros(last + 1, np.int64)
    kernels.longest_runs(s.data, s.n, length, histogram)
    classes = np.append(histogram[: first + 1].sum(), histogram[first + 1 :])
    chances = printed if s.as_printed else _longest_run_probabilities(length)
    return RandomnessTest("longest run", {"": _chi_square(classes, np.array(chances))})


@cache
def _rank_probabilities() -> tuple[float, ...]:
    def chance(rank: int) -> float:
        found = 2.0 ** (rank * (64 - rank) - 1024)
        for i in range(rank):
            found *= (1 - 2.0 ** (i - 32)) ** 2 / (1 - 2.0 ** (i - rank))
        return found

    full, next_ = chance(32), chance(31)
    return full, next_, 1 - full - next_


def _rank(s: _Sequence) -> RandomnessTest:
    if s.n // 1024 < MIN_MATRICES:
        return RandomnessTest("matrix rank", {}, f"needs {1024 * MIN_MATRICES} bits")
    histogram = np.zeros(33, np.int64)
    kernels.ranks(s.data, s.n, histogram)
    classes = np.array([histogram[32], histogram[31], histogram[:31].sum()])
    return RandomnessTest(
        "matrix rank", {"": _chi_square(classes, np.array(_rank_probabilities()))}
    )


def _spectral(s: _Sequence) -> RandomnessTest:
    if s.n > MAX_SPECTRAL:
        return RandomnessTest("spectral", {}, f"takes at most {MAX_SPECTRAL} bits")
    from scipy.fft import rfft

    signal = np.unpackbits(s.data, count=s.n).astype(np.float64)
    signal *= 2
    signal -= 1
    sizes = np.abs(rfft(signal, overwrite_x=True)[: s.n // 2])
    below = int((sizes < math.sqrt(math.log(1 / 0.05) * s.n)).sum())
    d = (below - 0.95 * s.n / 2) / math.sqrt(s.n * 0.95 * 0.05 / 4)
    return RandomnessTest("spectral", {"": float(erfc(abs(d) / math.sqrt(2)))})


@cache
def _aperiodic() -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Number the templates of nine bits none of whose shifts overlaps itself."""
    which = np.full(1 << kernels.RUN, -1, np.int64)
    names: list[str] = []
    for value in range(1 << kernels.RUN):
        text = format(value, f"0{kernels.RUN}b")
        if not any(text[shift:] == text[:-shift] for shift in range(1, kernels.RUN)):
            which[value] = len(names)
            names.append(text)
    return which, tuple(names)


def _non_overlapping(s: _Sequence) -> RandomnessTest:
    which, names = _aperiodic()
    counts = np.zeros((TEMPLATE_BLOCKS, len(names)), np.int64)
    kernels.templates(s.data, s.n, which, TEMPLATE_BLOCKS, counts)
    length, m = s.n // TEMPLATE_BLOCKS, kernels.RUN
    mean = (length - m + 1) / 2**m
    variance = length * (1 / 2**m - (2 * m - 1) / 2 ** (2 * m))
    statistic = ((counts - mean) ** 2).sum(axis=0) / variance
    p = gammaincc(TEMPLATE_BLOCKS / 2, statistic / 2)
    return RandomnessTest("non-overlapping templates", dict(zip(names, map(float, p), strict=True)))


@cache
def _overlap_probabilities(as_printed: bool) -> tuple[float, ...]:
    m, last = kernels.RUN, OVERLAP_CLASSES - 1
    if as_printed:
        eta = (OVERLAP_BLOCK - m + 1) / 2**m / 2
        found = [math.exp(-eta)]
        for u in range(1, last):
            terms = (
                math.exp(
                    -eta
                    - u * math.log(2)
                    + k * math.log(eta)
                    - math.lgamma(k + 1)
                    + math.lgamma(u)
                    - math.lgamma(k)
                    - math.lgamma(u - k + 1)
                )
                for k in range(1, u + 1)
            )
            found.append(sum(terms))
        return (*found, 1 - sum(found))
    # Exactly: chance of each run of ones at the end, and of each number so far.
    chance = np.zeros((m + 1, last + 1))
    chance[0, 0] = 1.0
    for _ in range(OVERLAP_BLOCK):
        after = np.zeros_like(chance)
        after[0] = chance.sum(axis=0) / 2
        after[1:m] = chance[: m - 1] / 2
        full = (chance[m - 1] + chance[m]) / 2
        after[m, 1:] = full[:-1]
        after[m, last] += full[last]
        chance = after
    return tuple(float(c) for c in chance.sum(axis=0))


def _overlapping(s: _Sequence) -> RandomnessTest:
    histogram = np.zeros(OVERLAP_CLASSES, np.int64)
    kernels.overlapping_ones(s.data, s.n, OVERLAP_BLOCK, histogram)
    chances = np.array(_overlap_probabilities(s.as_printed))
    return RandomnessTest("overlapping templates", {"": _chi_square(histogram, chances)})


def _universal(s: _Sequence) -> RandomnessTest:
    fitting = [width for width, (least, _, _) in UNIVERSAL.items() if s.n >= least]
    if not fitting:
        return RandomnessTest("universal", {}, f"needs {UNIVERSAL[6][0]} bits")
    width = max(fitting)
    _, mean, variance = UNIVERSAL[width]
    total, _, count = kernels.log_distances(s.data, s.n, width, 10 * 2**width)
    c = 0.7 - 0.8 / width + (4 + 32 / width) * count ** (-3 / width) / 15
    sigma = c * math.sqrt(variance / count)
    p = erfc(abs(total / count - mean) / (math.sqrt(2) * sigma))
    return RandomnessTest("universal", {"": float(p)})


def _linear_complexity(s: _Sequence) -> RandomnessTest:
    m = COMPLEXITY_BLOCK
    found = np.zeros(s.n // m, np.int64)
    kernels.complexities(s.data, s.n, m, found)
    mean = m / 2 + (9 + (-1) ** (m + 1)) / 36 - (m / 3 + 2 / 9) / 2**m
    t = (-1) ** m * (found - mean) + 2 / 9
    classes = np.bincount(np.searchsorted([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5], t), minlength=7)
    first = 0.01047 if s.as_printed else 1 / 96
    last = 0.020833 if s.as_printed else 1 / 48
    chances = np.array([first, 0.03125, 0.125, 0.5, 0.25, 0.0625, last])
    return RandomnessTest("linear complexity", {"": _chi_square(classes, chances)})


def _serial(s: _Sequence) -> RandomnessTest:
    def psi(length: int) -> float:
        return 2.0**length / s.n * float((s.shorter(length).astype(np.float64) ** 2).sum()) - s.n

    m = SERIAL
    whole, less, least = psi(m), psi(m - 1), psi(m - 2)
    first = gammaincc(2 ** (m - 2), (whole - less) / 2)
    second = gammaincc(2 ** (m - 3), (whole - 2 * less + least) / 2)
    return RandomnessTest("serial", {"first": float(first), "second": float(second)})


def _approximate_entropy(s: _Sequence) -> RandomnessTest:
    def phi(length: int) -> float:
        counts = s.shorter(length)
        share = counts[counts > 0] / s.n
        return float((share * np.log(share)).sum())

    statistic = 2 * s.n * (math.log(2) - (phi(ENTROPY) - phi(ENTROPY + 1)))
    p = gammaincc(2 ** (ENTROPY - 1), statistic / 2)
    return RandomnessTest("approximate entropy", {"": float(p)})


def _cumulative_sums(s: _Sequence) -> RandomnessTest:
    def chance(z: int) -> float:
        root, n = math.sqrt(s.n), s.n
        # Integer division towards zero, as the standard's code has it.
        first = np.arange(int((-n / z + 1) / 4), int((n / z - 1) / 4) + 1)
        second = np.arange(int((-n / z - 3) / 4), int((n / z - 1) / 4) + 1)
        one = ndtr((4 * first + 1) * z / root) - ndtr((4 * first - 1) * z / root)
        other = ndtr((4 * second + 3) * z / root) - ndtr((4 * second + 1) * z / root)
        return float(min(max(1 - one.sum() + other.sum(), 0.0), 1.0))

    forward = max(s.largest, -s.smallest)
    backward = max(s.end - s.least, s.most - s.end)
    return RandomnessTest(
        "cumulative sums", {"forward": chance(forward), "backward": chance(backward)}
    )


def _too_few(s: _Sequence) -> str:
    least = max(0.005 * math.sqrt(s.n), MIN_CYCLES)
    return f"the walk has {s.cycles} cycles, fewer than {least:.0f}" if s.cycles < least else ""


def _excursions(s: _Sequence) -> RandomnessTest:
    if remark := _too_few(s):
        return RandomnessTest("random excursions", {}, remark)
    found = {}
    for x in (*range(-kernels.INNER, 0), *range(1, kernels.INNER + 1)):
        back = 1 / (2 * abs(x))
        inner = [back**2 * (1 - back) ** (k - 1) for k in range(1, 5)]
        chances = np.array([1 - back, *inner, back * (1 - back) ** 4])
        found[f"{x:+d}"] = _chi_square(s.visits[x + kernels.INNER], chances)
    return RandomnessTest("random excursions", found)


def _variant(s: _Sequence) -> RandomnessTest:
    if remark := _too_few(s):
        return RandomnessTest("random excursions variant", {}, remark)
    found = {}
    for x in (*range(-kernels.REACH, 0), *range(1, kernels.REACH + 1)):
        away = abs(int(s.levels[x + kernels.REACH]) - s.cycles)
        found[f"{x:+d}"] = float(erfc(away / math.sqrt(2 * s.cycles * (4 * abs(x) - 2))))
    return RandomnessTest("random excursions variant", found)


_TESTS: dict[str, Callable[[_Sequence], RandomnessTest]] = {
    "frequency": _frequency,
    "block frequency": _block_frequency,
    "runs": _runs,
    "longest run": _longest_run,
    "matrix rank": _rank,
    "spectral": _spectral,
    "non-overlapping templates": _non_overlapping,
    "overlapping templates": _overlapping,
    "universal": _universal,
    "linear complexity": _linear_complexity,
    "serial": _serial,
    "approximate entropy": _approximate_entropy,
    "cumulative sums": _cumulative_sums,
    "random excursions": _excursions,
    "random excursions variant": _variant,
}
NAMES = tuple(_TESTS)
FAST = tuple(name for name in NAMES if name != "spectral")
"""All but the Fourier transform: a few ns a bit, and no memory beside the bits."""
MIN_BITS = 1024
"""Of a sequence that the tests take; the standard recommends 10⁶."""


def statistical_tests(
    bits: ArrayLike | Bits, names: Sequence[str] = NAMES, *, as_printed: bool = False
) -> list[RandomnessTest]:
    """Run the tests of SP 800-22 on a sequence, with the parameters of the standard's Appendix B.

    Parameters
    ----------
    bits
        0 and 1, or :class:`~smtj.randomness.bits.Bits`.
    names
        Which of :data:`NAMES`, e.g. :data:`FAST`.
    as_printed
        Use the rounded and approximate probabilities of the standard.

    Raises
    ------
    SmtjError
        There are fewer than 1024 bits, or there is no such test.

    Examples
    --------
    >>> import numpy as np
    >>> fair = np.random.default_rng(0).integers(0, 2, 20_000)
    >>> [test] = statistical_tests(fair, ["frequency"])
    >>> round(test.p_value, 2)
    0.81
    """
    unknown = [name for name in names if name not in _TESTS]
    if unknown:
        raise SmtjError(f'there is no test "{unknown[0]}"; choose from {", ".join(NAMES)}')
    packed = Bits.of(bits)
    if packed.size < MIN_BITS:
        raise SmtjError(f"{packed.size} bits are too few for the tests; give at least {MIN_BITS}")
    sequence = _Sequence(packed, as_printed)
    return [_TESTS[name](sequence) for name in names]
