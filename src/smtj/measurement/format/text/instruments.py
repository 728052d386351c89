"""Layouts of instruments that no rule for tables in general can read."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from smtj.measurement.format.layout import Layout, Row, find_layout, with_unit
from smtj.measurement.format.preamble import Sampling, axis_units, pairs_of, sampling_of
from smtj.measurement.format.stamps import lock_in_headers

_SETTING = re.compile(r"(t0|tInc)\s*=\s*([+-]?[\d.]+(?:[eE][+-]?\d+)?)")

IsNumber = Callable[[str], bool]


@dataclass(frozen=True)
class KnownTable:
    """The table of an instrument that was recognised."""

    instrument: str
    layout: Layout
    sampling: Sampling | None = None
    ticks: float | None = None
    """Ticks of a clock of unknown rate between readings, where these stand in place of times."""


def instrument_table(rows: Sequence[Row], is_number: IsNumber) -> KnownTable | None:
    """Return the table in the rows of a file if they are of a known instrument.

    ``rows`` are the first ones of the file without comments.  ``is_number`` knows the decimal sign.
    """
    for reader in _READERS:
        found = reader(rows, is_number)
        if found is not None:
            return found
    return None


def _tektronix(rows: Sequence[Row], is_number: IsNumber) -> KnownTable | None:
    """TDS: settings in the first two columns of the very rows whose next ones are the readings."""
    head = rows[0].cells
    if head[0] != "Record Length" or len(head) < 5 or not all(map(is_number, head[3:5])):
        return None
    horizontal, vertical = axis_units(pairs_of([row.cells[:2] for row in rows[:20]], ()))
    headers = ["", "", "", f"time [{horizontal or 's'}]", with_unit("CH1", vertical or "V")]
    headers += [""] * (len(head) - len(headers))
    return KnownTable("Tektronix TDS", Layout(tuple(headers), (), 0, len(rows), 1.0))


def _rigol(rows: Sequence[Row], is_number: IsNumber) -> KnownTable | None:
    """DS1000: start and increment of the time beside the names, in place of times."""
    for position, row in enumerate(rows[:5]):
        names = [cell.casefold() for cell in row.cells]
        if "start" not in names or "increment" not in names or position + 2 >= len(rows):
            continue
        units = rows[position + 1].cells
        start, step = (names.index(name) for name in ("start", "increment"))
        if len(units) <= max(start, step) or not is_number(units[start]):
            continue
        try:
            sampling = Sampling(float(units[step]), float(units[start]))
        except ValueError:
            continue
        width = len(rows[position + 2].cells)
        named = zip(row.cells[1:start], units[1:start], strict=True)
        headers = ["", *(with_unit(name, unit) for name, unit in named)]
        headers = [*headers, *[""] * (width - len(headers))][:width]
        layout = Layout(tuple(headers), (row, rows[position + 1]), position + 2, len(rows), 1.0)
        return KnownTable("Rigol", layout, sampling)
    return None


def _rigol_inline(rows: Sequence[Row], is_number: IsNumber) -> KnownTable | None:
    """MSO5000: ``CH1V,t0 = -5e-4, tInc = 1e-7`` in place of times."""
    given = {
        key: value
        for cell in rows[0].cells
        if (found := _SETTING.match(cell)) is not None
        for key, value in [found.groups()]
    }
    if "tInc" not in given or len(rows) < 2 or not is_number(rows[1].cells[0]):
        return None
    sampling = Sampling(float(given["tInc"]), float(given.get("t0", 0.0)))
    names = [cell for cell in rows[0].cells if _SETTING.match(cell) is None]
    headers = [with_unit(name[:-1], "V") if name.endswith("V") else name for name in names]
    width = len(rows[1].cells)
    headers = [*headers, *[""] * (width - len(headers))][:width]
    return KnownTable("Rigol", Layout(tuple(headers), (rows[0],), 1, len(rows) - 1, 1.0), sampling)


def _labview(rows: Sequence[Row], is_number: IsNumber) -> KnownTable | None:
    """LabVIEW measurement: two headers with an end each, and X_Value perhaps left out."""
    if not rows[0].cells[0].startswith("LabVIEW Measurement"):
        return None
    ends = [n for n, row in enumerate(rows) if row.cells[0].startswith("***End_of_Header")]
    if not ends or ends[-1] + 2 >= len(rows):
        return None
    names, first = rows[ends[-1] + 1], ends[-1] + 2
    above = [row.cells for row in rows[: ends[-1]]]
    labels = next((cells[1:] for cells in above if cells[0] == "Y_Unit_Label"), ())
    rests = any(cells[0] == "X_Dimension" and "Time" in cells[1:] for cells in above)
    width = len(names.cells)
    units = ["s" if rests else "", *labels, *[""] * width]
    # With times for every channel, those of the first count.
    seen = names.cells.index("X_Value") if "X_Value" in names.cells else width
    headers = tuple(
        ""
        if name == "Comment" or (name == "X_Value" and n > seen)
        else with_unit("time" if name == "X_Value" and rests else name, u)
        for n, (name, u) in enumerate(zip(names.cells, units, strict=False))
    )
    if not rows[first].cells[0] or not is_number(rows[first].cells[0]):
        headers = ("", *headers[1:])
    # The column of comments may end with its name.
    headers = headers[: max(len(rows[first].cells), seen + 2)]
    points = [[cell.replace(",", ".") for cell in cells] for cells in above]
    sampling = sampling_of(pairs_of(points, ()))
    layout = Layout(headers, (names,), first, len(rows) - first, 1.0)
    return KnownTable("LabVIEW", layout, sampling)


def _lecroy(rows: Sequence[Row], is_number: IsNumber) -> KnownTable | None:
    """LeCroy: names without units, always seconds and volts."""
    layout = find_layout(rows, is_number) if rows[0].cells[0].startswith("LECROY") else None
    if layout is None:
        return None
    units = {"Time": "s", "Ampl": "V"}
    headers = tuple(with_unit(n, units.get(n.rstrip("0123456789"))) for n in layout.headers)
    return KnownTable("LeCroy", replace(layout, headers=headers))


def _keysight(rows: Sequence[Row], is_number: IsNumber) -> KnownTable | None:
    """InfiniiVision: the numbers of the channels above their units."""
    if rows[0].cells[0].casefold() != "x-axis" or len(rows) < 3:
        return None
    units, first = rows[1].cells, rows[2].cells
    if len(units) < len(rows[0].cells) or not is_number(first[0]) or is_number(units[0]):
        return None
    channels = (f"CH{name}" if name.isdigit() else name for name in rows[0].cells[1:])
    headers = [with_unit(n, u) for n, u in zip(("time", *channels), units, strict=False)]
    headers = [*headers, *[""] * (len(first) - len(headers))][: len(first)]
    layout = Layout(tuple(headers), (rows[0], rows[1]), 2, len(rows) - 2, 1.0)
    return KnownTable("Keysight InfiniiVision", layout)


def _yokogawa(rows: Sequence[Row], is_number: IsNumber) -> KnownTable | None:
    """DL and DLM: settings of each trace, then readings with or without times."""
    if rows[0].cells[0] != "Header Size":
        return None
    head = {row.cells[0].rstrip("."): row.cells[1:] for row in rows[:40]}
    names = [name for name in head.get("TraceName", ()) if name]
    first = next((n for n, row in enumerate(rows) if _all_numbers(row, is_number)), None)
    if not names or first is None:
        return None
    units, horizontal = head.get("VUnit", ()), head.get("HUnit", ("s",))
    traces = [with_unit(n, u) for n, u in zip(names, [*units, *[""] * len(names)], strict=False)]
    filled = sum(cell != "" for cell in rows[first].cells)
    if filled > len(traces):
        traces.insert(0, f"time [{horizontal[0] or 's'}]")
    elif rows[first].cells[0] == "":
        traces.insert(0, "")
    width = len(rows[first].cells)
    headers = tuple([*traces, *[""] * (width - len(traces))][:width])
    layout = Layout(headers, (), first, len(rows) - first, 1.0)
    try:
        sampling = Sampling(float(head["HResolution"][0]), float(head["HOffset"][0]))
    except (KeyError, IndexError, ValueError):
        sampling = None
    return KnownTable("Yokogawa", layout, sampling)


def _all_numbers(row: Row, is_number: IsNumber) -> bool:
    filled = [cell for cell in row.cells if cell]
    return bool(filled) and all(map(is_number, filled))


def _labone(rows: Sequence[Row], is_number: IsNumber) -> KnownTable | None:
    """Zurich Instruments LabOne: ticks in place of times, and a lock-in amplifier's channels."""
    names = [cell.casefold() for cell in rows[0].cells]
    if names[:2] != ["chunk", "timestamp"] or "fieldname" in names or len(rows) < 3:
        return None
    try:
        first, last = (int(rows[n].cells[1]) for n in (1, len(rows) - 1))
    except (ValueError, IndexError):
        return None
    cells = rows[0].cells
    headers = tuple(
        lock_in_headers(cells) or ["clock ticks" if n == "timestamp" else n for n in names]
    )
    layout = Layout(headers, (rows[0],), 1, len(rows) - 1, 1.0)
    return KnownTable("LabOne", layout, ticks=(last - first) / (len(rows) - 2))


def _phase_fmr(rows: Sequence[Row], is_number: IsNumber) -> KnownTable | None:
    """NanOsc PhaseFMR: names without units, always GHz, Oe and s; I and Q are channels."""
    start = next((n for n, row in enumerate(rows) if row.cells[0] == "[Data]"), None)
    text = " ".join(cell for row in rows[: start or 0] for cell in row.cells)
    layout = find_layout(rows[start + 1 :], is_number) if start and "PhaseFMR" in text else None
    if layout is None or start is None:
        return None
    # IP stands for a field in the plane of the film.
    field = {"IP": "field_in_plane", "OP": "field_out_of_plane"}
    along = next((name for key, name in field.items() if f"FMR {key}" in text), "Field")
    known = {
        "Frequency": "frequency [GHz]",
        "Field": f"{along} [Oe]",
        "I": "channel_x [a.u.]",
        "Q": "channel_y [a.u.]",
        "Fit source": "signal [a.u.]",
        "Temp": "temperature [K]",
        "Time": "time [s]",
    }
    headers = tuple(known.get(name, name) for name in layout.headers)
    return KnownTable("PhaseFMR", replace(layout, headers=headers, first=layout.first + start + 1))


def _igor(rows: Sequence[Row], is_number: IsNumber) -> KnownTable | None:
    """Igor text: names beside the word WAVES, and readings from BEGIN to END."""
    starts = [n for n, row in enumerate(rows[:-1]) if row.cells[0].casefold() == "begin"]
    if rows[0].cells[0].casefold() != "igor" or not starts or starts[0] < 1:
        return None
    first = starts[0] + 1
    _, *names = re.split(r"[\s,]+", " ".join(rows[starts[0] - 1].cells).strip())
    cells = rows[first].cells
    blank = next((n for n, cell in enumerate(cells) if cell), 0)
    if len(names) != len(cells) - blank or not all(map(is_number, cells[blank:])):
        return None
    headers = (*[""] * blank, *names)
    layout = Layout(headers, (rows[starts[0] - 1],), first, len(rows) - first, 1.0)
    return KnownTable("Igor", layout)


def _waveform(rows: Sequence[Row], is_number: IsNumber) -> KnownTable | None:
    """Readings without a header below a line that announces them, as of GW Instek and Keysight."""
    marks = ("waveform data", "data:")
    start = next((n for n, r in enumerate(rows) if r.cells[0].casefold() in marks), None)
    if start is None or start + 1 >= len(rows):
        return None
    cells = rows[start + 1].cells
    filled = [cell for cell in cells if cell]
    if not filled or not all(map(is_number, filled)) or len(filled) > 2:
        return None
    pairs = pairs_of(_beside([row.cells for row in rows[:start]]), ())
    horizontal, vertical = axis_units(pairs)
    names = (f"time [{horizontal or 's'}]", with_unit("voltage", vertical or "V"))
    headers = names[-len(filled) :] + ("",) * (len(cells) - len(filled))
    layout = Layout(headers, (rows[start],), start + 1, len(rows) - start - 1, 1.0)
    return KnownTable("waveform", layout, sampling_of(pairs))


def _beside(rows: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    """Rows in which a value below its key, as SignalExpress writes ``dt:``, stands beside it."""
    found: list[Sequence[str]] = []
    for cells in rows:
        last = found[-1] if found else ()
        if len(last) == 1 and last[0].endswith(":") and not cells[0].endswith(":"):
            found[-1] = (last[0].rstrip(":"), *cells)
        else:
            found.append(cells)
    return found


def _exported(rows: Sequence[Row], is_number: IsNumber) -> KnownTable | None:
    """LabVIEW's export of waveforms: t0 and delta t of each, and dates in place of times."""
    if rows[0].cells[0].casefold() != "waveform" or len(rows) < 4:
        return None
    given = {row.cells[0].casefold(): row.cells[1:] for row in rows[:6] if len(row.cells) > 1}
    steps = [cell.replace(",", ".") for cell in given.get("delta t", ())]
    first = next((n for n, row in enumerate(rows) if _ends_in_number(row, is_number)), None)
    if not steps or first is None:
        return None
    try:
        sampling = Sampling(float(steps[0]))
    except ValueError:
        return None
    width = len(rows[first].cells)
    timed = width > len(steps)
    headers = ("",) * timed + tuple(f"channel {n}" for n in range(width - timed))
    layout = Layout(headers, (), first, len(rows) - first, 1.0)
    return KnownTable("LabVIEW", layout, sampling)


def _ends_in_number(row: Row, is_number: IsNumber) -> bool:
    own = row.cells[0].casefold() not in ("t0", "delta t", "waveform")
    return own and is_number(row.cells[-1])


_READERS = (
    *(_tektronix, _rigol, _rigol_inline, _keysight, _yokogawa, _labview, _lecroy, _labone),
    *(_phase_fmr, _igor, _exported, _waveform),
)
