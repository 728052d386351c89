"""What commands print: results on standard output; progress and notes on standard error.

``--quiet`` leaves results and errors only.
"""

import json
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import typer

from smtj.errors import SmtjError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, ProgressColumn

BAD_INPUT = 2
"""Exit code of every error that the user can correct."""
INTERRUPTED = 130
"""Exit code after Ctrl-C, as in a shell."""
TERMINATED = 143
"""Exit code after SIGTERM, as in a shell."""

Report = Callable[[int, int], None]
"""Called with (done, total)."""

_state = {"quiet": False}


def set_quiet(quiet: bool) -> None:
    """Leave out, or print, progress and notes."""
    _state["quiet"] = quiet


def is_quiet() -> bool:
    """Return whether only results and errors are printed."""
    return _state["quiet"]


def note(text: str) -> None:
    """Print a remark or the next step on standard error, unless quiet."""
    if not is_quiet():
        typer.echo(text, err=True)


def print_json(content: Any) -> None:
    """Print a result as JSON on standard output."""
    typer.echo(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False))


def notes_console() -> "Console":
    """Return a Rich console on standard error that is silent if quiet."""
    from rich.console import Console

    return Console(stderr=True, quiet=is_quiet())


def progress_bars(*columns: "str | ProgressColumn") -> "Progress":
    """Return Rich progress bars on standard error, for terminals only and not if quiet."""
    from rich.progress import Progress

    console = notes_console()
    disable = is_quiet() or not console.is_terminal
    return Progress(*columns, console=console, disable=disable, transient=True)


@contextmanager
def progress(task: str, unit: str = "") -> Iterator[Report]:
    """Show a progress bar while the block runs; yields a function of (done, total)."""
    from rich.progress import BarColumn, MofNCompleteColumn, TimeRemainingColumn

    with progress_bars(
        task, BarColumn(), MofNCompleteColumn(), unit, TimeRemainingColumn()
    ) as bars:
        bar = bars.add_task("", total=None)
        yield lambda done, total: bars.update(bar, completed=done, total=total)


class Terminated(KeyboardInterrupt):
    """SIGTERM, by which a cluster's queue or a container ends a command."""


@contextmanager
def sigterm_as_ctrl_c() -> Iterator[None]:
    """Let SIGTERM raise an exception during the block, so that it cleans up as after Ctrl-C."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def exit_code(stopped: KeyboardInterrupt) -> int:
    """Return the exit code of a command that was stopped."""
    return TERMINATED if isinstance(stopped, Terminated) else INTERRUPTED


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """Turn an OSError while writing ``out`` into an error that suggests another ``--out``."""
    try:
        yield
    except OSError as error:
        raise SmtjError(f"{out} cannot be written: {error.strerror}; give another --out") from error
