"""The formulas at a card's own barrier against exact integrals and the telegraph process."""

import math

import numpy as np

from smtj.card import CardLike, DeviceCard, as_device
from smtj.dynamics.telegraph.process import switching_times
from smtj.physics.device import vcma_point
from smtj.physics.escape.asymptotes import (
    brown_log_dwell_times,
    langer_log_dwell_times,
    neel_log_dwell_times,
)
from smtj.physics.escape.axial import is_axial
from smtj.physics.escape.relaxation import log_dwell_times
from smtj.physics.free_layer import (
    boltzmann_occupancy,
    drive_field,
    high_state_is_up,
    macrospin,
)
from smtj.physics.junction import card_wells, with_stray_field
from smtj.physics.magnetics.equilibrium import log_odds_slope, log_weights, reduced_energy
from smtj.physics.magnetics.macrospin import Macrospin
from smtj.physics.resonance.frequency import (
    FREQUENCY_PER_FIELD,
    printed_frequency,
    resonance_frequency,
    stiffness,
)
from smtj.validity.comparison import Comparison, compared, reference

CYCLES = 4000
"""High and low dwells of the telegraph process that is compared to its dwell times."""
SILENT = 1e-6
"""Frequency over that of the anisotropy field below which there is no resonance."""
STEP = 1e-4
"""Of a numerical derivative, in units of 1/w."""

Field = tuple[float, float]
"""H_x and H_z in A/m, the card's stray field included."""


def compare_formulas(
    card: CardLike, voltage: float = 0.0, temperature: float | None = None, seed: int = 0
) -> list[Comparison]:
    """Compare every formula with the exact macrospin, at a card's own barrier.

    Parameters
    ----------
    card
        The device; it must have two wells at H_s.
    voltage, temperature
        Bias in V, and T in K; the card's own temperature by default.
    seed
        Seed of the telegraph process.

    Raises
    ------
    CardError, SmtjError
        The card has no barrier there.
    """
    card = as_device(card)
    spin = macrospin(card, voltage, temperature)
    return [
        *_occupancy(card, voltage, temperature),
        *_slope(card, spin, voltage, temperature),
        *_dwell(card, spin, voltage, temperature, seed),
        *_resonance(card, spin, voltage, temperature),
    ]


def models(card: DeviceCard) -> dict[str, DeviceCard]:
    """Return the card under both switching models, by their names in messages."""
    found = {"self-consistent": card.replace({"switching.model": "self-consistent"})}
    if card.switching.effective_anisotropy_field is not None:
        found["Eq. (5) as printed"] = card.replace({"switching.model": "cai2019"})
    return found


def field_at(card: DeviceCard, field: float, voltage: float) -> Field:
    """Return the total of an applied drive and the card's stray field."""
    field_x, _, field_z = drive_field(card, field)
    x, z = with_stray_field(card, field_x, field_z, voltage)
    return float(x), float(z)


def rings(spin: Macrospin, frequency: float) -> bool:
    """Whether a resonance is one; in a cone without another axis nothing drives it back."""
    fields = abs(float(spin.anisotropy_field)) + abs(float(spin.second_order_field))
    return frequency > SILENT * FREQUENCY_PER_FIELD * fields


def _occupancy(card: DeviceCard, voltage: float, temperature: float | None) -> list[Comparison]:
    point = vcma_point(card, voltage, temperature)
    field = float(point.offset_field + 1 / point.slope)
    exact, _ = boltzmann_occupancy(card, *drive_field(card, field), voltage, temperature)
    base = reference("P(high) at H_s + 1/w", "Boltzmann integral", float(exact), "", "")
    found = {
        name: float(vcma_point(c, voltage, temperature).switching_probability(field))
        for name, c in models(card).items()
    }
    return [base, *(compared(base, name, value) for name, value in found.items())]


def _slope(
    card: DeviceCard, spin: Macrospin, voltage: float, temperature: float | None
) -> list[Comparison]:
    point = vcma_point(card, voltage, temperature)
    offset = float(point.offset_field)
    sign = 1.0 if high_state_is_up(card) else -1.0
    step = STEP / abs(float(point.slope))

    def log_odds(field: float) -> float:
        x, z = field_at(card, field, voltage)
        up, down = log_weights(spin, z, x)
        return sign * float(up - down)

    numerical = (log_odds(offset + step) - log_odds(offset - step)) / (2 * step)
    x, z = field_at(card, offset, voltage)
    exact = sign * float(log_odds_slope(spin, z, x))
    base = reference("slope w at H_s", "Boltzmann integral", exact, "m/A", "1/Oe")
    return [
        base,
        compared(base, "its log-odds, differentiated numerically", numerical),
        *(
            compared(base, name, float(vcma_point(c, voltage, temperature).slope))
            for name, c in models(card).items()
        ),
    ]


def _dwell(
    card: DeviceCard, spin: Macrospin, voltage: float, temperature: float | None, seed: int
) -> list[Comparison]:
    point = vcma_point(card, voltage, temperature)
    damping = float(card.magnetism.damping)
    x, z = field_at(card, float(point.offset_field), voltage)
    high = 0 if high_state_is_up(card) else 1
    exact = math.exp(float(log_dwell_times(spin, x, 0.0, z, damping)[high]))
    base = reference("dwell time at H_s", "Fokker-Planck, two-state reduction", exact, "s", "s")
    axial = bool(is_axial(reduced_energy(spin, x, 0.0, z)))
    asymptote, name = (
        (brown_log_dwell_times, "Brown's asymptote")
        if axial
        else (langer_log_dwell_times, "Langer's asymptote (saddles)")
    )
    log_tau0 = math.log(card.thermal.attempt_time)
    full = neel_log_dwell_times(spin, x, 0.0, z, log_tau0)[high]
    printed = vcma_point(models(card).get("Eq. (5) as printed", card), voltage, temperature)
    log_high, log_low = (float(t) for t in printed.log_dwell_times(printed.offset_field))
    eq_3 = compared(base, "Néel-Brown with τ0, Eq. (3) and (6)", math.exp(log_high))
    mean, error = _telegraph(log_high, log_low, seed)
    return [
        base,
        compared(base, name, math.exp(float(asymptote(spin, x, 0.0, z, damping)[high]))),
        compared(base, "Néel-Brown with τ0, barrier of the full energy", math.exp(float(full))),
        eq_3,
        compared(
            reference(base.quantity, eq_3.route, eq_3.value, "s", "s"),
            f"telegraph process, mean of {CYCLES} dwells",
            mean,
            error,
        ),
    ]


def _telegraph(log_high: float, log_low: float, seed: int) -> tuple[float, float]:
    """Return the mean of high dwells of the two-state process and its standard error."""
    duration = CYCLES * (math.exp(log_high) + math.exp(log_low))
    times, start = switching_times(log_high, log_low, duration, seed)
    dwell = np.diff(times)
    # The first complete dwell is in the state that the process did not begin in.
    of_high = dwell[1::2] if start else dwell[::2]
    return float(of_high.mean()), float(of_high.std(ddof=1) / math.sqrt(of_high.size))


def _resonance(
    card: DeviceCard, spin: Macrospin, voltage: float, temperature: float | None
) -> list[Comparison]:
    wells = card_wells(card, 0.0, 0.0, 0.0, voltage, temperature)
    x, z = field_at(card, 0.0, voltage)
    matrix = stiffness(spin, wells.global_minimum, x, 0.0, z).matrix
    general = float(resonance_frequency(matrix))
    first, second = float(spin.anisotropy_field), float(spin.second_order_field)
    if not rings(spin, general):
        return []
    base = reference("resonance at zero field", "second derivatives", general, "Hz", "GHz")
    cone = math.acos(math.sqrt(first / second)) if 0 < first < second else 0.0
    printed = printed_frequency(0.0, 0.0, cone, first, second)
    return [base, compared(base, "Eq. (7): no tilt, nothing in the plane", float(printed))]
