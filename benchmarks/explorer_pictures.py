"""The pictures of `smtj explore` in the documentation, each tab in light, dark and on a phone."""

import io
import math
import shutil
import sys
from pathlib import Path

from explorer import ARGUMENTS, BROWSERS, served
from PIL import Image
from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).parents[1] / "docs" / "images"
LAPTOP = {"viewport": {"width": 1366, "height": 850}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
LOOKS = {
    "": {**LAPTOP, "color_scheme": "light"},
    "-dark": {**LAPTOP, "color_scheme": "dark"},
    "-phone": {**PHONE, "color_scheme": "light", "device_scale_factor": 2},
}
COLOURS = 200


def device(page):
    """Let the trace run over the whole screen."""
    page.wait_for_timeout(9000)


def measure(page):
    """Fit the simulated trace."""
    page.get_by_role("button", name="Use a simulated trace").click()
    page.get_by_role("button", name="Download the card").wait_for()


def network(page):
    """Draw a three, and read each neuron but twice, so that outputs spread."""
    reads = page.locator("#network").get_by_role("slider", name="Reads a neuron")
    reads.evaluate("(s) => { s.value = 2; s.dispatchEvent(new Event('input')) }")
    box = page.get_by_role("application").bounding_box()
    for middle, radius, begin, end in ((0.3, 0.2, -150, 90), (0.68, 0.22, -90, 150)):
        for n in range(25):
            turn = math.radians(begin + (end - begin) * n / 24)
            at = (0.45 + 1.2 * radius * math.cos(turn), middle + radius * math.sin(turn))
            page.mouse.move(box["x"] + at[0] * box["width"], box["y"] + at[1] * box["height"])
            if n == 0:
                page.mouse.down()
        page.mouse.up()
    page.get_by_text("It is a").wait_for()


def main():
    """Write the pictures."""
    path = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if path is None:
        sys.exit(f"no browser to take pictures with; install one of {', '.join(BROWSERS)}")
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        for look, options in LOOKS.items():
            for prepare in (device, measure, network):
                page = browser.new_page(**options)
                page.goto(address)
                page.wait_for_selector("body[data-ready]")
                page.get_by_role("tab", name=prepare.__name__.capitalize()).click()
                page.wait_for_timeout(500)
                prepare(page)
                page.wait_for_timeout(1500)
                page.mouse.move(5, 5)
                raw = page.screenshot(full_page=look != "-phone")
                picture = Image.open(io.BytesIO(raw)).convert("RGB").quantize(COLOURS, dither=0)
                out = FOLDER / f"explore-{prepare.__name__}{look}.png"
                picture.save(out, optimize=True)
                print(f"{out} {out.stat().st_size // 1000} kB")
                page.close()
        browser.close()


if __name__ == "__main__":
    main()
