"""Coverage of w and H_s: random cards, virtual scans, fits; writes docs/validation/scans.json.

Every card is measured by the virtual laboratory at seven fields within ±3/w of H_s, at three
samples per shorter dwell and 50 switches or more at the outer fields, with noise up to 0.3 and a
drift of one level separation over every trace, one half at a constant voltage and the other at a
constant current; and fitted as a user's file would be.
"""

import argparse
import json
import multiprocessing
from datetime import date
from pathlib import Path

import numpy as np
from rich.progress import track

from smtj import load_card, operating_point, provenance
from smtj.analysis import Setting
from smtj.analysis.scan import scan_of
from smtj.analysis.trace import trace_of
from smtj.errors import SmtjError
from smtj.files import write_text
from smtj.lab import probability_scan
from smtj.measurement import groups
from smtj.physics.junction import (
    parallel_resistance,
    state_resistances,
    state_resistances_at_current,
)

RESULT = Path("docs/validation/scans.json")
FIELDS, REACH = 7, 3.0
SAMPLES_A_DWELL, CYCLES = 3, 25
VOLTAGE = 1.2e-3
"""In V."""
CARD = load_card("cai2019")


def random_card(rng):
    """Draw a device within the range in which a two-state junction is seen in a laboratory."""
    return CARD.replace(
        {
            "geometry.activation_volume": rng.uniform(2.6e-24, 3.6e-24),
            "switching.model": rng.choice(["cai2019", "self-consistent"]),
            "switching.effective_anisotropy_field": rng.uniform(25e3, 70e3),
            "magnetism.in_plane_bias_field": rng.uniform(0, 12e3),
            "magnetism.easy_axis_tilt": rng.uniform(0.08, 0.4),
            "magnetism.reference_layer_angle": rng.choice([0.0, np.pi]),
            "electrical.parallel_resistance": np.exp(rng.uniform(np.log(300), np.log(2e4))),
            "electrical.tmr": rng.uniform(0.4, 1.5),
        }
    )


def one(case):
    """Measure and fit a card; return z of w and H_s, and widths over the Cramér-Rao bound."""
    seed, averaged = case
    rng = np.random.default_rng([seed, averaged])
    card = random_card(rng)
    point = operating_point(card, VOLTAGE)
    w, h_s = float(point.slope), float(point.offset_field)
    field = h_s + np.linspace(-REACH, REACH, FIELDS) / abs(w)
    high, low = point.dwell_times(field)
    interval = float(np.minimum(high, low).min()) / SAMPLES_A_DWELL
    samples = int(np.ceil(CYCLES * (high + low).max() / interval * 1.1))
    if seed % 2:
        bias = {"voltage": VOLTAGE}
        levels = state_resistances(card, 0.0, 0.0, h_s, VOLTAGE)
    else:
        bias = {"current": 1e-3 / parallel_resistance(card)}
        levels = state_resistances_at_current(card, 0.0, 0.0, h_s, bias["current"])
    separation = float(levels.high - levels.low)
    noise = float(rng.uniform(0, 0.3)) * abs(separation)
    sign = float(rng.choice([-1, 1]))
    if seed % 2:
        # Over all traces the drift is as large as the resistance, which stays above 0.
        sign = np.sign(separation)
    data = probability_scan(
        card,
        field,
        samples,
        **bias,
        interval=interval,
        integration_time=interval if averaged else 0.0,
        noise=noise,
        drift=FIELDS * separation * sign,
        seed=seed,
    )
    setting = Setting(card, "scan")
    try:
        traces = [trace_of(*group, setting, 0) for group in groups(data)]
        fit = scan_of(traces, setting).sigmoid
    except SmtjError as error:
        return {"refused": str(error)}
    # The bound of continuous records without noise: var ln(τ_high/τ_low) = 2 (τ_high + τ_low)/T.
    variance = 2 * (high + low) / (samples * interval)
    design = np.stack([field - h_s, np.full(FIELDS, -w)], axis=1) / np.sqrt(variance)[:, None]
    bound = np.sqrt(np.diag(np.linalg.inv(design.T @ design)))
    truth = np.array([w, h_s])
    intervals = np.array([e.interval for e in fit.rows("A/m")])
    return {
        "covered": ((intervals[:, 0] <= truth) & (truth <= intervals[:, 1])).tolist(),
        "above": (intervals[:, 0] > truth).tolist(),
        "over_bound": (np.ptp(intervals, axis=1) / (2 * 1.96 * bound)).tolist(),
    }


def summary(found):
    """Return coverage and widths of a kind of scan."""
    good = [each for each in found if "refused" not in each]
    columns = {key: np.array([each[key] for each in good]) for key in good[0]}
    return {
        "cards": len(found),
        "refused": len(found) - len(good),
        "coverage": dict(zip(("w", "H_s"), columns["covered"].mean(axis=0).round(4), strict=True)),
        "interval_above_truth": columns["above"].mean(axis=0).round(4).tolist(),
        "width_over_bound": dict(
            zip(("w", "H_s"), np.median(columns["over_bound"], axis=0).round(3), strict=True)
        ),
    }


def main():
    """Run both kinds of readings and record them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cards", type=int, default=1000)
    options = parser.parse_args()
    record = {"about": {"date": date.today().isoformat(), **provenance.versions()}}
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        for kind, averaged in (("instantaneous", 0), ("full window", 1)):
            cases = [(seed, averaged) for seed in range(options.cards)]
            runs = pool.imap_unordered(one, cases, chunksize=5)
            found = list(track(runs, description=kind, total=len(cases)))
            record[kind] = summary(found)
            print(kind, record[kind])
            write_text(RESULT, json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
