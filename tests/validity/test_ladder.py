"""The ladder: every route to a number beside an independent one."""

import json
import math

import numpy as np
import pytest
from typer.testing import CliRunner

from closeness import close_to
from smtj import load_card
from smtj.cli import app
from smtj.errors import SmtjError
from smtj.physics.device import vcma_point, with_stability_factor
from smtj.physics.dwell import exact_log_dwell_times
from smtj.validity import (
    compare_formulas,
    compare_low_barrier,
    find_limits,
    low_barrier,
)
from smtj.validity.comparison import compared, reference
from smtj.validity.limits import BARRIERS, FIELDS, IN_PLANE, safe_ranges
from smtj.validity.low_barrier import with_low_barrier

CARD = load_card("cai2019")


@pytest.fixture(scope="module")
def formulas():
    return compare_formulas(CARD)


@pytest.fixture(scope="module")
def limits():
    return find_limits(CARD.replace({"magnetism.damping": 0.1}))


def route(found, quantity, words):
    (found,) = [r for r in found if quantity in r.quantity and words in r.route]
    return found


@pytest.mark.slow
def test_the_self_consistent_model_is_boltzmann_and_the_printed_one_is_not(formulas):
    assert abs(route(formulas, "slope", "self-consistent").ratio - 1) < 1e-6
    assert abs(route(formulas, "slope", "numerically").ratio - 1) < 1e-5
    # 0.132 against 0.177 per Oe.
    printed = route(formulas, "slope", "as printed")
    assert printed.ratio == close_to(0.132 / 0.177, abs=0.005)
    assert not printed.agrees
    assert "differs" in printed.verdict


def test_the_telegraph_process_keeps_to_its_dwell_times(formulas):
    found = route(formulas, "dwell time", "telegraph")
    assert found.expected == close_to(0.1052, rel=1e-3)
    assert abs(found.z) < 4
    assert found.error == close_to(found.value / math.sqrt(4000), rel=0.1)


def test_every_quantity_has_one_reference_and_others(formulas):
    for quantity in {r.quantity for r in formulas}:
        assert sum(not r.against for r in formulas if r.quantity == quantity) == 1
        assert sum(bool(r.against) for r in formulas if r.quantity == quantity) >= 1


def test_an_upright_card_takes_brown_s_asymptote():
    upright = CARD.replace({"magnetism.easy_axis_tilt": 0.0, "magnetism.in_plane_bias_field": 0.0})
    found = route(compare_formulas(upright), "dwell time", "Brown's")
    # Corrections to the asymptote are of the order 1/Δ.
    assert found.ratio == close_to(1, abs=0.1)


@pytest.mark.proof
def test_simulated_motion_keeps_to_exact_results(monkeypatch):
    monkeypatch.setattr(low_barrier, "TRAJECTORIES", 64)
    monkeypatch.setattr(low_barrier, "PASSAGES", 512)
    shown = []
    card = with_stability_factor(CARD.replace({"magnetism.damping": 0.1}), 3.0)
    found = compare_low_barrier(card, seed=5, progress=lambda *done: shown.append(done))
    simulated = [r for r in found if r.error > 0]
    assert len(simulated) == 4
    for one in simulated:
        assert abs(one.z) < 4
        assert one.error < 0.1 * one.expected
    ringing = route(found, "resonance", "ringing down")
    assert ringing.ratio == close_to(1, abs=0.005)
    assert {what for what, _, _ in shown} == {"equilibrium", "first passages"}


def test_brown_is_short_as_the_design_has_it(limits):
    """About 20 % short for barriers of 3 to 6 k_BT, right in the end."""
    short = np.expm1(limits.brown_at_barrier - limits.exact_at_barrier)
    assert np.all(np.abs(short[(BARRIERS >= 3) & (BARRIERS <= 6)] + 0.2) < 0.04)
    assert abs(short[-1]) < 0.05


def test_eq_3_lacks_the_prefactor_of_the_field(limits):
    """Brown's asymptote says by how much: (1 - h²)(1 + h), once the barrier is high."""
    inside = np.abs(FIELDS) < 0.5
    lacking = limits.exact_at_field - limits.printed_at_field
    h = FIELDS[inside]
    assert np.allclose(lacking[inside], -np.log((1 - h**2) * (1 + h)), atol=0.12)


def test_words_follow_the_numbers(limits):
    words = safe_ranges(limits)
    assert len(words) == 4
    assert limits.exact_in_plane.shape == IN_PLANE.shape
    assert np.all(np.diff(limits.exact_in_plane) < 0)
    assert "nan" not in " ".join(words)
    assert f"τ0 = {1e9 * limits.equivalent_attempt_time:.3g} ns" in words[1]


def test_verdicts():
    base = reference("t", "exact", 2.0, "s", "s")
    assert base.verdict == "reference"
    assert compared(base, "a", 2.0).verdict == "the same"
    assert compared(base, "b", 2.06).verdict == "close, +3.0 %"
    assert compared(base, "c", 2.6).verdict == "differs, +30.0 %"
    assert compared(base, "d", 20.0).verdict == "differs, × 10"
    assert compared(base, "e", 2.2, 0.1).verdict == "agrees, z = +2.0"
    assert compared(base, "f", 2.4, 0.1).verdict == "differs, z = +4.0"


@pytest.mark.slow
def test_the_command_prints_and_writes(tmp_path, monkeypatch):
    monkeypatch.setattr(low_barrier, "TRAJECTORIES", 64)
    monkeypatch.setattr(low_barrier, "PASSAGES", 128)
    monkeypatch.setenv("COLUMNS", "160")
    options = ("--alpha", "0.2", "--low-barrier", "2", "--out", str(tmp_path / "ladder"))
    done = CliRunner().invoke(app, ["ladder", "cai2019", *options], catch_exceptions=False)
    assert done.exit_code == 0
    for words in ("Boltzmann integral", "s-LLG", "Brown's asymptote is within", "ladder.png"):
        assert words in done.output
    content = json.loads((tmp_path / "ladder" / "ladder.json").read_text())
    assert {"formulas", "low_barrier", "remarks", "command"} <= content.keys()
    assert (tmp_path / "ladder" / "ladder.png").stat().st_size > 20_000


def test_motion_is_simulated_at_the_card_s_own_barrier_if_that_is_lower():
    nanosecond = load_card("schnitzspan2023")
    assert with_low_barrier(nanosecond, low_barrier=5.0) is nanosecond
    lowered = with_low_barrier(CARD, low_barrier=5.0)
    assert float(vcma_point(lowered).stability_factor) == close_to(5.0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--delta", "-1"), "must be above 0"),
        (("--alpha", "-1"), "damping"),
        (("--voltage", "3 Oe"), "--voltage"),
    ],
)
def test_impossible_ladders_are_one_sentence(options, words):
    with pytest.raises(SmtjError, match=words):
        CliRunner().invoke(app, ["ladder", *options], catch_exceptions=False)


def test_in_an_easy_plane_the_prefactor_is_that_of_the_plane():
    """τ0 = τ e^-Δ of the exact time; an upright axis of 3 k_B T would take 200 times as long."""
    card = load_card("schnitzspan2023")
    high, _ = exact_log_dwell_times(card, 0.0, 0.0, 0.0)
    limits = find_limits(card)
    expected = math.exp(float(high) - float(card.at().stability_factor))
    assert limits.equivalent_attempt_time == close_to(expected, rel=1e-3)
    assert limits.exact_at_barrier[BARRIERS == 3.0] > float(high) + 4
    words = " ".join(safe_ranges(limits))
    assert "0.463 ns" in words
    assert "ring" not in words


def test_without_a_barrier_there_are_no_theories_to_compare():
    disc = load_card("schnitzspan2023").replace({"magnetism.in_plane_anisotropy_field": 0.0})
    with pytest.raises(SmtjError, match="stability factor of 0"):
        find_limits(disc)
