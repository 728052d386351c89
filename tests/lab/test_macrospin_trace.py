"""A trace from the motion in full: against Boltzmann, the two-state trace, and its own seed."""

import numpy as np
import pytest

from smtj import DeviceCard
from smtj.dynamics.macrospin.boltzmann import equilibrium_directions
from smtj.dynamics.macrospin.driven import driven_macrospin
from smtj.errors import SmtjError
from smtj.lab import macrospin_trace, time_trace
from smtj.physics.free_layer import reference_direction
from smtj.physics.junction import state_resistances


@pytest.fixture(scope="module")
def small(card: DeviceCard) -> DeviceCard:
    """The device with a tenth of its volume: it switches within nanoseconds."""
    return card.replace({"geometry.activation_volume": "325.4 nm^3"})


def test_it_looks_like_the_two_state_trace(small: DeviceCard) -> None:
    options = {"field_out_of_plane": -500.0, "voltage": 0.05, "seed": 4}
    trace = macrospin_trace(small, 20, 1e-9, integration_time=0.5e-9, **options)
    other = time_trace(small, 20, interval=1e-9, integration_time=0.5e-9, **options)
    assert trace.attrs == other.attrs
    assert set(trace.variables) == set(other.variables)
    for name, variable in other.variables.items():
        assert trace[name].dims == variable.dims
        assert trace[name].attrs == variable.attrs
    assert (trace.time == other.time).all()
    again = macrospin_trace(small, 20, 1e-9, integration_time=0.5e-9, **options)
    assert trace.identical(again)


def test_conductances_are_boltzmanns(small: DeviceCard) -> None:
    """Readings far apart are independent; the average over windows has the same mean."""
    count = 400
    system = driven_macrospin(small, (0.0, 0.0, -1e3), 0.0)
    x, y, z = (float(np.asarray(component)) for component in system.field)
    cosine = equilibrium_directions(system.spin, (x, y, z), 200_000, 1) @ np.array(
        reference_direction(small)
    )
    r_p, tmr = float(small.electrical.parallel_resistance), float(small.electrical.tmr)
    exact = 1 / r_p * ((1 + 1 / (1 + tmr)) + (1 - 1 / (1 + tmr)) * cosine) / 2
    for window in (0.0, 10e-9):
        trace = macrospin_trace(
            small,
            count,
            40e-9,
            field_out_of_plane=-1e3,
            voltage=0.0,
            integration_time=window,
            seed=7,
        )
        siemens = 1 / trace.resistance.to_numpy()
        error = np.hypot(siemens.std() / np.sqrt(count), exact.std() / np.sqrt(exact.size))
        assert abs(siemens.mean() - exact.mean()) < 4 * error
    # Windows of 10 ns average over part of the fluctuations.
    assert siemens.std() < 0.9 * exact.std()


def test_deep_wells_keep_the_resistance_of_their_state(card: DeviceCard) -> None:
    """At 21 k_B T nothing switches in 2 µs; the mean is near the well's own resistance."""
    trace = macrospin_trace(card, 200, 10e-9, voltage=0.0, integration_time=10e-9, seed=1)
    wells = state_resistances(card, 0.0, 0.0, 0.0, 0.0)
    mean = trace.resistance.to_numpy().mean()
    assert min(abs(mean / float(r) - 1) for r in (wells.high, wells.low)) < 0.01


def test_noise_and_drift_are_the_instruments(small: DeviceCard) -> None:
    quiet = macrospin_trace(small, 200, 1e-9, seed=2).resistance.to_numpy()
    noisy = macrospin_trace(small, 200, 1e-9, seed=2, noise=3.0, drift=50.0)
    added = noisy.resistance.to_numpy() - quiet
    slope, offset = np.polyfit(np.arange(1, 201) / 200, added, 1)
    assert slope == pytest.approx(50.0, abs=4 * 3.0 * np.sqrt(12 / 200))
    assert offset == pytest.approx(0.0, abs=4 * 3.0 * np.sqrt(4 / 200))


def test_what_cannot_be_simulated_is_refused(card: DeviceCard) -> None:
    with pytest.raises(SmtjError, match="too long for every step of the motion"):
        macrospin_trace(card, 1000, 0.12)
    with pytest.raises(SmtjError, match="at least one"):
        macrospin_trace(card, 0, 1e-9)
    with pytest.raises(SmtjError, match="integration time"):
        macrospin_trace(card, 10, 1e-9, integration_time=2e-9)
