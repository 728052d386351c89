"""Temperature laws."""

from hypothesis import given, settings
from hypothesis import strategies as st

from closeness import close_to
from smtj.physics.magnetics.thermal import interface_anisotropy_ratio, magnetisation_ratio

temperatures = st.floats(1, 1100)


@settings(deadline=None)
@given(temperatures, temperatures)
def test_ratio_is_that_of_two_blochs_laws(temperature, reference):
    def bloch(t):
        return 1 - (t / 1120) ** 1.5

    found = magnetisation_ratio(temperature, reference, 1120.0, 1.5)
    assert found == close_to(bloch(temperature) / bloch(reference), rel=1e-12)


def test_fixed_points():
    assert magnetisation_ratio(300.0, 300.0, 1120.0, 1.5) == 1
    assert magnetisation_ratio(1120.0, 300.0, 1120.0, 1.5) == 0
    assert magnetisation_ratio(400.0, 300.0, None, 1.5) == 1
    assert magnetisation_ratio(400.0, 300.0, 1120.0, 1.5) < 1


def test_interface_anisotropy_is_a_power_of_the_magnetisation():
    assert interface_anisotropy_ratio(0.9, 2.0) == close_to(0.81)
    assert interface_anisotropy_ratio(1.0, 2.2) == 1
    assert interface_anisotropy_ratio(0.5, 0.0) == 1
