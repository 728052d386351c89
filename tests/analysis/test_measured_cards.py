"""Measured data become a card of what was measured, which gives them back."""

import json
import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from measured_devices import VOLTAGE, random_scan, random_trace, readings

import smtj
from closeness import close_to
from smtj.analysis.card_update import Measured
from smtj.analysis.switching.behaviour import levels_along
from smtj.card import BehaviouralCard, DeviceCard, Value
from smtj.errors import SmtjError
from smtj.units import Oe, convert

DISPLAY = {"slope": ("m/A", "1/Oe"), "midpoint": ("A/m", "Oe")}


def entries(card):
    """Measured values and errors of a card by the last part of their name, fields in Oe."""
    return {
        name.partition(".")[2]: tuple(
            convert(number, *DISPLAY.get(name.partition(".")[2], ("", "")))
            for number in (value, value.standard_error)
        )
        for name, value, _ in card.values()
        if value.standard_error
    }


def agree(one, other, most=4.5):
    """Assert that two cards agree within their errors."""
    for name in ("resistance_high", "resistance_low", "dwell_time", "slope", "midpoint"):
        if name in one and name in other:
            (a, error), (b, other_error) = one[name], other[name]
            assert abs(a - b) < most * np.hypot(error, other_error), name


@pytest.mark.parametrize("seed", range(3))
def test_a_trace_comes_back_from_the_card_that_it_made(seed):
    frame, truth = random_trace(np.random.default_rng([17, seed]))
    card = smtj.fit(frame, source="rtn.csv").card()
    assert isinstance(card, BehaviouralCard)
    found = entries(card)
    for name, value in truth.items():
        number, error = found[name]
        assert abs(number - value) < 4.5 * error, name
    again = smtj.fit(smtj.lab.trace(card, len(frame), seed=seed)).card()
    assert again.drive.name == "none"
    for name, (value, error) in found.items():
        if not name.startswith("noise"):
            other, other_error = entries(again)[name]
            assert abs(value - other) < 4.5 * np.hypot(error, other_error), name


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asymmetry", "curvature"),
    [
        (0.0, 0.0),
        pytest.param(0.3, 0.0, marks=pytest.mark.proof),
        pytest.param(0.0, 1 / 160, marks=pytest.mark.proof),
    ],
)
def test_a_scan_comes_back_from_the_card_that_it_made(asymmetry, curvature):
    rng = np.random.default_rng([18, round(100 * asymmetry)])
    frame, truth = random_scan(rng, asymmetry, curvature)
    result = smtj.fit(frame, source="scan.csv")
    card = result.card()
    agree(entries(card), {name: (value, 0.0) for name, value in truth.items()})
    fields = frame["field_out_of_plane [Oe]"].unique() * Oe
    data = smtj.lab.scan(card, fields, 3000, seed=1)
    agree(entries(card), entries(smtj.fit(data).card()))
    # What the law of the card gives at each field is what was measured there.
    assert max(abs(one.z) for one in result.check(card).comparisons) < 4.5
    if asymmetry:
        value = card.behaviour.dwell_asymmetry
        assert abs(value - asymmetry) < 4.5 * value.standard_error


@pytest.mark.slow
def test_a_dwell_time_is_as_uncertain_as_the_middle_at_which_it_is_taken():
    frame, _ = random_scan(np.random.default_rng([3, 0]), asymmetry=0.5, values=7, count=1500)
    card = smtj.fit(frame, source="scan.csv").card()
    tau, response = card.behaviour.dwell_time, card.field_response
    moved = card.behaviour.dwell_asymmetry * response.slope * response.midpoint.standard_error
    # Without that of the middle it is 1.28 times what the middle moves it.
    assert tau.standard_error / tau > 1.45 * moved


@pytest.mark.slow
def test_a_dwell_time_at_voltages_counts_how_the_errors_of_both_states_go_together():
    rng = np.random.default_rng(21)
    frame, _ = random_scan(rng, values=5, count=1500, drive=VOLTAGE)
    result = smtj.fit(frame, source="rtn.csv")
    traces = result.parts[-1].fit.traces
    # Both dwell times weighted alike: ln τ is the mean over the traces.
    weights = [4 / trace.fit.log_covariance.sum() for trace in traces]
    tau = result.card().behaviour.dwell_time
    assert tau.standard_error / tau > 0.999 / np.sqrt(np.sum(weights))


@pytest.mark.proof
def test_traces_at_voltages_come_back_from_the_card_that_they_made():
    rng = np.random.default_rng(19)
    volts = np.array([-0.1, -0.05, 0.0, 0.05, 0.1])
    rows = [
        readings(
            rng, (20e-3 * np.exp(u / 2), 20e-3 * np.exp(-u / 2)), 2e-3, 3000, (6500.0, 5000.0),
            60.0, **{"voltage [V]": v},
        )
        for v, u in zip(volts, 30 * (volts - 0.01), strict=True)
    ]  # fmt: skip
    result = smtj.fit(pd.concat(rows))
    card = result.card()
    assert card.drive.name == "voltage" and card.drive_limit == 0.1
    truth = {"slope": 30.0, "midpoint": 0.01, "dwell_time": 20e-3, "resistance_high": 6500.0}
    found = {name.partition(".")[2]: value for name, value, _ in card.values()}
    for name, value in truth.items():
        assert abs(found[name] - value) < 4.5 * found[name].standard_error, name
    again = smtj.fit(smtj.lab.bias_scan(card, 3000, voltage=volts, seed=1)).card()
    other = {name.partition(".")[2]: value for name, value, _ in again.values()}
    for name in truth:
        error = np.hypot(found[name].standard_error, other[name].standard_error)
        assert abs(found[name] - other[name]) < 4.5 * error, name
    assert not result.check(card).remarks


@pytest.mark.slow
def test_scans_at_several_voltages_say_what_a_voltage_changes():
    rng = np.random.default_rng(20)
    rows = []
    for volts in (-0.1, 0.0, 0.1):
        w, middle, tau = 0.14 + 0.2 * volts, -14 + 20 * volts, 3e-3 * np.exp(-5 * volts)
        for field in np.linspace(-34, 6, 5):
            u = w * (field - middle)
            header = {"voltage [V]": volts, "field_out_of_plane [Oe]": field}
            times = tau * np.exp(u / 2), tau * np.exp(-u / 2)
            rows.append(readings(rng, times, 4e-4, 2000, (6500.0, 5000.0), 60.0, **header))
    result = smtj.fit(pd.concat(rows))
    # ξ would need the stack of a card.
    assert "ξ" not in result and "d ln τ/dV" in result
    assert result.parts[-1].plot().get_lines()
    card = result.card()
    response = card.field_response
    for value, truth in (
        (response.slope_per_volt, 0.2 / Oe),
        (response.midpoint_per_volt, 20 * Oe),
        (response.log_dwell_time_per_volt, -5.0),
    ):
        assert abs(value - truth) < 4.5 * value.standard_error
    assert card.voltage_limit == close_to(0.1)
    there = card.at(voltage=0.1, field=0.0)
    assert float(there.slope) == close_to(float(response.slope + 0.1 * response.slope_per_volt))
    with pytest.raises(SmtjError, match="no law for a temperature"):
        card.at(temperature=310.0)


def test_a_card_holds_nothing_that_was_not_measured():
    frame, _ = random_trace(np.random.default_rng(4))
    card = smtj.fit(frame, source="rtn.csv").card()
    assert card.base is None
    text = card.to_toml()
    for absent in ("geometry", "magnetism", "vcma", "tmr", "field", "read_voltage", "variability"):
        assert absent not in text, absent
    assumed = {name for name, value, _ in card.values() if value.provenance == "assumed"}
    assert assumed == {"behaviour.temperature", "behaviour.integration_time"}


def test_conditions_that_the_data_state_are_on_the_card():
    frame, _ = random_trace(np.random.default_rng(4))
    frame["voltage [mV]"] = 10.0
    card = smtj.fit(frame, field_out_of_plane=-14 * Oe, temperature=310.0).card()
    shown = {name: card.behaviour.shown(name) for name in ("read_voltage", "temperature")}
    assert shown == {"read_voltage": "10 mV", "temperature": "310 K"}
    data = smtj.lab.trace(card, 10)
    assert float(data.field_out_of_plane) == close_to(-14 * Oe)
    with pytest.raises(SmtjError, match="measured at -14 Oe, and no law for H_⊥ of 0 Oe"):
        smtj.lab.trace(card, 10, field=0.0)


def table_of(x, p, header, reads=1000):
    high = np.random.default_rng(3).binomial(reads, p)
    return pd.DataFrame({header: x, "high": high, "reads": reads})


@pytest.mark.parametrize(
    "header", ["field_out_of_plane [Oe]", "field_in_plane [Oe]", "voltage [mV]"]
)
def test_a_table_of_probabilities_makes_a_card_of_its_drive(header):
    x = np.linspace(-40.0, 20.0, 13)
    card = smtj.fit(table_of(x, 1 / (1 + np.exp(-0.14 * (x + 14))), header)).card()
    unit = header.partition("[")[2].rstrip("]")
    assert card.drive.show == unit
    slope, error = (convert(v, f"1/({card.drive.unit})", f"1/{unit}") for v in (
        float(card.response.slope), card.response.slope.standard_error
    ))  # fmt: skip
    assert abs(slope - 0.14) < 4 * error
    with pytest.raises(SmtjError, match="resistance_low are missing"):
        card.under_bias().resistances()


def test_a_card_that_misses_its_data_says_so_everywhere(tmp_path):
    x = np.linspace(-60.0, 30.0, 13)
    frame = table_of(x, 0.1 + 0.8 / (1 + np.exp(-0.14 * (x + 14))), "field_out_of_plane [Oe]")
    result = smtj.fit(frame, source="p.csv")
    said = "The card misses its data: P ("
    assert said in result.card().notes
    assert said in str(result)
    assert said in result.save(tmp_path).read_text()
    z = json.loads((tmp_path / "report.json").read_text())["tables"][0]
    assert z["head"][-1] == "P" and len(z["rows"]) == 14
    exact = table_of(x, 1 / (1 + np.exp(-0.14 * (x + 14))), "field_out_of_plane [Oe]")
    assert "misses" not in str(smtj.fit(exact)) + smtj.fit(exact).card().notes


def test_a_tmr_that_no_junction_has_is_said():
    rng = np.random.default_rng(1)
    frame = readings(rng, (3e-3, 2e-3), 1e-4, 3000, (45e3, 5e3), 200.0)
    result = smtj.fit(frame)
    said = r"TMR of (799|80\d) % is one that hardly a junction has"
    assert re.search(said, str(result)) and re.search(said, result.card().notes)
    modest = readings(rng, (3e-3, 2e-3), 1e-4, 3000, (6.5e3, 5e3), 50.0)
    assert "TMR" not in str(smtj.fit(modest))


def test_a_card_with_physics_gives_back_a_trace_and_calls_derived_what_it_derives():
    rng = np.random.default_rng(2)
    frame = readings(rng, (3.05e-4, 1.99e-4), 2e-5, 6000, (6500.0, 5000.0), 60.0)
    result = smtj.fit(frame, "cai2019", source="rtn.csv")
    card = result.card()
    assert isinstance(card, DeviceCard)
    derived = {n for n, v, _ in card.values() if "rtn.csv" in v.source}
    assert {n for n, v, _ in card.values() if v.provenance == "derived"} >= derived
    assert "electrical.tmr" in derived and "switching.offset_field" in derived
    found = {one.measured.symbol: one.z for one in result.check(card).comparisons}
    assert found.keys() == {"R_high", "R_low", "τ_high", "τ_low"}
    assert max(map(abs, found.values())) < 0.5
    # Levels of 5000 and 6500 ohm are far apart for wells that show a small part of the TMR.
    for told in (card.notes, str(result)):
        assert "hardly a junction has" in told and "by the angles of the base card" in told
    assert "less measurement, in standard errors (z)" in str(result)
    # Held against another card, the same data are missed.
    assert "misses its data" in result.check("cai2019").remarks[0]


def test_nothing_is_offered_as_a_card_when_nothing_of_the_device_was_measured():
    x = np.linspace(-40.0, 20.0, 13)
    counts = table_of(x, 1 / (1 + np.exp(-0.14 * (x + 14))), "voltage [mV]")
    # Without the number of reads nothing follows about what the voltage does.
    p = counts["high"] / counts["reads"]
    frame = pd.DataFrame({"voltage [mV]": x, "probability": p})
    onto = smtj.fit(frame, "cai2019")
    assert not onto.has_card and smtj.fit(frame).has_card
    with pytest.raises(SmtjError, match="nothing that was measured belongs on a card"):
        onto.card()
    with pytest.raises(SmtjError, match="the base card mine holds measured behaviour only"):
        smtj.fit(frame, smtj.fit(frame).card(name="mine"))


def test_a_card_along_a_voltage_holds_how_the_tmr_falls_to_both_sides():
    """R_AP = R_P + ΔR/(1 + V²/V_h²); a straight line would miss its ends by 1.3 %."""
    volts = np.linspace(-0.12, 0.12, 9)
    high = 5000 + 5500 / (1 + (volts / 0.45) ** 2)

    def trace(level: float) -> Any:
        return SimpleNamespace(
            time=np.arange(100.0),
            fit=SimpleNamespace(integration_time=0.0),
            levels=[SimpleNamespace(noise=5.0), SimpleNamespace(noise=5.0)],
            level=lambda state: Measured(level if state == "high" else 5000.0, 2.0),
        )

    held = levels_along([trace(r) for r in high], volts, 0.02, "voltage", "traces")
    assert "voltage_response.low_curvature" not in held
    response = {
        "slope": Value(30.0, "measured", ""),
        "midpoint": Value(0.02, "measured", ""),
        "limit": Value(0.12, "measured", ""),
        **{n.split(".")[1]: v for n, v in held.items() if n.startswith("voltage_response")},
    }
    own = {n.split(".")[1]: v for n, v in held.items() if n.startswith("behaviour")}
    own["temperature"] = Value(300.0, "assumed", "")
    card = BehaviouralCard(
        name="x", title="x", reference="x", behaviour=own, voltage_response=response
    )
    found = card.at(volts).resistances()
    np.testing.assert_allclose(found.high, high, rtol=1e-3)
    np.testing.assert_allclose(found.low, 5000.0, rtol=1e-9)
