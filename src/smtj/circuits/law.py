"""A card's law as a netlist can hold it: named parameters, then equations of sums and products.

The same text is written into every format and evaluated here, so the deviation from the card that
a file states is that of the text in it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from smtj.card import BehaviouralCard, Card, CardLike, DeviceCard, Value, as_card
from smtj.circuits.surface import Function, fit_surface
from smtj.errors import SmtjError
from smtj.physics.device import OperatingPoint
from smtj.physics.dwell import card_log_dwell_times
from smtj.physics.free_layer import drive_field
from smtj.physics.junction import parallel_resistance, state_resistances
from smtj.physics.measured import BARRIERLESS
from smtj.physics.point import plain
from smtj.physics.resistance import tmr_at_bias
from smtj.typing import Floats
from smtj.units import convert, format_quantity

RATE_TOLERANCES = (1e-4, 1e-3)
"""Of ln τ and the ln odds where they are no closed form; the first that can be met."""
COSINE_TOLERANCES = (1e-4, 1e-3)
"""Of the cosine between the layers, which the wells determine."""
SEEN = 8.0
"""Ln odds at which the rarer state is occupied for 0.03 % of the time."""
HALVINGS = 5
"""Ranges of bias tried, each half the one before."""
FAR = 20.0
"""Ln odds to which the law is compared where the drive has no limit."""
SHOWN_POINTS = 21
"""Along each axis of the grid on which the whole law is compared with the card."""


RESULTS = ("u", "near", "mid", "gh", "gl")
"""What the equations end in."""
MAX_ODDS = 500
"""Ln odds beyond which exponentials would overflow."""


@dataclass(frozen=True)
class Parameter:
    """A number of the netlist."""

    name: str
    value: float
    unit: str
    note: str
    """What it is, its provenance and its source."""


@dataclass(frozen=True)
class CircuitLaw:
    """Ln odds, dwell times and the conductances of both states in S, of bias and drive.

    The equations give ``u``, the ln odds; ``mid`` and ``near``, by which 1/τ_r is
    exp(-mid) (exp(near/2) + exp(-near/2)) per second; and ``gh`` and ``gl``.  ``v`` is the voltage
    across the junction in V, ``x`` the drive in :attr:`unit`.  A device's deviations are the
    factors ``f_w`` and ``f_b`` of w and the barrier and the shift ``z_x`` of the offset.
    """

    card: Card
    temperature: float
    """T in K, for which all numbers hold."""
    unit: str
    """Of the drive in the netlist: that in which the card shows a field, V or A."""
    parameters: tuple[Parameter, ...]
    equations: tuple[tuple[str, str], ...]
    bias_range: tuple[float, float] | None
    """Lowest and highest bias in V that the card knows; None if it knows of no change with it."""
    drive_range: tuple[float, float]
    """Lowest and highest drive in ``unit``; infinite if the card has no limit."""
    midpoint: float
    """The drive at which P(high) is one half, at :attr:`bias`."""
    relaxation_time: float
    """τ_r in s there."""
    bias: float
    """V in V at which the card is read or works."""
    rate_error: float = math.nan
    """Largest deviation of ln τ from the card in both ranges."""
    conductance_error: float = math.nan
    """Largest relative deviation of a conductance."""
    remarks: tuple[str, ...] = field(default=())

    def evaluate(self, bias: Any, drive: Any) -> dict[str, Floats]:
        """Evaluate the equations as written, at a bias in V and a drive in :attr:`unit`."""
        names: dict[str, Any] = {p.name: p.value for p in self.parameters}
        names |= {"f_w": 1.0, "f_b": 1.0, "z_x": 0.0}
        names["v"], names["x"] = np.broadcast_arrays(*(np.asarray(a, float) for a in (bias, drive)))
        known = {"min": np.minimum, "max": np.maximum, "exp": np.exp, "ln": np.log, "abs": np.abs}
        for name, text in self.equations:
            names[name] = eval(text, {"__builtins__": {}} | known, names)
        return {name: np.broadcast_to(names[name], names["v"].shape) for name in RESULTS}

    def log_dwell_times(self, bias: Any, drive: Any) -> tuple[Floats, Floats]:
        """ln(τ_high/s) and ln(τ_low/s) of the equations as written."""
        found = self.evaluate(bias, drive)
        u, near = found["u"], found["near"]
        relaxation = found["mid"] - np.logaddexp(near / 2, -near / 2)
        return relaxation + np.logaddexp(0, u), relaxation + np.logaddexp(0, -u)


class _Text:
    """Parameters and equations as they are written down."""

    def __init__(self) -> None:
        self.parameters: list[Parameter] = []
        self.equations: list[tuple[str, str]] = []

    def give(self, name: str, value: float, unit: str, note: str) -> str:
        self.parameters.append(Parameter(name, float(value), unit, note))
        return name

    def take(self, name: str, value: Value, unit: str, shown: str, what: str) -> str:
        """Take over a value of the card, in the unit in which it is shown."""
        number = convert(float(value), unit, shown) if unit else float(value)
        said = f"{what}; {value.provenance}" + (f": {value.source}" if value.source else "")
        if value.standard_error:
            error = convert(value.standard_error, unit, shown) if unit else value.standard_error
            said += f"; standard error {error:.2g}"
        return self.give(name, number, shown, said)

    def let(self, name: str, text: str) -> str:
        self.equations.append((name, text))
        return name


def circuit_law(card: CardLike, temperature: float | None = None) -> CircuitLaw:
    """Write down the law of a card at a temperature.

    Parameters
    ----------
    card
        A card, the name of a shipped one, or a path.
    temperature
        T in K; the card's own by default.

    Raises
    ------
    CardError
        The card lacks dwell times or resistances, or does not know what another temperature does.
    SmtjError
        The states do not exist over the card's whole range of bias and drive.

    Examples
    --------
    >>> law = circuit_law("cai2019")
    >>> high, low = law.log_dwell_times(0.1, -10.0)  # V and Oe
    >>> float(np.exp(high)), float(np.exp(low))
    (0.029, 0.018)
    """
    card = as_card(card)
    kelvin = card.temperature if temperature is None else float(temperature)
    if isinstance(card, BehaviouralCard):
        law = _measured(card, kelvin)
    else:
        assert isinstance(card, DeviceCard)
        law = _device(card, kelvin)
    return _compared(law)


# Of a card of measured behaviour.


def _measured(card: BehaviouralCard, kelvin: float) -> CircuitLaw:
    b, response, drive = card.behaviour, card.response, card.drive
    card.require("behaviour.resistance_high", "behaviour.resistance_low")
    point = card.under_bias(None, kelvin)
    if b.dwell_time_high is None:
        card.require("behaviour.dwell_time")
    unit = {"field": drive.show, "voltage": "V", "current": "A", "none": ""}[drive.name]
    text = _Text()
    bias, wide = None, ""
    if response is None:
        text.give("w", 1.0, "", "the drive counts in ln odds")
        middle = float(plain(point.offset_field))
        text.give("xs", middle, "", f"ln(tau_low/tau_high) at {kelvin:g} K")
        text.give("tau", math.exp(float(plain(point.log_dwell_time))), "s", _times(card))
    else:
        per = f"1/{unit}"
        si = {"field": "m/A", "voltage": "1/V", "current": "1/A"}[drive.name]
        text.take("w", response.slope, si, per, "slope of ln odds")
        text.take("xs", response.midpoint, drive.unit, unit, "drive at which P(high) is one half")
        assert b.dwell_time is not None
        text.take("tau", b.dwell_time, "s", "s", "dwell time of both states there")
        law = getattr(response, "slope_per_volt", None)
        if law is not None:
            bias = (-card.voltage_limit, card.voltage_limit)
            text.give("v0", card.read_voltage, "V", "bias from which the changes below count")
            text.take("w_v", law, "m/A/V", f"1/{unit}/V", "dw/dV")
            wide = "dv"
            zero = Value(0.0, "assumed", "not measured")
            moved = getattr(response, "midpoint_per_volt", None) or zero
            text.take("xs_v", moved, "A/m/V", f"{unit}/V", "dxs/dV")
            slower = getattr(response, "log_dwell_time_per_volt", None) or zero
            text.take("lt_v", slower, "1/V", "1/V", "d ln(tau)/dV")
    if b.dwell_asymmetry is not None:
        text.take("asym", b.dwell_asymmetry, "", "", "a of ln tau = .. + (1/2 + a) u + c u^2")
    curved = b.dwell_curvature is not None and abs(b.dwell_curvature) > BARRIERLESS
    if curved:
        assert b.dwell_curvature is not None
        text.take("curv", b.dwell_curvature, "", "", "c of ln tau; the law ends at |u| = 1/4c")
    _spreads(card, text, unit)
    if wide:
        text.let("dv", f"min(max(v,{bias[0]:.10g}),{bias[1]:.10g})-v0" if bias else "0")
    slope = "(w+w_v*dv)" if wide else "w"
    text.let("away", "x-xs-z_x" + ("-xs_v*dv" if wide else ""))
    _odds(text, f"{slope}*f_w*away")
    text.let("near", "min(max(u,-0.25/abs(curv)),0.25/abs(curv))" if curved else "u")
    shape = ("+lt_v*dv" if wide else "") + ("+asym*near" if b.dwell_asymmetry else "")
    text.let("mid", f"ln(tau){shape}" + ("+curv*near*near" if curved else ""))
    lowest, highest = (end if math.isinf(end) else _in(end, card, unit) for end in card.drive_range)
    reach = "away"
    if response is not None and math.isfinite(highest):
        reach = text.let("seen", f"away-x+min(max(x,{lowest:.10g}),{highest:.10g})")
    for state in ("high", "low"):
        short = f"r_{state}"
        value = getattr(b, f"resistance_{state}")
        text.take(short, value, "ohm", "ohm", f"resistance of the {state} state")
        sum_ = short
        for order, name in enumerate(("gradient", "curvature"), 1):
            change = getattr(response, f"{state}_{name}", None)
            if change is not None:
                own = {1: f"ohm/({drive.unit})", 2: f"ohm/({drive.unit})^2"}[order]
                shown = {1: f"ohm/({unit})", 2: f"ohm/({unit})^2"}[order]
                text.take(f"{short}_{order}", change, own, shown, f"{name} with the drive")
                sum_ += f"+{short}_{order}*{'*'.join([reach] * order)}"
        text.let(f"g{state[0]}", f"1/({sum_})")
    remarks: tuple[str, ...] = ()
    if bias is None and drive.name in ("field", "none"):
        remarks = ("The card does not know what a bias changes, so here it changes nothing.",)
    # Half the dwell time of both states, 1/tau_r = 1/tau_high + 1/tau_low.
    return _assembled(card, kelvin, unit, text, bias, (lowest, highest), remarks)


def _times(card: BehaviouralCard) -> str:
    high = card.behaviour.dwell_time_high
    assert high is not None
    return f"geometric mean of both dwell times; {high.provenance}: {high.source}".rstrip(": ")


# Of a card with the physics.


class _AbruptError(SmtjError):
    """No short polynomial follows the card."""


def _device(card: DeviceCard, kelvin: float) -> CircuitLaw:
    """Write the law over all of the card's ranges; else over those in which the device switches."""
    limit, volts = card.drive_limit, card.voltage_limit
    point = card.under_bias(0.0, kelvin)
    half = min(SEEN / abs(float(plain(point.slope))), limit)
    narrow = float(plain(point.offset_field)), half
    ranges = [(0.0, limit, volts), *((*narrow, volts / 2**k) for k in range(HALVINGS))]
    for number, (centre, reach, bias) in enumerate(ranges, 1):
        try:
            return _device_within(card, kelvin, centre, reach, bias)
        except _AbruptError:
            if number == len(ranges):
                raise
    raise AssertionError


def _device_within(
    card: DeviceCard, kelvin: float, centre: float, half: float, volts: float
) -> CircuitLaw:
    unit, text = card.drive.show, _Text()
    text.give("v_max", volts, "V", "|bias| beyond which the law is that at the limit")
    text.give("x_mid", _in(centre, card, unit), unit, "middle of the range of the drive")
    text.give("x_max", _in(half, card, unit), unit, "half that range, beyond which the ends hold")
    point = card.under_bias(0.0, kelvin)
    s = text.let("s", "min(max(v/v_max,-1),1)")
    y = text.let("y", "min(max((x-x_mid)/x_max,-1),1)")
    _spreads(card, text, unit)

    def polynomial(
        what: str, function: Function, tolerances: Sequence[float], of_drive: bool = True
    ) -> str:
        found = fit_surface(
            lambda v, x: function(v, centre + x), volts, half if of_drive else 0.0, tolerances
        )
        if found is None:
            shown = format_quantity(half, card.drive.unit, unit, 4)
            raise _AbruptError(
                f"card {card.name}: {what} changes abruptly within {shown} of the middle and "
                f"±{volts:g} V, so no short formula follows it; fit a behavioural card to what was "
                "measured, and export that"
            )
        return found.expression(s, y)

    def of_bias(what: str, name: str, scale: float = 1.0) -> str:
        def function(v: Floats, x: Floats) -> Floats:
            found = np.asarray(getattr(card.at(v, 0.0, kelvin), name), dtype=np.float64)
            return np.broadcast_to(scale * found, v.shape)

        size = float(np.abs(function(np.array([-volts, 0.0, volts]), np.zeros(3))).max())
        return polynomial(what, function, (1e-8 * max(size, 1e-300),), of_drive=False)

    if isinstance(point, OperatingPoint):
        _closed(card, text, point, unit, of_bias)
    else:

        def both(v: Floats, x: Floats) -> tuple[Floats, Floats]:
            return card_log_dwell_times(card, *drive_field(card, x), v, kelvin)

        def odds(v: Floats, x: Floats) -> Floats:
            high, low = both(v, x)
            return high - low

        def middle(v: Floats, x: Floats) -> Floats:
            high, low = both(v, x)
            return (high + low) / 2

        w = float(plain(point.slope)) / convert(1.0, card.drive.unit, unit)
        text.give("w", w, f"1/{unit}", "slope of ln odds at no bias, by which spreads act")
        delta = float(plain(point.stability_factor))
        text.give("delta", delta, "", "E_b/k_BT at no bias, by which its spread acts")
        _odds(text, f"f_w*({polynomial('ln odds', odds, RATE_TOLERANCES)}-w*z_x)")
        text.let("near", "u")
        log_time = polynomial("ln tau", middle, RATE_TOLERANCES)
        text.let("mid", f"(f_b-1)*delta+{log_time}")
    _conductance(card, text, kelvin, polynomial)
    drives = (_in(centre - half, card, unit), _in(centre + half, card, unit))
    return _assembled(card, kelvin, unit, text, (-volts, volts), drives, ())


def _closed(
    card: DeviceCard,
    text: _Text,
    point: OperatingPoint,
    unit: str,
    of_bias: Callable[..., str],
) -> None:
    """Write Eq. 3 to 6: the barrier, w and H_s as polynomials of the bias."""
    per_unit = 1 / convert(1.0, card.drive.unit, unit)
    text.take("tau0", card.thermal.attempt_time, "s", "s", "attempt time")
    text.let("delta", f"max(f_b*({of_bias('the barrier', 'stability_factor')}),1e-9)")
    field_ = card.switching.effective_anisotropy_field
    if card.switching.model == "cai2019" and field_ is not None:
        sign = math.copysign(1.0, float(plain(point.effective_field)))
        text.take(
            "hk", Value(sign * field_, field_.provenance, field_.source), "A/m", unit, "H_k,eff"
        )
        slope = "4*delta/hk"
    else:
        slope = of_bias("the slope", "slope", per_unit)
    text.let("w", slope)
    text.let("xs", of_bias("the offset field", "offset_field", 1 / per_unit))
    _odds(text, "f_w*w*(x-xs-z_x)")
    text.let("near", "min(max(u,-4*delta),4*delta)")
    text.let("mid", "ln(tau0)+delta+near*near/(16*delta)")


def _conductance(
    card: DeviceCard, text: _Text, kelvin: float, polynomial: Callable[..., str]
) -> None:
    r_p, tmr = parallel_resistance(card), float(card.electrical.tmr)
    half = card.electrical.tmr_half_voltage
    given = card.electrical.parallel_resistance or card.electrical.resistance_area_product
    assert given is not None
    text.give("r_p", r_p, "ohm", f"parallel resistance; {given.provenance}: {given.source}")
    text.take("tmr", card.electrical.tmr, "", "", "(R_AP - R_P)/R_P at no bias")
    fall = ""
    if half is not None:
        text.take("v_half", half, "V", "V", "bias at which the TMR has halved")
        fall = "/(1+v*v/(v_half*v_half))"

    def cosine(state: str) -> Function:
        def function(v: Floats, x: Floats) -> Floats:
            ohm = getattr(state_resistances(card, *drive_field(card, x), v, kelvin), state)
            ratio = 1 + tmr_at_bias(tmr, v, None if half is None else float(half))
            return np.asarray((2 * r_p / ohm - 1 - 1 / ratio) / (1 - 1 / ratio))

        return function

    text.let("gap", f"1/(1+tmr{fall})")
    for state in ("high", "low"):
        what = f"the direction of the {state} state"
        text.let(f"cos_{state}", polynomial(what, cosine(state), COSINE_TOLERANCES))
        text.let(f"g{state[0]}", f"(1+gap+(1-gap)*cos_{state})/(2*r_p)")


# Of both.


def _odds(text: _Text, expression: str) -> None:
    text.let("u", f"min(max({expression},-{MAX_ODDS}),{MAX_ODDS})")


def _spreads(card: Card, text: _Text, unit: str) -> None:
    own = card.spreads
    text.take("s_w", own.slope_spread, "", "", "spread of the slope between devices, relative")
    offset = own.offset_spread
    if card.drive.name == "field":
        text.take("s_x", offset, "A/m", unit, "spread of the offset between devices")
    else:
        text.give("s_x", 0.0, unit, "spread of the offset: none known")
    text.take("s_b", own.barrier_spread, "", "", "spread of the barrier, relative")


def _in(value: float, card: Card, unit: str) -> float:
    return convert(value, card.drive.unit, unit) if unit else value


def _assembled(
    card: Card,
    kelvin: float,
    unit: str,
    text: _Text,
    bias_range: tuple[float, float] | None,
    drive_range: tuple[float, float],
    remarks: tuple[str, ...],
) -> CircuitLaw:
    # A card without a read voltage knows nothing that a bias changes.
    bias = card.conditions.get("voltage", 0.0)
    point = card.under_bias(bias if bias_range else None, kelvin)
    middle = float(plain(point.offset_field))
    return CircuitLaw(
        card=card,
        temperature=kelvin,
        unit=unit,
        parameters=tuple(text.parameters),
        equations=tuple(text.equations),
        bias_range=bias_range,
        drive_range=drive_range,
        midpoint=_in(middle, card, unit),
        relaxation_time=math.exp(float(plain(point.log_relaxation_time(middle)))),
        bias=bias,
        remarks=remarks,
    )


def _compared(law: CircuitLaw) -> CircuitLaw:
    """Measure the deviation of the text from the card over both ranges."""
    from dataclasses import replace

    card, n = law.card, SHOWN_POINTS
    # Without a limit the drive counts in ln odds.
    near = (
        max(law.drive_range[0], law.midpoint - FAR),
        min(law.drive_range[1], law.midpoint + FAR),
    )
    drives = np.linspace(*(near if law.card.drive.name == "none" else law.drive_range), n)
    biases = law.bias_range or (law.bias, law.bias)
    voltages = np.linspace(*biases, n if law.bias_range else 1)
    v, x = np.meshgrid(voltages, drives, indexing="ij")
    si = convert(1.0, law.unit, card.drive.unit) * x if law.unit else x
    # A column of voltages, so that what no drive changes is computed once for each.
    point = card.under_bias(v[:, :1] if law.bias_range else None, law.temperature)
    own, states = np.stack(point.log_dwell_times(si)), point.resistances(si)
    if card.drive.name == "voltage":
        v = x
    found = law.evaluate(v, x)
    rate = np.abs(np.stack(law.log_dwell_times(v, x)) - own).max()
    conductance = max(
        float(np.abs(found[name] * ohm - 1).max())
        for name, ohm in (("gh", states.high), ("gl", states.low))
    )
    return replace(law, rate_error=float(rate), conductance_error=conductance)
