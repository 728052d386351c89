"""Run several experiments at once: one process per core, one thread each, all saved on disk.

A small network spends much of its time between matrix products, where a second thread idles; two
trainings in parallel use two cores almost fully.
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing.queues import Queue
from pathlib import Path
from queue import Empty
from typing import Any

from smtj.datasets import ImageDataset, load_dataset
from smtj.nn.training.experiment import Experiment
from smtj.nn.training.run import TrainingRun, run_experiment
from smtj.nn.training.trainer import Epoch, as_tensors, held_out

PATIENCE_S = 5
"""Seconds a worker has to stop."""


@dataclass(frozen=True)
class Job:
    """One experiment, its number of epochs, and its folder."""

    name: str
    experiment: Experiment
    epochs: int
    out: Path
    held_out: bool = False
    """Whether to test on the last sixth of the training images instead, for tuning."""


def run_all(
    jobs: list[Job], images: ImageDataset, workers: int | None = None
) -> Iterator[tuple[Job, Epoch]]:
    """Train all jobs and yield every epoch as it ends; epochs already on disk are not repeated.

    Put the longest jobs first to keep all cores busy.  Every worker loads the data set again from
    its origin; ``workers`` is the number of processes, by default one per core.  Raises
    CheckpointError if a folder holds a run with other settings.
    """
    if not jobs:
        return
    context = multiprocessing.get_context("spawn")
    queue: Queue[tuple[int, Epoch]] = context.Queue()
    strangers = multiprocessing.active_children()
    count = min(len(jobs), workers or os.cpu_count() or 1)
    where = (images.name, Path(images.origin) if Path(images.origin).is_dir() else None)
    with ProcessPoolExecutor(count, context, _start, (queue, *where)) as pool:
        running: set[Future[int]] = {
            pool.submit(_train, index, job) for index, job in enumerate(jobs)
        }
        try:
            # A result may overtake the epochs that were put in the queue before it.
            awaited = 0
            while running or awaited > 0:
                done, running = wait(running, timeout=0, return_when=FIRST_COMPLETED)
                for future in done:
                    awaited += future.result()
                try:
                    index, epoch = queue.get(timeout=0.2)
                except Empty:
                    continue
                awaited -= 1
                yield jobs[index], epoch
        except BaseException:
            own = [child for child in multiprocessing.active_children() if child not in strangers]
            for process in own:
                process.terminate()
            pool.shutdown(wait=False, cancel_futures=True)
            for process in own:
                process.join(PATIENCE_S)
                process.kill()
                process.join()
            raise


_worker: dict[str, Any] = {}
"""State of a worker between jobs: the queue and the images."""


def _start(queue: "Queue[tuple[int, Epoch]]", dataset: str, folder: Path | None) -> None:
    import numba
    import torch

    # The parent handles Ctrl-C and ends the workers, which leave no half-written file.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    # In this order: starting Numba's threads may set PyTorch's number as well.
    numba.set_num_threads(1)
    torch.set_num_threads(1)
    _worker["queue"] = queue
    _worker["images"] = as_tensors(load_dataset(dataset, folder, progress=False))


def _leave(*_: object) -> None:
    """Exit by an exception, once, so that temporary files are removed."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit()


def _train(index: int, job: Job) -> int:
    """Train, put every epoch in the queue, and return the number of epochs."""
    images = _worker["images"]
    sent = 0

    def report(run: TrainingRun) -> None:
        nonlocal sent
        for epoch in run.history[sent:]:
            _worker["queue"].put((index, epoch))
            sent += 1

    run_experiment(
        job.experiment,
        held_out(images) if job.held_out else images,
        job.epochs,
        job.out,
        resume=(job.out / "checkpoint.pt").exists(),
        progress=report,
    )
    return sent
