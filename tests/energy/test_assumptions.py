"""The assumptions: each names its source and can be replaced."""

import pickle

import pytest

from closeness import close_to
from smtj.energy import Assumptions, load_assumptions, published, published_table
from smtj.errors import SmtjError
from smtj.units import Oe


def test_every_assumption_has_a_source_and_reads_back():
    for name, value, quantity in Assumptions().items():
        assert value.source and quantity.doc, name
        again = Assumptions().replace({name: quantity.text(value)})
        assert getattr(again, name) == value


def test_defaults_are_in_si_units():
    assumed = Assumptions()
    assert float(assumed.amplifier_noise) == 5e-9
    assert float(assumed.cell_area) == 100e-12
    assert float(assumed.strain_field_per_volt) == close_to(100 * Oe)
    assert assumed.noise_efficiency.provenance == "paper"
    assert "noise_efficiency" in dir(assumed)


def test_an_unknown_assumption_is_no_attribute():
    with pytest.raises(AttributeError, match="'wire_colour'"):
        _ = Assumptions().wire_colour


def test_assumptions_pickle_and_print():
    changed = Assumptions().replace({"wire_width": "90 nm"})
    assert pickle.loads(pickle.dumps(changed)).wire_width.same_as(changed.wire_width)
    third = Assumptions().replace({"wire_width": f"{1000 / 3} nm"})
    assert ["wire_width", "333.333 nm"] in [row[:2] for row in third.table().rows]
    assert "90 nm" in repr(changed) and "<td>90 nm</td>" in changed.table().html()
    assert changed.to_dict()["wire_width"]["source"] == "set by the user"


def test_every_published_cost_has_a_source_and_a_row():
    assert all(entry.source and entry.low <= entry.high for entry in published())
    table = published_table()
    assert list(table.head) == ["device", "cost", "note", "source"]
    cells = {row[0]: row[1] for row in table.rows}
    assert cells["TrueNorth"] == "20 mW/cm^2, power density"
    assert cells["CPU"] == "50 W/cm^2 to 100 W/cm^2, power density"


def test_assumptions_are_replaced_by_name_and_by_file(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(
        'standby_power = "2 nW"\n'
        'cell_area = { value = "50 um^2", provenance = "measured", source = "layout" }\n'
    )
    assumed = load_assumptions(file, ["standby_power = 3 nW"])
    assert (
        float(assumed.standby_power) == 3e-9 and assumed.standby_power.source == "set by the user"
    )
    assert (assumed.cell_area.provenance, assumed.cell_area.source) == ("measured", "layout")
    assert assumed.wire_length.same_as(Assumptions().wire_length)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("standby", 'is "standby"; give NAME=VALUE'),
        ("standby_powr=1 nW", "did you mean standby_power?"),
        ("standby_power=1 nJ", "is not a quantity in W"),
        ("standby_power=-1 nW", "it must be at least 0 nW"),
    ],
)
def test_an_invalid_assumption_is_reported_in_one_sentence(change, sentence):
    with pytest.raises(SmtjError, match=r"^--assume") as caught:
        load_assumptions(None, [change])
    assert sentence in str(caught.value) and "\n" not in str(caught.value)


def test_a_wrong_file_is_named(tmp_path):
    missing, broken = tmp_path / "none.toml", tmp_path / "broken.toml"
    broken.write_text("a = = 1")
    for file in (missing, broken):
        with pytest.raises(SmtjError, match=file.name):
            load_assumptions(file)
