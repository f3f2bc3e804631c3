"""A synthetic stand-in for CIFAR-10, for where the real images cannot be had.

Ten shapes, drawn in two random colours, off centre and under noise. Whether the shape or what is
around it is the light one is a coin flip, so on average no pixel is brighter for one shape than
for another: a linear model, which can only weigh pixels, has next to nothing to go by. A hidden
layer can ask "is this pixel unlike that one?", whichever is the light one, and learns the shapes.

An accuracy on these images says nothing about CIFAR-10.

Read next: `cifar/inputs.py`, what the network is told of an image.
"""

from collections.abc import Callable

import torch
from torch import Tensor

SIZE = 32
SHAPES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    # u to the right, v downwards, both 0 at the centre of the shape and 1 at its edge
    "disc": lambda u, v: u**2 + v**2 < 1,
    "ring": lambda u, v: ((u**2 + v**2) < 1.1) & ((u**2 + v**2) > 0.4),
    "square": lambda u, v: torch.maximum(u.abs(), v.abs()) < 0.85,
    "frame": lambda u, v: (torch.maximum(u.abs(), v.abs()) - 0.8).abs() < 0.2,
    "triangle": lambda u, v: (u.abs() < (v + 1) / 2) & (v < 0.9),
    "plus": lambda u, v: (torch.minimum(u.abs(), v.abs()) < 0.3) & (u.abs() + v.abs() < 1.2),
    "cross": lambda u, v: ((u.abs() - v.abs()).abs() < 0.35) & (u.abs() + v.abs() < 1.8),
    "rows": lambda u, v: torch.sin(7 * v) > 0,
    "columns": lambda u, v: torch.sin(7 * u) > 0,
    "checks": lambda u, v: torch.sin(5 * u) * torch.sin(5 * v) > 0,
}


def draw(labels: Tensor, generator: torch.Generator) -> Tensor:
    """Draw one image for each label.

    Args:
        labels: which of the SHAPES to draw, int64 of shape (N,).
        generator: the source of every position, size, colour and speck of noise.

    Returns:
        uint8 of shape (N, 3, 32, 32): red, green and blue, from 0 to 255.

    Example:
        >>> images = draw(torch.tensor([0, 7, 7]), torch.Generator().manual_seed(0))
        >>> images.shape, images.dtype
        (torch.Size([3, 3, 32, 32]), torch.uint8)
    """

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(len(labels), *shape, generator=generator)

    radius = uniform(7, 12, 1, 1)
    pixel = torch.arange(SIZE) - (SIZE - 1) / 2
    u = ((pixel.view(1, 1, SIZE) - uniform(-4, 4, 1, 1)) / radius).expand(-1, SIZE, SIZE)
    v = ((pixel.view(1, SIZE, 1) - uniform(-4, 4, 1, 1)) / radius).expand(-1, SIZE, SIZE)

    inside = torch.zeros(len(labels), SIZE, SIZE, dtype=torch.bool)
    for label, shape in enumerate(SHAPES.values()):
        chosen = labels == label
        inside[chosen] = shape(u[chosen], v[chosen])

    dark, light = uniform(0, 120, 3, 1, 1), uniform(135, 255, 3, 1, 1)
    swapped = uniform(0, 1, 1, 1) < 0.5
    images = torch.where((inside ^ swapped).unsqueeze(1), light, dark)
    images += 40 * torch.randn(images.shape, generator=generator)
    return images.clamp(0, 255).to(torch.uint8)


def labelled_images(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Draw images of every shape equally often, in random order.

    Args:
        count: how many images, a multiple of ten.
        seed: the same seed gives the same images.

    Returns:
        The images, uint8 of shape (count, 3, 32, 32), and their labels, int64 of shape (count,).

    Example:
        >>> images, labels = labelled_images(30, seed=0)
        >>> labels.bincount().tolist()
        [3, 3, 3, 3, 3, 3, 3, 3, 3, 3]
    """
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % len(SHAPES)
    labels = labels[torch.randperm(count, generator=generator)]
    return draw(labels, generator), labels
