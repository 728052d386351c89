"""Run a study: in this process or on Dask's workers, saved on disk block by block if wanted."""

import copy
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import torch
from torch import nn

from smtj import provenance
from smtj.chips.conditions import Vary
from smtj.chips.evaluate import Evaluator, Task, check_conditions
from smtj.chips.plan import Study, fingerprint, own_values
from smtj.chips.result import StudyResult
from smtj.chips.store import StudyStore, require_polars
from smtj.writers import holding

Progress = Callable[[int, int, list[float]], None]
"""Called with (done, total, latest accuracies)."""
Blocks = Generator[tuple[int, list[float]], None, None]
"""Numbers of blocks with their accuracies, as they finish."""


def study(
    model: nn.Module,
    images: Any,
    labels: Any,
    *,
    chips: int = 100,
    vary: Vary | None = None,
    seed: int = 0,
    workers: int | None = 0,
    scheduler: str | None = None,
    out: Path | str | None = None,
    progress: Progress | None = None,
) -> StudyResult:
    """Evaluate many chips of one trained network, each with its own devices.

    All chips share the network's weights; their devices follow from the chip's number and the
    seed.  A chip stays the same under all conditions: larger spreads scale its deviations.

    Parameters
    ----------
    model
        A network with junctions, from :func:`smtj.nn.convert` or :func:`smtj.nn.load_network`; it
        is not modified.  It maps a batch of images to an array of shape (batch, classes), whose
        largest entry is the class.
    images
        Test images as the model takes them, shape (count, ...).
    labels
        Their classes, shape (count,).
    chips
        Number of chips.
    vary
        Values in SI units by the names of :data:`smtj.chips.QUANTITIES`; every combination is a
        condition: ``{"temperature": [280, 300], "reads": [1, 16, "expected"]}``.  Several mappings
        are varied one after the other.
    seed
        Seed of the study; the same seed gives the same table for any number of workers.
    workers
        Processes of a Dask cluster on this machine; 0 for this process only, None for one per
        core.  Processes are spawned, so a script needs ``if __name__ == "__main__":``.
    scheduler
        Address of a Dask scheduler to use instead.
    out
        Folder that receives results as they come; an interrupted study resumes from there.
    progress
        Called with (done, total, latest accuracies) after every block of evaluations.

    Returns
    -------
    StudyResult
        It prints as a table; ``to_dataframe()`` has one row per chip and condition.

    Raises
    ------
    SmtjError
        A name or number is invalid, the network has no junctions, the folder holds another study,
        or Dask is needed and not installed.

    Examples
    --------
    >>> import torch
    >>> from smtj import chips, nn
    >>> digital = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Sigmoid())
    >>> images = torch.rand(50, 8)
    >>> model = nn.convert(digital, "cai2019", images[:2], reads=16)
    >>> labels = digital(images).argmax(1)
    >>> study = chips.study(model, images, labels, chips=5, vary={"temperature": [280, 300]})
    >>> study.to_dataframe().shape
    (10, 4)
    """
    plan = Study.of(chips, vary, seed)
    own = copy.deepcopy(model).cpu().eval()
    check_conditions(own, plan.conditions)
    task = Task(own, torch.as_tensor(images).cpu(), torch.as_tensor(labels).cpu(), seed)
    if out is None:
        return _study(task, plan, None, workers, scheduler, progress)
    require_polars()
    folder = Path(out)
    with holding(folder, provenance.command()):
        return _study(task, plan, StudyStore(folder), workers, scheduler, progress)


def _study(
    task: Task,
    plan: Study,
    store: StudyStore | None,
    workers: int | None,
    scheduler: str | None,
    progress: Progress | None,
) -> StudyResult:
    values = own_values(task.model)
    done = dict[int, list[float]]()
    if store:
        store.begin(plan, fingerprint(task.model, task.images, task.labels))
        done = store.done(plan)
    missing = [number for number in range(plan.blocks) if number not in done]
    count = sum(map(len, done.values()))
    if progress:
        progress(count, plan.evaluations, [])
    # A cluster is closed before an error of the loop is told.
    with closing(_evaluate(task, plan, missing, workers, scheduler)) as evaluated:
        for number, accuracies in evaluated:
            if store:
                store.save(number, plan, accuracies)
            done[number] = accuracies
            count += len(accuracies)
            if progress:
                progress(count, plan.evaluations, accuracies)
    frame = plan.frame([value for number in range(plan.blocks) for value in done[number]], values)
    if store and missing:
        store.finish(frame)
    return StudyResult(plan, frame, values, len(task.labels))


def _evaluate(
    task: Task, plan: Study, blocks: list[int], workers: int | None, scheduler: str | None
) -> Blocks:
    if not blocks or (workers == 0 and scheduler is None):
        return _here(task, plan, blocks)
    from smtj.chips import cluster

    return cluster.evaluate(task, plan, blocks, workers, scheduler)


def _here(task: Task, plan: Study, blocks: list[int]) -> Blocks:
    if not blocks:
        return
    evaluator = Evaluator(task)
    for number in blocks:
        yield number, [evaluator.accuracy(chip, part) for chip, part in plan.block(number)]
