"""Compose: one transform after the other, as a single one.

    Compose([f, g, h])(x) = h(g(f(x)))

The order matters. A picture cropped and then padded is not one padded and then cropped; and what
normalizes comes last, for its result has no longer the range that colour changes rely on. What can
be swapped and what cannot is shown in `tests/regularization/test_compose.py`.

Read next: `concepts/normalization/batch_norm.py`, which normalizes inside the network.
"""

from collections.abc import Callable, Sequence
from typing import Any

from torch import nn


class Compose(nn.Module):
    """Run transforms one after the other, in the order given.

    Args:
        transforms: a list of one or more functions or modules; each gets what the one before it
            returned.

    Raises:
        TypeError: if it is no list; from a generator, only the first image would be transformed.
        ValueError: if it is empty.

    Example:
        >>> Compose([lambda x: x + 1, lambda x: 10 * x])(2)
        30

    Source: PyTorch, torchvision.transforms.v2.Compose.
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        super().__init__()
        if not isinstance(transforms, Sequence):
            raise TypeError(f"transforms must be a list of transforms, got {transforms!r}")
        if not transforms:
            raise ValueError("transforms must be one or more, got none")
        self.transforms = transforms

    def forward(self, image: Any) -> Any:
        """What the last transform returns."""
        for transform in self.transforms:
            image = transform(image)
        return image
