"""Which correction to take: what each gives per second and spends per bit, and what it leaves."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from smtj.card import Card
from smtj.errors import SmtjError
from smtj.randomness.bits import Bits
from smtj.randomness.chain import Chain
from smtj.randomness.corrections import BLOCK, SECURITY, extract, extracted_size, von_neumann, xor
from smtj.tables import Table
from smtj.units import format_scaled

UNSEEN = 0.1
"""Standard errors that bias or correlation may show in the bits of the test."""
MAX_STREAMS = 64
GAIN = 0.01
"""Of the feedback of the bias, in ln odds."""
SEEN_BIAS = 1e-6
"""P(1) - ½ above which there is something for a feedback to correct."""
PARTS = ("junction", "read current", "amplifier", "comparator")
"""Of a read's cost."""


@dataclass(frozen=True)
class Proposal:
    """A way to deliver bits."""

    name: str
    """``"none"``, ``"wait"``, ``"feedback"``, ``"xor"``, ``"von neumann"`` or ``"extractor"``."""
    how: str
    """In words."""
    streams: int
    """Devices read side by side."""
    interval: float
    """From read to read in s."""
    per_read: float
    """Bits delivered per read of a device."""
    min_entropy: float
    """Bits per delivered bit, at least."""
    shows: float
    """Standard errors by which bias or correlation shows in the bits of the test."""
    energy_per_read: float | None
    """In J, if the card tells."""

    @property
    def passes(self) -> bool:
        """Whether nothing of the telegraph should show in the bits of the test."""
        return self.shows <= UNSEEN

    @property
    def throughput(self) -> float:
        """Bits per second of a device."""
        return self.per_read / self.interval

    @property
    def energy_per_bit(self) -> float | None:
        """In J per delivered bit."""
        return None if self.energy_per_read is None else self.energy_per_read / self.per_read


def proposals(
    high: float,
    low: float,
    interval: float,
    bits: int,
    energy: Callable[[float], float | None] = lambda interval: None,
    assured: float | None = None,
) -> list[Proposal]:
    """Compare the ways to correct a device's reads, the fastest that leaves nothing to see first.

    Parameters
    ----------
    high, low
        τ_high and τ_low in s.
    interval
        From read to read in s.
    bits
        Length of the test in which nothing shall show.
    energy
        Of a read in J, by the interval in s.
    assured
        Bits of min-entropy per read on which the extractor may count; by default the closed form.
    """
    chain = Chain.of_dwell_times(high, low, interval)
    read = energy(interval)
    found = [
        Proposal(
            "none", "as read", 1, interval, 1.0, chain.min_entropy, chain.detectable(bits), read
        )
    ]
    # Waiting leaves the bias: it helps a device that its drive holds at one half.
    relaxation = 1 / (1 / high + 1 / low)
    apart = max(interval, relaxation * math.log(math.sqrt(bits) / UNSEEN) * (1 + 1e-9))
    waited = Chain.of_dwell_times(high, low, apart)
    found.append(
        Proposal(
            "wait",
            f"a read every {apart / relaxation:.1f} relaxation times",
            1,
            apart,
            1.0,
            waited.min_entropy,
            waited.detectable(bits),
            energy(apart),
        )
    )
    if abs(chain.bias) > SEEN_BIAS:
        held = Chain.of_dwell_times(2 * relaxation, 2 * relaxation, apart)
        # The drive wanders by √(g/2) in ln odds, and each bit makes its opposite likelier by g/4.
        likely = 1 / (1 + math.exp(-3 * math.sqrt(GAIN / 2)))
        found.append(
            Proposal(
                "feedback",
                f"as wait, each bit moves the drive by {GAIN / 2:g} ln odds against itself",
                1,
                apart,
                1.0,
                -math.log2(likely),
                math.sqrt(bits) * max(held.correlation, GAIN / 4),
                energy(apart),
            )
        )
    left = (UNSEEN / math.sqrt(bits)) * (1 - 1e-9)
    if 0 < chain.steepest < 1:
        streams = max(2, math.ceil(math.log(left) / math.log(chain.steepest)))
        if streams <= MAX_STREAMS:
            mixed = chain.xor(streams)
            found.append(
                Proposal(
                    "xor",
                    f"the XOR of {streams} devices",
                    streams,
                    interval,
                    1 / streams,
                    mixed.min_entropy,
                    mixed.detectable(bits),
                    read,
                )
            )
    rate, output = chain.von_neumann()
    if rate > 0:
        found.append(
            Proposal(
                "von neumann",
                "pairs of unequal reads",
                1,
                interval,
                rate,
                output.min_entropy,
                output.detectable(bits),
                read,
            )
        )
    size = extracted_size(BLOCK, chain.min_entropy if assured is None else assured)
    if size > 0:
        found.append(
            Proposal(
                "extractor",
                f"a seeded Toeplitz matrix, {BLOCK} reads to {size} bits",
                1,
                interval,
                size / BLOCK,
                1 - 2.0**-SECURITY,
                0.0,
                read,
            )
        )
    # Where none passes, the one that shows least.
    return sorted(found, key=lambda p: (not p.passes, -p.throughput if p.passes else p.shows))


def corrected(proposal: Proposal, streams: list[Bits], min_entropy: float, seed: int) -> Bits:
    """Correct read bits as a proposal says; the other corrections are a matter of reading."""
    if len(streams) != proposal.streams:
        raise SmtjError(
            f"the correction {proposal.name} needs {proposal.streams} streams, not {len(streams)}"
        )
    if proposal.name == "xor":
        return xor(*streams)
    if proposal.name == "von neumann":
        return von_neumann(streams[0])
    if proposal.name == "extractor":
        return extract(streams[0], min_entropy, seed)
    return streams[0]


def proposals_table(found: list[Proposal], bits: int) -> Table:
    """Show proposals, the best first."""
    rows = []
    for p in found:
        joule = p.energy_per_bit
        rows.append(
            (
                p.name,
                p.how,
                f"{p.per_read:.3g}",
                f"{p.throughput:.3g} b/s",
                "unknown" if joule is None else format_scaled(joule, "J", 3),
                f"{p.min_entropy:.4f}",
                f"{p.shows:.2g}",
            )
        )
    return Table(
        "Corrections",
        (
            "correction",
            "how",
            "bits per read",
            "per device",
            "energy per bit",
            "min-entropy",
            "shows",
        ),
        rows,
        [
            "min-entropy: bits per delivered bit, at least, if the device is the telegraph of the "
            f"card or the fit; shows: standard errors of bias or correlation in {bits:,} bits"
        ],
    )


def read_energy(card: Card, interval: float) -> float | None:
    """Energy in J of one gated read at the card's read voltage; None if the card cannot tell.

    Junction, read current, amplifier and comparator by :func:`smtj.energy.cost`, and what leaks
    until the next read.  What is done with the bits afterwards is not counted.
    """
    found = _read(card)
    if found is None:
        return None
    from smtj.energy import Assumptions

    return found[0] + float(Assumptions().standby_power) * interval


def read_time(card: Card) -> float | None:
    """Time in s of such a read, as short as noise and offsets allow; None if the card cannot
    tell."""
    found = _read(card)
    return None if found is None else found[1]


@cache
def _read(card: Card) -> tuple[float, float] | None:
    """Energy in J without leakage, and time in s."""
    from smtj.energy import Workload, cost, gated_plan

    try:
        plan = gated_plan(card, card.read_voltage, reads=1)
        parts = cost(Workload((1,), 0, 0.0), card, plan).reading()
    except SmtjError:
        return None
    return sum(float(parts[name]) for name in PARTS), float(np.asarray(plan.integration_time))


def best_interval(
    high: float, low: float, energy: Callable[[float], float | None], shortest: float
) -> float:
    """The interval in s, from the shortest on, that spends the least energy per bit of min-entropy.

    The rate of min-entropy per second only falls with the interval, so without an energy, or for
    speed, it is the shortest.
    """
    from scipy.optimize import minimize_scalar

    relaxation = 1 / (1 / high + 1 / low)
    if energy(relaxation) is None:
        return shortest

    def per_bit(log_interval: float) -> float:
        interval = math.exp(log_interval)
        joule = energy(interval)
        assert joule is not None
        entropy = Chain.of_dwell_times(high, low, interval).min_entropy
        return math.log(joule / max(entropy, 1e-300))

    ends = math.log(max(shortest, 1e-4 * relaxation)), math.log(30 * relaxation)
    if ends[0] >= ends[1]:
        return shortest
    return math.exp(float(minimize_scalar(per_bit, bounds=ends, method="bounded").x))
