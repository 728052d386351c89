"""The drift of a resistance moves no dwell time, however little noise there is to hide it."""

import numpy as np
import pytest

from closeness import close_to
from smtj import load_card, operating_point
from smtj.analysis import fit
from smtj.lab import Instrument, trace
from smtj.physics.junction import state_resistances

CARD = load_card("cai2019")
STATES = state_resistances(CARD, 0.0, 0.0, 0.0, 0.001)
SEPARATION = float(STATES.high - STATES.low)
SEEDS = 6


@pytest.mark.slow
@pytest.mark.parametrize("integration_time", [pytest.param(0.0, marks=pytest.mark.proof), 0.02])
@pytest.mark.parametrize("drift", [-2.0, pytest.param(1.0, marks=pytest.mark.proof)])
def test_dwell_times_and_levels_of_a_drifting_trace(drift, integration_time):
    """The separation of conductances changes by 17 % for every separation of drift."""
    truth = np.log([float(tau) for tau in operating_point(CARD, 0.001).dwell_times(0.0)])
    middle = np.array([float(STATES.low), float(STATES.high)]) + drift * SEPARATION / 2
    z = []
    for seed in range(SEEDS):
        lab = Instrument(0.03, integration_time, noise=2.0, drift=drift * SEPARATION)
        data = trace(CARD, 2000, instrument=lab, seed=seed)
        found = fit(data, CARD).fit
        assert found.fit.verdict == "two levels"
        times = np.log([found.fit.dwell_high, found.fit.dwell_low])
        z.append((times - truth) / np.sqrt(np.diag(found.fit.log_covariance)))
        levels = [found.level(state).value for state in ("low", "high")]
        assert levels == close_to(middle, abs=1.0)
        ends = found.fit.low[[0, -1]]
        assert np.diff(ends) == close_to(drift * SEPARATION, abs=3.0)
    # Mean of standard normal numbers, and of their squares.
    assert np.abs(np.mean(z, axis=0)).max() < 4 / np.sqrt(SEEDS)
    assert np.mean(np.square(z)) == close_to(1, abs=4 * np.sqrt(2 / (2 * SEEDS)))
