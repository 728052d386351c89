"""The ten estimators of min-entropy against NIST's own results, and on sources of known entropy."""

from pathlib import Path

import numpy as np
import pytest

from closeness import close_to
from smtj.errors import SmtjError
from smtj.randomness.bits import Bits
from smtj.randomness.sp800_90b import NAMES, min_entropy_estimates

# NIST's SP800-90B_EntropyAssessment, bin/rand1_short.bin and its results in cpp/selftest/refdata:
# software and data provided by the National Institute of Standards and Technology.
FILE = Path(__file__).with_name("rand1_short.bin")
REFERENCE = (
    *(0.96105882570055079, 0.69146412099724186, 0.98759610446, 0.61171620479394506),
    *(0.86762443081707374, 0.96262580383278706, 0.95261806053262654, 0.9433337065757712),
    *(0.96161666782888089, 0.96144624595247796),
)


def test_all_ten_give_what_nist_s_own_code_gives():
    bits = Bits(np.frombuffer(FILE.read_bytes(), np.uint8), 10_000)
    found = min_entropy_estimates(bits)
    assert [e.name for e in found] == list(NAMES)
    assert [e.min_entropy for e in found] == close_to(REFERENCE, abs=1e-9)


def markov(rng, n, stay_low, stay_high):
    """A two-state chain, by the lengths of its runs."""
    lengths = np.stack(
        [rng.geometric(1 - stay_low, n), rng.geometric(1 - stay_high, n)], axis=1
    ).ravel()
    return np.repeat(np.arange(lengths.size) % 2, lengths)[:n].astype(np.uint8)


@pytest.mark.parametrize(
    ("make", "entropy", "by"),
    [
        (lambda r: r.random(100_000) < 0.7, -np.log2(0.7), "most common value"),
        (lambda r: markov(r, 100_000, 0.8, 0.6), -np.log2(0.8), "Markov"),
        (lambda r: markov(r, 100_000, 0.8, 0.6), -np.log2(0.8), "t-tuple"),
        (lambda r: np.tile(r.integers(0, 2, 100), 200), 0.0, "lag"),
    ],
)
def test_sources_of_known_entropy(make, entropy, by):
    found = {e.name: e for e in min_entropy_estimates(make(np.random.default_rng(0)))}
    # Below the truth by the standard's own margin, and no further.
    assert entropy - 0.03 < found[by].min_entropy <= entropy + 0.006


def test_equal_bits_have_none_and_few_bits_are_refused():
    assert {e.min_entropy for e in min_entropy_estimates(np.ones(10_000))} == {0.0}
    with pytest.raises(SmtjError, match="100 bits are too few for the entropy estimators"):
        min_entropy_estimates(np.zeros(100))
