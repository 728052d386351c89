"""Writing files whole or not at all."""

import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO


def write_whole(path: Path, write: Callable[[IO[bytes]], object]) -> Path:
    """Write a file that gets its name when it is complete, and return its path.

    On Linux a killed process leaves nothing; elsewhere it may leave a hidden file beside the path.

    Parameters
    ----------
    path
        Missing folders are made, an existing file is replaced.
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
    """Give an open file without a name that of a path, replacing what is there."""
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
    """Write bytes whole or not at all; see :func:`write_whole`."""
    return write_whole(path, lambda file: file.write(content))


def write_text(path: Path, text: str) -> Path:
    """Write text whole or not at all, as UTF-8; see :func:`write_whole`."""
    return write_bytes(path, text.encode())
