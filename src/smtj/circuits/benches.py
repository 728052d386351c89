"""Circuits to try a card's subcircuit in: each a netlist that runs by itself in ngspice."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from smtj.card import CardLike
from smtj.circuits.law import CircuitLaw, circuit_law
from smtj.circuits.ngspice import STEPS, subcircuit
from smtj.errors import SmtjError
from smtj.typing import Floats

JUNCTION_VOLTAGE = 0.75
"""Of the p-bit's junction, as a fraction of the card's voltage limit."""
MID_SUPPLY = 0.5
"""V at which the p-bit's inverters switch."""
OVERDRIVE = 0.2
"""Gate voltage above threshold of the p-bit's transistor, in V."""
THRESHOLD = 0.4
"""Of all transistors, in V."""
WEIGHTS = (2.0, -1.0, 0.5)
"""Of the neuron's inputs, in ln odds per volt."""
INPUTS = (1.0, 0.5, -1.0)
"""Of the neuron, in V."""
READS = 16
"""Reads, one relaxation time apart, that the neuron averages."""
AND_COUPLINGS = ((0, -1, 2), (-1, 0, 2), (2, 2, 0))
"""J of the AND gate A, B, C = A and B (K. Y. Camsari et al., Phys. Rev. X 7, 031014 (2017),
doi:10.1103/PhysRevX.7.031014)."""
AND_BIASES = (1, 1, -2)
AND_STRENGTH = 0.7
"""I0 of the gate: ln odds of a p-bit are 2 I0 (h + J m), m = ±1."""


@dataclass(frozen=True)
class Bench:
    """A netlist and how long it runs."""

    name: str
    title: str
    law: CircuitLaw
    parts: tuple[str, ...]
    saved: tuple[str, ...]
    step: float
    """Of the devices, in s."""
    duration: float
    """In s."""
    shown: tuple[str, ...]
    """What ngspice prints after the run, in its own language."""

    def text(self, seed: int = 1) -> str:
        """The netlist with the subcircuit in it; the same seed gives the same states."""
        return "\n".join(
            [
                f"* {self.title}",
                subcircuit(self.law).rstrip(),
                "",
                *self.parts,
                f".option seed={seed} reltol=1e-4",
                f".save {' '.join(self.saved)}",
                f".tran {self.step:.6g} {self.duration:.6g}",
                ".control",
                "run",
                *self.shown,
                "quit",
                ".endc",
                ".end",
                "",
            ]
        )


def bench(
    card: CardLike,
    name: str = "junction",
    *,
    temperature: float | None = None,
    voltage: float | None = None,
    drive: float | None = None,
    relaxations: float = 1000.0,
    steps: float = STEPS,
) -> Bench:
    """Build a test bench of a card.

    Parameters
    ----------
    card
        A card, the name of a shipped one, or a path.
    name
        ``"junction"`` under a constant bias; ``"read"``, averaged reads of its conductance at the
        card's read voltage; ``"pbit"``, junction, transistor and inverter; ``"neuron"``, three
        weighted inputs and the mean of 16 reads; ``"and"``, an AND gate of three p-bits.
    temperature
        T in K; the card's own by default.
    voltage
        Bias in V of ``junction`` and ``read``; the card's read voltage by default.
    drive
        The drive in the unit of the netlist (``junction``, ``read``), where P(high) is one half by
        default; or the input of ``pbit`` in V, which is about the ln odds.
    relaxations
        Length of the run in relaxation times.
    steps
        Steps of the device per relaxation time.

    Raises
    ------
    SmtjError
        There is no such bench, or it needs a card driven by a field.
    """
    if name not in _BENCHES:
        raise SmtjError(f'there is no test bench "{name}"; choose {", ".join(_BENCHES)}')
    law = _law(card, name, temperature, voltage)
    return _BENCHES[name](law, voltage, drive, relaxations, steps)


def _junction(
    law: CircuitLaw, voltage: float | None, drive: float | None, relaxations: float, steps: float
) -> Bench:
    kind = law.card.drive.name
    bias = law.bias if voltage is None else voltage
    x = midpoint(law, bias) if drive is None else drive
    if kind == "voltage":
        bias = x if voltage is None or drive is not None else voltage
        x = bias
    tau = relaxation_time(law, bias, x)
    source = [f"Ip 0 p {x:.10g}" if kind == "current" else f"Vp p 0 {bias:.10g}"]
    if kind in ("field", "none"):
        source.append(f"Vh h 0 {x:.10g}")
    nodes = "p 0 h q" if kind in ("field", "none") else "p 0 q"
    current = () if kind == "current" else ("i(Vp)",)
    return Bench(
        "junction",
        f"One junction of {law.card.name} under a constant bias",
        law,
        (*source, f"Xj {nodes} {law.card.name} dt={tau / steps:.6g}"),
        ("v(q)", "v(p)", *current),
        tau / steps,
        relaxations * tau,
        ("meas tran p_high avg v(q)", *(("meas tran i_mean avg i(Vp)",) if current else ())),
    )


def _read(
    law: CircuitLaw, voltage: float | None, drive: float | None, relaxations: float, steps: float
) -> Bench:
    card = law.card
    integration, interval = card.integration_time, card.sampling_interval
    one = _junction(law, voltage, drive, relaxations, steps)
    if card.drive.name == "current" or integration == 0:
        raise SmtjError(
            "the bench read averages a current over the card's integration_time, but card "
            f"{card.name} {'is driven by a current' if integration else 'has none'}; choose "
            "junction"
        )
    bias = float(one.parts[0].split()[-1])
    meter = (
        f"* V(s) rises by the mean conductance in S over {integration:g} s, once in that time.",
        f"Bs 0 s I={{-I(Vp)/{bias:.10g}}}",
        f"Cs s 0 {integration:.10g}",
        ".ic v(s)=0",
    )
    count = int(one.duration / interval)
    shown = (
        f"let k = 0\nwhile k < {count}\n"
        f"  let t0 = k*{interval:.10g}\n"
        f"  meas tran a find v(s) at=$&t0\n"
        f"  let t1 = t0+{integration:.10g}\n"
        f"  meas tran b find v(s) at=$&t1\n"
        "  let r = 1/(b-a)\n  echo reading $&t1 s $&r ohm\n  let k = k+1\nend",
    )
    return Bench(
        "read",
        f"Reads of {card.name} at {bias:g} V, averaged over {integration:g} s every {interval:g} s",
        law,
        (*one.parts, *meter),
        (*one.saved, "v(s)"),
        min(one.step, integration / 2),
        one.duration,
        shown,
    )


def _pbit(
    law: CircuitLaw, voltage: float | None, drive: float | None, relaxations: float, steps: float
) -> Bench:
    across = JUNCTION_VOLTAGE * (law.bias_range[1] if law.bias_range else abs(law.bias) or 0.1)
    across = across if voltage is None else voltage
    found = law.evaluate(across, midpoint(law, across))
    current = across * float(found["gh"] + found["gl"]) / 2
    # Under a constant current each state has its own voltage, and leaves at the rate there.
    states = current / np.array([float(found["gh"]), float(found["gl"])])
    middle = midpoint(law, states)
    tau, w = relaxation_time(law, across, middle), slope(law, across, middle)
    # I = KP/2 W/L (V_GS - V_T)² (1 + λ V_DS)
    width = current / (1e-4 / 2 * OVERDRIVE**2 * (1 + 0.02 * MID_SUPPLY))
    given = 0.0 if drive is None else drive
    parts = (
        f"* 1 V at the input is 1 ln odds: a field of {1 / w:.6g} {law.unit or 'units'}.",
        f"Vin in 0 {given:.10g}",
        f"Bh h 0 V={{{middle:.10g}+V(in)/{w:.10g}}}",
        f"Vd vdd 0 {2 * MID_SUPPLY:.10g}",
        "* The transistor's current is constant, so the voltage at d rises with R.",
        f"Vg g 0 {2 * MID_SUPPLY - THRESHOLD - OVERDRIVE:.10g}",
        f"Mp d g vdd vdd pmos w={width:.6g}u l=1u",
        f"Xj d vj h q {law.card.name} dt={tau / steps:.6g}",
        f"Vj vj 0 {MID_SUPPLY - across:.10g}",
        "* Two inverters restore the levels: high out for a high state.",
        "M1 db d vdd vdd pmos w=2u l=1u",
        "M2 db d 0 0 nmos w=2u l=1u",
        "M3 out db vdd vdd pmos w=2u l=1u",
        "M4 out db 0 0 nmos w=2u l=1u",
        f".model nmos nmos(level=1 vto={THRESHOLD} kp=100u lambda=0.02)",
        f".model pmos pmos(level=1 vto=-{THRESHOLD} kp=100u lambda=0.02)",
    )
    return Bench(
        "pbit",
        f"A p-bit: a junction of {law.card.name}, a transistor and inverters",
        law,
        parts,
        ("v(q)", "v(h)", "v(d)", "v(out)"),
        tau / steps,
        relaxations * tau,
        ("meas tran p_high avg v(q)", "meas tran mean_out avg v(out)", "meas tran v_d avg v(d)"),
    )


def _neuron(
    law: CircuitLaw, voltage: float | None, drive: float | None, relaxations: float, steps: float
) -> Bench:
    bias = law.bias if voltage is None else voltage
    middle = midpoint(law, bias)
    tau, w = relaxation_time(law, bias, middle), slope(law, bias, middle)
    summed = "+".join(f"({weight:g})*V(x{k})" for k, weight in enumerate(WEIGHTS))
    window = READS * tau
    inputs = tuple(f"Vx{k} x{k} 0 {value:g}" for k, value in enumerate(INPUTS))
    net = float(np.dot(WEIGHTS, INPUTS)) if drive is None else drive
    field = middle + net / w
    found = law.evaluate(bias, field)
    high, low = float(found["gh"]), float(found["gl"])
    parts = (
        *inputs,
        f"* Weights in ln odds per volt; the sum is a field of {1 / w:.6g} {law.unit} each.",
        f"Bh h 0 V={{{middle:.10g}+({summed if drive is None else f'{drive:.10g}'})/{w:.10g}}}",
        f"Vp p 0 {bias:.10g}",
        f"Xj p 0 h q {law.card.name} dt={tau / steps:.6g}",
        f"* Read-out: V(s) rises by the fraction of time in the high state, in {window:.4g} s.",
        f"Bs 0 s I={{(-I(Vp)/{bias:.10g}-({low:.12g}))/({high - low:.12g})}}",
        f"Cs s 0 {window:.10g}",
        ".ic v(s)=0",
    )
    count = int(relaxations * tau / window)
    shown = (
        f"let k = 0\nwhile k < {count}\n  let t0 = k*{window:.10g}\n"
        f"  meas tran a find v(s) at=$&t0\n  let t1 = t0+{window:.10g}\n"
        "  meas tran b find v(s) at=$&t1\n  let y = b-a\n  echo output $&y\n  let k = k+1\nend",
    )
    return Bench(
        "neuron",
        f"A neuron: three weighted inputs, a junction of {law.card.name}, mean of {READS} reads",
        law,
        parts,
        ("v(q)", "v(h)", "v(s)"),
        tau / steps,
        count * window,
        shown,
    )


def _and(
    law: CircuitLaw, voltage: float | None, drive: float | None, relaxations: float, steps: float
) -> Bench:
    twice = 2 * AND_STRENGTH
    made = _network(
        law,
        twice * np.array(AND_BIASES, dtype=np.float64),
        twice * np.array(AND_COUPLINGS, dtype=np.float64),
        voltage,
        relaxations,
        steps,
    )
    title = f"An AND gate of three p-bits of {law.card.name}: m2 is m0 and m1"
    return replace(made, name="and", title=title)


def pbit_network(
    card: CardLike,
    biases: ArrayLike,
    couplings: ArrayLike,
    *,
    temperature: float | None = None,
    voltage: float | None = None,
    relaxations: float = 1000.0,
    steps: float = STEPS,
) -> Bench:
    """Build a network of p-bits, each a junction, a sense amplifier and ideal synapses.

    Parameters
    ----------
    biases
        b of each p-bit in ln odds, shape (n,).
    couplings
        C, shape (n, n): the ln odds of p-bit i are b_i + Σ_j C_ij m_j, m = ±1 for high and low.  A
        symmetric C without a diagonal samples Boltzmann's distribution.  Of a
        :class:`smtj.pbits.Problem` at β they are -2β ``fields`` and -2β ``matrix``.
    card, temperature, voltage, relaxations, steps
        As in :func:`bench`; the devices' steps are as much shorter as their largest ln odds make
        them faster.

    Raises
    ------
    SmtjError
        The shapes do not fit, or the card is not driven by a field.
    """
    b, c = np.asarray(biases, dtype=np.float64), np.asarray(couplings, dtype=np.float64)
    if b.ndim != 1 or c.shape != (b.size, b.size) or b.size < 1:
        raise SmtjError(
            f"biases have the shape {b.shape} and couplings {c.shape}; give n and n × n of them"
        )
    return _network(_law(card, "network", temperature, voltage), b, c, voltage, relaxations, steps)


def _network(
    law: CircuitLaw,
    biases: Floats,
    couplings: Floats,
    voltage: float | None,
    relaxations: float,
    steps: float,
) -> Bench:
    bias = law.bias if voltage is None else voltage
    middle = midpoint(law, bias)
    tau, w = relaxation_time(law, bias, middle), slope(law, bias, middle)
    found = law.evaluate(bias, middle)
    threshold = bias * float(found["gh"] + found["gl"]) / 2
    # A strongly driven p-bit is faster; two that move in one step would miss each other.
    largest = float((np.abs(biases) + np.abs(couplings).sum(axis=1)).max())
    step = tau / steps / max(1.0, math.cosh(largest / 2) / 2)
    parts = []
    for k, (own, row) in enumerate(zip(biases, couplings, strict=True)):
        terms = "".join(f"+({c:.10g})*V(m{other})" for other, c in enumerate(row) if c)
        parts += [
            f"Bh{k} h{k} 0 V={{{middle:.10g}+({own:.10g}{terms})/{w:.10g}}}",
            f"Vp{k} p{k} 0 {bias:.10g}",
            f"Xj{k} p{k} 0 h{k} q{k} {law.card.name} dt={step:.6g}",
            f"* Sense amplifier: +1 where the current is below {threshold:.4g} A, else -1.",
            f"Bm{k} m{k} 0 V={{min(max({1e3 / threshold:.6g}*(I(Vp{k})+{threshold:.10g}),-1),1)}}",
        ]
    count = range(len(biases))
    return Bench(
        "network",
        f"{len(biases)} p-bits of {law.card.name}; m = +1 is high",
        law,
        tuple(parts),
        tuple(f"v(m{k})" for k in count),
        step,
        relaxations * tau,
        tuple(f"meas tran mean_m{k} avg v(m{k})" for k in count),
    )


def _law(card: CardLike, name: str, temperature: float | None, voltage: float | None) -> CircuitLaw:
    law = circuit_law(card, temperature)
    if name not in ("junction", "read") and law.card.drive.name not in ("field", "none"):
        raise SmtjError(
            f"the bench {name} drives its junctions by a field, but card {law.card.name} is driven "
            f"by a {law.card.drive.name}; choose junction or read"
        )
    if voltage is None and law.bias == 0 and law.card.drive.name != "current":
        raise SmtjError(
            f"card {law.card.name} has no read voltage to bias the bench {name} with; give "
            "--voltage (voltage=), or write behaviour.read_voltage into the card"
        )
    return law


_BENCHES: dict[str, Callable[..., Bench]] = {
    "junction": _junction,
    "read": _read,
    "pbit": _pbit,
    "neuron": _neuron,
    "and": _and,
}
BENCHES = tuple(_BENCHES)
"""Names of the test benches."""


def midpoint(law: CircuitLaw, bias: float | Floats) -> float:
    """The drive at which P(high) is one half, in the unit of the netlist.

    The bias is in V, one for both states or one for each, the high one first.
    """
    from scipy.optimize import brentq

    each = np.broadcast_to(np.asarray(bias, dtype=np.float64), (2,))

    def log_odds(x: float) -> float:
        high, low = law.log_dwell_times(each, np.full(2, x))
        return float(high[0] - low[1])

    reach = 20 / abs(slope(law, float(each.mean()), law.midpoint))
    ends = law.midpoint - reach, law.midpoint + reach
    return float(brentq(log_odds, *ends, xtol=1e-12))


def slope(law: CircuitLaw, bias: float, drive: float) -> float:
    """d ln odds/d drive, per unit of the netlist."""
    whole = law.unit in ("", "Oe")
    step = 1e-3 if whole else 1e-6 * max(abs(drive), 1e-9)
    v = drive if law.card.drive.name == "voltage" else bias
    ends = [float(law.evaluate(v, drive + sign * step)["u"]) for sign in (-1, 1)]
    return (ends[1] - ends[0]) / (2 * step)


def relaxation_time(law: CircuitLaw, bias: float, drive: float) -> float:
    """τ_r in s."""
    high, low = law.log_dwell_times(bias, drive)
    return float(np.exp(-np.logaddexp(-high, -low)))
