"""A card as text for a circuit simulator."""

from smtj.card import CardLike
from smtj.circuits.law import circuit_law
from smtj.circuits.ngspice import subcircuit
from smtj.circuits.verilog_a import module
from smtj.errors import SmtjError

_WRITERS = {"ngspice": subcircuit, "verilog-a": module}
FORMATS = tuple(_WRITERS)
"""Names of the formats."""


def export(card: CardLike, format: str = "ngspice", *, temperature: float | None = None) -> str:
    """Write a card as a model for a circuit simulator.

    Parameters
    ----------
    card
        A card, the name of a shipped one, or a path.
    format
        ``"ngspice"``, a subcircuit for ngspice without OSDI; ``"verilog-a"``, a module for
        commercial simulators.
    temperature
        T in K for which the numbers hold; the card's own by default.

    Raises
    ------
    CardError, SmtjError
        As :func:`smtj.circuits.law.circuit_law`; or there is no such format.
    """
    if format not in _WRITERS:
        raise SmtjError(f'there is no format "{format}"; choose {" or ".join(FORMATS)}')
    return _WRITERS[format](circuit_law(card, temperature))
