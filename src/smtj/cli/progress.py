"""Progress bars that show what matters while one waits."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

if TYPE_CHECKING:
    from smtj.nn import TrainingRun
    from smtj.nn.training.parallel import Job
    from smtj.nn.training.trainer import Epoch


@contextmanager
def training_progress(total: int) -> Iterator[Callable[["TrainingRun"], None]]:
    """Show the progress and accuracy of one training; yields the callback of the run."""
    with _bars() as progress:
        tasks: list[TaskID] = []

        def update(run: "TrainingRun") -> None:
            # Not before the run has begun: the command may yet be refused.
            if not tasks:
                tasks.append(progress.add_task("training", total=total, accuracy="…"))
            if run.history:
                progress.update(
                    tasks[0], completed=len(run.history), accuracy=f"{run.accuracy:.2%}"
                )

        yield update


@contextmanager
def all_shown(jobs: "list[Job]") -> Iterator[Callable[["Job", "Epoch"], None]]:
    """Show a bar for every job that has begun; yields what is to be called after every epoch."""
    with _bars() as progress:
        tasks = {
            job.out: progress.add_task(job.name, total=job.epochs, accuracy="…", visible=False)
            for job in jobs
        }

        def update(job: "Job", epoch: "Epoch") -> None:
            progress.update(
                tasks[job.out],
                completed=epoch.number,
                accuracy=f"{epoch.test_accuracy:.2%}",
                visible=True,
            )

        yield update


@contextmanager
def evaluations() -> Iterator[Callable[[int, int, list[float]], None]]:
    """Show how many chips are evaluated and what the last ones reached."""
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("evaluations, accuracy {task.fields[accuracy]}"),
        TimeRemainingColumn(),
    )
    with bars:
        tasks: list[TaskID] = []

        def update(done: int, total: int, last: list[float]) -> None:
            # Not before there is something to show: the command may yet be refused.
            if not tasks:
                tasks.append(bars.add_task("chips", total=total, accuracy="…"))
            bars.update(tasks[0], completed=done)
            if last:
                bars.update(tasks[0], accuracy=f"{sum(last) / len(last):.2%}")

        yield update


def _bars() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("epochs, accuracy {task.fields[accuracy]}"),
        TimeRemainingColumn(),
    )
