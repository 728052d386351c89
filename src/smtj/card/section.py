"""The base class of a card's sections."""

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

from smtj.card.quantity import Quantity
from smtj.card.value import Value


class Section(BaseModel):
    """A frozen table of values; equal if all values and their provenance are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __eq__(self, other: object) -> bool:
        """Whether all fields are the same, values with their provenance, source and error."""
        if type(other) is not type(self):
            return NotImplemented
        return all(_same(getattr(self, name), getattr(other, name)) for name in self.field_names())

    def __hash__(self) -> int:
        """Equal sections hash alike, so results can be cached by card."""
        return hash(tuple(getattr(self, name) for name in self.field_names()))

    @classmethod
    def field_names(cls) -> tuple[str, ...]:
        """The names of the fields, in order."""
        return tuple(cls.model_fields)

    @classmethod
    def quantities(cls) -> dict[str, Quantity]:
        """Unit, range and meaning of every field that is a number with a unit."""
        return {
            name: entry
            for name, field in cls.model_fields.items()
            for entry in field.metadata
            if isinstance(entry, Quantity)
        }

    def shown(self, name: str) -> str:
        """The value of a field in its display unit, e.g. ``"210 nm"``."""
        return self.quantities()[name].text(getattr(self, name))

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Name, value, provenance and source of every field that has a value."""
        quantities = self.quantities()
        rows: list[tuple[str, str, str, str]] = []
        for name in self.field_names():
            entry = getattr(self, name)
            if isinstance(entry, Value):
                text = quantities[name].rounded(entry)
                rows.append((name, text, entry.provenance, entry.source))
            elif entry is not None:
                rows.append((name, str(entry), "", ""))
        return rows

    def to_dict(self) -> dict[str, Any]:
        """The table of the card file, as plain types."""
        quantities = self.quantities()
        return {
            name: quantities[name].to_dict(entry) if isinstance(entry, Value) else entry
            for name in self.field_names()
            if (entry := getattr(self, name)) is not None
        }


def default(number: float) -> Value:
    """The default value, in SI units, of an optional field."""
    return Value(number, "assumed", "default")


def broken_rule(sentence: str) -> PydanticCustomError:
    """The error of values that are valid alone, but not together."""
    return PydanticCustomError("rule", "{sentence}", {"sentence": sentence})


def _same(one: Any, other: Any) -> bool:
    return one.same_as(other) if isinstance(one, Value) else bool(one == other)
