"""What a machine of p-bits costs: time to solution, joules per flip and per solution."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv

from smtj.errors import SmtjError
from smtj.pbits.formats import ProblemLike, as_problem
from smtj.pbits.problem import Problem
from smtj.pbits.samplers import Clocked, Junctions, Machine, Sampler
from smtj.pbits.samples import Samples
from smtj.tables import Table, Tabular
from smtj.units import format_quantity

CONFIDENCE = 0.95
"""Of every interval."""
CERTAINTY = 0.99
"""Probability to have found the solution within the time to solution."""
READS_PER_RELAXATION = 20
"""Reads in a relaxation time by which a machine without a stated delay is followed."""


@dataclass(frozen=True)
class Success:
    """How many runs found a solution, and what that says of others."""

    found: int
    runs: int
    duration: float
    """Of a run: sweeps, or s for a machine of junctions."""

    @property
    def probability(self) -> float:
        """Fraction of runs."""
        return self.found / self.runs

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the probability, of Clopper and Pearson: it covers at least that."""
        tail = (1 - CONFIDENCE) / 2
        low = betaincinv(max(self.found, 1), self.runs - self.found + 1, tail)
        high = betaincinv(self.found + 1, max(self.runs - self.found, 1), 1 - tail)
        return (
            0.0 if self.found == 0 else float(low),
            1.0 if self.found == self.runs else float(high),
        )

    @property
    def time(self) -> float:
        """Time until a solution is found with 99 %, by runs one after another; at least one run."""
        return self._time(self.probability)

    @property
    def time_interval(self) -> tuple[float, float]:
        """Its 95 % interval; the upper end is infinite if no run succeeded."""
        low, high = self.interval
        return self._time(high), self._time(low)

    def _time(self, probability: float) -> float:
        if probability <= 0:
            return math.inf
        if probability >= CERTAINTY:
            return self.duration
        return self.duration * math.log1p(-CERTAINTY) / math.log1p(-probability)


def success(samples: Samples, target: float, tolerance: float = 1e-6) -> Success:
    """Count the runs of which any record has an energy of at most a target.

    Parameters
    ----------
    samples
        Runs; a controller looks at them at their records.
    target
        Energy of a solution.
    tolerance
        What rounding may add to it.
    """
    found = int((samples.energies.min(axis=0) <= target + tolerance).sum())
    unit = 1.0 if samples.sweep_time is None else samples.sweep_time
    return Success(found, samples.states.shape[1], float(samples.sweeps[-1]) * unit)


@dataclass(frozen=True, repr=False)
class MachineCost(Tabular):
    """Power of a machine, and what a flip and a solution take; SI units."""

    read_out: float
    """Power of all junctions and their read-out in W."""
    drive: float
    """Power of all Oersted wires in W; 0 where a field does not drive the junctions."""
    synapses: float
    """Power of multiplying and adding in W."""
    flips_per_second: float
    """Of all junctions."""
    solved: Success | None = None

    @property
    def power(self) -> float:
        """Of the whole machine in W."""
        return self.read_out + self.drive + self.synapses

    @property
    def energy_per_flip(self) -> float:
        """In J."""
        return self.power / self.flips_per_second

    @property
    def energy_per_solution(self) -> float | None:
        """In J: power over the time to solution."""
        return None if self.solved is None else self.power * self.solved.time

    def table(self) -> Table:
        """Return every part."""

        def shown(value: float, unit: str) -> str:
            return format_quantity(value, unit, unit, 3) if math.isfinite(value) else "∞"

        rows = [
            ("junctions and read-out", shown(self.read_out, "W")),
            ("Oersted wires", shown(self.drive, "W")),
            ("synapses", shown(self.synapses, "W")),
            ("flips per second", f"{self.flips_per_second:.3g}"),
            ("energy per flip", shown(self.energy_per_flip, "J")),
        ]
        if self.solved is not None:
            low, high = self.solved.time_interval
            between = f"{shown(low, 's')} to {shown(high, 's')}"
            rows += [
                ("runs that found it", f"{self.solved.found} of {self.solved.runs}"),
                ("time to solution", f"{shown(self.solved.time, 's')} ({between})"),
                ("energy per solution", shown(self.power * self.solved.time, "J")),
            ]
        notes = ["Not counted: the clock, wiring, power converters, memory of the weights."]
        return Table("Cost of the machine", ("", "value"), rows, notes)


def machine_cost(machine: Machine, samples: Samples, target: float | None = None) -> MachineCost:
    """Return what a machine spends while it runs, by the assumptions of :mod:`smtj.energy`.

    Each junction is read once in the delay, update interval or tick of the machine, or 20 times in
    a relaxation time if it has none; each flip costs a multiplication and addition per coupling of
    the junction, each tick of a clocked machine one for every coupling.

    Parameters
    ----------
    machine, samples
        The machine, and what it sampled.
    target
        Energy of a solution, for the time to it.

    Raises
    ------
    SmtjError
        The card's resistances are unknown, so that a read has no price.
    """
    from smtj.energy import Assumptions
    from smtj.energy.parts import Reach, wire_power
    from smtj.randomness import read_energy

    problem, card = samples.problem, machine.device
    rate = samples.flips_per_second
    if rate is None or rate == 0 or samples.sweep_time is None:
        raise SmtjError("no junction flipped, so that a flip has no price; sample longer or hotter")
    assumed = Assumptions()
    interval = _read_interval(machine)
    per_read = read_energy(card, interval)
    if per_read is None:
        raise SmtjError(
            f"card {card.name} lacks resistances or a read voltage, so that a read has no price; "
            "add them to the card"
        )
    drive = 0.0
    point = card.under_bias(machine.voltage, machine.temperature)
    if card.drive.name == "field":
        inputs = problem.inputs(samples.states[-1], float(samples.betas[-1].mean()))
        spread = float(np.sqrt((inputs**2).mean())) / abs(float(point.slope))
        reach = Reach(0.0, min(spread, card.drive_limit))
        drive = problem.size * wire_power(assumed, reach)
    degree = 2 * problem.couplings.size / max(problem.size, 1)
    sums = rate * degree
    if isinstance(machine, Clocked):
        sums = 2 * problem.couplings.size / samples.sweep_time
    return MachineCost(
        problem.size * per_read / interval,
        drive,
        float(sums * assumed.synapse_energy),
        rate,
        None if target is None else success(samples, target),
    )


def _read_interval(machine: Machine) -> float:
    """Time in s between two reads of one junction."""
    unit = machine.response.relaxation_time
    stated = 0.0
    if isinstance(machine, Junctions):
        stated = max(machine.delay, machine.update_interval)
    elif isinstance(machine, Clocked):
        stated = 3 * unit if machine.interval is None else machine.interval
    return stated or unit / READS_PER_RELAXATION


@dataclass(frozen=True)
class Spoiled:
    """How a problem is solved at one value of what spoils it."""

    value: float
    solved: Success


def spoiling(
    make: Callable[[float], Sampler],
    values: Iterable[float],
    problem: ProblemLike,
    target: float,
    *,
    schedule: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]",
    chains: int = 100,
    seed: int = 0,
) -> list[Spoiled]:
    """Solve a problem again and again by machines that are worse and worse.

    Parameters
    ----------
    make
        Returns the machine of a value, ``lambda s: Junctions(spread=s)``.
    values
        Of the spread, the delay or anything else.
    problem, target
        What is solved, and the energy of a solution.
    schedule
        β, one a sweep.
    chains, seed
        As in :meth:`Sampler.sample`.
    """
    known: Problem = as_problem(problem)
    found = []
    for value in values:
        samples = make(value).sample(
            known,
            len(schedule),
            chains=chains,
            beta=schedule,
            records=min(len(schedule), 100),
            seed=seed,
        )
        found.append(Spoiled(float(value), success(samples, target)))
    return found
