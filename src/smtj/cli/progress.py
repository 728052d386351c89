"""Progress bars that show the accuracy reached so far."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from smtj.cli.output import progress_bars

if TYPE_CHECKING:
    from rich.progress import Progress

    from smtj.nn import TrainingRun
    from smtj.nn.training.parallel import Job
    from smtj.nn.training.trainer import Epoch


@contextmanager
def training_progress(total: int) -> Iterator[Callable[["TrainingRun"], None]]:
    """Show the progress and accuracy of one training; yields the callback of the run."""
    with _bars("epochs") as bars:
        # Hidden at first: the command may still be refused.
        task = bars.add_task("training", total=total, accuracy="…", visible=False)

        def update(run: "TrainingRun") -> None:
            accuracy = f"{run.accuracy:.2%}" if run.history else "…"
            bars.update(task, completed=len(run.history), accuracy=accuracy, visible=True)

        yield update


@contextmanager
def all_shown(jobs: "list[Job]") -> Iterator[Callable[["Job", "Epoch"], None]]:
    """Show a bar for every job that has begun; yields a function to call after every epoch."""
    with _bars("epochs") as bars:
        tasks = {
            job.out: bars.add_task(job.name, total=job.epochs, accuracy="…", visible=False)
            for job in jobs
        }

        def update(job: "Job", epoch: "Epoch") -> None:
            accuracy = f"{epoch.test_accuracy:.2%}"
            bars.update(tasks[job.out], completed=epoch.number, accuracy=accuracy, visible=True)

        yield update


@contextmanager
def evaluations() -> Iterator[Callable[[int, int, list[float]], None]]:
    """Show how many chips are evaluated and the mean accuracy of the last ones."""
    with _bars("evaluations") as bars:
        # Hidden at first: the command may still be refused.
        task = bars.add_task("chips", total=None, accuracy="…", visible=False)

        def update(done: int, total: int, last: list[float]) -> None:
            bars.update(task, completed=done, total=total, visible=True)
            if last:
                bars.update(task, accuracy=f"{sum(last) / len(last):.2%}")

        yield update


def _bars(unit: str) -> "Progress":
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

    return progress_bars(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(f"{unit}, accuracy {{task.fields[accuracy]}}"),
        TimeRemainingColumn(),
    )
