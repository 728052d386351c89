"""What every card has: its name and sections, its table, its file, and how it is asked."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self, SupportsFloat

from pydantic import AfterValidator, Field, ValidationError

from smtj.card.laws import Observable
from smtj.card.messages import card_error, dotted_names, section_of, unknown_name
from smtj.card.operation import Variability
from smtj.card.quantity import Quantity
from smtj.card.section import Section, broken_rule
from smtj.card.value import Value
from smtj.errors import CardError, SmtjError
from smtj.files import write_text
from smtj.tables import Table, Tabular

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from smtj.physics.point import SwitchingPoint


def _identifier(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise broken_rule(
            f'name is "{name}"; use letters, digits and underscores, e.g. "my_device"'
        )
    return name


@dataclass(frozen=True)
class Drive:
    """What the summed input of a neuron sets: a field, a voltage or a current."""

    name: str
    """``"field"``, ``"voltage"``, ``"current"``, or ``"none"``."""
    unit: str
    """SI unit."""
    show: str
    """Display unit."""
    label: str
    """For the axis of a plot, with the display unit."""


FIELD = Drive("field", "A/m", "Oe", r"Field $H_\perp$ (Oe)")
IN_PLANE_FIELD = Drive("field", "A/m", "Oe", r"Field $H_\parallel$ (Oe)")
UNKNOWN_FIELD = Drive("field", "A/m", "Oe", r"Field $H$ (Oe)")
VOLTAGE = Drive("voltage", "V", "mV", "Voltage (mV)")
CURRENT = Drive("current", "A", "uA", "Current (µA)")
NO_DRIVE = Drive("none", "", "", "Drive, in units of 1/w")
"""The response to a drive is unknown: a drive x then stands for w times the unknown one."""


class Card(Tabular, Section):
    """A device as a card describes it: by its physics, or by what was measured of it.

    :class:`smtj.card.DeviceCard` has the physics, :class:`smtj.card.BehaviouralCard` has measured
    behaviour and nothing else.  What needs behaviour alone asks the properties and :meth:`at`,
    which both have; what needs the physics takes a :class:`~smtj.card.DeviceCard`.

    Cards come from :func:`smtj.load_card` and never change; :meth:`replace` returns another one.
    Every number is a :class:`Value`: a float in SI units that knows its provenance.
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

    @property
    def drive(self) -> Drive:
        """What the summed input of a neuron sets."""
        raise NotImplementedError

    @property
    def drive_condition(self) -> str:
        """The drive as a condition of a measurement, e.g. ``"field_out_of_plane"``, or nothing."""
        raise NotImplementedError

    @property
    def drive_limit(self) -> float:
        """Largest drive of either sign, in its SI unit."""
        raise NotImplementedError

    @property
    def bias_voltage(self) -> float:
        """V in V at which a neuron works if none is given."""
        raise NotImplementedError

    @property
    def voltage_limit(self) -> float:
        """Largest |V| of the bias in V."""
        raise NotImplementedError

    @property
    def read_voltage(self) -> float:
        """V in V at which the state is read."""
        raise NotImplementedError

    @property
    def temperature(self) -> float:
        """T in K."""
        raise NotImplementedError

    @property
    def sampling_interval(self) -> float:
        """Time from read to read in s."""
        raise NotImplementedError

    @property
    def integration_time(self) -> float:
        """Time in s over which a read averages."""
        raise NotImplementedError

    @property
    def conditions(self) -> dict[str, float]:
        """What is applied in a measurement if nothing else is said, as far as it is known: SI
        values of field_out_of_plane, field_in_plane, temperature, and voltage or current."""
        raise NotImplementedError

    @property
    def reading_noise(self) -> tuple[float, float]:
        """Standard deviation of a reading in ohm in the high and in the low state, if none is
        given."""
        raise NotImplementedError

    @property
    def observable(self) -> Observable:
        """What a measurement of the state reads: the resistance unless the card says otherwise."""
        return "resistance"

    @property
    def spreads(self) -> Variability:
        """Spreads from device to device, and the noise in the field."""
        raise NotImplementedError

    @property
    def barrier_sets_slope(self) -> bool:
        """Whether w goes with the barrier, so that a spread of the barrier is one of w."""
        raise NotImplementedError

    def at(
        self, voltage: Any = None, field: Any = None, temperature: Any = None, current: Any = None
    ) -> "SwitchingPoint":
        """Levels, dwell times and P(high) under these conditions, in SI units."""
        raise NotImplementedError

    def under_bias(self, voltage: Any = None, temperature: Any = None) -> "SwitchingPoint":
        """The response to the drive at a bias voltage in V and a temperature in K."""
        raise NotImplementedError

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Plot P(high) and the resistances of both states."""
        raise NotImplementedError

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
        """Write the card as TOML, atomically; :func:`load_card` restores it to the bit.

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


def _as_mapping(section: Section) -> dict[str, Any]:
    """Fields by name, sections as mappings of their own."""
    entries = {name: getattr(section, name) for name in section.field_names()}
    return {k: _as_mapping(v) if isinstance(v, Section) else v for k, v in entries.items()}


def reject_text(**conditions: Any) -> None:
    """Raise an error for a condition that is text instead of a number."""
    for name, given in conditions.items():
        if isinstance(given, str):
            raise SmtjError(f'{name} is text, "{given}"; give a number, e.g. field=30 * Oe')
