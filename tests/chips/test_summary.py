"""What a study says, beside what the same numbers give otherwise."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from closeness import close_to
from smtj.chips import QUANTITIES, summarise
from smtj.chips.plan import Study
from smtj.chips.plots import save_accuracy_plot, save_yield_plot
from smtj.chips.result import StudyResult
from smtj.chips.summary import yield_of
from smtj.errors import SmtjError
from smtj.units import Oe


def table_of(study: Study, accuracy, own=None) -> pd.DataFrame:
    rows = [row for k in range(study.blocks) for row in study.block(k)]
    return study.frame([accuracy(chip, condition) for chip, condition in rows], own or {})


@pytest.mark.parametrize(("good", "count"), [(0, 20), (20, 20), (13, 20), (950, 1000)])
def test_the_yield_has_wilsons_interval(good: int, count: int) -> None:
    accuracies = np.r_[np.full(good, 0.96), np.full(count - good, 0.94)]
    share, low, high = yield_of(accuracies, 0.95)
    z, p = 1.959963984540054, good / count
    middle = (p + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * math.sqrt(p * (1 - p) / count + z**2 / (4 * count**2))
    assert share == p
    assert (low, high) == close_to((middle - half, middle + half), abs=1e-12)


def test_a_chip_at_the_threshold_is_good() -> None:
    assert yield_of(np.array([0.95, 0.9]), 0.95)[0] == 0.5


def test_sensitivities_are_the_slopes_that_were_put_in() -> None:
    """Over a full grid, with chips that differ in level and in slope."""
    study = Study.of(
        200,
        {"temperature": [280.0, 300.0, 320.0], "reads": [1, 4, "expected"], "age": [0.0, 999.0]},
    )
    rng = np.random.default_rng(2)
    level, own_slope = rng.normal(0.9, 0.02, 200), rng.normal(-1e-3, 3e-4, 200)

    def accuracy(chip: int, condition) -> float:
        n = condition["reads"]
        noise = 0.0 if n == "expected" else 0.1 / n
        decades = 3.0 if condition["age"] else 0.0
        t = condition["temperature"] - 300
        return level[chip] + own_slope[chip] * t - noise - 0.004 * decades

    found = {item.name: item for item in summarise(table_of(study, accuracy), 0.9).sensitivities}
    assert found["temperature"].slope == close_to(own_slope.mean(), rel=1e-9)
    error = own_slope.std(ddof=1) / math.sqrt(200)
    assert found["temperature"].standard_error == close_to(error, rel=1e-9)
    assert found["reads"].slope == close_to(-0.1, rel=1e-9)
    assert found["age"].slope == close_to(-0.004, rel=1e-9)
    assert [found[name].per for name in ("temperature", "reads", "age")] == [
        "1 K", "1/N (N reads)", "decade of s"
    ]  # fmt: skip
    # What is the same on all chips has no error.
    assert found["reads"].standard_error == close_to(0, abs=1e-12)


def test_one_at_a_time_gives_the_same_and_in_the_unit_people_see() -> None:
    study = Study.of(50, [{"offset_spread": [0.0, 2 * Oe]}, {"temperature": [290.0, 310.0]}])
    rng = np.random.default_rng(1)
    noise = iter(rng.normal(0, 1e-3, study.evaluations))
    own = {"offset_spread": Oe, "temperature": 300.0}

    def accuracy(_: int, condition) -> float:
        spread = condition.get("offset_spread", Oe) / Oe
        t = condition.get("temperature", 300.0) - 300
        return 0.9 - 0.01 * spread - 2e-4 * t + next(noise)

    found = {s.name: s for s in summarise(table_of(study, accuracy, own), 0.9).sensitivities}
    for name, expected in (("offset_spread", -0.01), ("temperature", -2e-4)):
        item = found[name]
        assert abs(item.slope - expected) < 4.5 * item.standard_error
    assert found["offset_spread"].per == "1 Oe"
    # Each slope rests on two values that are two units, or 20 K, apart.
    expected_error = 1e-3 / math.sqrt(2) / math.sqrt(50)
    assert found["offset_spread"].standard_error == close_to(expected_error, rel=0.4)


def test_what_was_moved_together_is_not_told_apart() -> None:
    study = Study(3, ({"temperature": 280.0, "age": 0.0}, {"temperature": 300.0, "age": 9.0}))
    assert summarise(table_of(study, lambda *_: 0.9), 0.9).sensitivities == ()


def test_one_chip_has_no_error_and_no_spread() -> None:
    study = Study.of(1, {"temperature": [280.0, 300.0]})
    summary = summarise(table_of(study, lambda _, c: c["temperature"] / 400), 0.7)
    assert math.isnan(summary.distributions[0].standard_deviation)
    record = summary.to_dict()
    assert record["distributions"][0]["standard_error"] is None
    assert record["distributions"][1]["yield"] == 1.0
    assert record["sensitivities"][0]["slope"] == close_to(1 / 400)


def test_quantiles_and_means_are_those_of_the_chips() -> None:
    values = np.linspace(0.8, 1.0, 101)
    table = table_of(Study.of(101), lambda chip, _: values[chip])
    (found,) = summarise(table, 0.9).distributions
    assert found.mean == close_to(0.9)
    assert found.quantiles == close_to((0.81, 0.85, 0.9, 0.95, 0.99))
    assert found.standard_error == close_to(values.std(ddof=1) / math.sqrt(101))
    with pytest.raises(SmtjError, match="the threshold is 95; it must be an accuracy from 0 to 1"):
        summarise(table, 95)


@pytest.mark.slow
def test_figures_say_what_is_on_their_axes(tmp_path: Path) -> None:
    vary = [{"temperature": [280.0, 320.0], "reads": [1, 16]}, {"offset_spread": [0.0, 4 * Oe]}]
    own = {"temperature": 300.0, "reads": 16.0, "offset_spread": Oe}
    table = table_of(Study.of(9, vary), lambda chip, c: 0.8 + chip / 100 + len(c) / 100, own)
    expected = {
        "temperature": ["Temperature (K)", "reads 1", "reads 16", "at offset spread 1 Oe"],
        "reads": ["Reads", "temperature 280 K", "temperature 320 K"],
        "offset_spread": ["Offset spread (Oe)", "at temperature 300 K, reads 16"],
    }
    for name, words in expected.items():
        png, svg = save_accuracy_plot(tmp_path / name, table, name, own)
        assert png.stat().st_size > 8_000
        for part in ("Accuracy (%)", *words):
            assert f"<!-- {part} -->" in svg.read_text()
    _, svg = save_yield_plot(tmp_path / "yield", table, 0.85)
    for part in ("Required accuracy (%)", "Yield (% of chips)"):
        assert f"<!-- {part} -->" in svg.read_text()


def test_every_quantity_has_a_unit_that_people_see() -> None:
    for quantity in QUANTITIES.values():
        assert quantity.format(1.0).split()[0] not in ("nan", "inf")
        assert quantity.label[0].isupper()


def test_an_interval_has_a_slope_although_the_models_own_reads_are_independent() -> None:
    """One at a time: where the temperature varies the interval is endless."""
    study = Study.of(4, [{"read_interval": [0.01, 0.05]}, {"temperature": [280.0, 320.0]}])

    def accuracy(chip: int, condition) -> float:
        slow = 1e-3 / condition.get("read_interval", math.inf)
        return 0.9 + 0.01 * chip - 0.2 * slow - 1e-3 * (condition.get("temperature", 300.0) - 300)

    own = {"read_interval": math.inf, "temperature": 300.0}
    found = {s.name: s for s in summarise(table_of(study, accuracy, own), 0.9).sensitivities}
    assert found["read_interval"].slope == close_to(-0.2)
    assert found["read_interval"].per == "1/ms (1/interval)"
    assert found["temperature"].slope == close_to(-1e-3)


def result_of(vary) -> StudyResult:
    study, own = Study.of(3, vary), {"temperature": 300.0, "reads": 4.0, "age": 0.0}
    frame = table_of(study, lambda chip, _: 0.9 + 0.01 * chip, own)
    return StudyResult(study, frame, own, 100)


def test_many_quantities_leave_room_for_the_accuracy() -> None:
    vary = {
        "temperature": [280.0, 300.0],
        "reads": [4, 16],
        "age": [0.0, 9.0],
        "slope_spread": [0.1],
    }
    vary |= {"offset_spread": [0.0, 1.0]}
    text = result_of(vary).table().text(80)
    assert max(map(len, text.splitlines())) <= 80 and "91.00 ± 0.58 %" in " ".join(text.split())
    assert "In all: slope spread 10 %" in " ".join(text.split())
    # A condition is named by what differs from the model itself.
    assert "temperature 280 K" in " ".join(text.split())
    few = result_of({"temperature": [280.0, 300.0], "reads": [4, 16]}).table()
    assert few.head[:2] == ("temperature", "reads")


def test_what_has_no_slope_is_said() -> None:
    together = result_of(
        [{"temperature": [280.0], "reads": [16]}, {"temperature": [300.0], "reads": [4]}]
    )
    assert any(
        "no slope" in note and "temperature, reads" in note for note in together.table().notes
    )
