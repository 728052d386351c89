"""Random shifts and rotations of images, each image by its own."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from smtj.errors import SmtjError


@dataclass(frozen=True)
class RandomAffine:
    """Rotates and shifts each image of a batch at random, filling with zeros.

    Named as in torchvision, whose transforms go in its place; those treat all images of a batch
    alike.  Pixels are interpolated bilinearly; the numbers come from PyTorch's generator.

    >>> RandomAffine(10, (0.1, 0.1))(torch.rand(5, 1, 28, 28)).shape
    torch.Size([5, 1, 28, 28])
    """

    degrees: float = 0.0
    """Largest rotation to either side, in degrees; uniformly distributed."""
    translate: tuple[float, float] = (0.0, 0.0)
    """Largest shift to either side, as a fraction of width and height; uniformly distributed."""

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not (0 <= self.degrees <= 180 and all(0 <= part <= 1 for part in self.translate)):
            raise SmtjError(
                f"degrees {self.degrees} and translate {self.translate} must be in [0, 180] and "
                "in [0, 1]"
            )

    def __call__(self, images: Tensor) -> Tensor:
        """Return images, shape (batch, channels, height, width), moved at random."""
        count, (height, width) = len(images), images.shape[-2:]
        angle, across, down = torch.rand(3, count, dtype=images.dtype).mul_(2).sub_(1)
        angle = angle * math.radians(self.degrees)
        cos, sin = torch.cos(angle), torch.sin(angle)
        # In the coordinates of the grid, in which either side is 2 long, from output to input.
        rows = (
            torch.stack((cos, -sin * height / width, 2 * self.translate[0] * across), dim=1),
            torch.stack((sin * width / height, cos, 2 * self.translate[1] * down), dim=1),
        )
        shape = list(images.shape)
        grid = functional.affine_grid(torch.stack(rows, dim=1), shape, align_corners=False)
        return functional.grid_sample(images, grid, align_corners=False)
