"""Neurons whose summed input is the voltage across their own junction.

P(high) then follows the voltage as the card says, by VCMA, spin torque and heat in a constant
field, whatever its shape.  The coupling turns ln odds ℓ(V) into the field H_s + ℓ(V)/w that a
field-driven junction would need for them, so that the spreads of devices, their drift and their
noise act as they do on field-driven neurons.  Correlated reads have the relaxation time that the
junction has at its voltage.
"""

import math

import numpy as np
import torch
from torch import Tensor, nn

from smtj.card import CardLike, as_device
from smtj.errors import SmtjError
from smtj.nn.drive.coupling import CALIBRATED_SPREAD, AffineCoupling, CalibratedCoupling, Drive
from smtj.physics.coupling.oersted import SUPPLY_VOLTAGE
from smtj.physics.voltage_response import PIECES, voltage_response


class VoltageCoupling(nn.Module):
    """V = offset + gain · x across the junction itself, limited to its range; P(high) = P(V).

    Parameters
    ----------
    card
        The device.
    map
        The affine map to voltages in V: a coupling as for fields, in V in place of A/m.
    field
        The constant field in A/m, along the card's drive.

    Examples
    --------
    >>> import smtj
    >>> from smtj.nn import MTJNeuron, voltage_coupling
    >>> card = smtj.load_card("funatsu2022").replace({"spin_torque.polarisation": 0.6})
    >>> coupling = voltage_coupling(card, 2)
    >>> layer = MTJNeuron(card, 2, coupling=coupling, reads="expected", noise=False, chip_seed=None)
    >>> x = torch.tensor([[0.0, 1.0]])
    >>> layer(x)
    tensor([[0.50, 0.73]])
    >>> coupling.drive(x)  # V
    tensor([[ 0.0000, -0.0009]])
    """

    low: Tensor
    high: Tensor
    coefficients: Tensor
    """Of the spline of the field H_s + ℓ/w, shape (4, PIECES), for t³ to 1 on each piece."""
    amperes: Tensor
    log_rates: Tensor

    def __init__(self, card: CardLike, map: nn.Module, field: float = 0.0) -> None:
        super().__init__()
        self.card = as_device(card)
        self.map = map
        self.field = field
        for name in ("low", "high"):
            self.register_buffer(name, torch.zeros(()))
        self.register_buffer("coefficients", torch.zeros(4, PIECES))
        for name in ("amperes", "log_rates"):
            self.register_buffer(name, torch.zeros(PIECES + 1))
        self.set_temperature(None)

    def set_temperature(self, temperature: float | None) -> None:
        """Follow P(V) to a temperature in K, by default the card's; the map stays."""
        from scipy.interpolate import CubicSpline

        found = voltage_response(self.card, self.field, temperature)
        pieces = CubicSpline(np.arange(PIECES + 1), found.field).c
        with torch.no_grad():
            self.low.fill_(found.low)
            self.high.fill_(found.high)
            self.coefficients.copy_(torch.from_numpy(np.ascontiguousarray(pieces)))
            self.amperes.copy_(torch.tensor(found.current))
            self.log_rates.copy_(torch.tensor(found.log_rate))

    def forward(self, x: Tensor) -> tuple[Tensor, Drive]:
        """Return the equivalent fields in A/m, and the map that leaves them as they are."""
        volts = self.drive(x)
        position = (volts - self.low) * (PIECES / (self.high - self.low))
        piece = position.detach().floor().clamp(0, PIECES - 1)
        t = position - piece
        cubic, square, line, start = self.coefficients[:, piece.long()]
        field = ((cubic * t + square) * t + line) * t + start
        one = torch.ones(x.shape[-1], dtype=field.dtype, device=field.device)
        return field, Drive(one, torch.zeros_like(one), math.inf)

    def drive(self, x: Tensor) -> Tensor:
        """Return voltages in V for summed inputs of shape (..., features)."""
        x, (gain, offset, limit, _) = self.map(x)
        volts = torch.addcmul(offset, gain, x).clamp(-limit, limit)
        return torch.maximum(torch.minimum(volts, self.high), self.low)

    def power(self, x: Tensor, interval: float | None = None) -> Tensor:
        """Return the mean power V_dd |I| in W of every junction, shape (features,), while driven.

        That is what the supply gives; V²/R of it heats the junction.  ``x`` are summed inputs,
        shape (..., features); the interval between them does not matter.
        """
        power = SUPPLY_VOLTAGE * self._at(self.amperes, x)
        return power.reshape(-1, power.shape[-1]).mean(0)

    def log_rate(self, x: Tensor) -> Tensor:
        """Return ln(1/τ_r), τ_r in s, of the nominal device for summed inputs (..., features)."""
        with torch.no_grad():
            return self._at(self.log_rates, x)

    def _at(self, table: Tensor, x: Tensor) -> Tensor:
        """Return a table at the voltages of summed inputs, straight between its entries."""
        position = (self.drive(x) - self.low) * (PIECES / (self.high - self.low))
        piece = position.detach().floor().clamp(0, PIECES - 1).long()
        return torch.lerp(table[piece], table[piece + 1], position - piece)

    def extra_repr(self) -> str:
        """Return the text of ``print(model)``."""
        return f"{float(self.low):.4g} to {float(self.high):.4g} V, field={self.field:g} A/m"


def voltage_coupling(
    card: CardLike,
    features: int,
    *,
    field: float = 0.0,
    calibrated: bool = False,
    spread: float = CALIBRATED_SPREAD,
) -> VoltageCoupling:
    """Return a coupling whose summed input is the voltage across each junction.

    Zero input is the voltage at which P(high) is one half, 0 V if there is none, and one unit
    changes ln odds by 1 there, so that a device with a straight ℓ(V) responds as a sigmoid.

    Parameters
    ----------
    card
        The device: a card with physics, its name or its path.
    features
        Number of neurons.
    field
        The constant field in A/m, along the card's drive; e.g. that of a patterned magnet.
    calibrated
        Whether inputs are standardised in training, as by :func:`smtj.nn.calibrated`.
    spread
        Standard deviation of calibrated inputs, in units of ln odds.

    Raises
    ------
    SmtjError
        As :func:`smtj.physics.voltage_response.voltage_response`.
    """
    device = as_device(card)
    response = voltage_response(device, field)
    if response.slope == 0:
        raise SmtjError(
            f"P(high) of card {device.name} does not change with the voltage at "
            f"{response.centre:g} V; give another field"
        )
    limit, per_unit = device.voltage_limit, 1 / response.slope
    map: nn.Module
    if calibrated:
        map = CalibratedCoupling(features, spread * per_unit, response.centre, limit)
    else:
        map = AffineCoupling(
            torch.full((features,), per_unit), torch.full((features,), response.centre), limit
        )
    return VoltageCoupling(device, map, field)
