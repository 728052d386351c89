"""Checks and figures from the texts of ``checks.toml`` and ``captions.toml``."""

import math
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from smtj.card import DeviceCard
from smtj.inference.stats.estimate import Estimate
from smtj.report.figure import Check, FigureResult, Verdict
from smtj.units import convert, format_quantity, ms, parse_quantity

TOLERANCE = 0.02
"""Relative; the paper prints two digits of most of its numbers."""


_DEFAULTS = {"ours": "—", "how": "taken from the paper into the card"}


@cache
def _texts(name: str) -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name(f"{name}.toml").read_text(encoding="utf-8"))


def check(key: str, verdict: Verdict, /, **values: Any) -> Check:
    """Return a check, e.g. ``check("fig2d.sigmoid", "agrees", p=0.3)``.

    Parameters
    ----------
    key
        Section and name in ``checks.toml``.
    verdict
        How the two compare.
    values
        Values of the fields in its texts; ``ours`` and ``how`` replace those of the file.
    """
    section, _, name = key.partition(".")
    texts = {**_DEFAULTS, **_texts("checks")[section][name]}

    def text(field: str) -> str:
        return str(values[field]) if field in values else texts[field].format(**values)

    return Check(text("claim"), text("paper"), text("ours"), verdict, text("how"))


def stated(key: str, ours: float, unit: str, verdict: Verdict = "assumed", **values: Any) -> Check:
    """Return the check of a number that the paper prints; *differs* if ours is not within 2 %.

    Parameters
    ----------
    key
        As in :func:`check`; the entry has the paper's ``quantity`` and says ``where`` it is.
    ours, unit
        Our number, in an SI unit.
    verdict
        The verdict if the two agree.
    values
        As in :func:`check`.
    """
    quantity, where = _quantity(key)
    close = math.isclose(ours, parse_quantity(quantity, unit), rel_tol=TOLERANCE)
    shown = format_quantity(ours, unit, quantity.partition(" ")[2], 3)
    return check(
        key,
        verdict if close else "differs",
        **{"paper": f"{quantity}, {where}", "ours": shown, **values},
    )


def recovered(key: str, ours: Estimate, **values: Any) -> Check:
    """Return the check of a printed number that a fit of a virtual measurement recovers.

    *consistent* if the paper's number, known to half its last digit, lies within the 95 %
    interval, since the measured card has that number; else *differs*.  Arguments as in
    :func:`stated`.
    """
    quantity, where = _quantity(key)
    number, _, unit = quantity.partition(" ")
    value, error, low, high = (
        convert(v, ours.unit, unit) for v in (ours.value, ours.error, *ours.interval)
    )
    within = low <= float(number) + 0.5 and high >= float(number) - 0.5
    shown = f"{value:.3f} ± {error:.3f} {unit}"
    return check(
        key,
        "consistent" if within else "differs",
        **{"paper": f"{quantity}, {where}", "ours": shown, **values},
    )


def _quantity(key: str) -> tuple[str, str]:
    section, _, name = key.partition(".")
    entry = _texts("checks")[section][name]
    return entry["quantity"], entry["where"]


def figure(
    name: str,
    images: list[Path],
    numbers: Mapping[str, Any],
    checks: Sequence[Check],
    /,
    **values: Any,
) -> FigureResult:
    """Return a figure with its title and caption from ``captions.toml``, filled in with values."""
    texts = _texts("captions")[name]
    return FigureResult(
        name, texts["title"], texts["caption"].format(**values), images, numbers, list(checks)
    )


def instrument_text(card: DeviceCard, noise: float) -> str:
    """Return how the virtual instrument reads a card, for captions; noise in ohm."""
    timing = card.switching
    return (
        f"{timing.sampling_interval / ms:g} ms apart, each averaging over "
        f"{timing.integration_time / ms:g} ms, with {noise:g} Ω of noise; card {card.name}"
    )


def triple(values: Any, digits: int = 3) -> str:
    """Return numbers at -200, 0 and +200 mV as ``"a / b / c"``."""
    return " / ".join(f"{float(v):#.{digits}g}".rstrip(".") for v in values)
