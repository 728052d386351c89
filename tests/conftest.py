"""What the tests of several packages share."""

import pytest

from smtj import DeviceCard, load_card


@pytest.fixture(scope="session")
def card() -> DeviceCard:
    return load_card("cai2019")
