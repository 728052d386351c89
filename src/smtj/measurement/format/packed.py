"""Files that are compressed by gzip."""

import gzip
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from smtj.errors import DataError

_BLOCK = 1 << 20


@contextmanager
def unpacked(path: Path, most: int) -> Iterator[Path]:
    """Give the path of an unpacked copy of a ``.gz`` file, or of any other file itself.

    Raises DataError if the file is damaged, or has more than ``most`` bytes when unpacked.
    """
    if path.suffix.lower() != ".gz":
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="smtj-") as folder:
        copy = Path(folder) / path.stem
        with copy.open("wb") as file, gzip.open(path) as packed:
            try:
                while block := packed.read(_BLOCK):
                    file.write(block)
                    if file.tell() > most:
                        raise DataError(
                            f"{path} has more than {most / 1e6:.0f} MB unpacked: split it into "
                            "parts, for example one file per field"
                        )
            except (gzip.BadGzipFile, EOFError, zlib.error) as error:
                raise DataError(f"{path} is not an intact gzip file: pack it again") from error
        try:
            yield copy
        except DataError as error:
            # As the user knows it, not by its temporary path.
            raise DataError(str(error).replace(str(copy), str(path))) from None
