"""The rate at which thermal noise turns a macrospin."""

import math

import numpy as np
from numpy.typing import ArrayLike

from smtj.errors import SmtjError
from smtj.physics.constants import BOLTZMANN, GYROMAGNETIC_RATIO
from smtj.physics.magnetics.macrospin import Macrospin
from smtj.typing import Floats


def log_diffusion(spin: Macrospin, damping: ArrayLike) -> Floats:
    """ln(D s) of D = α γ k_B T/((1 + α²) μ), which is 1/(2 τ_N) of Brown's free moment.

    The spin and the Gilbert damping α are numbers or NumPy arrays.  Raises SmtjError if the damping
    is not above 0; without it nothing ever switches.
    """
    alpha = np.asarray(damping, dtype=np.float64)
    if not np.all((alpha > 0) & np.isfinite(alpha)):
        raise SmtjError("the damping of an escape must be a number above 0, e.g. 0.02")
    moment = np.asarray(spin.moment, dtype=np.float64)
    temperature = np.asarray(spin.temperature, dtype=np.float64)
    return np.asarray(
        np.log(alpha / (1 + alpha**2))
        + math.log(GYROMAGNETIC_RATIO * BOLTZMANN)
        + np.log(temperature)
        - np.log(moment)
    )
