"""Dwell times under spin torque: exact rates and the compact law against simulated motion.

Three cards of the gallery, with a polarisation of 0.6 and no VCMA, at barriers of 4, 6 and 8 k_B T
and voltages of ±0.2 and ±0.5 of the V_c of their high state.  Every trajectory of the stochastic
Landau-Lifshitz-Gilbert equation gives both dwell times by its occupancy and its relaxation rate.
Rows are kept in docs/validation/torque.json, so that a run goes on where another one ended.
"""

import argparse
import json
import math
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track

from smtj import operating_point
from smtj.card import DeviceCard, as_device
from smtj.dynamics.macrospin.boltzmann import equilibrium_directions
from smtj.dynamics.macrospin.driven import driven_macrospin
from smtj.dynamics.macrospin.simulate import trajectories
from smtj.files import write_text
from smtj.physics.device import with_stability_factor
from smtj.physics.dwell import exact_log_dwell_times
from smtj.physics.free_layer import drive_field, easy_axis, high_state_is_up, macrospin
from smtj.physics.junction import with_stray_field
from smtj.physics.readout.back_action import critical_voltages
from smtj.typing import Floats

FOLDER = Path("docs/validation")
GEOMETRIES = {"funatsu2022": "along the normal", "cai2019": "tilted", "mizrahi2018": "in plane"}
BARRIERS, PARTS = (4.0, 6.0, 8.0), (-0.5, -0.2, 0.2, 0.5)
DAMPING = 0.05
"""More than the cards', so that fewer steps make a dwell."""
TRAJECTORIES, BURN_IN = 512, 24
PER_RELAXATION = 2.0
"""Records in a relaxation time."""
GROUPS = 32
MAX_LOG_ODDS = 6.5
"""Occupancies of 0.15 %: a rarer state is not visited often enough."""
HEAD = """# Dwell times under spin torque

Made by `validation/torque.py` ({day}). Cards of the gallery with a polarisation of 0.6, without
VCMA, at other volumes and a damping of 0.05. Changes of ln τ_high and ln τ_low by a voltage: exact
from the Fokker-Planck equation (`smtj.physics.torque`); simulated from the occupancy and the
relaxation rate of {trajectories} trajectories of the stochastic Landau-Lifshitz-Gilbert equation,
less the exact value without torque, z their difference in standard errors; and the compact law,
Δ V/V_c with the V_c of each state. Occupancies below 0.15 % are left out. `make validate` adds the
rows that are missing: Δ = 6 is begun, Δ = 8 is not, and not every error is 1 %.

funatsu2022 at Δ = 6 and -0.2 missed the exact times by 3.1 errors in both states. It was run
again with another seed and twice the records (seed 977, kept to three decimals) and agreed; both
runs are shown. An earlier run of the first seed with 400 records and a shorter burn-in gave -2.8
and -2.5, and in that run +0.5 gave -2.2 and -2.6, +0.2 gave +0.3 and -0.1. Errors of rare states,
from a jackknife, may be too small.

| card | Δ | V/V_c | exact | simulated | z | compact law | records, seed |
| --- | --- | --- | --- | --- | --- | --- | --- |
"""


def device(name: str, barrier: float) -> DeviceCard:
    """Return a card with torque alone, at a barrier."""
    card = as_device(name)
    changes: dict[str, float] = {
        "spin_torque.polarisation": 0.6,
        "vcma.coefficient": 0.0,
        "magnetism.damping": DAMPING,
    }
    if card.vcma.anisotropy_field_per_volt is not None:
        changes["vcma.anisotropy_field_per_volt"] = 0.0
    return with_stability_factor(card.replace(changes), barrier)


def run(name: str, barrier: float, part: float, records: int) -> dict[str, Any] | None:
    """Compare one device at one voltage; None where a state is too rare to be timed."""
    card = device(name, barrier)
    high, low = critical_voltages(card)
    voltage = part * abs(high)
    offset = float(np.asarray(operating_point(card).offset_field))
    fields = drive_field(card, offset)
    rest, exact = (exact_log_dwell_times(card, *fields, volts) for volts in (0.0, voltage))
    if abs(exact[0] - exact[1]) > MAX_LOG_ODDS:
        return None
    rate = float(np.exp(-exact[0]) + np.exp(-exact[1]))
    x, z = with_stray_field(card, fields[0], fields[2], 0.0)
    start = equilibrium_directions(macrospin(card), (float(x), 0.0, float(z)), TRAJECTORIES, 1)
    m = trajectories(
        driven_macrospin(card, fields, voltage),
        start,
        1 / (PER_RELAXATION * rate),
        records + BURN_IN,
        TRAJECTORIES,
        seed_of(barrier, part),
        dtype=np.float32,
    )[BURN_IN:]
    is_high = (m @ np.array(easy_axis(card)) > 0) == high_state_is_up(card)
    found, error = _log_dwell_times(is_high.astype(np.float64), rate)
    return {
        "card": name,
        "barrier": barrier,
        "part": part,
        "exact": [float(e - r) for e, r in zip(exact, rest, strict=True)],
        "simulated": [float(f - r) for f, r in zip(found, rest, strict=True)],
        "error": error.tolist(),
        "compact": [barrier * voltage / v for v in (high, low)],
        "records": records,
        "seed": seed_of(barrier, part),
    }


def seed_of(barrier: float, part: float) -> int:
    """Return the seed of a device at a voltage."""
    return round(100 * barrier + 10 * part)


def _log_dwell_times(high: Floats, rate: float) -> tuple[Floats, Floats]:
    """Return ln τ of both states and their jackknife errors over groups of trajectories."""

    def estimate(side: Floats) -> Floats:
        occupied = side.mean()
        away = side - occupied
        near, far = ((away[k:] * away[:-k]).mean() for k in (1, 2))
        own = -math.log(far / near) * PER_RELAXATION * rate
        return np.array([-math.log(own * (1 - occupied)), -math.log(own * occupied)])

    groups = np.array_split(np.arange(high.shape[1]), GROUPS)
    without = np.array([estimate(np.delete(high, group, axis=1)) for group in groups])
    spread = (GROUPS - 1) / GROUPS * ((without - without.mean(axis=0)) ** 2).sum(axis=0)
    return estimate(high), np.sqrt(spread)


def row(found: dict[str, Any]) -> str:
    """Return a line of the table."""
    pairs = zip(found["simulated"], found["exact"], found["error"], strict=True)
    scores = [(s - e) / error for s, e, error in pairs]
    simulated = (
        f"{s:+.3f} ± {e:.3f}" for s, e in zip(found["simulated"], found["error"], strict=True)
    )
    cells = [
        f"{found['card']}, {GEOMETRIES[found['card']]}",
        f"{found['barrier']:g}",
        f"{found['part']:+g}",
        ", ".join(f"{entry:+.3f}" for entry in found["exact"]),
        ", ".join(simulated),
        ", ".join(f"{score:+.1f}" for score in scores),
        ", ".join(f"{entry:+.2f}" for entry in found["compact"]),
        f"{found['records']}, {found['seed']}",
    ]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Simulate what is missing and write the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=600)
    parser.add_argument("--out", type=Path, default=FOLDER)
    options = parser.parse_args()
    store = options.out / "torque.json"
    known = json.loads(store.read_text()) if store.exists() else []
    done = {(one["card"], one["barrier"], one["part"]) for one in known}
    cases = [(b, c, p) for b in BARRIERS for c in GEOMETRIES for p in PARTS]
    for barrier, name, part in track(cases, "devices"):
        if (name, barrier, part) in done:
            continue
        found = run(name, barrier, part, options.records)
        if found is None:
            continue
        known.append(found)
        print(row(known[-1]), flush=True)
        write_text(store, json.dumps(known, indent=1) + "\n")
    known.sort(key=lambda one: (list(GEOMETRIES).index(one["card"]), one["barrier"], one["part"]))
    head = HEAD.format(day=date.today().isoformat(), trajectories=TRAJECTORIES)
    write_text(options.out / "torque.md", head + "\n".join(map(row, known)) + "\n")


if __name__ == "__main__":
    main()
