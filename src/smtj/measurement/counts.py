"""Counts and probabilities of either state, as counts of the high state."""

from typing import TYPE_CHECKING

import numpy as np

from smtj.measurement.conditions import CONDITIONS, condition_codes, positions
from smtj.measurement.format.messages import listed, quoted
from smtj.measurement.format.schema import LABELS, QUANTITIES
from smtj.measurement.locations import READING
from smtj.measurement.long_format import readings_in

if TYPE_CHECKING:
    import xarray as xr

TIMES = ("dwell_time_high", "dwell_time_low")
MAX_OUTSIDE = 0.05
"""How far noise may take P, from means of a resistance, below 0 or above 1."""
MIN_READS = 3
"""Fewest reads that a standard error of P may mean."""
MAX_REWEIGHED = 2.0
"""Factor within which the numbers of reads by the errors of P are one that was rounded."""
MAX_RELATIVE = 0.6
"""Standard error of a dwell time over it from which it is that of single, exponential ones."""
MAX_UNPAIRED = 2
"""By how many the dwells in both states may differ, which alternate."""
MIN_SHOTS = 5
"""Single trials per condition, on average, from which they are counted."""


def with_counts(dataset: "xr.Dataset") -> "tuple[xr.Dataset, list[str]]":
    """Return counts, or P, of the high state and of all reads, with remarks on what became of them.

    Low reads, or trials that have not switched, count towards the reads; a probability of the low
    state is 1 minus that of the high one; single trials of 0 and 1 are counted.
    """
    names = {str(name) for name in dataset.variables}
    remarks: list[str] = []
    if set(TIMES) <= names:
        dataset, remarks = _with_dwells(dataset)
        names = {str(name) for name in dataset.variables}
    if "probability_low" in names:
        if not {"probability", "high"} & names:
            low = dataset["probability_low"]
            dataset = _with(dataset, "probability", 1 - low.values, low.encoding)
            header = low.encoding.get("header", "probability_low")
            remarks.append(f'P(high) is 1 minus "{header}"')
        dataset = _without(dataset, "probability_low")
    dataset = _switched(dataset)
    if "probability" in dataset.variables:
        values = dataset["probability"].values
        outside = (values < 0) | (values > 1)
        some = outside.any() and 2 * outside.sum() <= outside.size
        if some and (values > -MAX_OUTSIDE).all() and (values < 1 + MAX_OUTSIDE).all():
            own = dataset["probability"].encoding
            dataset = _with(dataset, "probability", np.clip(values, 0, 1), own)
            remarks.append(
                f"P is beyond 0 or 1 by noise at {outside.sum()} points, where it is taken for that"
            )
    if "low" in dataset.variables:
        dataset = _with_low(dataset)
    if "probability_error" in dataset.variables:
        dataset, said = _with_errors(dataset)
        remarks += said
    counted = _shots(dataset)
    if counted is not None:
        size = readings_in(dataset)
        each = size / readings_in(counted)
        remarks.append(f"{size} trials are counted, {each:.3g} per condition")
    return (dataset if counted is None else counted), remarks


def _switched(dataset: "xr.Dataset") -> "xr.Dataset":
    """Read what has switched, without times, as counts or as P."""
    names = {str(name) for name in dataset.variables}
    if "switched" not in names or {"high", "probability"} & names:
        return dataset
    values = dataset["switched"].values
    whole = bool((values == np.rint(values)).all())
    if whole and ("low" in names or ("reads" in names and (values > 1).any())):
        return dataset.rename({"switched": "high"})
    if "reads" not in names:
        return (
            dataset
            if names & {"time", "resistance"}
            else dataset.rename({"switched": "probability"})
        )
    # The files that smtj writes have both columns by their own names.
    own = dataset["reads"].encoding["header"] == "reads"
    return dataset if own else dataset.rename({"switched": "probability"})


def _with_low(dataset: "xr.Dataset") -> "xr.Dataset":
    """Replace counts of the low state by what they say of the high one."""
    low = dataset["low"]
    if "high" in dataset.variables and "reads" not in dataset.variables:
        both = [str(one.encoding.get("header", one.name)) for one in (dataset["high"], low)]
        own = {**low.encoding, "header": " + ".join(both)}
        dataset = _with(dataset, "reads", dataset["high"].values + low.values, own)
    elif "reads" in dataset.variables and not {"high", "probability"} & set(dataset.variables):
        dataset = _with(dataset, "high", dataset["reads"].values - low.values, low.encoding)
    return _without(dataset, "low")


def _with_errors(dataset: "xr.Dataset") -> "tuple[xr.Dataset, list[str]]":
    """Replace standard errors of P by the number of reads that they mean, if it is not stated."""
    error = dataset["probability_error"]
    names = {str(name) for name in dataset.variables}
    found = _without(dataset, "probability_error")
    if "probability" not in names or {"reads", "high"} & names:
        return found, []
    p, own = dataset["probability"].values, error.values
    inner = (p > 0) & (p < 1) & (own > 0)
    if not inner.any():
        return found, []
    each = p[inner] * (1 - p[inner]) / own[inner] ** 2
    reads = np.rint(np.median(each))
    header = error.encoding.get("header", "probability_error")
    if reads < MIN_READS:
        return found, [f'"{header}" is no standard error of P, but the spread of single readings']
    every = np.full(p.size, reads)
    low, high = np.quantile(each, [0.1, 0.9])
    if high <= MAX_REWEIGHED**2 * low:
        said = f'"{header}" is that of {reads:.0f} reads, by which P is weighed'
    else:
        every[inner] = np.maximum(np.rint(each), 1.0)
        said = f'"{header}" is that of {low:.0f} to {high:.0f} reads, by which P is weighed'
    return _with(found, "reads", every, error.encoding), [said]


def _with_dwells(dataset: "xr.Dataset") -> "tuple[xr.Dataset, list[str]]":
    """Give dwell times the errors of means over as many dwells as are counted beside them, and
    leave out errors that are none."""
    names = {str(name) for name in dataset.variables}
    errors = [f"{name}_error" for name in TIMES]
    remarks: list[str] = []
    known = [name for name in errors if name in names]
    headers = [str(dataset[name].encoding.get("header", name)) for name in known]
    shown = listed(map(quoted, dict.fromkeys(headers)))
    if known:
        with np.errstate(divide="ignore", invalid="ignore"):  # what is 0 is rejected later
            relative = np.array(
                [dataset[e].values / dataset[e.removesuffix("_error")].values for e in known]
            )
        reason = None
        if len(known) < len(errors):
            reason = "as they are those of one state alone"
        elif not (relative > 0).all():
            reason = "as they are not above 0 throughout"
        elif np.median(relative) > MAX_RELATIVE:
            reason = "as they are the spread of single dwells, not standard errors"
        if reason is not None:
            remarks.append(f"the errors in {shown} do not weigh the dwell times, {reason}")
            for name in known:
                dataset = _without(dataset, name)
            known = []
    counts = ("high", "low")
    if "probability" in names or not set(counts) <= names:
        return dataset, remarks
    dwells = [dataset[name].values for name in counts]
    if np.abs(dwells[0] - dwells[1]).max() > MAX_UNPAIRED or min(map(np.min, dwells)) < 1:
        return dataset, remarks
    if not known:
        counted = [str(dataset[name].encoding.get("header", name)) for name in counts]
        remarks.append(
            f"{listed(map(quoted, counted))} count the dwells, which gives the times their errors"
        )
        for name, error, count in zip(TIMES, errors, counts, strict=True):
            own = dataset[name].values / np.sqrt(dataset[count].values)
            dataset = _with(dataset, error, own, dataset[count].encoding)
    for name in counts:
        dataset = _without(dataset, name)
    return dataset, remarks


def _shots(dataset: "xr.Dataset") -> "xr.Dataset | None":
    """Count trials of one row each, by condition; None if these are none."""
    names = {str(name) for name in dataset.variables}
    if "probability" not in names or {"reads", "time"} & names:
        return None
    values = dataset["probability"].values
    columns = [n for n in (*CONDITIONS, *LABELS) if n in names and dataset[n].dims == (READING,)]
    if not columns or not ((values == 0) | (values == 1)).all():
        return None
    codes = condition_codes({n: dataset[n].values for n in columns}, values.size)
    groups = positions(codes)
    if len(groups) < 2 or values.size < MIN_SHOTS * len(groups):
        return None
    first = np.array([group[0] for group in groups])
    kept = dataset.encoding.get("kept")
    found = dataset.isel({READING: first})
    found.encoding |= dataset.encoding
    found.encoding["kept"] = first if kept is None else np.asarray(kept)[first]
    own = dataset["probability"].encoding
    found = _with(found, "high", np.array([values[group].sum() for group in groups]), own)
    found = _with(found, "reads", np.array([float(group.size) for group in groups]), own)
    return _without(found, "probability")


def _with(
    dataset: "xr.Dataset", name: str, values: "np.ndarray", encoding: "dict[str, object]"
) -> "xr.Dataset":
    found = dataset.assign({name: (READING, values, {"units": QUANTITIES[name].unit})})
    found[name].encoding |= encoding
    found.encoding |= dataset.encoding
    return found


def _without(dataset: "xr.Dataset", name: str) -> "xr.Dataset":
    found = dataset.drop_vars(name)
    found.encoding |= dataset.encoding
    return found
