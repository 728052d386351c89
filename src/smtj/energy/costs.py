"""Energy, latency and area of one inference: junctions, read-out, coupling; synapses apart.

Energies are those of all neurons of a network for one input, in J, by the part that spends them.
Not counted: the clock, the wiring between the parts, power converters, weight storage, and the
machine that trains.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smtj import plot
from smtj.card import BehaviouralCard, Card, CardLike, DeviceCard, as_card, as_device
from smtj.energy.assumptions import Assumptions
from smtj.energy.parts import amplifier_power, strain_energy, wire, wire_power
from smtj.energy.workloads import Workload, WorkloadLike, workload
from smtj.errors import SmtjError
from smtj.physics.readout.back_action import back_action, log_dwell_times_under_bias
from smtj.physics.readout.noise import Amplifier, bit_error_rate, read_time
from smtj.physics.readout.repeated import effective_reads
from smtj.physics.readout.signal import ReadSignal, read_signal
from smtj.physics.switching import log_relaxation_time
from smtj.physics.voltage_response import mean_power, reaches, voltage_response
from smtj.tables import Table, Tabular
from smtj.typing import Floats
from smtj.units import format_scaled

if TYPE_CHECKING:
    import pandas as pd

INDEPENDENT = 3.0
"""Relaxation times between reads that count as independent: they then correlate by 5 %."""
ERROR_RATE = 1e-3
"""Bit error rate of a read if nothing else is said."""
READS = 16
"""Reads used if no network says how many it needs."""

Coupling: TypeAlias = Literal["oersted", "strain", "voltage"]
COUPLINGS: tuple[Coupling, ...] = ("oersted", "strain")
"""Those that make a field."""
COUPLING_NAMES: dict[Coupling, str] = {
    "oersted": "Oersted wires",
    "strain": "strain",
    "voltage": "the voltage across the junctions",
}


@dataclass(frozen=True)
class ReadPlan:
    """How every neuron is read for one input; numbers or arrays that broadcast."""

    reads: ArrayLike
    """N."""
    voltage: ArrayLike
    """V in V."""
    interval: ArrayLike
    """From read to read in s."""
    integration_time: ArrayLike
    """Time in s over which one read averages, with the amplifier on."""
    bias_time: ArrayLike
    """Time in s per read with the voltage on the junction."""
    amplifier_noise: ArrayLike
    """e_n of the amplifier in V/√Hz; a noisier one needs less power."""


def card_plan(
    card: CardLike, reads: ArrayLike = READS, assumptions: Assumptions | None = None
) -> ReadPlan:
    """Return the reads that a card states, with its voltage always on.

    If its readings are instants, as of a measurement whose integration time is unknown, a read
    takes as long as a bit error rate of :data:`ERROR_RATE` needs.
    """
    card, assumed = as_card(card), assumptions or Assumptions()
    interval, time = card.sampling_interval, card.integration_time
    quiet = np.asarray(float(assumed.amplifier_noise))
    if time == 0:
        time = min(_shortest_read(card, assumed, card.read_voltage, quiet, ERROR_RATE), interval)
    return ReadPlan(reads, card.read_voltage, interval, time, interval, float(quiet))


def _shortest_read(
    card: Card, assumed: Assumptions, voltage: ArrayLike, quiet: Floats, error_rate: ArrayLike
) -> Any:
    """Return the shortest integration time in s that noise and circuits allow."""
    signal = read_signal(card, voltage)
    noise = signal.densities(_amplifier(assumed, quiet))
    needed = np.asarray(read_time(signal.difference, *noise, np.asarray(error_rate)))
    return np.maximum(needed, float(assumed.shortest_read))


def gated_plan(
    card: CardLike,
    voltage: ArrayLike,
    reads: ArrayLike = READS,
    error_rate: ArrayLike = ERROR_RATE,
    amplifier_noise: ArrayLike | None = None,
    assumptions: Assumptions | None = None,
) -> ReadPlan:
    """Return reads as short as their noise allows, three relaxation times apart, gated.

    Gated means that the voltage is on during the read only.

    Parameters
    ----------
    card
        The device.
    voltage
        Read voltage in V.
    reads
        N.
    error_rate
        Accepted bit error rate of a read, between 0 and ½; no read is shorter than
        ``shortest_read`` of the assumptions.
    amplifier_noise
        e_n in V/√Hz.  Default: the assumed one.  All broadcast together.
    assumptions
        Default: those of ``assumptions.toml``.
    """
    card, assumed = as_card(card), assumptions or Assumptions()
    bias, rate = (np.asarray(v, dtype=np.float64) for v in (voltage, error_rate))
    quiet = np.asarray(
        assumed.amplifier_noise if amplifier_noise is None else amplifier_noise, dtype=np.float64
    )
    time = _shortest_read(card, assumed, bias, quiet, rate)
    interval = np.maximum(INDEPENDENT * relaxation_time(card), time)
    return ReadPlan(reads, bias, interval, time, time, quiet)


def relaxation_time(card: Card) -> float:
    """τ_rel in s at H_s without a voltage, where it is longest, by Eq. 3, 4 and 6.

    Every cost uses this law, whichever one the card names for its dwell times.
    """
    point = card.under_bias()
    return float(np.exp(point.log_relaxation_time(point.offset_field)))


@dataclass(frozen=True, repr=False)
class Cost(Tabular):
    """One inference; arrays of the broadcast shape of the read plan, SI units."""

    card: Card
    plan: ReadPlan
    workload: Workload
    signal: ReadSignal
    junction: Floats
    """V²/R of both states, weighted by occupancy, while the voltage is on."""
    amplifier: Floats
    """Its supply during reads."""
    comparator: Floats
    counter: Floats
    standby: Floats
    """Leakage of all neurons from the input to the answer."""
    wire: Floats
    """Oersted wires and their drivers, held while a layer is read."""
    strain: Floats
    """½ C V² of the ferroelectrics, charged once per input."""
    synapses: Floats
    """Multiply-accumulates; in no sum."""
    latency: Floats
    """From the input to the answer in s."""
    area: float
    """Of all neurons in m²."""
    error_rate: Floats
    """Bit error rate of a read."""
    effective_reads: Floats
    """N_eff: independent reads that the correlated ones are worth."""
    shift: Floats
    """Largest shift of P(high) caused by reading."""
    blur: Floats
    """Integration time over relaxation time while the voltage is on."""
    wire_current_density: Floats
    """Rms in the wire, A/m²."""

    def parts(self, coupling: Coupling) -> dict[str, Floats]:
        """Return what each part of the neurons spends with a coupling, in J."""
        if coupling == "voltage":
            if self.voltage_drive is None:
                raise SmtjError(
                    f"the voltage of card {self.card.name} does not reach the log-odds that the "
                    "network needs, so it cannot drive its neurons; give a card with a spin torque"
                )
            return {**self.reading(), "voltage drive": self.voltage_drive}
        drive = {"Oersted wire": self.wire} if coupling == "oersted" else {"strain": self.strain}
        return {**self.reading(), **drive}

    def reading(self) -> dict[str, Floats]:
        """Return what each part of the neurons spends apart from the drive, in J."""
        return {
            "junction": self.junction,
            "amplifier": self.amplifier,
            "comparator": self.comparator,
            "counter": self.counter,
            "standby": self.standby,
        }

    @property
    def couplings(self) -> tuple[Coupling, ...]:
        """The couplings that can drive the device; none if a field does not."""
        if self.card.drive.name != "field":
            return ()
        return COUPLINGS if self.voltage_drive is None else (*COUPLINGS, "voltage")

    @cached_property
    def voltage_drive(self) -> Floats | None:
        """V²/R of neurons whose sums are the voltages across their own junctions, in J.

        The voltage is held while a layer is read, in the constant field of the network.  None if
        it cannot reach the rms of the network's log-odds to both sides.
        """
        if not isinstance(self.card, DeviceCard):
            return None
        try:
            response = voltage_response(self.card, self.workload.drive_field)
        except SmtjError:  # it changes nothing
            return None
        work = self.workload
        if response.slope == 0 or not reaches(response, work.log_odds_spread):
            return None
        layer_time = self.latency / len(work.devices)
        return np.asarray(work.neurons * layer_time * mean_power(response, work.log_odds_spread))

    @property
    def all_parts(self) -> dict[str, Floats]:
        """What each part spends with any of the couplings, in J."""
        parts = self.reading()
        for coupling in self.couplings:
            parts |= self.parts(coupling)
        return parts

    def neurons(self, coupling: Coupling) -> Floats:
        """Return the energy of all neurons with a coupling, in J."""
        return np.asarray(sum(self.parts(coupling).values()))

    def per_read(self, energy: Floats) -> Floats:
        """Return an energy of all neurons per read of one neuron, in J."""
        return np.asarray(energy / (self.workload.neurons * np.asarray(self.plan.reads)))

    def power_density(self, coupling: Coupling) -> Floats:
        """Return the power per area of neurons that work without a pause, in W/m²."""
        return np.asarray(self.neurons(coupling) / self.latency / self.area)

    def possible(self, assumptions: Assumptions) -> NDArray[np.bool_]:
        """Return whether reads are as short and as gentle as the assumptions demand."""
        gentle = self.shift <= float(assumptions.largest_shift)
        return np.asarray(gentle & (self.blur <= float(assumptions.longest_read)))

    def described(self) -> dict[str, str]:
        """Return what a person reads, by name; a range where the plan holds several points."""
        return {
            **described_reads(stability_factor(self.card), self.plan, self.error_rate),
            **{name: joules(energy) for name, energy in self.all_parts.items()},
            **{f"sum, {c}": joules(self.neurons(c)) for c in self.couplings},
            "latency": seconds(self.latency),
            **{f"power density, {c}": density(self.power_density(c)) for c in self.couplings},
        }

    def table(self) -> Table:
        """Return energies by part, with latency and how the devices are read."""
        title = f"One inference of {self.workload.neurons} neurons, card {self.card.name}"
        notes = [
            f"Synapses, in no sum: {joules(self.synapses)}",
            f"Area: {self.area * 1e6:.3g} mm²",
        ]
        return Table(
            title, ("quantity", "value"), [list(row) for row in self.described().items()], notes
        )

    def plot(self, ax: Any = None) -> Any:
        """Plot the energy of every part: bars, or lines against what the plan varies."""
        with plot.axes(ax) as axes:
            spent = self.all_parts
            if self.latency.size == 1:
                axes.barh(list(spent), [float(energy.item()) for energy in spent.values()])
                axes.invert_yaxis()
                axes.set_xlabel("Energy per inference (J)")
            else:
                name = next(n for n, v in vars(self.plan).items() if np.ptp(np.asarray(v)) > 0)
                x = np.broadcast_to(getattr(self.plan, name), self.latency.shape).ravel()
                for label, energy in spent.items():
                    axes.plot(x, energy.ravel(), label=label)
                axes.set_xlabel(f"{name.replace('_', ' ').capitalize()} ({_UNITS[name]})")
                axes.set_ylabel("Energy per inference (J)")
                axes.set_yscale("log")
                axes.legend()
            axes.set_xscale("log")
        return axes

    def to_dict(self) -> dict[str, Any]:
        """Return everything in SI units as plain numbers, or lists if the plan is an array."""
        plan = {name: np.asarray(value).tolist() for name, value in vars(self.plan).items()}
        return {
            **plan,
            "resistance_high": self.signal.high.tolist(),
            "resistance_low": self.signal.low.tolist(),
            "current_difference": np.asarray(self.signal.difference).tolist(),
            "bit_error_rate": self.error_rate.tolist(),
            "effective_reads": self.effective_reads.tolist(),
            "energy": {
                c: {name: e.tolist() for name, e in self.parts(c).items()} for c in self.couplings
            },
            "energy_reads": {name: e.tolist() for name, e in self.reading().items()},
            "energy_neurons": {c: self.neurons(c).tolist() for c in self.couplings},
            "energy_synapses": self.synapses.tolist(),
            "latency": self.latency.tolist(),
            "area": self.area,
            "power_density": {c: self.power_density(c).tolist() for c in self.couplings},
            "shift_of_probability": self.shift.tolist(),
            "read_over_relaxation_time": self.blur.tolist(),
            "wire_current_density": self.wire_current_density.tolist(),
        }

    def to_dataframe(self) -> "pd.DataFrame":
        """Return one row per point of the read plan, in SI units; energies in J."""
        import pandas as pd

        columns = {
            **vars(self.plan),
            **self.all_parts,
            **{f"sum, {c}": self.neurons(c) for c in self.couplings},
            "synapses": self.synapses,
            "latency": self.latency,
            "error_rate": self.error_rate,
            "effective_reads": self.effective_reads,
        }
        shape = self.latency.shape
        return pd.DataFrame({n: np.broadcast_to(v, shape).ravel() for n, v in columns.items()})


_UNITS = {
    "reads": "1", "voltage": "V", "interval": "s", "integration_time": "s", "bias_time": "s",
    "amplifier_noise": "V/√Hz",
}  # fmt: skip


def cost(
    network: WorkloadLike,
    card: CardLike,
    plan: ReadPlan | None = None,
    *,
    assumptions: Assumptions | None = None,
    inputs: Any = None,
) -> Cost:
    """Return what one inference costs.

    Parameters
    ----------
    network
        A model with MTJ neurons, layer sizes with the inputs first, or a :class:`Workload`.
    card
        The device: a card, its name or its path.
    plan
        How the devices are read.  Default: 16 reads as the card states them.
    assumptions
        Everything that the card does not know.  Default: those of ``assumptions.toml``.
    inputs
        Inputs of the model, from which its workload is measured; see :func:`workload`.

    Returns
    -------
    Cost
        Energies, latency and area, with the bit error rate and N_eff that decide the accuracy.

    Raises
    ------
    SmtjError
        A number of reads, a time or a voltage is not above 0, or the card has no barrier.

    Examples
    --------
    >>> import smtj.energy
    >>> price = smtj.energy.cost((784, 400, 10), "cai2019")
    >>> print(f"{float(price.neurons('oersted')):.2g} J in {float(price.latency):.3g} s")
    0.25 J in 3.84 s
    """
    card, assumed = as_card(card), assumptions or Assumptions()
    work = workload(network, assumed, inputs=inputs)
    plan = card_plan(card, READS, assumed) if plan is None else plan
    reads, interval, time, on, quiet, bias = (
        np.asarray(v, dtype=np.float64)
        for v in (
            plan.reads,
            plan.interval,
            plan.integration_time,
            plan.bias_time,
            plan.amplifier_noise,
            plan.voltage,
        )
    )
    _check(reads=reads, interval=interval, integration_time=time, bias_time=on)
    point = card.under_bias()
    barrier = stability_factor(card)
    if barrier is not None and not barrier > 0:
        raise SmtjError(f"card {card.name} has no energy barrier; a neuron needs E_b > 0")
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
    current = field / wire(assumed).field_per_drive
    density = current / float(assumed.wire_width * assumed.wire_thickness)
    errors = bit_error_rate(signal.difference, *signal.densities(_amplifier(assumed, quiet)), time)
    shape = np.broadcast_shapes(*(v.shape for v in (reads, interval, time, on, quiet, bias)))

    def spread(value: ArrayLike) -> Floats:
        return np.broadcast_to(np.asarray(value, dtype=np.float64), shape)

    return Cost(
        card=card,
        plan=plan,
        workload=work,
        signal=signal,
        junction=spread(all_reads * on * signal.power(work.occupancy)),
        amplifier=spread(all_reads * time * amplifier_power(assumed, quiet, signal.temperature)),
        comparator=spread(all_reads * float(assumed.comparator_energy)),
        counter=spread(all_reads * float(assumed.counter_energy)),
        standby=spread(work.neurons * float(assumed.standby_power) * latency),
        wire=spread(work.neurons * layer_time * wire_power(assumed, current)),
        strain=spread(work.neurons * strain_energy(assumed, field)),
        synapses=spread(work.synapses * float(assumed.synapse_energy)),
        latency=spread(latency),
        area=work.neurons * float(assumed.cell_area),
        error_rate=spread(errors),
        effective_reads=spread(effective_reads(reads, interval, np.exp(-log_rate))),
        shift=spread(action.shift),
        blur=spread(time * np.exp(-action.log_relaxation_time)),
        wire_current_density=spread(density),
    )


def _amplifier(assumed: Assumptions, voltage_noise: Floats) -> Amplifier:
    return Amplifier(voltage_noise, float(assumed.amplifier_current_noise))


def _log_rate(card: Card, voltage: Floats, duty: Floats, field: float) -> Floats:
    """ln of the mean relaxation rate in 1/s with the voltage on for a fraction of the time."""
    if isinstance(card, BehaviouralCard):
        return -back_action(card, voltage, duty).log_relaxation_time
    card = as_device(card)
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


def stability_factor(card: Card) -> float | None:
    """Return E_b/k_BT of a card; None if it is behavioural, as it has no barrier."""
    if isinstance(card, DeviceCard):
        return float(card.under_bias().stability_factor)
    return None


def described_reads(barrier: float | None, plan: ReadPlan, error_rate: ArrayLike) -> dict[str, str]:
    """Return the read plan as text; ``barrier`` is E_b/k_BT."""
    return {
        **({} if barrier is None else {"stability factor": f"{barrier:.1f}"}),
        "read voltage": _ends(plan.voltage, lambda v: f"{1e3 * v:.3g} mV"),
        "reads": _ends(plan.reads, lambda n: f"{n:.0f}"),
        "interval": seconds(plan.interval),
        "integration time": seconds(plan.integration_time),
        "voltage on": seconds(plan.bias_time),
        "amplifier noise": noise_density(plan.amplifier_noise),
        "bit error rate": _ends(error_rate, lambda e: f"{e:.2g}"),
    }


def joules(energy: ArrayLike) -> str:
    """Return an energy with a suitable SI prefix; a range for an array."""
    return _ends(energy, lambda e: format_scaled(e, "J"))


def seconds(time: ArrayLike) -> str:
    """Return a time with a suitable SI prefix; a range for an array."""
    return _ends(time, lambda t: format_scaled(t, "s"))


def noise_density(value: ArrayLike) -> str:
    """Return a voltage noise in nV/√Hz."""
    return _ends(value, lambda v: f"{1e9 * v:.3g} nV/√Hz")


def density(value: ArrayLike) -> str:
    """Return a power density in W/cm², with the prefix that suits it."""
    return _ends(value, lambda v: f"{format_scaled(1e-4 * v, 'W')}/cm²")


def _ends(value: ArrayLike, text: Callable[[float], str]) -> str:
    ends = [text(float(end(np.asarray(value)))) for end in (np.min, np.max)]
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
