"""From summed inputs to fields."""

import numpy as np
import pytest
import torch
from torch import nn

from closeness import close_to
from smtj import DeviceCard, operating_point
from smtj.errors import SmtjError
from smtj.nn import AffineCoupling, MTJNeuron, calibrated, matched
from smtj.nn.drive.coupling import CALIBRATED_SPREAD, EPSILON, MOMENTUM, Drive, Standardised


def fields(coupling: nn.Module, x: torch.Tensor) -> torch.Tensor:
    values, drive = coupling(x)
    return drive.offset + drive.gain * values


def inputs(rows: int, features: int = 6, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    scale = torch.logspace(-1, 1, features)
    return scale * torch.randn(rows, features, generator=generator) + 3 * scale


def test_matched_takes_one_unit_to_one_over_w_and_zero_to_the_offset(card: DeviceCard) -> None:
    point = operating_point(card)
    x = torch.linspace(-3, 3, 5)[:, None].repeat(1, 4)
    expected = x.double() / float(point.slope) + float(point.offset_field)
    np.testing.assert_allclose(fields(matched(card, 4), x), expected, rtol=1e-6, atol=1e-3)
    assert matched(card, 4).limit == close_to(100 * 1e3 / (4 * np.pi))


def test_the_field_is_limited_to_the_cards_range(card: DeviceCard) -> None:
    point = operating_point(card)
    limit = float(card.switching.field_limit)
    ends = [float(point.switching_probability(field)) for field in (-limit, limit)]
    for make in (matched, calibrated):
        neuron = MTJNeuron(
            card, 2, coupling=make(card, 2), reads="expected", noise=False, chip_seed=None
        ).eval()
        x = torch.tensor([[-1e6, -1e6], [1e6, 1e6]])
        np.testing.assert_allclose(neuron(x)[:, 0], ends, rtol=1e-5)


def test_calibration_gives_every_neuron_the_same_mean_and_spread(card: DeviceCard) -> None:
    point = operating_point(card)
    coupling = calibrated(card, 6)
    h = fields(coupling, inputs(500)).double()
    w = float(point.slope)
    np.testing.assert_allclose(h.std(0, correction=0) * w, CALIBRATED_SPREAD, rtol=1e-3)
    np.testing.assert_allclose(h.mean(0) * w, float(point.offset_field) * w, atol=1e-4)
    narrow = fields(calibrated(card, 6, spread=0.5), inputs(500)).double()
    np.testing.assert_allclose(narrow.std(0, correction=0) * w, 0.5, rtol=1e-3)


def test_running_averages_follow_in_training_and_are_frozen_in_evaluation(card: DeviceCard) -> None:
    coupling = calibrated(card, 6)
    first = inputs(200)
    coupling.train()(first)
    np.testing.assert_allclose(coupling.mean, MOMENTUM * first.mean(0), rtol=1e-5)
    np.testing.assert_allclose(
        coupling.variance, (1 - MOMENTUM) + MOMENTUM * first.var(0), rtol=1e-5
    )
    for seed in range(500):
        coupling(inputs(50, seed=seed))
    np.testing.assert_allclose(coupling.mean, 3 * torch.logspace(-1, 1, 6), rtol=0.05)
    frozen = coupling.mean.clone(), coupling.variance.clone()
    coupling.eval()
    one = fields(coupling, inputs(1))
    alone = fields(coupling, torch.cat((inputs(1), 100 * inputs(20, seed=4))))[:1]
    assert torch.equal(one, alone)
    assert torch.equal(coupling.mean, frozen[0])
    assert torch.equal(coupling.variance, frozen[1])


def test_the_folded_map_is_what_evaluation_does(card: DeviceCard) -> None:
    coupling = calibrated(card, 6)
    for seed in range(20):
        coupling(inputs(100, seed=seed))
    coupling.eval()
    settings = {"reads": "expected", "noise": False, "chip_seed": 2}
    frozen = MTJNeuron(card, 6, coupling=coupling, **settings).eval()
    folded = MTJNeuron(card, 6, coupling=coupling.fold(), **settings)
    assert isinstance(folded.coupling, AffineCoupling)
    x = inputs(300, seed=99)
    np.testing.assert_allclose(folded(x), frozen(x), atol=1e-6)
    by_hand = coupling.offset + coupling.spread * (x - coupling.mean) / torch.sqrt(
        coupling.variance + EPSILON
    )
    np.testing.assert_allclose(fields(coupling.fold(), x), by_hand, rtol=1e-4, atol=0.5)


def test_an_input_that_never_changes_stays_finite(card: DeviceCard) -> None:
    coupling = calibrated(card, 3)
    neuron = MTJNeuron(card, 3, coupling=coupling)
    for training in (True, False):
        assert bool(torch.isfinite(neuron.train(training)(torch.full((10, 3), 5.0))).all())


def test_gradients_pass_through_calibration(card: DeviceCard) -> None:
    torch.manual_seed(0)
    neuron = MTJNeuron(
        card, 6, coupling=calibrated(card, 6), reads="expected", noise=False
    ).double()
    x = inputs(8).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: neuron(x), x)


def test_the_sigmoid_rival_gets_the_same_linear_transformation(card: DeviceCard) -> None:
    rival, coupling = Standardised(6), calibrated(card, 6)
    w, offset = (float(getattr(operating_point(card), name)) for name in ("slope", "offset_field"))
    for seed in range(10):
        x = inputs(100, seed=seed)
        np.testing.assert_allclose(rival(x), w * (fields(coupling, x) - offset), atol=1e-4)
    x = inputs(50, seed=77)
    rival.eval(), coupling.eval()
    np.testing.assert_allclose(rival(x), w * (fields(coupling, x) - offset), rtol=1e-4, atol=1e-3)
    assert not list(rival.parameters())


def test_a_card_without_a_barrier_is_refused(card: DeviceCard) -> None:
    flat = card.replace({"magnetism.in_plane_bias_field": "60 mT"})
    for make in (matched, calibrated):
        with pytest.raises(SmtjError, match="card cai2019 has no energy barrier") as error:
            make(flat, 3)
        assert "smtj card show" in str(error.value)
    with pytest.raises(SmtjError, match="a neuron needs E_b > 0"):
        MTJNeuron(flat, 3)


def test_a_coupling_of_ones_own_is_a_module_that_returns_a_drive(card: DeviceCard) -> None:
    class Fixed(nn.Module):
        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, Drive]:
            return 2 * x, Drive(torch.tensor([10.0, -10.0]), torch.zeros(2), 500.0)

    neuron = MTJNeuron(card, 2, coupling=Fixed(), reads="expected", noise=False, chip_seed=None)
    point = operating_point(card)
    outputs = neuron(torch.tensor([[7.0, 7.0], [1000.0, 1000.0]]))
    expected = [
        [point.switching_probability(h) for h in row] for row in ((140.0, -140.0), (500.0, -500.0))
    ]
    np.testing.assert_allclose(outputs, np.array(expected, float), rtol=1e-5)
