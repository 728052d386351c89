"""What the tests of several packages share."""

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest
from hypothesis import settings

from smtj import DeviceCard, load_card

# The same examples in every run; --hypothesis-profile=default draws others.
settings.register_profile("fixed", derandomize=True)
settings.load_profile("fixed")


@pytest.fixture(scope="session")
def card() -> DeviceCard:
    return load_card("cai2019")


@pytest.fixture(scope="session")
def torch() -> ModuleType:
    """Skip what needs PyTorch where the core alone is installed."""
    return pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    """Close what a test plotted; Matplotlib warns of more than 20 open figures."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")
