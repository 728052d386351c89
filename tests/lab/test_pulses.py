"""Voltage pulses: precession takes the magnetisation over when the anisotropy is gone."""

import math

import numpy as np
import pytest

from closeness import close_to
from smtj import load_card
from smtj.errors import SmtjError
from smtj.lab import Pulse, pulse_response, switching_map
from smtj.physics.constants import GYROMAGNETIC_RATIO
from smtj.units import convert

CARD = load_card("cai2019")
# 34 mT/V take 56 mT away.
GONE = 56 / 34
# Then the layer turns about the in-plane bias field alone.
TURN = 2 * math.pi / (GYROMAGNETIC_RATIO * 8.76e-3)


def test_half_a_turn_switches_and_a_whole_one_does_not():
    found = switching_map(CARD, [0.0, GONE], [TURN / 2, TURN], trajectories=400, seed=1)
    p = found["probability"].values
    assert p.shape == (2, 2)
    # By itself the device waits for a tenth of a second.
    assert p[0].max() < 0.01
    assert p[1, 0] > 0.95
    assert p[1, 1] < 0.2
    assert float(found["reads"]) == 400


def test_a_strong_field_in_the_plane_makes_the_turn_shorter():
    field = convert(200, "Oe", "A/m")
    half = math.pi / (GYROMAGNETIC_RATIO * (8.76e-3 + 20e-3))
    found = switching_map(
        CARD, [GONE], [half, 2 * half], trajectories=400, field_in_plane=field, seed=2
    )
    first, second = found["probability"].values[0]
    # The wells already lean towards the field, so that the turns are no longer great circles.
    assert first > 0.75
    assert second < 0.3


def test_the_response_is_the_precession_about_the_bias_field():
    cold = {"temperature": 1.0, "trajectories": 64}
    found = pulse_response(CARD, [Pulse(GONE, TURN)], samples=400, seed=3, **cold)
    m_z, time = found["magnetisation_z"].values, found["time"].values
    assert m_z[0] < -0.9
    # It comes back a little late, since damping and 1 + α² slow it, and the axis is not quite gone.
    top = time[m_z.argmax()]
    assert top == close_to(TURN / 2, rel=0.05)
    assert m_z.max() > 0.9
    assert found["switched"].values[0] == 0
    assert found["switched"].values[m_z.argmax()] == 1
    assert np.all(found["voltage"].values == close_to(GONE))


def test_nothing_happens_without_a_voltage():
    found = pulse_response(CARD, [Pulse(0.0, 5e-9)], samples=50, trajectories=200, seed=4)
    assert found["switched"].values.max() == 0
    assert np.ptp(found["magnetisation_z"].values) < 0.02
    low, high = found["resistance"].values.min(), found["resistance"].values.max()
    # The mean of 200 histories; the wells are 370 ohm apart.
    assert high - low < 30


def test_voltages_follow_each_other():
    found = pulse_response(
        CARD, [Pulse(0.1, 1e-9), Pulse(-0.2, 3e-9)], samples=4, trajectories=8, seed=5
    )
    assert found["voltage"].values == close_to([0.1, -0.2, -0.2, -0.2])
    assert found["time"].values == close_to([1e-9, 2e-9, 3e-9, 4e-9])


def test_the_seed_decides():
    first, again, other = (
        switching_map(CARD, [1.2], [2e-9], trajectories=200, seed=seed)["probability"].values
        for seed in (6, 6, 7)
    )
    assert first == again
    assert first != other


def test_the_other_well_may_be_the_beginning():
    found = pulse_response(CARD, [Pulse(0.0, 1e-9)], start="up", samples=2, trajectories=16, seed=8)
    assert found["magnetisation_z"].values[0] > 0.8


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: pulse_response(CARD, []), "pulse sequence needs pulses"),
        (lambda: pulse_response(CARD, [Pulse(1.0, 0.0)]), "longer than 0 s"),
        (lambda: switching_map(CARD, [], [1e-9]), "finite voltages"),
        (lambda: switching_map(CARD, [1.0], [-1e-9]), "longer than 0 s"),
        (
            lambda: switching_map(CARD, [1.0], [1e-9], field=1e6),
            "has no down well",
        ),
    ],
)
def test_impossible_pulses_are_refused(make, words):
    with pytest.raises(SmtjError, match=words):
        make()
