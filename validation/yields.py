"""Find what decides the yield of chips first; writes docs/validation/yields.json.

The network of five epochs of validation/energy.py, on 200 chips per spread, with every source of
variation by itself: those that move a device's currents past the threshold of its reads, and those
that change its response.
"""

import argparse
import json
import sys
from datetime import date
from pathlib import Path

from smtj import chips, provenance
from smtj.datasets import load_dataset
from smtj.energy import trained_network
from smtj.files import write_text
from smtj.nn import set_readout
from smtj.nn.training.trainer import as_tensors, scaled
from smtj.units import Oe, uV

RESULT = Path("docs/validation/yields.json")
CHIPS, IMAGES, THRESHOLD, READS = 200, 2000, 0.95, 16
VARY = {
    "resistance_spread": [0.01, 0.02, 0.03],
    "tmr_spread": [0.1, 0.2, 0.3],
    "read_offset": [5 * uV, 10 * uV, 20 * uV],
    "slope_spread": [0.1, 0.2, 0.4],
    "offset_spread": [1 * Oe, 2 * Oe, 4 * Oe],
}


def main() -> None:
    """Study all sources in turn and write accuracies and yields."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=Path("results/validation/energy"))
    options = parser.parse_args()
    network, card = trained_network(options.runs / "mtj-0")
    set_readout(network, eval_reads=READS)
    images = as_tensors(load_dataset("mnist"))
    test = scaled(images.test_images[:IMAGES])
    vary = [{}, *({name: values} for name, values in VARY.items())]
    study = chips.study(network, test, images.test_labels[:IMAGES], chips=CHIPS, vary=vary)
    record = {
        "card": card.name,
        "reads": READS,
        "date": str(date.today()),
        "machine": provenance.versions(),
        "command": " ".join(["python", *sys.argv]),
        **study.to_dict(THRESHOLD),
    }
    write_text(RESULT, json.dumps(record, indent=1) + "\n")
    print(study.table(THRESHOLD).text(120))


if __name__ == "__main__":
    main()
