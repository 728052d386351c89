"""How the audit writes its rows."""

import math

from smtj.inference.stats.estimate import Estimate
from smtj.report.figure import Check, Verdict
from smtj.units import convert, format_quantity, parse_quantity

TOLERANCE = 0.02
"""Relative; the paper prints two digits of most of its numbers."""


def stated(
    claim: str,
    quantity: str,
    where: str,
    ours: float,
    unit: str,
    *,
    verdict: Verdict = "assumed",
    how: str = "taken from the paper into the card",
) -> Check:
    """Return the row of a number that the paper prints; *differs* where ours is not within 2 %.

    Parameters
    ----------
    claim
        What the number is.
    quantity
        The paper's number with its unit, e.g. ``"56 mT"``.
    where
        Where it stands.
    ours
        Our number, in ``unit``.
    unit
        SI unit.
    verdict
        The verdict where the two agree.
    how
        How ours was got.
    """
    paper = parse_quantity(quantity, unit)
    shown_unit = quantity.partition(" ")[2]
    close = math.isclose(ours, paper, rel_tol=TOLERANCE)
    return Check(
        claim=claim,
        paper=f"{quantity}, {where}",
        ours=format_quantity(ours, unit, shown_unit, 3),
        verdict=verdict if close else "differs",
        how=how,
    )


def recovered(claim: str, quantity: str, where: str, ours: Estimate, how: str) -> Check:
    """Return the row of a number that a fit of a virtual measurement gives back.

    *consistent* where the paper's number, known to half of its last digit, lies within the 95 %
    interval, since the card that was measured has that number; else *differs*.

    Parameters
    ----------
    claim, quantity, where
        As in :func:`stated`; the paper's number is a whole one.
    ours
        What the fit gives, in SI.
    how
        How it was measured.
    """
    number, _, unit = quantity.partition(" ")
    value, error, low, high = (
        convert(v, ours.unit, unit) for v in (ours.value, ours.error, *ours.interval)
    )
    within = low <= float(number) + 0.5 and high >= float(number) - 0.5
    return Check(
        claim=claim,
        paper=f"{quantity}, {where}",
        ours=f"{value:.3f} ± {error:.3f} {unit}",
        verdict="consistent" if within else "differs",
        how=how,
    )


def not_tested(claim: str, paper: str, why: str, ours: str = "—") -> Check:
    """Return the row of something that is not tested, with the reason."""
    return Check(claim=claim, paper=paper, ours=ours, verdict="not tested", how=why)


def triple(values: object, digits: int = 3) -> str:
    """Return numbers at -200, 0 and +200 mV as ``"a / b / c"``."""
    return " / ".join(f"{float(v):#.{digits}g}".rstrip(".") for v in values)  # type: ignore[attr-defined]


def time(seconds: float) -> str:
    """Return a time in the unit that suits it."""
    if not 1e-9 <= seconds < 1e9:
        return f"{seconds:.2g} s"
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9)):
        if seconds >= 0.9995 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.2g} s"
