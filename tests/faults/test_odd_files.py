"""What is no file, and files that are no measurement, are answered at once and in a sentence."""

import gzip
import os
import sys
from pathlib import Path

import pytest

from smtj import load_card
from smtj.errors import SmtjError
from smtj.measurement import describe, load
from smtj.measurement.format import packed
from smtj.measurement.series import load_tables
from smtj.nn.training.network import load_network


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
@pytest.mark.parametrize("read", [load, load_tables, describe, load_card, load_network])
def test_pipes_and_devices_are_named_and_not_waited_for(read, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, what in ((pipe, "a pipe"), (Path("/dev/zero"), "a device")):
        with pytest.raises(SmtjError, match=f"{path} is {what}, no file"):
            read(path)


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 3000, "a." * 50_000 + "b = 1", "[a" + ".a" * 99 + "]"]
)
def test_cards_without_bottom_are_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "card.toml"
    path.write_text(text)
    with pytest.raises(SmtjError, match=r"nests its entries deeper than any card|not valid TOML"):
        load_card(path)


def test_cards_without_end_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "card.toml"
    path.write_bytes(b"# \n" * 400_000)
    with pytest.raises(SmtjError, match="has more than 1,000,000 bytes, as no card has"):
        load_card(path)


def test_a_bomb_is_defused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, written = tmp_path / "trace.csv.gz", 1 << 23
    with gzip.open(path, "wb") as file:
        for _ in range(8):
            file.write(bytes(written))
    monkeypatch.setattr(packed, "_SEEN", 1 << 20)
    unpacked = []
    monkeypatch.setattr(packed, "_BLOCK", 1 << 18)
    copy = packed.gzip.GzipFile.read
    monkeypatch.setattr(
        packed.gzip.GzipFile, "read", lambda self, n: unpacked.append(n) or copy(self, n)
    )
    with (
        pytest.raises(SmtjError, match="has more than 20 MB unpacked"),
        packed.unpacked(path, 20e6),
    ):
        raise AssertionError
    assert sum(unpacked) < 25e6  # of 67
