"""The audit: every number the paper states or implies, beside ours."""

from smtj.card import DeviceCard
from smtj.paper import audit_device, audit_network, audit_resonance, audit_switching
from smtj.report.figure import Check


def audit(card: DeviceCard) -> list[Check]:
    """Put every number that the paper states or implies beside ours, computed from a card.

    Parameters
    ----------
    card
        The device; the paper's is ``cai2019``.

    Returns
    -------
    list of Check
        In the order of the paper: the device and its measurement, Eq. 1 to 6 and what they give,
        Fig. 5, and the network.  What is not tested says why.
    """
    return [
        *audit_device.rows(card),
        *audit_switching.rows(card),
        *audit_resonance.rows(card),
        *audit_network.rows(card),
    ]
