"""Unit strings at the edge, SI floats inside: all parsing and formatting of units.

Two habits of magnetism are built in.  Where a magnetic field strength H (A/m) is wanted, a flux
density B (T, mT, G) is taken as μ0 H and divided by μ0, and the other way round when printing.
And one oersted is 1000/4π A/m, one emu is 1e-3 A m², one gauss is 1e-4 T, so that the units of
older papers convert as numbers and not as another system of dimensions.

Numbers are carried through as exact fractions and rounded once, so that ``"210 nm"`` is the very
float ``210e-9`` and a printed quantity reads back to the bit.
"""

import math
import re
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING

from smtj.errors import UnitError
from smtj.unit_sizes import Size, size_of

if TYPE_CHECKING:
    import pint
    from pint.util import UnitsContainer

__all__ = [
    "A", "GHz", "Hz", "J", "K", "MHz", "Mohm", "Oe", "T", "V", "convert", "deg", "fJ",
    "format_quantity", "format_scaled", "format_time", "format_with_error", "hour", "kHz", "kohm",
    "mA", "mT", "mV", "minute", "ms", "nA", "nJ", "nm", "ns", "ohm", "pJ", "parse_quantity",
    "round_to_error", "s", "uA", "uV", "um", "us",
]  # fmt: skip
__dir__ = __all__.copy

# A registry of our own instead of pint's default one: it starts in 20 ms, not 400, has no
# rare units that a typing error could mean (a for are, d for day), and keeps angles apart from
# plain numbers, so that "9" is refused where "9 deg" is meant.
_DEFINITIONS = """
zepto- = 1e-21 = z-
atto- = 1e-18 = a-
femto- = 1e-15 = f-
pico- = 1e-12 = p-
nano- = 1e-9 = n-
micro- = 1e-6 = µ- = μ- = u-
milli- = 1e-3 = m-
centi- = 1e-2 = c-
kilo- = 1e3 = k-
mega- = 1e6 = M-
giga- = 1e9 = G-
tera- = 1e12 = T-
meter = [length] = m = metre
second = [time] = s = sec
gram = [mass] = g
ampere = [current] = A
kelvin = [temperature] = K
radian = [angle] = rad
minute = 60 * second = min
hour = 3600 * second = h
day = 86400 * second
hertz = 1 / second = Hz
newton = kilogram * meter / second ** 2 = N
joule = newton * meter = J
watt = joule / second = W
coulomb = ampere * second = C
volt = joule / coulomb = V
ohm = volt / ampere = Ω = Ohm
siemens = ampere / volt = S
tesla = volt * second / meter ** 2 = T
gauss = 1e-4 * tesla = G
oersted = 79.577471545947667884441881686257 * ampere / meter = Oe
emu = 1e-3 * ampere * meter ** 2
erg = 1e-7 * joule
electron_volt = 1.602176634e-19 * joule = eV
angstrom = 1e-10 * meter = Å
degree = 0.017453292519943295769236907684886 * radian = deg
percent = 0.01
"""

# Units as numbers: ``-14 * Oe`` is a field strength in A/m, ``x / mV`` a voltage in millivolts.
# T and mT stand for the field strength H of a flux density μ0 H.
nm, um = 1e-9, 1e-6
ns, us, ms, s, minute, hour = 1e-9, 1e-6, 1e-3, 1.0, 60.0, 3600.0
Hz, kHz, MHz, GHz = 1.0, 1e3, 1e6, 1e9
uV, mV, V = 1e-6, 1e-3, 1.0
nA, uA, mA, A = 1e-9, 1e-6, 1e-3, 1.0
ohm, kohm, Mohm = 1.0, 1e3, 1e6
K = 1.0
fJ, pJ, nJ, J = 1e-15, 1e-12, 1e-9, 1.0
deg = 0.017453292519943295
Oe = 79.57747154594767
mT, T = 795.774715564545, 795774.715564545

_SPELLINGS = {"%": " percent ", "°": " deg ", "·": "*", "−": "-"}
_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*)", re.DOTALL | re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)\b", re.IGNORECASE)

_TIMES = (
    *((3.15576e7, "years"), (86400.0, "days"), (3600.0, "h"), (1.0, "s")),
    *((1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"), (1e-12, "ps"), (1e-15, "fs")),
)

# Beyond it, a decimal is 0 or infinite as a float in any unit.
_MAX_EXPONENT = 1000

# Pairs that the field's habit mixes: the first is μ0 times the second.
_MIXED = (("T", "A/m"), ("T/V", "A/m/V"), ("T/V^2", "A/m/V^2"), ("m/A", "1/T"))

# Names of quantities by SI unit, with a typical value.
_KINDS = {
    "": ("a plain number", "0.02"),
    "A/m": ("a magnetic field or magnetisation", "56 mT"),
    "A/m/V": ("a magnetic field per voltage", "34 mT/V"),
    "A/m/V^2": ("a magnetic field per squared voltage", "5 mT/V^2"),
    "K/W": ("a thermal resistance", "50 K/mW"),
    "J/(V m)": ("a VCMA coefficient", "26 fJ/(V m)"),
    "J/m^2": ("an energy per area", "1.2 mJ/m^2"),
    "K": ("a temperature", "300 K"),
    "V": ("a voltage", "200 mV"),
    "m": ("a length", "210 nm"),
    "m^3": ("a volume", "3254 nm^3"),
    "ohm": ("a resistance", "1 kohm"),
    "ohm m^2": ("a resistance-area product", "10 ohm um^2"),
    "rad": ("an angle", "9 deg"),
    "s": ("a time", "120 ms"),
}


def parse_quantity(text: str, unit: str, example: str | None = None) -> float:
    """Read a quantity such as ``"56 mT"`` as a float in an SI unit.

    Parameters
    ----------
    text
        Number and unit, e.g. ``"210 nm"``, ``"34 mT/V"``, ``"26 fJ/(V m)"``, ``"9 deg"``,
        ``"5 %"``; a number alone where ``unit`` is ``""``.
    unit
        The SI unit of the result, e.g. ``"A/m"``, ``"rad"``, ``""``.  Where it is that of a
        magnetic field strength, a flux density is divided by μ0.
    example
        Suggested in error messages; by default a typical value in ``unit``.

    Returns
    -------
    float
        The quantity in ``unit``, correctly rounded.

    Raises
    ------
    UnitError
        ``text`` is not a finite number with a known unit of the right dimension.
    """
    kind, usual = _KINDS.get(unit, (f"a quantity in {unit}", f"1 {unit}"))
    hint = f'give e.g. "{example or usual}"'
    if not isinstance(text, str) or not text.strip():
        raise UnitError(f"{text!r} is not text with {kind} in it; {hint}")
    shown = f'"{text.strip()}"'
    plain = _respell(text)
    if _NOT_FINITE.match(plain):
        raise UnitError(f"{shown} is not a finite number; {hint}")
    match = _NUMBER.fullmatch(plain)
    if match is None:
        raise UnitError(f"{shown} does not begin with a number; {hint}")
    number, given = match.groups()
    try:
        factor = _factor(given, unit)
    except _UnknownUnit:
        raise UnitError(f'{shown} has the unknown unit "{given.strip()}"; {hint}') from None
    if factor is None:
        lacks = f"{shown} has no unit" if not given else f"{shown} is not {kind}"
        raise UnitError(f"{lacks}; {hint}")
    value = _scale(number, factor)
    if not math.isfinite(value):
        raise UnitError(f"{shown} is not a finite number; {hint}")
    return value


def format_quantity(
    value: float, si_unit: str, display_unit: str | None = None, digits: int | None = None
) -> str:
    """Print a float in an SI unit in a unit that people use; undone by :func:`parse_quantity`.

    Parameters
    ----------
    value
        The quantity in ``si_unit``.
    si_unit
        The SI unit of ``value``.
    display_unit
        The unit printed, e.g. ``"mT"`` for a field in A/m; by default ``si_unit``.
    digits
        Significant digits; by default the fewest that read back as the same float.

    Returns
    -------
    str
        Number and unit, e.g. ``"56 mT"``; ``"inf s"`` and the like where ``value`` is not finite.

    Raises
    ------
    UnitError
        A unit is unknown, or ``display_unit`` does not measure what ``si_unit`` does.
    """
    shown_unit = si_unit if display_unit is None else display_unit
    factor = _known_factor(shown_unit, si_unit)
    value = float(value)
    if not math.isfinite(value):
        number = str(value)
    elif digits is not None:
        number = _decimal(Fraction(value) / factor, digits)
    else:
        number = _shortest(value, factor)
    return f"{number} {shown_unit}".rstrip()


def format_with_error(
    value: float, error: float | None, si_unit: str = "", display_unit: str | None = None
) -> str:
    """Format a value rounded to two digits of its standard error, e.g. ``"3260 ± 410 nm^3"``.

    Parameters
    ----------
    value, error
        The quantity and its standard error in ``si_unit``.  Without a usable error (None, 0 or
        not finite) the value stands alone, with four digits.
    si_unit, display_unit
        As in :func:`format_quantity`.

    Examples
    --------
    >>> format_with_error(3262.356e-27, 406.26e-27, "m^3", "nm^3")
    '3260 ± 410 nm^3'
    """
    numbers = " ± ".join(filter(None, round_to_error(value, error, si_unit, display_unit)))
    return f"{numbers} {si_unit if display_unit is None else display_unit}".rstrip()


def round_to_error(
    value: float,
    error: float | None,
    si_unit: str = "",
    display_unit: str | None = None,
    digits: int = 2,
) -> tuple[str, str]:
    """Return the two numbers of :func:`format_with_error` as text, for columns of a table.

    The second is empty without a usable error; ``digits`` are those kept of the error.

    Examples
    --------
    >>> round_to_error(0.12342, 0.0051)
    ('0.1234', '0.0051')
    """
    shown_unit = si_unit if display_unit is None else display_unit
    value = convert(value, si_unit, shown_unit)
    if not math.isfinite(value):
        return str(value), ""
    error = 0.0 if error is None else convert(error, si_unit, shown_unit)
    if not 1e-12 * abs(value) < error < math.inf:
        return _decimal(Fraction(value), 4), ""
    with localcontext(prec=digits):
        spread = +Decimal(error)
    last = spread.adjusted() - digits + 1
    with localcontext(prec=400):
        rounded, spread = (
            Decimal(number).quantize(Decimal(1).scaleb(last)) for number in (value, spread)
        )
    rounded = rounded if rounded else abs(rounded)  # no -0
    size = max(rounded.adjusted() if rounded else last, spread.adjusted())
    power = size if size > 6 or last < -8 else 0
    tail = f"e{power:+d}" if power else ""
    return f"{rounded.scaleb(-power):f}{tail}", f"{spread.scaleb(-power):f}{tail}"


def format_time(seconds: float, digits: int = 3) -> str:
    """Format a time in the unit that suits it, from femtoseconds to years.

    Examples
    --------
    >>> format_time(0.1052), format_time(3.2e-9), format_time(2e9)
    ('105 ms', '3.2 ns', '63.4 years')
    """
    seconds = float(seconds)
    if not 0 < seconds < math.inf:
        return f"{seconds:g} s"
    size, unit = next((entry for entry in _TIMES if seconds >= 0.9995 * entry[0]), _TIMES[-1])
    return f"{_decimal(Fraction(seconds / size), digits)} {unit}"


def convert(value: float, from_unit: str, to_unit: str) -> float:
    """Convert a float from one unit to another, through μ0 between B-like and H-like ones.

    Parameters
    ----------
    value
        The quantity in ``from_unit``.
    from_unit, to_unit
        Units, e.g. ``"Oe"`` and ``"A/m"``.

    Returns
    -------
    float
        The quantity in ``to_unit``.

    Raises
    ------
    UnitError
        A unit is unknown, or the two do not measure the same thing.
    """
    factor = _known_factor(from_unit, to_unit)
    value = float(value)
    return float(Fraction(value) * factor) if math.isfinite(value) else value * float(factor)


_PREFIXES = tuple(zip(range(9, -19, -3), ("G", "M", "k", "", *"mµnpfa"), strict=True))


def format_scaled(value: float, unit: str, digits: int = 3) -> str:
    """Print a quantity with the SI prefix that suits it, e.g. ``"89.3 pJ"`` or ``"5.05 s"``.

    Parameters
    ----------
    value
        The quantity in ``unit``; what lies beyond the prefixes is printed as a power of ten.
    unit
        A unit that takes prefixes, e.g. ``"J"`` or ``"s"``.
    digits
        Significant digits.
    """
    if value == 0:
        return f"0 {unit}"
    # Nobody counts in kiloseconds.
    shown = suitable_unit(min(abs(value), 1.0) if unit == "s" else value, unit)
    if not shown or abs(value) >= 1e9:
        return f"{value:.2g} {unit}"
    return format_quantity(value, unit, shown, digits)


def suitable_unit(value: float, unit: str) -> str:
    """Return a unit with the SI prefix that suits a value, or "" beyond the prefixes.

    Examples
    --------
    >>> suitable_unit(4.6e-3, "s"), suitable_unit(2.5e7, "Hz")
    ('ms', 'MHz')
    """
    found = (p for power, p in _PREFIXES if 0.9995 * 10.0**power <= abs(value) < 1e15)
    prefix = next(found, None)
    return "" if prefix is None else prefix + unit


class _UnknownUnit(Exception):
    """A string that names no unit."""


def _respell(text: str) -> str:
    """Respell signs that pint's tokenizer does not read."""
    for sign, spelling in _SPELLINGS.items():
        text = text.replace(sign, spelling)
    return text.strip()


def _known_factor(from_unit: str, to_unit: str) -> Fraction:
    """The factor between two units, or a :class:`UnitError` that says why there is none."""
    try:
        factor = _factor(_respell(from_unit), _respell(to_unit))
    except _UnknownUnit as unknown:
        raise UnitError(f'"{unknown}" is not a unit smtj knows; give e.g. "mT" or "nm"') from None
    if factor is None:
        raise UnitError(f'"{from_unit}" and "{to_unit}" do not measure the same thing')
    return factor


def _scale(number: str, factor: Fraction) -> float:
    """A decimal number times a factor, rounded once; inf where no float is that large."""
    exact = Decimal(number)
    # Keeps "1e999999999" from becoming an integer of a billion digits.
    if not exact or abs(exact.adjusted()) > _MAX_EXPONENT:
        return float(number)
    try:
        return float(Fraction(exact) * factor)
    except OverflowError:
        return math.copysign(math.inf, exact)


def _decimal(exact: Fraction, digits: int) -> str:
    """A fraction in so many significant digits, as people write numbers."""
    with localcontext(prec=digits):
        number = (Decimal(exact.numerator) / Decimal(exact.denominator)).normalize()
    if number == 0:
        return "0"
    return f"{number:f}" if -5 <= number.adjusted() <= 6 else f"{number:e}"


def _shortest(value: float, factor: Fraction) -> str:
    """The fewest digits that :func:`_scale` turns back into ``value``; 17 always do."""
    exact = Fraction(value) / factor
    texts = (_decimal(exact, digits) for digits in range(1, 18))
    return next(text for text in texts if _scale(text, factor) == value)


@cache
def _factor(from_unit: str, to_unit: str) -> Fraction | None:
    """The factor between two units; None if they measure different things."""
    usual = _usual_factor(size_of(from_unit), size_of(to_unit))
    if usual is not None:
        return usual
    have, want = _dimension(from_unit), _dimension(to_unit)
    if have == want:
        return _in_base_units(from_unit) / _in_base_units(to_unit)
    for first, second in _MIXED:
        if (have, want) == (_dimension(first), _dimension(second)):
            return _in_base_units(from_unit) / (_mu0() * _in_base_units(to_unit))
        if (want, have) == (_dimension(first), _dimension(second)):
            return _mu0() * _in_base_units(from_unit) / _in_base_units(to_unit)
    return None


def _usual_factor(have: Size | None, want: Size | None) -> Fraction | None:
    """The factor between two units that need no pint; None if that cannot be said here."""
    if have is None or want is None:
        return None
    factor = have[0] / want[0]
    if have[1] == want[1]:
        return factor
    for first, second in _MIXED:
        pair = tuple(size[1] for unit in (first, second) if (size := size_of(unit)) is not None)
        if (have[1], want[1]) == pair:
            return factor / _mu0_in_si()
        if (want[1], have[1]) == pair:
            return factor * _mu0_in_si()
    return None


@cache
def _mu0_in_si() -> Fraction:
    """The vacuum permeability in T m/A (CODATA, as SciPy has it)."""
    from scipy.constants import mu_0

    return Fraction(mu_0)


@cache
def _unit(text: str) -> "pint.Unit":
    """A unit of the registry."""
    try:
        return _registry().parse_units(text)
    except Exception as error:  # pint lets through whatever its tokenizer raises
        raise _UnknownUnit(text) from error


@cache
def _dimension(text: str) -> "UnitsContainer":
    """The dimension of a unit."""
    return _unit(text).dimensionality


@cache
def _in_base_units(text: str) -> Fraction:
    """Size of a unit in the registry's base units."""
    factor, _ = _registry().get_root_units(_unit(text))
    return Fraction(factor)  # type: ignore[arg-type]  # pint types it float; ours is Decimal


@cache
def _mu0() -> Fraction:
    """The vacuum permeability in base units."""
    return _mu0_in_si() * _in_base_units("T m/A")


@cache
def _registry() -> "pint.UnitRegistry[Decimal]":
    """The units of this house; made when the first unit string is met, for pint starts slowly."""
    import pint

    return pint.UnitRegistry(_DEFINITIONS.splitlines(), non_int_type=Decimal)
