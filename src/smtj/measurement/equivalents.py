"""Rates and logarithms as dwell times, and resistances about a pulse as the state after it."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from smtj.errors import DataError
from smtj.measurement.conditions import drives_in
from smtj.measurement.format.header import split_header, unit_named
from smtj.measurement.format.logarithms import logarithm
from smtj.measurement.format.messages import quoted
from smtj.measurement.format.schema import QUANTITIES
from smtj.measurement.locations import READING
from smtj.units import convert

if TYPE_CHECKING:
    import xarray as xr

APART = 6.0
"""Smallest distance between the levels of two states in their standard deviations."""
MAX_TMR = 8.0
"""Of any junction; a larger number without a unit is a percentage."""
_SHOWN = {
    "resistance",
    "relative_resistance",
    "conductance",
    "probability",
    "high",
    "switched",
    "dwell_time_high",
}
_NO_RELAXATION = {"time", "dwell_time_high", "resistance", "pulse_length"}
"""Quantities beside which a relaxation time says nothing else, or is none of the device's."""
MIN_LINE = 2
"""Fewest points beyond two about whose line log-odds scatter."""
RESET = 0.95
"""Fraction of pulses before which the device is in one state from which it was reset to it."""


def with_equivalents(dataset: "xr.Dataset", file: str) -> "tuple[xr.Dataset, list[str]]":
    """Return a table with dwell times for their logarithms or inverses, and ``probability`` or
    ``switched`` for the resistances before and after a pulse, with remarks.

    Raises DataError, which names ``file``, if a rate is not above 0, or the resistances show no two
    states, or pulses begin in both.
    """
    remarks: list[str] = []
    for state in ("high", "low"):
        wanted, rate, log, decadic = (
            f"{kind}_{state}"
            for kind in ("dwell_time", "rate", "log_dwell_time", "log10_dwell_time")
        )
        for name in (rate, log, decadic):
            if name not in dataset.variables or wanted in dataset.variables:
                continue
            values, header = dataset[name].values, _header(dataset, name)
            scale = 1.0 if name != decadic else float(np.log(10))
            if name != rate:
                sign, factor, of = _of_logarithm(dataset, name)
                with np.errstate(over="ignore"):  # what is infinite is rejected later
                    found = np.exp(sign * scale * values) * factor
                which = "ln" if name == log else "log10"
                remarks.append(f"{header} is read as {which} {of}")
            else:
                if not (values > 0).all():
                    raise DataError(
                        f"{file}: column {header} has a rate that is not above 0, of which no "
                        "dwell time is the inverse: delete that row"
                    )
                with np.errstate(over="ignore"):
                    found = 1 / values
                remarks.append(f"the dwell time of the {state} state is 1 over {header}")
            # A small error of a rate is relatively that of the time, one of ln τ is it itself.
            error = f"{name}_error"
            if error in dataset.variables:
                relative = dataset[error].values / (np.abs(values) if name == rate else 1 / scale)
                dataset = _replaced(dataset, (error,), f"{wanted}_error", relative * found)
            dataset = _replaced(dataset, (name,), wanted, found)
        percent = f"relative_error_{state}"
        if {percent, wanted} <= set(dataset.variables):
            error = dataset[percent].values * dataset[wanted].values
            dataset = _replaced(dataset, (percent,), f"{wanted}_error", error)
    dataset, said_of_odds = _of_odds(dataset)
    remarks += said_of_odds
    dataset, said_of_corner = _of_corner(dataset, file)
    dataset, said_of_times = _of_relaxation(dataset)
    remarks += said_of_corner + said_of_times
    if "decibels" in dataset.variables and "signal" not in dataset.variables:
        header, values = _header(dataset, "decibels"), dataset["decibels"].values
        with np.errstate(over="ignore"):
            dataset = _replaced(dataset, ("decibels",), "signal", 10 ** (values / 20))
        for key in ("assumed_units", "arbitrary_units"):
            dataset.attrs[key] = [*dataset.attrs.get(key, ()), "signal"]
        remarks.append(f"the signal is the amplitude that {header} states in decibels")
    if "inverse_temperature" in dataset.variables and "temperature" not in dataset.variables:
        header = _header(dataset, "inverse_temperature")
        # The quotient of an Arrhenius plot is mostly that of 1000.
        scale = 1.0 if header.startswith('"1/') else 1000.0
        values = dataset["inverse_temperature"].values
        if not (values > 0).all():
            raise DataError(f"{file}: column {header} is not above 0 throughout: delete that row")
        dataset = _replaced(dataset, ("inverse_temperature",), "temperature", scale / values)
        remarks.append(f"the temperature is {scale:g} over {header}")
    if "magnetoresistance" in dataset.variables:
        dataset, said = _with_relative(dataset)
        remarks += said
    about = ("resistance_before", "resistance_after")
    if set(about) <= set(dataset.variables) and "resistance" not in dataset.variables:
        dataset, said = _with_switched(dataset, about, file)
        remarks += said
    return dataset, remarks


def _of_logarithm(dataset: "xr.Dataset", name: str) -> tuple[int, float, str]:
    """Sign and factor in s of a logarithm of a time or of a rate, and what it is of."""
    found = logarithm(str(dataset[name].encoding.get("header", name)))
    if found is None:
        return 1, 1.0, "τ of a time in s"
    if found.of.startswith("rate"):
        unit = found.unit or "1/s"
        return found.sign, 1 / convert(1.0, unit_named(unit) or unit, "Hz"), f"of a rate in {unit}"
    unit = found.unit or "s"
    return found.sign, convert(1.0, unit_named(unit) or unit, "s"), f"τ of a time in {unit}"


def _of_odds(dataset: "xr.Dataset") -> "tuple[xr.Dataset, list[str]]":
    """Return P(high) in place of its odds or their logarithm, with the error that they have."""
    name = next((n for n in ("log_odds", "log10_odds", "odds") if n in dataset.variables), None)
    if name is None:
        return dataset, []
    header, own = _header(dataset, name), dataset[name].encoding
    names = [one for one in (name, f"{name}_error") if one in dataset.variables]
    if {str(n) for n in dataset.variables} & _SHOWN:
        return dataset.drop_vars(names), [f"column {header} is not needed"]
    found = logarithm(str(own.get("header", name)))
    sign = 1 if found is None else found.sign
    values, error = dataset[name].values, None
    if len(names) > 1:
        error = dataset[names[1]].values
    with np.errstate(divide="ignore", over="ignore"):
        scale = float(np.log(10)) if name == "log10_odds" else 1.0
        odds = sign * (np.log(values) if name == "odds" else scale * values)
        p = 1 / (1 + np.exp(-odds))
        if error is not None:
            error = error / np.abs(values) if name == "odds" else scale * error
    remarks = [f"{header} is read as the {'' if name == 'odds' else 'log-'}odds of the high state"]
    if error is None and (scatter := _scatter(dataset, odds)) is not None:
        error = np.full_like(p, scatter)
        remarks.append(
            f"no errors are stated for {header}; those of its logarithm are their scatter about a "
            f"line, {scatter:.2g}"
        )
    dataset = _replaced(dataset, tuple(names), "probability", p)
    if error is not None:
        dataset["probability_error"] = (READING, p * (1 - p) * error, {"units": ""})
        dataset["probability_error"].encoding |= own
    return dataset, remarks


def _scatter(dataset: "xr.Dataset", odds: NDArray[np.float64]) -> float | None:
    """Standard deviation of log-odds about a line in the one drive that varies, as wide as few
    points leave it unknown; None if there is no such line."""
    from scipy.special import ndtri, stdtrit

    drives = drives_in(dataset)
    count = odds.size - 2
    if len(drives) != 1 or count < MIN_LINE or not np.isfinite(odds).all():
        return None
    x = dataset[drives[0]].values
    x = (x - x.mean()) / np.ptp(x)
    rest = odds - np.polyval(np.polyfit(x, odds, 1), x)
    own = float(np.sqrt(rest @ rest / count))
    return own * float(stdtrit(count, 0.975)) / float(ndtri(0.975)) if own > 0 else None


def _of_corner(dataset: "xr.Dataset", file: str) -> "tuple[xr.Dataset, list[str]]":
    """Return the relaxation time in place of its rate, or of a Lorentzian's corner frequency.

    Telegraph noise has the spectral density S ∝ 1/[1 + (2π f τ)²], half of it at 1/(2πτ).
    """
    names, remarks = {str(n) for n in dataset.variables}, []
    for name, factor, shown in (
        ("corner_frequency", 2 * np.pi, "1/(2π) over"),
        ("relaxation_rate", 1.0, "1 over"),
    ):
        if name not in names:
            continue
        own = [n for n in (name, f"{name}_error") if n in names]
        header, values = _header(dataset, name), dataset[name].values
        if "relaxation_time" in dataset.variables or names & _NO_RELAXATION:
            dataset = dataset.drop_vars(own)
            remarks.append(f"column {header} is not needed")
            continue
        if not (values > 0).all():
            raise DataError(f"{file}: column {header} is not above 0 throughout: delete that row")
        tau = 1 / (factor * values)
        if len(own) > 1:
            error = dataset[own[1]].values / values * tau
            dataset = _replaced(dataset, (own[1],), "relaxation_time_error", error)
        dataset = _replaced(dataset, (name,), "relaxation_time", tau)
        remarks.append(f"the relaxation time is {shown} {header}")
    return dataset, remarks


def _of_relaxation(dataset: "xr.Dataset") -> "tuple[xr.Dataset, list[str]]":
    """Return the dwell times of both states in place of P and the relaxation time of both, unless
    one drive varies, along which a fit takes both as they were measured.

    1/τ = 1/τ_high + 1/τ_low and P = τ_high/(τ_high + τ_low) make τ_high = τ/(1 - P) and
    τ_low = τ/P.
    """
    names = {str(n) for n in dataset.variables}
    if "relaxation_time" not in names or not names & _SHOWN:
        return dataset, []
    own = _header(dataset, "relaxation_time")
    errors = [n for n in ("relaxation_time_error", "probability_error") if n in names]
    shown = {"probability", "high"} & names
    if not shown or names & _NO_RELAXATION:
        drop = [n for n in errors if n.startswith("relaxation")]
        return dataset.drop_vars(["relaxation_time", *drop]), [f"column {own} is not needed"]
    if len(drives_in(dataset)) == 1 or "probability" not in names:
        return dataset, []
    tau, p = dataset["relaxation_time"].values, dataset["probability"].values
    if not ((p > 0) & (p < 1)).all():
        return dataset, []
    said = f"P and the relaxation time {own} give the dwell times of both states"
    if errors:
        said += (
            f"; the errors in {' and '.join(_header(dataset, n) for n in errors)} do not weigh "
            "them, as one error of P or τ shifts both dwell times"
        )
    found = _replaced(dataset, ("relaxation_time",), "dwell_time_high", tau / (1 - p))
    found = _replaced(found, ("probability",), "dwell_time_low", tau / p)
    beside = [n for n in (*errors, "reads") if n in names]
    return found.drop_vars(beside), [said]


def _with_relative(dataset: "xr.Dataset") -> "tuple[xr.Dataset, list[str]]":
    """Return R/R_P in place of the TMR, unless something else shows the state."""
    names, header = {str(n) for n in dataset.variables}, _header(dataset, "magnetoresistance")
    if names & _SHOWN or {"voltage", "current"} <= names:
        return dataset.drop_vars("magnetoresistance"), [f"column {header} is not needed"]
    values = dataset["magnetoresistance"].values
    remark = f"the resistance over R_P is 1 + {header}"
    is_bare = split_header(str(dataset["magnetoresistance"].encoding["header"]))[1] is None
    if is_bare and values.max() > MAX_TMR:
        values, remark = values / 100, f"{remark}, which is taken for a percentage"
    return _replaced(dataset, ("magnetoresistance",), "relative_resistance", 1 + values), [remark]


def _with_switched(
    dataset: "xr.Dataset", about: tuple[str, str], file: str
) -> "tuple[xr.Dataset, list[str]]":
    """Return the state after each pulse in place of the resistances about it."""
    before, after = (dataset[name].values for name in about)
    limit = _limit(np.concatenate([before, after]))
    if limit is None:
        raise DataError(
            f"{file}: the resistances before and after the pulses show no two states: expected "
            "pulses that switch the device some of the time"
        )
    fraction = float((before > limit).mean())
    if 1 - RESET < fraction < RESET:
        raise DataError(
            f"{file}: the pulses begin in both states: give those that begin in each a file of "
            "their own"
        )
    start_is_high = fraction > 1 / 2
    begins = (before > limit) == start_is_high
    is_high, state = after > limit, "high" if start_is_high else "low"
    # Against the length of pulses what counts is whether they switch, else where they end.
    if "pulse_length" in dataset.variables:
        found = _replaced(
            dataset, about, "switched", np.asarray(is_high != start_is_high, np.float64)
        )
        meaning = "leave it"
    else:
        found = _replaced(dataset, about, "probability", np.asarray(is_high, np.float64))
        meaning = "end in that of high resistance"
    remarks = [
        f"the pulses begin in the state of {state} resistance, and P is the part of them that "
        f"{meaning}"
    ]
    if not begins.all():
        own = dataset.encoding.get("kept")
        kept = np.flatnonzero(begins)
        found = found.isel({READING: kept})
        found.encoding |= dataset.encoding
        found.encoding["kept"] = kept if own is None else np.asarray(own)[begins]
        remarks.append(f"{(~begins).sum()} pulses left out that begin in the other state")
    return found, remarks


def _limit(values: NDArray[np.float64]) -> float | None:
    """Return what separates the readings of two states; None if they are not apart."""
    every = np.sort(values)
    count = np.arange(1, every.size)
    sums = np.cumsum(every)[:-1]
    steps = (every.sum() - sums) / (every.size - count) - sums / count
    # The cut that leaves the smallest sum of squares within the parts.
    cut = int(np.argmax(count * (every.size - count) * steps**2)) + 1
    low, high = every[:cut], every[cut:]
    if high.mean() - low.mean() < APART * max(low.std(), high.std()):
        return None
    return float(low[-1] + high[0]) / 2


def _header(dataset: "xr.Dataset", name: str) -> str:
    return quoted(str(dataset[name].encoding.get("header", name)))


def _replaced(
    dataset: "xr.Dataset", names: tuple[str, ...], name: str, values: NDArray[np.float64]
) -> "xr.Dataset":
    own = dataset[names[0]].encoding
    found = dataset.drop_vars(list(names))
    found[name] = (READING, values, {"units": QUANTITIES[name].unit})
    found[name].encoding |= own
    found.encoding |= dataset.encoding
    return found
