"""Commands give back memory that they do not need."""

import subprocess
import sys

import numba
import numpy as np
import pytest

from smtj.cli.memory import MAPPINGS, drop_compiler, load_compiler

needs_linux = pytest.mark.skipif(not MAPPINGS.exists(), reason="Linux says what is in memory")


def in_memory_of(library: str) -> float:
    """Return how many MB of a library are in memory."""
    total, counts = 0, False
    for line in MAPPINGS.read_text().splitlines():
        words = line.split()
        if not words[0].endswith(":"):
            counts = library in line
        elif words[0] == "Rss:" and counts:
            total += int(words[1])
    return total / 1e3


@needs_linux
def test_llvm_leaves_memory_and_still_compiles_when_it_is_needed_again() -> None:
    load_compiler()

    @numba.njit
    def twice(x):
        return 2 * x

    assert twice(1) == 2
    before = in_memory_of("libllvmlite")
    drop_compiler()
    assert in_memory_of("libllvmlite") < before - 20
    assert twice(0.5) == 1
    np.testing.assert_array_equal(twice(np.arange(3)), [0, 2, 4])


def test_pandas_is_imported_without_pyarrow(tmp_path) -> None:
    (tmp_path / "pyarrow.py").write_text("raise SystemExit('pyarrow was imported')")
    code = (
        "import sys; from smtj.cli.memory import import_pandas; import_pandas()\n"
        "import pandas; assert 'pyarrow' not in sys.modules\n"
        "assert pandas.Series(['a']).str.upper()[0] == 'A'"
    )
    path = [str(tmp_path), *sys.path]
    command = [sys.executable, "-c", f"import sys; sys.path[:] = {path!r}\n{code}"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
