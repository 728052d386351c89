"""Saving a data set as a file."""

from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from smtj.errors import DataError
from smtj.files import write_whole
from smtj.measurement.conditions import direction_stated
from smtj.measurement.format.binary.netcdf import netcdf_bytes
from smtj.measurement.format.excel import write_sheet
from smtj.measurement.format.schema import FIELDS, QUANTITIES
from smtj.measurement.format.values import scaled, to_lines
from smtj.measurement.long_format import column_names, long_columns

if TYPE_CHECKING:
    import xarray as xr

_BLOCK = 1 << 16


def save(dataset: "xr.Dataset", path: str | Path) -> Path:
    """Write a data set to a file that :func:`smtj.measurement.load` reads.

    ``.nc`` keeps the dimensions.  ``.csv`` and ``.xlsx`` have one row per reading under headers
    ``name [unit]`` in customary units (Oe, mV), and above them the attributes as lines
    ``# key: value``; numbers are read back within 1e-15.

    Parameters
    ----------
    dataset
        Of any dimensions, in SI.
    path
        Its suffix chooses the format.

    Returns
    -------
    Path
        The path written.

    Raises
    ------
    DataError
        It is not a data set, its suffix is unknown, or there are too many rows for Excel.
    OSError
        The file cannot be written; an existing one is unchanged.
    """
    import xarray as xr

    if not isinstance(dataset, xr.Dataset):
        raise DataError(f"only an xarray.Dataset can be saved, not {type(dataset).__name__}")
    file = Path(path).expanduser()
    match file.suffix.lower():
        case ".csv":
            return write_whole(file, lambda stream: _write_csv(dataset, stream))
        case ".xlsx":
            columns = _display_columns(dataset)
            return write_whole(
                file, lambda stream: write_sheet(stream, file, to_lines(dataset.attrs), columns)
            )
        case ".nc":
            content = netcdf_bytes(dataset)
            return write_whole(file, lambda stream: stream.write(content))
        case _:
            raise DataError(f"the suffix of {file} is unknown: save to a .csv, .xlsx or .nc file")


def _display_columns(dataset: "xr.Dataset") -> dict[str, NDArray[Any]]:
    """Columns in the units of files, by header."""
    columns = {}
    for name, values in long_columns(dataset, column_names(dataset)).items():
        if name in QUANTITIES:
            quantity = QUANTITIES[name]
            unit = quantity.display_unit
            values = scaled(values.astype(np.float64), quantity.unit, unit)
        else:
            unit = dataset[name].attrs.get("units", "")
        header = name
        if name in FIELDS and not direction_stated(dataset, name):
            # The direction is unknown and must stay so.
            header = "field"
        columns[f"{header} [{unit}]" if unit else header] = values
    return columns


def _write_csv(dataset: "xr.Dataset", stream: IO[bytes]) -> None:
    columns = _display_columns(dataset)
    header = ",".join(_quoted(h) if set(h) & set(',"#') else h for h in columns)
    stream.writelines(f"{line}\n".encode() for line in (*to_lines(dataset.attrs), header))
    stream.writelines(block.encode() for block in _blocks(list(columns.values())))


def _blocks(columns: list[NDArray[Any]]) -> Iterator[str]:
    """Rows of a CSV file, many at a time; several times faster than by pandas."""
    for first in range(0, columns[0].size, _BLOCK):
        cells = [_cells(values[first : first + _BLOCK]) for values in columns]
        yield "".join(f"{row}\n" for row in map(",".join, zip(*cells, strict=True)))


def _cells(values: NDArray[Any]) -> list[str]:
    if values.dtype.kind not in "fiu":
        return [_quoted(str(value)) for value in values]
    # Most conditions are constant over many readings.
    if (values == values[0]).all():
        return [repr(values[0].item())] * values.size
    return [repr(value) for value in values.tolist()]


def _quoted(text: str) -> str:
    """A cell that may hold commas and number signs."""
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
