"""Time and memory of ``smtj fit FILE --out CARD``, from a text file to the report, on one core.

Every run is a process of its own; its time is that of the processor, with all imports.  The first
file is so short that what it takes is nearly all imports and pictures.  What each package takes of
the memory, on top of those before it, is printed first.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

SIZES = (20_000, 1_000_000, 10_000_000)
RUNS = 5
DWELLS = (600, 400)
"""Mean readings between switches in the high and the low state."""
INTERVAL, LEVELS, NOISE = 1e-5, (6500.0, 5000.0), 120.0
PACKAGES = (
    *("numpy", "typer", "pydantic.fields", "pandas", "xarray", "numba", "scipy.optimize"),
    *("matplotlib.figure", "jinja2"),
)
"""That a fit imports, in about this order."""
IMPORTS = """
import importlib, os, sys
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
before = resident()
print(f"{'Python':>20}: {before:5.0f} MB")
for name in sys.argv[1:]:
    importlib.import_module(name)
    now = resident()
    print(f"{name:>20}: {now - before:5.0f} MB", flush=True)
    before = now
"""
ONE_CORE = dict.fromkeys(("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


def write_trace(path: Path, readings: int) -> None:
    """Write telegraph noise in ohm against seconds, made without smtj.

    A process of its own does: one that is started later would inherit the peak of this one.
    """
    code = (
        f"from pathlib import Path; import files; files.simulate(Path({str(path)!r}), {readings})"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent)


def simulate(path: str, readings: int) -> None:
    """Simulate the trace and write it."""
    rng = np.random.default_rng(1)
    pairs = 2 * readings // sum(DWELLS) + 100
    dwells = rng.exponential(DWELLS, (pairs, 2)).ravel()
    state = np.searchsorted(np.cumsum(dwells), np.arange(readings)) & 1
    ohm = np.where(state, *LEVELS[::-1]) + NOISE * rng.standard_normal(readings)
    time = INTERVAL * np.arange(readings)
    np.savetxt(
        path, np.stack([time, ohm], axis=1), "%.5f,%.2f", header="time [s],resistance [ohm]",
        comments="",
    )  # fmt: skip


def fitted(path: Path, folder: str) -> tuple[float, float]:
    """Return the seconds of the processor and the peak memory in MB of one fit."""
    command = [
        sys.executable,
        "-m",
        "smtj",
        "--quiet",
        "fit",
        str(path),
        "--out",
        f"{folder}/c.toml",
    ]
    silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    child = os.posix_spawn(sys.executable, command, os.environ | ONE_CORE, file_actions=silent)
    _, status, usage = os.wait4(child, 0)
    if status:
        sys.exit(f"the fit of {path} failed")
    return usage.ru_utime + usage.ru_stime, 1024 * usage.ru_maxrss / 1e6


def main() -> None:
    """Print a row per size of a file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=RUNS)
    options = parser.parse_args()
    if Path("/proc/self/statm").exists():
        command = [sys.executable, "-c", IMPORTS, *PACKAGES]
        subprocess.run(command, check=True, env=os.environ | ONE_CORE)
    with tempfile.TemporaryDirectory() as folder:
        for readings in SIZES:
            path = Path(folder) / "trace.csv"
            write_trace(path, readings)
            every = [fitted(path, folder) for _ in range(options.runs)]
            seconds, memory = (statistics.median(column) for column in zip(*every, strict=True))
            print(f"{readings:>10,} readings: {seconds:5.2f} s, {memory:5.0f} MB", flush=True)


if __name__ == "__main__":
    main()
