import numpy as np
import pytest

from closeness import close_to
from smtj.cli.ranges import parse_option, parse_range
from smtj.errors import SmtjError
from smtj.units import convert


def test_a_range_has_both_ends():
    found = parse_range("--field", "-60:40:5 Oe", "A/m")
    assert found / convert(1, "Oe", "A/m") == close_to(np.arange(-60, 41, 5))


@pytest.mark.parametrize("step", ["0.1", "0.3", "0.7"])
def test_rounding_does_not_lose_the_end(step):
    found = parse_range("--field", f"0:2.1:{step} mT", "T")
    assert found[-1] == close_to(2.1e-3)


def test_a_range_through_zero_holds_zero():
    assert parse_range("--field", "-30:10:10 Oe", "A/m")[3] == 0.0


def test_a_falling_range_falls():
    assert parse_range("--voltage", "0.2:-0.2:-0.1 V", "V") == close_to([0.2, 0.1, 0, -0.1, -0.2])


def test_a_list_is_a_list():
    assert parse_range("--voltage", "-200,0,200 mV", "V").tolist() == [-0.2, 0.0, 0.2]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1:2 Oe", "START:STOP:STEP"),
        ("0:10:-1 Oe", "START:STOP:STEP"),
        ("0:10:0 Oe", "START:STOP:STEP"),
        ("0:1e9:1 Oe", "steps"),
        ("0:10:1 ohm", "--field"),
        ("a:b:c Oe", "--field"),
    ],
)
def test_no_range_is_one_sentence(text, says):
    with pytest.raises(SmtjError, match=says):
        parse_range("--field", text, "A/m")


def test_an_option_is_named_in_its_error():
    assert parse_option("--noise", None, "ohm") is None
    with pytest.raises(SmtjError, match="--noise"):
        parse_option("--noise", "3 mT", "ohm")
