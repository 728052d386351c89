"""Traces in volts, dwell times, pulses and P without counts: from a file to a card."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from measured_devices import readings

import smtj
from closeness import close_to
from smtj.analysis import fit
from smtj.errors import SmtjError
from smtj.measurement import load
from smtj.units import Oe

RNG = np.random.default_rng(11)


@pytest.fixture(scope="module")
def telegraph() -> np.ndarray:
    """States of a device that stays about 50 readings in each."""
    return np.cumsum(np.random.default_rng(3).random(4000) < 0.02) % 2


def write(path: Path, header: str, *columns: np.ndarray) -> Path:
    rows = (",".join(f"{value:.7g}" for value in row) for row in zip(*columns, strict=True))
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_volts_and_amperes_give_the_dwell_times_of_the_resistance(
    tmp_path: Path, telegraph: np.ndarray
) -> None:
    time = np.arange(4000.0)
    noise = 1 + 2e-3 * RNG.standard_normal(4000)
    resistance = np.where(telegraph, 1100.0, 1000.0) * noise
    ohms = fit(write(tmp_path / "r.csv", "t [ms],R [ohm]", time, resistance))
    volts = fit(write(tmp_path / "v.csv", "t [ms],V [mV]", time, resistance * 1e-2))
    amperes = fit(write(tmp_path / "i.csv", "t [ms],I [uA]", time, 1e5 / resistance))
    for other in (volts, amperes):
        for symbol in ("τ_high", "τ_low"):
            assert other[symbol].value == close_to(ohms[symbol].value, rel=0.01)
        assert other.update is None
    assert volts["V_high"].to("mV").value == close_to(11, rel=1e-3)
    # The high state is that of the higher resistance, and of the lower current.
    assert amperes["I_high"].to("uA").value == close_to(1e5 / 1100, rel=1e-3)
    assert amperes["I_low"].to("uA").value == close_to(100, rel=1e-3)


def test_a_stated_bias_gives_ohms(tmp_path: Path, telegraph: np.ndarray) -> None:
    volts = np.where(telegraph, 11.0, 10.0) + 0.02 * RNG.standard_normal(4000)
    path = write(tmp_path / "v.csv", "t [ms],V [mV]", np.arange(4000.0), volts)
    assert fit(path, current=1e-5)["R_high"].value == close_to(1100, rel=1e-3)
    # A card of a trace in volts has dwell times, and no resistances that nobody measured.
    card = fit(path).card(name="volts")
    assert card.behaviour.resistance_high is None
    assert float(card.behaviour.dwell_time_high) > 0


def test_a_table_of_dwell_times_becomes_a_response(tmp_path: Path) -> None:
    current = np.linspace(-5, 5, 11)
    scatter = 1 + 0.03 * RNG.standard_normal((2, 11))
    low, high = 20 * np.exp(np.array([[-0.3], [0.3]]) * current) * scatter
    path = write(tmp_path / "tau.csv", "I_bias (uA),tau_P (ms),tau_AP (ms)", current, low, high)
    result = fit(path)
    assert [part.kind for part in result.parts] == ["dwell", "effects"]
    w = result["w"].to("1/uA")
    assert w.interval[0] < 0.6 < w.interval[1]
    assert result["τ_high,0"].interval[0] < 0.02 < result["τ_high,0"].interval[1]
    card = result.card(name="tau")
    assert card.drive.name == "current"
    assert float(card.behaviour.dwell_time) == close_to(0.02, rel=0.05)


@pytest.mark.parametrize("wider", [1.0, 4.0])
@pytest.mark.parametrize(
    ("quantity", "symbol", "of_line"),
    # w is the difference of two slopes in 1/V, E_b their mean over k_B in 1/K.
    [("V (mV)", "w", 1e3 * np.sqrt(2)), ("T (K)", "E_b", 1.380649e-23 / np.sqrt(2))],
)
def test_errors_weigh_dwell_times_and_widen_where_these_scatter_more(
    tmp_path: Path, quantity: str, symbol: str, of_line: float, wider: float
) -> None:
    rng, drive = np.random.default_rng(2), np.linspace(250, 350, 12)
    x, slope = (1 / drive, 5000.0) if symbol == "E_b" else (drive, 0.02)
    errors = np.where(np.arange(12) < 6, 0.3, 0.01)
    logs = np.array([[slope], [slope if symbol == "E_b" else -slope]]) * (x - x.mean()) - 4
    high, low = np.exp(logs + wider * errors * rng.standard_normal(logs.shape))
    header = f"{quantity},tau_AP (s),tau_AP_err (s),tau_P (s),tau_P_err (s)"
    columns = (drive, high, high * errors, low, low * errors)
    result = fit(write(tmp_path / "tau.csv", header, *columns))
    result = result.parts[0] if result.parts else result
    design = np.stack([x, np.ones(12)], axis=1) / errors[:, None]
    own = of_line * np.sqrt(np.linalg.inv(design.T @ design)[0, 0])
    assert result[symbol].error == close_to(wider * own, rel=0.35)
    assert any("widened" in remark for remark in result.remarks) == (wider > 1)


def test_traces_at_three_voltages_are_fitted_one_by_one_and_together(tmp_path: Path) -> None:
    rows = []
    for volts in (-50.0, 0.0, 50.0):
        rates = np.exp(np.array([volts, -volts]) / 80) / 40
        state = np.empty(3000)
        now = 0
        for n in range(3000):
            now = 1 - now if RNG.random() < rates[now] else now
            state[n] = now
        resistance = 1000 + 100 * state + 5 * RNG.standard_normal(3000)
        rows.append(np.stack([np.arange(3000.0), np.full(3000, volts), resistance]))
    columns = np.concatenate(rows, axis=1)
    result = fit(write(tmp_path / "v.csv", "time [ms],voltage [mV],R [ohm]", *columns))
    assert [part.kind for part in result.parts] == ["trace"] * 3 + ["dwell", "effects"]
    w = result.parts[-2]["w"].to("1/mV")
    assert w.interval[0] < 2 / 80 < w.interval[1]


def test_p_against_current_and_pulse_length(tmp_path: Path) -> None:
    current = np.linspace(-30, 30, 13)
    p = RNG.binomial(500, 1 / (1 + np.exp(-(current - 2) / 6))) / 500
    result = fit(write(tmp_path / "i.csv", "I (uA),P_sw,N", current, p, np.full(13, 500)))
    assert result["I_s"].to("uA").interval[0] < 2 < result["I_s"].to("uA").interval[1]
    length = np.geomspace(2, 300, 9)
    p = RNG.binomial(200, -np.expm1(-length / 40)) / 200
    header = "pulse width (ns),voltage (V),P_sw,N"
    pulses = (length, np.full(9, 0.5), p, np.full(9, 200))
    result = fit(write(tmp_path / "t.csv", header, *pulses))
    assert result["τ"].to("ns").interval[0] < 40 < result["τ"].to("ns").interval[1]
    assert result.verdict == "constant rate"


def test_p_of_a_field_of_unknown_direction_leaves_a_card_with_physics_alone(
    tmp_path: Path,
) -> None:
    field = np.linspace(-60, 40, 21)
    p = RNG.binomial(200, 1 / (1 + np.exp(-(field + 14) / 7))) / 200
    result = fit(write(tmp_path / "p.csv", "H (Oe),P", field, p), base="cai2019")
    assert result["H_s"].to("Oe").interval[0] < -14 < result["H_s"].to("Oe").interval[1]
    assert result.update is None
    assert any("direction of the field" in remark for remark in result.remarks)
    named = fit(tmp_path / "p.csv", base="cai2019", columns={"field_out_of_plane": "H (Oe)"})
    assert named.update is not None


def dwell_table(path: Path, header: str) -> Path:
    """ln τ of a device with Δ = 11 and τ0 = 3 ns, which is not the 1 ns of the base card."""
    field, rng = np.linspace(-150, 120, 19), np.random.default_rng(5)
    h = 0.1 / 44 * (field + 14)
    logs = np.log(3e-3) + 11 * (1 + np.outer([-1, 1], h)) ** 2
    low, high = np.exp(logs + 0.005 * rng.standard_normal(logs.shape))
    return write(path, f"{header},tau_P (us),tau_AP (us)", field, low, high)


def test_a_card_with_physics_gives_back_a_table_of_dwell_times(tmp_path: Path) -> None:
    path = dwell_table(tmp_path / "tau.csv", "H_perp (Oe)")
    result = fit(path, "cai2019")
    held = result.check(result.card())
    assert len(held.comparisons) == 38 and not held.remarks
    # Δ belongs to the τ0 that the curvature of ln τ(H) moved.
    thermal = result.card().thermal
    assert thermal.attempt_time > 1.5e-9
    assert (
        next(v for n, v, _ in result.card().values() if n == "thermal.attempt_time").provenance
        == "derived"
    )


def test_a_card_keeps_the_range_in_which_the_drive_was_applied(tmp_path: Path) -> None:
    response = fit(dwell_table(tmp_path / "tau.csv", "H_perp (Oe)")).card().field_response
    assert [float(end) / Oe for end in (response.lowest, response.highest)] == close_to([-150, 120])
    assert response.limit.provenance == "derived" and "assumed" in response.limit.source
    current = np.linspace(-5, 5, 11)
    low, high = 20 * np.exp(np.array([[-0.3], [0.3]]) * current)
    path = write(tmp_path / "i.csv", "I (uA),tau_P (ms),tau_AP (ms)", current, low, high)
    assert fit(path).card().current_response.limit.provenance == "measured"


def test_dwell_times_that_belong_on_no_card_with_physics_say_why(tmp_path: Path) -> None:
    result = fit(dwell_table(tmp_path / "tau.csv", "H (Oe)"), "cai2019")
    assert not result.has_card and "field out of plane" not in result.title
    assert any('--column "field_out_of_plane=H"' in remark for remark in result.remarks)


@pytest.mark.slow
def test_a_card_with_physics_gives_back_the_dwell_times_of_a_scan() -> None:
    rows = []
    for number, field in enumerate((-24.0, -14.0, -4.0)):
        times = 250e-6 * np.exp(np.array([0.05, -0.05]) * (field + 14))
        rng, where = np.random.default_rng(number), {"field_out_of_plane [Oe]": field}
        rows.append(readings(rng, times, 4e-5, 15000, (6500.0, 5000.0), 60.0, **where))
    result = fit(pd.concat(rows), "cai2019", integration_time=0.0)
    held = result.check(result.card())
    times = [one for one in held.comparisons if one.measured.symbol[0] == "τ"]
    assert len(times) == 6 and max(abs(one.z) for one in times) < 4


def test_a_table_of_dwell_times_is_measured_as_counts_and_refused_as_a_trace(
    tmp_path: Path,
) -> None:
    card = fit(dwell_table(tmp_path / "tau.csv", "H_perp (Oe)")).card()
    data = smtj.lab.scan(card, np.arange(-60, 31, 5) * Oe, 500)
    again = fit(data)["w"].to("1/Oe")
    assert again.interval[0] < 0.1 < again.interval[1]
    # No option gives it levels, so nothing is said of the interval.
    with pytest.raises(SmtjError, match="resistance_low are missing"):
        smtj.lab.trace(card, 10)
    with pytest.raises(SmtjError, match="resistance_low are missing"):
        smtj.lab.field_sweep(card, np.arange(-60, 31, 5) * Oe)


def test_a_smaller_current_is_said_to_be_the_higher_resistance(
    tmp_path: Path, telegraph: np.ndarray
) -> None:
    level = np.where(telegraph, 10.0, 13.0) + 0.02 * RNG.standard_normal(4000)
    source = np.full(4000, 0.1)
    path = write(tmp_path / "k.csv", "t [ms],I [uA],Source Value", np.arange(4000.0), level, source)
    said = " ".join(fit(path).remarks)
    assert "the high state is that of the higher resistance, so its current is the smaller" in said
    assert '--column "voltage=Source Value [V]"' in said
    named = fit(load(path, {"voltage": "Source Value [V]"}))
    assert named["R_high"].value == close_to(10e3, rel=1e-3)


@pytest.mark.parametrize(("header", "is_marked"), [("H (Oe)", False), ("H_perp (Oe)", True)])
def test_a_field_of_unknown_direction_is_shown_without_one(
    tmp_path: Path, header: str, is_marked: bool
) -> None:
    field = np.linspace(-60, 40, 11)
    p = np.round(1 / (1 + np.exp(-(field + 14) / 7)), 3)
    axes = fit(write(tmp_path / "p.csv", f"{header},P,N", field, p, np.full(11, 200))).plot()
    labels = [one.get_xlabel() for one in np.ravel(axes)]
    assert any(r"H_\perp" in label for label in labels) == is_marked
    frequency = np.linspace(2, 12, 60)
    line = 1e-6 / (1 + ((frequency - 5) / 0.5) ** 2)
    columns = (np.tile(frequency, 2), np.repeat([300, 500], 60), np.tile(line, 2))
    path = write(tmp_path / "s.csv", f"frequency (GHz),{header},V_mix (V)", *columns)
    result = fit(path)
    shown = [one.condition for part in result.parts or [result] for one in part.estimates]
    assert any("⊥" in text for text in shown) == is_marked


@pytest.mark.parametrize("drive", ["H_perp (Oe)", "V (mV)"])
def test_p_and_relaxation_time_make_a_card_that_gives_them_back(drive: str) -> None:
    rng, x = np.random.default_rng(3), np.linspace(-35, 10, 10)
    tau = 0.2 * np.exp(np.stack([(x + 14) / 12, -(x + 14) / 16]))
    frame = pd.DataFrame({drive: x, "N_AP": rng.binomial(300, tau[0] / tau.sum(axis=0)), "N": 300})
    relaxed = np.exp(0.02 * rng.standard_normal(10)) / (1 / tau).sum(axis=0)
    frame["f_c (Hz)"] = 1 / (2 * np.pi * relaxed)
    result = smtj.fit(frame)
    low, high = result["τ_high,0"].interval
    assert low < 0.2 * np.exp(14 / 12) < high
    # One that takes both dwell times to change alike misses them by a tenth.
    assert float(result.card().behaviour.dwell_asymmetry) == close_to(16 / 28 - 1 / 2, abs=0.03)
    assert not result.check(result.card()).remarks
    alone = smtj.fit(frame.drop(columns=["N_AP", "N"]))
    assert alone["|w|"].interval[0] < result["w"].value < alone["|w|"].interval[1]
    assert not alone.has_card
