"""Energy, latency and area of one inference: junctions, read-out, coupling; synapses apart.

Energies are those of all neurons of a network for one input, in J, by the part that spends them.
Not counted: the clock, the wiring between the parts, power converters, weight storage, and the
machine that trains.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smtj import plot
from smtj.card import BehaviouralCard, Card, CardLike, DeviceCard, as_card, as_device
from smtj.energy.assumptions import Assumptions
from smtj.energy.parts import Reach, amplifier_power, strain_energy, wire, wire_power
from smtj.energy.plans import READS, ReadPlan, card_plan, relaxation_time
from smtj.energy.readout import error_rate, gain_bandwidth
from smtj.energy.workloads import Workload, WorkloadLike, workload
from smtj.errors import SmtjError
from smtj.physics.readout.back_action import back_action, log_dwell_times_under_bias
from smtj.physics.readout.repeated import effective_reads
from smtj.physics.readout.signal import ReadSignal, read_signal
from smtj.physics.switching import log_relaxation_time
from smtj.physics.voltage_response import mean_current, reaches, voltage_response
from smtj.tables import Table, Tabular
from smtj.typing import Floats
from smtj.units import format_quantity, format_scaled

if TYPE_CHECKING:
    import pandas as pd

Coupling: TypeAlias = Literal["oersted", "strain", "voltage"]
COUPLINGS: tuple[Coupling, ...] = ("oersted", "strain")
"""Those that make a field."""
COUPLING_NAMES: dict[Coupling, str] = {
    "oersted": "Oersted wires",
    "strain": "strain taken as a field",
    "voltage": "the voltage across the junctions",
}


@dataclass(frozen=True)
class Limit:
    """What a part stands, and what is asked of it; entries of the shape of a cost."""

    name: str
    value: Floats
    most: float
    unit: str
    """SI unit, and the one that is shown."""
    show: str

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Where the part stands it."""
        return np.asarray(self.value <= self.most * (1 + 1e-9))

    def described(self) -> str:
        """Return both numbers as text, of the first point that exceeds the limit."""
        over = np.asarray(self.value)[~self.kept]
        asked = float(over[0]) if over.size else float(np.max(self.value))
        shown = [
            format_quantity(v, self.unit, self.show, 2) if self.unit else f"{v:.2g}"
            for v in (asked, self.most)
        ]
        return f"{self.name} ({shown[0]}, limit {shown[1]})".replace("^2", "²")


@dataclass(frozen=True, repr=False)
class Cost(Tabular):
    """One inference; arrays of the broadcast shape of the read plan, SI units."""

    card: Card
    plan: ReadPlan
    workload: Workload
    assumptions: Assumptions
    signal: ReadSignal
    junction: Floats
    """V²/R of both states, weighted by occupancy, while the voltage is on."""
    source: Floats
    """What the supply gives for the read current beyond that: (V_dd - V) I."""
    amplifier: Floats
    """Its supply during reads and while it starts."""
    comparator: Floats
    counter: Floats
    standby: Floats
    """Leakage of all neurons from the input to the answer."""
    bias: Floats
    """V_dd I of the neurons' own bias voltages, held from the input to the answer."""
    wire: Floats
    """V_dd |I| of Oersted wires and their drivers, held while a layer is read."""
    strain: Floats
    """V_dd C |V| of the ferroelectrics, charged once per input."""
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
    gain_bandwidth: Floats
    """Of the amplifier, in Hz."""
    reach: Reach
    """Fields that the drivers make, in A/m."""

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
        held = {"bias voltages": self.bias} if self.workload.bias_voltages else {}
        return {
            "junction": self.junction,
            "read current": self.source,
            "amplifier": self.amplifier,
            "comparator": self.comparator,
            "counter": self.counter,
            "standby": self.standby,
            **held,
        }

    @property
    def couplings(self) -> tuple[Coupling, ...]:
        """The couplings that can drive the device; none if a field does not."""
        if self.card.drive.name != "field":
            return ()
        return COUPLINGS if self.voltage_drive is None else (*COUPLINGS, "voltage")

    @cached_property
    def voltage_drive(self) -> Floats | None:
        """V_dd |I| of neurons whose sums are the voltages across their own junctions, in J.

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
        watts = float(self.assumptions.supply_voltage) * mean_current(
            response, work.log_odds_spread
        )
        return np.asarray(work.neurons * layer_time * watts)

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

    def read_limits(self) -> list[Limit]:
        """Return what reads must keep: they must be gentle, short, and within the amplifier."""
        assumed = self.assumptions
        return [
            Limit("shift of P(high)", self.shift, float(assumed.largest_shift), "", ""),
            Limit("read over relaxation time", self.blur, float(assumed.longest_read), "", ""),
            Limit(
                "gain-bandwidth of the amplifier",
                self.gain_bandwidth,
                float(assumed.gain_bandwidth),
                "Hz",
                "GHz",
            ),
        ]

    def drive_limits(self, coupling: Coupling) -> list[Limit]:
        """Return what the drivers of a coupling must stand."""
        assumed, rms = self.assumptions, self.reach.rms
        most = float(assumed.drive_reach) * rms
        if coupling == "strain":
            volts = most / float(assumed.strain_field_per_volt)
            return [Limit("film voltage", self._all(volts), float(assumed.film_voltage), "V", "V")]
        if coupling == "voltage":
            return []
        made = wire(assumed)
        density = rms / made.field_per_drive / (made.width * made.thickness)
        allowed = float(assumed.wire_current_density)
        current = self._all(most / made.field_per_drive)
        return [
            Limit("current of the driver", current, made.largest_current, "A", "mA"),
            Limit("electromigration", self._all(density), allowed, "A/m^2", "MA/cm^2"),
        ]

    def _all(self, value: float) -> Floats:
        return np.full(self.latency.shape, value)

    @property
    def possible(self) -> NDArray[np.bool_]:
        """Whether reads keep their limits."""
        return np.asarray(np.logical_and.reduce([limit.kept for limit in self.read_limits()]))

    def exceeded(self, coupling: Coupling) -> list[str]:
        """Return the limits that some point exceeds, as text; empty if it can be built."""
        limits = [*self.read_limits(), *self.drive_limits(coupling)]
        return [limit.described() for limit in limits if not np.all(limit.kept)]

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
        for coupling in self.couplings:
            beyond = "; ".join(self.exceeded(coupling))
            if beyond:
                notes.append(f"Driven by {COUPLING_NAMES[coupling]}, beyond limits: {beyond}")
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
            "gain_bandwidth": self.gain_bandwidth.tolist(),
            "field_rms": self.reach.rms,
            "exceeded": {c: self.exceeded(c) for c in self.couplings},
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
    2.1 J in 3.92 s
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
    h_s = float(np.asarray(point.offset_field))
    # The slowest devices decide: they wait longest, and their reads are worth least.
    held = max((0.0, *work.bias_voltages), key=lambda v: relaxation_time(card, v))
    log_rate = _log_rate(card, bias, duty, h_s, held)
    # Layers answer in turn, all their neurons wait from the input to the answer, and a device must
    # forget the input before.
    forgotten = float(assumed.independence) * relaxation_time(card, held)
    layer_time = np.maximum(interval, forgotten) + (reads - 1) * interval
    latency = len(work.devices) * layer_time
    driven = h_s * (1 - float(assumed.permanent_offset_field))
    reach = Reach(driven, work.log_odds_spread / float(point.slope))
    supply = float(assumed.supply_voltage)
    speed = gain_bandwidth(signal, assumed, time)
    amplifier = amplifier_power(assumed, quiet, speed, signal.temperature)
    in_junction = signal.power(work.occupancy)
    shape = np.broadcast_shapes(*(v.shape for v in (reads, interval, time, on, quiet, bias)))

    def spread(value: ArrayLike) -> Floats:
        return np.broadcast_to(np.asarray(value, dtype=np.float64), shape)

    return Cost(
        card=card,
        plan=plan,
        workload=work,
        assumptions=assumed,
        signal=signal,
        junction=spread(all_reads * on * in_junction),
        source=spread(all_reads * on * in_junction * np.maximum(supply / np.abs(bias) - 1, 0)),
        amplifier=spread(all_reads * (time + float(assumed.amplifier_startup)) * amplifier),
        comparator=spread(all_reads * float(assumed.comparator_energy)),
        counter=spread(all_reads * float(assumed.counter_energy)),
        standby=spread(work.neurons * float(assumed.standby_power) * latency),
        bias=spread(latency * supply * _held_current(card, work)),
        wire=spread(work.neurons * layer_time * wire_power(assumed, reach)),
        strain=spread(work.neurons * strain_energy(assumed, reach)),
        synapses=spread(work.synapses * float(assumed.synapse_energy)),
        latency=spread(latency),
        area=work.neurons * float(assumed.cell_area),
        error_rate=spread(error_rate(signal, assumed, quiet, time)),
        effective_reads=spread(effective_reads(reads, interval, np.exp(-log_rate))),
        shift=spread(action.shift),
        blur=spread(time * np.exp(-action.log_relaxation_time)),
        gain_bandwidth=spread(speed),
        reach=reach,
    )


def _held_current(card: Card, work: Workload) -> float:
    """Return the mean current in A of all neurons' bias voltages."""
    if not work.bias_voltages:
        return 0.0
    volts, count = np.unique(np.array(work.bias_voltages), return_counts=True)
    states = read_signal(card, volts)
    current = np.abs(volts) * (work.occupancy / states.high + (1 - work.occupancy) / states.low)
    return float(count @ current)


def _log_rate(card: Card, voltage: Floats, duty: Floats, field: float, held: float) -> Floats:
    """ln of the mean relaxation rate in 1/s with the voltage on for a fraction of the time.

    For the rest of the time the voltage is ``held``.
    """
    if isinstance(card, BehaviouralCard):
        return -back_action(card, voltage, duty).log_relaxation_time
    card = as_device(card)
    with np.errstate(divide="ignore"):
        log_duty, log_rest = np.log(duty), np.log1p(-duty)
    on, off = (
        -log_relaxation_time(*log_dwell_times_under_bias(card, field, v))
        for v in (voltage, np.full_like(voltage, held))
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
