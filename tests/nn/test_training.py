"""Back-propagation: the loss, the learning, the going on."""

import copy
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from closeness import close_to
from smtj import DeviceCard
from smtj.datasets import load_dataset
from smtj.errors import CheckpointError, SmtjError
from smtj.nn import install, sample_chip
from smtj.nn.training.network import NetworkSettings, build_network, save_network
from smtj.nn.training.settings import TrainingSettings
from smtj.nn.training.trainer import (
    Images,
    Trainer,
    as_tensors,
    cross_entropy,
    evaluate,
    held_out,
    scaled,
)

SMALL = NetworkSettings(sizes=(64, 32, 10))


@pytest.fixture(scope="module")
def digits() -> Images:
    return as_tensors(load_dataset("digits"))


def start(
    card: DeviceCard, images: Images, network: NetworkSettings = SMALL, **training: object
) -> Trainer:
    settings = TrainingSettings(**{"learning_rate": 0.1, "batch_size": 50, **training})
    return Trainer(build_network(network, card, settings.seed), images, settings)


# The loss


def test_the_loss_of_device_outputs_is_each_ones_cross_entropy_with_its_gradient() -> None:
    torch.manual_seed(0)
    sums = torch.randn(7, 10, requires_grad=True)
    labels = torch.randint(10, (7,))
    targets = functional.one_hot(labels, 10).float()
    sampled = torch.rand(7, 10)
    loss = cross_entropy(sums, sampled, labels)
    expected = functional.binary_cross_entropy_with_logits(sums, targets, reduction="sum") / 7
    assert loss.item() == close_to(expected.item(), rel=1e-6)
    loss.backward()
    assert sums.grad is not None
    np.testing.assert_allclose(sums.grad, (sampled - targets) / 7, atol=1e-7)
    # For a sigmoid that is what PyTorch's own loss gives.
    exact = sums.detach().clone().requires_grad_()
    functional.binary_cross_entropy_with_logits(exact, targets, reduction="sum").div(7).backward()
    own = sums.detach().clone().requires_grad_()
    cross_entropy(own, torch.sigmoid(own), labels).backward()
    np.testing.assert_allclose(own.grad, exact.grad, atol=1e-7)


def test_the_loss_of_a_linear_read_out_is_that_of_the_softmax() -> None:
    sums, labels = torch.randn(7, 10), torch.randint(10, (7,))
    assert cross_entropy(sums, sums, labels) == functional.cross_entropy(sums, labels)


def test_an_epoch_is_plain_stochastic_gradient_descent(card: DeviceCard, digits: Images) -> None:
    sigmoids = replace(SMALL, neuron="sigmoid", coupling="matched", readout="linear")
    run = start(card, digits, sigmoids, seed=4)
    plain = copy.deepcopy(run.network)
    loss = run.train_epoch()
    optimiser = torch.optim.SGD(plain.parameters(), 0.1, 0.9)
    order = torch.randperm(1500, generator=torch.Generator().manual_seed(4))
    losses = []
    for batch in order.split(50):
        optimiser.zero_grad()
        outputs = plain(digits.train_images[batch].float() / 255)
        value = functional.cross_entropy(outputs, digits.train_labels[batch])
        value.backward()
        optimiser.step()
        losses.append(value.item())
    assert loss == close_to(np.mean(losses), rel=1e-5)
    for own, expected in zip(run.network.parameters(), plain.parameters(), strict=True):
        np.testing.assert_allclose(own.detach(), expected.detach(), atol=1e-5)


# The data


def test_the_images_are_bytes_in_rows(digits: Images) -> None:
    data = load_dataset("digits")
    assert digits.train_images.shape == (1500, 64)
    assert digits.train_images.dtype == torch.uint8
    np.testing.assert_array_equal(digits.test_images[3], data.test_images[3].ravel())
    np.testing.assert_array_equal(digits.test_labels, data.test_labels)
    assert scaled(torch.tensor([0, 51, 255], dtype=torch.uint8)).tolist() == close_to([0, 0.2, 1])


def test_tuning_never_sees_the_test_images(digits: Images) -> None:
    part = held_out(digits)
    assert [len(tensor) for tensor in part] == [1250, 1250, 250, 250]
    assert torch.equal(torch.cat((part.train_images, part.test_images)), digits.train_images)
    assert torch.equal(torch.cat((part.train_labels, part.test_labels)), digits.train_labels)


# Learning


@pytest.mark.parametrize("readout", ["device", pytest.param("linear", marks=pytest.mark.proof)])
@pytest.mark.parametrize("neuron", ["mtj", pytest.param("sigmoid", marks=pytest.mark.proof)])
def test_networks_learn_the_digits(
    card: DeviceCard, digits: Images, neuron: str, readout: str
) -> None:
    coupling = "calibrated" if neuron == "mtj" else "matched"
    rate = 0.1 if neuron == "mtj" else 0.3
    settings = replace(SMALL, neuron=neuron, readout=readout, coupling=coupling)
    run = start(card, digits, settings, learning_rate=rate)
    history = list(run.epochs(10))
    assert [epoch.number for epoch in history] == list(range(1, 11))
    assert history[-1].test_accuracy > 0.9
    assert history[-1].train_loss < 0.5 * history[0].train_loss


def test_a_seed_decides_the_training(card: DeviceCard, digits: Images) -> None:
    runs = [start(card, digits, seed=seed) for seed in (1, 1, 2)]
    for run in runs:
        torch.rand(3)  # what else draws from PyTorch's stream does not matter
        list(run.epochs(1))
    assert runs[0].history == runs[1].history
    assert runs[0].history != runs[2].history


def test_a_diverging_training_is_refused(card: DeviceCard, digits: Images) -> None:
    sigmoids = replace(SMALL, neuron="sigmoid", coupling="matched", readout="linear")
    run = start(card, digits, sigmoids, learning_rate=1e38)
    with pytest.raises(SmtjError, match=r"diverged in epoch 1; use a learning rate below 1e\+38"):
        list(run.epochs(3))


@pytest.mark.parametrize("readout", ["device", "linear"])
def test_a_diverging_training_of_junctions_is_refused(
    card: DeviceCard, digits: Images, readout: str
) -> None:
    run = start(card, digits, replace(SMALL, readout=readout), learning_rate=1e37)
    with pytest.raises(SmtjError, match="diverged"):
        list(run.epochs(3))


@pytest.mark.parametrize(
    "wrong",
    [
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"batch_size": 0},
        {"momentum": 1.0},
        {"momentum": -0.1},
    ],
    ids=str,
)
def test_impossible_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SmtjError, match=r"must be positive, at least 1 and in \[0, 1\)"):
        TrainingSettings(**{"learning_rate": 0.1, **wrong})


@pytest.mark.parametrize("batch_size", [1, 1499])
def test_an_image_alone_in_a_batch_is_refused_where_it_cannot_be_standardised(
    card: DeviceCard, digits: Images, batch_size: int
) -> None:
    for neuron in ("mtj", "sigmoid"):
        calibrated = replace(SMALL, neuron=neuron)
        with pytest.raises(SmtjError, match=f"batch_size {batch_size} leaves one of 1500 images"):
            start(card, digits, calibrated, batch_size=batch_size)
        few = Images(*(part[:100] for part in digits))
        matched = replace(calibrated, coupling="matched")
        assert start(card, few, matched, batch_size=batch_size).train_epoch() > 0
    assert start(card, Images(*(part[:100] for part in digits)), batch_size=5000).train_epoch() > 0


# Evaluation


def test_evaluation_is_decided_by_its_seed_and_changes_nothing(
    card: DeviceCard, digits: Images
) -> None:
    network = build_network(SMALL, card, 0)
    state = copy.deepcopy(network.state_dict())
    same = [evaluate(network, digits, seed=5) for _ in range(2)]
    assert same[0] == same[1]
    assert len({evaluate(network, digits, seed=seed) for seed in range(8)}) > 1
    assert not network.training
    for name, values in network.state_dict().items():
        assert torch.equal(values, state[name])


def test_ties_are_broken_by_the_seed_and_not_by_the_order_of_classes() -> None:
    labels = torch.arange(10).repeat(200)
    images = Images(torch.zeros(0, 4), labels[:0], torch.zeros(2000, 4, dtype=torch.uint8), labels)
    always_equal = nn.Sequential(nn.Linear(4, 10), nn.Sigmoid())
    nn.init.zeros_(always_equal[0].weight)
    nn.init.zeros_(always_equal[0].bias)
    share = evaluate(always_equal, images, seed=0)
    assert share == evaluate(always_equal, images, seed=0)
    assert share != evaluate(always_equal, images, seed=1)
    assert share == close_to(0.1, abs=4.5 * np.sqrt(0.09 / 2000))
    for label in (0, 4, 9):
        alike = Images(*images[:3], torch.full_like(labels, label))
        assert evaluate(always_equal, alike, seed=0) == close_to(0.1, abs=0.03)


def test_ties_do_not_change_what_is_higher() -> None:
    labels = torch.arange(10).repeat(20)
    images = Images(torch.zeros(0, 4), labels[:0], torch.zeros(200, 4, dtype=torch.uint8), labels)
    network = nn.Sequential(nn.Linear(4, 10))
    nn.init.zeros_(network[0].weight)
    with torch.no_grad():
        network[0].bias.copy_(torch.linspace(0, 1e-5, 10))
    assert evaluate(network, images, seed=0) == 0.1


# Going on


def assert_same(one: Trainer, other: Trainer) -> None:
    assert one.history == other.history
    for name, values in one.network.state_dict().items():
        assert torch.equal(values, other.network.state_dict()[name]), name
    with tempfile.TemporaryDirectory() as folder:
        saved = [
            torch.load(run.save(Path(folder) / name, ""), weights_only=True)["optimiser"]["state"]
            for run, name in ((one, "one"), (other, "other"))
        ]
    for first, second in zip(*(state.values() for state in saved), strict=True):
        assert torch.equal(first["momentum_buffer"], second["momentum_buffer"])


@pytest.mark.parametrize("readout", ["device", pytest.param("linear", marks=pytest.mark.proof)])
def test_going_on_gives_the_bits_of_an_uninterrupted_run(
    card: DeviceCard, digits: Images, tmp_path: Path, readout: str
) -> None:
    settings = replace(SMALL, readout=readout)
    straight = start(card, digits, settings)
    list(straight.epochs(4))
    first = start(card, digits, settings)
    list(first.epochs(2))
    path = first.save(tmp_path / "checkpoint.pt", "about")
    list(first.epochs(3))  # what happens after the checkpoint is forgotten
    second = start(card, digits, settings)
    second.resume(path, "about")
    assert len(second.history) == 2
    assert [epoch.number for epoch in second.epochs(4)] == [3, 4]
    assert_same(second, straight)
    assert list(second.epochs(4)) == []


def test_fresh_chips_leave_a_network_its_own(
    card: DeviceCard, digits: Images, tmp_path: Path
) -> None:
    run = start(card, digits, fresh_chips=True)
    own = [part.clone() for part in run.network[1].devices]
    seen = []
    run.network[0].register_forward_hook(
        lambda *_: seen.append(run.network[1].slope_factor.clone())
    )
    run.train_epoch()
    assert len(seen) == 30
    assert len({float(slopes[0]) for slopes in seen}) == 30
    assert all(torch.equal(a, b) for a, b in zip(own, run.network[1].devices, strict=True))

    whole, halted = start(card, digits, fresh_chips=True), start(card, digits, fresh_chips=True)
    list(whole.epochs(2))
    list(halted.epochs(1))
    halted.save(tmp_path / "checkpoint.pt", "")
    resumed = start(card, digits, fresh_chips=True)
    resumed.resume(tmp_path / "checkpoint.pt", "")
    list(resumed.epochs(2))
    assert_same(whole, resumed)


def test_fresh_chips_need_devices(card: DeviceCard, digits: Images) -> None:
    with pytest.raises(SmtjError, match="no junctions"):
        start(card, digits, replace(SMALL, neuron="sigmoid"), fresh_chips=True)


@pytest.mark.proof
def test_weights_from_fresh_chips_suit_other_chips_better(card: DeviceCard, digits: Images) -> None:
    wide = card.replace({"variability.slope_spread": "60 %", "variability.offset_spread": "4 Oe"})
    mean = []
    for fresh in (False, True):
        run = start(wide, digits, replace(SMALL, coupling="matched"), fresh_chips=fresh)
        list(run.epochs(15))
        others = []
        for seed in range(12):
            install(sample_chip(run.network, 1000 + seed), run.network)
            others.append(evaluate(run.network, digits, seed))
        mean.append((np.mean(others), np.std(others, ddof=1) / np.sqrt(len(others))))
    (own, own_error), (drawn, drawn_error) = mean
    assert drawn - own > 3 * np.hypot(own_error, drawn_error)


@pytest.mark.proof
def test_saving_does_not_disturb_a_run(card: DeviceCard, digits: Images, tmp_path: Path) -> None:
    runs = [start(card, digits) for _ in range(2)]
    for _ in runs[0].epochs(2):
        runs[0].save(tmp_path / "checkpoint.pt", "")
    list(runs[1].epochs(2))
    assert_same(*runs)


def test_a_checkpoint_of_something_else_is_refused(
    card: DeviceCard, digits: Images, tmp_path: Path
) -> None:
    path = start(card, digits).save(tmp_path / "checkpoint.pt", "one thing")
    with pytest.raises(CheckpointError, match="is from a run with other settings"):
        start(card, digits).resume(path, "another thing")
    for other in ({"seed": 1}, {"learning_rate": 0.2}, {"batch_size": 60}, {"momentum": 0.5}):
        with pytest.raises(CheckpointError, match="is from a run with other settings"):
            start(card, digits, **other).resume(path, "one thing")
    with pytest.raises(CheckpointError, match="does not exist; give the path of a checkpoint"):
        start(card, digits).resume(tmp_path / "none.pt", "one thing")
    network = save_network(tmp_path / "network.pt", start(card, digits).network, SMALL, card)
    with pytest.raises(CheckpointError, match="is not a checkpoint of this version of smtj"):
        start(card, digits).resume(network, "one thing")
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match="is not a checkpoint, or is damaged"):
        start(card, digits).resume(path, "one thing")
