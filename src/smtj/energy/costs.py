"""Energy, latency and area of one inference: junctions, read-out, coupling; synapses apart.

Energies are those of all neurons of a network for one input, in J, by the part that spends them.
What is not counted: the clock, the wiring between the parts, the power converters, what holds
weights, and the machine that trains.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smtj.card import DeviceCard
from smtj.energy.assumptions import Assumptions
from smtj.energy.parts import amplifier_power, strain_energy, wire, wire_power
from smtj.errors import SmtjError
from smtj.physics.device import operating_point
from smtj.physics.readout.back_action import back_action, log_dwell_times_under_bias
from smtj.physics.readout.noise import Amplifier, bit_error_rate, read_time
from smtj.physics.readout.repeated import effective_reads
from smtj.physics.readout.signal import ReadSignal, read_signal
from smtj.physics.switching import log_relaxation_time
from smtj.typing import Floats

INDEPENDENT = 3.0
"""Relaxation times between reads that count as independent: they then correlate by 5 %."""

Coupling: TypeAlias = Literal["oersted", "strain"]
COUPLINGS: tuple[Coupling, ...] = ("oersted", "strain")


@dataclass(frozen=True)
class Workload:
    """What an inference asks of the devices, whatever reads them."""

    devices: tuple[int, ...]
    """Neurons that are devices, by layer; the layers work in turn."""
    synapses: int
    """Multiplications and additions of one inference."""
    log_odds_spread: float
    """Root mean square of ln(P/(1 - P)) over neurons and inputs: how far the fields must reach."""
    share_high: float = 0.5
    """Mean P(high)."""

    @property
    def neurons(self) -> int:
        """All neurons that are devices."""
        return sum(self.devices)


def workload(sizes: Sequence[int], table: Assumptions, *, device_outputs: bool = True) -> Workload:
    """Return the workload of a fully connected network of which no more than its sizes is known.

    Parameters
    ----------
    sizes
        Neurons of each layer, inputs first.
    table
        Assumptions, of which this needs ``log_odds_spread``.
    device_outputs
        Whether the last layer consists of devices too.

    Raises
    ------
    SmtjError
        There are no layers of devices.
    """
    devices = tuple(sizes[1:] if device_outputs else sizes[1:-1])
    if not devices or min(sizes) < 1:
        raise SmtjError(
            f"sizes is {tuple(sizes)}; it must be positive numbers, inputs first, with a layer of "
            "devices, e.g. 784, 400, 10"
        )
    synapses = sum(a * b for a, b in pairwise(sizes))
    return Workload(devices, synapses, float(table.log_odds_spread))


@dataclass(frozen=True)
class ReadPlan:
    """How every neuron is read for one input; numbers or arrays that broadcast."""

    reads: ArrayLike
    """N."""
    voltage: ArrayLike
    """V in V."""
    interval: ArrayLike
    """From read to read in s."""
    duration: ArrayLike
    """Time in s over which one read averages; the amplifier is on for so long."""
    bias_time: ArrayLike
    """Time in s per read for which the voltage lies on the junction."""
    amplifier_noise: ArrayLike
    """e_n in V/√Hz of the amplifier that reads; a noisier one needs less power."""


def card_scheme(card: DeviceCard, table: Assumptions, reads: ArrayLike) -> ReadPlan:
    """Return the scheme that a card states, with its voltage on all the time."""
    interval = float(card.switching.sampling_interval)
    return ReadPlan(
        reads,
        float(card.electrical.read_voltage),
        interval,
        float(card.switching.integration_time),
        interval,
        float(table.amplifier_noise),
    )


def gated_scheme(
    card: DeviceCard,
    table: Assumptions,
    voltage: ArrayLike,
    reads: ArrayLike,
    error_rate: ArrayLike,
    amplifier_noise: ArrayLike | None = None,
) -> ReadPlan:
    """Return the scheme of reads as short as their noise allows, the voltage off between them.

    Parameters
    ----------
    card
        The device.
    table
        Assumptions.
    voltage
        Read voltage in V.
    reads
        N.
    error_rate
        Bit error rate that a read may have, between 0 and ½; a read that noise would allow to be
        shorter than ``shortest_read`` lasts that long.
    amplifier_noise
        e_n in V/√Hz; by default the table's.  All broadcast together.
    """
    bias = np.asarray(voltage, dtype=np.float64)
    volts_per_root_hertz = table.amplifier_noise if amplifier_noise is None else amplifier_noise
    quiet = np.asarray(volts_per_root_hertz, dtype=np.float64)
    signal = read_signal(card, bias)
    noise = signal.densities(_amplifier(table, quiet))
    rate = np.asarray(error_rate, dtype=np.float64)
    needed = np.asarray(read_time(signal.difference, *noise, rate))
    duration = np.maximum(needed, float(table.shortest_read))
    interval = np.maximum(INDEPENDENT * relaxation_time(card), duration)
    return ReadPlan(reads, bias, interval, duration, duration, quiet)


def relaxation_time(card: DeviceCard) -> float:
    """τ_rel in s in the field H_s without a voltage, where it is longest, by Eq. 3, 4 and 6.

    That law is used for every cost, whichever one the card names for its dwell times.
    """
    point = operating_point(card)
    return float(np.exp(point.log_relaxation_time(point.offset_field)))


@dataclass(frozen=True)
class Cost:
    """One inference; arrays of the broadcast shape of the scheme, SI units."""

    scheme: ReadPlan
    workload: Workload
    signal: ReadSignal
    junction: Floats
    """V²/R in both states, weighted by occupation, for the time the voltage is on."""
    amplifier: Floats
    """Its supply, while reads last."""
    decision: Floats
    """The comparator."""
    counting: Floats
    """Of the reads."""
    standby: Floats
    """Leakage of all neurons from the input to the answer."""
    wire: Floats
    """Oersted wires and their drivers, held while a layer is read."""
    strain: Floats
    """½ C V² of the ferroelectrics, charged once an input."""
    synapses: Floats
    """Multiplications and additions; in no sum."""
    latency: Floats
    """From the input to the answer in s."""
    area: float
    """Of all neurons in m²."""
    error_rate: Floats
    """Bit error rate of a read."""
    effective_reads: Floats
    """N_eff, independent reads that the correlated ones are worth."""
    shift: Floats
    """Largest shift of P(high) by reading."""
    blur: Floats
    """Read duration over relaxation time while the voltage is on."""
    wire_current_density: Floats
    """Root mean square in the wire, A/m²."""

    def parts(self, coupling: Coupling) -> dict[str, Floats]:
        """What the neurons spend with a coupling, by name, in J."""
        drive = {"Oersted wire": self.wire} if coupling == "oersted" else {"strain": self.strain}
        return {
            "junction": self.junction,
            "amplifier": self.amplifier,
            "comparator": self.decision,
            "counter": self.counting,
            "standby": self.standby,
            **drive,
        }

    def neurons(self, coupling: Coupling) -> Floats:
        """What all neurons spend with a coupling, in J."""
        return np.asarray(sum(self.parts(coupling).values()))

    def reading(self) -> Floats:
        """Junction, amplifier, comparator and counter of one read of one neuron, in J."""
        spent = self.junction + self.amplifier + self.decision + self.counting
        return np.asarray(spent / (self.workload.neurons * np.asarray(self.scheme.reads)))

    def power_density(self, coupling: Coupling) -> Floats:
        """Of the neurons at one inference after the other, in W/m²."""
        return np.asarray(self.neurons(coupling) / self.latency / self.area)

    def possible(self, table: Assumptions) -> NDArray[np.bool_]:
        """Whether reads are as short and as gentle as the table demands."""
        gentle = self.shift <= float(table.largest_shift)
        return np.asarray(gentle & (self.blur <= float(table.longest_read)))


def cost(card: DeviceCard, work: Workload, scheme: ReadPlan, table: Assumptions) -> Cost:
    """What one inference costs.

    Parameters
    ----------
    card
        The device.
    work
        What is asked of the devices.
    scheme
        How they are read.
    table
        Everything that the card does not know.

    Returns
    -------
    Cost
        Energies, latency and area, with the bit error rate and N_eff that decide the accuracy.

    Raises
    ------
    SmtjError
        A number of reads, a time or a voltage is not above 0, or a card has no barrier.
    """
    reads, interval, duration, on, quiet = (
        np.asarray(v, dtype=np.float64)
        for v in (
            scheme.reads,
            scheme.interval,
            scheme.duration,
            scheme.bias_time,
            scheme.amplifier_noise,
        )
    )
    _check(reads=reads, interval=interval, duration=duration, bias_time=on)
    point = operating_point(card)
    if not float(point.stability_factor) > 0:
        raise SmtjError(f"card {card.name} has no energy barrier; a neuron needs E_b > 0")
    bias = np.asarray(scheme.voltage, dtype=np.float64)
    if not np.all(bias != 0):
        raise SmtjError("the read voltage is 0 V; a read needs one, e.g. 1 mV")
    signal = read_signal(card, bias)
    all_reads = work.neurons * reads
    duty = np.minimum(on / interval, 1.0)
    action = back_action(card, bias, duty)
    log_rate = _log_rate(card, bias, duty, float(np.asarray(point.offset_field)))
    # Layers answer in turn, and all their neurons wait from the input to the answer.
    layer_time = reads * interval
    latency = len(work.devices) * layer_time
    field = math.hypot(
        float(np.asarray(point.offset_field)), work.log_odds_spread / float(point.slope)
    )
    current = field / wire(table).field_per_drive
    density = current / float(table.wire_width * table.wire_thickness)
    errors = bit_error_rate(
        signal.difference, *signal.densities(_amplifier(table, quiet)), duration
    )
    shape = np.broadcast_shapes(*(v.shape for v in (reads, interval, duration, on, quiet, bias)))

    def spread(value: ArrayLike) -> Floats:
        return np.broadcast_to(np.asarray(value, dtype=np.float64), shape)

    return Cost(
        scheme=scheme,
        workload=work,
        signal=signal,
        junction=spread(all_reads * on * signal.power(work.share_high)),
        amplifier=spread(all_reads * duration * amplifier_power(table, quiet, signal.temperature)),
        decision=spread(all_reads * float(table.comparator_energy)),
        counting=spread(all_reads * float(table.counter_energy)),
        standby=spread(work.neurons * float(table.standby_power) * latency),
        wire=spread(work.neurons * layer_time * wire_power(table, current)),
        strain=spread(work.neurons * strain_energy(table, field)),
        synapses=spread(work.synapses * float(table.synapse_energy)),
        latency=spread(latency),
        area=work.neurons * float(table.cell_area),
        error_rate=spread(errors),
        effective_reads=spread(effective_reads(reads, interval, np.exp(-log_rate))),
        shift=spread(action.shift),
        blur=spread(duration * np.exp(-action.log_relaxation_time)),
        wire_current_density=spread(density),
    )


def _amplifier(table: Assumptions, voltage_noise: Floats) -> Amplifier:
    return Amplifier(voltage_noise, float(table.amplifier_current_noise))


def _log_rate(card: DeviceCard, voltage: Floats, duty: Floats, field: float) -> Floats:
    """ln of the mean relaxation rate in 1/s with the voltage on for a share of the time."""
    with np.errstate(divide="ignore"):
        log_duty, log_rest = np.log(duty), np.log1p(-duty)
    on, off = (
        -log_relaxation_time(*log_dwell_times_under_bias(card, field, v))
        for v in (voltage, np.zeros_like(voltage))
    )
    return np.asarray(np.logaddexp(log_duty + on, log_rest + off))


def _check(**given: Floats) -> None:
    for name, values in given.items():
        least = 1.0 if name == "reads" else 0.0
        if not (np.all(values >= least) and np.all(values > 0)):
            must = "1 or more" if name == "reads" else "above 0 s"
            raise SmtjError(f"{name} is {float(np.min(values)):g}; it must be {must}")
