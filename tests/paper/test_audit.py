"""The audit: every row is complete, and its numbers match independent calculations."""

import math
import re

import numpy as np
import pytest

from closeness import close_to
from smtj.card import load_card
from smtj.paper import findings, texts
from smtj.paper.audit import (
    audit_rows,
    device_rows,
    network_rows,
    spectrum_rows,
    switching_rows,
)
from smtj.report.figure import VERDICTS
from smtj.units import convert

pytestmark = pytest.mark.slow

KT = 1.380649e-23 * 300


@pytest.fixture(scope="module")
def card():
    return load_card("cai2019")


@pytest.fixture(scope="module")
def checks(card):
    return audit_rows(card)


@pytest.fixture(scope="module")
def rows(checks):
    return {check.claim: check for check in checks}


def find(rows, words):
    (found,) = [check for claim, check in rows.items() if words in claim]
    return found


@pytest.mark.slow
def test_every_row_is_complete_and_unique(checks, rows):
    assert len(rows) == len(checks)
    for check in rows.values():
        assert check.verdict in VERDICTS
        for text in (check.claim, check.paper, check.ours, check.how):
            assert text.strip()
            assert not re.search(r"\bnan\b|[{}]", text)


@pytest.mark.parametrize(
    ("claim", "number"),
    [
        ("Thickness of the free layer", "1.62 nm"),
        ("Thickness of the MgO", "0.8 nm"),
        ("Co40Fe40B20", "2.4 nm"),
        ("Ru 0.85 nm", "CoFe 2.3 nm, PtMn 15 nm; 2 h at 300 °C in 1 T"),
        ("Long axis", "210 nm"),
        ("Short axis", "60 nm"),
        ("Tilt at zero field", "9 deg"),
        ("R(H∥) rises gradually", "−650 to +650 Oe"),
        ("bias current", "10 µA"),
        ("Read voltage", "1 mV"),
        ("minor loops in steps", "ΔH = 1 Oe"),
        ("Sampling interval", "120 ms"),
        ("the time trace itself", "1000 samples in 2 min"),
        ("Attempt time", "1 ns"),
        ("Anisotropy field μ0 H_K1", "56 mT"),
        ("Change of μ0 H_K1", "34 mT/V"),
        ("ξ (card)", "26 fJ/(V m)"),
        ("follow from spectra", "−110 Oe"),
        ("curves 35 µV apart", "35 µV"),
        ("Voltage range", "−200 to 200 mV"),
        ("Input layer", "28 × 28 pixels, 784 neurons"),
        ("Hidden and output layer", "400 and 10 neurons"),
        ("Training", "MNIST, back-propagation, 100 epochs"),
        ("TrueNorth", "20 mW/cm²"),
        ("Temperature", "«room temperature»"),
    ],
)
def test_every_number_of_the_paper_has_its_row(rows, claim, number):
    check = find(rows, claim)
    printed = re.escape(number)
    assert re.search(rf"(?<![\w.]){printed}(?![\w.]*\d)", f"{check.paper} | {check.claim}")


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
    assert findings.whole_ellipse_stability(card, bias_field=False) == close_to(delta)
    with_field = delta * (1 - 8.76 / 56) ** 2
    assert findings.whole_ellipse_stability(card, bias_field=True) == close_to(with_field)


def test_straightness_by_hand(card):
    """Eq. 6 as printed, with H_k,eff held, so that w is as straight as E_b."""
    voltage = np.linspace(-0.2, 0.2, 81)
    for h_in in (8.76e-3, 37e-3):
        k = 0.5 * 1.18e6 * 56e-3 - 26e-15 * voltage / (0.8e-9 * 1.62e-9)
        e_b = k - h_in * 1.18e6 + (1.18e6 * h_in) ** 2 / (4 * k)
        line = np.polyval(np.polyfit(voltage, e_b, 1), voltage)
        expected = np.abs(e_b - line).max() / e_b.mean()
        found = findings.curvature(card, convert(h_in, "T", "A/m"))
        assert found == close_to(expected, rel=1e-6)
    assert findings.curvature(card) < 1e-3


def test_bias_field_for_curvature_is_the_inverse(card):
    h_in = findings.bias_field_for_curvature(card, 0.05)
    assert findings.curvature(card, h_in) == close_to(0.05, rel=1e-6)
    assert 35 < convert(h_in, "A/m", "mT") < 40
    assert findings.bias_field_for_curvature(card, 1e3) == math.inf


def test_oersted_field_of_a_wire(card):
    # 2 I/r in gauss for abampere and cm: 1 µA at 100 nm.
    assert findings.oersted_field(card, 100e-9) == close_to(2 * 1e-7 / 1e-5 * 79.577, rel=1e-3)


def test_thickness_without_barrier(card):
    thickness = findings.thickness_without_barrier(card)
    assert 1.62e-9 < thickness < 1.8e-9


@pytest.mark.slow
def test_numbers_follow_the_card(card):
    """Nothing is typed in: another card changes the row, and a contradiction shows."""
    other = card.replace({"magnetism.anisotropy_field": "60 mT", "geometry.length": "200 nm"})
    rows = {check.claim: check for check in audit_rows(other)}
    assert find(rows, "Anisotropy field").verdict == "differs"
    assert find(rows, "Anisotropy field").ours == "60 mT"
    assert find(rows, "Long axis").verdict == "differs"


@pytest.mark.slow
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
    for rows_of in (device_rows, switching_rows, network_rows):
        for check in rows_of(card.replace(changes)):
            assert not re.search(r"\bnan\b", check.ours)


@pytest.mark.slow
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
    moved = {check.claim: check for check in spectrum_rows(other)}
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
    check = next(c for c in spectrum_rows(stiff) if c.verdict == "not tested")
    assert "no such lines" in check.how


def test_stated_numbers_compare_in_si_units():
    row = texts.stated("audit.free_thickness", 1.62e-9, "m")
    assert (row.verdict, row.ours, row.paper) == ("assumed", "1.62 nm", "1.62 nm, Sec. II")
    assert row.how == "taken from the paper into the card"
    assert texts.stated("audit.free_thickness", 1.7e-9, "m").verdict == "differs"


def test_texts_of_a_check_are_filled_in_or_replaced():
    filled = texts.check("audit.offset", "differs", offset=-61.23)
    assert (filled.ours, filled.verdict) == ("-61.2 Oe", "differs")
    assert texts.check("audit.offset", "not tested", ours="{none}").ours == "{none}"
    assert texts.check("audit.other_systems", "not tested").ours == "—"


def test_a_missing_value_of_a_text_is_an_error():
    with pytest.raises(KeyError, match="offset"):
        texts.check("audit.offset", "differs")
