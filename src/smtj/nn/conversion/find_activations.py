"""Find the activations of a model and the shapes of their inputs from an example."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import nn
from torch.nn.modules import activation

from smtj.errors import SmtjError
from smtj.nn.conversion.calls import Calls, function_name, probe_calls
from smtj.nn.conversion.tracing import (
    Example,
    Untraceable,
    first_line,
    is_whole,
    skeleton,
    trace,
)
from smtj.nn.conversion.unreached import unreached, watched
from smtj.nn.layer.activation import Probe, ScaledSigmoid
from smtj.nn.layer.neuron import MTJNeuron


def insert_probes(
    base: nn.Module,
    table: Mapping[type[nn.Module], ScaledSigmoid],
    example: Example,
    excluded: Callable[[str], bool],
) -> tuple[Any, Calls, str]:
    """Return the model with a probe in place of every activation, after a pass of the example.

    Also return the calls found by tracing, and a note about the trace.
    """
    work = skeleton(base)
    for name in list(activations(work, table)):
        if not excluded(name):
            work = replace_module(work, name, Probe(work.get_submodule(name)))
    work.eval()
    try:
        expected, watched_calls = watched(work, example)
    except Exception as error:
        raise SmtjError(f"the model fails on example_input ({first_line(error)})") from error
    functions = {
        function_name(kind): kind for kind in table if kind.__module__ == activation.__name__
    }
    try:
        traced = trace(work, example, excluded)
        calls = probe_calls(traced, functions, excluded)
        _check_same(traced, example, expected)
    except Untraceable as error:
        note = (
            f"The model cannot be traced ({error}): only modules are replaced, not the functions "
            "that it calls."
        )
        return work, Calls(left=unreached(work, watched_calls, lambda _: False)), note
    hidden = [
        part
        for part in unreached(work, watched_calls, lambda module: not is_whole(module))
        if not excluded(part.name)
    ]
    calls = replace(calls, left=(*calls.left, *hidden))
    if not calls.added:
        reasons = {name: probe.reason for name, probe in probes(traced)}
        for name, probe in probes(work):
            probe.reason = reasons.get(name, "")
        return work, calls, ""
    modes = {name: module.training for name, module in base.named_modules(remove_duplicate=False)}
    for name, module in traced.named_modules(remove_duplicate=False):
        while name not in modes:
            name = name.rpartition(".")[0]
        module.training = modes[name]
    note = f"{type(base).__name__} is replaced by its traced graph, to reach functions it calls."
    return traced, calls, note


def _check_same(traced: nn.Module, example: Example, expected: Any) -> None:
    traced.eval()
    for _, probe in probes(traced):
        probe.calls = 0
    try:
        torch.testing.assert_close(example.run(traced), expected, equal_nan=True)
    except AssertionError:
        raise Untraceable("the trace gives other outputs than the model") from None
    except Exception as error:
        raise Untraceable(f"the trace fails on example_input: {first_line(error)}") from error


def activations(
    module: nn.Module,
    table: Mapping[type[nn.Module], ScaledSigmoid],
    name: str = "",
    known: set[int] | None = None,
) -> Iterator[str]:
    """Yield the names of activation modules, all names of one that occurs twice in a parent."""
    if type(module) in table:
        yield name
        return
    known = set() if known is None else known
    if isinstance(module, MTJNeuron) or id(module) in known:
        return
    known.add(id(module))
    for attribute, child in module._modules.items():
        if child is not None:
            below = f"{name}.{attribute}" if name else attribute
            yield from activations(child, table, below, known)


def probes(model: nn.Module) -> list[tuple[str, Probe]]:
    """Return the probes of a model by name."""
    return [(name, module) for name, module in model.named_modules() if isinstance(module, Probe)]


def replace_module(root: nn.Module, name: str, module: nn.Module) -> nn.Module:
    """Put a module at a name and return the root, which is the module itself for no name."""
    if not name:
        return module
    parent, _, attribute = name.rpartition(".")
    root.get_submodule(parent).add_module(attribute, module)
    return root
