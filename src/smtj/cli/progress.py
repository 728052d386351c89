"""Progress bars that show the accuracy reached so far."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from smtj.cli.output import is_quiet

if TYPE_CHECKING:
    from rich.progress import Progress

    from smtj.nn.training.parallel import Job
    from smtj.nn.training.trainer import Epoch


@contextmanager
def all_shown(jobs: "list[Job]") -> Iterator[Callable[["Job", "Epoch"], None]]:
    """Show a bar for every job that has begun; yields a function to call after every epoch."""
    with _bars("epochs") as bars:
        tasks = {
            job.out: bars.add_task(job.name, total=job.epochs, accuracy="…", visible=False)
            for job in jobs
        }

        def update(job: "Job", epoch: "Epoch") -> None:
            accuracy = f"{100 * epoch.test_accuracy:.2f} %"
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
                bars.update(task, accuracy=f"{100 * sum(last) / len(last):.2f} %")

        yield update


def _bars(unit: str) -> "Progress":
    from smtj.nn.training.progress import accuracy_bars

    return accuracy_bars(unit, is_quiet())
