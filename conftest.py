"""Run the Python blocks of the documentation and the examples of docstrings as tests."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sybil import Document, Example, Region, Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

FIGURE = re.compile(r"!\[[^\]]*\]\(([^)]*figures/[^)]+\.png)\)")
CLOSE = 0.01
"""Mean difference of two pictures, of 1 from black to white, up to which they are one."""

ROOT = Path(__file__).parent

redraw = False


def pytest_addoption(parser: pytest.Parser) -> None:
    """Pictures are compared, or drawn anew."""
    parser.addoption("--redraw", action="store_true", help="write the figures of docs/ anew")


def pytest_configure(config: pytest.Config) -> None:
    """Take note of the option."""
    global redraw
    redraw = config.getoption("--redraw")


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Import a module for its doctests only if it has some."""
    if collection_path.suffix != ".py" or collection_path.name.startswith("test_"):
        return None
    return None if ">>>" in collection_path.read_text(encoding="utf-8") else True


@pytest.fixture(autouse=True)
def _folder_of_doctest(request: pytest.FixtureRequest) -> None:
    """Run each doctest in an empty folder, where it may write files."""
    if isinstance(request.node, pytest.DoctestItem):
        request.getfixturevalue("monkeypatch").chdir(request.getfixturevalue("tmp_path"))


def figures(document: Document) -> Iterable[Region]:
    """Find the pictures that the blocks above them should have drawn."""
    for found in FIGURE.finditer(document.text):
        yield Region(found.start(), found.end(), found.group(1), is_drawn)


def is_drawn(example: Example) -> None:
    """Compare a picture with what the blocks of its page have drawn into the working folder."""
    from matplotlib.image import imread

    committed = Path(example.path).parent / example.parsed
    drawn = Path(committed.name)
    assert drawn.exists(), f"no block above draws {drawn}"
    if redraw:
        shutil.copyfile(drawn, committed)
    one, other = imread(drawn), imread(committed)
    assert one.shape == other.shape, f"{committed} has another size; draw it by --redraw"
    difference = float(np.abs(one - other).mean())
    assert difference < CLOSE, f"{committed} differs by {difference:.3f}; draw it by --redraw"


def enter(namespace: dict[str, Any]) -> None:
    """Run the blocks of a page in a folder of its own, so that they may write files."""
    namespace["_from"], namespace["_in"] = Path.cwd(), tempfile.TemporaryDirectory()
    os.chdir(namespace["_in"].name)


def leave(namespace: dict[str, Any]) -> None:
    """Go back."""
    os.chdir(namespace["_from"])
    namespace["_in"].cleanup()


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(), figures],
    patterns=["*.md"],
    setup=enter,
    teardown=leave,
).pytest()
