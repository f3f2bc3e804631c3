"""Images for the transforms: of many kinds, and each of its pixels is told from the others.

Not every transform takes every kind. Who refuses whole numbers, or takes nothing else, and says so
by an error at a first, plain image, is judged with those that it takes.
"""

import functools
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from sums_to_one.tests.common.inputs import grid
from sums_to_one.tests.common.limits import (
    Inside,
    NotProvided,
    current,
    lies_inside,
    widest,
)
from sums_to_one.tests.common.options import feature, is_refusal, provides, refuses

FLOATS = Inside((torch.float64, torch.float32))
IMAGE_DTYPES = Inside((*FLOATS, torch.uint8))
DRAWS = 400  # of which a range that is 11 % too narrow is told, and a gap of 0.26

# So that images of 5 x 7 pixels stay as large as they are.
USUAL: dict[str, dict[str, Any]] = {
    "RandomHorizontalFlip": {"p": 0.5},
    "RandomCrop": {"size": (5, 7), "padding": 2},
    "RandomRotation": {"degrees": 180},
    "ColorJitter": {"brightness": 0.5, "contrast": 0.5, "saturation": 0.5, "hue": 0.25},
    "Normalize": {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
}


def usual(transform, size: tuple[int, int] = (5, 7)):
    """The transform with those of the arguments above that it has, for images of that size.

    A crop that cannot pad makes images smaller: of 5 x 7 pixels 3 x 4.
    """
    own = {n: value for n, value in USUAL[transform.name].items() if provided(transform, n)}
    if transform.name == "RandomCrop":
        height, width = size
        own["size"] = size if "padding" in own else ((height + 1) // 2, (width + 1) // 2)
        own["size"] = own["size"] if takes_pairs(transform) else min(own["size"])
    return made(transform, own)


@functools.cache
def takes_pairs(RandomCrop) -> bool:
    """Whether a size may have a height and a width of its own; else it is one number."""
    one, two = (
        any(not refuses(functools.partial(_crop, RandomCrop, size, d)) for d in IMAGE_DTYPES)
        for size in (2, (2, 3))
    )
    return two or not one


def _crop(RandomCrop, size: object, dtype: torch.dtype) -> None:
    with torch.random.fork_rng(devices=[]):
        RandomCrop(size)(picture(3, 5, 7, dtype=dtype))


def made(transform, arguments: dict[str, Any]):
    """The transform with those of the arguments that it knows, which some only say when asked."""
    try:
        return transform(**arguments)
    except TypeError as error:
        unknown = [name for name in arguments if f"'{name}'" in str(error)]
        if not unknown or len(arguments) == 1:
            raise
    return made(transform, {n: value for n, value in arguments.items() if n not in unknown})


def provided(transform, name: str) -> bool:
    return provides(transform, name) and name not in current().without


def kinds(transform, dtypes: Iterable[torch.dtype] = IMAGE_DTYPES) -> list[torch.dtype]:
    """Those of the dtypes whose images a transform takes."""
    found = [d for d in dtypes if lies_inside(d) and takes(transform, d)]
    if not found:
        raise NotProvided("not provided: images of these dtypes")
    return found


def kind(transform, *others: torch.dtype) -> torch.dtype:
    """For pixels of which the claim says no dtype: the widest, or else whole numbers."""
    return kinds(transform, (widest(), *others, torch.uint8))[0]


def takes(transform, dtype: torch.dtype) -> bool:
    """Whether a first, plain image of that dtype is not refused openly."""
    if not dtype.is_floating_point and "integers" in current().without:
        return False
    return _takes(transform, dtype)


@functools.cache
def _takes(transform, dtype: torch.dtype) -> bool:
    try:
        with torch.random.fork_rng(devices=[]):
            usual(transform)(picture(3, 5, 7, dtype=dtype))
    except Exception as error:
        return not is_refusal(error)
    return True


def picture(*shape: int, dtype: torch.dtype | None = None) -> Tensor:
    """Numbers between 0 and 1, or whole ones up to 255."""
    numbers, dtype = grid(*shape, limit=0.5) + 0.5, dtype or widest()
    return numbers.to(dtype) if dtype.is_floating_point else (255 * numbers).round().to(dtype)


def gray_too(image: Tensor) -> list[Tensor]:
    """The image, and a gray one, whose channels are one in memory, where that is inside."""
    gray = image.narrow(-3, 0, 1).expand_as(image)
    return [one for one in (image, gray) if current().why_not(one) is None]


def numbered(*shape: int, dtype: torch.dtype | None = None) -> Tensor:
    """Pixels from 1 on, which all differ, unless they are only true or false."""
    numbers = torch.arange(1, torch.Size(shape).numel() + 1).reshape(shape)
    return numbers.remainder(2).bool() if dtype == torch.bool else numbers.to(dtype or widest())


def pull_on_pixels(function, image: Tensor, cotangent: Tensor) -> Tensor:
    """The gradient of an image, unless a transform refuses pixels that learn, as it may."""
    leaf = image.detach().requires_grad_()
    with feature("gradients of pixels"):
        came = function(leaf)
    (found,) = torch.autograd.grad((came * cotangent).sum(), leaf)
    return found
