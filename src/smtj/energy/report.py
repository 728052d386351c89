"""What a survey says, in plain words and in one table."""

import numpy as np

from smtj.energy.costs import COUPLINGS, Cost, Coupling, Workload
from smtj.energy.design_space import Survey
from smtj.energy.pareto import MIN_BARRIER
from smtj.energy.published import PUBLISHED
from smtj.physics.device import operating_point
from smtj.units import convert, format_quantity


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
    if found.target is not None and not found.best:
        words.append(
            f"Of all the ways to read that were tried none recognises {100 * found.target:.1f} %; "
            "a network that is trained longer needs fewer reads."
        )
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
    few = ", as few as reach the target" if reached is not None else ""
    drive = "Oersted wires" if coupling == "oersted" else "strain"
    return (
        f"As the card is read ({int(np.asarray(stated.scheme.reads))} reads a neuron{few}, the "
        f"voltage on all the time) and driven by {drive}, an answer takes "
        f"{seconds(float(stated.latency))} and {joules(float(stated.neurons(coupling)))}{at}; "
        f"of that the {dominant} spends "
        f"{100 * parts[dominant] / sum(parts.values()):.0f} % and the junctions "
        f"{joules(parts['junction'])}."
    )


def _best_in_words(found: Survey, coupling: Coupling) -> str:
    best = found.best[coupling]
    drive = "Oersted wires" if coupling == "oersted" else "strain"
    share = best.parts[best.dominant] / best.energy
    amplifier = _noise(best.amplifier_noise)
    rounded = float(f"{float(found.stated.neurons(coupling)) / best.energy:.1g}")
    edge = ", the lowest that was tried," if best.barrier <= MIN_BARRIER * (1 + 1e-9) else ""
    return (
        f"Driven by {drive} it is least at a barrier of {best.barrier:.1f} k_BT{edge} and "
        f"{1e3 * best.voltage:.3g} mV, on for {seconds(best.duration)} in each of {best.reads} "
        f"reads by an amplifier of {amplifier}: {joules(best.energy)} for a digit "
        f"recognised with {100 * best.accuracy:.1f} % after {seconds(best.latency)}, about "
        f"{rounded:,.0f} times less; the {best.dominant} spends {100 * share:.0f} %."
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


def cost_table(found: Survey) -> tuple[list[str], list[list[str]]]:
    """Head and rows: the card's own reads, the same voltage gated, and the cheapest ways."""
    columns = [
        _of_cost(found, found.stated),
        _of_cost(found, found.gated),
        *(_of_point(found, coupling) for coupling in found.best),
    ]
    head = ["", "as stated", "gated", *(f"best, {coupling}" for coupling in found.best)]
    rows = [[name, *(column.get(name, "") for column in columns)] for name in columns[0]]
    return head, rows


def _of_cost(found: Survey, one: Cost) -> dict[str, str]:
    scheme, reached = one.scheme, found.accuracy_of(one)
    spent = {**one.parts("oersted"), **one.parts("strain")}
    return {
        "barrier": f"{float(operating_point(found.card).stability_factor):.1f} k_BT",
        "read voltage": f"{1e3 * float(np.asarray(scheme.voltage)):.3g} mV",
        "reads": str(int(np.asarray(scheme.reads))),
        "interval": seconds(float(np.asarray(scheme.interval))),
        "averaging time": seconds(float(np.asarray(scheme.duration))),
        "voltage on": seconds(float(np.asarray(scheme.bias_time))),
        "amplifier noise": _noise(float(np.asarray(scheme.amplifier_noise))),
        "bit error rate": f"{float(one.error_rate):.2g}",
        "recognised": "" if reached is None else f"{reached:.2%}",
        **{name: joules(float(energy)) for name, energy in spent.items()},
        **{f"sum, {c}": joules(float(one.neurons(c))) for c in COUPLINGS},
        "latency": seconds(float(one.latency)),
        **{f"power density, {c}": _density(float(one.power_density(c))) for c in COUPLINGS},
    }


def _of_point(found: Survey, coupling: Coupling) -> dict[str, str]:
    point = found.best[coupling]
    return {
        "barrier": f"{point.barrier:.1f} k_BT",
        "read voltage": f"{1e3 * point.voltage:.3g} mV",
        "reads": str(point.reads),
        "interval": seconds(point.interval),
        "averaging time": seconds(point.duration),
        "voltage on": seconds(point.duration),
        "amplifier noise": _noise(point.amplifier_noise),
        "bit error rate": f"{point.error_rate:.2g}",
        "recognised": f"{point.accuracy:.2%}",
        **{name: joules(energy) for name, energy in point.parts.items()},
        f"sum, {coupling}": joules(point.energy),
        "latency": seconds(point.latency),
        f"power density, {coupling}": _density(point.power_density),
    }


def _noise(value: float) -> str:
    return format_quantity(value, "V/Hz^0.5", "nV/Hz^0.5", 3).replace("Hz^0.5", "√Hz")


def _density(value: float) -> str:
    return format_quantity(value, "W/m^2", "mW/cm^2", 3).replace("cm^2", "cm²")


def joules(energy: float) -> str:
    """An energy in the unit that suits it, three digits."""
    return _suited(energy, "J", ("J", "mJ", "uJ", "nJ", "pJ", "fJ", "aJ")).replace("uJ", "µJ")


def seconds(time: float) -> str:
    """A time in the unit that suits it, three digits."""
    return _suited(time, "s", ("s", "ms", "us", "ns", "ps")).replace("us", "µs")


def _suited(value: float, unit: str, units: tuple[str, ...]) -> str:
    fit = (u for u in units if abs(convert(value, unit, u)) >= 0.9995)
    return format_quantity(value, unit, next(fit, units[-1]), 3)
