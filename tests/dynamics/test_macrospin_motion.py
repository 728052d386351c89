"""Motion without noise: against another solver, the resonance, and the conservation of energy."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.optimize import curve_fit

from closeness import close_to
from smtj import DeviceCard, load_card
from smtj.dynamics.macrospin.driven import DrivenMacrospin, driven_macrospin
from smtj.dynamics.macrospin.simulate import (
    default_time_step,
    final_state,
    mean_directions,
    trajectories,
)
from smtj.dynamics.macrospin.waveform import held, pulse, sampled
from smtj.errors import SmtjError
from smtj.physics.constants import GYROMAGNETIC_RATIO, VACUUM_PERMEABILITY
from smtj.physics.free_layer import macrospin, stray_field
from smtj.physics.junction import with_stray_field
from smtj.physics.magnetics.macrospin import Macrospin
from smtj.physics.magnetics.wells import energy, find_wells
from smtj.physics.resonance.frequency import resonance_frequency, stiffness
from smtj.physics.resonance.rectification import driven_lines
from smtj.physics.torque.fields import TorqueFields

Floats = NDArray[np.float64]

MOMENT = 1e6 * 3e-24
SPIN = Macrospin(MOMENT, 40e3, 7e3, 12e3, 5e3, 0.2, 0.0)
FIELD = (3e3, -4e3, 6e3)
SYSTEM = DrivenMacrospin(SPIN, 0.05, FIELD)
START = np.array([0.6, 0.48, 0.64])
TORQUES = TorqueFields(vcma=20e3, field_like=5e3, damping_like=-9e3)
REFERENCE = (0.36, 0.48, 0.8)


def gilbert(
    system: DrivenMacrospin, field: Callable[[float], Floats], voltage: Callable[[float], float]
) -> Callable[[float, Floats], Floats]:
    """dm/dt, from Gilbert's implicit equation, solved as a linear system; SI throughout."""
    spin, alpha, torques = system.spin, float(np.asarray(system.damping)), system.torques
    n = np.array([np.sin(spin.easy_axis_tilt), 0.0, np.cos(spin.easy_axis_tilt)])
    p = np.array(system.reference)

    def rate(t: float, m: Floats) -> Floats:
        v, c = voltage(t), m @ n
        h = field(t) + [spin.in_plane_bias_field, 0.0, 0.0] + torques.field_like * v * p
        h = (
            h
            + ((spin.anisotropy_field - torques.vcma * v) * c - spin.second_order_field * c**3) * n
        )
        h = h + np.array(system.field_per_volt) * v
        h = h - np.array([0.0, spin.in_plane_anisotropy_field * m[1], 0.0])
        turning = np.cross(h, m) + torques.damping_like * v * (p - (m @ p) * m)
        cross = np.array([[0.0, -m[2], m[1]], [m[2], 0.0, -m[0]], [-m[1], m[0], 0.0]])
        whole = np.eye(3) - alpha * cross
        return GYROMAGNETIC_RATIO * VACUUM_PERMEABILITY * np.linalg.solve(whole, turning)

    return rate


def solved(rate: Callable[[float, Floats], Floats], times: Floats, breaks: list[float]) -> Floats:
    """The solution at times, begun anew at each jump of what is applied."""
    m, out, edges = START, [], [0.0, *breaks, times[-1]]
    for low, high in pairwise(edges):

        def within(t: float, m: Floats, low: float = low, high: float = high) -> Floats:
            """Of a jump, the side that belongs to this part."""
            return rate(min(max(t, low + 1e-18), high - 1e-18), m)

        found = solve_ivp(
            within, (low, high), m, "DOP853", dense_output=True, rtol=1e-11, atol=1e-13
        )
        out.append(found.sol(times[(times > low) & (times <= high)]).T)
        m = found.y[:, -1]
    return np.concatenate(out)


DRIVES = {
    "anisotropies, tilt and fields": (SYSTEM, lambda t: np.array(FIELD), lambda t: 0.0, []),
    "torques of a constant voltage": (
        replace(
            SYSTEM,
            voltage=0.7,
            torques=TORQUES,
            reference=REFERENCE,
            field_per_volt=(1e3, -500.0, 4e3),
        ),
        lambda t: np.array(FIELD),
        lambda t: 0.7,
        [],
    ),
    "a voltage pulse": (
        replace(SYSTEM, voltage=pulse(0.31e-9, 0.52e-9, 1.0), torques=TORQUES, reference=REFERENCE),
        lambda t: np.array(FIELD),
        lambda t: 1.0 if 0.31e-9 < t <= 0.83e-9 else 0.0,
        [0.31e-9, 0.83e-9],
    ),
    "a field that turns": (
        replace(
            SYSTEM,
            field=(
                sampled([0.0, 1e-9, 2e-9], [3e3, -9e3, 5e3]),
                -4e3,
                held([0.0, 1e-9], [6e3, -6e3]),
            ),
        ),
        lambda t: np.array(
            [
                np.interp(t, [0.0, 1e-9, 2e-9], [3e3, -9e3, 5e3]),
                -4e3,
                6e3 if t <= 1e-9 else -6e3,
            ]
        ),
        lambda t: 0.0,
        [1e-9],
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", DRIVES)
def test_motion_is_that_of_another_solver_and_of_second_order(name: str) -> None:
    system, field, voltage, breaks = DRIVES[name]
    times = 0.1e-9 * np.arange(1, 21)
    exact = solved(gilbert(system, field, voltage), times, breaks)
    errors = []
    for step in (0.4e-12, 0.2e-12):
        m = trajectories(system, START, 0.1e-9, 20, time_step=step)[:, 0]
        errors.append(np.abs(m - exact).max())
    assert errors[1] < 2e-5
    # A jump within a pair of steps is averaged over them, which is of second order as well but
    # depends on where it lies.
    assert 2.5 < errors[0] / errors[1] < 5.5


def test_energy_is_conserved_without_damping() -> None:
    system = replace(SYSTEM, damping=0.0)
    start = energy(SPIN, START, *FIELD)
    drifts = []
    for step in (2e-12, 1e-12):
        m = trajectories(system, START, 0.5e-9, 40, time_step=step)[:, 0]
        assert np.linalg.norm(m, axis=-1) == close_to(1.0, abs=1e-14)
        drifts.append(abs(energy(SPIN, m, *FIELD)[-1] - start) / abs(start))
    assert drifts[1] < 2e-5
    # The precession cone grows by (Ω Δt)⁴/8 a step.
    assert drifts[0] / drifts[1] == close_to(8.0, rel=0.1)


@pytest.mark.parametrize("damping", [0.01, 0.1])
def test_ring_down_has_the_frequency_and_the_width_of_the_resonance(damping: float) -> None:
    system = replace(SYSTEM, damping=damping)
    rest = find_wells(SPIN, *FIELD).up
    second = stiffness(SPIN, rest, *FIELD)
    f0 = float(resonance_frequency(second.matrix)) / np.sqrt(1 + damping**2)
    lines = driven_lines(SPIN, rest, second, (1.0, 0.0, 0.0), damping, TorqueFields(1.0, 0.0, 0.0))
    width = 2 * float(lines.half_width)
    start = rest + 2e-3 * second.first
    interval = 1 / (20 * f0)
    count = int(min(0.6 / width, 40 / f0) / interval)
    m = trajectories(system, start / np.linalg.norm(start), interval, count, time_step=1e-13)[:, 0]
    time = interval * np.arange(1, count + 1)

    def ringing(t: Floats, f: float, w: float, a: float, b: float) -> Floats:
        return np.exp(-np.pi * w * t) * (
            a * np.cos(2 * np.pi * f * t) + b * np.sin(2 * np.pi * f * t)
        )

    guess = (f0, width, 2e-3, 0.0)
    (f, w, *_), _ = curve_fit(ringing, time, m @ second.first, guess)
    assert f == close_to(np.sqrt(f0**2 - (width / 2) ** 2), rel=2e-4)
    assert w == close_to(width, rel=2e-3)


@pytest.mark.slow
def test_single_precision_follows_double() -> None:
    noisy = replace(SYSTEM, spin=SPIN._replace(temperature=300.0))
    single, double = (
        trajectories(noisy, START, 0.2e-9, 10, 3, dtype=dtype) for dtype in (np.float32, np.float64)
    )
    assert single.dtype == np.float32
    assert single == close_to(double, abs=2e-4)


def test_means_over_windows_are_means_of_looks() -> None:
    noisy = replace(SYSTEM, spin=SPIN._replace(temperature=300.0))
    step = default_time_step(noisy)
    looks = trajectories(noisy, START, 2 * step, 60, 5, time_step=step)
    means = mean_directions(noisy, START, 20 * step, 8 * step, 6, 5, time_step=step)
    wanted = looks.reshape(6, 10, 5, 3)[:, 6:].mean(axis=1)
    assert means == close_to(wanted, abs=1e-12)
    last = final_state(noisy, START, 120 * step, 5, time_step=step)
    assert (last == looks[-1]).all()


def test_a_card_moves_by_its_own_numbers(card: DeviceCard) -> None:
    """At a voltage, a card moves like the card whose anisotropy that voltage has changed."""
    still = {"temperature": 0.0}
    volts = driven_macrospin(card, (1e3, 0.0, 2e3), 0.1)
    changed = replace(volts, spin=macrospin(card, 0.1)._replace(**still), voltage=0.0)
    volts = replace(volts, spin=volts.spin._replace(**still))
    one, other = (
        final_state(system, START, 1e-9, 1, time_step=1e-13) for system in (volts, changed)
    )
    assert one == close_to(other, abs=1e-9)
    assert volts.damping == card.magnetism.damping


def test_a_cards_torques_follow_its_magnetisation_and_its_stray_field_is_applied(
    card: DeviceCard,
) -> None:
    own = card.replace(
        {
            "thermal.curie_temperature": "1000 K",
            "switching.offset_field": "20 Oe",
            "switching.offset_field_per_volt": "30 Oe/V",
        }
    )
    wave = sampled([0.0, 1e-9], [0.0, 1e3])
    system = driven_macrospin(own, (wave, 0.0, 2e3), 0.1, 400.0)
    lowered = (
        macrospin(own, 0.0, 400.0).anisotropy_field - macrospin(own, 1.0, 400.0).anisotropy_field
    )
    assert system.torques.vcma == close_to(float(lowered), rel=1e-9)
    x, z = with_stray_field(own, 0.0, 2e3, 0.0)
    assert system.field[0].value == close_to(wave.value + float(x))
    assert float(system.field[2]) == close_to(float(z))
    moved = float(stray_field(own, 1.0)) - float(stray_field(own, 0.0))
    tilt = float(own.magnetism.easy_axis_tilt)
    expected = (moved * np.sin(tilt), 0.0, moved * np.cos(tilt))
    assert system.field_per_volt == close_to(expected, abs=1e-9)
    assert moved != 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"damping": -0.1}, "damping must be 0 or more"),
        ({"damping": [0.1, 0.2]}, "one for each of 3"),
        ({"field": (np.nan, 0.0, 0.0)}, "along x must be finite"),
        ({"reference": (1.0, 1.0, 0.0)}, "unit vector"),
        ({"voltage": sampled([0.0], [[1.0, 2.0]])}, "of 2 trajectories"),
        ({"spin": SPIN._replace(moment=0.0)}, "moment must be above"),
    ],
)
def test_impossible_systems_are_refused(change: dict, message: str) -> None:
    with pytest.raises(SmtjError, match=message):
        final_state(replace(SYSTEM, **change), START, 1e-9, 3)


def test_time_steps_that_are_too_long_are_refused_with_one_that_would_do() -> None:
    with pytest.raises(SmtjError, match="too long for the damping") as refused:
        final_state(SYSTEM, START, 1e-9, 1, time_step=1e-10)
    right = default_time_step(SYSTEM)
    assert f"{right:.3g} s is recommended" in str(refused.value)
    with pytest.raises(SmtjError, match="too long for the precession"):
        final_state(replace(SYSTEM, damping=1.0), START, 1e-9, 1, time_step=1e-10)
    hot = replace(SYSTEM, spin=SPIN._replace(temperature=3e5), damping=1.0)
    with pytest.raises(SmtjError, match="too long for the thermal noise"):
        final_state(hot, START, 1e-9, 1, time_step=4e-12)
    still = DrivenMacrospin(Macrospin(MOMENT, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0), 0.1)
    with pytest.raises(SmtjError, match="no natural time step"):
        final_state(still, START, 1e-9, 1)
    with pytest.raises(SmtjError, match="above 0 s"):
        final_state(SYSTEM, START, 1e-9, 1, time_step=0.0)


@pytest.mark.parametrize("start", [(0.0, 0.0, 1.1), [(0.0, 0.0, 1.0)] * 2])
def test_impossible_starts_are_refused(start: object) -> None:
    with pytest.raises(SmtjError, match="starting directions"):
        final_state(SYSTEM, start, 1e-9, 3)


def test_the_current_heats_the_motion() -> None:
    """Without a torque a hotter layer has the fluctuations of its temperature."""
    card = load_card("funatsu2022").replace(
        {"vcma.coefficient": 0.0, "thermal.thermal_resistance": "20 K/uW"}
    )
    hot, other = card.at(voltage=0.1).state_temperatures()
    assert float(hot) > 310
    found = float(driven_macrospin(card, voltage=0.1).spin.temperature)
    assert found == close_to((float(hot) + float(other)) / 2)
    assert float(driven_macrospin(card, voltage=0.1, temperature=300.0).spin.temperature) == 300
    assert float(driven_macrospin(card).spin.temperature) == 300
    with pytest.raises(SmtjError, match="the heat of one constant voltage only; give a temp"):
        driven_macrospin(card, voltage=np.array([0.0, 0.1]))
