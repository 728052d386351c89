"""The report stands alone, has everything in it, and says where data are not the paper's."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from smtj.card import load_card
from smtj.paper import fig1a
from smtj.paper.audit import audit_rows
from smtj.report.figure import Check, FigureResult
from smtj.report.html import typeset, write_report

CHECK = Check("E_b < k_BT & <b>", "Eq. (1)", "H_k,eff", "not supported", "by hand")


@pytest.fixture(scope="module")
def figure(tmp_path_factory):
    return fig1a.make(load_card("cai2019"), tmp_path_factory.mktemp("figure"))


@pytest.fixture(scope="module")
def checks():
    return audit_rows(load_card("cai2019"))


def write(out, figures=(), rows=(), **context):
    page = write_report(out, "A title", list(figures), list(rows), context, summary=True)
    return page.read_text(), json.loads((out / "report.json").read_text())


class Page(HTMLParser):
    """Collects what a page refers to, and checks that its elements are closed."""

    VOID = ("meta", "img", "br", "link")

    def __init__(self, text):
        super().__init__()
        self.references, self.open, self.identifiers = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.references += [values[name] for name in ("src", "href", "data") if name in values]
        self.identifiers += [values["id"]] if "id" in values else []
        assert tag not in ("script", "link", "iframe", "object")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.slow
def test_the_page_needs_nothing_but_itself(tmp_path, figure, checks):
    text, _ = write(tmp_path, [figure], checks, dataset="MNIST", stand_in=False)
    page = Page(text)
    targets = {f"#{name}" for name in page.identifiers}
    for reference in page.references:
        assert reference.startswith("data:image/") or reference in targets
    assert "http:" not in text
    assert "https:" not in text
    assert "@import" not in text
    assert "url(" not in text
    # Figure, audit and provenance fold, and are open at first.
    assert text.count("<details open>\n<summary>") == 3


def test_every_figure_check_and_row_is_on_the_page(tmp_path, figure, checks):
    text, record = write(tmp_path, [figure], checks)
    assert text.count("data:image/svg+xml;base64,") == 1
    assert str(typeset(figure.caption)) in text
    for check in [*figure.checks, *checks]:
        assert str(typeset(check.claim)) in text
        assert str(typeset(check.ours)) in text
    assert record["figures"][0]["images"] == ["fig1a.png", "fig1a.svg"]
    assert len(record["audit"]) == len(checks)


def test_the_record_reads_back(tmp_path, figure, checks):
    _, record = write(tmp_path, [figure], checks, dataset="MNIST", parts=["fig2d", "audit"])
    assert record["figures"][0]["numbers"] == json.loads(json.dumps(dict(figure.numbers)))
    assert record["audit"][0]["claim"] == checks[0].claim
    assert record["versions"]["python"]
    assert record["command"].startswith("smtj")
    assert record["context"]["parts"] == ["fig2d", "audit"]
    assert sum(record["verdicts"]["audit"].values()) == len(checks)
    assert record["stand_in"] is False


def test_numbers_that_json_lacks_become_plain(tmp_path):
    numbers = {
        "array": np.arange(3),
        "number": np.float64(1.5),
        "none": float("nan"),
        "path": tmp_path,
        7: (True, np.bool_(False)),
    }
    figure = FigureResult("x", "X", "A caption.", [], numbers, [CHECK])
    _, record = write(tmp_path, [figure])
    assert record["figures"][0]["numbers"] == {
        "array": [0, 1, 2],
        "number": 1.5,
        "none": None,
        "path": str(tmp_path),
        "7": [True, False],
    }


def test_a_stand_in_is_named_in_title_banner_and_record(tmp_path, checks):
    text, record = write(tmp_path, rows=checks, dataset="8×8 digits", stand_in=True)
    assert "stand-in" in record["title"]
    assert "8×8 digits" in record["title"]
    assert record["stand_in"] is True
    for tag in ("title", "h1"):
        (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", text)
        assert "stand-in" in content
    assert 'class="banner"' in text


def test_without_a_stand_in_there_is_no_banner(tmp_path, checks):
    text, _ = write(tmp_path, rows=checks, dataset="MNIST", stand_in=False)
    assert 'class="banner"' not in text
    assert "stand-in" not in text.lower()


def test_text_is_escaped_and_typeset(tmp_path):
    text, _ = write(tmp_path, rows=[CHECK])
    assert "E<sub>b</sub> &lt; k<sub>B</sub>T &amp; &lt;b&gt;" in text
    assert "H<sub>k,eff</sub>" in text


@pytest.mark.parametrize(
    ("plain", "shown"),
    [
        ("M_s² and τ_high", "M<sub>s</sub>² and τ<sub>high</sub>"),
        ("K_0,eff, K_⊥", "K<sub>0,eff</sub>, K<sub>⊥</sub>"),
        ("dμ0H_K1/dV", "dμ0H<sub>K1</sub>/dV"),
        ("test_accuracy", "test_accuracy"),
    ],
)
def test_subscripts(plain, shown):
    assert str(typeset(plain)) == shown


def test_an_empty_report_says_so(tmp_path):
    text, record = write(tmp_path)
    assert "Nothing was checked" in text
    assert record["figures"] == []


def test_a_report_that_cannot_be_made_leaves_the_old_one(tmp_path, checks):
    write(tmp_path, rows=checks)
    before = (tmp_path / "report.html").read_bytes()
    missing = FigureResult("x", "X", "A caption.", [tmp_path / "missing.png"])
    with pytest.raises(FileNotFoundError):
        write_report(tmp_path, "A title", [missing], [], {})
    assert (tmp_path / "report.html").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.json"]
