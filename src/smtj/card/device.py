"""The device card: a stochastic magnetic tunnel junction, every number with its source."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self, SupportsFloat, TypeAlias

from pydantic import AfterValidator, Field, ValidationError, model_validator

from smtj.card.consistency import agree, vcma_coefficient
from smtj.card.messages import card_error, dotted_names, section_of, unknown_name
from smtj.card.operation import Electrical, Switching, Thermal, Variability
from smtj.card.quantity import Quantity
from smtj.card.section import Section, broken_rule
from smtj.card.structure import Geometry, Magnetism, SpinTorque, Vcma
from smtj.card.value import Value
from smtj.errors import CardError, SmtjError
from smtj.files import write_text
from smtj.tables import Table, Tabular

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from smtj.physics.device import OperatingPoint


def _identifier(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise broken_rule(
            f'name is "{name}"; use letters, digits and underscores, e.g. "my_device"'
        )
    return name


class DeviceCard(Tabular, Section):
    """A device: its geometry, magnetism, electrics and how it is driven, read and varied.

    Cards come from :func:`load_card` and never change; :meth:`replace` returns another one.
    Every number is a :class:`Value`: a float in SI units that knows its provenance.

    Examples
    --------
    >>> from smtj.units import mV
    >>> card = load_card("cai2019").replace({"thermal.temperature": "310 K"})
    >>> card.thermal.shown("temperature"), card.thermal.temperature.provenance
    ('310 K', 'assumed')
    >>> float(card.at(voltage=-200 * mV).stability_factor)
    20.86
    """

    name: Annotated[
        str, AfterValidator(_identifier), Field(description="short name, an identifier")
    ]
    title: Annotated[str, Field(description="one-line description")]
    reference: Annotated[str | None, Field(description="citation and DOI")] = None
    notes: Annotated[str | None, Field(description="remarks for users")] = None
    base: Annotated[
        str | None, Field(description="card with the values that were not fitted to data")
    ] = None
    geometry: Geometry
    magnetism: Magnetism
    vcma: Vcma
    spin_torque: SpinTorque | None = None
    electrical: Electrical
    thermal: Thermal
    switching: Switching
    variability: Variability

    @model_validator(mode="after")
    def _vcma_agrees(self) -> Self:
        stated, per_volt = self.vcma.coefficient, self.vcma.anisotropy_field_per_volt
        if stated is None or per_volt is None:
            return self
        given = (
            per_volt,
            self.magnetism.saturation_magnetisation,
            self.geometry.free_layer_thickness,
            self.geometry.tunnel_barrier_thickness,
        )
        implied = vcma_coefficient(*given)
        errors = [v.standard_error / abs(v) for v in (stated, *given) if v and v.standard_error]
        if not agree(stated, implied, errors):
            found = Vcma.quantities()["coefficient"].text(implied, 4)
            raise broken_rule(
                f"vcma.coefficient is {self.vcma.shown('coefficient')}, but "
                "vcma.anisotropy_field_per_volt "
                f"({self.vcma.shown('anisotropy_field_per_volt')}) with M_s and the two "
                f"thicknesses gives {found}; make them agree within 2 % or their standard "
                "errors, or leave one of them out"
            )
        return self

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any], where: str = "(unnamed)") -> Self:
        """Make a card from the tables of a card file.

        Parameters
        ----------
        data
            Sections by name, as in TOML; values may also be :class:`Value`.
        where
            The card's name in error messages.

        Raises
        ------
        CardError
            A value is missing, unknown or impossible.
        """
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise card_error(where, error, cls) from None

    def at(self, voltage: Any = 0.0, field: Any = 0.0, temperature: Any = None) -> "OperatingPoint":
        """What follows at a voltage in V, a perpendicular field H_⊥ in A/m and a temperature in K.

        Numbers or arrays; see :func:`smtj.physics.device.operating_point`.
        """
        from smtj.physics.device import operating_point

        return operating_point(self, voltage, temperature, field)

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Plot P(high) and the resistances of both states against the field.

        At no voltage and at both ends of ``switching.voltage_limit``.
        """
        import numpy as np

        return self.at(float(self.switching.voltage_limit) * np.array([-1.0, 0.0, 1.0])).plot(ax)

    def table(self) -> Table:
        """Return every value, rounded by its standard error, with its provenance and source."""
        rows = []
        for name in self.field_names():
            section = getattr(self, name)
            if isinstance(section, Section):
                rows += [(f"[{name}]", "", "", ""), *section.rows()]
        notes = (self.reference, self.notes)
        return Table(
            f"{self.name}: {self.title}",
            ("", "value", "provenance", "source"),
            rows,
            [" ".join(note.split()) for note in notes if note],
        )

    def __str__(self) -> str:
        return repr(self)

    def to_dict(self) -> dict[str, Any]:
        """The tables of the card file as plain types; :meth:`from_mapping` undoes it."""
        entries = {name: getattr(self, name) for name in self.field_names()}
        return {
            name: entry.to_dict() if isinstance(entry, Section) else entry
            for name, entry in entries.items()
            if entry is not None
        }

    def save(self, path: str | Path) -> Path:
        """Write the card as TOML, whole or not at all; :func:`load_card` restores it to the bit.

        Parameters
        ----------
        path
            The file, replaced if it exists.

        Raises
        ------
        CardError
            The file cannot be written.
        """
        path = Path(path)
        try:
            return write_text(path, self.to_toml())
        except OSError as error:
            raise CardError(
                f"card {self.name} cannot be saved as {path}: {error.strerror}; give another path"
            ) from error

    def to_toml(self) -> str:
        """The text of the card file."""
        import tomlkit

        document = tomlkit.document()
        for name, entry in self.to_dict().items():
            if not isinstance(entry, dict):
                document.add(name, tomlkit.item(entry))
                continue
            table = tomlkit.table()
            for field, value in entry.items():
                item: Any = value
                if isinstance(value, dict):
                    item = tomlkit.inline_table()
                    item.update(value)
                table.add(field, item)
            table.add(tomlkit.nl())
            document.add(name, table)
        return tomlkit.dumps(document)

    def replace(self, changes: Mapping[str, object] | None = None, /, **more: object) -> Self:
        """Return a card with some values changed, checked like any other.

        Parameters
        ----------
        changes, more
            New values by dotted name: ``card.replace({"magnetism.easy_axis_tilt": 0.1})``.  A
            float is in SI units and text is a quantity (``"9 deg"``); both count as assumed, set
            by the user.  A :class:`Value` has its own provenance; None removes an optional value.

        Raises
        ------
        CardError
            A name is unknown, or the resulting card is not valid.
        """
        data = _as_mapping(self)
        for name, given in {**(changes or {}), **more}.items():
            section_name, _, field = name.partition(".")
            if name not in dotted_names(type(self)) and not (name in data and given is None):
                known = dotted_names(type(self))
                raise CardError(f"card {self.name}: {unknown_name(name, known)}")
            if not field:
                data[name] = given
                continue
            section = data[section_name] = dict(data[section_name] or {})
            section[field] = self._set_by_user(section_name, field, given)
        return self.from_mapping(data, self.name)

    def values(self) -> Iterator[tuple[str, Value, Quantity]]:
        """Yield every number: its dotted name, its value, and its unit, range and meaning."""
        for section_name in self.field_names():
            section = getattr(self, section_name)
            if isinstance(section, Section):
                for name, quantity in section.quantities().items():
                    value = getattr(section, name)
                    if value is not None:
                        yield f"{section_name}.{name}", value, quantity

    def _set_by_user(self, section_name: str, field: str, given: object) -> object:
        section = section_of(type(self), section_name)
        quantity = section.quantities().get(field) if section else None
        if quantity is None or given is None or isinstance(given, Value):
            return given
        try:
            if isinstance(given, SupportsFloat):
                return Value(float(given), "assumed", "set by the user")
            if isinstance(given, str):
                given = {"value": given, "provenance": "assumed", "source": "set by the user"}
            return quantity.read(given)
        except SmtjError as error:
            raise CardError(f"card {self.name}: {section_name}.{field}: {error}") from None


def shipped_cards() -> list[str]:
    """The names of the cards that come with smtj."""
    names = (entry.name for entry in files("smtj").joinpath("cards").iterdir())
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


def load_card(name_or_path: str | Path) -> DeviceCard:
    """Read a device card.

    Parameters
    ----------
    name_or_path
        The name of a card that comes with smtj, e.g. ``"cai2019"``, or the path of a card file.

    Raises
    ------
    CardError
        There is no such card, or it is not valid.
    """
    where = str(name_or_path)
    return load_card_text(_decode(_read(name_or_path), where), where)


CardLike: TypeAlias = DeviceCard | str | Path
"""A card, the name of a shipped one, or the path of a card file."""


def as_card(card: CardLike) -> DeviceCard:
    """Return a card unchanged, or load it by name or path; see :func:`load_card`."""
    return card if isinstance(card, DeviceCard) else load_card(card)


def load_card_text(text: str, where: str) -> DeviceCard:
    """Read a device card from the text of a card file; errors call the card ``where``.

    Raises
    ------
    CardError
        It is not a valid card.
    """
    if not text.strip():
        raise CardError(f"card {where} is empty; `smtj card new` writes one to start from")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CardError(f"card {where} is not valid TOML: {error}") from None
    return DeviceCard.from_mapping(data, where)


def _read(name_or_path: str | Path) -> bytes:
    if isinstance(name_or_path, str) and name_or_path in shipped_cards():
        return files("smtj").joinpath("cards", f"{name_or_path}.toml").read_bytes()
    path = Path(name_or_path)
    choices = f"give a card file or the name of a shipped card ({', '.join(shipped_cards())})"
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise CardError(f"there is no card {name_or_path}; {choices}") from None
    except IsADirectoryError:
        raise CardError(f"card {name_or_path} is a directory; {choices}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CardError(f"card {name_or_path} cannot be read: {reason}; {choices}") from None


def _decode(content: bytes, where: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CardError(
            f"card {where} is not UTF-8 text (at byte {error.start}); save it as UTF-8"
        ) from None


def _as_mapping(section: Section) -> dict[str, Any]:
    """Fields by name, sections as mappings of their own."""
    entries = {name: getattr(section, name) for name in section.field_names()}
    return {k: _as_mapping(v) if isinstance(v, Section) else v for k, v in entries.items()}
