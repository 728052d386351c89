"""States in words, and tables of single dwells, become counts and dwell times of both states."""

import numpy as np
import openpyxl
import pandas as pd
import pytest

import smtj
from closeness import close_to
from smtj.analysis import fit
from smtj.measurement import as_dataset, kind_of, load

FIELDS = np.repeat([-30, -20, -10, 0], 20)
IS_HIGH = np.concatenate([np.arange(20) < n for n in (1, 5, 14, 19)])


def text(header: str, *columns) -> str:
    return "\n".join([header, *(",".join(map(str, r)) for r in zip(*columns, strict=True))]) + "\n"


@pytest.mark.parametrize(
    ("header", "high", "low"),
    [
        ("state", "AP", "P"),
        ("State", "high", "low"),
        ("final state", "Up", "Down"),
        ("switched", "yes", "no"),
        ("outcome", "switched", "not switched"),
        ("Zustand", "antiparallel", "parallel"),
        ("level", "HRS", "LRS"),
        ("state", 1, -1),
        ("state", 1, 0),
    ],
)
def test_single_trials_in_words_are_counted(put, header: str, high: object, low: object) -> None:
    states = [high if one else low for one in IS_HIGH]
    dataset = load(put("shots.csv", text(f"H (Oe),{header}", FIELDS, states)))
    assert dataset["high"].values.tolist() == [1, 5, 14, 19]
    assert dataset["reads"].values.tolist() == [20] * 4
    framed = as_dataset(pd.DataFrame({"H (Oe)": FIELDS, "state": states}))
    assert framed["high"].values.tolist() == [1, 5, 14, 19]


def test_words_in_a_sheet_are_states(tmp_path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["V (mV)", "state"])
    for field, high in zip(FIELDS.tolist(), IS_HIGH, strict=True):
        book.active.append([field, "AP" if high else "P"])
    book.save(tmp_path / "shots.xlsx")
    assert load(tmp_path / "shots.xlsx")["high"].values.tolist() == [1, 5, 14, 19]


def test_a_word_that_is_no_state_is_named(put, refusal) -> None:
    file = put("shots.csv", text("H (Oe),state", FIELDS[:3], ["AP", "P", "left"]))
    numbers = put("numbers.csv", text("H (Oe),state", FIELDS[:3], [1, 2, 1]))
    assert 'column "state" is read as states and is 2' in refusal(load, numbers)
    both = put("both.csv", text("V (V),switched/total", FIELDS[:3], ["0/50", "9/50", "50/50"]))
    assert '"0/50", 0 of 50 in one cell: give a column of each' in refusal(load, both)
    assert 'row 4, column "state" is "left", which is no state: write AP and P' in refusal(
        load, file
    )


def test_states_beside_the_readings_they_are_of_are_not_read(put) -> None:
    columns = (np.arange(4), [1000, 1100, 1000, 1100], ["P", "AP", "P", "AP"])
    dataset = load(put("trace.csv", text("time (s),R (ohm),state", *columns)))
    assert set(dataset.variables) == {"time", "resistance"}
    assert dataset.attrs["ignored_columns"] == ["state"]


def test_states_against_time_are_a_trace(put) -> None:
    states = ["AP" if n // 3 % 2 else "P" for n in range(12)]
    dataset = load(put("trace.csv", text("time (s),state", np.arange(12) / 100, states)))
    assert kind_of(dataset) == "trace"
    assert dataset["signal"].values.tolist() == [float(one == "AP") for one in states]


DWELLS = np.random.default_rng(4).exponential([0.05, 0.03], (200, 2))


@pytest.mark.parametrize("as_switches", [False, True])
def test_single_dwells_give_the_mean_of_both_states(put, tmp_path, as_switches: bool) -> None:
    states = ["AP", "P"] * len(DWELLS)
    if as_switches:
        times = np.concatenate([[0.0], np.cumsum(DWELLS.ravel())])
        content = text("switch time (s),to", times, [*states, "AP"])
    else:
        content = text("state,duration (ms)", states, 1e3 * DWELLS.ravel())
    result = fit(put("dwells.csv", content))
    for symbol, dwells in zip(("τ_high", "τ_low"), DWELLS.T, strict=True):
        assert result[symbol].value == close_to(dwells.mean(), rel=1e-6)
        assert result[symbol].error == close_to(dwells.mean() / np.sqrt(200), rel=1e-6)
    high, low = DWELLS.mean(axis=0)
    assert result["P"].value == close_to(high / (high + low), rel=1e-6)
    card = result.card(name="dwells")
    assert float(card.behaviour.dwell_time_low) == close_to(low, rel=1e-3)
    assert not result.check(card).remarks
    card.save(tmp_path / "dwells.toml")
    assert smtj.load_card(tmp_path / "dwells.toml").behaviour.resistance_high is None


def test_single_dwells_at_several_fields_are_a_table_of_dwell_times(put) -> None:
    fields = np.repeat([-20, -10, 0], len(DWELLS) * 2)
    states = ["high", "low"] * (3 * len(DWELLS))
    times = np.concatenate([scale * DWELLS.ravel() for scale in (1, 2, 3)])
    dataset = load(put("dwells.csv", text("H (Oe),state,lifetime (s)", fields, states, times)))
    means = np.array([1, 2, 3]) * DWELLS[:, 0].mean()
    assert kind_of(dataset) == "dwell"
    assert dataset["dwell_time_high"].values == close_to(means, rel=1e-6)
    assert dataset["dwell_time_high_error"].values == close_to(means / np.sqrt(200), rel=1e-6)
