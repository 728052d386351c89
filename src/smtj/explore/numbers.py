"""The table of numbers below the plots."""

from typing import NamedTuple

import numpy as np

from smtj.card import DeviceCard
from smtj.explore.controls import ControlValues
from smtj.explore.curves import Present, StateSpectrum
from smtj.physics.constants import BOLTZMANN
from smtj.physics.device import vcma_point
from smtj.physics.free_layer import vcma_coefficient
from smtj.physics.magnetics.anisotropy import anisotropy_field
from smtj.units import format_quantity, format_scaled

YEAR = 365.25 * 86400


class Number(NamedTuple):
    """A row of the table."""

    name: str
    symbol: str
    value: str


def number_rows(
    card: DeviceCard, values: ControlValues, now: Present, lines: StateSpectrum
) -> list[Number]:
    """Return the table of numbers for a configured card at the current slider values."""
    point = vcma_point(card, values.voltage)
    # With the torque and the heat that the card may have.
    offset = card.at(voltage=values.voltage).offset_field
    h_k1 = anisotropy_field(point.energy_density, point.saturation_magnetisation)
    h_k = 4 * now.stability_factor / now.slope if now.slope else 0.0
    barrier = now.stability_factor * BOLTZMANN * values.temperature

    def text(value: float, si_unit: str, unit: str, digits: int = 4) -> str:
        return (
            format_quantity(float(value), si_unit, unit, digits)
            .replace("-", "−")
            .replace("ohm", "Ω")
        )

    def of_well(well: int, shown: str) -> str:
        return shown if np.isfinite(lines.position[well]) else "no well"

    positions, widths = lines.position / 1e9, 2e-6 * lines.half_width
    return [
        Number("Stability factor", "E_b/k_BT", f"{now.stability_factor:.2f}"),
        Number("Energy barrier", "E_b", text(barrier, "J", "zJ")),
        Number("Occupancy of the high state", "P", _probability(now.probability)),
        Number("Dwell time high", "τ_high", time_text(now.log_dwell_high)),
        Number("Dwell time low", "τ_low", time_text(now.log_dwell_low)),
        Number("Slope", "w", text(now.slope, "m/A", "1/Oe")),
        Number("Offset field", "H_s", text(offset, "A/m", "Oe")),
        Number("Switching field", "H_k,eff", text(h_k, "A/m", "Oe") if now.slope else "none"),
        Number("Anisotropy field", "H_K1", text(h_k1, "A/m", "mT")),
        Number("Magnetisation", "M_s", text(point.saturation_magnetisation, "A/m", "kA/m")),
        Number("VCMA coefficient", "ξ", text(vcma_coefficient(card), "J/(V m)", "fJ/(V m)")),
        Number("Resistance high", "R_high", text(now.resistance_high, "ohm", "ohm")),
        Number("Resistance low", "R_low", text(now.resistance_low, "ohm", "ohm")),
        Number("Resonance high", "f_high", of_well(0, f"{positions[0]:.3f} GHz")),
        Number("Resonance low", "f_low", of_well(1, f"{positions[1]:.3f} GHz")),
        Number("Linewidth high", "Δf_high", of_well(0, f"{widths[0]:.3g} MHz")),
        Number("Linewidth low", "Δf_low", of_well(1, f"{widths[1]:.3g} MHz")),
    ]


def time_text(log_time: float) -> str:
    """Return a time, given ln(t/s), in the unit that suits it."""
    seconds = np.exp(min(log_time, 700.0))
    if seconds >= 100 * YEAR:
        return f"10^{(log_time - np.log(YEAR)) / np.log(10):.1f} years"
    for scale, unit in ((YEAR, "years"), (86400, "days"), (3600, "h")):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return format_scaled(float(seconds), "s")


def _probability(p: float) -> str:
    if 1e-4 < p < 1 - 1e-4:
        return f"{p:.4f}"
    return f"{p:.2g}" if p < 0.5 else f"1 − {1 - p:.2g}"
