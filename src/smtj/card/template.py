"""The commented cards that ``smtj card new`` writes, made from the schema itself."""

from textwrap import wrap
from typing import get_args

from smtj.card.base import Card
from smtj.card.behaviour import BehaviouralCard
from smtj.card.device import DeviceCard
from smtj.card.messages import section_of
from smtj.card.quantity import Quantity
from smtj.card.section import Section
from smtj.card.value import Value

_HEAD = """\
# A device card.  Replace the example values with those of your device, then run:
#   smtj card check FILE
#
# Every number is written as
#   { value = "210 nm", provenance = "measured", source = "SEM image", standard_error = "2 nm" }
# where source and standard_error are optional and provenance is one of
#   "paper"     printed in the reference
#   "derived"   follows from other values
#   "measured"  fitted to data
#   "assumed"   none of these
# Any unit of the right dimension is accepted; for a field H, mT and G mean mu0 H.
# Entries that are commented out are optional.
#
# Axes: z is the normal of the film, x the long axis of the ellipse.
{more}
name = "my_device"
title = "One-line description of the device"
# reference = "Authors, Journal volume, page (year), doi:..."
# notes = "Remarks for users of this card"
"""

_MEASURED = """\
#
# This card holds what was measured and nothing else; leave out what was not.  It has one response,
# to the field, voltage or current that was swept.  Without any, give behaviour.dwell_time_high and
# behaviour.dwell_time_low instead of behaviour.dwell_time.
"""

# Of alternative fields and sections, those that the template fills in.
_CHOSEN = {
    "behaviour.resistance_high",
    "behaviour.resistance_low",
    "behaviour.dwell_time",
    "behaviour.read_voltage",
    "behaviour.sampling_interval",
    "behaviour.integration_time",
    "field_response",
    "magnetism.anisotropy_field",
    "vcma.coefficient",
    "electrical.parallel_resistance",
    "switching.effective_anisotropy_field",
}


def template(schema: type[Card] = DeviceCard) -> str:
    """The text of a valid card file of a kind with a comment on every field."""
    sections = [_section(schema, name) for name in schema.field_names()]
    head = _HEAD.replace("{more}\n", f"{_MEASURED}\n" if schema is BehaviouralCard else "\n")
    return "\n".join([head, *filter(None, sections)])


def _section(schema: type[Card], name: str) -> str:
    section = section_of(schema, name)
    if section is None:
        return ""
    optional = not schema.model_fields[name].is_required() and name not in _CHOSEN
    doc = " ".join((section.__doc__ or "").split())
    lines = [f"# {line}" for line in wrap(doc, 96)]
    lines.append(f"# [{name}]" if optional else f"[{name}]")
    for field in section.field_names():
        lines += _field(name, section, field, optional)
    return "\n".join(lines) + "\n"


def _field(section_name: str, section: type[Section], field: str, optional: bool) -> list[str]:
    info = section.model_fields[field]
    quantity = section.quantities().get(field)
    if quantity is None:
        entry = f'{field} = "{get_args(info.annotation)[0]}"'
        return [f"# {info.description}", f"# {entry}" if optional else entry]
    limits = f" ({quantity.range_text})" if quantity.range_text else ""
    left_out = optional or (info.default is None and f"{section_name}.{field}" not in _CHOSEN)
    entry = f"{field} = {_example(quantity, info.default)}"
    return [f"# {quantity.doc}{limits}", f"# {entry}" if left_out else entry]


def _example(quantity: Quantity, default: object) -> str:
    if isinstance(default, Value):
        return (
            f'{{ value = "{quantity.text(default)}", provenance = "assumed", source = "default" }}'
        )
    return f'{{ value = "{quantity.example_text}", provenance = "assumed", source = "example" }}'
