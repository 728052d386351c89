"""Price the paper's network over seeds, chips and reads; writes docs/validation/energy.json.

Five networks of five epochs each are trained on one thread.  The first is priced; all of them, with
new chips and reads, give the intervals, and every assumption is moved by itself.  The record holds
what was measured of the networks, so that every joule of docs/energy.md follows from it.
"""

import argparse
import json
import sys
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path

from smtj import provenance
from smtj.card import load_card
from smtj.datasets import ImageDataset, load_dataset
from smtj.energy import (
    intervals,
    measure_accuracy,
    measure_replicas,
    sensitivity,
    survey,
    trained_network,
)
from smtj.energy.uncertainty import joules_of
from smtj.files import write_text
from smtj.nn.training.experiment import Experiment
from smtj.nn.training.network import NetworkSettings
from smtj.nn.training.parallel import Job, run_all
from smtj.nn.training.settings import TrainingSettings
from smtj.nn.training.trainer import as_tensors

RESULT = Path("docs/validation/energy.json")
EPOCHS, SEEDS, REPLICAS = 5, 5, 20
CARD = load_card("cai2019")


def main() -> None:
    """Train what is not trained yet, price it, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=Path("results/validation/energy"))
    options = parser.parse_args()
    dataset = load_dataset("mnist")
    jobs = [_job(seed, dataset, options.runs) for seed in range(SEEDS)]
    missing = [job for job in jobs if not (job.out / "network.pt").exists()]
    for job, epoch in run_all(missing, dataset):
        print(job.name, epoch)
    images = as_tensors(dataset)
    networks = [trained_network(job.out)[0] for job in jobs]
    accuracy = measure_accuracy(networks[0], images)
    replicas = measure_replicas(networks, images, REPLICAS)
    found = survey(accuracy.workload, CARD, accuracy)
    found = replace(found, intervals=intervals(found, replicas))
    moved = sensitivity(found, lambda done, total: print(f"assumption {done} of {total}"))
    record = {
        "epochs": EPOCHS,
        "seeds": SEEDS,
        "replicas": REPLICAS,
        "date": str(date.today()),
        "machine": provenance.versions(),
        "command": " ".join(["python", *sys.argv]),
        "workload": asdict(accuracy.workload),
        "achievable": accuracy.achievable,
        "accuracy": accuracy.to_dict(),
        "joules": joules_of(found),
        "intervals": {c: dict(parts) for c, parts in found.intervals.items()},
        "stability_factors": {
            f"{way}, {name}": point.barrier
            for way, points in (("best", found.best), ("beyond limits", found.beyond))
            for name, point in points.items()
        },
        "sensitivity": moved.to_dict(),
    }
    write_text(RESULT, json.dumps(record, indent=1) + "\n")
    print(found.table().text(200))
    print(moved.table().text(200))


def _job(seed: int, images: ImageDataset, runs: Path) -> Job:
    settings = NetworkSettings((images.pixels, 400, images.classes), chip_seed=seed)
    experiment = Experiment(CARD, settings, TrainingSettings(seed=seed), images.name)
    return Job(f"seed {seed}", experiment, EPOCHS, runs / f"mtj-{seed}")


if __name__ == "__main__":
    main()
