"""Dwell times under spin torque: exact rates and the compact law against simulated motion.

Three cards of the gallery, with a polarisation of 0.6 and no VCMA, at barriers of 4, 6 and 8 k_B T
and voltages of ±0.2 and ±0.5 of the V_c of their high state.  Occupancies, down to e^-14, and
relaxation rates are those of the stochastic Landau-Lifshitz-Gilbert equation, by the weighted
ensembles of ``weighted_ensemble.py``.  Rows are kept in docs/validation/torque.json, so that a run
goes on where another one ended.
"""

import argparse
import json
import math
import os
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track
from weighted_ensemble import followed, jackknife, landscape, mover, relaxation_rate, split_passages

from smtj import operating_point, provenance
from smtj.card import DeviceCard, as_device
from smtj.dynamics.macrospin.driven import driven_macrospin
from smtj.files import write_text
from smtj.physics.constants import GYROMAGNETIC_RATIO, VACUUM_PERMEABILITY
from smtj.physics.device import with_stability_factor
from smtj.physics.dwell import exact_log_dwell_times
from smtj.physics.free_layer import drive_field, high_state_is_up
from smtj.physics.readout.back_action import critical_voltages
from smtj.physics.resonance.frequency import stiffness

FOLDER = Path("docs/validation")
GEOMETRIES = {"funatsu2022": "along the normal", "cai2019": "tilted", "mizrahi2018": "in plane"}
BARRIERS, PARTS = (4.0, 6.0, 8.0), (-0.5, -0.2, 0.2, 0.5)
DAMPING = 0.05
"""More than the cards', so that fewer steps make a dwell."""
RESAMPLING, BURN_IN = 0.1, 400
"""Interval of the ensemble in settling times of a well, and intervals before it counts."""
ROUNDS = (3000, 9000)
"""Intervals between looks at the error, and at most."""
TOLERANCE = 0.01
"""Error of ln odds at which an ensemble ends."""
SLOW = 5e-4
"""λ1 times the settling time below which the fluxes give λ1 to a tenth of a per cent."""
COMMON = 3.0
"""ln odds up to which both states are common enough to follow them without splitting."""
SIZES = (20_000, 10_000)
"""Trajectories that give λ1, and where it is below SHORT of the settling rate."""
SHORT = 0.005
HEAD = """# Dwell times under spin torque

Made by `validation/torque.py` ({day}, {machine}). Cards of the gallery with a
polarisation of 0.6, without VCMA, at other volumes and a damping of 0.05. Changes of ln τ_high and
ln τ_low by a voltage: exact from the Fokker-Planck equation (`smtj.physics.torque`); simulated from
the stochastic Landau-Lifshitz-Gilbert equation by weighted ensembles
(`validation/weighted_ensemble.py`), less the exact value without torque, z their difference in
standard errors; and the compact law, Δ V/V_c with the V_c of each state. ln odds is that of the
high state; both states are halves of the sphere, and of a state as rare as e^-14 a part lies on the
slope beyond its well.

{summary} `make validate` adds the rows that are missing.

Measured torques: J. C. Sankey et al. (abstract, arXiv:0705.4207) find dτ/dV at low bias in the
plane of both electrodes and "in excellent agreement" with highly spin-polarised tunnelling, the
formula used here. A comparison of numbers is open: no abstract that could be read has TMR or
polarisation, area, M_s t, damping and torkance or critical voltage of one device together.

| card | Δ | V/V_c | exact | simulated | z | compact law | ln odds |
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


def run(name: str, barrier: float, part: float) -> dict[str, Any]:
    """Compare one device at one voltage."""
    card = device(name, barrier)
    high, low = critical_voltages(card)
    voltage = part * abs(high)
    fields = drive_field(card, float(np.asarray(operating_point(card).offset_field)))
    rest, exact = (exact_log_dwell_times(card, *fields, volts) for volts in (0.0, voltage))
    about, seed = float(sum(np.exp(-entry) for entry in exact)), round(100 * barrier + 10 * part)
    odds = float(exact[0] - exact[1])
    found, error, odds, split = simulated(card, fields, voltage, (about, odds), seed)
    return {
        "card": name,
        "barrier": barrier,
        "part": part,
        "exact": [float(e - r) for e, r in zip(exact, rest, strict=True)],
        "simulated": [float(f - r) for f, r in zip(found, rest, strict=True)],
        "error": error,
        "compact": [barrier * voltage / v for v in (high, low)],
        "log_odds": odds,
        "route": "splitting" if split else "followed",
    }


def simulated(
    card: DeviceCard,
    fields: tuple[float, float, float],
    voltage: float,
    expected: tuple[float, float],
    seed: int,
) -> tuple[list[float], list[float], float, bool]:
    """Return ln τ of the high and the low state, their errors, ln odds of the high state, and
    whether trajectories were split.

    ``expected`` is about λ1 in 1/s and ln odds; they decide whether trajectories are split, and
    when those that are not are looked at.
    """
    about, exact_odds = expected
    system = driven_macrospin(card, fields, voltage)
    land, move = landscape(system), mover(system, seed)
    at = [float(np.asarray(part)) for part in system.field]
    mean = float(np.trace(stiffness(system.spin, land.bottoms[0], *at).matrix) / 2)
    settling = 1 / (GYROMAGNETIC_RATIO * VACUUM_PERMEABILITY * DAMPING * mean)
    split = about * settling < SLOW or abs(exact_odds) > COMMON
    if split:
        found = split_passages(move, land, RESAMPLING * settling, BURN_IN, ROUNDS, TOLERANCE, seed)
        log_odds, rates = np.log(found.odds()), found.rates()
        odds, odds_error = float(log_odds[-1]), jackknife(log_odds)
        up = 1 / (1 + math.exp(-odds))
        rate, rate_error = float(rates[-1]), jackknife(np.log(rates))
        if rate * settling > SLOW:
            rarer = int(odds > 0)
            size = SIZES[int(rate * settling < SHORT)]
            start, occupied = found.entries[rarer], min(up, 1 - up)
            rate, rate_error = relaxation_rate(
                move, land, start, occupied, rate, settling, size, seed
            )
    else:
        # The torque may keep a state away from its core, so that fluxes miss most passages.
        rate, rate_error, odds, odds_error = followed(move, land, about, SIZES[0])
        up = 1 / (1 + math.exp(-odds))
    pairs = [
        (-math.log(rate * other), math.hypot(rate_error, (1 - other) * odds_error))
        for other in (1 - up, up)
    ]
    if not high_state_is_up(card):
        pairs, odds = pairs[::-1], -odds
    return [value for value, _ in pairs], [error for _, error in pairs], odds, split


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
        f"{found['log_odds']:+.2f}",
    ]
    return "| " + " | ".join(cells) + " |"


def summary(rows: list[dict[str, Any]]) -> str:
    """Return what the rows say together."""
    scores, errors = [], []
    for one in rows:
        for s, e, error in zip(one["simulated"], one["exact"], one["error"], strict=True):
            scores.append((s - e) / error)
            errors.append(100 * error)
    older = [one for one in rows if one.get("route") in ("occupancy", "followed")]
    split = [100 * e for one in rows if one not in older for e in one["error"]]
    without = (
        f" {len(older)} of them, with errors of up to {max(errors):.0f} %, are from the occupancy\n"
        "and the correlation of 512 or 20,000 trajectories, without splitting."
        if older
        else ""
    )
    return (
        f"{len(rows)} devices and voltages; of {len(scores)} times "
        f"{sum(abs(z) < 3 for z in scores)} have |z| < 3, the largest is\n"
        f"{max(map(abs, scores)):.1f}, the rms {float(np.sqrt(np.mean(np.square(scores)))):.2f} "
        f"and the mean {np.mean(scores):+.2f}. Errors of the weighted ensembles are "
        f"{np.median(split):.1f} % in the\nmiddle and {max(split):.1f} % at most.{without}"
    )


def main() -> None:
    """Simulate what is missing and write the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--barriers", type=float, nargs="+", default=BARRIERS)
    options = parser.parse_args()
    store = options.out / "torque.json"
    known = json.loads(store.read_text()) if store.exists() else []
    done = {(one["card"], one["barrier"], one["part"]) for one in known}
    cases = [(b, c, p) for b in options.barriers for c in GEOMETRIES for p in PARTS]
    for barrier, name, part in track(cases, "devices"):
        if (name, barrier, part) in done:
            continue
        known.append(run(name, barrier, part))
        print(row(known[-1]), flush=True)
        write_text(store, json.dumps(known, indent=1) + "\n")
    known.sort(key=lambda one: (list(GEOMETRIES).index(one["card"]), one["barrier"], one["part"]))
    machine = f"{provenance.versions()['platform']}, {os.cpu_count()} cores"
    head = HEAD.format(day=date.today().isoformat(), machine=machine, summary=summary(known))
    write_text(options.out / "torque.md", head + "\n".join(map(row, known)) + "\n")


if __name__ == "__main__":
    main()
