"""Random horizontal flip: left and right change places, every now and then.

    out[..., i] = image[..., W - 1 - i] with probability p, else the image as it is

A cat looking to the left is a cat, and so is one looking to the right: each picture becomes two.
It is the cheapest augmentation there is, and the wrong one for text, for digits, and for whatever
else means another thing in the mirror.

Read next: `concepts/regularization/random_crop.py`, which moves the picture instead.
"""

import torch
from torch import Tensor, nn


class RandomHorizontalFlip(nn.Module):
    """Mirror images left to right with a given probability.

    Each call draws once, also for a batch, whose images are all mirrored or none. It draws in eval
    mode, too: leave it out of the transforms for evaluation.

    Args:
        p: the probability of the mirror image.

    Raises:
        ValueError: if p is no probability.

    Example:
        >>> RandomHorizontalFlip(p=1.0)(torch.tensor([[[1, 2, 3], [4, 5, 6]]]))
        tensor([[[3, 2, 1],
                 [6, 5, 4]]])

    Source: A. Krizhevsky, I. Sutskever, G. Hinton, "ImageNet Classification with Deep Convolutional
    Neural Networks", 2012, section 4.1.
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"p must be a probability between 0 and 1, got {p}")
        self.p = p

    def forward(self, image: Tensor) -> Tensor:
        """The mirror image, or the very same tensor; of any dtype and shape (..., C, H, W)."""
        # torch.rand may give 0 but never 1: so p = 0 never flips, and p = 1 always does.
        return image.flip(-1) if torch.rand(()) < self.p else image
