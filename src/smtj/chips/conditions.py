"""What can be varied in a study of chips: every source of variation and condition by name.

A condition is a mapping of such names to numbers in SI units.  A new name is an entry of
:data:`QUANTITIES`.
"""

import itertools
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from smtj.card.operation import Variability as CardVariability
from smtj.errors import SmtjError
from smtj.nn.reads.scheme import checked_reads, parse_reads
from smtj.units import format_quantity, parse_quantity

ConditionValue: TypeAlias = float | Literal["expected"]
Condition: TypeAlias = Mapping[str, ConditionValue]
"""Numbers in SI units by name; ``"expected"`` for the limit of many reads."""
Vary: TypeAlias = (
    Mapping[str, Iterable[ConditionValue]] | Sequence[Mapping[str, Iterable[ConditionValue]]]
)
"""Values by name; several mappings are varied one after the other."""
MAX_VALUES = 10_000
# Numbers, and a unit behind the last of them.
_ENDING = re.compile(r"([-+.:\deE]*[\d.])\s*(\D.*)?")


@dataclass(frozen=True)
class VariedQuantity:
    """Something that a study can vary."""

    name: str
    unit: str
    """SI unit."""
    show: str
    """Unit in which people see it."""
    doc: str
    """What it is, in a few words."""
    source: bool = False
    """Whether chips are drawn by it, rather than used under it."""

    @property
    def label(self) -> str:
        """Name and unit for an axis or a column."""
        words = self.doc[:1].upper() + self.doc[1:]
        return f"{words} ({self.show})" if self.show else words

    def shown(self, value: ConditionValue) -> str:
        """A value for people."""
        if isinstance(value, str):
            return value
        return format_quantity(value, self.unit, self.show, 4)


def _sources() -> dict[str, VariedQuantity]:
    """The entries of a card's section on variability, by the names and units they have there."""
    found = {}
    for name, entry in CardVariability.quantities().items():
        if name == "magnetic_noise_correlation_time":
            continue
        doc = _WORDS.get(name, name.replace("_", " "))
        found[name] = VariedQuantity(name, entry.unit, entry.show, doc, source=True)
    return found


_WORDS = {
    "offset_drift": "drift of the offset field a decade",
    "stuck_high": "devices stuck high",
    "stuck_low": "devices stuck low",
}

QUANTITIES: dict[str, VariedQuantity] = {
    **_sources(),
    "stuck_fraction": VariedQuantity(
        "stuck_fraction", "", "%", "stuck devices, half of them high", source=True
    ),
    "temperature": VariedQuantity("temperature", "K", "K", "temperature"),
    "bias_voltage": VariedQuantity("bias_voltage", "V", "mV", "bias voltage"),
    "age": VariedQuantity("age", "s", "s", "time since calibration"),
    "field_limit": VariedQuantity("field_limit", "A/m", "Oe", "field limit of the drive"),
    "noise_correlation_time": VariedQuantity(
        "noise_correlation_time", "s", "s", "correlation time of the noise"
    ),
    "reads": VariedQuantity("reads", "", "", "reads"),
    "read_interval": VariedQuantity("read_interval", "s", "ms", "time from read to read"),
}
"""Everything that a study can vary."""


def parse_vary(option: str, text: str) -> dict[str, list[ConditionValue]]:
    """Read ``NAME=VALUES,NAME=VALUES,...`` as lists of numbers in SI units.

    Values are a list (``reads=1,4,16``) or START:STOP:COUNT, both ends included
    (``temperature=280:360:9``).  They may end in a unit, which holds for all of them
    (``offset_spread=0:4:5 Oe``); only kelvin and seconds may be left out, and shares be plain.

    Parameters
    ----------
    option
        What an error message calls the option.
    text
        The list.

    Raises
    ------
    SmtjError
        A name is unknown or comes twice, or its values are not of its unit.
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
    return {name: _values(option, name, parts) for name, parts in found.items()}


def quantity_of(name: str) -> VariedQuantity:
    """Return what a name stands for.

    Raises
    ------
    SmtjError
        It stands for nothing that can be varied.
    """
    if name not in QUANTITIES:
        raise SmtjError(f'"{name}" cannot be varied; there are {", ".join(QUANTITIES)}')
    return QUANTITIES[name]


def grid(vary: Vary) -> list[dict[str, ConditionValue]]:
    """Return the conditions of a study: every combination of the values of a mapping.

    Of several mappings, the combinations of each in turn, so that ``[{"reads": [1, 16]},
    {"temperature": [280.0, 320.0]}]`` varies one thing at a time.  Without any there is one
    condition, the model's own.

    Raises
    ------
    SmtjError
        A name is unknown, a value is not possible, or a list is empty.
    """
    parts = [vary] if isinstance(vary, Mapping) else list(vary)
    conditions: list[dict[str, ConditionValue]] = []
    for part in parts:
        lists = {name: [checked(name, value) for value in values] for name, values in part.items()}
        for name, values in lists.items():
            if not values:
                raise SmtjError(f"no value is given for {name}")
        for values_of_one in itertools.product(*lists.values()):
            condition = dict(zip(lists, values_of_one, strict=True))
            if condition not in conditions:
                conditions.append(condition)
    return conditions or [{}]


def checked(name: str, value: object) -> ConditionValue:
    """Return a value of a quantity, or refuse what it cannot be.

    Raises
    ------
    SmtjError
        The name is unknown, or the value no number.
    """
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


def shown(condition: Condition) -> str:
    """A condition for people, e.g. ``"temperature 320 K, reads 4"``."""
    return (
        ", ".join(
            f"{name.replace('_', ' ')} {QUANTITIES[name].shown(value)}"
            for name, value in condition.items()
        )
        or "as it is"
    )


def _values(option: str, name: str, parts: list[str]) -> list[ConditionValue]:
    quantity = QUANTITIES[name]
    if name == "reads":
        return [parse_reads(f"{option}, reads", part.strip()) for part in parts]
    ending = _ENDING.fullmatch(parts[-1].strip())
    last, unit = ending.groups(default="") if ending else (parts[-1], "")
    texts = [*parts[:-1], last]
    if not unit and quantity.unit != quantity.show != "%":
        # Numbers without a unit would be taken for those of the unit that people think in.
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
        return list(_range(option, name, texts[0].split(":"), number))
    return [number(text) for text in texts]


def _range(option: str, name: str, ends: list[str], number: Callable[[str], float]) -> list[float]:
    import numpy as np

    count = ends[2].strip() if len(ends) == 3 else ""
    if not (count.isascii() and count.isdigit() and 2 <= int(count) <= MAX_VALUES):
        raise SmtjError(
            f"{option}, {name}: a range is START:STOP:COUNT with a count from 2 to {MAX_VALUES}, "
            f'e.g. "temperature=280:360:9"'
        )
    # Rounded, so that the values of a range are those that people would write.
    start, stop = number(ends[0]), number(ends[1])
    return [float(f"{value:.12g}") for value in np.linspace(start, stop, int(count))]
