"""Under what a biased device was measured."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from smtj.errors import SmtjError
from smtj.typing import Floats


@dataclass(frozen=True, eq=False)
class BiasConditions:
    """Bias, field and temperature; SI floats, shape (n,) each."""

    kind: str
    """``"voltage"`` or ``"current"``, which of the two was held."""
    bias: Floats
    """In V or A."""
    field_in_plane: Floats
    field_out_of_plane: Floats
    temperature: Floats
    """T in K without Joule's heat."""
    resistance: Floats | None = None
    """Of the high and the low state in ohm, shape (n, 2), if they were measured."""

    @property
    def unit(self) -> str:
        """The SI unit of the bias."""
        return "V" if self.kind == "voltage" else "A"

    @property
    def several_temperatures(self) -> bool:
        """Whether the temperature varies."""
        return bool(np.ptp(self.temperature) > 0)


def bias_conditions(
    kind: str,
    bias: ArrayLike,
    *,
    field_in_plane: ArrayLike = 0.0,
    field_out_of_plane: ArrayLike = 0.0,
    temperature: ArrayLike = 300.0,
    resistance: ArrayLike | None = None,
) -> BiasConditions:
    """Check conditions; all broadcast with the bias, of shape (n,).

    Raises SmtjError if a number is impossible or the bias never differs from 0.
    """
    if kind not in ("voltage", "current"):
        raise SmtjError(f"a junction is biased by a voltage or a current, not by a {kind}")
    given = (bias, field_in_plane, field_out_of_plane, temperature)
    rows = [np.asarray(entry, dtype=np.float64) for entry in given]
    x, h_x, h_z, t = np.broadcast_arrays(np.atleast_1d(rows[0]), *rows[1:])
    if not all(np.isfinite(row).all() for row in (x, h_x, h_z, t)) or not (t > 0).all():
        raise SmtjError("bias and fields must be finite numbers, and temperatures above 0 K")
    if not x.any():
        raise SmtjError(f"every {kind} is 0, so nothing follows about what it does")
    ohm = None
    if resistance is not None:
        ohm = np.asarray(resistance, dtype=np.float64)
        if ohm.shape != (x.size, 2) or not ((ohm > 0) & (ohm < math.inf)).all():
            raise SmtjError("give resistances above 0 of the high and the low state per condition")
    return BiasConditions(kind, x, h_x, h_z, t, ohm)
