"""Tables in MATLAB files: variables of one length, or the fields of a struct."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np

from smtj.measurement.format.binary.arrays import Arrays, same_length, single_values
from smtj.measurement.format.binary.damage import damaged
from smtj.measurement.format.binary.hdf5 import read_hdf5


def read_matlab(path: Path) -> dict[str, Arrays]:
    """Return the tables of a .mat file by name: its variables, and every struct.

    Files of version 7.3 are HDF5.  Raises DataError if the file is damaged or no MATLAB file.
    """
    from scipy.io import loadmat

    with (
        damaged(path, "MATLAB file", "save it again, or as text by writetable"),
        path.open("rb") as stream,
    ):
        try:
            content = loadmat(cast(Any, stream), squeeze_me=True, struct_as_record=False)
        except NotImplementedError:
            return read_hdf5(path)
    variables = {name: value for name, value in content.items() if not name.startswith("__")}
    tables = {"variables": _table(variables)}
    for name, value in variables.items():
        if hasattr(value, "_fieldnames"):
            tables[name] = _table({key: getattr(value, key) for key in value._fieldnames})
    return tables


def _table(variables: Mapping[str, Any]) -> Arrays:
    arrays = {
        name: np.asarray(value)
        for name, value in variables.items()
        if not hasattr(value, "_fieldnames")
    }
    return Arrays(same_length(arrays), single_values(arrays))
