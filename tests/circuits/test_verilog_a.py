"""The state process of an exported Verilog-A module, in EVAS, which has no solver for currents."""

import csv
import os
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from closeness import close_to
from smtj import circuits
from smtj.units import Oe

in_evas = pytest.mark.skipif(
    find_spec("evas") is None, reason="evas-sim is not installed (pip install evas-sim, on Linux)"
)
DRIVES = ((0.1, -10.0), (0.12, -16.0), (0.1, -10.0))


def test_the_module_has_the_equations_that_were_compared_with_the_card():
    law = circuits.circuit_law("cai2019")
    text = " ".join(circuits.export("cai2019", "verilog-a").split())
    for name, equation in law.equations:
        assert f"{name} = {' '.join(equation.split())};" in text
    for p in law.parameters:
        assert f"parameter real {p.name} = {p.value:.12g};" in text
    assert "I(p, n) <+ V(p, n)*(state == 1 ? gh : gl);" in text


@in_evas
@pytest.mark.parametrize("count", [400, pytest.param(4000, marks=pytest.mark.proof)])
def test_states_follow_the_card_and_seeds_make_devices_differ(card, tmp_path, count):
    module = circuits.export("cai2019", "verilog-a")
    lines = [line for line in module.splitlines() if "I(p, n) <+" not in line]
    (tmp_path / "junction.va").write_text("\n".join(lines), encoding="utf-8")
    volts, fields = np.array(DRIVES).T
    point = card.at(volts, fields * Oe)
    tau = np.exp(point.log_relaxation_time())
    stop = count * float(tau.max())
    rows = ["simulator lang=spectre", "global 0", 'ahdl_include "junction.va"']
    for k, (v, h) in enumerate(DRIVES):
        rows += [
            f"Vp{k} (p{k} 0) vsource type=dc dc={v}",
            f"Vh{k} (h{k} 0) vsource type=dc dc={h}",
            f"X{k} (p{k} 0 h{k} q{k}) cai2019 dt={tau[k] / 20:.6g} seed={7 + k}",
        ]
    rows += [f"tran tran stop={stop:.6g} maxstep={tau.min():.6g}", "save q0 q1 q2"]
    (tmp_path / "bench.scs").write_text("\n".join(rows) + "\n", encoding="utf-8")
    subprocess.run(
        [sys.executable, "-m", "evas", "simulate", "bench.scs", "-o", "out"],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "Agg"},
        check=True,
        capture_output=True,
        timeout=120,
    )
    with (tmp_path / "out" / "tran.csv").open(encoding="utf-8") as file:
        table = np.array(list(csv.reader(file))[1:], dtype=float)
    time, states = table[:, 0], table[:, 1:] > 0.5
    for k, (high, low) in enumerate(zip(*point.dwell_times(), strict=True)):
        q = states[:, k]
        moves = np.flatnonzero(q[1:] != q[:-1])
        dwells, was = np.diff(time[moves + 1]), q[moves + 1][:-1]
        for state, mean in ((True, high), (False, low)):
            found = dwells[was == state]
            assert found.size > count / 10
            assert abs(found.mean() / mean - 1) < 3.3 / np.sqrt(found.size)
            # Exponential: as wide as long.
            assert found.std() / found.mean() == close_to(1.0, abs=4 / np.sqrt(found.size))
        share = (q[1:] * np.diff(time)).sum() / time[-1]
        p = high / (high + low)
        assert abs(share - p) < 3 * np.sqrt(2 * p * (1 - p) * tau[k] / stop)
    even = np.interp(np.linspace(0, stop, 2 * count), time, states[:, 0] * 1.0) > 0.5
    other = np.interp(np.linspace(0, stop, 2 * count), time, states[:, 2] * 1.0) > 0.5
    assert abs(np.corrcoef(even, other)[0, 1]) < 4 / np.sqrt(count)
