"""VCMA, spin torque and heat from dwell times under bias, each freed where the data show it."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest

from closeness import close_to
from smtj import load_card
from smtj.errors import SmtjError
from smtj.inference.bias.card_estimates import card_estimates
from smtj.inference.bias.card_law import card_law
from smtj.inference.bias.compact_law import compact_estimates, compact_law
from smtj.inference.bias.conditions import bias_conditions
from smtj.inference.bias.joint import Parameter, fit_jointly
from smtj.inference.bias.observed import dwell_times, high_counts
from smtj.physics.device import vcma_point

VOLTAGE = np.linspace(-0.2, 0.2, 9)
OHM = np.tile([2000.0, 1000.0], (9, 1))
AXIAL = load_card("funatsu2022").replace(
    {
        "spin_torque.polarisation": 0.5,
        "spin_torque.damping_like_field_per_volt": 0.0,
        "vcma.coefficient": 0.0,
    }
)


def compact_times(delta=14.0, h=0.02, vcma=0.0, torque=0.0, heat=0.0, volts=VOLTAGE, form="one"):
    """ln τ of the compact law: sin²θ plus a Zeeman energy, as a barrier from well to ridge."""
    hot = 300 + heat * volts[:, None] ** 2 / OHM[: volts.size]
    sign, left = np.array([1.0, -1.0]), 1 - vcma * volts[:, None]
    push = sign * torque * volts[:, None]
    if form == "a field":
        h, push = h - torque * volts[:, None] / 2, 0.0
    # The energy left sin²θ - 2 h cosθ is highest at cosθ = -h/left.
    ridge = left * (1 - (h / left) ** 2) + 2 * h**2 / left
    factor = (1 + sign * h) ** (2 if form == "one" else 1)
    return math.log(1e-9) + delta * 300 / hot * (ridge + 2 * sign * h - push * factor)


def counted(logs, dwells, rng):
    """Means of a number of exponential dwells, as an ideal trace gives them."""
    seen = logs + np.log(rng.gamma(dwells, size=logs.shape) / dwells)
    return dwell_times(*seen.T, np.tile(np.eye(2) / dwells, (len(logs), 1, 1)), counted=True)


def fitted(logs, dwells=400, seed=0, **conditions):
    observed = counted(logs, dwells, np.random.default_rng(seed))
    given = bias_conditions("voltage", VOLTAGE, resistance=OHM, **conditions)
    return fit_jointly(observed, compact_law(given, observed))


def covers(estimate, truth):
    return estimate.interval[0] <= truth <= estimate.interval[1]


@pytest.mark.parametrize(
    ("cause", "size", "called", "form"),
    [
        ("vcma", 0.4, "VCMA", "one"),
        ("torque", -0.8, "spin torque", "one"),
        ("torque", -0.8, "spin torque", "in the field"),
        ("torque", -0.8, "spin torque", "a field"),
        ("heat", 1e6, "heating", "one"),
    ],
)
def test_a_cause_that_acts_alone_is_told_from_the_others(cause, size, called, form):
    """In a field, and by whichever form of the law the device follows."""
    fit = fitted(compact_times(**{cause: size}, h=0.08, form=form))
    assert [name for name in ("vcma", "torque", "heat") if fit.seen(name)] == [cause]
    assert fit.verdict().startswith(f"the data show {called};")
    assert abs(fit.values[cause] - size) < 3 * fit.error(cause)


def test_a_bias_that_does_nothing_is_said_to_do_nothing():
    said = fitted(compact_times()).verdict()
    assert said.startswith("the data show no effect of the bias") and said.count("not seen") == 3


def test_heat_and_vcma_of_one_sign_of_the_bias_are_not_told_apart():
    volts = np.array([0.18, 0.19, 0.2])
    observed = counted(compact_times(vcma=0.4, volts=volts), 50, np.random.default_rng(1))
    given = bias_conditions("voltage", volts, resistance=OHM[:3])
    fit = fit_jointly(observed, compact_law(given, observed))
    held = [name for name in ("vcma", "torque", "heat") if name in fit.held]
    assert held and all("do not tell it from" in fit.held[name] for name in held)
    assert all(f"{name} is not freed" in " ".join(fit.reasons()) for name in ["heating"])


def test_temperatures_determine_the_attempt_time_and_fields_the_anisotropy_field():
    kelvin, field = np.array([270.0, 300.0, 340.0]), np.array([-2e3, 0.0, 2e3])
    volts, t, h = (a.ravel() for a in np.meshgrid(VOLTAGE[::2], kelvin, field))
    sign, log0, delta, h_k = np.array([1.0, -1.0]), math.log(0.2e-9), 16.0, 5e4
    barrier = delta * 300 / t[:, None] * (1 + sign * (h[:, None] - 500) / h_k) ** 2
    logs = log0 + barrier * (1 - 0.3 * volts[:, None] - 0.2 * sign * volts[:, None])
    observed = counted(logs, 2000, np.random.default_rng(2))
    given = bias_conditions("voltage", volts, field_out_of_plane=h, temperature=t)
    fit = fit_jointly(observed, compact_law(given, observed))
    found = {e.symbol: e for e in compact_estimates(fit)}
    truth = {"E_b/k_BT": delta, "H_s": 500.0, "H_k,eff": h_k, "κ": 0.3, "V_c": 5.0, "τ0": 0.2e-9}
    assert all(covers(found[name], value) for name, value in truth.items())


def device(**changes):
    names = {
        "torque": "spin_torque.damping_like_field_per_volt",
        "vcma": "vcma.coefficient",
        "heat": "thermal.thermal_resistance",
    }
    return AXIAL.replace({names[name]: value for name, value in changes.items()})


def times_of(card, volts):
    return np.stack(card.at(voltage=volts).log_dwell_times(), axis=1)


@pytest.mark.proof
@pytest.mark.parametrize("law", ["neel-brown", "exact"])
def test_the_law_of_a_card_gives_back_its_torque_vcma_and_heat(law):
    base = AXIAL.replace({"switching.dwell_times": law})
    truth = {"torque": 300.0, "vcma": 20e-15, "heat": 3e6}
    names = {"torque": "spin_torque.damping_like_field_per_volt", "vcma": "vcma.coefficient"}
    names["heat"] = "thermal.thermal_resistance"
    own = base.replace({names[name]: value for name, value in truth.items()})
    volts = np.linspace(-0.1, 0.1, 9)
    logs = times_of(own, volts)
    observed = dwell_times(*logs.T, np.tile(1e-4 * np.eye(2), (9, 1, 1)))
    fit = fit_jointly(observed, card_law(base, bias_conditions("voltage", volts), observed))
    for name, value in truth.items():
        # The data have no noise: what is left is that of the interpolated torque.
        assert abs(fit.values[name] - value) < 0.25 * fit.error(name), name
        assert fit.seen(name)


@pytest.mark.parametrize("cause", ["vcma", "torque"])
def test_what_one_form_of_the_law_calls_a_torque_another_has_from_vcma(cause):
    """A card that holds H_k under VCMA, in a field, against a device whose H_k falls."""
    base = AXIAL.replace(
        {"switching.model": "cai2019", "switching.effective_anisotropy_field": "768 Oe"}
    )
    logs = compact_times(h=0.08, **{cause: 0.4}, form="a field")
    observed = counted(logs, 400, np.random.default_rng(0))
    point = vcma_point(base)
    field = 4 * 0.08 * float(point.stability_factor / point.slope)
    given = bias_conditions("voltage", VOLTAGE, resistance=OHM, field_out_of_plane=[field] * 9)
    fit = fit_jointly(observed, card_law(base, given, observed))
    assert [name for name in ("vcma", "torque", "heat") if fit.seen(name)] == [cause]
    assert fit.possible("torque") == (cause == "vcma")


@pytest.mark.proof
def test_a_current_gives_each_state_its_own_voltage():
    own = device(torque=300.0, vcma=20e-15)
    amps = np.linspace(-2e-5, 2e-5, 9)
    logs = np.stack(own.at(current=amps).log_dwell_times(), axis=1)
    observed = counted(logs, 1000, np.random.default_rng(3))
    fit = fit_jointly(observed, card_law(AXIAL, bias_conditions("current", amps), observed))
    found = {e.symbol: e for e in card_estimates(fit)}
    assert covers(found["h_DL"], 300.0) and covers(found["ξ"], 20e-15)


@pytest.mark.slow
def test_counts_give_the_torque_for_the_barrier_of_the_card():
    own, volts = device(torque=2000.0), np.linspace(-0.01, 0.01, 9)
    p = np.asarray(own.at(voltage=volts).switching_probability())
    observed = high_counts(np.random.default_rng(4).binomial(2000, p), 2000)
    fit = fit_jointly(observed, card_law(AXIAL, bias_conditions("voltage", volts), observed))
    assert covers({e.symbol: e for e in card_estimates(fit)}["h_DL"], 2000.0)
    assert "barrier" in fit.held and "vcma" in fit.held


@pytest.mark.slow
def test_the_compact_law_halves_the_critical_voltage_of_an_upright_layer():
    own, volts = device(torque=50.0), np.linspace(-0.05, 0.05, 9)
    logs = times_of(own, volts)
    observed = dwell_times(*logs.T, np.tile(1e-4 * np.eye(2), (9, 1, 1)))
    given = bias_conditions("voltage", volts)
    by_card = fit_jointly(observed, card_law(AXIAL, given, observed))
    compact = fit_jointly(observed, compact_law(given, observed))
    exact = {e.symbol: e for e in card_estimates(by_card)}["V_c,high"].value
    found = {e.symbol: e for e in compact_estimates(compact)}["V_c"].value
    assert found / exact == close_to(0.5, rel=0.05)


def test_impossible_data_say_what_is_wrong():
    with pytest.raises(SmtjError, match="every voltage is 0"):
        bias_conditions("voltage", [0.0, 0.0])
    with pytest.raises(SmtjError, match="by a voltage or a current, not by a field"):
        bias_conditions("field", [1.0])
    with pytest.raises(SmtjError, match="between none and all can be high"):
        high_counts([3.0], 2)
    short = dwell_times(np.full(9, -21.0), np.full(9, -21.0))
    with pytest.raises(SmtjError, match="no longer than the attempt time"):
        compact_law(bias_conditions("voltage", VOLTAGE), short)
    counts = high_counts(np.ones(9), 2)
    with pytest.raises(SmtjError, match="name the card by base="):
        compact_law(bias_conditions("voltage", VOLTAGE), counts)


@dataclass(frozen=True)
class WorkLaw:
    """ln τ = ln τ0 + Δ (1 ± h V), with the Δ in the torque's term that of the last refresh."""

    volts: np.ndarray
    frozen: float = 10.0

    @property
    def parameters(self):
        return (
            Parameter("attempt", "τ0", 0.0, 0.0, 1.0, known=2.0, given=True),
            Parameter("barrier", "the barrier", 10.0, 10.0, 0.1),
            Parameter("torque", "spin torque", 0.5, 0.0, 0.1, cause=True),
        )

    def log_times(self, values):
        push = self.frozen * values["torque"] * self.volts
        rest = values["attempt"] + values["barrier"]
        return np.stack([rest + push, rest - push], axis=1)

    def refreshed(self, values, tolerance):
        moved = abs(values["barrier"] - self.frozen) > 1e-6
        return replace(self, frozen=values["barrier"]) if moved else self


def test_the_error_of_a_torque_holds_that_of_the_barrier_it_works_against():
    """Δ = 10 ± 2 by a τ0 known to e^2 leaves Δ h at 5 and h at 0.5 ± 0.1, and the torque seen."""
    volts = np.linspace(-1, 1, 9)
    law = WorkLaw(volts)
    times = law.log_times({"attempt": 0.0, "barrier": 10.0, "torque": 0.5})
    observed = dwell_times(*times.T, np.tile(1e-4 * np.eye(2), (9, 1, 1)))
    found = fit_jointly(observed, law)
    assert found.error("barrier") == close_to(2.0, rel=0.01)
    assert found.error("torque") == close_to(0.1, rel=0.1)
    assert found.alone["torque"] < 0.005
    assert found.seen("torque")
