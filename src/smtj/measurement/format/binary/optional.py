"""Formats whose readers are packages that few need: Parquet and Touchstone."""

from pathlib import Path
from typing import TYPE_CHECKING

from smtj.errors import DataError
from smtj.measurement.format.binary.arrays import Arrays, damaged
from smtj.measurement.format.preamble import pairs_of

if TYPE_CHECKING:
    import pandas as pd


def read_parquet(path: Path) -> "pd.DataFrame":
    """Return the table of a Parquet file, with headers as in a text file.

    Raises DataError if Polars is not installed, or the file is damaged.
    """
    # Not pyarrow: pandas imports that wherever it is installed, which costs every fit 33 MB.
    try:
        import polars as pl
    except ImportError:
        raise DataError(
            f'{path} needs Polars: install it by pip install "smtj[formats]", or save the table '
            "as CSV"
        ) from None
    import pandas as pd

    with damaged(path, "Parquet file"):
        try:
            table = pl.read_parquet(path)
        except pl.exceptions.PanicException as error:
            raise ValueError(str(error)) from error
        return pd.DataFrame({column.name: column.to_numpy() for column in table})


def read_touchstone(path: Path) -> dict[str, Arrays]:
    """Return S21, or S11 of one port, as the two channels of a spectrum against frequency.

    Raises DataError if scikit-rf is not installed, or the file is damaged.
    """
    try:
        from skrf import Network
    except ImportError:
        raise DataError(
            f'{path} needs scikit-rf: install it by pip install "smtj[formats]", or export the '
            "trace as CSV"
        ) from None
    with (
        damaged(path, "Touchstone file", "export it again, or as CSV"),
        path.open(encoding="utf-8", errors="replace") as stream,
    ):
        network = Network()
        # The constructor would first try to unpickle the file, which runs what is in it.
        network.read_touchstone(stream)
        values = network.s[:, -1, 0]
        comments = str(network.comments or "").splitlines()
        frequency = network.f
    columns = {
        "frequency [Hz]": frequency,
        "channel_x [a.u.]": values.real.copy(),
        "channel_y [a.u.]": values.imag.copy(),
    }
    return {"S21" if network.nports > 1 else "S11": Arrays(columns, pairs_of([], comments))}
