"""Colour jitter: the same thing in another light.

    brightness    f x                           a longer exposure
    contrast      f x + (1 - f) mean of gray    away from the average gray of the image
    saturation    f x + (1 - f) gray            away from each pixel's own gray
    hue           the angle of the colour, turned by f of a full circle

    gray = 0.2989 red + 0.587 green + 0.114 blue

A factor of 1, for hue a shift of 0, changes nothing; below 1 the image is mixed with black or gray,
above 1 it moves further away from them, and is cut off where it leaves the range of values. What is
cut off is lost, so the order of the four matters; it is drawn anew for every call, as the factors
are.

The gray is what an eye would see: it is most sensitive to green, and least to blue.

Read next: `concepts/regularization/normalize.py`, which comes after all of them.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

LUMA = (0.2989, 0.587, 0.114)


class ColorJitter(nn.Module):
    """Images of random brightness, contrast, saturation and hue.

    Args:
        brightness: the factor is drawn uniformly from [max(0, 1 - brightness), 1 + brightness], or
            from a pair between its first and its second number. None leaves it alone.
        contrast: likewise.
        saturation: likewise.
        hue: the shift is drawn from [-hue, hue] or from a pair, in full circles: 1/3 makes red
            green. As 0.5 reaches the opposite colour from both sides, it is the most.

    Raises:
        ValueError: if a factor could be negative, or a shift beyond 0.5.

    Example:
        >>> red = torch.tensor([1.0, 0.0, 0.0]).reshape(3, 1, 1)
        >>> ColorJitter(brightness=(0.5, 0.5), hue=(0.5, 0.5))(red).flatten()
        tensor([0.0000, 0.5000, 0.5000])

    Source: A. G. Howard, "Some improvements on deep convolutional neural network based image
    classification", 2013, section 2. The weights of gray: ITU-R BT.601. Hue: A. R. Smith,
    "Color gamut transform pairs", 1978.
    """

    def __init__(
        self,
        brightness: float | Sequence[float] | None = None,
        contrast: float | Sequence[float] | None = None,
        saturation: float | Sequence[float] | None = None,
        hue: float | Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        self.brightness = _factors(brightness, "brightness")
        self.contrast = _factors(contrast, "contrast")
        self.saturation = _factors(saturation, "saturation")
        self.hue = _shifts(hue)

    def forward(self, image: Tensor) -> Tensor:
        """Images (..., channels, height, width), of whole numbers up to 255 or others up to 1.

        All of them are changed in the same way. With one channel they have no saturation or hue.
        """
        changes = [
            (adjust, torch.empty(()).uniform_(*bounds).item())
            for adjust, bounds in (
                (brighter, self.brightness),
                (contrasted, self.contrast),
                (saturated, self.saturation),
                (shifted, self.hue),
            )
            if bounds is not None
        ]
        x = image if image.is_floating_point() else image / 255
        for i in torch.randperm(len(changes)).tolist():
            adjust, factor = changes[i]
            x = adjust(x, factor)
        return x if image.is_floating_point() else (x * 255).round().to(image.dtype)


def gray(x: Tensor) -> Tensor:
    """What a gray image shows instead, with one channel."""
    if x.shape[-3] == 1:
        return x
    return (x * x.new_tensor(LUMA).reshape(3, 1, 1)).sum(dim=-3, keepdim=True)


def brighter(x: Tensor, factor: float) -> Tensor:
    return (factor * x).clamp(0, 1)


def contrasted(x: Tensor, factor: float) -> Tensor:
    """Away from the average gray of each image, not of the batch: its neighbours are chance."""
    return (factor * x + (1 - factor) * gray(x).mean(dim=(-3, -2, -1), keepdim=True)).clamp(0, 1)


def saturated(x: Tensor, factor: float) -> Tensor:
    return x if x.shape[-3] == 1 else (factor * x + (1 - factor) * gray(x)).clamp(0, 1)


def shifted(x: Tensor, shift: float) -> Tensor:
    """The colours so many circles further on; the largest and the smallest channel stay so."""
    if x.shape[-3] == 1:
        return x
    red, green, blue = x.unbind(dim=-3)
    most, least = x.amax(dim=-3), x.amin(dim=-3)
    chroma = most - least
    width = chroma.where(chroma > 0, 1)  # gray has no hue: any will do, but not 0 / 0
    hue = torch.where(
        most == red,
        (green - blue) / width,
        torch.where(most == green, 2 + (blue - red) / width, 4 + (red - green) / width),
    )  # in sixths of the circle
    # How far each channel is below the largest falls and rises with the hue, a third apart.
    sixths = torch.stack([hue + offset + 6 * shift for offset in (5, 3, 1)], dim=-3).remainder(6)
    below = torch.minimum(sixths, 4 - sixths).clamp(0, 1)
    return most.unsqueeze(-3) - chroma.unsqueeze(-3) * below


def _factors(given: float | Sequence[float] | None, name: str) -> tuple[float, float] | None:
    if given is None:
        return None
    low, high = given if isinstance(given, Sequence) else (max(0, 1 - given), 1 + given)
    if not 0 <= low <= high or (not isinstance(given, Sequence) and given < 0):
        raise ValueError(f"{name} must be a number from 0 on, or an ascending pair, got {given!r}")
    return low, high


def _shifts(given: float | Sequence[float] | None) -> tuple[float, float] | None:
    if given is None:
        return None
    low, high = given if isinstance(given, Sequence) else (-given, given)
    if not -0.5 <= low <= high <= 0.5:
        raise ValueError(
            f"hue must be a number from 0 to 0.5, or an ascending pair up to there, got {given!r}"
        )
    return low, high
