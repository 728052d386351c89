"""Invertible circuits: energies that are 0 where the logic holds, and 1 or more elsewhere.

A circuit is the sum of its gates, which share bits by name.  Any of its bits may be clamped: those
of the inputs, then it computes; those of the output, then it finds inputs that fit (K. Y. Camsari
et al., Phys. Rev. X 7, 031014 (2017), doi:10.1103/PhysRevX.7.031014).
"""

from collections.abc import Mapping

from smtj.errors import SmtjError
from smtj.pbits.expression import Expression, Label, bit, number, register
from smtj.pbits.problem import Problem


def not_gate(a: Label, out: Label) -> Expression:
    """Return the energy of out = NOT a."""
    return (1 - bit(a) - bit(out)) ** 2


def and_gate(a: Label, b: Label, out: Label) -> Expression:
    """Return the energy of out = a AND b."""
    x, y, z = bit(a), bit(b), bit(out)
    return 3 * z + x * y - 2 * (x + y) * z


def or_gate(a: Label, b: Label, out: Label) -> Expression:
    """Return the energy of out = a OR b."""
    x, y, z = bit(a), bit(b), bit(out)
    return x * y + (x + y) * (1 - 2 * z) + z


def half_adder(a: Label, b: Label, total: Label, carry: Label) -> Expression:
    """Return the energy of a + b = total + 2 carry: total = a XOR b, carry = a AND b."""
    return (bit(a) + bit(b) - bit(total) - 2 * bit(carry)) ** 2


def xor_gate(a: Label, b: Label, out: Label) -> Expression:
    """Return the energy of out = a XOR b; pairs of spins need a fourth bit, ``(out, "carry")``."""
    return half_adder(a, b, out, (out, "carry"))


def full_adder(a: Label, b: Label, c: Label, total: Label, carry: Label) -> Expression:
    """Return the energy of a + b + c = total + 2 carry."""
    return (bit(a) + bit(b) + bit(c) - bit(total) - 2 * bit(carry)) ** 2


def adder(bits: int) -> Expression:
    """Return the energy of a + b = s of registers ``a``, ``b`` of some bits and ``s`` of one more.

    Carries go from each full adder to the next: 4 bits take 16 p-bits.
    """
    a, b, s = register("a", bits), register("b", bits), register("s", bits + 1)
    energy = Expression({})
    for k in range(bits):
        carry = s[bits] if k == bits - 1 else ("carry", k)
        if k == 0:
            energy += half_adder(a[0], b[0], s[0], carry)
        else:
            energy += full_adder(a[k], b[k], ("carry", k - 1), s[k], carry)
    return energy


def multiplier(bits: int, other_bits: int | None = None) -> Expression:
    """Return the energy of a · b = p, by AND gates and rows of adders.

    Parameters
    ----------
    bits, other_bits
        Size of the registers ``a`` and ``b``, by default equal; ``p`` has the sum.
    """
    more = bits if other_bits is None else other_bits
    a, b, p = register("a", bits), register("b", more), register("p", bits + more)
    energy = Expression({})
    columns: list[list[Label]] = [[] for _ in p]
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            partial: Label = p[0] if i == j == 0 else ("and", i, j)
            energy += and_gate(x, y, partial)
            columns[i + j].append(partial)
    for k, column in enumerate(columns):
        # The bits of a column are added up until one is left, each carry going to the next column.
        step = 0
        while len(column) > 1:
            taken, column = column[:3], column[3:]
            total: Label = ("sum", k, step) if column else p[k]
            carry: Label = ("carry", k, step)
            if k + 1 == len(p) - 1 and len(columns[k + 1]) == 0 and not column:
                carry = p[k + 1]
            if len(taken) == 3:
                energy += full_adder(taken[0], taken[1], taken[2], total, carry)
            else:
                energy += half_adder(taken[0], taken[1], total, carry)
            columns[k + 1].append(carry)
            column.append(total)
            step += 1
        if not column:  # a product of 1 bit by n has no carry
            energy += bit(p[k])
        elif column[0] != p[k]:
            energy += (bit(column[0]) - bit(p[k])) ** 2
    return energy


def factoring(product: int, bits: int, other_bits: int) -> Problem:
    """Return the problem of (x y - N)², whose ground states are odd factors x and y of an odd N.

    W. A. Borders et al., Nature 573, 390 (2019), doi:10.1038/s41586-019-1557-9.  Both numbers end
    in 1, so that a register of n bits takes n - 1 p-bits.  Up to four spins multiply.  The energy
    is divided by N, so that the last steps towards the factors stay of the order of 1 to N.

    Parameters
    ----------
    product
        N, odd, 9 or more.
    bits, other_bits
        Size of ``x`` and ``y``.

    Raises
    ------
    SmtjError
        N is even or too small, or does not fit into the product of two such numbers.
    """
    if product < 9 or product % 2 == 0:
        raise SmtjError(f"{product} cannot be factored so; give an odd number from 9")
    if min(bits, other_bits) < 2 or product > (2**bits - 1) * (2**other_bits - 1):
        raise SmtjError(
            f"{product} is no product of numbers of {bits} and {other_bits} bits; give more bits"
        )
    x, y = register("x", bits), register("y", other_bits)
    first = 1 + number(x) - bit(x[0])
    second = 1 + number(y) - bit(y[0])
    energy = (first * second - product) ** 2 * (1 / product)
    return Problem.of_expression(energy, [*x[1:], *y[1:]])


def factors(bits: Mapping[Label, int]) -> tuple[int, int]:
    """Return the two numbers that the bits of a :func:`factoring` problem stand for."""
    found = []
    for name in ("x", "y"):
        value, k = 1, 1
        while (label := f"{name}[{k}]") in bits:
            value += bits[label] << k
            k += 1
        found.append(value)
    return found[0], found[1]
