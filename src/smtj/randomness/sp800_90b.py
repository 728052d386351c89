"""The ten estimators of min-entropy of NIST SP 800-90B (2018), Sec. 6.3, for bits.

Each assumes another kind of source and takes the pessimistic end of a 99 % interval; the assessment
is the smallest of all.  doi:10.6028/NIST.SP.800-90B.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import ndtri

from smtj.errors import SmtjError
from smtj.randomness import kernels, predictors
from smtj.randomness.bits import Bits

QUANTILE = float(ndtri(0.995))
"""Standard errors by which every estimate is lowered; the standard prints 2.576."""
MIN_BITS = 10_000
"""Of a sequence that all ten take; the standard asks for 10⁶."""
MARKOV_LENGTH = 128
COMPRESSED, COMPRESSION_START = 6, 1000
MIN_OCCURRENCES = 35
CERTAIN = 1e9
KEY = 57
"""Bits of the keys by which suffixes are sorted at first; the number of the last ones follows."""
Array = NDArray[np.uint8]


@dataclass(frozen=True)
class EntropyEstimate:
    """One of the ten estimates."""

    name: str
    min_entropy: float
    """Bits per bit."""


def _upper(share: float, n: int) -> float:
    return min(1.0, share + QUANTILE * math.sqrt(share * (1 - share) / (n - 1)))


def _entropy(chance: float) -> float:
    return min(1.0, -math.log2(chance))


def _most_common(s: Array) -> float:
    ones = int(s.sum())
    return _entropy(_upper(max(ones, s.size - ones) / s.size, s.size))


def _collision(s: Array) -> float:
    two, three = predictors.collisions(s)
    waits = two + three
    mean = (2 * two + 3 * three) / waits
    spread = math.sqrt((4 * two + 9 * three - waits * mean**2) / (waits - 1))
    lowest = mean - QUANTILE * spread / math.sqrt(waits)
    # The mean wait is 2 + 2 p (1 - p).
    left = 1 - 2 * (lowest - 2)
    return _entropy((1 + math.sqrt(left)) / 2) if 0 < left < 1 else 1.0 if left <= 0 else 0.0


def _markov(s: Array) -> float:
    one = float(s.mean())
    pairs = np.bincount(2 * s[:-1] + s[1:], minlength=4).reshape(2, 2).astype(np.float64)
    before = pairs.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        step = -np.log2(np.where(before > 0, pairs / before, 0.0))
        start = -np.log2(np.array([1 - one, one]))
    n = MARKOV_LENGTH - 1
    paths = [start[a] + n * step[a, a] for a in (0, 1)]
    paths += [start[a] + step[a, 1 - a] + n * step[1 - a, 1 - a] for a in (0, 1)]
    half = MARKOV_LENGTH // 2
    paths += [start[a] + half * step[a, 1 - a] + (half - 1) * step[1 - a, a] for a in (0, 1)]
    return min(1.0, float(np.nanmin(paths)) / MARKOV_LENGTH)


def _expected_log_distance(chance: float, whole: int) -> float:
    """Mean of log2 of the distance to the last equal block, of one block of that chance.

    Blocks before the start count as distance to the beginning.
    """
    first = COMPRESSION_START
    if chance <= 0:
        return 0.0
    # From there on what is left is below the rounding of a float.
    reach = min(whole, int(750 / max(-math.log1p(-chance), 1e-12)) + 2) if chance < 1 else 2
    u = np.arange(1, reach + 1, dtype=np.float64)
    logs = np.log2(u)
    left = (1 - chance) ** (u - 1)
    # Σ over the tested places t of Σ_{u<t} log2(u) p² (1-p)^(u-1) + log2(t) p (1-p)^(t-1).
    times = np.clip(whole - np.maximum(u, first), 0, None)
    inner = chance**2 * float((logs * left * times).sum())
    late = u > first
    return (inner + chance * float((logs * left)[late].sum())) / (whole - first)


def _compression(s: Array, packed: Bits) -> float:
    alphabet = 1 << COMPRESSED
    total, squares, tested = kernels.log_distances(
        packed.packed, packed.size, COMPRESSED, COMPRESSION_START
    )
    mean, whole = total / tested, tested + COMPRESSION_START
    spread = 0.5907 * math.sqrt(squares / (tested - 1) - mean**2)
    lowest = float(mean - QUANTILE * spread / math.sqrt(tested))

    def missing(p: float) -> float:
        rest = (1 - p) / (alphabet - 1)
        expected = _expected_log_distance(p, whole)
        return expected + (alphabet - 1) * _expected_log_distance(rest, whole) - lowest

    if missing(1 / alphabet) <= 0:
        return 1.0
    p = float(brentq(missing, 1 / alphabet, 1 - 1e-9, xtol=1e-13)) if missing(1 - 1e-9) < 0 else 1
    return min(1.0, -math.log2(p) / COMPRESSED)


def _suffixes(s: Array) -> NDArray[np.int64]:
    """Sort the suffixes by their first 57 bits, then by doubling what is sorted already."""
    n = s.size
    padded = np.concatenate([s, np.zeros(KEY, np.uint8)]).astype(np.uint64)
    key = np.zeros(n, np.uint64)
    for k in range(KEY):
        key = (key << np.uint64(1)) | padded[k : k + n]
    # A suffix that ends within the key comes before those that go on with zeros.
    ends = np.minimum(n - np.arange(n), KEY).astype(np.uint64)
    key = (key << np.uint64(6)) | ends
    length = KEY
    order = np.argsort(key, kind="stable")
    while True:
        new = np.empty(n, np.int64)
        new[order] = np.cumsum(np.concatenate([[False], key[order][1:] != key[order][:-1]]))
        if new[order[-1]] == n - 1:
            return order
        after = np.zeros(n, np.int64)
        after[: n - length] = new[length:] + 1
        key = (new * (n + 1) + after).astype(np.uint64)
        order = np.argsort(key, kind="stable")
        length *= 2


def _tuples(s: Array) -> tuple[float, float]:
    lengths = predictors.common_prefixes(s, _suffixes(s))
    longest = int(lengths.max())
    most, pairs = (np.zeros(longest + 3, np.int64) for _ in range(2))
    predictors.repeats(lengths, most, pairs)
    n = s.size
    t = np.arange(longest + 3)
    often = np.flatnonzero(most >= MIN_OCCURRENCES)
    last = int(often[-1]) if often.size else 0
    if last == 0:
        return 1.0, 1.0
    shares = (most[1 : last + 1] / (n - t[1 : last + 1] + 1)) ** (1 / t[1 : last + 1])
    tuples = _entropy(_upper(float(shares.max()), n))
    rest = t[last + 1 : longest + 1]
    if rest.size == 0:
        return tuples, 1.0
    chances = pairs[rest] / ((n - rest) * (n - rest + 1) / 2)
    return tuples, _entropy(_upper(float((chances ** (1 / rest)).max()), n))


def _predicted(found: tuple[int, int], n: int) -> float:
    right, longest = found
    share = right / n
    overall = _upper(share, n) if right else 1 - 0.01 ** (1 / n)
    best = max(overall, 0.5)
    run = longest + 1

    def missing(p: float) -> float:
        x = 1.0
        for _ in range(100):
            x = 1 + (1 - p) * p**run * x ** (run + 1)
        spare = (1 - p * x) / ((run + 1 - run * x) * (1 - p))
        # Near 1, where a run of that length is certain, rounding leaves nothing.
        if not spare > 0:
            return -CERTAIN
        return math.log(spare) - (n + 1) * math.log(x) - math.log(0.99)

    # Where so long a run would be likely anyhow, it says nothing more.
    if best < 1 and missing(best) > 0:
        high = 1 - 1e-9
        best = float(brentq(missing, best, high, xtol=1e-14)) if missing(high) < 0 else 1.0
    return _entropy(best)


def min_entropy_estimates(bits: ArrayLike | Bits) -> list[EntropyEstimate]:
    """Estimate the min-entropy per bit by the ten methods of SP 800-90B.

    Parameters
    ----------
    bits
        0 and 1, or :class:`~smtj.randomness.bits.Bits`; the standard asks for 10⁶.

    Raises
    ------
    SmtjError
        There are fewer than 10,000 bits.

    Examples
    --------
    >>> import numpy as np
    >>> biased = np.random.default_rng(0).random(100_000) < 0.6
    >>> found = min_entropy_estimates(biased)[0]
    >>> found.name, round(found.min_entropy, 2)  # -log2(0.6) is 0.74
    ('most common value', 0.73)
    """
    packed = Bits.of(bits)
    if packed.size < MIN_BITS:
        raise SmtjError(
            f"{packed.size} bits are too few for the entropy estimators; give at least {MIN_BITS}"
        )
    s, n = packed.unpacked(), packed.size
    if s.min() == s.max():
        return [EntropyEstimate(name, 0.0) for name in NAMES]
    tuples, repeated = _tuples(s)
    values = (
        _most_common(s),
        _collision(s),
        _markov(s),
        _compression(s, packed),
        tuples,
        repeated,
        _predicted(predictors.most_common_in_window(s), n - predictors.WINDOWS[0]),
        _predicted(predictors.lagged(s), n - 1),
        _predicted(predictors.by_markov_chains(s), n - 2),
        _predicted(predictors.by_dictionary(s), n - predictors.DEPTH - 1),
    )
    return [EntropyEstimate(name, value) for name, value in zip(NAMES, values, strict=True)]


NAMES = (
    "most common value",
    "collision",
    "Markov",
    "compression",
    "t-tuple",
    "longest repeated substring",
    "most common in window",
    "lag",
    "Markov chains",
    "dictionary (LZ78Y)",
)
