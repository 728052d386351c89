"""Spin-steps a second against cmtj, both sides in turn in one process, one thread.

Both solve the same stochastic LLG equation with H_K1, H_K2 and thermal field by Heun's method and
record one state at the end, without a drive and with the spin torque of a voltage that is a sine.
cmtj (a simulator in C++, licensed under the GPL, of which smtj uses nothing) is installed for this
by ``pip install cmtj``; without it, our own rates are measured alone. A ratio is the median over
the rounds of the ratios within a round, of processor time, so that what else runs on the machine
counts less. Two threads against one is of elapsed time and needs an idle machine; the processor
time that both need for the same work tells on a busy one what the threads themselves cost.

The share of the machine's arithmetic is our floating-point operations a second, a fused
multiply-add counting as two, over those of a single-precision matrix product.
"""

import argparse
import importlib.util
import statistics
import time
from collections.abc import Callable

import numba
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table
from threadpoolctl import threadpool_limits

from smtj.dynamics.macrospin.driven import DrivenMacrospin
from smtj.dynamics.macrospin.simulate import default_time_step, final_state
from smtj.dynamics.macrospin.waveform import Waveform, sampled
from smtj.physics.constants import ELEMENTARY_CHARGE, REDUCED_PLANCK, VACUUM_PERMEABILITY
from smtj.physics.magnetics.macrospin import Macrospin
from smtj.physics.torque.fields import TorqueFields

MAGNETISATION, THICKNESS, AREA = 1.2, 1.1e-9, np.pi / 4 * 50e-9**2
"""M_s in T, and the disc of design: barrier near 4 k_B T."""
FIRST, SECOND, DAMPING, TEMPERATURE = 12.6e3, 1e3, 0.1, 300.0
START = (0.0, 0.6, 0.8)
TORQUE, REFERENCE, POLARISATION = 400.0, (0.6, 0.0, 0.8), 0.5
"""Amplitude of the damping-like torque as a field in A/m, and the layer it pulls towards."""
FREQUENCY, POINTS = 1e9, 64
"""Of the sine in Hz, and points in a period."""

OPERATIONS_OF_A_CHANGE = 3 + 4 + 6 + 6 + 9 + 3 + 9
"""m·n, the axis's field, h, α h + q, m × that, the sum, its product with m."""
OPERATIONS_OF_A_PAIR = 23 + 19
"""Two normal numbers: their radius, with its logarithm and root, and their angle."""
OPERATIONS = 2 * OPERATIONS_OF_A_CHANGE + 6 + 3 + 9 + 13 + 1.5 * OPERATIONS_OF_A_PAIR
"""Of a step: both changes, the thermal field, both sums, the length of m; three normal numbers."""


def sine(duration: float) -> Waveform:
    """Return a sine of 1 V."""
    time = np.arange(0.0, duration + 1 / FREQUENCY, 1 / (POINTS * FREQUENCY))
    return sampled(time, np.sin(2 * np.pi * FREQUENCY * time))


def ours(
    size: int, steps: int, dtype: type, threads: int, driven: bool = False
) -> Callable[[], object]:
    """Return a run of our ensemble."""
    moment = MAGNETISATION / VACUUM_PERMEABILITY * THICKNESS * AREA
    spin = Macrospin(moment, FIRST, SECOND, 0.0, 0.0, 0.0, TEMPERATURE)
    system = DrivenMacrospin(spin, DAMPING)
    step = default_time_step(system) / 4
    if driven:
        torques = TorqueFields(0.0, 0.0, TORQUE)
        system = DrivenMacrospin(
            spin, DAMPING, voltage=sine(steps * step), torques=torques, reference=REFERENCE
        )

    def run() -> object:
        numba.set_num_threads(threads)
        return final_state(system, START, steps * step, size, time_step=step, dtype=dtype)

    return run


def theirs(size: int, steps: int, driven: bool = False) -> Callable[[], object]:
    """Return as many runs of cmtj one after the other, which keep only what it must."""
    import cmtj

    zero = cmtj.CVector(0.0, 0.0, 0.0)
    step = 5e-12
    junctions = []
    for seed in range(size):
        given = {
            "id": "free",
            "mag": cmtj.CVector(*START),
            "anis": cmtj.CVector(0.0, 0.0, 1.0),
            "Ms": MAGNETISATION,
            "thickness": THICKNESS,
            "cellSurface": AREA,
            "demagTensor": [zero, zero, zero],
            "damping": DAMPING,
        }
        if driven:
            layer = cmtj.Layer.createSTTLayer(**given, spinPolarisation=POLARISATION)
            layer.setReferenceLayer(cmtj.CVector(*REFERENCE))
        else:
            layer = cmtj.Layer(**given)
        junction = cmtj.Junction([layer])
        if driven:
            density = TORQUE * 2 * ELEMENTARY_CHARGE * MAGNETISATION * THICKNESS
            density /= REDUCED_PLANCK * POLARISATION
            junction.setLayerCurrentDriver("free", cmtj.sineDriver(0.0, density, FREQUENCY, 0.0))
        junction.setLayerAnisotropyDriver("free", cmtj.constantDriver(FIRST * MAGNETISATION / 2))
        second = cmtj.constantDriver(-SECOND * MAGNETISATION / 4)
        junction.setLayerSecondOrderAnisotropyDriver("free", second)
        junction.setLayerTemperatureDriver("free", cmtj.constantDriver(TEMPERATURE))
        junction.setLayerSeed("free", seed)
        junctions.append(junction)
    duration = steps * step

    def run() -> object:
        for junction in junctions:
            junction.clearLog()
            junction.runSimulation(duration, step, duration, solverMode=cmtj.SolverMode.Heun)
        return junctions

    return run


def product(size: int) -> Callable[[], object]:
    """Return a single-precision matrix product on one thread."""
    rng = np.random.default_rng(0)
    a, b = rng.random((2, size, size), dtype=np.float32)
    out = np.empty_like(a)

    def run() -> object:
        with threadpool_limits(1):
            return np.matmul(a, b, out=out)

    return run


def quartiles(values: list[float], digits: int) -> str:
    """Return the median with its quartiles."""
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def main() -> None:
    """Time everybody in turn and print the ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--trajectories", type=int, default=1024)
    parser.add_argument("--steps", type=int, default=10_000)
    arguments = parser.parse_args()
    size, steps = arguments.trajectories, arguments.steps
    few, side = max(size // 16, 1), 1536
    contestants: dict[str, tuple[Callable[[], object], float]] = {
        "float32": (ours(size, steps, np.float32, 1), size * steps),
        "float64": (ours(size, steps, np.float64, 1), size * steps),
        "float32, torque": (ours(size, steps, np.float32, 1, True), size * steps),
        "float64, torque": (ours(size, steps, np.float64, 1, True), size * steps),
        "SGEMM": (product(side), 2.0 * side**3),
    }
    if importlib.util.find_spec("cmtj") is not None:
        contestants["cmtj"] = (theirs(few, steps), few * steps)
        contestants["cmtj, torque"] = (theirs(few, steps, True), few * steps)
    threads = {
        f"{name}, {n}": ours(size, steps, dtype, n)
        for name, dtype in (("float32", np.float32), ("float64", np.float64))
        for n in (1, 2)
        if n <= numba.config.NUMBA_NUM_THREADS
    }
    for dtype in (np.float32, np.float64):
        for driven in (False, True):
            ours(64, 4, dtype, 1, driven)()
    rates: dict[str, list[float]] = {name: [] for name in contestants}
    elapsed: dict[str, list[float]] = {name: [] for name in threads}
    busy: dict[str, list[float]] = {name: [] for name in threads}
    for _ in track(range(arguments.rounds), "rounds"):
        for name, (run, work) in contestants.items():
            begin = time.process_time()
            run()
            rates[name].append(work / (time.process_time() - begin))
        for name, run in threads.items():
            begin, begin_busy = time.perf_counter(), time.process_time()
            run()
            elapsed[name].append(time.perf_counter() - begin)
            busy[name].append(time.process_time() - begin_busy)
    table = Table(f"{size} trajectories, {steps} steps", "spin-steps/s", "over cmtj", "of SGEMM")
    for name in (
        "cmtj",
        "float32",
        "float64",
        "cmtj, torque",
        "float32, torque",
        "float64, torque",
    ):
        if name not in rates:
            continue
        rival = "cmtj, torque" if "torque" in name else "cmtj"
        over = (
            [a / b for a, b in zip(rates[name], rates[rival], strict=True)]
            if rival in rates
            else []
        )
        share = [OPERATIONS * a / b for a, b in zip(rates[name], rates["SGEMM"], strict=True)]
        table.add_row(
            name if "cmtj" in name else f"smtj, {name}",
            f"{statistics.median(rates[name]) / 1e6:.1f} M",
            quartiles(over, 1) if over else "cmtj is not installed",
            quartiles(share, 2) if name == "float32" else "",
        )
    console = Console()
    console.print(table)
    for name in ("float32", "float64"):
        if f"{name}, 2" in elapsed:
            one, two = f"{name}, 1", f"{name}, 2"
            faster = [a / b for a, b in zip(elapsed[one], elapsed[two], strict=True)]
            cost = [b / a for a, b in zip(busy[one], busy[two], strict=True)]
            console.print(
                f"{name}, two threads over one: {quartiles(faster, 2)} as fast, fastest rounds "
                f"{min(elapsed[one]) / min(elapsed[two]):.2f}, with {quartiles(cost, 2)} of the "
                "processor time"
            )
    console.print(
        f"{arguments.rounds} rounds, one thread; medians and quartiles of processor time.  A step "
        f"is {OPERATIONS:.0f} floating-point operations; SGEMM does "
        f"{statistics.median(rates['SGEMM']) / 1e9:.0f} G/s"
    )


if __name__ == "__main__":
    main()
