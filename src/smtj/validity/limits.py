"""Where the paper's formulas are safe: against stability factor, field and in-plane field."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from smtj.card import CardLike, as_device
from smtj.physics import barrier, switching
from smtj.physics.constants import BOLTZMANN, VACUUM_PERMEABILITY
from smtj.physics.device import vcma_point
from smtj.physics.escape.asymptotes import brown_log_dwell_times
from smtj.physics.escape.axial import log_first_passage_time
from smtj.physics.escape.relaxation import log_dwell_times, log_relaxation_rate
from smtj.physics.free_layer import macrospin
from smtj.physics.magnetics.frame import axial
from smtj.physics.magnetics.macrospin import Macrospin
from smtj.typing import Floats
from smtj.units import format_quantity

BARRIERS = np.concatenate([np.arange(1.0, 10.0, 0.5), np.arange(10.0, 41.0, 2.0)])
"""Δ in k_B T."""
FIELDS = np.linspace(-0.9, 0.9, 37)
"""H/H_k along the axis."""
IN_PLANE = np.array([0.0, 0.02, 0.05, 0.1, 0.2, 0.4])
"""H_in/H_k across it."""
OTHER_WELL = -0.98
"""m·n that counts as the other well."""
FAIR = 0.2
"""Relative deviation of a time up to which a formula is called safe."""


@dataclass(frozen=True, eq=False)
class Limits:
    """Dwell times of an upright macrospin with the card's H_K1, damping and T; times in s."""

    delta: float
    """The card's stability factor Δ."""
    log_attempt_time: float
    """ln(τ0/s) of the card."""
    exact_at_barrier: Floats
    """ln τ at zero field over :data:`BARRIERS`, two-state reduction."""
    brown_at_barrier: Floats
    """The same by Brown's asymptote."""
    exact_at_field: Floats
    """ln(τ_up(h)/τ_up(0)) over :data:`FIELDS` at the card's own Δ: the mean first passage from the
    bottom of the up well into the other one.  Half spheres are not states here, since
    beyond H_k/2 the top of the barrier outweighs the emptier well."""
    printed_at_field: Floats
    """The same by Eq. 3: Δ[(1 + h)² - 1]."""
    exact_in_plane: Floats
    """ln τ over :data:`IN_PLANE` at the card's own Δ; fields across the axis."""
    printed_in_plane: Floats
    """The same by Eq. 3 and 6, with the card's τ0."""

    @property
    def equivalent_attempt_time(self) -> float:
        """τ0 in s that would make Eq. 3 exact at zero field and the card's own Δ."""
        return math.exp(float(self.exact_in_plane[0]) - self.delta)


def find_limits(
    card: CardLike,
    voltage: float = 0.0,
    temperature: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Limits:
    """Compare the paper's formulas with exact times, one influence at a time.

    Parameters
    ----------
    card
        Gives H_K1, damping, volume, temperature and τ0.  The axis is upright, and only what is
        varied acts in the plane.
    voltage, temperature
        Bias in V, and T in K; the card's own temperature by default.
    progress
        Called with (done, total) exact times.

    Raises
    ------
    CardError, SmtjError
        The card has no perpendicular anisotropy, or its damping is too low to calculate with.
    """
    card = as_device(card)
    spin = axial(macrospin(card, voltage, temperature))._replace(second_order_field=0.0)
    damping = float(card.magnetism.damping)
    h_k, t = float(spin.anisotropy_field), float(spin.temperature)
    scale = VACUUM_PERMEABILITY * h_k / (2 * BOLTZMANN * t)
    delta = scale * float(spin.moment)
    scaled = spin._replace(moment=BARRIERS / scale)
    at_field, at_none = (
        log_first_passage_time(spin, 0.0, 0.0, h * h_k, damping, 1.0, OTHER_WELL)
        for h in (FIELDS, 0.0)
    )
    log_tau0 = math.log(card.thermal.attempt_time)
    point = vcma_point(card, voltage, temperature)
    e_b = barrier.energy_barrier(
        VACUUM_PERMEABILITY * float(point.saturation_magnetisation) * h_k / 2,
        float(point.saturation_magnetisation),
        IN_PLANE * h_k,
        card.geometry.activation_volume,
    )
    return Limits(
        delta=delta,
        log_attempt_time=log_tau0,
        exact_at_barrier=log_dwell_times(scaled, 0.0, 0.0, 0.0, damping)[0],
        brown_at_barrier=brown_log_dwell_times(scaled, 0.0, 0.0, 0.0, damping)[0],
        exact_at_field=np.asarray(at_field - at_none),
        printed_at_field=np.asarray(
            switching.log_dwell_times(delta, FIELDS, 0.0)[0] - delta, dtype=np.float64
        ),
        exact_in_plane=_in_plane(spin, damping, h_k, progress),
        printed_in_plane=np.asarray(barrier.stability_factor(e_b, t) + log_tau0),
    )


def _in_plane(
    spin: Macrospin, damping: float, h_k: float, progress: Callable[[int, int], None] | None
) -> Floats:
    """Return ln τ in fields across the axis; each needs a sparse solve."""
    found = []
    for number, part in enumerate(IN_PLANE):
        # Both wells are alike, so each has half of the rate.
        rate = float(log_relaxation_rate(spin, float(part * h_k), 0.0, 0.0, damping))
        found.append(math.log(2) - rate)
        if progress is not None:
            progress(number + 1, IN_PLANE.size)
    return np.array(found)


def safe_ranges(limits: Limits) -> list[str]:
    """State where the formulas are safe, one sentence per influence."""
    brown = np.expm1(limits.brown_at_barrier - limits.exact_at_barrier)
    field = np.expm1(limits.printed_at_field - limits.exact_at_field)
    plane = np.expm1(limits.printed_in_plane - limits.exact_in_plane)
    tau0 = format_quantity(limits.equivalent_attempt_time, "s", "ns", 3)
    given = format_quantity(math.exp(limits.log_attempt_time), "s", "ns", 3)
    fair = f"within {100 * FAIR:.0f} %"
    at_3, at_6 = (100 * float(brown[delta == BARRIERS][0]) for delta in (3.0, 6.0))
    last = math.exp(float(limits.printed_in_plane[-1] - limits.exact_in_plane[-1]))
    return [
        f"Barrier: Brown's asymptote is {fair} {_barriers(brown)}; at Δ = 3 it is {at_3:+.0f} %, "
        f"at Δ = 6 {at_6:+.0f} %.",
        f"Prefactor: at Δ = {limits.delta:.3g} and zero field τ0 = {tau0} would make Eq. (3) "
        f"exact; the card has {given}. τ0 falls with damping and Δ, so no single value "
        "fits a scan.",
        f"Field along the axis: the dwell time of Eq. (3) relative to zero field is {fair} of the "
        f"exact one for {_span(field, FIELDS, 'H/H_k')}; what Eq. (3) leaves out is the "
        "prefactor's (1 − h²)(1 + h).",
        f"Field in the plane: Eq. (6) with the card's τ0 is {fair} for "
        f"{_span(plane, IN_PLANE, 'H_in/H_k')}, and off by a factor of {last:.2g} at "
        f"{IN_PLANE[-1]:g}: such a field turns the ring over which the magnetisation escapes into "
        "a saddle.",
    ]


def _barriers(deviation: Floats) -> str:
    fair = np.abs(deviation) <= FAIR
    if not fair.any():
        return "nowhere up to Δ = 40"
    # From where it stays so.
    first = int(np.flatnonzero(~fair).max(initial=-1)) + 1
    return f"from Δ = {BARRIERS[first]:g} on" if first < fair.size else "nowhere up to Δ = 40"


def _span(deviation: Floats, grid: Floats, name: str) -> str:
    fair = grid[np.abs(deviation) <= FAIR]
    if fair.size == 0:
        return f"no {name} that was tried"
    return f"{name} from {fair.min():.2g} to {fair.max():.2g}"
