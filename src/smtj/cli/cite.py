"""``smtj cite``: print what to cite."""

from typing import TYPE_CHECKING, Annotated

import typer

from smtj.errors import SmtjError

if TYPE_CHECKING:
    from smtj.card import Card
    from smtj.references import Reference


def cite(
    features: Annotated[
        str | None,
        typer.Option(
            "--for",
            help="Comma-separated: neuron, physics, escape, motion, fit, resonance, random, "
            "hardware, energy, gallery. Default: all.",
        ),
    ] = None,
    card: Annotated[
        list[str] | None,
        typer.Option(help="Name or file of a card that was used; repeatable."),
    ] = None,
    bibtex: Annotated[bool, typer.Option("--bibtex", help="Print BibTeX entries.")] = False,
) -> None:
    """Print what to cite: smtj, the paper, and the sources of the features and cards used."""
    from smtj import __version__
    from smtj.card import load_card, shipped_cards
    from smtj.cli.output import note
    from smtj.references import FEATURES, bibtex_of_card, software

    cards = [load_card(name) for name in card or ()]
    sources = {one.name: _references_of(one) for one in cards}
    unknown = [one for one in cards if not sources[one.name] and one.base not in shipped_cards()]
    found = _grouped(_features(features, card), [r for some in sources.values() for r in some])
    line, entry = software(__version__)
    if bibtex:
        entries = [entry, *(r.bibtex() for references in found.values() for r in references)]
        entries += [bibtex_of_card(one.name, one.reference or one.title) for one in unknown]
        typer.echo("\n\n".join(entries))
        return
    typer.echo(f"The software (see CITATION.cff)\n  {line}")
    for feature, references in found.items():
        if references:
            typer.echo(f"\n{feature}: {FEATURES.get(feature, 'their sources')}")
        for reference in references:
            typer.echo(f"  {reference.text()}\n    {reference.reason}")
    for one in cards:
        if one in unknown:
            typer.echo(f"\ncard {one.name}\n  {one.reference or 'no reference given'}")
        elif one.base is not None:
            own, every = _kept(one)
            typer.echo(f"\ncard {one.name}\n  {own} of {every} values are from card {one.base}")
    note("\nBibTeX: smtj cite --bibtex; less: --for fit,resonance --card cai2019")


def _features(text: str | None, cards: list[str] | None) -> list[str]:
    """Return the requested features."""
    from smtj.references import FEATURES

    if text is None:
        return [] if cards else list(FEATURES)
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in FEATURES:
            raise SmtjError(f"--for has {name!r}; choose from {', '.join(FEATURES)}")
    return names


def _references_of(card: "Card") -> "list[Reference]":
    """Return the references in the table that a card's values come from."""
    from smtj.references import reference_of_card

    if card.base is not None and not _kept(card)[0]:
        return []
    known = reference_of_card(card.base or card.name)
    return [known] if known else []


def _kept(card: "Card") -> tuple[int, int]:
    """Return how many values of a fitted card are still those of its shipped base, and of all."""
    from smtj.card import load_card, shipped_cards

    if card.base not in shipped_cards():
        return 0, 0
    base = {name: value for name, value, _ in load_card(card.base).values()}
    same = [value.same_as(base.get(name)) for name, value, _ in card.values()]
    return sum(same), len(same)


def _grouped(features: list[str], of_cards: "list[Reference]") -> "dict[str, list[Reference]]":
    """Return references by feature, each once, the paper of smtj first."""
    from smtj.references import references_for

    groups = {"neuron": references_for(["neuron"])}
    groups |= {name: references_for([name]) for name in features}
    groups["cards"] = of_cards
    seen: set[str] = set()
    for name, references in groups.items():
        groups[name] = list({r.key: r for r in references if r.key not in seen}.values())
        seen |= {r.key for r in references}
    return groups
