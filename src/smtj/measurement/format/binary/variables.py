"""Tables in files of named variables: MATLAB .mat, and NumPy .npz and .npy."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from smtj.measurement.format.binary.arrays import Arrays, damaged, same_length, single_values
from smtj.measurement.format.binary.hdf5 import read_hdf5

HDF5 = b"\x89HDF\r\n\x1a\n"
"""What an HDF5 file begins with."""


def read_matlab(path: Path) -> dict[str, Arrays]:
    """Return the tables of a .mat file by name: its variables, and every struct.

    Files of version 7.3 are HDF5.  Raises DataError if the file is damaged or no MATLAB file.
    """
    from scipy.io import loadmat

    with (
        damaged(path, "MATLAB file", "save it again, or as text by writetable"),
        path.open("rb") as stream,
    ):
        # Version 7.3 has a block of text before what HDF5 begins with, other programs may not.
        if stream.read(len(HDF5)) == HDF5:
            return read_hdf5(path)
        stream.seek(0)
        try:
            content = loadmat(cast(Any, stream), squeeze_me=True, struct_as_record=False)
        except NotImplementedError:
            return read_hdf5(path)
    variables = {name: value for name, value in content.items() if not name.startswith("__")}
    tables = {"variables": _table(variables)}
    _add_structs(tables, variables, "")
    return tables


def _add_structs(tables: dict[str, Arrays], variables: Mapping[str, Any], within: str) -> None:
    """Add every struct, and those in it, by its path."""
    for name, value in variables.items():
        if hasattr(value, "_fieldnames"):
            fields = {key: getattr(value, key) for key in value._fieldnames}
            tables[within + name] = _table(fields)
            _add_structs(tables, fields, f"{within}{name}.")
        elif isinstance(value, np.ndarray) and value.dtype == object:
            # An array of structs has one per run.
            runs = {f"{name}({n})": one for n, one in enumerate(value.ravel(), 1)}
            _add_structs(tables, runs, within)


def _table(variables: Mapping[str, Any]) -> Arrays:
    arrays = {
        name: np.asarray(value)
        for name, value in variables.items()
        if not hasattr(value, "_fieldnames")
    }
    columns = same_length(arrays)
    matrices = [a for a in arrays.values() if a.ndim == 2 and a.dtype.kind in "fiu"]
    if len(matrices) == 1 and not any(v.dtype.kind in "fiu" for v in columns.values()):
        # A matrix of readings, the names of whose columns may stand beside it.
        columns = _columns(matrices[0])
        names = [a for a in arrays.values() if a.dtype.kind in "OU" and a.size == len(columns)]
        if names:
            given = (str(name) for name in names[0].ravel())
            columns = dict(zip(given, columns.values(), strict=True))
    if "Tinterval" in arrays:
        # PicoScope calls its channels by their letter alone, and saves volts.
        columns = {f"Channel {n} [V]" if len(n) == 1 else n: v for n, v in columns.items()}
    return Arrays(columns, single_values(arrays))


def read_numpy(path: Path) -> dict[str, Arrays]:
    """Return the arrays of an .npz file by name, or the fields or columns of an .npy file.

    The columns of a plain array are called ``#1`` and so on.  Raises DataError if the file is
    damaged, or holds Python objects.
    """
    with (
        damaged(path, "NumPy file of plain numbers", "save it again by numpy.savez"),
        path.open("rb") as file,
    ):
        content = np.load(file, allow_pickle=False)
        if isinstance(content, np.ndarray):
            return {"array": Arrays(_columns(content))}
        with content:
            arrays = {name: content[name] for name in content.files}
    return {"arrays": Arrays(same_length(arrays), single_values(arrays))}


def _columns(array: NDArray[Any]) -> dict[str, NDArray[Any]]:
    if array.dtype.names is not None:
        return {name: array[name].ravel() for name in array.dtype.names}
    if array.ndim == 1:
        return {"#1": array}
    table = array if array.shape[0] >= array.shape[1] else array.T
    return {f"#{n + 1}": table[:, n] for n in range(table.shape[1])}
