"""Device cards: what a device is, every number with its unit, provenance and source."""

from smtj.card.device import (
    CardLike,
    DeviceCard,
    as_card,
    load_card,
    load_card_text,
    shipped_cards,
)
from smtj.card.quantity import Quantity
from smtj.card.value import Value

__all__ = [
    "CardLike",
    "DeviceCard",
    "Quantity",
    "Value",
    "as_card",
    "load_card",
    "load_card_text",
    "shipped_cards",
]
