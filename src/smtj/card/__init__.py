"""Cards: what a device is, every number with its unit, provenance and source."""

from smtj.card.base import Card, Drive
from smtj.card.behaviour import BehaviouralCard
from smtj.card.device import DeviceCard
from smtj.card.loading import (
    CardLike,
    as_card,
    as_device,
    load_card,
    load_card_text,
    shipped_cards,
)
from smtj.card.quantity import Quantity
from smtj.card.value import Value

__all__ = [
    "BehaviouralCard",
    "Card",
    "CardLike",
    "DeviceCard",
    "Drive",
    "Quantity",
    "Value",
    "as_card",
    "as_device",
    "load_card",
    "load_card_text",
    "shipped_cards",
]
