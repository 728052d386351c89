"""Demagnetising factors of an elliptic cylinder, averaged over its volume."""

import math

from array_api_compat import device

from smtj.physics.arrays import Array, as_arrays, namespace

AGM_STEPS = 12
ANGLES = 128


def demagnetising_factors(
    length: Array, width: Array, thickness: Array
) -> tuple[Array, Array, Array]:
    """Magnetometric demagnetising factors N_x, N_y, N_z of an elliptic cylinder.

    x is the long axis of the ellipse, y the short one, z the cylinder's axis; their sum is one.
    Accurate to rounding for axes up to 10 : 1, to 3e-4 at 50 : 1.

    Parameters
    ----------
    length, width, thickness
        Full axes of the ellipse and height of the cylinder, in m; broadcast together.

    References
    ----------
    M. Beleggia et al., J. Phys. D: Appl. Phys. 38, 3333 (2005), doi:10.1088/0022-3727/38/18/001:
    in Fourier space an elliptic cylinder is a circular one whose radius depends on the direction
    in the plane, which leaves an average over directions.  R. I. Joseph, J. Appl. Phys. 37, 4639
    (1966), doi:10.1063/1.1708110: the circular cylinder.
    """
    xp, sizes = as_arrays(length, width, thickness)
    full_length, full_width, height = (size[..., None] for size in sizes)
    half_length, half_width = full_length / 2, full_width / 2
    # The integrand is smooth and periodic, so equal weights converge exponentially.
    angle = (xp.arange(ANGLES, dtype=height.dtype, device=device(height)) + 0.5) * (
        math.pi / 2 / ANGLES
    )
    radius_squared = (half_length * xp.cos(angle)) ** 2 + (half_width * xp.sin(angle)) ** 2
    in_plane = _in_plane_factors(height / (2 * xp.sqrt(radius_squared)))
    part = in_plane * half_length * half_width / radius_squared
    n_x = xp.mean(part * xp.cos(angle) ** 2, axis=-1)
    n_y = xp.mean(part * xp.sin(angle) ** 2, axis=-1)
    return n_x, n_y, 1 - n_x - n_y


def _in_plane_factors(aspect: Array) -> Array:
    """Return N_x + N_y of a circular cylinder of height over diameter ``aspect`` (Joseph 1966)."""
    xp = namespace(aspect)
    k, e = _complete_elliptic_integrals(aspect / xp.sqrt(1 + aspect**2))
    bracket = xp.sqrt(1 + aspect**2) * (aspect**2 * k + (1 - aspect**2) * e) - 1
    return 4 / (3 * math.pi * aspect) * bracket


def _complete_elliptic_integrals(complementary_modulus: Array) -> tuple[Array, Array]:
    """Return K and E by the arithmetic-geometric mean (DLMF 19.8.5 and 19.8.6)."""
    xp = namespace(complementary_modulus)
    a, g = xp.ones_like(complementary_modulus), complementary_modulus
    total, weight = (1 - complementary_modulus**2) / 2, 1.0
    for _ in range(AGM_STEPS):
        total = total + weight * ((a - g) / 2) ** 2
        a, g = (a + g) / 2, xp.sqrt(a * g)
        weight *= 2
    k = math.pi / 2 / a
    return k, k * (1 - total)
