"""The adaptive neuron: learnable bias voltages of all junction layers."""

from typing import Literal, TypeAlias, get_args

import torch
from torch import nn

from smtj.errors import SmtjError
from smtj.nn.devices.bias import BiasVoltage, learnable_limit
from smtj.nn.layer.neuron import junction_layers, neurons_of

Per: TypeAlias = Literal["network", "layer", "neuron"]
"""What has its own bias voltage."""


def make_adaptive(model: nn.Module, per: Per = "layer") -> nn.Module:
    """Make the bias voltages of all junction layers learnable: V = V_limit tanh θ.

    The voltage changes w, and H_s if the card says so, by the card's switching model.  The
    coupling stays as built: a voltage changes the device, not its wire.  θ starts at the current
    voltage, or the mean if several become one.

    Parameters
    ----------
    model
        Any module with junction layers; modified in place.  Create the optimiser afterwards, so
        that it knows the new parameters.
    per
        One voltage for the whole network (within the lowest of its cards' limits), per layer, or
        per neuron.

    Returns
    -------
    nn.Module
        The same model; its new parameters are named ``bias.theta``.

    Notes
    -----
    Within ±200 mV, w changes by ±17 % in the paper's model and by 1 % in the self-consistent one.

    Examples
    --------
    >>> from smtj.nn import MTJNeuron
    >>> network = make_adaptive(nn.Sequential(nn.Linear(64, 32), MTJNeuron("cai2019", 32)))
    >>> [name for name, _ in network.named_parameters()]
    ['0.weight', '0.bias', '1.bias.theta']
    """
    if per not in get_args(Per):
        raise SmtjError(f"per is {per!r}; it must be one of {', '.join(get_args(Per))}")
    layers = junction_layers(model).values()
    if per == "network":
        limit = min(learnable_limit(layer.card) for layer in layers)
        means = torch.stack([layer.bias_voltage.mean() for layer in layers])
        shared = BiasVoltage(limit, means.mean())
        for layer in layers:
            layer.learn_bias(shared)
    else:
        for layer in layers:
            start, features = layer.bias_voltage, layer.features
            layer.learn_bias(BiasVoltage.of_layer(layer.card, start, per, features))
    return model


def fix_bias(model: nn.Module) -> nn.Module:
    """Fix the bias voltages of all junction layers, in place, at their current values.

    The outputs stay bit-identical.
    """
    for layer in neurons_of(model).values():
        layer.learn_bias(None)
    return model
