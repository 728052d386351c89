"""Arrays in NumPy files."""

from pathlib import Path

import numpy as np

from smtj.measurement.format.binary.arrays import Arrays, same_length, single_values
from smtj.measurement.format.binary.damage import damaged


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


def _columns(array: "np.ndarray[tuple[int, ...], np.dtype[np.void]]") -> dict[str, np.ndarray]:
    if array.dtype.names is not None:
        return {name: array[name].ravel() for name in array.dtype.names}
    if array.ndim == 1:
        return {"#1": array}
    table = array if array.shape[0] >= array.shape[1] else array.T
    return {f"#{n + 1}": table[:, n] for n in range(table.shape[1])}
