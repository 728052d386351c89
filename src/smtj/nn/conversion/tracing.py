"""Trace a model's forward pass, to find the activations that it calls as functions.

``torch.fx`` records one pass in training and one in evaluation mode; a switch is inserted where
they differ, so dropout and the like still follow ``train()`` and ``eval()``.
"""

import copy
import inspect
import itertools
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn

from smtj.errors import SmtjError
from smtj.nn.layer.activation import Probe
from smtj.nn.layer.neuron import MTJNeuron


class Untraceable(Exception):
    """A model cannot be traced; the message is the reason."""


@dataclass(frozen=True)
class Example:
    """Arguments of a forward pass."""

    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] | None = None

    @property
    def batch(self) -> int:
        """First dimension of the first tensor."""
        given = (*self.args, *(self.kwargs or {}).values())
        sizes = [part.shape[0] for part in given if isinstance(part, Tensor) and part.ndim]
        if not sizes:
            raise SmtjError("example_input holds no tensor with a batch dimension")
        return sizes[0]

    def run(self, model: nn.Module) -> Any:
        """Return the model's output, with a fixed seed of PyTorch's random numbers."""
        devices = list(range(torch.cuda.device_count()))
        with torch.no_grad(), torch.random.fork_rng(devices):
            torch.manual_seed(0)
            return model(*self.args, **(self.kwargs or {}))

    def fixed(self, model: nn.Module) -> dict[str, Any]:
        """Return the arguments left at their defaults."""
        signature = inspect.signature(model.forward)
        given = signature.bind(*self.args, **(self.kwargs or {})).arguments
        usual = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        return {
            name: parameter.default
            for name, parameter in signature.parameters.items()
            if name not in given and parameter.kind in usual
        }


class ByMode(nn.Module):
    """One constant in training, another in evaluation."""

    def __init__(self, training: Any, evaluation: Any) -> None:
        super().__init__()
        self.choices = (evaluation, training)

    def forward(self) -> Any:
        """Return the constant."""
        return self.choices[self.training]


class HiddenTensor(nn.Module):
    """A tensor of the model that ``state_dict`` does not hold."""

    value: Tensor

    def __init__(self, value: Tensor) -> None:
        super().__init__()
        self.register_buffer("value", value, persistent=False)

    def forward(self) -> Tensor:
        """Return the tensor."""
        return self.value


def skeleton(model: nn.Module) -> Any:
    """Return a copy of a model that shares its parameters and buffers."""
    tensors = itertools.chain(model.parameters(), model.buffers())
    return copy.deepcopy(model, {id(tensor): tensor for tensor in tensors})


def trace(model: nn.Module, example: Example, is_leaf: Callable[[str], bool]) -> fx.GraphModule:
    """Return a model's forward pass as one graph of layers and functions.

    The result shares the model's parameters, buffers and probes' activations.  Arguments missing
    in the example keep their defaults in the graph; ``is_leaf`` tells whether to keep the module of
    a name whole.

    Raises
    ------
    Untraceable
        The forward pass depends on values, or differs too much between the two modes.
    """
    roots = [skeleton(model).train(mode) for mode in (True, False)]
    try:
        graphs = [ModelTracer(is_leaf).trace(root, example.fixed(root)) for root in roots]
    except Exception as error:
        # A model's own code runs on proxies here and may raise anything.
        raise Untraceable(first_line(error)) from error
    graph = graphs[0]
    additions: dict[str, nn.Module] = {}
    _merge(graph, graphs[1], additions)
    _hide_tensors(graph, roots[0], additions)
    for name, module in additions.items():
        roots[0].add_module(name, module)
    return fx.GraphModule(roots[0], graph, type(model).__name__)


class ModelTracer(fx.Tracer):
    """Keeps layers of devices, excluded modules and PyTorch's own layers whole."""

    # Otherwise results of buffers alone would become constants.
    proxy_buffer_attributes = True

    def __init__(self, is_leaf: Callable[[str], bool] = bool) -> None:
        # PyTorch calls this without arguments when it loads a graph from a file.
        super().__init__()
        self._is_leaf = is_leaf

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Return whether a module is kept whole."""
        ours = isinstance(m, (Probe, MTJNeuron))
        return (
            ours
            or self._is_leaf(module_qualified_name)
            or super().is_leaf_module(m, module_qualified_name)
        )

    def trace(self, root: Any, concrete_args: dict[str, Any] | None = None) -> fx.Graph:
        """Return the graph, without the arguments that have fixed values."""
        with warnings.catch_warnings():
            # The warning that nothing guards a fixed argument; it is removed below.
            warnings.simplefilter("ignore")
            graph = super().trace(root, concrete_args or None)
        known = inspect.signature(root.forward).parameters
        for node in list(graph.nodes):
            # A fixed argument appears with a number appended, and a check of its value.
            fixed = re.sub(r"_\d+$", "", str(node.target)) in (concrete_args or {})
            if node.op == "placeholder" and fixed and node.target not in known:
                _erase(graph, node)
        return graph


def is_whole(module: nn.Module) -> bool:
    """Whether a trace keeps a module whole as one of PyTorch's own."""
    return fx.Tracer().is_leaf_module(module, "")


def _erase(graph: fx.Graph, node: fx.Node) -> None:
    for user in list(node.users):
        _erase(graph, user)
    graph.erase_node(node)


def _merge(graph: fx.Graph, evaluation: fx.Graph, additions: dict[str, nn.Module]) -> None:
    """Merge the graph of evaluation into the one of training."""
    nodes, others = list(graph.nodes), list(evaluation.nodes)
    here = dict(zip(others, nodes, strict=False))
    if [(node.op, node.target) for node in nodes] != [(node.op, node.target) for node in others]:
        raise Untraceable("its forward pass differs between training and evaluation")

    def both(a: Any, b: Any, node: fx.Node) -> Any:
        if isinstance(a, fx.Node) or isinstance(b, fx.Node):
            if here.get(b) is not a:
                raise Untraceable("its forward pass connects differently in training")
            return a
        if isinstance(a, (tuple, list)) and type(a) is type(b) and len(a) == len(b):
            parts = [both(*pair, node) for pair in zip(a, b, strict=True)]
            return type(a)(*parts) if hasattr(a, "_fields") else type(a)(parts)
        if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
            return {key: both(a[key], b[key], node) for key in a}
        if isinstance(a, slice) and isinstance(b, slice):
            ends = ((a.start, b.start), (a.stop, b.stop), (a.step, b.step))
            return slice(*(both(*pair, node) for pair in ends))
        if type(a) is type(b) and a == b:
            return a
        name = f"_by_mode_{len(additions)}"
        additions[name] = ByMode(a, b)
        with graph.inserting_before(node):
            return graph.call_module(name)

    for node, other in zip(nodes, others, strict=True):
        if node.op != "placeholder":
            node.args = both(tuple(node.args), tuple(other.args), node)
            node.kwargs = both(dict(node.kwargs), dict(other.kwargs), node)


def _hide_tensors(graph: fx.Graph, root: nn.Module, additions: dict[str, nn.Module]) -> None:
    """Keep hidden tensors out of ``state_dict``; a graph's own copies would add them."""
    saved = root.state_dict(keep_vars=True).keys()
    for node in list(graph.nodes):
        if node.op != "get_attr" or node.target in saved:
            continue
        parent, _, attribute = str(node.target).rpartition(".")
        value = getattr(root.get_submodule(parent), attribute)
        if isinstance(value, Tensor) and not isinstance(value, nn.Parameter):
            name = f"_hidden_{len(additions)}"
            additions[name] = HiddenTensor(value)
            with graph.inserting_before(node):
                node.replace_all_uses_with(graph.call_module(name))
            graph.erase_node(node)


def first_line(error: Exception) -> str:
    """Return an error's type and the first line of its message."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0].rstrip('.')}" if lines else type(error).__name__
