"""Uncertainty by the devices' own reads, and the scores of it."""

import numpy as np
import pytest
import torch
from scipy.stats import binom
from sklearn.metrics import log_loss, roc_auc_score
from torch import nn

from closeness import close_to
from smtj import DeviceCard
from smtj.errors import SmtjError
from smtj.nn import (
    DigitalReads,
    MTJNeuron,
    auroc,
    expected_calibration_error,
    negative_log_likelihood,
    predict,
)


def entropy(p: np.ndarray) -> np.ndarray:
    return -np.where(p > 0, p * np.log(np.where(p > 0, p, 1)), 0).sum(-1)


def test_one_device_gives_the_moments_of_its_binomial_law(card: DeviceCard) -> None:
    neuron = MTJNeuron(card, 1, reads=2, noise=False, chip_seed=None)
    model = nn.Sequential(neuron, nn.Linear(1, 2)).train()
    x = torch.tensor([[-1.0], [0.5], [8.0]])
    many = x.repeat(50, 1)
    found = predict(model, many, 2000, generator=torch.Generator().manual_seed(1))
    p, whole, between = (
        part.reshape(50, 3, -1).mean(0)
        for part in (found.probabilities, found.entropy, found.mutual_information)
    )
    assert model.training and neuron.training
    # Independently: the sum over the outcomes 0, 1 and 2 of two reads of the nominal sigmoid.
    chance = binom.pmf(np.arange(3), 2, 1 / (1 + np.exp(-x.numpy())))
    weight, bias = (part.detach().double().numpy() for part in model[1].parameters())
    logits = np.arange(3)[:, None] / 2 * weight[:, 0] + bias
    outcomes = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    mean = chance @ outcomes
    np.testing.assert_allclose(p, mean, atol=2e-3)
    np.testing.assert_allclose(whole[:, 0], entropy(mean), atol=2e-3)
    mutual = entropy(mean) - chance @ entropy(outcomes)
    np.testing.assert_allclose(between[:, 0], mutual, rtol=0.05, atol=1e-5)
    assert (found.classes == found.probabilities.argmax(1)).all()
    assert "150 images from 2000 samples" in str(found)
    assert predict(model, x, 1).mutual_information.tolist() == [0, 0, 0]


def test_devices_as_outputs_give_shares(card: DeviceCard) -> None:
    model = nn.Sequential(MTJNeuron(card, 3, reads=4, noise=False, chip_seed=None))
    x = torch.tensor([[-50.0, -50.0, -50.0], [50.0, 50.0, -50.0]])
    found = predict(model, x, 3)
    np.testing.assert_allclose(found.probabilities, [[1 / 3] * 3, [0.5, 0.5, 0]], atol=1e-12)
    np.testing.assert_allclose(found.mutual_information, 0, atol=1e-12)
    own = predict(model, x, 3, activation=lambda outputs: outputs)
    assert own.probabilities.sum(1).tolist() == [0, 2]


def test_dropout_is_active_if_asked_and_streams_begin_anew(card: DeviceCard) -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.Sigmoid(), nn.Dropout(), nn.Linear(8, 3))
    x = torch.rand(5, 4)
    torch.manual_seed(0)
    assert predict(model, x, 8).mutual_information.max() < 1e-12
    assert (predict(model, x, 8, dropout=True).mutual_information > 0).all()
    assert not model.eval()[2].training
    slow = DigitalReads(interval=1e-9, streaming=True)
    stream = nn.Sequential(MTJNeuron(card, 3, scheme=slow, reads=1))
    # A device that never moves keeps its state within a sample and not between samples.
    found = predict(stream, torch.zeros(6, 3), 200, batch_size=3)
    assert (found.probabilities == found.probabilities[0]).all()
    assert 0.2 < found.probabilities[0, 0] < 0.5 and found.mutual_information.min() > 0.1
    with pytest.raises(SmtjError, match="samples is 0; it must be 1 or more"):
        predict(model, x, 0)
    with pytest.raises(SmtjError, match=r"output is \(5,\); it must be a tensor"):
        predict(nn.Flatten(0), torch.rand(5))


def test_scores_are_those_of_independent_formulas() -> None:
    rng = np.random.default_rng(2)
    p = rng.dirichlet([0.3] * 4, 500)
    labels = np.array([rng.choice(4, p=row**2 / (row**2).sum()) for row in p])
    tensors = torch.tensor(p), torch.tensor(labels)
    assert negative_log_likelihood(*tensors, 1e-30) == close_to(log_loss(labels, p), rel=1e-6)
    never = torch.tensor([[1.0, 0.0]])
    assert negative_log_likelihood(never, torch.tensor([1])) == close_to(7 * np.log(10), rel=1e-6)
    expected = 0.0
    for low in np.arange(15) / 15:
        inside = (p.max(1) > low) & (p.max(1) <= low + 1 / 15)
        if inside.any():
            hit = (p.argmax(1) == labels)[inside].mean()
            expected += inside.mean() * abs(hit - p.max(1)[inside].mean())
    assert expected > 0.05
    assert expected_calibration_error(*tensors) == close_to(expected, rel=1e-9)
    one, other = rng.integers(0, 9, 300), rng.integers(2, 12, 200)
    area = roc_auc_score(np.repeat([0, 1], [300, 200]), np.concatenate((one, other)))
    assert auroc(torch.tensor(one), torch.tensor(other)) == close_to(area, rel=1e-9)
