"""Tables in Parquet files."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from smtj.errors import DataError
from smtj.measurement.format.binary.damage import damaged

if TYPE_CHECKING:
    import pandas as pd


def read_parquet(path: Path) -> "pd.DataFrame":
    """Return the table of a Parquet file, with headers as in a text file.

    Raises DataError if pyarrow is not installed, or the file is damaged.
    """
    if find_spec("pyarrow") is None:
        raise DataError(
            f'{path} needs pyarrow: install it by pip install "smtj[formats]", or save the table '
            "as CSV"
        )
    import pandas as pd

    with damaged(path, "Parquet file"):
        return pd.read_parquet(path, engine="pyarrow")
