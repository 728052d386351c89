"""Change all junction layers of a model at once."""

from typing import Literal

import torch
from torch import nn

from smtj.nn.correlated_kernels import UNKNOWN
from smtj.nn.neuron import MTJNeuron
from smtj.nn.readout import Reads, checked_reads
from smtj.nn.scheme import ReadScheme


def set_readout(
    model: nn.Module,
    *,
    reads: Reads | None = None,
    eval_reads: Reads | None = None,
    scheme: ReadScheme | Literal["independent"] | None = None,
    noise: bool | None = None,
    generator: torch.Generator | None = None,
) -> nn.Module:
    """Change how all junction layers of a model are read; what is left None stays as it is.

    Parameters
    ----------
    model
        Any module; changed in place.
    reads, eval_reads
        Reads in training and in evaluation, or ``"expected"``.
    scheme
        How reads follow one another, or ``"independent"``; devices forget what they were last.
    noise
        Whether magnetic noise acts.
    generator
        Where the randomness comes from.

    Returns
    -------
    nn.Module
        The same model.

    Raises
    ------
    SmtjError
        A number of reads is out of range.
    """
    for module in model.modules():
        if isinstance(module, MTJNeuron):
            if reads is not None:
                module.reads = checked_reads(reads)
            if eval_reads is not None:
                module.eval_reads = checked_reads(eval_reads)
            if scheme is not None:
                module.scheme = None if scheme == "independent" else scheme
                module.read_state.fill_(UNKNOWN)
            if noise is not None:
                module.noise = noise
            if generator is not None:
                module.generator = generator
    return model


def reset_state(model: nn.Module) -> nn.Module:
    """Let the devices of a model forget what a stream of images left them in.

    The next image finds them in equilibrium, as the first one did.

    Parameters
    ----------
    model
        Any module; changed in place.

    Returns
    -------
    nn.Module
        The same model.
    """
    for module in model.modules():
        if isinstance(module, MTJNeuron):
            module.read_state.fill_(UNKNOWN)
    return model
