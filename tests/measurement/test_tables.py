"""Text and Excel files as people and instruments write them."""

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from closeness import close_to
from smtj.errors import DataError
from smtj.measurement import load
from smtj.measurement.format.text import parse
from smtj.measurement.saving import save

SHARED = os.environ.get("SMTJ_DATA_DIR")
MEASURED = "measured/sot_mtj_switching/psw_0p75ns.csv"

TIMES, RESISTANCES = [0.12, 0.24, 0.36], [1000.5, 1100.0, 999.0]
COMMAS = "time [s],R [ohm]\n0.12,1000.5\n0.24,1.1e3\n0.36,999\n"


def check(path: Path) -> None:
    dataset = load(path)
    assert dict(dataset.sizes) == {"reading": 3}
    assert dataset["time"].values.tolist() == TIMES
    assert dataset["resistance"].values.tolist() == RESISTANCES
    assert dataset["time"].dtype == dataset["resistance"].dtype == np.float64


@pytest.mark.parametrize(
    "content",
    [
        COMMAS,
        COMMAS.replace(",", ", "),
        COMMAS.replace(",", ";"),
        COMMAS.replace(",", "\t"),
        COMMAS.replace(",", "   "),
        COMMAS.replace(",", " \t ").replace("\n", "  \n"),
        COMMAS.replace("time [s],R [ohm]", "time(s) R/ohm").replace(",", " "),
        COMMAS.replace("\n", "\r\n"),
        COMMAS.replace("\n", "\r"),
        COMMAS.rstrip("\n"),
        "\n\n# made by hand\n\n" + COMMAS.replace("\n", "\n\n# and a comment\n"),
        COMMAS.replace("1000.5", "1000.5 # a jump"),
        "# made by savetxt\n# " + COMMAS,
        "# " + COMMAS.replace(",", " "),
        COMMAS.replace("time [s],R [ohm]", '"time [s]","R [ohm]"'),
        COMMAS.replace("\n", ",\n"),
        b"\xef\xbb\xbf" + COMMAS.encode(),
        b"# at 20 \xb0C\n" + COMMAS.encode(),
    ],
)
@pytest.mark.parametrize("name", ["data.csv", "data.txt", "data.TSV", "data"])
def test_separators_comments_and_line_ends(put, name: str, content: str | bytes) -> None:
    check(put(name, content))


def test_latin_1_is_read_where_utf_8_cannot_be(put) -> None:
    dataset = load(put("data.csv", "I [µA],device\n10,é\n".encode("latin-1")))
    assert dataset["current"].values == [1e-5]
    assert dataset["device"].values.tolist() == ["é"]
    # The first odd byte may come after the part by which the encoding is chosen.
    rows = "10,a\n" * 20_000
    dataset = load(put("long.csv", b"I [uA],device\n" + rows.encode() + b"10,\xe9\n"))
    assert dataset["device"].values[-1] == "é"
    assert dataset.sizes["reading"] == 20_001


def test_utf_8_may_be_cut_where_the_sample_ends(put) -> None:
    for shift in range(3):
        comment = "#" + "x" * shift + "⊥" * 30_000 + "\n"
        dataset = load(put("data.csv", comment + "H⊥ [Oe]\n1\n"))
        assert list(dataset.data_vars) == ["field_out_of_plane"]


def test_comments_with_a_colon_are_attributes(put) -> None:
    lines = '# card: cai2019\n#seed: 7\n# noise: 0.5\n# fields: [1, 2]\n# note: "3"\n# free text\n'
    dataset = load(put("data.csv", lines + COMMAS))
    assert dataset.attrs == {
        "card": "cai2019",
        "seed": 7,
        "noise": 0.5,
        "fields": [1, 2],
        "note": "3",
    }


def test_labels_are_text_and_numbers_need_no_point(put) -> None:
    content = 'device;direction;R\n1;P->AP;7\n"a; b # c" ; AP->P ;8\n'
    dataset = load(put("data.csv", content))
    assert dataset["device"].values.tolist() == ["1", "a; b # c"]
    assert dataset["direction"].values.tolist() == ["P->AP", "AP->P"]
    assert "units" not in dataset["device"].attrs


def test_resistance_from_voltage_and_current(put) -> None:
    dataset = load(put("data.csv", "t,V [mV],I [uA]\n1,10,10\n2,-12,-10\n"))
    assert dataset["resistance"].values == close_to([1000.0, 1200.0])
    assert dataset["resistance"].attrs == {"units": "ohm"}
    assert dataset.attrs["resistance_from"] == "voltage / current"
    given = load(put("data.csv", "R,V [mV],I [uA]\n7,10,0\n"))
    assert given["resistance"].values == [7.0]
    assert "resistance_from" not in given.attrs
    probability = load(put("data.csv", "P,V [mV],I [uA]\n0.5,10,0\n"))
    assert "resistance" not in probability


def test_chunks_are_joined(put, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parse, "CHUNK", 2)
    check(put("data.csv", COMMAS))


def test_long_files_come_back_whole(put) -> None:
    numbers = np.random.default_rng(1).normal(1000, 50, 30_000)
    rows = "".join(f"{n},x,{value!r}\n" for n, value in enumerate(numbers.tolist()))
    dataset = load(put("data.csv", "time [s],note,R [ohm]\n" + rows))
    assert (dataset["resistance"].values == numbers).all()


def test_excel(put_rows) -> None:
    rows = [
        ["# card: cai2019"],
        [],
        ["time [s]", "R [ohm]", "note", None, "device"],
        [0.12, 1000.5, "x", None, "A"],
        [],
        [0.24, "1.1e3", None, None, " B "],
        ["# a jump"],
        [0.36, 999, None, None, 3],
    ]
    path = put_rows(rows)
    check(path)
    dataset = load(path)
    assert dataset["device"].values.tolist() == ["A", "B", "3"]
    assert dataset.attrs == {"card": "cai2019", "ignored_columns": ["note"]}


@pytest.mark.parametrize("footer", [[[], ["mean", 3.5, None]], [["measured by Anna"]]])
def test_lines_below_the_table_of_a_sheet_are_left_out(put_rows, footer) -> None:
    rows = [["H (Oe)", "P", "n"], *([float(n), n / 20, 100] for n in range(12)), *footer]
    dataset = load(put_rows(rows))
    assert dataset.sizes == {"reading": 12}
    assert dataset.attrs["reading_remarks"] == [f"from row {13 + len(footer)} on nothing is read"]


def test_a_wrong_last_reading_of_a_sheet_is_no_footer(put_rows) -> None:
    rows = [["H (Oe)", "P", "n"], *([float(n), n / 20, 100] for n in range(12)), [12.0, "0.6x", 9]]
    with pytest.raises(DataError, match=r'row 14, column "P" is "0.6x"'):
        load(put_rows(rows))


def test_excel_files_of_some_instruments_give_a_wrong_size(put_rows, tmp_path: Path) -> None:
    path = put_rows([["R [ohm]", "t [s]"], [1, 2]])
    with zipfile.ZipFile(path) as good, zipfile.ZipFile(tmp_path / "wrong.xlsx", "w") as wrong:
        for name in good.namelist():
            content = good.read(name)
            if name.endswith("sheet1.xml"):
                assert b'ref="A1:B2"' in content
                content = content.replace(b'ref="A1:B2"', b'ref="A1"')
            wrong.writestr(name, content)
    assert set(load(tmp_path / "wrong.xlsx").data_vars) == {"resistance", "time"}


@pytest.mark.skipif(
    SHARED is None or not (Path(SHARED) / MEASURED).is_file(),
    reason=f"needs {MEASURED} in the folder of the environment variable SMTJ_DATA_DIR",
)
def test_the_measured_switching_probabilities(tmp_path: Path) -> None:
    assert SHARED is not None
    dataset = load(Path(SHARED) / MEASURED)
    assert dict(dataset.sizes) == {"reading": 46}
    assert dataset.attrs == {"assumed_units": ["voltage"], "ignored_columns": ["t_p"]}
    assert set(dataset.data_vars) == {"device", "direction", "voltage", "probability", "reads"}
    assert sorted(set(dataset["device"].values.tolist())) == ["A", "B"]
    assert sorted(set(dataset["direction"].values.tolist())) == ["AP->P", "P->AP"]
    assert set(dataset["reads"].values.tolist()) == {100.0}
    assert dataset["voltage"].values[0] == 0.8
    assert dataset["probability"].values[6] == 0.58
    # All of them are multiples of 0.02.
    assert np.rint(50 * dataset["probability"].values) == close_to(
        50 * dataset["probability"].values
    )
    again = load(save(dataset, tmp_path / "copy.csv"))
    assert again.attrs == dataset.attrs
    xr.testing.assert_allclose(again, dataset, rtol=1e-15, atol=0)
