"""Data sets in NetCDF 4 files, through xarray, with their dimensions."""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from smtj.errors import DataError
from smtj.measurement.format.columns import Column, match_columns
from smtj.measurement.format.schema import QUANTITIES
from smtj.measurement.format.values import from_text, scaled, to_text

if TYPE_CHECKING:
    import xarray as xr

ENGINE: Final = "h5netcdf"
"""The engine by which xarray reads and writes."""

_SIGNATURE = b"\x89HDF\r\n\x1a\n"


def read_netcdf(path: Path, columns: Mapping[str, str] | None) -> "xr.Dataset":
    """Read a NetCDF file; unknown variables are kept.

    ``columns`` names variables by quantity, where smtj would not recognise them.  The quantities
    become SI floats under smtj's names, with the dimensions of the file.  Raises DataError if the
    file is not NetCDF 4, no variable is recognised, or a quantity is not numeric or has a wrong
    unit.
    """
    import xarray as xr

    stored = _opened(path)
    names = [str(name) for name in stored.variables]
    match = match_columns([_header(stored, name) for name in names], columns, str(path))
    known = {names[column.position]: column for column in match.columns}
    renamed = {name: column.name for name, column in known.items()}
    variables = {}
    for name in names:
        variable = stored.variables[name]
        dims = [renamed.get(str(dim), str(dim)) for dim in variable.dims]
        content = _content(path, known.get(name), variable)
        variables[renamed.get(name, name)] = xr.Variable(dims, *content)
    attrs = {str(key): _attribute(value) for key, value in stored.attrs.items()}
    if match.assumed:
        attrs["assumed_units"] = list(match.assumed)
    if match.arbitrary:
        attrs["arbitrary_units"] = list(match.arbitrary)
    coords = {renamed.get(str(name), str(name)) for name in stored.coords}
    return xr.Dataset(variables, attrs=attrs).set_coords(coords)


def netcdf_bytes(dataset: "xr.Dataset") -> memoryview:
    """Return a data set as the content of a NetCDF 4 file."""
    stored = dataset.drop_encoding()
    stored.attrs = {str(key): _storable(value) for key, value in dataset.attrs.items()}
    return stored.to_netcdf(engine=ENGINE)


def _opened(path: Path) -> "xr.Dataset":
    import xarray as xr

    with path.open("rb") as file:
        genuine = file.read(len(_SIGNATURE)) == _SIGNATURE
    try:
        if genuine:
            # xarray would read times in seconds as dates.
            return xr.load_dataset(path, engine=ENGINE, decode_times=False, decode_timedelta=False)
    except ImportError:
        raise
    except Exception as error:  # HDF5 raises anything
        raise DataError(f"{path} is a damaged NetCDF file: fetch or save it again") from error
    raise DataError(
        f"{path} is not a NetCDF 4 file in spite of its name: save it again as .nc, .csv or .xlsx"
    )


def _header(stored: "xr.Dataset", name: str) -> str:
    unit = stored[name].attrs.get("units")
    return f"{name} [{unit}]" if unit else name


def _content(
    path: Path, column: Column | None, variable: "xr.Variable"
) -> tuple[np.ndarray[Any, Any], Mapping[Hashable, Any]]:
    """Values in SI and attributes of a variable."""
    values = np.asarray(variable.values)
    if column is None:
        return values, variable.attrs
    if column.unit is None:
        return values.astype(np.str_), {}
    if values.dtype.kind not in "iuf":
        raise DataError(
            f"{path}: variable {column.header} is not numeric, but {column.name} is "
            f"{QUANTITIES[column.name].meaning}: store it as numbers"
        )
    unit = QUANTITIES[column.name].unit
    return scaled(values.astype(np.float64), column.unit, unit), {"units": unit}


def _storable(value: Any) -> Any:
    """An attribute as NetCDF stores it: a number, or else text."""
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, float) or (type(plain) is int and abs(plain) < 2**63):
        return plain
    return to_text(plain)


def _attribute(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    return from_text(value) if isinstance(value, str) else value
