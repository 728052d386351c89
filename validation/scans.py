"""Coverage of w, H_s and dwell times over random cards; writes docs/validation/scans.json.

Every card is measured by the virtual laboratory at seven fields within ±3/w of H_s, at three
samples per shorter dwell and 50 switches or more at the outer fields, with noise up to 0.3 and a
drift of one level separation over every trace, one half at a constant voltage and the other at a
constant current; and fitted as a user's file would be.  Dwell times are those of every trace that
shows two levels and 20 switches, which a user would get from the trace alone.

Finished parts are stored in a JSON-lines file, from which a stopped run resumes.
"""

import argparse
import json
import math
import multiprocessing
from datetime import date
from pathlib import Path

import numpy as np
from rich.progress import track

import smtj
from smtj import load_card, operating_point, provenance
from smtj.analysis.switching.scan import MIN_SWITCHES
from smtj.errors import SmtjError
from smtj.files import write_text
from smtj.lab import Instrument, scan
from smtj.physics.dwell import card_log_dwell_times
from smtj.physics.junction import (
    parallel_resistance,
    state_resistances,
    state_resistances_at_current,
)

RESULT = Path("docs/validation/scans.json")
KEPT = Path("results/validation/scans.jsonl")
KINDS = ("instantaneous", "full window")
BIASES = ("constant current", "constant voltage")
"""Of even and of odd seeds."""
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
    """Measure and fit a card; return what its intervals hold, and widths over Cramér-Rao's."""
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
        levels = state_resistances(card, 0.0, 0.0, field, VOLTAGE)
    else:
        bias = {"current": 1e-3 / parallel_resistance(card)}
        levels = state_resistances_at_current(card, 0.0, 0.0, field, bias["current"])
    separation = float((levels.high - levels.low)[FIELDS // 2])
    noise = float(rng.uniform(0, 0.3)) * abs(separation)
    sign = float(rng.choice([-1, 1]))
    if seed % 2:
        # Over all traces the drift is as large as the resistance, which stays above 0.
        sign = np.sign(separation)
    lab = Instrument(
        interval, interval if averaged else 0.0, noise, drift=FIELDS * separation * sign
    )
    data = scan(card, field, samples, **bias, instrument=lab, seed=seed)
    try:
        found = smtj.fit(data, card).fit
    except SmtjError as error:
        return {"refused": str(error)}
    # The bound of continuous records without noise: var ln(τ_high/τ_low) = 2 (τ_high + τ_low)/T.
    variance = 2 * (high + low) / (samples * interval)
    design = np.stack([field - h_s, np.full(FIELDS, -w)], axis=1) / np.sqrt(variance)[:, None]
    bound = np.sqrt(np.diag(np.linalg.inv(design.T @ design)))
    truth = np.array([w, h_s])
    intervals = np.array([e.interval for e in found.sigmoid.estimates])
    # Each state has the dwell time of the voltage that the junction has in it.
    place = (0.0, 0.0, field)
    log_high, _ = card_log_dwell_times(card, *place, levels.voltage_high)
    _, log_low = card_log_dwell_times(card, *place, levels.voltage_low)
    dwells = [
        within(np.array(trace.fit.intervals()), np.exp([log_high[i], log_low[i]]))
        for i, trace in enumerate(found.traces)
        if trace.fit.verdict == "two levels" and trace.fit.switches >= MIN_SWITCHES
    ]
    covered, above = within(intervals, truth)
    return {
        "covered": covered,
        "above": above,
        "over_bound": (np.ptp(intervals, axis=1) / (2 * 1.96 * bound)).tolist(),
        "verdicts": [trace.fit.verdict for trace in found.traces],
        "dwells": dwells,
    }


def within(intervals, truth):
    """Return which intervals hold the truth, and which lie above it."""
    covered = (intervals[:, 0] <= truth) & (truth <= intervals[:, 1])
    return covered.tolist(), (intervals[:, 0] > truth).tolist()


def summary(found):
    """Return coverage and widths of a kind of scan."""
    good = [each for each in found if "refused" not in each]
    columns = {
        key: np.array([each[key] for each in good]) for key in ("covered", "above", "over_bound")
    }
    dwells = np.array([dwell for each in good for dwell in each["dwells"]])
    verdicts = [verdict for each in good for verdict in each["verdicts"]]
    names, states = ("w", "H_s"), ("high", "low")

    def named(keys, values, digits):
        return dict(zip(keys, np.round(values, digits).tolist(), strict=True))

    return {
        "cards": len(found),
        "refused": len(found) - len(good),
        "coverage": named(names, columns["covered"].mean(axis=0), 4),
        "coverage_error": round(math.sqrt(0.95 * 0.05 / len(good)), 4),
        "interval_above_truth": named(names, columns["above"].mean(axis=0), 4),
        "width_over_bound": named(names, np.median(columns["over_bound"], axis=0), 3),
        "verdicts": {name: verdicts.count(name) for name in sorted(set(verdicts))},
        "dwell_times": {
            "traces": len(dwells),
            "coverage": named(states, dwells[:, 0].mean(axis=0), 4),
            "coverage_error": round(math.sqrt(0.95 * 0.05 / len(dwells)), 4),
            "interval_above_truth": named(states, dwells[:, 1].mean(axis=0), 4),
        },
    }


def runs(cases, processes, kept, revision):
    """Yield cases with what was found of them, those first that are kept from before."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    lines = kept.read_text().splitlines() if kept.exists() else []
    # Of a run that was killed the last line may be a part.
    whole = [line for line in lines if line.endswith(f'"revision": "{revision}"}}')]
    done = {tuple(each["case"]): each["found"] for each in map(json.loads, whole)}
    yield from ((case, done[case]) for case in cases if case in done)
    missing = [case for case in cases if case not in done]
    with (
        multiprocessing.get_context("spawn").Pool(processes) as pool,
        kept.open("a", encoding="utf-8") as file,
    ):
        for case, found in pool.imap_unordered(case_and_found, missing, chunksize=2):
            line = json.dumps({"case": case, "found": found, "revision": revision})
            file.write(f"\n{line}")
            file.flush()
            yield case, found


def case_and_found(case):
    """Return a case with what was found of it."""
    return case, one(case)


def main():
    """Run both kinds of readings at both kinds of bias and record them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cards", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--kept", type=Path, default=KEPT, help="lines of what is done")
    options = parser.parse_args()
    about = {"date": date.today().isoformat(), **provenance.versions()}
    cases = [(seed, averaged) for seed in range(options.cards) for averaged in range(len(KINDS))]
    done = runs(cases, options.processes, options.kept, str(about["git_revision"]))
    found = dict(track(done, "scans", len(cases)))
    result = {
        kind: {
            name: summary([found[seed, averaged] for seed in seeds])
            for name, seeds in {
                "both": range(options.cards),
                **{bias: range(k, options.cards, 2) for k, bias in enumerate(BIASES)},
            }.items()
        }
        for averaged, kind in enumerate(KINDS)
    }
    write_text(RESULT, json.dumps({"about": about, "result": result}, indent=1) + "\n")
    print(RESULT)


if __name__ == "__main__":
    main()
