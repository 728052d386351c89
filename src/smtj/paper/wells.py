"""Where the magnetisation of a card's free layer rests, as angles in the x-z plane."""

import math

from smtj.card import DeviceCard
from smtj.physics.junction import card_wells


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
    found = card_wells(card, field_x, 0.0, field_z)
    both = ((found.up, found.up_exists), (found.down, found.down_exists))
    return sorted(math.atan2(m[0], m[2]) % (2 * math.pi) for m, exists in both if exists)
