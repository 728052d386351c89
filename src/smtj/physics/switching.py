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

    τ_high is the mean time spent in the high-resistance state, as Eq. 2 needs it; the prose below
    Eq. 2 swaps the two.

    Parameters
    ----------
    stability_factor
        Δ = E_b/(k_B T).
    h
        Reduced field from :func:`reduced_field`.
    log_attempt_time
        ln(τ0/s); the paper assumes τ0 = 1 ns.

    Returns
    -------
    tuple
        ln(τ_high/s) and ln(τ_low/s), of the broadcast shape.
    """
    return (
        log_attempt_time + stability_factor * (1 + h) ** 2,
        log_attempt_time + stability_factor * (1 - h) ** 2,
    )


def dwell_times(stability_factor: Array, h: Array, log_attempt_time: Array) -> tuple[Array, Array]:
    """τ_high and τ_low in s; infinite where they exceed what a float can hold.

    Arguments as in :func:`log_dwell_times`, which never overflows.
    """
    xp, logarithms = as_arrays(*log_dwell_times(stability_factor, h, log_attempt_time))
    with np.errstate(over="ignore"):
        log_high, log_low = logarithms
        return xp.exp(log_high), xp.exp(log_low)


def probability_from_dwell_times(log_high: Array, log_low: Array) -> Array:
    """P(high) = τ_high/(τ_low + τ_high) (Eq. 2), from the logarithms, so that nothing overflows."""
    return logistic(log_high - log_low)


def log_relaxation_time(log_dwell_high: Array, log_dwell_low: Array) -> Array:
    """ln(τ_r/s), 1/τ_r = 1/τ_high + 1/τ_low: how long a two-state device remembers its state.

    Parameters
    ----------
    log_dwell_high, log_dwell_low
        ln(τ_high/s) and ln(τ_low/s); both broadcast together.
    """
    xp, (high, low) = as_arrays(log_dwell_high, log_dwell_low)
    return -xp.logaddexp(-high, -low)


def slope(stability_factor: Array, effective_field: Array) -> Array:
    """Slope w = 4 E_b/(k_B T H_k,eff) of the sigmoid in 1/(A/m) (Eq. 5), from Δ and A/m."""
    return 4 * stability_factor / effective_field


def effective_field(stability_factor: Array, slope: Array) -> Array:
    """H_k,eff = 4Δ/w in A/m: Eq. 5 the other way round.

    Where there is no barrier the reduced field has no meaning; 4/w then keeps it finite.
    """
    xp, (delta, w) = as_arrays(stability_factor, slope)
    return 4 * xp.where(delta > 0, delta, xp.ones_like(delta)) / w


def log_odds(field: Array, slope: Array, offset_field: Array) -> Array:
    """ln(P/(1 - P)) = w (H_⊥ - H_s), the exponent of Eq. 5; arguments as in the next function."""
    return slope * (field - offset_field)


def switching_probability(field: Array, slope: Array, offset_field: Array) -> Array:
    """P(high | H_⊥) = 1/(1 + exp[-w (H_⊥ - H_s)]) (Eq. 5).

    Parameters
    ----------
    field
        H_⊥ in A/m.
    slope
        w in 1/(A/m).
    offset_field
        H_s in A/m.

    Returns
    -------
    Array
        Probability in [0, 1], of the broadcast shape; finite at any field.
    """
    return logistic(log_odds(field, slope, offset_field))
