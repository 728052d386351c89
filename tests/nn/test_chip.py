"""A chip is an object: drawn from a seed, put into a model, kept in a file."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from smtj import DeviceCard
from smtj.errors import CheckpointError, SmtjError
from smtj.nn import (
    Chip,
    MTJNeuron,
    Source,
    Variability,
    chip_of,
    convert,
    heavy_tailed,
    install,
    sample_chip,
    set_conditions,
    set_readout,
)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def model_of(card: DeviceCard, chip_seed: int | None = 0) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(6, 30),
        MTJNeuron(card, 30, chip_seed=chip_seed),
        nn.Linear(30, 4),
        MTJNeuron(card, 4, chip_seed=chip_seed),
    )


def same(one: Chip, other: Chip) -> bool:
    return one.layers.keys() == other.layers.keys() and all(
        torch.equal(a, b)
        for name in one.layers
        for a, b in zip(one.layers[name].devices, other.layers[name].devices, strict=True)
    )


def test_a_seed_is_a_chip_for_all_layers(card: DeviceCard) -> None:
    model = model_of(card)
    chip = sample_chip(model, 3)
    assert same(chip, sample_chip(model, 3)) and not same(chip, sample_chip(model, 4))
    assert list(chip.layers) == ["1", "3"] and chip.size == 34
    assert not torch.equal(
        chip.layers["1"].devices.slope_factor[:4], chip.layers["3"].devices.slope_factor
    )
    # The model is as it was.
    assert same(chip_of(model), chip_of(model_of(card)))


def test_an_installed_chip_is_the_one_that_conversion_draws(card: DeviceCard) -> None:
    digital = nn.Sequential(nn.Linear(6, 30), nn.Sigmoid(), nn.Linear(30, 4), nn.Tanh())
    one, other = (convert(digital, card, torch.zeros(2, 6), chip_seed=s) for s in (5, 6))
    install(sample_chip(other, 5), other)
    assert same(chip_of(one), chip_of(other))
    for name, values in one.state_dict().items():
        assert torch.equal(values, other.state_dict()[name])


def test_a_chip_works_under_the_conditions_of_its_model(card: DeviceCard) -> None:
    variability = Variability.of_card(card).scaled(offset_drift=50.0, temperature_spread=5.0)
    model, afterwards = model_of(card), model_of(card)
    chip = sample_chip(model, 2, variability)
    conditions = {"temperature": 340.0, "age": 1e4, "bias_voltage": 0.1}
    install(chip, set_conditions(model, **conditions))
    set_conditions(install(chip, afterwards), **conditions)
    for name, values in model.state_dict().items():
        np.testing.assert_allclose(values, afterwards.state_dict()[name], rtol=1e-6)
    assert float(model[1].temperature_shift) == float(model[3].temperature_shift) != 0


def test_the_answers_follow_the_chip(card: DeviceCard) -> None:
    model = set_readout(model_of(card), reads="expected", noise=False)
    x = torch.randn(20, 6)
    before = model(x)
    first = chip_of(model)
    install(sample_chip(model, 9), model)
    assert not torch.equal(model(x), before)
    install(first, model)
    assert torch.equal(model(x), before)
    set_readout(model, noise=True)
    install(sample_chip(model, 9, Variability(magnetic_noise=200.0)), model)
    assert not torch.equal(model(x), model(x))


def test_a_chip_survives_its_file(card: DeviceCard, tmp_path: Path) -> None:
    made_of = Variability.of_card(
        card, offset_spread=Source(heavy_tailed, 80.0, "A/m"), stuck_low=0.1
    )
    chip = sample_chip(model_of(card), 7, made_of)
    loaded = Chip.load(chip.save(tmp_path / "chip.pt"))
    assert same(chip, loaded) and loaded.seed == 7
    assert loaded.layers["1"].variability == made_of
    assert [path.name for path in tmp_path.iterdir()] == ["chip.pt"]


def test_damaged_and_foreign_files_are_refused(card: DeviceCard, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"none\.pt does not exist; give the path of a chip"):
        Chip.load(tmp_path / "none.pt")
    path = sample_chip(model_of(card), 7).save(tmp_path / "chip.pt")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(CheckpointError, match=r"chip\.pt is not a chip, or is damaged"):
        Chip.load(path)


def test_a_law_without_a_name_cannot_be_saved(card: DeviceCard, tmp_path: Path) -> None:
    own = Variability(offset_spread=Source(lambda n, s, z: n + s * z, 1.0, "A/m"))
    with pytest.raises(
        SmtjError, match=r"add it to smtj\.nn\.devices\.distributions\.DISTRIBUTIONS"
    ):
        sample_chip(model_of(card), 7, own).save(tmp_path / "chip.pt")
    assert not list(tmp_path.iterdir())


def test_a_chip_of_other_layers_is_refused(card: DeviceCard) -> None:
    chip = sample_chip(model_of(card), 1)
    other = nn.Sequential(MTJNeuron(card, 5))
    with pytest.raises(SmtjError, match=r"the layers 1 \(30\), 3 \(4\), the model 0 \(5\)"):
        install(chip, other)
    with pytest.raises(SmtjError, match="the model has no junctions"):
        sample_chip(nn.Linear(2, 2), 1)
    with pytest.raises(SmtjError, match="chip_seed is -1"):
        sample_chip(other, -1)


def test_a_chip_describes_itself(card: DeviceCard) -> None:
    made_of = Variability.of_card(card).scaled(stuck_high=0.2, temperature_spread=3.0)
    chip = sample_chip(model_of(card), 7, made_of)
    text = str(chip)
    high = int((chip.layers["1"].devices.stuck == 1).sum())
    for part in ("Chip of 34 devices, seed 7", "slope spread", "± 5 %", "± 1 Oe", "stuck high"):
        assert part in text
    row = next(line for line in text.splitlines() if "stuck high" in line)
    assert row.split()[-1] == str(high)
    assert "none" in str(sample_chip(model_of(card), 7, Variability()))
