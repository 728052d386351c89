"""Where the paper's formulas are safe: against stability factor, field and in-plane field."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from smtj.card import CardLike, as_device
from smtj.errors import SmtjError
from smtj.physics import barrier, switching
from smtj.physics.constants import BOLTZMANN, VACUUM_PERMEABILITY
from smtj.physics.device import vcma_point
from smtj.physics.escape.asymptotes import brown_log_dwell_times
from smtj.physics.escape.axial import (
    is_axial,
    log_axial_relaxation_rate,
    log_first_passage_time,
)
from smtj.physics.escape.diffusion import log_diffusion
from smtj.physics.escape.relaxation import log_dwell_times, log_rate_on_sphere
from smtj.physics.escape.ridge import barrier_without_bias
from smtj.physics.free_layer import macrospin, states_in_plane
from smtj.physics.magnetics.equilibrium import ReducedEnergy, reduced_energy
from smtj.physics.magnetics.frame import axial, frame
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
MIN_BARRIER = 1.0
"""Stability factor below which there are no two states to compare theories of."""
SETTLED = 1e-4
"""Tolerance of ln τ in a field across the axis."""
FAIR = 0.2
"""Relative deviation of a time up to which a formula is called safe."""


@dataclass(frozen=True, eq=False)
class Limits:
    """Dwell times of an upright macrospin with the card's Δ, damping and T; times in s."""

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
    easy_plane: bool = False
    """Whether the states lie in an easy plane, which :attr:`exact_in_plane` then contains; the
    fields are in the plane and the other entries those of an upright axis."""
    second_order: bool = False
    """Whether the card has an H_K2; the macrospin then has an H_K1 alone, of the same barrier."""

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
        varied acts in the plane; a layer magnetised in the plane keeps its easy plane in a field
        across its axis.  With an H_K2 it gives the H_K1 that has the same barrier.
    voltage, temperature
        Bias in V, and T in K; the card's own temperature by default.
    progress
        Called with (done, total) exact times.

    Raises
    ------
    CardError, SmtjError
        The card has no barrier to speak of, or its damping is too low to calculate with.
    """
    card = as_device(card)
    whole = macrospin(card, voltage, temperature)
    flat = states_in_plane(card)
    damping = float(card.magnetism.damping)
    bare = whole._replace(in_plane_bias_field=0.0)
    delta = float(barrier_without_bias(reduced_energy(bare, 0.0, 0.0, 0.0)))
    if delta < MIN_BARRIER:
        raise SmtjError(
            f"card {card.name} has a stability factor of {delta:.2g}, and the theories compared "
            f"are of two states; they need {MIN_BARRIER:g} or more"
        )
    t = float(whole.temperature)
    h_k = 2 * BOLTZMANN * t * delta / (VACUUM_PERMEABILITY * float(whole.moment))
    spin = axial(whole)._replace(anisotropy_field=h_k, second_order_field=0.0)
    scaled = spin._replace(moment=spin.moment * BARRIERS / delta)
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
        exact_in_plane=_in_plane(whole if flat else spin, damping, h_k, progress),
        printed_in_plane=np.asarray(barrier.stability_factor(e_b, t) + log_tau0),
        easy_plane=flat,
        second_order=float(whole.second_order_field) != 0,
    )


def _in_plane(
    spin: Macrospin, damping: float, h_k: float, progress: Callable[[int, int], None] | None
) -> Floats:
    """Return ln τ in fields across the axis; each needs a sparse solve."""
    axes, found = frame(spin), []
    fields = np.outer(IN_PLANE * h_k, np.array(axes.across, dtype=np.float64))
    bare = spin._replace(in_plane_bias_field=0.0)
    energies = np.stack(np.broadcast_arrays(*reduced_energy(bare, *fields.T)), axis=1)
    log_d = float(log_diffusion(bare, damping))
    for number, row in enumerate(energies):
        # Both wells are alike, so each has half of the rate.
        energy = ReducedEnergy(*(float(entry) for entry in row))
        if is_axial(energy):
            rate = float(log_axial_relaxation_rate(ReducedEnergy(*row[:, None]))[0])
        else:
            rate = log_rate_on_sphere(energy, damping, SETTLED)
        found.append(math.log(2) - rate - log_d)
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
    prefactor = (
        f"Prefactor: at Δ = {limits.delta:.3g} and zero field τ0 = {tau0} would make Eq. (3) "
        f"exact; the card has {given}. τ0 falls with damping and Δ, so no single value "
        "fits a scan."
    )
    across = (
        f"Eq. (6) with the card's τ0 is {fair} for {_span(plane, IN_PLANE, 'H_in/H_k')}, and off "
        f"by a factor of {last:.2g} at {IN_PLANE[-1]:g}"
    )
    mixed = [
        f"H_K2: it is in the card's Δ = {limits.delta:.3g}; what follows about formulas without it "
        "is for an H_K1 alone of the same barrier."
    ]
    first = mixed if limits.second_order else []
    if limits.easy_plane:
        return [
            *first,
            "Barrier: the states lie in an easy plane, where precession carries the magnetisation "
            "over the barrier; asymptotes of an upright axis do not apply.",
            prefactor,
            f"Field across the axis, in the plane: {across}: such a field leaves one saddle of "
            "two.",
        ]
    return [
        *first,
        f"Barrier: Brown's asymptote is {fair} {_barriers(brown)}; at Δ = 3 it is {at_3:+.0f} %, "
        f"at Δ = 6 {at_6:+.0f} %.",
        prefactor,
        f"Field along the axis: the dwell time of Eq. (3) relative to zero field is {fair} of the "
        f"exact one for {_span(field, FIELDS, 'H/H_k')}; what Eq. (3) leaves out is the "
        "prefactor's (1 − h²)(1 + h).",
        f"Field in the plane: {across}: such a field turns the ring over which the magnetisation "
        "escapes into a saddle.",
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
    if fair.size == 1:
        return f"{name} = {fair[0]:.2g} alone"
    return f"{name} from {fair.min():.2g} to {fair.max():.2g}"
