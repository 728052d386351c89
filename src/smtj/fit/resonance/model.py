"""Resonances of a free layer as its anisotropy fields make them: what the fits compare data to."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smtj.physics.equilibrium import Macrospin
from smtj.physics.resonance import FREQUENCY_PER_FIELD, resonance_frequency, stiffness
from smtj.physics.wells import find_wells

Floats = NDArray[np.float64]


class FixedFields(NamedTuple):
    """What the general resonance depends on beside H_K1 and H_K2; a fit takes it from the card."""

    in_plane_anisotropy_field: float
    """H_shape in A/m."""
    in_plane_bias_field: float
    """H_in in A/m."""
    easy_axis_tilt: float
    """In rad."""

    @property
    def is_eq_7(self) -> bool:
        """Whether Eq. 7 as printed holds: there is none of them."""
        return not any(self)


EQ_7 = FixedFields(0.0, 0.0, 0.0)
"""Where the general resonance is Eq. 7, to 1e-9."""


class WellResonances(NamedTuple):
    """Resonances of both wells, up and down, in n fields; shape (n, 2) unless said otherwise."""

    frequency: Floats
    """f_r in Hz without damping; that of the other well where one is gone."""
    trace: Floats
    """(μ0 γ/2π) tr A in Hz: the full linewidth is α/(1 + α²) of it."""
    exists: NDArray[np.bool_]
    deepest: NDArray[np.intp]
    """Index of the deeper well, shape (n,)."""


def well_resonances(
    anisotropy_field: ArrayLike,
    second_order_field: ArrayLike,
    fixed: FixedFields,
    field_x: ArrayLike,
    field_z: ArrayLike,
    frequency_per_field: float = FREQUENCY_PER_FIELD,
) -> WellResonances:
    """Resonances of a free layer in fields in the x-z plane.

    Parameters
    ----------
    anisotropy_field, second_order_field
        H_K1 and H_K2 in A/m, broadcast with the fields.
    fixed
        The rest.
    field_x, field_z
        Applied field in A/m, shape (n,), without H_in.
    frequency_per_field
        μ0 γ/2π in Hz/(A/m).
    """
    given = (anisotropy_field, second_order_field, field_x, field_z)
    first, second, x, z = (np.asarray(entry, dtype=np.float64) for entry in given)
    # Moment and temperature are no part of a resonance.
    spin = Macrospin(1.0, first, second, *fixed, 300.0)
    wells = find_wells(spin, x, 0.0, z)
    both = np.stack([wells.up, wells.down], axis=-2)
    spins = Macrospin(1.0, first[..., None], second[..., None], *fixed, 300.0)
    matrix = stiffness(spins, both, x[..., None], 0.0, z[..., None]).matrix
    is_up = (wells.global_minimum == wells.up).all(axis=-1)
    return WellResonances(
        # Where a well is about to vanish, rounding can make a soft mode imaginary.
        np.nan_to_num(resonance_frequency(matrix, frequency_per_field)),
        frequency_per_field * (matrix[..., 0, 0] + matrix[..., 1, 1]),
        np.stack([wells.up_exists, wells.down_exists], axis=-1),
        np.where(is_up, 0, 1),
    )
