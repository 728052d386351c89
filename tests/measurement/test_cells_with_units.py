"""Numbers that carry their unit in the cell."""

import openpyxl
import pytest

from closeness import close_to
from smtj import load
from smtj.errors import DataError
from smtj.units import Oe

ROWS = [["0 s", "999 Ω", "-20 Oe"], ["900 us", "1.002 kΩ", "-20 Oe"], ["1.2 ms", "1 kohm", "-2 mT"]]


def check(data) -> None:
    assert data.time.values == close_to([0, 9e-4, 1.2e-3])
    assert data.resistance.values == close_to([999, 1002, 1000])
    assert data.field_out_of_plane.values == close_to([-20 * Oe] * 3)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_each_cell_is_read_in_its_own_unit(tmp_path, separator):
    file = tmp_path / "a.csv"
    file.write_text("\n".join(map(separator.join, [["Time", "R", "H_perp"], *ROWS])), "utf-8")
    check(load(file))


def test_so_is_each_cell_of_a_workbook(tmp_path):
    book = openpyxl.Workbook()
    for row in (["Time", "R", "H_perp"], *ROWS):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    check(load(tmp_path / "a.xlsx"))


def test_a_unit_of_another_quantity_names_its_row(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("Time,R\n0 s,1 kohm\n1 ms,1 kohm\n2 ms,3 mV\n")
    with pytest.raises(DataError, match=r'row 4, column "R \[kohm\]" is "3 mV"'):
        load(file)


def test_a_column_of_ranges_beside_plain_numbers_changes_nothing(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("Time (s),R (ohm),Range\n" + "".join(f"{n},1000,10 mV\n" for n in range(5)))
    data = load(file)
    assert data.resistance.values == close_to([1000] * 5)
    assert data.attrs["ignored_columns"] == ["Range"]
