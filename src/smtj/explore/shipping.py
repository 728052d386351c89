"""Make the small network that ships with the page from a trained one.

``smtj train --hidden 100 --epochs 40 --out results/explore`` trains it on MNIST, with seed 0, and
``python -m smtj.explore.shipping results/explore/network.pt`` puts it into the package.
"""

import sys
from pathlib import Path

from smtj.files import write_whole

SHIPPED = Path(__file__).parent / "shipped" / "mnist-784-100-10.pt"
"""The network, as :func:`smtj.nn.training.network.load_network` reads it."""


def pack(path: Path, out: Path = SHIPPED) -> Path:
    """Write a network from ``smtj train`` with 16-bit weights, at half the size.

    Raises
    ------
    CheckpointError
        The file is missing, damaged or of another kind.
    """
    import torch

    from smtj.nn.checkpoint import read_saved

    content = read_saved(path, "a trained network", ("settings", "card", "state"))
    content["state"] = {
        name: values.half() if values.ndim == 2 else values
        for name, values in content["state"].items()
    }
    return write_whole(out, lambda file: torch.save(content, file))


if __name__ == "__main__":
    print(pack(Path(sys.argv[1])))
