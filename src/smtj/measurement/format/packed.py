"""Files that are compressed by gzip."""

import gzip
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from smtj.errors import DataError

_BLOCK, _SEEN = 1 << 20, 1 << 25
"""Bytes at a time, and those after which it shows how large the whole will be."""


@contextmanager
def unpacked(path: Path, most: int) -> Iterator[Path]:
    """Give the path of an unpacked copy of a ``.gz`` file, or of any other file itself.

    Raises DataError if the file is damaged, or has more than ``most`` bytes when unpacked.
    """
    if path.suffix.lower() != ".gz":
        yield path
        return
    size = path.stat().st_size
    too_large = DataError(
        f"{path} has more than {most / 1e6:.0f} MB unpacked: split it into parts, for example one "
        "file per field"
    )
    with tempfile.TemporaryDirectory(prefix="smtj-") as folder:
        copy = Path(folder) / path.stem
        with copy.open("wb") as file, path.open("rb") as raw, gzip.GzipFile(fileobj=raw) as packed:
            try:
                while block := packed.read(_BLOCK):
                    file.write(block)
                    done = file.tell()
                    if done > most or (done > _SEEN and done / raw.tell() * size > 2 * most):
                        raise too_large
            except (gzip.BadGzipFile, EOFError, zlib.error) as error:
                raise DataError(f"{path} is not an intact gzip file: pack it again") from error
        try:
            yield copy
        except DataError as error:
            # As the user knows it, not by its temporary path.
            raise DataError(str(error).replace(str(copy), str(path))) from None
