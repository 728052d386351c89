"""The unit, range and meaning of a card's field, and how a value is read and written."""

import math
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, get_args

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from smtj.card.value import PROVENANCES, Value, one_of
from smtj.errors import CardError
from smtj.units import format_quantity, format_with_error, parse_quantity

SIZES = {"A/m": (0.0, 1e13), "K": (1e-3, 1e5), "m": (1e-13, 1e-2)}
"""Sizes, by SI unit, beyond which a value is a slip."""
_KEYS = ("value", "provenance", "source", "standard_error")


@dataclass(frozen=True)
class Quantity:
    """The unit, range and meaning of a field, as metadata of its annotation.

    ``Annotated[Value, Quantity("m", "nm", 210, "long axis", above=0)]`` makes pydantic read the
    field from the table of a card file, or from a :class:`Value`.
    """

    unit: str
    """SI unit of the value, ``""`` for a plain number."""
    show: str
    """Display unit."""
    example: float
    """A sensible number, in ``show``."""
    doc: str
    """What it is, in one line."""
    _: KW_ONLY
    above: float | None = None
    """Exclusive lower bound, in ``unit``."""
    at_least: float | None = None
    """Inclusive lower bound, in ``unit``."""
    below: float | None = None
    """Exclusive upper bound, in ``unit``."""
    at_most: float | None = None
    """Inclusive upper bound, in ``unit``."""

    @property
    def example_text(self) -> str:
        """A sensible quantity as text, e.g. ``"210 nm"``."""
        return f"{self.example:g} {self.show}".rstrip()

    @property
    def range_text(self) -> str:
        """The range, e.g. ``"above 0 nm"``; empty if any number is valid."""
        bounds = (
            ("above", self.above),
            ("at least", self.at_least),
            ("below", self.below),
            ("at most", self.at_most),
        )
        words = [f"{word} {self.text(bound, 6)}" for word, bound in bounds if bound is not None]
        return " and ".join(words)

    def text(self, number: float, digits: int | None = None) -> str:
        """A number of this field in its display unit, by default with all its digits."""
        return format_quantity(number, self.unit, self.show, digits)

    def rounded(self, value: Value) -> str:
        """A value rounded by its standard error, e.g. ``"3260 ± 410 nm^3"``."""
        if value.standard_error:
            return format_with_error(value, value.standard_error, self.unit, self.show)
        return self.text(value, 6)

    def to_dict(self, value: Value) -> dict[str, str]:
        """The table of a value in a card file, which :meth:`read` reads back to the bit."""
        table = {"value": self.text(value), "provenance": value.provenance}
        if value.source:
            table["source"] = value.source
        if value.standard_error is not None:
            table["standard_error"] = self.text(value.standard_error)
        return table

    def read(self, given: object) -> Value:
        """Read a value from the table of a card file, or check a :class:`Value` in SI units.

        The table has the keys ``value`` (text with a unit), ``provenance`` and optionally
        ``source`` and ``standard_error``.

        Raises
        ------
        SmtjError
            It is neither, or its value is out of range.
        """
        value = given if isinstance(given, Value) else self._from_table(given)
        if not self._in_range(value):
            raise CardError(f"{self.text(value)} is out of range; it must be {self.range_text}")
        smallest, largest = SIZES.get(self.unit, (0.0, math.inf))
        if value and not smallest <= abs(value) <= largest:
            raise CardError(
                f"{self.text(value)} is beyond what any device has, "
                f"{self.text(smallest, 3)} to {self.text(largest, 3)}; check number and unit"
            )
        return value

    def _from_table(self, given: object) -> Value:
        right = f'{{ value = "{self.example_text}", provenance = "measured" }}'
        choice = one_of(PROVENANCES)
        if not isinstance(given, Mapping):
            raise CardError(
                f"{_shown(given)} has no provenance; write {right}, with the provenance {choice}"
            )
        unknown = [key for key in given if key not in _KEYS]
        if unknown:
            raise CardError(f'unknown key "{unknown[0]}"; the keys are {", ".join(_KEYS)}')
        if "value" not in given:
            raise CardError(f"the value is missing; write {right}")
        provenance = given.get("provenance")
        if provenance not in PROVENANCES:
            was = "is missing" if provenance is None else f"cannot be {_shown(provenance)}"
            raise CardError(f"the provenance {was}; it must be {choice}")
        source = given.get("source", "")
        if not isinstance(source, str):
            raise CardError(f"the source must be text, not {_shown(source)}")
        error = given.get("standard_error")
        return Value(
            self._number(given["value"]),
            provenance,
            source,
            None if error is None else self._number(error),
        )

    def _number(self, given: object) -> float:
        # A plain number needs no unit and so no quotation marks either.
        if self.unit == "" and isinstance(given, int | float) and not isinstance(given, bool):
            given = repr(given)
        if not isinstance(given, str):
            raise CardError(f'{_shown(given)} has no unit; give e.g. "{self.example_text}"')
        return parse_quantity(given, self.unit, self.example_text)

    def _in_range(self, number: float) -> bool:
        return (
            (self.above is None or number > self.above)
            and (self.at_least is None or number >= self.at_least)
            and (self.below is None or number < self.below)
            and (self.at_most is None or number <= self.at_most)
        )

    def __get_pydantic_core_schema__(
        self, source_type: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Have pydantic read the field through :meth:`read`, and accept None if optional."""

        def validate(given: object) -> Value:
            try:
                return self.read(given)
            except ValueError as error:
                raise PydanticCustomError(
                    "quantity", "{sentence}", {"sentence": str(error)}
                ) from error

        schema = core_schema.no_info_plain_validator_function(validate)
        optional = type(None) in get_args(source_type)
        return core_schema.nullable_schema(schema) if optional else schema


def _shown(given: object) -> str:
    """A value as written in TOML."""
    return f'"{given}"' if isinstance(given, str) else str(given)
