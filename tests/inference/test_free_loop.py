"""Loops of any sense and shape give their levels and switching fields without a model."""

import math

import numpy as np
import pytest

import smtj
from closeness import close_to
from smtj.errors import SmtjError
from smtj.inference.loop import fit_free_loop
from smtj.inference.loop.angle import fit_angles
from smtj.units import Oe

UP = np.linspace(-300, 300, 61)
FIELD = np.append(UP, UP[::-1])
FALLING = np.arange(FIELD.size) >= UP.size


def square(rng, rising=97.0, falling=-43.0, sense=1, noise=2.0, field=FIELD, back=FALLING):
    """1000 and 1400 ohm, switched at one field upwards and another downwards."""
    beyond = field > np.where(back, falling, rising)
    state = beyond if sense > 0 else ~beyond
    return 1000 + 400 * state + noise * rng.normal(size=field.size)


def rounded(rng, width=60.0, coercive=15.0, offset=20.0, sense=1, noise=2.0, field=FIELD):
    centre = np.where(FALLING[: field.size], offset - coercive, offset + coercive)
    return (
        1200 + sense * 200 * np.tanh((field - centre) / width) + noise * rng.normal(size=field.size)
    )


def found(field, resistance):
    fit = fit_free_loop(field * Oe, resistance)
    return fit, {e.symbol: e for e in fit.estimates}


def holds(estimate, value):
    low, high = estimate.interval
    return low <= value <= high


def at_least(minimum, checks):
    assert sum(checks) >= minimum, checks


@pytest.mark.slow
@pytest.mark.parametrize("sense", [1, -1])
@pytest.mark.parametrize("noise", [0.0, 2.0, 100.0])
def test_a_square_loop_gives_its_levels_and_both_switching_fields(sense, noise):
    fit, by = found(FIELD, square(np.random.default_rng(3), sense=sense, noise=noise))
    assert fit.square
    assert fit.rises == (sense > 0)
    low, high = (end / Oe for end in by["H_rising"].interval)
    assert low < 97 < high
    if noise < 10:
        assert (low, high) == close_to((90, 100), abs=0.2)
    assert holds(by["H_c"], 70 * Oe)
    assert holds(by["H_off"], 27 * Oe)
    assert by["R_P"].value == close_to(1000, abs=0.5 * noise + 1e-6)
    assert by["TMR"].value == close_to(0.4, abs=2e-3 * noise + 1e-9)


def test_a_switch_on_a_reading_lies_within_the_interval():
    _, by = found(FIELD, square(np.random.default_rng(0), rising=120.0, falling=-80.0))
    assert holds(by["H_rising"], 120 * Oe)
    assert holds(by["H_falling"], -80 * Oe)


@pytest.mark.slow
@pytest.mark.parametrize("sense", [1, pytest.param(-1, marks=pytest.mark.proof)])
def test_a_rounded_loop_gives_levels_coercive_and_offset_field(sense):
    truth = {"R_P": 1000, "R_AP": 1400, "TMR": 0.4, "H_c": 15 * Oe, "H_off": 20 * Oe}
    held = []
    for seed in range(4):
        fit, by = found(FIELD, rounded(np.random.default_rng(seed), sense=sense))
        assert not fit.square
        assert fit.rises == (sense > 0)
        held += [holds(by[s], value) for s, value in truth.items()]
    at_least(16, held)


@pytest.mark.slow
def test_levels_out_of_reach_have_intervals_that_say_so():
    fit, by = found(FIELD, rounded(np.random.default_rng(1), width=350.0, coercive=0.0))
    assert holds(by["R_P"], 1000)
    assert holds(by["R_AP"], 1400)
    assert by["R_AP"].interval[1] - by["R_AP"].interval[0] > 10
    assert any("extrapolated" in remark for remark in fit.remarks)
    _, line = found(FIELD, 1200 + 0.3 * FIELD + np.random.default_rng(2).normal(size=FIELD.size))
    assert math.isinf(line["R_AP"].interval[1])
    assert not line["R_AP"].bounded


def test_repeated_sweeps_give_the_mean_switching_field():
    rng = np.random.default_rng(5)
    field, back = np.tile(FIELD, 6), np.tile(FALLING, 6)
    sweep = np.repeat(np.arange(12), UP.size)
    at = np.where(np.arange(12) % 2, -43, 97) + rng.normal(0, 12, 12)
    resistance = np.where(field > at[sweep], 1400.0, 1000.0) + rng.normal(size=field.size)
    _, by = found(field, resistance)
    assert holds(by["H_rising"], 97 * Oe)
    assert holds(by["H_falling"], -43 * Oe)
    assert by["H_rising"].interval[1] - by["H_rising"].interval[0] > 10 * Oe
    assert back.any()


def test_one_sweep_or_one_missing_switch_leaves_the_coercive_field_out():
    rng = np.random.default_rng(6)
    fit, by = found(UP, square(rng, field=UP, back=np.zeros(UP.size, bool)))
    assert "H_c" not in by
    assert "H_rising" in by
    assert any("no sweep of falling field switches" in remark for remark in fit.remarks)
    _, minor = found(FIELD, square(rng, falling=-400.0))
    assert "H_c" not in minor
    assert holds(minor["R_AP"], 1400)


def test_levels_that_bend_with_the_field_are_those_at_zero_field():
    held = []
    for seed in range(5):
        bent = square(np.random.default_rng([seed, 9])) + 40 * (FIELD / FIELD.max()) ** 2
        fit, by = found(FIELD, bent)
        assert fit.square
        assert by["σ"].value == close_to(2, rel=0.3)
        held += [holds(by["R_P"], 1000), holds(by["R_AP"], 1400)]
    at_least(8, held)


def test_levels_of_a_rounded_loop_slope_and_bend():
    """They were a few errors off, or the loop was called square."""
    held, x = [], FIELD / FIELD.max()
    for seed in range(3):
        rng = np.random.default_rng([seed, 10])
        s = np.tanh((FIELD - np.where(FALLING, -50, 70)) / (12, 30, 40)[seed])
        parallel, antiparallel = 1000 - 8 * x, 1800 + 60 * x - 30 * x**2
        signal = parallel * (1 + s) / 2 + antiparallel * (1 - s) / 2
        fit, by = found(FIELD, signal + 3 * rng.standard_normal(FIELD.size))
        assert not fit.square
        assert "levels change with the field" in " ".join(fit.remarks)
        np.testing.assert_allclose(np.concatenate(fit.curves), signal, atol=6)
        held += [holds(by["R_P"], 1000), holds(by["R_AP"], 1800), holds(by["TMR"], 0.8)]
        held += [holds(by["H_c"], 60 * Oe), holds(by["H_off"], 10 * Oe)]
    at_least(13, held)


@pytest.mark.parametrize("shape", [square, rounded])
def test_signals_of_any_sign_have_levels(shape):
    """A current through a junction falls as its resistance rises; an amplifier has an offset."""
    ohm = shape(np.random.default_rng(11))
    _, plain = found(FIELD, ohm)
    fit, turned = found(FIELD, -ohm)
    assert not fit.rises
    for own, other in (("R_P", "R_AP"), ("R_AP", "R_P")):
        assert turned[own].value == close_to(-plain[other].value)
        assert turned[own].interval == close_to([-end for end in plain[other].interval[::-1]])
    assert turned["TMR"].value == close_to(plain["TMR"].value)
    fit, off = found(FIELD, ohm - 1200)
    assert "TMR" not in off
    assert any("no TMR" in remark for remark in fit.remarks)
    assert holds(off["R_P"], -200)
    assert holds(off["R_AP"], 200)


@pytest.mark.parametrize("is_pinned", [False, True])
def test_a_loop_in_which_the_reference_layer_switches_too_gives_both(is_pinned):
    free = np.where(FALLING, FIELD > -30, FIELD > 40)
    back = -190 if is_pinned else 200
    reference = np.where(FALLING, FIELD > -200, back < FIELD)
    noise = np.random.default_rng(7).normal(size=FIELD.size)
    fit, by = found(FIELD, 1000.0 + 400 * (free != reference) + noise)
    assert by["TMR"].value == close_to(0.4, abs=0.005)
    assert holds(by["H_c"], 35 * Oe)
    assert holds(by["H_ref_falling"], -200 * Oe)
    assert any("its stray field is in H_c" in remark for remark in fit.remarks) is not is_pinned


def test_two_switches_at_fields_alike_leave_the_layers_untold():
    state = (FIELD > -60) & (FIELD < 70)
    fit, by = found(FIELD, 1000.0 + 400 * state + np.random.default_rng(7).normal(size=FIELD.size))
    assert "H_c" not in by
    assert any("switch more than once" in remark for remark in fit.remarks)


@pytest.mark.slow
def test_outliers_and_fields_in_no_order_do_not_move_the_levels():
    rng = np.random.default_rng(8)
    resistance = square(rng)
    resistance[[5, 80]] = 2500.0
    fit, by = found(FIELD, resistance)
    assert by["R_AP"].value == close_to(1400, abs=2)
    assert any("left out" in remark for remark in fit.remarks)
    order = rng.permutation(FIELD.size)
    _, mixed = found(FIELD[order], rounded(rng, coercive=0.0)[order])
    assert mixed["TMR"].value == close_to(0.4, abs=0.01)


@pytest.mark.parametrize(
    ("field", "resistance", "message"),
    [
        (FIELD, np.full(FIELD.size, 1000.0), "does not change"),
        (FIELD, 1000 + 300 * np.exp(-((FIELD / 100) ** 2)), "does not go from one level"),
        # Along the hard axis R is even in the field.
        (
            FIELD,
            1400 - 400 * np.sqrt(1 - np.minimum(np.abs(FIELD) / 180, 1) ** 2),
            "from one level",
        ),
        (FIELD, np.random.default_rng(1).normal(1000, 1, FIELD.size), "more than its noise"),
        (FIELD[:4], np.arange(1.0, 5.0), "needs 8 readings"),
        (FIELD, np.full(FIELD.size, np.nan), "must be finite"),
        (FIELD, FIELD[:-1], "differ in number"),
    ],
)
def test_what_is_no_loop_is_refused_with_the_reason(field, resistance, message):
    with pytest.raises(SmtjError, match=message):
        fit_free_loop(field, resistance)


@pytest.mark.parametrize("conductance", [False, True])
def test_a_turning_field_gives_levels_and_the_angle_of_the_parallel_state(conductance):
    phi = np.radians(np.arange(0, 361, 5.0))
    part = (1 + np.cos(phi - 0.2)) / 2
    clean = 1 / (part / 1000 + (1 - part) / 1600) if conductance else 1600 - 600 * part
    held = []
    for seed in range(5):
        noise = 5 * np.random.default_rng(seed).normal(size=phi.size)
        by = {e.symbol: e for e in fit_angles(phi, clean + noise).estimates}
        truth = (("R_P", 1000), ("R_AP", 1600), ("TMR", 0.6), ("φ_P", 0.2))
        held += [holds(by[s], value) for s, value in truth]
    at_least(17, held)
    with pytest.raises(SmtjError, match="does not follow the angle"):
        fit_angles(phi, 1000 + np.random.default_rng(0).normal(size=phi.size))


def test_files_of_loops_and_angles_are_fitted_without_a_card(tmp_path):
    rng = np.random.default_rng(9)
    loop = tmp_path / "loop.csv"
    rows = zip(FIELD, square(rng, sense=-1), strict=True)
    loop.write_text("Hx (Oe),R (Ohm)\n" + "".join(f"{h},{r}\n" for h, r in rows))
    result = smtj.fit(loop)
    assert result.verdict == "square"
    assert "H_c" in result
    assert result.card("cai2019").electrical.tmr == close_to(0.4, abs=0.01)
    assert result.plot() is not None
    phi = np.arange(0, 361, 5)
    turned = tmp_path / "angle.csv"
    values = 6 - 0.9 * np.cos(np.radians(phi)) + 0.01 * rng.normal(size=phi.size)
    rows = zip(phi, values, strict=True)
    turned.write_text("angle (deg),R (kOhm)\n" + "".join(f"{p},{r}\n" for p, r in rows))
    angle = smtj.fit(turned)
    assert angle.kind == "angle"
    assert angle["R_P"].value == close_to(5100, abs=10)
    assert angle.plot() is not None


def test_a_trace_takes_nothing_from_a_card_that_was_not_named(tmp_path):
    rng = np.random.default_rng(2)
    state = np.cumsum(rng.random(3000) < 0.02) % 2
    path = tmp_path / "fast.csv"
    readings = enumerate(1000 + 100 * state + 3 * rng.normal(size=state.size))
    path.write_text("time [ms],R [ohm]\n" + "".join(f"{0.1 * i:.4f},{r}\n" for i, r in readings))
    result = smtj.fit(path)
    assert result.verdict == "two levels"
    assert "E_b/k_BT" not in result
    text = str(result)
    for part in ("--integration-time", "--voltage", "--temperature", "--base"):
        assert part in text
    assert "E_b/k_BT" in smtj.fit(path, "cai2019")
