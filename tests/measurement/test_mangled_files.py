"""No file, however mangled, ends in a traceback: it is read, or refused in one sentence."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from layouts import LOOPS, SPECTRA, TRACES

from smtj.analysis import fit
from smtj.errors import DataError, SmtjError
from smtj.measurement import describe, kind_of, load

LAYOUTS = {**TRACES, **LOOPS, **SPECTRA}
SUFFIXES = (
    *(".csv", ".dat", ".txt", ".lvm", ".log", ".xlsx", ".xls", ".ods", ".nc", ".h5", ".mat"),
    *(".tdms", ".npz", ".npy", ".parquet", ".s2p"),
)
BINARY = (".xlsx", ".mat", ".h5", ".npz", ".parquet", ".tdms")
SIZE = 6000
"""Bytes of a file that are kept, so that an example is quick."""

edits = st.lists(
    st.tuples(
        st.sampled_from(["cut", "drop", "double", "insert", "flip", "swap"]),
        st.floats(0, 1),
        st.integers(1, 200),
        st.binary(min_size=1, max_size=6),
    ),
    min_size=1,
    max_size=4,
)


def mangled(content: bytes, changes: list[tuple[str, float, int, bytes]]) -> bytes:
    """Content with parts cut off, lost, repeated, inserted, flipped or exchanged."""
    for what, where, length, inserted in changes:
        at = int(where * len(content))
        part = content[at : at + length]
        match what:
            case "cut":
                content = content[:at]
            case "drop":
                content = content[:at] + content[at + length :]
            case "double":
                content = content[:at] + part + content[at:]
            case "insert":
                content = content[:at] + inserted + content[at:]
            case "flip":
                content = content[:at] + bytes(255 - b for b in part) + content[at + length :]
            case "swap":
                content = part + content[:at] + content[at + length :]
    return content


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    found = {}
    for name, write in LAYOUTS.items():
        folder = tmp_path_factory.mktemp("layout")
        try:
            found[name] = write(folder)
        except ImportError:
            continue
    return found


def read_or_refused(path: Path) -> None:
    try:
        dataset = load(path)
        assert dataset.sizes
        kind_of(dataset)
    except DataError as error:
        assert str(path) in str(error)
        assert "\n" not in str(error)
    # What is said of a file needs no file that can be read.
    assert describe(path).table().text()


@pytest.mark.slow
@settings(
    deadline=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(name=st.sampled_from(sorted(LAYOUTS)), changes=edits)
def test_files_of_instruments(
    originals: dict[str, Path],
    tmp_path: Path,
    name: str,
    changes: list[tuple[str, float, int, bytes]],
) -> None:
    original = originals.get(name)
    if original is None:
        return
    path = tmp_path / original.name
    content = original.read_bytes()
    binary = original.suffix in BINARY
    path.write_bytes(mangled(content if binary else content[:SIZE], changes))
    read_or_refused(path)


@pytest.mark.slow
@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(name=st.sampled_from(sorted(LAYOUTS)), changes=edits)
def test_fits_of_files_of_instruments(
    originals: dict[str, Path],
    tmp_path: Path,
    name: str,
    changes: list[tuple[str, float, int, bytes]],
) -> None:
    original = originals.get(name)
    if original is None or original.suffix in BINARY:
        return
    path = tmp_path / original.name
    path.write_bytes(mangled(original.read_bytes()[: 2 * SIZE], changes))
    try:
        assert fit(path).estimates
    except SmtjError as error:
        assert "\n" not in str(error)


@settings(
    deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    content=st.binary(max_size=200),
    suffix=st.sampled_from(SUFFIXES),
)
def test_any_bytes(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"any{suffix}"
    path.write_bytes(content)
    try:
        read_or_refused(path)
    except SmtjError as error:
        assert not content, error
