"""The first page of the documentation runs in a notebook and shows the output printed there."""

import re
from pathlib import Path

import pytest

from alike import assert_alike

PAGE = Path(__file__).parents[1] / "docs" / "index.md"
BLOCK = re.compile(r"```python\n(.*?)```(?:\n+```text\n(.*?)```)?", re.DOTALL)
TRAINED = ("run", "study")
"""Last lines of cells whose numbers differ between machines: a training amplifies rounding."""


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """Source, shown text and outputs of every cell."""
    nbclient = pytest.importorskip("nbclient", reason="needs smtj[dev]")
    nbformat = pytest.importorskip("nbformat", reason="needs smtj[dev]")
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    sources = [nbformat.v4.new_code_cell(source.rstrip()) for source, _ in blocks]
    notebook = nbformat.v4.new_notebook(cells=sources)
    folder = tmp_path_factory.mktemp("notebook")
    nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": folder}}
    ).execute()
    return [(*block, cell.outputs) for block, cell in zip(blocks, notebook.cells, strict=True)]


def mime(outputs, kind: str) -> list[str]:
    """Everything of a MIME type in the outputs of a cell."""
    found = [output.get("data", {}).get(kind) for output in outputs]
    return [one for one in found if one]


def printed(outputs) -> str:
    """What a cell prints, and the text of its last value."""
    streams = [output["text"] for output in outputs if output.output_type == "stream"]
    values = [o["data"]["text/plain"] for o in outputs if o.output_type == "execute_result"]
    return "\n".join(text.rstrip() for text in (*streams, *values))


@pytest.mark.slow
def test_every_block_prints_the_text_below_it(cells):
    shown = [cell for cell in cells if cell[1]]
    assert len(shown) >= 6
    for source, text, outputs in shown:
        repeats = source.rstrip().splitlines()[-1] not in TRAINED
        assert_alike(printed(outputs), text, numbers=repeats)


@pytest.mark.slow
def test_nothing_is_printed_to_standard_error(cells):
    for source, _, outputs in cells:
        errors = [o["text"] for o in outputs if o.output_type == "stream" and o["name"] == "stderr"]
        assert not errors, f"{source}\n{errors}"


@pytest.mark.slow
def test_cards_fits_runs_studies_and_costs_are_html_tables(cells):
    tables = "".join(html for _, _, outputs in cells for html in mime(outputs, "text/html"))
    assert tables.count("<table") >= 5
    assert tables.count("<table") == tables.count("</table>")
    for word in ("cai2019", "95 % interval", "test accuracy", "yield", "latency"):
        assert word in tables


@pytest.mark.slow
def test_plots_are_shown_as_pictures(cells):
    plotting = [outputs for source, _, outputs in cells if ".plot(" in source]
    assert len(plotting) >= 2
    for outputs in plotting:
        assert mime(outputs, "image/png"), outputs
