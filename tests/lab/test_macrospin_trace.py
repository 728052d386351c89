"""A trace from the motion in full: against Boltzmann, the two-state trace, and its own seed."""

import numpy as np
import pytest

from closeness import close_to
from smtj import DeviceCard
from smtj.dynamics.macrospin.boltzmann import equilibrium_directions
from smtj.dynamics.macrospin.driven import driven_macrospin
from smtj.errors import SmtjError
from smtj.lab import Instrument, macrospin_trace, trace
from smtj.physics.free_layer import reference_direction
from smtj.physics.junction import state_resistances


@pytest.fixture(scope="module")
def small(card: DeviceCard) -> DeviceCard:
    """The device with a tenth of its volume: it switches within nanoseconds."""
    return card.replace({"geometry.activation_volume": "325.4 nm^3"})


def test_it_looks_like_the_two_state_trace(small: DeviceCard) -> None:
    lab = Instrument(interval=1e-9, integration_time=0.5e-9)
    options = {"field": -500.0, "voltage": 0.05, "instrument": lab, "seed": 4}
    found = macrospin_trace(small, 20, **options)
    other = trace(small, 20, **options)
    assert found.attrs == other.attrs
    assert set(found.variables) == set(other.variables)
    for name, variable in other.variables.items():
        assert found[name].dims == variable.dims
        assert found[name].attrs == variable.attrs
    assert (found.time == other.time).all()
    assert found.identical(macrospin_trace(small, 20, **options))


@pytest.mark.proof
def test_conductances_are_boltzmanns(small: DeviceCard) -> None:
    """Readings far apart are independent; averaging has the same mean."""
    count = 400
    system = driven_macrospin(small, (0.0, 0.0, -1e3), 0.0)
    x, y, z = (float(np.asarray(component)) for component in system.field)
    cosine = equilibrium_directions(system.spin, (x, y, z), 200_000, 1) @ np.array(
        reference_direction(small)
    )
    r_p, tmr = float(small.electrical.parallel_resistance), float(small.electrical.tmr)
    exact = 1 / r_p * ((1 + 1 / (1 + tmr)) + (1 - 1 / (1 + tmr)) * cosine) / 2
    for integration_time in (0.0, 10e-9):
        lab = Instrument(40e-9, integration_time)
        found = macrospin_trace(small, count, instrument=lab, field=-1e3, voltage=0.0, seed=7)
        siemens = 1 / found.resistance.to_numpy()
        error = np.hypot(siemens.std() / np.sqrt(count), exact.std() / np.sqrt(exact.size))
        assert abs(siemens.mean() - exact.mean()) < 4 * error
    # Integration times of 10 ns average over part of the fluctuations.
    assert siemens.std() < 0.9 * exact.std()


def test_deep_wells_keep_the_resistance_of_their_state(card: DeviceCard) -> None:
    """At 21 k_B T nothing switches in 2 µs; the mean is near the well's own resistance."""
    lab = Instrument(10e-9, 10e-9)
    found = macrospin_trace(card, 200, instrument=lab, voltage=0.0, seed=1)
    wells = state_resistances(card, 0.0, 0.0, 0.0, 0.0)
    mean = found.resistance.to_numpy().mean()
    assert min(abs(mean / float(r) - 1) for r in (wells.high, wells.low)) < 0.01


def test_noise_and_drift_are_the_instruments(small: DeviceCard) -> None:
    quiet, noisy = (
        macrospin_trace(small, 200, instrument=lab, seed=2)
        for lab in (Instrument(1e-9, 0.0), Instrument(1e-9, 0.0, noise=3.0, drift=50.0))
    )
    added = noisy.resistance.to_numpy() - quiet.resistance.to_numpy()
    slope, offset = np.polyfit(np.arange(1, 201) / 200, added, 1)
    assert slope == close_to(50.0, abs=4 * 3.0 * np.sqrt(12 / 200))
    assert offset == close_to(0.0, abs=4 * 3.0 * np.sqrt(4 / 200))


def test_impossible_traces_are_refused(card: DeviceCard) -> None:
    with pytest.raises(SmtjError, match="too long to follow every step of the motion"):
        macrospin_trace(card, 1000)
    with pytest.raises(SmtjError, match="at least one"):
        macrospin_trace(card, 0)
    with pytest.raises(SmtjError, match="integration time"):
        macrospin_trace(card, 10, instrument=Instrument(1e-9, 2e-9))
