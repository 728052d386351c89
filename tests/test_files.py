"""Files are written atomically."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from smtj.files import write_text, write_whole


@pytest.fixture(params=["nameless", "hidden"], autouse=True)
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways of writing: with and without files that have no name."""
    if request.param == "hidden":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)


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


@pytest.mark.skipif(sys.platform != "linux", reason="files without a name are Linux's")
@pytest.mark.parametrize("_way", ["nameless"], indirect=True)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_process_killed_while_it_writes_leaves_nothing(tmp_path: Path, number: int) -> None:
    program = (
        "import sys, time; from pathlib import Path; from smtj.files import write_whole\n"
        "def write(file):\n"
        "    file.write(b'half'); file.flush(); print('begun', flush=True); time.sleep(60)\n"
        "write_whole(Path(sys.argv[1]), write)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "file.csv")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(number)
    assert process.returncode == -number
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="files without a name are Linux's")
@pytest.mark.parametrize("_way", ["nameless"], indirect=True)
def test_an_interrupt_right_after_naming_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def interrupted(*arguments: object, **keywords: object) -> None:
        link(*arguments, **keywords)
        raise KeyboardInterrupt

    monkeypatch.setattr("os.link", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_text(tmp_path / "file.txt", "x")
    assert list(tmp_path.iterdir()) == []
