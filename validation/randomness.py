"""Random bits: tests against printed values, estimators, corrections; writes
docs/validation/randomness.md.

The tests marked ``proof`` in tests/randomness hold the same numbers to their limits.
"""

import os
import platform
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np

from smtj.files import write_text
from smtj.randomness import (
    FAST,
    Bits,
    Chain,
    card_source,
    min_entropy_estimates,
    random_study,
    statistical_tests,
)

sys.path += ["tests", "tests/randomness"]
from test_sp800_22 import CONSTANTS, PRINTED, WHICH, first_bits
from test_sp800_90b import FILE, REFERENCE

RESULT = Path("docs/validation/randomness.md")
SEEDS = 100
TESTED = 1 << 18


def printed_table():
    """Largest deviation from the values of Appendix B, by constant."""
    rows = []
    for name, make in CONSTANTS.items():
        found = statistical_tests(first_bits(make()), as_printed=True)
        ours = [t.p_values[key] for t in found for key in WHICH.get(t.name, ("",))]
        off = np.abs(np.array(ours) - PRINTED[name]).max()
        rows.append(f"| {name} | {len(ours)} | {off:.1e} |")
    return rows


def telegraph_table():
    """Closed form beside estimates, by interval."""
    source, rows = card_source("mizrahi2018"), []
    for over in (1, 2, 3, 5):
        interval = over * source.relaxation_time
        chain = Chain.of_dwell_times(source.dwell_high, source.dwell_low, interval)
        [bits] = source.bits(1_000_000, seed=8, interval=interval)
        found = {e.name: e.min_entropy for e in min_entropy_estimates(bits)}
        least = min(found, key=found.get)
        rows.append(
            f"| {over} | {chain.entropy:.3f} | {chain.min_entropy:.3f} | {found['Markov']:.3f} | "
            f"{found['Markov chains']:.3f} | {found[least]:.3f} ({least}) |"
        )
    return rows


def corrections_table():
    """How often the tests fail over a hundred seeds."""
    source, rows = card_source("mizrahi2018"), []
    for name in ("none", "wait", "xor", "extractor"):
        p = []
        for seed in range(SEEDS):
            study = random_study(source, TESTED, seed=seed, correction=name)
            p.append([t.p_value for t in statistical_tests(study.delivered)])
        p = np.array(p)
        single = p[:, [0, 1, 2, 3, 4, 5, 7, 9, 11]]
        few, some = (100 * (single < alpha).mean() for alpha in (0.01, 0.1))
        failed = 100 * np.mean([(row[np.isfinite(row)] < 0.01 / 14).any() for row in p])
        rows.append(f"| {name} | {few:.2f} % | {some:.1f} % | {failed:.0f} % |")
    return rows


def main():
    """Write the page."""
    lines = [
        "# Validation: random bits",
        "",
        "`python validation/randomness.py`; the first 10⁶ bits of four constants, computed by "
        "integer arithmetic, through all fifteen tests of SP 800-22 with the standard's own class "
        "probabilities. The values of its Appendix B have six digits; checked against two other "
        "implementations' tables.",
        "",
        "| constant | p-values | largest deviation |",
        "| --- | --- | --- |",
        *printed_table(),
        "",
    ]
    bits = Bits(np.frombuffer(FILE.read_bytes(), np.uint8), 10_000)
    off = np.abs(np.array([e.min_entropy for e in min_entropy_estimates(bits)]) - REFERENCE).max()
    lines += [
        "The ten estimators of SP 800-90B on NIST's own `rand1_short`, against the results that "
        f"come with NIST's code: largest deviation {off:.0e}. On four more of its files of 10⁶ "
        "bits (`truerand_1bit`, `biased-random-bits`, `ringOsc-nist`, `data.pi`), which do not "
        "come with smtj, all forty estimates agreed to 2·10⁻¹⁰ (2026-12-01).",
        "",
        "## A sampled telegraph at P = 1/2",
        "",
        "Bits per read; estimates from 10⁶ reads. Each takes the pessimistic end of a 99 % "
        "interval; the smallest assumes another kind of source.",
        "",
        "| interval / τ_r | entropy | min-entropy | Markov | Markov chains | smallest of ten |",
        "| --- | --- | --- | --- | --- | --- |",
        *telegraph_table(),
        "",
        "## Corrections",
        "",
        f"`mizrahi2018` read every relaxation time, {SEEDS} seeds, {TESTED:,} delivered bits each: "
        "how often a test of one p-value lies below 0.01 and 0.1, and how often any of the fifteen "
        "fails at 1 % together.",
        "",
        "| correction | p < 0.01 | p < 0.1 | fails |",
        "| --- | --- | --- | --- |",
        *corrections_table(),
        "",
    ]
    rng = np.random.default_rng(0)
    many = Bits(rng.integers(0, 256, 10**8 // 8, np.uint8), 10**8)
    statistical_tests(Bits(many.packed[:50_000], 400_000))
    begin = time.process_time()
    statistical_tests(many, FAST)
    spent = time.process_time() - begin
    lines += [
        f"10⁸ bits through all tests but the Fourier transform: {spent:.1f} s of one core.",
        "",
        f"*{date.today()}, {os.cpu_count()}-core {platform.machine()} VM.*",
        "",
    ]
    write_text(RESULT, "\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
