"""The page of a card without physics: its drive, its numbers, and measurements dropped on it."""

import numpy as np
import pytest

from closeness import close_to
from smtj.card import BehaviouralCard
from smtj.errors import SmtjError
from smtj.explore.behaviour_tab import BehaviourTab
from smtj.explore.network_tab import NetworkTab
from smtj.explore.page import build_page
from smtj.explore.server import make_server
from smtj.explore.upload import examine, sample
from smtj.units import Oe


@pytest.fixture(scope="module")
def scanned() -> BehaviouralCard:
    entries = {
        "resistance_high": "6500 ohm", "resistance_low": "5000 ohm", "dwell_time": "3 ms",
        "temperature": "300 K",
    }  # fmt: skip
    response = {"slope": "0.14 1/Oe", "midpoint": "-14 Oe", "limit": "60 Oe"}

    def table(values: dict[str, str]) -> dict[str, dict[str, str]]:
        return {name: {"value": v, "provenance": "measured"} for name, v in values.items()}

    return BehaviouralCard.from_mapping(
        {
            "name": "scanned",
            "title": "a scan",
            "behaviour": table(entries),
            "field_response": table(response),
        }
    )


def test_the_slider_is_the_drive(scanned: BehaviouralCard) -> None:
    tab = BehaviourTab(scanned, 0)
    slider = tab.controls.items[0]
    assert (slider["name"], slider["unit"]) == ("drive", "Oe")
    assert (slider["start"], slider["value"], slider["end"]) == close_to((-60, -14, 60))
    tab.change({"drive": 6.0})
    ring = tab.sources["here"].data
    assert ring["y"][0] == close_to(1 / (1 + np.exp(-0.14 * 20)))
    assert "6500 Ω" in tab.table.object and "H_k" not in tab.table.object
    tab.step()
    ohm = np.asarray(tab.sources["trace"].data["y"])
    assert ohm.min() >= 5000 and ohm.max() <= 6500
    assert {"landscape", "slopes", "spectrum"}.isdisjoint(tab.roots())


def test_the_page_leaves_out_what_needs_physics(scanned: BehaviouralCard) -> None:
    build_page(scanned)  # renders without them
    assert set(BehaviourTab(scanned, 0).roots()) == {
        "controls", "device_message", "numbers", "trace", "probability",
    }  # fmt: skip
    names = [item["name"] for item in NetworkTab(scanned, 0).controls.items]
    assert names == ["reads", "chip"]


def test_a_measurement_of_the_page_becomes_its_card(scanned: BehaviouralCard) -> None:
    found = examine("mine.csv", sample(scanned), scanned)
    assert isinstance(found.card, BehaviouralCard)
    high = found.card.behaviour.dwell_time_high
    assert high is not None and abs(high - 3e-3) < 4.5 * (high.standard_error or 0)
    BehaviourTab(scanned, 0).use(found.card)


def test_a_card_without_levels_is_refused_before_the_page_opens(scanned: BehaviouralCard) -> None:
    bare = scanned.replace({"behaviour.resistance_high": None, "behaviour.resistance_low": None})
    with pytest.raises(SmtjError, match="resistance_low are missing"):
        make_server(bare, 0)
    assert float(bare.at(field=-14 * Oe).switching_probability()) == close_to(0.5)
