"""Two rows of headers: one of names, another of the condition of each column."""

from pathlib import Path

import numpy as np
import openpyxl
import pytest

from closeness import close_to
from smtj.measurement import load_tables
from smtj.units import Oe

FIELDS = (-20, -10, 0)
ROWS = [(0.1 * n, *(1 + 0.1 * k + 0.01 * n for k in range(3))) for n in range(4)]


def lines(rows: object) -> str:
    return "".join(",".join(map(str, row)) + "\n" for row in rows)


LAYOUTS = {
    "fields with units below": [["Time (ms)", *["R (kohm)"] * 3], ["", "-20 Oe", "-10 Oe", "0 Oe"]],
    "fields without units above": [["H (Oe)", *FIELDS], ["Time (ms)", *["R (kohm)"] * 3]],
    "units, then fields": [
        ["Time", *["R"] * 3],
        ["ms", *["kohm"] * 3],
        ["", *[f"H = {field} Oe" for field in FIELDS]],
    ],
}


def check(tables: list) -> None:
    assert [float(table.field_out_of_plane) for table in tables] == [
        close_to(field * Oe) for field in FIELDS
    ]
    for k, table in enumerate(tables):
        assert np.allclose(table.time, [1e-3 * row[0] for row in ROWS], rtol=1e-12)
        assert np.allclose(table.resistance, [1e3 * row[1 + k] for row in ROWS], rtol=1e-12)


@pytest.mark.parametrize("heads", LAYOUTS.values(), ids=LAYOUTS)
def test_a_row_of_fields_gives_a_trace_per_field(tmp_path: Path, heads: list) -> None:
    file = tmp_path / "a.csv"
    file.write_text(lines([*heads, *ROWS]))
    check(load_tables(file))


def test_merged_cells_stand_above_times_and_readings_of_their_own(tmp_path: Path) -> None:
    pairs = [[row[n] for k in range(3) for n in (0, 1 + k)] for row in ROWS]
    book = openpyxl.Workbook()
    for row in (["-20 Oe", None, "-10 Oe", None, "0 Oe"], ["t (ms)", "R (kohm)"] * 3, *pairs):
        book.active.append(row[:6])
    book.save(tmp_path / "a.xlsx")
    check(load_tables(tmp_path / "a.xlsx"))


def test_columns_of_one_name_under_one_condition_stay_ambiguous(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(lines([["", *["-20 Oe"] * 3], ["Time (ms)", *["R (kohm)"] * 3], *ROWS]))
    with pytest.raises(ValueError, match="both mean resistance"):
        load_tables(file)
