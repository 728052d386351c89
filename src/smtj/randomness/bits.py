"""Bits eight to a byte, the first in the highest place."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smtj.errors import SmtjError


@dataclass(frozen=True, eq=False)
class Bits:
    """A sequence of bits, packed."""

    packed: NDArray[np.uint8]
    size: int

    @classmethod
    def of(cls, values: "ArrayLike | Bits") -> "Bits":
        """Pack numbers 0 and 1, or return packed bits unchanged.

        Raises
        ------
        SmtjError
            A value is neither 0 nor 1, or the array has more than one dimension.
        """
        if isinstance(values, Bits):
            return values
        array = np.asarray(values)
        if array.ndim != 1:
            raise SmtjError(f"bits must be one sequence, not an array of {array.ndim} dimensions")
        if array.dtype != np.bool_:
            if array.size and not ((array == 0) | (array == 1)).all():
                raise SmtjError("bits must be 0 or 1; give the states of a trace, not its readings")
            array = array.astype(np.bool_)
        return cls(np.packbits(array), array.size)

    def unpacked(self) -> NDArray[np.uint8]:
        """0 and 1, a byte each."""
        return np.unpackbits(self.packed, count=self.size)

    def __len__(self) -> int:
        """How many bits."""
        return self.size
