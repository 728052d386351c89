"""Conditions that stand beside a table: in its preamble, its comments or the file's name."""

import math
import re
from collections.abc import Container, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from smtj.errors import DataError, UnitError
from smtj.measurement.format.columns import FIELD
from smtj.measurement.format.header import CELSIUS, recognised, split_header, unit_named
from smtj.measurement.format.messages import listed, quoted
from smtj.measurement.format.options import ReadOptions
from smtj.measurement.format.preamble import Pairs, Sampling, is_sampling, with_their_units
from smtj.measurement.format.schema import FIELDS, LABELS, QUANTITIES, name_of
from smtj.measurement.format.suggest import condition_in
from smtj.measurement.format.values import ICE_POINT
from smtj.measurement.locations import READING, WORKBOOKS, source_of
from smtj.units import convert, format_quantity

if TYPE_CHECKING:
    import xarray as xr

REMARKS = "reading_remarks"
"""Attribute with sentences on what was concluded from a file."""
ABOVE = "the lines above the table"
STATED = (*FIELDS, "voltage", "current", "temperature", "frequency", "pulse_length")
"""Quantities that may stand beside a table."""

# Units that say the quantity without its name.
_PLAIN = {
    **{"GHz": "frequency", "MHz": "frequency", "K": "temperature"},
    **dict.fromkeys(("V", "mV"), "voltage"),
    **dict.fromkeys(("mA", "uA", "nA"), "current"),
    **dict.fromkeys(("Oe", "kOe", "mT"), "field_out_of_plane"),
}
_NUMBER = r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?"
# In names, where signs and points are no good characters, m15 is -15 and 1p5 is 1.5.
_IN_NAME = r"(?:[+-]|minus|neg|m|plus|p)?\d+(?:[.,p]\d+)?(?:[eE][+-]?\d+)?"
_SIGN = re.compile(r"(minus|neg|m)|(?:plus|p)")
# Apart from the number, a unit must be one that is nothing else.
_UNIT = r"(?=(?:GHz|MHz|kOe|Oe|mT|mV|nA|uA|mA)(?:$|[_\s.,)-]))"
_NAMED = re.compile(
    rf"(?<![A-Za-z0-9])([A-Za-zµμ]+(?:_[A-Za-z]+)*?)_?\s*=?\s*({_IN_NAME})(?:\s*|_{_UNIT})([A-Za-zµμΩ]+)(?=$|[_\s.,)-])"
)
# Before what may be negative, a hyphen is a sign.
_UNNAMED = re.compile(
    rf"(?:(?:^|[_\s(])({_IN_NAME})(?:\s*|_{_UNIT})(GHz|MHz|kOe|Oe|mT|mV|V|mA|uA|nA|K)|-(\d+(?:\.\d+)?)\s*(GHz|MHz|K))(?=$|[_\s.,)-])"
)
_DATE_IN_NAME = (
    r"(?:19|20)\d\d[-_.]?(?:0[1-9]|1[0-2])[-_.]?(?:0[1-9]|[12]\d|3[01])"
    r"(?:[-_ T]?[0-2]\d[-_.:h]?[0-5]\d(?:[-_.:m]?[0-5]\d)?)?"
)
MIN_NAMES = 3
"""Fewest files whose names are compared."""
SHOWN_LETTERS = 40
"""Up to which an attribute is shown."""
MAX_UNKNOWN = 8
"""Attributes that are not understood up to which all are shown."""
PLAUSIBLE = {
    "voltage": (0.0, 2.0),
    "current": (0.0, 0.1),
    "temperature": (40.0, 1000.0),
    "frequency": (1e8, 1e12),
    "pulse_length": (1e-12, 1e-2),
}
"""Sizes of what was held, in SI, of which a number without a unit is taken for one in SI.

A temperature of 25 may be in degrees Celsius, and a field in most units."""
# Attributes that say how arrays are stored and named, not what was measured.
_OF_THE_FORMAT = re.compile(
    r"_|NX_|MATLAB_|HDF5_|NI_|wf_|DIMENSION|(?:CLASS|NAME|REFERENCE_LIST|units?|columns|names|"
    r"column_names|labels?|long_name|standard_name|default|axis)$",
    re.I,
)
_PLACE = re.compile(r"\{(\w*)(?::([^}]*))?\}")


def remark(dataset: "xr.Dataset", *sentences: str) -> None:
    """Add sentences on how a file was read."""
    if sentences:
        dataset.attrs[REMARKS] = [*dataset.attrs.get(REMARKS, ()), *sentences]


def with_axis_units(
    headers: Sequence[str], units: tuple[str | None, str | None]
) -> tuple[str, ...]:
    """Give headers without a unit that of their axis, as an oscilloscope's preamble states it."""
    horizontal, vertical = units
    if horizontal is None and vertical is None:
        return tuple(headers)
    found = []
    for header in headers:
        name, unit = split_header(header)
        own = horizontal if name_of(name) == "time" else vertical
        known = name_of(name) not in (None, "time") or unit_named(name) is not None
        found.append(header if unit or not name or not own or known else f"{name} [{own}]")
    return tuple(found)


def add_sampling(dataset: "xr.Dataset", sampling: Sampling | None) -> None:
    """Give readings without times those of a stated sampling."""
    measured = {"resistance", "voltage", "current", "signal", "channel_x"} & set(dataset.variables)
    if sampling is None or "time" in dataset.variables or not measured:
        return
    if {"probability", "high", *FIELDS} & set(dataset.variables):
        return
    steps = np.arange(dataset.sizes[READING], dtype=np.float64)
    _set(dataset, "time", (READING, sampling.start + sampling.interval * steps))
    shown = format_quantity(sampling.interval, "s", "ms", 6)
    remark(dataset, f"the file states {shown} between readings, which gives their times")


def add_stated(dataset: "xr.Dataset", pairs: Pairs, where: str = ABOVE) -> None:
    """Add the conditions that a preamble, comments or attributes state; ``where`` says which.

    A number without a unit is taken in SI where it is plainly that, and said to have none.
    """
    for key, values in with_their_units(pairs):
        found = _condition(key, values)
        if found is not None and _is_missing(dataset, found[0]):
            name, value, header, bare = found
            if bare and not _is_plausible(name, value):
                remark(
                    dataset, f"{quoted(_pair(key, values))} has no unit and is not used{_ask(name)}"
                )
                continue
            _set(dataset, name, ((), value), header)
            remark(dataset, f"{_shown(name, value, header)}, from {where}")
            if bare:
                unit = QUANTITIES[name].unit
                remark(dataset, f"{quoted(key)} has no unit, so it is taken in {unit}")


def _is_plausible(name: str, value: float) -> bool:
    """Whether a number is that of a condition in SI, and hardly in another unit."""
    least, most = PLAUSIBLE.get(name, (math.inf, 0.0))
    return least <= abs(value) <= most


def _ask(name: str) -> str:
    """How a condition is stated."""
    if name == "pulse_length":
        return ""
    shown = {"temperature": "K"}.get(name, QUANTITIES[name].display_unit)
    option = f"--{name.replace('_', '-')}"
    return f': state it by {name}= ({option} "NUMBER {shown}")'


def _pair(key: str, values: Sequence[str]) -> str:
    return f"{key} = {values[0][:SHOWN_LETTERS]}"


def unknown_attributes(dataset: "xr.Dataset") -> list[str]:
    """Return a remark on the attributes of a table that are not understood, if there are any."""
    unknown = list(dataset.encoding.get("unknown", ()))
    more = len(unknown) - MAX_UNKNOWN
    shown = [*map(quoted, unknown[:MAX_UNKNOWN]), *([f"{more} more"] if more > 0 else [])]
    return [f"attributes that are not understood: {listed(shown)}"] if unknown else []


def not_understood(pairs: Pairs) -> list[str]:
    """Return the attributes that say neither a condition nor the sampling, as ``"user = ab"``."""
    return [
        _pair(key, values)
        for key, values in dict(with_their_units(pairs)[::-1]).items()
        if values and not _condition(key, values) and not is_sampling(key)
        if _OF_THE_FORMAT.match(key) is None
    ][::-1]


def remark_gain(dataset: "xr.Dataset", pairs: Pairs) -> None:
    """Point out an amplifier's gain, as nobody but the user knows if it was divided out."""
    for key, values in pairs:
        stated = re.fullmatch(rf"x?({_NUMBER})x?(?:\s*V/V)?", values[0].strip()) if values else None
        is_gain = key.casefold().split()[-1:] in (["gain"], ["amplification"])
        if is_gain and stated is not None and float(stated[1].replace(",", ".")) != 1:
            remark(
                dataset,
                f"a gain of {stated[1]} is stated above the table, by which the readings are not "
                "divided",
            )


def apply_options(dataset: "xr.Dataset", path: Path, options: ReadOptions) -> None:
    """Add what the user states, and what the name of the file says."""
    if options.from_name is not None:
        for name, value in matched_name(path, options.from_name).items():
            if name in LABELS:
                dataset[name] = ((), str(value))
            elif name == FIELD:
                _set(dataset, FIELDS[0], ((), value), "H")
            else:
                _set(dataset, name, ((), value), asked_for=True)
    else:
        table = dataset.encoding.get("table", options.sheet)
        kind = "its sheet" if path.suffix.lower() in WORKBOOKS else "its group"
        inner = [] if table is None else [(str(table), kind)]
        folder = (path.absolute().parent.name, "its folder")
        for text, what in ((path.stem, "the file"), *inner, folder):
            _add_named(dataset, text, what)
    if options.interval is not None and READING in dataset.sizes:
        steps = np.arange(dataset.sizes[READING], dtype=np.float64)
        _set(dataset, "time", (READING, options.interval * steps))
    counted = {"probability", "high"} & set(dataset.variables)
    if options.reads is not None and counted:
        _set(dataset, "reads", ((), float(options.reads)))


def _add_named(dataset: "xr.Dataset", text: str, what: str) -> None:
    """Add the conditions that a name says plainly, and nothing else does."""
    for name, value, header, pattern in conditions_in_name(text):
        if _is_missing(dataset, name):
            _set(dataset, name, ((), value), header)
            if what in ("the file", "its folder"):
                within = "/*" if what == "its folder" else ""
                dataset[name].encoding["pattern"] = pattern + within
            remark(dataset, f"{_shown(name, value, header)}, from the name of {what}")
        elif name in ("voltage", "current") and _contradicts(dataset[name], value):
            column = str(dataset[name].encoding.get("header", name))
            remark(
                dataset,
                f"the name of {what} states another {name} than column {quoted(column)}, "
                "which counts; if that is what was measured, call it the signal by columns= "
                f'(--column "signal={column}")',
            )


def matched_name(path: Path, pattern: str) -> dict[str, float | str]:
    """Return the conditions in a file's name by a pattern such as ``"H={field_in_plane:Oe}.csv"``.

    SI floats by quantity, text by label.  Raises DataError if the pattern names no quantity, or the
    name does not match.
    """
    parts, names, last = [], [], 0
    for place in _PLACE.finditer(pattern):
        parts.append(_literal(pattern[last : place.start()]))
        last = place.end()
        name, unit = place[1], place[2] or ""
        if not name:
            parts.append(".*?")
            continue
        if name not in (FIELD, *QUANTITIES, *LABELS):
            raise DataError(
                f'--from-name "{pattern}" has the unknown quantity {quoted(name)}: write e.g. '
                '"RTN_H={field_out_of_plane:Oe}.csv"'
            )
        # The unit may stand in the name, as in "H=-14Oe".
        number = rf"({_IN_NAME})\s*(?:{re.escape(unit)})?" if unit else f"({_IN_NAME})"
        parts.append("(.+?)" if name in LABELS else number)
        names.append((name, unit))
    if not names:
        raise DataError(
            f'--from-name "{pattern}" names no quantity: write e.g. '
            '"RTN_H={field_out_of_plane:Oe}.csv"'
        )
    # A pattern with slashes is for the folders too.
    name_of_file = "/".join(path.absolute().parts[-1 - pattern.count("/") :])
    found = re.fullmatch("".join(parts) + _literal(pattern[last:]), name_of_file)
    if found is None:
        raise DataError(
            f'{path}: its name does not match --from-name "{pattern}": put * where names differ'
        )
    values: dict[str, float | str] = {}
    for (name, unit), text in zip(names, found.groups(), strict=True):
        values[name] = text if name in LABELS else _value(name, text, unit, pattern)
    return values


def check_names(datasets: "Sequence[xr.Dataset]", given: Container[str] = ()) -> None:
    """Reject a series of files of which only some have names that state its condition.

    The others would be taken to be at its default, such as no field, unless it is one of those that
    the user has ``given``.  Raises DataError.
    """
    for name in STATED:
        alike = set(FIELDS) if name in FIELDS else {name}
        known = [d for d in datasets if name in d.variables]
        named = [d for d in known if "pattern" in d[name].encoding]
        other = next((d for d in datasets if not alike & set(d.variables)), None)
        is_series = len({float(d[name]) for d in named}) > 1
        if is_series and other is not None and name not in given:
            said = _shown(name, float(named[0][name]), "")
            what = "field" if name in FIELDS else name.replace("_", " ")
            pattern, path = named[0][name].encoding["pattern"], Path(source_of(named[0]))
            folder = pattern.endswith("/*")
            shown = f"the folder {path.absolute().parent.name}" if folder else path.name
            raise DataError(
                f"{source_of(other)}: its name states no {what}, and {shown} does ({said}): rename "
                f'it alike, or say where it stands by from_name= (--from-name "{pattern}")'
            )


def numbers_in_names(files: Sequence[Path]) -> str | None:
    """Return a remark on files whose names differ by a number that nothing explains.

    Dates, times and numbers that count the files explain themselves where another number differs.
    """
    folder = len({file.name for file in files}) == 1
    # Files of one name differ in that of their folder.
    names = list(
        dict.fromkeys(file.absolute().parent.name if folder else file.name for file in files)
    )
    split = [re.split(rf"((?<!\d){_DATE_IN_NAME}(?!\d)|{_NUMBER})", name) for name in names]
    if len(names) < MIN_NAMES or len({tuple(parts[::2]) for parts in split}) > 1:
        return None
    stems = [name if folder else Path(name).stem for name in names]
    if len({tuple(value for _, value, *_ in conditions_in_name(stem)) for stem in stems}) > 1:
        return None
    columns = {n: [parts[n] for parts in split] for n in range(1, len(split[0]), 2)}
    varied = {n: texts for n, texts in columns.items() if len(set(texts)) > 1}
    varied = {n: t for n, t in varied.items() if not re.fullmatch(_DATE_IN_NAME, t[0])}
    if len(varied) > 1:
        varied = {n: t for n, t in varied.items() if not _counts(t)} or varied
    if not varied:
        return None
    # What may be negative is rather a condition than a number of a device or a run.
    signed = [n for n, t in varied.items() if any(text.startswith("-") for text in t)]
    chosen = (signed or list(varied))[-1]
    values = sorted(varied[chosen], key=lambda text: float(text.replace(",", ".")))
    place = ["*" if n in columns else part for n, part in enumerate(split[0])]
    for n, texts in columns.items():
        if len(set(texts)) == 1 and n > chosen:
            place[n] = texts[0]
    place[chosen] = "{field:Oe}"
    return (
        f"the names of the files hold numbers, {values[0]} to {values[-1]}; if these are a "
        f'condition, from_name= says which (--from-name "{"".join(place)}{"/*" if folder else ""}")'
    )


def _counts(texts: Sequence[str]) -> bool:
    """Whether numbers count the files, from 0 or 1 on."""
    if not all(text.isdecimal() for text in texts):
        return False
    values = sorted(map(int, texts))
    return values[0] in (0, 1) and values == list(range(values[0], values[0] + len(values)))


def conditions_in_name(stem: str) -> Iterator[tuple[str, float, str, str]]:
    """Yield name, SI value, header and pattern of the conditions that a file's name says plainly.

    ``H=-14Oe`` and ``T=300K`` name their quantity; ``_2.0GHz``, ``_300K``, ``_-100mV`` and
    ``_50Oe`` have a unit that does.
    """
    seen: set[str] = set()
    for match in _NAMED.finditer(stem):
        known = name_of(match[1]) or name_of(match[1].rpartition("_")[2])
        if known not in STATED or known in seen:
            continue
        unit = unit_named(match[3])
        if unit is not None:
            value = _converted(match[2], unit, known)
            if value is not None:
                seen.add(known)
                header = match[1] if name_of(match[1]) else match[1].rpartition("_")[2]
                yield known, value, header, _pattern(stem, match.start(2), known, match[3])
    for match in _UNNAMED.finditer(stem):
        number, unit = match[1] or match[3], match[2] or match[4]
        name = _PLAIN[unit]
        value = _converted(number, unit, name)
        if name not in seen and value is not None:
            seen.add(name)
            at = match.start(1) if match[1] else match.start(3)
            header = "H" if name in FIELDS else name
            yield name, value, header, _pattern(stem, at, name, unit)


def _pattern(stem: str, at: int, name: str, unit: str) -> str:
    """The pattern of ``from_name`` by which a name says a quantity at a position."""
    before = re.split(r"(?=[_\s])", stem[:at])[-1] if at else ""
    return f"{'*' if before else ''}{before}{{{name}:{unit}}}*"


def _literal(text: str) -> str:
    return ".*?".join(re.escape(part) for part in text.split("*"))


def _value(name: str, text: str, unit: str, pattern: str) -> float:
    quantity = QUANTITIES[FIELDS[0] if name == FIELD else name]
    plain = unit_named(unit) if unit else quantity.unit
    value = None if plain is None else _converted(text, plain, quantity.name)
    if value is None:
        raise DataError(
            f'--from-name "{pattern}": {name} is not measured in {unit or "no unit"}: write '
            f"{{{name}:{quantity.display_unit}}}"
        )
    return value


def _converted(text: str, unit: str, name: str) -> float | None:
    sign = _SIGN.match(text)
    digits = text[sign.end() :] if sign is not None else text
    value = float(digits.replace("p", ".").replace(",", "."))
    if sign is not None and sign[1]:
        value = -value
    if unit == CELSIUS and name == "temperature":
        return value + ICE_POINT
    try:
        return convert(value, unit, QUANTITIES[name].unit)
    except UnitError:
        return None


def _condition(key: str, values: Sequence[str]) -> tuple[str, float, str, bool] | None:
    """Name, SI value and header of a condition in a pair of key and values, and whether it has no
    unit."""
    known = recognised(key)
    name = known[0] if known is not None else condition_in(key)
    if name not in STATED or not values:
        return None
    match = re.fullmatch(rf"({_NUMBER})\s*(.*)", values[0].strip())
    if match is None:
        return None
    beside = match[2] or (values[1] if len(values) > 1 else "")
    beside = beside or (known[1] if known is not None else None) or ""
    if not beside:
        return name, float(match[1].replace(",", ".")), key, True
    unit = unit_named(beside)
    if unit is None:
        return None
    # A bias may be either.
    either = ("voltage", "current") if "bias" in key.casefold() else (name,)
    found = ((one, _converted(match[1], unit, one)) for one in either)
    return next(((one, value, key, False) for one, value in found if value is not None), None)


def _contradicts(variable: "xr.DataArray", value: float) -> bool:
    """Whether a column holds something else than what the name of its file states."""
    values = variable.values
    tolerance = 0.1 * abs(value) + float(np.ptp(values))
    return abs(float(np.median(values)) - value) > tolerance


def _is_missing(dataset: "xr.Dataset", name: str) -> bool:
    variables = set(dataset.variables)
    return name not in variables and not (name in FIELDS and variables & set(FIELDS))


def _set(
    dataset: "xr.Dataset",
    name: str,
    content: tuple[Any, Any],
    header: str | None = None,
    asked_for: bool = False,
) -> None:
    dataset[name] = (*content, {"units": QUANTITIES[name].unit})
    if header is not None:
        dataset[name].encoding["header"] = header
    dataset[name].encoding["asked_for"] = asked_for


def _shown(name: str, value: float, header: str) -> str:
    quantity = QUANTITIES[name]
    shown = format_quantity(value, quantity.unit, quantity.display_unit, 5)
    return f"{'field' if name in FIELDS else name.replace('_', ' ')} {shown}"
