"""What a card's neurons cost as the paper reads them, and as they are read best."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from smtj.card import DeviceCard
from smtj.energy.assumptions import Assumptions
from smtj.energy.cost import (
    COUPLINGS,
    Cost,
    Coupling,
    Workload,
    card_scheme,
    cost,
    gated_scheme,
)
from smtj.energy.pareto import LEAST_BARRIER, Point, Search, search
from smtj.energy.published import PUBLISHED
from smtj.physics.back_action import voltage_limit
from smtj.physics.device import operating_point
from smtj.units import convert, format_quantity

if TYPE_CHECKING:
    from smtj.energy.accuracy import Accuracy

SHARE = 0.98
"""Of the achievable accuracy that a scheme must reach."""
ERROR_RATE = 1e-3
"""Bit error rate of a read that is shown by itself."""
READS = 16
"""Reads where no network says how many are needed."""
COUNTS = np.arange(1, 257)
"""Reads among which the fewest are sought."""
VOLTAGES = np.geomspace(3e-4, 0.2, 60)


@dataclass(frozen=True)
class Survey:
    """A card's costs."""

    card: DeviceCard
    table: Assumptions
    work: Workload
    stated: Cost
    """The card's own scheme, its voltage on all the time: 1 mV and 120 ms in the paper."""
    gated: Cost
    """The same voltage, on only while a read lasts that errs once in a thousand."""
    curve: Cost
    """Such reads at :data:`VOLTAGES`."""
    continuous_limit: float
    """Largest read voltage in V that may be on all the time."""
    accuracy: "Accuracy | None"
    searches: dict[Coupling, Search]
    best: dict[Coupling, Point]

    @property
    def target(self) -> float | None:
        """The accuracy that is asked for."""
        return None if self.accuracy is None else SHARE * self.accuracy.achievable

    def accuracy_of(self, found: Cost) -> float | None:
        """Accuracy with the reads of a cost."""
        if self.accuracy is None:
            return None
        return float(self.accuracy.at(found.effective_reads, found.error_rate))


def survey(
    card: DeviceCard, table: Assumptions, work: Workload, accuracy: "Accuracy | None" = None
) -> Survey:
    """Cost a card as it says it is read, gated, and, where an accuracy is known, at its best.

    Parameters
    ----------
    card
        The device.
    table
        Assumptions.
    work
        What an inference asks of the devices.
    accuracy
        Of the network, from :func:`smtj.energy.accuracy.measure_accuracy`.

    Raises
    ------
    SmtjError
        The card has no barrier, or no way to read reaches the target.
    """

    def stated(reads: ArrayLike) -> Cost:
        return cost(card, work, card_scheme(card, reads), table)

    def gated(reads: ArrayLike) -> Cost:
        voltage = float(card.electrical.read_voltage)
        return cost(card, work, gated_scheme(card, table, voltage, reads, ERROR_RATE), table)

    searches: dict[Coupling, Search] = {}
    best: dict[Coupling, Point] = {}
    if accuracy is not None:
        searches = search(card, work, table, accuracy.at)
        target = SHARE * accuracy.achievable
        best = {coupling: tried.cheapest(target) for coupling, tried in searches.items()}
    return Survey(
        card=card,
        table=table,
        work=work,
        stated=stated(_reads_for(stated, accuracy)),
        gated=gated(_reads_for(gated, accuracy)),
        curve=cost(card, work, gated_scheme(card, table, VOLTAGES, READS, ERROR_RATE), table),
        continuous_limit=voltage_limit(card, float(table.largest_shift)),
        accuracy=accuracy,
        searches=searches,
        best=best,
    )


def _reads_for(costs: Callable[[ArrayLike], Cost], accuracy: "Accuracy | None") -> int:
    """Fewest reads of a scheme that reach the target; the most that are tried if none do."""
    if accuracy is None:
        return READS
    found = costs(COUNTS)
    reached = accuracy.at(found.effective_reads, found.error_rate)
    good = reached >= SHARE * accuracy.achievable
    return int(COUNTS[good.argmax()]) if good.any() else int(COUNTS[-1])


def in_words(found: Survey) -> list[str]:
    """What a survey says, sentence by sentence."""
    stated, work = found.stated, found.work
    voltage = format_quantity(float(stated.signal.voltage), "V", "mV", 3)
    per_read = float(stated.junction) / (work.neurons * int(np.asarray(stated.scheme.reads)))
    gated_read = float(found.gated.junction) / (
        work.neurons * int(np.asarray(found.gated.scheme.reads))
    )
    held = float(np.asarray(stated.scheme.interval))
    words = [
        f"{voltage} across the junction for {seconds(held)} is {joules(per_read)} a read; noise "
        f"alone would allow a read of {seconds(float(np.asarray(found.gated.scheme.duration)))} "
        f"and {joules(gated_read)} in the junction with one error in a thousand. A low power is "
        "not a low energy.",
        _contrast_in_words(found),
    ]
    words += [_scheme_in_words(found, coupling) for coupling in COUPLINGS]
    words += [_best_in_words(found, coupling) for coupling in found.best]
    words.append(
        f"The synapses, {work.synapses:,} multiplications and additions, cost "
        f"{joules(float(stated.synapses))} in digital logic without memory"
        + (_against_synapses(found) if found.best else "")
        + "."
    )
    words.append(
        f"As many sigmoids in digital logic would spend {joules(sigmoid_energy(work))} "
        "(published, 65 nm)."
    )
    words.append(_back_action_in_words(found))
    return words


def _contrast_in_words(found: Survey) -> str:
    contrast, tmr = float(found.stated.signal.contrast), float(found.card.electrical.tmr)
    differ = f"The two states differ by {100 * contrast:.1f} % of the resistance"
    if contrast > tmr / 2:
        return f"{differ}, of a TMR of {100 * tmr:.0f} %."
    return (
        f"{differ}, not by the TMR of {100 * tmr:.0f} %: neither well lies along the reference "
        "layer."
    )


def sigmoid_energy(work: Workload) -> float:
    """What as many published digital sigmoids spend on one evaluation each, in J."""
    line = next(line for line in PUBLISHED if line.quantity == "energy per evaluation")
    return line.low * work.neurons


def _scheme_in_words(found: Survey, coupling: Coupling) -> str:
    stated = found.stated
    parts = {name: float(part) for name, part in stated.parts(coupling).items()}
    dominant = max(parts, key=lambda name: parts[name])
    reached = found.accuracy_of(stated)
    at = f", with {100 * reached:.1f} % recognised" if reached is not None else ""
    drive = "Oersted wires" if coupling == "oersted" else "strain"
    return (
        f"As the card is read ({int(np.asarray(stated.scheme.reads))} reads a neuron, the voltage "
        f"on all the time) and driven by {drive}, an answer takes {seconds(float(stated.latency))} "
        f"and {joules(float(stated.neurons(coupling)))}{at}; of that the {dominant} spends "
        f"{100 * parts[dominant] / sum(parts.values()):.0f} % and the junctions "
        f"{joules(parts['junction'])}."
    )


def _best_in_words(found: Survey, coupling: Coupling) -> str:
    best = found.best[coupling]
    drive = "Oersted wires" if coupling == "oersted" else "strain"
    share = best.parts[best.dominant] / best.energy
    rounded = float(f"{float(found.stated.neurons(coupling)) / best.energy:.1g}")
    edge = ", the lowest that was tried," if best.barrier <= LEAST_BARRIER * (1 + 1e-9) else ""
    return (
        f"Driven by {drive} it is least at a barrier of {best.barrier:.1f} k_BT{edge} and "
        f"{1e3 * best.voltage:.3g} mV, on for {seconds(best.duration)} in each of {best.reads} "
        f"reads: {joules(best.energy)} for a digit recognised with {100 * best.accuracy:.1f} % "
        f"after {seconds(best.latency)}, about {rounded:,.0f} times less; the {best.dominant} "
        f"spends {100 * share:.0f} %."
    )


def _against_synapses(found: Survey) -> str:
    cheapest = min(found.best.values(), key=lambda point: point.energy)
    ratio = float(found.stated.synapses) / cheapest.energy
    if ratio > 1:
        return f", {ratio:.0f} times what the neurons spend at their best"
    return f", {100 * ratio:.0f} % of what the neurons spend at their best"


def _back_action_in_words(found: Survey) -> str:
    torque = (
        "the card has no spin torque, so that VCMA alone sets this limit"
        if found.card.spin_torque is None
        else "VCMA and the card's spin torque together"
    )
    tolerated = 100 * float(found.table.largest_shift)
    return (
        f"A voltage that is on all the time may be {1e3 * found.continuous_limit:.3g} mV before "
        f"it moves P(high) by {tolerated:.2g} %; {torque}."
    )


def as_record(found: Survey) -> dict[str, Any]:
    """A survey as JSON holds it; SI units, energies of all neurons for one input."""
    return {
        "card": found.card.name,
        "stability_factor": float(operating_point(found.card).stability_factor),
        "devices": list(found.work.devices),
        "synapses": found.work.synapses,
        "log_odds_spread": found.work.log_odds_spread,
        "accuracy_achievable": None if found.accuracy is None else found.accuracy.achievable,
        "accuracy_target": found.target,
        "accuracy_table": None
        if found.accuracy is None
        else {
            "reads": list(found.accuracy.reads),
            "bit_error_rate": list(found.accuracy.errors),
            "accuracy": found.accuracy.table.tolist(),
            "images": found.accuracy.images,
        },
        "as_stated": _cost_record(found, found.stated),
        "gated": _cost_record(found, found.gated),
        "best": {name: asdict(point) for name, point in found.best.items()},
        "front": {
            name: [asdict(point) for point in tried.points]
            for name, tried in found.searches.items()
        },
        "continuous_voltage_limit": found.continuous_limit,
        "assumptions": {
            name: {
                "value": quantity.text(value, 6),
                "provenance": value.provenance,
                "source": value.source,
                "what": quantity.doc,
            }
            for name, value, quantity in found.table.rows()
        },
        "published": [asdict(line) for line in PUBLISHED],
        "in_words": in_words(found),
    }


def _cost_record(found: Survey, one: Cost) -> dict[str, Any]:
    scheme = one.scheme
    return {
        "reads": int(np.asarray(scheme.reads)),
        "voltage": float(np.asarray(scheme.voltage)),
        "interval": float(np.asarray(scheme.interval)),
        "duration": float(np.asarray(scheme.duration)),
        "bias_time": float(np.asarray(scheme.bias_time)),
        "resistance_high": float(one.signal.high),
        "resistance_low": float(one.signal.low),
        "current_difference": float(one.signal.difference),
        "bit_error_rate": float(one.error_rate),
        "effective_reads": float(one.effective_reads),
        "accuracy": found.accuracy_of(one),
        "energy": {c: {n: float(e) for n, e in one.parts(c).items()} for c in COUPLINGS},
        "energy_neurons": {c: float(one.neurons(c)) for c in COUPLINGS},
        "energy_synapses": float(one.synapses),
        "latency": float(one.latency),
        "area": one.area,
        "power_density": {c: float(one.power_density(c)) for c in COUPLINGS},
        "shift_of_probability": float(one.shift),
        "read_over_relaxation_time": float(one.blur),
        "wire_current_density": float(one.wire_current_density),
    }


def joules(energy: float) -> str:
    """An energy in the unit that suits it, three digits."""
    return _suited(energy, "J", ("J", "mJ", "uJ", "nJ", "pJ", "fJ", "aJ")).replace("uJ", "µJ")


def seconds(time: float) -> str:
    """A time in the unit that suits it, three digits."""
    return _suited(time, "s", ("s", "ms", "us", "ns", "ps")).replace("us", "µs")


def _suited(value: float, unit: str, units: tuple[str, ...]) -> str:
    fit = (u for u in units if abs(convert(value, unit, u)) >= 0.9995)
    return format_quantity(value, unit, next(fit, units[-1]), 3)
