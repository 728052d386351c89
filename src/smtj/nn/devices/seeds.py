"""Seeds of a chip's layers."""

import numpy as np

from smtj.errors import SmtjError


def layer_seed(chip_seed: int, name: str) -> int:
    """Return the seed of a layer's devices: of the chip's seed and the layer's name alone.

    A layer thus keeps its devices whichever others are converted.

    Raises
    ------
    SmtjError
        The chip's seed is negative.
    """
    if chip_seed < 0:
        raise SmtjError(f"chip_seed is {chip_seed}; it must be a whole number from 0, or None")
    words = np.random.SeedSequence([chip_seed, *name.encode()]).generate_state(1, np.uint64)
    return int(words[0])
