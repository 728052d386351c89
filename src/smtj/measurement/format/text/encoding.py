"""The encoding of a text file, from its first bytes."""

import codecs
import re
from pathlib import Path
from typing import Final

from smtj.errors import DataError

SAMPLE: Final = 1 << 16
"""Bytes by which the encoding is chosen."""

_MARKS = (
    # That of UTF-32 begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Form feeds and the end-of-file mark of DOS occur in exports.
_CONTROLS = bytes(set(range(0x20)) - set(b"\t\n\r\f\x1a"))
_NULS = 0.3
_HIGH = re.compile(rb"[\x80-\xff]+")


def detect_encoding(path: Path) -> str:
    """Return how the text of a file is encoded, as Python names it.

    UTF-16 and UTF-32 are known by their mark, UTF-16 without one by the zero bytes between Latin
    letters; else it is UTF-8 if the beginning is valid UTF-8.  If not, it is GB 18030 or Shift JIS
    if all other bytes come in pairs that are such characters, Windows-1251 if they make words, and
    Latin-1, in which older instruments write µ and °, otherwise.  Raises DataError if the file is
    not text.
    """
    with path.open("rb") as file:
        sample = file.read(SAMPLE)
    marked = next((name for mark, name in _MARKS if sample.startswith(mark)), None)
    encoding = marked or _sixteen_bits(sample)
    if encoding is not None:
        text = sample[: len(sample) // 4 * 4].decode(encoding, errors="replace")
        if text.isascii() or _is_text(text):
            return encoding
        raise _no_text(path)
    if len(sample.translate(None, _CONTROLS)) != len(sample):
        raise _no_text(path)
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as error:
        # The sample may end inside a character.
        if len(sample) < SAMPLE or error.reason != "unexpected end of data":
            return _east_asian(sample) or ("cp1251" if _is_cyrillic(sample) else "latin-1")
    return "utf-8-sig"


def _east_asian(sample: bytes) -> str | None:
    """GB 18030 or Shift JIS, whose characters have two bytes; None if it is neither.

    In Latin-1, bytes above 0xA0 mostly stand alone, as in ``µs``, and 0x81 to 0x9F are no letters.
    """
    runs = _HIGH.findall(sample)
    if runs and all(len(run) % 2 == 0 and min(run) > 0xA0 for run in runs):
        name = "gb18030"
    elif any(0x81 <= byte <= 0x9F for run in runs for byte in run):
        name = "shift_jis"
    else:
        return None
    try:
        text = sample.decode(name, errors="strict" if len(sample) < SAMPLE else "ignore")
    except UnicodeDecodeError:
        return None
    return name if sum("\u3040" <= character <= "\u9fff" for character in text) > 1 else None


def _is_cyrillic(sample: bytes) -> bool:
    """Whether letters above those of ASCII make words, as they do in no Latin script."""
    return re.search(rb"[\xc0-\xff]{4}", sample) is not None


def _sixteen_bits(sample: bytes) -> str | None:
    """The byte order of UTF-16 without a mark; None for anything else."""
    odd, even = sample[1::2], sample[::2]
    if len(sample) < 4:
        return None
    if odd.count(0) > _NULS * len(odd) and not even.count(0):
        return "utf-16-le"
    if even.count(0) > _NULS * len(even) and not odd.count(0):
        return "utf-16-be"
    return None


def _is_text(text: str) -> bool:
    """Whether text has no control characters, and few that stand for undecodable bytes."""
    codes = [ord(character) for character in text[:4096]]
    controls = sum(code < 0x20 and chr(code) not in "\t\n\r\f\x1a" for code in codes)
    return not controls and 10 * text.count("\ufffd") <= len(text)


_EXPORTS = {
    (".zip", ".7z", ".rar", ".tar", ".tgz"): "a packed folder: unpack it",
    (".feather", ".arrow", ".pkl", ".pickle"): "a table of Python: save it as Parquet or CSV",
    (".isf", ".wfm", ".trc", ".bin"): "a binary waveform: save it as CSV on the instrument",
    (".opj", ".opju", ".ibw", ".pxp"): "of Origin or Igor: export the table as ASCII (.itx)",
}
"""What files of some suffixes are, and what to do with them."""


def _no_text(path: Path) -> DataError:
    for suffixes, what in _EXPORTS.items():
        if path.suffix.casefold() in suffixes:
            return DataError(f"{path} is {what}")
    return DataError(
        f"{path} is not a text file: expected CSV or TSV text, or one of the suffixes .xlsx, .nc, "
        ".h5, .mat, .tdms or .parquet"
    )
