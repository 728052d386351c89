"""`smtj explore` as a user starts it, and what it says where it cannot start."""

import io
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import redirect_stderr, redirect_stdout

import pytest

from smtj.cli import main

NO_PANEL = """
import sys
class NoPanel:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in ('panel', 'bokeh'):
            raise ModuleNotFoundError(f"No module named '{name}'", name=name.partition('.')[0])
sys.meta_path.insert(0, NoPanel())
from smtj.cli import main
sys.argv = ['smtj', 'explore', '--no-browser']
main()
"""


def explore(*arguments: str) -> tuple[int, str]:
    err, code = io.StringIO(), 0
    with (
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(io.StringIO()),
        redirect_stderr(err),
    ):
        patch.setattr(sys, "argv", ["smtj", "explore", "--no-browser", *arguments])
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return code, err.getvalue()


def test_a_busy_port_is_said_in_a_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, said = explore("--port", str(port))
    assert code == 2
    assert f"port {port} is in use; give another" in said
    assert "Traceback" not in said


def test_a_card_that_is_none_is_said_before_anything_starts() -> None:
    code, said = explore("no_such_card")
    assert code == 2
    assert "there is no card no_such_card" in said


@pytest.mark.slow
def test_without_panel_it_says_what_to_install() -> None:
    done = subprocess.run(
        [sys.executable, "-c", NO_PANEL], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert 'pip install "smtj[explore]"' in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_the_page_is_on_this_machine_alone_and_ends_by_ctrl_c() -> None:
    command = [sys.executable, "-m", "smtj", "explore", "--port", "0", "--no-browser"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        address = run.stdout.readline().split()[-1]
        assert "Ctrl-C" in run.stdout.readline()
        with urllib.request.urlopen(address, timeout=60) as page:
            text = page.read().decode()
        port = int(address.rstrip("/").rpartition(":")[2])
        # Another of this machine's addresses finds nobody at the port.
        with pytest.raises(urllib.error.URLError):
            urllib.request.urlopen(f"http://127.0.0.2:{port}/", timeout=5)
        run.send_signal(2)
        out, err = run.communicate(timeout=60)
    assert "<title>smtj explore: cai2019</title>" in text
    assert "https://" not in text.replace("https://bokeh.org", "")
    assert (run.returncode, out.strip()) == (0, "Stopped.")
    assert "Traceback" not in err
