"""What a machine of p-bits delivers: states, their energies, and what they mean."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from smtj import plot
from smtj.errors import SmtjError
from smtj.pbits.exact import boltzmann, state_numbers, total_variation
from smtj.pbits.expression import Label
from smtj.pbits.problem import Problem, Spins
from smtj.tables import Table, Tabular
from smtj.typing import Floats
from smtj.units import format_quantity

if TYPE_CHECKING:
    import dimod
    from matplotlib.axes import Axes

MAX_BARS = 64
"""Most states that a histogram shows."""


@dataclass(frozen=True, eq=False, repr=False)
class Samples(Tabular):
    """States at uniform times of many runs."""

    problem: Problem
    states: Spins
    """±1, shape (records, chains, spins)."""
    sweeps: Floats
    """Sweeps done at each record, shape (records,)."""
    betas: Floats
    """β at each record, shape (records, chains)."""
    sweep_time: float | None = None
    """Duration of a sweep in s; None for an ideal machine."""
    flips: NDArray[np.int64] | None = None
    """Flips of all junctions in each run, shape (chains,); None if they were not counted."""
    sampler: str = "ideal"

    @cached_property
    def energies(self) -> Floats:
        """E of every state, shape (records, chains)."""
        return np.stack([self.problem.energies(record) for record in self.states])

    @property
    def times(self) -> Floats | None:
        """Time of each record in s; None for an ideal machine."""
        return None if self.sweep_time is None else self.sweeps * self.sweep_time

    @property
    def flips_per_second(self) -> float | None:
        """Flips of all junctions of one machine per second of its own time."""
        if self.flips is None or self.sweep_time is None:
            return None
        return float(self.flips.mean() / (self.sweeps[-1] * self.sweep_time))

    def best(self) -> tuple[dict[Label, int], float]:
        """Return the bits of the state of least energy, clamped ones among them, and its energy."""
        record, chain = np.unravel_index(np.argmin(self.energies), self.energies.shape)
        energy = float(self.energies[record, chain])
        return self.bits(self.states[record, chain]), energy

    def bits(self, state: Spins) -> dict[Label, int]:
        """Return the bits of one state by label, clamped ones among them."""
        free = zip(self.problem.labels, (state > 0).astype(int).tolist(), strict=True)
        held = {label: (value + 1) // 2 for label, value in self.problem.clamped.items()}
        return {**dict(free), **held}

    def number(self, name: str) -> NDArray[np.int64]:
        """Return the numbers in a register, shape (records, chains)."""
        place = {label: i for i, label in enumerate(self.problem.labels)}
        total = np.zeros(self.states.shape[:2], np.int64)
        k = 0
        while True:
            label = f"{name}[{k}]"
            if label in place:
                total += (self.states[..., place[label]] > 0).astype(np.int64) << k
            elif label in self.problem.clamped:
                total += (self.problem.clamped[label] > 0) << k
            else:
                break
            k += 1
        if k == 0:
            raise SmtjError(f"there is no register {name!r}; its bits would be {name}[0], …")
        return total

    def distribution(self) -> Floats:
        """Return the fraction of samples in each state, as :func:`smtj.pbits.all_states` counts."""
        numbers = state_numbers(self.states).ravel()
        return np.bincount(numbers, minlength=2**self.problem.size) / numbers.size

    def distance(self) -> float:
        """Return the total variation between the samples and Boltzmann at the last β."""
        return total_variation(self.distribution(), boltzmann(self.problem, self._one_beta()))

    def _one_beta(self) -> float:
        if np.ptp(self.betas) > 0:
            raise SmtjError(
                "the samples were taken at several β, so no one distribution is theirs; sample at "
                "one β"
            )
        return float(self.betas[-1, 0])

    def to_dimod(self) -> "dimod.SampleSet":
        """Return the last state of each chain as a ``dimod.SampleSet`` of spins."""
        import dimod

        last = self.states[-1], list(self.problem.labels)
        return dimod.SampleSet.from_samples(
            last, vartype="SPIN", energy=self.energies[-1], sort_labels=False
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the best state, and the energies against time, as plain types."""
        bits, energy = self.best()
        times = self.times
        return {
            "sampler": self.sampler,
            "spins": self.problem.size,
            "chains": self.states.shape[1],
            "sweeps": self.sweeps.tolist(),
            "times": None if times is None else times.tolist(),
            "mean_energy": self.energies.mean(axis=1).tolist(),
            "least_energy": self.energies.min(axis=1).tolist(),
            "best_energy": energy,
            "best_bits": named(bits),
            "flips_per_second": self.flips_per_second,
        }

    def table(self) -> Table:
        """Return how far it came."""
        rows = [
            ("p-bits", str(self.problem.size)),
            ("runs", str(self.states.shape[1])),
            ("sweeps", f"{self.sweeps[-1]:g}"),
            ("mean energy at the end", f"{self.energies[-1].mean():.6g}"),
            ("least energy", f"{self.energies.min():.6g}"),
        ]
        if self.sweep_time is not None:
            duration = format_quantity(self.sweeps[-1] * self.sweep_time, "s", "s", 3)
            rows.append(("time of a run", duration))
        if self.flips_per_second is not None:
            rows.append(("flips of a machine per second", f"{self.flips_per_second:.3g}"))
        return Table(f"Samples of the {self.sampler} machine", ("", "value"), rows)

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Plot the energy against time: its mean over the runs, and the range of all runs."""
        times = self.times
        x = self.sweeps if times is None else times
        with plot.axes(ax) as axes:
            low, high = self.energies.min(axis=1), self.energies.max(axis=1)
            axes.fill_between(x, low, high, color=plot.BLUE, alpha=0.2, linewidth=0)
            axes.plot(x, self.energies.mean(axis=1), color=plot.BLUE)
            axes.set_xlabel("Sweeps" if times is None else "Time (s)")
            axes.set_ylabel("Energy")
        return axes

    def plot_histogram(self, ax: "Axes | None" = None) -> "Axes":
        """Plot the fraction of time in the most probable states beside Boltzmann's."""
        exact = boltzmann(self.problem, self._one_beta())
        shown = np.sort(np.argsort(exact)[::-1][:MAX_BARS])
        with plot.axes(ax) as axes:
            axes.bar(np.arange(shown.size), self.distribution()[shown], color=plot.BLUE, alpha=0.5)
            axes.plot(np.arange(shown.size), exact[shown], "o", color=plot.RED, label="Boltzmann")
            axes.set_xlabel("State")
            axes.set_ylabel("Fraction of samples")
            axes.legend()
        return axes


def named(bits: Mapping[Label, int]) -> dict[str, int]:
    """Return bits by the text of their labels."""
    return {str(label): int(value) for label, value in bits.items()}
