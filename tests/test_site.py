"""The documentation site builds without warnings, fetches nothing and has every public name."""

import importlib
import importlib.util
import inspect
import json
import os
import pkgutil
import re
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

import smtj
from closeness import close_to

# `make check` builds the site beside the other tests.
pytestmark = pytest.mark.proof

ROOT = Path(__file__).parents[1]
HIDDEN = re.compile(r"(^|\.)(_\w*|\w*kernels)$")


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    pytest.importorskip("mkdocs", reason="needs smtj[docs]")
    pytest.importorskip("mkdocstrings", reason="needs smtj[docs]")
    out = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(out)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return out


def public_objects() -> list[tuple[str, str]]:
    """Return (module, name) for every name in every ``__all__``."""
    found = []
    for module in pkgutil.walk_packages(smtj.__path__, "smtj."):
        if module.name.startswith("smtj.cli") or module.name == "smtj.__main__":
            continue
        loaded = importlib.import_module(module.name)
        found += [(module.name, name) for name in getattr(loaded, "__all__", ())]
    return [("smtj", name) for name in smtj.__all__ if name != "__version__"] + found


def test_every_public_name_is_in_the_reference(site):
    lines = zlib.decompress(b"".join((site / "objects.inv").read_bytes().split(b"\n", 4)[4:]))
    entries = {line.split(" ")[0] for line in lines.decode().splitlines()}
    names = public_objects()
    assert len(names) > 80
    for module, name in names:
        value = getattr(importlib.import_module(module), name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert f"{value.__module__}.{value.__qualname__}" in entries
        elif not isinstance(value, float):  # the reference lists functions, not units
            assert any(entry.endswith(f".{name}") for entry in entries), f"{module}.{name}"


def test_every_module_is_in_the_reference(site):
    pages = (site / "reference").glob("*.html")
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    assert ":func:" not in text and ":mod:" not in text and ":class:" not in text
    for module in pkgutil.walk_packages(smtj.__path__, "smtj."):
        elsewhere = module.name.startswith(("smtj.cli", "smtj.__main__"))
        if not elsewhere and not HIDDEN.search(module.name):
            assert f'id="{module.name}"' in text, module.name


def test_the_star_of_v_star_is_shown(site):
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"\bV<em>|\bV</em>", text), page.name
    assert "V*" in (site / "theory" / "barrier.html").read_text(encoding="utf-8")


def test_every_command_is_in_the_reference(site):
    text = (site / "reference" / "commands.html").read_text(encoding="utf-8")
    for command in ("card show", "measure spectra", "simulate switching", "fit", "cite"):
        assert f"smtj {command}" in text
    assert "--integration-time" in text


def test_nothing_is_fetched_from_elsewhere(site):
    for page in site.rglob("*.html"):
        content = page.read_text(encoding="utf-8")
        tags = re.findall(r"<(?:script|link|img|iframe)\b[^>]*>", content)
        for tag in tags:
            target = re.search(r'(?:src|href)="(https?:)?//', tag)
            assert not target or 'rel="canonical"' in tag, f"{page.name}: {tag}"


def test_the_search_finds_a_page_opened_from_the_disk(site):
    playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if path is None:
        pytest.skip("needs Chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page()
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto((site / "index.html").as_uri())
        page.locator("input.md-search__input").click()
        page.keyboard.type("Slonczewski")
        found = page.locator(".md-search-result__link").first
        found.click()
        page.wait_for_url(lambda url: "index.html" not in url)
        assert "slonczewski" in page.locator("article").inner_text().lower()
        browser.close()
    assert all(url.startswith(("file:", "data:")) for url in asked)


def test_pictures_are_all_shown():
    shown = {
        found
        for page in (ROOT / "docs").rglob("*.md")
        for found in re.findall(r"figures/([\w-]+\.png)\)", page.read_text(encoding="utf-8"))
    }
    assert shown == {path.name for path in (ROOT / "docs" / "figures").iterdir()}


def test_the_gallery_agrees_with_its_record_and_the_code():
    spec = importlib.util.spec_from_file_location("gallery", ROOT / "validation" / "gallery.py")
    gallery = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(gallery)
    recorded = json.loads((ROOT / gallery.RECORD).read_text(encoding="utf-8"))
    assert (ROOT / gallery.PAGE).read_text(encoding="utf-8") == gallery.page(recorded)
    assert sorted(recorded["result"]) == gallery.shipped_cards()
    for name, found in recorded["result"].items():
        now = gallery.numbers(smtj.load_card(name))
        same = ("title", "reference", "provenance", "published")
        assert all(json.loads(json.dumps(now[key])) == found[key] for key in same), name
        for key in ("stability_factor", "slope_per_oersted", "log_dwell_time"):
            assert now[key] == close_to(found[key], rel=1e-6)
