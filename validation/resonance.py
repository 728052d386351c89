"""Measure the coverage of intervals of resonance fits; writes docs/validation/resonance.json.

Random devices are measured by the virtual laboratory and fitted as a user's files would be, by an
analyst whose card has another H_K1, H_K2, VCMA coefficient and damping, and the nominal M_s, t and
t_MgO, from which those of the device differ by the standard errors that the card states.  A device
with an upright axis is fitted by Eq. 7, one with a tilted axis and fields of its own in the plane
by both wells of whole spectra, which know of no spin torque; what that does is seen beside.
Finished devices are stored in results/validation, so a stopped run resumes there.
"""

import argparse
import json
import multiprocessing
from datetime import date
from pathlib import Path

import numpy as np
from kept import FOLDER, code
from rich.console import Console
from rich.progress import track
from rich.table import Table

import smtj
from smtj import load_card, provenance
from smtj.card import Value
from smtj.errors import SmtjError
from smtj.files import write_text
from smtj.lab import spectra
from smtj.physics.constants import VACUUM_PERMEABILITY
from smtj.physics.magnetics.anisotropy import anisotropy_field, voltage_energy_density
from smtj.physics.resonance.spectrum import well_lines
from smtj.units import format_quantity

RESULT = Path("docs/validation/resonance.json")
KINDS = {
    "upright axis, Eq. 7": (False, True, 1.0),
    "tilted axis, whole spectra": (True, False, 1.0),
    "the same with a spin torque": (True, True, 0.2),
}
"""Whether the axis is tilted, whether there is a spin torque, and how many for each asked for."""
TESLA = 1 / VACUUM_PERMEABILITY
STACK = {
    "magnetism.saturation_magnetisation": (1.18e6, 0.03),
    "geometry.free_layer_thickness": (1.62e-9, 0.02),
    "geometry.tunnel_barrier_thickness": (0.8e-9, 0.03),
}
"""Nominal values and the standard errors that the card states, as shares."""
LOWEST, POINTS = 0.3e9, 301
"""Of the frequencies of every spectrum, in Hz."""
BELOW, BEYOND = (0.15, 0.95), (1.05, 2.0)
"""Fields below and beyond saturation, in units of the H_K1 that the analyst expects."""
SIGNAL_TO_NOISE = (10.0, 50.0)
"""Range from crest to trough of a spectrum, over the noise of a point."""
QUANTITIES = ("H_K1", "H_K2", "-dH_K1/dV", "ξ")
CARD = load_card("cai2019")


def devices(rng, tilted, torque):
    """Draw a device, and the card that an analyst has of it."""
    expected = rng.uniform(35e-3, 75e-3) * TESLA
    known = {
        "vcma.anisotropy_field_per_volt": None,
        "geometry.activation_volume": rng.uniform(2.6e-24, 3.6e-24),
        "electrical.parallel_resistance": np.exp(rng.uniform(np.log(500), np.log(2e4))),
        "electrical.tmr": rng.uniform(0.4, 1.5),
        "magnetism.reference_layer_angle": np.pi + rng.uniform(-0.7, 0.7),
        "magnetism.easy_axis_tilt": rng.uniform(0.03, 0.3) if tilted else 0.0,
        "magnetism.in_plane_bias_field": rng.uniform(0, 12e-3) * TESLA if tilted else 0.0,
        "magnetism.in_plane_anisotropy_field": rng.uniform(0, 20e-3) * TESLA if tilted else 0.0,
    }
    if torque:
        # Beyond saturation nothing else drives the lines of an upright axis.
        known |= {
            "spin_torque.polarisation": 0.5,
            "spin_torque.damping_like_field_per_volt": rng.uniform(0, 2e-3) * TESLA,
            "spin_torque.field_like_field_per_volt": rng.uniform(0.5e-3, 2e-3) * TESLA,
        }
    analyst = CARD.replace(
        known
        | {
            "magnetism.anisotropy_field": expected,
            "magnetism.damping": 0.02,
            **{
                name: Value(value, "measured", "nominal", share * value)
                for name, (value, share) in STACK.items()
            },
        }
    )
    device = analyst.replace(
        {
            "magnetism.anisotropy_field": expected * rng.uniform(0.85, 1.15),
            "magnetism.second_order_anisotropy_field": rng.uniform(-6e-3, 8e-3) * TESLA,
            "magnetism.damping": rng.uniform(0.01, 0.03),
            "vcma.coefficient": rng.uniform(10e-15, 60e-15),
            **{
                name: value * (1 + share * rng.standard_normal())
                for name, (value, share) in STACK.items()
            },
        }
    )
    return device, analyst


def measured(rng, device, expected):
    """Measure a spectrum at each of several fields and voltages, to a signal/noise of its own."""
    count = int(rng.integers(3, 6))
    voltages = np.linspace(-1, 1, count) * round(float(rng.uniform(0.1, 0.2)), 2)
    below = rng.uniform(*BELOW, int(rng.integers(4, 7)))
    beyond = rng.uniform(*BEYOND, int(rng.integers(2, 4)))
    ratios = np.concatenate([below, beyond])
    fields = expected * ratios * rng.choice([-1, 1], ratios.size)
    lines = well_lines(device, fields, 0.0, 0.0, voltages[:, None])
    highest = 1.15 * float((lines.position + lines.half_width).max())
    frequencies = np.linspace(LOWEST, highest, POINTS)
    data = spectra(device, fields, voltages, frequencies)
    clean = data["signal"].values
    ratio = np.exp(rng.uniform(*np.log(SIGNAL_TO_NOISE), clean.shape[:2]))
    noise = np.ptp(clean, axis=-1) / ratio
    data["signal"] += noise[..., None] * rng.standard_normal(clean.shape)
    return data, voltages


def truths(device, voltages):
    """Return H_K1 and H_K2 at each voltage, -dH_K1/dV and ξ."""
    coefficient = float(device.vcma.coefficient)
    lost = voltage_energy_density(
        coefficient,
        1.0,
        device.geometry.tunnel_barrier_thickness,
        device.geometry.free_layer_thickness,
    )
    per_volt = float(anisotropy_field(lost, device.magnetism.saturation_magnetisation))
    first = float(device.magnetism.anisotropy_field) - per_volt * voltages
    second = np.full(voltages.size, float(device.magnetism.second_order_anisotropy_field))
    return {"H_K1": first, "H_K2": second, "-dH_K1/dV": [per_volt], "ξ": [coefficient]}


def one(case):
    """Measure and fit a device; return for each number z, whether it is covered, and its error."""
    seed, kind = case
    rng = np.random.default_rng([seed, kind])
    tilted, torque, _ = list(KINDS.values())[kind]
    device, analyst = devices(rng, tilted, torque)
    data, voltages = measured(rng, device, float(analyst.magnetism.anisotropy_field))
    result = {"seed": seed, "voltages": voltages.size}
    try:
        fit = smtj.fit(data, analyst)
    except SmtjError as error:
        return {**result, "refused": str(error)}
    at = [f"at {format_quantity(round(v, 9), 'V', 'mV', 4)}" for v in voltages]
    found = {(e.symbol, e.condition): e for e in fit.estimates}
    wanted = {name: [(name, where) for where in at] for name in ("H_K1", "H_K2")}
    wanted |= {name: [(name, "")] for name in ("-dH_K1/dV", "ξ")}
    for quantity, truth in truths(device, voltages).items():
        rows = []
        for key, value in zip(wanted[quantity], truth, strict=True):
            if key in found:
                e = found[key]
                inside = e.interval[0] <= value <= e.interval[1]
                rows.append([(e.value - value) / e.error, bool(inside), e.error])
        result[quantity] = rows
    remarks = [remark for part in fit.each for remark in part.remarks]
    result["remarks"] = [remark for remark in remarks if "widened" in remark]
    return result


def summary(found):
    """Return coverage, z, widths and refusals of a kind of devices."""
    good = [each for each in found if "refused" not in each]
    unit = {"H_K1": 1 / TESLA, "H_K2": 1 / TESLA, "-dH_K1/dV": 1 / TESLA, "ξ": 1.0}
    asked = sum(each["voltages"] for each in good)
    rows = {}
    for quantity in QUANTITIES:
        numbers = [row for each in good for row in each[quantity]]
        z, covered, error = (np.array(column) for column in zip(*numbers, strict=True))
        rows[quantity] = {
            "numbers": len(numbers),
            "coverage": round(float(covered.mean()), 4),
            "coverage_error": round(_clustered(good, quantity), 4),
            "mean_z": round(float(z.mean()), 3),
            "sd_z": round(float(z.std()), 3),
            "median_half_interval": float(1.96 * np.median(error)) * unit[quantity],
        }
    return {
        "devices": len(found),
        "refused": len(found) - len(good),
        "voltages": asked,
        "inseparable_voltages": asked - rows["H_K1"]["numbers"],
        "devices_without_xi": sum(not each["ξ"] for each in good),
        "devices_with_widened_errors": sum(map(_widened, good)),
        "quantities": rows,
    }


def _widened(each):
    """Whether a fit of the anisotropy fields was so bad that their errors were widened."""
    return any("the data scatter" in remark for remark in each["remarks"])


def _clustered(good, quantity):
    """Standard error of a coverage of which the numbers of one device may be alike."""
    counts = np.array([[len(e[quantity]), sum(row[1] for row in e[quantity])] for e in good])
    share = counts[:, 1].sum() / counts[:, 0].sum()
    return float(np.sqrt(((counts[:, 1] - share * counts[:, 0]) ** 2).sum()) / counts[:, 0].sum())


def run(kind, count, pool):
    """Yield the results of a kind of devices, those first that the same code left before."""
    kept = FOLDER / f"resonance-{kind}.jsonl"
    kept.parent.mkdir(parents=True, exist_ok=True)
    fingerprint = code()
    lines = kept.read_text().splitlines() if kept.exists() else []
    done = [entry for entry in map(json.loads, lines) if entry["code"] == fingerprint]
    done = [entry for entry in done if entry["seed"] < count]
    yield from done
    missing = sorted(set(range(count)) - {entry["seed"] for entry in done})
    with kept.open("a") as file:
        for entry in pool.imap_unordered(one, [(seed, kind) for seed in missing], chunksize=2):
            file.write(json.dumps({**entry, "code": fingerprint}) + "\n")
            file.flush()
            yield entry


def main():
    """Run all kinds of devices, print a table and record it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--devices", type=int, default=500, help="of each main kind")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args()
    about = {"date": date.today().isoformat(), **provenance.versions()}
    record = {"about": about, "result": {}}
    table = Table("devices", "number", "count", "coverage", "mean z", "sd z", "half interval")
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        for number, (kind, (_, _, part)) in enumerate(KINDS.items()):
            count = round(part * options.devices)
            found = run(number, count, pool)
            result = summary(list(track(found, kind, count)))
            record["result"][kind] = result
            for quantity, row in result["quantities"].items():
                table.add_row(
                    kind if quantity == QUANTITIES[0] else "",
                    quantity,
                    str(row["numbers"]),
                    f"{100 * row['coverage']:.1f} ± {100 * row['coverage_error']:.1f} %",
                    f"{row['mean_z']:+.2f}",
                    f"{row['sd_z']:.2f}",
                    f"{row['median_half_interval']:.3g}",
                )
            print({key: value for key, value in result.items() if key != "quantities"})
            write_text(options.out, json.dumps(record, indent=1) + "\n")
    Console().print(table)


if __name__ == "__main__":
    main()
