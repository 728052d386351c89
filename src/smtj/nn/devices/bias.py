"""A learnable bias voltage V = V_limit tanh θ, with fast w(V) and H_s(V).

Training changes the voltage at every step.  The switching model is therefore evaluated once over
the whole range and replaced by a cubic spline.
"""

from functools import lru_cache
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline
from torch import Tensor, nn

from smtj.card import Card
from smtj.errors import SmtjError
from smtj.nn.devices.variation import (
    DeviceVariation,
    chip_temperature,
    decades,
    slope_and_offset,
    with_devices,
)
from smtj.typing import Floats

PIECES = 64
"""Pieces of the spline; even, so that it is exact at 0 V."""
MAX_FRACTION = 1 - 1e-6
"""Maximum |V| as a fraction of the limit, where θ would be infinite."""


class BiasVoltage(nn.Module):
    """V = V_limit tanh θ: the learnable voltage of a network, a layer or its neurons.

    Parameters
    ----------
    limit
        Maximum |V| in V.
    voltage
        Initial V in V, shape () or (features,).

    Examples
    --------
    >>> bias = BiasVoltage(0.2, torch.tensor(0.1))
    >>> float(bias().detach())  # V
    0.1000
    """

    theta: nn.Parameter
    """Dimensionless and unbounded."""

    def __init__(self, limit: float, voltage: Tensor) -> None:
        super().__init__()
        self.limit = limit
        self.theta = nn.Parameter(self.theta_of(voltage))

    @classmethod
    def of_layer(
        cls,
        card: Card,
        voltage: Tensor,
        per: Literal["layer", "neuron"],
        features: int,
    ) -> Self:
        """Return the learnable voltage of a layer, starting from its voltage in V."""
        if per not in ("layer", "neuron"):
            raise SmtjError(f'adaptive is {per!r}; it must be "layer" or "neuron"')
        limit = learnable_limit(card)
        start = voltage.mean() if per == "layer" else voltage.expand(features)
        return cls(limit, start)

    def forward(self) -> Tensor:
        """Return V in V, of the shape of θ."""
        return self.limit * torch.tanh(self.theta)

    def theta_of(self, voltage: Tensor) -> Tensor:
        """Return θ of a voltage in V, which is kept a millionth below the limit."""
        fraction = (voltage / self.limit).clamp(-MAX_FRACTION, MAX_FRACTION)
        return torch.atanh(fraction.detach())

    def set(self, voltage: Tensor) -> None:
        """Set the voltage in V, of shape () or that of θ."""
        with torch.no_grad():
            self.theta.copy_(self.theta_of(voltage.to(self.theta)).expand_as(self.theta))

    @property
    def learns(self) -> bool:
        """Whether gradients are currently needed."""
        return torch.is_grad_enabled() and self.theta.requires_grad

    def extra_repr(self) -> str:
        """Return the text of ``print(model)``."""
        return f"{tuple(self.theta.shape)}, limit={self.limit:g} V"


def learnable_limit(card: Card) -> float:
    """Return the largest |V| in V of a bias that is learnt, or raise an error if there is none."""
    limit = card.voltage_limit
    if not limit > 0:
        raise SmtjError(
            f"card {card.name} does not know what a bias voltage changes, so none can be learnt; "
            "fit scans at several voltages (field_response.slope_per_volt is missing)"
        )
    card.under_bias(-limit)
    return limit


@lru_cache(maxsize=64)
def bias_curve(card: Card, temperature: float) -> Tensor:
    """Return spline coefficients of w and H_s against voltage for the nominal device at T in K.

    The result has shape (2, 4, PIECES) and double precision: for w in 1/(A/m), then H_s in A/m, the
    coefficients of t³, t², t and 1 on each piece of ±the card's limit, over which t goes from 0 to
    1.  For the shipped card the error is below 1e-9 of w in either switching model; if a barrier
    vanishes within the range, a kink of the paper's model, below 1e-4 of w at 0 V.
    """
    point = card.under_bias(voltages_of_spline(card), temperature)
    return voltage_spline(point.slope, point.offset_field)


def voltages_of_spline(card: Card) -> Floats:
    """Return the voltages in V between which a spline is drawn."""
    limit = card.voltage_limit
    return np.linspace(-limit, limit, PIECES + 1)


def voltage_spline(*quantities: ArrayLike) -> Tensor:
    """Return spline coefficients of quantities at :func:`voltages_of_spline`.

    Every quantity is a number or of shape (PIECES + 1,); the result has shape
    (quantities, 4, PIECES), and :func:`follow` evaluates it.
    """
    values = np.stack([np.broadcast_to(v, PIECES + 1) for v in quantities], axis=-1)
    pieces = CubicSpline(np.arange(PIECES + 1), values).c
    return torch.from_numpy(np.ascontiguousarray(pieces.transpose(2, 0, 1)))


def follow(curve: Tensor, voltage: Tensor, card: Card) -> tuple[Tensor, Tensor]:
    """Return the two quantities of a spline at a voltage: w and H_s of a :func:`bias_curve`.

    ``voltage`` is V in V, shape () or (features,); gradients flow.
    """
    per_volt = PIECES / 2 / card.voltage_limit
    values, _ = torch.ops.smtj.follow(curve, voltage, per_volt)
    first, second = values.unbind()
    return first, second


def _follow(curve: Tensor, voltage: Tensor, per_volt: float) -> tuple[Tensor, Tensor]:
    """Return values and derivatives with respect to voltage, shape (2, ...)."""
    position = voltage * per_volt + PIECES / 2
    piece = position.floor().clamp_(0, PIECES - 1)
    t = position.sub_(piece)
    cubic, square, line, start = curve[:, :, piece.long()].unbind(1)
    values = cubic.mul(t).add_(square).mul_(t).add_(line).mul_(t).add_(start)
    derivatives = (3 * cubic).mul_(t).add_(2 * square).mul_(t).add_(line).mul_(per_volt)
    return values, derivatives


# One operator, since autograd would record a dozen small ones at every training step.
_library = torch.library.Library("smtj", "FRAGMENT")
_library.define("follow(Tensor curve, Tensor voltage, float per_volt) -> (Tensor, Tensor)")
_library.impl("follow", _follow, "CompositeExplicitAutograd")


def _fake(curve: Tensor, voltage: Tensor, _: float) -> tuple[Tensor, Tensor]:
    shape = (2, *voltage.shape)
    return voltage.new_empty(shape), voltage.new_empty(shape)


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    ctx.save_for_backward(output[1])
    ctx.mark_non_differentiable(output[1])


def _gradient(ctx: Any, upstream: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
    (derivatives,) = ctx.saved_tensors
    return None, (upstream * derivatives).sum(0), None


torch.library.register_fake("smtj::follow", _fake, lib=_library)
torch.library.register_autograd("smtj::follow", _gradient, setup_context=_keep, lib=_library)


def devices_at(
    card: Card, devices: DeviceVariation, voltage: Tensor, temperature: float, age: float
) -> tuple[Tensor, Tensor]:
    """Return w in 1/(A/m) and H_s in A/m of every device at a fixed voltage.

    Arguments as in :func:`slope_and_offset`; a voltage of shape () is exact, (features,) uses the
    spline.
    """
    if voltage.ndim == 0:
        return slope_and_offset(card, devices, float(voltage), temperature, age)
    like = devices.slope_factor
    curve = bias_curve(card, chip_temperature(card, devices, temperature)).to(like)
    nominal = follow(curve, voltage.detach().to(like), card)
    return with_devices(card, devices, *nominal, decades(age))


def checked_voltage(card: Card, voltage: Tensor, features: int) -> None:
    """Raise an error if a voltage in V exceeds the card's limit or has a wrong shape."""
    limit = card.voltage_limit
    if voltage.shape not in ((), (features,)):
        raise SmtjError(
            f"bias_voltage has shape {tuple(voltage.shape)}; it must be one number, or one for "
            f"each of the {features} neurons"
        )
    # Allow for the rounding of the limit to single precision.
    beyond = voltage.reshape(-1)[~(voltage.reshape(-1).abs() <= limit * (1 + 1e-6))]
    if len(beyond):
        raise SmtjError(
            f"bias_voltage is {float(beyond[0]):g} V; card {card.name} allows at most {limit:g} V"
        )
