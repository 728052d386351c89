"""Fields of wires and of strain, each against another route."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize_scalar

from smtj.errors import SmtjError
from smtj.physics.coupling.oersted import OerstedWire, strip_field
from smtj.physics.coupling.strain import (
    Ferroelectric,
    magnetoelastic_energy_density,
    magnetoelastic_field,
    tilt_offset_field,
)


@pytest.mark.parametrize(("lateral", "height"), [(0.0, 40e-9), (130e-9, 0.0), (-90e-9, 25e-9)])
def test_a_strip_is_a_sum_of_thin_wires(lateral: float, height: float) -> None:
    width, current = 100e-9, 1e-3

    def thin(x0: float, part: int) -> float:
        r = np.array([lateral - x0, height])
        # y x r for a current along +y.
        return current / width / (2 * np.pi) * np.array([r[1], -r[0]])[part] / (r @ r)

    for part, ours in enumerate(strip_field(current, width, lateral, height)):
        assert ours == pytest.approx(quad(thin, -width / 2, width / 2, args=(part,))[0], abs=1e-6)


def test_far_from_a_strip_the_field_is_that_of_a_thin_wire() -> None:
    x, z = 3e-6, 4e-6
    h_x, h_z = strip_field(1e-3, 100e-9, x, z)
    assert np.hypot(h_x, h_z) == pytest.approx(1e-3 / (2 * np.pi * 5e-6), rel=1e-3)


def test_the_circulation_of_a_strips_field_is_its_current() -> None:
    angle = np.linspace(0, 2 * np.pi, 20_001)
    x, z = 200e-9 * np.cos(angle), 200e-9 * np.sin(angle)
    h_x, h_z = strip_field(2e-3, 100e-9, x, z)
    # Positive around +y is from z to x.
    along = -(h_x * np.gradient(x, angle) + h_z * np.gradient(z, angle))
    assert np.trapezoid(along, angle) == pytest.approx(2e-3, rel=1e-5)


def test_a_wire_beside_the_junction_makes_no_field_in_the_plane() -> None:
    wire = OerstedWire()
    assert wire.in_plane_field_per_drive == 0
    assert wire.field_per_drive == pytest.approx(1 / (2 * np.pi * wire.distance), rel=0.06)
    assert wire.power(2e-3) == pytest.approx(wire.resistance * 4e-6)


def test_impossible_drivers_are_refused() -> None:
    with pytest.raises(SmtjError, match="must lie beside it"):
        OerstedWire(distance=40e-9)
    with pytest.raises(SmtjError, match="width of the wire"):
        OerstedWire(width=0)
    with pytest.raises(SmtjError, match="thickness of the ferroelectric"):
        Ferroelectric(thickness=-1)


def test_a_strained_axis_moves_the_offset_field() -> None:
    """The axis of least energy, found numerically, moves H_s = -H_in tan θ as the formula says."""
    k, tilt, h_in = 33e3, np.radians(9), 7000.0
    for k_me in (-100.0, 100.0):

        def energy(angle: float, k_me: float = k_me) -> float:
            return float(-k * np.cos(angle - tilt) ** 2 - k_me * np.sin(angle) ** 2)

        least = minimize_scalar(
            energy, bounds=(-0.7, 0.7), method="bounded", options={"xatol": 1e-9}
        )
        exact = h_in * (np.tan(least.x) - np.tan(tilt))
        assert tilt_offset_field(k, k_me, tilt, h_in) == pytest.approx(exact, rel=1e-2)
    assert tilt_offset_field(k, 5e3, tilt, 0.0) == 0
    assert tilt_offset_field(k, 5e3, 0.0, h_in) == 0


def test_the_magnetoelastic_field_is_an_anisotropy_field() -> None:
    k_me = magnetoelastic_energy_density(30e-6, 160e9, 1e-3)
    assert k_me == pytest.approx(7200)
    # μ0 H = 3 λ_s Y ε/M_s
    assert 4e-7 * np.pi * magnetoelastic_field(k_me, 1.18e6) == pytest.approx(
        3 * 30e-6 * 160e6 / 1.18e6, rel=1e-6
    )


def test_charging_a_film_costs_twice_the_stored_energy_and_holding_nothing() -> None:
    film = Ferroelectric()
    assert film.power(0.3, 1e-6) * 1e-6 == pytest.approx(2 * 0.5 * film.capacitance * 0.09)
    assert film.power(0.3, None) == 0
