"""The table of assumptions: every row says where it is from, and can be replaced."""

import pytest

from smtj.energy.assumptions import Assumptions, load_assumptions
from smtj.energy.published import PUBLISHED
from smtj.errors import SmtjError


def test_every_row_has_a_source_and_stands_in_its_own_range():
    rows = list(Assumptions().rows())
    assert len(rows) == len(Assumptions.field_names())
    for name, value, quantity in rows:
        assert value.source and quantity.doc, name
        # Its own text is read back as the same number.
        again = Assumptions().replace({name: quantity.text(value)})
        assert getattr(again, name) == value


def test_every_published_line_has_a_source():
    assert all(line.source and line.low <= line.high for line in PUBLISHED)


def test_rows_are_replaced_by_name_and_by_file(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(
        'standby_power = "2 nW"\n'
        'cell_area = { value = "50 um^2", provenance = "measured", source = "layout" }\n'
    )
    table = load_assumptions(file, ["standby_power = 3 nW"])
    assert float(table.standby_power) == 3e-9 and table.standby_power.source == "set by the user"
    assert (table.cell_area.provenance, table.cell_area.source) == ("measured", "layout")
    assert table.wire_length.same_as(Assumptions().wire_length)


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("standby", 'is "standby"; give NAME=VALUE'),
        ("standby_powr=1 nW", "did you mean standby_power?"),
        ("standby_power=1 nJ", "is not a quantity in W"),
        ("standby_power=-1 nW", "it must be at least 0 nW"),
    ],
)
def test_a_wrong_row_is_one_sentence(setting, sentence):
    with pytest.raises(SmtjError, match=r"^--assume") as caught:
        load_assumptions(None, [setting])
    assert sentence in str(caught.value) and "\n" not in str(caught.value)


def test_a_wrong_file_is_named(tmp_path):
    missing, broken = tmp_path / "none.toml", tmp_path / "broken.toml"
    broken.write_text("a = = 1")
    for file in (missing, broken):
        with pytest.raises(SmtjError, match=file.name):
            load_assumptions(file)
