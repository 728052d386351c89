"""What a cost needs and no device card knows: amplifier, wires, cells.

The defaults stand in ``assumptions.toml``, each with its unit, range, provenance and source.
Single values are replaced by name, or from a TOML file of lines such as
``amplifier_noise = { value = "2 nV/Hz^0.5", provenance = "measured" }``.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from smtj.card.quantity import Quantity
from smtj.card.value import Value
from smtj.errors import SmtjError
from smtj.tables import Table, Tabular

DEFAULTS = Path(__file__).with_name("assumptions.toml")


FACTOR = 2.0
"""By which a sensitivity moves an assumption to either side where the file names no values."""


@cache
def _defaults() -> tuple[Mapping[str, Quantity], Mapping[str, Value], Mapping[str, list[str]]]:
    """Return unit, range and meaning of every assumption, its default value, and where a
    sensitivity moves it."""
    quantities, values, moved = {}, {}, {}
    for name, entry in tomllib.loads(DEFAULTS.read_text(encoding="utf-8")).items():
        moved[name] = entry.pop("moved", [])
        number, _, shown = str(entry["value"]).partition(" ")
        given = {key: entry.pop(key) for key in ("value", "provenance", "source")}
        quantity = Quantity(**{"unit": "", "show": shown, "example": float(number), **entry})
        quantities[name], values[name] = quantity, quantity.read(given)
    return quantities, values, moved


@dataclass(frozen=True, repr=False)
class Assumptions(Tabular):
    """The assumptions by name, each a :class:`~smtj.card.Value` in SI units.

    Examples
    --------
    >>> from smtj.energy import Assumptions
    >>> assumptions = Assumptions().replace({"standby_power": "2 nW"})
    >>> assumptions.standby_power.source
    'set by the user'
    """

    values: Mapping[str, Value] = field(default_factory=lambda: _defaults()[1])

    def __getattr__(self, name: str) -> Value:
        """Return the value of an assumption."""
        if name != "values" and name in self.values:
            return self.values[name]
        raise AttributeError(f"there is no assumption {name!r}")

    def __dir__(self) -> list[str]:
        """List the assumptions with the methods."""
        return [*super().__dir__(), *self.values]

    def replace(self, data: Mapping[str, Any], where: str = "assumptions") -> "Assumptions":
        """Return a copy with other values.

        Parameters
        ----------
        data
            Values by name: text with a unit (``"2 nV/Hz^0.5"``), which counts as set by the user,
            a :class:`~smtj.card.Value`, or a table with value, provenance and source as in a card.
        where
            Names the origin of the values in error messages.

        Raises
        ------
        SmtjError
            A name is unknown, or a value has the wrong unit or is out of range.
        """
        return Assumptions(
            {**self.values, **{name: _read(name, given, where) for name, given in data.items()}}
        )

    def items(self) -> Iterator[tuple[str, Value, Quantity]]:
        """Yield every assumption: its name, its value, and its unit, range and meaning."""
        for name, quantity in _defaults()[0].items():
            yield name, self.values[name], quantity

    def moved(self, name: str) -> tuple["Assumptions", "Assumptions"]:
        """Return copies with one assumption lower and higher, for a sensitivity.

        Half and twice its value where ``assumptions.toml`` names no others.
        """
        quantity, named = _defaults()[0][name], _defaults()[2][name]
        value = float(self.values[name])
        ends = named or [quantity.text(value / FACTOR), quantity.text(value * FACTOR)]
        low, high = (self.replace({name: str(end)}) for end in ends)
        return low, high

    def table(self) -> Table:
        """Return every assumption with its provenance and source."""
        rows = [
            [name, quantity.text(value, 6), quantity.doc, value.provenance, value.source]
            for name, value, quantity in self.items()
        ]
        return Table("Assumptions", ("name", "value", "meaning", "provenance", "source"), rows)

    def to_dict(self) -> dict[str, dict[str, str]]:
        """Return every assumption as text, by name."""
        head, rows = self.table().head, self.table().rows
        return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows}


def _read(name: str, given: object, where: str) -> Value:
    quantities = _defaults()[0]
    if name not in quantities:
        near = get_close_matches(name, quantities, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(quantities)}"
        raise SmtjError(f"{where}: {name} is unknown; {hint}")
    if isinstance(given, str):
        given = {"value": given, "provenance": "assumed", "source": "set by the user"}
    try:
        return quantities[name].read(given)
    except SmtjError as error:
        raise SmtjError(f"{where}: {name}: {error}") from None


def load_assumptions(path: str | Path | None = None, changes: Iterable[str] = ()) -> Assumptions:
    """Return the default assumptions, updated from a file and then by single values.

    Parameters
    ----------
    path
        TOML file of assumptions, or None.
    changes
        Single values as ``"name=value"``, e.g. ``"amplifier_noise=2 nV/Hz^0.5"``.

    Raises
    ------
    SmtjError
        The file cannot be read, or a value is invalid.
    """
    made = Assumptions()
    if path is not None:
        made = made.replace(_toml(Path(path)), str(path))
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals:
            raise SmtjError(
                f'--assume is "{change}"; give NAME=VALUE, e.g. "amplifier_noise=2 nV/Hz^0.5"'
            )
        made = made.replace({name.strip(): value.strip()}, "--assume")
    return made


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SmtjError(
            f"{path} cannot be read: {error.strerror}; give a TOML file of assumptions"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SmtjError(f"{path} is not valid TOML: {error}") from None
