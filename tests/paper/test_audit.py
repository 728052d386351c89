"""The audit: every row complete, its numbers those of independent calculation."""

import math
import re

import numpy as np
import pytest

from smtj.card import load_card
from smtj.paper import audit_device, audit_network, audit_resonance, audit_switching, findings
from smtj.paper.audit import audit
from smtj.paper.rows import stated, time
from smtj.report.figure import VERDICTS
from smtj.units import convert

KT = 1.380649e-23 * 300


@pytest.fixture(scope="module")
def card():
    return load_card("cai2019")


@pytest.fixture(scope="module")
def rows(card):
    return {check.claim: check for check in audit(card)}


def find(rows, words):
    (found,) = [check for claim, check in rows.items() if words in claim]
    return found


def test_every_row_is_complete_and_its_own(card, rows):
    assert len(rows) == len(audit(card))
    for check in rows.values():
        assert check.verdict in VERDICTS
        for text in (check.claim, check.paper, check.ours, check.how):
            assert text.strip()
            assert not re.search(r"\bnan\b", text)


@pytest.mark.parametrize(
    "number",
    [
        "1.62 nm", "0.8 nm", "2.4 nm", "0.85 nm", "2.3 nm", "15 nm", "300 °C", "1 T", "210", "60",
        "9", "650 Oe", "10 µA", "1 mV", "ΔH = 1 Oe", "120 ms", "2 min", "1 ns", "56 mT", "34 mT/V",
        "26 fJ/(V m)", "−110 Oe", "35 µV", "−200 to 200 mV", "28 × 28", "784", "400", "100 epochs",
        "MNIST", "20 mW/cm²", "room temperature",
    ],
)  # fmt: skip
def test_every_number_of_the_paper_has_a_row(rows, number):
    assert any(number in check.paper or number in check.claim for check in rows.values())


@pytest.mark.parametrize("equation", [f"Eq. ({i})" for i in range(1, 8)])
def test_every_equation_has_a_row(rows, equation):
    assert any(equation in check.claim + check.paper + check.how for check in rows.values())


@pytest.mark.parametrize(
    ("words", "verdict", "numbers"),
    [
        ("(2.4 nm) is the free layer", "not supported", ["1.18 MA/m", "0.80 MA/m"]),
        ("superparamagnetic as a whole", "not supported", ["128 k_BT"]),
        ("Barrier E_b at", "assumed", ["21.6 / 18.5 / 15.4"]),
        ("switching rate increases", "consistent", ["2.3 s / 105 ms / 4.91 ms"]),
        ("read as the effect of an in-plane", "assumed", ["8.76 mT"]),
        ("Coupling alone", "not supported", ["18° and 180°", "0.00"]),
        ("Slope w at", "assumed", ["0.154 / 0.132 / 0.110"]),
        ("weight depending", "not supported", ["0.178 / 0.177 / 0.176", "0.180 / 0.179 / 0.178"]),
        ("Offset field", "consistent", ["-13.9 Oe"]),
        ("nonlinear relation", "not supported", ["35 to 40 mT"]),
        ("VCMA coefficient ξ (card)", "consistent", ["26 fJ/(V m)"]),
        ("anisotropy of the ellipse in the plane", "not supported", ["1.54", "2.22", "60 mT"]),
        ("obtained from the fitting of Eq. (7)", "not supported", ["+1.8 for the tilt"]),
        ("H_K1 and H_K2 follow from spectra", "not supported", ["one field fixes"]),
        ("low-to-high", "not supported", ["0.86"]),
        ("more perpendicular", "not supported", []),
        ("Sampling interval", "consistent", ["120 ms"]),
    ],
)
def test_findings_of_the_design(rows, words, verdict, numbers):
    (check,) = [c for claim, c in rows.items() if words.lower() in claim.lower()]
    assert check.verdict == verdict
    for number in numbers:
        assert number in check.ours


def test_whole_ellipse_by_hand(card):
    volume = math.pi / 4 * 210e-9 * 60e-9 * 1.62e-9
    delta = 0.5 * 1.18e6 * 56e-3 * volume / KT
    assert findings.whole_ellipse_stability(card, bias_field=False) == pytest.approx(delta)
    with_field = delta * (1 - 8.76 / 56) ** 2
    assert findings.whole_ellipse_stability(card, bias_field=True) == pytest.approx(with_field)


def test_straightness_by_hand(card):
    """Eq. 6 as printed, with H_k,eff held, so that w is as straight as E_b."""
    voltage = np.linspace(-0.2, 0.2, 81)
    for h_in in (8.76e-3, 37e-3):
        k = 0.5 * 1.18e6 * 56e-3 - 26e-15 * voltage / (0.8e-9 * 1.62e-9)
        e_b = k - h_in * 1.18e6 + (1.18e6 * h_in) ** 2 / (4 * k)
        line = np.polyval(np.polyfit(voltage, e_b, 1), voltage)
        expected = np.abs(e_b - line).max() / e_b.mean()
        found = findings.curvature(card, convert(h_in, "T", "A/m"))
        assert found == pytest.approx(expected, rel=1e-6)
    assert findings.curvature(card) < 1e-3


def test_bias_field_for_curvature_is_the_inverse(card):
    h_in = findings.bias_field_for_curvature(card, 0.05)
    assert findings.curvature(card, h_in) == pytest.approx(0.05, rel=1e-6)
    assert 35 < convert(h_in, "A/m", "mT") < 40
    assert findings.bias_field_for_curvature(card, 1e3) == math.inf


def test_oersted_field_of_a_wire(card):
    # 2 I/r in gauss for abampere and cm: 1 µA at 100 nm.
    assert findings.oersted_field(card, 100e-9) == pytest.approx(2 * 1e-7 / 1e-5 * 79.577, rel=1e-3)


def test_thickness_without_barrier(card):
    thickness = findings.thickness_without_barrier(card)
    assert 1.62e-9 < thickness < 1.8e-9


def test_numbers_follow_the_card(card):
    """Nothing is typed in: another card changes the row, and a contradiction shows."""
    other = card.replace({"magnetism.anisotropy_field": "60 mT", "geometry.length": "200 nm"})
    rows = {check.claim: check for check in audit(other)}
    assert find(rows, "Anisotropy field").verdict == "differs"
    assert find(rows, "Anisotropy field").ours == "60 mT"
    assert find(rows, "Long axis").verdict == "differs"


@pytest.mark.parametrize(
    "changes",
    [
        {"switching.model": "self-consistent"},
        {"switching.model": "self-consistent", "switching.effective_anisotropy_field": None},
        {
            "electrical.parallel_resistance": None,
            "electrical.resistance_area_product": "10 ohm um^2",
        },
        {"vcma.coefficient": None},
        {"vcma.anisotropy_field_per_volt": None},
        {"magnetism.in_plane_bias_field": 0.0},
        {"magnetism.in_plane_bias_field": "60 mT"},
        {"geometry.activation_volume": "16000 nm^3"},
    ],
    ids=str,
)
def test_any_card_can_be_audited(card, changes):
    for part in (audit_device, audit_switching, audit_network):
        for check in part.rows(card.replace(changes)):
            assert not re.search(r"\bnan\b", check.ours)


def test_fig_5_comes_from_spectra_of_the_card(rows, card):
    """Another H_K1 and ξ are found as such, not copied from the paper."""
    other = card.replace(
        {
            "magnetism.anisotropy_field": "60 mT",
            "vcma.coefficient": None,
            "vcma.anisotropy_field_per_volt": "40 mT/V",
            "magnetism.in_plane_bias_field": 0.0,
        }
    )
    moved = {check.claim: check for check in audit_resonance.rows(other)}
    for words, number, truth in (
        ("Zero-voltage", 56, 60),
        ("Modulation", 34, 40),
        ("ξ, from spectra", 26, 26 * 40 / 34),
    ):
        for found, expected, verdict in (
            (find(rows, words), number, "consistent"),
            (find(moved, words), truth, "differs"),
        ):
            value, _, error, _ = found.ours.split(" ", 3)
            assert abs(float(value) - expected) < 4 * float(error) + 0.01
            assert found.verdict == verdict


def test_a_card_without_such_lines_says_so(card):
    stiff = card.replace({"magnetism.anisotropy_field": "400 mT"})
    check = next(c for c in audit_resonance.rows(stiff) if c.verdict == "not tested")
    assert "no such lines" in check.how


def test_stated_rows_compare_in_si_units():
    row = stated("t", "1.62 nm", "here", 1.62e-9, "m")
    assert (row.verdict, row.ours, row.paper) == ("assumed", "1.62 nm", "1.62 nm, here")
    assert stated("t", "1.62 nm", "here", 1.7e-9, "m").verdict == "differs"


def test_times_are_shown_in_a_fitting_unit():
    assert [time(t) for t in (2.297, 0.1052, 1e-9, 4.9e-6)] == ["2.3 s", "105 ms", "1 ns", "4.9 µs"]
    assert time(math.inf) == "inf s"
