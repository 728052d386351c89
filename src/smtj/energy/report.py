"""What a survey says: sentences, and one table."""

from smtj.card import DeviceCard
from smtj.energy.costs import COUPLING_NAMES, Coupling, joules, noise_density, seconds
from smtj.energy.design_space import Survey
from smtj.energy.literature import published
from smtj.energy.pareto import INTERVALS, VOLTAGES, Point
from smtj.energy.plans import relaxation_time
from smtj.energy.uncertainty import joules_of
from smtj.energy.workloads import Workload
from smtj.errors import SmtjError
from smtj.physics.coupling.strain import Ferroelectric, tilt_offset_field
from smtj.physics.device import vcma_point, with_stability_factor
from smtj.tables import Table
from smtj.units import convert, format_quantity


def remarks(found: Survey) -> list[str]:
    """Return what a survey says, in sentences."""
    stated, gated, work = found.stated, found.gated, found.workload
    voltage = format_quantity(float(stated.signal.voltage), "V", "mV", 3)
    said = [
        f"{voltage} across the junction for {seconds(stated.plan.interval)} is "
        f"{joules(stated.per_read(stated.junction))} per read in the junction, "
        f"{joules(stated.per_read(stated.junction + stated.source))} from a supply of "
        f"{float(found.assumptions.supply_voltage):g} V; noise and offsets would allow a read of "
        f"{seconds(gated.plan.integration_time)} and {joules(gated.per_read(gated.junction))} in "
        f"the junction with a bit error rate of {float(gated.error_rate):.2g}. A low power is not "
        "a low energy.",
        _contrast(found),
        *(_stated(found, coupling) for coupling in found.stated.couplings),
        *(_best(found, point) for point in found.best.values()),
        *(_beyond(found, point) for point in found.beyond.values()),
    ]
    if "strain" in found.stated.couplings:
        said.append(_strain(found))
    if found.target is not None and not found.best and not found.beyond:
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


def _best(found: Survey, best: Point) -> str:
    rounded = float(f"{float(found.stated.neurons(best.coupling)) / best.energy:.1g}")
    limits = edges(found, best)
    at = f" It lies at the edge of what was allowed: {', '.join(limits)}." if limits else ""
    return (
        f"Driven by {COUPLING_NAMES[best.coupling]} the cheapest reads have a stability factor of "
        f"{best.barrier:.1f} and {1e3 * best.voltage:.3g} mV, on for "
        f"{seconds(best.integration_time)} in each of {best.reads} reads "
        f"{seconds(best.interval)} apart by an amplifier of "
        f"{noise_density(best.amplifier_noise)}: {joules(best.energy)} per digit at "
        f"{100 * best.accuracy:.1f} % accuracy after {seconds(best.latency)}, about {rounded:,.0f} "
        f"times less; {100 * best.parts[best.dominant] / best.energy:.0f} % in the {best.dominant}."
        f"{at}"
    )


def _beyond(found: Survey, point: Point) -> str:
    built = found.best.get(point.coupling)
    name = COUPLING_NAMES[point.coupling]
    first = (
        f"None of the reads tried can be built with {name}; without its limits "
        if built is None
        else f"Without the limits of {name} "
    )
    return (
        f"{first}{joules(point.energy)} per digit would do at a stability factor of "
        f"{point.barrier:.1f}, but that exceeds {' and '.join(point.exceeded)}."
    )


def _strain(found: Survey) -> str:
    most = float(found.assumptions.drive_reach) * found.stated.reach.rms
    said = (
        "That strain acts as a field along the normal is the paper's claim: strain is even in m "
        "and favours neither state. "
    )
    try:
        field = tilt_field_per_volt(found.card)
    except SmtjError:
        return f"{said}On this card it does so by no tilt either, so no film can drive it."
    volts = most / field
    can = "can" if volts <= float(found.assumptions.film_voltage) else "cannot"
    return (
        f"{said}By the tilt of the easy axis the same film makes "
        f"{format_quantity(field, 'A/m', 'Oe', 2)} per volt, and the "
        f"{format_quantity(most, 'A/m', 'Oe', 2)} that the network needs would take {volts:.2g} V, "
        f"so it {can} drive this card."
    )


def tilt_field_per_volt(card: DeviceCard) -> float:
    """Return the field in A/m that a volt across the assumed film stands for, by the tilt it makes.

    Raises SmtjError on a card without a tilted axis or without a field in the plane, where strain
    favours no state.
    """
    point, magnetism, made = vcma_point(card), card.magnetism, Ferroelectric()
    found = float(
        tilt_offset_field(
            point.energy_density,
            made.energy_density(1.0),
            magnetism.easy_axis_tilt,
            magnetism.in_plane_bias_field,
        )
    )
    if found == 0:
        raise SmtjError(f"card {card.name} has no tilt or no field in the plane")
    return abs(found)


def edges(found: Survey, point: Point) -> list[str]:
    """Return the ends of the search at which a point lies; beyond them it might be cheaper."""
    assumed, near = found.assumptions, 1 + 1e-6
    quiet = float(assumed.amplifier_noise)
    at = {
        "the largest read voltage of the card": point.voltage * near
        >= min(float(VOLTAGES[-1]), found.card.voltage_limit),
        "the smallest stability factor": point.barrier <= float(assumed.smallest_barrier) * near,
        "the shortest read": point.integration_time <= float(assumed.shortest_read) * near,
        "the quietest amplifier": point.amplifier_noise <= quiet * near,
        "the noisiest amplifier": point.amplifier_noise * near
        >= quiet * float(assumed.amplifier_noise_range),
        "the shortest interval": point.interval
        <= INTERVALS[0] * near * relaxation_time(with_stability_factor(found.card, point.barrier)),
    }
    return [name for name, reached in at.items() if reached]


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
    for way, points in (("best", found.best), ("beyond limits", found.beyond)):
        columns |= {f"{way}, {coupling}": point.described() for coupling, point in points.items()}
    energies = joules_of(found)
    for name, parts in found.intervals.items():
        for part, (low, high) in parts.items():
            columns[name][part] = with_interval(energies[name][part], low, high)
    names = dict.fromkeys(name for column in columns.values() for name in column)
    rows = [[name, *(column.get(name, "") for column in columns.values())] for name in names]
    title = f"One inference of {found.workload.neurons} neurons, card {found.card.name}"
    notes = [*found.stated.table().notes, *found.remarks]
    if found.intervals:
        notes.insert(0, "In brackets: 95 % prediction intervals over chips, reads and networks")
    return Table(title, ("", *columns), rows, notes)


def with_interval(energy: float, low: float, high: float) -> str:
    """Return an energy with its interval and one SI prefix, e.g. ``"1.2 (0.9–1.6) nJ"``."""
    number, unit = joules(energy).split()
    scale = convert(1.0, unit, "J")
    ends = (f"{e:.0f}" if e >= 999.5 else f"{e:.3g}" for e in (low / scale, high / scale))
    return f"{number} ({'–'.join(ends)}) {unit}"
