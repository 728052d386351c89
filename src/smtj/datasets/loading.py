"""A data set by name, from wherever it is nearest."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import platformdirs
from numpy.typing import NDArray

from smtj.datasets.idx import PARTS, find_parts, parse_parts, read_raw, require_parts
from smtj.datasets.mirrors import PUBLISHED, DownloadError, Published, complete, md5_of
from smtj.errors import DataError

DATA_DIR_VARIABLE = "SMTJ_DATA_DIR"
"""Environment variable that names the folder of the user's data sets."""

DATASET_NAMES = (*PUBLISHED, "digits", "idx")
"""Names that :func:`load_dataset` knows."""

_DIGITS_TRAIN = 1500
_DIGITS_LEVELS = 16


@dataclass(frozen=True, eq=False)
class ImageDataset:
    """Grey images with a class each, in a training and a test set.

    Attributes
    ----------
    name
        The name it was asked for by, one of :data:`DATASET_NAMES`; "digits" for a stand-in.
    title
        Its name for people; says so where it stands in for another.
    train_images
        Shape (N, H, W), uint8, 0 is background.
    train_labels
        Shape (N,), uint8.
    test_images
        Shape (M, H, W), uint8.
    test_labels
        Shape (M,), uint8.
    stand_in
        True where another data set was asked for and could not be had.
    origin
        The folder the files came from, or "scikit-learn".
    """

    name: str
    title: str
    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.uint8]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.uint8]
    stand_in: bool
    origin: str

    @property
    def classes(self) -> int:
        """Number of classes: one more than the largest label."""
        return max(int(self.train_labels.max()), int(self.test_labels.max())) + 1

    @property
    def pixels(self) -> int:
        """Pixels of an image, H·W."""
        return int(self.train_images[0].size)


def load_dataset(
    name: str, path: Path | None = None, *, allow_stand_in: bool = False, progress: bool = True
) -> ImageDataset:
    """Load a data set.

    "mnist" and "fashion-mnist" are taken from the first of: ``path``; the folder of that name
    in ``$SMTJ_DATA_DIR``; ``$SMTJ_DATA_DIR`` itself; the user's cache; public mirrors, whose files
    then stay in the cache. Their content must be the original, to the byte. "idx" is any folder
    ``path`` of four IDX files named as MNIST's, plain or ``.gz``. "digits" is scikit-learn's set
    of 8×8 digits, in a fixed stratified split of 1500 and 297.

    Parameters
    ----------
    name
        One of :data:`DATASET_NAMES`.
    path
        Folder of the four IDX files; needed by "idx", refused by "digits".
    allow_stand_in
        Return "digits", marked as a stand-in, where a named data set is in no folder and no
        mirror gives it. Damaged files and a wrong ``path`` are refused all the same.
    progress
        Show downloads on standard error.

    Returns
    -------
    ImageDataset
        The data set, in memory.

    Raises
    ------
    DataError
        The name is unknown, files are missing or damaged, or are not what the name promises.
    """
    if name not in DATASET_NAMES:
        raise DataError(f"data set {name!r} is unknown: it would be {_listed(DATASET_NAMES)}")
    if name == "digits":
        if path is not None:
            raise DataError(
                f'data set "digits" comes with scikit-learn and takes no path: use "idx" for {path}'
            )
        return _load_digits()
    if name == "idx":
        if path is None:
            raise DataError('data set "idx" needs a path: the folder of its four IDX files')
        return _load_folder(path.expanduser())
    if path is not None:
        return _load_original(name, path.expanduser())
    found = _load_from_data_dir(name)
    if found is not None:
        return found
    try:
        return _load_from_cache(name, progress=progress)
    except DownloadError as error:
        if allow_stand_in:
            return _load_digits(PUBLISHED[name].title)
        raise DataError(_not_found(name, str(error))) from error


def cache_folder(name: str) -> Path:
    """Return the folder that keeps a downloaded data set."""
    return Path(platformdirs.user_cache_dir("smtj")) / name


def data_dir() -> Path | None:
    """Return the folder that ``SMTJ_DATA_DIR`` names; None where it is unset or empty."""
    value = os.environ.get(DATA_DIR_VARIABLE)
    return Path(value).expanduser() if value else None


def _load_folder(folder: Path) -> ImageDataset:
    paths = require_parts(folder)
    raw = {part: read_raw(path) for part, path in paths.items()}
    return _assemble("idx", f"IDX files of {folder.resolve().name}", folder, paths, raw)


def _load_original(name: str, folder: Path) -> ImageDataset:
    """Load a published data set from the user's own folder; anything else in it is refused."""
    published = PUBLISHED[name]
    paths = require_parts(folder)
    raw = {part: read_raw(path) for part, path in paths.items()}
    advice = f'put the original there, or load the folder as data set "idx" with path {folder}'
    _check_original(published, paths, raw, advice)
    return _assemble(name, published.title, folder, paths, raw)


def _load_from_data_dir(name: str) -> ImageDataset | None:
    root = data_dir()
    if root is None:
        return None
    if find_parts(root / name):
        return _load_original(name, root / name)
    if find_parts(root) and not _is_another(name, root):
        return _load_original(name, root)
    return None


def _is_another(name: str, folder: Path) -> bool:
    """Whether a folder that bears no data set's name holds files of another published one."""
    others = {
        md5
        for other, published in PUBLISHED.items()
        if other != name
        for md5 in published.md5.values()
    }
    return any(md5_of(read_raw(path)) in others for path in find_parts(folder).values())


def _load_from_cache(name: str, *, progress: bool) -> ImageDataset:
    published = PUBLISHED[name]
    folder = cache_folder(name)
    complete(folder, published, progress=progress)
    paths = require_parts(folder)
    raw = {part: read_raw(path) for part, path in paths.items()}
    _check_original(published, paths, raw, "delete it and it is downloaded anew")
    return _assemble(name, published.title, folder, paths, raw)


def _check_original(
    published: Published, paths: Mapping[str, Path], raw: Mapping[str, bytes], advice: str
) -> None:
    for part in PARTS:
        md5 = md5_of(raw[part])
        if md5 != published.md5[part]:
            raise DataError(
                f"{paths[part]} is not {published.title}'s {part} (MD5 of the uncompressed bytes "
                f"{md5}, the original's is {published.md5[part]}): {advice}"
            )


def _assemble(
    name: str, title: str, folder: Path, paths: Mapping[str, Path], raw: Mapping[str, bytes]
) -> ImageDataset:
    return ImageDataset(name, title, *parse_parts(paths, raw), stand_in=False, origin=str(folder))


def _load_digits(missing: str | None = None) -> ImageDataset:
    """Load scikit-learn's digits, as a stand-in for the data set titled ``missing`` if given.

    1797 images of 8×8 pixels in 17 grey levels, here spread over 0..255. Source: E. Alpaydin,
    C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998.
    """
    try:
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split
    except ImportError as error:
        raise DataError(
            'data set "digits" needs scikit-learn: install it with pip install "smtj[nn]"'
        ) from error
    bunch = load_digits()
    images = np.rint(bunch.images * (255 / _DIGITS_LEVELS)).astype(np.uint8)
    labels = bunch.target.astype(np.uint8)
    train_images, test_images, train_labels, test_labels = train_test_split(
        images, labels, train_size=_DIGITS_TRAIN, stratify=labels, random_state=0
    )
    title = "scikit-learn's 8×8 digits"
    return ImageDataset(
        name="digits",
        title=title if missing is None else f"{title}, a stand-in for {missing}",
        train_images=train_images,
        train_labels=train_labels,
        test_images=test_images,
        test_labels=test_labels,
        stand_in=missing is not None,
        origin="scikit-learn",
    )


def _not_found(name: str, refusals: str) -> str:
    root = data_dir()
    own = f"{DATA_DIR_VARIABLE}, which is not set," if root is None else f"{root}"
    return (
        f"{PUBLISHED[name].title} is neither in {own} nor in {cache_folder(name)} and cannot be "
        f"downloaded ({refusals}): put {_listed(PARTS, 'and')}, plain or .gz, into a folder "
        f'"{name}" and let the environment variable {DATA_DIR_VARIABLE} name the folder around it'
    )


def _listed(words: tuple[str, ...], last: str = "or") -> str:
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
