"""Random bits from a device: what they are worth, how to correct them, and how to test them.

>>> from smtj.randomness import Chain
>>> chain = Chain.of_dwell_times(1e-3, 1e-3, 1.5e-3)  # read every three relaxation times
>>> round(chain.entropy, 3), round(chain.min_entropy, 3)
(0.998, 0.93)
"""

from smtj.randomness.bits import Bits
from smtj.randomness.chain import Chain
from smtj.randomness.choice import Proposal, best_interval, proposals, read_energy
from smtj.randomness.corrections import extract, von_neumann, with_feedback, xor
from smtj.randomness.source import Source, card_source, trace_source
from smtj.randomness.sp800_22 import FAST, RandomnessTest, statistical_tests
from smtj.randomness.sp800_90b import EntropyEstimate, min_entropy_estimates
from smtj.randomness.study import RandomStudy, random_study

__all__ = [
    "FAST",
    "Bits",
    "Chain",
    "EntropyEstimate",
    "Proposal",
    "RandomStudy",
    "RandomnessTest",
    "Source",
    "best_interval",
    "card_source",
    "extract",
    "min_entropy_estimates",
    "proposals",
    "random_study",
    "read_energy",
    "statistical_tests",
    "trace_source",
    "von_neumann",
    "with_feedback",
    "xor",
]
