"""How far the joules may be off: other chips, reads and networks, and every assumption."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student

from smtj import plot
from smtj.energy.costs import Cost, joules
from smtj.energy.design_space import Survey, survey
from smtj.energy.pareto import Point
from smtj.tables import Table, Tabular

if TYPE_CHECKING:
    from smtj.energy.accuracy import Accuracy

LEVEL = 0.95
Interval = tuple[float, float]
MIN_EFFECT = 0.005
"""Relative change below which an assumption is said to have no effect."""


def prediction_interval(values: ArrayLike, level: float = LEVEL) -> Interval:
    """Return the interval in which one more value of the same kind lies, of values above 0.

    That of a log-normal distribution, e^(m ± t s √(1 + 1/n)), joined with the range of the values:
    numbers of reads are whole, so energies jump.  NaN for fewer than two values.

    Examples
    --------
    >>> low, high = prediction_interval([1.0, 1.1, 0.9, 1.05, 0.95])
    >>> round(low, 2), round(high, 2)
    (0.78, 1.27)
    """
    logs = np.log(np.asarray(values, dtype=np.float64))
    if logs.size < 2:
        return math.nan, math.nan
    wide = float(student.ppf((1 + level) / 2, logs.size - 1)) * logs.std(ddof=1)
    wide *= math.sqrt(1 + 1 / logs.size)
    low, high = logs.mean() - wide, logs.mean() + wide
    return math.exp(min(low, logs.min())), math.exp(max(high, logs.max()))


def joules_of(found: Survey) -> dict[str, dict[str, float]]:
    """Return every energy of a survey in J: by column of its table, then by part and sum."""

    def of_cost(cost: Cost) -> dict[str, float]:
        parts = {name: float(energy) for name, energy in cost.all_parts.items()}
        return parts | {f"sum, {c}": float(cost.neurons(c)) for c in cost.couplings}

    def of_point(point: Point) -> dict[str, float]:
        return {**point.parts, f"sum, {point.coupling}": point.energy}

    columns = {"as stated": of_cost(found.stated), "gated": of_cost(found.gated)}
    columns |= {f"best, {c}": of_point(point) for c, point in found.best.items()}
    return columns | {f"beyond limits, {c}": of_point(p) for c, p in found.beyond.items()}


def intervals(found: Survey, replicas: Sequence["Accuracy"]) -> dict[str, dict[str, Interval]]:
    """Return the 95 % prediction interval of every energy of a survey, as :func:`joules_of`.

    Parameters
    ----------
    found
        The survey.
    replicas
        Accuracies with other chips, reads and networks, from
        :func:`smtj.energy.measure_replicas`.  Each is surveyed with its own number of reads, at
        the stability factors of the cheapest reads.
    """
    factors = sorted({p.barrier for p in (*found.best.values(), *found.beyond.values())})
    own = joules_of(found)
    others = [
        joules_of(
            survey(
                each.workload,
                found.card,
                each,
                assumptions=found.assumptions,
                stability_factors=factors,
            )
        )
        for each in replicas
    ]
    return {
        column: {
            part: prediction_interval(
                [energy, *(o[column][part] for o in others if part in o.get(column, {}))]
            )
            for part, energy in parts.items()
            if energy > 0
        }
        for column, parts in own.items()
    }


@dataclass(frozen=True)
class Effect:
    """What one assumption does to the energies of a survey."""

    name: str
    low: str
    high: str
    """The lower and the higher value, as text."""
    at_low: Mapping[str, float | None]
    at_high: Mapping[str, float | None]
    """Sums in J by column and coupling; None where no read reaches the target."""


@dataclass(frozen=True, repr=False)
class Sensitivity(Tabular):
    """Every assumption moved by itself; prints as a table, strongest first."""

    own: Mapping[str, float]
    """Sums in J by column and coupling, as assumed."""
    effects: tuple[Effect, ...]

    def strength(self, effect: Effect, column: str) -> float:
        """Return the largest ratio by which a sum changes; infinite where no read is left."""
        ratios = [1.0]
        for moved in (effect.at_low, effect.at_high):
            energy = moved.get(column)
            ratio = math.inf if energy is None else energy / self.own[column]
            ratios.append(max(ratio, 1 / ratio))
        return max(ratios)

    def ordered(self, column: str) -> list[Effect]:
        """Return the assumptions that change a sum, strongest first."""
        found = [e for e in self.effects if self.strength(e, column) > 1 + MIN_EFFECT]
        return sorted(found, key=lambda e: -self.strength(e, column))

    def table(self) -> Table:
        """Return every assumption with the sums at its lower and higher value."""
        rows = [
            [
                effect.name,
                f"{effect.low} to {effect.high}",
                *(
                    f"{_joules(effect.at_low.get(c))} to {_joules(effect.at_high.get(c))}"
                    if self.strength(effect, c) > 1 + MIN_EFFECT
                    else "–"
                    for c in self.own
                ),
            ]
            for effect in sorted(
                self.effects, key=lambda e: -max(self.strength(e, c) for c in self.own)
            )
        ]
        own = ["as assumed", "", *(joules(energy) for energy in self.own.values())]
        head = ("assumption", "from to", *self.own)
        note = f"–: changes the sum by less than {100 * MIN_EFFECT:g} %; none: out of reach"
        return Table("Sensitivity: one assumption at a time", head, [own, *rows], [note])

    def plot(self, ax: Any = None, column: str | None = None, most: int = 12) -> Any:
        """Plot the strongest assumptions as bars from a sum to those of its lower and higher value.

        By default of the best point; "none" where no read reaches the target.
        """
        column = column or next((c for c in self.own if c.startswith("best")), list(self.own)[-1])
        shown = self.ordered(column)[:most]
        with plot.axes(ax, 4.4, 0.24 * len(shown) + 0.9) as axes:
            for row, effect in enumerate(shown):
                for moved, colour in ((effect.at_low, plot.BLUE), (effect.at_high, plot.RED)):
                    energy = moved.get(column)
                    start = self.own[column]
                    if energy is None:
                        axes.text(start, row, " none", color=colour, fontsize=7, va="center")
                    else:
                        axes.barh(row, energy - start, left=start, color=colour, height=0.7)
            axes.axvline(self.own[column], color="black", lw=0.8)
            labels = [f"{e.name}: {e.low} – {e.high}" for e in shown]
            axes.set_yticks(range(len(shown)), labels, fontsize=7)
            axes.invert_yaxis()
            axes.set_xscale("log")
            axes.set_xlabel(f"Energy of all neurons, {column} (J)")
        return axes

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain numbers and text."""
        return {"own": dict(self.own), "effects": [vars(effect) for effect in self.effects]}


def sensitivity(
    found: Survey,
    progress: Callable[[int, int], None] | None = None,
    names: Sequence[str] | None = None,
) -> Sensitivity:
    """Survey again with every assumption lower and higher, one at a time.

    Parameters
    ----------
    found
        The survey whose assumptions are moved, as :meth:`smtj.energy.Assumptions.moved` says.
    progress
        Called with (done, total).
    names
        The assumptions to move; by default all.
    """
    entries = [e for e in found.assumptions.items() if names is None or e[0] in names]
    effects = []
    for done, (name, _, quantity) in enumerate(entries, 1):
        moved = found.assumptions.moved(name)
        at = []
        for assumed in moved:
            work = found.workload
            if name == "log_odds_spread" and found.accuracy is None:
                work = _with_spread(work, float(assumed.log_odds_spread))
            at.append(sums(survey(work, found.card, found.accuracy, assumptions=assumed)))
        low, high = (quantity.text(getattr(assumed, name), 4) for assumed in moved)
        effects.append(Effect(name, low, high, *at))
        if progress is not None:
            progress(done, len(entries))
    return Sensitivity(sums(found), tuple(effects))


def sums(found: Survey) -> dict[str, float]:
    """Return the sums of a survey in J, by column and coupling.

    Where the cheapest reads exceed no limit, they are those beyond limits as well.
    """
    added: dict[str, float] = {}
    for column, parts in joules_of(found).items():
        for coupling in (p.removeprefix("sum, ") for p in parts if p.startswith("sum, ")):
            energy = parts[f"sum, {coupling}"]
            if column in ("as stated", "gated"):
                added[f"{column}, {coupling}"] = energy
            else:
                added[column] = energy
                added.setdefault(f"beyond limits, {coupling}", energy)
    for coupling, point in found.beyond.items():
        added[f"beyond limits, {coupling}"] = point.energy
    return added


def _with_spread(work: Any, spread: float) -> Any:
    from dataclasses import replace

    return replace(work, log_odds_spread=spread)


def _joules(energy: float | None) -> str:
    return "none" if energy is None else joules(energy)
