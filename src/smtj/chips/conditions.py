"""What a study of chips can vary: every source of variation and operating condition by name.

A condition maps such names to numbers in SI units.  New names are entries of :data:`QUANTITIES`.
"""

import itertools
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from smtj.card.operation import Variability as CardVariability
from smtj.errors import SmtjError
from smtj.nn.reads.scheme import checked_reads, parse_reads
from smtj.units import format_quantity, parse_quantity

ConditionValue: TypeAlias = float | Literal["expected"]
Condition: TypeAlias = Mapping[str, ConditionValue]
"""Numbers in SI units by name; ``"expected"`` for the limit of many reads."""
_Values: TypeAlias = Mapping[str, Iterable[ConditionValue]]
Vary: TypeAlias = _Values | Sequence[_Values]
"""Values by name; several mappings are varied one after the other."""
MAX_VALUES = 10_000
READ_SOURCES = ("resistance_spread", "tmr_spread", "read_offset")
"""What moves the currents of a device past the threshold of its reads."""
# Numbers, then the unit of the last.
_ENDING = re.compile(r"([-+.:\deE]*[\d.])\s*(\D.*)?")


@dataclass(frozen=True)
class VariedQuantity:
    """A quantity that a study can vary."""

    name: str
    unit: str
    """SI unit."""
    show: str
    """Display unit."""
    doc: str
    """A short description."""
    source: bool = False
    """Whether it decides how chips are sampled, rather than how they operate."""

    @property
    def label(self) -> str:
        """Description and unit for an axis or a column."""
        words = self.doc[:1].upper() + self.doc[1:]
        return f"{words} ({self.show})" if self.show else words

    def format(self, value: ConditionValue) -> str:
        """Format a value in the display unit."""
        if isinstance(value, str):
            return value
        return format_quantity(value, self.unit, self.show, 4)


_DOCS = {
    "offset_drift": "drift of the offset field per decade",
    "stuck_high": "devices stuck high",
    "stuck_low": "devices stuck low",
}

QUANTITIES: dict[str, VariedQuantity] = {
    quantity.name: quantity
    for quantity in (
        # The card's section on variability, with the names and units it has there.
        *(
            VariedQuantity(
                name, entry.unit, entry.show, _DOCS.get(name, name.replace("_", " ")), source=True
            )
            for name, entry in CardVariability.quantities().items()
            if name != "magnetic_noise_correlation_time"
        ),
        VariedQuantity("stuck_fraction", "", "%", "stuck devices, half of them high", source=True),
        VariedQuantity("resistance_spread", "", "%", "spread of the resistance", source=True),
        VariedQuantity("tmr_spread", "", "%", "spread of the contrast", source=True),
        VariedQuantity("read_offset", "V", "uV", "spread of the offset of a read", source=True),
        VariedQuantity("temperature", "K", "K", "temperature"),
        VariedQuantity("bias_voltage", "V", "mV", "bias voltage"),
        VariedQuantity("age", "s", "s", "time since calibration"),
        VariedQuantity("field_limit", "A/m", "Oe", "field limit of the drive"),
        VariedQuantity("noise_correlation_time", "s", "s", "correlation time of the noise"),
        VariedQuantity("reads", "", "", "reads"),
        VariedQuantity("read_interval", "s", "ms", "time between reads"),
    )
}
"""All quantities that a study can vary."""


def parse_vary(option: str, text: str) -> dict[str, list[ConditionValue]]:
    """Parse ``NAME=VALUES,NAME=VALUES,...`` into lists of numbers in SI units.

    Values are a list (``reads=1,4,16``) or START:STOP:COUNT, both ends included
    (``temperature=280:360:9``).  A unit at the end holds for all of them
    (``offset_spread=0:4:5 Oe``); it may be omitted for kelvin, seconds and fractions.

    Parameters
    ----------
    option
        Name of the option in error messages.
    text
        The text to parse.

    Raises
    ------
    SmtjError
        A name is unknown or repeated, or a value has the wrong unit.

    Examples
    --------
    >>> parse_vary("--vary", "temperature=280:300:3,reads=1,expected")
    {'temperature': [280.0, 290.0, 300.0], 'reads': [1, 'expected']}
    """
    found: dict[str, list[str]] = {}
    name = ""
    for part in text.split(","):
        head, equals, rest = part.partition("=")
        if equals:
            name = head.strip()
            quantity_of(name)
            if name in found:
                raise SmtjError(f"{option} names {name} twice")
            found[name] = [rest]
        elif not name:
            raise SmtjError(
                f'{option} is "{text}"; give NAME=VALUES, e.g. "temperature=280:360:9,reads=1,4,16"'
            )
        else:
            found[name].append(part)
    return {name: _parse_values(option, name, parts) for name, parts in found.items()}


def quantity_of(name: str) -> VariedQuantity:
    """Return the quantity of a name, or raise an error that lists all names."""
    if name not in QUANTITIES:
        raise SmtjError(f'"{name}" cannot be varied; choose from {", ".join(QUANTITIES)}')
    return QUANTITIES[name]


def grid(vary: Vary) -> list[dict[str, ConditionValue]]:
    """Return the conditions of a study: every combination of a mapping's values.

    Several mappings contribute their combinations in turn: ``[{"reads": [1, 16]}, {"temperature":
    [280.0, 320.0]}]`` varies one thing at a time.  Without any, the only condition is the model's
    own.  Raises SmtjError if a name is unknown, a value is invalid, or a list is empty.
    """
    conditions: list[dict[str, ConditionValue]] = []
    for part in [vary] if isinstance(vary, Mapping) else vary:
        lists = {name: [_checked(name, value) for value in values] for name, values in part.items()}
        for name, values in lists.items():
            if not values:
                raise SmtjError(f"{name} has no values; give at least one")
        for combination in itertools.product(*lists.values()):
            condition = dict(zip(lists, combination, strict=True))
            if condition not in conditions:
                conditions.append(condition)
    return conditions or [{}]


def _checked(name: str, value: object) -> ConditionValue:
    quantity_of(name)
    if name == "reads":
        whole = int(value) if isinstance(value, float) and value.is_integer() else value
        return checked_reads(whole)  # type: ignore[arg-type]
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    if math.isnan(number):
        raise SmtjError(f"{name} is {value!r}; it must be a number")
    return number


def _parse_values(option: str, name: str, parts: list[str]) -> list[ConditionValue]:
    quantity = QUANTITIES[name]
    if name == "reads":
        return [parse_reads(f"{option}, reads", part.strip()) for part in parts]
    ending = _ENDING.fullmatch(parts[-1].strip())
    last, unit = ending.groups(default="") if ending else (parts[-1], "")
    texts = [*parts[:-1], last]
    if not unit and quantity.unit != quantity.show != "%":
        # Bare numbers would be taken as SI, but users think in the display unit.
        raise SmtjError(
            f'{option}, {name} has no unit; end its values with one, e.g. "{quantity.show}"'
        )

    def number(text: str) -> float:
        try:
            value = parse_quantity(f"{text.strip()} {unit or quantity.unit}", quantity.unit)
        except SmtjError as error:
            raise SmtjError(f"{option}, {name}: {error}") from None
        if quantity.show == "%" and not unit and value > 1:
            raise SmtjError(
                f"{option}, {name}: {value:g} is {100 * value:g} %; write {value:g} % or "
                f"{value / 100:g}"
            )
        return value

    if len(texts) == 1 and ":" in texts[0]:
        return list(_parse_range(option, name, texts[0].split(":"), number))
    return [number(text) for text in texts]


def _parse_range(
    option: str, name: str, ends: list[str], number: Callable[[str], float]
) -> list[float]:
    count = ends[2].strip() if len(ends) == 3 else ""
    if not (count.isascii() and count.isdigit() and 2 <= int(count) <= MAX_VALUES):
        raise SmtjError(
            f"{option}, {name}: a range is START:STOP:COUNT with a count from 2 to {MAX_VALUES}, "
            f'e.g. "temperature=280:360:9"'
        )
    # Rounded to values that a user would write.
    start, stop = number(ends[0]), number(ends[1])
    return [float(f"{value:.12g}") for value in np.linspace(start, stop, int(count))]
