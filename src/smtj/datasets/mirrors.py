"""Published data sets: what their files must be, and where the public keeps copies of them."""

import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from smtj.datasets.idx import (
    GZIP_MAGIC,
    PARTS,
    TEST_IMAGES,
    TEST_LABELS,
    TRAIN_IMAGES,
    TRAIN_LABELS,
    find_part,
    unpack,
)
from smtj.errors import DataError
from smtj.files import write_whole

TIMEOUT_S = (5.0, 15.0)
"""Seconds to wait for a mirror's connection and for its next bytes."""

_CHUNK_BYTES = 1 << 16


class DownloadError(DataError):
    """No mirror gave a file, or it cannot be kept; the message is a clause, not a sentence."""


@dataclass(frozen=True)
class Published:
    """A data set as its authors published it.

    Attributes
    ----------
    title
        Its name for people.
    mirrors
        Addresses of folders with the four ``.gz`` files, each ending in a slash, best first.
    md5
        MD5 of each *uncompressed* file, by its name. Over the content rather than the gzip
        container, because the same images packed anew are still the same data set.
    """

    title: str
    mirrors: tuple[str, ...]
    md5: Mapping[str, str]


PUBLISHED: dict[str, Published] = {
    "mnist": Published(
        title="MNIST",
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        md5={
            TRAIN_IMAGES: "6bbc9ace898e44ae57da46a324031adb",
            TRAIN_LABELS: "a25bea736e30d166cdddb491f175f624",
            TEST_IMAGES: "2646ac647ad5339dbf082846283269ea",
            TEST_LABELS: "27ae3e4e09519cfbb04c329615203637",
        },
    ),
    "fashion-mnist": Published(
        title="Fashion-MNIST",
        mirrors=(
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ),
        md5={
            TRAIN_IMAGES: "f4a8712d7a061bf5bd6d2ca38dc4d50a",
            TRAIN_LABELS: "9018921c3c673c538a1fc5bad174d6f9",
            TEST_IMAGES: "8181f5470baa50b63fa0f6fddb340f0a",
            TEST_LABELS: "15d484375f8d13e6eb1aabb0c3f46965",
        },
    ),
}
"""The data sets known by name. MNIST: LeCun, Cortes, Burges; Fashion-MNIST: arXiv:1708.07747."""


def md5_of(raw: bytes) -> str:
    """Return the check sum that tells a published file from any other."""
    return hashlib.md5(raw, usedforsecurity=False).hexdigest()


def complete(folder: Path, published: Published, *, progress: bool) -> None:
    """Download those of a data set's four files that ``folder`` lacks.

    Files are kept unpacked, each whole or not at all, and only if their check sum is right.

    Parameters
    ----------
    folder
        Where the files go; made if missing.
    published
        The data set.
    progress
        Show a bar on standard error.

    Raises
    ------
    DownloadError
        No mirror gives one of the files, or the folder cannot be written.
    """
    for part in PARTS:
        if find_part(folder, part) is None:
            raw = _download_part(part, published, progress=progress)
            try:
                write_whole(folder / part, _writer(raw))
            except OSError as error:
                raise DownloadError(f"{folder} cannot be written, {error.strerror}") from error


def _writer(raw: bytes) -> Callable[[IO[bytes]], int]:
    return lambda file: file.write(raw)


def _download_part(part: str, published: Published, *, progress: bool) -> bytes:
    """Return one file, unpacked, from the first mirror that gives it unharmed."""
    refusals = []
    for mirror in published.mirrors:
        url = f"{mirror}{part}.gz"
        try:
            body = _get(url, part, progress=progress)
            # A server that declares the gzip layer a transfer encoding has it taken off already.
            raw = unpack(body, Path(part)) if body.startswith(GZIP_MAGIC) else body
        except OSError as error:  # every exception of requests is one
            refusals.append(f"{url} fails with {type(error).__name__}")
            continue
        except DataError:
            refusals.append(f"{url} gives a damaged file")
            continue
        if md5_of(raw) == published.md5[part]:
            return raw
        refusals.append(f"{url} gives another file")
    raise DownloadError(", ".join(refusals))


def _get(url: str, label: str, *, progress: bool) -> bytes:
    """Return what an address serves; raises ``OSError`` where it serves nothing."""
    import pooch

    body = io.BytesIO()
    if not progress:
        pooch.HTTPDownloader(chunk_size=_CHUNK_BYTES, timeout=TIMEOUT_S)(url, body, None)
    else:
        with _Bar(label) as bar:
            pooch.HTTPDownloader(progressbar=bar, chunk_size=_CHUNK_BYTES, timeout=TIMEOUT_S)(
                url, body, None
            )
    return body.getvalue()


class _Bar:
    """What pooch asks of a progress bar, drawn by rich on standard error."""

    def __init__(self, label: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._progress.add_task(label, total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    @property
    def total(self) -> float | None:
        """Bytes to come; None where the server does not say."""
        return self._progress.tasks[self._task].total

    @total.setter
    def total(self, size: float) -> None:
        self._progress.update(self._task, total=size or None)

    def update(self, size: float) -> None:
        """Add bytes that arrived."""
        self._progress.advance(self._task, size)

    def reset(self) -> None:
        """Start from nothing; pooch does it before it fills the bar."""
        self._progress.update(self._task, completed=0)

    def close(self) -> None:
        """Do nothing: leaving the context ends the bar."""
