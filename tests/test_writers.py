"""Two runs never write into one folder."""

import subprocess
import sys
from pathlib import Path

import pytest

from smtj import chips, nn
from smtj.errors import SmtjError
from smtj.writers import holding

HOLD = """
import sys
from pathlib import Path
from smtj.writers import holding
with holding(Path(sys.argv[1]), "smtj train --out runs"):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def folder(tmp_path: Path):
    """A folder that another process holds, and that process."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None and other.stdout.readline().strip() == b"held"
        yield tmp_path, other
        other.kill()


def test_the_second_of_two_runs_is_told_who_holds_the_folder(folder) -> None:
    path, other = folder
    said = rf"being written by smtj train --out runs \(process {other.pid}, since "
    with pytest.raises(SmtjError, match=said):
        nn.train("digits", hidden=4, epochs=1, out=path)
    other.kill()
    other.wait()
    nn.train("digits", hidden=4, epochs=1, out=path)
    assert not list(path.glob(".*"))


def test_a_study_of_chips_holds_its_folder(folder) -> None:
    network = nn.train("digits", hidden=4, epochs=1).network
    images, labels = [[0.5] * 64] * 4, [0, 1, 2, 3]
    with pytest.raises(SmtjError, match="being written by"):
        chips.study(network, images, labels, chips=1, out=folder[0])


def test_a_run_holds_its_folder_as_often_as_it_likes(tmp_path: Path) -> None:
    with holding(tmp_path, "once"), holding(tmp_path, "twice"):
        assert (tmp_path / ".writer").read_text().startswith("once")
    assert not list(tmp_path.iterdir())
