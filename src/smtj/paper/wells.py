"""Where the magnetisation of a card's free layer rests: the wells of its energy at zero field.

The energy is the one that Eq. 7 follows from, in the x-z plane (x the long axis, z the normal):
e(θ) = -μ0 M_s [H_x sin θ + H_z cos θ + ½ H_K1 cos²(θ - tilt) - ¼ H_K2 cos⁴(θ - tilt)].
"""

from typing import Any

import numpy as np

from smtj.card import DeviceCard
from smtj.physics import anisotropy
from smtj.physics.device import operating_point

STEPS = 3600
"""Angles at which the energy is looked at before each well is refined."""


def wells(card: DeviceCard, field_x: float = 0.0, field_z: float = 0.0) -> list[float]:
    """Angles of the wells from the film normal, in rad in [0, 2π), positive towards +x.

    Parameters
    ----------
    card
        The device.
    field_x, field_z
        Applied field in A/m; the card's in-plane bias field comes on top.

    Returns
    -------
    list of float
        Two at zero field on a bistable device, one past its coercive field; in rising order.
    """
    from scipy.optimize import brentq

    k_eff = operating_point(card).energy_density
    h_1 = float(anisotropy.anisotropy_field(k_eff, card.magnetism.saturation_magnetisation))
    h_2 = float(card.magnetism.second_order_anisotropy_field)
    h_x = float(card.magnetism.in_plane_bias_field) + field_x
    tilt = float(card.magnetism.easy_axis_tilt)

    def torque(theta: Any) -> Any:
        """d(e/μ0 M_s)/dθ in A/m."""
        u = theta - tilt
        axis = (h_1 - h_2 * np.cos(u) ** 2) * np.sin(u) * np.cos(u)
        return -h_x * np.cos(theta) + field_z * np.sin(theta) + axis

    # Half a step aside, so that a well on a round angle lies between two of these.
    angles = (np.arange(STEPS + 1) + 0.5) * (2 * np.pi / STEPS)
    slope = torque(angles)
    starts = np.flatnonzero((slope[:-1] < 0) & (slope[1:] >= 0))
    found = [float(brentq(torque, angles[i], angles[i + 1])) for i in starts]
    return sorted(theta % (2 * np.pi) for theta in found)
