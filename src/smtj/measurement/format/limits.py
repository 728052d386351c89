"""Errors in two columns, upwards and downwards, and limits of an interval, by their headers."""

import re
from collections.abc import Sequence

from smtj.measurement.format.header import recognised, split_header, unit_named
from smtj.measurement.format.schema import WITH_LIMITS
from smtj.measurement.format.uncertainty import bases


def _bag(text: str) -> frozenset[str]:
    return frozenset(text.split())


_UP = _bag("+ plus up upper hi high max pos positive oben obere supérieure")
_DOWN = _bag("- minus lo low lower down dn min neg negative unten untere inférieure")
_ERROR = _bag("err error errs errors sigma se sem unc uncertainty fehler erreur σ")
_LIMIT = _bag(
    "ci conf confidence interval limit limits bound bounds cl percentile ci68 ci90 ci95 ci99 "
    "68 90 95 99 68% 90% 95% 99% % grenze limite"
)
_SIGNS = _bag("+ - plus minus")
_LEVEL = re.compile(r"(?<!\d)(68|90|95|99)(?!\d)")
_TOKEN = re.compile(r"[^\W_]+%?|[+-]|%")


def parts(text: str) -> tuple[str, bool, frozenset[str]] | None:
    """Return what remains of a header without the words of an error or a limit, whether it is the
    upper one, and these words; None if it is neither.

    ``"tau_AP_err_up"`` is ``("tau AP", True, {"err"})``.
    """
    tokens = _tokens(text)
    plain = [token.casefold() for token in tokens]
    # A hyphen between words is no sign.
    plain = ["" if t == "-" and 0 < n < len(plain) - 1 else t for n, t in enumerate(plain)]
    ends = [n for n, token in enumerate(plain) if token in _UP | _DOWN]
    if not ends:
        return None
    # The quantity itself may be called tau_up; what stands last is of its error.
    end = ends[-1]
    words = {n for n, token in enumerate(plain) if token in _ERROR | _LIMIT}
    rest = [token for n, token in enumerate(tokens) if n not in {end, *words} and plain[n]]
    return " ".join(rest), plain[end] in _UP, frozenset(plain[n] for n in words)


def is_error(text: str) -> bool:
    """Whether a header of two such columns says that it is an error, and no limit."""
    found = parts(text)
    if found is None:
        return False
    signed = not _SIGNS.isdisjoint(_tokens(text.casefold())[-1:])
    # Of dtau_AP_up the quantity is known without the d alone.
    return signed or bool(found[2] & _ERROR) or bool(found[0] and recognised(found[0]) is None)


def level_in(text: str) -> float | None:
    """Return the level of confidence that a header says, which is 0.95 of a confidence interval
    without one; None if it says none."""
    stated = _LEVEL.search(text)
    found = parts(text)
    if stated is not None:
        return float(stated[1]) / 100
    return 0.95 if found is not None and found[2] & _LIMIT else None


def limit_columns(headers: Sequence[str]) -> dict[int, tuple[str, str | None]]:
    """Return name and unit, by position, of the columns of upper and lower errors or limits.

    They stand in pairs, and name a quantity that has a column of its own or stand right behind it.
    """
    own = [recognised(header) for header in headers]
    split = [split_limit(header) for header in headers]
    found: dict[int, tuple[str, bool]] = {}
    for position, (text, _) in enumerate(split):
        known = parts(text)
        if known is None:
            continue
        of = _of(position, known, own, set(found))
        if of is not None:
            found[position] = (of, known[1])
    pairs: dict[int, tuple[str, str | None]] = {}
    for name in {of for of, _ in found.values()}:
        sides = [[p for p, one in found.items() if one == (name, upper)] for upper in (True, False)]
        # Of itself no column is a limit.
        plain = [p for p, one in enumerate(own) if one and one[0] == name and p not in found]
        if [len(side) for side in sides] != [1, 1] or len(plain) != 1:
            continue
        unit = (own[plain[0]] or (name, None))[1]
        for (position,), side in zip(sides, ("upper", "lower"), strict=True):
            pairs[position] = (f"{name}_{side}", split[position][1] or unit)
    return pairs


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text.replace("\N{MINUS SIGN}", "-").replace("\N{EN DASH}", "-"))


def split_limit(header: str) -> tuple[str, str | None]:
    """Return name and unit; what stands in brackets and is no unit is part of the name, as in
    ``"P (95 % CI lower)"``."""
    text, unit = split_header(header)
    return (header, None) if unit is not None and unit_named(unit) is None else (text, unit)


def _of(
    position: int,
    known: tuple[str, bool, frozenset[str]],
    own: Sequence[tuple[str, str | None] | None],
    before: set[int],
) -> str | None:
    """The quantity of which a column is an error or a limit."""
    base, _, words = known
    if base:
        meant = [r[0] for text in (base, *bases(base)) if (r := recognised(text)) is not None]
        return next((name for name in meant if name in WITH_LIMITS), None)
    if not words:
        return None
    at = position - 1
    while at in before:
        at -= 1
    of = own[at] if at >= 0 else None
    return of[0] if of is not None and of[0] in WITH_LIMITS else None
