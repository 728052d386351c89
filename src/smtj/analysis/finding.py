"""What was found in a measurement: numbers, remarks, a picture, and what they make of a card."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from smtj.card import DeviceCard
from smtj.inference.stats.estimate import Estimate


@dataclass(frozen=True, eq=False)
class Part:
    """One finding."""

    name: str
    """Short name, fit for a file."""
    title: str
    """One line."""
    estimates: tuple[Estimate, ...]
    """Every fitted number with its interval."""
    remarks: tuple[str, ...]
    """What a user of the numbers should know, in sentences."""
    caption: str
    """Text below the picture, complete in itself."""
    draw: Callable[[Path], list[Path]]
    """Draw data and fit to a path without ending; returns the PNG and the SVG."""
    onto: Callable[[DeviceCard], DeviceCard]
    """Have a card give back what was measured."""


def unchanged(card: DeviceCard) -> DeviceCard:
    """Return the card as it is, where a finding says nothing about a device."""
    return card
