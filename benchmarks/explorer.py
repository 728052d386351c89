"""How fast the page of `smtj explore` responds, measured in a real browser.

Slider: time from the input event to the frame that draws the last plot.  Stream: frames of the
telegraph trace per second that reach the browser.
"""

import os
import re
import shutil
import statistics
import subprocess
import sys
from contextlib import contextmanager

from playwright.sync_api import sync_playwright

MOVES = 40
WATCHED_S = 6
SETTLE_MS = 2000
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
# The source of the spectrum is set last; it is drawn in the next frame.
# At the value where a slider already stands, nothing is to be drawn.
MOVE = """(slider, value) => new Promise((resolve, reject) => {
  const stood = slider.value
  slider.value = value
  if (slider.value === stood) return resolve(null)
  setTimeout(() => reject(`nothing was drawn at ${value}`), 20000)
  const source = Bokeh.documents[0].get_model_by_name("spectrum data")
  const began = performance.now()
  const changed = () => {
    source.properties.data.change.disconnect(changed)
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - began)))
  }
  source.properties.data.change.connect(changed)
  slider.dispatchEvent(new Event("input", { bubbles: true }))
})"""
FRAMES = """(seconds) => new Promise((resolve) => {
  const source = Bokeh.documents[0].get_model_by_name("trace data")
  let frames = 0
  source.streaming.connect(() => { frames += 1 })
  setTimeout(() => resolve(frames / seconds), 1000 * seconds)
})"""


@contextmanager
def served():
    """Run `smtj explore` on a free port and yield its address."""
    command = [sys.executable, "-m", "smtj", "explore", "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield re.search(r"http://\S+", server.stdout.readline())[0]
        finally:
            server.kill()


def main() -> None:
    """Print the medians."""
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        sys.exit(f"no browser found; install one of {', '.join(BROWSERS)}")
    print(f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}, {browser}")
    with served() as address, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=list(ARGUMENTS))
        page = chromium.new_page(viewport={"width": 1366, "height": 850})
        page.goto(address)
        page.wait_for_selector("body[data-ready]")
        page.wait_for_timeout(SETTLE_MS)
        print(f"stream: {page.evaluate(FRAMES, WATCHED_S):.1f} frames/s")
        for label in ("Field H⊥", "In-plane field H∥", "Bias voltage V", "Temperature T",
                      "Free layer t", "Tilt of the easy axis"):  # fmt: skip
            slider = page.locator("#device").get_by_label(label)
            low, high = (float(slider.get_attribute(end)) for end in ("min", "max"))
            values = [low + (high - low) * (0.2 + 0.6 * n / MOVES) for n in range(MOVES)]
            times = [slider.evaluate(MOVE, value) for value in values]
            times = sorted(time for time in times if time is not None)
            print(
                f"{label:24s} median {statistics.median(times):4.0f} ms, "
                f"9 of 10 within {times[int(0.9 * len(times))]:4.0f} ms"
            )
            page.get_by_role("button", name="Reset").first.click()
            # What the reset draws is not the answer to the next move.
            page.wait_for_timeout(SETTLE_MS)
        chromium.close()


if __name__ == "__main__":
    main()
