"""What other measurements leave on a card: levels in volts and amperes, τ(T), loops, pulses."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from measured_devices import random_scan, random_trace, readings
from typer.testing import CliRunner

import smtj
from closeness import close_to
from smtj.analysis.card_check import check_card
from smtj.cli import app
from smtj.errors import SmtjError
from smtj.inference.stats.estimate import DECADE
from smtj.lab import Instrument
from smtj.measurement import parse_only, save
from smtj.units import Oe, ns

BIAS = {"voltage": ("V", 10e-6), "current": ("A", 0.2)}
"""Unit of what is read, and the constant current or voltage."""


def in_own_unit(frame, quantity):
    """A table of resistances as what was read at a constant bias."""
    unit, bias = BIAS[quantity]
    ohm = frame.pop("resistance [ohm]")
    return frame.assign(**{f"{quantity} [{unit}]": bias * ohm if unit == "V" else bias / ohm})


@pytest.mark.parametrize("quantity", BIAS)
def test_levels_keep_their_unit_and_the_laboratory_reads_them(quantity):
    frame, truth = random_trace(np.random.default_rng(31))
    _, bias = BIAS[quantity]
    result = smtj.fit(in_own_unit(frame, quantity), source="scope.csv")
    card = result.card()
    assert card.observable == quantity and card.behaviour.resistance_high is None
    for state in ("high", "low"):
        ohm, level = truth[f"resistance_{state}"], getattr(card.levels, state)
        expected = bias * ohm if quantity == "voltage" else bias / ohm
        # A mean of 1/R lies above 1 over the mean by the noise squared.
        assert abs(level - expected) < 4.5 * level.standard_error + 0.01 * expected
    assert not result.check(card).remarks
    data = smtj.lab.trace(card, len(frame), seed=2)
    assert list(data.data_vars) == [quantity]
    again = smtj.fit(data, source="again.csv").card()
    for name in ("high", "low", "noise_high"):
        one, other = getattr(card.levels, name), getattr(again.levels, name)
        assert abs(one - other) < 4.5 * np.hypot(one.standard_error, other.standard_error), name
    with pytest.raises(SmtjError, match="drift in ohm cannot be added"):
        smtj.lab.trace(card, 10, instrument=Instrument(noise=5.0))
    with pytest.raises(SmtjError, match=r"fit the data again with --(current|voltage)"):
        card.at().resistances()


@pytest.mark.slow
def test_levels_in_volts_follow_the_drive_of_a_scan():
    frame, truth = random_scan(np.random.default_rng(32), values=5, count=2000)
    along = frame["field_out_of_plane [Oe]"] - truth["midpoint"]
    slanted = frame["resistance [ohm]"] + 2 * truth["resistance_low"] * 1e-3 * along
    card = smtj.fit(in_own_unit(frame.assign(**{"resistance [ohm]": slanted}), "voltage")).card()
    levels = card.voltage_levels
    per_odds = 10e-6 * 2e-3 * truth["resistance_low"] / truth["slope"]
    for state in ("high", "low"):
        level, change = getattr(levels, state), getattr(levels, f"{state}_per_log_odds")
        assert abs(level - 10e-6 * truth[f"resistance_{state}"]) < 4.5 * level.standard_error
        assert abs(change - per_odds) < 4.5 * change.standard_error
    fields = frame["field_out_of_plane [Oe]"].unique() * Oe
    again = smtj.fit(smtj.lab.scan(card, fields, 2000, seed=1)).card().voltage_levels
    error = np.hypot(levels.high.standard_error, again.high.standard_error)
    assert abs(levels.high - again.high) < 4.5 * error


def temperatures(rng, kelvin, scatter):
    """A table of dwell times, E_b/k_B = 5700 K and 5500 K, τ0 = 0.2 ns."""
    logs = np.log(2e-10) + np.outer(1 / kelvin, [5700.0, 5500.0])
    times = np.exp(logs + scatter * rng.standard_normal(logs.shape))
    return pd.DataFrame({"T (K)": kelvin, "tau_AP (s)": times[:, 0], "tau_P (s)": times[:, 1]})


def test_a_table_of_dwell_times_against_temperature_gives_barriers():
    kelvin = np.array([285.0, 295.0, 310.0, 320.0, 330.0])
    result = smtj.fit(temperatures(np.random.default_rng(33), kelvin, 0.03), source="arr.csv")
    low, high = result["τ0"].interval
    assert result.verdict == "ok" and low < 2e-10 < high
    card = result.card()
    law, at = card.temperature_response, card.temperature
    assert at == 295.0 and (law.lowest, law.highest) == (285.0, 330.0)
    for state, kelvins in (("high", 5700.0), ("low", 5500.0)):
        factor = getattr(law, f"stability_factor_{state}")
        assert abs(factor - kelvins / at) < 4.5 * factor.standard_error
    times = card.at(temperature=325.0).dwell_times()
    np.testing.assert_allclose(
        np.log(times), np.log(2e-10) + np.array([5700, 5500]) / 325, atol=0.1
    )
    assert max(abs(one.z) for one in result.check(card).comparisons) < 4.5
    with pytest.raises(SmtjError, match="measured from 285 to 330 K, and holds nothing of 340 K"):
        card.at(temperature=340.0)


@pytest.mark.slow
def test_the_scatter_of_a_table_gives_intervals_that_hold():
    rng, kelvin = np.random.default_rng(34), np.array([290.0, 300.0, 310.0, 320.0])
    inside = []
    for _ in range(150):
        low, high = smtj.fit(temperatures(rng, kelvin, 0.05))["E_b/k_BT"].interval
        inside.append(low < 5600 / 300 < high)
    assert np.mean(inside) > 0.95 - 3 * np.sqrt(0.05 * 0.95 / 150)


@pytest.mark.slow
def test_traces_at_temperatures_come_back_from_the_card_that_they_made():
    rng, kelvin = np.random.default_rng(35), np.array([300.0, 310.0, 320.0, 330.0])
    rows = [
        readings(
            rng, tuple(np.exp(np.log(2e-10) + np.array([5700, 5500]) / t)), 5e-4, 4000,
            (6500.0, 5000.0), 60.0, **{"temperature [K]": t},
        )
        for t in kelvin
    ]  # fmt: skip
    result = smtj.fit(pd.concat(rows), source="tau_of_T.csv")
    card = result.card()
    assert not result.check(card).remarks
    again = smtj.fit(smtj.lab.temperature_scan(card, kelvin, 4000, seed=3)).card()
    for name in ("stability_factor_high", "stability_factor_low"):
        one, other = (getattr(c.temperature_response, name) for c in (card, again))
        assert abs(one - other) < 4.5 * np.hypot(one.standard_error, other.standard_error)


def square_loop(rng, quantity="R (Ohm)", scale=1.0):
    field = np.arange(-200.0, 201.0, 5.0)
    up, down = (np.where(field > at, 1150.0, 1000.0) for at in (72, -28))
    ohm = np.r_[up, down[::-1]] + 3 * rng.standard_normal(2 * field.size)
    return pd.DataFrame({"H_z (Oe)": np.r_[field, field[::-1]], quantity: scale * ohm})


@pytest.mark.parametrize(("quantity", "scale"), [("R (Ohm)", 1.0), ("V (mV)", 0.01)])
def test_a_loop_leaves_levels_and_switching_fields_and_comes_back(quantity, scale):
    first = smtj.fit(square_loop(np.random.default_rng(36), quantity, scale), source="loop.csv")
    card = first.card()
    loop = card.loop
    assert (loop.direction, loop.shape, loop.sense) == ("out_of_plane", "square", "rises")
    assert loop.offset_field / Oe == close_to(22, abs=2.6)
    assert loop.coercive_field / Oe == close_to(50, abs=2.6)
    once_a_second = Instrument(interval=1.0, integration_time=0.0)
    data = smtj.lab.field_sweep(card, np.arange(-150, 151, 5) * Oe, instrument=once_a_second)
    second = smtj.fit(data, source="again.csv").card()
    assert abs(second.loop.offset_field - loop.offset_field) < 5 * Oe
    one, other = (
        c.levels.high if c.levels else c.behaviour.resistance_high for c in (card, second)
    )
    assert abs(one - other) < 4.5 * np.hypot(one.standard_error, other.standard_error)
    with pytest.raises(SmtjError, match="dwell_time_low are missing"):
        smtj.nn.MTJNeuron(card, 3)
    with pytest.raises(SmtjError, match="no loop in the in-plane field"):
        smtj.lab.field_sweep(card, 0.0, np.arange(-150, 151, 5) * Oe, instrument=once_a_second)


def test_a_loop_on_a_card_with_physics_says_what_the_card_does_not_hold():
    frame = square_loop(np.random.default_rng(36))
    for header, is_held in (("H_z (Oe)", True), ("H (Oe)", False)):
        named = frame.rename(columns={"H_z (Oe)": header})
        said = " ".join(smtj.fit(named, "cai2019").remarks)
        assert "no card with physics has H_c and H_off as entries" in said
        # Without a direction of the field nothing can be held against the card.
        assert ("the card is held against them" in said) is is_held
        assert ("for how long each field was held is not stated" in said) is is_held
        assert ('(--column "field_out_of_plane=H", or field_in_plane)' in said) is not is_held


@pytest.mark.slow
def test_a_card_with_physics_is_held_against_the_fields_of_a_loop():
    once_a_second = Instrument(interval=1.0, integration_time=0.0, noise=20.0)
    loop = smtj.lab.field_sweep(
        "sidielvalli2025", np.arange(-1500, 1501, 60) * Oe, instrument=once_a_second
    )
    result = smtj.fit(loop, "sidielvalli2025")
    check = result.check(result.card())
    assert {one.measured.symbol for one in check.comparisons} == {"R_high", "R_low", "H_c", "H_off"}
    assert max(abs(one.z) for one in check.comparisons) < 4.5 and not check.remarks
    harder = smtj.load_card("sidielvalli2025").replace({"magnetism.anisotropy_field": "200 mT"})
    said = " ".join(result.check(harder).remarks)
    assert "the card misses its data: H_c (loop)" in said
    width = next(one.measured for one in check.comparisons if one.measured.symbol == "H_c")
    guessed = replace(width, sweep=replace(width.sweep, log_error=DECADE))
    errors = [check_card(harder, [m]).comparisons[0].measured.error for m in (width, guessed)]
    assert errors[1] > 1.2 * errors[0]


def test_a_rounded_loop_keeps_its_fields_but_is_not_swept():
    field = np.linspace(-300, 300, 121)
    ohm = 1200 + 200 * np.tanh((np.r_[field, field[::-1]] - 20) / 60)
    ohm += np.random.default_rng(37).standard_normal(ohm.size)
    frame = pd.DataFrame({"H_z (Oe)": np.r_[field, field[::-1]], "R (Ohm)": ohm})
    card = smtj.fit(frame, source="tanh.csv").card()
    assert card.loop.offset_field / Oe == close_to(20, abs=1)
    assert card.behaviour.resistance_high == close_to(1400, rel=0.01)
    with pytest.raises(SmtjError, match="is rounded, and the card does not hold the curve"):
        smtj.lab.field_sweep(card, np.arange(-150, 151, 5) * Oe)


def pulses(rng, volts=(0.8,)):
    length = np.geomspace(5, 200, 12)
    rows = []
    for v in volts:
        high = rng.binomial(500, -np.expm1(-length / 35))
        rows.append(
            pd.DataFrame(
                {"pulse width (ns)": length, "P_sw": high / 500, "n": 500, "V pulse (V)": v}
            )
        )
    return pd.concat(rows)


def test_p_against_pulse_length_leaves_the_dwell_time_of_the_pulse():
    card = smtj.fit(pulses(np.random.default_rng(38)), source="pulse.csv").card()
    tau = card.pulse_response.dwell_time
    assert abs(tau - 35 * ns) < 4.5 * tau.standard_error
    assert card.pulse_response.voltage == close_to(0.8)
    assert card.pulse_response.shape is None
    with pytest.raises(SmtjError, match="dwell_time_low are missing"):
        card.at()


def test_pulses_say_why_they_leave_a_card_with_physics_alone():
    result = smtj.fit(pulses(np.random.default_rng(38)), "cai2019")
    assert not result.has_card
    assert any("without --base (base=) a card holds it" in remark for remark in result.remarks)


def test_pulses_are_not_read_as_a_trace():
    card = smtj.fit(pulses(np.random.default_rng(38))).card()
    with pytest.raises(SmtjError, match="smtj measure pulses"):
        smtj.lab.trace(card, 10)


@pytest.mark.parametrize("shape", [1.0, 1.7])
def test_pulses_come_back_from_the_card_that_they_made(shape, tmp_path):
    rng, length = np.random.default_rng(41), np.geomspace(5, 200, 12)
    high = rng.binomial(500, -np.expm1(-((length / 35) ** shape)))
    table = {"pulse width (ns)": length, "P_sw": high / 500, "n": 500, "I pulse (uA)": 60.0}
    card = smtj.fit(pd.DataFrame(table), source="pulse.csv").card()
    data = smtj.lab.pulse_scan(card, length * ns, 500, seed=1)
    again = smtj.fit(save(data, tmp_path / "again.csv")).card()
    one, other = card.pulse_response, again.pulse_response
    error = np.hypot(one.dwell_time.standard_error, other.dwell_time.standard_error)
    assert abs(one.dwell_time - other.dwell_time) < 4.5 * error
    assert other.current == close_to(60e-6) and (one.shape is None) == (shape == 1.0)
    with pytest.raises(SmtjError, match="holds pulses of up to 200 ns, and nothing of 300 ns"):
        smtj.lab.pulse_scan(card, 300 * ns)
    with pytest.raises(SmtjError, match=r"no law for a current of .*; leave current out"):
        smtj.lab.pulse_scan(card, 100 * ns, current=1e-4)


def test_pulses_of_a_card_with_physics_are_those_of_its_switching_map():
    settings = {"voltage": 1.65, "seed": 3}
    found = smtj.lab.pulse_scan("cai2019", [1 * ns, 2 * ns], 20, **settings)
    whole = smtj.lab.switching_map("cai2019", length=[1 * ns, 2 * ns], trajectories=20, **settings)
    np.testing.assert_array_equal(found.probability, whole.probability[0])
    with pytest.raises(SmtjError, match="give the voltage of the pulse"):
        smtj.lab.pulse_scan("cai2019", 1 * ns)


def test_pulses_of_several_voltages_say_why_there_is_no_card():
    result = smtj.fit(pulses(np.random.default_rng(39), (0.7, 0.8)))
    assert not result.has_card
    said = result.parts[0].remarks[-1]
    assert "a card has one kind of pulse" in said and '(--only "voltage=0.7 V")' in said


def test_one_of_several_branches_is_chosen():
    frame = pulses(np.random.default_rng(39), (0.7, 0.8))
    card = smtj.fit(frame, only={"voltage": 0.8}).card()
    assert card.pulse_response.voltage == close_to(0.8)
    with pytest.raises(SmtjError, match="it has voltage 700 mV and 800 mV"):
        smtj.fit(frame, only={"voltage": 0.9})
    with pytest.raises(SmtjError, match='no column "branch" to choose by'):
        smtj.fit(frame, only={"branch": "P->AP"})


def test_a_stretch_of_a_record_is_chosen_by_its_ends(tmp_path):
    rng = np.random.default_rng(40)
    states = np.repeat(np.arange(300) % 2, 1 + rng.exponential(8, 300).astype(int))
    time = 1e-3 * np.arange(states.size)
    # Nothing switches in the first half second.
    signal = np.where(time < 0.5, 0, states) + 0.1 * rng.standard_normal(time.size)
    file = tmp_path / "trace.csv"
    frame = pd.DataFrame({"time [s]": time, "resistance [ohm]": 5000 + 500 * signal})
    frame.to_csv(file, index=False)
    args = ["fit", str(file), "--json", "--only"]
    told = CliRunner().invoke(app, [*args, "time=0.5:9 s"])
    assert told.exit_code == 0
    kept = smtj.fit(frame, only={"time": (0.5, 9.0)})
    assert kept.fit.time[0] == close_to(0.5)
    assert f'"value": {kept["τ_low"].value}' in told.stdout
    with pytest.raises(SmtjError, match="is no range"):
        parse_only(["time=9:0.5 s"])
    with pytest.raises(SmtjError, match="it has time 0 s to"):
        smtj.fit(frame, only={"time": (20.0, 30.0)})


def test_a_branch_of_probabilities_is_chosen_by_its_label(tmp_path):
    x = np.arange(-40.0, 41, 8)
    rows = [
        pd.DataFrame(
            {"H_z (Oe)": x, "branch": name, "N": 400,
             "P": np.round(1 / (1 + np.exp(-0.1 * (x - middle))), 4)}
        )
        for name, middle in (("P->AP", 12.0), ("AP->P", -10.0))
    ]  # fmt: skip
    file = tmp_path / "both.csv"
    pd.concat(rows).to_csv(file, index=False)
    both = smtj.fit(file)
    assert not both.has_card and '(--only "branch=P->AP")' in both.parts[0].remarks[-1]
    run = CliRunner().invoke(
        app, ["fit", str(file), "--only", "branch=AP->P", "--out", str(tmp_path / "one.toml")]
    )
    assert run.exit_code == 0, run.output
    middle = smtj.load_card(tmp_path / "one.toml").field_response.midpoint
    assert abs(middle + 10 * Oe) < 4.5 * middle.standard_error


@pytest.mark.parametrize(
    ("header", "direction"), [("H_z (Oe)", "out_of_plane"), ("H (Oe)", "unknown")]
)
def test_probabilities_come_back_from_the_card_that_they_made(header, direction, tmp_path):
    rng, x = np.random.default_rng(40), np.arange(-60, 61, 7.5)
    high = rng.binomial(300, 1 / (1 + np.exp(-(x - 8) / 11)))
    card = smtj.fit(pd.DataFrame({header: x, "n_AP": high, "n": 300}), source="p.csv").card()
    data = smtj.lab.scan(card, x * Oe, 300, seed=1)
    assert data.probability.dims == ("field",) and float(data.reads) == 300
    again = smtj.fit(save(data, tmp_path / "again.csv")).card()
    assert card.field_response.direction == again.field_response.direction == direction
    for name in ("slope", "midpoint"):
        one, other = (getattr(c.field_response, name) for c in (card, again))
        assert abs(one - other) < 4.5 * np.hypot(one.standard_error, other.standard_error), name
    with pytest.raises(SmtjError, match="noise and drift in ohm could be added"):
        smtj.lab.scan(card, x * Oe, 300, instrument=Instrument(noise=1.0))
    with pytest.raises(SmtjError, match="no law for a bias of 100 mV"):
        smtj.lab.voltage_scan(card, [0.0, 0.1], x * Oe)
