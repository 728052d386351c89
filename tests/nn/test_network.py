"""Networks: from one seed, to a file and back."""

import contextlib
import json
import math
import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from smtj import DeviceCard
from smtj.errors import CheckpointError, SmtjError
from smtj.nn import MTJNeuron, set_readout
from smtj.nn.drive.coupling import AffineCoupling, CalibratedCoupling, Standardised
from smtj.nn.training.network import (
    NetworkSettings,
    build_network,
    load_network,
    logits_and_outputs,
    save_network,
)

SMALL = NetworkSettings(sizes=(12, 8, 6, 4))


def weights(network: nn.Module) -> list[torch.Tensor]:
    return [layer.weight for layer in network.modules() if isinstance(layer, nn.Linear)]


def test_one_seed_gives_junctions_and_sigmoids_the_same_weights(card: DeviceCard) -> None:
    networks = [
        build_network(replace(SMALL, neuron=neuron, readout=readout, coupling=coupling), card, 3)
        for neuron, readout, coupling in (
            ("mtj", "device", "calibrated"),
            ("mtj", "linear", "matched"),
            ("sigmoid", "device", "matched"),
            ("sigmoid", "linear", "calibrated"),
        )
    ]
    for network in networks[1:]:
        for one, other in zip(weights(networks[0]), weights(network), strict=True):
            assert torch.equal(one, other)
    another = build_network(SMALL, card, 4)
    assert not torch.equal(weights(networks[0])[0], weights(another)[0])


def test_building_leaves_pytorchs_stream_alone(card: DeviceCard) -> None:
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    build_network(SMALL, card, 3)
    assert torch.equal(torch.rand(1), expected)


def test_the_layers_are_those_of_the_settings(card: DeviceCard) -> None:
    def kinds(**changes: object) -> list[type]:
        return [type(layer) for layer in build_network(replace(SMALL, **changes), card, 0)]

    linear = nn.Linear
    assert kinds() == [linear, MTJNeuron] * 3
    assert kinds(readout="linear") == [linear, MTJNeuron, linear, MTJNeuron, linear]
    assert kinds(neuron="sigmoid", coupling="matched") == [linear, nn.Sigmoid] * 3
    assert kinds(neuron="sigmoid") == [
        linear, Standardised, nn.Sigmoid, linear, Standardised, nn.Sigmoid, linear, nn.Sigmoid
    ]  # fmt: skip
    neurons = [layer for layer in build_network(SMALL, card, 0) if isinstance(layer, MTJNeuron)]
    assert [type(layer.coupling) for layer in neurons] == [
        CalibratedCoupling, CalibratedCoupling, AffineCoupling
    ]  # fmt: skip
    assert [layer.reads for layer in neurons] == [16] * 3


def test_every_layer_of_a_chip_has_devices_of_its_own(card: DeviceCard) -> None:
    square = NetworkSettings(sizes=(8, 8, 8))
    first, second = (
        layer.slope for layer in build_network(square, card, 0) if isinstance(layer, MTJNeuron)
    )
    assert not torch.equal(first, second)
    nominal = build_network(replace(square, variation=False), card, 0)
    assert len(nominal[1].slope.unique()) == 1


def test_the_class_is_read_from_the_outputs_or_from_the_sums(card: DeviceCard) -> None:
    x = torch.rand(5, 12)
    network = build_network(replace(SMALL, readout="linear"), card, 0).eval()
    sums, outputs = logits_and_outputs(network, x)
    assert sums is outputs
    network = build_network(SMALL, card, 0).eval()
    set_readout(network, eval_reads="expected", noise=False)
    sums, outputs = logits_and_outputs(network, x)
    assert torch.equal(outputs, network(x))
    assert torch.equal(outputs, network[-1](sums))


@pytest.mark.parametrize("sizes", [(5,), (), (5, 0), (5, -1, 3)])
def test_impossible_sizes_are_refused(sizes: tuple[int, ...]) -> None:
    with pytest.raises(SmtjError, match="it must be two or more positive integers"):
        NetworkSettings(sizes=sizes)


# To a file and back


@pytest.mark.parametrize("readout", ["device", "linear"])
@pytest.mark.parametrize("neuron", ["mtj", "sigmoid"])
def test_a_saved_network_answers_to_the_bit_as_before(
    card: DeviceCard, tmp_path: Path, neuron: str, readout: str
) -> None:
    changed = card.replace(
        {"variability.slope_spread": 0.0812345678912345, "switching.field_limit": 7654.321}
    )
    settings = replace(SMALL, neuron=neuron, readout=readout, chip_seed=5, eval_reads=7)
    network = build_network(settings, changed, 3)
    network.train()(torch.randn(50, 12))  # so that calibration is not at its beginning
    for layer in network:
        if isinstance(layer, MTJNeuron):
            layer.set_bias(0.1)
    path = save_network(tmp_path / "deep" / "network.pt", network, settings, changed)
    loaded, read_settings, read_card = load_network(path)
    assert (read_settings, read_card) == (settings, changed)
    assert not loaded.training
    x = 10 * torch.randn(300, 12)
    outputs = []
    for one in (network.eval(), loaded):
        set_readout(one, generator=torch.Generator().manual_seed(8))
        outputs.append(one(x))
    assert torch.equal(*outputs)
    for name, values in network.state_dict().items():
        assert torch.equal(values, loaded.state_dict()[name])


def message_of(path: Path) -> str:
    with pytest.raises(CheckpointError) as error:
        load_network(path)
    text = str(error.value)
    assert "\n" not in text
    assert str(path) in text
    return text


def test_files_that_are_no_network_are_refused_in_a_sentence(
    card: DeviceCard, tmp_path: Path
) -> None:
    whole = save_network(tmp_path / "whole.pt", build_network(SMALL, card, 0), SMALL, card)
    body = whole.read_bytes()
    path = tmp_path / "network.pt"
    assert message_of(path) == f"{path} does not exist; give the path of a trained network"
    for damaged in (b"", b"no network\n" * 40, body[: len(body) // 2], body[:-200], body[300:]):
        path.write_bytes(damaged)
        assert "is not a trained network, or is damaged" in message_of(path)
    assert "is not a trained network" in message_of(tmp_path)
    torch.save(nn.Linear(2, 2), path)  # a pickled module, which is not loaded
    assert "is not a trained network, or is damaged" in message_of(path)
    for other in (
        {"some": "dictionary"},
        [1, 2],
        nn.Linear(2, 2).state_dict(),
        {"format": 1},
        {"format": 1, "settings": {}, "about": ""},
        {**torch.load(whole, weights_only=True), "format": 99},
    ):
        torch.save(other, path)
        assert message_of(path) == f"{path} is not a trained network of this version of smtj"


SETTINGS = {
    "neuron": "relu",
    "drive": "light",
    "sizes": "784",
    "reads": "many",
    "interval": "slow",
    "chip_seed": -4,
    "later": 1,
}


@pytest.fixture
def saved(card: DeviceCard, tmp_path: Path) -> Path:
    return save_network(tmp_path / "network.pt", build_network(SMALL, card, 1), SMALL, card)


def rewritten(path: Path, **entries: object) -> Path:
    torch.save({**torch.load(path, weights_only=True), **entries}, path)
    return path


@pytest.mark.parametrize(
    "entries",
    [
        *(
            {"settings": json.dumps({"sizes": SMALL.sizes, name: v})}
            for name, v in SETTINGS.items()
        ),
        *({"settings": text} for text in ("{not", "[1, 2]", 3, None)),
        *({"settings": json.dumps({"sizes": sizes})} for sizes in ([12, 10**9, 6, 4], [12, 8.5])),
        *({"card": text} for text in ("name = 3", "", 5)),
        *({"state": state} for state in ([1], {}, {"0.weight": "x"})),
    ],
    ids=str,
)
def test_networks_with_foreign_entries_are_refused_in_a_sentence(
    saved: Path, entries: dict[str, object]
) -> None:
    path = rewritten(saved, **entries)
    said = "network.pt is a trained network whose content is damaged or of another version"
    assert said in message_of(path)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_network_of_no_numbers_is_named(saved: Path, value: float) -> None:
    state = torch.load(saved, weights_only=True)["state"]
    state["0.weight"][0, 0] = value
    said = "1 of 96 values of 0.weight are no finite numbers"
    assert said in message_of(rewritten(saved, state=state))


def test_bytes_changed_anywhere_are_refused_or_harmless(saved: Path) -> None:
    whole, rng = saved.read_bytes(), random.Random(3)
    for _ in range(40):
        changed = bytearray(whole)
        first = rng.randrange(len(changed))
        changed[first : first + rng.randrange(30)] = rng.randbytes(rng.randrange(30))
        saved.write_bytes(changed)
        with contextlib.suppress(CheckpointError):
            load_network(saved)
