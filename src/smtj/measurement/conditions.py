"""Group readings by their conditions, and classify data sets by kind of measurement."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from smtj.errors import DataError
from smtj.measurement.format.header import measures, split_header
from smtj.measurement.format.logarithms import logarithm
from smtj.measurement.format.messages import listed, quoted
from smtj.measurement.format.schema import FIELDS, LABELS, QUANTITIES, SIGNALS, has_no_direction
from smtj.measurement.locations import READING, source_of
from smtj.measurement.long_format import Array, column_names, long_columns, readings_in
from smtj.units import Oe

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Kind = Literal["probability", "dwell", "trace", "scan", "loop", "bias_loop", "angle", "spectrum"]
"""P or dwell times against a drive, a trace, several, resistance against field or bias, or a
resonance."""

OBSERVABLES = ("resistance", "relative_resistance", "voltage", "current", "signal", "channel_x")
"""What a trace may be of."""

CONDITIONS = (*FIELDS, "voltage", "current", "temperature", "pulse_length")
"""Quantities that are set while readings are taken."""

_BIASES = ("voltage", "current")

MIN_READINGS = 10
"""Readings per field that distinguish a scan from a loop."""

SAME = 0.002
"""Values that an instrument reads back are equal if they differ by less, relative to the largest
of their kind."""

COARSER = 0.01
"""The same for values that scatter, of which some may lie apart from all others."""
MAX_READBACK_NOISE, MIN_NOISY = 0.05, 20
"""Noise of a set value relative to the largest, at most, and readings that show it to be noise."""
LEAST_FIELD = 10 * Oe
"""Field of which noise is so small a part at smaller ones, too."""
MIN_BIAS = 1e-5
"""Relative change of a mean of V/I by noise that is looked at."""
CLEAR = 2.0
"""Ratio of relative scatters from which the larger is that of the measured quantity."""
# Conditions nearer than this, relative to the largest, differ by rounding.
_RESOLUTION = 1e-9

Codes = NDArray[np.int64]


def drives_in(dataset: "xr.Dataset") -> list[str]:
    """Return which fields and biases of a table vary."""
    names = [name for name in (*FIELDS, *_BIASES) if name in dataset.variables]
    return [name for name in names if np.ptp(np.asarray(dataset[name].values)) > 0]


def kind_of(dataset: "xr.Dataset") -> Kind:
    """Return the kind of a measurement, from its content and not its attributes.

    Parameters
    ----------
    dataset
        Of any dimensions, measured or virtual.

    Returns
    -------
    str
        ``"probability"`` for probabilities, or counts of high reads and of reads; ``"dwell"`` for
        dwell times, or a relaxation time, against a drive; else ``"spectrum"`` if
        :func:`is_spectrum`; else for what :func:`observable_of` returns, mostly resistances,
        ``"trace"`` at one condition with times,
        ``"angle"`` at several angles of a field of one strength, ``"scan"`` at several conditions
        with a median of :data:`MIN_READINGS` or more readings, and with fewer ``"loop"`` at several
        fields and ``"bias_loop"`` at several voltages or currents.

    Raises
    ------
    DataError
        It is none of these; the message lists the requirements of each kind.
    """
    names = set(dataset.variables)
    shows_time = names & {*OBSERVABLES[:2], "time", "dwell_time_high", "pulse_length"}
    if "relaxation_time" in names and not shows_time and len(drives_in(dataset)) == 1:
        return "dwell"
    if "probability" in names or {"high", "reads"} <= names:
        return "probability"
    if {"dwell_time_high", "dwell_time_low"} <= names:
        return "dwell"
    if is_spectrum(dataset):
        return "spectrum"
    found = "without resistance"
    if observable_of(dataset) is not None:
        columns = _condition_columns(dataset)
        size = readings_in(dataset)
        fields = {name: values for name, values in columns.items() if name in FIELDS}
        turns = _is_turned(dataset)
        if turns and not condition_codes(fields, size, SAME).any():
            return "angle"
        readings = np.bincount(condition_codes(columns, size))
        if readings.size == 1 and "time" in names:
            return "trace"
        if readings.size > 1 and np.median(readings) >= MIN_READINGS and not _is_swept(fields):
            return "scan"
        if condition_codes(fields, size).any():
            return "loop"
        if swept_bias(dataset) is not None:
            return "bias_loop"
        found = f"readings: {size}, conditions: {readings.size}"
    if "relaxation_time" in names:
        header = str(dataset["relaxation_time"].encoding.get("header", "relaxation_time"))
        raise DataError(
            f"{source_of(dataset)} has one time of both states, {quoted(header)}, of which "
            "1/τ = 1/τ_AP + 1/τ_P, so that it alone does not give these: give P(AP) beside it, or "
            "it at several fields, voltages or currents, or tau_AP and tau_P"
        )
    alone = [name for name in OBSERVABLES if name in names]
    unused = [quoted(str(header)) for header in dataset.attrs.get("ignored_columns", ())]
    if found == "without resistance" and not names & {"time", "frequency", "resistance"}:
        of_tau = _of_tau(list(map(str, dataset.attrs.get("ignored_columns", ()))))
        if of_tau:
            raise DataError(f"{source_of(dataset)} shows no state of the device, {of_tau}")
    bare = len(alone) == 1 and not names & {"time", *FIELDS}
    if bare and dataset[alone[0]].size >= MIN_READINGS and np.ptp(dataset[alone[0]].values) > 0:
        what = {"channel_x": "readings"}.get(alone[0], f"{alone[0]}s")
        more = (
            f", or if {listed(unused, 'or')} was varied, name it by columns= "
            '(--column "field=HEADER [Oe]")'
            if unused
            else ""
        )
        raise DataError(
            f"{source_of(dataset)} has {what} without times: give the time between readings by "
            f'interval= (--interval "2 us"){more}'
        )
    if names & set(FIELDS) and names & set(SIGNALS) and "frequency" not in names:
        header = next(str(dataset[n].encoding.get("header", n)) for n in SIGNALS if n in names)
        raise DataError(
            f"{source_of(dataset)} has {quoted(header)} against a field: of a resonance give the "
            "frequency (--frequency), and if it is that of a loop name it as a voltage by columns= "
            f'(--column "voltage={split_header(header)[0]} [V]")'
        )
    if "high" in names:
        raise DataError(
            f"{source_of(dataset)} counts the high state, but not of how many reads: give their "
            "number by reads= (--reads)"
        )
    known = [name for name in (*QUANTITIES, *LABELS) if name in names]
    if unused and found == "without resistance":
        raise DataError(
            f"{source_of(dataset)} has {listed(known)}, but nothing that shows the state of the "
            f"device, {_remedy(list(map(str, dataset.attrs['ignored_columns'])))}"
        )
    hint = f"; not used: {listed(unused)} (--column resistance=HEADER)" if unused else ""
    raise DataError(
        f"{source_of(dataset)} cannot be fitted, it has {listed(known)} ({found}): time and "
        "resistance (or voltage, or current) at one condition make a trace, resistance at several "
        "fields a loop, at several angles a sweep of the angle, with "
        f"{MIN_READINGS} readings per condition a scan, probability (or high and reads) a "
        "probability curve, dwell times of both states a table of them, and signal with frequency "
        f"and field a spectrum{hint}"
    )


_SHOWING = ("resistance", "conductance", "voltage", "current", "probability")
"""Quantities whose units a column that shows the state may have."""


def _is_swept(fields: Mapping[str, Array]) -> bool:
    """Whether the field changes from reading to reading, as in sweeps that are repeated."""
    if not fields:
        return False
    codes = condition_codes(fields, next(iter(fields.values())).size, SAME)
    return bool(2 * np.count_nonzero(np.diff(codes)) > codes.size)


def _remedy(headers: Sequence[str]) -> str:
    """Say what to do about columns that are not understood, where nothing else was measured."""
    named = listed(map(quoted, headers))
    split = [split_header(header) for header in headers]
    words = {word for name, _ in split for word in re.split(r"[\W_]+", name.casefold())}
    if words & {"moment", "emu", "magnetization", "magnetisation"}:
        return f"as {named} {_are(headers)} of magnetometry: nothing in it can be fitted"
    if words & {"bin", "bins", "histogram"}:
        return (
            f"and {named} {_are(headers)} of a histogram, which keeps no order of the readings and "
            "so no dwell times: give the readings themselves with their times"
        )
    if words & {"state", "states"}:
        return (
            f"and {named} {_are(headers)} not understood: for states give 0 and 1, or AP "
            "and P, in a column called state, one per reading"
        )
    if not any(unit is None or measures(unit, name) for _, unit in split for name in _SHOWING):
        return (
            f"as {named} {_are(headers)} neither a resistance, a voltage, a current, a probability "
            "nor a dwell time: nothing in it can be fitted"
        )
    choose = "name it" if len(headers) == 1 else "if one of them does, name it"
    return (
        f"and {named} {_are(headers)} not understood: {choose} "
        'by columns= (--column "resistance=HEADER [ohm]", "voltage=HEADER [V]", '
        '"probability=HEADER", or "high=HEADER" and "reads=HEADER")'
    )


def _of_tau(headers: Sequence[str]) -> str:
    """What to do about columns of times, or their logarithms, that say too little."""
    logs = {h: found for h in headers if (found := logarithm(h)) is not None}
    unsure = [h for h, found in logs.items() if found.base == "?"]
    if unsure:
        state = logs[unsure[0]].of.rpartition("_")[2]
        name = "odds" if state == "odds" else f"dwell_time_{state}"
        option = " or ".join(f'--column "{kind}_{name}={unsure[0]}"' for kind in ("log", "log10"))
        return (
            f"as {listed(map(quoted, unsure))} may be to base e or 10: say which by columns= "
            f"({option})"
        )
    tau = [
        header
        for header in headers
        if {"tau", "τ", "lifetime", "dwell"}
        & {*re.split(r"[\W_]+", split_header(header)[0].casefold())}
    ]
    if not tau:
        return ""
    do = "does" if len(tau) == 1 else "do"
    return (
        f"as {listed(map(quoted, tau))} {do} not say of which state: give tau_AP and tau_P, one "
        "per state, or if it is the relaxation time of both, call it tau_relax, with P(AP) beside "
        "it where that is known"
    )


def _are(words: Sequence[str]) -> str:
    return "is" if len(words) == 1 else "are"


def observable_of(dataset: "xr.Dataset") -> str | None:
    """Return which quantity shows the state of the device in a trace, a scan or a loop.

    Returns
    -------
    str or None
        The resistance if there is one, or one over R_P; else, in a data set with times, a voltage
        or a current that changes while nothing else shows the state, or a signal; without times, a
        voltage or a current against a field; None if there is none.
    """
    names = {str(name) for name in dataset.variables}
    for name in ("resistance", "relative_resistance"):
        if name in names:
            return name
    if {"probability", "high", "dwell_time_high"} & names:
        return None
    if "time" not in names:
        # Nothing but a voltage or a current can answer a field.
        if not set(FIELDS) & names or set(SIGNALS) & names:
            return None
        changing = [n for n in _BIASES if n in names and np.ptp(np.asarray(dataset[n].values)) > 0]
        return changing[0] if len(changing) == 1 else None
    for name in OBSERVABLES[2:]:
        if name in names and bool(np.ptp(np.asarray(dataset[name].values)) > 0):
            return name
    return None


def is_spectrum(dataset: "xr.Dataset") -> bool:
    """Whether a data set has a frequency, a field, and one of :data:`SIGNALS`.

    If it also has resistances, the frequency must change by :data:`SAME` or more: a single one is
    often that of the lock-in amplifier that measured R.
    """
    names = {str(name) for name in dataset.variables}
    if "frequency" not in names or not names & set(FIELDS) or not names & set(SIGNALS):
        return False
    frequency = np.asarray(dataset["frequency"].values, dtype=np.float64)
    return "resistance" not in names or bool(np.ptp(frequency) > SAME * frequency.max())


def _is_turned(dataset: "xr.Dataset") -> bool:
    """Whether the angle of the field changes by more than it scatters."""
    return "angle" in dataset.variables and bool(np.ptp(dataset["angle"].values) > 0.1)


def field_direction_stated(dataset: "xr.Dataset") -> bool:
    """Whether the direction of the field is known, not assumed.

    False if a field comes from a column such as ``"H [Oe]"`` or ``"Field(G)"`` whose header has no
    direction, unless the user named the column.  True for data sets of the lab, of NetCDF files,
    and without a field.
    """
    return all(direction_stated(dataset, name) for name in FIELDS if name in dataset.variables)


def direction_stated(dataset: "xr.Dataset", name: str) -> bool:
    """As :func:`field_direction_stated`, for one of :data:`FIELDS`."""
    encoding = dataset[name].encoding
    bare = split_header(str(encoding.get("header", name)))[0]
    return bool(encoding.get("asked_for")) or not has_no_direction(bare)


def direction_needed(dataset: "xr.Dataset", name: str) -> str:
    """Return a remark on a field of unknown direction, with the option that states it."""
    header = str(dataset[name].encoding.get("header", name))
    column = split_header(header)[0]
    option = f'columns= (--column "field_out_of_plane={column}")'
    if not dataset[name].ndim:
        pattern = dataset[name].encoding.get("pattern")
        option = f'from_name= (--from-name "{pattern}")' if pattern else "the file, e.g. as H_perp"
    return (
        f"the direction of the field {quoted(header)} is not stated, which the fit and a card of "
        "behaviour do not need; a card with physics is changed only if it is called "
        f"field_out_of_plane or field_in_plane by {option}"
    )


def groups(dataset: "xr.Dataset") -> list[tuple[dict[str, float], "xr.Dataset"]]:
    """Split a data set into readings under the same conditions.

    Returns
    -------
    list
        Conditions and readings, in the order in which the conditions first occur.  Conditions are
        the known :data:`CONDITIONS` as SI floats by name, without :func:`measured_bias`.  Readings
        are a data set of dimension ``reading`` in the order in which they were taken, with the
        conditions and labels, which are never mixed either, as scalar coordinates.
    """
    constant = _condition_columns(dataset)
    codes = condition_codes(constant, readings_in(dataset))
    names = [name for name in column_names(dataset) if name not in constant]
    columns = long_columns(dataset, names)
    found = []
    # A single group needs no copy of its readings, which may be many.
    every: list[Any] = positions(codes) if codes.any() else [slice(None)]
    for readings in every:
        shared = {name: values[readings][0] for name, values in constant.items()}
        part = part_of(dataset, {n: values[readings] for n, values in columns.items()}, shared)
        conditions = {name: float(value) for name, value in shared.items() if name in CONDITIONS}
        found.append((conditions, part))
    return found


def part_of(
    dataset: "xr.Dataset", columns: Mapping[str, Array], shared: Mapping[str, Any]
) -> "xr.Dataset":
    """Return some readings of a data set as a data set.

    ``columns`` are values by name, shape (readings,); ``shared`` are those that are the same for
    all readings and become scalar coordinates.
    """
    import xarray as xr

    # Without the fast path xarray imports Dask where it is installed, which takes long.
    part = xr.Dataset(
        {name: xr.Variable(READING, v, fastpath=True) for name, v in columns.items()},
        coords={name: xr.Variable((), np.asarray(v), fastpath=True) for name, v in shared.items()},
        attrs=dataset.attrs,
    )
    for name in part.variables:
        part[name].attrs = dataset[name].attrs
        for key in {"header", "asked_for", "pattern"} & set(dataset[name].encoding):
            part[name].encoding[key] = dataset[name].encoding[key]
    if "source" in dataset.encoding:
        part.encoding["source"] = dataset.encoding["source"]
    return part


def condition_codes(
    columns: Mapping[str, Array], readings: int, resolution: float = _RESOLUTION
) -> Codes:
    """Number the combinations of values in columns, in the order in which they first occur.

    The columns and the codes, which count from 0, have shape (readings,); without columns,
    ``readings`` gives their number.  ``resolution`` is the smallest difference between distinct
    neighbouring numbers, relative to the largest of their column; that of rounding by default.
    """
    import pandas as pd

    codes = np.zeros(readings, dtype=np.int64)
    for values in columns.values():
        own, distinct = pd.factorize(values)
        if distinct.dtype.kind == "f":
            order = np.argsort(distinct)
            steps = np.diff(distinct[order]) > resolution * np.abs(distinct).max()
            merged = np.empty(distinct.size, dtype=np.int64)
            merged[order] = np.concatenate([[0], np.cumsum(steps)])
            own = merged[own]
        # Renumbered after each column, so the product cannot overflow.
        codes = pd.factorize(codes * (own.max() + 1) + own)[0]
    return codes


def positions(codes: Codes) -> list[Codes]:
    """Return the positions of each code, in rising order."""
    return np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])


def measured_bias(dataset: "xr.Dataset") -> str | None:
    """Return which of voltage and current was measured, not set.

    Returns
    -------
    str or None
        ``"voltage"`` or ``"current"``, the one with more values, if both are given and differ in
        that.  Values that an instrument reads back may scatter by :data:`SAME`.
    """
    columns = long_columns(dataset, [name for name in _BIASES if name in dataset.variables])
    if len(columns) < len(_BIASES):
        return None
    different = {name: int(set_values(values).max()) for name, values in columns.items()}
    if len(set(different.values())) > 1:
        return max(different, key=different.__getitem__)
    # Both look set; noise is that of the one held, signal and noise those of the other.
    scatter = {name: float(v.std() / np.abs(v).max() or 0.0) for name, v in columns.items()}
    least, most = sorted(scatter, key=scatter.__getitem__)
    is_signal = max(different.values()) == 0 and scatter[most] > max(CLEAR * scatter[least], SAME)
    return most if is_signal else None


def swept_bias(dataset: "xr.Dataset") -> str | None:
    """Return which of voltage and current has several values, the one of more even steps if both
    have."""
    columns = long_columns(dataset, [name for name in _BIASES if name in dataset.variables])
    swept = {name: v for name, v in columns.items() if np.unique(v).size > 2}

    def unevenness(name: str) -> float:
        steps = np.abs(np.diff(swept[name]))
        return float(steps.std() / max(steps.mean(), 1e-300))

    return min(swept, key=unevenness) if swept else None


def ratio_bias(dataset: "xr.Dataset") -> float:
    """Return by which fraction noise of a current that is held lifts the mean of V/I.

    To second order <V/I> is <V>/<I> times 1 + <x²> - <xy> of the relative fluctuations x of the
    current and y of the voltage, which are equal where the current itself fluctuates.  0 if the
    current is not held, or the fraction is too small to matter.
    """
    if measured_bias(dataset) != "voltage" or dataset["current"].dims != dataset["voltage"].dims:
        return 0.0
    held, read = dataset["current"].values.ravel(), dataset["voltage"].values.ravel()
    medians = _medians(held, set_values(held))
    if held.size < MIN_NOISY or not medians.all():
        return 0.0
    # From reading to reading the device hardly ever switches.
    x, y = np.diff(held / medians), np.diff(read / np.abs(read).mean()) * np.sign(medians[1:])
    found = float((x * x).mean() - (x * y).mean()) / 2
    error = float((x * x).std() + (x * y).std()) / 2 / math.sqrt(x.size)
    return found if found > max(MIN_BIAS, CLEAR * error) else 0.0


def _medians(values: Array, codes: Codes) -> Array:
    """Return the median of all readings of the same set value."""
    import pandas as pd

    return np.asarray(pd.Series(values).groupby(codes).transform("median").to_numpy())


def _condition_columns(dataset: "xr.Dataset") -> dict[str, Array]:
    """Conditions and labels of each reading, by name."""

    shown = observable_of(dataset)
    names = [n for n in (*CONDITIONS, *LABELS) if n in dataset.variables and n != shown]
    columns = long_columns(dataset, names)
    measured = measured_bias(dataset) if shown not in _BIASES else None
    if measured is not None:
        del columns[measured]
        (held,) = set(_BIASES) - {measured}
        columns[held] = _medians(columns[held], set_values(columns[held]))
    # As a gaussmeter or a thermometer reads back what was set, be it nothing.
    for name, least in (*((name, LEAST_FIELD) for name in FIELDS), ("temperature", 0.0)):
        if name in columns:
            columns[name] = _held(columns[name], least)
    return columns


def settled(rows: "pd.DataFrame") -> "pd.DataFrame":
    """Return a table in which each condition that was held has one value.

    What an instrument reads back with noise is replaced by its median, and of voltage and current,
    where both change, the one of less even steps was measured and is left out.
    """
    found = rows.copy()
    if set(_BIASES) <= set(found) and all(found[name].nunique() > 2 for name in _BIASES):
        steps = {name: np.abs(np.diff(np.unique(found[name]))) for name in _BIASES}
        uneven = {name: float(s.std() / max(s.mean(), 1e-300)) for name, s in steps.items()}
        del found[max(uneven, key=uneven.__getitem__)]
    varied = [name for name in CONDITIONS if name in found and found[name].nunique() > 1]
    for name in varied if len(varied) > 1 else ():
        values = found[name].to_numpy()
        size = max(float(np.abs(values).max()), LEAST_FIELD if name in FIELDS else 0.0)
        # Of noise, unlike of a sweep, successive values differ as any two do.
        is_noise = float((np.diff(values) ** 2).mean()) > float(values.var())
        distinct = 2 * found[name].nunique() > len(found)
        if distinct and is_noise and np.ptp(values) <= COARSER * size:
            found[name] = float(np.median(values))
    return found


def set_values(values: Array) -> Codes:
    """Number the values to which an instrument was set, given those that it reads back.

    Values that were set lie in groups, each of which is narrow or scatters like noise from reading
    to reading; those of a sweep fill a range in order.
    """
    found = next(_groupings(values, float(np.abs(values).max())), None)
    return condition_codes({"": values}, values.size) if found is None else found


def _held(values: Array, least: float) -> Array:
    """Return the set value of a condition for each reading.

    As :func:`set_values`, but readings that alternate between groups, or few that lie apart, belong
    to one of them.  ``least`` is the smallest size against which noise is small.
    """
    if values.size < MIN_NOISY or (values == values[0]).all():
        return values
    found = list(_groupings(values, max(float(np.abs(values).max()), least)))
    if not found:
        return values
    for number, codes in enumerate(found):
        sizes, changes = np.bincount(codes), np.count_nonzero(np.diff(codes))
        is_settled = sizes.min() >= MIN_READINGS and changes < values.size / MIN_READINGS
        # A few exact values, however they alternate, were set.
        if is_settled and (number == 0 or np.unique(values).size > 2 * sizes.size):
            return _medians(values, codes)
    return _medians(values, found[0])


def _groupings(values: Array, size: float) -> Iterator[Codes]:
    """Yield numbers of groups that are narrow or noise against ``size``, the finest first."""
    import pandas as pd

    relative = size / max(float(np.abs(values).max()), 1e-300)
    for resolution in (SAME, COARSER):
        codes = condition_codes({"": values}, values.size, resolution * relative)
        alike = pd.Series(values).groupby(codes)
        wide = np.flatnonzero((alike.max() - alike.min()).to_numpy() > SAME * size)
        if wide.size and _is_noise(values, size):
            yield np.zeros(values.size, dtype=np.int64)
        elif all(_is_noise(values[codes == code], size) for code in wide):
            yield codes


def _is_noise(some: Array, size: float) -> bool:
    """Whether readings scatter about one value as white noise does, little against ``size``."""
    variance = float(some.var())
    if some.size < MIN_NOISY or variance > (MAX_READBACK_NOISE * size) ** 2:
        return False
    # Successive differences have twice the variance of white noise, but little of that of a sweep.
    return float((np.diff(some) ** 2).mean()) > variance
