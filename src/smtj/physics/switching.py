"""Dwell times and switching probability of a two-state junction (Eq. 2-5)."""

import numpy as np

from smtj.physics.arrays import Array, as_arrays, logistic


def reduced_field(field: Array, offset_field: Array, effective_field: Array) -> Array:
    """h = (H_⊥ - H_s)/H_k,eff of Eq. 3 and 4, limited to |h| ≤ 1.

    At |h| = 1 the barrier of one state is gone; the squares of Eq. 3 and 4 would rise again beyond.
    All arguments in A/m.
    """
    xp, (h,) = as_arrays((field - offset_field) / effective_field)
    return xp.clip(h, -1.0, 1.0)


def log_dwell_times(
    stability_factor: Array, h: Array, log_attempt_time: Array
) -> tuple[Array, Array]:
    """Natural logarithms of τ_high and τ_low in s (Eq. 3 and 4); always finite.

    τ_high is the mean time in the high-resistance state, as Eq. 2 needs it; the prose below Eq. 2
    swaps the two.

    Parameters
    ----------
    stability_factor, h
        Δ = E_b/(k_B T), and h of :func:`reduced_field`.
    log_attempt_time
        ln(τ0/s); the paper assumes τ0 = 1 ns.

    Examples
    --------
    >>> log_high, log_low = log_dwell_times(18.5, 0.1, np.log(1e-9))
    >>> float(np.exp(log_high)), float(np.exp(log_low))  # seconds
    (5.27, 0.0032)
    """
    return (
        log_attempt_time + stability_factor * (1 + h) ** 2,
        log_attempt_time + stability_factor * (1 - h) ** 2,
    )


def log_dwell_times_at_odds(
    stability_factor: Array, log_odds: Array, log_attempt_time: Array
) -> tuple[Array, Array]:
    """ln τ_high and ln τ_low in s from Δ and ln(P/(1 - P)), at any field.

    Eq. 3 and 4 with 4Δh = ln(P/(1 - P)) as long as both barriers exist.  Past |h| = 1 one of them
    is gone: the sum of both rates stays, and their ratio is that of Eq. 5.

    Examples
    --------
    >>> high, low = log_dwell_times_at_odds(2.0, 12.0, 0.0)
    >>> float(high - low)
    12.0
    """
    xp, (delta, odds, start) = as_arrays(stability_factor, log_odds, log_attempt_time)
    # Δh, at which the barriers end.
    reach = xp.clip(odds / 4, -delta, delta)
    safe = xp.where(delta > 0, delta, xp.ones_like(delta))
    middle = start + delta + reach**2 / safe
    nothing = xp.zeros_like(odds)
    beyond = tuple(
        xp.logaddexp(nothing, sign * odds) - xp.logaddexp(nothing, sign * 4 * reach)
        for sign in (1, -1)
    )
    return middle + 2 * reach + beyond[0], middle - 2 * reach + beyond[1]


def dwell_times(stability_factor: Array, h: Array, log_attempt_time: Array) -> tuple[Array, Array]:
    """τ_high and τ_low in s, infinite if too large for a float; see :func:`log_dwell_times`."""
    return exponentials(*log_dwell_times(stability_factor, h, log_attempt_time))


def exponentials(log_high: Array, log_low: Array) -> tuple[Array, Array]:
    """τ_high and τ_low in s from their logarithms, infinite if too large for a float."""
    xp, logarithms = as_arrays(log_high, log_low)
    with np.errstate(over="ignore"):
        high, low = logarithms
        return xp.exp(high), xp.exp(low)


def probability_from_dwell_times(log_high: Array, log_low: Array) -> Array:
    """P(high) = τ_high/(τ_low + τ_high) (Eq. 2), from the logarithms, so nothing overflows."""
    return logistic(log_high - log_low)


def log_relaxation_time(log_dwell_high: Array, log_dwell_low: Array) -> Array:
    """ln(τ_r/s) of 1/τ_r = 1/τ_high + 1/τ_low, from ln(τ_high/s) and ln(τ_low/s).

    τ_r is the correlation time of the telegraph signal.
    """
    xp, (high, low) = as_arrays(log_dwell_high, log_dwell_low)
    return -xp.logaddexp(-high, -low)


def slope(stability_factor: Array, effective_field: Array) -> Array:
    """Slope w = 4 E_b/(k_B T H_k,eff) of the sigmoid in 1/(A/m) (Eq. 5), from Δ and A/m."""
    return 4 * stability_factor / effective_field


def effective_field(stability_factor: Array, slope: Array) -> Array:
    """H_k,eff = 4Δ/w in A/m, the inverse of Eq. 5; 4/w where there is no barrier."""
    xp, (delta, w) = as_arrays(stability_factor, slope)
    return 4 * xp.where(delta > 0, delta, xp.ones_like(delta)) / w


def log_odds(field: Array, slope: Array, offset_field: Array) -> Array:
    """ln(P/(1 - P)) = w (H_⊥ - H_s), the exponent of Eq. 5; w in 1/(A/m), fields in A/m."""
    return slope * (field - offset_field)


def switching_probability(field: Array, slope: Array, offset_field: Array) -> Array:
    """P(high | H_⊥) = 1/(1 + exp[-w (H_⊥ - H_s)]) (Eq. 5), finite at any field.

    Fields H_⊥ and H_s in A/m, w in 1/(A/m); they broadcast.

    Examples
    --------
    >>> float(switching_probability(500.0, 1.66e-3, -1104.0))
    0.935
    """
    return logistic(log_odds(field, slope, offset_field))
