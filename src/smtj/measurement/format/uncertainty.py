"""Columns of standard errors, by their headers: ``tau_AP_err (us)``, ``u(tau_AP)``, ``±``."""

import re
from collections.abc import Sequence

from smtj.measurement.format.header import measures, recognised, split_header, unit_named
from smtj.measurement.format.schema import ERRORS, QUANTITIES, RELATIVE_ERRORS, is_time_with_p

_SPREAD = r"std|stdev|std\.?\s*dev|s\.?d\.?|standard\s*deviations?|standardabweichung|écart[- ]type"
_NAMES = (
    rf"std\.?[\s_]*err(?:or)?|standard[\s_]*errors?|err(?:or)?[\s_]*bars?|errors?|errs?|{_SPREAD}|"
    r"s\.?e\.?m?\.?|sigma|uncertainty|unc|σ|±|\+/-|\+-|fehler|unsicherheit|erreur|incertitude|"
    r"incertidumbre|误差|誤差|погрешность|ошибка"
)
# One letter needs a bracket or an underscore behind it: uP may be upwards, sP a sum.
_BEFORE = re.compile(
    rf"(?:(?:{_NAMES}|delta|Δ|δ|d)(?:[\s_.]*(?:of|in|on|von|der|de)\b)?(?:[\s_.]+the\b)?|[us](?=[(_]))"
    r"[\s_.]*\(?(.+?)\)?",
    re.I,
)
_AFTER = re.compile(rf"(.+?)[\s_.,:-]*\(?(?:{_NAMES})\)?", re.I)
_STATES = {
    "_high": ("ap", "antiparallel", "high", "up", "upper"),
    "_low": ("p", "parallel", "low", "down", "lower"),
}
"""Ends of the names of quantities, and what a header may call that state."""
_ALONE = re.compile(rf"(?:{_NAMES})[\s\[(]*([^\])]*)[\])]?", re.I)


def error_column(headers: Sequence[str], position: int) -> tuple[str, str | None] | None:
    """Return name and unit of the standard error in a column; None if it is none.

    The header is that of the quantity with a word for its error, or such a word alone, behind the
    column of the quantity.  Without a unit the error is in that of its quantity; one in per cent of
    a quantity with a unit is relative.
    """
    text, unit = split_header(headers[position])
    of_state = _of_state(headers, position, text, unit)
    if of_state is not None:
        return of_state
    alone = _ALONE.fullmatch(text.strip())
    if alone is not None and (not alone[1] or unit_named(alone[1])):
        unit = unit or alone[1] or None
        of = recognised(headers[position - 1]) if position else None
    else:
        of = next((found for base in bases(text) if (found := recognised(base))), None)
    if of is None or of[0] not in ERRORS:
        return None
    name, own = of
    if own is None:
        beside = [r for h in headers if (r := recognised(h)) is not None and r[0] == name]
        own = beside[0][1] if len(beside) == 1 else None
    if unit_named(unit or "") == "%" and name in RELATIVE_ERRORS and own != "%":
        return RELATIVE_ERRORS[name], unit
    return ERRORS[name], unit or own


def _of_state(
    headers: Sequence[str], position: int, text: str, unit: str | None
) -> tuple[str, str | None] | None:
    """As above, for a header such as ``"err_P (ms)"``, which names the state alone.

    It is of the nearest dwell time or rate of that state before it, if that is right before it or
    the unit is that of one and not of a probability.
    """
    ends = {end for base in bases(text) for end, words in _STATES.items() if base.lower() in words}
    if len(ends) != 1:
        return None
    end = ends.pop()
    known = [(n, _of_header(header)) for n, header in enumerate(headers[:position])]
    for n, found in reversed(known):
        if found is None or not found[0].endswith(end) or found[0] not in ERRORS:
            continue
        name, own = found
        is_beside = n == position - 1
        if is_beside and unit_named(unit or "") == "%" and name in RELATIVE_ERRORS:
            return RELATIVE_ERRORS[name], unit
        is_dwell = QUANTITIES[name].unit != "" and measures(unit, name)
        if is_dwell or (is_beside and unit is None):
            return ERRORS[name], unit or own
    return None


def _of_header(header: str) -> tuple[str, str | None] | None:
    """As :func:`recognised`; ``t_P`` before an error of P is a dwell time, as is ``P (ms)``."""
    text, unit = split_header(header)
    if unit is not None and (is_time_with_p(text) or (text == "P" and measures(unit, "time"))):
        return "dwell_time_low", unit
    if text == "AP" and measures(unit, "time"):
        return "dwell_time_high", unit
    return recognised(header)


def bases(text: str) -> list[str]:
    """Return what the error in a header may be of: ``"tau AP"`` of ``"tau AP err"``."""
    return [m[1] for pattern in (_AFTER, _BEFORE) if (m := pattern.fullmatch(text.strip()))]
