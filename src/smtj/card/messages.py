"""Pydantic's list of errors as one sentence: which card, which field, what is right."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from smtj.card.section import Section
from smtj.errors import CardError


def card_error(where: str, error: ValidationError, schema: type[BaseModel]) -> CardError:
    """The :class:`CardError` for what pydantic found wrong with a card.

    Parameters
    ----------
    where
        The card's file or name.
    error
        What pydantic raised.
    schema
        The model of the whole card.
    """
    # A mistyped name also leaves the right one missing; the first says more.
    found = sorted(error.errors(), key=lambda details: details["type"] != "extra_forbidden")
    errors = tuple(_sentence(details, schema) for details in found)
    others = len(found) - 1
    more = f" (and {others} more error{'s' if others > 1 else ''})" if others else ""
    return CardError(f"card {where}: {errors[0]}{more}", errors)


def unknown_name(name: str, known: Sequence[str]) -> str:
    """The sentence for a dotted name that no card has."""
    return f"{name} is unknown; {_suggestion(name, known)}"


def dotted_names(schema: type[BaseModel]) -> list[str]:
    """Every field of a card, those in sections as ``section.field``."""
    names: list[str] = []
    for name in schema.model_fields:
        section = section_of(schema, name)
        names += [name] if section is None else [f"{name}.{f}" for f in section.model_fields]
    return names


def section_of(schema: type[BaseModel], name: str) -> type[Section] | None:
    """The model of the section of that name; None where the name is not a section's."""
    field = schema.model_fields.get(name)
    if field is None:
        return None
    kinds = (field.annotation, *get_args(field.annotation))
    return next((k for k in kinds if isinstance(k, type) and issubclass(k, Section)), None)


def _sentence(details: ErrorDetails, schema: type[BaseModel]) -> str:
    place = tuple(str(part) for part in details["loc"])
    name = ".".join(place)
    match details["type"]:
        case "rule":
            return details["msg"]
        case "quantity":
            return f"{name}: {details['msg']}"
        case "missing":
            return _missing(place, schema)
        case "extra_forbidden":
            return unknown_name(name, _siblings(place, schema))
        case "model_type" | "model_attributes_type":
            return f"{name} must be a section, [{name}], not {_shown(details['input'])}"
        case "literal_error":
            expected = details["ctx"]["expected"].replace("'", '"')
            return f"{name} is {_shown(details['input'])}; it must be {expected}"
        case "string_type":
            return f"{name} must be text in quotation marks, not {_shown(details['input'])}"
        case _:
            return f"{name}: {details['msg']}"


def _missing(place: tuple[str, ...], schema: type[BaseModel]) -> str:
    section = section_of(schema, place[0])
    if section is None:
        example = "my_device" if place[0] == "name" else "..."
        return f'{place[0]} is missing; give e.g. {place[0]} = "{example}"'
    if len(place) == 1:
        return (
            f"the section [{place[0]}] is missing; `smtj card new` writes a card with all of them"
        )
    quantity = section.quantities().get(place[1])
    if quantity is None:
        choice = get_args(section.model_fields[place[1]].annotation)[0]
        return f'{".".join(place)} is missing; give e.g. {place[1]} = "{choice}"'
    value = f'{{ value = "{quantity.example_text}", provenance = "measured" }}'
    return f"{'.'.join(place)} is missing; give e.g. {place[1]} = {value}"


def _siblings(place: tuple[str, ...], schema: type[BaseModel]) -> list[str]:
    section = section_of(schema, place[0]) if len(place) > 1 else None
    if section is None:
        return list(schema.model_fields)
    return [f"{place[0]}.{name}" for name in section.model_fields]


def _suggestion(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, n=1)
    if near:
        return f"did you mean {near[0]}?"
    return f"known are {', '.join(known)}"


def _shown(given: Any) -> str:
    return f'"{given}"' if isinstance(given, str) else str(given)
