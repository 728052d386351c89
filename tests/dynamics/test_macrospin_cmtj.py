"""Against cmtj, a simulator that others wrote, where both solve the same equation.

cmtj's γμ0 is 220880 m/(A s); the equation knows only γμ0 t, so that our times are shortened by the
ratio.  It takes anisotropies as energy densities and M_s in T.  A current density J exerts the
damping-like torque a = ħ P J/(2e μ0 M_s t), which it adds to the equation solved for dm/dt; in
Gilbert's equation that is a torque a/(1 + α²) with a field α a/(1 + α²) along the reference layer.
"""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from closeness import close_to
from smtj.dynamics.macrospin.driven import DrivenMacrospin
from smtj.dynamics.macrospin.simulate import final_state
from smtj.physics.constants import (
    ELEMENTARY_CHARGE,
    GYROMAGNETIC_RATIO,
    REDUCED_PLANCK,
    VACUUM_PERMEABILITY,
)
from smtj.physics.magnetics.macrospin import Macrospin
from smtj.physics.torque.fields import TorqueFields

cmtj: Any = pytest.importorskip("cmtj", reason="the reference simulator cmtj is not installed")

SHORTER = 220880.0 / (GYROMAGNETIC_RATIO * VACUUM_PERMEABILITY)
MAGNETISATION, THICKNESS, AREA = 1.2, 1.1e-9, np.pi / 4 * 50e-9**2
"""M_s in T."""
FIRST, SECOND, DAMPING = 14e3, -3e3, 0.1
"""H_K1 and H_K2 in A/m; α."""
FIELD = (2e3, -1e3, 1.5e3)
START = (0.8, 0.0, 0.6)
STEP = 2e-12
REFERENCE, POLARISATION, TORQUE = (0.6, 0.0, 0.8), 0.5, 800.0
"""The torque in A/m, about α H_K1."""


def theirs(temperature: float, duration: float, seed: int) -> list[float]:
    zero = cmtj.CVector(0.0, 0.0, 0.0)
    layer = cmtj.Layer(
        "free",
        mag=cmtj.CVector(*START),
        anis=cmtj.CVector(0.0, 0.0, 1.0),
        Ms=MAGNETISATION,
        thickness=THICKNESS,
        cellSurface=AREA,
        demagTensor=[zero, zero, zero],
        damping=DAMPING,
    )
    junction = cmtj.Junction([layer])
    junction.setLayerAnisotropyDriver("free", cmtj.constantDriver(FIRST * MAGNETISATION / 2))
    second = cmtj.constantDriver(-SECOND * MAGNETISATION / 4)
    junction.setLayerSecondOrderAnisotropyDriver("free", second)
    junction.setLayerExternalFieldDriver("free", cmtj.AxialDriver(*FIELD))
    if temperature > 0:
        junction.setLayerTemperatureDriver("free", cmtj.constantDriver(temperature))
        junction.setLayerSeed("free", seed)
    junction.runSimulation(duration, STEP, duration, solverMode=cmtj.SolverMode.Heun)
    m = junction.getLayerMagnetisation("free")
    return [m.x, m.y, m.z]


def ours(temperature: float, duration: float, size: int) -> NDArray[np.floating]:
    moment = MAGNETISATION / VACUUM_PERMEABILITY * THICKNESS * AREA
    spin = Macrospin(moment, FIRST, SECOND, 0.0, 0.0, 0.0, temperature)
    system = DrivenMacrospin(spin, DAMPING, FIELD)
    step = STEP * SHORTER
    return final_state(system, START, duration * SHORTER, size, 1, time_step=step)


@pytest.mark.parametrize("duration", [0.4e-9, 2e-9])
def test_motion_without_noise_is_the_same(duration: float) -> None:
    assert ours(0.0, duration, 1)[0] == close_to(theirs(0.0, duration, 0), abs=2e-4)


def test_motion_with_noise_has_the_same_law() -> None:
    """The precession is still in phase then, so that all components tell of the dynamics."""
    size, duration = 1500, 1.5e-9
    one = np.array([theirs(300.0, duration, seed) for seed in range(1, size + 1)])
    other = ours(300.0, duration, 4 * size)
    assert np.abs(one.mean(axis=0)).max() > 0.2
    for k in range(3):
        assert stats.ks_2samp(one[:, k], other[:, k]).pvalue > 1e-3


@pytest.mark.parametrize("sign", [1, -1])
def test_motion_under_a_spin_torque_is_the_same(sign: int) -> None:
    density = TORQUE * 2 * ELEMENTARY_CHARGE * MAGNETISATION * THICKNESS
    density /= REDUCED_PLANCK * POLARISATION
    zero = cmtj.CVector(0.0, 0.0, 0.0)
    layer = cmtj.Layer.createSTTLayer(
        "free",
        cmtj.CVector(*START),
        cmtj.CVector(0.0, 0.0, 1.0),
        MAGNETISATION,
        THICKNESS,
        AREA,
        [zero, zero, zero],
        DAMPING,
        1.0,
        0.0,
        POLARISATION,
    )
    layer.setReferenceLayer(cmtj.CVector(*REFERENCE))
    junction = cmtj.Junction([layer])
    junction.setLayerAnisotropyDriver("free", cmtj.constantDriver(FIRST * MAGNETISATION / 2))
    junction.setLayerCurrentDriver("free", cmtj.constantDriver(sign * density))
    junction.runSimulation(2e-9, STEP, 2e-9, solverMode=cmtj.SolverMode.Heun)
    other = junction.getLayerMagnetisation("free")
    per_volt = TORQUE / (1 + DAMPING**2)
    moment = MAGNETISATION / VACUUM_PERMEABILITY * THICKNESS * AREA
    system = DrivenMacrospin(
        Macrospin(moment, FIRST, 0.0, 0.0, 0.0, 0.0, 0.0),
        DAMPING,
        voltage=float(sign),
        torques=TorqueFields(0.0, DAMPING * per_volt, per_volt),
        reference=REFERENCE,
    )
    found = final_state(system, START, 2e-9 * SHORTER, 1, time_step=STEP * SHORTER)[0]
    assert found == close_to([other.x, other.y, other.z], abs=5e-4)
