"""How the frequency of a resonance changes with the amplitude of the precession.

A magnetisation that precesses with a finite amplitude sees the anharmonic part of its energy, and
its frequency differs from that of Eq. 7 by a term proportional to the square of the amplitude.  In
a field across the easy axis it falls: the line leans to lower frequencies, and a linear line
fitted to it lies too low.  Near saturation a precession of a few degrees moves it by per cents.

In coordinates q and p that are canonical on the sphere (T. Holstein and H. Primakoff, Phys. Rev.
58, 1098 (1940), doi:10.1103/PhysRev.58.1098) the energy is a Hamiltonian of one degree of freedom,
and Birkhoff's normal form e = ω I + Γ I² of its Taylor series to the fourth order gives the
frequency ω + 2 Γ I of an orbit of action I (A. Slavin and V. Tiberkevich, IEEE Trans. Magn. 45,
1875 (2009), doi:10.1109/TMAG.2008.2009935).
"""

import numpy as np
from numpy.typing import ArrayLike

from smtj.physics.magnetics.macrospin import Macrospin
from smtj.physics.resonance.frequency import FREQUENCY_PER_FIELD, Stiffness
from smtj.typing import Floats

_PHASES = 2 * np.pi * np.arange(8) / 8
"""Of an orbit: enough for harmonics of up to the fourth order."""
MAX_LEAN = 1.5
"""Lean up to which an oscillator has one state at every frequency, 8/(3√3) = 1.54 if narrow."""
_HALVINGS = 50


def shift_per_squared_amplitude(
    spin: Macrospin,
    direction: ArrayLike,
    tangents: Stiffness,
    field: ArrayLike,
    reference: ArrayLike,
    frequency_per_field: float = FREQUENCY_PER_FIELD,
) -> Floats:
    """Shift of the frequency in Hz over the squared amplitude of p·m, shape (...).

    ``direction`` holds unit vectors m of minima, shape (..., 3), ``tangents`` the
    :func:`smtj.physics.resonance.frequency.stiffness` there, ``field`` the applied field in A/m
    without the spin's in-plane bias field, shape (..., 3), ``reference`` is p, shape (3,); μ0 γ/2π
    is in Hz/(A/m).  Valid for amplitudes that are small against the distance to the other well.
    Not finite where m is no minimum or its precession leaves p·m unchanged.

    Examples
    --------
    Along the easy axis f = (μ0 γ/2π) (H + H_K1 m_z), and an amplitude a of m_x and m_y lowers m_z
    by a²/2.

    >>> from smtj.physics.resonance.frequency import stiffness
    >>> spin = Macrospin(1e-18, 4e4, 0.0, 0.0, 0.0, 0.0, 300.0)
    >>> up, field = [0.0, 0.0, 1.0], [0.0, 0.0, 1e4]
    >>> tangents = stiffness(spin, up, *field)
    >>> shift = shift_per_squared_amplitude(spin, up, tangents, field, [1.0, 0.0, 0.0])
    >>> print(f"{shift / (FREQUENCY_PER_FIELD * spin.anisotropy_field):.3f}")
    -0.500
    """
    m, p, h = (np.asarray(a, dtype=np.float64) for a in (direction, reference, field))
    zero = np.zeros_like(np.asarray(spin.in_plane_bias_field, dtype=np.float64))
    h = h + np.stack([zero + spin.in_plane_bias_field, zero, zero], axis=-1)
    tilt = np.asarray(spin.easy_axis_tilt, dtype=np.float64)
    axis = np.stack([np.sin(tilt), np.zeros_like(tilt), np.cos(tilt)], axis=-1)
    first, second, matrix = tangents
    with np.errstate(invalid="ignore", divide="ignore"):
        curvature, turn = np.linalg.eigh(np.nan_to_num(matrix))
        frequency = np.sqrt(curvature[..., 0] * curvature[..., 1])
        # An orbit of action 1 is an ellipse, drawn out along the softer axis.
        stretch = turn * ((curvature[..., ::-1] / curvature) ** 0.25)[..., None, :]
        orbit = stretch @ (np.sqrt(2) * np.stack([np.cos(_PHASES), np.sin(_PHASES)]))
        squares = (orbit**2).sum(axis=-2) / 2

        def along(vector: Floats) -> tuple[Floats, Floats]:
            """v·m at rest, shape (..., 1), and its linear change over the orbit, (..., phases)."""
            one, other = ((tangent * vector).sum(axis=-1)[..., None] for tangent in (first, second))
            rest = (m * vector).sum(axis=-1)[..., None]
            return rest, one * orbit[..., 0, :] + other * orbit[..., 1, :]

        # v·m = rest (1 - s) + w √(1 - s/2) with s = (q² + p²)/2, to the fourth order.
        n, y = along(axis), along(np.array([0.0, 1.0, 0.0]))
        square, sideways = _square(*n, squares), _square(*y, squares)
        k_1, k_2, k_s = (
            np.asarray(entry, dtype=np.float64)[..., None]
            for entry in (
                spin.anisotropy_field,
                spin.second_order_field,
                spin.in_plane_anisotropy_field,
            )
        )
        third, fourth = (-k_1 / 2 * square[order] + k_s / 2 * sideways[order] for order in (3, 4))
        third += along(h)[1] * squares / 4
        third += k_2 / 2 * (square[0] * square[3] + square[1] * square[2])
        fourth += k_2 / 4 * (2 * square[0] * square[4] + 2 * square[1] * square[3] + square[2] ** 2)
        harmonics = np.abs(np.fft.fft(third, axis=-1) / _PHASES.size) ** 2
        bend = fourth.mean(axis=-1) - 3 / frequency * (harmonics[..., 1] + harmonics[..., 3])
        across = np.stack([(first * p).sum(axis=-1), (second * p).sum(axis=-1)], axis=-1)
        amplitude = np.square((stretch * across[..., None]).sum(axis=-2)).sum(axis=-1)
        return np.asarray(frequency_per_field * bend / amplitude)


def softened_oscillator(
    frequency: Floats, position: float, half_width: float, lean: float
) -> tuple[Floats, Floats]:
    """Both parts of a line that leans by ``lean`` half widths at its top; shape (points,).

    They are those of :func:`smtj.physics.resonance.line_shapes.driven_oscillator` with f0² + 2 λ Δ
    f0 u in the place of f0², where u, the power of the oscillation over that at resonance, follows
    from itself: u [(f0² + 2 λ Δ f0 u - f²)² + f² Γ²] = f0² Γ² (L. D. Landau and E. M. Lifshitz,
    Mechanics, § 29).  Frequencies, f0 and Δ are in Hz, and |λ| is at most :data:`MAX_LEAN`; beyond,
    the oscillator has two states, and jumps.
    """
    width = 2 * half_width
    detuning, absorbed = position**2 - frequency**2, (frequency * width) ** 2
    bend, force = 2 * lean * half_width * position, (position * width) ** 2
    low, high = np.zeros_like(frequency), force / absorbed
    for _ in range(_HALVINGS):
        power = (low + high) / 2
        too_much = power * ((detuning + bend * power) ** 2 + absorbed) > force
        low, high = np.where(too_much, low, power), np.where(too_much, power, high)
    offset = -detuning - bend * (low + high) / 2
    denominator = offset**2 + absorbed
    return absorbed / denominator, position * width * offset / denominator


def _square(rest: Floats, moved: Floats, squares: Floats) -> tuple[Floats, ...]:
    """(v·m)² by order in q and p, 0 to 4, shapes (..., 1 or phases)."""
    return (
        rest**2,
        2 * rest * moved,
        moved**2 - 2 * rest**2 * squares,
        -2.5 * rest * moved * squares,
        rest**2 * squares**2 - moved**2 * squares / 2,
    )
