"""Find activation functions that are called where no trace reaches.

A trace keeps PyTorch's own layers whole, and models that loop over the length of a sequence or
branch on values have none.  The pass of the example is watched instead.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from smtj.nn.conversion.tracing import Example
from smtj.nn.layer.activation import Probe, Unconverted
from smtj.nn.layer.neuron import MTJNeuron

FUNCTIONS: Mapping[Callable[..., Any], type[nn.Module]] = {
    torch.sigmoid: nn.Sigmoid,
    torch.special.expit: nn.Sigmoid,
    functional.sigmoid: nn.Sigmoid,
    Tensor.sigmoid: nn.Sigmoid,
    torch.tanh: nn.Tanh,
    functional.tanh: nn.Tanh,
    Tensor.tanh: nn.Tanh,
    functional.hardsigmoid: nn.Hardsigmoid,
}
"""Functions that are like a sigmoid, and their modules."""


def hold_as_modules(model: nn.Module, excluded: Callable[[str], bool]) -> None:
    """Put modules in place of activation functions that layers hold as attributes, as
    ``nn.TransformerEncoderLayer(activation=torch.sigmoid)`` does."""
    for name, module in list(model.named_modules()):
        for attribute, value in list(vars(module).items()):
            kind = FUNCTIONS.get(value) if callable(value) else None
            if kind is not None and not excluded(f"{name}.{attribute}".lstrip(".")):
                setattr(module, attribute, kind())


class _Watch(TorchFunctionMode):
    """Counts calls of activation functions by the module that makes them."""

    def __init__(self) -> None:
        super().__init__()
        self.owners = [""]
        self.inside: list[bool] = [False]
        self.calls: Counter[tuple[str, str]] = Counter()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kind = FUNCTIONS.get(func)
        if kind is not None and not self.inside[-1]:
            self.calls[self.owners[-1], kind.__name__.lower()] += 1
        return func(*args, **(kwargs or {}))


@contextmanager
def _owners_told(model: nn.Module, watch: _Watch) -> Iterator[None]:
    """Tell which module is at work."""
    hooks = []
    for name, module in model.named_modules():
        own = isinstance(module, (Probe, MTJNeuron, *FUNCTIONS.values()))

        def enter(_: Any, __: Any, name: str = name, own: bool = own) -> None:
            watch.owners.append(name)
            watch.inside.append(own or watch.inside[-1])

        def leave(*_: Any) -> None:
            watch.owners.pop()
            watch.inside.pop()

        hooks += [
            module.register_forward_pre_hook(enter),
            module.register_forward_hook(leave, always_call=True),
        ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def watched(model: nn.Module, example: Example) -> tuple[Any, Counter[tuple[str, str]]]:
    """Return the output of an example, and how often each module calls which activation function
    itself."""
    watch = _Watch()
    with _owners_told(model, watch), watch:
        return example.run(model), watch.calls


def unreached(
    model: nn.Module,
    calls: Counter[tuple[str, str]],
    is_reached: Callable[[nn.Module], bool],
) -> tuple[Unconverted, ...]:
    """Return the :func:`watched` calls of the modules that no trace has reached."""
    modules = dict(model.named_modules())
    return tuple(
        Unconverted(
            f"{owner}.{name}".lstrip("."),
            f"{name}()",
            "called where no trace reaches; give the model a module in its place"
            if count == 1
            else f"called {count} times where no trace reaches; give each call a module of its own",
        )
        for (owner, name), count in calls.items()
        if not is_reached(modules[owner])
    )
