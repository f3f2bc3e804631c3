"""Normalize: bring the numbers of each channel to where networks like them.

    out[..., c, i, j] = (image[..., c, i, j] - mean[c]) / std[c]

Pixels are all positive, so without it every input pulls the weights of a unit the same way. The
means and deviations are those of the training data, measured once and used for all data: taken
from each picture itself they would wipe out how bright it was. The result is no picture any more,
so this comes last, after all that expects numbers between 0 and 1.

Not to be confused with batch normalization, which measures each batch, inside the network.

Read next: `concepts/regularization/compose.py`, which puts them in a row.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Normalize(nn.Module):
    """Subtract a mean from each channel and divide it by a standard deviation.

    Args:
        mean: one number for each channel, in the unit of the image, or a single one for all.
        std: likewise, none of them 0.
        inplace: whether to write the result into the image itself.

    Raises:
        ValueError: if a standard deviation is 0.
        TypeError: if the image has whole numbers, which cannot hold the result.

    Example:
        >>> image = torch.tensor([[[0.0, 0.5]], [[0.5, 1.0]]])  # two channels of one row
        >>> Normalize(mean=[0.5, 0.5], std=[0.5, 0.25])(image)
        tensor([[[-1.,  0.]],
        <BLANKLINE>
                [[ 0.,  2.]]])

    Source: Y. LeCun, L. Bottou, G. Orr, K.-R. Müller, "Efficient BackProp", 1998, section 4.3.
    """

    def __init__(self, mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> None:
        super().__init__()
        if not all(std):
            raise ValueError(f"no standard deviation may be 0, got {std}")
        self.mean = list(mean)
        self.std = list(std)
        self.inplace = inplace

    def forward(self, image: Tensor) -> Tensor:
        """The image of shape (..., C, H, W) in standard deviations from the mean."""
        if not image.is_floating_point():
            raise TypeError(f"the image must have a float dtype, got {image.dtype}")
        # In the dtype of the image: float64 would be handed on to the result, and to the network.
        mean, std = (
            torch.as_tensor(numbers, dtype=image.dtype, device=image.device).reshape(-1, 1, 1)
            for numbers in (self.mean, self.std)
        )
        return image.sub_(mean).div_(std) if self.inplace else (image - mean) / std
