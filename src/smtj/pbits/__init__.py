"""Machines of p-bits: junctions whose inputs are the weighted sums of others' outputs."""

from smtj.pbits.circuits import (
    adder,
    and_gate,
    factoring,
    factors,
    full_adder,
    half_adder,
    multiplier,
    not_gate,
    or_gate,
    xor_gate,
)
from smtj.pbits.costs import MachineCost, Success, machine_cost, spoiling, success
from smtj.pbits.equilibrium import stationary
from smtj.pbits.exact import all_energies, all_states, boltzmann, state_numbers, total_variation
from smtj.pbits.expression import Expression, bit, number, register, spin
from smtj.pbits.formats import as_problem, ising, max_cut, qubo
from smtj.pbits.learning import RestrictedMachine, learn
from smtj.pbits.problem import Problem
from smtj.pbits.samplers import Clocked, Ideal, Junctions, Machine, Sampler, anneal, quantised
from smtj.pbits.samples import Samples
from smtj.pbits.tempering import Tempering, temper

__all__ = [
    "Clocked",
    "Expression",
    "Ideal",
    "Junctions",
    "Machine",
    "MachineCost",
    "Problem",
    "RestrictedMachine",
    "Sampler",
    "Samples",
    "Success",
    "Tempering",
    "adder",
    "all_energies",
    "all_states",
    "and_gate",
    "anneal",
    "as_problem",
    "bit",
    "boltzmann",
    "factoring",
    "factors",
    "full_adder",
    "half_adder",
    "ising",
    "learn",
    "machine_cost",
    "max_cut",
    "multiplier",
    "not_gate",
    "number",
    "or_gate",
    "quantised",
    "qubo",
    "register",
    "spin",
    "spoiling",
    "state_numbers",
    "stationary",
    "success",
    "temper",
    "total_variation",
    "xor_gate",
]
