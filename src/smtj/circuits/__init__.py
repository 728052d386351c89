"""A card in a netlist: subcircuits with the card's own statistics, and circuits to try them in.

>>> from smtj import circuits
>>> text = circuits.export("cai2019")
>>> print(text.splitlines()[0])
* cai2019: Voltage-controlled stochastic MTJ, CoFeB (1.62 nm) / MgO, 210 nm x 60 nm
"""

from smtj.circuits.benches import BENCHES, Bench, bench, pbit_network
from smtj.circuits.formats import FORMATS, export
from smtj.circuits.law import CircuitLaw, Parameter, circuit_law
from smtj.circuits.simulation import simulate, states

__all__ = [
    "BENCHES",
    "FORMATS",
    "Bench",
    "CircuitLaw",
    "Parameter",
    "bench",
    "circuit_law",
    "export",
    "pbit_network",
    "simulate",
    "states",
]
