"""What the tests of several packages share."""

import sys
from collections.abc import Iterator

import pytest

from smtj import DeviceCard, load_card


@pytest.fixture(scope="session")
def card() -> DeviceCard:
    return load_card("cai2019")


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    """Close what a test plotted; Matplotlib warns of more than 20 open figures."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")
