"""From a neuron's summed input to the field at its junction: the paper's linear transformation.

The paper makes the field by an Oersted wire or a strained ferroelectric; both are affine maps with
a limited range.  A coupling is a module that returns its input, or a standardised input, and the
:class:`Drive` that maps it to a field in A/m.  The map is abstract here;
:mod:`smtj.nn.drive.physical` has the wire and the ferroelectric.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from smtj.card import CardLike, as_card
from smtj.errors import SmtjError
from smtj.physics.switching import log_odds

CALIBRATED_SPREAD = 4.0
"""Standard deviation of calibrated input, in units of 1/w; see the validation page."""
MOMENTUM = 0.01
"""Weight of a new batch in the running averages."""
EPSILON = 1e-5
"""Keeps the scale of a constant input finite."""


class Drive(NamedTuple):
    """The map from inputs to fields in A/m: H_⊥ = offset + gain · input, limited."""

    gain: Tensor
    """A/m per unit of input, shape (features,)."""
    offset: Tensor
    """A/m at zero input, shape (features,)."""
    limit: float
    """Maximum |H_⊥ - centre| in A/m."""
    centre: float = 0.0
    """Middle of the range in A/m: the static field without a drive."""


class AffineCoupling(nn.Module):
    """H_⊥ = offset + gain · x, limited to the range of the driver.

    Parameters
    ----------
    gain
        A/m per unit of input, shape (features,).
    offset
        A/m at zero input, shape (features,).
    limit
        Maximum |H_⊥| in A/m.

    Examples
    --------
    >>> coupling = AffineCoupling(torch.tensor([100.0]), torch.tensor([-1000.0]), limit=8000.0)
    >>> x, drive = coupling(torch.tensor([[2.0]]))
    >>> float(drive.offset + drive.gain * x)
    -800.0
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
        """Return the input and its map to a field."""
        return x, self.drive


class CalibratedCoupling(nn.Module):
    """H_⊥ = offset + spread · (x - mean)/√variance: keeps inputs where the devices respond.

    In training, each batch is brought to mean zero and a common spread, and running averages
    follow; in evaluation the averages are frozen, so the map is affine (:meth:`fold` returns it).
    This is our reading of the paper's "linear transformation of the input signal, which is similar
    to the normalization of the input data"; it is batch normalisation without trainable parameters
    (S. Ioffe and C. Szegedy, arXiv:1502.03167).

    Parameters
    ----------
    features
        Number of neurons.
    spread
        Standard deviation of the field in A/m.
    offset
        Mean of the field in A/m.
    limit
        Maximum |H_⊥| in A/m.

    Examples
    --------
    >>> coupling = CalibratedCoupling(3, spread=400.0, offset=-1000.0, limit=8000.0)
    >>> x, drive = coupling(torch.rand(50, 3))  # standardised in training
    >>> field = drive.offset + drive.gain * x
    >>> round(float(field.mean())), round(float(field.std(unbiased=False)), -1)
    (-1000, 400.0)
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
        """Return the input, shape (batch, features), standardised in training, and its map."""
        if not self.training:
            return x, self._frozen()
        standard = functional.batch_norm(
            x, self.mean, self.variance, training=True, momentum=MOMENTUM, eps=EPSILON
        )
        return standard, Drive(self.spread, self.offset, self.limit)

    def fold(self) -> AffineCoupling:
        """Return the frozen map of evaluation as an affine coupling."""
        gain, offset, limit, _ = self._frozen()
        return AffineCoupling(gain, offset, limit)

    def _frozen(self) -> Drive:
        gain = self.spread / torch.sqrt(self.variance + EPSILON)
        return Drive(gain, self.offset - gain * self.mean, self.limit)


class Standardised(nn.BatchNorm1d):
    """The transformation of :class:`CalibratedCoupling` for a network of plain sigmoids.

    Outputs have a spread of :data:`CALIBRATED_SPREAD`, as calibrated inputs have in units of 1/w.
    """

    def __init__(self, features: int) -> None:
        super().__init__(features, eps=EPSILON, momentum=MOMENTUM, affine=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return standardised inputs, shape (batch, features)."""
        return CALIBRATED_SPREAD * super().forward(x)


def matched(card: CardLike, features: int) -> AffineCoupling:
    """Return the map under which the nominal device responds as a sigmoid.

    One unit of input is 1/w and zero input is H_s, so P(high) = 1/(1 + e^-x) within the limit.
    """
    slope, offset, limit = _nominal(card)
    return AffineCoupling(
        torch.full((features,), 1 / slope), torch.full((features,), offset), limit
    )


def calibrated(
    card: CardLike, features: int, spread: float = CALIBRATED_SPREAD
) -> CalibratedCoupling:
    """Return a calibrated map centred on H_s, with a spread in units of 1/w."""
    slope, offset, limit = _nominal(card)
    return CalibratedCoupling(features, spread / slope, offset, limit)


def _nominal(card: CardLike) -> tuple[float, float, float]:
    """Return w in 1/(A/m), H_s and the field limit in A/m of the nominal device."""
    card = as_card(card)
    point = card.under_bias()
    if float(point.slope) == 0:
        raise SmtjError(
            f"card {card.name} has no energy barrier, so its P(high) does not depend on the field; "
            "a neuron needs E_b > 0 (see `smtj card show`)"
        )
    return float(point.slope), float(point.offset_field), card.drive_limit


def fold(drive: Drive, slope: Tensor, offset_field: Tensor, noise_field: float) -> Tensor:
    """Fold drive and devices into one map per neuron: Eq. 5's w (H_⊥ - H_s), a line with two ends.

    ``slope`` is w in 1/(A/m) and ``offset_field`` H_s in A/m of every device, shape (features,);
    ``noise_field`` is the rms field noise in A/m.  Returns the response of
    :func:`smtj.nn.reads.independent.respond`, shape (5, features).
    """
    gain, offset, limit, centre = drive
    ends = torch.stack((offset, centre - limit + 0 * offset, centre + limit + 0 * offset))
    # If P(high) falls with the field, the lower end has the higher log-odds.
    at_zero, one, other = log_odds(ends, slope, offset_field).unbind()
    low, high = torch.minimum(one, other), torch.maximum(one, other)
    return torch.stack((slope * gain, at_zero, low, high, slope * noise_field))
