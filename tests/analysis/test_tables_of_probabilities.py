"""Tables of P under several conditions, without reads, and readings without times."""

import numpy as np
import pandas as pd
import pytest

import smtj
from closeness import close_to
from smtj.errors import DataError, SmtjError
from smtj.units import convert

FIELD = np.arange(-50.0, 31, 5)


def probability(slope: float) -> np.ndarray:
    return 1 / (1 + np.exp(-slope * (FIELD + 14)))


def test_p_of_the_field_at_several_voltages_is_fitted_at_each() -> None:
    rows = [
        pd.DataFrame({"H (Oe)": FIELD, "V (mV)": volts, "P": probability(slope), "N": 200})
        for volts, slope in ((-200, 0.11), (0, 0.14), (200, 0.17))
    ]
    result = smtj.fit(pd.concat(rows, ignore_index=True))
    slopes = [part["w"].to("1/Oe").value for part in result.parts]
    assert slopes == close_to([0.11, 0.14, 0.17], rel=0.01)
    assert [part.condition for part in result.parts] == ["-200 mV", "0 mV", "200 mV"]
    alone = smtj.fit(pd.concat(rows, ignore_index=True), only={"voltage": 0.0})
    assert alone["w"].to("1/Oe").value == close_to(0.14, rel=0.01)


def test_drives_that_vary_together_are_refused() -> None:
    table = pd.DataFrame(
        {"H (Oe)": FIELD, "V (mV)": 2 * FIELD, "P": probability(0.14), "reads": 200}
    )
    with pytest.raises(SmtjError, match="vary together"):
        smtj.fit(table)


def test_the_number_of_pulses_is_found_where_it_is_not_stated() -> None:
    t = np.array([5, 10, 20, 40, 80, 160.0])
    fractions = np.round(40 * -np.expm1(-t / 40)) / 40
    result = smtj.fit(pd.DataFrame({"pulse width (ns)": t, "P": fractions}))
    assert result["τ"].to("ns").value == close_to(40, rel=0.1)
    assert "multiple of 1/40, so 40 reads each are assumed" in " ".join(result.remarks)


def test_the_scatter_of_p_after_pulses_tells_their_number() -> None:
    generator = np.random.default_rng(3)
    t = np.geomspace(4, 200, 40)
    noisy = generator.binomial(300, -np.expm1(-t / 40)) / 300 + generator.uniform(0, 1e-4, t.size)
    result = smtj.fit(pd.DataFrame({"pulse width (ns)": t, "P": np.clip(noisy, 0, 1)}))
    low, high = result["τ"].interval
    assert low < 40e-9 < high
    assert high / low < 1.15


def test_readings_without_times_are_counted() -> None:
    generator = np.random.default_rng(2)
    field = np.repeat(FIELD, 60)
    high = generator.random(field.size) < np.repeat(probability(0.14), 60)
    readings = np.where(high, 1500.0, 1000.0) + 20 * generator.standard_normal(field.size)
    frame = pd.DataFrame({"H_perp (Oe)": field, "R (ohm)": readings})
    result = smtj.fit(frame)
    low, high_end = result["w"].interval
    unit = result["w"].value / result["w"].to("1/Oe").value
    assert low < 0.14 * unit < high_end
    assert "the readings have no times, so they are counted" in " ".join(result.remarks)
    frame["R (ohm)"] = 1000 + 300 * generator.standard_normal(field.size)
    with pytest.raises(DataError, match="their levels overlap"):
        smtj.fit(frame)


def test_a_flat_loop_beside_others_is_left_out_by_name(tmp_path) -> None:
    field = np.concatenate([np.arange(-100, 101, 5), np.arange(100, -101, -5)])
    generator = np.random.default_rng(1)
    for name, step in (("a", 100), ("b", 0), ("c", 200)):
        readings = 1000 + step * (field > 20) + generator.standard_normal(field.size)
        frame = pd.DataFrame({"H (Oe)": field, "R (ohm)": np.round(readings, 3)})
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    result = smtj.fit(tmp_path)
    assert [part.condition for part in result.parts] == ["of a.csv", "of c.csv"]
    said = " ".join(result.parts[0].remarks)
    assert "b.csv is left out: the resistance of the loop does not" in said


@pytest.mark.parametrize("beside", ["T (K)", "V (mV)", "H_par (Oe)"])
def test_what_is_read_back_beside_the_drive_makes_no_branches(beside: str) -> None:
    held = 300 + 0.05 * np.random.default_rng(4).standard_normal(FIELD.size)
    columns = {"H_perp (Oe)": FIELD, beside: held, "P": probability(0.14), "N": 200}
    result = smtj.fit(pd.DataFrame(columns))
    assert result["w"].to("1/Oe").value == close_to(0.14, rel=0.01)
    assert not result.parts


def test_a_narrow_sweep_at_a_large_field_is_no_noise() -> None:
    columns = {"H_perp (Oe)": 5000 + FIELD / 2, "V (mV)": 10.0, "T (K)": 300 + 0 * FIELD}
    frame = pd.DataFrame(columns | {"P": probability(0.14), "N": 200})
    assert smtj.fit(frame)["w"].to("1/Oe").value == close_to(0.28, rel=0.01)


def test_of_voltage_and_current_the_one_of_even_steps_is_the_drive() -> None:
    volts = np.linspace(-0.4, 0.4, FIELD.size)
    amperes = volts / 1e4 * (1 + 0.01 * np.random.default_rng(5).standard_normal(FIELD.size))
    frame = pd.DataFrame({"V (V)": volts, "I (A)": amperes, "P": probability(0.14), "N": 200})
    assert smtj.fit(frame)["w"].unit == "1/V"
    times = {"tau_AP (ms)": np.exp(5 * volts), "tau_P (ms)": np.exp(-5 * volts)}
    frame = pd.DataFrame({"V (V)": volts, "T (K)": 300 + 1e-3 * np.cos(100 * volts), **times})
    assert "dwell times at 17 values of the voltage" in str(smtj.fit(frame))


def test_every_point_counts_as_the_reads_of_its_own() -> None:
    x = np.linspace(-20, 20, 11)
    p = 1 / (1 + np.exp(-x / 7))
    reads = np.where(np.arange(11) % 2, 4000, 40)
    table = pd.DataFrame({"H (Oe)": x, "n_AP": np.rint(p * reads), "N": reads})
    # The information of every point by Fisher, so first that of w about H_s = 0.
    expected = np.sum(reads * p * (1 - p) * x**2) ** -0.5
    error = smtj.fit(table)["w"].error / convert(1, "1/Oe", "m/A")
    assert error == close_to(expected, rel=0.1)


@pytest.mark.parametrize("repeats", [20, pytest.param(200, marks=pytest.mark.proof)])
def test_intervals_of_log_odds_without_errors_cover(repeats: int) -> None:
    """Their scatter about a line, of few points, stands for the errors."""
    rng, field, inside = np.random.default_rng(1), np.linspace(-34, 6, 8), []
    for _ in range(repeats):
        odds = (field + 14) / 7 + 0.1 * rng.standard_normal(8)
        result = smtj.fit(pd.DataFrame({"H_perp (Oe)": field, "ln(tau_AP/tau_P)": odds}))
        ends = [result[s].to(u).interval for s, u in (("w", "1/Oe"), ("H_s", "Oe"))]
        inside.append([low < t < high for (low, high), t in zip(ends, (1 / 7, -14), strict=True)])
    found = np.mean(inside, axis=0)
    assert (found > (0.92 if repeats > 100 else 0.86)).all(), found
    assert repeats < 100 or (found < 0.995).all(), found
