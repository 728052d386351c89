"""Compare the simulated macrospin with exact results; writes docs/validation/llg.json.

First passages between m_z = ±½ are compared with the quadrature of the axisymmetric Fokker-Planck
equation, at several barriers and two dampings, with the default time step and with half of it;
⟨m_z²⟩ with Boltzmann's.  Each needs a standard error of at most 1 % and a |z| below 3.  Then the
time step is lengthened until ⟨m_z²⟩ is seen to be wrong, and the order of the error follows.
"""

import argparse
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from scipy.integrate import quad
from scipy.optimize import curve_fit
from scipy.special import dawsn, erfi

from smtj import provenance
from smtj.dynamics.macrospin.boltzmann import equilibrium_directions
from smtj.dynamics.macrospin.driven import DrivenMacrospin, ensemble
from smtj.dynamics.macrospin.passages import first_passage_times
from smtj.dynamics.macrospin.simulate import averages, default_time_step
from smtj.dynamics.macrospin.time_step import REFUSED, longest_step
from smtj.files import write_text
from smtj.physics.constants import BOLTZMANN, GYROMAGNETIC_RATIO, VACUUM_PERMEABILITY
from smtj.physics.magnetics.macrospin import Macrospin

RESULT = Path("docs/validation/llg.json")
BARRIERS, DAMPINGS = (3.0, 4.0, 6.0, 8.0), (0.05, 0.2)
"""In k_B T."""
TEMPERATURE, MOMENT = 300.0, 1.2 / VACUUM_PERMEABILITY * np.pi / 4 * 50e-9**2 * 1.1e-9
"""A disc of 50 nm and 1.1 nm with μ0 M_s = 1.2 T."""
THERMAL_FIELD = BOLTZMANN * TEMPERATURE / (VACUUM_PERMEABILITY * MOMENT)
HALF_WAY = (np.sqrt(0.75), 0.0, 0.5)
MAX_Z, MAX_ERROR = 3.0, 0.01
ORDER_OF = (2.0, 0.3)
"""Barrier and damping at which the order is looked for."""
PARTS = (1.0, 0.7, 0.5, 0.35, 0.25)
"""Of the longest step that is allowed."""

Floats = NDArray[np.float64]


def uniaxial(delta: float, damping: float) -> DrivenMacrospin:
    """The disc with a barrier of so many k_B T."""
    spin = Macrospin(MOMENT, 2 * delta * THERMAL_FIELD, 0.0, 0.0, 0.0, 0.0, TEMPERATURE)
    return DrivenMacrospin(spin, damping)


def exact_passage(delta: float, damping: float) -> float:
    """Mean first passage from m_z = ½ to -½ in s.

    ∫ dx e^(-Δ x²)/(D (1 - x²)) ∫_x^1 e^(Δ y²) dy, x from -½ to ½, D = α γ k_B T/((1 + α²) M_s V*).
    """
    rate = GYROMAGNETIC_RATIO * VACUUM_PERMEABILITY * THERMAL_FIELD
    diffusion = damping * rate / (1 + damping**2)
    root = np.sqrt(delta)

    def flux(x: float) -> float:
        inner = np.sqrt(np.pi) / (2 * root) * (erfi(root) - erfi(root * x))
        return float(np.exp(-delta * x**2) * inner / (1 - x**2))

    return float(quad(flux, -0.5, 0.5)[0] / diffusion)


def exact_square(delta: float) -> float:
    """⟨m_z²⟩ in Boltzmann's law of e = -Δ m_z², in closed form."""
    root = np.sqrt(delta)
    return float((root / dawsn(root) - 1) / (2 * delta))


def compared(sample: Floats, exact: float) -> dict[str, float]:
    """Return a mean over trajectories beside what it should be; the error is relative."""
    error = sample.std(ddof=1) / np.sqrt(sample.size)
    return {
        "exact": exact,
        "mean": float(sample.mean()),
        "relative_error": float(error / exact),
        "z": float((sample.mean() - exact) / error),
    }


def passages(size: int, progress: Progress) -> Iterator[dict[str, Any]]:
    """Simulate first passages at every barrier and damping, and both time steps."""
    for part in (1.0, 0.5):
        for delta in BARRIERS if part == 1 else BARRIERS[:2]:
            for number, damping in enumerate(DAMPINGS):
                system = uniaxial(delta, damping)
                step = part * default_time_step(system)
                name = f"first passages at {delta:g} k_B T, α = {damping:g}, {part:g} of the step"
                task = progress.add_task(name, total=size)
                times = first_passage_times(
                    system,
                    HALF_WAY,
                    -0.5,
                    size,
                    100 * number + int(10 * delta) + round(part),
                    time_step=step,
                    dtype=np.float32,
                    progress=lambda done, _, task=task: progress.update(task, completed=done),
                )
                yield {
                    "quantity": "mean first passage in s",
                    "delta": delta,
                    "damping": damping,
                    "time_step_s": step,
                    "part_of_default": part,
                    "trajectories": size,
                    **compared(times, exact_passage(delta, damping)),
                }


def squares(progress: Progress) -> Iterator[dict[str, Any]]:
    """Simulate ⟨m_z²⟩ in equilibrium."""
    for delta in BARRIERS:
        for number, damping in enumerate(DAMPINGS):
            system = uniaxial(delta, damping)
            task = progress.add_task(f"⟨m_z²⟩ at {delta:g} k_B T, α = {damping:g}", total=1)
            size, count = 2048, 100
            start = equilibrium_directions(system.spin, (0.0, 0.0, 0.0), size, 1)
            found = averages(
                system,
                start,
                5e-9,
                count,
                size,
                200 + 100 * number + int(10 * delta),
                dtype=np.float32,
                progress=lambda done, of, task=task: progress.update(
                    task, completed=done, total=of
                ),
            )
            yield {
                "quantity": "mean square of m_z",
                "delta": delta,
                "damping": damping,
                "time_step_s": default_time_step(system),
                "part_of_default": 1.0,
                "trajectories": size,
                **compared(found.products[:, 2, 2], exact_square(delta)),
            }


def order(size: int, progress: Progress) -> dict[str, Any]:
    """Lengthen the time step and fit the power by which ⟨m_z²⟩ goes wrong."""
    delta, damping = ORDER_OF
    system, exact = uniaxial(delta, damping), exact_square(delta)
    longest = longest_step(ensemble(system, 1), REFUSED) * (1 - 1e-9)
    default = default_time_step(system)
    task = progress.add_task("longer time steps", total=len(PARTS))
    rows = []
    for part in PARTS:
        step = part * longest
        start = equilibrium_directions(system.spin, (0.0, 0.0, 0.0), size, 2)
        found = averages(
            system, start, 20 * longest, 300, size, 5, time_step=step, dtype=np.float32
        )
        case = compared(found.products[:, 2, 2], exact)
        rows.append({"time_step_s": step, "over_default": step / default, **case})
        progress.advance(task)
    step = np.array([row["over_default"] for row in rows])
    bias = np.array([row["mean"] / exact - 1 for row in rows])
    error = np.array([row["relative_error"] for row in rows])
    (factor, power), covariance = curve_fit(
        lambda h, c, p: c * h**p, step, bias, (1e-3, 2.0), error, absolute_sigma=True
    )
    return {
        "delta": delta,
        "damping": damping,
        "steps": rows,
        "order": float(power),
        "standard_error": float(np.sqrt(covariance[1, 1])),
        "relative_bias_at_default": float(factor),
    }


def main() -> None:
    """Compare, print the table and write the numbers."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--trajectories", type=int, default=20_000)
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args()
    console = Console()
    with Progress(console=console) as progress:
        rows = [*passages(options.trajectories, progress), *squares(progress)]
        converged = order(8192, progress)
    table = Table("quantity", "Δ", "α", "time step", "exact", "simulated", "error", "z", "verdict")
    for row in rows:
        row["holds"] = bool(abs(row["z"]) < MAX_Z and row["relative_error"] <= MAX_ERROR)
        table.add_row(
            row["quantity"],
            f"{row['delta']:g}",
            f"{row['damping']:g}",
            f"{row['time_step_s'] * 1e12:.1f} ps",
            f"{row['exact']:.5g}",
            f"{row['mean']:.5g}",
            f"{row['relative_error']:.2%}",
            f"{row['z']:+.2f}",
            "holds" if row["holds"] else "FAILS",
        )
    console.print(table)
    console.print(
        f"⟨m_z²⟩ goes wrong as the time step to the power {converged['order']:.2f} ± "
        f"{converged['standard_error']:.2f}, by {converged['relative_bias_at_default']:.1e} at the "
        "default"
    )
    about = {"date": date.today().isoformat(), **provenance.versions()}
    content = {"about": about, "comparisons": rows, "convergence": converged}
    write_text(options.out, json.dumps(content, indent=1) + "\n")
    console.print(options.out)


if __name__ == "__main__":
    main()
