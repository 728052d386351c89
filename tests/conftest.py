"""What the tests of several packages share."""

import os

import pytest

from smtj import DeviceCard, load_card

# The networks of the tests are so small that threads would only wait for each other; this holds
# for the processes that tests start, too.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def card() -> DeviceCard:
    return load_card("cai2019")
