"""Unit strings: what they mean, what is refused, and that print and parse undo each other."""

import math
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.constants import mu_0

import smtj.units
from closeness import close_to
from smtj.errors import UnitError
from smtj.unit_sizes import size_of
from smtj.units import convert, format_quantity, format_with_error, parse_quantity

OERSTED = 1000 / (4 * math.pi)

FIELD_UNITS = [
    ("A/m", "mT"),
    ("A/m", "G"),
    ("A/m", "Oe"),
    ("A/m", "kA/m"),
    ("A/m", "emu/cm^3"),
    ("A/m/V", "mT/V"),
    ("A/m/V", "Oe/V"),
    ("m", "nm"),
    ("m^3", "nm^3"),
    ("rad", "deg"),
    ("s", "ns"),
    ("s", "min"),
    ("ohm m^2", "ohm um^2"),
    ("J/(V m)", "fJ/(V m)"),
    ("J/m^2", "erg/cm^2"),
    ("", "%"),
    ("", ""),
    ("K", None),
]


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("56 mT", "A/m", 0.056 / mu_0),
        ("560 Oe", "A/m", 560 * OERSTED),
        ("560 G", "A/m", 0.056 / mu_0),
        ("0.56kOe", "A/m", 560 * OERSTED),
        ("44.5 kA/m", "A/m", 44.5e3),
        ("1180 emu/cm^3", "A/m", 1.18e6),
        ("1.18 MA/m", "A/m", 1.18e6),
        ("-13.9 Oe", "A/m", -13.9 * OERSTED),
        ("−13.9 Oe", "A/m", -13.9 * OERSTED),
        ("34 mT/V", "A/m/V", 0.034 / mu_0),
        ("26 fJ/(V m)", "J/(V m)", 26e-15),
        ("26 fJ V^-1 m^-1", "J/(V m)", 26e-15),
        ("1 erg/cm^2", "J/m^2", 1e-3),
        ("9 deg", "rad", math.radians(9)),
        ("9°", "rad", math.radians(9)),
        ("5 %", "", 0.05),
        ("5%", "", 0.05),
        ("0.203", "", 0.203),
        (".5e-1", "", 0.05),
        ("2 min", "s", 120.0),
        ("10 Ω µm²", "ohm m^2", 1e-11),
        ("1 kohm", "ohm", 1e3),
        ("  210   nm ", "m", 210e-9),
    ],
)
def test_a_quantity_reads_as_an_si_float(text, unit, expected):
    assert parse_quantity(text, unit) == close_to(expected, rel=1e-15)


def test_decimal_prefixes_are_exact():
    assert parse_quantity("210 nm", "m") == 210e-9
    assert parse_quantity("3254 nm^3", "m^3") == 3254e-27


@pytest.mark.parametrize(
    ("text", "unit", "sentence"),
    [
        ("56 mT", "m", '"56 mT" is not a length; give e.g. "210 nm"'),
        ("210 nm", "A/m", '"210 nm" is not a magnetic field or magnetisation; give e.g. "56 mT"'),
        ("5 mT", "A/m/V", '"5 mT" is not a magnetic field per voltage; give e.g. "34 mT/V"'),
        ("5 %", "rad", '"5 %" is not an angle; give e.g. "9 deg"'),
        ("9 deg", "", '"9 deg" is not a plain number; give e.g. "0.02"'),
        ("1 J", "W", '"1 J" is not a quantity in W; give e.g. "1 W"'),
        ("210", "m", '"210" has no unit; give e.g. "210 nm"'),
        ("9", "rad", '"9" has no unit; give e.g. "9 deg"'),
        ("", "m", "'' is not text with a length in it; give e.g. \"210 nm\""),
        ("  ", "m", "'  ' is not text with a length in it; give e.g. \"210 nm\""),
        (210.0, "m", '210.0 is not text with a length in it; give e.g. "210 nm"'),
        ("nan nm", "m", '"nan nm" is not a finite number; give e.g. "210 nm"'),
        ("-inf mT", "A/m", '"-inf mT" is not a finite number; give e.g. "56 mT"'),
        ("1e400 m", "m", '"1e400 m" is not a finite number; give e.g. "210 nm"'),
        ("1e999999999 m", "m", '"1e999999999 m" is not a finite number; give e.g. "210 nm"'),
        ("1e308 kA/m", "A/m", '"1e308 kA/m" is not a finite number; give e.g. "56 mT"'),
        ("nm 210", "m", '"nm 210" does not begin with a number; give e.g. "210 nm"'),
        ("5 furlong", "m", '"5 furlong" has the unknown unit "furlong"; give e.g. "210 nm"'),
        ("5 nm)", "m", '"5 nm)" has the unknown unit "nm)"; give e.g. "210 nm"'),
        ("5 m**", "m", '"5 m**" has the unknown unit "m**"; give e.g. "210 nm"'),
        ("5 2 m", "m", '"5 2 m" has the unknown unit "2 m"; give e.g. "210 nm"'),
        ("5 Vs", "V", '"5 Vs" has the unknown unit "Vs"; give e.g. "200 mV"'),
        ("27 degC", "K", '"27 degC" has the unknown unit "degC"; give e.g. "300 K"'),
    ],
)
def test_what_is_no_quantity_is_refused_in_a_sentence(text, unit, sentence):
    with pytest.raises(UnitError) as refusal:
        parse_quantity(text, unit)
    assert str(refusal.value) == sentence


def test_a_caller_may_give_the_example_of_an_error():
    with pytest.raises(UnitError, match=r'give e\.g\. "1\.62 nm"'):
        parse_quantity("1.62", "m", "1.62 nm")


def test_a_number_too_small_for_a_float_is_zero():
    assert parse_quantity("1e-999999999 m", "m") == 0.0
    assert parse_quantity("0e999999999 m", "m") == 0.0


@pytest.mark.parametrize(
    ("value", "unit", "shown", "digits", "text"),
    [
        (0.056 / mu_0, "A/m", "mT", 4, "56 mT"),
        (560 * OERSTED, "A/m", "Oe", 4, "560 Oe"),
        (210e-9, "m", "nm", None, "210 nm"),
        (210e-9, "m", None, None, "2.1e-7 m"),
        (1.18e6, "A/m", "kA/m", 2, "1200 kA/m"),
        (math.radians(9), "rad", "deg", None, "9 deg"),
        (0.05, "", "%", None, "5 %"),
        (0.0, "A/m", "mT", 3, "0 mT"),
        (2.4e12, "s", "s", 2, "2.4e+12 s"),
        (math.inf, "s", "ms", 3, "inf ms"),
        (0.203, "", None, None, "0.203"),
    ],
)
def test_a_quantity_prints_in_the_unit_people_use(value, unit, shown, digits, text):
    assert format_quantity(value, unit, shown, digits) == text


@pytest.mark.slow
@pytest.mark.parametrize(("unit", "shown"), FIELD_UNITS)
@settings(deadline=None)
@given(value=st.floats(min_value=-1e250, max_value=1e250))
def test_a_printed_quantity_reads_back_to_the_bit(unit, shown, value):
    assert parse_quantity(format_quantity(value, unit, shown), unit) == value


@pytest.mark.slow
@pytest.mark.parametrize(("unit", "shown"), FIELD_UNITS)
@settings(deadline=None)
@given(
    value=st.floats(min_value=1e-30, max_value=1e30), digits=st.integers(min_value=2, max_value=15)
)
def test_digits_are_significant_digits(unit, shown, value, digits):
    printed = parse_quantity(format_quantity(value, unit, shown, digits), unit)
    assert printed == close_to(value, rel=0.51 * 10.0 ** (1 - digits))


def test_convert_goes_through_mu0_both_ways():
    assert convert(1, "Oe", "A/m") == close_to(OERSTED, rel=1e-15)
    assert convert(1, "T", "A/m") == close_to(1 / mu_0, rel=1e-15)
    assert convert(1, "A/m", "T") == close_to(mu_0, rel=1e-15)
    assert convert(1, "Oe", "mT") == close_to(0.1, rel=1e-8)
    assert convert(1, "A/m/V", "T/V") == close_to(mu_0, rel=1e-15)
    assert convert(1, "1/mT", "m/A") == close_to(1e3 * mu_0, rel=1e-15)
    assert convert(1, "1/Oe", "1/mT") == close_to(10, rel=1e-8)
    assert convert(math.inf, "ms", "s") == math.inf
    assert math.isnan(convert(math.nan, "ms", "s"))


@pytest.mark.parametrize(
    ("units", "sentence"),
    [
        (("s", "m"), '"s" and "m" do not measure the same thing'),
        (("parsec", "m"), '"parsec" is not a unit smtj knows; give e.g. "mT" or "nm"'),
        (("m", "parsec"), '"parsec" is not a unit smtj knows; give e.g. "mT" or "nm"'),
    ],
)
def test_convert_refuses_what_has_no_factor(units, sentence):
    with pytest.raises(UnitError) as refusal:
        convert(1.0, *units)
    assert str(refusal.value) == sentence


def test_pint_and_scipy_wait_for_the_first_unit():
    code = "import sys, smtj.units; sys.exit('pint' in sys.modules or 'scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("value", "error", "shown"),
    [
        (3262.356e-27, 406.26e-27, "3260 ± 410 nm^3"),
        (3262.356e-27, None, "3262 nm^3"),
        (3262.356e-27, math.inf, "3262 nm^3"),
        (math.inf, 1e-27, "inf nm^3"),
        (0.5e-27, 0.00999e-27, "0.500 ± 0.010 nm^3"),
        (-5e-27, 996e-27, "0 ± 1000 nm^3"),
        (1.5e-15, 2e-17, "1.500e+12 ± 0.020e+12 nm^3"),
    ],
)
def test_a_value_is_rounded_by_its_error(value: float, error: float | None, shown: str) -> None:
    assert format_with_error(value, error, "m^3", "nm^3") == shown


def test_the_module_lists_units_and_functions_only() -> None:
    names = dir(smtj.units)
    assert {"Oe", "mV", "format_quantity"} <= set(names)
    assert not {"Decimal", "math", "re"} & set(names)


USUAL = [
    *("m", "nm", "nm^3", "um**2", "s", "µs", "kA/m", "1/T", "m/A", "mT/V", "V", "mV", "uA", "kohm"),
    *("fJ/(V m)", "J/m^2", "A/m/V", "J/(V*m)", "GHz", "K", "deg", "percent", "", "1/mV", "ohm m/A"),
    *("mdeg/V", "(V m)^-1", "T m/A", "1/(T V)", "cm^-2"),
]


def test_usual_units_have_the_size_and_dimension_that_pint_gives_them():
    import pint

    every = pint.UnitRegistry()
    # The SI and angles apart from numbers are those of this house.
    names = ("[length]", "[time]", "[mass]", "[current]", "[temperature]")
    for text in USUAL:
        size, dimension = size_of(text)
        quantity = every.Quantity(1.0, text).to_base_units()
        assert float(size) == close_to(quantity.magnitude, rel=1e-12), text
        assert dimension[:5] == tuple(quantity.dimensionality.get(n, 0) for n in names), text
    assert float(size_of("kOe")[0]) == close_to(1000 * OERSTED, rel=1e-15)


@pytest.mark.parametrize(
    "text", ["furlong", "nV/Hz^0.5", "A/", "(V m", "V)", "min", "/m", "2 m", "m^"]
)
def test_what_is_not_usual_is_left_to_pint(text):
    assert size_of(text) is None
