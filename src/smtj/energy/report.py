"""What a survey says: sentences, and one table."""

from smtj.energy.costs import COUPLING_NAMES, Coupling, joules, noise_density, seconds
from smtj.energy.design_space import Survey
from smtj.energy.literature import published
from smtj.energy.pareto import MIN_BARRIER
from smtj.energy.workloads import Workload
from smtj.tables import Table
from smtj.units import format_quantity


def remarks(found: Survey) -> list[str]:
    """Return what a survey says, in sentences."""
    stated, gated, work = found.stated, found.gated, found.workload
    voltage = format_quantity(float(stated.signal.voltage), "V", "mV", 3)
    said = [
        f"{voltage} across the junction for {seconds(stated.plan.interval)} is "
        f"{joules(stated.per_read(stated.junction))} per read; noise alone would allow a read of "
        f"{seconds(gated.plan.integration_time)} and {joules(gated.per_read(gated.junction))} in "
        "the junction with one error in a thousand. A low power is not a low energy.",
        _contrast(found),
        *(_stated(found, coupling) for coupling in found.stated.couplings),
        *(_best(found, coupling) for coupling in found.best),
    ]
    if found.target is not None and not found.best:
        said.append(
            f"None of the reads tried reaches an accuracy of {100 * found.target:.1f} %; "
            "a network trained longer needs fewer reads."
        )
    said.append(
        f"The synapses, {work.synapses:,} multiply-accumulates, cost {joules(stated.synapses)} in "
        f"digital logic without memory{_against_synapses(found) if found.best else ''}."
    )
    said.append(
        f"As many sigmoids in digital logic would spend {joules(sigmoid_energy(work))} "
        "(published, 65 nm)."
    )
    said.append(_back_action(found))
    return said


def _contrast(found: Survey) -> str:
    contrast, tmr = float(found.stated.signal.contrast), float(found.card.electrical.tmr)
    differ = f"The two states differ by {100 * contrast:.1f} % of the resistance"
    if contrast > tmr / 2:
        return f"{differ}; the TMR is {100 * tmr:.0f} %."
    return (
        f"{differ}, not by the TMR of {100 * tmr:.0f} %: neither well lies along the reference "
        "layer."
    )


def sigmoid_energy(work: Workload) -> float:
    """Return what as many published digital sigmoids spend on one evaluation each, in J."""
    entry = next(entry for entry in published() if entry.quantity == "energy per evaluation")
    return entry.low * work.neurons


def _stated(found: Survey, coupling: Coupling) -> str:
    stated = found.stated
    parts = {name: float(part) for name, part in stated.parts(coupling).items()}
    dominant = max(parts, key=lambda name: parts[name])
    reached = found.accuracy_of(stated)
    at = f", with {100 * reached:.1f} % accuracy" if reached is not None else ""
    few = ", the fewest that reach the target" if reached is not None else ""
    return (
        f"Read as the card states ({stated.described()['reads']} reads per neuron{few}, the "
        f"voltage always on) and driven by {COUPLING_NAMES[coupling]}, an answer takes "
        f"{seconds(stated.latency)} and {joules(stated.neurons(coupling))}{at}: "
        f"{100 * parts[dominant] / sum(parts.values()):.0f} % in the {dominant}, "
        f"{joules(parts['junction'])} in the junctions."
    )


def _best(found: Survey, coupling: Coupling) -> str:
    best = found.best[coupling]
    rounded = float(f"{float(found.stated.neurons(coupling)) / best.energy:.1g}")
    edge = ", the lowest tried," if best.barrier <= MIN_BARRIER * (1 + 1e-9) else ""
    return (
        f"Driven by {COUPLING_NAMES[coupling]} the cheapest reads have a stability factor of "
        f"{best.barrier:.1f}{edge} and {1e3 * best.voltage:.3g} mV, on for "
        f"{seconds(best.integration_time)} in each of {best.reads} reads by an amplifier of "
        f"{noise_density(best.amplifier_noise)}: {joules(best.energy)} per digit at "
        f"{100 * best.accuracy:.1f} % accuracy after {seconds(best.latency)}, about {rounded:,.0f} "
        f"times less; {100 * best.parts[best.dominant] / best.energy:.0f} % in the {best.dominant}."
    )


def _against_synapses(found: Survey) -> str:
    cheapest = min(found.best.values(), key=lambda point: point.energy)
    ratio = float(found.stated.synapses) / cheapest.energy
    times = f"{ratio:.0f} times" if ratio > 1 else f"{100 * ratio:.0f} % of"
    return f", {times} what the neurons spend at their best"


def _back_action(found: Survey) -> str:
    torque = (
        "VCMA alone sets this limit, as the card has no spin torque"
        if found.card.spin_torque is None
        else "VCMA and the card's spin torque set this limit together"
    )
    return (
        f"A voltage that is always on may be {1e3 * found.continuous_limit:.3g} mV before it moves "
        f"P(high) by {100 * float(found.assumptions.largest_shift):.2g} %; {torque}."
    )


def cost_table(found: Survey) -> Table:
    """Return the card's own reads, the same voltage gated, and the cheapest reads, as columns."""
    columns = {}
    for name, one in (("as stated", found.stated), ("gated", found.gated)):
        reached = found.accuracy_of(one)
        columns[name] = one.described() | (
            {} if reached is None else {"accuracy": f"{100 * reached:.2f} %"}
        )
    for coupling, point in found.best.items():
        columns[f"best, {coupling}"] = point.described()
    rows = [
        [name, *(column.get(name, "") for column in columns.values())]
        for name in columns["as stated"]
    ]
    title = f"One inference of {found.workload.neurons} neurons, card {found.card.name}"
    notes = [*found.stated.table().notes, *found.remarks]
    return Table(title, ("", *columns), rows, notes)
