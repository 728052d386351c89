"""Times that are dates or those of a clock, as seconds from the first reading."""

import re
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from smtj.measurement.format.messages import is_date
from smtj.typing import Floats

if TYPE_CHECKING:
    import pandas as pd

DAY, HOUR = 86400.0, 3600.0
"""Seconds of a day and an hour, by which the times of a clock fall back at midnight, and those in
minutes and seconds at the hour."""

_MINUTES = r"(\d{1,3}):(\d{2}(?:[.,]\d+)?)"
_COLON = r"(.*\d{1,2}:\d{2}:\d{2}):(\d{1,9})"


def seconds_of(cells: Sequence[str]) -> Floats | None:
    """Return the time of each reading in s from the first, shape (readings,).

    Two numbers, as in ``"02:13.480"``, are minutes and seconds if there is a fraction or so many
    minutes; ``"12:30"`` may be hours and minutes too, and so is neither.  Returns None if the cells
    are not all dates or times of one format.
    """
    import pandas as pd

    texts = pd.Series(cells, dtype="str").str.strip()
    if texts.empty or not is_date(texts.iloc[0]):
        return None
    if re.fullmatch(_MINUTES, texts.iloc[0]) is not None:
        return _minutes(texts)
    if re.fullmatch(_COLON, texts.iloc[0]) is not None:
        texts = texts.str.replace(f"^{_COLON}$", r"\1.\2", regex=True)
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


def _minutes(texts: "pd.Series[str]") -> Floats | None:
    """Times of minutes and seconds, as spreadsheets show them; None if they may be hours."""
    parts = texts.str.extract(f"^{_MINUTES}$")
    if parts.isna().to_numpy().any():
        return None
    minutes = parts[0].to_numpy(dtype=np.float64)
    if not parts[1].str.contains(r"[.,]").any() and minutes.max() < 24:
        return None
    seconds = parts[1].str.replace(",", ".").to_numpy(dtype=np.float64)
    found = HOUR / 60 * minutes + seconds
    found = found + HOUR * np.cumsum(np.diff(found, prepend=found[0]) < -HOUR / 2)
    return np.asarray(found - found[0], dtype=np.float64)
