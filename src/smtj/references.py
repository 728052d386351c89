"""The publications that the formulas and methods rest on, read from ``references.toml``."""

import tomllib
from collections.abc import Iterable
from importlib.resources import files
from typing import Any, NamedTuple

TABLE: dict[str, Any] = tomllib.loads(
    files("smtj").joinpath("references.toml").read_text(encoding="utf-8")
)

FEATURES: dict[str, str] = TABLE["features"]
"""What a reference can be for, with its description."""


class Reference(NamedTuple):
    """A publication."""

    key: str
    """Its BibTeX key."""
    authors: tuple[str, ...]
    """Long lists: the first author, then ``others``."""
    title: str
    journal: str
    year: int
    features: tuple[str, ...]
    """Keys of :data:`FEATURES`."""
    reason: str
    """What smtj takes from it."""
    volume: str = ""
    page: str = ""
    doi: str = ""

    def text(self) -> str:
        """Return the reference as one line of a bibliography.

        Examples
        --------
        >>> reference_of_card("funatsu2022").text().partition(",")[0]
        'T. Funatsu'
        """
        *names, last = self.authors
        who = " et al." if last == "others" else ""
        names += [] if who else [last]
        authors = " and ".join(names) if len(names) < 3 else ", ".join(names)
        source = " ".join(filter(None, (self.journal, self.volume)))
        page = f", {self.page}" if self.page else ""
        doi = f", doi:{self.doi}" if self.doi else ""
        return f"{authors}{who}, {self.title}, {source}{page} ({self.year}){doi}"

    def bibtex(self) -> str:
        """Return the reference as a BibTeX entry."""
        fields = {
            "author": " and ".join(self.authors),
            "title": f"{{{self.title}}}",
            "journal": self.journal,
            "volume": self.volume,
            "pages": self.page,
            "year": str(self.year),
            "doi": self.doi,
        }
        return _entry("article", self.key, fields)


def _reference(key: str, authors: list[str], features: list[str], **rest: Any) -> Reference:
    return Reference(key, tuple(authors), features=tuple(features), **rest)


REFERENCES = tuple(_reference(key, **entry) for key, entry in TABLE["references"].items())
"""All references, in the order in which a reader meets them."""


def references_for(features: Iterable[str]) -> list[Reference]:
    """Return the references of some :data:`FEATURES`, in the order of the table.

    Raises
    ------
    KeyError
        For an unknown feature.
    """
    wanted = set(features)
    if unknown := wanted - FEATURES.keys():
        raise KeyError(min(unknown))
    return [reference for reference in REFERENCES if wanted & set(reference.features)]


def reference_of_card(name: str) -> Reference | None:
    """Return the reference of a shipped card; None for any other name."""
    return next((reference for reference in REFERENCES if reference.key == name), None)


def bibtex_of_card(name: str, reference: str) -> str:
    """Return a BibTeX entry for a card whose reference is not in the table."""
    return _entry("misc", name, {"note": reference})


def software(version: str) -> tuple[str, str]:
    """Return smtj itself as a line and as a BibTeX entry."""
    title = "smtj: from the physics of a stochastic magnetic tunnel junction to a neural network"
    fields = {
        "author": "{The smtj developers}",
        "title": f"{{{title}}}",
        "version": version,
        "note": "BSD-3-Clause",
    }
    return f"The smtj developers, {title}, version {version}", _entry("software", "smtj", fields)


def _entry(kind: str, key: str, fields: dict[str, str]) -> str:
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@{kind}{{{key},", *lines, "}"])
