"""Coverage of joint bias fits over random devices, and what the compact law makes of exact data.

Dwell times are means over 30 to 400 exponential dwells of either state, at nine voltages.  Devices
of the compact law are fitted by it; devices of cards, whose dwell times are those of
``card.at(...)`` with spin torque from the Fokker-Planck equation, by the law of a base card that
knows neither their barrier, H_s, VCMA, torque, heat nor attempt time.
"""

import argparse
import math
import os
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
from kept import kept
from rich.progress import track

import smtj
from smtj import provenance
from smtj.card import DeviceCard, as_device
from smtj.errors import SmtjError
from smtj.files import write_text
from smtj.inference.bias.card_estimates import card_estimates
from smtj.inference.bias.card_law import card_law, with_torque
from smtj.inference.bias.compact_law import CompactLaw, compact_estimates, compact_law
from smtj.inference.bias.conditions import bias_conditions
from smtj.inference.bias.joint import JointFit, fit_jointly
from smtj.inference.bias.observed import DwellTimes, dwell_times
from smtj.inference.stats.distributions import wilson_interval
from smtj.inference.stats.estimate import Estimate
from smtj.lab import Instrument, bias_scan
from smtj.physics.device import vcma_point
from smtj.physics.readout.back_action import critical_voltages
from smtj.typing import Floats

FOLDER = Path("docs/validation")
POINTS = 9
CAUSES = ("vcma", "torque", "heat")
SHARE = 0.5
"""Of devices that have a cause."""
TRACES, CYCLES, NOISE, TRACE_OHM = 5, 60, 0.15, 8000.0
"""Of noisy traces: voltages, cycles of both states in the slowest trace, noise over the separation
of the levels, and about the resistance in ohm."""
FRACTIONS = (0.05, 0.1, 0.2, 0.3)
"""Largest V over V_c of the exact data that the compact law is given."""
HEAD = """# What a bias does: coverage of the joint fits

Made by `validation/bias.py` ({day}, {machine}). Dwell times of random devices at {points}
voltages, each the mean over 30 to 400 exponential dwells. Every device has a barrier of 10 to
18 k_BT, an attempt time within a decade of 1 ns (log-normal) that the fit does not know, and with a
probability of a half each VCMA, a spin torque and Joule's heat. Covered: 95 % intervals that hold
the true value, with the error of the count. Seen: how often a cause that acts is called seen, and
one that is absent, in every form of the law that fits. Noisy traces are resistances at five
voltages, with noise of 0.15 of the separation and readings that average over half of an interval,
fitted by `smtj.fit`.

"""
EXACT = """## The compact law on exact data

Cards with a torque alone at Δ of 12 or the card's if that is less, their dwell times by
`card.at(...)`, without noise, up to a part of V_c: the V_c that the compact law Δ(1 ∓ V/V_c) finds
over that at which the well of the high state loses its damping, and what it reads as VCMA and as
heat, as changes of ln τ at the largest voltage. The law of the card itself gives 1, 0 and 0.

| card | V/V_c | V_c by the compact law | read as VCMA | read as heat | rms misfit of ln τ |
| --- | --- | --- | --- | --- | --- |
"""


class Case(NamedTuple):
    """One device, fitted."""

    covered: dict[str, bool]
    """By symbol of what was freed."""
    acts: dict[str, bool]
    """By name of the cause."""
    seen: dict[str, bool]


def judged(
    fit: JointFit, estimates: list[Estimate], truth: dict[str, float], acts: dict[str, bool]
) -> Case:
    """Compare a fit with what is true."""
    return Case(
        {
            e.symbol: e.interval[0] <= truth[e.symbol] <= e.interval[1]
            for e in estimates
            if e.symbol in truth
        },
        acts,
        {name: fit.seen(name) for name in CAUSES},
    )


def counted(logs: Floats, rng: np.random.Generator) -> DwellTimes:
    """Return dwell times as an ideal trace gives them."""
    dwells = rng.integers(30, 401, size=logs.shape)
    seen = logs + np.log(rng.gamma(dwells) / dwells)
    return dwell_times(*seen.T, np.einsum("ij,jk->ijk", 1 / dwells, np.eye(2)), counted=True)


def drawn(rng: np.random.Generator) -> dict[str, bool]:
    """Return which causes act."""
    return {name: bool(rng.random() < SHARE) for name in CAUSES}


def compact_case(seed: int) -> Case:
    """Fit a device of the compact law."""
    rng = np.random.default_rng([1, seed])
    volts, acts = np.linspace(-0.2, 0.2, POINTS), drawn(rng)
    ohm = np.tile([2000.0, 1000.0], (POINTS, 1))
    given = bias_conditions("voltage", volts, resistance=ohm)
    values = {
        "attempt": math.log(1e-9) + math.log(10) * rng.standard_normal(),
        "barrier": rng.uniform(10, 18),
        "offset": rng.uniform(-0.05, 0.05),
        "vcma": acts["vcma"] * rng.uniform(-0.6, 0.6),
        "torque": acts["torque"] * rng.uniform(-0.6, 0.6),
        "heat": acts["heat"] * rng.uniform(0, 1e6),
    }
    drive = np.repeat(volts[:, None], 2, axis=1)
    law = CompactLaw(given, drive, drive**2 / ohm, "V", None, values)
    observed = counted(law.log_times(values), rng)
    fit = fit_jointly(observed, compact_law(given, observed))
    names = {"E_b/k_BT": "barrier", "h": "offset", "κ": "vcma", "1/V_c": "torque", "R_th": "heat"}
    truth = {symbol: values[name] for symbol, name in names.items()}
    return judged(fit, compact_estimates(fit), truth, acts)


def bare(name: str) -> DeviceCard:
    """Return a card of the gallery without VCMA and torque."""
    changes = {"vcma.coefficient": 0.0, "vcma.anisotropy_field_per_volt": None}
    return with_torque(as_device(name).replace(changes), 0.0)


def upright(name: str) -> DeviceCard:
    """Return a card of the gallery without tilt, H_in, VCMA and torque."""
    changes: dict[str, object] = {
        "magnetism.easy_axis_tilt": 0.0,
        "magnetism.in_plane_bias_field": 0.0,
        "magnetism.reference_layer_polar_angle": math.pi,
    }
    return bare(name).replace(changes)


def card_case(base: DeviceCard, seed: int, key: int) -> Case:
    """Fit a device of a card by the law of that card."""
    rng = np.random.default_rng([key, seed])
    acts, own = drawn(rng), vcma_point(base)
    delta = float(own.stability_factor)
    v_c = min(abs(v) for v in critical_voltages(with_torque(base, 1.0)))
    # A voltage at which a torque of a tenth of the critical one moves ln τ as VCMA and heat do.
    most = 0.2
    xi = 0.3 * float(own.energy_density) / most * float(base.geometry.free_layer_thickness)
    values = {
        "ξ": acts["vcma"] * rng.uniform(-1, 1) * xi * float(base.geometry.tunnel_barrier_thickness),
        "h_DL": acts["torque"] * rng.uniform(-1, 1) * 0.1 * v_c / most,
        "R_th": acts["heat"] * rng.uniform(0, 1) * 60 / (most**2 / 1e3),
        "H_s": float(np.asarray(own.offset_field)) + rng.uniform(-1, 1) / float(own.slope),
    }
    device = _with(base, values, rng.uniform(10, 18) / delta, rng)
    volts = np.linspace(-most, most, POINTS)
    logs = np.stack(device.at(voltage=volts).log_dwell_times(), axis=1)
    observed = counted(logs, rng)
    start = base.replace({"thermal.attempt_time": 1e-9})
    fit = fit_jointly(observed, card_law(start, bias_conditions("voltage", volts), observed))
    truth = {**values, "E_b/k_BT": float(vcma_point(device).stability_factor)}
    return judged(fit, card_estimates(fit), truth, acts)


def _with(
    base: DeviceCard, values: dict[str, float], factor: float, rng: np.random.Generator
) -> DeviceCard:
    """Return a device with another barrier and attempt time, and the effects of a bias."""
    barrier, scaled = (
        "geometry.activation_volume",
        float(base.geometry.activation_volume) * factor,
    )
    if base.switching.model != "cai2019":
        barrier, scaled = (
            "magnetism.anisotropy_field",
            float(base.magnetism.anisotropy_field or 0.0) * factor,
        )
    return base.replace(
        {
            barrier: scaled,
            "vcma.coefficient": values["ξ"],
            "spin_torque.damping_like_field_per_volt": values["h_DL"],
            "thermal.thermal_resistance": values["R_th"],
            "switching.offset_field": values["H_s"],
            "thermal.attempt_time": 1e-9 * 10 ** rng.standard_normal(),
        }
    )


def trace_case(base: DeviceCard, seed: int) -> Case:
    """Fit the noisy resistance traces of a device, as a user fits those of an instrument."""
    rng = np.random.default_rng([5, seed])
    acts, own, most = drawn(rng), vcma_point(base), 0.1
    v_c = min(abs(v) for v in critical_voltages(with_torque(base, 1.0)))
    xi = 0.1 * float(own.energy_density) / most * float(base.geometry.free_layer_thickness)
    values = {
        "ξ": acts["vcma"] * rng.uniform(-1, 1) * xi * float(base.geometry.tunnel_barrier_thickness),
        "h_DL": acts["torque"] * rng.uniform(-1, 1) * 0.04 * v_c / most,
        "R_th": acts["heat"] * rng.uniform(0, 1) * 30 / (most**2 / float(TRACE_OHM)),
        "H_s": float(np.asarray(own.offset_field)) + rng.uniform(-0.5, 0.5) / float(own.slope),
    }
    device = _with(base, values, rng.uniform(10, 14) / float(own.stability_factor), rng)
    volts = np.linspace(-most, most, TRACES)
    high, low = device.at(voltage=volts).dwell_times()
    interval = float(np.minimum(high, low).min()) / 4
    samples = math.ceil(CYCLES * float((high + low).max()) / interval)
    states = device.at().resistances()
    lab = Instrument(interval, interval / 2, NOISE * abs(float(states.high - states.low)))
    data = bias_scan(device, samples, voltage=volts, instrument=lab, seed=seed)
    part = smtj.fit(data, base.replace({"thermal.attempt_time": 1e-9})).parts[-1]
    if part.kind != "effects":
        raise SmtjError("the traces do not show what the bias does")
    truth = {**values, "E_b/k_BT": float(vcma_point(device).stability_factor)}
    return judged(part.fit.fit, part.fit.estimates, truth, acts)


CASES: dict[str, Callable[[int], Case]] = {
    "Compact law, fitted by itself": compact_case,
    "Upright card, model cai2019": lambda seed: card_case(upright("cai2019"), seed, 2),
    "Upright card, self-consistent model": lambda seed: card_case(upright("funatsu2022"), seed, 3),
    "Tilted card": lambda seed: card_case(bare("cai2019"), seed, 4),
    "Noisy traces of upright cards, self-consistent model": lambda seed: trace_case(
        upright("funatsu2022"), seed
    ),
}


@kept
def fitted(title: str, seed: int) -> Case | None:
    """Return a case, None where it could not be fitted."""
    try:
        return CASES[title](seed)
    except SmtjError:
        return None


def coverage(title: str, count: int) -> Iterator[str]:
    """Yield a table of what was covered and seen."""
    outcomes = [fitted(title, seed) for seed in track(range(count), title)]
    found = [each for each in outcomes if each is not None]
    yield f"## {title}\n\n{len(found)} devices; {count - len(found)} more could not be fitted.\n\n"
    yield "| quantity | freed | covered |\n| --- | --- | --- |\n"
    for symbol in dict.fromkeys(symbol for each in found for symbol in each.covered):
        inside = [each.covered[symbol] for each in found if symbol in each.covered]
        low, high = (float(end) for end in wilson_interval(sum(inside), len(inside)))
        rate = sum(inside) / len(inside)
        reach = f"{100 * low:.1f} to {100 * high:.1f}"
        yield f"| {symbol} | {len(inside)} | {100 * rate:.1f} % ({reach}) |\n"
    yield "\n| cause | seen where it acts | seen where it is absent |\n| --- | --- | --- |\n"
    for name in CAUSES:
        yes = [each.seen[name] for each in found if each.acts[name]]
        no = [each.seen[name] for each in found if not each.acts[name]]
        yield f"| {name} | {sum(yes)} of {len(yes)} | {sum(no)} of {len(no)} |\n"
    yield "\n"


def compact_bias() -> Iterator[str]:
    """Yield what the compact law makes of exact dwell times without noise, beside V_c."""
    yield EXACT
    for name, what in (
        ("funatsu2022", "along the normal"),
        ("cai2019", "tilted"),
        ("mizrahi2018", "in plane"),
    ):
        card = as_device(name).replace(
            {"vcma.coefficient": 0.0, "vcma.anisotropy_field_per_volt": None}
        )
        own = float(vcma_point(card).stability_factor)
        volume = float(card.geometry.activation_volume) * min(12 / own, 1.0)
        card = with_torque(card.replace({"geometry.activation_volume": volume}), 1e3)
        offset = float(np.asarray(vcma_point(card).offset_field))
        v_c = critical_voltages(card)[0]
        for fraction in FRACTIONS:
            volts = np.linspace(-1, 1, POINTS) * fraction * abs(v_c)
            logs = np.stack(card.at(voltage=volts, field=offset).log_dwell_times(), axis=1)
            observed = dwell_times(*logs.T, np.tile(1e-4 * np.eye(2), (POINTS, 1, 1)))
            fit = fit_jointly(observed, compact_law(bias_conditions("voltage", volts), observed))
            ratio = 1 / fit.values["torque"] / abs(v_c)
            vcma = fit.values["vcma"] * fit.values["barrier"] * float(volts.max())
            misfit = float(np.sqrt(np.mean((logs - fit.fitted) ** 2)))
            heat = fit.values["heat"] * fit.values["barrier"] / 300 * float(volts.max()) ** 2
            yield f"| {name}, {what} | {fraction:g} | {abs(ratio):.2f} | {-vcma:+.2f} "
            yield f"| {-heat:+.2f} | {misfit:.3f} |\n"
    yield "\n"


def main() -> None:
    """Run everything and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--slow", type=int, default=20, help="devices of tilted and flat cards")
    options = parser.parse_args()
    about = provenance.versions()
    machine = f"{about['platform']}, {os.cpu_count()} cores, smtj {about['git_revision']}"
    text = HEAD.format(day=date.today().isoformat(), machine=machine, points=POINTS)
    tenth = options.devices // 10
    counts = (options.devices, options.devices, tenth, options.slow, tenth)
    for title, count in zip(CASES, counts, strict=True):
        text += "".join(coverage(title, count))
    text += "".join(compact_bias())
    write_text(FOLDER / "bias.md", text)


if __name__ == "__main__":
    main()
