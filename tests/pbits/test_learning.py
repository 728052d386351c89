"""Boltzmann machines that learn: against enumeration, and on chips whose junctions differ."""

from dataclasses import replace

import numpy as np
import pytest

from closeness import close_to
from smtj import SmtjError, datasets, pbits
from smtj.pbits.learning import RestrictedMachine, learn


def test_a_restricted_machine_samples_its_own_distribution():
    rng = np.random.default_rng(0)
    w, b, c = (rng.normal(size=shape).astype(np.float32) for shape in ((3, 2), 3, 2))
    machine = RestrictedMachine(w, b, c, 0)
    # The same energy as a QUBO, of visible and then hidden bits.
    q = np.diag(-np.concatenate([b, c]).astype(float))
    q[:3, 3:] = -w
    exact = pbits.boltzmann(pbits.qubo(q))
    visible = np.zeros((20_000, 3), np.float32)
    for _ in range(30):
        hidden = machine.sample_hidden(visible, rng)
        visible = machine.sample_visible(hidden, rng)
    hidden = machine.sample_hidden(visible, rng)
    numbers = pbits.state_numbers(np.concatenate([visible, hidden], axis=1) - 0.5)
    found = np.bincount(numbers, minlength=32) / len(numbers)
    noise = np.sqrt(exact * (1 - exact) / 20_000 * 2 / np.pi).sum() / 2
    assert pbits.total_variation(found, exact) < 1.5 * noise


@pytest.fixture(scope="module")
def digits():
    known = datasets.load_dataset("digits")
    largest = known.train_images.max()
    return (
        (known.train_images / largest, known.train_labels),
        (known.test_images / largest, known.test_labels),
    )


def test_it_learns_digits_and_a_chip_learns_in_place_what_a_transfer_loses(digits):
    data, test = digits
    settings = {"hidden": 60, "epochs": 30, "batch": 20, "rate": 0.1}
    ideal = learn(*data, **settings)
    assert ideal.accuracy(*test) > 0.8
    chip = pbits.Junctions("cai2019", spread=6, chip_seed=3)
    transferred = ideal.on(chip).accuracy(*test)
    in_place = learn(*data, chip, **settings).accuracy(*test)
    assert in_place > transferred + 0.03


def test_junctions_that_are_alike_answer_as_ideal_bits():
    rng = np.random.default_rng(1)
    weights = rng.normal(size=(5, 4)).astype(np.float32)
    start = RestrictedMachine(weights, np.ones(5, np.float32), np.ones(4, np.float32), 2)
    alike = start.on(pbits.Junctions("cai2019", spread=0))
    wanted = np.linspace(-6, 6, 15).reshape(5, 3).T.astype(np.float32)
    np.testing.assert_allclose(alike.layers[0](wanted), wanted, atol=1e-4)
    images = rng.random((50, 3))
    np.testing.assert_array_equal(alike.classify(images), start.classify(images))
    shape = start.generate(1, count=4, sweeps=5).shape
    assert shape == (4, 3)


def test_a_sparse_machine_has_no_other_couplings():
    rng = np.random.default_rng(2)
    images, labels = rng.random((60, 9)), rng.integers(0, 3, 60)
    sparse = learn(images, labels, hidden=20, density=0.3, epochs=2, batch=20)
    assert (sparse.weights != 0).mean() == close_to(0.3, abs=0.08)
    again = learn(images, labels, hidden=20, density=0.3, epochs=2, batch=20)
    np.testing.assert_array_equal(sparse.weights, again.weights)
    with pytest.raises(SmtjError, match="density is 0"):
        learn(images, labels, density=0)
    with pytest.raises(SmtjError, match="60 images have 59 labels"):
        learn(images, labels[1:])
    with pytest.raises(SmtjError, match="images have 8 pixels; the machine learnt 9"):
        replace(sparse).classify(images[:, 1:])
