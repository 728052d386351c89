"""Nothing but the seed and its own number decides a trajectory, to the bit."""

from collections.abc import Callable, Iterator

import numba
import numpy as np
import pytest

from smtj.dynamics.macrospin import run
from smtj.dynamics.macrospin.driven import DrivenMacrospin
from smtj.dynamics.macrospin.passages import first_passage_times
from smtj.dynamics.macrospin.simulate import averages, final_state, trajectories
from smtj.dynamics.macrospin.waveform import pulse
from smtj.errors import SmtjError
from smtj.physics.magnetics.macrospin import Macrospin
from smtj.physics.torque.fields import TorqueFields

SPIN = Macrospin(2e-18, 13e3, 2e3, 1e3, 5e2, 0.1, 300.0)
SYSTEM = DrivenMacrospin(
    SPIN, 0.1, (1e3, 0.0, 5e2), pulse(1e-9, 2e-9, 0.3), TorqueFields(5e3, 1e3, 2e3), (0.6, 0.0, 0.8)
)
STILL = DrivenMacrospin(SPIN, 0.1)
START = (0.6, 0.0, 0.8)
SINGLE = {"dtype": np.float32}

Recorded = Callable[[int, int], np.ndarray]
RECORDED: dict[str, Recorded] = {
    "directions": lambda size, seed: np.moveaxis(
        trajectories(SYSTEM, START, 1e-9, 5, size, seed, **SINGLE), 1, 0
    ),
    "directions, double": lambda size, seed: final_state(SYSTEM, START, 5e-9, size, seed),
    "averages": lambda size, seed: averages(SYSTEM, START, 1e-9, 20, size, seed, **SINGLE).mean,
    "passages": lambda size, seed: first_passage_times(
        STILL, START, -0.5, size, seed, longest=2e-7, **SINGLE
    ),
}


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = numba.get_num_threads()
    yield
    numba.set_num_threads(before)


@pytest.mark.parametrize("name", RECORDED)
def test_neither_threads_nor_neighbours_change_a_bit(name: str) -> None:
    look = RECORDED[name]
    numba.set_num_threads(1)
    wanted = look(150, 11)
    assert len(np.unique(wanted.reshape(150, -1), axis=0)) > 50
    assert (look(150, 12) != wanted).any()
    for size, threads in ((150, numba.config.NUMBA_NUM_THREADS), (64, 1), (9, 1), (1, 1)):
        numba.set_num_threads(threads)
        assert (look(size, 11) == wanted[:size]).all()


@pytest.mark.parametrize("name", RECORDED)
def test_portions_change_no_bit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = RECORDED[name](20, 3)
    monkeypatch.setattr(run, "PORTION", 20_000)
    monkeypatch.setattr("smtj.dynamics.macrospin.passages.PORTION", 50_000)
    assert (RECORDED[name](20, 3) == wanted).all()


def test_trajectories_of_their_own_numbers_are_those_alone() -> None:
    damping, field = np.array([0.05, 0.1, 0.2]), np.array([0.0, 1e3, 2e3])
    step = 5e-12
    together = final_state(
        DrivenMacrospin(SPIN, damping, (0.0, 0.0, field)), START, 2e-9, 3, 7, time_step=step
    )
    for k in range(3):
        alone = DrivenMacrospin(SPIN, damping[k], (0.0, 0.0, field[k]))
        assert (final_state(alone, START, 2e-9, 3, 7, time_step=step)[k] == together[k]).all()


def test_progress_reaches_the_end() -> None:
    told: list[tuple[int, int]] = []
    final_state(STILL, START, 5e-9, 3, progress=lambda *at: told.append(at))
    first_passage_times(STILL, START, 0.5, 70, progress=lambda *at: told.append(at), **SINGLE)
    assert told[0][0] == told[0][1]
    assert told[-1] == (70, 70)


def test_impossible_questions_are_refused() -> None:
    with pytest.raises(SmtjError, match="constant field and voltage"):
        first_passage_times(SYSTEM, START, 0.0, 1)
    with pytest.raises(SmtjError, match="threshold"):
        first_passage_times(STILL, START, 1.5, 1)
    with pytest.raises(SmtjError, match="may never be passed"):
        first_passage_times(DrivenMacrospin(SPIN, 0.0), START, 0.0, 1)
    with pytest.raises(SmtjError, match="seed"):
        final_state(STILL, START, 1e-9, 1, -1)
    with pytest.raises(SmtjError, match="float32 or float64"):
        final_state(STILL, START, 1e-9, 1, dtype=np.int64)
    with pytest.raises(SmtjError, match="at least one sample"):
        averages(STILL, START, 1e-9, 0)
    with pytest.raises(SmtjError, match="0 trajectories"):
        final_state(STILL, START, 1e-9, 0)
