"""How messages name things."""

from collections.abc import Iterable

_LONGEST = 40
_MOST = 12


def listed(words: Iterable[str], last: str = "and") -> str:
    """Return words as a sentence has them, ``a, b and c``; a long list is cut short."""
    every = list(words)
    if len(every) > _MOST:
        every = [*every[:_MOST], f"{len(every) - _MOST} more"]
    head, tail = every[:-1], every[-1:]
    return f" {last} ".join([*([", ".join(head)] if head else []), *tail])


def quoted(text: str) -> str:
    """Return text out of a file in quotation marks, on one line and not too long."""
    line = " ".join(text.split())
    return f'"{line}"' if len(line) <= _LONGEST else f'"{line[: _LONGEST - 3]}..."'
