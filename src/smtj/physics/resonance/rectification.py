"""The rectified voltage of a driven junction, from the linearised Landau-Lifshitz-Gilbert equation.

A voltage V_rf cos ωt across the junction turns its magnetisation m by δm(t), through three torques;
the conductance follows, and the current through it rectifies a dc voltage
-¼ V_rf R (G_P - G_AP) Re(p·δm), p the reference layer's direction (A. A. Tulapurkar et al., Nature
438, 339 (2005), doi:10.1038/nature04207; J. Zhu et al., Phys. Rev. Lett. 108, 197203 (2012),
doi:10.1103/PhysRevLett.108.197203).  With the LLG equation

    dm/dt = -γμ0 m × H + α m × dm/dt + γμ0 h_DL (p - (m·p) m)

and δm = x_1 e_1 + x_2 e_2 this is (iωB + C) x = τ with every element known exactly, so a line has
exactly the shape of :func:`smtj.physics.resonance.line_shapes.driven_oscillator`,
whatever its width.  Terms of second order in δm are left out: the static one shifts the resistance
of a biased junction.  So is the part of the rectified voltage that has no resonance.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from smtj.physics.magnetics.macrospin import Macrospin
from smtj.physics.resonance.frequency import FREQUENCY_PER_FIELD, Stiffness
from smtj.physics.torque.fields import TorqueFields
from smtj.typing import Floats

TORQUES = ("vcma", "field-like", "damping-like")
"""The torques that a voltage exerts, in the order of the axis along which they are listed."""


class Lines(NamedTuple):
    """A line for each torque of a driven macrospin."""

    position: Floats
    """f0 in Hz, shape (...); damping included."""
    half_width: Floats
    """Half of the full width at half height, in Hz, shape (...)."""
    symmetric: Floats
    """Heights of the symmetric parts, shape (..., 3), by torque in the order of
    :data:`TORQUES`."""
    antisymmetric: Floats
    """The same for the antisymmetric parts, whose extrema are half as high."""


def driven_lines(
    spin: Macrospin,
    direction: ArrayLike,
    tangents: Stiffness,
    reference: ArrayLike,
    damping: float,
    fields: TorqueFields,
    voltage: ArrayLike = 0.0,
    frequency_per_field: float = FREQUENCY_PER_FIELD,
) -> Lines:
    """p·δm per volt of drive: the lines of a macrospin that a voltage drives.

    ``direction`` holds unit vectors m of its equilibria, shape (..., 3), ``tangents`` the
    :func:`smtj.physics.resonance.frequency.stiffness` there, ``reference`` is p, shape (3,),
    ``damping`` Gilbert's α; the torques per volt and the dc bias in V broadcast with the
    equilibria; μ0 γ/2π is in Hz/(A/m).  The damping-like torque of a dc voltage changes the
    linewidth; its small shift of the equilibrium is left out.  The heights' signs are those of
    Re(p·δm) in phase with the voltage.
    """
    m, p = np.asarray(direction, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    tilt = np.asarray(spin.easy_axis_tilt, dtype=np.float64)
    axis = np.stack([np.sin(tilt), np.zeros_like(tilt), np.cos(tilt)], axis=-1)
    along = (m * axis).sum(axis=-1)

    def across(vector: Floats) -> Floats:
        """Components along both tangents; shape (..., 2)."""
        parts = [(vector * tangent).sum(axis=-1) for tangent in tangents[:2]]
        return np.stack(parts, axis=-1)

    p_across = across(p)
    # A field h_⊥ exerts the torque -m × h_⊥, here in units of γμ0.
    torques = np.stack(
        [
            -_turned(-fields.vcma * along[..., None] * across(axis)),
            -_turned(fields.field_like * p_across),
            fields.damping_like * p_across,
        ],
        axis=-2,
    )
    a = tangents.matrix
    pull = fields.damping_like * np.asarray(voltage) * (m @ p)
    c = np.stack(
        [
            np.stack([a[..., 1, 0] + pull, a[..., 1, 1]], axis=-1),
            np.stack([-a[..., 0, 0], pull - a[..., 0, 1]], axis=-1),
        ],
        axis=-2,
    )
    b = np.array([[1.0, damping], [-damping, 1.0]])
    # det(iωB + C) = (1 + α²)(ω0² - ω² + iωΓ), in units of γμ0.
    scale = 1 + damping**2
    position = np.sqrt((c[..., 0, 0] * c[..., 1, 1] - c[..., 0, 1] * c[..., 1, 0]) / scale)
    trace = c[..., 0, 0] + c[..., 1, 1] + damping * (c[..., 0, 1] - c[..., 1, 0])
    width = trace / scale
    # The response is (n_0 + iω n_1)/det, with the adjugates of C and B.
    n_0 = np.einsum("...i,...ij,...kj->...k", p_across, _adjugate(c), torques)
    n_1 = np.einsum("...i,ij,...kj->...k", p_across, _adjugate(b), torques)
    return Lines(
        frequency_per_field * position,
        frequency_per_field * width / 2,
        n_1 / (scale * width)[..., None],
        -n_0 / (scale * position * width)[..., None],
    )


def rectified_voltage(
    lines: Lines, drive: ArrayLike, resistance: ArrayLike, conductance_change: ArrayLike
) -> tuple[Floats, Floats]:
    """Heights in V of the symmetric and antisymmetric part per torque, shapes (..., 3).

    ``drive`` is V_rf, the amplitude across the junction in V, ``resistance`` R at the equilibrium
    in ohm, ``conductance_change`` G_P - G_AP at the dc bias in S.  All broadcast with the
    equilibria.
    """
    amplitude, ohm, siemens = (
        np.asarray(entry, dtype=np.float64) for entry in (drive, resistance, conductance_change)
    )
    gain = (-(amplitude**2) * ohm * siemens / 4)[..., None]
    return gain * lines.symmetric, gain * lines.antisymmetric


def _turned(vector: Floats) -> Floats:
    """m × (v_1 e_1 + v_2 e_2) = -v_2 e_1 + v_1 e_2."""
    return np.stack([-vector[..., 1], vector[..., 0]], axis=-1)


def _adjugate(matrix: Floats) -> Floats:
    rows = [
        [matrix[..., 1, 1], -matrix[..., 0, 1]],
        [-matrix[..., 1, 0], matrix[..., 0, 0]],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
