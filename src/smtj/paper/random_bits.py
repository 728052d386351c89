"""Beyond the paper: its device as a source of random bits."""

from pathlib import Path

import numpy as np

from smtj import plot
from smtj.card import DeviceCard
from smtj.paper.texts import figure
from smtj.randomness import Chain, card_source, min_entropy_estimates, random_study
from smtj.report.figure import FigureResult
from smtj.units import format_scaled, format_time

BITS, SEED = 1 << 17, 1
INTERVALS = (1.0, 2.0, 3.0, 5.0)
"""In relaxation times."""


def make(card: DeviceCard, out: Path) -> FigureResult:
    """Entropy of the device's reads, and the tests of NIST before and after a correction."""
    source = card_source(card)
    study = random_study(source, BITS, SEED)
    tau = np.geomspace(0.1, 10, 80)

    def chain(over: float) -> Chain:
        interval = over * source.relaxation_time
        return Chain.of_dwell_times(source.dwell_high, source.dwell_low, interval)

    points = []
    for over in INTERVALS:
        [bits] = source.bits(BITS, SEED, interval=over * source.relaxation_time)
        markov = {e.name: e.min_entropy for e in min_entropy_estimates(bits)}["Markov"]
        points.append(markov)
    told = [
        (before.name, before.p_value, after.p_value)
        for before, after in zip(study.raw_tests, study.delivered_tests, strict=True)
    ]
    with plot.figure(6.6, 2.9, ncols=2) as (drawing, (left, right)):
        left.plot(tau, [chain(t).entropy for t in tau], color=plot.BLUE, label="entropy")
        lines = [chain(t).min_entropy for t in tau]
        left.plot(tau, lines, color=plot.ORANGE, label="min-entropy")
        left.plot(INTERVALS, points, "o", color=plot.ORANGE, label="estimated (Markov)")
        left.set_xscale("log")
        left.set_xlabel(r"Read interval ($\tau_r$)")
        left.set_ylabel("Bits per read")
        left.legend(loc="lower right")
        for column, colour, label in ((1, plot.GREY, "as read"), (2, plot.BLUE, "delivered")):
            p = np.maximum([row[column] for row in told], 1e-12)
            right.plot(p, range(len(told)), "o", color=colour, label=label)
        right.axvline(0.01, color=plot.RED, linewidth=0.8)
        right.set_xscale("log")
        right.set_xlabel("p-value")
        right.set_yticks(range(len(told)), [row[0] for row in told], fontsize=6)
        right.invert_yaxis()
        right.legend(loc="lower left")
        images = plot.save(drawing, out / "random-bits")
    best = study.chosen
    joule = best.energy_per_bit
    return figure(
        "random-bits",
        images,
        study.to_dict(),
        [],
        card=card.name,
        interval=format_time(source.interval),
        bits=BITS,
        how=best.how,
        throughput=best.throughput,
        joules="unknown" if joule is None else format_scaled(joule, "J", 2),
        verdict="pass" if study.passes else f"fail ({', '.join(study.failed)})",
    )
