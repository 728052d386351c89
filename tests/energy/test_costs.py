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
from smtj.energy.costs import COUPLINGS, relaxation_time
from smtj.energy.parts import amplifier_power, strain_energy, wire_power
from smtj.errors import SmtjError
from smtj.physics.constants import VACUUM_PERMITTIVITY
from smtj.physics.device import vcma_point, with_stability_factor
from smtj.physics.voltage_response import voltage_response
from smtj.units import convert

ASSUMED = Assumptions()
WORK = workload((784, 400, 10))


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
    assert float(found.latency) == close_to(2 * 16 * 0.12)
    assert float(found.comparator) == close_to(410 * 16 * 67e-15)
    assert found.area == close_to(410 * 100e-12)
    assert float(found.shift) < 1e-3 and float(found.error_rate) < 1e-12
    # The card's integration time is a large part of a dwell time.
    assert not found.possible(ASSUMED)


def test_a_cost_prints_plots_and_serialises(card):
    found = cost(WORK, "cai2019")
    assert float(found.junction) == float(cost(WORK, card, card_plan(card, 16)).junction)
    assert "One inference of 410 neurons, card cai2019" in repr(found)
    assert "<td>231 mJ</td>" in found.table().html()
    record = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert record["energy"]["oersted"]["Oersted wire"] == float(found.wire)
    assert found.plot().patches[0].get_width() == float(found.junction)
    assert len(found.to_dataframe()) == 1


def test_a_sweep_of_voltages_prints_ranges_and_plots_lines(card):
    sweep = cost(WORK, card, gated_plan(card, np.geomspace(1e-3, 0.1, 5)))
    assert "1 mV to 100 mV" in repr(sweep)
    axes = sweep.plot()
    assert axes.get_xlabel() == "Voltage (V)" and len(axes.lines) == 7
    assert sweep.to_dataframe()["voltage"].tolist() == close_to(np.geomspace(1e-3, 0.1, 5))


def test_energies_scale_with_voltage_reads_and_neurons(card):
    plan = ReadPlan(4, 1e-3, 0.2, 1e-6, 1e-6, 5e-9)
    one = cost(WORK, card, plan)
    twice = cost(WORK, card, replace(plan, voltage=2e-3))
    # V² but for the resistances, which the voltage hardly changes.
    assert float(twice.junction / one.junction) == close_to(4, rel=1e-3)
    more = cost(WORK, card, replace(plan, reads=8))
    for part in ("junction", "amplifier", "comparator", "counter", "standby", "wire", "latency"):
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
    assert np.all(found.possible(ASSUMED))
    # A read at a large voltage cannot be shorter than the circuits allow, and errs less.
    short = gated_plan(card, 0.1, 4, 0.1)
    assert float(short.integration_time) == float(ASSUMED.shortest_read)
    assert float(cost(WORK, card, short).error_rate) < 1e-6


def test_the_energy_of_a_gated_read_in_the_junction_does_not_depend_on_the_voltage(card):
    """Where Johnson noise rules, a read of twice the voltage is four times as short."""
    volts = np.array([1e-4, 1e-3])
    quiet = ASSUMED.replace({"shortest_read": "1 ps"})
    found = cost(WORK, card, gated_plan(card, volts, 4, 1e-3, None, quiet), assumptions=quiet)
    assert float(found.junction[1] / found.junction[0]) == close_to(1, rel=1e-2)
    assert float(found.amplifier[0] / found.amplifier[1]) == close_to(100, rel=2e-2)


def test_a_lower_barrier_is_faster_and_needs_larger_fields(card):
    shallow = with_stability_factor(card, 6.0)
    assert float(vcma_point(shallow).stability_factor) == close_to(6)
    deep, flat = (cost(WORK, c, gated_plan(c, 0.02, 4, 1e-3)) for c in (card, shallow))
    assert float(flat.latency) < 1e-4 * float(deep.latency)
    assert float(flat.strain) > 3 * float(deep.strain)
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


def test_parts_by_hand_and_by_dimension():
    # 9.9 nV/√Hz at 10 µA has a noise efficiency factor of 1.2 (doi:10.3390/electronics10131522).
    table = ASSUMED.replace({"noise_efficiency": "1.2", "supply_voltage": "1 V"})
    assert float(amplifier_power(table, 9.9e-9, 300.0)) == close_to(10e-6, rel=0.02)
    ohm = 40e-9 * 1e-6 / (100e-9 * 200e-9)
    assert wire_power(ASSUMED, 1e-3) == close_to(ohm * 1e-6 + 0.1e-3)
    farad = 1000 * VACUUM_PERMITTIVITY * 1e-12 / 100e-9
    assert strain_energy(ASSUMED, 7957.747154594767) == close_to(farad / 2)
    for unit, product in (
        ("W", "V^2/ohm"),
        ("J", "W s"),
        ("ohm", "ohm m m/m^2"),
        ("A", "A/m m"),
        ("W", "V J/K K C^-1 J Hz V^-2"),
        ("W/m^2", "J/s/m^2"),
    ):
        assert convert(1, product, unit) == 1


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
    # V²/R of sums of the network's spread, by hand: ln odds are straight in V.
    per_unit = 1 / voltage_response(card).slope
    rms = WORK.log_odds_spread * per_unit
    states = card.at(voltage=0.0).resistances()
    watts = rms**2 * (0.5 / float(states.high) + 0.5 / float(states.low))
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
