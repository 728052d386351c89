"""The section of the report that says what the paper's 1 mV costs."""

from smtj.paper import cost
from smtj.report.html import write_report


def test_the_section_without_a_network(tmp_path, card):
    figure = cost.make(card, tmp_path)
    assert all(path.exists() for path in figure.images)
    ultralow, no_write = figure.checks
    # V²/R for 120 ms at 1 mV and about 1.35 kΩ.
    assert "89.2 pJ per read" in ultralow.ours and ultralow.verdict == "not supported"
    assert no_write.verdict == "differs"
    page = write_report(tmp_path, "A title", [figure], [], {})
    assert "Oersted wire" in page.read_text()
