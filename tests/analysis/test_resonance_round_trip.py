"""Spectra of a card give the card back, and say what they cannot tell."""

import math

import numpy as np
import pandas as pd
import pytest

from closeness import close_to
from smtj import lab, load_card
from smtj.analysis import fit
from smtj.card import Value
from smtj.errors import SmtjError
from smtj.physics.resonance.frequency import FREQUENCY_PER_FIELD
from smtj.physics.resonance.line_shapes import driven_oscillator
from smtj.units import Oe, mT

CARD = load_card("cai2019")
UPRIGHT = CARD.replace({"magnetism.easy_axis_tilt": 0.0, "magnetism.in_plane_bias_field": 0.0})
VOLTAGES = [-0.1, 0.05, 0.2]
FREQUENCIES = np.linspace(0.4e9, 3e9, 131)


def spectra(card, fields, noise=0.3e-6, **keywords):
    fields = np.asarray(fields) * Oe
    return lab.spectra(card, fields, VOLTAGES, FREQUENCIES, noise=noise, **keywords)


SPECTRA = spectra(CARD, [-900, -700, -110, 110, 800], seed=1)


def agrees(estimate, truth, sigmas=4):
    return abs(estimate.value - truth) < sigmas * estimate.error


@pytest.fixture(scope="module")
def tilted():
    start = CARD.replace(
        {
            "magnetism.anisotropy_field": "50 mT",
            "vcma.coefficient": None,
            "vcma.anisotropy_field_per_volt": "20 mT/V",
            "magnetism.damping": 0.03,
        }
    )
    return start, fit(SPECTRA, start, source="spectra.csv")


@pytest.fixture(scope="module")
def alone():
    return fit(spectra(CARD, [-110], seed=2), CARD, source="one.csv")


def test_a_tilted_device_gives_fields_damping_and_xi(tilted):
    _, result = tilted
    assert [part.kind for part in result.parts] == ["lines", "resonance", "vcma"]
    for voltage in VOLTAGES:
        where = f"at {1e3 * voltage:.0f} mV"
        assert agrees(result[f"H_K1 {where}"], (56 - 34 * voltage) * mT)
        assert agrees(result[f"H_K2 {where}"], 0.0)
        assert agrees(result[f"α {where}"], 0.02)
    assert agrees(result["-dH_K1/dV"], 34 * mT)
    assert result["-dH_K1/dV"].error < 0.5 * mT
    assert agrees(result["ξ"], 26e-15)
    assert agrees(result["dH_K2/dV"], 0.0)
    assert any("Eq. (7) as printed" in remark for remark in result.parts[1].remarks)


def test_the_card_gets_what_was_measured(tilted):
    start, result = tilted
    card = result.card(start)
    values = {name: value for name, value, _ in card.values()}
    for name, truth in (
        ("magnetism.anisotropy_field", 56 * mT),
        ("vcma.anisotropy_field_per_volt", 34 * mT),
        ("vcma.coefficient", 26e-15),
        ("magnetism.damping", 0.02),
    ):
        assert values[name].provenance == "measured"
        assert "spectra.csv" in values[name].source
        assert abs(values[name] - truth) < 4 * values[name].standard_error


def test_every_part_can_be_drawn(tilted, tmp_path):
    for part in tilted[1].parts:
        png, svg = part.draw(tmp_path / part.kind)
        assert png.stat().st_size > 10_000
        assert svg.exists()


def test_an_upright_device_is_eq_7():
    # In the plane itself nothing of a saturated layer along the reference layer rectifies.
    data = spectra(UPRIGHT, [-900, -700, -110, 110], seed=3, field_angle=math.radians(75))
    result = fit(data, UPRIGHT, source="upright.csv")
    assert "Eq. (7)" in result.parts[1].remarks[0]
    assert agrees(result["-dH_K1/dV"], 34 * mT)
    for voltage in VOLTAGES:
        where = f"at {1e3 * voltage:.0f} mV"
        assert agrees(result[f"H_K1 {where}"], (56 - 34 * voltage) * mT)


def test_the_error_of_xi_holds_those_of_the_stack(tilted):
    start, result = tilted
    m_s, t = 1.18e6, 1.62e-9
    unsure = start.replace(
        {
            "magnetism.saturation_magnetisation": Value(m_s, "assumed", "", 0.05 * m_s),
            "geometry.free_layer_thickness": Value(t, "assumed", "", 0.02 * t),
        }
    )
    xi = fit(SPECTRA, unsure)["ξ"]
    sure = result["ξ"]
    assert xi.value == close_to(sure.value, rel=1e-9)
    expected = math.hypot(sure.error, 0.05 * xi.value, 0.02 * xi.value)
    assert xi.error == close_to(expected, rel=1e-6)


def test_one_field_gives_the_combination_and_says_what_would_help(alone):
    symbols = {e.symbol for e in alone.estimates}
    assert not symbols & {"H_K1", "H_K2", "ξ", "-dH_K1/dV"}
    remarks = " ".join(alone.parts[1].remarks)
    assert "do not separate H_K1 from H_K2" in remarks
    assert "beyond saturation" in remarks
    # Once, and not for every voltage again.
    assert remarks.count("do not separate H_K1") == 1


def test_one_field_changes_no_anisotropy_of_a_card(alone):
    card = alone.card()
    assert card.magnetism.anisotropy_field == CARD.magnetism.anisotropy_field
    assert card.vcma == CARD.vcma


def test_sweeps_of_the_field_through_zero_are_two_spectra():
    fields = np.arange(-2000, 2001, 10) * Oe
    sweep = {"swept": "field", "field_angle": math.radians(70)}
    data = lab.spectra(UPRIGHT, fields, [0.0], [3e9, 3.5e9, 4e9], noise=0.05e-6, seed=4, **sweep)
    result = fit(data, UPRIGHT, source="swept.csv")
    positions = [e for e in result.parts[0].estimates if e.symbol == "H_r"]
    assert len(positions) == 6
    assert sum(e.value < 0 for e in positions) == 3
    assert agrees(result["H_K1"], 56 * mT)


def test_spectra_without_a_line_are_one_sentence():
    flat = spectra(CARD, [-110, 110], noise=1e-3, seed=5)
    with pytest.raises(SmtjError, match=r"flat.csv: no spectrum shows a line"):
        fit(flat, CARD, source="flat.csv")


def test_spectra_are_the_same_for_the_same_seed():
    first, again, other = (spectra(CARD, [-110], seed=seed).signal.values for seed in (6, 6, 7))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"frequency": [0.0, 1e9]}, "above 0 Hz"),
        ({"field": []}, "field of spectra"),
        ({"voltage": [math.nan]}, "voltage of spectra"),
        ({"drive": 0.0}, "drive must be above 0 V"),
        ({"noise": -1.0}, "0 V or more"),
    ],
)
def test_impossible_spectra_are_refused(changes, words):
    given = {"field": [1e4], "voltage": [0.0], "frequency": [1e9, 2e9], **changes}
    with pytest.raises(SmtjError, match=words):
        lab.spectra(CARD, **given)


def test_sweeps_below_saturation_are_warned_of():
    fields = np.arange(-1000, 1001, 10) * Oe
    sweep = {"swept": "field", "seed": 8}
    low = lab.spectra(CARD, fields, [0.0], [1.2e9, 1.8e9, 2.5e9], noise=0.1e-6, **sweep)
    result = fit(low, CARD, source="low.csv")
    assert any("is not saturated" in remark for remark in result.parts[1].remarks)
    fields = np.arange(800, 2401, 10) * Oe
    high = lab.spectra(CARD, fields, [0.0], [2.5e9, 3.5e9, 4.5e9], noise=0.05e-6, **sweep)
    result = fit(high, CARD, source="high.csv")
    assert not any("is not saturated" in remark for remark in result.parts[1].remarks)
    assert agrees(result["H_K1"], 56 * mT)


def as_another_simulator_writes(dataset, direction="field_in_plane"):
    """A table whose header does not state the direction of the field."""
    rows = dataset[["signal"]].to_dataframe().reset_index()
    return pd.DataFrame(
        {
            "bias [mV]": 1e3 * rows["voltage"],
            "field [Oe]": rows[direction] / Oe,
            "frequency [GHz]": 1e-9 * rows["frequency"],
            "signal [uV]": 1e6 * rows["signal"],
        }
    )


@pytest.mark.proof
def test_a_device_unlike_the_card_is_fitted_without_its_tilt_and_in_the_direction_that_fits():
    data = spectra(UPRIGHT, [90, 150, 230, 310, 400], seed=11)
    result = fit(as_another_simulator_writes(data), CARD, source="other.csv")
    for voltage in VOLTAGES:
        where = f"at {1e3 * voltage:.0f} mV"
        assert agrees(result[f"H_K1 {where}"], (56 - 34 * voltage) * mT)
        assert agrees(result[f"H_K2 {where}"], 0.0)
    assert agrees(result["-dH_K1/dV"], 34 * mT)
    remarks = " ".join(result.parts[1].remarks)
    assert "does not state the direction of its field" in remarks
    assert "they are taken to be 0" in remarks


@pytest.mark.parametrize("field", [600, -600])
def test_lines_along_the_normal_follow_the_voltage_alike_at_every_voltage(field):
    """One line at each voltage, that either well could have; the deeper one has it."""
    rng, frequency, rows = np.random.default_rng(12), np.linspace(0.5e9, 4e9, 200), []
    for voltage in (-0.1, 0.0, 0.1):
        symmetric, antisymmetric = driven_oscillator(frequency, 1.9e9 - 0.5e9 * voltage, 0.12e9)
        signal = 3 * symmetric + antisymmetric + 0.1 * rng.standard_normal(frequency.size)
        rows += [(f / 1e9, s, 1e3 * voltage, field) for f, s in zip(frequency, signal, strict=True)]
    names = ["frequency [GHz]", "signal [uV]", "voltage [mV]", "field_perpendicular [Oe]"]
    result = fit(pd.DataFrame(rows, columns=names), CARD, source="normal.csv")
    (falls,) = [e for e in result.parts[2].estimates if "per volt" in e.name]
    assert abs(falls.value - 0.5e9 / FREQUENCY_PER_FIELD) < 4 * falls.error
    assert falls.error < 2 * mT


def test_few_lines_and_lines_swept_in_frequency_are_given():
    """Of a film in its plane, by γ = 29.5 GHz/T, M_eff = 0.9 T and a damping of 0.008."""
    rng, gamma, m_eff, damping = np.random.default_rng(7), 29.5, 0.9, 0.008
    frequency, rows = np.linspace(3, 14, 221), []
    for field in (0.03, 0.06, 0.1, 0.15):
        x = frequency - gamma * np.sqrt(field * (field + m_eff))
        x /= damping * gamma * (field + m_eff / 2)
        signal = (1 + 0.4 * x) / (1 + x**2) + 0.02 * rng.standard_normal(x.size)
        columns = {"B (T)": field, "frequency (GHz)": frequency, "S21 (a.u.)": signal}
        rows.append(pd.DataFrame(columns))
    lines, film = fit(pd.concat(rows)).parts
    assert len(lines.estimates) == 8
    truths = {"μ0γ/2π": gamma * 1e5 / Oe, "M_eff": 1e4 * m_eff * Oe, "α": damping}
    for symbol, truth in truths.items():
        assert abs(film[symbol].value - truth) < 3.5 * film[symbol].error, symbol
    assert [ax.has_data() for ax in np.ravel(film.plot())] == [True, True]
    few = fit(pd.concat(rows[:2]))
    assert len(few.estimates) == 4
    assert "needs lines at 3 fields or more, not 2" in " ".join(few.remarks)
