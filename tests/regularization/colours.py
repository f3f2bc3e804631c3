"""What claims about colours are written in: images, jitters without choice, the four changes."""

import colorsys

import torch
from torch import Tensor

from sums_to_one.tests.common.inputs import grid
from sums_to_one.tests.common.limits import inside, widest
from sums_to_one.tests.common.options import option, refuses, takes_any
from sums_to_one.tests.regularization.images import takes

LUMA = (0.299, 0.587, 0.114)
NAMES = ("brightness", "contrast", "saturation", "hue")
FACTORS = (0, 0.125, 0.5, 0.875, 1, 1.125, 1.5, 2, 3.5)
SHIFTS = tuple(n / 16 for n in range(-8, 9))
PHOTOGRAPHS = [(3, 5, 7), (2, 3, 5, 7), (3, 7, 2)]  # wide ones and a tall one


def colours(dtype: torch.dtype | None = None) -> Tensor:
    """An image of all colours of five levels a channel, black and white and grays among them."""
    levels, dtype = torch.linspace(0, 1, 5, dtype=torch.float64), dtype or widest()
    image = torch.cartesian_prod(levels, levels, levels).T.reshape(3, 5, 25)
    return (image * 255).round().to(dtype) if dtype == torch.uint8 else image.to(dtype)


def photograph(*shape: int) -> Tensor:
    """Scrambled colours, more red than blue, so that channels and images differ in their means."""
    image = (grid(*shape) + 6) / 12
    return image ** torch.arange(1, shape[-3] + 1).reshape(-1, 1, 1)


def photographs(dtype: torch.dtype | None = None) -> list[Tensor]:
    """One, two in a batch, and a tall one."""
    return [photograph(*shape).to(dtype or widest()) for shape in inside(PHOTOGRAPHS)]


def fixed(ColorJitter, **of: float):
    """The jitter that has no choice."""
    option(ColorJitter, *of)
    return ColorJitter(**{name: (factor, factor) for name, factor in of.items()})


def factors_of(ColorJitter, name: str) -> list[float]:
    """Those that it takes: somebody may have a largest one."""
    option(ColorJitter, name)
    return takes_any(FACTORS, lambda factor: fixed(ColorJitter, **{name: factor}))


def grays(ColorJitter, dtype: torch.dtype) -> list[Tensor]:
    """Images of one channel, alone and in a batch, of those that are taken."""
    jitter, shapes = fixed(ColorJitter, brightness=0.5), inside([(1, 5, 7), (3, 1, 5, 7)])
    images = [photograph(*shape).to(dtype) for shape in shapes]
    return [image for image in images if not refuses(lambda: jitter(image))]  # noqa: B023


def gray(ColorJitter, image: Tensor) -> Tensor:
    """What the subject takes for gray, with one channel."""
    if image.shape[-3] == 1:
        return image.double()
    weights = torch.tensor(LUMA, dtype=torch.float64)
    if takes(ColorJitter, widest()):
        pure = torch.eye(3, dtype=widest()).reshape(3, 1, 3)
        weights = fixed(ColorJitter, saturation=0)(pure)[0, 0].double()
    return torch.einsum("...chw,c->...hw", image.double(), weights).unsqueeze(-3)


def jittered(ColorJitter, name: str, image: Tensor, factor: float) -> Tensor:
    """What one of the four makes of an image, whose values go up to 1 or to 255."""
    most = 255 if image.dtype == torch.uint8 else 1
    x = image.double()
    if name == "hue":
        return with_hues_shifted(x / most, factor) * most
    other = {
        "brightness": torch.zeros_like(x),
        "contrast": gray(ColorJitter, x).mean((-3, -2, -1), keepdim=True),
        "saturation": gray(ColorJitter, x),
    }[name]
    return (factor * x + (1 - factor) * other).clamp(0, most)


def with_hues_shifted(image: Tensor, shift: float) -> Tensor:
    """The image with every hue so many circles further on, one pixel after the other."""
    came = []
    for red, green, blue in image.flatten(1).T.tolist():
        hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
        came.append(colorsys.hsv_to_rgb((hue + shift) % 1, saturation, value))
    return torch.tensor(came, dtype=torch.float64).T.reshape(image.shape)
