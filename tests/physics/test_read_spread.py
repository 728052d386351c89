"""Devices whose currents miss the threshold, against sampled devices and closed forms."""

import numpy as np
import pytest
from scipy.stats import norm

from closeness import close_to
from smtj import DeviceCard
from smtj.physics.readout.signal import ReadSignal, read_signal
from smtj.physics.readout.spread import stuck_fractions


@pytest.fixture(scope="module")
def signal(card: DeviceCard) -> ReadSignal:
    return read_signal(card, 1e-3)


def test_fractions_are_those_of_sampled_devices(signal: ReadSignal) -> None:
    rng, count = np.random.default_rng(0), 400_000
    low, high = 1e-3 / float(signal.low), 1e-3 / float(signal.high)
    scale = np.exp(-0.02 * rng.standard_normal(count))
    contrast = (low / high - 1) * np.exp(0.2 * rng.standard_normal(count))
    mean = (1 / float(signal.low) + 1 / float(signal.high)) / 2
    threshold = (low + high) / 2 + 2e-5 * rng.standard_normal(count) * mean
    of_low, of_high = low * scale, low / (1 + contrast) * scale
    found = stuck_fractions(signal, 0.02, 0.2, 2e-5)
    for fraction, sampled in (
        (found.high, (of_low < threshold) & (of_high < threshold)),
        (found.low, (of_low > threshold) & (of_high > threshold)),
    ):
        assert abs(float(fraction) - sampled.mean()) < 4 * sampled.std() / np.sqrt(count)


def test_a_resistance_off_by_half_the_contrast_decides(signal: ReadSignal) -> None:
    contrast = float(signal.contrast)
    found = stuck_fractions(signal, np.array([0.0, 0.05]))
    assert float(found.high[0]) == float(found.low[0]) == 0
    # A current of 1/(1 + c/2) of the low state's, to first order midway.
    either = norm.sf(np.log(1 + contrast / 2) / 0.05)
    assert float(found.high[1] + found.low[1]) == close_to(2 * either, rel=0.05)


def test_an_offset_of_half_the_signal_decides(signal: ReadSignal) -> None:
    mean = (1 / float(signal.low) + 1 / float(signal.high)) / 2
    half = float(signal.difference) / mean / 2
    found = stuck_fractions(signal, offset=half / 2)
    assert float(found.high) == close_to(norm.sf(2), rel=0.02)
    assert float(found.low) == close_to(norm.sf(2), rel=0.02)


def test_a_tmr_of_half_leaves_the_high_state_above_the_threshold(signal: ReadSignal) -> None:
    low, high = 1e-3 / float(signal.low), 1e-3 / float(signal.high)
    least = (low / ((low + high) / 2) - 1) / (low / high - 1)
    found = stuck_fractions(signal, tmr_spread=0.3)
    assert float(found.low) == close_to(norm.cdf(np.log(least) / 0.3), rel=0.05)
    assert float(found.high) == 0
