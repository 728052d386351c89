"""The one table of what a cost needs and no device card knows: amplifier, wires, cells.

Every row has its unit, provenance and source, and can be replaced, by name or from a TOML file of
lines such as ``amplifier_noise = { value = "2 nV/Hz^0.5", provenance = "measured" }``.  The
provenance ``paper`` means here: printed in the source that the row names.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Self

from smtj.card.quantity import Quantity
from smtj.card.section import Section
from smtj.card.value import Provenance, Value
from smtj.errors import SmtjError


def _row(number: float, provenance: Provenance, source: str) -> Value:
    return Value(number, provenance, source)


class Assumptions(Section):
    """The table; SI units.  A field that a user sets says so in its source."""

    amplifier_noise: Annotated[
        Value,
        Quantity(
            unit="V/Hz^0.5",
            show="nV/Hz^0.5",
            example=5,
            above=0,
            doc="voltage noise e_n at its input",
        ),
    ] = _row(5e-9, "assumed", "quiet for an integrated amplifier; its power follows from it")
    amplifier_current_noise: Annotated[
        Value,
        Quantity(
            unit="A/Hz^0.5", show="pA/Hz^0.5", example=0.4, at_least=0, doc="current noise i_n"
        ),
    ] = _row(0.4e-12, "derived", "Johnson noise of a feedback resistor of 100 kohm at 300 K")
    noise_efficiency: Annotated[
        Value,
        Quantity(
            unit="",
            show="",
            example=2.16,
            above=0,
            doc="noise efficiency factor, gives the supply current",
        ),
    ] = _row(
        2.16,
        "paper",
        "J. Ruiz-Amaya et al., Sensors 15, 25313 (2015), doi:10.3390/s151025313; at audio "
        "frequencies, worse at higher ones",
    )
    supply_voltage: Annotated[
        Value, Quantity(unit="V", show="V", example=1.2, above=0, doc="of amplifier and drivers")
    ] = _row(1.2, "paper", "same amplifier")
    comparator_energy: Annotated[
        Value, Quantity(unit="J", show="fJ", example=67, at_least=0, doc="per decision")
    ] = _row(
        67e-15,
        "paper",
        "B. Satapathy and A. Kaur, Circuits Syst. Signal Process. 42, 5108 (2023), "
        "doi:10.1007/s00034-023-02375-6; 65 nm, worst case",
    )
    counter_energy: Annotated[
        Value, Quantity(unit="J", show="fJ", example=30, at_least=0, doc="to count one read")
    ] = _row(
        30e-15,
        "paper",
        "8-bit addition, 45 nm: M. Horowitz, ISSCC 2014, 10, doi:10.1109/ISSCC.2014.6757323",
    )
    standby_power: Annotated[
        Value, Quantity(unit="W", show="nW", example=1, at_least=0, doc="of a neuron that waits")
    ] = _row(1e-9, "assumed", "leakage of about a hundred gates; what waiting costs")
    shortest_read: Annotated[
        Value,
        Quantity(
            unit="s", show="ns", example=1, above=0, doc="that amplifier and comparator can do"
        ),
    ] = _row(1e-9, "paper", "1 GHz, the comparator's largest clock (same source)")
    longest_read: Annotated[
        Value,
        Quantity(
            unit="",
            show="",
            example=0.1,
            above=0,
            below=1,
            doc="in relaxation times; a longer read averages over switching",
        ),
    ] = _row(0.1, "assumed", "a tenth of the reads then see a switching, at most")
    largest_shift: Annotated[
        Value,
        Quantity(
            unit="",
            show="",
            example=0.01,
            above=0,
            below=1,
            doc="of P(high) that reading may cause",
        ),
    ] = _row(0.01, "assumed", "less than the spread between devices")
    wire_distance: Annotated[
        Value,
        Quantity(unit="m", show="nm", example=150, above=0, doc="from its middle to the junction"),
    ] = _row(150e-9, "assumed", "beside the pillar, half of both widths and a gap")
    wire_width: Annotated[
        Value, Quantity(unit="m", show="nm", example=100, above=0, doc="of the Oersted wire")
    ] = _row(100e-9, "assumed", "about as near as one can be built")
    wire_thickness: Annotated[
        Value, Quantity(unit="m", show="nm", example=200, above=0, doc="of the Oersted wire")
    ] = _row(200e-9, "assumed", "twice its width")
    wire_length: Annotated[
        Value, Quantity(unit="m", show="um", example=1, above=0, doc="long against the distance")
    ] = _row(1e-6, "assumed", "several distances, so that the field is that of a long wire")
    wire_resistivity: Annotated[
        Value, Quantity(unit="ohm m", show="nohm m", example=40, above=0, doc="of the Oersted wire")
    ] = _row(40e-9, "assumed", "copper of such a width, about twice the bulk")
    driver_headroom: Annotated[
        Value,
        Quantity(
            unit="V",
            show="V",
            example=0.1,
            at_least=0,
            doc="across the transistor that drives the wire",
        ),
    ] = _row(0.1, "derived", "4 k_BT/e at 300 K, saturation in weak inversion")
    strain_field_per_volt: Annotated[
        Value,
        Quantity(
            unit="A/m/V",
            show="Oe/V",
            example=100,
            above=0,
            doc="effective field of a strained ferroelectric",
        ),
    ] = _row(
        7957.747154594767,
        "assumed",
        "the paper gives no number; 82 pm/V, 30 ppm and 160 GPa on its free layer (physics.strain)",
    )
    ferroelectric_permittivity: Annotated[
        Value,
        Quantity(
            unit="", show="", example=1000, above=0, doc="relative, of the ferroelectric film"
        ),
    ] = _row(1000.0, "assumed", "order of PZT films")
    ferroelectric_thickness: Annotated[
        Value, Quantity(unit="m", show="nm", example=100, above=0, doc="of the ferroelectric film")
    ] = _row(100e-9, "assumed", "a thin film; a bulk substrate needs far higher voltages")
    ferroelectric_area: Annotated[
        Value, Quantity(unit="m^2", show="um^2", example=1, above=0, doc="of its electrode")
    ] = _row(1e-12, "assumed", "a few times the pillar")
    log_odds_spread: Annotated[
        Value,
        Quantity(
            unit="",
            show="",
            example=4,
            at_least=0,
            doc="rms of the inputs in units of 1/w, where no network is given",
        ),
    ] = _row(4.0, "derived", "spread to which the calibrated coupling brings them")
    cell_area: Annotated[
        Value,
        Quantity(
            unit="m^2", show="um^2", example=100, above=0, doc="of a neuron with its read-out"
        ),
    ] = _row(100e-12, "assumed", "amplifier, comparator, counter, 65 nm; the junction has 0.01")
    synapse_energy: Annotated[
        Value,
        Quantity(
            unit="J", show="fJ", example=230, at_least=0, doc="per multiplication and addition"
        ),
    ] = _row(
        230e-15,
        "paper",
        "8 bit, 45 nm, without memory: M. Horowitz, ISSCC 2014, 10, doi:10.1109/ISSCC.2014.6757323",
    )

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any], where: str = "assumptions") -> Self:
        """Make a table of which some rows differ from the default.

        Parameters
        ----------
        data
            Rows by name: text with a unit (``"2 nV/Hz^0.5"``), which counts as set by the user, a
            :class:`~smtj.card.Value`, or a table with value, provenance and source as in a card.
        where
            What an error message calls the source.

        Raises
        ------
        SmtjError
            A name is unknown, or a value has the wrong unit or is out of range.
        """
        return cls().replace(data, where)

    def replace(self, data: Mapping[str, Any], where: str = "assumptions") -> Self:
        """This table with other rows; arguments and errors as in :meth:`from_mapping`."""
        rows = {name: getattr(self, name) for name in self.field_names()}
        for name, given in data.items():
            rows[name] = self._read(name, given, where)
        return type(self)(**rows)

    def rows(self) -> Iterator[tuple[str, Value, Quantity]]:
        """Every row: its name, its value, and its unit, range and meaning."""
        for name, quantity in self.quantities().items():
            yield name, getattr(self, name), quantity

    @classmethod
    def _read(cls, name: str, given: object, where: str) -> Value:
        quantity = cls.quantities().get(name)
        if quantity is None:
            near = get_close_matches(name, cls.field_names(), n=1)
            hint = (
                f"did you mean {near[0]}?" if near else f"known are {', '.join(cls.field_names())}"
            )
            raise SmtjError(f"{where}: {name} is unknown; {hint}")
        if isinstance(given, str):
            given = {"value": given, "provenance": "assumed", "source": "set by the user"}
        try:
            return quantity.read(given)
        except SmtjError as error:
            raise SmtjError(f"{where}: {name}: {error}") from None


def load_assumptions(path: str | Path | None = None, settings: Iterable[str] = ()) -> Assumptions:
    """Read the table: the default one, with the rows of a file, with single rows on top.

    Parameters
    ----------
    path
        TOML file of rows; None for none.
    settings
        Rows as ``"name=value"``, e.g. ``"amplifier_noise=2 nV/Hz^0.5"``.

    Raises
    ------
    SmtjError
        The file cannot be read, or a row is not possible.
    """
    table = Assumptions()
    if path is not None:
        table = table.replace(_toml(Path(path)), str(path))
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise SmtjError(
                f'--assume is "{setting}"; give NAME=VALUE, e.g. "amplifier_noise=2 nV/Hz^0.5"'
            )
        table = table.replace({name.strip(): value.strip()}, "--assume")
    return table


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SmtjError(
            f"{path} cannot be read: {error.strerror}; give a TOML file of assumptions"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SmtjError(f"{path} is no TOML file: {error}") from None
