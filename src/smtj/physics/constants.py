"""Constants of nature, in SI units.

P. J. Mohr et al., CODATA recommended values of the fundamental physical constants: 2022,
J. Phys. Chem. Ref. Data 54, 033105 (2025), doi:10.1063/5.0279860.
"""

from typing import Final

BOLTZMANN: Final = 1.380649e-23
"""k_B in J/K, exact."""

VACUUM_PERMEABILITY: Final = 1.25663706127e-6
"""μ0 in T m/A, also used by :mod:`smtj.units` to convert B to H."""

VACUUM_PERMITTIVITY: Final = 8.8541878188e-12
"""ε0 in F/m."""

GYROMAGNETIC_RATIO: Final = 1.76085962784e11
"""γ of the free electron in rad/(s T), g = 2.0023."""

REDUCED_PLANCK: Final = 1.054571817e-34
"""ħ in J s, exact to the digits given."""

ELEMENTARY_CHARGE: Final = 1.602176634e-19
"""e in C, exact."""
