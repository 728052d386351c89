"""Compare the uncertainty of junctions, of Monte Carlo dropout and of a deterministic network.

Writes docs/validation/uncertainty.json and uncertainty.md.  Finished seeds are kept, so a run can
be stopped at any time and resumed.
"""

import argparse
import json
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np
import torch
from kept import kept
from torch import nn

from smtj import provenance
from smtj.card import load_card
from smtj.datasets import ImageDataset, load_dataset
from smtj.datasets.loading import data_dir
from smtj.files import write_text
from smtj.nn import (
    Prediction,
    auroc,
    expected_calibration_error,
    negative_log_likelihood,
    predict,
    set_readout,
)
from smtj.nn.training.network import NetworkSettings, build_network
from smtj.nn.training.settings import TrainingSettings
from smtj.nn.training.trainer import Trainer, as_tensors, scaled

RESULT = Path("docs/validation/uncertainty.json")
PAGE = Path("docs/validation/uncertainty.md")
CARD = load_card("cai2019")
HIDDEN, DROPOUT = 400, 0.5
SPLITS = ((16, 1), (4, 4), (1, 16))
"""Samples and the reads of each, 16 in all."""


def others(test: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return images on which no network was trained, as many as there are test images."""
    generator = torch.Generator().manual_seed(0)
    found = {
        "shuffled": test.gather(1, torch.rand(test.shape, generator=generator).argsort(1)),
        "noise": torch.rand(test.shape, generator=generator),
    }
    folder = data_dir()
    if folder is not None and (folder / "fashion-mnist").is_dir():
        fashion = as_tensors(load_dataset("fashion-mnist"))
        found["fashion-mnist"] = scaled(fashion.test_images)
    return found


def trained(kind: str, images: ImageDataset, seed: int, epochs: int) -> nn.Sequential:
    """Return a network after the same training for each kind."""
    sizes = (images.pixels, HIDDEN, images.classes)
    settings = NetworkSettings(
        sizes,
        neuron="mtj" if kind == "junctions" else "sigmoid",
        readout="linear",
        coupling="matched",
        # As in most of the samples.
        reads=1,
        chip_seed=seed,
    )
    network = build_network(settings, CARD, seed)
    if kind == "dropout":
        network.insert(2, nn.Dropout(DROPOUT))
    torch.manual_seed(seed)  # dropout
    training = TrainingSettings(seed=seed, schedule="cosine", epochs=epochs)
    trainer = Trainer(network, as_tensors(images), training)
    for _ in range(epochs):
        trainer.train_epoch()
    return network.eval()


def predictions(kind: str, network: nn.Sequential, x: torch.Tensor, seed: int):
    """Yield a name and the prediction of each way to evaluate a network."""
    torch.manual_seed(seed)
    if kind == "sigmoid":
        yield "sigmoid, deterministic", predict(network, x, 1)
    if kind == "dropout":
        yield "sigmoid, MC dropout, 16 samples", predict(network, x, 16, dropout=True)
    if kind == "junctions":
        generator = torch.Generator().manual_seed(seed)
        for samples, reads in SPLITS:
            set_readout(network, eval_reads=reads)
            name = f"junctions, {samples} × {reads} read{'s' if reads > 1 else ''}"
            yield name, predict(network, x, samples, generator=generator)
        set_readout(network, eval_reads="expected")
        yield "junctions, expected value", predict(network, x, 1, generator=generator)


def scores(inside: Prediction, labels: torch.Tensor, outside: dict[str, Prediction]) -> dict:
    """Return every score of a prediction by name."""
    p, right = inside.probabilities, inside.classes == labels
    found = {
        "accuracy": float(right.double().mean()),
        "nll": negative_log_likelihood(p, labels),
        "ece": expected_calibration_error(p, labels),
        "errors, entropy": auroc(inside.entropy[right], inside.entropy[~right]),
    }
    for name, other in outside.items():
        found[f"{name}, entropy"] = auroc(inside.entropy, other.entropy)
        if inside.samples > 1:
            found[f"{name}, mutual information"] = auroc(
                inside.mutual_information, other.mutual_information
            )
    return found


@kept
def measured(dataset: str, seed: int, epochs: int) -> dict[str, dict[str, float]]:
    """Return the scores of every network by name, for one seed."""
    images = load_dataset(dataset)
    tensors = as_tensors(images)
    test = scaled(tensors.test_images)
    table = {}
    for kind in ("sigmoid", "dropout", "junctions"):
        network = trained(kind, images, seed, epochs)
        found = {
            where: dict(predictions(kind, network, x, seed))
            for where, x in {"inside": test, **others(test)}.items()
        }
        inside = found.pop("inside")
        for name, prediction in inside.items():
            outside = {where: each[name] for where, each in found.items()}
            table[name] = scores(prediction, tensors.test_labels, outside)
    return table


def main() -> None:
    """Measure every seed, and write the result and the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="mnist")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=20)
    options = parser.parse_args()
    found = []
    for seed in range(options.seeds):
        begun = time.process_time()
        found.append(measured(options.dataset, seed, options.epochs))
        print(f"seed {seed}: {time.process_time() - begun:.0f} s of processor time", flush=True)
    record = {
        "about": {
            "date": date.today().isoformat(),
            "command": " ".join(["python", *sys.argv]),
            **provenance.versions(),
        },
        "dataset": options.dataset,
        "epochs": options.epochs,
        "seeds": found,
    }
    write_text(RESULT, json.dumps(record, indent=1) + "\n")
    write_text(PAGE, page(record))
    print(PAGE.read_text())


def page(record: dict) -> str:
    """Return the content of docs/validation/uncertainty.md."""
    seeds, about = record["seeds"], record["about"]
    names = list(seeds[0])
    columns = list(dict.fromkeys(score for name in names for score in seeds[0][name]))
    basic = [c for c in columns if "," not in c]
    heads = {"accuracy": "accuracy (%)", "nll": "negative log-likelihood", "ece": "ECE (%)"}
    scale = {"accuracy": 100, "ece": 100}

    def table(chosen: list[str]) -> str:
        lines = [["network", *(heads.get(c, c) for c in chosen)], ["---"] * (len(chosen) + 1)]
        for name in names:
            cells = [
                cell([scale.get(c, 1) * seed[name][c] for seed in seeds])
                if c in seeds[0][name]
                else "–"
                for c in chosen
            ]
            lines.append([name, *cells])
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    return (
        "# Validation: uncertainty\n\n"
        f"Written by `validation/uncertainty.py` from [uncertainty.json](uncertainty.json). "
        f"{HIDDEN} hidden neurons, matched coupling and a linear read-out, {record['dataset']}, "
        f"{record['epochs']} epochs of stochastic gradient descent, learning rate from 0.1 to zero "
        f"along a cosine. Junctions are those of card `{CARD.name}` with device variation and "
        "magnetic noise, trained with one read; n × m is n samples of m reads, 16 reads of each "
        f"device in all. Dropout leaves out {DROPOUT:.0%} of the hidden neurons. Mean ± standard "
        f"error over {len(seeds)} seeds. The sigmoid networks need no reads; a sample of MC "
        "dropout is one forward pass.\n\n"
        f"{table(basic)}\n\n"
        "ECE: expected calibration error in 15 bins.\n\n"
        "## Images that a network cannot know\n\n"
        "Area under the receiver operating characteristic by which a score (entropy of the "
        "predictive mean, or mutual information) tells the network's errors from its correct "
        "answers, or other images from the test images: 0.5 is chance, 1 is perfect. *Shuffled*: "
        "test images with their pixels in random order; *noise*: uniform random pixels.\n\n"
        f"{table([c for c in columns if c not in basic])}\n\n"
        f"*{about['date']}, `{about['command']}`, PyTorch {about['torch']}, {about['platform']}.*\n"
    )


def cell(values: list[float]) -> str:
    """Return mean ± standard error with three digits of the mean after the point."""
    if len(values) < 2:
        return f"{values[0]:.3f}"
    return f"{np.mean(values):.3f} ± {np.std(values, ddof=1) / np.sqrt(len(values)):.3f}"


if __name__ == "__main__":
    main()
