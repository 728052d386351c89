"""One run at a time writes into a folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from smtj.errors import SmtjError
from smtj.files import write_text

LOCK, HOLDER = ".lock", ".writer"


@contextmanager
def holding(folder: Path, by: str) -> Iterator[None]:
    """Hold a folder against other processes; it is made if missing, and goes again if left empty.

    A process may hold a folder several times over.  The system lets go of what a killed process
    held.

    Parameters
    ----------
    folder
        To be written into.
    by
        The command that holds it, which another process is told.

    Raises
    ------
    SmtjError
        Another process holds the folder.
    OSError
        The folder cannot be written.
    """
    from filelock import FileLock, Timeout

    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK, timeout=0, is_singleton=True, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise SmtjError(
            f"{folder} is being written by {_holder(folder)}; wait until that ends, or give "
            "another folder"
        ) from None
    try:
        if lock.lock_counter == 1:
            now = datetime.now().strftime("%Y-%m-%d %H:%M")
            with suppress(OSError):  # A full disk is told by what is to be written.
                write_text(folder / HOLDER, f"{by} (process {os.getpid()}, since {now})")
        yield
    finally:
        if lock.lock_counter == 1:
            for name in (HOLDER, LOCK):
                (folder / name).unlink(missing_ok=True)
            if is_new and not any(folder.iterdir()):
                folder.rmdir()
        lock.release()


def _holder(folder: Path) -> str:
    try:
        return (folder / HOLDER).read_text(encoding="utf-8")
    except OSError:
        return "another process"
