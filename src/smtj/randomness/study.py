"""A source of bits judged: closed form, estimators, tests, before and after a correction."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from smtj import plot
from smtj.errors import SmtjError
from smtj.randomness.bits import Bits
from smtj.randomness.chain import Chain
from smtj.randomness.choice import (
    GAIN,
    Proposal,
    best_interval,
    corrected,
    proposals,
    proposals_table,
    read_energy,
    read_time,
)
from smtj.randomness.corrections import with_feedback
from smtj.randomness.source import Source
from smtj.randomness.sp800_22 import NAMES, RandomnessTest, statistical_tests
from smtj.randomness.sp800_90b import MIN_BITS, EntropyEstimate, min_entropy_estimates
from smtj.report.figure import FigureResult
from smtj.report.html import write_report
from smtj.tables import Table
from smtj.units import format_time

SIGNIFICANCE = 0.01
MAX_ESTIMATED = 2_000_000
"""Bits that the entropy estimators take."""
MAX_BITS = 1 << 28
SETTLING = 10_000
"""Bits in which the feedback's controller settles: some times 4/gain per ln odds."""
CAVEAT = (
    "Passing does not prove randomness. A p-value above the significance says that this test, on "
    "these bits, saw nothing; a generator with a short secret passes all fifteen. What the "
    "closed form promises holds for the telegraph that the card or the fit describes: not for "
    "drift, pick-up, or a neighbour that switches along. Of fair sources one in a hundred fails "
    "each test. An assessment under SP 800-90B needs a million raw bits of the device itself, "
    "restarted a thousand times, and a reason why it should be random."
)


@dataclass(frozen=True, eq=False)
class RandomStudy:
    """What a source's bits are worth, and what a correction makes of them."""

    source: Source
    choices: list[Proposal]
    """Corrections, the fastest that leaves nothing to see first."""
    chosen: Proposal
    raw: Bits
    delivered: Bits
    seed: int

    @cached_property
    def raw_tests(self) -> list[RandomnessTest]:
        """SP 800-22 on the bits as read."""
        return statistical_tests(self.raw, self._names(self.raw))

    @cached_property
    def delivered_tests(self) -> list[RandomnessTest]:
        """SP 800-22 on the delivered bits."""
        return statistical_tests(self.delivered, self._names(self.delivered))

    @cached_property
    def raw_estimates(self) -> list[EntropyEstimate]:
        """SP 800-90B on the bits as read; empty if they are too few."""
        return _estimates(self.raw)

    @cached_property
    def delivered_estimates(self) -> list[EntropyEstimate]:
        """SP 800-90B on the delivered bits."""
        return _estimates(self.delivered)

    @property
    def failed(self) -> list[str]:
        """The tests that the delivered bits fail, at the significance over the number of tests."""
        told = [t for t in self.delivered_tests if t.p_values]
        return [t.name for t in told if t.p_value < SIGNIFICANCE / len(told)]

    @property
    def passes(self) -> bool:
        """Whether all tests together see nothing in the delivered bits, at 1 %."""
        return not self.failed

    @cached_property
    def best_interval(self) -> float:
        """In s, at which a bit of min-entropy costs least; that of the reads if no card tells."""
        s = self.source
        shortest = None if s.card is None else read_time(s.card)
        return best_interval(s.dwell_high, s.dwell_low, _energy(s), shortest or s.interval)

    def _names(self, bits: Bits) -> tuple[str, ...]:
        return tuple(name for name in NAMES if bits.size <= 1 << 24 or name != "spectral")

    def table(self) -> Table:
        """Closed form, and tests and estimates before and after."""
        s, chain = self.source, self.source.chain
        measured = float(self.raw.unpacked().mean())
        rows = [
            ("dwell times, high and low", format_time(s.dwell_high), format_time(s.dwell_low)),
            ("read interval", format_time(s.interval), f"{s.interval / s.relaxation_time:.3g} τ_r"),
            ("P(1), closed form and of the bits", f"{chain.probability:.4f}", f"{measured:.4f}"),
            ("correlation of neighbours, κ", f"{chain.correlation:.4f}", _neighbours(self.raw)),
            ("entropy, bits per read", f"{chain.entropy:.4f}", ""),
            (
                "min-entropy, bits per read, closed form and SP 800-90B",
                f"{chain.min_entropy:.4f}",
                _smallest(self.raw_estimates),
            ),
            ("min-entropy, assured at 99 %", f"{s.assured_min_entropy:.4f}", ""),
            ("entropy, bits per second", f"{chain.entropy / s.interval:.4g}", ""),
            ("min-entropy, bits per second", f"{chain.min_entropy / s.interval:.4g}", ""),
            ("cheapest read interval", format_time(self.best_interval), ""),
            ("correction", self.chosen.name, self.chosen.how),
            (
                "delivered bits, and their min-entropy by SP 800-90B",
                f"{self.delivered.size:,}",
                _smallest(self.delivered_estimates),
            ),
            (
                "SP 800-22, as read and delivered",
                _verdict(self.raw_tests),
                _verdict(self.delivered_tests),
            ),
        ]
        remarks = list(s.remarks)
        if not self.chosen.passes:
            remarks.append(
                "Bias or correlation should show in the delivered bits, by "
                f"{self.chosen.shows:.2g} standard errors: hold P(high) nearer one half, or choose "
                "another correction."
            )
        return Table(f"Random bits of {s.name}", ("", "", ""), rows, remarks)

    def tests_table(self) -> Table:
        """The p-value of each test."""
        rows = []
        for before, after in zip(self.raw_tests, self.delivered_tests, strict=False):
            rows.append((before.name, _shown(before), _shown(after)))
        notes = ["p: of several p-values the smallest times their number (Bonferroni)"]
        return Table("SP 800-22: p-values", ("test", "as read", "delivered"), rows, notes)

    def estimates_table(self) -> Table:
        """The ten estimates of min-entropy."""
        after = {e.name: f"{e.min_entropy:.4f}" for e in self.delivered_estimates}
        rows = [(e.name, f"{e.min_entropy:.4f}", after.get(e.name, "")) for e in self.raw_estimates]
        notes = ["every estimate takes the pessimistic end of its own 99 % interval"]
        return Table("SP 800-90B: min-entropy per bit", ("", "as read", "delivered"), rows, notes)

    def to_dict(self) -> dict[str, Any]:
        """Every number, as plain types."""
        s, chain = self.source, self.source.chain

        def tests(found: list[RandomnessTest]) -> dict[str, Any]:
            return {t.name: {"p": _number(t.p_value), "p_values": t.p_values} for t in found}

        return {
            "source": s.name,
            "dwell_high_s": s.dwell_high,
            "dwell_low_s": s.dwell_low,
            "interval_s": s.interval,
            "probability": chain.probability,
            "correlation": chain.correlation,
            "entropy_per_read": chain.entropy,
            "min_entropy_per_read": chain.min_entropy,
            "assured_min_entropy_per_read": s.assured_min_entropy,
            "best_interval_s": self.best_interval,
            "correction": self.chosen.name,
            "delivered_bits": self.delivered.size,
            "passes": self.passes,
            "proposals": [
                {
                    "name": p.name,
                    "how": p.how,
                    "bits_per_read": p.per_read,
                    "bits_per_second": p.throughput,
                    "joules_per_bit": p.energy_per_bit,
                    "min_entropy": p.min_entropy,
                    "shows": p.shows,
                }
                for p in self.choices
            ],
            "tests_as_read": tests(self.raw_tests),
            "tests_delivered": tests(self.delivered_tests),
            "estimates_as_read": {e.name: e.min_entropy for e in self.raw_estimates},
            "estimates_delivered": {e.name: e.min_entropy for e in self.delivered_estimates},
        }

    def report(self, out: Path) -> Path:
        """Write the bits, the report and its pictures into a folder; returns the report."""
        from smtj.files import write_bytes

        write_bytes(out / "bits.bin", self.delivered.packed.tobytes())
        tables = [
            self.table(),
            proposals_table(self.choices, self.delivered.size),
            self.tests_table(),
        ]
        if self.raw_estimates:
            tables.append(self.estimates_table())
        figures = [_draw_tests(self, out), _draw_interval(self, out)]
        title = f"Random bits of {self.source.name}"
        return write_report(
            out, title, figures, context={"random": self.to_dict()}, about=CAVEAT, tables=tables
        )


def random_study(
    source: Source, bits: int, seed: int = 0, correction: str | None = None
) -> RandomStudy:
    """Read, correct and judge a source's bits.

    Parameters
    ----------
    source
        Of :func:`~smtj.randomness.source.card_source` or ``trace_source``.
    bits
        Bits to deliver; of a trace, to use at most.
    seed
        Of the device and of the extractor.
    correction
        ``"none"``, ``"wait"``, ``"feedback"``, ``"xor"``, ``"von neumann"`` or ``"extractor"``;
        by default the fastest that leaves nothing to see.

    Raises
    ------
    SmtjError
        There is no such correction for these reads, or too few bits are left.

    Examples
    --------
    >>> from smtj.randomness import card_source, random_study
    >>> study = random_study(card_source("mizrahi2018"), 100_000, seed=1)
    >>> study.chosen.name, study.passes
    ('extractor', True)
    >>> [t.name for t in study.raw_tests if t.p_value < 1e-9][:3]
    ['block frequency', 'runs', 'longest run']
    """
    if not 1 <= bits <= MAX_BITS:
        raise SmtjError(f"{bits} bits; give 1 to {MAX_BITS}")
    choices = proposals(
        source.dwell_high,
        source.dwell_low,
        source.interval,
        bits,
        _energy(source),
        source.assured_min_entropy,
    )
    measured = source.recorded is not None
    # A trace is of one device, and its drive was what it was.
    possible = [p for p in choices if not measured or (p.streams == 1 and p.name != "feedback")]
    fitting = possible if correction is None else [p for p in choices if p.name == correction]
    if not fitting:
        raise SmtjError(
            f'there is no correction "{correction}" of these reads; choose '
            f"{', '.join(p.name for p in choices)}"
        )
    chosen = fitting[0]
    reads = math.ceil(bits / chosen.per_read / chosen.streams * 1.02) + (1 << 14)
    if reads * chosen.streams > MAX_BITS:
        raise SmtjError(f"{bits} bits take {reads * chosen.streams} reads; ask for fewer")
    if source.recorded is not None:
        reads = source.recorded.size
    if chosen.name == "feedback":
        if measured:
            raise SmtjError(f"the drive of {source.name} is past; choose another correction")
        chain = Chain.of_dwell_times(source.dwell_high, source.dwell_low, chosen.interval)
        # The first bits are those in which the controller settles.
        held = with_feedback(chain, bits + SETTLING, GAIN, seed)
        delivered = Bits.of(held.unpacked()[SETTLING:])
    else:
        streams = source.bits(reads, seed, chosen.streams, chosen.interval)
        delivered = corrected(chosen, streams, source.assured_min_entropy, seed + 1)
    delivered = _first(delivered, bits)
    raw = _first(source.bits(bits, seed)[0], bits)
    return RandomStudy(source, choices, chosen, raw, delivered, seed)


def _energy(source: Source) -> Callable[[float], float | None]:
    def energy(interval: float) -> float | None:
        return None if source.card is None else read_energy(source.card, interval)

    return energy


def _first(bits: Bits, count: int) -> Bits:
    return bits if bits.size <= count else Bits.of(bits.unpacked()[:count])


def _estimates(bits: Bits) -> list[EntropyEstimate]:
    return min_entropy_estimates(_first(bits, MAX_ESTIMATED)) if bits.size >= MIN_BITS else []


def _smallest(found: list[EntropyEstimate]) -> str:
    if not found:
        return f"needs {MIN_BITS} bits"
    least = min(found, key=lambda e: e.min_entropy)
    return f"{least.min_entropy:.4f} ({least.name})"


def _neighbours(bits: Bits) -> str:
    values = bits.unpacked()[: 1 << 24].astype(np.float64)
    values -= values.mean()
    square = float((values * values).sum())
    return f"{float((values[1:] * values[:-1]).sum()) / square:.4f}" if square else ""


def _verdict(found: list[RandomnessTest]) -> str:
    told = [t for t in found if t.p_values]
    failed = sum(t.p_value < SIGNIFICANCE / len(told) for t in told)
    return f"{len(told) - failed} of {len(told)} passed"


def _shown(test: RandomnessTest) -> str:
    return f"{test.p_value:.4g}" if test.p_values else test.remark


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _draw_tests(study: RandomStudy, out: Path) -> FigureResult:
    """Every p-value of both, test by test."""
    with plot.figure(6.0, 3.6) as (figure, axes):
        pairs = (
            (study.raw_tests, plot.GREY, "as read"),
            (study.delivered_tests, plot.BLUE, "delivered"),
        )
        for shift, (found, colour, label) in zip((-0.15, 0.15), pairs, strict=True):
            for k, test in enumerate(found):
                p = np.maximum(np.array(list(test.p_values.values())), 1e-12)
                axes.plot(
                    p,
                    np.full(p.size, k + shift),
                    "o",
                    color=colour,
                    markersize=3 if p.size < 20 else 1.5,
                    label=label if k == 0 else None,
                )
        axes.axvline(SIGNIFICANCE, color=plot.RED, linewidth=0.8)
        axes.set_xscale("log")
        axes.set_xlim(5e-13, 2)
        axes.set_xlabel("p-value (those below $10^{-12}$ at the edge)")
        axes.set_yticks(range(len(study.delivered_tests)), [t.name for t in study.delivered_tests])
        axes.invert_yaxis()
        axes.legend(loc="lower left")
        images = plot.save(figure, out / "tests")
    return FigureResult(
        "tests",
        "The fifteen tests",
        "Every p-value of SP 800-22 of the bits as read and as delivered; of fair bits one in a "
        "hundred lies left of the line.",
        images,
    )


def _draw_interval(study: RandomStudy, out: Path) -> FigureResult:
    """Entropy against the read interval, and what a bit costs."""
    s = study.source
    tau = np.geomspace(0.05, 12, 80)
    chains = [Chain.of_dwell_times(s.dwell_high, s.dwell_low, t * s.relaxation_time) for t in tau]
    with plot.figure(4.4, 3.0) as (figure, axes):
        axes.plot(tau, [c.entropy for c in chains], color=plot.BLUE, label="entropy")
        axes.plot(tau, [c.min_entropy for c in chains], color=plot.ORANGE, label="min-entropy")
        x = s.interval / s.relaxation_time
        axes.plot(x, s.chain.min_entropy, "o", color=plot.ORANGE)
        if study.raw_estimates:
            least = min(e.min_entropy for e in study.raw_estimates)
            axes.plot(x, least, "v", color=plot.RED, label="smallest SP 800-90B estimate")
        axes.set_xscale("log")
        axes.set_xlabel(r"Read interval ($\tau_r$)")
        axes.set_ylabel("Bits per read")
        axes.legend(loc="lower right")
        images = plot.save(figure, out / "interval")
    return FigureResult(
        "interval",
        "Entropy against the read interval",
        "Lines: closed form of the sampled telegraph; points: these reads. Each estimate of "
        "SP 800-90B is the pessimistic end of an interval, and the smallest of ten lies lower.",
        images,
    )
