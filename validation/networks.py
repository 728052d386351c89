"""Claims about training, over several seeds; writes docs/validation/networks.json as it goes.

Run by ``make validate``; finished parts are not repeated, so a run can be stopped at any time.
"""

import argparse
import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from smtj import provenance
from smtj.card import load_card
from smtj.cli.progress import all_shown
from smtj.datasets import load_dataset
from smtj.files import write_text
from smtj.nn.layer.configure import set_readout
from smtj.nn.training.experiment import Experiment
from smtj.nn.training.network import NetworkSettings, load_network
from smtj.nn.training.parallel import Job, run_all
from smtj.nn.training.settings import TrainingSettings
from smtj.nn.training.trainer import as_tensors, evaluate
from smtj.paper.fig3b import networks, read_curves
from smtj.paper.voltage import UPRIGHT, with_torque

RATES = (0.01, 0.03, 0.1, 0.3)
READS = (1, 2, 4, 8, 16, 64, "expected")
FINAL = 10
RESULT = Path("docs/validation/networks.json")

CARD = load_card("cai2019")
IMAGES = load_dataset("mnist")


def job(name, network, seed, epochs, runs, rate=None, held_out=False, card=CARD):
    """Return a training job in its own folder."""
    settings = replace(network, chip_seed=seed)
    training = TrainingSettings(rate or TrainingSettings.learning_rate, seed)
    experiment = Experiment(card, settings, training, IMAGES.name)
    folder = f"{name} {network.readout} {training.learning_rate:g} {epochs} {seed}".replace(
        ",", ""
    ).replace(" ", "-")
    return Job(f"{name}, {network.readout}", experiment, epochs, runs / folder, held_out)


def train(jobs):
    """Train what is not trained yet."""
    missing = [planned for planned in jobs if not (planned.out / "accuracy.png").exists()]
    if missing:
        with all_shown(missing) as progress:
            for done, epoch in run_all(missing, IMAGES):
                progress(done, epoch)
    return jobs


def tuning(runs, epochs):
    """Return the held-out accuracy of each kind of network at each learning rate."""
    table = {}
    for readout in ("linear", "device"):
        kinds = networks(IMAGES)
        for name in ("mtj", "sigmoid"):
            network = replace(kinds[name], readout=readout)
            jobs = [job(name, network, 0, epochs, runs / "tuning", r, True) for r in RATES]
            table[f"{name}, {readout}"] = jobs
    train([each for jobs in table.values() for each in jobs])
    return {
        name: {
            f"{each.experiment.training.learning_rate:g}": last(read_curves([each]))
            for each in jobs
        }
        for name, jobs in table.items()
    }


def last(curves):
    """Return the mean of the last three epochs of the only curve."""
    (curve,) = curves.values()
    return float(curve[0, -3:].mean())


def over_seeds(runs, seeds, epochs, names, readouts):
    """Return final accuracies, and the course of training, over seeds."""
    kinds = networks(IMAGES)
    jobs = [
        job(name, replace(kinds[name], readout=readout), seed, epochs, runs / "seeds")
        for seed in range(seeds)
        for readout in readouts
        for name in names
    ]
    return course(read_curves(train(jobs)))


def by_voltage(runs, seeds, epochs):
    """Return the same for either drive of two cards with the torque of their TMR."""
    network = replace(networks(IMAGES)["mtj"], readout="device")
    cards = {name: with_torque(load_card(name)) for name in (CARD.name, UPRIGHT)}
    jobs = [
        job(
            f"{name}, by {drive}",
            replace(network, drive=drive),
            seed,
            epochs,
            runs / "voltage",
            card=card,
        )
        for seed in range(seeds)
        for name, card in cards.items()
        for drive in ("field", "voltage")
    ]
    return course(read_curves(train(jobs)))


def course(curves):
    """Return final accuracies and the course of training, by network."""
    return {
        name: {
            "epochs": curve.shape[1],
            "after_epoch_1": summary(curve[:, 0]),
            "last_epoch": summary(curve[:, -1]),
            f"mean_of_last_{FINAL}": summary(curve[:, -FINAL:].mean(axis=1)),
            "mean_curve": curve.mean(axis=0).round(5).tolist(),
        }
        for name, curve in curves.items()
    }


def summary(values):
    """Return mean, standard deviation and the values themselves."""
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return {"mean": float(np.mean(values)), "sd": spread, "values": np.round(values, 5).tolist()}


def accuracy_against_reads(runs, epochs):
    """Return test accuracy against reads at inference, for two ways of training."""
    base = NetworkSettings((IMAGES.pixels, 400, IMAGES.classes), readout="linear")
    table, images = {}, as_tensors(IMAGES)
    kinds = {
        f"{label}{note}": {"reads": reads, "eval_reads": reads, "coupling": coupling}
        for coupling, note in (("calibrated", ""), ("matched", ", matched coupling"))
        for label, reads in (("expected value", "expected"), ("one sampled read", 1))
    }
    jobs = {
        label: job(
            f"mtj trained on {label}",
            replace(base, **settings),
            0,
            epochs,
            runs / "reads",
        )
        for label, settings in kinds.items()
    }
    train(list(jobs.values()))
    for label, each in jobs.items():
        network, _, _ = load_network(each.out / "network.pt")
        table[label] = {}
        for reads in READS:
            set_readout(network, eval_reads=reads)
            table[label][str(reads)] = summary([evaluate(network, images, s) for s in range(10)])
    return {"epochs": epochs, "accuracy": table}


def main():
    """Do the parts that are asked for and keep the others as they are."""
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "parts", nargs="*", default=["tuning", "seeds", "ablations", "reads", "voltage"]
    )
    parser.add_argument("--runs", type=Path, default=Path("results/validation"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--tuning-epochs", type=int, default=20)
    parser.add_argument("--voltage-epochs", type=int, default=10)
    parser.add_argument("--reads-epochs", type=int, default=100)
    options = parser.parse_args()
    runs, seeds, epochs = options.runs, options.seeds, options.epochs
    parts = {
        "tuning": lambda: tuning(runs, options.tuning_epochs),
        "seeds": lambda: over_seeds(runs, seeds, epochs, ("mtj", "sigmoid"), ("linear", "device")),
        "ablations": lambda: over_seeds(
            runs, seeds, options.tuning_epochs, tuple(networks(IMAGES)), ("device",)
        ),
        "voltage": lambda: by_voltage(runs, seeds, options.voltage_epochs),
        "reads": lambda: accuracy_against_reads(runs, options.reads_epochs),
    }
    for part in options.parts:
        found = parts[part]()
        content = json.loads(RESULT.read_text()) if RESULT.exists() else {}
        about = {"date": date.today().isoformat(), **provenance.versions()}
        content[part] = {"about": about, "result": found}
        write_text(RESULT, json.dumps(content, indent=1) + "\n")
        print(f"{part}: {RESULT}")


if __name__ == "__main__":
    main()
