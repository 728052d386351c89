"""Files as colleagues write them: names, units, notes and layouts that no instrument has."""

import json
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

import smtj
from closeness import close_to
from smtj.measurement import files_in, kind_of, load, load_tables, observable_of
from smtj.units import Oe

TIMES, STATES = 1e-3 * np.arange(60), np.arange(60) // 7 % 2
VOLTS = 0.1 + 0.01 * STATES


def rows(*columns: object, separator: str = ",") -> str:
    """Lines of times, voltages and the same further cells."""
    beside = "".join(f"{separator}{column}" for column in columns)
    pairs = zip(TIMES, VOLTS, strict=True)
    return "".join(f"{t:.4f}{separator}{v:.4f}{beside}\n" for t, v in pairs)


@pytest.mark.parametrize(
    ("head", "cells"),
    [
        ("; 7B\n; field = -14 Oe\n; I_bias = 10 uA\ntime(s) voltage(V)\n", ()),
        ("# run 7, T = 300 K; I = 10 uA\ntime (s),voltage (V)\n", ()),
        ("# Source current: 10 uA\n# Current limit: 1 mA\ntime (s),voltage (V)\n", ()),
        ("Time (s),Vmeas (V),I_set (A)\n", ("1e-5",)),
        ("TIME(S),V_measured,V_source,Isource\n", (0.7, "1e-5")),
        ("t (s),Measured Value,Measured Unit,Source Value,Source Unit\n", ("V", "1e-5", "A")),
        ("時刻[秒],電圧[V],電流[A]\n", ("1e-5",)),
        ("Время (с),Напряжение (В),Ток (мкА)\n", (10,)),
        ("Time s,Voltage V,Current uA\n", (10,)),
    ],
)
def test_a_current_that_is_held_makes_ohms_of_volts(head: str, cells: tuple, put) -> None:
    separator = " " if head.startswith(";") else ","
    text = head + rows(*cells, separator=separator)
    dataset = load(put("a.csv", text.encode("cp1251" if "Время" in head else "utf-8")))
    assert kind_of(dataset) == "trace"
    np.testing.assert_allclose(dataset["resistance"].values, VOLTS / 1e-5, rtol=1e-9)
    np.testing.assert_allclose(dataset["time"].values, TIMES, rtol=1e-9)


def test_what_was_set_is_no_signal(put) -> None:
    dataset = load(put("a.csv", "Timestamp,Reading,Source Value\n" + rows(1e-5)))
    np.testing.assert_allclose(dataset["signal"].values, VOLTS)


def test_columns_that_may_each_show_the_state_are_named_by_their_quantity(put, refusal) -> None:
    message = refusal(load, put("a.csv", "t (s),box (V),rack (A)\n" + rows(1)))
    assert '--column "voltage=box (V)" or --column "current=rack (A)"' in message


@pytest.mark.parametrize("bias", ["V_dc [mV]", "Amplitude (mV)"])
def test_a_voltage_beside_p_is_a_bias_and_no_signal(bias: str, put) -> None:
    dataset = load(put("a.csv", f"{bias},Prob. of AP,N\n-10,0.2,50\n10,0.8,50\n"))
    assert dataset["voltage"].values == close_to([-0.01, 0.01])
    assert kind_of(dataset) == "probability"


@pytest.mark.parametrize(("header", "scale"), [("TMR (%)", 1), ("MR ratio", 1), ("TMR", 0.01)])
def test_a_tmr_is_a_resistance_over_that_of_p(header: str, scale: float) -> None:
    field = np.concatenate([np.arange(-300.0, 301, 10), np.arange(300.0, -301, -10)])
    rises = np.arange(field.size) < field.size // 2
    high = np.where(rises, field < 120, field < -80)
    noise = np.random.default_rng(3).standard_normal(field.size)
    tmr = scale * (np.where(high, 15.0, 0.0) + 0.1 * noise)
    result = smtj.fit(pd.DataFrame({"H_perp (Oe)": field, header: tmr}))
    assert result["r_AP"].value == close_to(1.15, abs=5 * result["r_AP"].error)
    assert result["TMR"].to("%").value == close_to(15, abs=5 * result["TMR"].to("%").error)
    assert result["H_c"].value == close_to(100 * Oe, abs=3 * result["H_c"].error)
    assert "a card leaves them out" in str(result)
    # Beside a resistance it is not needed.
    both = smtj.load(pd.DataFrame({"H_perp (Oe)": field, "R (ohm)": 1000 + 10 * tmr, header: tmr}))
    assert observable_of(both) == "resistance"


def test_columns_called_by_their_field_alone(put) -> None:
    body = "".join(f"{t:.4f},{s},{1 - s},{s}\n" for t, s in zip(TIMES, STATES, strict=True))
    parts = load_tables(put("a.csv", "Time [s],H=-20 Oe,H=0 Oe,H=20 Oe\n" + body))
    fields = [float(part["field_out_of_plane"]) for part in parts]
    assert fields == close_to([-20 * Oe, 0, 20 * Oe])
    np.testing.assert_allclose(parts[1]["signal"].values, 1 - STATES)


def test_days_of_a_spreadsheet_are_no_seconds(put, refusal) -> None:
    body = "".join(f"{45414.5 + t / 86400:.10f},{v}\n" for t, v in zip(TIMES, VOLTS, strict=True))
    path = put("a.csv", "Time,R (ohm)\n" + body)
    assert '(--column "time=Time [day]", or [s])' in refusal(load, path)
    step = np.diff(load(path, {"time": "Time [day]"})["time"].values)
    assert float(step.mean()) == close_to(1e-3, rel=1e-2)


def test_numbers_that_a_sheet_holds_as_text_with_decimal_commas(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in [["Probe 7B"], [], ["Zeit [s]", "R [kOhm]"], ["0,5", "1,234"], ["1,5", "2,5"]]:
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    dataset = load(tmp_path / "a.xlsx")
    assert dataset["time"].values == close_to([0.5, 1.5])
    assert dataset["resistance"].values == close_to([1234, 2500])


def test_arrays_of_structs_and_matrices_with_names(tmp_path: Path) -> None:
    from scipy.io import savemat

    runs = np.zeros(3, dtype=[("H_Oe", "O"), ("t", "O"), ("R", "O")])
    for number, field in enumerate((-20.0, 0.0, 20.0)):
        runs[number] = (field, TIMES, 1e4 * VOLTS)
    savemat(tmp_path / "runs.mat", {"runs": runs})
    parts = load_tables(tmp_path / "runs.mat")
    assert [float(p["field_out_of_plane"]) for p in parts] == close_to([-20 * Oe, 0, 20 * Oe])
    names = np.array(["Time (s)", "Voltage (V)"], dtype=object)
    savemat(tmp_path / "m.mat", {"data": np.stack([TIMES, VOLTS], axis=1), "names": names})
    assert load(tmp_path / "m.mat")["voltage"].values == close_to(VOLTS)


def test_folders_within_folders_of_a_day(tmp_path: Path) -> None:
    for field in (-10, 10):
        (tmp_path / "2024-03-01" / f"{field}Oe").mkdir(parents=True)
        (tmp_path / "2024-03-01" / f"{field}Oe" / "trace.csv").write_text("t (s),R (ohm)\n0,1\n")
    assert [file.parent.name for file in files_in([tmp_path])] == ["-10Oe", "10Oe"]


def test_blanks_within_names_do_not_separate_columns(put) -> None:
    dataset = load(put("a.csv", "R bin (Ohm),counts\n970,1\n980,12\n990,30\n"))
    assert dataset["resistance"].values == close_to([970, 980, 990])


def test_counts_without_reads_ask_for_them(put, refusal) -> None:
    path = put("a.csv", "H_z (Oe),counts_AP\n-10,20\n0,50\n10,80\n")
    assert "give their number by reads= (--reads)" in refusal(kind_of, load(path))
    assert kind_of(load(path, reads=100)) == "probability"


@pytest.mark.parametrize(("gain", "is_said"), [("100", True), ("1", False)])
def test_a_gain_that_nothing_was_divided_by_is_pointed_out(gain: str, is_said: bool, put) -> None:
    dataset = load(put("a.csv", f"# Amplifier gain = {gain}\nt (s),V (V)\n" + rows()))
    remark = f"a gain of {gain} is stated above the table, by which the readings are not divided"
    assert (remark in dataset.attrs.get("reading_remarks", ())) is is_said


def test_the_parts_of_a_network_analyser_are_two_channels(put) -> None:
    content = "!CSV A.01.01\nBEGIN CH1_DATA\nFreq(Hz),S21(REAL),S21(IMAG)\n2e9,0.9,0.1\n3e9,0.8,0\n"
    dataset = load(put("vna_H=1200Oe.csv", content))
    assert kind_of(dataset) == "spectrum"
    assert dataset["channel_y"].values == close_to([0.1, 0])


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("a.isf", "is a binary waveform: save it as CSV on the instrument"),
        ("a.opju", "is of Origin or Igor: export the table as ASCII"),
        ("a.pkl", "is a table of Python: save it as Parquet or CSV"),
        ("a.zip", "is a packed folder: unpack it"),
    ],
)
def test_binary_files_say_what_they_are(name: str, says: str, put, refusal) -> None:
    assert says in refusal(load, put(name, bytes(range(256))))


def test_the_amplitude_of_a_demodulator_is_no_resistance(put) -> None:
    head = "chunk;timestamp;x;y;r;phase\n"
    body = "".join(f"0;{300 * n};{s};0;{s};0\n" for n, s in enumerate(STATES))
    dataset = load(put("dev1_demods_0_sample_00000.csv", head + body), interval=1e-3)
    assert observable_of(dataset) == "channel_x"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (json.dumps({"t": [1, 2]}), "is JSON, which has no columns: save its table as CSV"),
        ("t (s),R (ohm)\n" + "0,1\n" * 9 + "t (s),R (ohm)\n", "begins another table: give each"),
        ("t (s),R (ohm)\n0.0D+00,1\n", "write exponents with an e"),
        ("0 1\n1 2\n", '"time=#1 [s]" --column "resistance=#2 [ohm]", or "voltage=#2 [V]")'),
    ],
)
def test_other_files_are_refused_by_their_own_reason(content: str, says: str, put, refusal) -> None:
    assert says in refusal(load, put("a.csv", content))
