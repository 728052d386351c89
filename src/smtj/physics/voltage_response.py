"""P(V): what the voltage across a junction does to its occupancy, as a table over its range."""

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from smtj.card import CardLike, DeviceCard, as_device
from smtj.errors import SmtjError
from smtj.physics.point import plain

PIECES = 64
"""Pieces of the cubic spline of ℓ(V)."""
SATURATED = 20.0
"""ln odds beyond which the voltage need not go: P is 0 or 1 to 2e-9."""
PARTS = (1 / 64, 1 / 16, 1 / 4, 1.0)
"""Of the card's range of voltages, tried in turn."""
NODES = 32
"""Nodes of the mean over inputs."""
MIN_CHANGE = 0.1
"""Change of ln odds over the card's range of voltages below which a voltage is no drive."""


class VoltageResponse(NamedTuple):
    """P(V) of a card's nominal device in a constant field, as a table over its range."""

    low: float
    high: float
    """Ends of the range in V."""
    centre: float
    """V in V at which P(high) is one half, or 0 V if it is nowhere."""
    slope: float
    """dℓ/dV there in 1/V."""
    log_odds: tuple[float, ...]
    """ℓ at PIECES + 1 voltages from end to end."""
    field: tuple[float, ...]
    """H_s + ℓ/w at the same voltages, in A/m."""
    current: tuple[float, ...]
    """|V|/R in A at the same voltages, the mean of both states."""
    log_rate: tuple[float, ...]
    """ln(1/τ_r), τ_r in s, at the same voltages: 1/τ_r = 1/τ_high + 1/τ_low."""


def voltage_response(
    card: CardLike,
    field: float = 0.0,
    temperature: float | None = None,
    monotonic: bool = True,
) -> VoltageResponse:
    """Evaluate P(V) of a card, up to its limit of voltage or to where P(high) is 0 or 1.

    Parameters
    ----------
    card
        The device.
    field
        The constant field in A/m, along the card's drive.
    temperature
        T in K; by default the card's.
    monotonic
        Whether the range also ends where P(V) turns, to either side of its centre; a tilted axis
        and VCMA can make it turn.

    Raises
    ------
    SmtjError
        The voltage hardly changes P(high) at this field.

    Examples
    --------
    >>> import smtj
    >>> card = smtj.load_card("funatsu2022").replace({"spin_torque.polarisation": 0.6})
    >>> response = voltage_response(card)
    >>> print(f"{1e3 / abs(response.slope):.2f} mV for a change of ln odds of 1")
    0.89 mV for a change of ln odds of 1
    """
    device = as_device(card)
    kelvin = device.temperature if temperature is None else float(temperature)
    return _response(device, float(field), kelvin, monotonic)


@lru_cache(maxsize=64)
def _response(
    device: DeviceCard, field: float, temperature: float, monotonic: bool
) -> VoltageResponse:
    """Return :func:`voltage_response`, which a tilted axis makes slow."""
    from scipy.interpolate import CubicSpline

    limit = device.voltage_limit
    low, high = _reach(device, field, temperature)
    for _ in range(2):
        volts = np.linspace(low, high, PIECES + 1)
        odds, rate = _log_odds_and_rate(device, volts, field, temperature)
        curve, rates = CubicSpline(volts, odds), CubicSpline(volts, rate)
        crossings = [root for root in curve.roots(extrapolate=False) if low <= root <= high]
        centre = float(min(crossings, key=abs)) if crossings else 0.0
        low, high = _unsaturated(volts, odds, centre)
        if (low, high) == (volts[0], volts[-1]):
            break
    if monotonic:
        volts, odds = _up_to_turns(volts, odds, centre)
    if np.ptp(odds) < MIN_CHANGE:
        raise SmtjError(
            f"the voltage of card {device.name} changes the log-odds of P(high) by only "
            f"{np.ptp(odds):.2g} within its limit of {limit:g} V at this field, so it cannot drive "
            "a neuron; give another field, or a card with a spin torque"
        )
    rest = device.under_bias(0.0, temperature)
    h_s, w = (float(np.asarray(entry)) for entry in (rest.offset_field, rest.slope))
    found = device.at(voltage=volts, field=field, temperature=temperature).resistances()
    p = 1 / (1 + np.exp(-odds))
    current = np.abs(volts) * (p / found.high + (1 - p) / found.low)
    return VoltageResponse(
        float(volts[0]),
        float(volts[-1]),
        centre,
        float(curve(centre, 1)),
        tuple(odds.tolist()),
        tuple((h_s + odds / w).tolist()),
        tuple(current.tolist()),
        tuple(rates(volts).tolist()),
    )


def _up_to_turns(volts: Any, odds: Any, centre: float) -> tuple[Any, Any]:
    """Return the part of a curve around its centre that rises or falls throughout, resampled."""
    from scipy.interpolate import CubicSpline

    curve = CubicSpline(volts, odds)
    turns = curve.derivative().roots(extrapolate=False)
    turns = turns[np.isfinite(turns)]
    below, above = turns[turns < centre], turns[turns > centre]
    low = float(below.max()) if below.size else float(volts[0])
    high = float(above.min()) if above.size else float(volts[-1])
    part = np.linspace(low, high, PIECES + 1)
    return part, curve(part)


def mean_current(response: VoltageResponse, spread: float) -> float:
    """Mean |V|/R in A over normal inputs whose ln odds have a standard deviation of ``spread``.

    One unit of input changes ln odds by 1 at the centre; the voltage stays within its range.
    """
    x, weight = np.polynomial.hermite_e.hermegauss(NODES)
    volts = np.clip(response.centre + spread * x / response.slope, response.low, response.high)
    at = np.linspace(response.low, response.high, PIECES + 1)
    return float(weight @ np.interp(volts, at, response.current) / weight.sum())


def occupancies(response: VoltageResponse) -> tuple[float, float]:
    """The least and the largest P(high) within the range of voltages."""
    low, high = (1 / (1 + math.exp(-pick(response.log_odds))) for pick in (min, max))
    return low, high


def reaches(response: VoltageResponse, spread: float) -> bool:
    """Whether the range of voltages covers ln odds of either sign as large as ``spread``."""
    return min(response.log_odds) <= -spread and max(response.log_odds) >= spread


def _log_odds_and_rate(
    card: DeviceCard, volts: Any, field: float, temperature: float | None
) -> tuple[Any, Any]:
    point = card.at(voltage=volts, field=field, temperature=temperature)
    logs = (np.asarray(plain(log), dtype=np.float64) for log in point.log_dwell_times())
    high, low = (np.broadcast_to(log, volts.shape) for log in logs)
    return high - low, np.logaddexp(-high, -low)


def _reach(card: DeviceCard, field: float, temperature: float | None) -> tuple[float, float]:
    """Return a range at whose ends P(high) is 0 and 1, or the card's."""
    limit = card.voltage_limit
    tried, size = 0.0, 0.0
    for part in PARTS:
        # ln odds grow about as the voltage; a solve in the plane takes up to a second.
        if tried and part < PARTS[-1] and size * part / tried < SATURATED / 4:
            continue
        ends = part * limit * np.array([-1.0, 1.0])
        odds, _ = _log_odds_and_rate(card, ends, field, temperature)
        if np.all(np.abs(odds) > SATURATED) and odds[0] * odds[1] < 0:
            break
        tried, size = part, float(np.abs(odds).max())
    return float(ends[0]), float(ends[1])


def _unsaturated(volts: Any, odds: Any, centre: float) -> tuple[float, float]:
    """Return the voltages around the centre up to which P(high) is neither 0 nor 1."""
    far = np.abs(odds) > SATURATED
    below, above = volts[far & (volts < centre)], volts[far & (volts > centre)]
    return (
        float(below.max()) if below.size else float(volts[0]),
        float(above.min()) if above.size else float(volts[-1]),
    )
