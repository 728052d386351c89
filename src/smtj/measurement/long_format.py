"""Data sets of any dimensions as tables with one row per reading, in the order of time."""

import math
from collections.abc import Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from smtj.measurement.format.schema import NAMES

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Array = NDArray[Any]


def table(dataset: "xr.Dataset") -> "pd.DataFrame":
    """Return a data set as a table with one row per reading and one column per quantity, in SI.

    Values are repeated along the dimensions that they do not have; indices without meaning are
    left out.  A falling sweep that is stored by rising field comes in the order of its times.
    """
    import pandas as pd

    return pd.DataFrame(long_columns(dataset, column_names(dataset)))


def column_names(dataset: "xr.Dataset") -> list[str]:
    """Return the columns of the table of a data set, known ones first."""
    names = [str(name) for name in dataset.variables]
    known = [name for name in NAMES if name in names]
    return known + [n for n in names if n not in known and not _is_numbering(dataset, n)]


def readings_in(dataset: "xr.Dataset") -> int:
    """Return the number of rows of the table of a data set."""
    return math.prod(dataset.sizes.values())


def long_columns(dataset: "xr.Dataset", names: Iterable[str]) -> dict[str, Array]:
    """Return columns of the table of a data set, shape (readings,), by name; SI."""
    widest = sorted(dataset.variables.values(), key=lambda variable: -variable.ndim)
    dims = tuple(dict.fromkeys(dim for variable in widest for dim in variable.dims))
    sizes = {dim: dataset.sizes[dim] for dim in dims}
    backwards = _backwards(dataset, sizes)
    columns = {}
    for name in names:
        values = _spread(dataset.variables[name], sizes)
        if backwards is not None:
            values = values.reshape(backwards.size, -1).copy()
            values[backwards] = values[backwards, ::-1]
        columns[name] = values.reshape(-1)
    return columns


def _backwards(dataset: "xr.Dataset", sizes: Mapping[Hashable, int]) -> NDArray[np.bool_] | None:
    """Which lines along the last dimension run backwards in time; None if none does."""
    if len(sizes) < 2 or "time" not in dataset.variables or list(sizes.values())[-1] < 2:
        return None
    time = _spread(dataset.variables["time"], sizes)
    falling = (np.diff(time) < 0).all(axis=-1).ravel()
    return falling if falling.any() else None


def _spread(variable: "xr.Variable", sizes: Mapping[Hashable, int]) -> Array:
    """Repeat the values of a variable along the dimensions that it does not have."""
    own = [dim for dim in sizes if dim in variable.dims]
    shape = [size if dim in own else 1 for dim, size in sizes.items()]
    values = np.asarray(variable.transpose(*own).values).reshape(shape)
    return np.broadcast_to(values, tuple(sizes.values()))


def _is_numbering(dataset: "xr.Dataset", name: str) -> bool:
    variable = dataset.variables[name]
    return variable.dims == (name,) and variable.dtype.kind in "iu"
