"""A data set by name, from the nearest place that has it."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import platformdirs

from smtj.datasets.idx import PARTS, find_parts, parse_parts, read_raw, require_parts
from smtj.datasets.mirrors import PUBLISHED, DownloadError, complete, md5_of
from smtj.datasets.own import Array, load_image_folder, load_npz
from smtj.errors import DataError

DATA_DIR_VARIABLE = "SMTJ_DATA_DIR"
"""Environment variable that names the folder of the user's data sets."""

DATASET_NAMES = (*PUBLISHED, "digits", "idx")
"""Names that :func:`load_dataset` knows."""

_DIGITS_TRAIN = 1500
_DIGITS_LEVELS = 16


@dataclass(frozen=True, eq=False)
class ImageDataset:
    """Labelled images in a training and a test set."""

    name: str
    """One of :data:`DATASET_NAMES`, "digits" for a stand-in; or the path of a user's own."""
    title: str
    """Human-readable name; that of a stand-in also names the data set it replaces."""
    train_images: Array
    """Bytes, or floats of order one; shape (N, H, W), of a user's own also (N, …)."""
    train_labels: Array
    """Shape (N,)."""
    test_images: Array
    """Shape (M, H, W) or (M, …)."""
    test_labels: Array
    """Shape (M,)."""
    stand_in: bool
    """Whether it replaces a data set that is not available."""
    origin: str
    """Folder of the files, or "scikit-learn"."""

    @property
    def classes(self) -> int:
        """Number of classes: one more than the largest label."""
        return max(int(self.train_labels.max()), int(self.test_labels.max())) + 1

    @property
    def pixels(self) -> int:
        """Numbers of an image, H·W of a grey one."""
        return int(self.train_images[0].size)


def load_dataset(
    name: str, path: Path | None = None, *, allow_stand_in: bool = False, progress: bool = True
) -> ImageDataset:
    """Load a data set into memory.

    "mnist" and "fashion-mnist" come from the first of: ``path``; the folder of that name in
    ``$SMTJ_DATA_DIR``; ``$SMTJ_DATA_DIR`` itself; the user's cache; public mirrors, whose files
    then stay in the cache. Their checksums must be those of the original. "idx" is any folder
    ``path`` of four IDX files named like MNIST's, plain or ``.gz``. "digits" is scikit-learn's set
    of 8×8 digits, in a fixed stratified split of 1500 and 297. The path of an ``.npz`` file
    (:func:`smtj.datasets.own.load_npz`) or of a folder of images by class
    (:func:`smtj.datasets.own.load_image_folder`) is a name as well.

    Parameters
    ----------
    name
        One of :data:`DATASET_NAMES`, or a path.
    path
        Folder of the four IDX files; required by "idx", rejected by "digits".
    allow_stand_in
        Return "digits", marked as a stand-in, if the data set is in no folder and no mirror
        provides it. Damaged files and a wrong ``path`` are errors all the same.
    progress
        Show downloads on standard error.

    Raises
    ------
    DataError
        The name is unknown, or files are missing, damaged or not the original.
    """
    if name not in DATASET_NAMES:
        own = Path(name).expanduser()
        if (name and own.exists()) or own.suffix.lower() == ".npz":
            return _load_own(own)
        raise DataError(
            f"unknown data set {name!r}: choose {_listed(DATASET_NAMES)}, or give the path of an "
            ".npz file or of a folder of images by class"
        )
    if name == "digits":
        if path is not None:
            raise DataError(
                f'data set "digits" comes with scikit-learn and takes no path: use "idx" for {path}'
            )
        return _load_digits()
    if name == "idx":
        if path is None:
            raise DataError('data set "idx" needs a path: the folder of its four IDX files')
        folder = path.expanduser()
        return _load_folder(name, f"IDX files of {folder.resolve().name}", folder)
    root = data_dir()
    if path is None and root is not None:
        if find_parts(root / name):
            path = root / name
        elif find_parts(root) and not _is_another(name, root):
            path = root
    if path is not None:
        folder = path.expanduser()
        advice = f'put the original there, or load the folder as data set "idx" with path {folder}'
        return _load_folder(name, PUBLISHED[name].title, folder, advice)
    folder = cache_folder(name)
    try:
        complete(folder, PUBLISHED[name], progress=progress)
    except DownloadError as error:
        if allow_stand_in:
            return _load_digits(PUBLISHED[name].title)
        raise DataError(_not_found(name, str(error))) from error
    return _load_folder(name, PUBLISHED[name].title, folder, "delete it to download it again")


def cache_folder(name: str) -> Path:
    """Return the folder of a downloaded data set."""
    return Path(platformdirs.user_cache_dir("smtj")) / name


def data_dir() -> Path | None:
    """Return the folder that ``SMTJ_DATA_DIR`` names; None if it is unset or empty."""
    value = os.environ.get(DATA_DIR_VARIABLE)
    return Path(value).expanduser() if value else None


def _load_folder(name: str, title: str, folder: Path, advice: str = "") -> ImageDataset:
    """Load four IDX files; a published data set must be the original, or the error advises."""
    paths = require_parts(folder)
    raw = {part: read_raw(path) for part, path in paths.items()}
    for part, original in PUBLISHED[name].md5.items() if name in PUBLISHED else ():
        if (md5 := md5_of(raw[part])) != original:
            raise DataError(
                f"{paths[part]} is not {title}'s {part} (MD5 of the uncompressed bytes {md5}, the "
                f"original's is {original}): {advice}"
            )
    return ImageDataset(name, title, *parse_parts(paths, raw), stand_in=False, origin=str(folder))


def _load_own(path: Path) -> ImageDataset:
    """Load a user's own data set, which is named by its path."""
    if path.is_dir():
        if find_parts(path):
            return load_dataset("idx", path)
        parts = load_image_folder(path)
    elif path.suffix.lower() == ".npz":
        parts = load_npz(path)
    else:
        raise DataError(f"{path} is no data set; give an .npz file or a folder of images by class")
    where = str(path.resolve())
    return ImageDataset(where, path.name, *parts, stand_in=False, origin=where)


def _is_another(name: str, folder: Path) -> bool:
    """Whether a folder holds files of another published data set."""
    others = {
        md5
        for other, published in PUBLISHED.items()
        if other != name
        for md5 in published.md5.values()
    }
    return any(md5_of(read_raw(path)) in others for path in find_parts(folder).values())


def _load_digits(missing: str | None = None) -> ImageDataset:
    """Load scikit-learn's digits, as a stand-in for the data set titled ``missing`` if given.

    1797 images of 8×8 pixels in 17 grey levels, scaled to 0..255. Source: E. Alpaydin,
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
        f'"{name}" and set the environment variable {DATA_DIR_VARIABLE} to its parent folder'
    )


def _listed(words: tuple[str, ...], last: str = "or") -> str:
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
