"""``smtj cite``: what to cite for what was used."""

from typing import TYPE_CHECKING, Annotated

import typer

from smtj.errors import SmtjError

if TYPE_CHECKING:
    from smtj.references import Reference


def cite(
    features: Annotated[
        str | None,
        typer.Option(
            "--for",
            help="neuron, physics, escape, motion, fit, resonance, random, gallery; several by "
            "comma. Everything by default.",
        ),
    ] = None,
    card: Annotated[
        list[str] | None,
        typer.Option(help="A card that was used: shipped, or a file; again for the next."),
    ] = None,
    bibtex: Annotated[bool, typer.Option(help="Print entries of BibTeX.")] = False,
) -> None:
    """Print what to cite: smtj, the paper, and what the features used rest on."""
    from importlib.metadata import version

    from smtj.card import load_card
    from smtj.references import FEATURES, bibtex_of_card, reference_of_card, software

    wanted = _features(features, card)
    cards = [load_card(name) for name in card or ()]
    named = [reference_of_card(one.name) for one in cards]
    found = _sorted(wanted, [one for one in named if one is not None])
    others = [one for one, known in zip(cards, named, strict=True) if known is None]
    line, entry = software(version("smtj"))
    if bibtex:
        entries = [
            entry,
            *(reference.bibtex() for references in found.values() for reference in references),
        ]
        entries += [bibtex_of_card(c.name, c.reference or c.title) for c in others]
        typer.echo("\n\n".join(dict.fromkeys(entries)))
        return
    typer.echo(f"The software (see CITATION.cff)\n  {line}")
    for feature, references in found.items():
        if references:
            typer.echo(f"\n{feature}: {FEATURES.get(feature, 'what the cards are of')}")
        for reference in references:
            typer.echo(f"  {reference.text()}\n    {reference.reason}")
    for one in others:
        typer.echo(f"\ncard {one.name}\n  {one.reference or 'names no reference'}")
    typer.echo("\nBibTeX: smtj cite --bibtex; less: --for fit,resonance --card cai2019")


def _features(text: str | None, cards: list[str] | None) -> list[str]:
    """Return the names of features that were asked for."""
    from smtj.references import FEATURES

    if text is None:
        return [] if cards else list(FEATURES)
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in FEATURES:
            raise SmtjError(f"--for has {name!r}; it must be of {', '.join(FEATURES)}")
    return names


def _sorted(wanted: list[str], cards: "list[Reference]") -> "dict[str, list[Reference]]":
    """Return references by feature, each once, the paper of smtj first."""
    from smtj.references import reference_of_card, references_for

    paper = reference_of_card("cai2019")
    assert paper is not None  # the table has it
    seen = {paper.key}
    found: dict[str, list[Reference]] = {"neuron": [paper]}
    for feature in wanted:
        fresh = [one for one in references_for([feature]) if one.key not in seen]
        seen |= {one.key for one in fresh}
        found.setdefault(feature, []).extend(fresh)
    found["cards"] = list({one.key: one for one in cards if one.key not in seen}.values())
    return found
