"""Run a study: in this process or on Dask's workers, kept on disk as it goes if wanted."""

import copy
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn

from smtj.chips.conditions import Vary
from smtj.chips.evaluate import Evaluator, Task, check_conditions
from smtj.chips.plan import Study, fingerprint, own_values
from smtj.chips.result import StudyResult
from smtj.chips.store import StudyStore

Progress = Callable[[int, int, list[float]], None]
"""Called with the evaluations that are done, those there are, and the last accuracies."""


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
    """Evaluate many chips of one trained network, each with devices of its own.

    Every chip has the weights of the network and devices drawn from its number and the seed; under
    all conditions it is the same chip, with spreads larger or smaller.

    Parameters
    ----------
    model
        A network with junctions, as :func:`smtj.nn.convert` or
        :func:`smtj.nn.training.network.load_network` gives it; it is left as it is.  It answers a
        batch of images with an array of shape (batch, classes), the largest of which is the class.
    images
        Test images as the model takes them, shape (count, ...).
    labels
        Their classes, shape (count,).
    chips
        Number of chips.
    vary
        Values in SI units by the names of :data:`smtj.chips.QUANTITIES`, of which every combination
        is a condition: ``{"temperature": [280.0, 300.0], "reads": [1, 16, "expected"]}``.  Several
        mappings are varied one after the other.
    seed
        Seed of the study; the same seed gives the same table, whatever the number of workers.
    workers
        Processes of a Dask cluster on this machine; 0 for none but this one, None for one a core.
        Processes start afresh (spawn), so that a script needs ``if __name__ == "__main__":``.
    scheduler
        Address of a Dask scheduler to use instead.
    out
        Folder in which results are kept as they come; a study that was interrupted goes on from
        there.
    progress
        Called after every block of evaluations.

    Returns
    -------
    StudyResult
        Its ``table`` has a row for every chip under every condition.

    Raises
    ------
    SmtjError
        A name or number is not possible, the network has no junctions, the folder holds another
        study, or Dask is needed and not there.
    """
    study = Study.of(chips, vary, seed)
    own = copy.deepcopy(model).cpu().eval()
    check_conditions(own, study.conditions)
    task = Task(own, torch.as_tensor(images).cpu(), torch.as_tensor(labels).cpu(), seed)
    values = own_values(own)
    kept, done = None, dict[int, list[float]]()
    if out is not None:
        kept = StudyStore(Path(out))
        kept.begin(study, fingerprint(own, task.images, task.labels))
        done = kept.done(study)
    missing = [number for number in range(study.blocks) if number not in done]
    count = sum(map(len, done.values()))
    if progress:
        progress(count, study.evaluations, [])
    for number, accuracies in _evaluate(task, study, missing, workers, scheduler):
        if kept:
            kept.keep(number, study, accuracies)
        done[number] = accuracies
        count += len(accuracies)
        if progress:
            progress(count, study.evaluations, accuracies)
    in_order = [value for number in range(study.blocks) for value in done[number]]
    table = study.frame(in_order, values)
    if kept and missing:
        kept.finish(table)
    return StudyResult(study, table, values, len(task.labels))


def _evaluate(
    task: Task, study: Study, blocks: list[int], workers: int | None, scheduler: str | None
) -> Iterable[tuple[int, list[float]]]:
    if not blocks:
        return ()
    if workers == 0 and scheduler is None:
        return _here(task, study, blocks)
    from smtj.chips import cluster

    return cluster.evaluate(task, study, blocks, workers, scheduler)


def _here(task: Task, study: Study, blocks: list[int]) -> Iterator[tuple[int, list[float]]]:
    evaluator = Evaluator(task)
    for number in blocks:
        yield number, [evaluator.accuracy(chip, part) for chip, part in study.block(number)]
