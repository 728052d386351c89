"""Fields of wires and of strain, each against another route."""

import itertools

import numpy as np
import pytest
from scipy.integrate import dblquad
from scipy.optimize import minimize_scalar

from closeness import close_to
from smtj.errors import SmtjError
from smtj.physics.coupling.oersted import OerstedWire, conductor_field
from smtj.physics.coupling.strain import (
    Ferroelectric,
    magnetoelastic_energy_density,
    magnetoelastic_field,
    tilt_offset_field,
)

POINTS = [
    (0.0, 140e-9),
    (150e-9, 0.0),
    (-90e-9, 125e-9),
    (20e-9, -30e-9),
    (50e-9, 100e-9),
    (50e-9, 0.0),
]
"""Above, beside, obliquely; inside, at a corner and on a side."""


@pytest.mark.parametrize(("lateral", "height"), POINTS)
def test_a_conductor_is_a_sum_of_thin_wires(lateral: float, height: float) -> None:
    width, thickness, current = 100e-9, 200e-9, 1e-3

    def thin(z0: float, x0: float, part: int) -> float:
        u, v = lateral - x0, height - z0
        # y x r for a current along +y.
        return current / (width * thickness) / (2 * np.pi) * (v, -u)[part] / (u**2 + v**2)

    # The point itself, if it lies inside, is an edge of the pieces.
    x_cuts = sorted({-width / 2, min(max(lateral, -width / 2), width / 2), width / 2})
    z_cuts = sorted(
        {-thickness / 2, min(max(height, -thickness / 2), thickness / 2), thickness / 2}
    )
    for part, ours in enumerate(conductor_field(current, width, thickness, lateral, height)):
        total = sum(
            dblquad(thin, *xs, *zs, args=(part,), epsabs=1e-5, epsrel=1e-9)[0]
            for xs in itertools.pairwise(x_cuts)
            for zs in itertools.pairwise(z_cuts)
        )
        assert ours == close_to(total, rel=1e-6, abs=1e-4)  # of about 1000 A/m


def test_a_thin_conductor_is_a_strip() -> None:
    """H_z = (I/2πW) ln[(x - W/2)/(x + W/2)] beside it; one 200 nm thick has 13 % less at 150 nm."""
    width, lateral = 100e-9, 150e-9
    near, far = lateral - width / 2, lateral + width / 2
    strip = 1 / (2 * np.pi * width) * np.log(near / far)
    found = float(conductor_field(1.0, width, 1e-12, lateral, 0.0)[1])
    assert found == close_to(strip, rel=1e-6)
    thick = float(conductor_field(1.0, width, 200e-9, lateral, 0.0)[1])
    assert strip / thick == close_to(1.155, abs=1e-3)
    # Above the strip: twice half the current, seen under an angle.
    above = float(conductor_field(1.0, width, 1e-12, 0.0, 40e-9)[0])
    assert above == close_to(np.arctan2(width / 2, 40e-9) / (np.pi * width), rel=1e-6)


def test_far_from_a_conductor_the_field_is_that_of_a_thin_wire() -> None:
    h_x, h_z = conductor_field(1e-3, 100e-9, 200e-9, 30e-6, 40e-6)
    thin = 1e-3 / (2 * np.pi * 50e-6)
    assert (h_x, h_z) == close_to((thin * 0.8, -thin * 0.6), rel=1e-5)


@pytest.mark.parametrize(("radius", "part"), [(200e-9, 1.0), (40e-9, np.pi * 1.6e-15 / 2e-14)])
def test_the_circulation_of_a_conductors_field_is_the_current_inside(
    radius: float, part: float
) -> None:
    angle = np.linspace(0, 2 * np.pi, 20_001)
    x, z = radius * np.cos(angle), radius * np.sin(angle)
    h_x, h_z = conductor_field(2e-3, 100e-9, 200e-9, x, z)
    # Positive around +y is from z to x.
    along = -(h_x * np.gradient(x, angle) + h_z * np.gradient(z, angle))
    assert np.trapezoid(along, angle) == close_to(2e-3 * part, rel=1e-5)


def test_a_wire_beside_the_junction_makes_no_field_in_the_plane() -> None:
    wire = OerstedWire()
    assert wire.in_plane_field_per_drive == 0
    # Taller than it is wide, it is weaker than a thin one.
    assert 0.85 < wire.field_per_drive * 2 * np.pi * wire.distance < 1
    assert wire.heat(2e-3) == close_to(wire.resistance * 4e-6)
    assert wire.power(-2e-3) == close_to(2.4e-3)  # from 1.2 V


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
        assert tilt_offset_field(k, k_me, tilt, h_in) == close_to(exact, rel=1e-2)
    assert tilt_offset_field(k, 5e3, tilt, 0.0) == 0
    assert tilt_offset_field(k, 5e3, 0.0, h_in) == 0


def test_the_magnetoelastic_field_is_an_anisotropy_field() -> None:
    k_me = magnetoelastic_energy_density(30e-6, 160e9, 1e-3)
    assert k_me == close_to(7200)
    # μ0 H = 3 λ_s Y ε/M_s
    assert 4e-7 * np.pi * magnetoelastic_field(k_me, 1.18e6) == close_to(
        3 * 30e-6 * 160e6 / 1.18e6, rel=1e-6
    )


def test_charging_a_film_takes_its_charge_from_the_supply_and_holding_nothing() -> None:
    film = Ferroelectric()
    # ε0 εr A/d = 88.5 fF
    assert film.capacitance == close_to(88.54e-15, rel=1e-4)
    assert film.power(-0.3, 1e-6) * 1e-6 == close_to(1.2 * 0.3 * 88.54e-15, rel=1e-4)
    assert film.power(0.3, None) == 0
