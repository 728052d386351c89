"""Counts and probabilities of either state, as counts of the high state."""

import re
from typing import TYPE_CHECKING

import numpy as np

from smtj.errors import DataError
from smtj.measurement.conditions import CONDITIONS, condition_codes, positions
from smtj.measurement.dwells import (
    TIMES,
    of_single_dwells,
    of_switches,
    with_column,
    with_errors,
    without,
)
from smtj.measurement.format.header import READS, split_header
from smtj.measurement.format.messages import quoted
from smtj.measurement.format.schema import LABELS, QUANTITIES
from smtj.measurement.locations import READING
from smtj.measurement.long_format import readings_in

if TYPE_CHECKING:
    import xarray as xr

MAX_OUTSIDE = 0.05
"""How far noise may take P, from means of a resistance, below 0 or above 1."""
MIN_READS = 3
"""Fewest reads that a standard error of P may mean."""
MAX_REWEIGHED = 2.0
"""Factor within which the numbers of reads by the errors of P are one that was rounded."""
MAX_SUM_OFF = 0.02
"""How far rounding may take the sum of the fractions of both states from 1."""
MIN_SHOTS = 5
"""Single trials per condition, on average, from which they are counted."""


def with_counts(dataset: "xr.Dataset", file: str) -> "tuple[xr.Dataset, list[str]]":
    """Return counts, or P, of the high state and of all reads, with remarks on what became of them.

    Low reads, or trials that have not switched, count towards the reads; a probability of the low
    state is 1 minus that of the high one; single trials of 0 and 1 are counted.  Raises DataError,
    which names ``file``, if states are neither words nor 0 and 1.
    """
    names = {str(name) for name in dataset.variables}
    remarks: list[str] = []
    if "state" in names:
        dataset, remarks = _of_states(dataset, file)
        names = {str(name) for name in dataset.variables}
    if set(TIMES) <= names:
        dataset, said = with_errors(dataset)
        remarks += said
        names = {str(name) for name in dataset.variables}
    if "probability_low" in names:
        if not {"probability", "high"} & names:
            low = dataset["probability_low"]
            dataset = with_column(dataset, "probability", 1 - low.values, low.encoding)
            header = low.encoding.get("header", "probability_low")
            remarks.append(f'P(high) is 1 minus "{header}"')
        dataset = without(dataset, "probability_low")
    dataset = _switched(dataset)
    remarks += _taken_for_high(dataset)
    if "probability" in dataset.variables:
        values = dataset["probability"].values
        outside = (values < 0) | (values > 1)
        some = outside.any() and 2 * outside.sum() <= outside.size
        if some and (values > -MAX_OUTSIDE).all() and (values < 1 + MAX_OUTSIDE).all():
            own = dataset["probability"].encoding
            dataset = with_column(dataset, "probability", np.clip(values, 0, 1), own)
            remarks.append(
                f"P is beyond 0 or 1 by noise at {outside.sum()} points, where it is taken for that"
            )
    if "low" in dataset.variables:
        dataset, said = _of_bare_states(dataset, file)
        remarks += said
    if "low" in dataset.variables:
        dataset = _with_low(dataset)
    dataset = _with_reads_of_header(dataset)
    if "probability_error" in dataset.variables:
        dataset, said = _with_errors(dataset)
        remarks += said
    counted = _shots(dataset)
    if counted is not None:
        size = readings_in(dataset)
        each = size / readings_in(counted)
        remarks.append(f"{size} trials are counted, {each:.3g} per condition")
    return (dataset if counted is None else counted), remarks


def _of_states(dataset: "xr.Dataset", file: str) -> "tuple[xr.Dataset, list[str]]":
    """Read states, of 1 and 0, as dwells, as single trials, or as what a trace is of."""
    values, own = dataset["state"].values, dataset["state"].encoding
    if set(np.unique(values)) == {-1.0, 1.0}:
        values = (values + 1) / 2
        dataset = with_column(dataset, "state", values, own)
    header = str(own.get("header", "state"))
    is_trace = "time" in dataset.variables and "dwell_time" not in dataset.variables
    if not is_trace and not ((values == 0) | (values == 1)).all():
        wrong = values[(values != 0) & (values != 1)][0]
        raise DataError(
            f"{file}: column {quoted(header)} is read as states and is {wrong:g} somewhere: give 0 "
            "and 1, AP and P, high and low, or yes and no, or leave it out (--ignore)"
        )
    remarks: list[str] = []
    if is_trace:
        dataset, remarks = of_switches(dataset)
    if "dwell_time" in dataset.variables:
        dataset, said = of_single_dwells(dataset)
        return dataset, [*remarks, *said]
    if "time" not in dataset.variables:
        return dataset.rename(state="probability"), remarks
    found = dataset.rename(state="signal")
    found["signal"].attrs["units"] = QUANTITIES["signal"].unit
    for key in ("assumed_units", "arbitrary_units"):
        found.attrs[key] = [*found.attrs.get(key, ()), "signal"]
    return found, [f'column "{header}" is read as the signal']


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


def _taken_for_high(dataset: "xr.Dataset") -> list[str]:
    """Say that what has switched counts as high, unless the user said so, and how to say otherwise.

    Against the length of pulses it is whether they switch that counts.
    """
    name = next((n for n in ("high", "probability") if n in dataset.variables), None)
    if name is None or "pulse_length" in dataset.variables:
        return []
    own = dataset[name].encoding
    header = str(own.get("header", name))
    if own.get("asked_for") or "switched" not in header.casefold() or header == name:
        return []
    bare = split_header(header)[0]
    options = [f"{'low' if name == 'high' else 'probability_low'}={bare}"]
    if name == "high" and "low" in dataset.variables:
        options.append(f"high={split_header(str(dataset['low'].encoding.get('header')))[0]}")
    said = " ".join(f'--column "{option}"' for option in options)
    return [
        f"{quoted(header)} is taken for the state of high resistance; if the pulses switch to that "
        f"of low resistance, say so by columns= ({said})"
    ]


def _with_reads_of_header(dataset: "xr.Dataset") -> "xr.Dataset":
    """Add the number of reads that the header of P states, as in ``"Psw (N=300)"``."""
    if "probability" not in dataset.variables or {"reads", "high"} & set(dataset.variables):
        return dataset
    own = dataset["probability"].encoding
    stated = re.search(rf"[(\[]\s*{READS.pattern}\s*[)\]]", str(own.get("header", "")))
    if stated is None or int(stated[1]) < 1:
        return dataset
    every = np.full(dataset["probability"].size, float(stated[1]))
    return with_column(dataset, "reads", every, own)


def _of_bare_states(dataset: "xr.Dataset", file: str) -> "tuple[xr.Dataset, list[str]]":
    """Read columns called AP and P alone as counts or fractions, which add up to one number.

    Resistances of both states against a bias, which may be called so too, do not.
    """
    if "high" not in dataset.variables:
        return dataset, []
    columns = [dataset[name] for name in ("high", "low")]
    headers = [str(one.encoding.get("header", "")).strip() for one in columns]
    if headers != ["AP", "P"] or any(one.encoding.get("asked_for") for one in columns):
        return dataset, []
    high, low = (one.values for one in columns)
    total = high + low
    if ((high >= 0) & (low >= 0)).all() and np.abs(total - 1).max() <= MAX_SUM_OFF:
        if ((high == 0) | (high == 1)).all():
            return dataset, []
        said = 'columns "AP" and "P" are read as the fractions of both states'
        return without(dataset.rename(high="probability"), "low"), [said]
    if (high == np.rint(high)).all() and np.ptp(total) == 0:
        return dataset, ['columns "AP" and "P" are read as the counts of both states']
    raise DataError(
        f'{file}: columns "AP" and "P" do not add up to one number of reads, nor to 1: say by '
        'columns= what they are (--column "high=AP" --column "low=P" for counts)'
    )


def _with_low(dataset: "xr.Dataset") -> "xr.Dataset":
    """Replace counts of the low state by what they say of the high one."""
    low = dataset["low"]
    if "high" in dataset.variables and "reads" not in dataset.variables:
        both = [str(one.encoding.get("header", one.name)) for one in (dataset["high"], low)]
        own = {**low.encoding, "header": " + ".join(both)}
        dataset = with_column(dataset, "reads", dataset["high"].values + low.values, own)
    elif "reads" in dataset.variables and not {"high", "probability"} & set(dataset.variables):
        dataset = with_column(dataset, "high", dataset["reads"].values - low.values, low.encoding)
    return without(dataset, "low")


def _with_errors(dataset: "xr.Dataset") -> "tuple[xr.Dataset, list[str]]":
    """Replace standard errors of P by the number of reads that they mean, if it is not stated."""
    error = dataset["probability_error"]
    names = {str(name) for name in dataset.variables}
    found = without(dataset, "probability_error")
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
    return with_column(found, "reads", every, error.encoding), [said]


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
    found = with_column(found, "high", np.array([values[group].sum() for group in groups]), own)
    found = with_column(found, "reads", np.array([float(group.size) for group in groups]), own)
    return without(found, "probability")
