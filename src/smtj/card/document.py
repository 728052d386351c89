"""A card as the text of a TOML file, written so that it reads back to the bit."""

import tomlkit
from pydantic import BaseModel
from tomlkit.items import InlineTable, Table

from smtj.card.quantity import Quantity
from smtj.card.section import Section
from smtj.card.value import Value


def to_toml(card: BaseModel) -> str:
    """The text of a card file: every value with its unit, provenance, source and error.

    Parameters
    ----------
    card
        A :class:`~smtj.card.DeviceCard`; what is None is left out.
    """
    document = tomlkit.document()
    for name in type(card).model_fields:
        entry = getattr(card, name)
        if isinstance(entry, Section):
            document.add(name, _section(entry))
        elif entry is not None:
            document.add(name, tomlkit.item(entry))
    return tomlkit.dumps(document)


def _section(section: Section) -> Table:
    table = tomlkit.table()
    quantities = section.quantities()
    for name in section.field_names():
        entry = getattr(section, name)
        if entry is not None:
            value = _value(entry, quantities[name]) if name in quantities else entry
            table.add(name, value)
    table.add(tomlkit.nl())
    return table


def _value(value: Value, quantity: Quantity) -> InlineTable:
    table = tomlkit.inline_table()
    table["value"] = quantity.text(value)
    table["provenance"] = value.provenance
    if value.source:
        table["source"] = value.source
    if value.standard_error is not None:
        table["standard_error"] = quantity.text(value.standard_error)
    return table
