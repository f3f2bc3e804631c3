"""Random rotation: a tilted picture still shows the same thing.

    (x, y)  takes the pixel nearest to  (x cos a - y sin a, x sin a + y cos a)

Positions are those from the centre, with y downwards as in every image; the angle a is drawn anew
for every call. Each pixel asks where it comes from, so none is asked for twice and none is
forgotten; asking where it goes would leave holes. The corners come from outside of the image,
where there is nothing, and are filled.

A rotation keeps the label only where the meaning has no direction: a 6 upside down is a 9.

Read next: `concepts/regularization/color_jitter.py`, which changes colours, not places.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn


class RandomRotation(nn.Module):
    """Images rotated about their centre, counter-clockwise for positive angles.

    Args:
        degrees: the angle is drawn uniformly between -degrees and degrees, or from a pair between
            its first and its second number.
        fill: what stands where the image does not reach: a number, or one for each channel.

    Raises:
        ValueError: if there is no such range of angles.

    Example:
        >>> RandomRotation(degrees=(90, 90))(torch.tensor([[[1, 2], [3, 4]]]))
        tensor([[[2, 4],
                 [1, 3]]])

    Source: P. Y. Simard, D. Steinkraus, J. C. Platt, "Best practices for convolutional neural
    networks applied to visual document analysis", 2003, section 2.
    """

    def __init__(
        self,
        degrees: float | Sequence[float],
        *,
        fill: float | Sequence[float] = 0,
    ) -> None:
        super().__init__()
        self.degrees = tuple(degrees) if isinstance(degrees, Sequence) else (-degrees, degrees)
        if len(self.degrees) != 2 or not self.degrees[0] <= self.degrees[1]:
            raise ValueError(
                f"degrees must be a number from 0 on or an ascending pair, got {degrees!r}"
            )
        self.fill = fill

    def forward(self, image: Tensor) -> Tensor:
        """The image, or images (..., channels, height, width), rotated together by one angle."""
        low, high = self.degrees
        angle = torch.empty((), dtype=torch.float64).uniform_(low, high).item()
        return rotated(image, angle, self.fill)


def rotated(image: Tensor, degrees: float, fill: float | Sequence[float]) -> Tensor:
    """Images rotated by an angle; each pixel is one of theirs, or the fill."""
    *_, height, width = image.shape
    y = torch.arange(height, dtype=torch.float64, device=image.device)[:, None] - (height - 1) / 2
    x = torch.arange(width, dtype=torch.float64, device=image.device) - (width - 1) / 2
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    # Rounded only once the centre is added: between two pixels where a size is even.
    rows = (x * sin + y * cos + (height - 1) / 2).round().long()
    columns = (x * cos - y * sin + (width - 1) / 2).round().long()
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    found = image[..., rows.clamp(0, height - 1), columns.clamp(0, width - 1)]
    filling = torch.as_tensor(fill, dtype=image.dtype, device=image.device)
    return torch.where(inside, found, filling.reshape(-1, 1, 1))
