"""Measure what bias voltages do for networks on MNIST; writes docs/validation/recalibration.*.

Networks 784-400-10 are trained at 300 K, a seed each with weights, reads and chip of its own.  Then
their weights and couplings stay as they are, and

* the temperature rises to 360 K: what do voltages learnt from images win back, and what one
  constant voltage?
* the devices are read in a stream, at a fixed interval or in a fixed time, so that a voltage that
  makes them slow costs what it costs;
* the devices are replaced by others, on a card whose H_s follows the voltage or does not.

Smaller networks learn their voltages with their weights, beside networks of one constant voltage.
Finished parts are stored in a JSON-lines file, from which a stopped run resumes.
"""

import argparse
import json
import math
import os
import platform
from dataclasses import replace
from datetime import date
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch

from smtj import provenance
from smtj.card import load_card
from smtj.cli.progress import all_shown
from smtj.datasets import load_dataset
from smtj.files import write_text
from smtj.nn import reset_state
from smtj.nn.devices.variation import sample_variation
from smtj.nn.layer.configure import set_readout
from smtj.nn.layer.neuron import junction_layers
from smtj.nn.training.experiment import Experiment
from smtj.nn.training.network import NetworkSettings, build_network, load_network, stream_of_reads
from smtj.nn.training.parallel import Job, run_all
from smtj.nn.training.recalibrate import recalibrate
from smtj.nn.training.settings import TrainingSettings
from smtj.nn.training.trainer import Trainer, as_tensors, count_correct, evaluate, scaled
from smtj.paper.adaptive import on_card

FOLDER = Path("docs/validation")
STORE = Path("results/validation/recalibration")
CARD = load_card("cai2019")
SELF_CONSISTENT = CARD.replace(
    {"switching.model": "self-consistent", "switching.effective_anisotropy_field": None}
)
MODELS = {"cai2019": CARD, "self-consistent": SELF_CONSISTENT}
COLD, HOT = 300.0, 360.0
VOLTAGES = (-0.2, -0.1, 0.0, 0.1, 0.2)
"""Constant voltages in V, one for all devices."""
FEW = (100, 500)
READINGS = 3
"""Evaluations of all test images that an accuracy is the mean of; one in a stream."""
CHOOSING = 10_000
"""Training images that choose the best of the constant voltages, or train the optimum."""
STREAM_STEPS = 100
OPTIMUM = {"steps": 200, "prior": 1e3}
INTERVAL = CARD.sampling_interval
INDEPENDENCE = 3.0
"""Relaxation times between reads whose interval follows the voltage."""
MAX_READS = 64
SPREAD = {"variability.offset_spread": "10 Oe", "variability.slope_spread": "20 %"}
FOLLOWING = {"H_s fixed": "0 Oe/V", "H_s follows V": "20 Oe/V"}

CASES = {
    "linear read-out, 1 read": ("linear", 1, 1),
    "device read-out, 1 read": ("device", 16, 1),
    "device read-out, 16 reads": ("device", 16, 16),
}
"""Read-out, reads in training, reads afterwards."""
SMALL = ((784, 100, 50, 10), 10_000, 6)
"""Sizes, training images and epochs of networks that learn voltages with their weights."""
TOGETHER = {
    "0 V": {},
    "-200 mV": {"voltage": -0.2},
    "+200 mV": {"voltage": 0.2},
    "learnt per layer": {"adaptive": "layer"},
    "learnt per neuron": {"adaptive": "neuron"},
}


@cache
def data():
    """Return MNIST."""
    return as_tensors(load_dataset("mnist"))


class Bench:
    """A trained network on which conditions are tried one after the other."""

    def __init__(self, folder, card, reads):
        network, settings, _ = load_network(folder / "network.pt")
        # The coupling is built for the card's own w; weights and devices are the trained ones.
        self.network = on_card(network, settings, card)
        self.card, self.reads = card, reads
        set_readout(self.network, eval_reads=reads)
        self.rest = self.network[1:]
        with torch.no_grad():
            # The sums of the first layer are always the same.
            self.train, self.test = (
                torch.cat([self.network[0](scaled(part)) for part in pixels.split(5000)])
                for pixels in (data().train_images, data().test_images)
            )

    def at(self, temperature, voltage=0.0):
        """Set every device to a temperature in K and a voltage in V."""
        for layer in junction_layers(self.network).values():
            layer.set_bias(voltage, temperature)

    def read(self, interval=None, reads=None):
        """Read devices in equilibrium, or a stream of images at an interval in s."""
        scheme = "independent" if interval is None else stream_of_reads(interval)
        set_readout(self.network, scheme=scheme, eval_reads=reads or self.reads)

    def replace_devices(self, card, seed):
        """Put other devices in."""
        for number, layer in enumerate(junction_layers(self.network).values()):
            devices = sample_variation(card, layer.features, 1000 * seed + number)
            for name, values in devices._asdict().items():
                getattr(layer, name).copy_(values)

    def accuracy(self, x=None, labels=None, readings=READINGS):
        """Return the mean accuracy, on the test images unless others are given."""
        streams = next(iter(junction_layers(self.network).values())).scheme is not None
        readings = 1 if streams else readings
        x, labels = (self.test, data().test_labels) if x is None else (x, labels)
        generator = torch.Generator().manual_seed(1)
        reset_state(set_readout(self.network, generator=generator))
        with torch.no_grad():
            right = [count_correct(self.rest(x), labels, generator) for _ in range(readings)]
        return float(np.mean(right)) / len(labels)

    def constants(self, temperature):
        """Return the accuracy at each constant voltage, and at the best by training images."""
        found, chosen = {}, {}
        for voltage in VOLTAGES:
            self.at(temperature, voltage)
            found[f"{1e3 * voltage:+.0f} mV"] = self.accuracy()
            x, labels = self.train[:CHOOSING], data().train_labels[:CHOOSING]
            chosen[f"{1e3 * voltage:+.0f} mV"] = self.accuracy(x, labels, 1)
        best = max(chosen, key=chosen.get)
        return {**found, "best": found[best], "best_mV": float(best.removesuffix(" mV"))}

    def recalibrated(self, temperature, count, seed=0, blind=False, **options):
        """Return the accuracy after recalibration on some training images."""
        self.at(temperature)
        take = torch.randperm(
            len(self.train), generator=torch.Generator().manual_seed(1000 + seed)
        )[:count]
        layer = next(iter(junction_layers(self.network).values()))
        scheme = layer.scheme
        if blind:
            set_readout(self.network, scheme="independent")
        result = recalibrate(
            self.rest, self.train[take], data().train_labels[take], seed=seed, **options
        )
        set_readout(self.network, scheme=scheme or "independent")
        mean = torch.cat([v.reshape(-1) for v in result.voltages.values()]).mean()
        return {"accuracy": self.accuracy(), "mean_mV": 1e3 * float(mean)}

    def relaxation_time(self, temperature, voltage):
        """Return τ_r of the nominal device at H_s in s."""
        point = self.card.under_bias(voltage, temperature)
        high, low = point.dwell_times(point.offset_field)
        return float(1 / (1 / high + 1 / low))


def in_equilibrium(folder, model, reads, seed):
    """Return accuracies where every image finds its devices in equilibrium."""
    bench, found = Bench(folder, MODELS[model], reads), {}
    for temperature in (COLD, HOT):
        here = bench.constants(temperature)
        for count in FEW:
            here[f"{count} images"] = bench.recalibrated(temperature, count, seed)
        if model == "cai2019" and temperature == HOT:
            here["optimum"] = bench.recalibrated(temperature, CHOOSING, seed, **OPTIMUM)
        found[f"{temperature:g} K"] = here
    return found


def in_a_stream(folder, reads, seed):
    """Return accuracies in a stream, at a fixed interval and in a fixed time."""
    bench, found = Bench(folder, CARD, reads), {}
    for temperature in (COLD, HOT):
        bench.read(INTERVAL)
        here = bench.constants(temperature)
        here["500 images, blind"] = bench.recalibrated(temperature, 500, seed, blind=True)
        here["500 images"] = bench.recalibrated(temperature, 500, seed, steps=STREAM_STEPS)
        found[f"{temperature:g} K, fixed interval"] = here
        here, time = {}, bench.reads * INTERVAL
        for voltage in VOLTAGES:
            tau = bench.relaxation_time(temperature, voltage)
            reads = min(MAX_READS, max(1, math.floor(time / (INDEPENDENCE * tau))))
            bench.read(time / reads, reads)
            bench.at(temperature, voltage)
            here[f"{1e3 * voltage:+.0f} mV"] = {"accuracy": bench.accuracy(), "reads": reads}
        found[f"{temperature:g} K, scaled interval"] = here
    bench.read()
    return found


def common_voltage(folder, reads, seed):
    """Return accuracies in a stream of one voltage for all devices, learnt from images."""
    bench, found = Bench(folder, CARD, reads), {}
    bench.read(INTERVAL)
    for temperature in (COLD, HOT):
        options = {"steps": STREAM_STEPS, "per": "network"}
        found[f"{temperature:g} K"] = bench.recalibrated(temperature, 500, seed, **options)
    return found


def on_other_devices(folder, reads, seed):
    """Return accuracies on a chip the network has never seen."""
    found = {}
    for name, per_volt in FOLLOWING.items():
        card = CARD.replace({**SPREAD, "switching.offset_field_per_volt": per_volt})
        bench = Bench(folder, card, reads)
        bench.at(COLD)
        own = bench.accuracy()
        bench.replace_devices(card, 100 + seed)
        here = {"own chip": own, **bench.constants(COLD)}
        for per in ("network", "neuron"):
            here[f"500 images, per {per}"] = bench.recalibrated(COLD, 500, seed, per=per)
        here["optimum"] = bench.recalibrated(COLD, CHOOSING, seed, **OPTIMUM)
        found[name] = here
    return found


def trained_together(kind, reads, interval, seed):
    """Return the accuracies of a small network whose voltages are fixed, or learnt with weights."""
    sizes, count, epochs = SMALL
    part = data()._replace(
        train_images=data().train_images[:count], train_labels=data().train_labels[:count]
    )
    settings = NetworkSettings(
        sizes,
        readout="linear",
        reads=reads,
        eval_reads=reads,
        adaptive=TOGETHER[kind].get("adaptive"),
        chip_seed=seed,
        interval=interval,
    )
    network = build_network(settings, CARD, seed)
    if "voltage" in TOGETHER[kind]:
        for layer in junction_layers(network).values():
            layer.set_bias(TOGETHER[kind]["voltage"])
    run = Trainer(network, part, TrainingSettings(seed=seed))
    *_, last = run.epochs(epochs)
    found = {"as trained": last.test_accuracy}
    with torch.no_grad():
        layers = junction_layers(network).values()
        for layer in layers:
            layer.operating_state()
        found["mean_mV"] = [1e3 * float(layer.bias_voltage.mean()) for layer in layers]
    if interval is None:
        set_readout(network, scheme=stream_of_reads(INTERVAL))
        found["streamed"] = evaluate(network, data(), seed=1)
    return found


def rows(seeds, folders):
    """Yield the key of every row and the function that returns it, seed by seed."""
    for seed in range(seeds):
        for kind in TOGETHER:
            for reads in (1, 16):
                for interval in (None, INTERVAL):
                    key = ("together", f"{reads}, {interval}", kind, seed)
                    yield key, partial(trained_together, kind, reads, interval, seed)
    for seed in range(seeds):
        for case, (readout, _, reads) in CASES.items():
            folder = folders[readout, seed]
            for model in MODELS:
                # What sixteen reads lose by heat is too little for a statement on both models.
                if model == "self-consistent" and reads == 16:
                    continue
                measure = partial(in_equilibrium, folder, model, reads, seed)
                yield ("equilibrium", case, model, seed), measure
            for part, function in (
                ("stream", in_a_stream),
                ("common", common_voltage),
                ("devices", on_other_devices),
            ):
                yield (part, case, "cai2019", seed), partial(function, folder, reads, seed)


def networks(seeds, epochs, workers):
    """Train what is not trained yet and return the folders."""
    folders, jobs = {}, []
    for seed in range(seeds):
        for readout, reads in sorted({(readout, reads) for readout, reads, _ in CASES.values()}):
            settings = replace(
                NetworkSettings((784, 400, 10), readout=readout, chip_seed=seed),
                reads=reads,
                eval_reads=reads,
            )
            folder = STORE / f"{readout}-{reads}-{epochs}-{seed}"
            experiment = Experiment(CARD, settings, TrainingSettings(seed=seed), "mnist")
            folders[readout, seed] = folder
            if not (folder / "accuracy.png").exists():
                jobs.append(Job(f"{readout}, {reads} reads", experiment, epochs, folder))
    if jobs:
        with all_shown(jobs) as progress:
            for job, epoch in run_all(jobs, load_dataset("mnist"), workers):
                progress(job, epoch)
    return folders


def gathered(finished):
    """Return arrays over networks: part, case, model and name to accuracies (or mV, reads)."""
    table = {}
    for (part, case, model, seed), found in finished.items():
        for name, value in flat(found):
            table.setdefault((part, case, model, name), {})[seed] = value
    return {key: np.array([by[seed] for seed in sorted(by)]) for key, by in table.items()}


def flat(found, before=()):
    """Yield the numbers of a nested mapping with their names joined."""
    for name, value in found.items():
        if isinstance(value, dict):
            yield from flat(value, (*before, name))
        else:
            short = "" if name == "accuracy" else name
            yield " / ".join(filter(None, (*before, short))), value


def fraction(won, of):
    """Return the ratio of the sums and its standard error, by leaving out one network at a time."""
    won, of = np.asarray(won), np.asarray(of)
    n = len(won)
    without = [np.delete(won, i).sum() / np.delete(of, i).sum() for i in range(n)]
    error = np.sqrt((n - 1) / n * np.sum((without - np.mean(without)) ** 2))
    return f"{100 * won.sum() / of.sum():.1f} ± {100 * error:.1f} %"


def percent(values):
    """Return mean and standard deviation in %."""
    return f"{100 * np.mean(values):.2f} ± {100 * np.std(values, ddof=1):.2f}"


def gain(values, base):
    """Return the mean difference of pairs in points, and its standard error."""
    difference = 100 * (np.asarray(values) - np.asarray(base))
    error = np.std(difference, ddof=1) / np.sqrt(len(difference))
    return f"{np.mean(difference):+.2f} ± {error:.2f}"


def table(head, rows):
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def equilibrium_tables(found):
    """Return the tables of devices in equilibrium."""
    accuracies, fractions = [], []
    for case in CASES:
        for model in MODELS:
            if ("equilibrium", case, model, "300 K / +0 mV") not in found:
                continue

            def of(name, case=case, model=model):
                return found["equilibrium", case, model, name]

            row = [f"{case}, {model}"]
            for kelvin in ("300 K", "360 K"):
                names = ("+0 mV", "-200 mV", "best", "100 images", "500 images")
                row += [percent(of(f"{kelvin} / {name}")) for name in names]
            accuracies.append(row)
            cold, hot = of("300 K / +0 mV"), of("360 K / +0 mV")
            constant, learnt = of("360 K / -200 mV"), of("360 K / 500 images")
            row = [f"{case}, {model}"]
            row += [fraction(now - hot, cold - hot) for now in (constant, learnt)]
            for name in ("best", "500 images"):
                row.append(fraction(learnt - hot, of(f"300 K / {name}") - hot))
            fractions.append([*row, gain(learnt, constant)])
    head = ["network, switching model"]
    for kelvin in ("300 K", "360 K"):
        names = ("0 V", "−200 mV", "best constant", "100 images", "500 images")
        head += [f"{kelvin}: {name}" for name in names]
    second = ["network, switching model", "−200 mV, no image", "500 images"]
    second += ["500 images, from 300 K at its best constant", "from 300 K with 500 images"]
    return table(head, accuracies), table([*second, "500 images over −200 mV (points)"], fractions)


def stream_tables(found):
    """Return the tables of streams, at a fixed interval and in a fixed time."""
    fixed, scaled = [], []
    for case in CASES:
        for kelvin in ("300 K", "360 K"):

            def of(name, case=case):
                return found["stream", case, "cai2019", name]

            here = f"{kelvin}, fixed interval / "
            common = found["common", case, "cai2019", kelvin]
            names = ("-200 mV", "+0 mV", "+200 mV", "best", "500 images, blind")
            row = [f"{case}, {kelvin}", *(percent(of(here + name)) for name in names)]
            row += [percent(common), percent(of(here + "500 images"))]
            row.append(f"{np.mean(of(here + '500 images / mean_mV')):.0f}")
            fixed.append([*row, gain(of(here + "500 images"), common)])
            row, here = [f"{case}, {kelvin}"], f"{kelvin}, scaled interval / "
            for voltage in VOLTAGES:
                name = f"{here}{1e3 * voltage:+.0f} mV"
                row.append(f"{percent(of(name))} ({of(name + ' / reads')[0]})")
            scaled.append(row)
    head = ["network", "−200 mV", "0 V", "+200 mV", "best constant", "500 images, blind"]
    head += ["500 images, one voltage", "500 images", "their mean (mV)"]
    head.append("one per device over one voltage (points)")
    shown = [f"{1e3 * voltage:+.0f} mV".replace("-", "−") for voltage in VOLTAGES]
    return table(head, fixed), table(["network", *shown], scaled)


def device_table(found):
    """Return the table of other devices."""
    rows = []
    for case in CASES:
        for card in FOLLOWING:

            def of(name, case=case, card=card):
                return found["devices", case, "cai2019", f"{card} / {name}"]

            names = ("own chip", "+0 mV", "best", "500 images, per network")
            row = [f"{case}, {card}", *(percent(of(name)) for name in names)]
            learnt, best = of("500 images, per neuron"), of("best")
            row += [percent(learnt), percent(of("optimum"))]
            rows.append([*row, gain(learnt, best)])
    head = ["network", "own chip", "other chip, 0 V", "best constant", "500 images, one voltage"]
    head += ["500 images, one per device", "10,000 images, one per device"]
    return table([*head, "500 images, one per device, over the best constant (points)"], rows)


def together_table(found):
    """Return the table of voltages learnt with the weights."""
    rows = []
    for reads in (1, 16):
        for kind in TOGETHER:

            def of(name, interval=None, reads=reads, kind=kind):
                return found["together", f"{reads}, {interval}", kind, name]

            def base(kind, interval=None, reads=reads):
                return found["together", f"{reads}, {interval}", kind, "as trained"]

            still, stream = of("as trained"), of("as trained", INTERVAL)
            row = [f"{reads} read{'s' if reads > 1 else ''}, {kind.replace('-', '−')}"]
            row += [percent(still), gain(still, base("0 V")), gain(still, base("-200 mV"))]
            row += [percent(of("streamed")), percent(stream), gain(stream, base("0 V", INTERVAL))]
            rows.append([*row, gain(stream, base("+200 mV", INTERVAL))])
    head = ["reads, voltage", "equilibrium", "over 0 V", "over −200 mV", "the same, streamed"]
    return table([*head, "trained in the stream", "over 0 V", "over +200 mV"], rows)


def render(record):
    """Return the page of the results."""
    about = record["about"]
    finished = {tuple(row["key"]): row["found"] for row in record["rows"]}
    found, versions = gathered(finished), about["versions"]
    accuracies, fractions = equilibrium_tables(found)
    fixed, scaled = stream_tables(found)
    first = f"{1e3 * INTERVAL:.0f} ms"
    return "\n\n".join(
        [
            "# Validation: bias voltages",
            "Written by `validation/recalibration.py` from "
            "[recalibration.json](recalibration.json), which holds every value. Networks "
            f"784-400-10 on MNIST, card `cai2019`, trained for {about['epochs']} epochs at 300 K "
            f"by `smtj train`; {about['networks']} networks, each with its own weights, reads and "
            "chip; with device read-out trained with 16 reads, with linear read-out with one. "
            "Weights and couplings are then frozen and voltages stay within ±200 mV, one per "
            "neuron unless stated otherwise. Accuracies (%) on the 10,000 test images; ± is the "
            "standard deviation over networks for accuracies, and the standard error over them "
            "for fractions (jackknife) and for differences (pairs). *Best constant*: the best of "
            f"{', '.join(f'{1e3 * v:.0f}' for v in VOLTAGES).replace('-', '−')} mV for all "
            f"devices on {CHOOSING:,} training images. *−200 mV*: the same without an image, "
            "where w is largest.",
            "## From 300 K to 360 K, in equilibrium\n\nEvery image waits until its devices have "
            "forgotten the last one.",
            accuracies,
            "Fractions of the accuracy lost by heating by 60 K that are won back, from the network "
            "at 300 K and 0 V unless stated otherwise:",
            fractions,
            f"## In a stream, {first} from read to read\n\nDevices remember the last image. τ_r "
            "at H_s is 1.15 s, 53 ms and 2.5 ms at −200, 0 and +200 mV and 300 K, and 32, 2.4 and "
            "0.19 ms at 360 K. *Blind*: recalibrated as if every image found equilibrium; the next "
            "column knows scheme and interval.",
            fixed,
            f"## In the same time for an image\n\nThe time is that of the reads at {first}; each "
            f"voltage uses it for as many reads, {INDEPENDENCE:g} τ_r or more apart, as fit "
            f"(in brackets; at least 1, at most {MAX_READS}).",
            scaled,
            "## Other devices: offset spread 10 Oe, slope spread 20 %\n\nThe trained network on "
            "a chip it has never seen, at 300 K in equilibrium. On the shipped card the voltage "
            "does not move H_s; on the other one, assumed, by "
            f"{FOLLOWING['H_s follows V']}.",
            device_table(found),
            "## Voltages that are learnt with the weights\n\nNetworks "
            f"{'-'.join(map(str, SMALL[0]))} with linear read-out, {SMALL[1]:,} training images, "
            f"{SMALL[2]} epochs, {about['small_networks']} networks. *The same, streamed*: trained "
            f"where every image finds equilibrium, then read every {first}.",
            together_table(found),
            f"*{about['date']}, smtj {versions['git_revision'] or 'working tree'}, PyTorch "
            f"{versions['torch']}, {about['machine']}; `{about['command']}`.*\n",
        ]
    )


def complete(finished, parts):
    """Return how many networks, in order, have every row of some parts."""
    kinds = {key[:3] for key in finished if key[0] in parts}
    seeds = {key[3] for key in finished if key[0] in parts}
    whole = [seed for seed in seeds if all((*kind, seed) in finished for kind in kinds)]
    return len(whole), set(whole)


def main():
    """Run everything not recorded yet, then write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--workers", type=int, help="Default: one per core.")
    parser.add_argument("--render", action="store_true", help="Write what is finished.")
    options = parser.parse_args()
    store = STORE / f"parts-{options.epochs}.jsonl"
    lines = store.read_text().splitlines() if store.exists() else []
    finished = {tuple(row["key"]): row["found"] for row in map(json.loads, lines)}
    if not options.render:
        folders = networks(options.seeds, options.epochs, options.workers)
        for key, measure in rows(options.seeds, folders):
            if key not in finished:
                finished[key] = measure()
                with store.open("a") as file:
                    file.write(json.dumps({"key": key, "found": finished[key]}) + "\n")
                print(key, flush=True)
    small, of_small = complete(finished, ("together",))
    count, of_large = complete(finished, ("equilibrium", "stream", "common", "devices"))
    record = {
        "about": {
            "date": date.today().isoformat(),
            "versions": provenance.versions(),
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
            "command": "python validation/recalibration.py "
            f"--seeds {options.seeds} --epochs {options.epochs}",
            "epochs": options.epochs,
            "networks": count,
            "small_networks": small,
            "readings": READINGS,
        },
        "rows": [
            {"key": key, "found": found}
            for key, found in sorted(finished.items(), key=lambda item: str(item[0]))
            if key[3] in (of_small if key[0] == "together" else of_large)
        ],
    }
    print(write_text(FOLDER / "recalibration.json", json.dumps(record) + "\n"))
    print(write_text(FOLDER / "recalibration.md", render(record)))


if __name__ == "__main__":
    main()
