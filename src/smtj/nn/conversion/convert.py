"""Any PyTorch model with junctions for its sigmoids, and the way back."""

import copy
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any

import torch
from torch import Tensor, nn

from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.nn.conversion.calls import Calls
from smtj.nn.conversion.find_activations import activations, place, probes, survey
from smtj.nn.conversion.summary import without_devices
from smtj.nn.conversion.tracing import Example
from smtj.nn.devices.variation import layer_seed
from smtj.nn.drive.coupling import matched
from smtj.nn.layer.activation import (
    ACTIVATIONS,
    Conversion,
    MTJActivation,
    Probe,
    ScaledSigmoid,
    Unconverted,
)
from smtj.nn.reads.scheme import Reads


def convert(
    model: nn.Module,
    card: DeviceCard,
    example_input: Tensor | tuple[Any, ...] | Mapping[str, Any],
    *,
    exclude: Iterable[str] = (),
    also: Mapping[type[nn.Module], ScaledSigmoid] | None = None,
    cards: Mapping[str, DeviceCard] | None = None,
    coupling: Callable[[DeviceCard, int], nn.Module] = matched,
    reads: Reads = 16,
    eval_reads: Reads | None = None,
    noise: bool = True,
    noise_correlation_time: float | None = None,
    chip_seed: int | None = 0,
    bias_voltage: float = 0.0,
    temperature: float | None = None,
    generator: torch.Generator | None = None,
    inplace: bool = False,
) -> nn.Module:
    """Put junctions in the place of a model's sigmoid-like activations, one device an activation.

    Modules ``Sigmoid``, ``Tanh`` (as 2 σ(2x) - 1) and ``Hardsigmoid`` (as σ(2x/3), of the same
    value and slope at zero) are replaced, and calls of the functions and tensor methods of the same
    names.  ``print(smtj.nn.summary(converted))`` shows what was replaced and what was left.

    Parameters
    ----------
    model
        Any model; its weights are kept, so load a digital checkpoint before.
    card
        The device.
    example_input
        A batch that the model accepts, which gives the shapes: a tensor, a tuple of positional or a
        mapping of keyword arguments.  The first dimension of the first tensor is the batch.
    exclude
        Names of modules or calls, as the summary gives them, that are left with all within them;
        may hold ``*``, ``?`` and ``[...]``.
    also
        Further activation modules, and what stands for them: ``{nn.ReLU: ScaledSigmoid()}``.
    cards
        Other cards by name or pattern; the first that fits counts.
    coupling
        Makes the coupling of a layer from a card and a number of neurons.
    reads, eval_reads, noise, noise_correlation_time, bias_voltage, temperature, generator
        As of :class:`smtj.nn.MTJNeuron`.
    chip_seed
        Seed of the chip, from which and from its name every layer has the seed of its own devices;
        None for nominal devices.
    inplace
        Whether to change the model itself, which can be done where modules alone are replaced.

    Returns
    -------
    nn.Module
        The converted model, of the same class and parameter names.  Where functions are replaced,
        or a module that is applied several times, it is a ``torch.fx.GraphModule`` of the same
        parameter names instead: it has the forward pass, not the class's other methods, holds
        what the pass uses, and keeps arguments that the example left out at their defaults.

    Raises
    ------
    SmtjError
        Nothing can be replaced, a name fits nothing, the example does not fit, a shared module
        cannot be given devices of its own for every call, or an option is out of range.

    Notes
    -----
    A model that ``torch.fx`` cannot trace keeps its calls of functions; modules are replaced all
    the same, and the summary says so.  Devices take the type and place of their inputs.
    """
    exclude, cards = tuple(exclude), dict(cards or {})
    table = {**ACTIVATIONS, **(also or {})}

    def excluded(name: str) -> bool:
        return any(_fits(name, pattern) for pattern in exclude)

    base = model if inplace else copy.deepcopy(model)
    example = _example(example_input)
    probed, calls, note = survey(base, table, example, excluded)
    _check_patterns((*exclude, *cards), model, calls)
    if inplace and calls.added:
        raise SmtjError(
            "inplace=True can replace modules alone, each applied once, but the model also calls "
            f"{', '.join(calls.added)}; use inplace=False"
        )
    left = [*calls.left, *_excluded(base, table, excluded)]
    layers: dict[str, nn.Module] = {}
    result = probed if calls.added else base
    for name, probe in probes(probed):
        digital = probe.digital if calls.added else base.get_submodule(name)
        why = probe.why_left or _unsure(name, probe, calls)
        if why:
            left.append(Unconverted(name, type(digital).__name__, why))
            layers[name] = digital
            continue
        _check_probe(name, probe, example, note)
        size = tuple(probe.shape[1:])
        chosen = next((own for pattern, own in cards.items() if _fits(name, pattern)), card)
        with _default_dtype(probe.like.dtype):
            layer = MTJActivation(
                chosen,
                size[0] if len(size) == 1 else size,
                digital,
                table[type(digital)],
                coupling=coupling(chosen, math.prod(size)),
                reads=reads,
                eval_reads=eval_reads,
                noise=noise,
                noise_correlation_time=noise_correlation_time,
                chip_seed=None if chip_seed is None else layer_seed(chip_seed, name),
                bias_voltage=bias_voltage,
                temperature=temperature,
                generator=generator,
            )
        layers[name] = layer.to(probe.like.device).train(digital.training)
    conversion = Conversion(tuple(left), note)
    made = [layer for layer in layers.values() if isinstance(layer, MTJActivation)]
    if not made:
        raise SmtjError(_nothing([*left, *without_devices(base)], note))
    for layer in made:
        layer.conversion = conversion
    for name, module in layers.items():
        result = place(result, name, module)
    return result


def to_digital(model: nn.Module, *, inplace: bool = False) -> nn.Module:
    """Put the activations that :func:`convert` replaced back, with the weights as they are now.

    Parameters
    ----------
    model
        A converted model.
    inplace
        Whether to change the model itself.

    Returns
    -------
    nn.Module
        The digital model.  Unless weights have changed, it answers as the one that was converted,
        to the bit; its ``state_dict`` fits that model's class.  Junction layers that were not made
        by conversion stay.

    Raises
    ------
    SmtjError
        The model holds no converted layer.
    """
    result = model if inplace else copy.deepcopy(model)
    replaced = [
        (name, module)
        for name, module in result.named_modules(remove_duplicate=False)
        if isinstance(module, MTJActivation)
    ]
    if not replaced:
        raise SmtjError("the model holds no layer that smtj.nn.convert made")
    for name, layer in replaced:
        result = place(result, name, layer.digital.train(layer.training))
    return result


def _unsure(name: str, probe: Probe, calls: Calls) -> str:
    if not probe.calls:
        return "not reached by example_input"
    if probe.inplace and name not in calls.seen:
        return "works in place, on what no trace shows"
    return ""


def _check_probe(name: str, probe: Probe, example: Example, note: str) -> None:
    """Refuse an activation that cannot have a device for each of its values."""
    if probe.calls > 1:
        raise SmtjError(
            f"{name} is applied {probe.calls} times in one pass where no trace can tell the calls "
            f"apart; give each call a module of its own, or exclude {name!r}. {note}".rstrip()
        )
    if probe.shape[:1] != (example.batch,):
        raise SmtjError(
            f"the input of {name or 'the model'} has shape {tuple(probe.shape)} for a batch of "
            f"{example.batch}; its first dimension must be the batch, which example_input must "
            f"have, or exclude {name!r}"
        )


def _check_patterns(patterns: Iterable[str], model: nn.Module, calls: Calls) -> None:
    names = [name for name, _ in model.named_modules(remove_duplicate=False) if name]
    names += calls.names
    for pattern in patterns:
        if not any(_fits(name, pattern) for name in names):
            raise SmtjError(
                f"nothing in the model fits {pattern!r}; its modules and calls are "
                f"{', '.join(names) or 'none'}"
            )


def _excluded(
    model: nn.Module,
    table: Mapping[type[nn.Module], ScaledSigmoid],
    excluded: Callable[[str], bool],
) -> list[Unconverted]:
    names = [name for name in activations(model, table) if excluded(name)]
    return [Unconverted(n, type(model.get_submodule(n)).__name__, "excluded") for n in names]


def _nothing(left: list[Unconverted], note: str) -> str:
    found = ", ".join(f"{part.what} at {part.name or 'the top'}, {part.why}" for part in left)
    has = f" (there is {found})" if found else ""
    return (
        f"the model has no activation to replace{has}; one that is not like a sigmoid needs "
        f"also={{its module type: ScaledSigmoid()}}. {note}".rstrip()
    )


def _fits(name: str, pattern: str) -> bool:
    """Whether a pattern names a module or one that it lies in."""
    parts = name.split(".")
    return any(fnmatchcase(".".join(parts[:end]), pattern) for end in range(1, len(parts) + 1))


def _example(given: Tensor | tuple[Any, ...] | Mapping[str, Any]) -> Example:
    if isinstance(given, Mapping):
        return Example((), given)
    return Example((given,) if isinstance(given, Tensor) else tuple(given))


@contextmanager
def _default_dtype(dtype: torch.dtype) -> Iterator[None]:
    """Make tensors of a type, so that double precision is not rounded to single before."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
