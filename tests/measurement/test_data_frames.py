"""Data sets from DataFrames, and files with the field's former names."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from smtj import lab
from smtj.errors import DataError
from smtj.measurement import as_dataset, files_in, kind_of, load, save, table
from smtj.units import Oe, kohm, mV


def test_a_data_frame_is_read_like_a_file():
    frame = pd.DataFrame(
        {"H_perp [Oe]": [-10, 10], "Rx (kohm)": [1.5, "2"], "V [mV]": [1, 1], "device": [7, 7]}
    )
    found = as_dataset(frame, {"resistance": "Rx"})
    np.testing.assert_allclose(found.resistance, [1.5 * kohm, 2 * kohm])
    np.testing.assert_allclose(found.field_out_of_plane, [-10 * Oe, 10 * Oe])
    np.testing.assert_allclose(found.voltage, 1 * mV)
    assert list(found.device.values) == ["7", "7"]
    assert found.resistance.attrs["units"] == "ohm"


def test_a_few_readings_that_are_missing_are_left_out_and_said():
    resistance = np.full(100, 5.0)
    resistance[[3, 50, 70]] = np.nan, -9.9e37, np.inf
    found = as_dataset(pd.DataFrame({"time [s]": np.arange(100.0), "R [ohm]": resistance}))
    assert found.resistance.size == 97
    np.testing.assert_array_equal(found.time[[2, 3]], [2, 4])
    assert "3" in found.attrs["reading_remarks"][0] or "reading 4" in str(found.attrs)


def test_an_index_with_a_name_is_a_column_and_attributes_stay():
    frame = pd.DataFrame({"R [ohm]": [1.0, 2.0]}, index=pd.Index([0.0, 1.0], name="time [ms]"))
    frame.attrs["integration_time"] = 0.02
    found = as_dataset(frame)
    np.testing.assert_allclose(found.time, [0, 1e-3])
    assert found.attrs["integration_time"] == 0.02


def test_a_path_is_loaded_and_a_data_set_is_itself(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("time [s],resistance [ohm]\n0,1\n1,2\n")
    assert as_dataset(path).identical(load(path))
    dataset = as_dataset(str(path))
    assert as_dataset(dataset) is dataset
    assert as_dataset(table(dataset)).equals(dataset)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (pd.DataFrame({"R [ohm]": [1.0, np.nan]}), 'reading 2, column "R \\[ohm\\]" is nan'),
        (pd.DataFrame({"R [ohm]": [1.0, "x"]}), "expected a number"),
        (pd.DataFrame({"R [mT]": [1.0]}), "the DataFrame: column"),
        (pd.DataFrame({"R [ohm]": [-1.0, 1.0]}), "0 ohm or more"),
        ([1.0, 2.0], "not list"),
    ],
)
def test_other_data_are_refused(data, words):
    with pytest.raises(DataError, match=words):
        as_dataset(data)


FORMER = {"field_perpendicular [Oe]": "field_out_of_plane", "field_parallel [Oe]": "field_in_plane"}


@pytest.mark.parametrize("former", FORMER)
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_tables_with_the_former_names_of_the_field_are_read(tmp_path, former, suffix):
    path = tmp_path / f"former.{suffix}"
    frame = pd.DataFrame({former: [-20, 5], "resistance [ohm]": [1.0, 2.0]})
    frame.to_csv(path, index=False) if suffix == "csv" else frame.to_excel(path, index=False)
    found = load(path)
    assert set(found.variables) == {FORMER[former], "resistance"}
    np.testing.assert_allclose(found[FORMER[former]], [-20 * Oe, 5 * Oe])


@pytest.mark.parametrize("former", FORMER)
def test_netcdf_files_with_the_former_names_of_the_field_are_read(tmp_path, former):
    name = former.split()[0]
    xr.Dataset(
        {"resistance": (("field", "sample"), np.ones((2, 3)), {"units": "ohm"})},
        coords={name: ("field", [100.0, 200.0], {"units": "A/m"})},
    ).to_netcdf(tmp_path / "former.nc", engine="h5netcdf")
    found = load(tmp_path / "former.nc")
    assert found[FORMER[former]].dims == ("field",)
    assert FORMER[former] in found.coords
    np.testing.assert_allclose(found[FORMER[former]], [100.0, 200.0])


def test_a_dimension_that_numbers_a_coordinate_is_no_column_of_its_own() -> None:
    scan = lab.scan("cai2019", [-1000.0, 0.0, 1000.0], 4)
    data = as_dataset(scan.to_dataframe().reset_index())
    assert data["field_out_of_plane"].values.tolist() == [-1000.0] * 4 + [0.0] * 4 + [1000.0] * 4
    bias = lab.voltage_scan("cai2019", [-0.1, 0.0, 0.1], [-1000.0, 0.0, 1000.0], 4)
    data = as_dataset(bias.to_dataframe().reset_index())
    assert sorted(set(data["voltage"].values)) == [-0.1, 0.0, 0.1]


def test_only_a_data_set_is_saved(tmp_path) -> None:
    with pytest.raises(DataError, match=r"only an xarray\.Dataset can be saved, not int"):
        save(3, tmp_path / "a.csv")


def test_a_dict_of_arrays_is_read_as_a_table():
    time, ohm = np.arange(400) * 1e-4, 5000.0 + 1500 * (np.arange(400) // 20 % 2)
    data = as_dataset({"time [s]": time, "R [kohm]": ohm / 1e3, "T [K]": 300})
    assert np.allclose(data.resistance, ohm, rtol=1e-12)
    assert np.unique(data.temperature).tolist() == [300]
    with pytest.raises(DataError, match="one dimension and length"):
        as_dataset({"time [s]": time, "R [kohm]": ohm[:3]})


def test_a_pattern_stands_for_the_files_that_match_it(tmp_path):
    for name in ("a_2.csv", "a_1.csv", "b.csv"):
        (tmp_path / name).write_text("time [s],R [ohm]\n0,1\n")
    assert files_in([tmp_path / "a_*.csv"]) == [tmp_path / "a_1.csv", tmp_path / "a_2.csv"]
    (tmp_path / "a[1].csv").write_text("")
    assert files_in([tmp_path / "a[1].csv"]) == [tmp_path / "a[1].csv"]
    with pytest.raises(DataError, match="no file matches"):
        files_in([tmp_path / "c*.csv"])


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("my state", "give 0 and 1, or AP and P, in a column called state, one per reading"),
        ("Moment (emu)", "is of magnetometry: nothing in it can be fitted"),
        ("X (V)", r'give the frequency \(--frequency\), and .* \(--column "voltage=X \[V\]"\)'),
        ("tau (ms)", "does not say of which state: give tau_AP and tau_P"),
        ("Samp HC (J/K)", "is neither a resistance, a voltage, a current, a probability nor"),
        ("Lockin R", "name it by columns="),
    ],
)
def test_what_shows_no_state_is_refused_by_its_own_reason(header, said):
    frame = pd.DataFrame({"H_perp [Oe]": [-10.0, 0, 10], header: [1.0, 2, 3]})
    with pytest.raises(DataError, match=said):
        kind_of(as_dataset(frame))
