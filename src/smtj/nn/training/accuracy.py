"""Which class a network names, and how often it is the right one."""

import torch
from torch import Tensor


def recognised(outputs: Tensor, labels: Tensor, generator: torch.Generator) -> int:
    """Count the images of which the highest output is the right one.

    Outputs of N reads are often equal; numbers below any difference between them decide then, drawn
    from the generator.

    Parameters
    ----------
    outputs
        Shape (images, classes).
    labels
        Classes, shape (images,).
    generator
        On the CPU.
    """
    exact = outputs.to(torch.float64)
    ties = 1e-9 * torch.rand(exact.shape, generator=generator, dtype=torch.float64)
    return int(((exact + ties).argmax(-1) == labels).sum())
