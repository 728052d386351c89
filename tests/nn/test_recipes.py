"""Optimisers, schedules, augmentation and early stopping."""

import math
import signal
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch.optim import lr_scheduler

from closeness import close_to
from smtj import DeviceCard
from smtj.datasets import load_dataset
from smtj.errors import CheckpointError, SmtjError
from smtj.nn import RandomAffine
from smtj.nn.training.network import NetworkSettings, build_network
from smtj.nn.training.settings import TrainingSettings, make_optimizer, make_scheduler
from smtj.nn.training.trainer import Images, Trainer, as_tensors, evaluate, held_out

SMALL = NetworkSettings(sizes=(64, 16, 10))
RICH = {
    "optimizer": "adamw", "learning_rate": 0.01, "schedule": "cosine", "warmup_epochs": 1,
    "epochs": 3, "first_reads": 2, "augment": RandomAffine(10, (0.1, 0.1)),
    "image_shape": (1, 8, 8), "validation_fraction": 0.2, "patience": 3,
}  # fmt: skip


@pytest.fixture(scope="module")
def digits() -> Images:
    return as_tensors(load_dataset("digits"))


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Heed Ctrl-C also where a shell in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def start(card: DeviceCard, images: Images, **training: object) -> Trainer:
    settings = TrainingSettings(**{"batch_size": 50, **training})
    return Trainer(build_network(SMALL, card, 0), images, settings)


def rates(**settings: object) -> list[float]:
    """The learning rate at each of four batches of each of ten epochs."""
    training = TrainingSettings(**{"epochs": 10, **settings})
    optimizer = make_optimizer(training, [torch.nn.Parameter(torch.zeros(1))])
    schedule = make_scheduler(training, optimizer, 4)
    seen = []
    for _ in range(40):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if schedule:
            schedule.step()
    return seen


def test_schedules_go_over_all_batches() -> None:
    k = np.arange(40)
    cosine = 0.1 * (1 + np.cos(math.pi * k / 40)) / 2
    assert rates() == [0.1] * 40
    assert rates(schedule="step") == close_to([0.1] * 20 + [0.01] * 10 + [0.001] * 10, rel=1e-9)
    np.testing.assert_allclose(rates(schedule="cosine"), cosine, rtol=1e-9)
    warm = np.minimum(1, (k + 1) / 9)
    np.testing.assert_allclose(rates(schedule="cosine", warmup_epochs=2), cosine * warm, rtol=1e-9)
    np.testing.assert_allclose(rates(warmup_epochs=2), 0.1 * warm, rtol=1e-9)
    # Up for a part, down to nearly nothing for the rest, along cosines.
    for options, top in (({}, 11), ({"warmup_epochs": 5}, 19)):
        cycle = rates(schedule="one-cycle", **options)
        assert max(cycle) == close_to(0.1, rel=1e-9) and np.argmax(cycle) == top
        assert cycle[0] == close_to(0.1 / 25, rel=1e-9) and cycle[-1] < 1e-6
    own = rates(schedule=partial(lr_scheduler.PolynomialLR, power=2.0))
    np.testing.assert_allclose(own, 0.1 * (1 - k / 40) ** 2, rtol=1e-9, atol=1e-12)


def test_an_optimiser_is_that_of_pytorch() -> None:
    weight = torch.nn.Parameter(torch.zeros(1))
    adam = make_optimizer(TrainingSettings(0.01, optimizer="adam", weight_decay=0.3), [weight])
    assert type(adam) is torch.optim.Adam
    assert adam.defaults["lr"] == 0.01 and adam.defaults["weight_decay"] == 0.3
    adamw = make_optimizer(TrainingSettings(optimizer="adamw"), [weight])
    assert adamw.defaults["weight_decay"] == 0.01
    sgd = make_optimizer(TrainingSettings(momentum=0.5), [weight])
    assert type(sgd) is torch.optim.SGD and sgd.defaults["momentum"] == 0.5
    own = partial(torch.optim.NAdam, betas=(0.8, 0.9))
    nadam = make_optimizer(TrainingSettings(0.02, optimizer=own), [weight])
    assert type(nadam) is torch.optim.NAdam
    assert (nadam.defaults["lr"], nadam.defaults["betas"]) == (0.02, (0.8, 0.9))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"optimizer": "rmsprop"}, "optimizer is 'rmsprop'; it must be sgd, adam, adamw or what"),
        ({"optimizer": torch.optim.LBFGS}, "LBFGS cannot be used: missing a required argument"),
        ({"optimizer": torch.nn.Linear}, "Linear cannot be used"),
        ({"optimizer": torch.optim.Rprop, "weight_decay": 0.1}, "Rprop cannot be used"),
        ({"schedule": "cosinus"}, "schedule is 'cosinus'; it must be constant, step, cosine,"),
        ({"schedule": "cosine"}, "need the number of epochs"),
        ({"schedule": lr_scheduler.ReduceLROnPlateau, "epochs": 2}, "Plateau cannot be used"),
        ({"weight_decay": -1.0}, "weight_decay is -1.0; it must be 0 or more"),
        ({"warmup_epochs": 3, "epochs": 3}, "must be less than the 3 epochs in all"),
        ({"first_reads": 0, "epochs": 3}, "first_reads is 0; it must be 1 or more"),
        ({"patience": 3}, "patience needs held-out images"),
        ({"validation_fraction": 1.0}, r"validation_fraction is 1.0; it must be in \[0, 1\)"),
        ({"augment": torch.nn.Identity()}, "augment needs image_shape"),
        (
            {"augment": torch.nn.MaxPool2d(2), "image_shape": (1, 8, 8)},
            "of shape .50, 16. of a batch of torch.float32 and shape .50, 64.; it must keep both",
        ),
    ],
    ids=str,
)
def test_impossible_recipes_are_refused(
    card: DeviceCard, digits: Images, wrong: dict[str, object], sentence: str
) -> None:
    with pytest.raises(SmtjError, match=sentence):
        start(card, digits, **wrong).train_epoch()


def test_reads_grow_geometrically(card: DeviceCard, digits: Images) -> None:
    run = start(card, digits, first_reads=1, epochs=5)
    seen = []
    for _ in run.epochs(5):
        seen.append(run.network[1].reads)
        assert run.network[1].eval_reads == 16
    assert seen == [1, 2, 4, 8, 16]
    for other in (replace(SMALL, reads="expected"), replace(SMALL, neuron="sigmoid")):
        with pytest.raises(SmtjError, match="first_reads needs MTJ neurons with a number of reads"):
            Trainer(build_network(other, card, 0), digits, run.settings)


def test_early_stopping_sees_no_test_image_and_keeps_the_best(
    card: DeviceCard, digits: Images
) -> None:
    kept = held_out(digits, 0.2, seed=0)
    assert torch.equal(
        torch.cat((kept.train_images, kept.test_images)).sort(0)[0], digits.train_images.sort(0)[0]
    )
    shares = [torch.bincount(labels) / len(labels) for labels in (kept.train_labels, kept[3])]
    np.testing.assert_allclose(*shares, atol=0.01)
    # Steps too large for a gain in every epoch.
    options = {"validation_fraction": 0.2, "patience": 2, "learning_rate": 3.0}
    run = start(card, digits, **options)
    history = list(run.epochs(40))
    held = [epoch.validation_accuracy for epoch in history]
    best = held.index(max(held))
    assert len(history) == best + 3 < 40
    assert run.best == history[best]
    seed = history[best].number
    assert evaluate(run.network, run.images, seed) != run.best.test_accuracy
    run.keep_best()
    assert evaluate(run.network, run.images, seed) == run.best.test_accuracy
    assert evaluate(run.network, kept, seed) == held[best]
    blind = digits._replace(test_images=255 - digits.test_images)
    other = start(card, blind, **options)
    assert [epoch.validation_accuracy for epoch in other.epochs(40)] == held


def test_an_interrupted_epoch_goes_on_bit_for_bit(
    card: DeviceCard, digits: Images, tmp_path: Path, ctrl_c: None
) -> None:
    stream = replace(SMALL, interval=0.02)
    settings = TrainingSettings(batch_size=50, **RICH)

    def begin(training: TrainingSettings = settings) -> Trainer:
        return Trainer(build_network(stream, card, 0), digits, training)

    straight = begin()
    list(straight.epochs(3))
    halted, calls = begin(), 0

    def ctrl_c_in_batch(images: torch.Tensor) -> torch.Tensor:
        nonlocal calls
        calls += 1
        if calls == 24 + 7:
            signal.raise_signal(signal.SIGINT)
        return RICH["augment"](images)

    halted.settings = replace(settings, augment=ctrl_c_in_batch)
    with pytest.raises(KeyboardInterrupt):
        list(halted.epochs(3))
    assert calls == 24 + 7 and halted.is_whole and halted.partial["batches"] == 7
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    halted.settings = settings
    halted.save(tmp_path / "checkpoint.pt", "")
    resumed = begin()
    resumed.resume(tmp_path / "checkpoint.pt", "")
    list(resumed.epochs(3))
    assert resumed.history == straight.history
    for run in (straight, resumed):
        run.keep_best()
    states = [run.network.state_dict().values() for run in (straight, resumed)]
    for one, other in zip(*states, strict=True):
        assert torch.equal(one, other)
    with pytest.raises(CheckpointError, match="a run of 3 epochs, over which"):
        begin(replace(settings, epochs=4)).resume(tmp_path / "checkpoint.pt", "")


def test_images_are_shifted_and_rotated_each_by_its_own() -> None:
    torch.manual_seed(3)
    image = torch.zeros(1, 1, 9, 13)
    image[..., 4, 6] = 1.0
    image[..., 3, 6] = 0.5
    many = image.repeat(400, 1, 1, 1)
    moved = RandomAffine(0, (2 / 13, 1 / 9))(many)
    np.testing.assert_allclose(moved.sum((1, 2, 3)), 1.5, rtol=1e-5)
    total = moved.sum((1, 2, 3))
    columns = (moved.sum((1, 2)) * torch.arange(13.0)).sum(1) / total
    rows = (moved.sum((1, 3)) * torch.arange(9.0)).sum(1) / total
    for seen, centre, reach in ((columns, 6, 2), (rows, 4 - 1 / 3, 1)):
        assert seen.min() >= centre - reach - 1e-4 and seen.max() <= centre + reach + 1e-4
        assert float(seen.var()) == close_to(reach**2 / 3, rel=0.2)
    # A rotation is that of an independent routine, without pixels stretched.
    picture = ndimage.gaussian_filter(np.random.default_rng(0).random((24, 36)), 3)
    rotate = RandomAffine(180)
    torch.manual_seed(1)
    angle = 180 * (2 * float(torch.rand(3, 1)[0]) - 1)
    torch.manual_seed(1)
    ours = rotate(torch.tensor(picture)[None, None].float())[0, 0]
    theirs = ndimage.rotate(picture, angle, reshape=False, order=1)
    inner = (slice(6, -6), slice(12, -12))
    np.testing.assert_allclose(ours[inner], theirs[inner], atol=1e-4)
    with pytest.raises(SmtjError, match=r"degrees -1 and translate \(0.0, 0.0\) must be in"):
        RandomAffine(-1)
