"""Dwell times under bias by the law of a card: what :meth:`smtj.card.DeviceCard.at` gives.

The law without a damping-like torque is evaluated anew for every set of parameters.  What takes
long, the change of ln τ by that torque from the Fokker-Planck equation, and exact rates where the
card names these, is evaluated at one set, continued from there by its leading order, and evaluated
again where the fit ended until nothing changes.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BarycentricInterpolator

from smtj.card import DeviceCard
from smtj.errors import SmtjError
from smtj.inference.bias.conditions import BiasConditions
from smtj.inference.bias.joint import Parameter
from smtj.inference.bias.observed import DwellTimes, Observed
from smtj.inference.stats.estimate import DECADE
from smtj.physics.device import vcma_point
from smtj.physics.dwell import card_log_dwell_times
from smtj.physics.free_layer import states_in_plane, vcma_coefficient
from smtj.physics.junction import state_resistances, state_resistances_at_current
from smtj.physics.readout.back_action import critical_voltages
from smtj.physics.torque.dwell import TOLERANCE, log_dwell_changes
from smtj.physics.torque.fields import torque_fields
from smtj.typing import Floats

FEW = 1.5
"""Change of ln τ up to which four voltages are enough."""
PROBE = 0.5
"""Change of ln τ, by the compact law, at which a torque is first evaluated."""
CLOSE, ROUNDS = 1.5, 8
"""Of the torque last evaluated, up to which a start is taken, and the most that are tried."""
NEAR = 0.1
"""Of the step of each parameter, within which the leading order is enough."""
LEAST, MOST = 0.25, 3.0
"""Of the torque last evaluated, between which the next one lies."""
MOST_FIELD, LEAST_LEFT = 0.95, 0.05
"""Of h, and of the barrier that is left, as far as other forms of the law are followed."""
COLDEST = 0.25
"""Least temperature of a trial, relative to that of the measurement."""
_STATES = np.array([1.0, -1.0])
_NOTHING = np.zeros(0)


@dataclass(frozen=True, eq=False)
class TorqueChange:
    """Changes of ln τ by one torque at some voltages, which stand for other torques too."""

    field: float
    """The torque as a field per volt, in A/m/V."""
    volume: float
    """V* in m³, to which the change is proportional."""
    voltage: Floats
    """Nodes in V, with 0, rising, shape (nodes,)."""
    nodes: Floats
    """Changes of ln τ_high and ln τ_low there, shape (groups, nodes, 2)."""
    group: NDArray[np.int64]
    """Of each condition, those of equal field and temperature alike, shape (n,)."""

    def at(self, voltage: Floats, field: float, volume: float) -> Floats:
        """Return the change at voltages of each state, shape (n, 2), by another torque and volume.

        It depends on the product of torque and voltage: a polynomial between the nodes, and
        proportional beyond.
        """
        y = voltage * (field / self.field)
        inside = np.clip(y, self.voltage[0], self.voltage[-1])
        basis = BarycentricInterpolator(self.voltage, np.eye(self.voltage.size))(inside.ravel())
        found = np.einsum("isk,iks->is", np.reshape(basis, (*y.shape, -1)), self.nodes[self.group])
        beyond = np.divide(y, inside, out=np.ones(y.shape), where=inside != 0)
        return np.asarray(found * beyond * volume / self.volume)


@dataclass(frozen=True, eq=False)
class CardLaw:
    """The law of a card under given conditions."""

    card: DeviceCard
    conditions: BiasConditions
    voltage: Floats
    """Of each state in V, shape (n, 2)."""
    power: Floats
    """Of each state in W, shape (n, 2)."""
    start: Mapping[str, float]
    at: Mapping[str, float]
    """Where the following two were evaluated."""
    change: TorqueChange
    correction: Floats
    """ln τ of the card's law less that of Néel and Brown, shape (n, 2) or 0."""
    other_field: bool = False
    """Whether VCMA lowers the anisotropy field where it is held by the card, and vice versa."""
    other_torque: bool = False
    """Whether the torque on a state grows with the field on it by another power."""

    @property
    def rivals(self) -> "tuple[CardLaw, ...]":
        """The other forms of the law."""
        own = (self.other_field, self.other_torque)
        forms = ((False, False), (True, False), (False, True), (True, True))
        return tuple(
            replace(self, other_field=field, other_torque=torque)
            for field, torque in forms
            if (field, torque) != own
        )

    @property
    def form(self) -> str:
        """How this form differs from the card's, in words; empty if it does not."""
        verb = "lowers" if self._holds_field else "leaves"
        said = [f"an anisotropy field that VCMA {verb}"] if self.other_field else []
        said += ["a torque that grows otherwise with the field"] if self.other_torque else []
        return " and ".join(said)

    @property
    def _holds_field(self) -> bool:
        return self.card.switching.model == "cai2019"

    @property
    def exact(self) -> bool:
        """Whether the card names exact rates, which have no attempt time."""
        return self.card.switching.dwell_times == "exact"

    @property
    def reference(self) -> float:
        """The temperature of the barrier in K."""
        return float(np.median(self.conditions.temperature))

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """ln τ0, barrier, H_s, w, ξ, the torque and R_th."""
        s, own = self.start, _own(self.card)
        slope = abs(float(vcma_point(self.card).slope))
        most = float(np.abs(self.voltage).max())
        xi = 0.1 * _whole(self.card) / most
        hot = 0.05 * self.reference / float(self.power.max())
        found = []
        if not self.exact:
            tau = self.card.thermal.attempt_time
            error = tau.standard_error / tau if tau.standard_error else DECADE
            log = own["attempt"]
            # What bends under bias alone says too little of τ0 to trust any law that far.
            given = not (self._fields_vary or self.conditions.several_temperatures)
            found.append(
                Parameter("attempt", "the attempt time", log, log, 1.0, error, given=given)
            )
        found += [
            Parameter("barrier", "the barrier", s["barrier"], 0.0, 0.05),
            Parameter("offset", "the offset field", s["offset"], own["offset"], 0.1 / slope),
        ]
        if self._fields_vary:
            found.append(Parameter("width", "the slope", 0.0, 0.0, 0.05))
        torque, cause = self.change.field, True
        return (
            *found,
            Parameter("vcma", "VCMA", own["vcma"], own["vcma"], xi, cause=cause),
            Parameter(
                "torque", "spin torque", s["torque"], own["torque"], 0.1 * abs(torque), cause=cause
            ),
            Parameter("heat", "heating", s["heat"], own["heat"], hot, cause=cause),
        )

    @property
    def _fields(self) -> tuple[Floats, Floats]:
        return self.conditions.field_in_plane, self.conditions.field_out_of_plane

    @property
    def _fields_vary(self) -> bool:
        return any(np.ptp(field) > 0 for field in self._fields)

    def log_times(self, values: Mapping[str, float]) -> Floats:
        """Return ln(τ/s) of the high and the low state, shape (n, 2)."""
        card = self.device(values)
        found = self._times(card, values, "neel-brown") + self.correction
        change = self.change.at(
            self.voltage, values["torque"], float(card.geometry.activation_volume)
        )
        if not (self.other_field or self.other_torque):
            return found + change
        along, left, barrier = self._compact(card, values)
        if self.other_torque:
            # By the compact law (1 ± h)² in a layer in the plane, 1 ± h along the normal.
            change = change / (1 + along) if states_in_plane(card) else change * (1 + along)
        if self.other_field:
            lowered = left * ((1 + along / left) ** 2 - (1 + along) ** 2)
            found = found + barrier * (lowered if self._holds_field else -lowered)
        return found + change

    def refreshed(self, values: Mapping[str, float], tolerance: float) -> "CardLaw":
        """Return the law evaluated at other values, itself if that changes nothing."""
        moved = [abs(values[p.name] - self.at[p.name]) / p.step for p in self.parameters]
        if not self.exact and max(moved) < NEAR:
            return self
        x = values["torque"] / self.change.field
        size = min(max(abs(x), LEAST), MOST)
        field = math.copysign(size, x) * self.change.field
        law = self.evaluated(field, values)
        missed = np.abs(law.log_times(values) - self.log_times(values)).max()
        return self if missed <= max(tolerance, TOLERANCE) else law

    def evaluated(self, field: float, values: Mapping[str, float]) -> "CardLaw":
        """Return the law with its torque, a field per volt in A/m/V, and rates evaluated anew."""
        card = self.device(values)
        change, correction = self._change(card, field, values), self._correction(card, values)
        return replace(self, change=change, correction=correction, at=dict(values))

    def device(self, values: Mapping[str, float]) -> DeviceCard:
        """Return the card with these values, without torque and heat."""
        changes: dict[str, object] = {
            "switching.offset_field": values["offset"],
            "vcma.coefficient": values["vcma"],
            "vcma.anisotropy_field_per_volt": None,
        }
        barrier, width = math.exp(values["barrier"]), math.exp(values.get("width", 0.0))
        for name, factor in ((barrier_field(self.card), barrier), (width_field(self.card), width)):
            section, _, entry = name.partition(".")
            own = float(getattr(getattr(self.card, section), entry))
            changes[name] = own * factor
        if "attempt" in values:
            changes["thermal.attempt_time"] = math.exp(values["attempt"])
        return self.card.replace(changes)

    def _times(self, card: DeviceCard, values: Mapping[str, float], law: str) -> Floats:
        return self._each(card_log_dwell_times, card, self._hot(values), law=law)

    def _hot(self, values: Mapping[str, float]) -> Floats:
        """Return the temperature of each state in K, shape (n, 2)."""
        own = self.conditions.temperature[:, None]
        # A trial that cools the layer to nothing would make its integrals endless.
        return np.asarray(np.maximum(own + values["heat"] * self.power, own * COLDEST))

    def _compact(self, card: DeviceCard, values: Mapping[str, float]) -> tuple[Floats, ...]:
        """Return ±h of each state, and what is left of the barrier of Δ at 0 V, shape (n, 2)."""
        hot = self._hot(values)
        barrier, under = (
            np.asarray(vcma_point(card, v, hot).stability_factor)
            for v in (np.zeros(self.voltage.shape), self.voltage)
        )
        (x, z), t = self._fields, self.conditions.temperature
        high, low = card_log_dwell_times(card, x, 0.0, z, 0.0, t, law="neel-brown")
        # 4Δh are the log-odds, at the temperature of the measurement.
        delta = np.asarray(vcma_point(card, 0.0, t).stability_factor)
        h = np.clip((high - low) / (4 * delta), -MOST_FIELD, MOST_FIELD)
        return _STATES * h[:, None], np.maximum(under / barrier, LEAST_LEFT), barrier

    def _correction(self, card: DeviceCard, values: Mapping[str, float]) -> Floats:
        if not self.exact:
            return np.zeros(1)
        return self._times(card, values, "exact") - self._times(card, values, "neel-brown")

    def _change(self, card: DeviceCard, field: float, values: Mapping[str, float]) -> TorqueChange:
        """Solve for the changes by a torque, at few voltages of each field and temperature."""
        rows = np.stack([*self._fields, self.conditions.temperature], axis=1)
        groups, number = np.unique(rows, axis=0, return_inverse=True)
        number = number.reshape(-1)
        size = np.abs(self.voltage).max(axis=1)
        far = [int(np.argmax(np.where(number == g, size, -1.0))) for g in range(len(groups))]
        # V²/R of either state is proportional to V² closely enough for a change by heat.
        heat = values["heat"] * (self.power / np.maximum(self.voltage**2, 1e-300))[far]
        most = float(np.abs(self.voltage).max())
        nodes = most * np.array([-1.0, -0.5, 0.5, 1.0])
        x = field / self.change.field
        if np.abs(self.change.nodes).max(initial=0.0) * abs(x) > FEW:
            nodes = most * np.append(*_halves(-np.cos(np.pi * np.arange(9) / 8)))
        middle = nodes.size // 2
        found = self._solved(with_torque(card, field), nodes, groups, heat)
        return TorqueChange(
            field,
            float(card.geometry.activation_volume),
            np.insert(nodes, middle, 0.0),
            np.insert(found, middle, 0.0, axis=1),
            number,
        )

    def _solved(self, card: DeviceCard, nodes: Floats, groups: Floats, heat: Floats) -> Floats:
        """Return changes of both states at voltages in groups, shape (groups, nodes, 2).

        They are solved at the mean temperature of both, and inverse in that of each.
        """
        x, z, t = (groups[:, k, None] for k in range(3))
        hot = t[..., None] + heat[:, None, :] * nodes[:, None] ** 2
        hot = np.maximum(hot, t[..., None] * COLDEST)
        mean = hot.mean(axis=-1)
        both = np.stack(log_dwell_changes(card, x, 0.0, z, nodes, mean), axis=-1)
        return np.asarray(both * mean[..., None] / hot)

    def _each(self, times: object, card: DeviceCard, temperature: Floats, **options: str) -> Floats:
        """Return ln τ of each state, at its own voltage and temperature, shape (n, 2)."""
        assert callable(times)
        x, z = (np.repeat(field[:, None], 2, axis=1) for field in self._fields)
        high, low = times(card, x, 0.0, z, self.voltage, temperature, **options)
        return np.stack([high[:, 0], low[:, 1]], axis=1)


def card_law(card: DeviceCard, conditions: BiasConditions, observed: Observed) -> CardLaw:
    """Return the law of a card, with a start for its search.

    Its barrier moves V* in the model ``cai2019``, else the anisotropy; where fields differ, w moves
    H_k,eff or V*.  What the card has besides stays: a field-like torque, an even part of VCMA, the
    angles, the damping.

    Raises
    ------
    CardError, SmtjError
        The card has no barrier, or as :func:`smtj.physics.dwell.card_log_dwell_times`.
    """
    if not float(vcma_point(card).barrier) > 0:
        raise SmtjError(
            f"card {card.name} has no barrier at zero bias, so dwell times under bias cannot be "
            "fitted; start from a card with one"
        )
    own = _own(card)
    if barrier_field(card) == "magnetism.anisotropy_field":
        card = _with_anisotropy_field(card)
    bare = card.replace(
        {"thermal.thermal_resistance": None, "switching.offset_field": own["offset"]}
    )
    if card.spin_torque is not None:
        bare = with_torque(bare, 0.0)
    x, z = conditions.field_in_plane, conditions.field_out_of_plane
    ohm, t = conditions.resistance, conditions.temperature
    held = conditions.bias
    at = state_resistances if conditions.kind == "voltage" else state_resistances_at_current
    if ohm is None:
        states = at(bare, x, 0.0, z, held, t)
        ohm = np.stack([states.high, states.low], axis=1)
    voltage = np.repeat(held[:, None], 2, axis=1)
    if conditions.kind == "current":
        voltage = voltage * ohm
    field = own["torque"] or _probe(bare, float(np.abs(voltage).max()))
    nothing = TorqueChange(field, 1.0, _NOTHING, _NOTHING, _NOTHING.astype(np.int64))
    start = {**own, "barrier": 0.0}
    law = CardLaw(
        bare, conditions, voltage, voltage**2 / ohm, start, start, nothing, np.zeros(1)
    ).evaluated(field, start)
    for _ in range(ROUNDS):
        start = _start(law, observed, own)
        # Straight lines through a probe that is too weak miss how the change bends.
        if abs(start["torque"]) <= CLOSE * abs(law.change.field):
            break
        law = law.evaluated(start["torque"], {**own, "barrier": 0.0})
    return replace(law, start=start)


def with_torque(card: DeviceCard, field: float) -> DeviceCard:
    """Return a card with a damping-like torque in A/m/V."""
    changes: dict[str, object] = {"spin_torque.damping_like_field_per_volt": field}
    if card.spin_torque is None:
        changes["spin_torque.polarisation"] = polarisation(card)
    return card.replace(changes)


def polarisation(card: DeviceCard) -> float:
    """P of both electrodes from the card's TMR = 2P²/(1 - P²).

    M. Jullière, Phys. Lett. A 54, 225 (1975), doi:10.1016/0375-9601(75)90174-7.
    """
    tmr = float(card.electrical.tmr)
    return math.sqrt(tmr / (2 + tmr))


def barrier_field(card: DeviceCard) -> str:
    """Return which number of a card its barrier moves."""
    if card.switching.model == "cai2019":
        return "geometry.activation_volume"
    if states_in_plane(card):
        return "magnetism.in_plane_anisotropy_field"
    return "magnetism.anisotropy_field"


def width_field(card: DeviceCard) -> str:
    """Return which number of a card its slope w moves."""
    if card.switching.model == "cai2019":
        return "switching.effective_anisotropy_field"
    return "geometry.activation_volume"


def _halves(points: Floats) -> tuple[Floats, Floats]:
    """Return points without that in the middle."""
    middle = points.size // 2
    return points[:middle], points[middle + 1 :]


def _own(card: DeviceCard) -> dict[str, float]:
    return {
        "attempt": math.log(card.thermal.attempt_time),
        "barrier": 0.0,
        "offset": float(np.asarray(vcma_point(card).offset_field)),
        "vcma": vcma_coefficient(card),
        "torque": torque_fields(card).damping_like,
        "heat": float(card.thermal.thermal_resistance or 0.0),
    }


def _with_anisotropy_field(card: DeviceCard) -> DeviceCard:
    """Return the card with H_K1 instead of its interface anisotropy."""
    from smtj.physics.magnetics.anisotropy import anisotropy_field

    if card.magnetism.anisotropy_field is not None and card.magnetism.interface_anisotropy is None:
        return card
    point = vcma_point(card)
    field = float(anisotropy_field(point.energy_density, point.saturation_magnetisation))
    return card.replace(
        {"magnetism.anisotropy_field": field, "magnetism.interface_anisotropy": None}
    )


def _whole(card: DeviceCard) -> float:
    """ξ in J/(V m) at which 1 V removes all of H_K1, whatever its sign."""
    from smtj.physics.magnetics.anisotropy import anisotropy_field

    point = vcma_point(card)
    own = abs(float(anisotropy_field(point.energy_density, point.saturation_magnetisation)))
    unit = card.replace({"vcma.coefficient": 1e-15, "vcma.anisotropy_field_per_volt": None})
    return 1e-15 * own / torque_fields(unit).vcma


def _probe(card: DeviceCard, voltage: float) -> float:
    """Return a torque in A/m/V that changes ln τ by about :data:`PROBE` at a voltage."""
    unit = min(abs(v) for v in critical_voltages(with_torque(card, 1.0)))
    if not math.isfinite(unit):
        return 1.0
    return PROBE * unit / (float(vcma_point(card).stability_factor) * voltage)


def _start(law: CardLaw, observed: Observed, own: Mapping[str, float]) -> dict[str, float]:
    """Return values of the law's first order."""
    n = len(law.voltage)
    rest = law._times(law.card, own, "neel-brown") + law.correction
    sign = np.broadcast_to(_STATES, (n, 2))
    linear = law.voltage * np.ones((n, 2))
    columns = [
        np.ones((n, 2)),
        sign,
        linear,
        law.change.at(law.voltage, law.change.field, law.change.volume),
        law.power,
    ]
    if isinstance(observed, DwellTimes):
        target = (observed.log_times - rest).ravel()
        design = np.stack([column.ravel() for column in columns], axis=1)
    else:
        p = (observed.high + 0.5) / (observed.total + 1)
        target = np.log(p / (1 - p)) - (rest[:, 0] - rest[:, 1])
        design = np.stack([column[:, 0] - column[:, 1] for column in columns], axis=1)
    lengths = np.maximum(np.linalg.norm(design, axis=0), 1e-300)
    found = np.linalg.pinv(design / lengths, rcond=1e-3) @ target / lengths
    point = vcma_point(law.card, 0.0, law.reference)
    delta, slope = float(point.stability_factor), float(point.slope)
    x = min(max(float(found[3]), -MOST), MOST)
    hot = 0.2 * law.reference / float(law.power.max())
    heat = min(max(-float(found[4]) * law.reference / delta, -hot), hot)
    return {
        **own,
        "barrier": math.log(max(1 + float(found[0]) / delta, 0.2)),
        "offset": own["offset"] - 2 * float(found[1]) / slope,
        "torque": x * law.change.field,
        "heat": heat if isinstance(observed, DwellTimes) else own["heat"],
    }
