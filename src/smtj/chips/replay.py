"""Compute once what all chips share: everything before the first junctions.

The weights are the same on every chip, and so are the summed inputs of the first junctions.
``torch.fx`` records the forward pass, which is cut where the junctions begin.
"""

from typing import Any

import torch
from torch import Tensor, fx, nn

from smtj.nn.layer.neuron import MTJNeuron, neurons_of

CHECKED = 2
"""Images on which the two parts are compared with the whole."""


class Replay:
    """A model in evaluation mode, cut in two where its junctions begin.

    ``example`` is a few inputs, ``generator`` the model's source of randomness.  Later changes to
    the junctions take effect here too.  A model that ``torch.fx`` cannot record, or whose output
    differs when cut, is evaluated as a whole for every chip (:attr:`shared`).
    """

    def __init__(self, model: nn.Module, example: Tensor, generator: torch.Generator) -> None:
        self._model = model
        self.shared = False
        """Whether the part before the junctions is computed once for all chips."""
        try:
            self._before, self._after = _cut(model)
            self.shared = self._agrees(example[:CHECKED], generator)
        except Exception:  # a model's own code may raise anything when recorded
            self.shared = False

    def before(self, images: Tensor) -> tuple[Any, ...]:
        """Return the inputs of the second part for a batch of images."""
        return tuple(self._before(images)) if self.shared else (images,)

    def after(self, values: tuple[Any, ...]) -> Tensor:
        """Return the model's output from the values of :meth:`before`."""
        answers: Tensor = self._after(*values) if self.shared else self._model(*values)
        return answers

    def _agrees(self, example: Tensor, generator: torch.Generator) -> bool:
        generator.manual_seed(0)
        whole = self._model(example)
        generator.manual_seed(0)
        return torch.equal(whole, self._after(*self._before(example)))


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, MTJNeuron) or super().is_leaf_module(m, module_qualified_name)


def _cut(model: nn.Module) -> tuple[fx.GraphModule, fx.GraphModule]:
    """Return the part before the junctions, which returns a tuple, and the part that takes it."""
    graph = _Tracer().trace(model)
    junctions = set(neurons_of(model))
    depends: set[fx.Node] = set()
    for node in graph.nodes:
        is_one = node.op == "call_module" and node.target in junctions
        if is_one or node.op == "output" or any(part in depends for part in node.all_input_nodes):
            depends.add(node)
    border = [
        node
        for node in graph.nodes
        if node not in depends and node.op != "get_attr" and any(u in depends for u in node.users)
    ]
    first, second = fx.Graph(), fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    for node in graph.nodes:
        if node not in depends:
            copies[node] = first.node_copy(node, copies.__getitem__)
    first.output(tuple(copies[node] for node in border))
    copies = {node: second.placeholder(f"value_{k}") for k, node in enumerate(border)}
    for node in graph.nodes:
        if node.op == "get_attr" or (node in depends and node.op != "output"):
            copies[node] = second.node_copy(node, copies.__getitem__)
        elif node.op == "output":
            second.output(fx.node.map_arg(node.args[0], copies.__getitem__))
    return fx.GraphModule(model, first), fx.GraphModule(model, second)
