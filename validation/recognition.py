"""Compare networks of junctions and of sigmoids at equal budget and with the same recipe.

Full MNIST, 784-400-10; writes docs/validation/recognition.json and recognition.md after every seed.
Trainings are stored after every epoch, so a run can be stopped at any time and resumed; several
processes may each do seeds of their own.
"""

import argparse
import json
import sys
from datetime import date
from pathlib import Path

import numpy as np
from filelock import FileLock

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

RESULT = Path("docs/validation/recognition.json")
PAGE = Path("docs/validation/recognition.md")
READS = (16, 64, "expected")
REPEATS = 5
"""Evaluations of a network whose reads are random; their mean is recorded."""

CARD = load_card("cai2019")


def networks(sizes: tuple[int, ...], reads: int = 4) -> dict[str, NetworkSettings]:
    """Return the two kinds of network; both end with ten neurons that are read out."""
    return {
        "junctions": NetworkSettings(sizes, coupling="matched", reads=reads, eval_reads=16),
        "sigmoid": NetworkSettings(sizes, neuron="sigmoid", coupling="matched"),
    }


def job(kind: str, settings: NetworkSettings, options: argparse.Namespace, seed: int) -> Job:
    """Return the training of one network."""
    training = TrainingSettings(
        options.learning_rate,
        seed,
        schedule="cosine",
        epochs=options.epochs,
        first_reads=options.first_reads if settings.neuron == "mtj" else None,
    )
    settings = NetworkSettings.from_mapping({**vars(settings), "chip_seed": seed})
    out = options.runs / f"{recipe(options)} {kind} {seed}".replace(", ", "-").replace(" ", "-")
    experiment = Experiment(CARD, settings, training, options.dataset)
    return Job(f"{kind} {seed}", experiment, options.epochs, out)


def recipe(options: argparse.Namespace) -> str:
    """Return the data set and the recipe in words."""
    first = "" if options.first_reads is None else f"{options.first_reads} to "
    return (
        f"{options.dataset}, {options.epochs} epochs, cosine from {options.learning_rate:g}, "
        f"{first}{options.reads} reads in training"
    )


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
    parser.add_argument("--learning-rate", type=float, default=0.1)
    parser.add_argument("--reads", type=int, default=4)
    parser.add_argument("--first-reads", type=int)
    options = parser.parse_args()
    images = load_dataset(options.dataset)
    tensors = as_tensors(images)
    for seed in options.seeds:
        kinds = networks((images.pixels, 400, images.classes), options.reads)
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
    print(table(json.loads(RESULT.read_text())[recipe(options)]))


def add(options: argparse.Namespace, seed: int, found: dict[str, float]) -> None:
    """Add the accuracies of a seed to the result."""
    with FileLock(options.runs / ".result.lock"):
        content = json.loads(RESULT.read_text()) if RESULT.exists() else {}
        part = content.setdefault(recipe(options), {})
        part["about"] = {
            "date": date.today().isoformat(),
            "command": " ".join(["python", *sys.argv]),
            **provenance.versions(),
        }
        part.setdefault("accuracy", {})[str(seed)] = found
        write_text(RESULT, json.dumps(content, indent=1) + "\n")
        write_text(PAGE, page(content))


def page(content: dict) -> str:
    """Return the content of docs/validation/recognition.md."""
    sections = [
        "# Validation: recognition at equal budget\n\n"
        "Written by `validation/recognition.py` from [recognition.json](recognition.json). "
        "784-400-10 of junctions and of sigmoids, with such outputs as well, matched "
        f"coupling and the same schedule; junctions of card `{CARD.name}` with device variation "
        "and magnetic noise. Weights of either are read out digitally (sigmoids) and by devices. "
        "Test accuracy after the last epoch, mean ± standard error over seeds; a read-out by "
        f"devices is the mean of {REPEATS} evaluations. The last column compares seed by seed."
    ]
    for name, part in content.items():
        about = part["about"]
        sections.append(
            f"## {name}\n\nSeeds: {len(part['accuracy'])}.\n\n{table(part)}\n\n*{about['date']}, "
            f"`{about['command']}`, PyTorch {about['torch']}, {about['platform']}.*"
        )
    return "\n\n".join(sections) + "\n"


def error(values: np.ndarray) -> float:
    """Return the standard error of a mean, infinite for one value."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else np.inf


def table(part: dict) -> str:
    """Return mean, standard error and the difference to the sigmoid network, in points."""
    seeds = list(part["accuracy"].values())
    names = list(seeds[0])
    best = np.array([100 * seed["sigmoid, digital"] for seed in seeds])
    lines = [
        "| trained as, read out | accuracy (%) | less sigmoid, digital |",
        "| --- | --- | --- |",
    ]
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
