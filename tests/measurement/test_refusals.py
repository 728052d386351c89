"""Every file that cannot be read is refused in one sentence that says what would be right."""

import os
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smtj.errors import DataError
from smtj.measurement import increasing_time, load, loading, require, save, unique_fields
from smtj.measurement.format.text import parse

HEADER = "time [s],R [ohm],device\n"
GOOD = HEADER + "1,2,a\n"


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("", ["data.csv is empty", "expected a header and one row per reading"]),
        ("\n  \n# only a comment\n", ["data.csv is empty"]),
        (HEADER, ["data.csv has a header but no rows"]),
        ("1,2,a\n2,3,a\n", ['has no header but begins with "1,2,a"', "in the first row"]),
        ("1,2\n", ["has no header"]),
        ("# no header here\n1,2\n", ["has no header"]),
        ("# x, y\n1,2\n", ["has no header"]),
        (GOOD + "x,2,a\n", ['row 3, column "time [s]" is "x": expected a number']),
        (GOOD + "1,0x10,a\n", ['row 3, column "R [ohm]" is "0x10"']),
        (GOOD + "\n# c\n\n1,2 V,a\n", ['row 6, column "R [ohm]" is "2 V"']),
        (GOOD + "1;2,3,a\n", ['row 3, column "time [s]" is "1;2"']),
        (GOOD + '2,"2,5",a\n', ['column "R [ohm]" is "2,5": write numbers with a']),
        (
            GOOD + ",2,a\n",
            ['row 3, column "time [s]" is blank', "delete the row", "need not be regular"],
        ),
        (GOOD + '1," ",a\n', ['row 3, column "R [ohm]" is blank']),
        (GOOD + "1,2,\n", ['row 3, column "device" is blank']),
        ("t [s]\tR [ohm]\n1\t2\n\t\n3\t\n4\t5\n", ['row 3, column "t [s]" is blank']),
        (GOOD + "1,NaN,a\n", ['row 3, column "R [ohm]" is NaN: delete the row']),
        (GOOD + "1,-nan,a\n", ['row 3, column "R [ohm]" is -nan: delete the row']),
        (GOOD + "1,#N/A,a\n", ["row 3: it has 2 cells"]),
        (GOOD + "1,inf,a\n", ['column "R [ohm]" is inf ohm at row 3', "delete it"]),
        (GOOD + "-Infinity,1,a\n", ['column "time [s]" is -inf s at row 3']),
        (GOOD + "1,1e999,a\n", ['column "R [ohm]" is inf ohm at row 3']),
        (GOOD + "1,2\n", ["row 3: it has 2 cells where the header has 3"]),
        (GOOD + "1\n", ["row 3: it has 1 cell where the header has 3"]),
        (GOOD + "1,2,a,4\n", ["row 3: it has 4 cells where the header has 3"]),
        (HEADER + "1,2,a,4\n1,2,a\n", ["row 2: it has 4 cells where the header has 3"]),
        (HEADER + "1,2\n1,2,a\n", ["row 2: it has 2 cells where the header has 3"]),
        (
            GOOD + '1,2,"a\n3,4,b\n',
            ["data.csv has a quotation mark that is never closed"],
        ),
        (GOOD + "1,-3,a\n", ['"R [ohm]" is -3 ohm at row 3: a resistance is 0 ohm or more']),
        ("T\n-1\n", ['"T" is -1 K at row 2: a temperature is 0 K or more']),
        ("f [GHz]\n-1\n", ['"f [GHz]" is -1 GHz at row 2: a frequency is 0 Hz or more']),
        ("f [GHz],Vmix\n0,inf\n", ['column "Vmix" is inf uV at row 2', "delete it"]),
        ("signal (a.u.)\n1\nnan\n", ['row 3, column "signal (a.u.)" is nan: delete the row']),
        ("Xchannel\n\n-inf\n", ['column "Xchannel" is -inf uV at row 3']),
        ("signal error [uV],t\n-1,0\n", ["a standard error of the signal is 0 V or more"]),
        ("P\n0.5\n1.5\n", ['"P" is 1.5 at row 3: a probability is between 0 and 1', "[%]"]),
        ("P [%]\n101\n", ['"P [%]" is 1.01 at row 2']),
        ("P\n-0.1\n", ['"P" is -0.1 at row 2']),
        ("P,n\n0.5,50.5\n", ['"n" is 50.5 at row 2: a number of reads must be whole']),
        ("P,n\n0.5,0\n", ['"n" is 0 at row 2: a number of reads is 1 or more']),
        ("high,n\n4,5\n7,5\n", ["there are more high reads than reads at row 3"]),
        ("V,I\n1,1\n1,0\n", ["the current is 0 at row 3", "delete that row"]),
        ("V,I\n1,-1\n", ["voltage / current is -1 ohm at row 2"]),
        (b"time [s],R\n1,2\0\n", ["is not a text file", ".xlsx, .nc"]),
        (
            GOOD + '1,2,"' + "a,b\n" * 50_000,
            ["data.csv cannot be read as a table", "one separator"],
        ),
        (HEADER + '1,2,"' + "a,b\n" * 50_000, ["data.csv cannot be read as a table"]),
        ("R" * 140_000 + "\n1\n", ["is not a table: its line 1 never ends"]),
        (b"PK\x03\x04" + bytes(range(256)), ["is not a text file"]),
        (b"R [ohm]\n" + b"1" * (1 << 20), ["is not a table: its line 2 never ends"]),
        (b"\xff\xfeR\0\n\0", ["has a header but no rows"]),
        (b"\xff\xfe\0\xd8\0\xd8\0\xd8", ["is not a text file"]),
    ],
)
def test_text(refusal, put, content: str | bytes, parts: list[str]) -> None:
    message = refusal(load, put("data.csv", content))
    assert message.startswith("data.csv")
    for part in parts:
        assert part in message


@pytest.mark.parametrize("surplus", ["1,2,a,4\n", "1,2\n", "1\n", "1,x,a\n", "1,2,\n"])
def test_the_row_is_right_beyond_the_first_chunk(
    refusal, put, monkeypatch: pytest.MonkeyPatch, surplus: str
) -> None:
    monkeypatch.setattr(parse, "CHUNK", 4)
    for before in range(1, 10):
        path = put(
            "data.csv", "# seed: 1\n" + HEADER + "1,2,a\n" * before + surplus + "1,2,a\n" * 9
        )
        assert f"row {before + 3}" in refusal(load, path)


def test_no_file_and_a_folder(refusal, tmp_path: Path) -> None:
    assert "not_there.csv does not exist" in refusal(load, tmp_path / "not_there.csv")
    (tmp_path / "folder.csv").mkdir()
    assert "folder.csv is a folder" in refusal(load, tmp_path / "folder.csv")


def test_a_file_that_may_not_be_read(refusal, put, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put("data.csv", GOOD)

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    assert "data.csv cannot be read (Permission denied)" in refusal(load, path)


def test_a_gigabyte_is_refused_before_it_is_read(
    refusal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        os.truncate(file.fileno(), 10**9)
    monkeypatch.setattr(loading, "_read", lambda *_: pytest.fail("the file was read"))
    message = refusal(load, path)
    assert "large.csv has 1000 MB, more than the limit of 800 MB" in message
    assert "split it into parts" in message


@pytest.mark.parametrize(
    ("rows", "parts"),
    [
        ([], ["data.xlsx is empty"]),
        ([["# a comment"]], ["data.xlsx is empty"]),
        ([["R [ohm]"]], ["has a header but no rows"]),
        ([[1, 2], [3, 4]], ["has no header but begins with 1 and 2"]),
        ([["R"], ["x"]], ['row 2, column "R" is "x": expected a number']),
        ([["R"], [True]], ['row 2, column "R" is "True": expected a number']),
        ([["R", "t"], [1, 2], [None, 2]], ['row 3, column "R" is blank']),
        ([["R", "t"], [1, 2], [1]], ['row 3, column "t" is blank']),
        ([["R", "device"], [1, None], [1, "a"]], ['row 2, column "device" is blank']),
        ([["R"], ["NaN"]], ['row 2, column "R" is NaN: delete the row']),
        ([["R"], ["2,500"]], ["write numbers with a decimal point"]),
        ([["R"], [], [-1]], ['column "R" is -1 ohm at row 3']),
        ([["a"], [1]], ['no column that smtj recognises, only "a"']),
    ],
)
def test_excel(refusal, put_rows, rows: list[list[object]], parts: list[str]) -> None:
    message = refusal(load, put_rows(rows))
    assert message.startswith("data.xlsx")
    for part in parts:
        assert part in message


@pytest.mark.parametrize("content", [b"R,t\n1,2\n", b"PK\x03\x04 and no more"])
def test_damaged_workbooks_are_refused(refusal, put, content: bytes) -> None:
    message = refusal(load, put("data.xlsx", content))
    assert "data.xlsx is not an intact Excel workbook" in message


@pytest.mark.parametrize("content", [b"R,t\n1,2\n", b"CDF\x01" + bytes(100)])
def test_damaged_netcdf_files_are_refused(refusal, put, content: bytes) -> None:
    assert "data.nc is not a NetCDF 4 file" in refusal(load, put("data.nc", content))


@settings(
    deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=st.text(st.sampled_from('tRV[]m,;\t\n\r "#1.-einf\u00b5/()'), max_size=60))
def test_any_text_is_read_or_refused_in_a_sentence(put, content: str) -> None:
    path = put("data.csv", content)
    try:
        dataset = load(path)
    except DataError as error:
        assert str(path) in str(error)
        assert "\n" not in str(error)
    else:
        assert dataset.sizes["reading"] > 0


def test_a_damaged_old_workbook(refusal, put) -> None:
    message = refusal(load, put("data.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)))
    assert "data.xls is not an intact Excel workbook" in message


def test_a_missing_quantity_is_named_with_those_that_exist(refusal, put) -> None:
    dataset = load(put("data.csv", "V,U_x,t\n1,2,3\n"))
    require(dataset, "time", "voltage")
    assert refusal(require, dataset, "time", "resistance", "temperature") == (
        'data.csv has no resistance or temperature, only voltage and time, and unused "U_x": if a '
        "column has another name, give it by columns= (--column resistance=HEADER --column "
        "temperature=HEADER)"
    )
    plain = xr.Dataset({"voltage": 1.0})
    assert "the data set has no time, only voltage: " in refusal(require, plain, "time")


@pytest.mark.parametrize("later", ["1", "0.5"])
def test_times_that_do_not_increase(refusal, put, later: str) -> None:
    content = f"# seed: 1\nt\n0\n\n1\n# a pause\n{later}\n2\n"
    dataset = load(put("data.csv", content))
    message = refusal(increasing_time, dataset)
    assert f"data.csv: time does not increase at row 7 (from 1 s to {later} s)" in message
    assert "sort the readings by time" in message
    assert "at reading 2 (" in refusal(increasing_time, dataset.isel(reading=[1, 2]))
    Path(dataset.encoding["source"]).unlink()
    assert "at reading 3 (" in refusal(increasing_time, dataset)


def test_times_in_excel_that_do_not_increase(refusal, put_rows) -> None:
    dataset = load(put_rows([["t"], [0], [], [1], [1]]))
    assert "time does not increase at row 5" in refusal(increasing_time, dataset)


def test_irregular_times_are_fine(put, scan: xr.Dataset, sweep: xr.Dataset) -> None:
    increasing_time(load(put("data.csv", "t\n-1\n0\n5\n5.0001\n")))
    increasing_time(scan)
    increasing_time(sweep)


def test_times_of_several_dimensions_that_do_not_increase(refusal, scan: xr.Dataset) -> None:
    scan["time"][2, 0] = 0.0
    assert "the data set: time does not increase at reading 25" in refusal(increasing_time, scan)
    assert "has no time" in refusal(increasing_time, scan.drop_vars("time"))


def test_a_frequency_in_hz_called_ghz_names_the_unit(refusal, put) -> None:
    message = refusal(load, put("a.csv", "f [GHz],H [Oe],V [uV]\n4e9,1,2\n4e9,2,3\n"))
    assert "more than any microwave has" in message
    assert '(--column "frequency=f [Hz]")' in message


def test_fields_that_are_measured_again_may_differ_in_what_is_not_understood(refusal, put) -> None:
    rows = "H [Oe],V [mV],P,branch,shift\n100,0,0.1,up,1\n\n200,0,0.2,up,1\n100,0,0.1,down,1\n"
    unique_fields(load(put("data.csv", rows)))
    dataset = load(put("data.csv", rows + "100,0,0.3,up,2\n"))
    assert refusal(unique_fields, dataset) == (
        "data.csv: row 6 repeats row 2 (field_out_of_plane 100 Oe, voltage 0 mV and branch "
        '"up"): name what differs among "shift" by columns=, or leave it out (--ignore HEADER)'
    )
    plain = rows.replace(",shift", "").replace(",1\n", "\n")
    unique_fields(load(put("data.csv", plain + "100,0,0.3,up\n")))
    # Up and down, an instrument may round the same setting differently.
    unique_fields(load(put("data.csv", f"H [Oe],P\n{0.1 + 0.2!r},0.1\n0.3,0.1\n")))


def test_times_in_place_of_pulse_lengths_are_named(put, refusal) -> None:
    timed = load(put("a.csv", "t (ns),P_sw,N\n1,0.1,500\n2,0.2,500\n"))
    assert '(--column "pulse_length=t (ns)")' in refusal(unique_fields, timed)


def test_an_unknown_suffix_is_not_guessed(refusal, tmp_path: Path, scan: xr.Dataset) -> None:
    message = refusal(save, scan, tmp_path / "data.mat")
    assert "data.mat is unknown: save to a .csv" in message
    assert ".csv, .xlsx or .nc" in message
    assert "data is unknown" in refusal(save, scan, tmp_path / "data")
    assert list(tmp_path.iterdir()) == []


def test_too_many_rows_for_excel(refusal, tmp_path: Path) -> None:
    dataset = xr.Dataset({"resistance": ("reading", np.ones(1_048_576), {"units": "ohm"})})
    message = refusal(save, dataset, tmp_path / "data.xlsx")
    assert "data.xlsx needs 1048577 rows and Excel allows 1048576" in message
    assert list(tmp_path.iterdir()) == []
