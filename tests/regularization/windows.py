"""Windows of images, which NumPy pads, and the places at which they were cut out.

All pixels differ, so a window tells where it was cut.
"""

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.here import generator
from sums_to_one.tests.common.inputs import DTYPES
from sums_to_one.tests.common.limits import lies_inside, outside
from sums_to_one.tests.regularization.images import kinds, numbered, takes_pairs

Padding = int | tuple[int, ...] | None

WINDOW_DTYPES = (*DTYPES, torch.uint8, torch.int64)


class Case(NamedTuple):
    """An image and the window to be cut out of it."""

    shape: tuple[int, ...]
    size: tuple[int, int]
    padding: Padding
    dtype: torch.dtype


def fits(leading: tuple[int, ...]) -> bool:
    """Whether images with these dimensions before height and width lie inside the limits."""
    return lies_inside((*leading, 1, 1))


LEADING = st.sampled_from([(1,), (3,), (4,), (2, 3), (0, 3), (2, 1, 3)]).filter(fits)
OF_ANY_DTYPE = st.sampled_from(WINDOW_DTYPES)


@st.composite
def cases(draw: st.DrawFn, paddings: st.SearchStrategy[Padding], least: int = 1) -> Case:
    """Images of up to 6 x 6 pixels, windows no larger than those with their padding."""
    height, width = draw(st.integers(least, 6)), draw(st.integers(least, 6))
    leading = draw(LEADING)
    padding = draw(paddings)
    left, top, right, bottom = sides(padding)
    window = st.tuples(st.integers(1, height + top + bottom), st.integers(1, width + left + right))
    dtype = draw(OF_ANY_DTYPE)
    return Case((*leading, height, width), draw(window), padding, dtype)


def sized(RandomCrop, size: tuple[int, int], **options: Any):
    """A crop of that size, which is one number where no two are taken, if it is a square."""
    if takes_pairs(RandomCrop):
        return RandomCrop(size, **options)
    if size[0] != size[1]:
        outside("a size of two numbers")
    return RandomCrop(size[0], **options)


def of_case(RandomCrop, case: Case) -> Tensor:
    """The image of a case; where its dtype is refused, one whose dtype is not."""
    dtypes = kinds(RandomCrop, WINDOW_DTYPES)
    return numbered(*case.shape, dtype=case.dtype if case.dtype in dtypes else dtypes[0])


def paddings(most: int) -> st.SearchStrategy[Padding]:
    """One, two or four numbers of pixels, or none."""
    one = st.integers(0, most)
    return st.none() | one | st.tuples(one, one) | st.tuples(one, one, one, one)


def sides(padding: Padding) -> Sequence[int]:
    """The padding at left, top, right and bottom."""
    if isinstance(padding, tuple):
        return padding * (4 // len(padding))
    return [padding or 0] * 4


def padded(image: Tensor, padding: Padding, fill: float = 0, mode: str = "constant") -> Tensor:
    left, top, right, bottom = sides(padding)
    widths = [(0, 0)] * (image.ndim - 2) + [(top, bottom), (left, right)]
    options = {"constant_values": fill} if mode == "constant" else {}
    pad: Any = np.pad  # whose types know no options that are chosen later
    return torch.as_tensor(pad(image.double().cpu().numpy(), widths, mode, **options)).to(
        image.dtype
    )


def grown(image: Tensor, padding: Padding, size: tuple[int, int]) -> tuple[int, ...]:
    """The padding with what is still lacking, which is added at both ends."""
    left, top, right, bottom = sides(padding)
    down = max(0, size[0] - image.shape[-2] - top - bottom)
    across = max(0, size[1] - image.shape[-1] - left - right)
    return left + across, top + down, right + across, bottom + down


def place(came: Tensor, image: Tensor, size: tuple[int, int]) -> tuple[int, int]:
    """The row and the column at which a window was cut out of an image, padded beforehand."""
    __tracebackhide__ = True
    assert came.shape == (*image.shape[:-2], *size), f"came the shape {tuple(came.shape)}"
    assert came.dtype == image.dtype, f"of {image.dtype} it made {came.dtype}"
    for top, left in all_places(image, size):
        if torch.equal(came, image[..., top : top + size[0], left : left + size[1]]):
            return top, left
    raise AssertionError(f"no window of {image.tolist()}\nis what came: {came.tolist()}")


def all_places(image: Tensor, size: tuple[int, int]) -> list[tuple[int, int]]:
    (height, width), (h, w) = image.shape[-2:], size
    return list(itertools.product(range(height - h + 1), range(width - w + 1)))


def assert_windows(crops: list[Tensor], image: Tensor, size: tuple[int, int]) -> None:
    """Each of them is cut out of the image somewhere."""
    __tracebackhide__ = True
    for came in crops:
        place(came, image, size)


def assert_no_place_left_out(crops: list[Tensor], image: Tensor, size: tuple[int, int]) -> None:
    """They are cut at every place at least once."""
    __tracebackhide__ = True
    never = set(all_places(image, size)) - {place(came, image, size) for came in crops}
    what = f"windows of {size} out of {tuple(image.shape)}"
    assert not never, f"{what}: at {sorted(never)} none was cut in {len(crops)} calls"


def place_shares(windows: Tensor, shape: tuple[int, int], padding: Padding) -> Tensor:
    """How far each window is on the way from the first place to the last, down and across.

    A place becomes any number of its share of the way, so these are uniform if all are as likely.

    Args:
        windows: one upon the other, each with a pixel of the image at least.
        shape: of the image, whose pixels are numbered.
        padding: around it.
    """
    (height, width), (h, w) = shape, windows.shape[1:]
    left, top, right, bottom = sides(padding)
    # The last pixel of the image in a window is where it is in the image, less the place.
    last, at = windows.flatten(1).max(dim=1)
    down, across = (last - 1) // width - at // w + top, (last - 1) % width - at % w + left
    counts = torch.tensor([height + top + bottom - h + 1, width + left + right - w + 1])
    random = generator(0)
    within = torch.rand(2, len(windows), generator=random, dtype=torch.float64)
    return (torch.stack([down, across]) + within) / counts[:, None]
