"""Dropout2d: in training whole channels are left out, each with probability p.

    y_nc = r_nc x_nc / (1 - p),    r_nc = 1 with probability 1 - p, else 0

Neighbouring pixels of a channel nearly say the same: if one of them is dropped, the others still
tell what it was, and nothing is missing. So here the unit is the channel, the image x_nc that a
convolution makes of sample n.

Read next: `concepts/regularization/random_horizontal_flip.py`, which varies images.
"""

from torch import Tensor

from sums_to_one.concepts.regularization.dropout import Dropout


class Dropout2d(Dropout):
    """Channels of the input, dropped independently of each other and in every sample anew.

    Args:
        p: the probability with which each channel of each sample becomes 0, between 0 and 1.
        inplace: whether to write the result into the input.

    Raises:
        ValueError: if p is no probability, or the input is not of shape (N, C, H, W).

    Example:
        >>> import torch
        >>> images = Dropout2d(p=0.75)(torch.ones(50, 20, 3, 2))
        >>> set(images.mean(dim=(2, 3)).flatten().tolist()) == {0.0, 4.0}
        True

    Source: J. Tompson et al., "Efficient Object Localization Using Convolutional Networks", 2015,
    section 3.2, where it is called SpatialDropout.
    """

    def drawn(self, input: Tensor) -> tuple[int, ...]:
        """The shape of what is drawn: one number for all pixels of a channel."""
        if input.ndim != 4:
            raise ValueError(f"input must have the shape (N, C, H, W), got {tuple(input.shape)}")
        return *input.shape[:2], 1, 1
