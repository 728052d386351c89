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
MIN_LETTERS = 2
"""Fewest letters of words over columns by which a code page is known."""
_CYRILLIC = (
    "время напряжение сопротивление температура магнитное состояние вероятность частота образец "
    "измерение дата сигнал поле ток"
)
_JAPANESE = (
    "時間 時刻 電圧 電流 抵抗 磁場 磁界 温度 状態 確率 周波数 測定 試料 データ サンプル 日付 秒"
)
_WORDS = {
    "cp949": "시간 전압 전류 저항 자기장 자장 자계 온도 상태 확률 주파수 측정 시료 데이터 신호 초",
    "gb18030": "时间 电压 电流 电阻 磁场 温度 状态 概率 频率 采样 数据 样品 测量 通道 日期 秒",
    "big5": "時間 電壓 電流 電阻 磁場 溫度 狀態 機率 頻率 取樣 資料 樣品 量測 通道 日期 秒",
    "shift_jis": _JAPANESE,
    "euc_jp": _JAPANESE,
    "cp1251": _CYRILLIC,
    "koi8-r": _CYRILLIC,
    "cp866": _CYRILLIC,
}
"""Words over columns, by the code pages in which they are written."""
_CONTROLS = bytes(set(range(0x20)) - set(b"\t\n\r\f\x1a"))
_NULS = 0.3
_HIGH = re.compile(rb"[\x80-\xff]+")


def detect_encoding(path: Path) -> str:
    """Return how the text of a file is encoded, as Python names it.

    UTF-16 and UTF-32 are known by their mark, UTF-16 without one by the zero bytes between Latin
    letters; else it is UTF-8 if the beginning is valid UTF-8.  If not, it is the code page in which
    the bytes hold most words that head columns; without such words it is GB 18030 or Shift JIS if
    all other bytes come in pairs that are such characters, Windows-1251 if they make words, and
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
            own = _by_words(sample) or _east_asian(sample)
            return own or ("cp1251" if _is_cyrillic(sample) else "latin-1")
    return "utf-8-sig"


def _by_words(sample: bytes) -> str | None:
    """Return the code page in which a text has most characters of words that head columns."""
    found: dict[str, int] = {}
    for name, words in _WORDS.items():
        try:
            text = sample.decode(name, errors="strict" if len(sample) < SAMPLE else "ignore")
        except UnicodeDecodeError:
            continue
        plain = text.casefold()
        found[name] = sum(len(word) for word in words.split() if word in plain)
    best = max(found, key=found.__getitem__, default=None)
    return best if best is not None and found[best] >= MIN_LETTERS else None


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
