"""A data set as a file, whole or not at all."""

from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from smtj.errors import DataError
from smtj.files import write_whole
from smtj.measurement.conditions import direction_stated
from smtj.measurement.format.attributes import to_lines
from smtj.measurement.format.excel import write_sheet
from smtj.measurement.format.netcdf import netcdf_bytes
from smtj.measurement.format.scaling import scaled
from smtj.measurement.format.schema import FIELDS, QUANTITIES
from smtj.measurement.long_format import column_names, long_columns

if TYPE_CHECKING:
    import xarray as xr

_BLOCK = 1 << 16


def save(dataset: "xr.Dataset", path: str | Path) -> Path:
    """Write a data set so that :func:`smtj.measurement.load` gives the same again.

    ``.nc`` keeps its dimensions.  ``.csv`` and ``.xlsx`` have one row a reading under headers
    ``name [unit]`` in the units of the field (Oe, mV), and above them the attributes as lines
    ``# key: value``; a number comes back within 1e-15 of itself.

    Parameters
    ----------
    dataset
        Of any dimensions, in SI.
    path
        Where it goes; the suffix says in which format.

    Returns
    -------
    Path
        The path written.

    Raises
    ------
    DataError
        The suffix is none of the three, or the rows are too many for Excel.
    OSError
        The file cannot be written; what was there is still there then.
    """
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
            raise DataError(
                f"{file} does not say by its suffix what to write: it would end in .csv, .xlsx or "
                ".nc"
            )


def _display_columns(dataset: "xr.Dataset") -> dict[str, NDArray[Any]]:
    """The columns of a file, in its units, by header."""
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
            # What nobody knew before must not be known after.
            header = "field"
        columns[f"{header} [{unit}]" if unit else header] = values
    return columns


def _write_csv(dataset: "xr.Dataset", stream: IO[bytes]) -> None:
    columns = _display_columns(dataset)
    header = ",".join(_quoted(h) if set(h) & set(',"#') else h for h in columns)
    stream.writelines(f"{line}\n".encode() for line in (*to_lines(dataset.attrs), header))
    stream.writelines(block.encode() for block in _blocks(list(columns.values())))


def _blocks(columns: list[NDArray[Any]]) -> Iterator[str]:
    """Rows of a CSV file, many at a time; several times as fast as pandas writes them."""
    for first in range(0, columns[0].size, _BLOCK):
        cells = [_cells(values[first : first + _BLOCK]) for values in columns]
        yield "".join(f"{row}\n" for row in map(",".join, zip(*cells, strict=True)))


def _cells(values: NDArray[Any]) -> list[str]:
    if values.dtype.kind not in "fiu":
        return [_quoted(str(value)) for value in values]
    # Most conditions stay as they are for many readings.
    if (values == values[0]).all():
        return [repr(values[0].item())] * values.size
    return [repr(value) for value in values.tolist()]


def _quoted(text: str) -> str:
    """A cell that no comma and no number sign in it can break."""
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
