"""The house's standing test: what is fitted to a virtual measurement of a card is that card."""

import math

import numpy as np
import pytest

from closeness import close_to
from smtj import load_card, operating_point
from smtj.analysis import fit
from smtj.analysis.card_update import (
    Levels,
    Measured,
    with_barrier,
    with_levels,
    with_sigmoid,
)
from smtj.errors import SmtjError
from smtj.lab import Instrument, field_sweep, scan, temperature_scan, trace, voltage_scan
from smtj.physics.junction import state_resistances
from smtj.units import Oe, convert

CARD = load_card("cai2019")
FIELDS = np.linspace(-60, 40, 11) * Oe
LAB = Instrument(noise=5.0)
STEPS = np.arange(-650, 651, 25) * Oe
BOTH_WAYS = ((0.0, STEPS), (STEPS, 0.0))
"""Field along the normal and in the plane, of a sweep of the second and of the first."""


def agrees(estimate, truth, sigmas=4):
    return abs(estimate.value - truth) < sigmas * estimate.error


def test_a_trace_gives_dwell_times_levels_and_barrier(tmp_path):
    data = trace(CARD, 4000, instrument=Instrument(0.03, noise=5.0, drift=60.0), seed=1)
    result = fit(data, CARD, source="trace.csv")
    point = operating_point(CARD, 0.001)
    high, low = point.dwell_times(0.0)
    assert agrees(result["τ_high"], float(high))
    assert agrees(result["τ_low"], float(low))
    delta = result["E_b/k_BT"]
    # Nearly all of its error is the decade that τ0 is known to.
    assert abs(delta.value - float(point.stability_factor)) < 0.5
    assert delta.error == close_to(math.log(10), rel=0.05)
    states = state_resistances(CARD, 0.0, 0.0, 0.0, 0.001)
    # The levels are those of the middle of the drift.
    assert agrees(result["R_high"], float(states.high) + 30)
    assert agrees(result["R_low"], float(states.low) + 30)
    # Two looks at the same trace that know nothing of the fit's likelihood.
    correlation_time = 1 / (1 / float(high) + 1 / float(low))
    assert agrees(result["t_c"], correlation_time)
    assert agrees(result["f_c"], 1 / (2 * math.pi * correlation_time))
    assert any("consistent with exponential" in remark for remark in result.remarks)
    png, svg = result.draw(tmp_path / "trace")
    assert png.stat().st_size > 10_000
    assert svg.exists()


def test_a_trace_makes_a_card_that_gives_it_back():
    data = trace(CARD, 3000, field=-14 * Oe, instrument=LAB, seed=2)
    strange = CARD.replace(
        {
            "geometry.activation_volume": "3000 nm^3",
            "electrical.parallel_resistance": "2 kohm",
            "electrical.tmr": "30 %",
        }
    )
    result = fit(data, strange, source="trace.csv")
    card = result.card(strange)
    for name in ("geometry.activation_volume", "electrical.parallel_resistance", "electrical.tmr"):
        value, truth = ({n: v for n, v, _ in c.values()}[name] for c in (card, CARD))
        # From the levels and dwell times, with the angles and the anisotropy of the base.
        assert value.provenance == "derived"
        assert "trace.csv" in value.source
        assert abs(value - truth) < 4 * value.standard_error
    assert card.electrical.tmr.standard_error < 0.02


@pytest.mark.slow
def test_a_barrier_in_the_plane_changes_the_anisotropy_there():
    card = load_card("mizrahi2018")
    made = with_barrier(card, Measured(7.5, 0.2), 0.0, 300.0, "a trace")
    assert float(made.at().stability_factor) == close_to(7.5, rel=1e-6)
    assert made.magnetism.anisotropy_field == card.magnetism.anisotropy_field
    assert made.magnetism.in_plane_anisotropy_field.provenance == "derived"


@pytest.mark.slow
@pytest.mark.parametrize("integration_time", [pytest.param(0.0, marks=pytest.mark.proof), 0.02])
@pytest.mark.parametrize(
    "model", ["cai2019", pytest.param("self-consistent", marks=pytest.mark.proof)]
)
def test_a_scan_gives_the_sigmoid_and_a_card_that_has_it(model, integration_time):
    truth = CARD.replace({"switching.model": model})
    lab = Instrument(0.03, integration_time, noise=5.0)
    data = scan(truth, FIELDS, 2000, instrument=lab, seed=3)
    start = truth.replace(
        {
            "switching.effective_anisotropy_field": "450 Oe",
            "geometry.activation_volume": "2900 nm^3",
        }
    )
    result = fit(data, start, source="scan.csv")
    point = operating_point(truth, 0.001)
    assert agrees(result["w"], float(point.slope))
    assert agrees(result["H_s"], float(point.offset_field))
    assert result["w"].error < 0.04 * float(point.slope)
    made = operating_point(result.card(start), 0.001)
    # A card rounds by the errors.
    for symbol, value in (
        ("w", made.slope), ("H_s", made.offset_field), ("E_b/k_BT", made.stability_factor)
    ):  # fmt: skip
        assert agrees(result[symbol], float(value), sigmas=0.1)
    # Of a field without dwell times the reason is told.
    told = " ".join(r for r in result.remarks if r.startswith("no dwell times are given at"))
    given = {estimate.condition for estimate in result.estimates}
    for field in FIELDS / Oe:
        shown = f"at {field:.4g} Oe"
        assert any(c.startswith(shown) for c in given) != (f" {field:.4g} Oe" in told)


@pytest.mark.proof
def test_the_opposite_reference_layer_turns_the_card_round():
    turned = CARD.replace({"magnetism.reference_layer_angle": 0.0})
    data = scan(turned, FIELDS, 1000, instrument=LAB, seed=4)
    result = fit(data, CARD, source="scan.csv")
    assert agrees(result["w"], -0.1317 / Oe)
    card = result.card(CARD)
    assert math.cos(card.magnetism.reference_layer_angle) == close_to(1)
    assert float(operating_point(card).slope) < 0


TORQUE = load_card("funatsu2022").replace(
    {"spin_torque.polarisation": 0.6, "electrical.read_voltage": "2 mV"}
)
"""Its read voltage moves H_s by two widths of P(H)."""


def test_a_w_above_that_of_the_whole_layer_by_chance_makes_a_card_of_it():
    """A card whose activation volume is the layer was refused for half of its own scans."""
    card = load_card("funatsu2022")
    there = float(card.at().slope)
    middle = Measured(0.0, 0.1 * Oe)
    made = with_sigmoid(card, Measured(1.1 * there, 0.05 * there), middle, 0.0, 300.0, "scan.csv")
    assert float(made.at().slope) == close_to(there, rel=1e-3)
    with pytest.raises(SmtjError, match="the whole free layer agrees"):
        with_sigmoid(card, Measured(1.3 * there, 0.05 * there), middle, 0.0, 300.0, "scan.csv")


def test_h_s_under_a_torque_makes_a_card_that_has_it_there():
    start = TORQUE.replace({"switching.offset_field": "3 Oe"})
    there = TORQUE.at(voltage=2e-3)
    slope, middle = (Measured(float(v), 0.0) for v in (there.slope, there.offset_field))
    assert abs(middle.value * slope.value) > 2
    made = with_sigmoid(start, slope, middle, 2e-3, 300.0, "scan.csv")
    assert float(made.at(voltage=2e-3).offset_field) == close_to(middle.value, rel=1e-3)
    assert float(made.at().offset_field) == close_to(0.0, abs=0.002 * abs(middle.value))


def test_a_trace_under_a_torque_makes_a_card_at_rest():
    field = float(TORQUE.at(voltage=2e-3).offset_field)
    data = trace(TORQUE, 4000, field=field, seed=1)
    start = TORQUE.replace({"switching.offset_field": "3 Oe"})
    found = fit(data, start, source="trace.csv").card(start).switching.offset_field
    assert found.standard_error < 2 * Oe
    assert abs(float(found)) < 3 * found.standard_error


@pytest.mark.proof
def test_scans_at_several_voltages_give_xi():
    """Also where the device switches within a reading, at 200 mV: from the mean readings."""
    fields = np.linspace(-70, 50, 13) * Oe
    data = voltage_scan(CARD, [-0.1, 0.001, 0.2], fields, 800, instrument=LAB, seed=5)
    result = fit(data, CARD, source="bias.csv")
    assert [part.kind for part in result.parts] == ["scan", "scan", "scan", "bias"]
    xi = result["ξ"]
    assert agrees(xi, 26e-15)
    assert xi.error < 6e-15
    averaged = next(part for part in result.parts if "200 mV" in part.title)
    assert "average over many switches" in averaged.remarks[0]
    assert agrees(result["w at 200 mV"], float(operating_point(CARD, 0.2).slope))
    card = result.card()
    assert card.vcma.coefficient.provenance == "measured"
    assert card.vcma.anisotropy_field_per_volt is None


def test_traces_at_several_temperatures_give_barrier_and_attempt_time():
    fast = CARD.replace({"thermal.attempt_time": "3 ns"})
    data = temperature_scan(fast, [270, 285, 300], 3000, field=-14 * Oe, instrument=LAB, seed=6)
    result = fit(data, CARD, source="temperatures.csv")
    assert agrees(result["ln(τ0/s)"], math.log(3e-9))
    assert agrees(result["E_b/k_BT"], 18.45)
    card = result.card(CARD)
    assert card.thermal.attempt_time.provenance == "measured"


@pytest.mark.slow
def test_loops_give_resistances_field_and_angle(tmp_path):
    loops = [
        field_sweep(CARD, *steps, current=1e-5, instrument=Instrument(noise=1.0), seed=seed)
        for seed, steps in enumerate(BOTH_WAYS)
    ]
    start = CARD.replace(
        {"electrical.parallel_resistance": "1.3 kohm", "magnetism.easy_axis_tilt": "6 deg"}
    )
    result = fit(loops, start, source="loops")
    assert agrees(result["R_P"], 1000)
    assert agrees(result["TMR"], 0.8)
    assert agrees(result["tilt"], math.radians(9))
    assert any("one angle, two interpretations" in remark for remark in result.remarks)
    assert result.card(start).magnetism.easy_axis_tilt.provenance == "measured"
    assert len(result.draw(tmp_path / "loop")) == 2


def test_loops_by_voltage_and_current_may_be_read_back():
    """A source holds 10 µA but for the last digits, and a voltmeter reads what falls off."""
    rng = np.random.default_rng(9)
    loops = []
    for seed, steps in enumerate(BOTH_WAYS):
        lab = Instrument(noise=1.0)
        loop = field_sweep(CARD, *steps, current=1e-5, instrument=lab, seed=seed)
        current = 1e-5 * (1 + 1e-5 * rng.standard_normal(loop.resistance.shape))
        loop["voltage"] = loop.resistance * current
        loop["current"] = loop.resistance.dims, current
        loops.append(loop)
    result = fit(loops, CARD, source="loops")
    assert agrees(result["H_K1"], convert(56, "mT", "A/m"))
    assert agrees(result["tilt"], math.radians(9))
    assert not any("voltage" in remark for remark in result.remarks)


def test_loops_at_a_voltage_and_at_a_current_are_not_fitted_as_one():
    fields = np.arange(-650, 651, 50) * Oe
    loops = [
        field_sweep(CARD, field_in_plane=fields, current=1e-5, instrument=LAB),
        field_sweep(CARD, fields, voltage=1e-3, instrument=LAB),
    ]
    with pytest.raises(SmtjError, match="loops: one loop was taken at a constant current and"):
        fit(loops, CARD, source="loops")


@pytest.mark.proof
def test_averaged_scans_make_no_barrier_of_a_few_lucky_fields():
    """At 100 mV the shorter dwells last as long as a reading: they look longer where they show."""
    fields = np.linspace(-70, 50, 13) * Oe
    seen = 0
    for seed in (100, 103, 115):
        data = scan(CARD, fields, 400, voltage=0.1, instrument=LAB, seed=seed)
        result = fit(data, CARD, source="scan.csv")
        averaged = "average over many switches" in result.remarks[0]
        seen += averaged
        assert averaged != ("E_b/k_BT" in result)
    assert seen


def test_frozen_traces_are_refused_in_one_sentence():
    slow = CARD.replace({"geometry.activation_volume": "6000 nm^3"})
    with pytest.raises(SmtjError, match=r"frozen.csv: the readings have one level only"):
        fit(trace(slow, 500, instrument=LAB), CARD, source="frozen.csv")
    with pytest.raises(SmtjError, match=r"frozen.csv: .*do not pass from one level"):
        fit(scan(slow, FIELDS, 100, instrument=LAB), CARD, source="frozen.csv")


def test_assumptions_about_a_file_are_stated():
    data = trace(CARD, 2000, instrument=LAB, seed=8).drop_vars(
        ["field_out_of_plane", "field_in_plane", "voltage", "temperature"]
    )
    del data.attrs["integration_time"]
    result = fit(data, CARD, source="bare.csv")
    said = " ".join(result.remarks)
    assert "assumed 20 ms as on card cai2019" in said
    assert "field_out_of_plane 0 Oe" in said
    assert "voltage 1 mV" in said


def test_the_integration_time_of_a_card_does_not_bend_levels_that_contradict_it():
    """Instants of 5000 and 6500 ohm; a mean over 20 of 100 ms would have blurred each switch."""
    rng = np.random.default_rng(2)
    high = np.cumsum(rng.random(4000) < 0.2) % 2
    ohm = 5000 + 1500 * high + 100 * rng.standard_normal(4000)
    columns = {"time (s)": 0.1 * np.arange(4000), "R (ohm)": ohm}
    based, plain = fit(columns, CARD), fit(columns)
    for symbol, truth in (("R_high", 6500), ("R_low", 5000)):
        assert abs(based[symbol].value - truth) < 3 * based[symbol].error
        assert based[symbol].value == close_to(plain[symbol].value, rel=1e-9)
    assert "the readings contradict the 20 ms of card cai2019" in " ".join(based.remarks)


def test_levels_of_several_fields_are_averaged_by_their_errors():
    def levels(field, away, error):
        states = state_resistances(CARD, 0.0, 0.0, field, 0.001)
        high, low = (Measured(float(state) + away, error) for state in (states.high, states.low))
        return Levels(high, low, 0.001, 0.0, field)

    near = [levels(-20 * Oe, 3.0, 4.0), levels(0.0, -3.0, 4.0), levels(20 * Oe, 30.0, 4000.0)]
    made = with_levels(CARD, near, "three traces").electrical
    assert made.parallel_resistance == close_to(_parallel(CARD), rel=1e-3)
    alone = with_levels(CARD, near[:1], "one trace").electrical.parallel_resistance.standard_error
    assert made.parallel_resistance.standard_error == close_to(alone / math.sqrt(2), rel=0.02)
    apart = [levels(field, away, 4.0) for field, away in ((-20 * Oe, 40.0), (0.0, -40.0))]
    wider = with_levels(CARD, apart, "two traces").electrical.parallel_resistance.standard_error
    # χ² of two levels at twice ten errors from their mean, over two degrees of freedom.
    assert wider == close_to(alone / math.sqrt(2) * math.sqrt(4 * 10**2 / 2), rel=0.2)


def _parallel(card):
    made = with_levels(card, [Levels(*_states(card), 0.001, 0.0, 0.0)], "truth")
    return float(made.electrical.parallel_resistance)


def _states(card):
    states = state_resistances(card, 0.0, 0.0, 0.0, 0.001)
    return Measured(float(states.high), 1.0), Measured(float(states.low), 1.0)


@pytest.mark.proof
def test_levels_of_a_card_miss_those_of_its_own_scan_by_no_more_than_chance():
    away = []
    for seed in range(100):
        data = scan(
            load_card("funatsu2022"),
            np.arange(-40, 41, 10) * Oe,
            600,
            instrument=Instrument(noise=200.0),
            seed=seed,
        )
        result = fit(data, "funatsu2022")
        held = result.check(result.card()).comparisons
        away += [one.z for one in held if one.measured.symbol in ("R_high", "R_low")]
    assert 0.9 < np.std(away) < 1.1
    assert np.mean(np.abs(away) > 2) < 0.06
    assert np.mean(np.abs(away) > 3) < 0.01
