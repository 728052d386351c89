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


NAMED = (
    *("R_H={}Oe (kohm)", "R({} G) [kohm]", "R (kohm) @ {} G", "R [H={} Oe] (kohm)"),
    *("R [kohm] [H={} Oe]", "R_{}Oe_kohm", "Resistance for H = {} Oe [kOhm]", "R: {} Oe (kΩ)"),
)
LAYOUTS = {
    **{n: [["Time (ms)", *[n.format(field) for field in FIELDS]]] for n in NAMED},
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


def test_p_and_counts_per_voltage_are_one_table(tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    heads = [f"{name}_V={volts}mV" for volts in (-100, 100) for name in ("P_AP", "N")]
    rows = [(field, 0.1 * k, 50, 0.2 * k, 70) for k, field in enumerate(FIELDS)]
    file.write_text(lines([["H (Oe)", *heads], *rows]))
    (table,) = load_tables(file)
    assert table.voltage.values == close_to([-0.1] * 3 + [0.1] * 3)
    assert table.probability.values == close_to([0, 0.1, 0.2, 0, 0.2, 0.4])
    assert table.reads.values.tolist() == [50] * 3 + [70] * 3


def test_numbers_per_voltage_beside_a_field_are_p(tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    rows = [(field, 0.1 * k, 0.2 * k, 0.5 * k) for k, field in enumerate(FIELDS)]
    file.write_text(lines([["H (Oe)", "V=-0.2", "V=0", "V=0.2"], *rows]))
    (table,) = load_tables(file)
    assert table.probability.values[-3:] == close_to([0, 0.5, 1])
    assert table.voltage.values[[0, -1]] == close_to([-0.2, 0.2])
    assert "no unit is stated for V in the headers; SI is assumed" in table.reading_remarks


def test_both_dwell_times_per_voltage_are_one_table(tmp_path: Path) -> None:
    file = tmp_path / "tau.csv"
    heads = [f"tau_{s} (ms) at {volts} mV" for volts in (-100, 100) for s in ("AP", "P")]
    file.write_text(lines([["H (Oe)", *heads], *[(f, 1, 2, 3, 4) for f in FIELDS]]))
    (table,) = load_tables(file)
    assert table.dwell_time_low.values == close_to([2e-3] * 3 + [4e-3] * 3)


def test_a_field_in_headers_without_its_unit_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(lines([["Time (ms)", "R_H=-20", "R_H=-10", "R_H=0"], *ROWS]))
    with pytest.raises(ValueError, match='"R_H=-20" states a field without a unit: write it as'):
        load_tables(file)
