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
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

# The networks of the tests are so small that threads would only wait for each other; this holds
# for the processes that tests start, too, and must be said before anything imports PyTorch.
os.environ.setdefault("OMP_NUM_THREADS", "1")

FIGURE = re.compile(r"!\[[^\]]*\]\(([^)]*figures/[^)]+\.png)\)")
CLOSE = 0.01
"""Largest mean difference of two equal pictures; black and white differ by 1."""

ROOT = Path(__file__).parent

redraw = False


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--redraw``."""
    parser.addoption("--redraw", action="store_true", help="redraw the figures of docs/")


def pytest_configure(config: pytest.Config) -> None:
    """Store the option."""
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
    """Find the pictures that the code blocks above them draw."""
    for found in FIGURE.finditer(document.text):
        yield Region(found.start(), found.end(), found.group(1), is_drawn)


def is_drawn(example: Example) -> None:
    """Compare a picture with the one that the page's code has drawn into the working folder."""
    from matplotlib.image import imread

    committed = Path(example.path).parent / example.parsed
    drawn = Path(committed.name)
    assert drawn.exists(), f"no code above draws {drawn}"
    if redraw:
        shutil.copyfile(drawn, committed)
    one, other = imread(drawn), imread(committed)
    assert one.shape == other.shape, f"{committed} has another size; redraw it with --redraw"
    difference = float(np.abs(one - other).mean())
    assert difference < CLOSE, f"{committed} differs by {difference:.3f}; redraw it with --redraw"


def enter(namespace: dict[str, Any]) -> None:
    """Run the code of a page in an empty folder, where it may write files."""
    namespace["_from"], namespace["_in"] = Path.cwd(), tempfile.TemporaryDirectory()
    os.chdir(namespace["_in"].name)


def leave(namespace: dict[str, Any]) -> None:
    """Leave and delete the folder."""
    os.chdir(namespace["_from"])
    namespace["_in"].cleanup()


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(), SkipParser(), figures],
    patterns=["*.md"],
    excludes=["index.md"],  # runs as a notebook in tests/test_front_page.py
    setup=enter,
    teardown=leave,
).pytest()
