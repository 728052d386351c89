"""Columns of standard errors, by their headers: ``tau_AP_err (us)``, ``u(tau_AP)``, ``±``."""

import re
from collections.abc import Sequence

from smtj.measurement.format.header import recognised, split_header, unit_named
from smtj.measurement.format.schema import ERRORS, RELATIVE_ERRORS

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
_ALONE = re.compile(rf"(?:{_NAMES})[\s\[(]*([^\])]*)[\])]?", re.I)


def error_column(headers: Sequence[str], position: int) -> tuple[str, str | None] | None:
    """Return name and unit of the standard error in a column; None if it is none.

    The header is that of the quantity with a word for its error, or such a word alone, behind the
    column of the quantity.  Without a unit the error is in that of its quantity; one in per cent of
    a quantity with a unit is relative.
    """
    text, unit = split_header(headers[position])
    alone = _ALONE.fullmatch(text.strip())
    if alone is not None and (not alone[1] or unit_named(alone[1])):
        unit = unit or alone[1] or None
        of = recognised(headers[position - 1]) if position else None
    else:
        of = next((found for base in _bases(text) if (found := recognised(base))), None)
    if of is None or of[0] not in ERRORS:
        return None
    name, own = of
    if own is None:
        beside = [r for h in headers if (r := recognised(h)) is not None and r[0] == name]
        own = beside[0][1] if len(beside) == 1 else None
    if unit_named(unit or "") == "%" and name in RELATIVE_ERRORS and own != "%":
        return RELATIVE_ERRORS[name], unit
    return ERRORS[name], unit or own


def _bases(text: str) -> list[str]:
    return [m[1] for pattern in (_AFTER, _BEFORE) if (m := pattern.fullmatch(text.strip()))]
