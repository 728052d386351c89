"""A file dropped on the page: what it contains, and the card it gives."""

import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np

from smtj import lab
from smtj.analysis import Part, Setting, analyse
from smtj.analysis.formatting import measured_card, remarks_of_files
from smtj.analysis.switching.trace import TraceResult, trace_of, trace_part
from smtj.card import DeviceCard
from smtj.errors import DataError
from smtj.measurement import groups, kind_of, load, save
from smtj.typing import Floats

MAX_BYTES = 20_000_000
"""Largest file that the page accepts."""
SHOWN = 800
"""Readings of a trace that are plotted."""
SAMPLE = "simulated.csv"
"""Name of the page's own measurement."""


@dataclass(frozen=True)
class Segments:
    """The plotted part of a trace, with its states; shape (readings,)."""

    time: Floats
    """In s, from the first reading."""
    resistance: Floats
    """In ohm."""
    states: Floats
    """Resistance of the most probable state in ohm."""
    low: Floats
    """Low level in ohm, which may drift."""
    high: Floats
    total: int
    """Readings of the whole trace."""


@dataclass(frozen=True)
class FileResult:
    """What a file contains."""

    name: str
    parts: tuple[Part, ...]
    remarks: tuple[str, ...]
    """Assumptions made when the file was read."""
    card: DeviceCard
    """The base card, updated with what was measured."""
    segments: Segments | None
    """Of a single trace."""
    pictures: tuple[bytes, ...]
    """One SVG per part, except for a single trace."""


def examine(name: str, content: bytes, card: DeviceCard) -> FileResult:
    """Fit a file as ``smtj fit`` does.

    Parameters
    ----------
    name
        File name; its suffix gives the format.
    content
        The file.
    card
        The base card, which also supplies what the file does not say.

    Raises
    ------
    SmtjError
        The file is too large, not in a format that smtj reads, or cannot be fitted.
    """
    name = _file_name(name)
    if len(content) > MAX_BYTES:
        raise DataError(too_large(name, len(content)))
    with tempfile.TemporaryDirectory(prefix="smtj-") as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        try:
            return _examined(path, card)
        except DataError as error:
            # Name the file as the user knows it, not by its temporary path.
            raise DataError(str(error).replace(str(path), name)) from None


def too_large(name: str, size: int) -> str:
    """Return the message for a file that is too large."""
    return (
        f"{name} has {size / 1e6:.1f} MB, more than the {MAX_BYTES / 1e6:.0f} MB that this page "
        "accepts: fit it on the command line with `smtj fit`"
    )


def sample(card: DeviceCard, seed: int = 0) -> bytes:
    """Return a virtual measurement as CSV: 2000 readings at the midpoint field, with noise.

    Readings are instantaneous and a fifth of the shorter dwell time apart.
    """
    from smtj.physics.device import operating_point

    point = operating_point(card, float(card.electrical.read_voltage))
    field = float(point.offset_field)
    dwell = min(float(tau) for tau in point.dwell_times(field))
    instrument = lab.Instrument(
        interval=dwell / 5, integration_time=0.0, noise=0.02 * float(_resistance(card))
    )
    trace = lab.trace(card, 2000, field=field, instrument=instrument, seed=seed)
    with tempfile.TemporaryDirectory(prefix="smtj-") as folder:
        path = Path(folder) / SAMPLE
        save(trace, path)
        return path.read_bytes()


def _resistance(card: DeviceCard) -> float:
    from smtj.physics.junction import parallel_resistance

    return parallel_resistance(card)


def _examined(path: Path, card: DeviceCard) -> FileResult:
    setting = Setting(card, path.name)
    dataset = load(path)
    single = None
    if kind_of(dataset) == "trace" and len(found := groups(dataset)) == 1:
        single = trace_of(*found[0], setting)
        parts = [trace_part(single, setting)]
    else:
        parts = analyse([dataset], setting)
    pictures: tuple[bytes, ...] = ()
    if single is None:
        drawn = [part.draw(path.with_name(f"part-{n}")) for n, part in enumerate(parts)]
        pictures = tuple(images[1].read_bytes() for images in drawn)
    return FileResult(
        path.name,
        tuple(parts),
        tuple(remarks_of_files([dataset])),
        measured_card(card, parts, path.name),
        None if single is None else _segments(single),
        pictures,
    )


def _segments(trace: TraceResult) -> Segments:
    shown, fit, readings = slice(0, SHOWN), trace.fit, trace.readings
    low, high = (readings.resistance(level)[shown] for level in (fit.low, fit.high))
    return Segments(
        trace.time[shown] - trace.time[0],
        trace.resistance[shown],
        np.where(fit.states[shown] > 0, high, low),
        low,
        high,
        trace.time.size,
    )


def _file_name(name: str) -> str:
    """Return the last part of a path of either kind, at a length that every file system takes."""
    plain = PurePosixPath(PureWindowsPath(name).name.replace("\0", "")).name.strip(". ")
    if not plain:
        raise DataError("the file has no name; give it one that ends in .csv, .xlsx or .nc")
    return plain[-80:]
