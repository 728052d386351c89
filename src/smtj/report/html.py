"""Reports: ``report.html`` for people, self-contained, and ``report.json`` for programs.

The JSON has every number, check and version.
"""

import json
import math
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from smtj import provenance
from smtj.files import write_text
from smtj.report.figure import VERDICTS, Check, FigureResult
from smtj.tables import Table
from smtj.writers import holding

_MIME = {".svg": "image/svg+xml", ".png": "image/png"}
_SUBSCRIPT = re.compile(r"(?<![A-Za-z_])([A-Za-zτξ])_([A-Za-z0-9⊥]+(?:,[A-Za-z]+)?)")


def write_report(
    out: Path,
    title: str,
    figures: Sequence[FigureResult],
    audit: Sequence[Check] = (),
    context: Mapping[str, object] | None = None,
    *,
    about: str = "",
    tables: Sequence[Table] = (),
    summary: bool = False,
) -> Path:
    """Write ``report.json`` and ``report.html``, each atomically.

    Parameters
    ----------
    out
        Folder of the report.
    title
        Its title; the name of a stand-in data set is added.
    figures
        In the order shown.  If a figure's numbers have a ``table`` with ``head`` and ``rows``, the
        page shows it.
    audit
        Further checks.
    context
        Facts for the record; of these ``dataset``, ``origin`` and ``stand_in`` (True if the data
        set replaces the one asked for) change the page.
    about
        One line below the title.
    tables
        Shown before the figures, each with its title and notes.
    summary
        Whether there is a summary of verdicts even if nothing was checked.

    Returns
    -------
    Path
        ``report.html``.
    """
    context = dict(context or {})
    stand_in = bool(context.get("stand_in", False))
    dataset = str(context.get("dataset", "")) or None
    if stand_in:
        title = f"{title} (stand-in data: {dataset or 'not MNIST'})"
    checks = [check for figure in figures for check in figure.checks]
    record = {
        "title": title,
        "about": about,
        "checked": bool(checks or audit) or summary,
        "stand_in": stand_in,
        "dataset": dataset,
        "command": provenance.command(),
        "versions": provenance.versions(),
        "context": context,
        "verdicts": {"figures": _count(checks), "audit": _count(audit)},
        "tables": [asdict(table) for table in tables],
        "figures": [_figure_record(figure) for figure in figures],
        "audit": [asdict(check) for check in audit],
    }
    plain = _plain(record)
    text = json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False)
    with holding(out, provenance.command()):
        write_text(out / "report.json", text + "\n")
        return write_text(out / "report.html", _html(plain, figures))


def _html(record: dict[str, Any], figures: Sequence[FigureResult]) -> str:
    environment = Environment(
        loader=PackageLoader("smtj.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["typeset"] = typeset
    every = [check for figure in record["figures"] for check in figure["checks"]] + record["audit"]
    settled = ("not supported", "differs")
    return environment.get_template("report.html.jinja2").render(
        record=record,
        verdicts=VERDICTS,
        meanings=MEANINGS,
        counts=_count_names([check["verdict"] for check in every]),
        disagreements=[check for check in every if check["verdict"] in settled],
        pictures={figure.name: _picture(figure) for figure in figures},
    )


MEANINGS = {
    "agrees": "an independent result matches",
    "consistent": "it matches, but partly by construction or within wide limits",
    "differs": "it does not match",
    "not supported": "the paper’s own numbers do not bear it out",
    "assumed": "taken as given",
    "not tested": "out of reach here; the row says why",
}
"""Explanations of the verdicts."""


def typeset(text: str) -> Markup:
    """Return text with ``H_k,eff`` and the like as subscripts, everything else escaped."""
    safe = str(escape(text)).replace("k_BT", "k<sub>B</sub>T")
    return Markup(_SUBSCRIPT.sub(r"\1<sub>\2</sub>", safe))


def _picture(figure: FigureResult) -> str | None:
    """Return a figure's image as a data URI, the SVG if there is one."""
    chosen = sorted(figure.images, key=lambda path: path.suffix != ".svg")
    if not chosen:
        return None
    content = b64encode(chosen[0].read_bytes()).decode()
    return f"data:{_MIME[chosen[0].suffix]};base64,{content}"


def _figure_record(figure: FigureResult) -> dict[str, Any]:
    return {
        "name": figure.name,
        "title": figure.title,
        "caption": figure.caption,
        "images": [path.name for path in figure.images],
        "numbers": dict(figure.numbers),
        "checks": [asdict(check) for check in figure.checks],
    }


def _count(checks: Sequence[Check]) -> dict[str, int]:
    return _count_names([check.verdict for check in checks])


def _count_names(names: Sequence[str]) -> dict[str, int]:
    found = Counter(names)
    return {verdict: found[verdict] for verdict in VERDICTS if found[verdict]}


def _plain(value: Any) -> Any:
    """Return a value as plain JSON types; numbers that are not finite become None."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple | set):
        return [_plain(entry) for entry in value]
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return str(value)
