"""Energies of spins, which a machine of p-bits samples and lowers.

    E(s) = E_0 + Σ h_i s_i + Σ J_ij s_i s_j + …,   s_i = ±1,   P(s) ~ exp(-β E(s))

as dimod writes it: a positive J favours opposite spins.  The input of a p-bit, the natural
logarithm of the odds of +1, is then a_i = -2β ∂E/∂s_i; it does not depend on s_i itself.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smtj.errors import SmtjError
from smtj.pbits.expression import Expression, Label
from smtj.tables import Table, Tabular
from smtj.typing import Floats

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Ints: TypeAlias = NDArray[np.int64]
Spins: TypeAlias = NDArray[np.int8]


@dataclass(frozen=True, eq=False, repr=False)
class Problem(Tabular):
    """An energy of spins; :mod:`smtj.pbits` makes them of what users have.

    Examples
    --------
    >>> from smtj.pbits import ising
    >>> triangle = ising({}, {("a", "b"): 1, ("b", "c"): 1, ("a", "c"): 1})
    >>> triangle.energies([[1, 1, 1], [1, -1, 1]])
    array([ 3., -1.])
    """

    labels: tuple[Label, ...]
    """Name of each spin."""
    fields: Floats
    """h, shape (spins,)."""
    pairs: Ints
    """Numbers of the two spins of each coupling, each pair once, shape (couplings, 2)."""
    couplings: Floats
    """J, shape (couplings,)."""
    offset: float = 0.0
    """E_0."""
    higher: tuple[tuple[tuple[int, ...], float], ...] = ()
    """Products of three spins and more: their numbers, and the coefficient."""
    clamped: Mapping[Label, int] = field(default_factory=dict)
    """Spins that were held at -1 or +1; they are among the fields and couplings no more."""

    def __post_init__(self) -> None:
        """Check that every number is finite and every pair of two spins that exist."""
        count = self.size
        if self.fields.shape != (count,) or self.pairs.shape != (self.couplings.size, 2):
            raise SmtjError(
                f"{count} spins have fields of shape {self.fields.shape}, and couplings of shape "
                f"{self.couplings.shape} have pairs of shape {self.pairs.shape}; give one field a "
                "spin and one pair a coupling"
            )
        numbers = [*self.fields, *self.couplings, self.offset, *(c for _, c in self.higher)]
        if not np.isfinite(numbers).all():
            raise SmtjError("a field or a coupling is not a finite number; correct the problem")
        used = [*self.pairs.ravel(), *(i for spins, _ in self.higher for i in spins)]
        if used and not 0 <= min(used) <= max(used) < count:
            raise SmtjError(f"a coupling names a spin that is not among the {count} of the problem")
        if (self.pairs[:, 0] == self.pairs[:, 1]).any():
            raise SmtjError("a spin is coupled to itself; leave that out, since s² = 1")

    @classmethod
    def of_expression(cls, energy: Expression, labels: Iterable[Label] | None = None) -> Self:
        """Return the problem whose energy an expression is.

        Parameters
        ----------
        energy
            The energy, a polynomial of any order.
        labels
            Order of the spins; by default that of their first use.
        """
        names = tuple(energy.labels if labels is None else labels)
        place = {label: i for i, label in enumerate(names)}
        fields, offset = np.zeros(len(names)), 0.0
        pairs, couplings, higher = [], [], []
        for spins, coefficient in energy.significant().items():
            try:
                numbers = tuple(sorted(place[label] for label in spins))
            except KeyError as missing:
                raise SmtjError(f"the bit {missing} is in the energy, not in the labels") from None
            match len(numbers):
                case 0:
                    offset = coefficient
                case 1:
                    fields[numbers[0]] = coefficient
                case 2:
                    pairs.append(numbers)
                    couplings.append(coefficient)
                case _:
                    higher.append((numbers, coefficient))
        table = np.array(pairs, np.int64).reshape(-1, 2)
        return cls(names, fields, table, np.array(couplings, float), offset, tuple(higher))

    @property
    def size(self) -> int:
        """Number of spins that are free."""
        return len(self.labels)

    @cached_property
    def matrix(self) -> "csr_array":
        """J as a symmetric sparse matrix; row i lists the neighbours of spin i."""
        from scipy.sparse import coo_array

        i, j = self.pairs.T
        both = (np.concatenate([self.couplings] * 2), (np.append(i, j), np.append(j, i)))
        matrix = coo_array(both, shape=(self.size, self.size)).tocsr()
        matrix.sum_duplicates()
        return matrix

    @cached_property
    def colours(self) -> Ints:
        """Colour of each spin; spins of one colour share no coupling, so they flip side by side.

        Greedy, the spins of most neighbours first (D. J. A. Welsh and M. B. Powell, Comput. J. 10,
        85 (1967), doi:10.1093/comjnl/10.1.85).
        """
        neighbours: list[set[int]] = [set() for _ in range(self.size)]
        for spins in [*self.pairs.tolist(), *(spins for spins, _ in self.higher)]:
            for i in spins:
                neighbours[i].update(spins)
        colour = np.full(self.size, -1)
        for i in sorted(range(self.size), key=lambda i: -len(neighbours[i])):
            taken = {colour[j] for j in neighbours[i]}
            colour[i] = next(c for c in range(len(taken) + 1) if c not in taken)
        return colour

    def energies(self, spins: ArrayLike) -> Floats:
        """Return E of states, ±1 of shape (..., spins)."""
        s = np.asarray(spins, dtype=np.float64)
        if s.shape[-1:] != (self.size,):
            raise SmtjError(f"states of shape {s.shape} are not of the problem's {self.size} spins")
        rows = s.reshape(-1, self.size)
        total = self.offset + rows @ self.fields + 0.5 * (rows * (self.matrix @ rows.T).T).sum(1)
        for numbers, coefficient in self.higher:
            total += coefficient * rows[:, numbers].prod(axis=1)
        return np.asarray(total.reshape(s.shape[:-1]))

    def inputs(self, spins: ArrayLike, beta: float = 1.0) -> Floats:
        """Return a = -2β ∂E/∂s, the log-odds of each spin to be +1 given the others."""
        s = np.asarray(spins, dtype=np.float64)
        rows = s.reshape(-1, self.size)
        slope = self.fields + (self.matrix @ rows.T).T
        for numbers, coefficient in self.higher:
            whole = coefficient * rows[:, numbers].prod(axis=1)
            for i in numbers:
                slope[:, i] += whole * rows[:, i]
        return np.asarray((-2.0 * beta * slope).reshape(s.shape))

    def clamp(self, values: Mapping[Any, int]) -> Self:
        """Hold bits, and leave the rest free.

        Parameters
        ----------
        values
            0 or 1 for a bit; any number of its size for a register, ``{"a": 5}`` for the bits
            ``"a[0]"``, ``"a[1]"`` and so on.

        Raises
        ------
        SmtjError
            There is no such bit or register, or the number needs more bits than the register has.
        """
        held: dict[Label, int] = {}
        for name, value in values.items():
            labels = self._register(name)
            if not 0 <= value < 2 ** len(labels):
                raise SmtjError(
                    f"{name} = {value} does not fit into {len(labels)} bits; give a whole number "
                    f"from 0 to {2 ** len(labels) - 1}"
                )
            held |= {label: 2 * (value >> k & 1) - 1 for k, label in enumerate(labels)}
        return self._without(held)

    def _register(self, name: Label) -> list[Label]:
        """The free bits that a name stands for, the least significant first."""
        known = set(self.labels)
        if name in known:
            return [name]
        found: list[Label] = []
        while (label := f"{name}[{len(found)}]") in known:
            found.append(label)
        if not found:
            shown = ", ".join(map(str, self.labels[:6]))
            raise SmtjError(f"there is no free bit or register {name!r}; choose from {shown}, …")
        return found

    def _without(self, held: Mapping[Label, int]) -> Self:
        keep = np.array([label not in held for label in self.labels], bool)
        value = np.array([held.get(label, 0) for label in self.labels], float)
        place = np.cumsum(keep) - 1
        fields, offset = self.fields.copy(), self.offset + float(self.fields @ value)
        free = keep[self.pairs]
        for side in (0, 1):
            one = free[:, side] & ~free[:, 1 - side]
            here, there = self.pairs[one, side], self.pairs[one, 1 - side]
            np.add.at(fields, here, self.couplings[one] * value[there])
        none, both = ~free.any(axis=1), free.all(axis=1)
        offset += float((self.couplings[none] * value[self.pairs[none]].prod(axis=1)).sum())
        lower: dict[tuple[int, ...], float] = {}
        for numbers, coefficient in self.higher:
            rest = tuple(i for i in numbers if keep[i])
            factor = float(np.prod([value[i] for i in numbers if not keep[i]]))
            lower[rest] = lower.get(rest, 0.0) + coefficient * factor
        offset += lower.pop((), 0.0)
        extra = {k: c for k, c in lower.items() if len(k) == 2}
        for numbers, coefficient in lower.items():
            if len(numbers) == 1:
                fields[numbers[0]] += coefficient
        more = np.array(list(extra), np.int64).reshape(-1, 2)
        pairs, couplings = merged(
            np.concatenate([self.pairs[both], more]),
            np.concatenate([self.couplings[both], np.array(list(extra.values()), float)]),
        )
        return replace(
            self,
            labels=tuple(label for label in self.labels if label not in held),
            fields=fields[keep],
            pairs=place[pairs],
            couplings=couplings,
            offset=offset,
            higher=tuple(
                (tuple(int(place[i]) for i in k), c) for k, c in lower.items() if len(k) > 2
            ),
            clamped={**self.clamped, **held},
        )

    def scaled(self, factor: float) -> Self:
        """Return the problem with every energy multiplied."""
        return replace(
            self,
            fields=factor * self.fields,
            couplings=factor * self.couplings,
            offset=factor * self.offset,
            higher=tuple((numbers, factor * c) for numbers, c in self.higher),
        )

    def beta_range(self) -> tuple[float, float]:
        """Return β at which annealing may begin and end.

        There the largest input that a spin can have is ln 2, hot, and the smallest that is not 0
        among single fields and couplings is ln 100, cold; as dwave-samplers chooses.
        """
        reach = np.abs(self.fields) + np.asarray(abs(self.matrix).sum(axis=1)).ravel()
        parts = [*np.abs(self.fields), *np.abs(self.couplings), *(abs(c) for _, c in self.higher)]
        for numbers, coefficient in self.higher:
            np.add.at(reach, list(numbers), abs(coefficient))
        least = min((part for part in parts if part > 0), default=0.0)
        if least == 0:
            return 1.0, 1.0
        hot = np.log(2) / (2 * reach.max())
        return float(hot), float(max(hot, np.log(100) / (2 * least)))

    def table(self) -> Table:
        """Return its size, and the range of its numbers."""
        rows = [
            ("spins", str(self.size)),
            ("couplings", str(self.couplings.size)),
            ("products of more than two", str(len(self.higher))),
            ("clamped", str(len(self.clamped))),
            ("colours", str(int(self.colours.max(initial=-1)) + 1)),
        ]
        parts: list[tuple[str, Callable[[], Floats]]] = [
            ("fields", lambda: self.fields),
            ("couplings", lambda: self.couplings),
        ]
        for name, get in parts:
            values = get()
            if values.size:
                rows.append((f"{name} from, to", f"{values.min():.4g}, {values.max():.4g}"))
        return Table("Problem of p-bits", ("", "value"), rows)


def merged(pairs: Ints, couplings: Floats) -> tuple[Ints, Floats]:
    """Return each pair once, the smaller number first, with the sum of its couplings."""
    if not len(pairs):
        return pairs.reshape(-1, 2), couplings
    ordered, where = np.unique(np.sort(pairs, axis=1), axis=0, return_inverse=True)
    return ordered, np.bincount(where.ravel(), couplings, len(ordered)).astype(np.float64)


def problem_of(
    labels: Sequence[Label],
    fields: ArrayLike,
    pairs: ArrayLike,
    couplings: ArrayLike,
    offset: float = 0.0,
) -> Problem:
    """Return a problem of arrays; couplings of one pair add up."""
    table = np.asarray(pairs, np.int64).reshape(-1, 2)
    edges, strengths = merged(table, np.asarray(couplings, float))
    return Problem(tuple(labels), np.asarray(fields, float), edges, strengths, float(offset))
