"""Dwell times of both states: their errors, and means over single dwells."""

from typing import TYPE_CHECKING

import numpy as np

from smtj.measurement.conditions import CONDITIONS, condition_codes, positions
from smtj.measurement.format.messages import listed, quoted
from smtj.measurement.format.schema import LABELS, QUANTITIES
from smtj.measurement.locations import READING

if TYPE_CHECKING:
    import xarray as xr

    from smtj.typing import Floats

TIMES = ("dwell_time_high", "dwell_time_low")
ERRORS = tuple(f"{name}_error" for name in TIMES)
MAX_RELATIVE = 0.6
"""Standard error of a dwell time over it from which it is that of single, exponential ones."""
MAX_UNPAIRED = 2
"""By how many the dwells in both states may differ, which alternate."""
MIN_DWELLS = 2
"""Fewest dwells in a state of which a mean is taken."""
MIN_EVENTS = 10
"""Fewest times of switches."""


def with_errors(dataset: "xr.Dataset") -> "tuple[xr.Dataset, list[str]]":
    """Give dwell times the errors of means over as many dwells as are counted beside them, and
    leave out errors that are none."""
    names = {str(name) for name in dataset.variables}
    remarks: list[str] = []
    known = [name for name in ERRORS if name in names]
    if known:
        headers = [str(dataset[name].encoding.get("header", name)) for name in known]
        shown = listed(map(quoted, dict.fromkeys(headers)))
        with np.errstate(divide="ignore", invalid="ignore"):  # what is 0 is rejected later
            relative = np.array(
                [dataset[e].values / dataset[e.removesuffix("_error")].values for e in known]
            )
        reason = None
        if len(known) < len(ERRORS):
            reason = "as they are those of one state alone"
        elif not (relative > 0).all():
            reason = "as they are not above 0 throughout"
        elif np.median(relative) > MAX_RELATIVE:
            reason = "as they are the spread of single dwells, not standard errors"
        if reason is not None:
            remarks.append(f"the errors in {shown} do not weigh the dwell times, {reason}")
            dataset, known = without(dataset, *known), []
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
        for name, error, count in zip(TIMES, ERRORS, counts, strict=True):
            own = dataset[name].values / np.sqrt(dataset[count].values)
            dataset = with_column(dataset, error, own, dataset[count].encoding)
    return without(dataset, *counts), remarks


def of_switches(dataset: "xr.Dataset") -> "tuple[xr.Dataset, list[str]]":
    """Return single dwells in place of the times of switches and the states after them.

    Only switches change the state from every row to the next.
    """
    state, time = dataset["state"].values, dataset["time"].values
    steps = np.diff(time)
    if state.size < MIN_EVENTS or not (np.diff(state) != 0).all() or not (steps > 0).all():
        return dataset, []
    found = dataset.isel({READING: slice(None, -1)})
    found.encoding |= dataset.encoding
    header = quoted(str(dataset["state"].encoding.get("header", "state")))
    found = without(with_column(found, "dwell_time", steps, dataset["time"].encoding), "time")
    return found, [
        f"{header} changes from every row to the next, so these are {state.size} switches"
    ]


def of_single_dwells(dataset: "xr.Dataset") -> "tuple[xr.Dataset, list[str]]":
    """Return the mean dwell time of both states, with its error, under each condition."""
    times, state = dataset["dwell_time"].values, dataset["state"].values
    names = [n for n in (*CONDITIONS, *LABELS) if n in dataset.variables and dataset[n].ndim]
    codes = condition_codes({n: dataset[n].values for n in names}, times.size)
    rows, means, remarks = [], [], []
    few = 0
    for group in positions(codes):
        each = [times[group][state[group] == value] for value in (1, 0)]
        if min(map(len, each)) < MIN_DWELLS:
            few += 1
            continue
        rows.append(int(group[0]))
        means.append([(float(t.mean()), float(t.mean()) / np.sqrt(t.size)) for t in each])
    if not rows:
        return dataset, []
    if few:
        what = "condition has" if few == 1 else "conditions have"
        remarks.append(f"{few} {what} fewer than {MIN_DWELLS} dwells in a state; left out")
    found = dataset.isel({READING: rows})
    found.encoding |= dataset.encoding
    kept = dataset.encoding.get("kept")
    found.encoding["kept"] = np.array(rows) if kept is None else np.asarray(kept)[rows]
    own: Floats = np.array(means)
    for number, (name, error) in enumerate(zip(TIMES, ERRORS, strict=True)):
        encoding = dataset["dwell_time"].encoding
        found = with_column(found, name, own[:, number, 0], encoding)
        found = with_column(found, error, own[:, number, 1], encoding)
    remarks.append(f"the dwell times are means over {times.size} single dwells")
    return without(found, "dwell_time", "state"), remarks


def with_column(
    dataset: "xr.Dataset", name: str, values: "Floats", encoding: "dict[str, object]"
) -> "xr.Dataset":
    """Return a data set with another quantity of each reading, in SI."""
    found = dataset.assign({name: (READING, values, {"units": QUANTITIES[name].unit})})
    found[name].encoding |= encoding
    found.encoding |= dataset.encoding
    return found


def without(dataset: "xr.Dataset", *names: str) -> "xr.Dataset":
    """Return a data set without some of its quantities."""
    found = dataset.drop_vars(list(names))
    found.encoding |= dataset.encoding
    return found
