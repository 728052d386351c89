"""Progress bars with the accuracy reached so far."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TimeRemainingColumn

from smtj.cli.output import progress_bars

if TYPE_CHECKING:
    from smtj.nn.training.parallel import Job
    from smtj.nn.training.trainer import Epoch


@contextmanager
def accuracy_progress(task: str, unit: str) -> Iterator[Callable[[int, int, float | None], None]]:
    """Show one bar; yields a function of (done, total, accuracy)."""
    with _bars(unit) as bars:
        tasks: list[TaskID] = []

        def update(done: int, total: int, accuracy: float | None) -> None:
            # Not before the work has begun: the command may yet be refused.
            if not tasks:
                tasks.append(bars.add_task(task, total=total, accuracy="…"))
            bars.update(tasks[0], completed=done)
            if accuracy is not None:
                bars.update(tasks[0], accuracy=f"{accuracy:.2%}")

        yield update


@contextmanager
def all_shown(jobs: "list[Job]") -> Iterator[Callable[["Job", "Epoch"], None]]:
    """Show one bar per running job; yields a function to call after every epoch."""
    with _bars("epochs") as bars:
        tasks = {
            job.out: bars.add_task(job.name, total=job.epochs, accuracy="…", visible=False)
            for job in jobs
        }

        def update(job: "Job", epoch: "Epoch") -> None:
            accuracy = f"{epoch.test_accuracy:.2%}"
            bars.update(tasks[job.out], completed=epoch.number, accuracy=accuracy, visible=True)

        yield update


def _bars(unit: str) -> Progress:
    return progress_bars(
        "{task.description}",
        BarColumn(),
        MofNCompleteColumn(),
        f"{unit}, accuracy {{task.fields[accuracy]}}",
        TimeRemainingColumn(),
    )
