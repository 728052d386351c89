"""What is known of a measurement beside its numbers, as lines of text and back."""

import json
from collections.abc import Hashable, Iterable, Mapping
from typing import Any


def to_lines(attrs: Mapping[Hashable, Any]) -> list[str]:
    """Return attributes as lines ``# key: value``; undone by :func:`from_lines`."""
    return [f"# {key}: {to_text(value)}" for key, value in attrs.items()]


def from_lines(lines: Iterable[str]) -> dict[str, Any]:
    """Read attributes from comment lines; a line without a colon is no attribute."""
    pairs = (line.lstrip("# ").partition(":") for line in lines)
    return {key.strip(): from_text(text) for key, colon, text in pairs if colon and key.strip()}


def to_text(value: Any) -> str:
    """Return an attribute as one line of text: plain text as it is, all else as JSON."""
    if isinstance(value, str) and value.isprintable() and from_text(value) == value:
        return value
    return json.dumps(value, default=_plain)


def from_text(text: str) -> Any:
    """Read an attribute: a number as a number, a list as a list, the rest as text."""
    try:
        return json.loads(text)
    except ValueError:
        return text.strip()


def _plain(value: Any) -> Any:
    """What JSON has no word for: NumPy's numbers and arrays, paths and the like."""
    return value.tolist() if hasattr(value, "tolist") else str(value)
