"""Two levels far apart are two, whether the noise is that of the resistance or of the current."""

import numpy as np
import pandas as pd
import pytest
from scipy.signal import lfilter

from closeness import close_to
from smtj import load_card, operating_point
from smtj.analysis import fit
from smtj.lab import Instrument, trace
from smtj.physics.junction import state_resistances

CARD = load_card("cai2019").replace({"electrical.tmr": 1.5, "magnetism.easy_axis_tilt": 0.3})
POINT = operating_point(CARD, 0.001)
FIELD = float(POINT.offset_field)
DWELLS = [float(tau) for tau in POINT.dwell_times(FIELD)]
STATES = state_resistances(CARD, 0.0, 0.0, FIELD, 0.001)
HIGH, LOW = float(STATES.high), float(STATES.low)
SEEDS = 8


def noisy(resistance, of, rng):
    """Readings with a noise of a fifth of the separation, in ohm or in the current of a volt."""
    noise = rng.standard_normal(resistance.size) / 5
    if of == "resistance":
        return resistance + (HIGH - LOW) * noise
    return 1 / (1 / resistance + (1 / LOW - 1 / HIGH) * noise)


@pytest.mark.slow
@pytest.mark.parametrize("window", [pytest.param(0, marks=pytest.mark.proof), 1])
@pytest.mark.parametrize("of", ["resistance", pytest.param("current", marks=pytest.mark.proof)])
def test_two_levels_a_third_apart_are_two(of, window):
    assert HIGH / LOW - 1 > 0.29
    truth, interval = np.log(DWELLS), min(DWELLS) / 3
    z = []
    for seed in range(SEEDS):
        lab = Instrument(interval, window * interval)
        data = trace(CARD, 2000, field=FIELD, instrument=lab, seed=seed)
        rng = np.random.default_rng([seed, 7])
        data["resistance"].values[:] = noisy(data["resistance"].values, of, rng)
        found = fit(data, CARD).fit
        assert found.fit.verdict == "two levels"
        times = np.log([found.fit.dwell_high, found.fit.dwell_low])
        z.append((times - truth) / np.sqrt(np.diag(found.fit.log_covariance)))
        assert found.level("high").value == close_to(HIGH, rel=0.02)
        assert found.level("low").value == close_to(LOW, rel=0.02)
    # Mean of standard normal numbers, and of their squares.
    assert np.abs(np.mean(z, axis=0)).max() < 4 / np.sqrt(SEEDS)
    assert np.mean(np.square(z)) == close_to(1, abs=4 * np.sqrt(2 / (2 * SEEDS)))


@pytest.mark.proof
def test_a_slow_current_is_no_slow_resistance():
    """The pole acts on the current: voltage / current is fitted as such, like the current alone."""
    rng, fine, interval = np.random.default_rng(4), 20, 1e-5
    dwells = rng.exponential([22 * fine, 18 * fine], (200, 2)).astype(int) + 1
    high = np.repeat(np.arange(400) % 2 == 0, dwells.ravel())[: 2500 * fine]
    kept = np.exp(-1 / (2 * fine))
    seen = lfilter([1 - kept], [1, -kept], high.astype(float))[::fine]
    current = 20e-3 / 5000 * (1 - seen * (1 - 1 / 2.2)) + 25e-9 * rng.standard_normal(seen.size)
    time = interval * np.arange(seen.size)
    table = pd.DataFrame({"time [s]": time, "voltage [V]": 20e-3, "current [A]": current})
    given = fit(table)
    assert given.fit.fit.verdict == "two levels"
    for symbol, truth in (("R_low", 5000), ("R_high", 11000)):
        assert abs(given[symbol].value - truth) < 4 * given[symbol].error
    alone = fit(table.drop(columns="voltage [V]"))
    for symbol in ("τ_high", "τ_low"):
        assert given[symbol].value == close_to(alone[symbol].value, rel=0.02)
