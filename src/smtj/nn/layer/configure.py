"""Configure all junction layers of a model at once."""

from typing import Any, Literal

import torch
from torch import nn

from smtj.errors import SmtjError
from smtj.nn.layer.neuron import neurons_of
from smtj.nn.reads.correlated_kernels import UNKNOWN
from smtj.nn.reads.scheme import Reads, ReadScheme, checked_reads


def set_readout(
    model: nn.Module,
    *,
    reads: Reads | None = None,
    eval_reads: Reads | None = None,
    scheme: ReadScheme | Literal["independent"] | None = None,
    noise: bool | None = None,
    generator: torch.Generator | None = None,
) -> nn.Module:
    """Change how all junction layers of a model are read, in place; None keeps a value.

    Parameters
    ----------
    model
        Any module.
    reads, eval_reads
        Reads in training and in evaluation, or ``"expected"``.
    scheme
        Timing of the reads, or ``"independent"``; devices forget their last state.
    noise
        Whether magnetic noise acts.
    generator
        Source of randomness.

    Returns
    -------
    nn.Module
        The same model.
    """
    for module in neurons_of(model).values():
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
    """Reset the state of a model's devices, in place, after a stream of images.

    The next image finds them in equilibrium, as the first one did.
    """
    for module in neurons_of(model).values():
        module.read_state.fill_(UNKNOWN)
    return model


def set_conditions(
    model: nn.Module,
    *,
    bias_voltage: float | None = None,
    temperature: float | None = None,
    age: float | None = None,
    field_limit: float | None = None,
) -> nn.Module:
    """Change the operating conditions of all junctions, in place; None keeps a value.

    Temperature and voltage act through the card's switching model
    (:func:`smtj.physics.device.vcma_point`), so a network can be trained at one temperature
    and used at another.

    Parameters
    ----------
    model
        Any module.
    bias_voltage
        V in V, within the card's limit.
    temperature
        T in K, to which a chip adds its own shift.
    age
        Time since calibration in s, over which H_s drifts at the devices' own rates.
    field_limit
        Maximum |H_⊥| of the drive in A/m; infinite for an unlimited drive.

    Returns
    -------
    nn.Module
        The same model.

    Raises
    ------
    SmtjError
        A condition is out of range; the model is then unchanged.
    """
    if field_limit is not None and not field_limit >= 0:
        raise SmtjError(f"field_limit is {field_limit:g}; it must be 0 A/m or more")
    layers = list(neurons_of(model).values())
    if field_limit is not None:
        for module in layers:
            if module.card.drive.name != "field":
                raise SmtjError(
                    f"field_limit cannot be set: no field drives the device of card "
                    f"{module.card.name}"
                )
    couplings: list[Any] = [module.coupling for module in layers]
    if field_limit is not None and not all(hasattr(part, "limit") for part in couplings):
        raise SmtjError("field_limit cannot be set: a coupling of the model has no limit")
    before = [(m.bias_voltage.clone(), float(m.temperature), float(m.age)) for m in layers]
    try:
        for module in layers:
            t = float(module.temperature) if temperature is None else temperature
            module.set_bias(bias_voltage, t, age)
    except SmtjError:
        for module, old in zip(layers, before, strict=True):
            module.set_bias(*old)
        raise
    if field_limit is not None:
        for coupling in couplings:
            coupling.limit = field_limit
    return model
