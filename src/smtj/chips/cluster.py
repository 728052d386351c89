"""Evaluate blocks of chips on Dask workers, of a local or a remote cluster."""

import logging
import os
import signal
import threading
import uuid
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any

from smtj.chips.conditions import Condition
from smtj.chips.evaluate import Evaluator, Task
from smtj.chips.plan import Study
from smtj.chips.store import INSTALL
from smtj.errors import SmtjError

try:
    from distributed import Client, LocalCluster, Worker, WorkerPlugin, as_completed, get_worker
    from distributed.comm.core import CommClosedError
    from distributed.scheduler import KilledWorker
    from distributed.utils import silence_logging_cmgr
except ModuleNotFoundError as error:
    raise SmtjError(
        f"{error.name}, which runs studies on several processes, is not installed; {INSTALL}, or "
        "use this process only (workers 0)"
    ) from None

PATIENCE_S = 10
"""Seconds until a scheduler must answer, and until a lost one must be back."""


class Payload(WorkerPlugin):
    """Send network and images to every worker, also to those that join later."""

    def __init__(self, name: str, task: Task) -> None:
        self.name = name
        self.task = task

    def setup(self, worker: Worker) -> None:
        """Store the task; Dask calls this on every worker."""
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
) -> Generator[tuple[int, list[float]], None, None]:
    """Evaluate blocks on Dask workers and yield each with its accuracies as it finishes.

    ``workers`` is the number of processes of a local cluster, by default one per core;
    ``scheduler`` the address of one to use instead, ``tcp://host:port``.  Raises SmtjError if the
    scheduler does not answer or is lost, workers keep dying, or a condition is impossible.
    """
    name = f"smtj-{uuid.uuid4().hex}"
    with _client(workers, scheduler) as client:
        try:
            client.register_plugin(Payload(name, task), name=name)
            numbers = {
                client.submit(_evaluate, name, study.block(k), pure=False): k for k in blocks
            }
            for future in as_completed(numbers):  # type: ignore[no-untyped-call]
                yield numbers[future], _result(future)
                future.release()
        except (CommClosedError, CancelledError):
            # A scheduler that was started again knows none of the tasks and cancels them.
            raise SmtjError(
                f"the Dask scheduler {f'at {scheduler} ' if scheduler else ''}was lost in the "
                "middle of the study; start it again and repeat the study, whose folder keeps the "
                "finished chips"
            ) from None
        finally:
            if client.status == "running":
                _close(client.unregister_worker_plugin, name)


def _result(future: Any) -> list[float]:
    try:
        accuracies: list[float] = future.result()
    except KilledWorker:
        raise SmtjError(
            "the same chips killed several Dask workers, usually for lack of memory; use fewer "
            "workers or fewer images"
        ) from None
    return accuracies


def _evaluate(name: str, rows: list[tuple[int, Condition]]) -> list[float]:
    """Evaluate a block on a worker."""
    with _one_at_a_time:
        if name not in _evaluators:
            if name not in _tasks:
                # The plug-in runs before any task; if it failed, the log has its error.
                raise RuntimeError(f"worker {get_worker().address} has no network")
            _evaluators[name] = Evaluator(_tasks[name])
        return [_evaluators[name].accuracy(chip, condition) for chip, condition in rows]


@contextmanager
def _client(workers: int | None, scheduler: str | None) -> Iterator[Client]:
    begun: list[Any] = []
    # Dask reports losses, which are told in a sentence here, by tracebacks in its log.
    with silence_logging_cmgr(logging.CRITICAL + 1):
        try:
            if scheduler is None:
                with _undisturbed():
                    begun.append(_local_cluster(workers))
                    begun.append(Client(begun[0]))  # type: ignore[no-untyped-call]
            else:
                begun.append(_connected(scheduler))
            yield begun[-1]
        finally:
            for one in reversed(begun):
                _close(one.close)


def _connected(scheduler: str) -> Client:
    try:
        return Client(scheduler, timeout=PATIENCE_S)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TimeoutError) as error:
        raise SmtjError(
            f"no Dask scheduler answers at {scheduler} ({type(error).__name__}); give "
            "tcp://host:port as `dask scheduler` prints it"
        ) from None


def _local_cluster(workers: int | None) -> LocalCluster:
    return LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=workers or os.cpu_count() or 1,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        # Even without a dashboard Dask opens a port, which must be a free one.
        scheduler_kwargs={"dashboard_address": ":0"},
        # Dask would pause workers by the machine's memory, which others use as well.
        memory_limit=0,
        silence_logs=logging.CRITICAL,
    )


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold back Ctrl-C and SIGTERM during the block, and Ctrl-C from processes begun in it.

    Dask that is stopped while it starts or closes leaves processes and semaphores behind.  A
    terminal sends Ctrl-C to the workers too, which are closed by the process that began them.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number, handler in handlers.items():
        if callable(handler):
            signal.signal(number, lambda received, _: held.append(received))
    blocked = None
    if hasattr(signal, "pthread_sigmask"):
        # Threads and processes inherit the mask; the tracker, begun later, would lift it.
        resource_tracker.ensure_running()
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        if blocked is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for received in held[:1]:
            signal.raise_signal(received)


def _close(close: Any, *args: object) -> None:
    """Close what may already be closed; the results are safe."""
    with _undisturbed():
        try:
            close(*args)
        except Exception:  # whatever a broken connection raises
            logging.getLogger(__name__).debug("while closing", exc_info=True)
