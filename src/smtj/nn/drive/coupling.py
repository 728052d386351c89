"""From the summed input of a neuron to the field at its junction: a linear transformation.

The paper converts the summed input to H_⊥ by a linear transformation, through an Oersted wire or a
strained ferroelectric.  Both are affine maps with a limited range.  A coupling is a module that
returns its input, or the input brought to a standard form, and the :class:`Drive` that
turns it into a field; fields are in A/m.  The map is abstract here; :mod:`smtj.nn.drive.physical`
has the wire and the ferroelectric.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.physics.device import operating_point
from smtj.physics.switching import log_odds

CALIBRATED_SPREAD = 4.0
"""Standard deviation that calibration gives the input, in units of 1/w; see the validation page."""


MOMENTUM = 0.01
"""Weight of a new batch in the running averages."""
EPSILON = 1e-5
"""Keeps the scale of an input that never changes finite."""


class Drive(NamedTuple):
    """How inputs become fields: H_⊥ = offset + gain · input, limited; fields in A/m."""

    gain: Tensor
    """A/m per unit of input, shape (features,)."""
    offset: Tensor
    """A/m at zero input, shape (features,)."""
    limit: float
    """Largest |H_⊥ - centre| in A/m."""
    centre: float = 0.0
    """Middle of the range in A/m: a field that is there without a drive."""


class AffineCoupling(nn.Module):
    """H_⊥ = offset + gain · x, limited to the range of the driver.

    Parameters
    ----------
    gain
        A/m per unit of input, shape (features,).
    offset
        A/m at zero input, shape (features,).
    limit
        Largest |H_⊥| in A/m.
    """

    gain: Tensor
    offset: Tensor

    def __init__(self, gain: Tensor, offset: Tensor, limit: float) -> None:
        super().__init__()
        self.register_buffer("gain", gain)
        self.register_buffer("offset", offset)
        self.limit = limit

    @property
    def drive(self) -> Drive:
        """The map itself."""
        return Drive(self.gain, self.offset, self.limit)

    def forward(self, x: Tensor) -> tuple[Tensor, Drive]:
        """Return the input and the map that turns it into a field."""
        return x, self.drive


class CalibratedCoupling(nn.Module):
    """An affine map that keeps each neuron's inputs in the range where its device responds.

    In training the inputs of a batch are brought to mean zero and a common spread, while running
    averages follow; in evaluation these averages are frozen, so that the map is an ordinary affine
    one (:meth:`fold` gives it).  This is how we read the paper's "linear transformation of the
    input signal, which is similar to the normalization of the input data"; it is batch
    normalisation without trainable parameters (S. Ioffe and C. Szegedy, arXiv:1502.03167).

    Parameters
    ----------
    features
        Number of neurons.
    spread
        Standard deviation of the field in A/m.
    offset
        Mean of the field in A/m.
    limit
        Largest |H_⊥| in A/m.
    """

    mean: Tensor
    variance: Tensor
    spread: Tensor
    offset: Tensor

    def __init__(self, features: int, spread: float, offset: float, limit: float) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("variance", torch.ones(features))
        self.register_buffer("spread", torch.full((features,), spread))
        self.register_buffer("offset", torch.full((features,), offset))
        self.limit = limit

    def forward(self, x: Tensor) -> tuple[Tensor, Drive]:
        """Return the input and the map that turns it into a field; x of shape (batch, features).

        In training the input that is returned is the standardised one.
        """
        if not self.training:
            return x, self._frozen()
        standard = functional.batch_norm(
            x, self.mean, self.variance, training=True, momentum=MOMENTUM, eps=EPSILON
        )
        return standard, Drive(self.spread, self.offset, self.limit)

    def fold(self) -> AffineCoupling:
        """Return the frozen map that evaluation uses, as an affine coupling."""
        gain, offset, limit, _ = self._frozen()
        return AffineCoupling(gain, offset, limit)

    def _frozen(self) -> Drive:
        gain = self.spread / torch.sqrt(self.variance + EPSILON)
        return Drive(gain, self.offset - gain * self.mean, self.limit)


class Standardised(nn.BatchNorm1d):
    """What :class:`CalibratedCoupling` does to its input, for a network of plain sigmoids.

    Inputs leave with a spread of :data:`CALIBRATED_SPREAD`, the device's in units of 1/w, so that
    the two kinds of network can be compared with the same linear transformation.
    """

    def __init__(self, features: int) -> None:
        super().__init__(features, eps=EPSILON, momentum=MOMENTUM, affine=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return standardised inputs, shape (batch, features)."""
        return CALIBRATED_SPREAD * super().forward(x)


def _nominal(card: DeviceCard) -> tuple[float, float]:
    """Slope w in 1/(A/m) and offset H_s in A/m of the nominal device."""
    point = operating_point(card)
    if float(point.slope) == 0:
        raise SmtjError(
            f"card {card.name} has no energy barrier, so its P(high) does not depend on the field; "
            "a neuron needs E_b > 0 (see `smtj card show`)"
        )
    return float(point.slope), float(point.offset_field)


def matched(card: DeviceCard, features: int) -> AffineCoupling:
    """Return the map under which the card's nominal device answers x as a sigmoid does.

    One unit of input is 1/w and zero input is H_s, so P(high) = 1/(1 + e^-x) within the limit.
    """
    slope, offset = _nominal(card)
    return AffineCoupling(
        torch.full((features,), 1 / slope),
        torch.full((features,), offset),
        float(card.switching.field_limit),
    )


def calibrated(
    card: DeviceCard, features: int, spread: float = CALIBRATED_SPREAD
) -> CalibratedCoupling:
    """Return a calibrated map for a card.

    Parameters
    ----------
    card
        The device; inputs are centred on its H_s.
    features
        Number of neurons.
    spread
        Standard deviation of the field in units of 1/w.
    """
    slope, offset = _nominal(card)
    return CalibratedCoupling(
        features,
        spread / slope,
        offset,
        float(card.switching.field_limit),
    )


def fold(drive: Drive, slope: Tensor, offset_field: Tensor, noise_field: float) -> Tensor:
    """Return the rows of a :class:`smtj.nn.reads.independent.Response`.

    Parameters
    ----------
    drive
        How inputs become fields.
    slope
        w of every device in 1/(A/m), shape (features,).
    offset_field
        H_s of every device in A/m, shape (features,).
    noise_field
        Rms field noise in A/m.

    Returns
    -------
    Tensor
        Shape (5, features).
    """
    gain, offset, limit, centre = drive
    ends = torch.stack((offset, centre - limit + 0 * offset, centre + limit + 0 * offset))
    # On a device whose P(high) falls with the field, the lower end has the higher odds.
    odds = log_odds(ends, slope, offset_field)
    at_zero, one, other = odds.unbind()
    low, high = torch.minimum(one, other), torch.maximum(one, other)
    return torch.stack((slope * gain, at_zero, low, high, slope * noise_field))
