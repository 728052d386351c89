"""The device card: the shipped one's numbers, every refusal, and that nothing is lost in a file."""

import copy
import json
import math
import pickle
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from pydantic import ValidationError
from scipy.constants import mu_0

from closeness import close_to
from smtj.card import DeviceCard, Value, as_card, load_card, shipped_cards
from smtj.card.template import template
from smtj.errors import CardError, SmtjError
from smtj.physics.device import vcma_point

CARD = load_card("cai2019")
OERSTED = 1000 / (4 * math.pi)


@pytest.fixture
def refused(tmp_path, monkeypatch):
    """What is said of the paper's card with some of its text changed."""
    monkeypatch.chdir(tmp_path)

    def sentence(*edits: tuple[str, str]) -> str:
        text = template()
        for old, new in edits:
            assert len(re.findall(old, text, re.MULTILINE)) == 1, old
            text = re.sub(old, lambda _, new=new: new, text, flags=re.MULTILINE)
        Path("my.toml").write_text(text, encoding="utf-8")
        with pytest.raises(CardError) as refusal:
            load_card("my.toml")
        return str(refusal.value)

    return sentence


# The paper's device.


@pytest.mark.parametrize("name", shipped_cards())
def test_a_shipped_card_loads_under_its_own_name(name):
    card = load_card(name)
    assert card.name == name
    assert all(value.source for _, value, _ in card.values() if value.source != "default")


def test_the_paper_s_numbers_are_on_its_card():
    assert CARD.geometry.length == 210e-9
    assert CARD.geometry.activation_volume == close_to(3254e-27)
    assert CARD.magnetism.anisotropy_field == close_to(0.056 / mu_0, rel=1e-15)
    assert CARD.magnetism.easy_axis_tilt == close_to(math.radians(9), rel=1e-15)
    assert CARD.vcma.coefficient == 26e-15
    assert CARD.switching.effective_anisotropy_field == close_to(560 * OERSTED, rel=1e-15)
    assert CARD.switching.sampling_interval == 0.12
    assert CARD.switching.offset_field is None
    assert CARD.spin_torque is None


def test_only_what_is_printed_counts_as_from_the_paper():
    printed = {name for name, value, _ in CARD.values() if value.provenance == "paper"}
    assert printed == {
        "geometry.length",
        "geometry.width",
        "geometry.free_layer_thickness",
        "geometry.tunnel_barrier_thickness",
        "magnetism.anisotropy_field",
        "magnetism.easy_axis_tilt",
        "vcma.coefficient",
        "vcma.anisotropy_field_per_volt",
        "electrical.read_voltage",
        "thermal.attempt_time",
        "switching.voltage_limit",
        "switching.sampling_interval",
    }


def test_the_activation_volume_is_the_stated_part_of_the_ellipse():
    geometry = CARD.geometry
    volume = math.pi / 4 * geometry.length * geometry.width * geometry.free_layer_thickness
    assert geometry.activation_volume / volume == close_to(0.203, abs=5e-4)


def test_values_come_with_unit_range_and_meaning():
    entries = {name: (value, quantity) for name, value, quantity in CARD.values()}
    value, quantity = entries["magnetism.easy_axis_tilt"]
    assert quantity.text(value) == "9 deg"
    assert quantity.range_text == "at least 0 deg and below 90 deg"
    assert "easy axis" in quantity.doc
    assert "switching.offset_field" not in entries


def test_the_reference_layer_lies_in_the_plane_unless_the_card_says_otherwise(refused):
    angle = CARD.magnetism.reference_layer_polar_angle
    assert angle.same_as(Value(math.pi / 2, "assumed", "default"))
    quantity = CARD.magnetism.quantities()["reference_layer_polar_angle"]
    assert quantity.text(angle) == "90 deg"
    assert quantity.range_text == "at least 0 deg and at most 180 deg"
    for degrees in (0, 37.5, 180):
        card = CARD.replace({"magnetism.reference_layer_polar_angle": f"{degrees} deg"})
        assert card.magnetism.reference_layer_polar_angle == math.radians(degrees)
    entry = r"^reference_layer_polar_angle = .*$"
    outside = 'reference_layer_polar_angle = { value = "190 deg", provenance = "assumed" }'
    assert refused((entry, outside)) == (
        "card my.toml: magnetism.reference_layer_polar_angle: 190 deg is out of range; it must be "
        "at least 0 deg and at most 180 deg"
    )


def test_a_card_from_before_the_polar_angle_is_still_one(tmp_path):
    path = tmp_path / "old.toml"
    text = re.sub(r"^reference_layer_polar_angle = .*\n", "", template(), flags=re.MULTILINE)
    assert "reference_layer_polar_angle =" not in text
    path.write_text(text, encoding="utf-8")
    assert load_card(path).magnetism.reference_layer_polar_angle == math.pi / 2
    saved = load_card(load_card(path).save(tmp_path / "new.toml"))
    assert saved == load_card(path)
    assert "reference_layer_polar_angle" in (tmp_path / "new.toml").read_text(encoding="utf-8")


# A value.


def test_arithmetic_with_values_gives_plain_floats():
    value = Value(2.0, "paper", "Sec. II", 0.1)
    assert {type(x) for x in (value + 1, 2 * value, -value, abs(value), value**2)} == {float}
    assert (value == 2.0, value + 1, str(value)) == (True, 3.0, "2.0")
    assert repr(value) == "Value(2.0, 'paper', 'Sec. II')"


def test_a_value_never_changes():
    value = Value(2.0, "paper")
    with pytest.raises(AttributeError, match="immutable"):
        value.source = "elsewhere"
    with pytest.raises(AttributeError, match="immutable"):
        del value.source


@settings(deadline=None)
@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["paper", "derived", "measured", "assumed"]),
    st.text(),
    st.none() | st.floats(min_value=0, allow_infinity=False),
)
def test_copies_of_a_value_are_the_same(number, provenance, source, error):
    value = Value(number, provenance, source, error)
    assert all(
        value.same_as(twin)
        for twin in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value)))
    )


def test_same_as_compares_more_than_the_number():
    assert not Value(1.0, "paper").same_as(Value(1.0, "assumed"))
    assert not Value(1.0, "paper").same_as(1.0)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((math.nan, "paper"), "a value must be a finite number, not nan"),
        (
            (1.0, "guessed"),
            'provenance must be "paper", "derived", "measured" or "assumed", not \'guessed\'',
        ),
        ((1.0, "paper", "", -1.0), "a standard error must be 0 or more, not -1.0"),
    ],
)
def test_an_impossible_value_is_refused(arguments, sentence):
    with pytest.raises(CardError) as refusal:
        Value(*arguments)
    assert str(refusal.value) == sentence


# What is refused in a card file.

LENGTH = r"^length = .*$"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            "",
            'geometry.length is missing; give e.g. length = { value = "210 nm", '
            'provenance = "measured" }',
        ),
        (
            'length = "210 nm"',
            'geometry.length: "210 nm" has no provenance; write { value = "210 nm", '
            'provenance = "measured" }, with the provenance "paper", "derived", "measured" or '
            '"assumed"',
        ),
        (
            'length = { value = "210 nm" }',
            'geometry.length: the provenance is missing; it must be "paper", "derived", '
            '"measured" or "assumed"',
        ),
        (
            'length = { value = "210 nm", provenance = "guess" }',
            'geometry.length: the provenance cannot be "guess"; it must be "paper", "derived", '
            '"measured" or "assumed"',
        ),
        (
            'length = { provenance = "paper" }',
            'geometry.length: the value is missing; write { value = "210 nm", '
            'provenance = "measured" }',
        ),
        (
            'length = { value = "210 nm", provenance = "paper", error = "2 nm" }',
            'geometry.length: unknown key "error"; the keys are value, provenance, source, '
            "standard_error",
        ),
        (
            'length = { value = "210 nm", provenance = "paper", source = 2 }',
            "geometry.length: the source must be text, not 2",
        ),
        (
            'length = { value = 210, provenance = "paper" }',
            'geometry.length: 210 has no unit; give e.g. "210 nm"',
        ),
        (
            'length = { value = "56 mT", provenance = "paper" }',
            'geometry.length: "56 mT" is not a length; give e.g. "210 nm"',
        ),
        (
            'length = { value = "210 furlong", provenance = "paper" }',
            'geometry.length: "210 furlong" has the unknown unit "furlong"; give e.g. "210 nm"',
        ),
        (
            'length = { value = "nan nm", provenance = "paper" }',
            'geometry.length: "nan nm" is not a finite number; give e.g. "210 nm"',
        ),
        (
            'length = { value = "-210 nm", provenance = "paper" }',
            "geometry.length: -210 nm is out of range; it must be above 0 nm",
        ),
        (
            'length = { value = "210 nm", provenance = "paper", standard_error = "-2 nm" }',
            "geometry.length: a standard error must be 0 or more, not -2e-09",
        ),
        (
            'length = { value = "210 nm", provenance = "paper", standard_error = "2 mT" }',
            'geometry.length: "2 mT" is not a length; give e.g. "210 nm"',
        ),
        (
            'lenght = { value = "210 nm", provenance = "paper" }',
            "geometry.lenght is unknown; did you mean geometry.length? (and 1 more error)",
        ),
        (
            'length = { value = "50 nm", provenance = "paper" }',
            "geometry.length (50 nm) is less than geometry.width (60 nm); length is the long "
            "axis, so swap the two",
        ),
    ],
)
def test_a_wrong_value_is_refused_with_what_would_be_right(refused, line, sentence):
    assert refused((LENGTH, line)) == f"card my.toml: {sentence}"


@pytest.mark.parametrize(
    ("edits", "sentence"),
    [
        (
            [(r"^shape = .*$", 'shape = "disc"')],
            'geometry.shape is "disc"; it must be "ellipse"',
        ),
        (
            [(r"^shape = .*$", "")],
            'geometry.shape is missing; give e.g. shape = "ellipse"',
        ),
        (
            [(r"^model = .*$", 'model = "brown"')],
            'switching.model is "brown"; it must be "cai2019" or "self-consistent"',
        ),
        (
            [
                (
                    r"^# (demagnetising_factor_x = .*)$",
                    'demagnetising_factor_x = { value = "0.1", provenance = "assumed" }',
                )
            ],
            "geometry has 1 of the three demagnetising factors; give demagnetising_factor_x, _y "
            "and _z, or none to have them derived",
        ),
        (
            [
                (
                    rf"^# demagnetising_factor_{axis} = .*$",
                    f"demagnetising_factor_{axis} = "
                    f'{{ value = "{factor}", provenance = "assumed" }}',
                )
                for axis, factor in (("x", 0.1), ("y", 0.1), ("z", 0.9))
            ],
            "geometry.demagnetising_factor_x, _y and _z add up to 1.1; they must add up to 1",
        ),
        (
            [
                (
                    r"^activation_volume = .*$",
                    'activation_volume = { value = "20000 nm^3", provenance = "assumed" }',
                )
            ],
            "geometry.activation_volume (20000 nm^3) exceeds the free layer's volume; it must be "
            "at most 16031.5 nm^3",
        ),
        (
            [(r"^anisotropy_field = .*$", "")],
            "magnetism.anisotropy_field is missing, and so is magnetism.interface_anisotropy; "
            'give one, e.g. anisotropy_field = { value = "56 mT", provenance = "measured" }',
        ),
        (
            [
                (
                    r"^easy_axis_tilt = .*$",
                    'easy_axis_tilt = { value = "90 deg", provenance = "assumed" }',
                )
            ],
            "magnetism.easy_axis_tilt: 90 deg is out of range; it must be at least 0 deg and "
            "below 90 deg",
        ),
        (
            [(r"^damping = .*$", 'damping = { value = true, provenance = "assumed" }')],
            'magnetism.damping: True has no unit; give e.g. "0.02"',
        ),
        (
            [(r"^coefficient = .*$", "")],
            "vcma.coefficient is missing, and so is vcma.anisotropy_field_per_volt; give one, "
            'e.g. coefficient = { value = "26 fJ/(V m)", provenance = "measured" }',
        ),
        (
            [
                (
                    r"^# anisotropy_field_per_volt = .*$",
                    'anisotropy_field_per_volt = { value = "40 mT/V", provenance = "paper" }',
                )
            ],
            "vcma.coefficient is 26 fJ/(V m), but vcma.anisotropy_field_per_volt (40 mT/V) with "
            "M_s and the two thicknesses gives 30.59 fJ/(V m); make them agree within 2 % or "
            "their standard errors, or leave one of them out",
        ),
        (
            [(r"^parallel_resistance = .*$", "")],
            "electrical.parallel_resistance is missing, and so is "
            "electrical.resistance_area_product; give one, e.g. parallel_resistance = "
            '{ value = "1 kohm", provenance = "measured" }',
        ),
        (
            [
                (
                    r"^# resistance_area_product = .*$",
                    'resistance_area_product = { value = "10 ohm um^2", provenance = "assumed" }',
                )
            ],
            "electrical has parallel_resistance and resistance_area_product, but one "
            "follows from the other; leave one out",
        ),
        (
            [
                (
                    r"^# curie_temperature = .*$",
                    'curie_temperature = { value = "290 K", provenance = "assumed" }',
                )
            ],
            "thermal.temperature (300 K) is not below thermal.curie_temperature (290 K); a free "
            "layer that hot is not magnetic",
        ),
        (
            [(r"^effective_anisotropy_field = .*$", "")],
            "switching.effective_anisotropy_field is missing and the model cai2019 needs it; "
            'give e.g. effective_anisotropy_field = { value = "560 Oe", provenance = "assumed" '
            '}, or choose model = "self-consistent"',
        ),
        (
            [
                (
                    r"^integration_time = .*$",
                    'integration_time = { value = "0.2 s", provenance = "assumed" }',
                )
            ],
            "switching.integration_time (200 ms) exceeds switching.sampling_interval (120 ms); "
            "reads cannot overlap",
        ),
        ([(r"^name = .*$", "")], 'name is missing; give e.g. name = "my_device"'),
        (
            [(r"^name = .*$", 'name = "my device"')],
            'name is "my device"; use letters, digits and underscores, e.g. "my_device"',
        ),
        ([(r"^title = .*$", "title = 5")], "title must be text in quotation marks, not 5"),
        (
            [(r"^\[geometry\]$", "[geometri]")],
            "geometri is unknown; did you mean geometry? (and 1 more error)",
        ),
        (
            [(r"^\[vcma\]$", "[vcma.deep]")],
            "vcma.deep is unknown; known are vcma.coefficient, "
            "vcma.anisotropy_field_per_volt, vcma.anisotropy_field_per_volt_squared",
        ),
        (
            [(r"^title = .*$", 'title = "t"\ngeometry = 5'), (r"^\[geometry\]$", "[thermals]")],
            "thermals is unknown; did you mean thermal? (and 1 more error)",
        ),
        (
            [(LENGTH, ""), (r"^width = .*$", "")],
            'geometry.length is missing; give e.g. length = { value = "210 nm", provenance = '
            '"measured" } (and 1 more error)',
        ),
    ],
)
def test_an_impossible_card_is_refused_with_what_would_be_right(refused, edits, sentence):
    assert refused(*edits) == f"card my.toml: {sentence}"


def test_a_missing_or_misshapen_section_is_named():
    data = {name: getattr(CARD, name) for name in DeviceCard.field_names()}
    with pytest.raises(CardError) as refusal:
        DeviceCard.from_mapping({k: v for k, v in data.items() if k != "thermal"}, "mine")
    assert str(refusal.value) == (
        "card mine: the section [thermal] is missing; `smtj card new` writes a card with all "
        "of them"
    )
    with pytest.raises(CardError) as refusal:
        DeviceCard.from_mapping(data | {"thermal": 5})
    assert str(refusal.value) == ("card (unnamed): thermal must be a section, [thermal], not 5")


def test_vcma_may_differ_by_its_standard_errors(tmp_path):
    text = template().replace(
        "# anisotropy_field_per_volt = ",
        'anisotropy_field_per_volt = { value = "40 mT/V", provenance = "measured", '
        'standard_error = "8 mT/V" } # ',
    )
    (tmp_path / "wide.toml").write_text(text, encoding="utf-8")
    assert load_card(tmp_path / "wide.toml").vcma.anisotropy_field_per_volt.standard_error > 0


# Files that are no cards.


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "card my.toml is empty; `smtj card new` writes one to start from"),
        (b" \n", "card my.toml is empty; `smtj card new` writes one to start from"),
        (b"name = 'a'\n\xff", "card my.toml is not UTF-8 text (at byte 11); save it as UTF-8"),
        (
            b'name = "a"\n[geometry\n',
            "card my.toml is not valid TOML: Expected ']' at the end of a table declaration "
            "(at line 2, column 10)",
        ),
    ],
)
def test_a_file_that_is_no_card_is_refused(tmp_path, monkeypatch, content, sentence):
    monkeypatch.chdir(tmp_path)
    Path("my.toml").write_bytes(content)
    with pytest.raises(CardError) as refusal:
        load_card("my.toml")
    assert str(refusal.value) == sentence


def test_a_card_that_is_not_there_is_refused_with_those_that_are(tmp_path):
    choices = f"give a card file or the name of a shipped card ({', '.join(shipped_cards())})"
    with pytest.raises(CardError) as refusal:
        load_card("cai2020")
    assert str(refusal.value) == f"there is no card cai2020; {choices}"
    with pytest.raises(CardError) as refusal:
        load_card(tmp_path)
    assert str(refusal.value) == f"card {tmp_path} is a directory; {choices}"
    with pytest.raises(CardError, match="cannot be read: embedded null byte; give a card file"):
        load_card("a\0b")


def test_a_byte_order_mark_does_no_harm(tmp_path):
    (tmp_path / "bom.toml").write_text(template(), encoding="utf-8-sig")
    assert load_card(tmp_path / "bom.toml").name == "my_device"


# Saving and changing.


def test_the_template_is_a_valid_card_also_with_all_that_is_optional(tmp_path):
    path = tmp_path / "all.toml"
    path.write_text(template(), encoding="utf-8")
    assert load_card(path).spin_torque is None
    everything = re.sub(r"^# (\w+ = |\[)", r"\1", template(), flags=re.MULTILINE)
    everything = re.sub(r"^resistance_area_product.*$", "", everything, flags=re.MULTILINE)
    path.write_text(everything, encoding="utf-8")
    names = [name for name, _, _ in load_card(path).values()]
    assert "spin_torque.polarisation" in names
    assert len(names) == sum(len(s.quantities()) for s in _sections(load_card(path))) - 1


def _sections(card):
    return [getattr(card, n) for n in card.field_names() if hasattr(getattr(card, n), "quantities")]


def test_a_saved_card_is_the_same_card_and_fit_to_read(tmp_path):
    path = CARD.save(tmp_path / "new" / "copy.toml")
    assert load_card(path) == CARD
    assert 'length = {value = "210 nm", provenance = "paper", source = "Sec. II"}' in (
        path.read_text(encoding="utf-8")
    )


# Factors small enough to break no rule, with every last digit in use; and standard errors.
_COUNT = len(list(CARD.values()))
_FACTORS = st.lists(st.floats(min_value=1.0, max_value=1.001), min_size=_COUNT, max_size=_COUNT)
_ERRORS = st.none() | st.floats(min_value=0, max_value=1)


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(
    factors=_FACTORS,
    error=_ERRORS,
    source=st.text(max_size=20),
    provenance=st.sampled_from(["paper", "derived", "measured", "assumed"]),
    notes=st.none() | st.text(max_size=40),
)
def test_any_card_reads_back_to_the_bit(
    tmp_path_factory, factors, error, source, provenance, notes
):
    changes: dict[str, object] = {"notes": notes}
    for (name, value, _), factor in zip(CARD.values(), factors, strict=True):
        changes[name] = Value(value * factor, provenance, source, error)
    card = CARD.replace(changes)
    path = card.save(tmp_path_factory.getbasetemp() / "any.toml")
    loaded = load_card(path)
    assert loaded == card
    assert [float(v) for _, v, _ in loaded.values()] == [float(v) for _, v, _ in card.values()]


def test_a_card_that_cannot_be_saved_says_so(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(CardError, match=r"card cai2019 cannot be saved as .*; give another path"):
        CARD.save(tmp_path / "file" / "card.toml")


def test_replace_gives_a_checked_copy():
    card = CARD.replace({"magnetism.easy_axis_tilt": 0.1, "title": "Another"})
    assert card.magnetism.easy_axis_tilt.same_as(Value(0.1, "assumed", "set by the user"))
    assert (card.title, card.magnetism.damping) == ("Another", CARD.magnetism.damping)
    assert CARD.magnetism.easy_axis_tilt != 0.1
    measured = Value(0.1, "measured", "a fit", 0.01)
    card = CARD.replace(**{"magnetism.easy_axis_tilt": measured, "thermal.temperature": "77 K"})
    assert card.magnetism.easy_axis_tilt.same_as(measured)
    assert card.thermal.temperature.same_as(Value(77.0, "assumed", "set by the user"))


def test_replace_adds_and_leaves_out_what_is_optional():
    card = CARD.replace({"spin_torque.polarisation": 0.5, "vcma.coefficient": None})
    assert card.spin_torque.polarisation == 0.5
    assert card.vcma.coefficient is None
    assert card.replace({"spin_torque": None}).spin_torque is None
    assert CARD.replace({"switching.model": "self-consistent"}).switching.model == "self-consistent"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"magnetism.easy_axis_tlt": 0.1},
            "magnetism.easy_axis_tlt is unknown; did you mean magnetism.easy_axis_tilt?",
        ),
        (
            {"thermal.temperature": -1.0},
            "thermal.temperature: -1 K is out of range; it must be above 0 K",
        ),
        (
            {"thermal.temperature": math.nan},
            "thermal.temperature: a value must be a finite number, not nan",
        ),
        (
            {"thermal.temperature": "300 s"},
            'thermal.temperature: "300 s" is not a temperature; give e.g. "300 K"',
        ),
        (
            {"switching.model": "x"},
            'switching.model is "x"; it must be "cai2019" or "self-consistent"',
        ),
    ],
)
def test_replace_refuses_what_a_card_file_may_not_have(changes, sentence):
    with pytest.raises(CardError) as refusal:
        CARD.replace(changes)
    assert str(refusal.value) == f"card cai2019: {sentence}"


def test_replace_refuses_a_list_and_an_unknown_section():
    with pytest.raises(CardError, match=r"has no provenance"):
        CARD.replace({"thermal.temperature": [300]})
    with pytest.raises(CardError, match=r"card cai2019: zzz\.length is unknown"):
        CARD.replace({"zzz.length": 1.0})


def test_cards_are_frozen_picklable_and_hash_alike():
    with pytest.raises(ValidationError, match="frozen"):
        CARD.thermal.temperature = Value(4.0, "assumed")
    for twin in (pickle.loads(pickle.dumps(CARD)), copy.deepcopy(CARD)):
        assert twin == CARD
        assert hash(twin) == hash(CARD)


def test_cards_that_differ_in_provenance_alone_differ():
    value = CARD.geometry.length
    assert CARD.replace({"geometry.length": float(value)}) != CARD
    assert CARD != "cai2019"


def test_every_refusal_is_an_smtj_error():
    assert issubclass(CardError, SmtjError)


def test_a_card_may_be_given_by_name_by_path_or_as_itself(tmp_path: Path) -> None:
    card = as_card("cai2019")
    assert as_card(card) is card
    assert as_card(card.save(tmp_path / "mine.toml")) == card


@pytest.mark.slow
def test_a_card_prints_every_value_rounded_by_its_error() -> None:
    volume = Value(3262.356e-27, "measured", "a fit", 406.26e-27)
    card = CARD.replace({"geometry.activation_volume": volume, "notes": "mine"})
    assert str(card) == repr(card)
    for name, _, _ in card.values():
        assert name.partition(".")[2] in str(card)
    assert "3260 ± 410 nm^3" in str(card)
    assert "[vcma]" in str(card)
    assert "• mine" in str(card)
    assert "<td>3260 ± 410 nm^3</td>" in card._repr_html_()


def test_a_card_as_plain_types_makes_the_same_card() -> None:
    plain = json.loads(json.dumps(CARD.to_dict()))
    assert plain["geometry"]["length"] == {
        "value": "210 nm",
        "provenance": "paper",
        "source": "Sec. II",
    }
    assert DeviceCard.from_mapping(plain) == CARD


def test_a_card_at_work_is_its_operating_point() -> None:
    point = CARD.at(voltage=-0.2, field=-500.0, temperature=310.0)
    expected = vcma_point(CARD, -0.2, 310.0)
    assert point.stability_factor == expected.stability_factor
    assert point.dwell_times() == expected.dwell_times(-500.0)


def test_a_card_plots_a_sigmoid_per_voltage() -> None:
    axes = Figure().subplots()
    assert CARD.plot(axes) is axes
    labels = [line.get_label() for line in axes.get_lines()]
    assert labels[:3] == ["−200 mV, 300 K", "0 mV, 300 K", "200 mV, 300 K"]


def test_text_is_refused_as_an_operating_condition() -> None:
    with pytest.raises(SmtjError, match='field is text, "3"; give a number'):
        load_card("cai2019").at(field="3")


def test_a_card_lists_its_own_names_only() -> None:
    names = dir(load_card("cai2019"))
    assert {"at", "replace", "geometry"} <= set(names)
    assert not {"dict", "parse_obj", "schema"} & set(names)
