"""Do dwell times hold on the motion of a magnetisation, which has more than two states?

The stochastic Landau-Lifshitz-Gilbert equation gives traces of m along the easy axis, as an
instrument reads them; the exact rates are the lowest eigenvalue of the Fokker-Planck operator and
the Boltzmann weights of the wells, by another route.  Traces of cmtj, where it is
installed (``pip install cmtj``), are fitted, too.  Writes docs/validation/macrospin.md.
"""

import argparse
import importlib.util
import math
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
from kept import kept
from rich.progress import track

from smtj.dynamics.macrospin.boltzmann import equilibrium_directions
from smtj.dynamics.macrospin.driven import DrivenMacrospin
from smtj.dynamics.macrospin.simulate import mean_directions
from smtj.errors import SmtjError
from smtj.files import write_text
from smtj.inference.telegraph.fit import fit_trace
from smtj.physics.constants import BOLTZMANN, VACUUM_PERMEABILITY
from smtj.physics.escape.relaxation import log_dwell_times, log_relaxation_rate
from smtj.physics.magnetics.macrospin import Macrospin
from smtj.typing import Floats
from smtj.units import mT

RESULT = Path("docs/validation/macrospin.md")
BARRIERS = (4.0, 5.0, 6.0, 8.0)
DAMPINGS = {"normal": (0.01, 0.1), "plane": (0.05, 0.1)}
HARD = {"normal": 0.0, "plane": 4.0}
"""Hard axis of the shape over the anisotropy field, by where the easy axis lies."""
WINDOWS = (0.0, 10e-9, 50e-9, 200e-9)
"""Integration times in s, used where they are shorter than the interval."""
ANISOTROPY, TEMPERATURE = 50 * mT, 300.0
SLOW = 6.0
"""Barrier from which traces of cmtj take minutes."""
STEP_OF_CMTJ = {"normal": 5e-12, "plane": 2e-12}
READINGS, PER_DWELL, NOISE = 4000, (5.0, 20.0), (0.02, 0.15)


@dataclass(frozen=True)
class Case:
    """A device and how it is read; SI units."""

    barrier: float
    """Over k_B T."""
    damping: float
    axis: str
    field: float
    """Along the easy axis over the anisotropy field."""
    noise: float
    """Over the separation."""
    window: float
    readings_per_dwell: float
    """Per shorter one."""
    seed: int

    @property
    def spin(self) -> Macrospin:
        """The energy."""
        moment = 2 * self.barrier * BOLTZMANN * TEMPERATURE / (VACUUM_PERMEABILITY * ANISOTROPY)
        return Macrospin(
            moment, ANISOTROPY, 0.0, HARD[self.axis] * ANISOTROPY, 0.0, 0.0, TEMPERATURE
        )


def cases(count: int) -> list[Case]:
    """Return random devices, every combination in turn."""
    every = [(b, a, x) for b in BARRIERS for x in HARD for a in DAMPINGS[x]]
    made = []
    for seed in range(count):
        rng = np.random.default_rng([seed, 50])
        barrier, damping, axis = every[seed % len(every)]
        window = float(rng.choice(WINDOWS))
        noise, field = float(rng.uniform(*NOISE)), float(rng.uniform(-0.06, 0.06))
        per = float(np.exp(rng.uniform(*np.log(PER_DWELL))))
        made.append(Case(barrier, damping, axis, field, noise, window, per, seed))
    return made


def own_motion(case: Case, interval: float) -> Floats:
    """Return m along the easy axis at each reading, by our simulator."""
    field = (0.0, 0.0, case.field * ANISOTROPY)
    window = case.window if case.window <= interval else 0.0
    system = DrivenMacrospin(case.spin, case.damping, field)
    start = equilibrium_directions(case.spin, field, 1, case.seed)
    m = mean_directions(system, start, interval, window, READINGS, seed=case.seed, dtype=np.float32)
    return m[:, 0, 2].astype(np.float64)


def motion_of_cmtj(case: Case, interval: float) -> Floats:
    """Return the same by cmtj, at instants; the interval is a number of its steps."""
    import cmtj

    step = STEP_OF_CMTJ[case.axis]
    thickness, area = 1e-9, 1e-15
    magnetisation = float(case.spin.moment) * VACUUM_PERMEABILITY / (thickness * area)
    zero = cmtj.CVector(0.0, 0.0, 0.0)
    hard = HARD[case.axis] * ANISOTROPY * VACUUM_PERMEABILITY / magnetisation
    layer = cmtj.Layer(
        "free", mag=cmtj.CVector(0.0, 0.05, 1.0), anis=cmtj.CVector(0.0, 0.0, 1.0),
        Ms=magnetisation, thickness=thickness, cellSurface=area,
        demagTensor=[cmtj.CVector(hard, 0.0, 0.0), zero, zero], damping=case.damping,
    )  # fmt: skip
    junction, nothing = cmtj.Junction([layer]), cmtj.NullDriver()
    along = cmtj.constantDriver(case.field * ANISOTROPY)
    junction.setLayerExternalFieldDriver("free", cmtj.AxialDriver(nothing, nothing, along))
    energy = cmtj.constantDriver(ANISOTROPY * magnetisation / 2)
    junction.setLayerAnisotropyDriver("free", energy)
    junction.setLayerTemperatureDriver("free", cmtj.constantDriver(TEMPERATURE))
    junction.setLayerSeed("free", case.seed)
    duration = READINGS * interval
    junction.runSimulation(duration, step, interval, solverMode=cmtj.SolverMode.Heun)
    return np.asarray(junction.getLog()["free_mz"], dtype=np.float64)[:READINGS]


SIMULATORS = {"smtj": own_motion, "cmtj": motion_of_cmtj}


def run(simulator: str, case: Case) -> dict[str, object]:
    """Simulate and fit a record; return deviations from the exact rates in standard errors."""
    along = case.field * ANISOTROPY
    field = (0.0, 0.0, along)
    exact = math.exp(-float(log_relaxation_rate(case.spin, *field, case.damping)))
    logs = [float(t) for t in log_dwell_times(case.spin, *field, case.damping)]
    interval = max(min(math.exp(t) for t in logs) / case.readings_per_dwell, 1e-9)
    if simulator == "cmtj":
        interval = STEP_OF_CMTJ[case.axis] * round(interval / STEP_OF_CMTJ[case.axis])
    m = SIMULATORS[simulator](case, interval)
    rng = np.random.default_rng([case.seed, 51])
    signal = 1000 + 60 * m + 120 * case.noise * rng.standard_normal(READINGS)
    time = interval * np.arange(1.0, READINGS + 1)
    try:
        fit = fit_trace(time, signal)
    except SmtjError as error:
        return {"verdict": str(error), "case": case}
    if not fit.has_dwell_times:
        return {"verdict": fit.verdict, "case": case}
    found = [fit.relaxation_time, fit.dwell_high, fit.dwell_low]
    weights = np.array([1 / fit.dwell_high, 1 / fit.dwell_low]) * fit.relaxation_time
    covariance = fit.log_covariance
    errors = np.sqrt([weights @ covariance @ weights, *np.diag(covariance)])
    off = np.log(np.array(found) / [exact, *map(math.exp, logs)])
    return {"verdict": fit.verdict, "case": case, "off": off, "error": errors,
            "events": fit.events.relaxation_time / exact}  # fmt: skip


def row(name: str, found: list[dict[str, object]]) -> str:
    """Return a line of the table."""
    good = [one for one in found if "off" in one]
    z = np.array([one["off"] / one["error"] for one in good])
    width = np.mean([one["error"][0] for one in good])
    cells = [f"{100 * c:.1f} %" for c in (np.abs(z) < 1.959964).mean(axis=0)]
    cells += [f"{b:+.2f}" for b in np.median(z, axis=0)]
    other = sum(one["verdict"] != "two levels" for one in good)
    return (
        f"| {name} | {len(found)} | {len(found) - len(good)} | {other} | "
        + " | ".join(cells)
        + f" | {100 * width:.1f} % |"
    )


HEAD = """# Telegraph fits of a moving magnetisation

Made by `validation/macrospin.py` ({day}): traces of {readings} readings, 5 to 20 per shorter
dwell time, of the stochastic Landau-Lifshitz-Gilbert equation at barriers of 4 to 8 k_BT, noise 0.02 to
0.15 of the separation, integration times of 0 to 200 ns; nothing is told to the fit. The truth is
the lowest eigenvalue of the Fokker-Planck operator. cmtj is another simulator of the same equation;
its records are at instants.

| records | number | refused | other verdict | covers relaxation time | τ_high | τ_low | median error | τ_high | τ_low | standard error |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""  # noqa: E501


def main() -> None:
    """Fit all records and write the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=208)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args()
    with ProcessPoolExecutor(options.processes) as pool:
        every = cases(options.records)
        ours = pool.map(partial(kept(run), "smtj"), every)
        found = list(track(ours, "macrospins", len(every)))
        fast = [c for c in every if c.barrier < SLOW and c.damping >= min(DAMPINGS["plane"])]
        if importlib.util.find_spec("cmtj") is None:
            fast = []
        theirs = list(track(pool.map(partial(kept(run), "cmtj"), fast), "cmtj", len(fast)))
    lines = [row("all", found)]
    for axis in HARD:
        for damping in DAMPINGS[axis]:
            own = [o for o in found if (o["case"].axis, o["case"].damping) == (axis, damping)]
            lines.append(row(f"easy axis along the {axis}, α = {damping:g}", own))
    for barrier in BARRIERS:
        own = [one for one in found if one["case"].barrier == barrier]
        lines.append(row(f"{barrier:g} k_BT", own))
    if theirs:
        lines.append(row("cmtj, 4 and 5 k_BT", theirs))
    for one in (*found, *theirs):
        if "off" not in one or np.abs(one["off"] / one["error"]).max() > 2.5:
            print(one["verdict"], *map(one.get, ("off", "error", "events", "case")))
    head = HEAD.format(day=date.today().isoformat(), readings=READINGS)
    write_text(options.out, head + "\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
