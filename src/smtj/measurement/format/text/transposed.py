"""Text with one quantity per row: turned, so that each has a column."""

import csv
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from smtj.errors import DataError
from smtj.measurement.format.header import recognised
from smtj.measurement.format.messages import is_number
from smtj.measurement.format.schema import QUANTITIES
from smtj.measurement.format.text.dialect import split
from smtj.measurement.format.text.encoding import detect_encoding

MAX_ROWS, MIN_VALUES = 50, 3
"""Most quantities in such a file, and fewest values of each."""
_MAX_BYTES = 1 << 20
_STATES = ("AP", "P", "1", "0")


@contextmanager
def upright(path: Path, skip_rows: int = 0) -> Iterator[tuple[Path, bool]]:
    """Give the path of a turned copy of a text file that has one quantity per row, or of any other
    itself, and whether it was turned."""
    rows = _rows(path, skip_rows)
    if rows is None:
        yield path, False
        return
    comments, cells = rows
    with tempfile.TemporaryDirectory(prefix="smtj-") as folder:
        copy = Path(folder) / f"{path.stem}.csv"
        with copy.open("w", encoding="utf-8", newline="") as file:
            file.writelines("\n" * skip_rows)
            file.writelines(f"{line}\n" for line in comments)
            csv.writer(file).writerows(zip(*cells, strict=True))
        try:
            yield copy, True
        except DataError as error:
            raise DataError(str(error).replace(str(copy), str(path))) from None


def _rows(path: Path, skip_rows: int) -> tuple[list[str], list[list[str]]] | None:
    """Comments, and the cells of each row, of a file that has one quantity per row."""
    if path.stat().st_size > _MAX_BYTES:
        return None
    text = path.read_text(encoding=detect_encoding(path), errors="replace")
    lines = [line.strip() for line in text.splitlines()[skip_rows:] if line.strip()]
    comments = [line for line in lines if line.startswith(("#", "%"))]
    plain = [line for line in lines if not line.startswith(("#", "%"))]
    if not 2 <= len(plain) <= MAX_ROWS:
        return None
    for separator in ("\t", ";", ","):
        decimal = "," if separator != "," and "." not in text else "."
        rows = [split(line, separator) for line in plain]
        if _is_turned(rows, decimal):
            return comments, [[r[0], *(c.replace(decimal, ".") for c in r[1:])] for r in rows]
    return None


def _is_turned(rows: Sequence[Sequence[str]], decimal: str) -> bool:
    """Whether rows begin with the names of quantities and go on in numbers."""
    if len({len(row) for row in rows}) != 1 or len(rows[0]) <= MIN_VALUES:
        return False
    if not all(is_number(cell, decimal) for row in rows for cell in row[1:]):
        return False
    known = [(recognised(row[0]) or ("",))[0] in QUANTITIES for row in rows]
    return known[0] and all(k or row[0] in _STATES for k, row in zip(known, rows, strict=True))
