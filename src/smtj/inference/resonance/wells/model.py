"""Resonances of a free layer from its anisotropy fields, which the fits compare with data."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smtj.inference.resonance.wells.plane_kernels import plane_wells
from smtj.physics.resonance.frequency import FREQUENCY_PER_FIELD
from smtj.typing import Floats


class FixedFields(NamedTuple):
    """The other fields that the resonance depends on, which a fit takes from the card."""

    in_plane_anisotropy_field: float
    """H_shape in A/m."""
    in_plane_bias_field: float
    """H_in in A/m."""
    easy_axis_tilt: float
    """In rad."""

    @property
    def is_eq_7(self) -> bool:
        """Whether Eq. 7 as printed holds: all of them are 0."""
        return not any(self)


EQ_7 = FixedFields(0.0, 0.0, 0.0)
"""With them, the general resonance is Eq. 7, to 1e-9."""


class WellResonances(NamedTuple):
    """Resonances of both wells, up and down, in n fields; shape (n, 2) unless noted."""

    frequency: Floats
    """f_r in Hz without damping; that of the other well where one has vanished."""
    trace: Floats
    """(μ0 γ/2π) tr A in Hz: the full linewidth is α/(1 + α²) of it."""
    exists: NDArray[np.bool_]
    deepest: NDArray[np.intp]
    """Index of the deeper well, shape (n,)."""

    def of_deepest(self, entry: Floats) -> Floats:
        """Return the values of the deeper well, shape (n,), from an entry of shape (n, 2)."""
        return np.asarray(np.take_along_axis(entry, self.deepest[..., None], axis=-1)[..., 0])


def well_resonances(
    anisotropy_field: ArrayLike,
    second_order_field: ArrayLike,
    fixed: FixedFields,
    field_x: ArrayLike,
    field_z: ArrayLike,
    frequency_per_field: float = FREQUENCY_PER_FIELD,
) -> WellResonances:
    """Resonances of a free layer in fields in the x-z plane.

    H_K1, H_K2 and the applied field without H_in are in A/m; the field has shape (n,), and the
    others broadcast with it.  ``frequency_per_field`` is μ0 γ/2π in Hz/(A/m).
    """
    given = (anisotropy_field, second_order_field, field_x, field_z)
    entries = [np.asarray(entry, dtype=np.float64) for entry in given]
    shape = np.broadcast(*entries).shape
    first, second, x, z = ((entry + np.zeros(shape)).ravel() for entry in entries)
    sin, cos = math.sin(fixed.easy_axis_tilt), math.cos(fixed.easy_axis_tilt)
    x = x + fixed.in_plane_bias_field
    along, across = x * sin + z * cos, x * cos - z * sin
    stiffness = np.zeros((first.size, 2, 2))
    exists, is_up = np.empty((first.size, 2), np.bool_), np.empty(first.size, np.bool_)
    in_plane = fixed.in_plane_anisotropy_field
    plane_wells(along, across, first, second, in_plane, stiffness, exists, is_up)
    # Where a well is about to vanish, rounding can make a soft mode imaginary.
    product = np.maximum(stiffness[..., 0] * stiffness[..., 1], 0.0)
    return WellResonances(
        frequency_per_field * np.sqrt(product).reshape(*shape, 2),
        frequency_per_field * stiffness.sum(axis=-1).reshape(*shape, 2),
        exists.reshape(*shape, 2),
        np.where(is_up, 0, 1).reshape(shape),
    )
