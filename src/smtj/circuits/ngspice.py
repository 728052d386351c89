"""A card as a subcircuit of ngspice, without Verilog-A.

Every ``dt`` a uniform number U is drawn.  The state q is high at the end of the step where
U < P(high) + E (q - P(high)), E = exp(-dt/τ_r) at the present bias and drive: the exact propagator
of the two-state process over a step, for any dt.  Since a high q only raises that threshold, q
needs no clock and no latch: one node with a capacitor, whose source reads its own voltage.
"""

import re
import textwrap

from smtj.circuits.law import CircuitLaw
from smtj.provenance import versions
from smtj.units import format_time

STEPS = 20
"""Steps in a relaxation time at the middle of the response, unless the user says otherwise."""
SETTLING = 8
"""A step is that many times as long as q takes to follow."""
GAIN = 1e5
"""Of the comparison with U: a circuit that answers the state's first move against it would make a
sharper one chatter."""
EQUATIONS = (
    "Equations. Polynomials are interpolations of what the card computes, in bias and drive over "
    "their limits."
)
WIDTH = 98
LONG = 12
"""Characters of an equation used more than once from which it gets a node of its own."""

_NAME = re.compile(r"[A-Za-z_]\w*")


def subcircuit(law: CircuitLaw) -> str:
    """Write a card's law as an ngspice subcircuit, a library file of its own."""
    card, driven = law.card, law.card.drive.name
    ports = "p n h q" if driven in ("field", "none") else "p n q"
    x = {"voltage": "V(p,n)", "current": "I(Vx)"}.get(driven, "V(h)")
    rows = [_remark(line) for line in heading(law)]
    rows += [_remark(line) for line in _usage(law, ports)]
    rows += [
        f".subckt {card.name} {ports} dt={law.relaxation_time / STEPS:.4g} mc=0",
        "* Step in s at which the state may change; mc=1 draws the spreads for each instance.",
    ]
    for p in law.parameters:
        rows += [_remark(f"{p.note} [{p.unit}]" if p.unit else p.note)]
        rows += [f".param {p.name}={p.value:.12g}"]
    rows += [
        _remark("Deviations of this device: standard normal numbers times the spreads."),
        ".param f_w={1+mc*agauss(0,1,1)*s_w}",
        ".param z_x={mc*agauss(0,1,1)*s_x}",
        ".param f_b={1+mc*agauss(0,1,1)*s_b}",
    ]
    rows += [_remark(EQUATIONS), "Gv 0 n_v p n 1", "Rv n_v 0 1"]
    nodes, known = _inlined(law, x)
    for name, text in nodes:
        rows += [_folded(f"B{name} 0 n_{name} I={{{text}}}"), f"R{name} n_{name} 0 1"]
    near = known["near"]
    rate = f"exp(-({known['mid']}))*(exp({near}/2)+exp(-{near}/2))"
    rows += [
        _remark("P(high), exp(-dt/tau_r) (0 at first: begin in equilibrium), U and q."),
        _folded(f"Bpr 0 pr I={{1/(1+exp(-{known['u']}))}}"),
        "Rpr pr 0 1",
        _folded(f"Bek 0 ek I={{time<0.9*dt ? 0 : exp(-dt*{rate})}}"),
        "Rek ek 0 1",
        "Vr r 0 dc 0.5 trrandom(1 {dt} 0 0.5 0)",
        _folded(
            f"Bq 0 q I={{min(max({GAIN:g}*(V(pr)+V(ek)*(min(max(20*V(q)-9.5,0),1)-V(pr))-V(r))+0.5,"
            "0),1)-V(q)}"
        ),
        _remark(
            "The large charge of this capacitor keeps the step control from following q as it "
            "settles."
        ),
        f"Cq q m {{dt/{SETTLING}}}",
        "Vm m 0 -100",
    ]
    high, low = known["gh"], known["gl"]
    share = "min(max(V(q),0),1)"
    # About 1, as the simulator solves a node's voltage to a microvolt.
    scale = f"{1 / float(law.evaluate(law.bias, law.midpoint)['gl']):.4g}"
    mixed = f"{scale}*((1-{share})*{low} + {share}*{high})"
    rows += [_folded(f"Bg 0 g I={{{mixed}}}"), "Rg g 0 1"]
    if driven == "current":
        rows += ["Vx p px 0", f"Bj px n V={{{scale}*I(Vx)/V(g)}}"]
    else:
        rows += [f"Bj p n I={{V(p,n)*V(g)/{scale}}}"]
    return "\n".join([*rows, f".ends {card.name}", ""])


def heading(law: CircuitLaw) -> list[str]:
    """What a file says of the card, its ranges and its accuracy, line by line."""
    card = law.card
    lines = [f"{card.name}: {card.title}"]
    if card.reference:
        lines.append(card.reference)
    lines.append(
        f"Written by smtj {versions()['smtj']} from the device card, for {law.temperature:g} K."
    )
    drive = "drive in ln odds" if card.drive.name == "none" else card.drive.name
    at = f"{law.midpoint:.5g} {law.unit}".rstrip()
    lines.append(
        f"At {law.bias:g} V P(high) = 1/2 at a {drive} of {at}, where the relaxation time "
        f"is {format_time(law.relaxation_time)}."
    )
    if law.bias_range is not None:
        lines.append(
            f"This model holds from {law.bias_range[0]:.4g} to {law.bias_range[1]:.4g} V; beyond, "
            "the rates are those at the limit."
        )
    lines.append(
        f"Within the ranges ln(tau) is the card's to {max(law.rate_error, 1e-12):.1g}, the "
        f"conductance to {max(law.conductance_error, 1e-12):.1g} of itself."
    )
    lines += law.remarks
    lines.append(
        "Not in here: the width of the states (thermal motion within a well, its noise), magnetic "
        "noise and drift, stuck devices, heat from one device to another."
    )
    return lines


def _usage(law: CircuitLaw, ports: str) -> list[str]:
    lines = [f"Nodes {ports}: the junction from p to n, "]
    if "h" in ports:
        unit = law.unit or "unit of ln odds"
        lines[0] += f"the drive (1 V at h is 1 {unit}), "
    lines[0] += "the state (0 V low, 1 V high)."
    return [
        *lines,
        "Runs in ngspice 39 as it is in Debian; no OSDI, no XSPICE. The seed is the simulator's: "
        ".option seed=1; the same seed gives the same states for the same netlist and steps. All "
        "devices draw from one stream, so a device added changes the others' histories.",
        "The state changes only every dt, at equal steps; between them it is the exact two-state "
        "process for a bias that holds. Dwells shorter than dt are missed. A bias that "
        "changes within dt is followed within dt. Without time (.op, .dc) q is the likelier "
        "state.",
    ]


def _inlined(law: CircuitLaw, x: str) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """Return the equations that get a node, in order, and all by name as text."""
    # One node for the bias: derivatives are taken by every node of an equation.
    known = {"v": "V(n_v)", "x": "V(n_v)" if x == "V(p,n)" else x}
    nodes = []
    for position, (name, text) in enumerate(law.equations):
        later = [other for _, other in law.equations[position + 1 :]]
        uses = sum(_NAME.findall(other).count(name) for other in later)
        full = _NAME.sub(lambda found: known.get(found[0], found[0]), text)
        if (uses > 1 or len(full) > 100) and len(full) > LONG:
            nodes.append((name, full))
            known[name] = f"V(n_{name})"
        else:
            known[name] = f"({full})"
    return nodes, known


def _remark(text: str) -> str:
    return textwrap.fill(text, WIDTH, initial_indent="* ", subsequent_indent="*   ")


def _folded(line: str) -> str:
    """Break a long line where ngspice may continue it."""
    return textwrap.fill(
        line, WIDTH, subsequent_indent="+ ", break_long_words=False, break_on_hyphens=False
    )
