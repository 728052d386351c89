"""A small converted network with images that it knows, for studies of its chips."""

from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn

from smtj import DeviceCard
from smtj.nn import convert


class Trained(NamedTuple):
    model: nn.Module
    images: Tensor
    labels: Tensor


@pytest.fixture(scope="session")
def trained(card: DeviceCard) -> Trained:
    """A network whose labels are what it answers without any noise, so that noise costs."""
    generator = torch.Generator().manual_seed(0)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        digital = nn.Sequential(
            nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 16), nn.Sigmoid(), nn.Linear(16, 4)
        )
    with torch.no_grad():
        for layer in (digital[0], digital[2], digital[4]):
            layer.weight.mul_(3)
        images = torch.randn(500, 8, generator=generator)
        # So that no class wins by itself.
        digital[4].bias.sub_(digital(images).mean(0))
    labels = digital(images).argmax(1)
    return Trained(convert(digital, card, images[:2], reads=4).eval(), images, labels)
