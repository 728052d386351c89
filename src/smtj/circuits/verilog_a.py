"""A card as a Verilog-A module, for commercial simulators.

A state is left when the integral of its rate reaches an exponentially distributed number: exact for
a bias that holds, and for one that changes as good as the looks at it, every ``dt``.
Each instance has its own seed.
"""

import textwrap

from smtj.circuits.law import CircuitLaw
from smtj.circuits.ngspice import EQUATIONS, STEPS, heading

WIDTH = 96
SOON = 100
"""That part of dt after a switch, which may change the bias, it is looked at again."""


def module(law: CircuitLaw) -> str:
    """Write a card's law as a Verilog-A module, a file of its own."""
    card, driven = law.card, law.card.drive.name
    field = driven in ("field", "none")
    ports = "p, n, h, q" if field else "p, n, q"
    drive = {"voltage": "V(p, n)", "current": "I(p, n)"}.get(driven, "V(h)")
    names = [name for name, _ in law.equations]
    state_rate = "exp(-mid)*(exp(near/2)+exp(-near/2))/(1+exp(state == 1 ? u : -u))"
    rows = [*map(_remark, [*heading(law), *_usage(law, ports)])]
    rows += [
        '`include "constants.vams"',
        '`include "disciplines.vams"',
        "",
        f"module {card.name}({ports});",
        "  inout p, n;",
        *(["  input h;"] if field else []),
        "  output q;",
        f"  electrical {ports};",
        "  // Longest time between two looks at the bias, in s.",
        f"  parameter real dt = {law.relaxation_time / STEPS:.4g} from (0:inf);",
        "  // Of this instance: give each its own.",
        "  parameter integer seed = 1;",
        "  // 1 draws the spreads between devices from the seed.",
        "  parameter integer mc = 0;",
    ]
    for p in law.parameters:
        rows.append(_remark(f"{p.note} [{p.unit}]" if p.unit else p.note, "  "))
        rows.append(f"  parameter real {p.name} = {p.value:.12g};")
    rows += [
        "  real v, x, f_w, z_x, f_b, left, rate, last, next, wait_most;",
        f"  real {', '.join(names)};",
        "  integer state, fresh, stream;",
        "",
        "  analog begin",
        "    @(initial_step) begin",
        "      stream = seed;",
        "      f_w = 1;",
        "      z_x = 0;",
        "      f_b = 1;",
        "      if (mc == 1) begin",
        "        f_w = 1 + s_w*$rdist_normal(stream, 0, 1);",
        "        z_x = s_x*$rdist_normal(stream, 0, 1);",
        "        f_b = 1 + s_b*$rdist_normal(stream, 0, 1);",
        "      end",
        "      state = 0;",
        "      fresh = 1;",
        "      left = 0;",
        "      rate = 0;",
        "      last = 0;",
        "      next = 0;",
        "    end",
        _remark(EQUATIONS, "    "),
        "    v = V(p, n);",
        f"    x = {drive};",
        *(line for name, text in law.equations for line in _statement(name, text)),
        "    // First at time 0.",
        "    @(timer(next)) begin",
        "      left = left - rate*($abstime - last);",
        "      last = $abstime;",
        "      wait_most = dt;",
        "      if (fresh == 1) begin",
        "        // In equilibrium at first.",
        "        state = $rdist_uniform(stream, 0, 1) < 1/(1+exp(-u)) ? 1 : 0;",
        "        left = $rdist_exponential(stream, 1);",
        "        fresh = 0;",
        "      end else if (left < 1e-9) begin",
        "        state = 1 - state;",
        "        left = $rdist_exponential(stream, 1);",
        "        // The switch may change the bias: look again soon.",
        f"        wait_most = dt/{SOON};",
        "      end",
        f"      rate = {state_rate};",
        "      next = last + min(wait_most, left/max(rate, 1e-30));",
        "    end",
        f"    V(q) <+ transition(state == 1 ? 1.0 : 0.0, 0, dt/{SOON});",
    ]
    conductance = "(state == 1 ? gh : gl)"
    if driven == "current":
        rows.append(f"    V(p, n) <+ I(p, n)/{conductance};")
    else:
        rows.append(f"    I(p, n) <+ V(p, n)*{conductance};")
    return "\n".join([*rows, "  end", "endmodule", ""])


def _usage(law: CircuitLaw, ports: str) -> list[str]:
    unit = law.unit or "unit of ln odds"
    drive = f"the drive (1 V at h is 1 {unit}), " if "h" in ports else ""
    return [
        f"Nodes {ports}: the junction from p to n, {drive}the state (0 V low, 1 V high).",
        "Needs $rdist_uniform, $rdist_exponential, $rdist_normal and @(timer) with a time that "
        "changes. Compilers to OSDI (OpenVAF) refuse random functions; for ngspice export the "
        "subcircuit instead. Simulators have their own generators, so the same seed gives the same "
        "states in one simulator, not across them.",
        "Not for .ac and .noise: the random state is one of the transient analysis.",
    ]


def _statement(name: str, text: str) -> list[str]:
    return textwrap.wrap(
        f"{name} = {text};",
        WIDTH,
        initial_indent="    ",
        subsequent_indent="      ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _remark(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text, WIDTH, initial_indent=f"{indent}// ", subsequent_indent=f"{indent}//   "
    )
