"""A plain simulator of telegraph traces, event by event, for the tests of their fits."""

import numpy as np
from scipy.signal import cont2discrete, lfilter


def fractions(rng, dwell_high, dwell_low, time, window=0.0):
    """Share of the window before each time spent high; for no window the state, 0 or 1."""
    begin = time[0] - window
    when, high = [begin], [rng.random() < dwell_high / (dwell_high + dwell_low)]
    while when[-1] <= time[-1]:
        when.append(when[-1] + rng.exponential(dwell_high if high[-1] else dwell_low))
        high.append(not high[-1])
    when, high = np.array(when), np.array(high)
    if window == 0:
        return high[np.searchsorted(when, time, side="right") - 1].astype(float)
    so_far = np.concatenate([[0.0], np.cumsum(np.diff(when) * high[:-1])])
    return (np.interp(time, when, so_far) - np.interp(time - window, when, so_far)) / window


def trace(rng, dwells, readings, window=0.0, noise=0.1, drift="none", outliers=0.0, time=None):
    """Time and signal: levels 0 and 1 on a drift of one, noise, outliers up to 5 off."""
    time = np.arange(1.0, readings + 1) if time is None else time
    x = (time - time[0]) / (time[-1] - time[0])
    low = {"none": 0 * x, "line": x, "bend": np.sin(1.5 * np.pi * x + 1) / 2}[drift]
    signal = low + fractions(rng, *dwells, time, window) + noise * rng.standard_normal(time.size)
    off = rng.random(time.size) < outliers
    signal[off] += rng.uniform(-5, 5, off.sum())
    return time, signal


def low_pass(rng, dwell_high, dwell_low, time, pole):
    """The state behind a single pole at each time, filtered exactly from switch to switch."""
    when, high = [time[0] - 20 * pole], [bool(rng.random() < dwell_high / (dwell_high + dwell_low))]
    value = [float(high[0])]
    while when[-1] <= time[-1]:
        length = rng.exponential(dwell_high if high[-1] else dwell_low)
        value.append(high[-1] + (value[-1] - high[-1]) * np.exp(-length / pole))
        when.append(when[-1] + length)
        high.append(not high[-1])
    last = np.searchsorted(when, time, side="right") - 1
    state = np.array(high, dtype=float)[last]
    return state + (np.array(value)[last] - state) * np.exp(-(time - np.array(when)[last]) / pole)


def flicker(rng, readings):
    """1/f noise of unit variance by spectral synthesis."""
    frequency = np.fft.rfftfreq(2 * readings)
    frequency[0] = np.inf
    phase = np.exp(2j * np.pi * rng.random(frequency.size))
    noise = np.fft.irfft(rng.standard_normal(frequency.size) * phase / np.sqrt(frequency))
    noise = noise[:readings] - noise[:readings].mean()
    return noise / noise.std()


def ringing(rng, dwell_high, dwell_low, readings, damping, frequency, noise=0.05):
    """The state behind a resonance of a frequency per reading, with white noise."""
    fine, omega = 20, 2 * np.pi * frequency
    state = fractions(rng, dwell_high, dwell_low, np.arange(readings * fine) / fine)
    terms = ([omega**2], [1, 2 * damping * omega, omega**2])
    above, below, _ = cont2discrete(terms, 1 / fine)
    seen = lfilter(np.squeeze(above), below, state - state[0]) + state[0]
    return seen[::fine] + noise * rng.standard_normal(readings)
