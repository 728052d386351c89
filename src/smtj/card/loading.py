"""Cards by name, path or text."""

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import TypeAlias

from smtj.card.base import Card
from smtj.card.behaviour import BehaviouralCard
from smtj.card.device import DeviceCard
from smtj.errors import CardError
from smtj.files import no_file

MAX_SIZE, MAX_DEPTH = 1_000_000, 20
"""Bytes of a card, and tables within tables, beyond what any card has."""


def shipped_cards() -> list[str]:
    """The names of the cards that come with smtj."""
    names = (entry.name for entry in files("smtj").joinpath("cards").iterdir())
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


def load_card(name_or_path: str | Path) -> Card:
    """Read a card.

    Parameters
    ----------
    name_or_path
        The name of a card that comes with smtj, e.g. ``"cai2019"``, or the path of a card file.

    Raises
    ------
    CardError
        There is no such card, or it is not valid.
    """
    where = str(name_or_path)
    return load_card_text(_decode(_read(name_or_path), where), where)


CardLike: TypeAlias = Card | str | Path
"""A card, the name of a shipped one, or the path of a card file."""


def as_card(card: CardLike) -> Card:
    """Return a card unchanged, or load it by name or path; see :func:`load_card`."""
    return card if isinstance(card, Card) else load_card(card)


def as_device(card: CardLike) -> DeviceCard:
    """Return a card that has the physics of its device; see :func:`as_card`.

    Raises
    ------
    CardError
        There is no such card, or it has measured behaviour only.
    """
    card = as_card(card)
    if isinstance(card, DeviceCard):
        return card
    raise CardError(
        f"card {card.name} holds measured behaviour only, and this needs the physics of the "
        "device: its sections geometry, magnetism, vcma, electrical and switching are missing; "
        "fit the data onto a card that has them (smtj fit FILE --base CARD), or write one "
        "(smtj card new)"
    )


def load_card_text(text: str, where: str) -> Card:
    """Read a card from the text of a card file; errors call the card ``where``.

    Raises
    ------
    CardError
        It is not a valid card.
    """
    if not text.strip():
        raise CardError(f"card {where} is empty; `smtj card new` writes one to start from")
    deepest = max(line.partition("=")[0].count(".") for line in text.splitlines())
    try:
        if deepest > MAX_DEPTH:
            raise RecursionError
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CardError(f"card {where} is not valid TOML: {error}") from None
    except RecursionError:
        raise CardError(f"card {where} nests its entries deeper than any card") from None
    return (BehaviouralCard if "behaviour" in data else DeviceCard).from_mapping(data, where)


def _read(name_or_path: str | Path) -> bytes:
    if isinstance(name_or_path, str) and name_or_path in shipped_cards():
        return files("smtj").joinpath("cards", f"{name_or_path}.toml").read_bytes()
    path = Path(name_or_path)
    choices = f"give a card file or the name of a shipped card ({', '.join(shipped_cards())})"
    if what := no_file(path):
        raise CardError(f"card {name_or_path} is {what}, no file; {choices}")
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SIZE + 1)
    except FileNotFoundError:
        raise CardError(f"there is no card {name_or_path}; {choices}") from None
    except IsADirectoryError:
        raise CardError(f"card {name_or_path} is a directory; {choices}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CardError(f"card {name_or_path} cannot be read: {reason}; {choices}") from None
    if len(content) > MAX_SIZE:
        raise CardError(f"card {name_or_path} has more than {MAX_SIZE:,} bytes, as no card has")
    return content


def _decode(content: bytes, where: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CardError(
            f"card {where} is not UTF-8 text (at byte {error.start}); save it as UTF-8"
        ) from None
