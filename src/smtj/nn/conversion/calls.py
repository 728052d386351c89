"""Find the calls of activation functions in a traced model."""

import copy
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, fx, nn
from torch.nn import functional
from torch.nn.modules import activation

from smtj.nn.layer.activation import Probe, Unconverted


@dataclass(frozen=True)
class Calls:
    """The calls of activations in a traced model."""

    names: tuple[str, ...] = ()
    """All calls of activation functions, and repeated calls of a probe."""
    left: tuple[Unconverted, ...] = ()
    """Those not to be replaced."""
    seen: frozenset[str] = frozenset()
    """Existing probes that the graph calls."""
    added: tuple[str, ...] = ()
    """Probes inserted at calls of functions and at repeated calls of a probe."""


def probe_calls(
    traced: fx.GraphModule,
    replaceable: Mapping[str, type[nn.Module]],
    excluded: Callable[[str], bool],
) -> Calls:
    """Insert a probe at every call of an activation function and every repeated call of a probe.

    The traced model is modified in place, and probes that must stay are marked.  ``replaceable``
    maps :func:`function_name` to activation modules; ``excluded`` tells whether to leave a call.
    """
    modules = dict(traced.named_modules())
    varying: set[fx.Node] = set()
    seen: set[str] = set()
    names: list[str] = []
    left: list[Unconverted] = []
    added: list[str] = []
    for node in list(traced.graph.nodes):
        if node.op == "placeholder" or varying.intersection(node.all_input_nodes):
            varying.add(node)
        probe = modules.get(str(node.target)) if node.op == "call_module" else None
        if isinstance(probe, Probe):
            if node.target in seen:
                probe = Probe(copy.deepcopy(probe.digital))
                node.target = _free_name(traced, str(node.target))
                traced.add_submodule(node.target, probe)
                names.append(node.target)
                added.append(node.target)
                probe.reason = "excluded" if excluded(node.target) else ""
            seen.add(str(node.target))
            probe.reason = probe.reason or _obstacle(node, varying, probe.inplace)
            continue
        function = _function(node)
        if function is None:
            continue
        kind = replaceable.get(function.replace("_", ""))
        name = ".".join(filter(None, (_owner(node), function.strip("_"))))
        name = _free_name(traced, name, names)
        names.append(name)
        reason = "not like a sigmoid" if kind is None else "excluded" if excluded(name) else ""
        reason = reason or _odd_arguments(node, function)
        reason = reason or _obstacle(node, varying, bool(node.kwargs.get("inplace", False)))
        if reason or kind is None:
            left.append(Unconverted(name, f"{function}()", reason))
            continue
        traced.add_submodule(name, Probe(kind()))
        added.append(name)
        node.args, node.kwargs = tuple(node.all_input_nodes), {}
        node.op, node.target = "call_module", name
    traced.graph.lint()
    traced.recompile()
    return Calls(tuple(names), tuple(left), frozenset(seen), tuple(added))


def _obstacle(node: fx.Node, varying: set[fx.Node], inplace: bool) -> str:
    if node not in varying:
        return "does not depend on the input"
    if inplace and any(len(source.users) > 1 for source in node.all_input_nodes):
        return "works in place on a value used elsewhere"
    return ""


def _odd_arguments(node: fx.Node, function: str) -> str:
    if function.endswith("_"):
        return "works in place"
    further = len(node.args) + len(node.kwargs) - ("inplace" in node.kwargs)
    if further != 1 or len(node.all_input_nodes) != 1:
        return "called with further arguments"
    return ""


def function_name(kind: type[nn.Module]) -> str:
    """Return the name of an activation module's function, without underscores."""
    return kind.__name__.lower()


_ACTIVATION_FUNCTIONS = {name.lower() for name in activation.__all__}


def _function(node: fx.Node) -> str | None:
    """Return the name of the activation function that a node calls, if any."""
    name = node.target
    if node.op == "call_function":
        if node.target is torch.special.expit:
            return "sigmoid"
        name = getattr(node.target, "__name__", "")
        owners = (torch, functional, Tensor)
        if not any(getattr(owner, name, None) is node.target for owner in owners):
            return None
    elif node.op != "call_method":
        return None
    return str(name) if str(name).replace("_", "") in _ACTIVATION_FUNCTIONS else None


def _owner(node: fx.Node) -> str:
    """Return the name of the module that a node belongs to."""
    stack = list(node.meta.get("nn_module_stack", {}).values())
    return str(stack[-1][0]) if stack else ""


def _free_name(root: nn.Module, name: str, taken: list[str] | None = None) -> str:
    """Return an unused attribute name: ``name``, ``name_1`` and so on."""
    for tail in itertools.count():
        candidate = f"{name}_{tail}" if tail else name
        parent, _, attribute = candidate.rpartition(".")
        try:
            used = hasattr(root.get_submodule(parent), attribute)
        except AttributeError:
            used = False
        if not used and candidate not in (taken or ()):
            return candidate
    raise AssertionError("counting never ends")
