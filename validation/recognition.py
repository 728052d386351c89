"""Compare networks of junctions and of sigmoids at equal budget and with the same recipe.

Full MNIST, 784-400-10; writes docs/validation/recognition.json after every seed.  Trainings are
stored after every epoch, so a run can be stopped at any time and resumed; several processes may
each do seeds of their own.
"""

import argparse
import json
import sys
from datetime import date
from pathlib import Path

import numpy as np

from smtj import provenance
from smtj.card import load_card
from smtj.cli.progress import all_shown
from smtj.datasets import load_dataset
from smtj.files import write_text
from smtj.nn import set_readout
from smtj.nn.training.experiment import Experiment
from smtj.nn.training.network import NetworkSettings, build_network, load_network
from smtj.nn.training.parallel import Job, run_all
from smtj.nn.training.settings import TrainingSettings
from smtj.nn.training.trainer import as_tensors, evaluate
from smtj.writers import holding

RESULT = Path("docs/validation/recognition.json")
READS = (16, 64, "expected")
REPEATS = 5
"""Evaluations of a network whose reads are random; their mean is recorded."""

CARD = load_card("cai2019")


def networks(sizes: tuple[int, ...]) -> dict[str, NetworkSettings]:
    """Return the two kinds of network; both end with ten neurons that are read out."""
    return {
        "junctions": NetworkSettings(sizes, coupling="matched", reads=4, eval_reads=16),
        "sigmoid": NetworkSettings(sizes, neuron="sigmoid", coupling="matched"),
    }


def job(kind: str, settings: NetworkSettings, options: argparse.Namespace, seed: int) -> Job:
    """Return the training of one network."""
    training = TrainingSettings(seed=seed, schedule="cosine", epochs=options.epochs)
    settings = NetworkSettings.from_mapping({**vars(settings), "chip_seed": seed})
    out = options.runs / f"{options.dataset}-{kind}-{options.epochs}-{seed}"
    experiment = Experiment(CARD, settings, training, options.dataset)
    return Job(f"{kind} {seed}", experiment, options.epochs, out)


def read_outs(jobs: dict[str, Job], images, seed: int) -> dict[str, float]:
    """Return the test accuracy of each network by each way to read it."""
    found = {}
    made = {kind: load_network(job.out) for kind, job in jobs.items()}
    for kind, (network, _, _) in made.items():
        weights = {n: v for n, v in network.state_dict().items() if n.endswith(("weight", "bias"))}
        for settings in networks(made[kind][1].sizes).values():
            settings = NetworkSettings.from_mapping({**vars(settings), "chip_seed": seed})
            other = build_network(settings, CARD, seed)
            other.load_state_dict(weights, strict=False)
            if settings.neuron == "sigmoid":
                found[f"{kind}, digital"] = evaluate(other, images, seed)
                continue
            for reads in READS:
                set_readout(other, eval_reads=reads)
                each = [evaluate(other, images, 1000 * seed + k) for k in range(REPEATS)]
                found[f"{kind}, device, {reads} reads"] = float(np.mean(each))
    return found


def main() -> None:
    """Train what is not trained yet, evaluate, and add each seed to the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=Path("results/validation/recognition"))
    parser.add_argument("--dataset", default="mnist")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(5)))
    parser.add_argument("--epochs", type=int, default=100)
    options = parser.parse_args()
    images = load_dataset(options.dataset)
    tensors = as_tensors(images)
    for seed in options.seeds:
        kinds = networks((images.pixels, 400, images.classes))
        jobs = {kind: job(kind, settings, options, seed) for kind, settings in kinds.items()}
        missing = [each for each in jobs.values() if not (each.out / "accuracy.png").exists()]
        if missing:
            with all_shown(missing) as progress:
                for done, epoch in run_all(missing, images, workers=1):
                    progress(done, epoch)
        found = read_outs(jobs, tensors, seed)
        add(options, seed, found)
        for name, accuracy in found.items():
            print(f"seed {seed}: {name}: {100 * accuracy:.2f} %", flush=True)
    print(table(json.loads(RESULT.read_text())[f"{options.dataset}, {options.epochs} epochs"]))


def add(options: argparse.Namespace, seed: int, found: dict[str, float]) -> None:
    """Add the accuracies of a seed to the result."""
    with holding(options.runs, "validation/recognition.py"):
        content = json.loads(RESULT.read_text()) if RESULT.exists() else {}
        part = content.setdefault(f"{options.dataset}, {options.epochs} epochs", {})
        part["about"] = {
            "date": date.today().isoformat(),
            "command": " ".join(["python", *sys.argv]),
            **provenance.versions(),
        }
        part.setdefault("accuracy", {})[str(seed)] = found
        write_text(RESULT, json.dumps(content, indent=1) + "\n")


def error(values: np.ndarray) -> float:
    """Return the standard error of a mean; NaN for one value."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else np.nan


def table(part: dict) -> str:
    """Return mean, standard error and the difference to the sigmoid network, in points."""
    seeds = list(part["accuracy"].values())
    names = list(seeds[0])
    best = np.array([100 * seed["sigmoid, digital"] for seed in seeds])
    lines = ["| network, read-out | accuracy (%) | less the sigmoid's |", "| --- | --- | --- |"]
    for name in names:
        values = np.array([100 * seed[name] for seed in seeds])
        gain = values - best
        lines.append(
            f"| {name} | {values.mean():.2f} ± {error(values):.2f} | "
            f"{gain.mean():+.2f} ± {error(gain):.2f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
