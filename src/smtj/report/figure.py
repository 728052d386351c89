"""Figures and checks as a report shows them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

Verdict = Literal["agrees", "consistent", "differs", "not supported", "assumed", "not tested"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


@dataclass(frozen=True)
class Check:
    """A statement of the paper beside ours."""

    claim: str
    """The statement in a few words."""
    paper: str
    """The paper's words or number, and where they are."""
    ours: str
    """Our result."""
    verdict: Verdict
    """*agrees*: an independent result matches.  *consistent*: it matches, but partly by
    construction or within wide limits.  *differs*: it does not match.  *not supported*: the
    paper's own numbers do not bear it out.  *assumed*: taken as given.  *not tested*: neither."""
    how: str
    """How our result was obtained."""

    def __post_init__(self) -> None:
        """Reject unknown verdicts."""
        if self.verdict not in VERDICTS:
            raise ValueError(f"verdict is {self.verdict!r}; choose one of {VERDICTS}")


@dataclass(frozen=True)
class FigureResult:
    """A figure: its files, its numbers and their checks."""

    name: str
    """Short name, e.g. ``"fig2d"``."""
    title: str
    """One line above the figure."""
    caption: str
    """Text below the figure, complete in itself."""
    images: list[Path]
    """The PNG and the SVG."""
    numbers: Mapping[str, Any] = field(default_factory=dict)
    """The numbers that the figure shows, as plain JSON types."""
    checks: list[Check] = field(default_factory=list)
    """Statements of the paper about this figure beside our results."""
