"""Each figure is written, labelled, and hands over the numbers it shows."""

import json
import math
import re

import numpy as np
import pytest

from smtj.card import load_card
from smtj.fit import fit_sigmoid, inflation_of_correlation
from smtj.paper import fig1a, fig2d, fig3a
from smtj.paper.figure import Check
from smtj.paper.scan import scan
from smtj.paper.wells import wells
from smtj.physics.device import operating_point
from smtj.units import convert

OE = convert(1, "Oe", "A/m")


@pytest.fixture(scope="module")
def card():
    return load_card("cai2019")


@pytest.fixture(scope="module")
def results(card, tmp_path_factory):
    out = tmp_path_factory.mktemp("figures")
    return {module.__name__: module.make(card, out) for module in (fig1a, fig2d, fig3a)}


@pytest.mark.parametrize("name", ["fig1a", "fig2d", "fig3a"])
def test_figures_are_written_as_png_and_svg(results, name):
    result = results[f"smtj.paper.{name}"]
    assert [path.name for path in result.images] == [f"{name}.png", f"{name}.svg"]
    png, svg = (path.read_bytes() for path in result.images)
    assert png.startswith(b"\x89PNG")
    assert len(png) > 20_000
    assert b"</svg>" in svg
    assert result.caption.endswith(".")
    json.dumps(result.numbers, allow_nan=False)
    assert result.checks


# Matplotlib keeps the text of an SVG as comments beside its outlines.
@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("fig1a", ["PtMn  15 nm", "MgO  0.8 nm", "210 nm", "60 nm", "9°", "high-resistance well"]),
        ("fig2d", ["Perpendicular field", "Switching probability", "Log-odds", "sigmoid fit"]),
        ("fig3a", ["28 × 28 pixels", "784 pixels", "400 junctions", "10 junctions", "313,600"]),
    ],
)
def test_labels_are_on_the_drawing(results, name, labels):
    svg = results[f"smtj.paper.{name}"].images[1].read_text()
    text = " ".join(re.findall(r"<!-- (.*?) -->", svg, re.DOTALL))
    for label in labels:
        assert label in text


def test_the_same_figure_is_the_same_file(card, results, tmp_path):
    again = fig2d.make(card, tmp_path)
    for old, new in zip(results["smtj.paper.fig2d"].images, again.images, strict=True):
        assert old.read_bytes() == new.read_bytes()


def test_another_seed_gives_other_points(card):
    field = np.array([-14.0]) * OE
    one, other, again = (scan(card, field, 100, seed).states for seed in (0, 1, 0))
    assert (one != other).any()
    assert (one == again).all()


def test_the_fit_of_fig_2d_returns_the_card(results):
    numbers = results["smtj.paper.fig2d"].numbers
    fit, truth = numbers["fit"], numbers["models"]["cai2019"]
    for name in ("slope", "offset"):
        key = "slope_per_Oe" if name == "slope" else "offset_Oe"
        assert abs(fit[key] - truth[key]) < 4 * fit[f"{name}_standard_error"]
    assert truth["slope_per_Oe"] == pytest.approx(0.132, abs=5e-4)
    assert numbers["models"]["self-consistent"]["slope_per_Oe"] == pytest.approx(0.177, abs=5e-4)
    assert truth["offset_Oe"] == pytest.approx(-13.9, abs=0.05)
    assert numbers["samples"] == 1000


def test_a_scan_follows_the_model_of_its_card(card):
    reads = scan(card.replace({"switching.model": "self-consistent"}), fig2d.FIELDS * OE, 1000, 0)
    fit = fit_sigmoid(fig2d.FIELDS, reads.high, 1000, inflation_of_correlation(reads.correlation))
    assert abs(fit.slope - 0.177) < 4 * fit.slope_error


def test_reads_follow_the_dwell_times(card):
    """Occupation and correlation of long scans, against Eq. 2-4 written out again."""
    field = np.array([-40.0, -14.0, 10.0]) * OE
    reads = scan(card, field, 100_000, seed=0)
    point = operating_point(card, 1e-3)
    delta = float(point.stability_factor)
    h = (field - float(point.offset_field)) / (560 * OE)
    high, low = (1e-9 * np.exp(delta * (1 + s * h) ** 2) for s in (1, -1))
    p, rho = high / (high + low), np.exp(-0.12 * (1 / high + 1 / low))
    np.testing.assert_allclose(reads.correlation, rho, rtol=1e-9)
    error = np.sqrt(p * (1 - p) / 100_000 * inflation_of_correlation(rho))
    assert np.all(np.abs(reads.states.mean(axis=0) - p) < 4 * error)


def test_wells_are_minima_of_the_energy(card):
    h_in, tilt, h_k = 8.76, math.radians(9), 56.0
    angle = np.linspace(0, 2 * np.pi, 2_000_001)
    energy = -h_in * np.sin(angle) - h_k / 2 * np.cos(angle - tilt) ** 2
    inner = (energy[1:-1] < energy[:-2]) & (energy[1:-1] < energy[2:])
    np.testing.assert_allclose(wells(card), angle[1:-1][inner], atol=1e-4)
    assert np.degrees(wells(card)) == pytest.approx([17.7, 179.9], abs=0.1)


def test_wells_of_an_upright_axis_mirror_each_other(card):
    up, down = wells(card.replace({"magnetism.easy_axis_tilt": 0.0}))
    assert math.degrees(up) == pytest.approx(9, abs=0.01)
    assert math.sin(up) == pytest.approx(math.sin(down), abs=1e-9)


def test_one_well_is_left_in_a_strong_field(card):
    (theta,) = wells(card, 650 * OE)
    assert math.sin(theta) > 0.9


def test_drawn_digit_fills_its_box():
    image = fig3a.drawn_digit(5, 28)
    assert image.shape == (28, 28)
    assert image.min() == 0
    assert image.max() == 1
    rows = np.flatnonzero(image.any(axis=1))
    assert np.ptp(rows) + 1 == pytest.approx(20, abs=1)


def test_a_check_needs_one_of_the_verdicts():
    with pytest.raises(ValueError, match="verdict"):
        Check("a", "b", "c", "perhaps", "d")
