"""What a file does not say, the user does: options, names of files, comments and preambles."""

import gzip
from pathlib import Path

import numpy as np
import pytest

import smtj
from closeness import close_to
from smtj.analysis.formatting import file_remarks
from smtj.errors import DataError
from smtj.measurement import (
    describe,
    field_direction_stated,
    files_in,
    kind_of,
    left_out,
    load,
    load_tables,
    observable_of,
    unique_fields,
)
from smtj.measurement.stated import check_names, conditions_in_name, numbers_in_names
from smtj.units import Oe, mT, mV

ROWS = "".join(f"{n},{1000 + 100 * (n // 7 % 2)}\n" for n in range(60))


def test_columns_by_their_position(put) -> None:
    dataset = load(put("data.txt", ROWS), {"time": "#1 [ms]", "resistance": "#2 [ohm]"})
    assert dataset["time"].values[:3] == close_to([0, 1e-3, 2e-3])
    assert dataset["resistance"].values[7] == 1100


def test_rows_to_skip_and_columns_to_ignore(put) -> None:
    path = put(
        "data.csv", "t,R,note\n1,2,3\nt [s],R [ohm],R_ref [ohm],bias [V]\n" + "1,2,3,4\n" * 9
    )
    dataset = load(path, skip_rows=2, ignore=["bias [V]"])
    assert set(dataset.data_vars) == {"time", "resistance"}
    assert dataset.attrs["ignored_columns"] == ["R_ref [ohm]", "bias [V]"]


def test_an_interval_replaces_times(put) -> None:
    path = put("data.csv", "Time,R [ohm]\n" + "12:00:01,1000\n" * 20)
    dataset = load(path, interval=1e-4)
    assert np.diff(dataset["time"].values) == close_to(np.full(19, 1e-4))


def test_sheets_by_name_and_number(tmp_path: Path, refusal) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    for n, field in enumerate(("a", "b")):
        sheet = book.create_sheet(field)
        sheet.append(["t [s]", "R [ohm]"])
        for k in range(9):
            sheet.append([k, 1000 + n])
    book.save(tmp_path / "book.xlsx")
    path = tmp_path / "book.xlsx"
    first = load(path)
    assert first["resistance"].values[0] == 1000
    assert first.attrs["reading_remarks"] == ['sheet "a" is read, not "b" (--sheet)']
    assert load(path, sheet="b")["resistance"].values[0] == 1001
    assert load(path, sheet=3)["resistance"].values[0] == 1001
    assert 'has no table "c": choose one of' in refusal(lambda: load(path, sheet="c"))


@pytest.mark.parametrize(
    ("name", "pattern", "found"),
    [
        ("RTN_H=-15Oe.csv", "RTN_H={field_out_of_plane:Oe}.csv", ("field_out_of_plane", -15 * Oe)),
        ("a_2.5e1mT_b.csv", "a_{field_in_plane:mT}_*.csv", ("field_in_plane", 25 * mT)),
        ("x 120 mV.csv", "x {voltage:mV}.csv", ("voltage", 120 * mV)),
    ],
)
def test_patterns_of_names(put, name: str, pattern: str, found: tuple[str, float]) -> None:
    dataset = load(put(name, "t/ms,R/kOhm\n" + ROWS), from_name=pattern)
    assert float(dataset[found[0]]) == close_to(found[1])
    assert field_direction_stated(dataset)


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("{colour}.csv", 'unknown quantity "colour"'),
        ("*.csv", "names no quantity"),
        ("H={field_in_plane:Oe}.csv", "does not match"),
        ("{voltage:Oe}.csv", "voltage is not measured in Oe"),
    ],
)
def test_patterns_that_cannot_be(put, refusal, pattern: str, says: str) -> None:
    path = put("5.csv", "t/ms,R/kOhm\n" + ROWS)
    assert says in refusal(lambda: load(path, from_name=pattern))


@pytest.mark.parametrize(
    ("stem", "found"),
    [
        ("RTN_H=-14Oe", {"field_out_of_plane": -14 * Oe}),
        ("RTN_H-14Oe", {"field_out_of_plane": -14 * Oe}),
        ("D7_H_par=+5.5mT_300K", {"field_in_plane": 5.5 * mT, "temperature": 300.0}),
        ("film-9GHz", {"frequency": 9e9}),
        ("RTN_-14_Oe_V=100mV", {"field_out_of_plane": -14 * Oe, "voltage": 0.1}),
        ("run_3_K", {}),
        ("run_-100mV", {"voltage": -0.1}),
        ("T77K_I=50nA", {"temperature": 77.0, "current": 5e-8}),
        ("2024-03-01_run2_Ta5nm", {}),
        ("sample7K2", {}),
    ],
)
def test_names_that_say_it_plainly(stem: str, found: dict[str, float]) -> None:
    said = {name: value for name, value, *_ in conditions_in_name(stem)}
    assert said == close_to(found)


def test_a_field_in_the_name_has_no_direction_unless_it_says_so(put) -> None:
    assert not field_direction_stated(load(put("H=5Oe.csv", "t/ms,R/kOhm\n" + ROWS)))
    assert field_direction_stated(load(put("H_perp=5Oe.csv", "t/ms,R/kOhm\n" + ROWS)))


def test_conditions_in_comments_and_preambles(put) -> None:
    dataset = load(put("a.csv", "# sample 7\n# T = 77 K\nBias voltage,100,mV\nt,R\ns,ohm\n" + ROWS))
    assert float(dataset["temperature"]) == 77
    assert float(dataset["voltage"]) == close_to(0.1)
    assert "temperature 77 K, from the lines above the table" in dataset.attrs["reading_remarks"]
    beside = load(put("c.csv", "Temperature (K): 77\nt [s],R [ohm]\n" + ROWS))
    assert float(beside["temperature"]) == 77
    # One of 25 may be in degrees Celsius.
    assert "temperature" not in load(put("b.csv", "# T = 25\nt,R\n" + ROWS)).variables


def test_flawed_readings_are_left_out_and_named(put, refusal) -> None:
    rows = ROWS.replace("\n5,1000\n", "\n5,9.9E37\n").replace("\n9,1100\n", "\n9,\n")
    dataset = load(put("a.csv", "t [s],R [ohm]\n" + rows))
    assert dataset.sizes["reading"] == 58
    assert dataset.attrs["reading_remarks"] == [
        'column "R [ohm]" is 9.9e+37, an overflow at row 7 and 1 more; left out'
    ]
    # Rows of the file are still named rightly.
    path = put("b.csv", "t [s],R [ohm]\n" + rows.replace("\n20,", "\n20,-"))
    assert "at row 22" in refusal(load, path)


@pytest.mark.parametrize("word", ["OVLD", "Overflow", "-OVERLOAD", "ovrflw"])
def test_words_for_an_overflow_are_left_out_like_its_number(put, word: str) -> None:
    dataset = load(put("a.csv", "t [s],R [ohm]\n" + ROWS.replace("\n5,1000\n", f"\n5,{word}\n")))
    assert dataset.sizes["reading"] == 59
    said = 'column "R [ohm]" is not a number at row 7; left out'
    assert dataset.attrs["reading_remarks"] == [said]


def test_what_has_switched_is_a_count_beside_attempts(put) -> None:
    counts = load(put("n.csv", "B (mT),switched,attempts\n-1,0,300\n0,120,300\n1,300,300\n"))
    assert counts["high"].values.tolist() == [0, 120, 300]
    parts = load(put("p.csv", "B (mT),switched,attempts\n-1,0,300\n0,0.4,300\n1,1,300\n"))
    assert parts["probability"].values.tolist() == [0, 0.4, 1]
    wrong = describe(put("w.csv", "B (mT),P\n-1,0\n0,4\n"))
    assert wrong.problem and "field (direction not stated)" in wrong.table().text()


def test_na_is_a_label_like_any_other(put) -> None:
    rows = "time [s],branch,resistance [ohm]\n0,NA,1\n1,NA,2\n"
    assert load(put("na.csv", rows))["branch"].values.tolist() == ["NA", "NA"]


def test_a_bare_column_of_readings_asks_for_its_name_and_the_interval(put, refusal) -> None:
    path = put("bare.txt", "5.01\n5.09\n" * 20)
    said = refusal(load, path)
    assert '"resistance=#1 [ohm]" --interval' in said and "time=#1" not in said
    named = {"resistance": "#1 [ohm]"}
    assert '--interval "2 us"' in describe(path, named).problem
    assert describe(path, named, interval=2e-6).kind == "a trace"


def test_lines_after_the_readings_are_left_out(put) -> None:
    dataset = load(put("a.csv", "t [s],R [ohm]\n" + ROWS + "\n[END]\nreadings: 60\n"))
    assert dataset.sizes["reading"] == 60
    assert dataset.attrs["reading_remarks"] == ["from row 63 on nothing is read"]


def test_what_a_trace_is_of(put) -> None:
    volts = load(put("v.csv", "t [s],CH1 [V]\n" + ROWS))
    assert (kind_of(volts), observable_of(volts)) == ("trace", "voltage")
    amps = load(put("i.csv", "t [s],I [uA]\n" + ROWS))
    assert (kind_of(amps), observable_of(amps)) == ("trace", "current")
    loop = load(put("l.csv", "H [Oe],V_xx [mV]\n" + ROWS))
    assert (kind_of(loop), observable_of(loop)) == ("loop", "voltage")


def test_two_channels_are_asked_for(put, refusal) -> None:
    path = put("v.csv", "t [s],CH1 [V],CH2 [V]\n" + ROWS.replace("\n", ",1\n"))
    assert '"CH1 [V]" and "CH2 [V]" may each be the voltage' in refusal(load, path)
    assert observable_of(load(path, ignore=["CH2 [V]"])) == "voltage"


def test_fields_of_no_magnet_have_another_unit(put, refusal) -> None:
    path = put("f.csv", "f [GHz],H (T),dP/dH\n6,120,1\n6,121,2\n")
    message = refusal(load, path)
    assert 'column "H (T)" is 120 T at row 2' in message
    assert '--column "field=H [mT]"' in message
    dataset = load(path, {"field": "H [mT]"})
    assert dataset["field_out_of_plane"].values[0] == close_to(120 * mT)
    assert not field_direction_stated(dataset)


def test_a_description_names_what_is_known_and_what_is_not(put) -> None:
    found = describe(put("H=5Oe.csv", "Zeit;U_out;Notiz\ns;mV;\n" + ROWS.replace(",", ";")))
    text = found.table().text()
    assert found.problem == "" or "U_out" in found.problem
    for part in ("Zeit [s]", "60 readings, 1000 ms apart", "5 Oe for all readings", "U_out"):
        assert part in text
    assert describe(put("b.csv", "a,b\n1,2\n")).problem


@pytest.mark.parametrize(
    ("comment", "interval"),
    [
        ("# dt = 0.1 ms", 1e-4),
        ("# Sampling rate: 10 kHz", 1e-4),
        ("# fs = 10 kS/s", 1e-4),
        ("Sample Interval,1e-4,s", 1e-4),
        ("Sample rate,10,kSa/s", 1e-4),
        ("Sample interval (ms),0.1", 1e-4),
        ("# fs = 10 apples", None),
    ],
)
def test_sampling_without_times(put, comment: str, interval: float | None) -> None:
    column = "".join(f"{1000 + n % 7}\n" for n in range(60))
    dataset = load(put("a.csv", f"{comment}\nR [ohm]\n{column}"))
    assert interval is None or np.diff(dataset["time"].values) == close_to(interval)
    assert interval is not None or "time" not in dataset.variables


@pytest.mark.parametrize(
    ("rows", "first"),
    [
        ("t [s];R [ohm]\n" + "0,5;1.234,5\n" * 9, 1234.5),
        ("t [s],R [ohm]\n0.5,999.5\n" + '0.5,"1,234.5"\n' * 9, 999.5),
        ("t [s]\tR [ohm]\n" + "0.5\t1,234,567.0\n" * 9, 1234567.0),
        ("t [s];R [ohm]\n0,5;999,5\n" + "0,5;1 234,5\n" * 9, 999.5),
        ("t [s];R [ohm]\n" + "0,5;1\u202f234\u202f567\n" * 9, 1234567.0),
        ("t [s]\tR [ohm]\n" + "0.5\t1'234.5\n" * 9, 1234.5),
    ],
)
def test_signs_between_thousands(put, rows: str, first: float) -> None:
    dataset = load(put("a.csv", rows))
    assert dataset["resistance"].values[0] == first
    assert dataset["resistance"].values[-1] > 1000
    assert (dataset["time"].values == 0.5).all()


def test_a_point_beside_signs_between_thousands_is_not_taken_for_one(put, refusal) -> None:
    path = put("a.csv", "t [s];R [ohm]\n" + "0,5;1.234,5\n" * 9 + "0,5;0.5\n")
    assert 'column "R [ohm]"' in refusal(load, path)


def test_a_wrong_number_among_those_with_blanks_between_thousands_is_named(put, refusal) -> None:
    path = put("a.csv", "t [s];R [ohm]\n" + "0,5;1 234,5\n" * 9 + "0,5;12 34,5\n")
    assert refusal(load, path).startswith('a.csv: row 11, column "R [ohm]" is "12 34,5"')


def test_packed_files(put, refusal) -> None:
    content = ("t [s],R [ohm]\n" + ROWS).encode()
    path = put("H_perp=5Oe.csv.gz", gzip.compress(content))
    dataset = load(path)
    assert dataset.sizes["reading"] == 60
    assert float(dataset["field_out_of_plane"]) == close_to(5 * Oe)
    assert "is not an intact gzip file" in refusal(load, put("b.csv.gz", content))
    message = refusal(load, put("c.csv.gz", gzip.compress(content + b"x,y\n1,2\n")))
    assert message.startswith("c.csv.gz: row 62")


def test_the_amplitude_of_a_lock_in_amplifier_is_no_resistance(put) -> None:
    rows = "".join(f"{n},{1 + n % 2},0,{1 + n % 2},0\n" for n in range(60))
    dataset = load(put("a.csv", "t [s],X (V),Y (V),R (V),Theta (deg)\n" + rows))
    assert (kind_of(dataset), observable_of(dataset)) == ("trace", "channel_x")
    assert dataset.attrs["ignored_columns"] == ["R (V)", "Theta (deg)"]


def test_times_of_a_clock(put) -> None:
    rows = "".join(f"23:59:{59 if n == 0 else 0:02d}.0;1000\n" for n in range(1))
    rows += "".join(f"0:00:{n:02d}.0;1000\n" for n in range(1, 40))
    dataset = load(put("a.csv", "Time (hh:mm:ss);R [ohm]\n" + rows))
    assert dataset["time"].values[:3] == close_to([0, 2, 3])
    assert dataset.attrs["reading_remarks"] == [
        'times are those of the clock in column "Time (hh:mm:ss)"'
    ]


def test_a_channel_without_a_unit_is_a_signal_in_arbitrary_units(put, refusal) -> None:
    dataset = load(put("a.csv", "Time (s),CH1\n" + ROWS))
    assert observable_of(dataset) == "signal"
    assert dataset.attrs["arbitrary_units"] == ["signal"]
    two = put("b.csv", "Time (s),CH1,CH2\n" + ROWS.replace("\n", ",1\n"))
    assert '"CH1" and "CH2" may each be the signal' in refusal(load, two)
    odd = load(put("c.csv", "Time (s),level shifter\n" + ROWS))
    assert '"level shifter" is not understood: name it by columns=' in refusal(kind_of, odd)


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        ("时间(s),电阻(Ω)", "gb18030"),
        ("時間(s),抵抗(ohm)", "shift_jis"),
        ("時間(s),抵抗(ohm)", "euc_jp"),
        ("時間 (秒),電阻 (歐姆)", "big5"),
        ("시간 (초),저항 (옴)", "cp949"),
        ("Время (с),Сопротивление (Ом)", "koi8-r"),
        ("Время (с),Сопротивление (Ом)", "cp866"),
        ("时间(s)|电阻(Ω)", "utf-8"),
        ("Zeit [µs];R [ohm]", "latin-1"),
    ],
)
def test_headers_in_other_languages_and_encodings(put, header: str, encoding: str) -> None:
    separator = next(sign for sign in ",;|" if sign in header)
    content = f"{header}\n{ROWS.replace(',', separator)}".encode(encoding)
    assert set(load(put("a.csv", content)).data_vars) == {"time", "resistance"}


def test_stamps_that_are_too_coarse_name_the_option_and_its_likely_value(tmp_path: Path) -> None:
    path = tmp_path / "coarse.csv"
    rows = [f"{n // 10 * 1e-3:.3f},{1000 + 100 * (n // 70 % 2)}" for n in range(700)]
    path.write_text("\n".join(["time [s],resistance [ohm]", *rows]))
    found = describe(path)
    assert "with 10 readings at each of them: state the time between readings" in found.problem
    assert found.problem.endswith('(--interval "100 µs")')
    assert not describe(path, interval=1e-4).problem


def test_a_folder_stands_for_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "series"
    folder.mkdir()
    with pytest.raises(DataError, match="is a folder without files"):
        files_in([folder])
    for name in ("H=5Oe.csv", "H=-5Oe.csv", ".hidden"):
        (folder / name).write_text("t [s],R [ohm]\n")
    other = tmp_path / "x.csv"
    assert files_in([other, folder]) == [other, folder / "H=-5Oe.csv", folder / "H=5Oe.csv"]


@pytest.mark.parametrize("header", ["R (ohm),counts", "Resistance [ohm],Count", "V (V),N"])
def test_a_histogram_is_called_one(put, refusal, header: str) -> None:
    rows = "".join(f"{1 + n},{n % 4}\n" for n in range(20))
    assert "is a histogram (" in refusal(load, put("h.csv", f"{header}\n{rows}"))
    # Nor are counts of the high state of reads, and uneven steps are none of bins.
    counted = "".join(f"{n},{n},20\n" for n in range(20))
    assert kind_of(load(put("c.csv", f"V (mV),n_high,N\n{counted}"))) == "probability"
    load(put("o.csv", "V (mV),n_high\n" + counted.replace(",20\n", "\n")), reads=20)
    uneven = "".join(f"{n * n},{1 + n % 4}\n" for n in range(20))
    load(put("x.csv", f"{header}\n{uneven}"))


def test_a_header_may_have_another_separator_than_the_readings(put) -> None:
    dataset = load(put("m.txt", "time (s), R (ohm)\n" + ROWS.replace(",", "\t")))
    assert dataset["resistance"].values[:2] == close_to(
        [float(r.split(",")[1]) for r in ROWS.split()[:2]]
    )


@pytest.mark.parametrize(
    "text",
    [
        "H (Oe),-20,-10,0,10\nP,0.1,0.3,0.7,0.9\nN,100,100,100,100\n",
        "H (Oe);-20;-10;0;10\nAP;10;30;70;90\nP;90;70;30;10\n",
        "# T = 300 K\nH (Oe)\t-20\t-10\t0\t10\nP (%)\t10,0\t30,0\t70\t90\nN\t100\t100\t100\t100\n",
    ],
)
def test_one_quantity_per_row_is_turned(put, refusal, text: str) -> None:
    dataset = load(put("t.csv", text))
    assert dataset["field_out_of_plane"].values == close_to(np.array([-20, -10, 0, 10]) * Oe)
    high = dataset.get("high", 100 * dataset.get("probability", 0))
    assert high.values == close_to([10, 30, 70, 90])
    assert dataset["reads"].values == close_to([100] * 4)
    assert "the file has one quantity per row, which is turned" in dataset.attrs["reading_remarks"]
    assert ("temperature" in dataset) == text.startswith("#")
    wrong = put("w.csv", "H (Oe),-20,-10,0,10\nP,0.1,0.3,1.7,0.9\n")
    assert "a probability is between 0 and 1" in refusal(load, wrong)


def test_decibels_are_an_amplitude(put) -> None:
    rows = "".join(f"{n},1000,{-20 - n % 3}\n" for n in range(9))
    dataset = load(put("s.csv", f"f (GHz),H (Oe),S21 (dB)\n{rows}"))
    assert dataset["signal"].values[:2] == close_to([0.1, 10 ** (-21 / 20)])
    assert dataset.attrs["arbitrary_units"] == ["signal"]


def test_the_source_of_a_condition_is_called_by_its_name(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.active.title = "-14 Oe"
    for row in (["T", "300 K"], [], ["t (s)", "R (ohm)"], *[[n, 1000 + n % 3] for n in range(9)]):
        book.active.append(row)
    book.save(tmp_path / "book.xlsx")
    said = load(tmp_path / "book.xlsx").attrs["reading_remarks"]
    assert said == [
        "temperature 300 K, from the cells above the table",
        "field -14 Oe, from the name of its sheet",
    ]


@pytest.mark.parametrize(
    ("header", "unit", "said"),
    [
        ("Vb (V)", "V1 (V)", '--column "signal=V1 (V)" --column "voltage=Vb [V]"'),
        ("Hset", "R (ohm)", '--column "field=Hset [Oe]"'),
        ("Stage (K)", "R (ohm)", '--column "temperature=Stage [K]"'),
    ],
)
def test_columns_that_may_be_conditions_come_with_their_option(
    put, header: str, unit: str, said: str
) -> None:
    rows = "".join(f"{n},300,{1 + n % 2}\n" for n in range(9))
    dataset = load(put("t.csv", f"t (s),{header},{unit}\n{rows}"))
    assert any(said in remark for remark in file_remarks([dataset]))


def test_a_bias_in_short_is_that_beside_what_it_drives(put) -> None:
    rows = "".join(f"{n},0.1,{1 + n % 2}\n" for n in range(9))
    dataset = load(put("t.csv", f"t (s),Vb (V),I (uA)\n{rows}"))
    assert dataset["resistance"].values[0] == close_to(1e5)


def test_a_folder_of_one_condition_per_file_is_loaded_as_one(tmp_path: Path, refusal) -> None:
    for field in (5, -5):
        (tmp_path / f"run_{field}.csv").write_text("t [s],R [ohm]\n" + ROWS)
    message = refusal(load, tmp_path)
    assert "2 files, which are no single data set, as nothing states the condition" in message
    dataset = load(tmp_path, from_name="run_{field_out_of_plane:Oe}.csv")
    assert dataset["field_out_of_plane"].values[[0, -1]] == close_to([-5 * Oe, 5 * Oe])
    assert dataset.sizes["reading"] == 2 * len(ROWS.splitlines())
    (tmp_path / "x.csv").write_text("H (Oe),P\n1,0.5\n2,0.5\n")
    assert "some hold" in refusal(load, tmp_path)


@pytest.mark.parametrize(
    ("stem", "value"),
    [
        ("trace_m15Oe", -15 * Oe),
        ("minus15Oe", -15 * Oe),
        ("run_H_m15Oe_300K", -15 * Oe),
        ("0p5mT", 0.5 * mT),
        ("m0p5mT", -0.5 * mT),
        ("p15Oe", 15 * Oe),
    ],
)
def test_signs_and_points_by_letters_in_names(stem: str, value: float) -> None:
    found = {name: number for name, number, *_ in conditions_in_name(stem)}
    assert found["field_out_of_plane"] == close_to(value)


def test_a_field_of_unknown_direction_in_names(put) -> None:
    rows = "t [s],V [V]\n" + ROWS
    dataset = load(put("m5.csv", rows), from_name="{field:Oe}.csv")
    assert float(dataset["field_out_of_plane"]) == close_to(-5 * Oe)
    assert not field_direction_stated(dataset)


def test_files_of_which_only_some_state_a_field_are_refused(put, refusal) -> None:
    rows = "t [s],V [V]\n" + ROWS
    paths = [put(name, rows) for name in ("H=5Oe.csv", "H=10Oe.csv", "zero.csv")]
    message = refusal(smtj.fit, paths)
    assert "zero.csv: its name states no field, and H=5Oe.csv does (field 5 Oe)" in message
    assert '--from-name "*H={field_out_of_plane:Oe}*"' in message
    # What the user states, and one file among others of another kind, are no lack.
    every = [load(path) for path in paths]
    check_names(every, ["field_out_of_plane"])
    check_names(every[1:])


def test_numbers_in_names_that_nothing_explains_are_pointed_out(put) -> None:
    rows = "t [s],V [V]\n" + ROWS
    paths = [put(f"run3_{n}.csv", rows) for n in (5, -5, 0)]
    assert numbers_in_names(paths) == (
        "the names of the files hold numbers, -5 to 5; if these are a condition, from_name= says "
        'which (--from-name "run*_{field:Oe}.csv")'
    )
    assert numbers_in_names(paths[:2]) is None


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("dev*_run*_{field:Oe}.csv", [f"dev1_run{n}_{5 * n - 24}.csv" for n in range(4)]),
        (
            "*_trace_{field:Oe}_300.csv",
            [f"2024-05-0{n}_trace_{3 * n}_300.csv" for n in range(1, 5)],
        ),
        ("*_{field:Oe}_*.dat", [f"20240501_1{n}0455_{2 * n - 5}_{10 * n}.dat" for n in range(4)]),
    ],
)
def test_counters_and_dates_in_names_are_no_conditions(pattern: str, names: list[str]) -> None:
    found = numbers_in_names([Path(name) for name in names])
    assert found is not None and f'(--from-name "{pattern}")' in found


def test_numbers_in_names_of_folders_are_pointed_out(tmp_path: Path) -> None:
    for field in (-14, 0, 14):
        (tmp_path / f"H={field}").mkdir()
        (tmp_path / f"H={field}" / "trace.csv").write_text("t [s],V [V]\n" + ROWS)
    found = numbers_in_names(files_in([tmp_path]))
    assert found is not None
    assert '--from-name "H={field:Oe}/*"' in found


def test_a_bias_in_the_name_beside_a_measured_voltage_is_pointed_out(put) -> None:
    rows = "t [s],volts [V]\n" + "".join(f"{n},{0.3 + 0.01 * (n // 7 % 2)}\n" for n in range(60))
    path = put("V=-200mV.csv", rows)
    (remark,) = load(path).attrs["reading_remarks"]
    assert "states another voltage than column" in remark
    assert '--column "signal=volts [V]"' in remark
    biased = load(path, {"signal": "volts [V]"})
    assert float(biased["voltage"]) == close_to(-200 * mV)
    assert observable_of(biased) == "signal"


def test_notes_and_pictures_in_a_folder_are_no_data(put, tmp_path: Path, refusal) -> None:
    for name in ("b.csv", "a.txt", "ReadMe.txt", "notes 3.txt", "Thumbs.db", "p.png", "~$a.xlsx"):
        put(name, "t [s],R [ohm]\n" + ROWS)
    assert [path.name for path in files_in([tmp_path])] == ["a.txt", "b.csv"]
    assert left_out([tmp_path]) == ["ReadMe.txt", "Thumbs.db", "notes 3.txt", "p.png"]
    for name in ("b.csv", "a.txt"):
        (tmp_path / name).unlink()
    assert "is a folder without files of data" in refusal(files_in, [tmp_path])


def test_means_below_a_blank_line_are_no_readings(put, refusal) -> None:
    table = "t [s],R [ohm]\n" + ROWS
    dataset = load(put("a.csv", f"{table}\nMean,1000\nStd,2\n"))
    assert dataset.sizes["reading"] == 60
    assert "on nothing is read" in dataset.attrs["reading_remarks"][0]
    assert "row 62" in refusal(load, put("b.csv", f"{table}Mean,1000\n"))
    assert "row 63" in refusal(load, put("c.csv", f"{table}\nMean,1000\n60,1000\n"))


def test_files_in_folders_that_are_named_after_their_fields(put, tmp_path: Path) -> None:
    for name in ("H=-5Oe", "H=5Oe", "T=300K_H=9Oe"):
        (tmp_path / name).mkdir()
        put(f"{name}/trace.csv", "t [s],R [ohm]\n" + ROWS)
    found = files_in([tmp_path])
    assert [path.parent.name for path in found] == ["H=-5Oe", "H=5Oe", "T=300K_H=9Oe"]
    fields = [float(load(path)["field_out_of_plane"]) for path in found]
    assert fields == close_to([-5 * Oe, 5 * Oe, 9 * Oe])
    (remark,) = load(found[0]).attrs["reading_remarks"]
    assert remark == "field -5 Oe, from the name of its folder"
    # The name of the file itself counts more.
    named = load(put("H=5Oe/H=7Oe.csv", "t [s],R [ohm]\n" + ROWS))
    assert float(named["field_out_of_plane"]) == close_to(7 * Oe)
    put("a.csv", "t [s],R [ohm]\n" + ROWS)
    assert files_in([tmp_path]) == [tmp_path / "a.csv"]
    assert left_out([tmp_path]) == ["H=-5Oe/", "H=5Oe/", "T=300K_H=9Oe/"]


def test_columns_of_a_matrix_by_their_position(tmp_path: Path, refusal) -> None:
    from scipy.io import savemat

    path = tmp_path / "run.mat"
    savemat(path, {"data": np.c_[np.arange(60.0), 1000 + 100 * (np.arange(60) // 7 % 2)]})
    assert "run.mat has columns without names, #1 and #2: name them by" in refusal(load, path)
    dataset = load(path, {"time": "#1 [ms]", "resistance": "#2 [ohm]"})
    assert dataset["time"].values[2] == close_to(2e-3)
    assert dataset["resistance"].values[7] == 1100


def test_hdf5_called_mat(tmp_path: Path) -> None:
    import h5py

    with h5py.File(tmp_path / "run.mat", "w") as file:
        file["t"], file["R"] = np.arange(60.0)[:, None], np.full((60, 1), 1e3)
    assert load(tmp_path / "run.mat")["resistance"].values[3] == 1e3


def test_channels_of_a_clocked_file_have_a_choice(tmp_path: Path, refusal) -> None:
    from nptdms import ChannelObject, TdmsWriter

    def write(*names: str) -> Path:
        properties = {"wf_increment": 1e-4, "unit_string": "V"}
        with TdmsWriter(tmp_path / "log.tdms") as writer:
            values = np.arange(60) // 7 % 2
            writer.write_segment([ChannelObject("Log", n, values, properties) for n in names])
        return tmp_path / "log.tdms"

    assert observable_of(load(write("Dev1/ai0"))) == "voltage"
    message = refusal(load, write("Dev1/ai0", "Dev1/ai1"))
    assert "may each show the state of the device: choose by" in message
    assert '--column "voltage=Dev1/ai0 [V]" or --column "voltage=Dev1/ai1 [V]"' in message


def test_notes_around_a_table_of_a_workbook(put_rows) -> None:
    rows = [
        ["Sample", "P12"],
        ["bias", "10 µA"],
        [],
        [],
        ["t", "R", "remark", None, "mean", 1050.5],
    ]
    rows += [["µs", "kΩ"], *([n, 1 + 0.1 * (n // 7 % 2)] for n in range(40))]
    rows[30] = [*rows[30], "lamp on"]
    dataset = load(put_rows(rows))
    assert dataset["time"].values[2] == close_to(2e-6)
    assert dataset["resistance"].values[7] == close_to(1100)
    assert float(dataset["current"]) == close_to(1e-5)


def test_infinity_signs_are_overflows(put) -> None:
    values = ["∞", "-∞", *("1" if n // 7 % 2 else "0" for n in range(60))]
    rows = "".join(f"{n},{value}\n" for n, value in enumerate(values))
    dataset = load(put("pico.csv", "Time,Channel A\n(us),(mV)\n\n" + rows))
    assert dataset.sizes["reading"] == 60
    assert "and 1 more; left out" in " ".join(dataset.attrs["reading_remarks"])


def test_sheets_per_field_are_read_together(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["Traces of pillar 12"])
    for field in (-10, 0, 10):
        sheet = book.create_sheet(f"{field} Oe")
        for row in (["t [ms]", "R [ohm]"], *([n, 1000 + n] for n in range(30))):
            sheet.append(row)
    book.save(tmp_path / "book.xlsx")
    every = load_tables(tmp_path / "book.xlsx")
    assert [float(one["field_out_of_plane"]) / Oe for one in every] == close_to([-10, 0, 10])
    assert "3 tables alike are read, one per condition" in " ".join(
        describe(tmp_path / "book.xlsx").remarks
    )
    assert len(load_tables(tmp_path / "book.xlsx", sheet="0 Oe")) == 1
    # Sheets of which nothing says what differs are no series.
    for sheet, name in zip(book.worksheets[1:], "abc", strict=True):
        sheet.title = name
    book.save(tmp_path / "book.xlsx")
    (one,) = load_tables(tmp_path / "book.xlsx")
    assert one.attrs["reading_remarks"] == ['sheet "a" is read, not "b" and "c" (--sheet)']


def test_groups_per_voltage_are_read_together(tmp_path: Path) -> None:
    import h5py

    with h5py.File(tmp_path / "runs.h5", "w") as file:
        for n, volts in enumerate((0.1, 0.2, 0.3)):
            group = file.create_group(f"run{n}")
            group["time"], group["resistance"] = np.arange(30.0), 1000.0 + np.arange(30)
            group.attrs["voltage"] = f"{volts} V"
    every = load_tables(tmp_path / "runs.h5")
    assert [float(one["voltage"]) for one in every] == close_to([0.1, 0.2, 0.3])
    assert not any("--sheet" in text for text in every[0].attrs["reading_remarks"])


@pytest.mark.parametrize(
    ("headers", "quantity", "first"),
    [
        ("R(-20 Oe),R(0 Oe),R(20 Oe)", "resistance", 1000.0),
        ("R [kohm] @ H_perp=-20Oe,R [kohm] @ H_perp=0Oe,R [kohm] @ H_perp=20Oe", "resistance", 1e6),
        ("V(-20 Oe) (mV),V(0 Oe) (mV),V(20 Oe) (mV)", "voltage", 1.0),
        ("-20 Oe,0 Oe,20 Oe", "signal", 1000.0),
    ],
)
def test_columns_per_field_are_read_together(put, headers, quantity, first) -> None:
    rows = "".join(f"{n},{1000 + n % 3},{2000 + n % 3},{3000 + n % 3}\n" for n in range(30))
    every = load_tables(put("wide.csv", f"time (ms),{headers}\n{rows}"))
    assert [float(one["field_out_of_plane"]) / Oe for one in every] == close_to([-20, 0, 20])
    starts = [float(one[quantity].values[0]) / first for one in every]
    assert starts == close_to([1, 2, 3])
    assert all(observable_of(one) == quantity for one in every)
    assert field_direction_stated(every[0]) == ("perp" in headers)


def test_columns_that_differ_in_more_than_a_field_are_no_series(put, refusal) -> None:
    rows = "1,2,3,4\n" * 30
    path = put("two.csv", "time (ms),R(-20 Oe),R(0 Oe),R(20 K)\n" + rows)
    assert "both mean resistance" in refusal(load_tables, path)


def test_a_conductance_becomes_a_resistance(put, refusal) -> None:
    rows = "".join(f"{n},{20 + n % 2}\n" for n in range(30))
    dataset = load(put("g.csv", "t [ms],G [µS]\n" + rows))
    np.testing.assert_allclose(dataset["resistance"].values, 1e6 / (20 + np.arange(30) % 2))
    assert "conductance" not in dataset.variables
    assert dataset.attrs["resistance_from"] == "1 / conductance"
    message = refusal(load, put("zero.csv", "t [ms],G [µS]\n" + rows + "30,0\n"))
    assert "the conductance is not above 0 at row 32" in message


def test_a_column_that_may_say_what_differs_is_named(put, refusal) -> None:
    path = put("p.csv", "H [Oe],P,n,run\n" + "5,0.1,100,1\n5,0.2,100,2\n9,0.3,100,1\n")
    assert 'name what differs among "run" by columns=' in refusal(unique_fields, load(path))
