"""Counts and probabilities of either state, as counts of the high state."""

from typing import TYPE_CHECKING

import numpy as np

from smtj.measurement.conditions import CONDITIONS, condition_codes, positions
from smtj.measurement.format.schema import LABELS, QUANTITIES
from smtj.measurement.locations import READING
from smtj.measurement.long_format import readings_in

if TYPE_CHECKING:
    import xarray as xr

MAX_OUTSIDE = 0.05
"""How far noise may take P, from means of a resistance, below 0 or above 1."""
MIN_READS = 3
"""Fewest reads that a standard error of P may mean."""
MIN_SHOTS = 5
"""Single trials per condition, on average, from which they are counted."""


def with_counts(dataset: "xr.Dataset") -> "tuple[xr.Dataset, list[str]]":
    """Return counts, or P, of the high state and of all reads, with remarks on what became of them.

    Low reads, or trials that have not switched, count towards the reads; a probability of the low
    state is 1 minus that of the high one; single trials of 0 and 1 are counted.
    """
    names = {str(name) for name in dataset.variables}
    remarks: list[str] = []
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
    reads = np.rint(np.median(p[inner] * (1 - p[inner]) / own[inner] ** 2))
    header = error.encoding.get("header", "probability_error")
    if reads < MIN_READS:
        return found, [f'"{header}" is no standard error of P, but the spread of single readings']
    found = _with(found, "reads", np.full(p.size, reads), error.encoding)
    return found, [f'"{header}" is that of {reads:.0f} reads, by which P is weighed']


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
