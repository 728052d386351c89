"""The files of measured data in a folder, among notes, pictures and programs."""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from smtj.errors import DataError

_OTHERS = frozenset(
    (
        *(".png", ".jpg", ".jpeg", ".gif", ".svg", ".bmp", ".tif", ".tiff", ".pdf", ".eps"),
        *(".doc", ".docx", ".odt", ".rtf", ".ppt", ".pptx", ".md", ".html", ".htm"),
        *(".py", ".ipynb", ".m", ".r", ".jl", ".exe", ".vi", ".opj", ".opju", ".zip"),
        *(".toml", ".yaml", ".yml", ".json", ".ini", ".cfg", ".db", ".lnk", ".url", ".bak", ".tmp"),
    )
)
"""Suffixes of what is no measured data."""
_NOTES = re.compile(r"(read[-_ ]?me|notes?|liesmich|notizen|lisez[-_ ]?moi)([\W_].*)?", re.I)
"""Names, without suffix, of notes."""
_TEXT = (".txt", "", ".log")
_PATTERN = re.compile(r"[*?]|\[.+\]")


def files_in(paths: Sequence[str | Path]) -> list[Path]:
    """Return files as they are, and in place of a folder the files of data in it, by name.

    A pattern such as ``"RTN_*.csv"`` stands for the files that match it.
    Those of a folder that has none itself, but other folders, are the files in these, and so on.
    Hidden files do not count, nor do documents, pictures, programs and notes, as :func:`left_out`
    names them.  Raises DataError if a folder holds no others, or nothing matches a pattern.
    """
    found: list[Path] = []
    for path in (one for given in paths for one in _matching(Path(given))):
        if not path.is_dir():
            found.append(path)
            continue
        inside = [file for one in _with_data(path) for file in _data_in(one)]
        if not inside:
            raise DataError(f"{path} is a folder without files of data: give the files to read")
        found += inside
    return found


def left_out(paths: Iterable[str | Path]) -> list[str]:
    """Return the names of what is in folders and :func:`files_in` takes for no data.

    Folders in a folder of data count as that.
    """
    found = []
    for path in (path for path in map(Path, paths) if path.is_dir()):
        read = _with_data(path)
        found += [file.name for one in read for file in _visible(one) if _is_other(file)]
        if read == [path]:
            found += [f"{folder.name}/" for folder in _folders(path)]
    return found


def _matching(path: Path) -> list[Path]:
    """Return the paths that match a pattern; a path that exists is none."""
    if path.exists() or not _PATTERN.search(str(path)):
        return [path]
    plain = path.expanduser()
    matching = []
    with suppress(ValueError, NotImplementedError):  # of patterns that are none
        matching = sorted(Path(plain.anchor).glob(str(plain.relative_to(plain.anchor))))
    if not matching:
        raise DataError(f"{path}: no file matches this pattern")
    return matching


def _with_data(folder: Path, depth: int = 3) -> list[Path]:
    """Return the folder itself if it holds data, else the folders in it that do."""
    if _data_in(folder) or not depth:
        return [folder]
    return [inner for one in _folders(folder) for inner in _with_data(one, depth - 1)]


def _data_in(folder: Path) -> list[Path]:
    return [file for file in _visible(folder) if not _is_other(file)]


def _folders(folder: Path) -> list[Path]:
    every = (path for path in folder.iterdir() if path.is_dir())
    return sorted(path for path in every if not path.name.startswith("."))


def _visible(folder: Path) -> list[Path]:
    every = (path for path in folder.iterdir() if path.is_file())
    return sorted(path for path in every if not path.name.startswith((".", "~$")))


def _is_other(file: Path) -> bool:
    suffix = file.suffix.lower()
    return suffix in _OTHERS or (suffix in _TEXT and _NOTES.fullmatch(file.stem) is not None)
