"""Dimension and exact size of the unit strings that cards and files use most.

pint knows every unit of :mod:`smtj.units`, but takes longer to start than a small file takes to
fit.  What this module reads it reads as pint does; it reads nothing else, and leaves that to pint.
"""

import re
from decimal import Decimal
from fractions import Fraction
from functools import cache

Dimension = tuple[int, ...]
"""Powers of m, s, kg, A, K and rad."""
Size = tuple[Fraction, Dimension]
"""Size in SI base units, and dimension."""

_PLAIN: Dimension = (0, 0, 0, 0, 0, 0)
_SYMBOLS: dict[str, tuple[str, Dimension]] = {
    "m": ("1", (1, 0, 0, 0, 0, 0)),
    "s": ("1", (0, 1, 0, 0, 0, 0)),
    "A": ("1", (0, 0, 0, 1, 0, 0)),
    "K": ("1", (0, 0, 0, 0, 1, 0)),
    "rad": ("1", (0, 0, 0, 0, 0, 1)),
    "deg": ("0.017453292519943295769236907684886", (0, 0, 0, 0, 0, 1)),
    "Hz": ("1", (0, -1, 0, 0, 0, 0)),
    "J": ("1", (2, -2, 1, 0, 0, 0)),
    "W": ("1", (2, -3, 1, 0, 0, 0)),
    "V": ("1", (2, -3, 1, -1, 0, 0)),
    "ohm": ("1", (2, -3, 1, -2, 0, 0)),
    "Ohm": ("1", (2, -3, 1, -2, 0, 0)),
    "Ω": ("1", (2, -3, 1, -2, 0, 0)),
    "S": ("1", (-2, 3, -1, 2, 0, 0)),
    "F": ("1", (-2, 4, -1, 2, 0, 0)),
    "T": ("1", (0, -2, 1, -1, 0, 0)),
    "G": ("1e-4", (0, -2, 1, -1, 0, 0)),
    "Oe": ("79.577471545947667884441881686257", (-1, 0, 0, 1, 0, 0)),
    "percent": ("0.01", _PLAIN),
}
"""Size in SI base units and dimension."""
_PREFIXES = {
    "f": -15, "p": -12, "n": -9, "u": -6, "µ": -6, "μ": -6, "m": -3, "c": -2, "k": 3, "M": 6,
    "G": 9,
}  # fmt: skip
_TOKEN = re.compile(r"((?:\^|\*\*)\s*-?\d+(?![\d.])|[A-Za-zµμΩ]+|1(?!\d)|[()/*])\s*")


@cache
def size_of(text: str) -> Size | None:
    """Return size in SI base units and dimension of a unit; None if it is not of the usual kind.

    Examples
    --------
    >>> size_of("kA/m")
    (Fraction(1000, 1), (-1, 0, 0, 1, 0, 0))
    >>> size_of("furlong") is None
    True
    """
    tokens: list[str] = []
    at, text = 0, text.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            return None
        tokens.append(found[1])
        at = found.end()
    if not tokens:
        return Fraction(1), _PLAIN
    value = _product(tokens)
    return value if not tokens else None


def _product(tokens: list[str]) -> Size | None:
    """Read terms from the front; each is divided by after "/", else multiplied."""
    total = _term(tokens)
    while total is not None and tokens and tokens[0] != ")":
        sign = -1 if tokens[0] == "/" else 1
        if tokens[0] in ("/", "*"):
            tokens.pop(0)
        term = _term(tokens)
        if term is None:
            return None
        size = total[0] * term[0] ** sign
        total = size, tuple(a + sign * b for a, b in zip(total[1], term[1], strict=True))
    return total


def _term(tokens: list[str]) -> Size | None:
    if not tokens:
        return None
    first = tokens.pop(0)
    if first == "(":
        value = _product(tokens)
        if value is None or not tokens or tokens.pop(0) != ")":
            return None
    else:
        value = (Fraction(1), _PLAIN) if first == "1" else _symbol(first)
    if value is None or not tokens or tokens[0][0] not in "^*" or len(tokens[0]) == 1:
        return value
    power = int(tokens.pop(0).lstrip("^*"))
    return value[0] ** power, tuple(power * entry for entry in value[1])


def _symbol(word: str) -> Size | None:
    if word in _SYMBOLS:
        size, dimension = _SYMBOLS[word]
        return Fraction(Decimal(size)), dimension
    prefix, rest = word[:1], word[1:]
    if prefix in _PREFIXES and rest in _SYMBOLS:
        size, dimension = _SYMBOLS[rest]
        return Fraction(Decimal(size)) * Fraction(10) ** _PREFIXES[prefix], dimension
    return None
