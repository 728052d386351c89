"""Simulated motion (s-LLG) of a card at a barrier low enough to follow every switch.

It is the same device with a smaller activation volume.  The volume matters only through the
barrier, so exact results confirmed here hold at the card's own barrier too.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from smtj.card import CardLike, DeviceCard, as_device
from smtj.dynamics.macrospin.boltzmann import equilibrium_directions
from smtj.dynamics.macrospin.driven import DrivenMacrospin, driven_macrospin, ensemble
from smtj.dynamics.macrospin.passages import first_passage_times
from smtj.dynamics.macrospin.run import pairs_of
from smtj.dynamics.macrospin.simulate import trajectories
from smtj.physics.device import vcma_point, with_stability_factor
from smtj.physics.escape.axial import log_first_passage_time
from smtj.physics.escape.relaxation import log_relaxation_rate
from smtj.physics.free_layer import drive_field, easy_axis, macrospin
from smtj.physics.junction import card_wells
from smtj.physics.magnetics.equilibrium import boltzmann_averages
from smtj.physics.magnetics.frame import axial
from smtj.physics.resonance.frequency import resonance_frequency, stiffness
from smtj.typing import Floats
from smtj.validity.comparison import Comparison, compared, reference
from smtj.validity.formulas import field_at, rings

LOW_BARRIER = 5.0
"""Stability factor Δ at which the motion is simulated."""
TRAJECTORIES = 256
RECORDS = 240
"""Records of each trajectory."""
RECORDS_PER_RELAXATION = 2.0
"""Records in a relaxation time 1/λ1."""
STEPS = 5.5e9
"""Time steps of all trajectories together, about a minute on one core, from which there are fewer
records and trajectories: with little damping a cone takes millions of steps to relax."""
MIN_RECORDS, MIN_TRAJECTORIES = 20, 64
GROUPS = 32
"""Groups of trajectories, for jackknife errors."""
PASSAGES = 2048
PASSAGE_DAMPING = 0.05
"""Least damping at which first passages are simulated."""
THRESHOLD = 0.5
"""First passages are timed from m·n = THRESHOLD to -THRESHOLD."""
RINGING = 0.01
"""Angle in rad from which the magnetisation rings down."""
PERIODS, POINTS_PER_PERIOD = 12, 40

Progress = Callable[[str, int, int], None]
"""Called with (name of the simulation, done, total)."""


class Context(NamedTuple):
    """The operating conditions, the seed, and the progress callback."""

    voltage: float
    temperature: float | None
    seed: int
    progress: Progress | None

    def progress_of(self, what: str) -> Callable[[int, int], None] | None:
        """Return the callback of one simulation."""
        progress = self.progress
        if progress is None:
            return None
        return lambda done, total: progress(what, done, total)


def with_low_barrier(
    card: CardLike,
    voltage: float = 0.0,
    temperature: float | None = None,
    low_barrier: float = LOW_BARRIER,
) -> DeviceCard:
    """Return a card with a volume so small that its motion can be simulated, if it has a larger.

    Parameters
    ----------
    card
        The device.
    voltage, temperature
        Bias in V, and T in K; the card's own temperature by default.
    low_barrier
        The stability factor to give it, if its own is higher.

    Raises
    ------
    SmtjError
        The card has no barrier there.
    """
    card = as_device(card)
    own = float(vcma_point(card, voltage, temperature).stability_factor)
    if 0 < own <= low_barrier:
        return card
    return with_stability_factor(card, low_barrier, voltage, temperature)


def compare_low_barrier(
    card: CardLike,
    voltage: float = 0.0,
    temperature: float | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[Comparison]:
    """Compare simulated motion with exact results.

    Parameters
    ----------
    card
        The device, with a low barrier; see :func:`smtj.physics.device.with_stability_factor`.
    voltage, temperature
        Bias in V, and T in K; the card's own temperature by default.
    seed
        Seed of the thermal field.
    progress
        Called with the simulation's name and (done, total).

    Raises
    ------
    CardError, SmtjError
        The card has no barrier there, or one that takes too long to pass.
    """
    card = as_device(card)
    context = Context(voltage, temperature, seed, progress)
    return [
        *_equilibrium(card, context),
        *_passage(card, context),
        *_ringing(card, context),
    ]


def affordable(system: DrivenMacrospin, interval: float, records: int) -> tuple[int, int]:
    """Return how many records, one per interval in s, of how many trajectories to simulate."""
    _, pairs = pairs_of(ensemble(system, 1), interval, None)
    every = STEPS / (2 * pairs)
    fewer = min(max(int(every / TRAJECTORIES), MIN_RECORDS), records)
    return fewer, min(max(int(every / fewer), MIN_TRAJECTORIES), TRAJECTORIES)


def _equilibrium(card: DeviceCard, context: Context) -> list[Comparison]:
    point = vcma_point(card, context.voltage, context.temperature)
    field = float(point.offset_field + 0.5 / point.slope)
    x, z = field_at(card, field, context.voltage)
    spin = macrospin(card, context.voltage, context.temperature)
    exact = boltzmann_averages(spin, x, 0.0, z)
    rate = math.exp(float(log_relaxation_rate(spin, x, 0.0, z, float(card.magnetism.damping))))
    kelvin = float(spin.temperature)
    system = driven_macrospin(card, drive_field(card, field), context.voltage, kelvin)
    interval = 1 / (RECORDS_PER_RELAXATION * rate)
    records, size = affordable(system, interval, RECORDS)
    m = trajectories(
        system,
        equilibrium_directions(spin, (x, 0.0, z), size, context.seed),
        interval,
        records,
        size,
        context.seed,
        dtype=np.float32,
        progress=context.progress_of("equilibrium"),
    ).astype(np.float64)
    up = (m @ np.array(easy_axis(card)) > 0).astype(np.float64)
    found, error = _relaxation(up, float(exact.probability_up), rate)
    simulated = f"s-LLG, {size} trajectories"
    where = "at H_s + 1/(2w)"
    occupied = reference(
        f"occupancy of the up well {where}",
        "Boltzmann integral",
        float(exact.probability_up),
        "",
        "",
    )
    squared = reference(f"⟨m_z²⟩ {where}", "Boltzmann integral", float(exact.mean_square_z), "", "")
    relaxing = reference(f"relaxation rate λ1 {where}", "Fokker-Planck", rate, "Hz", "MHz")
    return [
        occupied,
        compared(occupied, simulated, *_mean(up)),
        squared,
        compared(squared, simulated, *_mean(m[..., 2] ** 2)),
        relaxing,
        compared(relaxing, f"{simulated}, correlation of the wells", found, error),
    ]


def _mean(records: Floats) -> tuple[float, float]:
    """Return the mean over records and trajectories, and its error from their spread."""
    each = records.mean(axis=0)
    return float(each.mean()), float(each.std(ddof=1) / math.sqrt(each.size))


def _relaxation(up: Floats, occupancy: float, rate: float) -> tuple[float, float]:
    """Return λ1 in 1/s from the correlation of the side at one and at two intervals.

    Their ratio is e^(-λ1 t): the fast modes have died out by then.  The error is a jackknife over
    groups of trajectories.
    """
    side = up - occupancy
    near = (side[1:] * side[:-1]).mean(axis=0)
    far = (side[2:] * side[:-2]).mean(axis=0)
    everything = np.arange(near.size)
    groups = np.array_split(everything, GROUPS)

    def estimate(chosen: NDArray[np.intp]) -> float:
        return -math.log(far[chosen].mean() / near[chosen].mean()) * RECORDS_PER_RELAXATION * rate

    without = np.array([estimate(np.setdiff1d(everything, group)) for group in groups])
    spread = (GROUPS - 1) / GROUPS * np.sum((without - without.mean()) ** 2)
    return estimate(everything), math.sqrt(float(spread))


def _passage(card: DeviceCard, context: Context) -> list[Comparison]:
    """First passages of the device with an upright axis and nothing in the plane.

    They go as α/(1 + α²), so that little damping would only take longer.
    """
    spin = axial(macrospin(card, context.voltage, context.temperature))
    damping = max(float(card.magnetism.damping), PASSAGE_DAMPING)
    log_exact = log_first_passage_time(spin, 0.0, 0.0, 0.0, damping, THRESHOLD, -THRESHOLD)
    base = reference(
        f"first passage from m·n = ½ to −½, upright axis, damping {damping:g}",
        "Fokker-Planck, quadrature",
        math.exp(float(log_exact)),
        "s",
        "ns",
    )
    times = first_passage_times(
        DrivenMacrospin(spin, damping),
        (math.sqrt(1 - THRESHOLD**2), 0.0, THRESHOLD),
        -THRESHOLD,
        PASSAGES,
        context.seed,
        dtype=np.float32,
        progress=context.progress_of("first passages"),
    )
    return [
        base,
        compared(
            base,
            f"s-LLG, {PASSAGES} passages",
            float(times.mean()),
            float(times.std(ddof=1) / math.sqrt(times.size)),
        ),
    ]


def _ringing(card: DeviceCard, context: Context) -> list[Comparison]:
    """Compare the frequency of ringing down in the deepest well, without noise."""
    from scipy.optimize import curve_fit

    wells = card_wells(card, 0.0, 0.0, 0.0, context.voltage, context.temperature)
    spin = macrospin(card, context.voltage, context.temperature)
    x, z = field_at(card, 0.0, context.voltage)
    at_rest = stiffness(spin, wells.global_minimum, x, 0.0, z)
    undamped = float(resonance_frequency(at_rest.matrix))
    if not rings(spin, undamped):
        return []
    system = driven_macrospin(card, (0.0, 0.0, 0.0), context.voltage, context.temperature)
    cold = replace(system, spin=system.spin._replace(temperature=0.0))
    start = wells.global_minimum + RINGING * at_rest.first
    interval = 1 / (POINTS_PER_PERIOD * undamped)
    count = PERIODS * POINTS_PER_PERIOD
    m = trajectories(cold, start / np.linalg.norm(start), interval, count)[:, 0]
    swing, time = m @ at_rest.first, interval * np.arange(1.0, count + 1)

    def ringing(t: Floats, f: float, rate: float, a: float, b: float, c: float) -> Floats:
        turn = 2 * math.pi * f * t
        return np.asarray(np.exp(-rate * t) * (a * np.cos(turn) + b * np.sin(turn)) + c)

    alpha = float(card.magnetism.damping)
    begin = (undamped, 2 * math.pi * undamped * alpha, RINGING, 0.0, 0.0)
    fitted, _ = curve_fit(ringing, time, swing, begin)
    # Damping slows the ringing, as that of any oscillator.
    found = math.hypot(fitted[0], fitted[1] / (2 * math.pi)) * math.sqrt(1 + alpha**2)
    base = reference("resonance at zero field", "second derivatives", undamped, "Hz", "GHz")
    return [base, compared(base, "s-LLG without noise, ringing down", found)]
