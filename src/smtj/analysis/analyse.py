"""What kind of data there are, and so what can be found in them."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from smtj.analysis.context import Setting, with_conditions
from smtj.analysis.finding import Part, unchanged
from smtj.analysis.resonance.anisotropy import kittel_parts
from smtj.analysis.resonance.device import at_voltages
from smtj.analysis.resonance.film import film_part
from smtj.analysis.resonance.lines import lines_of, lines_part
from smtj.analysis.switching.arrhenius import MIN_TEMPERATURES, arrhenius_part
from smtj.analysis.switching.bias import MIN_VOLTAGES, bias_part
from smtj.analysis.switching.loop import loop_part
from smtj.analysis.switching.probability import curve_parts
from smtj.analysis.switching.scan import ScanResult, scan_of, scan_part
from smtj.analysis.switching.trace import TraceResult, trace_of, trace_part
from smtj.errors import SmtjError
from smtj.measurement import field_direction_stated, groups, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr

MIN_FIELDS = 3


def analyse(
    datasets: "list[xr.Dataset]",
    setting: Setting,
    progress: "Callable[[int, int], None] | None" = None,
) -> list[Part]:
    """Find out all that data sets of one device say together.

    Traces at several fields make a scan and give P(high | H); scans at several voltages give
    w(V); traces at several temperatures an Arrhenius plot; loops in both directions are fitted
    together; tables of probabilities one by one.

    Parameters
    ----------
    datasets
        Of any kind, measured or virtual.
    setting
        The card, what the data are called, and what the files do not say.
    progress
        Told how many traces are fitted, and how many there are.

    Returns
    -------
    list of Part
        In the order in which they should be written into a card.

    Raises
    ------
    SmtjError
        The data are not what they should be; the message names what is wrong with them.
    """
    datasets = [with_conditions(dataset, setting) for dataset in datasets]
    kinds = [kind_of(dataset) for dataset in datasets]
    readings = [d for d, kind in zip(datasets, kinds, strict=True) if kind in ("trace", "scan")]
    loops = [d for d, kind in zip(datasets, kinds, strict=True) if kind == "loop"]
    curves = [d for d, kind in zip(datasets, kinds, strict=True) if kind == "probability"]
    spectra = [d for d, kind in zip(datasets, kinds, strict=True) if kind == "spectrum"]
    parts = [loop_part(loops, setting)] if loops else []
    if spectra:
        parts += _of_spectra(spectra, setting, progress)
    if readings:
        parts += _of_traces(readings, setting, progress)
    for curve in curves:
        parts += curve_parts(curve, setting)
    return parts


def _of_spectra(
    datasets: "list[xr.Dataset]",
    setting: Setting,
    progress: "Callable[[int, int], None] | None",
) -> list[Part]:
    lines = lines_of(datasets, setting, progress)
    first = lines_part(lines, setting)
    biased = "voltage" in setting.conditions or any(
        {"voltage", "card"} & {*map(str, d.variables), *map(str, d.attrs)} for d in datasets
    )
    if not biased:
        stated = all(field_direction_stated(dataset) for dataset in datasets)
        return [first, film_part(lines, stated, setting)]
    return [first, *kittel_parts(at_voltages(lines, setting), setting)]


def _of_traces(
    datasets: "list[xr.Dataset]",
    setting: Setting,
    progress: "Callable[[int, int], None] | None",
) -> list[Part]:
    found = [group for dataset in datasets for group in groups(dataset)]
    if len(found) == 1:
        return [trace_part(trace_of(*found[0], setting), setting)]
    traces = []
    for number, (known, readings) in enumerate(found):
        # How many switches a field needs is for the scan to say.
        traces.append(trace_of(known, readings, setting, min_switches=0))
        if progress is not None:
            progress(number + 1, len(found))
    scans = [
        scan_of(same, setting)
        for same in _alike(traces, ("voltage", "temperature"))
        if _different(same, "field_out_of_plane", "field_in_plane") >= MIN_FIELDS
    ]
    parts: list[Part] = []
    # A card has the numbers of zero bias; what a voltage changes is for w(V) to say.
    for number, scan in enumerate(sorted(scans, key=lambda scan: abs(scan.voltage))):
        part = scan_part(scan, setting)
        parts.append(part if number == 0 else replace(part, onto=unchanged))
    parts += _bias_parts(scans, setting)
    parts += [
        arrhenius_part(same, setting)
        for same in _alike(traces, ("voltage", "field_out_of_plane", "field_in_plane"))
        if _different(same, "temperature") >= MIN_TEMPERATURES
    ]
    if not parts:
        raise SmtjError(
            f"{setting.source}: {len(found)} traces under different conditions make neither a scan "
            f"of {MIN_FIELDS} fields nor an Arrhenius plot of {MIN_TEMPERATURES} "
            "temperatures; fit them one by one"
        )
    return parts


def _bias_parts(scans: list[ScanResult], setting: Setting) -> list[Part]:
    by_temperature: dict[float, list[ScanResult]] = {}
    for scan in scans:
        if scan.along == "field_out_of_plane":
            by_temperature.setdefault(scan.temperature, []).append(scan)
    return [
        bias_part(same, setting) for same in by_temperature.values() if len(same) >= MIN_VOLTAGES
    ]


def _alike(traces: list[TraceResult], names: tuple[str, ...]) -> list[list[TraceResult]]:
    """Group traces whose conditions of these names are the same."""
    found: dict[tuple[float, ...], list[TraceResult]] = {}
    for trace in traces:
        # At a constant current each trace has a voltage of its own.
        conditions = trace.conditions
        key = tuple(
            0.0 if name == "voltage" and conditions.at_current else getattr(conditions, name)
            for name in names
        )
        found.setdefault(key, []).append(trace)
    return list(found.values())


def _different(traces: list[TraceResult], *names: str) -> int:
    values = [[getattr(trace.conditions, name) for name in names] for trace in traces]
    return len(np.unique(np.array(values), axis=0))
