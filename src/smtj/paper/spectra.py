"""Virtual ST-FMR spectra of a card and what their fits say, shared by Fig. 5 and the audit."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from smtj import lab
from smtj.analysis import Setting
from smtj.analysis.resonance.anisotropy import field_line, second_line
from smtj.analysis.resonance.device import AtVoltage, at_voltages
from smtj.analysis.resonance.lines import lines_of
from smtj.card import DeviceCard
from smtj.inference.resonance.coefficients import vcma_estimates
from smtj.inference.stats.estimate import Estimate
from smtj.inference.stats.line import LineFit
from smtj.units import Oe

VOLTAGES = np.linspace(-0.1, 0.2, 7)
"""In V; the paper gives the ends."""
PAPER_FIELD = -110.0
"""H_∥ of Fig. 5(a) in Oe."""
FIELDS = np.array([-900.0, -700.0, -250.0, PAPER_FIELD, 110.0, 700.0])
"""H_∥ of Fig. 5(b) in Oe: the paper's, and others, since one field cannot tell H_K1 from H_K2."""
FREQUENCIES = np.arange(0.4e9, 3.01e9, 15e6)
"""In Hz, ours."""
DRIVE = 0.025
"""Amplitude of the drive in V, ours."""
NOISE = 2e-6
"""Standard deviation of a point in V, ours."""


@dataclass(frozen=True, eq=False)
class Resonances:
    """What the spectra of all voltages say."""

    at_one_field: list[AtVoltage]
    """Of the paper's field alone, by rising voltage."""
    at_all_fields: list[AtVoltage]
    """Of all fields."""
    first: LineFit
    """H_K1 in A/m against V, of all fields."""
    second: LineFit
    """H_K2 in A/m against V."""
    field_per_volt: Estimate
    """-dH_K1/dV."""
    coefficient: Estimate
    """ξ."""


@lru_cache(maxsize=4)
def resonances(card: DeviceCard, seed: int = 0) -> Resonances:
    """Measure spectra at all fields and voltages and fit them as a user's files would be.

    Parameters
    ----------
    card
        The device.
    seed
        Of the instrument's noise.

    Raises
    ------
    SmtjError
        The card's resonances are out of the frequencies swept.
    """
    data = lab.spectra(
        card, FIELDS * Oe, VOLTAGES, FREQUENCIES, drive=DRIVE, noise=NOISE, seed=seed
    )
    setting = Setting(card, "Fig. 5")
    one = data.isel(field=[int(np.flatnonzero(FIELDS == PAPER_FIELD)[0])])
    alone, everywhere = (at_voltages(lines_of([d], setting), setting) for d in (one, data))
    first = field_line(everywhere)
    per_volt, xi = vcma_estimates(first, card)
    return Resonances(alone, everywhere, first, second_line(everywhere), per_volt, xi)
