"""A number with its provenance."""

import math
from typing import Literal, NoReturn, Self, get_args

from smtj.errors import CardError

Provenance = Literal["paper", "derived", "measured", "assumed"]
PROVENANCES: tuple[Provenance, ...] = get_args(Provenance)


class Value(float):
    """A float in SI units together with its provenance; arithmetic with it gives plain floats.

    Two values are equal where their numbers are, as with any float; :meth:`same_as` compares
    everything.

    Parameters
    ----------
    number
        The number, in the SI unit of the field it stands in.
    provenance
        ``"paper"`` (printed there), ``"derived"`` (follows from other values), ``"measured"``
        (fitted to data) or ``"assumed"``.
    source
        Where it is from, in a few words.
    standard_error
        Its standard error in the same unit, where known.

    Raises
    ------
    CardError
        The number is not finite, the provenance is none of the four, or the standard error is
        negative or not finite.
    """

    __slots__ = ("provenance", "source", "standard_error")

    provenance: Provenance
    source: str
    standard_error: float | None

    def __new__(
        cls,
        number: float,
        provenance: Provenance,
        source: str = "",
        standard_error: float | None = None,
    ) -> Self:
        """Check and store; see the class."""
        self = super().__new__(cls, number)
        if not math.isfinite(self):
            raise CardError(f"a value must be a finite number, not {float(number)}")
        if provenance not in PROVENANCES:
            raise CardError(f"provenance must be {one_of(PROVENANCES)}, not {provenance!r}")
        if standard_error is not None:
            standard_error = float(standard_error)
            if not (math.isfinite(standard_error) and standard_error >= 0):
                raise CardError(f"a standard error must be 0 or more, not {standard_error}")
        object.__setattr__(self, "provenance", provenance)
        object.__setattr__(self, "source", source)
        object.__setattr__(self, "standard_error", standard_error)
        return self

    def same_as(self, other: object) -> bool:
        """Whether number, provenance, source and standard error are all the same."""
        return isinstance(other, Value) and self.__reduce__() == other.__reduce__()

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Reject changes."""
        raise AttributeError(f"a Value is immutable; cannot set {name}")

    def __delattr__(self, name: str) -> NoReturn:
        """Reject deletion."""
        raise AttributeError(f"a Value is immutable; cannot delete {name}")

    def __reduce__(self) -> tuple[type[Self], tuple[float, Provenance, str, float | None]]:
        """Pickle and copy through the constructor, as nothing can be set afterwards."""
        return type(self), (float(self), self.provenance, self.source, self.standard_error)

    def __repr__(self) -> str:
        """The number with its provenance."""
        return f"Value({float(self)!r}, {self.provenance!r}, {self.source!r})"

    def __str__(self) -> str:
        """The number alone."""
        return float.__repr__(self)


def one_of(names: tuple[str, ...]) -> str:
    """A list of names as a sentence has it: ``"a", "b" or "c"``."""
    quoted = [f'"{name}"' for name in names]
    return " or ".join(filter(None, [", ".join(quoted[:-1]), quoted[-1]]))
