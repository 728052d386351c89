"""The IDX format of the MNIST database: four files with big-endian headers, plain or gzip.

Format: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits",
http://yann.lecun.com/exdb/mnist/.
"""

import gzip
import math
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from smtj.errors import DataError

TRAIN_IMAGES = "train-images-idx3-ubyte"
TRAIN_LABELS = "train-labels-idx1-ubyte"
TEST_IMAGES = "t10k-images-idx3-ubyte"
TEST_LABELS = "t10k-labels-idx1-ubyte"

PARTS = (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)
"""The four files of a data set, by their authors' names."""

GZIP_MAGIC = b"\x1f\x8b"

_UNSIGNED_BYTE = 0x08
_DIMENSION_BYTES = 4

Bytes = NDArray[np.uint8]


def parse_idx(raw: bytes, ndim: int, path: Path) -> Bytes:
    """Read one array of unsigned bytes.

    The header is two zero bytes, the type code 0x08, the number of dimensions, then each
    dimension as a big-endian 32-bit integer; the elements follow, last dimension fastest.

    Parameters
    ----------
    raw
        The uncompressed file.
    ndim
        Expected dimensions: 3 for images (N, H, W), 1 for labels (N,).
    path
        The file's path, for error messages.

    Raises
    ------
    DataError
        The file is empty, is not an IDX file of ``ndim`` dimensions of unsigned bytes, has no
        elements, or is shorter or longer than its header says.
    """
    if not raw:
        raise DataError(f"{path} is empty: expected an IDX file with {ndim} dimension(s)")
    magic = bytes((0, 0, _UNSIGNED_BYTE, ndim))
    if raw[:4] != magic:
        hint = " (it is gzip: add .gz to its name)" if raw.startswith(GZIP_MAGIC) else ""
        raise DataError(
            f"{path} begins with the bytes {raw[:4].hex(' ')}{hint}: an IDX file of unsigned bytes "
            f"with {ndim} dimension(s) begins with {magic.hex(' ')}"
        )
    header = len(magic) + _DIMENSION_BYTES * ndim
    if len(raw) < header:
        raise DataError(f"{path} ends inside its header: it has {len(raw)} of {header} bytes")
    shape = tuple(int(n) for n in np.frombuffer(raw, ">u4", ndim, offset=len(magic)))
    elements = math.prod(shape)
    if elements == 0:
        raise DataError(f"{path} has no elements, its shape is {shape}: no dimension may be 0")
    if len(raw) != header + elements:
        damage = "is cut short" if len(raw) < header + elements else "has bytes after its end"
        raise DataError(
            f"{path} {damage}: its header promises {header + elements} bytes, it has {len(raw)}"
        )
    return np.frombuffer(raw, np.uint8, offset=header).reshape(shape).copy()


def unpack(packed: bytes, path: Path) -> bytes:
    """Return the content of a gzip file; raises DataError if it is damaged."""
    if not packed.startswith(GZIP_MAGIC):
        raise DataError(
            f"{path} is not gzip in spite of its name: fetch it again, or drop .gz from its name "
            "if it is unpacked already"
        )
    try:
        return gzip.decompress(packed)
    except (EOFError, OSError, zlib.error) as error:
        raise DataError(f"{path} is a damaged gzip file: delete it and fetch it again") from error


def read_raw(path: Path) -> bytes:
    """Return the uncompressed content of a file; raises DataError if it cannot be read."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror}): check its permissions"
        ) from error
    return unpack(raw, path) if path.suffix == ".gz" else raw


def find_part(folder: Path, part: str) -> Path | None:
    """Find one of the four files: plain before ``.gz``, ``-idx`` before ``.idx`` in its name.

    Raises
    ------
    DataError
        A folder has the file's name, or ``folder`` cannot be read.
    """
    names = (part, part.replace("-idx", ".idx"))
    candidates = [folder / f"{name}{suffix}" for suffix in ("", ".gz") for name in names]
    with _reading(folder):
        for candidate in candidates:
            if candidate.is_file():
                return candidate
        for candidate in candidates:
            if candidate.is_dir():
                raise DataError(f"{candidate} is a folder: expected the IDX file of that name")
    return None


def find_parts(folder: Path) -> dict[str, Path]:
    """Find those of the four files that are in ``folder``, by the names in :data:`PARTS`."""
    found = {part: find_part(folder, part) for part in PARTS}
    return {part: path for part, path in found.items() if path is not None}


def require_parts(folder: Path) -> dict[str, Path]:
    """Find all four files; raises DataError if ``folder`` does not exist or lacks one."""
    with _reading(folder):
        wrong = "is a file" if folder.is_file() else "" if folder.is_dir() else "does not exist"
    if wrong:
        raise DataError(f"{folder} {wrong}: give the folder that holds the four IDX files")
    found = find_parts(folder)
    missing = [part for part in PARTS if part not in found]
    if missing:
        raise DataError(
            f"{folder} lacks {', '.join(missing)}: it must hold all four IDX files, plain or .gz"
        )
    return found


def parse_parts(paths: dict[str, Path], raw: dict[str, bytes]) -> tuple[Bytes, Bytes, Bytes, Bytes]:
    """Parse the four files of a data set and check that they belong together.

    Parameters
    ----------
    paths, raw
        Path and uncompressed content of each of :data:`PARTS`.

    Returns
    -------
    tuple
        Training images (N, H, W), training labels (N,), test images (M, H, W), test labels (M,).

    Raises
    ------
    DataError
        A file is damaged, images and labels differ in number, or training and test images differ
        in size.
    """
    arrays = {part: parse_idx(raw[part], 3 if "idx3" in part else 1, paths[part]) for part in PARTS}
    for images, labels in ((TRAIN_IMAGES, TRAIN_LABELS), (TEST_IMAGES, TEST_LABELS)):
        if len(arrays[images]) != len(arrays[labels]):
            raise DataError(
                f"{paths[labels]} holds {len(arrays[labels])} labels: {paths[images]} holds "
                f"{len(arrays[images])} images, and each needs one label"
            )
    train, test = ("×".join(map(str, arrays[p].shape[1:])) for p in (TRAIN_IMAGES, TEST_IMAGES))
    if train != test:
        raise DataError(
            f"{paths[TEST_IMAGES]} holds images of {test} pixels: those of {paths[TRAIN_IMAGES]} "
            f"have {train}, and both must be of one size"
        )
    return arrays[TRAIN_IMAGES], arrays[TRAIN_LABELS], arrays[TEST_IMAGES], arrays[TEST_LABELS]


@contextmanager
def _reading(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(
            f"{folder} cannot be read ({error.strerror}): check its permissions"
        ) from error
