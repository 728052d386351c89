"""Energies, latency and area scale as they must."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from closeness import close_to
from smtj import load_card
from smtj.energy import (
    Assumptions,
    ReadPlan,
    card_plan,
    cost,
    effective_reads,
    gated_plan,
    workload,
)
from smtj.energy.costs import COUPLINGS, joules
from smtj.energy.parts import Reach, amplifier_power, film, strain_energy, wire, wire_power
from smtj.energy.plans import relaxation_time
from smtj.errors import SmtjError
from smtj.physics.constants import VACUUM_PERMITTIVITY
from smtj.physics.device import vcma_point, with_stability_factor
from smtj.physics.voltage_response import voltage_response

ASSUMED = Assumptions()
WORK = workload((784, 400, 10))
IDEAL = {
    "amplifier_corner": "0 Hz", "junction_flicker": "0", "amplifier_offset": "0 V",
    "comparator_offset": "0 V", "offset_share": "1e-9", "amplifier_startup": "0 s",
}  # fmt: skip


def test_the_workload_of_the_papers_network():
    assert WORK.devices == (400, 10) and WORK.synapses == 784 * 400 + 400 * 10
    assert workload((784, 400, 10), device_outputs=False).devices == (400,)
    with pytest.raises(SmtjError, match="sizes"):
        workload((784,))


def test_the_papers_read_by_hand(card):
    """1 mV across about 1.35 kΩ for 120 ms, and the sums over neurons and reads."""
    found = cost(WORK, card, card_plan(card, 16))
    signal = found.signal
    by_hand = 1e-6 * (0.5 / float(signal.high) + 0.5 / float(signal.low)) * 0.12
    assert float(found.junction) == close_to(410 * 16 * by_hand, rel=1e-12)
    # From the same current the supply of 1.2 V gives 1200 times as much.
    assert float(found.junction + found.source) == close_to(1200 * float(found.junction))
    # A new input waits until the device has forgotten the last: three relaxation times.
    assert float(found.latency) == close_to(2 * (15 * 0.12 + 3 * relaxation_time(card)))
    assert float(found.comparator) == close_to(410 * 16 * 67e-15)
    assert found.area == close_to(410 * 100e-12)
    assert float(found.shift) < 1e-3
    # The amplifier is no better than the assumed bit error rate asks for.
    assert float(found.error_rate) == close_to(1e-3)
    # The card's integration time is a large part of a dwell time.
    assert not found.possible


def test_a_cost_prints_plots_and_serialises(card):
    found = cost(WORK, "cai2019")
    assert float(found.junction) == float(cost(WORK, card, card_plan(card, 16)).junction)
    assert "One inference of 410 neurons, card cai2019" in repr(found)
    assert f"<td>{joules(found.neurons('oersted'))}</td>" in found.table().html()
    record = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert record["energy"]["oersted"]["Oersted wire"] == float(found.wire)
    assert found.plot().patches[0].get_width() == float(found.junction)
    assert len(found.to_dataframe()) == 1


def test_a_sweep_of_voltages_prints_ranges_and_plots_lines(card):
    sweep = cost(WORK, card, gated_plan(card, np.geomspace(1e-3, 0.1, 5)))
    assert "1 mV to 100 mV" in repr(sweep)
    axes = sweep.plot()
    assert axes.get_xlabel() == "Voltage (V)" and len(axes.lines) == 8
    assert sweep.to_dataframe()["voltage"].tolist() == close_to(np.geomspace(1e-3, 0.1, 5))


def test_energies_scale_with_voltage_reads_and_neurons(card):
    plan = ReadPlan(4, 1e-3, 0.2, 1e-6, 1e-6, 5e-9)
    one = cost(WORK, card, plan)
    twice = cost(WORK, card, replace(plan, voltage=2e-3))
    # V² but for the resistances, which the voltage hardly changes.
    assert float(twice.junction / one.junction) == close_to(4, rel=1e-3)
    more = cost(WORK, card, replace(plan, reads=8))
    for part in ("junction", "source", "amplifier", "comparator", "counter"):
        assert float(getattr(more, part)) == close_to(2 * float(getattr(one, part)))
    for part in ("standby", "wire", "latency"):
        assert float(getattr(more, part)) == close_to(2 * float(getattr(one, part)))
    assert float(more.strain) == float(one.strain)
    wide = replace(WORK, devices=(800, 20))
    larger = cost(wide, card, plan)
    for coupling in COUPLINGS:
        assert float(larger.neurons(coupling)) == close_to(2 * float(one.neurons(coupling)))
    assert larger.area == close_to(2 * one.area)
    assert float(larger.latency) == float(one.latency)


def test_a_sum_is_that_of_its_parts_and_synapses_are_in_none(card):
    found = cost(WORK, card, card_plan(card, 2))
    expensive = ASSUMED.replace({"synapse_energy": "1 J"})
    dear = cost(WORK, card, card_plan(card, 2), assumptions=expensive)
    for coupling in COUPLINGS:
        parts = found.parts(coupling)
        assert float(found.neurons(coupling)) == close_to(sum(map(float, parts.values())))
        assert float(dear.neurons(coupling)) == float(found.neurons(coupling))


def test_gated_reads_last_as_long_as_their_errors_need(card):
    rates = np.array([1e-6, 1e-3, 0.1])
    found = cost(WORK, card, gated_plan(card, 1e-3, 4, rates))
    assert found.error_rate == close_to(rates, rel=1e-6)
    assert np.all(found.possible)
    # A read at a large voltage cannot be shorter than the circuits allow; a noisier amplifier does.
    short = gated_plan(card, 0.1, 4, 0.1)
    assert float(found.plan.amplifier_noise[0]) == close_to(5e-9)
    assert float(short.amplifier_noise) > 10e-9
    assert float(cost(WORK, card, short).error_rate) == close_to(0.1)


def test_without_offsets_and_1_f_noise_a_reads_energy_does_not_depend_on_its_voltage(card):
    """Where Johnson noise rules, a read of twice the voltage is four times as short."""
    volts = np.array([1e-4, 1e-3])
    quiet = ASSUMED.replace({**IDEAL, "shortest_read": "1 ps"})
    found = cost(WORK, card, gated_plan(card, volts, 4, 1e-3, assumptions=quiet), assumptions=quiet)
    assert float(found.junction[1] / found.junction[0]) == close_to(1, rel=1e-2)
    assert float(found.amplifier[0] / found.amplifier[1]) == close_to(100, rel=2e-2)


def test_a_lower_barrier_is_faster_and_needs_larger_fields(card):
    shallow = with_stability_factor(card, 6.0)
    assert float(vcma_point(shallow).stability_factor) == close_to(6)
    deep, flat = (cost(WORK, c, gated_plan(c, 0.02, 4, 1e-3)) for c in (card, shallow))
    assert float(flat.latency) < 1e-4 * float(deep.latency)
    assert float(flat.strain) > 2.5 * float(deep.strain)
    assert float(flat.wire) < float(deep.wire)


def test_the_relaxation_time_is_that_of_both_dwell_times(card):
    point = vcma_point(card)
    high, low = point.dwell_times(point.offset_field)
    assert relaxation_time(card) == close_to(1 / (1 / high + 1 / low), rel=1e-9)


def test_correlated_reads_count_as_in_a_simulated_telegraph():
    rng = np.random.default_rng(3)
    reads, interval, runs, p = 12, 0.4, 40_000, 0.3
    rho = math.exp(-interval)
    state = rng.random(runs) < p
    total = state.astype(float)
    for _ in range(reads - 1):
        fresh = rng.random(runs) < p
        state = np.where(rng.random(runs) < rho, state, fresh)
        total += state
    variance = (total / reads).var(ddof=1)
    expected = p * (1 - p) / float(effective_reads(reads, interval, 1.0))
    assert abs(variance / expected - 1) * math.sqrt(runs / 2) < 4


def test_effective_reads_between_one_and_all():
    assert float(effective_reads(16, 1e-12, 1.0)) == close_to(1, rel=1e-9)
    assert float(effective_reads(16, 100, 1.0)) == close_to(16)
    x = 1e-6
    many = float(effective_reads(1_000_000, x, 1.0))
    # A continuous average over T = 1 relaxation time.
    assert many == close_to(0.5 / (1 + math.expm1(-1.0)), rel=1e-5)


def test_an_amplifier_starts_before_every_read(card):
    plan = gated_plan(card, 0.05, 4)
    short, long = (cost(WORK, card, replace(plan, integration_time=t)) for t in (8e-9, 18e-9))
    ready = cost(
        WORK,
        card,
        replace(plan, integration_time=18e-9),
        assumptions=ASSUMED.replace({"amplifier_startup": "0 s"}),
    )
    assert float(long.amplifier / ready.amplifier) == close_to(28 / 18)
    # Half as fast takes half the current, so 18 ns + 10 ns for 18 ns/8 ns less.
    assert float(long.amplifier / short.amplifier) == close_to(28 / 18 * 8 / 18, rel=1e-6)


def test_an_amplifier_takes_what_its_noise_or_its_speed_needs():
    # 9.9 nV/√Hz at 10 µA has a noise efficiency factor of 1.2 (doi:10.3390/electronics10131522).
    table = ASSUMED.replace({"noise_efficiency": "1.2", "supply_voltage": "1 V"})
    assert float(amplifier_power(table, 9.9e-9, 0.0, 300.0)) == close_to(10e-6, rel=0.02)
    # 1 mS of transconductance drives 15.9 fF to 10 GHz, from 1/15 mA in each of two branches.
    fast = table.replace({"amplifier_load": "15.915494309 fF"})
    assert float(amplifier_power(fast, 1e-3, 10e9, 300.0)) == close_to(2e-3 / 15, rel=1e-6)


def test_a_wires_supply_gives_the_mean_current_of_normal_fields():
    """Summed over many fields, each with the current that the wire's own field formula asks for."""
    reach = Reach(-1100.0, 2400.0)
    fields = np.random.default_rng(2).normal(reach.mean, reach.spread, 400_000)
    amperes = np.abs(fields) / wire(ASSUMED).field_per_drive
    joules = 1.2 * amperes
    error = 4 * joules.std() / math.sqrt(joules.size)
    assert abs(wire_power(ASSUMED, reach) - joules.mean()) < error
    assert reach.rms == close_to(math.sqrt(np.mean(fields**2)), rel=1e-2)
    assert wire_power(ASSUMED, Reach(-1100.0, 0.0)) == close_to(
        1.2 * 1100 / wire(ASSUMED).field_per_drive
    )
    # A thin wire at the same distance makes 1/(2πr), this tall one 9 % less.
    assert wire(ASSUMED).field_per_drive == close_to(1 / (2 * math.pi * 150e-9), rel=0.1)


def test_a_films_supply_gives_the_charge_that_flows_while_it_is_charged():
    """A capacitor at a driver's resistance, integrated: all its current comes from 1.2 V."""
    farad = 1000 * VACUUM_PERMITTIVITY * 1e-12 / 100e-9
    volts, ohm = 0.7, 1e4
    time = np.linspace(0, 40 * ohm * farad, 200_001)
    current = volts / ohm * np.exp(-time / (ohm * farad))
    drawn = 1.2 * np.trapezoid(current, time)
    reach = Reach(volts * float(ASSUMED.strain_field_per_volt), 0.0)
    assert strain_energy(ASSUMED, reach) == close_to(drawn, rel=1e-4)
    # More than the film stores and the driver burns at the least, C V² in all.
    assert drawn > farad * volts**2 and film(ASSUMED).capacitance == close_to(farad)


@pytest.mark.parametrize(
    ("build", "name", "entry"),
    [
        (wire, "wire_width", "width"),
        (wire, "wire_thickness", "thickness"),
        (wire, "wire_length", "length"),
        (wire, "wire_distance", "distance"),
        (wire, "wire_resistivity", "resistivity"),
        (wire, "wire_current", "largest_current"),
        (wire, "supply_voltage", "supply_voltage"),
        (film, "ferroelectric_thickness", "thickness"),
        (film, "ferroelectric_area", "area"),
        (film, "ferroelectric_permittivity", "relative_permittivity"),
        (film, "film_voltage", "largest_voltage"),
        (film, "supply_voltage", "supply_voltage"),
    ],
)
def test_an_assumption_reaches_the_part_it_is_about(build, name, entry):
    _, changed = ASSUMED.moved(name)
    assert getattr(build(changed), entry) == float(getattr(changed, name))
    assert getattr(build(changed), entry) != getattr(build(ASSUMED), entry)


def test_readings_that_are_instants_last_as_long_as_their_errors_need(card):
    instants = card.replace({"switching.integration_time": 0, "electrical.read_voltage": 0.02})
    stated, gated = card_plan(instants), gated_plan(instants, 0.02)
    assert stated.integration_time == close_to(float(gated.integration_time))
    assert stated.amplifier_noise == close_to(float(gated.amplifier_noise))
    assert stated.interval == stated.bias_time == instants.sampling_interval
    # No longer than from one read to the next.
    quick = instants.replace({"switching.sampling_interval": 0.5 * stated.integration_time})
    assert card_plan(quick).integration_time == close_to(0.5 * stated.integration_time)


def test_a_permanent_magnet_relieves_the_drivers_of_the_offset_field(card):
    magnet = ASSUMED.replace({"permanent_offset_field": "1"})
    found = cost(WORK, card, assumptions=magnet)
    assert found.reach.mean == 0 and found.reach.spread == cost(WORK, card).reach.spread
    assert float(found.wire) < float(cost(WORK, card).wire)


def test_limits_name_what_no_part_stands(card):
    found = cost(WORK, card, gated_plan(card, 0.02, 4))
    assert "electromigration (14 MA/cm², limit 1.7 MA/cm²)" in found.exceeded("oersted")
    assert found.exceeded("strain") == []
    assert "beyond limits: electromigration" in str(found.table())
    weak = ASSUMED.replace({"wire_current": "3 mA", "film_voltage": "0.2 V"})
    limited = cost(WORK, card, gated_plan(card, 0.02, 4), assumptions=weak)
    # 1.5 times the rms field: 14 Oe and 30 Oe, at 9.6 Oe a mA and 100 Oe a V.
    rms = math.hypot(13.87, 4 * 7.579)
    assert limited.drive_limits("oersted")[0].value == close_to(1.5 * rms / 12.0 * 1e-3, rel=0.1)
    assert limited.drive_limits("strain")[0].value == close_to(1.5 * rms / 100, rel=1e-3)
    assert limited.exceeded("strain")[0].startswith("film voltage (0.5 V")
    # A read of 1 ns at 1 mV would need a gain of 1000 at 0.5 GHz.
    fast = cost(WORK, card, ReadPlan(4, 1e-3, 0.2, 1e-9, 1e-9, 5e-9))
    assert not fast.possible and "gain-bandwidth" in " ".join(fast.exceeded("strain"))


def test_reads_that_move_p_high_are_impossible(card):
    """A tenth of a volt all the time, against P(high) at both voltages, field by field."""
    always, gated = (ReadPlan(4, 0.1, 0.2, 1e-6, on, 5e-9) for on in (0.2, 1e-6))
    found = cost(WORK, card, always)
    fields = np.linspace(-1, 1, 101) * float(card.switching.field_limit)
    moved, rest = (card.under_bias(v).switching_probability(fields) for v in (0.1, 0.0))
    expected = float(np.abs(moved - rest).max())
    assert expected > 0.01
    assert float(found.read_limits()[0].value) == close_to(expected, rel=0.02)
    assert not found.possible and found.exceeded("strain")[0].startswith("shift of P(high)")
    assert cost(WORK, card, gated).possible


def test_a_learnt_voltage_is_held_and_slows_the_answer(card):
    held = replace(WORK, bias_voltages=(-0.19,) * 410)
    found, plain = (cost(w, card, gated_plan(card, 0.02, 4)) for w in (held, WORK))
    slow = relaxation_time(card, -0.19)
    assert slow > 10 * relaxation_time(card)
    states = card.at(voltage=-0.19, field=float(card.under_bias(-0.19).offset_field)).resistances()
    amperes = 0.19 * (0.5 / float(states.high) + 0.5 / float(states.low))
    assert float(found.bias) == close_to(410 * 1.2 * amperes * float(found.latency))
    assert float(found.latency) > 2 * 3 * slow > float(plain.latency)
    assert float(found.effective_reads) < 0.5 * float(plain.effective_reads)
    assert "bias voltages" in found.parts("strain") and "bias voltages" not in plain.parts("strain")


@pytest.mark.parametrize(
    ("field", "value"),
    [("reads", 0), ("interval", 0.0), ("integration_time", -1.0), ("voltage", 0.0)],
)
def test_an_impossible_plan_is_rejected(card, field, value):
    plan = replace(ReadPlan(4, 1e-3, 0.2, 1e-6, 1e-6, 5e-9), **{field: value})
    with pytest.raises(SmtjError, match=field):
        cost(WORK, card, plan)


def test_a_voltage_across_the_junction_costs_less_than_a_wire_where_it_can_drive():
    card = load_card("funatsu2022").replace({"spin_torque.polarisation": 0.6})
    found = cost(WORK, card)
    assert found.couplings == (*COUPLINGS, "voltage")
    # 1.2 V |V|/R of sums of the network's spread, by hand: ln odds are straight in V.
    per_unit = 1 / abs(voltage_response(card).slope)
    mean = WORK.log_odds_spread * per_unit * math.sqrt(2 / math.pi)
    states = card.at(voltage=0.0).resistances()
    watts = 1.2 * mean * (0.5 / float(states.high) + 0.5 / float(states.low))
    by_hand = WORK.neurons * float(found.latency) / 2 * watts
    assert float(found.voltage_drive) == close_to(by_hand, rel=0.1)
    assert float(found.voltage_drive) < float(found.wire) / 100
    assert "voltage drive" in found.parts("voltage")
    assert "sum, voltage" in str(found.table())


def test_a_device_that_its_voltage_cannot_drive_has_no_such_cost(card):
    found = cost(WORK, card)
    assert found.couplings == COUPLINGS
    with pytest.raises(SmtjError, match="give a card with a spin torque"):
        found.parts("voltage")
