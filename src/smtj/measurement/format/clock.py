"""Times that are dates or those of a clock, as seconds from the first reading."""

import re
import warnings
from collections.abc import Sequence

import numpy as np

from smtj.measurement.format.messages import is_date
from smtj.typing import Floats

DAY = 86400.0
"""Seconds of a day, by which the times of a clock fall back at midnight."""


def seconds_of(cells: Sequence[str]) -> Floats | None:
    """Return the time of each reading in s from the first, shape (readings,).

    Returns None if the cells are not all dates or times of one format.
    """
    import pandas as pd

    texts = pd.Series(cells, dtype="str").str.strip()
    if texts.empty or not is_date(texts.iloc[0]):
        return None
    with warnings.catch_warnings():
        # That a format is guessed from the first cell is what is wanted.
        warnings.simplefilter("ignore", UserWarning)
        try:
            stamps = pd.to_datetime(texts, format=None, utc=True)
        except (ValueError, TypeError, OverflowError):
            try:
                stamps = pd.to_datetime(texts, format="ISO8601", utc=True)
            except (ValueError, TypeError, OverflowError):
                return None
    if stamps.isna().any():
        return None
    seconds = (stamps - stamps.iloc[0]).dt.total_seconds().to_numpy(dtype=np.float64)
    clock_only = re.fullmatch(r"[\d:.,]+(\s*[AaPp][Mm])?", texts.iloc[0]) is not None
    if clock_only:
        seconds = seconds + DAY * np.cumsum(np.diff(seconds, prepend=seconds[0]) < -DAY / 2)
    return np.asarray(seconds, dtype=np.float64)
