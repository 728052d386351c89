"""A user's own images: arrays in an .npz file, or a folder of images by class."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from smtj.datasets.idx import find_parts
from smtj.errors import DataError

MAX_FLOAT = 16.0
"""Largest float of an image; standardised images stay below it, and 0 to 255 do not."""
MAX_CLASSES = 65536
TEST_FRACTION = 1 / 6
"""Part of the images that becomes the test set where there is none, as in MNIST."""
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm")

_IMAGES, _LABELS = ("x", "images", "data"), ("y", "labels", "targets")
_SETS = {"train": ("train", "training"), "test": ("test", "val", "valid", "validation")}

Array = NDArray[Any]
Parts = tuple[Array, Array, Array, Array]
"""Training images and labels, test images and labels."""


def is_own(path: Path) -> bool:
    """Whether a path is an .npz file or a folder of folders, and no folder of IDX files."""
    if path.is_dir():
        return bool(class_folders(path)) and not find_parts(path)
    return path.suffix.lower() == ".npz"


def checked_parts(parts: Iterable[Array], where: str) -> Parts:
    """Return four arrays of which a network can be trained; labels are whole numbers from 0.

    Parameters
    ----------
    parts
        Training images (N, …) of bytes, or of floats of order one; training labels, numbers or
        words, (N,) or (N, 1); the same for the test.
    where
        What holds them, for errors.

    Raises
    ------
    DataError
        They do not belong together, or hold no images.
    """
    x, y, test_x, test_y = map(np.asarray, parts)
    y, test_y = (np.squeeze(each, -1) if each.shape[1:] == (1,) else each for each in (y, test_y))
    for images, labels in ((x, y), (test_x, test_y)):
        if images.ndim < 2 or labels.ndim != 1 or len(images) != len(labels) or not images.size:
            raise DataError(
                f"{where} has images of shape {images.shape} and labels of shape {labels.shape}; "
                "give one label per image"
            )
    if x.shape[1:] != test_x.shape[1:]:
        raise DataError(
            f"{where} has training images of shape {x.shape[1:]} and test images of shape "
            f"{test_x.shape[1:]}; bring them to one size"
        )
    x, test_x = (_pixels(images, where) for images in (x, test_x))
    return (x, _numbers(y, y, where), test_x, _numbers(test_y, y, where))


def _pixels(images: Array, where: str) -> Array:
    if images.dtype == bool:
        return images.astype(np.uint8) * np.uint8(255)
    if images.dtype.kind in "iu" and images.min() >= 0 and images.max() <= 255:
        return images.astype(np.uint8)
    if images.dtype.kind != "f" or not np.abs(images).max() <= MAX_FLOAT:
        raise DataError(
            f"{where} has images of {images.dtype} that are neither whole numbers from 0 to 255 "
            "nor floats from 0 to 1 or standardised; divide them by their largest value"
        )
    return images.astype(np.float32)


def _numbers(labels: Array, known: Array, where: str) -> Array:
    """Return labels as whole numbers; words are numbered in alphabetical order."""
    if labels.dtype.kind in "US":
        classes = np.unique(known)
        if strange := sorted(set(labels.tolist()) - set(classes.tolist())):
            raise DataError(
                f"{where} has the class {strange[0]!r} in its test set only; train on it"
            )
        return np.searchsorted(classes, labels)
    if labels.dtype.kind not in "uifb" or not (
        np.all(labels == np.round(labels)) and labels.min() >= 0 and labels.max() < MAX_CLASSES
    ):
        raise DataError(f"{where} has labels that are no whole numbers from 0; number the classes")
    return labels.astype(np.int64)


def split_by_class(labels: Array, fraction: float, seed: int) -> tuple[Array, Array]:
    """Return the indices of a random split that leaves each class its share.

    Raises
    ------
    DataError
        A class has too few images.
    """
    from sklearn.model_selection import train_test_split

    indices = np.arange(len(labels))
    try:
        first, last = train_test_split(
            indices, test_size=fraction, stratify=labels, random_state=seed
        )
    except ValueError as error:
        raise DataError(
            f"{len(labels)} images in {len(np.unique(labels))} classes cannot be split: "
            f"{' '.join(str(error).split())}; give more images, or a test set of its own"
        ) from error
    return first, last


def with_test_set(images: Array, labels: Array) -> Parts:
    """Return training and test set of one set, by a split that is always the same."""
    first, last = split_by_class(labels, TEST_FRACTION, seed=0)
    return images[first], labels[first], images[last], labels[last]


def load_npz(path: Path) -> Parts:
    """Return the four arrays of an .npz file; without a test set a sixth of it becomes one.

    Names are those of Keras, MedMNIST and others: ``x`` and ``y``, or ``x_train``, ``y_train``,
    ``x_test`` and ``y_test``, also with ``images`` and ``labels``, in either order.

    Raises
    ------
    DataError
        The file is damaged, or has other names.
    """
    if not path.exists():
        raise DataError(f"{path} does not exist; give the path of an .npz file")
    try:
        with np.load(path, allow_pickle=False) as file:
            names = file.files
            # A test set counts before one for validation.
            keys = sorted(names, key=lambda key: "test" in key.lower())
            found = {role: key for key in keys if (role := _role(key))}
            wanted = [("", "x"), ("", "y")]
            if ("train", "x") in found:
                wanted = [("train", "x"), ("train", "y")]
                if ("test", "x") in found:
                    wanted += [("test", "x"), ("test", "y")]
            missing = [role for role in wanted if role not in found]
            if missing:
                raise DataError(
                    f"{path} has the arrays {', '.join(names) or 'none'}; name them x and y, or "
                    "x_train, y_train, x_test and y_test"
                )
            arrays = [file[found[role]] for role in wanted]
    except (OSError, ValueError, BadZipFile, EOFError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"{path} is damaged, or no .npz file of numbers ({type(error).__name__}); save it by "
            "numpy.savez"
        ) from error
    if len(arrays) == 4:
        return checked_parts(arrays, str(path))
    x, y, _, _ = checked_parts(arrays * 2, str(path))
    return with_test_set(x, y)


def _role(key: str) -> tuple[str, str] | None:
    """Return the set and the kind of an array by its name; test sets before validation sets."""
    words = key.lower().replace("-", "_").split("_")
    kinds = [kind for kind, names in (("x", _IMAGES), ("y", _LABELS)) if set(words) & set(names)]
    sets = [part for part, names in _SETS.items() if set(words) & set(names)]
    if len(kinds) != 1 or len(words) != 1 + len(sets):
        return None
    return (sets[0] if sets else ""), kinds[0]


def class_folders(folder: Path) -> list[Path]:
    """Return the folders in a folder, in alphabetical order."""
    return sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] not in "._")


def load_image_folder(folder: Path) -> Parts:
    """Return the images of a folder that has a folder for each class, in alphabetical order.

    Or folders ``train`` and ``test`` (or ``val``) of such; without these a sixth becomes the test
    set.  Images have shape (height, width) if none has colour, else (3, height, width).

    Raises
    ------
    DataError
        There are no images, one is damaged, or their sizes differ.
    """
    inside = {path.name.lower(): path for path in class_folders(folder)}
    halves = [inside[n] for part in _SETS.values() for n in part if n in inside]
    if len(halves) == len(inside) >= 2 and halves[0].name.lower() in _SETS["train"]:
        classes = [path.name for path in class_folders(halves[0])]
        strange = [p.name for p in class_folders(halves[1]) if p.name not in classes]
        if strange:
            raise DataError(f"{halves[1]} has the class {strange[0]}, which {halves[0]} lacks")
        x, y = _read_classes(halves[0], classes)
        test_x, test_y = _read_classes(halves[1], classes)
        if x.shape[1:] != test_x.shape[1:] and x.shape[-2:] == test_x.shape[-2:]:
            # Colour in one of the two only.
            x, test_x = (np.stack([z] * 3, 1) if z.ndim == 3 else z for z in (x, test_x))
        return checked_parts((x, y, test_x, test_y), str(folder))
    return with_test_set(*_read_classes(folder, [path.name for path in class_folders(folder)]))


def _read_classes(folder: Path, classes: list[str]) -> tuple[Array, Array]:
    from PIL import Image

    images: list[Array] = []
    labels: list[int] = []
    first = folder
    for label, name in enumerate(classes):
        for path in sorted((folder / name).glob("*")):
            if path.suffix.lower() not in SUFFIXES:
                continue
            try:
                with Image.open(path) as file:
                    mode, image = file.mode, np.asarray(file.convert("RGB"))
            # A damaged file may raise any of these.
            except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
                raise DataError(f"{path} cannot be read as an image: {error}") from error
            if mode[0] in "IF":
                raise DataError(f"{path} has more than 8 bits per pixel; convert it to 8 bits")
            if images and image.shape != images[0].shape:
                raise DataError(
                    f"{path} has {image.shape[1]} × {image.shape[0]} pixels and {first} "
                    f"{images[0].shape[1]} × {images[0].shape[0]}; bring them to one size"
                )
            first = path if not images else first
            images.append(image)
            labels.append(label)
    if not images:
        raise DataError(
            f"{folder} has no images in folders of its own, one for each class, nor the four files "
            "of an IDX data set"
        )
    pixels = np.stack(images)
    grey = bool((pixels[..., :1] == pixels).all())
    return (pixels[..., 0] if grey else np.moveaxis(pixels, -1, 1)), np.array(labels)
