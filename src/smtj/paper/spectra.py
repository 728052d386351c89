"""Virtual ST-FMR spectra of a card and their fits, shared by Fig. 5 and the audit."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from smtj import lab
from smtj.analysis import FitResult, fit
from smtj.analysis.resonance.anisotropy import FittedFields
from smtj.analysis.resonance.device import AtVoltage
from smtj.card import DeviceCard
from smtj.units import Oe

VOLTAGES = np.linspace(-0.1, 0.2, 7)
"""In V; the paper gives the ends."""
PAPER_FIELD = -110.0
"""H_∥ of Fig. 5(a) in Oe."""
FIELDS = np.array([-900.0, -700.0, -250.0, PAPER_FIELD, 110.0, 700.0])
"""H_∥ of Fig. 5(b) in Oe: the paper's and others, as one field cannot separate H_K1 and H_K2."""
FREQUENCIES = np.arange(0.4e9, 3.01e9, 15e6)
"""In Hz, ours."""
DRIVE = 0.025
"""Amplitude of the drive in V, ours."""
NOISE = 2e-6
"""Standard deviation of a point in V, ours."""


@dataclass(frozen=True, eq=False)
class Resonances:
    """Fits of the spectra at all voltages."""

    at_one_field: tuple[AtVoltage, ...]
    """At the paper's field alone, by rising voltage."""
    fields: FittedFields
    """At all fields, with H_K1 and H_K2 against V."""
    result: FitResult
    """The fit of all fields: its estimates have -dH_K1/dV and ξ."""


@lru_cache(maxsize=4)
def resonances(card: DeviceCard, seed: int = 0) -> Resonances:
    """Measure spectra at all fields and voltages and fit them like a user's files.

    Parameters
    ----------
    card
        The device.
    seed
        Of the instrument's noise.

    Raises
    ------
    SmtjError
        The card's resonances are outside the swept frequencies.
    """
    data = lab.spectra(
        card, FIELDS * Oe, VOLTAGES, FREQUENCIES, drive=DRIVE, noise=NOISE, seed=seed
    )
    one = data.isel(field=[int(np.flatnonzero(FIELDS == PAPER_FIELD)[0])])
    alone, everywhere = (fit(d, card, source="Fig. 5") for d in (one, data))
    return Resonances(alone.parts[1].fit, everywhere.parts[2].fit, everywhere)
