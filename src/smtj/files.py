"""Atomic file writing: a file is complete or absent.  And what is no file."""

import os
import secrets
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO


def no_file(path: Path) -> str:
    """Return what a path is if no file and no folder, e.g. ``"a pipe"``; such may never end."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return ""
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return ""
    return "a pipe" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"


def write_whole(path: Path, write: Callable[[IO[bytes]], object]) -> Path:
    """Write a file that appears only once it is complete, and return its path.

    On Linux a killed process leaves nothing; elsewhere it may leave a hidden file beside the path.

    Parameters
    ----------
    path
        Missing folders are created; an existing file is replaced.
    write
        Called once with the open binary file.

    Raises
    ------
    OSError
        The folder cannot be written or the disk is full; ``path`` is unchanged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path.parent, os.O_TMPFILE | os.O_WRONLY, 0o666)
    except (AttributeError, OSError):
        return _through_a_hidden_file(path, write)
    with os.fdopen(descriptor, "wb") as file:
        write(file)
        file.flush()
        _name(descriptor, path)
    return path


def _name(descriptor: int, path: Path) -> None:
    """Link an open unnamed file to a path, replacing any file there."""
    hidden = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            source = f"/proc/self/fd/{descriptor}"
            # With the folder's descriptor Python follows the link to the open file.
            os.link(source, hidden.name, dst_dir_fd=folder, follow_symlinks=True)
        finally:
            os.close(folder)
        hidden.replace(path)
    except BaseException:
        hidden.unlink(missing_ok=True)
        raise


def _through_a_hidden_file(path: Path, write: Callable[[IO[bytes]], object]) -> Path:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            write(file)
        # mkstemp makes files private.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return path


def write_bytes(path: Path, content: bytes) -> Path:
    """Write bytes atomically; see :func:`write_whole`."""
    return write_whole(path, lambda file: file.write(content))


def write_text(path: Path, text: str) -> Path:
    """Write text atomically, as UTF-8; see :func:`write_whole`."""
    return write_bytes(path, text.encode())
