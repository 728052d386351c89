"""Files are written whole or not at all."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO


def write_whole(path: Path, write: Callable[[IO[bytes]], object]) -> Path:
    """Write a file through a temporary one beside it, so that no half-written file ever stands.

    Parameters
    ----------
    path
        Where the file goes; missing folders are made, an existing file is replaced.
    write
        Called once with the open binary file.

    Returns
    -------
    Path
        The path written.

    Raises
    ------
    OSError
        The folder cannot be written or the disk is full; ``path`` is then as it was before.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            write(file)
        # mkstemp makes files private; a result is as readable as any other file of its owner.
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
