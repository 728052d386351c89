"""The IDX format of the MNIST database: four files, big-endian headers, plain or gzip.

Every function that meets damage raises :class:`~smtj.errors.DataError` with one sentence that
names the file and what would be right. Format: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST
database of handwritten digits", http://yann.lecun.com/exdb/mnist/.
"""

import gzip
import math
import zlib
from collections.abc import Iterator, Mapping
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
"""The four files of a data set, by the names that its authors gave them."""

GZIP_MAGIC = b"\x1f\x8b"

_UNSIGNED_BYTE = 0x08
_DIMENSION_BYTES = 4


def parse_idx(raw: bytes, ndim: int, path: Path) -> NDArray[np.uint8]:
    """Read one array of unsigned bytes.

    The header is two zero bytes, the type code 0x08, the number of dimensions, then each
    dimension as a big-endian 32-bit integer; the elements follow, last dimension fastest.

    Parameters
    ----------
    raw
        The uncompressed file.
    ndim
        Dimensions that the array must have: 3 for images (N, H, W), 1 for labels (N,).
    path
        The file's path, for the message when it is damaged.

    Returns
    -------
    NDArray[np.uint8]
        A writable array of ``ndim`` dimensions.

    Raises
    ------
    DataError
        The file is empty, is no IDX file of ``ndim`` dimensions of unsigned bytes, holds no
        elements, or is shorter or longer than its header says.
    """
    if not raw:
        raise DataError(f"{path} is empty: an IDX file with {ndim} dimension(s) belongs there")
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
        raise DataError(f"{path} holds nothing, its shape is {shape}: no dimension may be 0")
    if len(raw) != header + elements:
        damage = "is cut short" if len(raw) < header + elements else "has bytes after its end"
        raise DataError(
            f"{path} {damage}: its header promises {header + elements} bytes, it has {len(raw)}"
        )
    return np.frombuffer(raw, np.uint8, offset=header).reshape(shape).copy()


def unpack(packed: bytes, path: Path) -> bytes:
    """Take a gzip file's content out; raises ``DataError`` where it is no whole gzip file."""
    if not packed.startswith(GZIP_MAGIC):
        raise DataError(
            f"{path} is not gzip, whatever its name says: fetch it again, or drop .gz from its "
            "name if it is unpacked already"
        )
    try:
        return gzip.decompress(packed)
    except (EOFError, OSError, zlib.error) as error:
        raise DataError(f"{path} is a damaged gzip file: delete it and fetch it again") from error


def read_raw(path: Path) -> bytes:
    """Read a file, uncompressed where its name ends in ``.gz``; raises ``DataError``."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror}): it would be a readable file"
        ) from error
    return unpack(raw, path) if path.suffix == ".gz" else raw


def find_part(folder: Path, part: str) -> Path | None:
    """Find one of the four files: plain before ``.gz``, ``-idx`` before ``.idx`` in its name.

    Raises
    ------
    DataError
        A folder bears the file's name, or ``folder`` may not be looked into.
    """
    names = (part, part.replace("-idx", ".idx"))
    candidates = [folder / f"{name}{suffix}" for suffix in ("", ".gz") for name in names]
    with _looking_into(folder):
        for candidate in candidates:
            if candidate.is_file():
                return candidate
        for candidate in candidates:
            if candidate.is_dir():
                raise DataError(f"{candidate} is a folder: the IDX file of that name belongs there")
    return None


def find_parts(folder: Path) -> dict[str, Path]:
    """Find those of the four files that are in ``folder``, by the names in :data:`PARTS`."""
    found = {part: find_part(folder, part) for part in PARTS}
    return {part: path for part, path in found.items() if path is not None}


def require_parts(folder: Path) -> dict[str, Path]:
    """Find all four files; raises ``DataError`` where ``folder`` is none or one is missing."""
    with _looking_into(folder):
        wrong = "is a file" if folder.is_file() else "" if folder.is_dir() else "does not exist"
    if wrong:
        raise DataError(f"{folder} {wrong}: give the folder that holds the four IDX files")
    found = find_parts(folder)
    missing = [part for part in PARTS if part not in found]
    if missing:
        raise DataError(
            f"{folder} lacks {', '.join(missing)}: all four IDX files belong there, plain or .gz"
        )
    return found


def parse_parts(
    paths: Mapping[str, Path], raw: Mapping[str, bytes]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """Read a whole data set from its four files and check that they belong together.

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
        A file is damaged, images and labels differ in number, or the images of the two sets
        differ in size.
    """
    train_images, test_images = (
        parse_idx(raw[part], 3, paths[part]) for part in (TRAIN_IMAGES, TEST_IMAGES)
    )
    train_labels, test_labels = (
        parse_idx(raw[part], 1, paths[part]) for part in (TRAIN_LABELS, TEST_LABELS)
    )
    for images, labels, images_part, labels_part in (
        (train_images, train_labels, TRAIN_IMAGES, TRAIN_LABELS),
        (test_images, test_labels, TEST_IMAGES, TEST_LABELS),
    ):
        if len(images) != len(labels):
            raise DataError(
                f"{paths[labels_part]} holds {len(labels)} labels: {paths[images_part]} holds "
                f"{len(images)} images, and each needs one label"
            )
    if train_images.shape[1:] != test_images.shape[1:]:
        raise DataError(
            f"{paths[TEST_IMAGES]} holds images of {_size(test_images)} pixels: those of "
            f"{paths[TRAIN_IMAGES]} have {_size(train_images)}, and both must be alike"
        )
    return train_images, train_labels, test_images, test_labels


@contextmanager
def _looking_into(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(
            f"{folder} cannot be looked into ({error.strerror}): it would be a readable folder"
        ) from error


def _size(images: NDArray[np.uint8]) -> str:
    return f"{images.shape[1]}×{images.shape[2]}"
