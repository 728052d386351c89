"""The progress of a training: a bar in a terminal, a table that grows in a notebook."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

    from smtj.nn.training.run import TrainingRun


def accuracy_bars(unit: str, quiet: bool = False) -> "Progress":
    """Return bars with an accuracy on standard error, for terminals only and not if quiet."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(f"{unit}, accuracy {{task.fields[accuracy]}}"),
        TimeRemainingColumn(),
        console=console,
        disable=quiet or not console.is_terminal,
        transient=True,
    )


@contextmanager
def training_progress(
    epochs: int, quiet: bool = False
) -> Iterator[Callable[["TrainingRun"], None]]:
    """Show the progress and accuracy of one training; yields the callback of the run."""
    from rich.console import Console

    if Console().is_jupyter and not quiet:
        yield _growing_table()
        return
    with accuracy_bars("epochs", quiet) as bars:
        # Hidden at first: the training may still be refused.
        task = bars.add_task("training", total=epochs, accuracy="…", visible=False)

        def update(run: "TrainingRun") -> None:
            accuracy = f"{100 * run.accuracy:.2f} %" if run.history else "…"
            bars.update(task, completed=len(run.history), accuracy=accuracy, visible=True)

        yield update


def _growing_table() -> Callable[["TrainingRun"], None]:
    """Return a callback that shows the run's own table, which needs no widgets."""
    from IPython.display import display

    handle = display(display_id=True)
    return lambda run: handle.update(run)
