"""Pulses of several lengths: how often a device that was reset switches."""

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from smtj.card import BehaviouralCard, CardLike, as_card
from smtj.errors import SmtjError
from smtj.lab.pulses import switching_map
from smtj.lab.readings import Progress
from smtj.lab.record import Column, labelled
from smtj.typing import Floats
from smtj.units import format_quantity

if TYPE_CHECKING:
    import xarray as xr

SAME = 1e-6
"""Relative difference up to which a bias or a length is that of the measurement."""


def pulse_scan(
    card: CardLike,
    length: ArrayLike,
    samples: int = 500,
    *,
    voltage: float | None = None,
    current: float | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> "xr.Dataset":
    """Count how often one pulse switches a device that was reset, for each length of the pulse.

    A card of measured pulses gives 1 - exp(-(t/τ)^β); on a card with physics the magnetisation is
    simulated, as in :func:`switching_map`.

    Parameters
    ----------
    card
        The device, or the name or path of its card.
    length
        In s, shape (lengths,).
    samples
        Pulses of each length.
    voltage, current
        Of the pulse, in V or A.  A card of measured pulses knows those of the measurement alone,
        which they are if not given; one with physics needs the voltage.
    seed
        Of the counts, or of the thermal field.
    progress
        Called with (done, total) lengths of a simulation.

    Returns
    -------
    xarray.Dataset
        ``probability`` of switching and ``reads``, which is ``samples``, dimension
        ``pulse_length``.

    Raises
    ------
    SmtjError
        A number is impossible, or the card does not know what such pulses do.

    Examples
    --------
    >>> import pandas as pd, smtj
    >>> from smtj.units import ns
    >>> table = {"pulse width (ns)": [5, 20, 80], "P_sw": [0.11, 0.38, 0.87], "n": [500] * 3}
    >>> card = smtj.fit(pd.DataFrame(table), source="pulses.csv").card()
    >>> smtj.lab.pulse_scan(card, [10 * ns, 40 * ns]).probability.values
    array([0.222, 0.616])
    """
    card, times = as_card(card), np.atleast_1d(np.asarray(length, dtype=np.float64))
    if times.size == 0 or samples < 1 or not (times > 0).all() or not np.isfinite(times).all():
        raise SmtjError("a scan needs pulses longer than 0 s, and at least one of each length")
    if isinstance(card, BehaviouralCard):
        return _counted(card, times, samples, {"voltage": voltage, "current": current}, seed)
    if voltage is None or current is not None:
        raise SmtjError(
            f"card {card.name} knows what a voltage does to its anisotropy: give the voltage of "
            "the pulse, and no current"
        )
    found = switching_map(
        card, voltage, times, trajectories=samples, seed=seed, progress=progress
    ).isel(voltage=0)
    found.attrs["kind"] = "pulse_scan"
    return found


def _counted(
    card: BehaviouralCard, times: Floats, samples: int, given: dict[str, float | None], seed: int
) -> "xr.Dataset":
    """Draw counts from the law of measured pulses."""
    tau, longest = card.require("pulse_response.dwell_time", "pulse_response.longest")
    law = card.pulse_response
    assert law is not None
    if times.max() > longest * (1 + SAME):
        raise SmtjError(
            f"card {card.name} holds pulses of up to {format_quantity(longest, 's', 'ns', 4)}, and "
            f"nothing of {format_quantity(float(times.max()), 's', 'ns', 4)}; choose shorter ones"
        )
    columns: dict[str, Column] = {}
    for name, value in given.items():
        own = getattr(law, name)
        if value is not None and (own is None or not math.isclose(value, own, rel_tol=SAME)):
            unit = {"voltage": "V", "current": "A"}[name]
            known = "a bias that is unknown" if own is None else format_quantity(own, unit, unit, 4)
            raise SmtjError(
                f"card {card.name} has pulses of {known}, and no law for a {name} of "
                f"{format_quantity(value, unit, unit, 4)}; leave {name} out"
            )
        if own is not None:
            columns[name] = ((), float(own))
    if "temperature" in card.conditions:
        columns["temperature"] = ((), card.temperature)
    shape = 1.0 if law.shape is None else float(law.shape)
    switched = -np.expm1(-((times / tau) ** shape))
    high = np.random.default_rng([seed, 5]).binomial(samples, switched)
    columns |= {
        "pulse_length": (("pulse_length",), times),
        "probability": (("pulse_length",), high / samples),
        "reads": ((), float(samples)),
    }
    return labelled("probability", columns, {"kind": "pulse_scan", "card": card.name, "seed": seed})
