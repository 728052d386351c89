"""Headers of logarithms and of ratios: ``ln(tau_AP/ms)``, ``log10 Γ_P``, ``ln(P/(1-P))``."""

import re
from typing import NamedTuple

from smtj.measurement.format.schema import is_count_with_p, name_of

_LOG = re.compile(r"(ln|log[\s_]?e|log[\s_]?10|lg|log)(?![A-Za-z])[\s_]*(.*)", re.I | re.DOTALL)
_ENCLOSED = re.compile(r"[(\[{](.*)[)\]}]\s*(?:[(\[](.*)[)\]])?", re.DOTALL)
_ODDS = re.compile(r"(?:(?:ln|log)[\s_(-]*)?odds|logit", re.I)
_COMPLEMENT = re.compile(r"(p\w*)/\(?1-\1\)?|\(?1-(p\w*)\)?/\2", re.I)
_ONE = re.compile(r"^1\s*(?=[^\d\s])")
_PAIRS = {
    ("dwell_time_high", "dwell_time_low"): 1,
    ("probability", "probability_low"): 1,
    ("high", "low"): 1,
    ("rate_high", "rate_low"): -1,
}
"""Quantities whose ratio is the odds of the high state, or one over them."""


class Logarithm(NamedTuple):
    """What a header of a logarithm or a ratio says."""

    of: str
    """``"odds"``, or the dwell time or rate of a state."""
    base: str
    """``"e"``, ``"10"``, ``""`` if it is no logarithm, or ``"?"``."""
    sign: int
    """-1 if it falls with the odds of the high state, or with a dwell time."""
    unit: str
    """What a time or a rate is divided by, or stands beside it; perhaps no unit."""


def logarithm(header: str) -> Logarithm | None:
    """Return the logarithm or ratio in a header; None if it is another.

    Odds are those of the high state, and plain ``log odds`` and ``logit`` natural.  ``log`` of
    anything else may be to base e or 10.
    """
    text = header.strip()
    if (odds := _ODDS.match(text)) is not None:
        return Logarithm("odds", "" if odds[0].lower() == "odds" else "e", 1, "")
    found = _LOG.fullmatch(text)
    if found is None:
        sign = _sign(text)
        return Logarithm("odds", "", sign, "") if sign else None
    word = re.sub(r"[\s_]", "", found[1]).casefold()
    base = {"ln": "e", "loge": "e", "log10": "10", "lg": "10"}.get(word, "?")
    inner, unit = found[2].strip(), ""
    enclosed = _ENCLOSED.fullmatch(inner)
    if enclosed is not None:
        inner, unit = enclosed[1].strip(), (enclosed[2] or "").strip()
    if sign := _sign(inner):
        return Logarithm("odds", base, sign, "")
    for name, own in _with_units(inner):
        known = name_of(name) or ""
        if known.startswith(("dwell_time_", "rate_")):
            kind = -1 if known.startswith("rate") else 1
            return Logarithm(known, base, kind, own or unit)
    return None


def _with_units(text: str) -> list[tuple[str, str]]:
    """Where a text may be split into name and unit."""
    plain = [(text, "")]
    name, _, unit = text.partition("/")
    if unit:
        plain.append((name.strip(), _ONE.sub("", unit.strip())))
    beside = re.fullmatch(r"(.*?)\s*[(\[,]\s*(?:in\s+)?([^)\]]*)[)\]]?", text)
    if beside is not None:
        plain.append((beside[1], beside[2].strip()))
    return plain


def _sign(text: str) -> int:
    """1 for the odds of the high state, -1 for one over them, and 0 for anything else."""
    blank = re.sub(r"\s", "", text)
    found = _COMPLEMENT.fullmatch(blank)
    if found is not None:
        of = name_of(found[1] or found[2])
        return (1 if of == "probability" else -1) * (1 if found[1] else -1)
    parts = [_plain(part) for part in text.split("/")]
    if len(parts) != 2:
        return 0
    names = [name_of(part) or "" for part in parts]
    # Beside counts of AP, N_P is that of P.
    names = ["low" if is_count_with_p(p) else n for n, p in zip(names, parts, strict=True)]
    return _PAIRS.get((names[0], names[1]), 0) or -_PAIRS.get((names[1], names[0]), 0)


def _plain(text: str) -> str:
    return text.strip().strip("()[]").strip()
