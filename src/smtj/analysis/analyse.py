"""Fit whatever the data are: the kind of each data set decides which room fits it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, overload

import numpy as np

from smtj.analysis.context import Context, with_conditions
from smtj.analysis.formatting import file_remarks, source_name
from smtj.analysis.result import FitResult, combined
from smtj.card import CardLike, DeviceCard, as_card, as_device, shipped_cards
from smtj.errors import DataError, SmtjError
from smtj.measurement import (
    as_dataset,
    field_direction_stated,
    files_in,
    groups,
    kind_of,
    left_out,
    load_tables,
    select,
    table,
)
from smtj.measurement.conditions import direction_needed, direction_stated, settled
from smtj.measurement.format.messages import listed
from smtj.measurement.format.schema import FIELDS
from smtj.measurement.selection import Chosen
from smtj.measurement.stated import check_names

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from numpy.typing import ArrayLike

    from smtj.analysis.switching.observed import Observed
    from smtj.analysis.switching.trace import FittedTrace

    Data: TypeAlias = str | Path | pd.DataFrame | xr.Dataset | Mapping[str, ArrayLike]
    Several: TypeAlias = (
        list[str]
        | list[Path]
        | list[pd.DataFrame]
        | list[xr.Dataset]
        | list[Data]
        | tuple[Data, ...]
    )

Progress: TypeAlias = Callable[[int, int], None]

BASE = "cai2019"
"""Card that results are written onto where no other is named."""
MIN_FIELDS = 3
"""Traces at so many fields or more make a scan."""


@overload
def load(
    data: "Data", columns: Mapping[str, str] | None = None, **options: Any
) -> "xr.Dataset": ...
@overload
def load(
    data: "Several", columns: Mapping[str, str] | None = None, **options: Any
) -> "list[xr.Dataset]": ...
def load(
    data: "Data | Several", columns: Mapping[str, str] | None = None, **options: Any
) -> "xr.Dataset | list[xr.Dataset]":
    """Read measured data.

    Parameters
    ----------
    data
        The path of a file, a pandas DataFrame or a dict of arrays with headers as in a file, an
        xarray.Dataset, which is returned unchanged, or a list of these.
    columns
        Headers by quantity, where they differ from what smtj expects, as in
        :func:`smtj.measurement.load`: ``{"resistance": "R_meas [kohm]"}``.
    **options
        Of files, as in :func:`smtj.measurement.load`: ``skip_rows``, ``sheet``, ``ignore``,
        ``reads``, ``interval``, ``from_name``, ``progress``.

    Returns
    -------
    xarray.Dataset or list of xarray.Dataset
        SI values with a ``units`` attribute each; a list for a list.

    Raises
    ------
    DataError
        A file is missing, or a header, a unit or a value is wrong.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"time [ms]": [0, 120, 240], "resistance [kohm]": [1.1, 1.2, 1.1]})
    >>> load(frame).resistance.values
    array([1100., 1200., 1100.])
    """
    if isinstance(data, list | tuple):
        return [as_dataset(one, columns, **options) for one in data]
    return as_dataset(data, columns, **options)


def fit(
    data: "Data | Several",
    base: CardLike | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    only: Mapping[str, Chosen] | None = None,
    integration_time: float | None = None,
    bandwidth: float | None = None,
    field_out_of_plane: float | None = None,
    field_in_plane: float | None = None,
    frequency: float | None = None,
    voltage: float | None = None,
    current: float | None = None,
    temperature: float | None = None,
    source: str | None = None,
    progress: Progress | None = None,
) -> FitResult:
    """Fit measured or virtual data of one device.

    Traces at several fields make a scan and give P(high | H); scans at several voltages give
    w(V); traces, dwell times or counts at several voltages or currents what the bias does; traces
    at several temperatures an Arrhenius plot; loops in both directions are fitted together, and
    those against a voltage or a current one by one; tables of probabilities, too; spectra give
    anisotropy fields and damping.

    Parameters
    ----------
    data
        A path, of a file, of a folder of them or a pattern (``"RTN_*.csv"``), a pandas DataFrame,
        a dict of arrays, an xarray.Dataset, or a list of these; :func:`load` takes the options for
        reading a file.
    base
        The device's card, or its name or path, for what the data do not determine; default: the
        card that virtual data name.  Without one, nothing is taken from a card: what needs one is
        left out with the reason, and loops are fitted without a model.
    columns
        As in :func:`load`.
    only
        Fit the readings alone at which quantities, in SI, or labels have these values, as one
        branch of a file of several: ``{"voltage": 0.8}`` or ``{"branch": "P->AP"}``; or lie within
        these ends, as a stretch of a record: ``{"time": (2.0, 30.0)}``.
    integration_time
        Time over which a reading averages, in s; default: that of the file, or else of ``base``,
        or else it is fitted where the readings show one.
    bandwidth
        Of the readout, in Hz, as a single pole; by default fitted where the readings show one.
    field_out_of_plane, field_in_plane, frequency, voltage, current, temperature
        SI values of what the data do not state; default: no field, and the voltage and
        temperature of ``base``, or else unknown.
    source
        Name of the data on cards and in messages; default: the names of the files.
    progress
        Called with (done, total).

    Returns
    -------
    FitResult
        With parts if several things were found.

    Raises
    ------
    SmtjError
        The data cannot be read or fitted; the message names the reason.

    Examples
    --------
    >>> import smtj
    >>> data = smtj.lab.trace("cai2019", 1000, instrument=smtj.lab.Instrument(noise=5.0))
    >>> sorted(fit(data))
    ['E_b/k_BT', 'P', 'R_high', 'R_low', 'τ_high', 'τ_low']
    """
    every: list[Data] = []
    sources = data if isinstance(data, list | tuple) else [data]
    for one in sources:
        every += files_in([one]) if isinstance(one, str | Path) else [one]
    datasets = [
        table
        for one in every
        for table in (
            load_tables(one, columns) if isinstance(one, str | Path) else [load(one, columns)]
        )
    ]
    if not datasets:
        raise SmtjError("there is nothing to fit: the list of data is empty")
    if only:
        datasets = select(datasets, only)
    given = {
        "field_out_of_plane": field_out_of_plane,
        "field_in_plane": field_in_plane,
        "frequency": frequency,
        "voltage": voltage,
        "current": current,
        "temperature": temperature,
    }
    check_names(datasets, [name for name, value in given.items() if value is not None])
    base = _named(datasets) if base is None else base
    if base is not None and not isinstance(as_card(base), DeviceCard):
        raise SmtjError(
            f"the base card {as_card(base).name} holds measured behaviour only, of which a fit can "
            "take nothing; fit without a base, or onto a card with the physics of the device"
        )
    context = Context(
        card=as_device(BASE if base is None else base),
        has_base=base is not None,
        source=source or source_name(datasets),
        integration_time=integration_time,
        bandwidth=bandwidth,
        conditions={name: value for name, value in given.items() if value is not None},
    )
    try:
        results = _fit_all(datasets, context, progress)
    except DataError:
        raise  # names its file
    except SmtjError as error:
        raise SmtjError(f"{context.source}: {error}") from None
    others = left_out(path for path in sources if isinstance(path, str | Path))
    remarks = [f"not read: {listed(others)}"] if others else []
    return combined(results, [*file_remarks(datasets), *remarks])


def _named(datasets: "Sequence[xr.Dataset]") -> str | None:
    """Return the shipped card that all of these virtual data name."""
    names = {str(dataset.attrs.get("card", "")) for dataset in datasets}
    return names.pop() if len(names) == 1 and names <= set(shipped_cards()) else None


def _fit_all(
    datasets: "Sequence[xr.Dataset]", context: Context, progress: Progress | None
) -> list[FitResult]:
    """Return results in the order in which they belong on a card.

    Each room is imported only if there are data for it.
    """
    from smtj.analysis.switching.observed import as_resistance, in_own_unit

    by_kind: dict[str, list[xr.Dataset]] = {}
    traces: dict[Observed | None, list[xr.Dataset]] = {}
    without_times: list[xr.Dataset] = []
    loops: dict[Observed | None, list[xr.Dataset]] = {}
    for dataset in datasets:
        dataset = with_conditions(dataset, context)
        kind = kind_of(dataset)
        if kind == "scan" and "time" not in dataset.variables:
            without_times.append(as_resistance(dataset, context)[0])
            continue
        if kind in ("trace", "scan", "loop"):
            dataset, observed = as_resistance(dataset, context)
            (loops if kind == "loop" else traces).setdefault(observed, []).append(dataset)
        else:
            by_kind.setdefault(kind, []).append(dataset)
    results: list[FitResult] = []
    for observed, swept in loops.items():
        from smtj.analysis.switching.loop import loop_results

        fitted = loop_results(swept, context)
        results += fitted if observed is None else [in_own_unit(r, observed) for r in fitted]
    for turned in by_kind.get("angle", ()):
        from smtj.analysis.switching.loop import angle_result

        results.append(angle_result(turned, context))
    for driven in by_kind.get("bias_loop", ()):
        from smtj.analysis.switching.bias_loop import bias_loop_result

        results.append(bias_loop_result(driven, context))
    if spectra := by_kind.get("spectrum"):
        results += _fit_spectra(spectra, context, progress)
    for observed, readings in traces.items():
        fitted = _fit_readings(readings, context, progress)
        results += fitted if observed is None else [in_own_unit(r, observed) for r in fitted]
    for times in by_kind.get("dwell", ()):
        results += _fit_dwell_times(times, context)
    for curve in by_kind.get("probability", ()):
        from smtj.analysis.switching.probability import probability_results

        results += probability_results(curve, context)
    for scan in without_times:
        from smtj.analysis.switching.probability import probability_results
        from smtj.analysis.switching.untimed import counted

        counts, said = counted(scan)
        found = probability_results(counts, context)
        results += [replace(one, remarks=(said, *one.remarks)) for one in found]
    return results


def _fit_dwell_times(dataset: "xr.Dataset", context: Context) -> list[FitResult]:
    """Fit a table of dwell times against one drive, or what a bias does under any conditions."""
    from smtj.analysis.switching.bias_effects import biases_in, effects_of_table
    from smtj.analysis.switching.dwell import FittedDrive, table_result, varied_in

    rows = settled(table(dataset))
    results = []
    if biases_in(rows) is None or len(varied_in(rows)) == 1:
        results.append(table_result(dataset, context))
    times = None
    if "dwell_time_high" not in rows:
        if not isinstance(results[0].fit, FittedDrive):
            return results  # of a relaxation time, which does not say what either state does
        times = results[0].fit
    if biases_in(rows) is not None:
        try:
            results.append(effects_of_table(rows, dataset, context, times))
        except SmtjError as reason:
            if not results:
                raise
            results[0] = _without_effects(results[0], reason)
    return results


def _without_effects(result: FitResult, reason: SmtjError) -> FitResult:
    remark = f"what the bias does was not fitted: {reason}"
    return replace(result, remarks=(*result.remarks, remark))


def _fit_spectra(
    datasets: "list[xr.Dataset]", context: Context, progress: Progress | None
) -> list[FitResult]:
    from smtj.analysis.resonance.anisotropy import device_results
    from smtj.analysis.resonance.device import at_voltages
    from smtj.analysis.resonance.film import TAKEN_FOR_FILM, film_result
    from smtj.analysis.resonance.lines import lines_of, lines_result

    lines = lines_of(datasets, context, progress)
    first = lines_result(lines, context)
    biased = "voltage" in context.conditions or any(
        {"voltage", "card"} & {*map(str, d.variables), *map(str, d.attrs)} for d in datasets
    )
    stated = all(field_direction_stated(dataset) for dataset in datasets)
    if not biased:
        if not lines.usable:
            raise SmtjError("none of the spectra shows a line that can be used")
        try:
            return [first, film_result(lines, stated, context)]
        except SmtjError as reason:
            said = (f"the lines are not fitted together: {reason}", TAKEN_FOR_FILM)
            return [replace(first, remarks=(*first.remarks, *said))]
    return [first, *device_results(at_voltages(lines, context, stated), context)]


def _fit_readings(
    datasets: "list[xr.Dataset]", context: Context, progress: Progress | None
) -> list[FitResult]:
    """Fit a single trace, or scans and Arrhenius plots of several."""
    from smtj.analysis.switching.arrhenius import MIN_TEMPERATURES, arrhenius_result
    from smtj.analysis.switching.bias import MIN_VOLTAGES, bias_result
    from smtj.analysis.switching.scan import FittedScan, fit_traces, scan_result
    from smtj.analysis.switching.separate import separate_results
    from smtj.analysis.switching.trace import fit_readings, trace_result

    found = [group for dataset in datasets for group in groups(dataset)]
    if len(found) == 1:
        return [trace_result(*found[0], context, progress)]
    traces = []
    for number, (known, readings) in enumerate(found):
        # The scan decides how many switches a field needs.
        traces.append(fit_readings(known, readings, context))
        if progress is not None:
            progress(number + 1, len(found))
    scans = [
        fit_traces(alike, context)
        for alike in _alike(traces, "voltage", "temperature")
        if _distinct(alike, "field_out_of_plane", "field_in_plane") >= MIN_FIELDS
    ]
    # A card has the numbers of zero bias; w(V) says what a voltage changes.
    results = [scan_result(scan, context) for scan in sorted(scans, key=lambda s: abs(s.voltage))]
    results[1:] = [replace(result, update=None, behaviour=None) for result in results[1:]]
    results = [_with_direction(result, datasets) for result in results]
    by_temperature: dict[float, list[FittedScan]] = {}
    for scan in scans:
        if scan.along == "field_out_of_plane":
            by_temperature.setdefault(scan.temperature, []).append(scan)
    results += [
        bias_result(alike, context)
        for alike in by_temperature.values()
        if len(alike) >= MIN_VOLTAGES
    ]
    against_temperature = [
        arrhenius_result(alike, context)
        for alike in _alike(traces, "voltage", "field_out_of_plane", "field_in_plane")
        if _distinct(alike, "temperature") >= MIN_TEMPERATURES
    ]
    if scans or len(against_temperature) > 1:
        # A card of measured behaviour has one response, or one place with its τ(T).
        against_temperature = [replace(one, behaviour=None) for one in against_temperature]
    results += against_temperature
    results = results or separate_results(found, traces, context)
    if scans and not context.has_drives:
        return results  # w(V) says what the voltage does
    # Imported here as it brings the stiffness of wells, which few fits need.
    from smtj.analysis.switching.bias_effects import effects_of_traces

    try:
        return results + effects_of_traces(traces, [known for known, _ in found], context)
    except SmtjError as reason:
        return [*results[:-1], _without_effects(results[-1], reason)]


def _with_direction(result: FitResult, datasets: "Sequence[xr.Dataset]") -> FitResult:
    """Keep a scan along a field of unknown direction off cards with physics, and say why."""
    for dataset in datasets:
        for name in FIELDS:
            if name in dataset.variables and not direction_stated(dataset, name):
                remarks = (*result.remarks, direction_needed(dataset, name))
                return replace(result, remarks=remarks, update=None)
    return result


def _alike(traces: "Iterable[FittedTrace]", *names: str) -> "list[list[FittedTrace]]":
    """Group traces with equal conditions of these names."""
    found: dict[tuple[float, ...], list[FittedTrace]] = {}
    for trace in traces:
        conditions = trace.conditions
        # At a constant current each trace has a voltage of its own.
        key = tuple(
            0.0 if name == "voltage" and conditions.at_current else getattr(conditions, name)
            for name in names
        )
        found.setdefault(key, []).append(trace)
    return list(found.values())


def _distinct(traces: "Iterable[FittedTrace]", *names: str) -> int:
    """Return how many different combinations of these conditions there are."""
    values = [[getattr(trace.conditions, name) for name in names] for trace in traces]
    return len(np.unique(np.array(values), axis=0))
