"""Loading a data file, or a table, as a data set."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from smtj.errors import DataError
from smtj.measurement.checks import check_values
from smtj.measurement.conditions import is_spectrum
from smtj.measurement.format.columns import Column, Match, match_columns
from smtj.measurement.format.dialect import read_dialect
from smtj.measurement.format.excel import read_sheet, sheet_columns
from smtj.measurement.format.messages import wrong_cell
from smtj.measurement.format.netcdf import read_netcdf
from smtj.measurement.format.schema import QUANTITIES
from smtj.measurement.format.text import read_text
from smtj.measurement.format.values import from_lines, scaled
from smtj.measurement.locations import READING, mark_source, source_of, value_place

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

MAX_FILE = 800_000_000
"""Largest file that is read, in bytes."""


def load(path: str | Path, columns: Mapping[str, str] | None = None) -> "xr.Dataset":
    """Read a data file.

    ``.xlsx`` is Excel (its first sheet), ``.nc`` NetCDF 4, and everything else text with commas,
    semicolons, tabs or blanks between columns, decimal points, and ``#`` before comments; a
    comment ``# key: value`` above the header is an attribute.

    Parameters
    ----------
    path
        The file.
    columns
        Headers by name of a quantity or label, where smtj would not recognise them:
        ``{"resistance": "R_meas", "field_out_of_plane": "Magnet [mT]"}``.

    Returns
    -------
    xarray.Dataset
        SI floats with ``units`` attributes.  A table has the dimension ``reading`` and one
        variable per column; a NetCDF file keeps its dimensions.  Attributes say how the file was
        read: ``assumed_units`` lists quantities taken as SI because their header has no unit or an
        arbitrary one, ``arbitrary_units`` the latter, ``ignored_columns`` the unknown headers, and
        ``resistance_from`` how the resistance was calculated, if from voltage and current.

    Raises
    ------
    DataError
        The file is missing, too large or not a table, or a header, a unit or a value is wrong.

    Notes
    -----
    Ten million rows of three columns (0.5 GB of text) take about 4.5 s of one core and 0.6 GB of
    memory; both are linear in rows and columns.
    """
    file = Path(path).expanduser()
    _check_file(file)
    try:
        dataset = _read(file, columns)
    except OSError as error:
        raise DataError(
            f"{file} cannot be read ({error.strerror}): check its permissions"
        ) from None
    mark_source(dataset, file)
    _add_resistance(dataset)
    check_values(dataset)
    return dataset


def as_dataset(
    data: "str | Path | pd.DataFrame | xr.Dataset", columns: Mapping[str, str] | None = None
) -> "xr.Dataset":
    """Return a data set as it is, or make it of a file or a table.

    Parameters
    ----------
    data
        A data set, the path of a file that :func:`load` reads, or a DataFrame with one row per
        reading, whose columns are named like those of a file: ``"resistance [kohm]"``.
    columns
        As in :func:`load`.

    Raises
    ------
    DataError
        As in :func:`load`, or ``data`` is none of the three.
    """
    import pandas as pd
    import xarray as xr

    if isinstance(data, str | Path):
        return load(data, columns)
    if isinstance(data, pd.DataFrame):
        data = _from_frame(data, columns)
    elif not isinstance(data, xr.Dataset):
        raise DataError(
            f"a data set must be a path, a pandas.DataFrame or an xarray.Dataset, not "
            f"{type(data).__name__}"
        )
    check_values(data)
    return data


def _from_frame(frame: "pd.DataFrame", columns: Mapping[str, str] | None) -> "xr.Dataset":
    if frame.index.name is not None:
        frame = frame.reset_index()
    found = match_columns([str(header) for header in frame.columns], columns, "the DataFrame")
    arrays = {
        column.name: _series(frame.iloc[:, column.position], column) for column in found.columns
    }
    dataset = _table(arrays, found, {str(key): value for key, value in frame.attrs.items()})
    _add_resistance(dataset)
    return dataset


def _series(series: "pd.Series[Any]", column: Column) -> NDArray[Any]:
    """Return a column of a DataFrame as numbers, or as text where it is a label."""
    import pandas as pd

    if column.unit is None:
        return series.astype(str).to_numpy(dtype=np.str_)
    values = pd.to_numeric(series, errors="coerce").to_numpy(dtype=np.float64)
    wrong = np.isnan(values)
    if wrong.any():
        row = int(wrong.argmax())
        cell = wrong_cell(column.header, str(series.iloc[row]))
        raise DataError(f"the DataFrame: reading {row + 1}, {cell}")
    return values


def _check_file(file: Path) -> None:
    if file.is_dir():
        raise DataError(f"{file} is a folder: give the data file in it")
    if not file.exists():
        raise DataError(f"{file} does not exist: expected a .csv, .xlsx or .nc file")
    size = file.stat().st_size
    if size == 0:
        raise DataError(f"{file} is empty: expected a header and one row per reading")
    if size > MAX_FILE:
        raise DataError(
            f"{file} has {size / 1e6:.0f} MB, more than the limit of {MAX_FILE / 1e6:.0f} MB: "
            "split it into parts, for example one file per field"
        )


def _read(file: Path, columns: Mapping[str, str] | None) -> "xr.Dataset":
    match file.suffix.lower():
        case ".nc":
            return read_netcdf(file, columns)
        case ".xlsx":
            sheet = read_sheet(file)
            found = match_columns(sheet.headers, columns, str(file))
            return _table(sheet_columns(file, sheet, found), found, from_lines(sheet.comments))
        case _:
            dialect = read_dialect(file)
            found = match_columns(dialect.headers, columns, str(file))
            return _table(read_text(file, dialect, found), found, from_lines(dialect.comments))


def _table(arrays: Mapping[str, NDArray[Any]], found: Match, attrs: dict[str, Any]) -> "xr.Dataset":
    """Return the columns of a file as a data set in SI."""
    import xarray as xr

    variables = {}
    for column in found.columns:
        values = arrays[column.name]
        if column.unit is None:
            variables[column.name] = xr.Variable(READING, values)
        else:
            unit = QUANTITIES[column.name].unit
            values = scaled(values, column.unit, unit)
            variables[column.name] = xr.Variable(READING, values, {"units": unit})
        variables[column.name].encoding |= {"header": column.header, "asked_for": column.asked_for}
    if found.assumed:
        attrs["assumed_units"] = list(found.assumed)
    if found.arbitrary:
        attrs["arbitrary_units"] = list(found.arbitrary)
    if found.ignored:
        attrs["ignored_columns"] = list(found.ignored)
    return xr.Dataset(variables, attrs=attrs)


def _add_resistance(dataset: "xr.Dataset") -> None:
    """Calculate the resistance if only voltage and current are measured."""
    measured = {"voltage", "current"}
    instead = {"resistance", "probability", "high"}
    names = {str(name) for name in dataset.variables}
    if not measured <= names or instead & names or is_spectrum(dataset):
        return
    zero = (dataset["current"] == 0).values.ravel()
    if zero.any():
        place = value_place(dataset, "current", int(zero.argmax()))
        raise DataError(
            f"{source_of(dataset)}: the current is 0 at {place}, so voltage / current is not a "
            "resistance: delete that row, or give a column of resistances"
        )
    resistance = dataset["voltage"] / dataset["current"]
    dataset["resistance"] = resistance.assign_attrs(units=QUANTITIES["resistance"].unit)
    dataset.attrs["resistance_from"] = "voltage / current"
