"""The junctions of a machine: a card's dwell times against the input, and their spread."""

import math
from dataclasses import dataclass

import numpy as np

from smtj.card import Card, DeviceCard
from smtj.errors import SmtjError
from smtj.typing import Floats

POINTS = 4097
"""Of the table of dwell times; between them ln τ is straight, to 1e-5 for cai2019."""
BEYOND = 6.0
"""Standard deviations of the offset by which the table exceeds the range of the drive."""


@dataclass(frozen=True)
class Response:
    """ln τ of the nominal junction against its input x, the log-odds that it is to have.

    The electronics turn x into the drive H_s + x/w of the nominal junction as it was calibrated;
    logarithms of times are relative to ``relaxation_time``.
    """

    inputs: Floats
    """x, a uniform grid."""
    mean: Floats
    """(ln τ_high + ln τ_low)/2."""
    odds: Floats
    """ln τ_high - ln τ_low, the log-odds that it has."""
    limits: tuple[float, float]
    """Inputs at which the drive ends."""
    relaxation_time: float
    """τ_r of the nominal, calibrated junction at P = 1/2 in s."""
    log_attempt_time: float
    """ln(τ0/τ_r)."""


@dataclass(frozen=True)
class Chip:
    """How junctions differ from the nominal one; arrays of shape (machines, p-bits)."""

    gains: Floats
    """Factors of the log-odds."""
    shifts: Floats
    """Subtracted from the input: w times the shift of H_s."""
    barriers: Floats
    """Factors of E_b."""


def response(
    card: Card,
    voltage: float | None = None,
    temperature: float | None = None,
    *,
    at_voltage: float | None = None,
    at_temperature: float | None = None,
) -> Response:
    """Return the response of a card's junctions at a bias and a temperature.

    Parameters
    ----------
    card
        The device.
    voltage, temperature
        V in V and T in K of the calibration, by default the card's.
    at_voltage, at_temperature
        Those at which the machine runs, by default those of the calibration.

    Raises
    ------
    SmtjError
        The card has no dwell times or no P(high), or the conditions are out of its range.
    """
    calibrated = card.under_bias(voltage, temperature)
    slope, middle = float(calibrated.slope), float(calibrated.offset_field)
    reach = (np.array([-1.0, 1.0]) * card.drive_limit - middle) * slope
    low, high = float(reach.min()), float(reach.max())
    if not low < 0 < high:
        raise SmtjError(
            f"the drive of card {card.name} does not reach P = 1/2; raise its limit, or give "
            "another voltage"
        )
    margin = 1.0 + BEYOND * abs(slope) * field_spread(card)
    x = np.linspace(low - margin, high + margin, POINTS)
    point = calibrated
    if at_voltage is not None or at_temperature is not None:
        point = card.under_bias(
            voltage if at_voltage is None else at_voltage,
            temperature if at_temperature is None else at_temperature,
        )
    log_high, log_low = (np.asarray(t, float) for t in point.log_dwell_times(middle + x / slope))
    log_relaxation = float(calibrated.log_relaxation_time(middle))
    if not np.isfinite([*log_high, *log_low, log_relaxation]).all():
        raise SmtjError(
            f"card {card.name} has no dwell times over its drive, so that its junctions make no "
            "machine; add them to the card"
        )
    attempt = float(card.thermal.attempt_time) if isinstance(card, DeviceCard) else 1.0
    return Response(
        x,
        (log_high + log_low) / 2 - log_relaxation,
        log_high - log_low,
        (low, high),
        math.exp(log_relaxation),
        math.log(attempt) - log_relaxation,
    )


def field_spread(card: Card) -> float:
    """Return the standard deviation of H_s with the noise in the field, in the drive's unit."""
    spreads = card.spreads
    return math.hypot(float(spreads.offset_spread), float(spreads.magnetic_noise))


def sample_chip(
    card: Card,
    size: int,
    machines: int,
    slope: float,
    *,
    spread: float = 1.0,
    chip_seed: int = 0,
    seed: int = 0,
) -> Chip:
    """Sample the junctions of a chip from the spreads of a card, as :mod:`smtj.nn` does.

    Log-normal factors of slope and barrier, normal shifts of the offset.  All machines are runs of
    one chip; the noise in the field, slow against a run, differs from run to run.

    Parameters
    ----------
    card, size, machines
        The device, p-bits, and runs.
    slope
        w of the nominal junction per unit of the drive.
    spread
        Multiplies every spread; 0 for junctions that are alike.
    chip_seed, seed
        Of the junctions, and of the noise.
    """
    spreads = card.spreads
    standard = np.random.default_rng(chip_seed).standard_normal((3, size))
    gain = np.exp(spread * float(spreads.slope_spread) * standard[0])
    barrier = np.exp(spread * float(spreads.barrier_spread) * standard[2])
    if card.barrier_sets_slope:
        gain = gain * barrier
    shift = spread * slope * float(spreads.offset_spread) * standard[1]
    noise = np.random.default_rng([seed, 1]).standard_normal((machines, size))
    shifts = shift + spread * slope * float(spreads.magnetic_noise) * noise
    rows = (np.broadcast_to(row, (machines, size)) for row in (gain, shifts, barrier))
    return Chip(*(np.ascontiguousarray(row) for row in rows))
