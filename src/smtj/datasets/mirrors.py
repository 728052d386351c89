"""Published data sets: checksums of their files, and public copies to download."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

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
from smtj.files import write_bytes

TIMEOUT_S = (5.0, 15.0)
"""Seconds to wait for a mirror's connection and for its next bytes."""

_CHUNK_BYTES = 1 << 16


class DownloadError(DataError):
    """No mirror provides a file, or it cannot be saved; the message is a clause."""


@dataclass(frozen=True)
class Published:
    """A data set as published by its authors."""

    title: str
    """Its name for people."""
    mirrors: tuple[str, ...]
    """Addresses of folders with the four ``.gz`` files, each ending in a slash, best first."""
    md5: dict[str, str]
    """MD5 of each *uncompressed* file, by its name: the same images repacked are the same data
    set."""


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
"""Data sets by name. MNIST: LeCun, Cortes, Burges; Fashion-MNIST: arXiv:1708.07747."""


def md5_of(raw: bytes) -> str:
    """Return the checksum by which a published file is recognised."""
    return hashlib.md5(raw, usedforsecurity=False).hexdigest()


def complete(folder: Path, published: Published, *, progress: bool) -> None:
    """Download the files of a data set that ``folder`` lacks.

    Files are saved unpacked, and only if their checksum is right.

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
        No mirror provides one of the files, or the folder cannot be written.
    """
    for part in PARTS:
        if find_part(folder, part) is None:
            raw = _download(part, published, progress=progress)
            try:
                write_bytes(folder / part, raw)
            except OSError as error:
                raise DownloadError(f"{folder} cannot be written, {error.strerror}") from error


def _download(part: str, published: Published, *, progress: bool) -> bytes:
    """Return one file, unpacked, from the first mirror that has it undamaged."""
    refusals = []
    for mirror in published.mirrors:
        url = f"{mirror}{part}.gz"
        try:
            body = _get(url, part, progress=progress)
            # A server that declares gzip a content encoding sends it decoded.
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
    """Return the content of an address; raises OSError if there is none."""
    import requests
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress

    columns = (label, BarColumn(), DownloadColumn())
    console = Console(stderr=True)
    with (
        requests.get(url, stream=True, timeout=TIMEOUT_S) as response,
        Progress(*columns, console=console, transient=True, disable=not progress) as bar,
    ):
        response.raise_for_status()
        size = int(response.headers.get("content-length", 0)) or None
        task = bar.add_task("", total=size)
        body = bytearray()
        for chunk in response.iter_content(_CHUNK_BYTES):
            body += chunk
            bar.advance(task, len(chunk))
        return bytes(body)
