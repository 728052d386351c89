"""What a reproduced figure hands to the report."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

Verdict = Literal["agrees", "consistent", "differs", "not supported", "assumed", "not tested"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


@dataclass(frozen=True)
class Check:
    """One statement of the paper beside ours."""

    claim: str
    """What is stated, in a few words."""
    paper: str
    """What the paper says, and where."""
    ours: str
    """What we find."""
    verdict: Verdict
    """*agrees*: an independent result matches.  *consistent*: it matches, but partly by
    construction or within wide limits.  *differs*: it does not match.  *not supported*: the
    paper's own numbers do not bear it out.  *assumed*: taken as given.  *not tested*: neither."""
    how: str
    """How ours was got."""

    def __post_init__(self) -> None:
        """Refuse a verdict that is none."""
        if self.verdict not in VERDICTS:
            raise ValueError(f"{self.verdict!r} is no verdict; choose one of {VERDICTS}")


@dataclass(frozen=True)
class FigureResult:
    """A figure as made: its files, its numbers and what they were checked for."""

    name: str
    """Short name, e.g. ``"fig2d"``."""
    title: str
    """One line above the figure."""
    caption: str
    """Text below the figure, complete in itself."""
    images: list[Path]
    """The PNG and the SVG."""
    numbers: Mapping[str, Any] = field(default_factory=dict)
    """Everything the figure shows as numbers; only what JSON holds."""
    checks: list[Check] = field(default_factory=list)
    """What the paper says of this figure beside what was found."""
