"""Files land whole or not at all."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from smtj.files import write_text, write_whole


@pytest.fixture
def umask_027() -> Iterator[None]:
    before = os.umask(0o027)
    yield
    os.umask(before)


def test_writes_into_missing_folders_and_returns_the_path(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file.bin"
    assert write_whole(path, lambda file: file.write(b"content")) == path
    assert path.read_bytes() == b"content"
    assert list(path.parent.iterdir()) == [path]


def test_replaces_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old and longer")
    write_text(path, "Δ = μ₀")
    assert path.read_bytes() == "Δ = μ₀".encode()


@pytest.mark.parametrize(
    "failure",
    [
        RuntimeError("the writer fails"),
        OSError(errno.ENOSPC, "No space left on device"),
        KeyboardInterrupt(),
    ],
)
@pytest.mark.parametrize("old", [None, b"old"])
def test_a_failing_writer_leaves_everything_as_it_was(
    tmp_path: Path, failure: BaseException, old: bytes | None
) -> None:
    path = tmp_path / "file.bin"
    if old is not None:
        path.write_bytes(old)

    def fail(file: IO[bytes]) -> None:
        file.write(b"half of the new")
        raise failure

    with pytest.raises(type(failure)) as caught:
        write_whole(path, fail)
    assert caught.value is failure
    if old is None:
        assert list(tmp_path.iterdir()) == []
    else:
        assert list(tmp_path.iterdir()) == [path]
        assert path.read_bytes() == old


def test_a_folder_in_the_way_is_an_error_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "taken"
    path.mkdir()
    with pytest.raises(OSError, match="taken"):
        write_whole(path, lambda file: file.write(b"x"))
    assert list(tmp_path.iterdir()) == [path]
    assert path.is_dir()


@pytest.mark.usefixtures("umask_027")
@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX systems")
def test_permissions_are_those_of_any_new_file(tmp_path: Path) -> None:
    path = write_text(tmp_path / "file.txt", "x")
    assert path.stat().st_mode & 0o777 == 0o640
