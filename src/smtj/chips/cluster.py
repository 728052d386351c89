"""Blocks of chips on Dask's workers: a local cluster, or one that runs elsewhere."""

import logging
import os
import signal
import threading
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from smtj.chips.conditions import Condition
from smtj.chips.evaluate import Evaluator, Task
from smtj.chips.plan import Study
from smtj.chips.store import HOW_TO_INSTALL
from smtj.errors import SmtjError

try:
    from distributed import Client, LocalCluster, Worker, WorkerPlugin, as_completed, get_worker
    from distributed.scheduler import KilledWorker
except ModuleNotFoundError as error:
    raise SmtjError(
        f"{error.name}, which runs studies on several processes, is not installed; "
        f"{HOW_TO_INSTALL}, or use one process with workers 0"
    ) from None

PATIENCE_S = 10
"""Seconds in which a scheduler must answer."""


class Payload(WorkerPlugin):
    """Gives every worker the network and its images, those that join later or anew as well."""

    def __init__(self, name: str, task: Task) -> None:
        self.name = name
        self.task = task

    def setup(self, worker: Worker) -> None:
        """Take the task in; Dask calls this on every worker."""
        if threading.current_thread() is threading.main_thread():
            # Ctrl-C is for the one who started the study.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        _tasks[self.name] = self.task

    def teardown(self, worker: Worker) -> None:
        """Forget the task."""
        _tasks.pop(self.name, None)
        _evaluators.pop(self.name, None)


_tasks: dict[str, Task] = {}
_evaluators: dict[str, Evaluator] = {}
_one_at_a_time = threading.Lock()


def evaluate(
    task: Task, study: Study, blocks: Iterable[int], workers: int | None, scheduler: str | None
) -> Iterator[tuple[int, list[float]]]:
    """Evaluate blocks on Dask's workers and yield each with its accuracies as it is done.

    Parameters
    ----------
    task
        Network and images.
    study
        What is studied.
    blocks
        Which blocks.
    workers
        Processes of a cluster of this machine's; one a core by default.
    scheduler
        Address of a Dask scheduler to use instead, ``tcp://host:port``.

    Raises
    ------
    SmtjError
        The scheduler does not answer, workers keep dying, or a condition is not possible.
    """
    name = f"smtj-{uuid.uuid4().hex}"
    with _client(workers, scheduler) as client:
        client.register_plugin(Payload(name, task), name=name)
        try:
            numbers = {
                client.submit(_evaluate, name, study.block(k), pure=False): k for k in blocks
            }
            for future in as_completed(numbers):  # type: ignore[no-untyped-call]
                yield numbers[future], _result(future)
                future.release()
        finally:
            _quietly(client.unregister_worker_plugin, name)


def _result(future: Any) -> list[float]:
    try:
        accuracies: list[float] = future.result()
    except KilledWorker:
        raise SmtjError(
            "the same chips ended several Dask workers, as a rule for want of memory; give "
            "fewer workers, or fewer images"
        ) from None
    return accuracies


def _evaluate(name: str, rows: list[tuple[int, Condition]]) -> list[float]:
    """Evaluate a block on a worker."""
    with _one_at_a_time:
        if name not in _evaluators:
            if name not in _tasks:
                # The plug-in comes before any task; where it failed, its own error is in the log.
                raise RuntimeError(f"worker {get_worker().address} did not get the network")
            _evaluators[name] = Evaluator(_tasks[name])
        return [_evaluators[name].accuracy(chip, condition) for chip, condition in rows]


@contextmanager
def _client(workers: int | None, scheduler: str | None) -> Iterator[Client]:
    if scheduler is not None:
        try:
            client = Client(scheduler, timeout=PATIENCE_S)  # type: ignore[no-untyped-call]
        except (OSError, ValueError, TimeoutError) as error:
            raise SmtjError(
                f"no Dask scheduler answers at {scheduler} ({type(error).__name__}); give "
                "tcp://host:port as `dask scheduler` prints it"
            ) from None
        try:
            yield client
        finally:
            _quietly(client.close)
        return
    cluster = LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=workers or os.cpu_count() or 1,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        # Dask would pause workers by the memory of the machine, which others use as well.
        memory_limit=0,
        silence_logs=logging.CRITICAL,
    )
    try:
        client = Client(cluster)  # type: ignore[no-untyped-call]
        try:
            yield client
        finally:
            _quietly(client.close)
    finally:
        _quietly(cluster.close)


def _quietly(close: Any, *args: object) -> None:
    """Close what may be gone already; the results are safe."""
    try:
        close(*args)
    except Exception:  # whatever a broken connection raises
        logging.getLogger(__name__).debug("while closing", exc_info=True)
