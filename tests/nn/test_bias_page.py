"""What the pages say of bias voltages is what was recorded."""

import importlib.util
import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FIGURE = re.compile(r"[+−-]?\d+(?:\.\d+)? ± \d+(?:\.\d+)?")


def test_every_figure_on_bias_voltages_is_recorded() -> None:
    spec = importlib.util.spec_from_file_location("bias_page", ROOT / "validation/recalibration.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    record = json.loads((ROOT / "docs/validation/recalibration.json").read_text())
    page = (ROOT / "docs/validation/recalibration.md").read_text()
    assert module.render(record) == page
    text = (ROOT / "docs/neuron.md").read_text()
    section = text.partition("### What they do")[2].partition("\n## ")[0]
    figures = FIGURE.findall(" ".join(section.split()))
    assert len(figures) > 10
    known = {figure.lstrip("+").replace("-", "−") for figure in FIGURE.findall(page)}
    for figure in figures:
        assert figure.lstrip("+") in known, figure
