"""Times of clocks without hours, since 1970, and in ticks."""

from pathlib import Path

import numpy as np
import pytest

from closeness import close_to
from smtj.measurement import load

COUNT = 40


def rows(stamp) -> str:
    return "".join(f"{stamp(n)},{1000 + 100 * (n // 7 % 2)}\n" for n in range(COUNT))


@pytest.mark.parametrize(
    ("stamp", "step"),
    [
        (lambda n: f"{59 + n // 20:02d}:{3 * n % 60:02d}.5", 3.0),
        (lambda n: f"12:00:{n:02d}:250", 1.0),
        (lambda n: f"{30 + n}:00", 60.0),
    ],
    ids=["minutes and seconds", "colon before milliseconds", "more minutes than hours"],
)
def test_times_of_clocks(put, stamp, step: float) -> None:
    dataset = load(put("r.csv", "Time,R (ohm)\n" + rows(stamp)))
    assert np.diff(dataset["time"].values) == close_to(np.full(COUNT - 1, step))


def test_minutes_and_seconds_go_round_at_the_hour(put) -> None:
    text = rows(lambda n: f"{(59 * 60 + 50 + n) // 60 % 60:02d}:{(50 + n) % 60:02d}.0")
    time = load(put("r.csv", "Time,R (ohm)\n" + text))["time"].values
    assert np.diff(time) == close_to(np.ones(COUNT - 1))


def test_hours_or_minutes_are_not_guessed(put, refusal) -> None:
    path = put("r.csv", "Time,R (ohm)\n" + rows(lambda n: f"12:{n:02d}"))
    assert "give the time between readings by interval=" in refusal(lambda: load(path))


@pytest.mark.parametrize(("unit", "words"), [(1e3, "milli"), (1e6, "micro")])
def test_whole_numbers_since_1970_are_no_seconds(put, unit: float, words: str) -> None:
    text = rows(lambda n: f"{1.7e9 * unit + 100 * n:.0f}")
    dataset = load(put("r.csv", "timestamp,R (ohm)\n" + text))
    assert np.diff(dataset["time"].values) == close_to(np.full(COUNT - 1, 100 / unit))
    assert f"times are read as {words}seconds since 1970" in dataset.attrs["reading_remarks"]
    assert "assumed_units" not in dataset.attrs


def test_seconds_since_1970_stay_seconds(put) -> None:
    path = put("r.csv", "timestamp,R (ohm)\n" + rows(lambda n: f"{1.7e9 + 0.25 * n:.2f}"))
    assert np.diff(load(path)["time"].values) == close_to(np.full(COUNT - 1, 0.25))


@pytest.mark.parametrize("header", ["timestamp", "timestamp (ticks)"])
def test_ticks_are_no_seconds(put, refusal, header: str) -> None:
    path = put("r.csv", f"{header},R (ohm)\n" + rows(lambda n: 123456 + 6000 * n))
    assert "give the time between readings by interval=" in refusal(lambda: load(path))
    assert load(path, interval=1e-4)["time"].values[1] == close_to(1e-4)


def test_a_demodulator_in_hdf5_has_ticks_and_two_channels(tmp_path: Path, refusal) -> None:
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "demod.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("000/dev1234/demods/0/sample")
        group["timestamp"] = (987654 + 6000 * np.arange(COUNT)).astype("u8")
        group["x"], group["y"] = np.full(COUNT, 5e-3), np.full(COUNT, 1e-5)
    assert '"100 us" (MFLI, MFIA)' in refusal(lambda: load(path))
    dataset = load(path, interval=1e-4)
    assert dataset["channel_x"].values == close_to(np.full(COUNT, 5e-3))
    assert dataset["channel_y"].values == close_to(np.full(COUNT, 1e-5))
