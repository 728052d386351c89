"""Directions of a macrospin sampled from the Boltzmann distribution."""

import math
from typing import Any

import numpy as np

from smtj.errors import SmtjError
from smtj.physics.constants import BOLTZMANN, VACUUM_PERMEABILITY
from smtj.physics.magnetics.macrospin import Macrospin
from smtj.physics.magnetics.wells import energy
from smtj.typing import Floats

POLAR, AZIMUTHAL = 400, 200
"""Cells of the sphere for proposals."""
ROUNDS = 20
"""Proposals per direction; almost all are accepted."""


def equilibrium_directions(
    spin: Macrospin, field: tuple[float, float, float], size: int, seed: int = 0
) -> Floats:
    """Sample ``size`` directions from exp(-E/k_B T), unit vectors of shape (size, 3).

    A direction is proposed from a table of the distribution on cells of the sphere and accepted by
    the Metropolis-Hastings rule, which corrects the table's error.  ``seed`` determines them.  The
    spin holds numbers and is above 0 K (else SmtjError); the applied field (x, y, z) in A/m
    excludes the spin's in-plane bias field.
    """
    if not float(spin.temperature) > 0:
        raise SmtjError("a macrospin is in thermal equilibrium only above 0 K")
    rng = np.random.default_rng(seed)
    scale = VACUUM_PERMEABILITY * float(spin.moment) / (BOLTZMANN * float(spin.temperature))
    tilt = float(spin.easy_axis_tilt)

    def direction(along: Any, azimuth: Any) -> Floats:
        across = np.sqrt(1 - along**2)
        a, b = across * np.cos(azimuth), across * np.sin(azimuth)
        x, z = (
            a * math.cos(tilt) + along * math.sin(tilt),
            along * math.cos(tilt) - a * math.sin(tilt),
        )
        return np.stack(np.broadcast_arrays(x, b, z), axis=-1)

    def log_weight(m: Floats) -> Floats:
        return -scale * energy(spin, m, *field)

    # Equal steps of the polar angle put more cells where the wells are narrow.
    edges = -np.cos(np.linspace(0, math.pi, POLAR + 1))
    middles = (edges[1:] + edges[:-1]) / 2
    width = 2 * math.pi / AZIMUTHAL
    log_table = log_weight(direction(middles[:, None], width * (np.arange(AZIMUTHAL) + 0.5)))
    log_table -= log_table.max()
    chance = (np.exp(log_table) * np.diff(edges)[:, None]).cumsum()
    found, found_ratio = np.empty((size, 3)), np.full(size, -np.inf)
    for _ in range(ROUNDS):
        cell = np.searchsorted(chance, rng.random(size) * chance[-1], side="right")
        row, column = np.divmod(np.minimum(cell, chance.size - 1), AZIMUTHAL)
        along = edges[row] + rng.random(size) * (edges[row + 1] - edges[row])
        proposed = direction(along, width * (column + rng.random(size)))
        ratio = log_weight(proposed) - log_table[row, column]
        accepted = np.log(rng.random(size)) < ratio - found_ratio
        found[accepted], found_ratio[accepted] = proposed[accepted], ratio[accepted]
    return found
