"""Polynomials of bits, from which circuits are put together: gates add up where they share bits.

A bit x is (1 + s)/2 of a spin s = ±1, and s² = 1, so that a product of two terms holds the spins
that are in one of them alone.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

from smtj.errors import SmtjError

Label: TypeAlias = Hashable
"""Name of a p-bit: text, a number or anything else that a dictionary takes as a key."""
ROUNDING = 1e-12
"""Coefficients below this fraction of the largest are what rounding left of 0."""


@dataclass(frozen=True, eq=False)
class Expression:
    """A polynomial of spins; sums, differences, products and powers of bits make others.

    Examples
    --------
    >>> from smtj.pbits import bit
    >>> a, b, both = bit("a"), bit("b"), bit("both")
    >>> gate = 3 * both + a * b - 2 * (a + b) * both  # 0 where both = a AND b, else 1 or more
    >>> gate.value({"a": 1, "b": 1, "both": 1}), gate.value({"a": 1, "b": 1, "both": 0})
    (0.0, 1.0)
    """

    terms: Mapping[frozenset[Label], float]
    """Coefficient of each product of spins; that of the empty product is the constant."""

    def __add__(self, other: "Expression | float") -> "Expression":
        terms = dict(self.terms)
        for spins, coefficient in _expression(other).terms.items():
            terms[spins] = terms.get(spins, 0.0) + coefficient
        return Expression(terms)

    __radd__ = __add__

    def __neg__(self) -> "Expression":
        return self * -1

    def __sub__(self, other: "Expression | float") -> "Expression":
        return self + -1 * _expression(other)

    def __rsub__(self, other: float) -> "Expression":
        return -self + other

    def __mul__(self, other: "Expression | float") -> "Expression":
        terms: dict[frozenset[Label], float] = {}
        pairs = product(self.terms.items(), _expression(other).terms.items())
        for (spins, coefficient), (more, factor) in pairs:
            spins = spins ^ more
            terms[spins] = terms.get(spins, 0.0) + coefficient * factor
        return Expression(terms)

    __rmul__ = __mul__

    def __pow__(self, exponent: int) -> "Expression":
        result = Expression({frozenset(): 1.0})
        for _ in range(exponent):
            result = result * self
        return result

    @property
    def labels(self) -> list[Label]:
        """Its bits, in the order of their first use."""
        # Sets of text have another order in every process.
        ordered = (sorted(spins, key=str) for spins in self.terms)
        return list(dict.fromkeys(label for spins in ordered for label in spins))

    def significant(self) -> dict[frozenset[Label], float]:
        """Return the terms without those that cancelled."""
        largest = max(map(abs, self.terms.values()), default=0.0)
        return {s: float(c) for s, c in self.terms.items() if abs(c) > ROUNDING * largest}

    def value(self, bits: Mapping[Label, int]) -> float:
        """Return the value where each bit is 0 or 1."""
        total = 0.0
        for spins, coefficient in self.terms.items():
            odd = sum(1 - bits[label] for label in spins) % 2
            total += -coefficient if odd else coefficient
        return total


def bit(label: Label) -> Expression:
    """Return one bit, 0 or 1, as an expression."""
    return Expression({frozenset(): 0.5, frozenset([label]): 0.5})


def spin(label: Label) -> Expression:
    """Return one spin, -1 or +1, as an expression."""
    return Expression({frozenset([label]): 1.0})


def register(name: str, bits: int) -> list[Label]:
    """Return the labels of a number of some bits, the least significant first: ``"a[0]"``, …"""
    if bits < 1:
        raise SmtjError(f"the number {name} has {bits} bits; it needs 1 or more")
    return [f"{name}[{k}]" for k in range(bits)]


def number(labels: Iterable[Label]) -> Expression:
    """Return the number whose bits these are, the least significant first, as an expression."""
    total = Expression({})
    for k, label in enumerate(labels):
        total = total + 2**k * bit(label)
    return total


def _expression(given: Expression | float) -> Expression:
    return given if isinstance(given, Expression) else Expression({frozenset(): float(given)})
