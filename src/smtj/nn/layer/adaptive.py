"""The adaptive neuron: bias voltages of all junction layers that learn, and the way back."""

from typing import Literal, TypeAlias, get_args

import torch
from torch import nn

from smtj.errors import SmtjError
from smtj.nn.devices.bias import BiasVoltage
from smtj.nn.layer.neuron import MTJNeuron, neurons_of

Per: TypeAlias = Literal["network", "layer", "neuron"]
"""What has a bias voltage of its own."""


def make_adaptive(model: nn.Module, per: Per = "layer") -> nn.Module:
    """Let the bias voltages of all junction layers learn: V = V_limit tanh θ.

    The voltage moves w, and H_s where the card says so, by the card's switching model.  The
    coupling stays as it was built: a voltage changes the device, not its wire.  θ begins at the
    voltage as it is, their mean where several become one.

    Parameters
    ----------
    model
        Any module with junction layers; changed in place.  An optimiser made before does not know
        of the new parameters.
    per
        One voltage for the whole network (within the lowest of its cards' limits), for each layer,
        or for each neuron.

    Returns
    -------
    nn.Module
        The same model; its new parameters are named ``bias.theta``.

    Raises
    ------
    SmtjError
        The model has no junction layer, or ``per`` is none of the three.

    Notes
    -----
    w moves by ±17 % within ±200 mV in the paper's model, and by 1 % in the self-consistent one.
    """
    if per not in get_args(Per):
        raise SmtjError(f"per is {per!r}; it must be one of {', '.join(get_args(Per))}")
    layers = junction_layers(model)
    if per == "network":
        limit = min(float(layer.card.switching.voltage_limit) for layer in layers)
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
    """Keep the bias voltages of all junction layers where they are, as numbers of the chip.

    Parameters
    ----------
    model
        Any module; changed in place.  It answers as before, to the bit.

    Returns
    -------
    nn.Module
        The same model, without parameters for voltages.
    """
    for layer in neurons_of(model).values():
        layer.learn_bias(None)
    return model


def junction_layers(model: nn.Module) -> list[MTJNeuron]:
    """Return the junction layers of a model.

    Raises
    ------
    SmtjError
        It has none.
    """
    layers = list(neurons_of(model).values())
    if not layers:
        raise SmtjError("the model holds no junction layer (MTJNeuron), so it has no bias voltage")
    return layers
