"""NetCDF files, whose dimensions stay."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from smtj.measurement import kind_of, load, save
from smtj.measurement.format.binary import netcdf

pytestmark = pytest.mark.skipif(find_spec("h5py") is None, reason="h5py is not installed")


def write(dataset: xr.Dataset, path: Path) -> Path:
    path.write_bytes(dataset.to_netcdf(engine=netcdf.ENGINE))
    return path


def test_dimensions_and_coordinates_stay(tmp_path: Path, scan: xr.Dataset) -> None:
    again = load(save(scan, tmp_path / "scan.nc"))
    xr.testing.assert_identical(again, scan)
    assert kind_of(again) == "scan"
    xr.testing.assert_identical(load(save(again, tmp_path / "scan.nc")), scan)


def test_unknown_variables_are_kept(tmp_path: Path, scan: xr.Dataset) -> None:
    scan["tilt"] = ("field", [1.0, 2.0, 3.0], {"units": "deg"})
    xr.testing.assert_identical(load(save(scan, tmp_path / "scan.nc")), scan)


def test_foreign_files_are_converted_to_si_and_renamed(tmp_path: Path) -> None:
    theirs = xr.Dataset(
        {
            "R_meas": (("H", "n_sample"), np.arange(1, 7).reshape(2, 3), {"units": "kohm"}),
            "T": ((), 290.0),
        },
        {"H": ("H", [1.0, 2.0], {"units": "kA/m"})},
    )
    dataset = load(write(theirs, tmp_path / "data.nc"), {"resistance": "R_meas"})
    assert dataset["resistance"].dims == ("field_out_of_plane", "n_sample")
    assert dataset["resistance"].values[1, 2] == 6000.0
    assert dataset["field_out_of_plane"].values.tolist() == [1000.0, 2000.0]
    assert dataset["temperature"].attrs == {"units": "K"}
    assert dataset.attrs == {"assumed_units": ["temperature"]}


@pytest.mark.parametrize(
    ("variables", "parts"),
    [
        ({"R": ("x", [1.0, np.nan], {"units": "ohm"})}, ['"resistance" is nan ohm at x 2']),
        ({"R": (("x", "y"), [[1.0, -1.0]], {"units": "ohm"})}, ["is -1 ohm at x 1, y 2"]),
        ({"R": ((), -1.0, {"units": "ohm"})}, ["is -1 ohm at its only value"]),
        ({"R": ("x", [1.0], {"units": "V"})}, ['column "R [V]" is read as a resistance']),
        ({"R": ("x", ["a"])}, ["variable R is not numeric, but resistance is a resistance"]),
        ({"a": ("x", [1.0])}, ['no column that smtj recognises, only "a"']),
    ],
)
def test_wrong_variables(refusal, tmp_path: Path, variables, parts: list[str]) -> None:
    message = refusal(load, write(xr.Dataset(variables), tmp_path / "data.nc"))
    assert message.startswith("data.nc")
    for part in parts:
        assert part in message


def test_damaged_files(refusal, put, scan: xr.Dataset, tmp_path: Path) -> None:
    whole = save(scan, tmp_path / "scan.nc").read_bytes()
    assert "is a damaged NetCDF file" in refusal(load, put("data.nc", whole[:300]))
