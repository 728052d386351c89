"""The page of `smtj explore` in a real browser, as people use it."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from drawn_digits import DIGITS

from smtj import DeviceCard
from smtj.explore.upload import MAX_BYTES, sample

BROWSER = next(
    (p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None
)
try:
    from playwright.sync_api import Locator, Page, expect, sync_playwright
except ModuleNotFoundError:
    BROWSER = None
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        BROWSER is None, reason="needs Playwright and Chromium (apt-get install chromium)"
    ),
]
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
PATIENCE_MS = 30_000
HIGHEST = """(digit) => {
  const means = Array.from(Bokeh.documents[0].get_model_by_name("outputs data").data.y)
  return means.indexOf(Math.max(...means)) === digit
}"""
DATA = "([name, column]) => Array.from(Bokeh.documents[0].get_model_by_name(name).data[column])"


@pytest.fixture(scope="module")
def address():
    command = [sys.executable, "-m", "smtj", "explore", "--port", "0", "--no-browser"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as server:
        try:
            line = server.stdout.readline()
            yield re.search(r"http://127\.0\.0\.1:\d+/", line)[0]
        finally:
            server.kill()
        errors = server.stderr.read()
    assert "Traceback" not in errors, errors[-3000:]


@pytest.fixture(scope="module")
def browser():
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=BROWSER, args=list(ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def opened(browser, address):
    """A page, and what it complained of or asked of any other machine."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(PATIENCE_MS)
    complaints: list[str] = []

    def heard(said) -> None:
        if said.type in ("error", "warning"):
            complaints.append(said.text)

    def asked(request) -> None:
        if not request.url.startswith((address, "data:", "blob:")):
            complaints.append(f"asked for {request.url}")

    page.on("console", heard)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", asked)
    page.goto(address)
    page.wait_for_selector("body[data-ready]")
    yield page, complaints
    page.close()


@pytest.fixture
def page(opened):
    page, complaints = opened
    open_tab(page, "Device")
    yield page
    assert complaints == []


def data(page: "Page", name: str, column: str = "y") -> list[float]:
    return page.evaluate(DATA, [f"{name} data", column])


def open_tab(page: "Page", name: str) -> "Locator":
    page.get_by_role("tab", name=name).click()
    return page.get_by_role("tabpanel", name=name)


def draw(page: "Page", digit: int) -> None:
    box = page.get_by_role("application").bounding_box()
    for line in DIGITS[digit]:
        first, *others = [
            (box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in line
        ]
        page.mouse.move(*first)
        page.mouse.down()
        for point in others:
            page.mouse.move(*point)
        page.mouse.up()


def downloaded(page: "Page", button: str) -> dict:
    with page.expect_download() as started:
        page.get_by_role("button", name=button).click()
    assert started.value.suggested_filename.endswith(".toml")
    return tomllib.loads(Path(started.value.path()).read_text(encoding="utf-8"))


@pytest.mark.slow
def test_a_slider_changes_the_plots_the_numbers_and_the_card(page) -> None:
    names = ("p0", "p1", "energy", "spectrum", "w_here")
    before = {name: data(page, name) for name in names}
    slider = page.get_by_role("slider", name="Bias voltage V").first
    slider.focus()
    for _ in range(5):
        slider.press("PageUp")
    expect(page.get_by_text("Energy barrier").first).to_be_visible()
    page.wait_for_function(
        "() => Bokeh.documents[0].get_model_by_name('w_here data').data.x[0] > 100"
    )
    after = {name: data(page, name) for name in names}
    assert all(before[name] != after[name] for name in names)
    title = page.locator("#title").text_content()
    assert title.startswith("Voltage-controlled") and "Bias voltage V = " in title
    # The address holds the view, for a reload or for another.
    value = slider.input_value()
    assert f"device.voltage={value}" in page.url
    page.reload()
    page.wait_for_selector("body[data-ready]")
    expect(slider).to_have_value(value)
    expect(page.locator("#title")).to_have_text(title)
    card = downloaded(page, "Save the card")
    assert card["electrical"]["read_voltage"]["provenance"] == "assumed"
    assert card["geometry"]["length"]["provenance"] == "paper"


def test_the_trace_streams(page) -> None:
    page.get_by_role("button", name="Reset").first.click()
    expect(page.locator("#title")).not_to_contain_text("Bias voltage")
    assert "device.voltage" not in page.url
    # From look to look, since the trace begins anew some time after the click.
    page.wait_for_function(
        """() => {
            const now = Bokeh.documents[0].get_model_by_name('trace data').data.x.at(-1);
            const later = window.seen !== undefined && now > window.seen;
            window.seen = now;
            return later;
        }"""
    )


@pytest.mark.proof
def test_sessions_do_not_share_their_sliders(page, browser, address) -> None:
    slider = page.get_by_role("slider", name="Temperature T").first
    slider.press("End")
    with browser.new_context() as context:
        other = context.new_page()
        other.set_default_timeout(PATIENCE_MS)
        other.goto(address)
        other.wait_for_selector("body[data-ready]")
        expect(other.get_by_role("slider", name="Temperature T").first).to_have_value("300")


@pytest.mark.slow
def test_an_upload_becomes_a_card(page, card: DeviceCard, tmp_path) -> None:
    (tmp_path / "mine.csv").write_bytes(sample(card))
    panel = open_tab(page, "Measure")
    panel.locator("input[type=file]").set_input_files(tmp_path / "mine.csv")
    expect(panel.get_by_text("mine.csv: telegraph noise")).to_be_visible()
    assert len(data(page, "states")) > 100
    found = downloaded(page, "Download the card")
    assert found["name"] == "mine"
    assert found["geometry"]["activation_volume"]["provenance"] == "derived"
    panel.get_by_role("button", name="Explore this device").click()
    expect(panel.get_by_text("Device and Network now show mine")).to_be_visible()


@pytest.mark.slow
def test_a_malformed_and_an_oversized_upload_get_a_sentence(page, tmp_path) -> None:
    panel = open_tab(page, "Measure")
    (tmp_path / "broken.csv").write_text("time [s],resistance [ohm]\n1,2\n2,abc\n")
    panel.locator("input[type=file]").set_input_files(tmp_path / "broken.csv")
    expect(panel.get_by_text('broken.csv: row 3, column "resistance [ohm]"')).to_be_visible()
    (tmp_path / "large.csv").write_bytes(b"1" * (MAX_BYTES + 1_000_000))
    panel.locator("input[type=file]").set_input_files(tmp_path / "large.csv")
    expect(panel.get_by_text("Maximum file size is 20 MB", exact=True)).to_be_visible()
    # The connection is still there.
    panel.get_by_role("button", name="Use a simulated trace").click()
    expect(panel.get_by_text("simulated.csv: telegraph noise")).to_be_visible()
    expect(panel.get_by_text("Maximum file size is 20 MB", exact=True)).to_have_count(0)


@pytest.mark.proof
def test_drawn_digits_are_recognised_and_neurons_flicker(page) -> None:
    panel = open_tab(page, "Network")
    status = panel.get_by_role("status")
    expect(status).to_contain_text("Draw a digit")
    for digit in (3, 7):
        panel.get_by_role("button", name="Clear").click()
        expect(status).to_contain_text("Draw a digit")
        draw(page, digit)
        # What is half drawn is answered, too; the answer to the whole comes last.
        page.wait_for_function(HIGHEST, arg=digit)
        expect(status).to_contain_text(f"It is a {digit}")
    states = data(page, "hidden", "state")
    page.wait_for_function(
        "(old) => Bokeh.documents[0].get_model_by_name('hidden data').data.state"
        ".some((state, n) => state !== old[n])",
        arg=states,
    )


def test_a_digit_is_drawn_by_keys_alone(page) -> None:
    page.get_by_role("tab", name="Device").focus()
    page.keyboard.press("ArrowLeft")  # round to the last tab
    panel = page.get_by_role("tabpanel", name="Network")
    assert page.url.endswith("#tab=network")
    status = panel.get_by_role("status")
    panel.get_by_role("application").focus()
    page.keyboard.press("Delete")
    expect(status).to_contain_text("Draw a digit")
    page.keyboard.press("Space")
    for _ in range(14):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(status).to_contain_text("It is a 1")


@pytest.mark.proof
def test_dark_colours_are_taken_on_and_nothing_is_wider_than_a_phone(browser, address) -> None:
    with browser.new_context(
        viewport={"width": 390, "height": 844}, color_scheme="dark", has_touch=True
    ) as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(address)
        page.wait_for_selector("body[data-ready]")
        ground = "getComputedStyle(document.body).backgroundColor"
        dark = page.evaluate(ground)
        for name in ("Device", "Measure", "Network"):
            open_tab(page, name)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.get_by_role("button", name="Use light colours").click()
        assert page.evaluate(ground) != dark
