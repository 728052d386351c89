"""Convert the sigmoids of any PyTorch model to junctions, and back."""

import copy
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any

import torch
from torch import Tensor, nn

from smtj.card import Card, CardLike, as_card
from smtj.errors import SmtjError
from smtj.nn.conversion.calls import Calls
from smtj.nn.conversion.find_activations import (
    activations,
    insert_probes,
    probes,
    replace_module,
)
from smtj.nn.conversion.summary import without_devices
from smtj.nn.conversion.tracing import Example
from smtj.nn.conversion.unreached import hold_as_modules
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
    card: CardLike,
    example_input: Tensor | tuple[Any, ...] | Mapping[str, Any],
    *,
    exclude: Iterable[str] = (),
    conversion_map: Mapping[type[nn.Module], ScaledSigmoid | None] | None = None,
    cards: Mapping[str, CardLike] | None = None,
    coupling: Callable[[Card, int], nn.Module] = matched,
    reads: Reads = 16,
    eval_reads: Reads | None = None,
    noise: bool = True,
    noise_correlation_time: float | None = None,
    chip_seed: int | None = 0,
    bias_voltage: float | None = None,
    temperature: float | None = None,
    generator: torch.Generator | None = None,
    inplace: bool = False,
) -> nn.Module:
    """Replace a model's sigmoid-like activations by junctions, one device per activation.

    Modules ``Sigmoid``, ``Tanh`` (as 2 σ(2x) - 1) and ``Hardsigmoid`` (as σ(2x/3), with the same
    value and slope at zero) are replaced, and calls of the functions and tensor methods of these
    names, also where a layer holds the function as an attribute.  ``smtj.nn.summary(converted)``
    shows what was replaced and what was not.

    Parameters
    ----------
    model
        Any model; it keeps its weights, so load a digital checkpoint first.
    card
        The device: a card, its name or its path.
    example_input
        A batch that the model accepts, for the shapes: a tensor, a tuple of positional or a mapping
        of keyword arguments.  The first dimension of the first tensor is the batch.
    exclude
        Names of modules or calls, as in the summary, to leave unconverted with all they contain;
        ``*``, ``?`` and ``[...]`` match several.
    conversion_map
        Further activation modules and their replacement: ``{nn.ReLU: ScaledSigmoid()}``; a kind
        mapped to None stays.
    cards
        Other cards by name or pattern; the first match counts.
    coupling
        Creates the coupling of a layer from a card and a number of neurons.
    reads, eval_reads, noise, noise_correlation_time, bias_voltage, temperature, generator
        As in :class:`smtj.nn.MTJNeuron`.
    chip_seed
        Seed of the chip; the seed of a layer's devices follows from it and the layer's name.  None
        for nominal devices.
    inplace
        Whether to modify the model itself, which is possible if only modules are replaced.

    Returns
    -------
    nn.Module
        The converted model, with the same class and parameter names.  If functions are replaced, or
        a module that is applied several times, it is a ``torch.fx.GraphModule`` with the same
        parameter names: it has the forward pass but no other methods of the class, and arguments
        missing in the example keep their defaults.

    Raises
    ------
    SmtjError
        Nothing can be replaced, a name matches nothing, the example does not fit, a shared module
        cannot get its own devices for every call, or an option is out of range.

    Notes
    -----
    In a model that ``torch.fx`` cannot trace, only modules are replaced; the summary says so.
    Devices have the dtype and device of their inputs.

    Examples
    --------
    >>> digital = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 2))
    >>> model = convert(digital, "cai2019", torch.rand(2, 8), reads=16)
    >>> model(torch.rand(5, 8)).shape
    torch.Size([5, 2])
    """
    exclude, card = tuple(exclude), as_card(card)
    others = {pattern: as_card(other) for pattern, other in (cards or {}).items()}
    mapped = {**ACTIVATIONS, **(conversion_map or {})}
    table = {kind: scaled for kind, scaled in mapped.items() if scaled is not None}

    def excluded(name: str) -> bool:
        return any(_fits(name, pattern) for pattern in exclude)

    base = model if inplace else copy.deepcopy(model)
    hold_as_modules(base, excluded)
    example = _example(example_input)
    probed, calls, note = insert_probes(base, table, example, excluded)
    _check_patterns((*exclude, *others), model, calls)
    if inplace and calls.added:
        raise SmtjError(
            "inplace=True can replace only modules that are applied once, but the model also calls "
            f"{', '.join(calls.added)}; use inplace=False"
        )
    left = [*calls.left, *_excluded(base, table, excluded)]
    layers: dict[str, nn.Module] = {}
    result = probed if calls.added else base
    for name, probe in probes(probed):
        digital = probe.digital if calls.added else base.get_submodule(name)
        reason = probe.reason or _doubt(name, probe, calls)
        if reason:
            left.append(Unconverted(name, type(digital).__name__, reason))
            layers[name] = digital
            continue
        _check_probe(name, probe, example, note)
        size = tuple(probe.shape[1:])
        chosen = next((own for pattern, own in others.items() if _fits(name, pattern)), card)
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
        result = replace_module(result, name, module)
    return result


def to_digital(model: nn.Module, *, inplace: bool = False) -> nn.Module:
    """Restore the activations that :func:`convert` replaced, with the current weights.

    Unless weights have changed, the outputs are bit-identical to those of the original model, and
    the ``state_dict`` fits its class.  Junction layers that were not converted stay.
    """
    result = model if inplace else copy.deepcopy(model)
    replaced = [
        (name, module)
        for name, module in result.named_modules(remove_duplicate=False)
        if isinstance(module, MTJActivation)
    ]
    if not replaced:
        raise SmtjError("the model has no layer from smtj.nn.convert")
    for name, layer in replaced:
        result = replace_module(result, name, layer.digital.train(layer.training))
    return result


def _doubt(name: str, probe: Probe, calls: Calls) -> str:
    if not probe.calls:
        return "not reached by example_input"
    if probe.inplace and name not in calls.seen:
        return "works in place, on a value that no trace shows"
    return ""


def _check_probe(name: str, probe: Probe, example: Example, note: str) -> None:
    """Raise an error if an activation cannot have one device per value."""
    if probe.calls > 1:
        raise SmtjError(
            f"{name} is applied {probe.calls} times in one pass, which no trace can separate; give "
            f"each call its own module, or exclude {name!r}. {note}".rstrip()
        )
    if probe.shape[:1] != (example.batch,):
        raise SmtjError(
            f"the input of {name or 'the model'} has shape {tuple(probe.shape)} for a batch of "
            f"{example.batch}; its first dimension must be the batch, as in example_input; else "
            f"exclude {name!r}"
        )


def _check_patterns(patterns: Iterable[str], model: nn.Module, calls: Calls) -> None:
    names = [name for name, _ in model.named_modules(remove_duplicate=False) if name]
    names += calls.names
    for pattern in patterns:
        if not any(_fits(name, pattern) for name in names):
            raise SmtjError(
                f"nothing in the model matches {pattern!r}; its modules and calls are "
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
    found = ", ".join(f"{part.kind} at {part.name or 'the top'}, {part.reason}" for part in left)
    has = f" (found {found})" if found else ""
    return (
        f"the model has no activation to replace{has}; replace one unlike a sigmoid by "
        f"conversion_map={{its module type: ScaledSigmoid()}}. {note}".rstrip()
    )


def _fits(name: str, pattern: str) -> bool:
    """Return whether a pattern matches a module or one that contains it."""
    parts = name.split(".")
    return any(fnmatchcase(".".join(parts[:end]), pattern) for end in range(1, len(parts) + 1))


def _example(given: Tensor | tuple[Any, ...] | Mapping[str, Any]) -> Example:
    if isinstance(given, Mapping):
        return Example((), given)
    return Example((given,) if isinstance(given, Tensor) else tuple(given))


@contextmanager
def _default_dtype(dtype: torch.dtype) -> Iterator[None]:
    """Set the default dtype, so double precision is not first rounded to single."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
