"""Means of waveforms against quadrature, and what is refused."""

import numpy as np
import pytest
from scipy.integrate import quad

from closeness import close_to
from smtj.dynamics.macrospin.waveform import Waveform, held, pulse, sampled
from smtj.errors import SmtjError

EDGES = np.array([-1.0, 0.0, 0.3, 1.0, 1.1, 2.5, 2.6, 4.0, 7.0])


def test_means_of_straight_lines_are_integrals() -> None:
    time, value = np.array([0.0, 1.0, 2.5, 4.0]), np.array([1.0, 3.0, -2.0, 0.5])
    wave = sampled(time, value)
    for low, high, mean in zip(EDGES[:-1], EDGES[1:], wave.means(EDGES)[:, 0], strict=True):
        area, _ = quad(lambda t: np.interp(t, time, value), low, high, points=[1.0, 2.5, 4.0])
        assert mean == close_to(area / (high - low), abs=1e-7)


def test_held_values_jump_and_stay() -> None:
    wave = held([0.0, 1.0, 2.0], [5.0, -1.0, 2.0])
    assert wave.means(np.array([-1.0, 0.0, 1.0, 2.0, 3.0]))[:, 0] == close_to([5, 5, -1, 2])
    # An edge within an interval counts by its share.
    assert wave.means(np.array([0.75, 1.75]))[0, 0] == close_to(0.25 * 5 - 0.75)


def test_a_pulse_has_its_area_however_it_is_divided() -> None:
    wave = pulse(0.35, 0.5, np.array([2.0, -3.0]), 1.0)
    edges = np.linspace(0, 2, 8)
    area = wave.means(edges).sum(axis=0) * (edges[1] - edges[0])
    assert area == close_to([2.0 + 0.5, 2.0 - 2.0], abs=1e-12)
    assert wave.largest().tolist() == [2.0, 3.0]


@pytest.mark.parametrize(
    ("time", "value", "message"),
    [
        ([1.0, 0.0], [0.0, 0.0], "must not fall"),
        ([0.0, 1.0], [0.0], "as many values"),
        ([0.0, np.inf], [0.0, 0.0], "finite"),
        ([[0.0]], [0.0], "shape"),
    ],
)
def test_what_is_no_waveform_is_refused(time: list, value: list, message: str) -> None:
    with pytest.raises(SmtjError, match=message):
        sampled(time, value)
    with pytest.raises(SmtjError, match=message):
        Waveform(np.asarray(time), np.asarray(value))
