"""Resistance against a voltage or a current that switches the device."""

import numpy as np
import pandas as pd
import pytest

import smtj
from closeness import close_to
from smtj.errors import SmtjError
from smtj.inference.loop.bias_loop import fit_bias_loop

VOLTS = np.r_[np.linspace(-1, 1, 81), np.linspace(1, -1, 81)]
HIGH = np.where(np.arange(162) < 81, VOLTS < 0.437, VOLTS < -0.588)
OHM = np.where(HIGH, 2000 - 400 * VOLTS**2, 1000 - 20 * VOLTS**2)


def file(kind, rng):
    """A table as a source meter or a lock-in amplifier gives it."""
    noise = rng.standard_normal(VOLTS.size)
    amperes = 5e-4 * VOLTS
    return pd.DataFrame(
        {
            "R of V": {"V (V)": VOLTS, "R (Ohm)": OHM + 5 * noise},
            "R of I": {"I_bias (uA)": 1e6 * amperes, "R (kOhm)": 1e-3 * (OHM + 5 * noise)},
            "V of I": {"I (A)": amperes, "V (V)": amperes * OHM + 1e-3 * noise},
            "I of V": {"V (V)": VOLTS, "I (A)": VOLTS / OHM + 1e-6 * noise},
        }[kind]
    )


@pytest.mark.parametrize("kind", ["R of V", "R of I", "V of I", "I of V"])
def test_a_loop_against_a_bias_gives_both_resistances_and_where_it_switches(kind):
    result = smtj.fit(file(kind, np.random.default_rng(1)), source="loop.csv")
    letter, scale = ("V", 1.0) if kind.endswith("V") else ("I", 5e-4)
    for symbol, truth in (("R_P", 1000.0), ("R_AP", 2000.0), ("TMR", 1.0)):
        assert abs(result[symbol].value - truth) < 4.5 * result[symbol].error, symbol
    for symbol, truth in (("rising", 0.437), ("falling", -0.588), ("c", 0.5125), ("off", -0.0755)):
        low, high = result[f"{letter}_{symbol}"].interval
        assert low < scale * truth < high
    assert "state of high resistance is left at a rising" in result.remarks[0]
    behaviour = result.card().behaviour
    assert behaviour.resistance_high == close_to(2000, abs=6)
    assert result.card("cai2019").electrical.tmr == close_to(1.0, abs=0.01)


def test_intervals_of_a_loop_against_a_bias_hold():
    rng, inside = np.random.default_rng(2), []
    for _ in range(100):
        fit = fit_bias_loop(VOLTS, OHM + 20 * rng.standard_normal(OHM.size))
        truth = (fit.parallel_resistance, 1000.0), (fit.tmr, 1.0)
        inside.append([e.interval[0] < value < e.interval[1] for e, value in truth])
    assert (np.mean(inside, axis=0) > 0.95 - 3 * np.sqrt(0.05 * 0.95 / 100)).all()


@pytest.mark.parametrize(
    "law", [lambda x: 1 - 0.3 * np.abs(x), lambda x: (1 + 0.6 / (1 + (x / 0.5) ** 2)) / 1.6]
)
def test_resistances_at_zero_bias_hold_whatever_the_law_of_the_bias(law):
    """They were up to seven errors off under a parabola."""
    rng, inside = np.random.default_rng(4), []
    x = np.concatenate([np.linspace(-1, 1, 41), np.linspace(1, -1, 41)])
    is_high = np.where(np.arange(x.size) < 41, x < 0.6, x < -0.7)
    for _ in range(20):
        ohm = np.where(is_high, 4000 * law(x), 2500) + 4 * rng.standard_normal(x.size)
        fit = fit_bias_loop(x, ohm)
        truth = (fit.antiparallel_resistance, 4000.0), (fit.tmr, 0.6)
        inside.append([e.interval[0] < value < e.interval[1] for e, value in truth])
    assert (np.sum(inside, axis=0) >= 16).all()


@pytest.mark.parametrize("ohm", [2000 - 400 * VOLTS**2, np.full(VOLTS.size, 1000.0)])
def test_a_bias_dependence_alone_says_which_data_would_do(ohm):
    frame = pd.DataFrame(
        {"V (V)": VOLTS, "R (Ohm)": ohm + np.random.default_rng(3).normal(size=162)}
    )
    with pytest.raises(SmtjError, match=r"162 resistances against the voltage.*P against the bias"):
        smtj.fit(frame)


def test_a_device_that_switches_by_itself_is_no_loop():
    rng = np.random.default_rng(4)
    ohm = np.where(rng.random(162) < 0.5, 2000.0, 1000.0) + rng.normal(size=162)
    frame = pd.DataFrame({"V (V)": VOLTS, "R (Ohm)": ohm})
    with pytest.raises(SmtjError, match="traces"):
        smtj.fit(frame)


def test_no_current_at_all_is_left_out_of_a_sweep():
    data = smtj.load(file("V of I", np.random.default_rng(5)))
    assert data.sizes["reading"] == 160
    assert "2 readings at hardly any current left out" in " ".join(data.attrs["reading_remarks"])
