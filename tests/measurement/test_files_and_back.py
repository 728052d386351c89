"""What is saved comes back: numbers, labels and attributes, in every format."""

import math
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smtj.measurement import LABELS, QUANTITIES, load, saving, table
from smtj.measurement.saving import save

needs_h5py = pytest.mark.skipif(find_spec("h5py") is None, reason="h5py is not installed")
TABLES = ["csv", "xlsx"]
# Another quantity takes the place of these: what they say of the high state, or dwell times, of
# which errors that are none are left out.
REPLACED = (
    *("low", "probability_low", "probability_error", "resistance_before", "resistance_after"),
    *(
        "magnetoresistance",
        "inverse_temperature",
        "state",
        "dwell_time",
        "dwell_time_high_error",
        "dwell_time_low_error",
    ),
)
_OTHERS = ("corner_frequency", "rate_", "log", "decibels", "relative_error", "odds", "relaxation")
_LIMITS = ("_upper", "_lower")
KEPT = [
    n for n in QUANTITIES if not (n in REPLACED or n.startswith(_OTHERS) or n.endswith(_LIMITS))
]
FORMATS = [*TABLES, pytest.param("nc", marks=needs_h5py)]

words = st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), max_size=9)
labels = words.map(str.strip).filter(bool)
keys = st.from_regex(r"[a-z][a-z_]{2,8}", fullmatch=True)
numbers = st.integers(-(2**40), 2**40) | st.floats(allow_nan=False)
attributes = numbers | words | st.text(max_size=9) | st.booleans() | st.none() | st.lists(words)


@st.composite
def datasets(draw: st.DrawFn) -> xr.Dataset:
    """Any quantities and labels, in long form or in two dimensions, with any attributes."""
    shape = draw(st.sampled_from([(1,), (4,), (2, 3)]))
    dims = ("reading",) if len(shape) == 1 else ("field", "sample")
    size = math.prod(shape)
    variables = {}
    for name in draw(st.sets(st.sampled_from(KEPT), min_size=1)):
        quantity = QUANTITIES[name]
        lowest, highest = max(quantity.lowest, -1e12), min(quantity.highest, 1e12)
        if name.startswith("field"):
            lowest, highest = -1e7, 1e7
        values = st.floats(lowest, highest, allow_subnormal=False)
        if quantity.whole:
            # Fewer are high than there are reads.
            values = st.integers(1, 5).map(float) if name == "high" else st.integers(5, 10**6)
        drawn = np.array(draw(st.lists(values, min_size=size, max_size=size)), dtype=float)
        drawn[np.abs(drawn) < 1e-200] = 0.0
        variables[name] = (dims, drawn.reshape(shape), {"units": quantity.unit})
    for name in draw(st.sets(st.sampled_from(list(LABELS)))):
        drawn = np.array(draw(st.lists(labels, min_size=size, max_size=size)))
        variables[name] = (dims, drawn.reshape(shape))
    if "resistance" not in variables:
        # Else it would be calculated.
        variables.pop("current", None)
        variables["resistance"] = (dims, np.ones(shape), {"units": "ohm"})
    return xr.Dataset(variables, attrs=draw(st.dictionaries(keys, attributes, max_size=4)))


def same(first: pd.DataFrame, second: pd.DataFrame) -> None:
    assert set(first) == set(second)
    for name in first:
        if name in LABELS:
            assert first[name].tolist() == second[name].tolist()
        else:
            np.testing.assert_allclose(first[name], second[name], rtol=1e-15, atol=0)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", FORMATS)
@settings(
    deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(dataset=datasets())
def test_any_data_set_comes_back(tmp_path: Path, suffix: str, dataset: xr.Dataset) -> None:
    path = tmp_path / f"data.{suffix}"
    assert save(dataset, path) == path
    again = load(path)
    same(table(again), table(dataset))
    assert again.attrs == dataset.attrs
    assert {key: type(value) for key, value in again.attrs.items()} == {
        key: type(value) for key, value in dataset.attrs.items()
    }
    assert again.sizes == (dataset.sizes if suffix == "nc" else {"reading": len(table(dataset))})
    for name in set(again.variables) & set(QUANTITIES):
        assert again[name].attrs == {"units": QUANTITIES[name].unit}


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_scan_of_the_lab_comes_back(tmp_path: Path, suffix: str, scan: xr.Dataset) -> None:
    again = load(save(scan, tmp_path / "deep" / f"scan.{suffix}"))
    same(table(again), table(scan))
    assert again.attrs == scan.attrs
    assert type(again.attrs["seed"]) is int
    assert type(again.attrs["integration_time"]) is float


def test_a_csv_file_is_for_people_too(tmp_path: Path, scan: xr.Dataset) -> None:
    lines = save(scan, tmp_path / "scan.csv").read_text().splitlines()
    assert lines[:6] == [
        "# kind: probability_scan",
        "# card: cai2019",
        "# seed: 0",
        "# integration_time: 0.02",
        "time [s],field_out_of_plane [Oe],field_in_plane [Oe],voltage [mV],temperature [K],"
        "resistance [ohm]",
        f"0.12,{-8e3 * 4e-3 * math.pi!r},{0.4 * math.pi!r},1.0,300.0,"
        f"{scan['resistance'].values[0, 0].item()!r}",
    ]
    assert len(lines) == 5 + 36


def test_an_excel_file_is_for_people_too(tmp_path: Path, scan: xr.Dataset) -> None:
    workbook = openpyxl.load_workbook(save(scan, tmp_path / "scan.xlsx"))
    rows = list(workbook.active.iter_rows(values_only=True))
    assert rows[0][0] == "# kind: probability_scan"
    assert rows[4][:2] == ("time [s]", "field_out_of_plane [Oe]")
    # To the last of 17 digits, and numbers as numbers.
    assert rows[5][5] == scan["resistance"].values[0, 0]


def test_text_that_looks_like_something_else_stays_text(tmp_path: Path) -> None:
    texts = ["=A1", "#3", "1e5", "a,b", 'say "no"', "nan"]
    dataset = xr.Dataset(
        {
            "device": ("reading", texts),
            "resistance": ("reading", np.arange(6.0), {"units": "ohm"}),
        },
        attrs={"a": "1e5", "b": "true", "c": " x ", "d": "two\nlines", "e": "", "f": "=A1"},
    )
    for suffix in TABLES:
        again = load(save(dataset, tmp_path / f"data.{suffix}"))
        assert again["device"].values.tolist() == texts
        assert again.attrs == dataset.attrs


def test_numpy_attributes_are_plain_ones_afterwards(tmp_path: Path) -> None:
    attrs = {"seed": np.int64(3), "noise": np.float64(0.1), "fields": np.array([1.0, 2.0])}
    dataset = xr.Dataset({"resistance": ("reading", [1.0])}, attrs=attrs)
    again = load(save(dataset, tmp_path / "data.csv"))
    assert again.attrs == {"seed": 3, "noise": 0.1, "fields": [1.0, 2.0]}


def test_unknown_columns_are_written_but_not_read(tmp_path: Path, scan: xr.Dataset) -> None:
    scan = scan.assign_coords(
        sample=np.arange(12),
        mood=("field", [1.0, 2.0, 3.0], {"units": "deg"}),
        site=("field", ["a", "b", "c"]),
    )
    assert "sample" not in table(scan)
    for suffix in TABLES:
        again = load(save(scan, tmp_path / f"scan.{suffix}"))
        assert again.attrs["ignored_columns"] == ["mood [deg]", "site"]
        assert set(again.variables) == set(scan.variables) - {"sample", "mood", "site"}


def test_a_table_has_one_row_per_reading_in_the_order_of_time(sweep: xr.Dataset) -> None:
    frame = table(sweep)
    assert frame["time"].tolist() == list(range(1, 11))
    assert frame["resistance"].tolist() == [1000.0 + time for time in range(1, 11)]
    assert frame["field_in_plane"].tolist() == [0, 1, 2, 3, 4, 4, 3, 2, 1, 0]
    assert set(frame["current"]) == {1e-5}


def test_a_table_does_not_depend_on_the_order_of_dimensions(scan: xr.Dataset) -> None:
    plain = table(scan)
    assert len(plain) == 36
    assert (
        plain["field_out_of_plane"].tolist()
        == np.repeat(scan["field_out_of_plane"].values, 12).tolist()
    )
    turned = scan.assign_coords(time=scan["time"].transpose("sample", "field"))
    pd.testing.assert_frame_equal(table(turned), plain)


def test_a_table_of_scalars_has_one_row() -> None:
    assert table(xr.Dataset({"voltage": 0.1, "resistance": 5.0})).to_dict("list") == {
        "voltage": [0.1],
        "resistance": [5.0],
    }


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, scan: xr.Dataset, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"data.{suffix}"
    path.write_text("old")

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    writer = {"csv": "_blocks", "xlsx": "write_sheet", "nc": "netcdf_bytes"}[suffix]
    monkeypatch.setattr(saving, writer, fail)
    with pytest.raises(KeyboardInterrupt):
        save(scan, path)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "old"
