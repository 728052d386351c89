"""Fit → card → laboratory → fit over 250 foreign devices; writes docs/validation/cards.json.

Telegraph noise of random devices, made by ``tests/analysis/measured_devices.py`` without anything
of smtj: traces, scans of a field by Eq. 3 and 4, by a drive that acts on one state alone and by one
between, and traces at several voltages.  Each is fitted as a user's file without a base card; the
laboratory measures the card that follows as the device was measured; that is fitted again.  The
intervals of the first fit should hold the device, those of the second the card.
"""

import argparse
import json
import math
import sys
from datetime import date
from pathlib import Path

import numpy as np
from kept import kept
from rich.progress import track

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "analysis"))
from measured_devices import FIELD, VOLTAGE, random_scan, random_trace

import smtj
from smtj import provenance
from smtj.errors import SmtjError
from smtj.files import write_text
from smtj.units import Oe, convert

RESULT = Path("docs/validation/cards.json")
READINGS = 4000
KINDS = {
    "trace": None,
    "scan, exponential": {},
    "scan, Eq. 3 and 4": {"curvature": 1 / (16 * 12)},
    "scan, one state alone": {"asymmetry": 0.5},
    "traces at voltages": {"drive": VOLTAGE},
}
"""Law of the dwell times of a scan; None is a trace."""
UNITS = {"slope": ("m/A", "1/Oe"), "midpoint": ("A/m", "Oe")}
Z = 1.959963984540054


def entries(card):
    """Value and standard error of what was measured, by the last part of the entry's name."""
    found = {}
    for name, value, _ in card.values():
        short = name.partition(".")[2]
        if value.standard_error:
            units = UNITS.get(short, ("", "")) if "field" in name else ("", "")
            found[short] = [convert(number, *units) for number in (value, value.standard_error)]
    return found


def measured(card, frame, seed):
    """Measure a card along the drive along which its device was measured."""
    if VOLTAGE in frame:
        volts = np.sort(frame[VOLTAGE].unique())
        return smtj.lab.bias_scan(card, READINGS, voltage=volts, seed=seed)
    return smtj.lab.scan(card, frame[FIELD].unique() * Oe, READINGS, seed=seed)


@kept
def one(kind, seed):
    """Fit a device, measure its card, and fit that; return z of both fits by entry."""
    rng = np.random.default_rng([2, seed, len(kind)])
    law = KINDS[kind]
    frame, truth = random_trace(rng, READINGS) if law is None else random_scan(
        rng, **law, count=READINGS
    )  # fmt: skip
    try:
        card = smtj.fit(frame, source="device.csv").card()
        if law is None:
            data = smtj.lab.trace(card, READINGS, seed=seed)
        else:
            data = measured(card, frame, seed)
        again = smtj.fit(data, source="again.csv").card()
    except SmtjError as error:
        return {"refused": str(error)}
    first, second = entries(card), entries(again)
    known = {name: first[name][0] for name in truth if name in first}
    return {
        "device": {name: score(name, first[name], truth[name]) for name in known},
        "card": {name: score(name, second[name], known[name]) for name in known if name in second},
        "misses": "misses its data" in (card.notes or ""),
    }


def score(name, found, truth):
    """Return the distance of a value from the truth in its standard errors; times by logarithm."""
    value, error = found
    if name.startswith("dwell_time"):
        return math.log(value / truth) * value / error
    return (value - truth) / error


def summary(found):
    """Return coverages of one kind of device."""
    good = [each for each in found if "refused" not in each]
    names = list(good[0]["device"])
    result = {
        "devices": len(found),
        "refused": len(found) - len(good),
        "said to miss their data": sum(each["misses"] for each in good),
    }
    for of in ("device", "card"):
        z = {
            name: np.array([each[of][name] for each in good if name in each[of]]) for name in names
        }
        result[of] = {name: round(float((np.abs(row) <= Z).mean()), 3) for name, row in z.items()}
        every = np.concatenate(list(z.values()))
        result[of]["all"] = round(float((np.abs(every) <= Z).mean()), 4)
        result[of]["largest z"] = round(float(np.abs(every).max()), 2)
    return result


def main():
    """Run all kinds and record them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--devices", type=int, default=250, help="of all kinds together")
    options = parser.parse_args()
    each = options.devices // len(KINDS)
    about = {"date": date.today().isoformat(), **provenance.versions()}
    result = {
        kind: summary([one(kind, seed) for seed in track(range(each), kind)]) for kind in KINDS
    }
    text = json.dumps({"about": about, "result": result}, indent=1, ensure_ascii=False)
    print(write_text(RESULT, text + "\n"))
    print(json.dumps(result, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
