"""One map a neuron of drive and device: Eq. 5's w (H_⊥ - H_s) as a line with two ends."""

import torch
from torch import Tensor

from smtj.nn.drive.coupling import Drive
from smtj.physics.switching import log_odds


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
