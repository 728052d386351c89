"""What one inference asks of the devices: their number, reach of the fields, and synapses."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias, Union

from smtj.energy.assumptions import Assumptions
from smtj.errors import SmtjError

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class Workload:
    """One inference, independent of how the devices are read."""

    devices: tuple[int, ...]
    """Neurons that are devices, by layer; layers work in turn."""
    synapses: int
    """Multiply-accumulates of one inference."""
    log_odds_spread: float
    """Rms of ln(P/(1 - P)) over neurons and inputs, of devices with the card's own slope w; sets
    how far the fields reach."""
    occupancy: float = 0.5
    """Mean P(high)."""
    drive_field: float = 0.0
    """Constant field in A/m in which voltages drive the devices."""
    bias_voltages: tuple[float, ...] = ()
    """Bias voltage of every neuron in V, held from the input to the answer; empty if all have the
    card's own."""

    @property
    def neurons(self) -> int:
        """All neurons that are devices."""
        return sum(self.devices)


WorkloadLike: TypeAlias = Union[Workload, Sequence[int], "nn.Module"]
"""A workload, layer sizes with the inputs first, or a model with MTJ neurons."""


def workload(
    network: WorkloadLike,
    assumptions: Assumptions | None = None,
    *,
    inputs: "Tensor | None" = None,
    device_outputs: bool = True,
) -> Workload:
    """Return the workload of a network.

    Parameters
    ----------
    network
        A model with MTJ neurons, or the layer sizes of a fully connected network, inputs first.
    assumptions
        Its ``log_odds_spread`` is used unless ``inputs`` are given.
    inputs
        Inputs of the model, from which spread, occupancy and multiplications are measured; models
        with convolutions need them.
    device_outputs
        Whether the last of the layer sizes consists of devices too.

    Raises
    ------
    SmtjError
        There are no layers of devices, or inputs are needed.

    Examples
    --------
    >>> from smtj.energy import workload
    >>> workload((784, 400, 10)).synapses
    317600
    """
    if isinstance(network, Workload):
        return network
    spread = float((assumptions or Assumptions()).log_odds_spread)
    if not isinstance(network, Sequence):
        from smtj.energy.accuracy import network_workload

        return network_workload(network, inputs, spread)
    sizes = network
    devices = tuple(sizes[1:] if device_outputs else sizes[1:-1])
    if not devices or min(sizes) < 1:
        raise SmtjError(
            f"sizes is {tuple(sizes)}; it must be positive numbers, inputs first, with a layer of "
            "devices, e.g. 784, 400, 10"
        )
    return Workload(devices, sum(a * b for a, b in pairwise(sizes)), spread)
