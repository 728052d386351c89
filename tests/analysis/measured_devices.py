"""Telegraph noise of devices that no card describes, made without smtj.lab and smtj.dynamics."""

import numpy as np
import pandas as pd


def states(rng, tau_high, tau_low, interval, count):
    """States at readings of an alternating renewal process with exponential dwells."""
    end = interval * count
    size = int(4 * end / (tau_high + tau_low)) + 60
    state = int(rng.random() < tau_high / (tau_high + tau_low))
    first, second = (tau_high, tau_low) if state else (tau_low, tau_high)
    dwells = np.empty(2 * size)
    dwells[0::2], dwells[1::2] = rng.exponential(first, size), rng.exponential(second, size)
    edges = np.cumsum(dwells)
    assert edges[-1] > end
    return state ^ (np.searchsorted(edges, interval * np.arange(1, count + 1)) & 1)


def readings(rng, times, interval, count, levels, noise, **conditions):
    """A trace as a table with headers, from (τ_high, τ_low), (high, low) and the noise in ohm."""
    high = states(rng, *times, interval, count).astype(bool)
    ohm = np.where(high, *levels) + noise * rng.standard_normal(count)
    time = interval * np.arange(1, count + 1)
    return pd.DataFrame({"time [s]": time, "resistance [ohm]": ohm, **conditions})


def random_trace(rng, count=3000):
    """A trace of a random device, with its truth by name of a card's entry."""
    tau = np.exp(rng.uniform(np.log(5e-4), np.log(5e-3), 2))
    low = rng.uniform(500, 5000)
    high = low * (1 + rng.uniform(0.1, 1.5))
    noise = (high - low) * rng.uniform(0.03, 0.12)
    interval = tau.min() / rng.uniform(4, 12)
    truth = {
        "dwell_time_high": tau[0], "dwell_time_low": tau[1],
        "resistance_high": high, "resistance_low": low, "noise_high": noise,
    }  # fmt: skip
    return readings(rng, tau, interval, count, (high, low), noise), truth


FIELD, VOLTAGE = "field_out_of_plane [Oe]", "voltage [V]"
RANGES = {FIELD: ((0.08, 0.3), (-30, 30)), VOLTAGE: ((20, 60), (-0.05, 0.05))}
"""Of the slope w and the middle x_s of a random device, by the header of its drive x."""


def random_scan(rng, asymmetry=0.0, curvature=0.0, values=9, count=3000, drive=FIELD):
    """Traces of a random device along a drive, with its truth by name of a card's entry.

    ln τ = ln τ_middle ± u/2 + a u + c u², u = w (x - x_s).
    """
    w, middle = (rng.uniform(*ends) for ends in RANGES[drive])
    tau = np.exp(rng.uniform(np.log(1e-3), np.log(1e-2)))
    low = rng.uniform(500, 5000)
    high = low * (1 + rng.uniform(0.1, 1.5))
    noise = (high - low) * rng.uniform(0.03, 0.1)
    interval = tau / rng.uniform(6, 12)
    rows = []
    for x in middle + np.linspace(-3, 3, values) / w:
        u = w * (x - middle)
        common = tau * np.exp(asymmetry * u + curvature * u**2)
        times = common * np.exp(u / 2), common * np.exp(-u / 2)
        rows.append(readings(rng, times, interval, count, (high, low), noise, **{drive: x}))
    truth = {
        "slope": w, "midpoint": middle, "dwell_time": tau,
        "resistance_high": high, "resistance_low": low,
    }  # fmt: skip
    return pd.concat(rows), truth
