"""Compare ways to train for unseen chips; writes docs/validation/aware.*.

Five ways to train the same network are compared on unseen chips.  Trainings are stored after every
epoch, so a run can be stopped at any time and resumed.
"""

import argparse
import json
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from smtj import provenance
from smtj.card import load_card
from smtj.cli.progress import all_shown
from smtj.datasets import load_dataset
from smtj.files import write_text
from smtj.nn import Variability, chip_of, install, sample_chip, set_readout
from smtj.nn.training.experiment import Experiment
from smtj.nn.training.network import NetworkSettings, load_network
from smtj.nn.training.parallel import Job, run_all
from smtj.nn.training.settings import TrainingSettings
from smtj.nn.training.trainer import as_tensors, evaluate

RESULT = Path("docs/validation/aware.json")
PAGE = Path("docs/validation/aware.md")
SPREAD = "30 %"
CHIPS = 20

CARD = load_card("cai2019").replace(
    {"variability.slope_spread": SPREAD, "variability.offset_spread": "0 Oe"}
)
IMAGES = load_dataset("mnist")
TENSORS = as_tensors(IMAGES)
NETWORK = NetworkSettings(
    (IMAGES.pixels, 400, IMAGES.classes),
    readout="linear",
    coupling="matched",
    reads=1,
    eval_reads=1,
    noise=False,
    variation=False,
)
WAYS = {
    "expected value, nominal devices": (replace(NETWORK, reads="expected"), False),
    "one read, nominal devices": (NETWORK, False),
    "expected value, fresh chips": (replace(NETWORK, reads="expected", variation=True), True),
    "one read, fresh chips": (replace(NETWORK, variation=True), True),
    "one read, one chip": (replace(NETWORK, variation=True), False),
}


def main() -> None:
    """Train what is not trained yet, evaluate, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=Path("results/validation/aware"))
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    jobs = {
        name: [_job(name, seed, options.epochs, options.runs) for seed in range(options.seeds)]
        for name in WAYS
    }
    missing = [job for each in jobs.values() for job in each if not _is_done(job)]
    if missing:
        with all_shown(missing) as progress:
            for job, epoch in run_all(missing, IMAGES):
                progress(job, epoch)
    record = {
        "spread": SPREAD,
        "epochs": options.epochs,
        "seeds": options.seeds,
        "chips": CHIPS,
        "date": str(date.today()),
        "machine": provenance.versions(),
        "command": " ".join(["python", *sys.argv]),
        "accuracy": {name: [_evaluated(job) for job in each] for name, each in jobs.items()},
    }
    write_text(RESULT, json.dumps(record, indent=1) + "\n")
    write_text(PAGE, _page(record))
    print(PAGE.read_text())


def _job(name: str, seed: int, epochs: int, runs: Path) -> Job:
    network, fresh = WAYS[name]
    training = TrainingSettings(seed=seed, fresh_chips=fresh)
    experiment = Experiment(CARD, replace(network, chip_seed=seed), training, IMAGES.name)
    return Job(name, experiment, epochs, runs / f"{name} {seed}".replace(",", "").replace(" ", "-"))


def _is_done(job: Job) -> bool:
    return (job.out / "accuracy.png").exists()


def _evaluated(job: Job) -> dict[str, float]:
    """Accuracy at one read on nominal devices, on the network's own chip and on unseen ones."""
    network, _, _ = load_network(job.out / "network.pt")
    set_readout(network, eval_reads=1)
    own = evaluate(network, TENSORS, seed=1)
    unseen = Variability.of_card(CARD, magnetic_noise=0.0)
    others = []
    for chip in range(CHIPS):
        install(sample_chip(network, 10_000 + chip, unseen), network)
        others.append(evaluate(network, TENSORS, seed=chip))
    install(sample_chip(network, 0, Variability()), network)
    assert (chip_of(network).layers["1"].devices.slope_factor == 1).all()
    return {
        "own": own,
        "nominal": evaluate(network, TENSORS, seed=1),
        "unseen": float(np.mean(others)),
        "worst": float(np.min(others)),
        "deviation": float(np.std(others, ddof=1)),
    }


def _page(record: dict) -> str:  # type: ignore[type-arg]
    head = (
        "# Validation: training for unseen chips\n\n"
        "784-400-10 on MNIST, matched coupling, linear read-out, one read in evaluation, no "
        "magnetic noise; the slopes of a chip's devices spread by "
        f"{record['spread']}. Test accuracy (%) after {record['epochs']} epochs: mean ± standard "
        f"deviation over {record['seeds']} seeds, each evaluated on nominal devices and on "
        f"{record['chips']} unseen chips; the last columns are the mean over seeds of the spread "
        "between chips and of the worst chip.\n\n"
        "| trained on | nominal devices | unseen chips | between chips | worst chip |\n"
        "| --- | --- | --- | --- | --- |\n"
    )
    rows = []
    for name, runs in record["accuracy"].items():
        cells = [_cell([100 * run[key] for run in runs]) for key in ("nominal", "unseen")]
        cells += [
            f"{100 * np.mean([run[key] for run in runs]):.2f}" for key in ("deviation", "worst")
        ]
        rows.append(f"| {name} | {' | '.join(cells)} |\n")
    own = _cell([100 * run["own"] for run in record["accuracy"]["one read, one chip"]])
    foot = (
        f"\nThe network trained on one chip reaches {own} % on that chip.\n\n"
        f"*{record['date']}, `{record['command']}`, PyTorch {record['machine']['torch']}, "
        f"{record['machine']['platform']}.*\n"
    )
    return head + "".join(rows) + foot


def _cell(values: list[float]) -> str:
    return f"{np.mean(values):.2f} ± {np.std(values, ddof=1):.2f}"


if __name__ == "__main__":
    main()
