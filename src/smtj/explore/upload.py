"""A file dropped on the page: what it contains, and the card it gives."""

import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np

from smtj import lab
from smtj.analysis import FitResult, fit
from smtj.analysis.switching.trace import FittedTrace
from smtj.card import BehaviouralCard, Card, as_device
from smtj.card.base import IN_PLANE_FIELD
from smtj.errors import DataError
from smtj.measurement import save
from smtj.physics.junction import parallel_resistance
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
    """A fitted file."""

    fit: FitResult
    card: Card | None
    """Card with the fitted values; None if none of them belongs on a card."""
    segments: Segments | None
    """Of a single trace."""
    pictures: tuple[bytes, ...]
    """One SVG per part, except for a single trace."""


def examine(name: str, content: bytes, card: Card) -> FileResult:
    """Fit a file as ``smtj fit`` does.

    Parameters
    ----------
    name
        File name; its suffix gives the format.
    content
        The file.
    card
        The base card, which also supplies what the file does not say; nothing is taken from a
        behavioural one.

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


def sample(card: Card, seed: int = 0) -> bytes:
    """Return a virtual measurement as CSV: 2000 readings at the midpoint field, with noise.

    Readings are instantaneous and a fifth of the shorter dwell time apart.
    """
    bias = None if card.drive.name == "voltage" else card.bias_voltage
    if not isinstance(card, BehaviouralCard):
        bias = card.read_voltage
    point = card.under_bias(bias)
    middle = float(point.offset_field)
    dwell = min(float(tau) for tau in point.dwell_times(middle))
    noise = None
    if not isinstance(card, BehaviouralCard):
        noise = 0.02 * parallel_resistance(as_device(card))
    instrument = lab.Instrument(interval=dwell / 5, integration_time=0.0, noise=noise)
    at: dict[str, Any] = {} if card.drive.name == "none" else {card.drive.name: middle}
    if card.drive == IN_PLANE_FIELD:
        at = {"field_in_plane": middle}
    trace = lab.trace(card, 2000, instrument=instrument, seed=seed, **at)
    with tempfile.TemporaryDirectory(prefix="smtj-") as folder:
        path = Path(folder) / SAMPLE
        save(trace, path)
        return path.read_bytes()


def _examined(path: Path, card: Card) -> FileResult:
    base = None if isinstance(card, BehaviouralCard) else card
    result = fit(path, base, source=path.name)
    made = result.card() if result.has_card else None
    single = result.fit if result.kind == "trace" else None
    pictures: tuple[bytes, ...] = ()
    if single is None:
        drawn = [part.draw(path.with_name(f"part-{n}")) for n, part in enumerate(result.each)]
        pictures = tuple(images[1].read_bytes() for images in drawn)
    return FileResult(
        result,
        made,
        None if single is None else _segments(single),
        pictures,
    )


def _segments(trace: FittedTrace) -> Segments:
    shown = slice(0, SHOWN)
    low, high = trace.low[shown], trace.high[shown]
    return Segments(
        trace.time[shown] - trace.time[0],
        trace.resistance[shown],
        np.where(trace.fit.states[shown] > 0, high, low),
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
