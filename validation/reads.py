"""Measure the cost of correlated reads; writes docs/validation/reads.json and reads.md.

Trained networks are stored, so a run can be stopped at any time and resumed.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
from rich.progress import Progress

from smtj import provenance
from smtj.card import load_card
from smtj.datasets import load_dataset
from smtj.files import write_text
from smtj.nn import DigitalReads, reset_state, set_readout
from smtj.nn.training.network import NetworkSettings, build_network, load_network, save_network
from smtj.nn.training.settings import TrainingSettings
from smtj.nn.training.trainer import Trainer, as_tensors, evaluate
from smtj.physics.device import vcma_point

RESULT = Path("docs/validation/reads.json")
PAGE = Path("docs/validation/reads.md")
PUBLIC = {2.0: 0.967, 1.0: 0.927, 0.5: 0.686, 0.2: 0.275}
"""Accuracy of a public 784-256-128-10 telegraph network by interval in relaxation times."""
INTERVALS = (4.0, 2.0, 1.0, 0.5, 0.4, 0.2, 0.1)
"""In relaxation times at H_s."""
READS = (1, 2, 4, 8, 16, 32)
AWARE = (0.5, 0.2)
"""Intervals at which networks are trained in the stream."""
EPOCHS = 20

CARD = load_card("cai2019")
IMAGES = load_dataset("mnist")
TENSORS = as_tensors(IMAGES)
POINT = vcma_point(CARD)
RELAXATION_TIME = float(np.exp(POINT.log_relaxation_time(POINT.offset_field)))
"""τ_r of the nominal device at H_s, in s."""

DEEP = NetworkSettings((IMAGES.pixels, 256, 128, IMAGES.classes), readout="linear", reads=1)
WIDE = NetworkSettings((IMAGES.pixels, 400, IMAGES.classes))

Step = Callable[[], None]


def stream(interval: float, constant: bool = False) -> DigitalReads:
    """Return snapshots of streamed images, an interval in relaxation times apart."""
    time = RELAXATION_TIME if constant else None
    return DigitalReads(interval * RELAXATION_TIME, streaming=True, relaxation_time=time)


def trained(settings: NetworkSettings, seed: int, scheme, runs: Path, name: str, step: Step):
    """Return a network, trained now or before; in training, too, it is read by the scheme."""
    path = runs / f"{name} {seed}.pt".replace(" ", "-")
    if not path.exists():
        settings = replace(settings, chip_seed=seed)
        network = build_network(settings, CARD, seed)
        if scheme is not None:
            set_readout(network, scheme=scheme)
        run = Trainer(network, TENSORS, TrainingSettings(seed=seed))
        for _ in range(EPOCHS):
            run.train_epoch()
            step()
        path.parent.mkdir(parents=True, exist_ok=True)
        save_network(path, network, settings, CARD)
    else:
        for _ in range(EPOCHS):
            step()
    return load_network(path)[0]


def accuracy(network, scheme, reads: int, seed: int) -> float:
    """Return the test accuracy of a network that is read by a scheme."""
    set_readout(network, eval_reads=reads, scheme=scheme or "independent")
    reset_state(network)
    return evaluate(network, TENSORS, seed)


def streamed(runs: Path, seeds: int, step: Step) -> dict:
    """One read per image, images in sequence, by interval in relaxation times."""
    table: dict = {}
    for coupling in ("matched", "calibrated"):
        network = replace(DEEP, coupling=coupling)
        rows = {f"{coupling}, dwell times of the field": False, f"{coupling}, one τ_r": True}
        for seed in range(seeds):
            net = trained(network, seed, None, runs, f"deep {coupling}", step)
            for row, constant in rows.items():
                cells = table.setdefault(row, {})
                cells.setdefault("independent", []).append(accuracy(net, None, 1, seed))
                for interval in INTERVALS:
                    scheme = stream(interval, constant)
                    cells.setdefault(str(interval), []).append(accuracy(net, scheme, 1, seed))
    return {row: {at: summary(v) for at, v in cells.items()} for row, cells in table.items()}


def aware(runs: Path, seeds: int, step: Step) -> dict:
    """The same, of networks that were trained on the stream in which they are read."""
    table: dict = {}
    for interval in AWARE:
        for seed in range(seeds):
            network = replace(DEEP, coupling="matched")
            scheme = stream(interval)
            net = trained(network, seed, scheme, runs, f"aware {interval:g}", step)
            table.setdefault(str(interval), []).append(accuracy(net, scheme, 1, seed))
    return {at: summary(v) for at, v in table.items()}


def many(runs: Path, seeds: int, step: Step, *, streaming: bool) -> dict:
    """Accuracy of 784-400-10 against the number of reads and their interval."""
    table: dict = {}
    for seed in range(seeds):
        net = trained(WIDE, seed, None, runs, "wide", step)
        for reads in READS:
            cells = table.setdefault(str(reads), {})
            cells.setdefault("independent", []).append(accuracy(net, None, reads, seed))
            for interval in INTERVALS:
                scheme = DigitalReads(interval * RELAXATION_TIME, streaming=streaming)
                cells.setdefault(str(interval), []).append(accuracy(net, scheme, reads, seed))
    return {n: {at: summary(v) for at, v in cells.items()} for n, cells in table.items()}


def summary(values: list[float]) -> dict:
    """Return mean, standard deviation and the values themselves."""
    return {
        "mean": float(np.mean(values)),
        "sd": float(np.std(values, ddof=1)) if len(values) > 1 else None,
        "values": np.round(values, 5).tolist(),
    }


PARTS = {
    "streamed": (streamed, 2),
    "reads in equilibrium": (partial(many, streaming=False), 1),
    "reads in a stream": (partial(many, streaming=True), 1),
    "aware": (aware, len(AWARE)),
}
"""Parts, and the trainings of a seed that each needs."""


def main() -> None:
    """Do the parts that are asked for, keep the others as they are, and write the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", default=list(PARTS))
    parser.add_argument("--runs", type=Path, default=Path("results/validation/reads"))
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    for part in options.parts:
        measure, trainings = PARTS[part]
        with Progress() as progress:
            bar = progress.add_task(part, total=options.seeds * trainings * EPOCHS)
            found = measure(options.runs, options.seeds, partial(progress.advance, bar))
        content = json.loads(RESULT.read_text()) if RESULT.exists() else {}
        about = {
            "date": date.today().isoformat(),
            **provenance.versions(),
            "command": f"python validation/reads.py '{part}' --seeds {options.seeds}",
        }
        content[part] = {"about": about, "relaxation_time_s": RELAXATION_TIME, "result": found}
        write_text(RESULT, json.dumps(content, indent=1) + "\n")
        write_text(PAGE, page(content))
        print(f"{part}: {PAGE}")


def page(content: dict) -> str:
    """Return the content of docs/validation/reads.md."""
    sections = [
        "# Validation: correlated and streamed reads\n\n"
        "Written by `validation/reads.py` from [reads.json](reads.json), which holds every value. "
        f"MNIST, card `cai2019`, device variation and magnetic noise on, {EPOCHS} epochs of "
        "stochastic gradient descent with momentum 0.9 in batches of 100, independent reads in "
        "training unless stated otherwise. A read is a snapshot compared with the middle of the "
        "two levels. ± is the standard deviation over three seeds, each with its own weights, "
        "batches, chip and reads. Intervals are in relaxation times at H_s, "
        f"τ_r = τ0 e^Δ/2 = {1e3 * RELAXATION_TIME:.1f} ms; at a field where the log-odds are a, "
        "a device is faster by about cosh(a/2)."
    ]
    for part, render in RENDERERS.items():
        if part in content:
            record = content[part]
            about = record["about"]
            made = f"{about['date']}, smtj {about['git_revision']}, {about['platform']}, PyTorch "
            made += f"{about['torch']}: `{about['command']}`"
            sections.append(f"{render(record['result'])}\n\n*{made}*")
    return "\n\n".join(sections) + "\n"


def percent(found: dict) -> str:
    """Return an accuracy in per cent."""
    return f"{100 * found['mean']:.2f} ± {100 * (found['sd'] or 0):.2f}"


def rendered(columns: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def render_streamed(result: dict) -> str:
    """Render the stream beside the public numbers."""
    ats = ["independent", *(str(i) for i in INTERVALS)]
    columns = ["784-256-128-10, accuracy in %", "independent", *(f"{i:g} τ_r" for i in INTERVALS)]
    rows = [[row, *(percent(cells[at]) for at in ats)] for row, cells in result.items()]
    given = [f"{100 * PUBLIC[i]:.1f}" if i in PUBLIC else "" for i in INTERVALS]
    rows.append(["a public telegraph network, if its unit is τ_r", "", *given])
    given = [f"{100 * PUBLIC[i / 2]:.1f}" if i / 2 in PUBLIC else "" for i in INTERVALS]
    rows.append(["the same, if its unit is a dwell time at H_s, 2 τ_r", "", *given])
    return (
        "## One read per image, streamed images\n\n"
        "Devices remember the previous image. *One τ_r*: all devices relax with the same time "
        "at every field (heat-bath rates) instead of the dwell times at their own field. The "
        "read-out is linear. The architecture of the public network is known, the law of its "
        "devices is not: if its unit is τ_r, its accuracy falls more slowly than either of "
        "ours; if its unit is the dwell time at H_s, it falls between them, from a higher "
        "accuracy with independent reads.\n\n" + rendered(columns, rows)
    )


def render_aware(result: dict) -> str:
    """Render the gain of training on streamed reads."""
    columns = ["784-256-128-10, accuracy in %", *(f"{float(at):g} τ_r" for at in result)]
    return (
        "## Trained in the stream\n\n"
        "The same networks (matched coupling, dwell times of the field), trained on images that "
        "are streamed with the interval of the test; the order of images is random.\n\n"
        + rendered(columns, [["trained as read", *(percent(cell) for cell in result.values())]])
    )


def render_many(result: dict, *, where: str) -> str:
    """Render accuracy against reads and interval."""
    ats = ["independent", *(str(i) for i in INTERVALS)]
    columns = ["reads", "independent", *(f"{i:g} τ_r" for i in INTERVALS)]
    rows = [[n, *(percent(cells[at]) for at in ats)] for n, cells in result.items()]
    return (
        f"## Reads and their interval, {where}\n\n"
        "784-400-10, device neurons in the hidden and output layers, calibrated coupling, "
        "trained on 16 independent reads; accuracy in %. An image takes reads × interval per "
        "layer.\n\n" + rendered(columns, rows)
    )


RENDERERS = {
    "streamed": render_streamed,
    "reads in equilibrium": partial(render_many, where="devices in equilibrium for every image"),
    "reads in a stream": partial(render_many, where="streamed images"),
    "aware": render_aware,
}


if __name__ == "__main__":
    main()
