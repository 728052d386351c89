"""What a behavioural card holds of a trace, a scan, scans at several voltages, or a table of P.

Dwell times of a scan follow ln τ_high,low = ln τ ± u/2 + a u + c u², u = w (x - x_s).  As their
difference is that of the sigmoid, their mean decides ln τ, a and c, of which a and c are kept only
where the data need them.  Levels are straight lines in the drive, level where no slope is seen.
"""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from smtj.analysis.card_check import Measurement, Symbol
from smtj.analysis.card_update import Measured
from smtj.card import Value
from smtj.inference.stats.estimate import Estimate
from smtj.typing import Floats
from smtj.units import format_quantity

if TYPE_CHECKING:
    from smtj.analysis.context import OperatingConditions
    from smtj.analysis.switching.bias import ScansAtVoltages
    from smtj.analysis.switching.probability import FittedCurve
    from smtj.analysis.switching.scan import FittedScan
    from smtj.analysis.switching.trace import FittedTrace

Entries = dict[str, Value | str]
"""Values of a behavioural card by dotted name."""

ASSUMED_TEMPERATURE = Value(300.0, "assumed", "not in the data; nothing here depends on it")
"""On a card if the data state no temperature."""
SEEN = 3.0
"""Standard errors above which a gradient of a level, a or c is kept."""
SYMMETRIC = 0.05
"""Distance of the middle of a range from zero, over the whole of it, at which both signs count as
applied alike."""
SECTIONS = {
    "field_out_of_plane": "field_response",
    "field_in_plane": "field_response",
    "voltage": "voltage_response",
    "current": "current_response",
}
"""The response that a swept quantity gives."""
BENDING = ("voltage_response", "current_response")
"""Those along which a level may bend."""
UNITS = {
    "field_out_of_plane": ("A/m", "Oe"),
    "field_in_plane": ("A/m", "Oe"),
    "voltage": ("V", "mV"),
    "current": ("A", "uA"),
}
"""SI and display unit of a swept quantity."""


def trace_behaviour(trace: "FittedTrace", source: str) -> Entries:
    """Levels, noise and dwell times of a trace, and how it was taken."""
    fit = trace.fit
    errors = np.sqrt(np.diag(fit.log_covariance))
    return {
        **levels_on_card({state: trace.level(state) for state in ("high", "low")}, source),
        **noise_on_card([trace], source),
        **{
            f"behaviour.dwell_time_{state}": _measured(tau, tau * error, source)
            for state, tau, error in zip(
                ("high", "low"), (fit.dwell_high, fit.dwell_low), errors, strict=True
            )
        },
        **conditions_on_card(trace.conditions, "", source),
        **timing_on_card(trace, source),
    }


def trace_measured(trace: "FittedTrace") -> list[Measurement]:
    """Levels and dwell times of a trace."""
    return measured_of_trace(trace, "trace")


def scan_behaviour(scan: "FittedScan", source: str) -> Entries:
    """The sigmoid of a scan, the dwell times and levels at its middle, and how it was taken."""
    w, middle = scan.sigmoid.estimates
    entries = {
        **_response(scan.along, w, middle, scan.field, source),
        **direction_on_card(scan.along, scan.traces[0].conditions.direction_stated),
        **conditions_on_card(scan.traces[0].conditions, scan.along, source),
        **timing_on_card(scan.traces[0], source),
    }
    if scan.traces[0].conditions.at_current and "behaviour.read_voltage" in entries:
        entries["behaviour.read_voltage"] = Value(scan.voltage, "measured", source)
    if scan.shown:
        shown = [scan.traces[i] for i in scan.shown]
        entries |= levels_along(shown, scan.field[scan.shown], middle.value, scan.along, source)
        entries |= _dwell_law(scan, source)
    return entries


def scan_measured(scan: "FittedScan") -> list[Measurement]:
    """w and H_s of a scan, and levels and dwell times at each of its fields."""
    where = format_quantity(scan.voltage, "V", "mV", 4)
    unknown = "voltage" in scan.traces[0].conditions.unknown
    found = []
    known = scan.traces[0].conditions.known()
    if "voltage" in known:
        known["voltage"] = scan.voltage
    for symbol, estimate in zip(_SIGMOID, scan.sigmoid.estimates, strict=True):
        text = "sigmoid" if unknown else f"sigmoid at {where}"
        found.append(Measurement(symbol, estimate.value, estimate.error, text, scan.along, known))
    for i in scan.shown:
        field = format_quantity(float(scan.field[i]), "A/m", "Oe", 4)
        found += measured_of_trace(scan.traces[i], field if unknown else f"{field}, {where}")
    return found


def bias_behaviour(fit: "ScansAtVoltages", source: str) -> Entries:
    """The scan at the smallest voltage, and what a voltage changes, as straight lines."""
    scans = sorted(fit.scans, key=lambda scan: abs(scan.voltage))
    first = scans[0]
    if first.along != "field_out_of_plane":
        return {}
    entries = scan_behaviour(first, source)
    voltage = np.array([scan.voltage for scan in scans]) - first.voltage
    sigmoids = [[measured_of(e) for e in scan.sigmoid.estimates] for scan in scans]
    for name, column in (("slope", 0), ("midpoint", 1)):
        rows = [row[column] for row in sigmoids]
        entries |= _line(f"field_response.{name}", voltage, rows, source, per_volt=True)
    times = [_log_time(scan) for scan in scans]
    if all(time is not None for time in times):
        known = [time for time in times if time is not None]
        slope, error = _straight(voltage, known)[1]
        entries["field_response.log_dwell_time_per_volt"] = _measured(slope, error, source)
    reach = max(abs(scan.voltage) for scan in scans)
    if reach > 0:
        entries["field_response.voltage_limit"] = Value(reach, "measured", source)
    return entries


def curve_behaviour(found: "FittedCurve", source: str) -> Entries:
    """The sigmoid of a table of probabilities."""
    w, middle = found.curve.sigmoid.estimates
    return {
        **_response(found.along, w, middle, found.x, source),
        **direction_on_card(found.along, found.conditions.direction_stated),
        **conditions_on_card(found.conditions, found.along, source),
    }


def curve_measured(found: "FittedCurve") -> list[Measurement]:
    """w and x_s of a table of probabilities, and every probability in it."""
    known = found.conditions.known()
    estimates = found.curve.sigmoid.estimates
    sigmoid = [
        Measurement(symbol, e.value, e.error, "sigmoid", found.along, known)
        for symbol, e in zip(_SIGMOID, estimates, strict=True)
    ]
    counts, (unit, shown) = found.curve.sigmoid.counts, UNITS[found.along]
    points = []
    for x, high, total in zip(found.x, counts.high, counts.total, strict=True):
        # Half a count more of each keeps the error of a point at 0 or 1 finite.
        p = (float(high) + 0.5) / (float(total) + 1)
        error = math.sqrt(p * (1 - p) / float(total))
        at = {**known, found.along: float(x)}
        where = format_quantity(float(x), unit, shown, 4)
        points.append(Measurement("P", float(high / total), error, where, found.along, at))
    return [*sigmoid, *points]


def measured_of(estimate: Estimate) -> Measured:
    """Return value and standard error of an estimate."""
    return Measured(estimate.value, estimate.error)


_SIGMOID: tuple[Symbol, Symbol] = ("w", "x_s")


def measured_of_trace(trace: "FittedTrace", where: str) -> list[Measurement]:
    """Levels and dwell times of a trace, under a condition in words."""
    fit, known = trace.fit, trace.conditions.known()
    levels = {"high": trace.level("high"), "low": trace.level("low")}
    errors = np.sqrt(np.diag(fit.log_covariance))
    symbols: tuple[tuple[Symbol, float, float], ...] = (
        ("R_high", *levels["high"]),
        ("R_low", *levels["low"]),
        ("τ_high", fit.dwell_high, float(errors[0])),
        ("τ_low", fit.dwell_low, float(errors[1])),
    )
    return [
        Measurement(symbol, value, error, where, conditions=known)
        for symbol, value, error in symbols
        if math.isfinite(value) and math.isfinite(error)
    ]


def _response(along: str, w: Estimate, middle: Estimate, drive: Floats, source: str) -> Entries:
    """Return the section of a response, whose drive is one of :data:`SECTIONS`."""
    section = SECTIONS[along]
    return {
        f"{section}.slope": _of_estimate(w, source),
        f"{section}.midpoint": _of_estimate(middle, source),
        **range_on_card(section, drive, source),
    }


def limit_on_card(section: str, drive: Floats, source: str) -> Entries:
    """Return the largest size of a drive, which was measured if it was applied with both signs."""
    low, high = float(drive.min()), float(drive.max())
    name, limit = f"{section}.limit", max(-low, high)
    if abs(low + high) <= SYMMETRIC * (high - low):
        return {name: Value(limit, "measured", f"range of {source}")}
    text = f"the larger end of the range of {source}, assumed for both signs"
    return {name: Value(limit, "derived", text)}


def range_on_card(section: str, drive: Floats, source: str) -> Entries:
    """Return the range in which a drive was applied."""
    text = f"range of {source}"
    return {
        **limit_on_card(section, drive, source),
        f"{section}.lowest": Value(float(drive.min()), "measured", text),
        f"{section}.highest": Value(float(drive.max()), "measured", text),
    }


def direction_on_card(along: str, stated: bool, section: str = "field_response") -> Entries:
    """Return the direction of a field that was swept; nothing for another drive."""
    if SECTIONS[along] != "field_response":
        return {}
    return {f"{section}.direction": along.removeprefix("field_") if stated else "unknown"}


def conditions_on_card(conditions: "OperatingConditions", along: str, source: str) -> Entries:
    """Return what was applied besides the drive ``along``."""
    entries: Entries = {"behaviour.temperature": ASSUMED_TEMPERATURE}
    names = {"voltage": "read_voltage"}
    for name, value in conditions.known().items():
        if name != along and name not in conditions.assumed:
            entries[f"behaviour.{names.get(name, name)}"] = Value(value, "measured", source)
    return entries


def timing_on_card(trace: "FittedTrace", source: str) -> Entries:
    """Time between readings, and over which one averages, of a trace."""
    interval, average = float(np.median(np.diff(trace.time))), trace.fit.integration_time
    instant = average == 0
    return {
        "behaviour.sampling_interval": Value(interval, "measured", source),
        "behaviour.integration_time": Value(
            average,
            "assumed" if instant else "measured",
            "each reading taken as an instant" if instant else source,
        ),
    }


def levels_on_card(levels: dict[str, Measured], source: str) -> Entries:
    """Resistances in ohm by ``"high"`` and ``"low"``."""
    return {
        f"behaviour.resistance_{state}": _measured(*level, source)
        for state, level in levels.items()
    }


def noise_on_card(traces: "list[FittedTrace]", source: str) -> Entries:
    """Return the rms noise of both states in ohm, over several traces."""
    entries: Entries = {}
    for place, state in ((-1, "high"), (0, "low")):
        found = [trace.levels[place].noise for trace in traces]
        sigma = math.sqrt(float(np.mean(np.square(found))))
        readings = sum(trace.time.size for trace in traces)
        entries[f"behaviour.noise_{state}"] = _measured(
            sigma, sigma / math.sqrt(2 * readings), source
        )
    return entries


def levels_along(
    traces: "list[FittedTrace]", drive: Floats, middle: float, along: str, source: str
) -> Entries:
    """Levels and noise of traces at several values of a drive, and how they were taken.

    Levels are straight lines in the drive, level where no slope is seen; along a voltage or a
    current, with which the TMR falls to both sides, they may bend.
    """
    entries = timing_on_card(traces[0], source)
    section = SECTIONS[along]
    # A trace that switches faster than it is read has an occupancy, and levels without an error.
    seen = [all(map(math.isfinite, (*t.level("high"), *t.level("low")))) for t in traces]
    traces = [trace for trace, ok in zip(traces, seen, strict=True) if ok]
    if not traces:
        return entries
    entries |= noise_on_card(traces, source)
    away = drive[np.array(seen)] - middle
    for state in ("high", "low"):
        rows = [trace.level(state) for trace in traces]
        level, gradient = _straight(away, rows)
        bent = _bent(away, rows) if section in BENDING else None
        if bent is not None:
            level, gradient, curvature = bent
            entries[f"{section}.{state}_gradient"] = _measured(*gradient, source)
            entries[f"{section}.{state}_curvature"] = _measured(*curvature, source)
        elif gradient[1] > 0 and abs(gradient[0]) > SEEN * gradient[1]:
            entries[f"{section}.{state}_gradient"] = _measured(*gradient, source)
        else:
            level = _straight(away, rows, 0)[0]
        entries[f"behaviour.resistance_{state}"] = _measured(*level, source)
    return entries


def _bent(x: Floats, rows: list[Measured]) -> list[tuple[float, float]] | None:
    """Return the coefficients of a parabola and their errors, None where no bend is seen."""
    if np.unique(x).size < 4:
        return None
    found, _ = _least_squares(x, rows, (0, 1, 2))
    return found if abs(found[2][0]) > SEEN * found[2][1] else None


def _dwell_law(scan: "FittedScan", source: str) -> Entries:
    fitted = _log_times(scan)
    if not fitted:
        return {}
    tau = math.exp(fitted[0].value)
    entries: Entries = {"behaviour.dwell_time": _measured(tau, tau * fitted[0].error, source)}
    for name, (value, error) in zip(
        ("dwell_asymmetry", "dwell_curvature"), fitted[1:], strict=True
    ):
        if value != 0:
            entries[f"behaviour.{name}"] = _measured(value, error, source)
    return entries


def _log_time(scan: "FittedScan") -> Measured | None:
    """Return ln τ at the middle of a scan; None if its dwell times are unknown."""
    found = _log_times(scan)
    return found[0] if found else None


def _log_times(scan: "FittedScan") -> list[Measured]:
    """Return ln τ at the middle of a scan, a and c; empty if its dwell times are unknown.

    Where ln τ has a slope, it is as uncertain as the middle at which it is taken.
    """
    found = _mean_log_times(scan)
    if not found:
        return []
    w, middle = scan.sigmoid.estimates
    u = w.value * (scan.field[[i for i, _ in found]] - middle.value)
    tau, a, c = (Measured(*one) for one in _best_polynomial(u, [mean for _, mean in found]))
    error = math.hypot(tau.error, a.value * w.value * middle.error)
    return [Measured(tau.value, error), a, c]


def log_time_along(traces: "list[FittedTrace]", drive: Floats, middle: Measured) -> Measured | None:
    """Return ln τ at the middle of traces along a drive, their mean ln τ being straight in it.

    None if no trace shows both dwell times.
    """
    means = [_mean_log_time(trace) for trace in traces]
    rows = [mean for mean in means if mean is not None]
    if not rows:
        return None
    away = drive[[mean is not None for mean in means]] - middle.value
    level, slope = _straight(away, rows)
    return Measured(level[0], math.hypot(level[1], slope[0] * middle.error))


def _mean_log_times(scan: "FittedScan") -> list[tuple[int, Measured]]:
    """Return ½ ln(τ_high τ_low) with its error, by number of the field."""
    means = ((i, _mean_log_time(scan.traces[i])) for i in scan.shown)
    return [(i, mean) for i, mean in means if mean is not None]


def _mean_log_time(trace: "FittedTrace") -> Measured | None:
    """Return ½ ln(τ_high τ_low) of a trace; None if it is unknown.

    Dwells too short to be seen make the errors of both dwell times alike.
    """
    variance = float(trace.fit.log_covariance.sum()) / 4
    if not (_shows_dwell_times(trace) and math.isfinite(variance) and variance > 0):
        return None
    mean = (math.log(trace.fit.dwell_high) + math.log(trace.fit.dwell_low)) / 2
    return Measured(mean, math.sqrt(variance))


def _shows_dwell_times(trace: "FittedTrace") -> bool:
    """Whether both dwell times are known, and at least half the time between readings.

    Shorter ones are seen so seldom that an error on their logarithm does not describe them.
    """
    interval = float(np.median(np.diff(trace.time)))
    times = trace.fit.dwell_high, trace.fit.dwell_low
    return all(math.isfinite(tau) and tau >= interval / 2 for tau in times)


def _best_polynomial(u: Floats, rows: list[Measured]) -> list[tuple[float, float]]:
    """Return ln τ, a and c with their errors; a and c are (0, 0) unless :data:`SEEN` apart from 0.

    A term must lower χ² by the square of that, in units of the scatter about the fullest law.
    """
    laws = [
        (powers, *_least_squares(u, rows, powers))
        for powers in ((0,), (0, 1), (0, 2), (0, 1, 2))
        if len(powers) == 1 or len(rows) >= len(powers) + 2
    ]
    powers, _, chi_squared = laws[-1]
    unit = max(1.0, chi_squared / max(len(rows) - len(powers), 1))
    powers, coefficients, _ = min(laws, key=lambda law: law[2] / unit + SEEN**2 * len(law[0]))
    by_power = dict(zip(powers, coefficients, strict=True))
    return [by_power.get(power, (0.0, 0.0)) for power in range(3)]


def _straight(
    x: Floats, rows: Iterable[Measured], degree: int = 1
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return value at 0 and slope of a straight line, each with its error; a slope of 0 ± 0 where
    there are too few points for one."""
    every = list(rows)
    powers = (0, 1) if degree and len(every) > 2 and np.ptp(x) > 0 else (0,)
    found, _ = _least_squares(x, every, powers)
    return found[0], found[1] if len(found) > 1 else (0.0, 0.0)


def _least_squares(
    x: Floats, rows: list[Measured], powers: tuple[int, ...]
) -> tuple[list[tuple[float, float]], float]:
    """Fit powers of x by weighted least squares; return (value, error) of each, and χ².

    Errors grow with √(χ²/degrees of freedom) where that exceeds 1: the scatter is then larger than
    each point's own error.
    """
    value, error = (np.array(column) for column in zip(*rows, strict=True))
    weight = 1 / np.maximum(error, 1e-12 * np.abs(value).max() + 1e-300)
    scale = float(np.abs(x).max()) or 1.0
    design = np.stack([(x / scale) ** power for power in powers], axis=1) * weight[:, None]
    inverse = np.linalg.pinv(design.T @ design)
    solution = inverse @ design.T @ (value * weight)
    chi_squared = float(((design @ solution - value * weight) ** 2).sum())
    freedom = len(rows) - len(powers)
    grown = max(1.0, chi_squared / freedom) if freedom > 0 else 1.0
    errors = np.sqrt(np.diag(inverse) * grown)
    scaled = [
        (float(s) / scale**power, float(e) / scale**power)
        for s, e, power in zip(solution, errors, powers, strict=True)
    ]
    return scaled, chi_squared


def _line(
    name: str, voltage: Floats, rows: list[Measured], source: str, *, per_volt: bool
) -> Entries:
    """Return a straight line in the voltage: the value at the first one, and its slope."""
    value, slope = _straight(voltage, rows)
    entries: Entries = {name: _measured(*value, source)}
    if per_volt:
        entries[f"{name}_per_volt"] = _measured(*slope, source)
    return entries


def _of_estimate(estimate: Estimate, source: str) -> Value:
    return _measured(estimate.value, estimate.error, source)


def _measured(value: float, error: float, source: str) -> Value:
    return Measured(value, error).on_card(source)
