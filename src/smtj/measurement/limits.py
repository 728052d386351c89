"""Errors upwards and downwards, and ends of an interval, as standard errors."""

from typing import TYPE_CHECKING

import numpy as np

from smtj.measurement.dwells import with_column, without
from smtj.measurement.format.limits import is_error, level_in, split_limit
from smtj.measurement.format.messages import quoted
from smtj.measurement.format.schema import ERRORS, WITH_LIMITS

if TYPE_CHECKING:
    import xarray as xr

    from smtj.typing import Floats

ONE_SIGMA = 0.6826894921370859
"""Level of confidence of an interval of one standard error to both sides."""


def with_limits(dataset: "xr.Dataset") -> "tuple[xr.Dataset, list[str]]":
    """Return a data set with a standard error in place of two columns of errors or limits.

    The error of a time or a rate is the mean of both in its logarithm, of which the fits are.  An
    interval whose level no header says is taken for one of a standard error, which is rather too
    wide than too narrow.
    """
    remarks = []
    for name in WITH_LIMITS:
        pair = [f"{name}_upper", f"{name}_lower"]
        if not {name, *pair} <= set(dataset.variables):
            continue
        headers = [str(dataset[one].encoding.get("header", one)) for one in pair]
        both = " and ".join(map(quoted, headers))
        value, upper, lower = (dataset[one].values for one in (name, *pair))
        of, encoding = quoted(str(dataset[name].encoding.get("header", name))), dataset[pair[0]]
        own = encoding.encoding
        dataset = without(dataset, *pair)
        is_limits = bool(((lower <= value) & (value <= upper)).all() and (upper > lower).any())
        bare = [split_limit(header)[0] for header in headers]
        if not is_limits and not any(map(is_error, bare)):
            remarks.append(f"{both} do not enclose {of}, so they are not used as its limits")
            continue
        if ERRORS[name] in dataset.variables:
            remarks.append(f"{both} are not needed beside the standard error of {of}")
            continue
        level = max((one for text in bare if (one := level_in(text))), default=None)
        if not is_limits:
            upper, lower = value + np.abs(upper), value - np.abs(lower)
        error = _standard_error(name, value, upper, lower) / _quantile(level or ONE_SIGMA)
        if not (np.isfinite(error) & (error >= 0)).all():
            remarks.append(f"{both} give {of} no errors, as they are not above 0 throughout")
            continue
        how = "limits" if is_limits else "upper and lower errors"
        known = f"at {100 * level:.0f} %" if level else "taken for one standard error"
        mean = "mean of both in the logarithm" if _is_positive(name) else "mean of both"
        remarks.append(f"{both} are the {how} of {of}, {known}; its error is the {mean}")
        dataset = with_column(dataset, ERRORS[name], error, own)
    return dataset, remarks


def _is_positive(name: str) -> bool:
    return name.startswith(("dwell_time", "rate"))


def _standard_error(name: str, value: "Floats", upper: "Floats", lower: "Floats") -> "Floats":
    """Half the width of an interval; of what is positive, in its logarithm."""
    if not _is_positive(name):
        return (upper - lower) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        up, down = np.log(upper / value), np.log(value / lower)
        # An error as large as the value has no logarithm downwards.
        known = np.isfinite(down)
        return value * np.where(known, (up + np.where(known, down, 0.0)) / 2, up)


def _quantile(level: float) -> float:
    from scipy.special import ndtri

    return float(ndtri((1 + level) / 2))
