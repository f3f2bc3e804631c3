"""RandomCrop cuts a window out of the image, padded or not, and any window is as likely.

The padded image is NumPy's. All pixels differ, so a window tells where it was cut.

What it owes its caller like every transform is in `test_every_transform.py`.
"""

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.gradients import gradient
from sums_to_one.tests.common.inputs import DTYPES, grid
from sums_to_one.tests.common.options import feature, option
from sums_to_one.tests.common.statistical import (
    assert_bounds,
    assert_mean,
    assert_shape,
    assert_std,
    assert_unrelated,
    randomness,
    uniform_scores,
)

CALLS = 2048  # of which an eighth at wrong places, first or last, is found
MODES = ("edge", "reflect", "symmetric")
Padding = int | tuple[int, ...] | None


class Case(NamedTuple):
    """An image and the window to be cut out of it."""

    shape: tuple[int, ...]
    size: tuple[int, int]
    padding: Padding
    dtype: torch.dtype


@st.composite
def cases(draw: st.DrawFn, paddings: st.SearchStrategy[Padding], least: int = 1) -> Case:
    """Images of up to 6 x 6 pixels, windows no larger than those with their padding."""
    height, width = draw(st.integers(least, 6)), draw(st.integers(least, 6))
    leading = draw(st.sampled_from([(1,), (3,), (4,), (2, 3), (0, 3), (2, 1, 3)]))
    padding = draw(paddings)
    left, top, right, bottom = sides(padding)
    window = st.tuples(st.integers(1, height + top + bottom), st.integers(1, width + left + right))
    dtype = draw(st.sampled_from([*DTYPES, torch.uint8, torch.int64]))
    return Case((*leading, height, width), draw(window), padding, dtype)


def paddings(most: int) -> st.SearchStrategy[Padding]:
    """One, two or four numbers of pixels, or none."""
    one = st.integers(0, most)
    return st.none() | one | st.tuples(one, one) | st.tuples(one, one, one, one)


def sides(padding: Padding) -> Sequence[int]:
    """The padding at left, top, right and bottom."""
    if isinstance(padding, tuple):
        return padding * (4 // len(padding))
    return [padding or 0] * 4


def picture(*shape: int, dtype: torch.dtype = torch.int64) -> Tensor:
    """Pixels from 1 on, which all differ."""
    return torch.arange(1, torch.Size(shape).numel() + 1).reshape(shape).to(dtype)


def padded(image: Tensor, padding: Padding, fill: float = 0, mode: str = "constant") -> Tensor:
    left, top, right, bottom = sides(padding)
    widths = [(0, 0)] * (image.ndim - 2) + [(top, bottom), (left, right)]
    options = {"constant_values": fill} if mode == "constant" else {}
    pad: Any = np.pad  # whose types know no options that are chosen later
    return torch.from_numpy(pad(image.double().numpy(), widths, mode, **options)).to(image.dtype)


def grown(image: Tensor, padding: Padding, size: tuple[int, int]) -> tuple[int, ...]:
    """The padding with what is still lacking, which is added at both ends."""
    left, top, right, bottom = sides(padding)
    down = max(0, size[0] - image.shape[-2] - top - bottom)
    across = max(0, size[1] - image.shape[-1] - left - right)
    return left + across, top + down, right + across, bottom + down


def place(came: Tensor, image: Tensor, size: tuple[int, int]) -> tuple[int, int]:
    """The row and the column at which a window was cut out of an image, padded beforehand."""
    assert came.shape == (*image.shape[:-2], *size), f"came the shape {tuple(came.shape)}"
    assert came.dtype == image.dtype, f"of {image.dtype} it made {came.dtype}"
    for top, left in places(image, size):
        if torch.equal(came, image[..., top : top + size[0], left : left + size[1]]):
            return top, left
    raise AssertionError(f"no window of {image.tolist()}\nis what came: {came.tolist()}")


def places(image: Tensor, size: tuple[int, int]) -> list[tuple[int, int]]:
    (height, width), (h, w) = image.shape[-2:], size
    return list(itertools.product(range(height - h + 1), range(width - w + 1)))


def cuts(crop, image: Tensor, count: int) -> list[Tensor]:
    with randomness():
        return [crop(image) for _ in range(count)]


@pytest.mark.claim("5.3.1")
@given(cases(st.none()))
def test_it_is_a_window_of_the_image(RandomCrop, case):
    image = picture(*case.shape, dtype=case.dtype)
    for came in cuts(RandomCrop(case.size), image, 3):
        place(came, image, case.size)


@pytest.mark.claim("5.3.1")
def test_one_number_is_the_size_of_a_square(RandomCrop):
    image = picture(3, 5, 7)
    for size in (1, 3, 5):
        for came in cuts(RandomCrop(size), image, 3):
            place(came, image, (size, size))


@pytest.mark.claim("5.3.1")
@given(cases(paddings(4)))
def test_it_is_a_window_of_the_padded_image(RandomCrop, case):
    option(RandomCrop, "padding")
    image = picture(*case.shape, dtype=case.dtype)
    for came in cuts(RandomCrop(case.size, case.padding), image, 3):
        place(came, padded(image, case.padding), case.size)


@pytest.mark.claim("5.3.1")
@given(cases(paddings(4)), st.integers(0, 200))
def test_the_padding_is_filled_as_asked(RandomCrop, case, fill):
    option(RandomCrop, "padding", "fill")
    image = picture(*case.shape, dtype=case.dtype)
    for came in cuts(RandomCrop(case.size, padding=case.padding, fill=fill), image, 3):
        place(came, padded(image, case.padding, fill), case.size)


@pytest.mark.claim("5.3.1")
def test_each_channel_may_have_a_fill_of_its_own(RandomCrop):
    option(RandomCrop, "padding", "fill")
    with feature("a fill for each channel"):
        RandomCrop(4, padding=2, fill=(101, 150, 202))(picture(3, 2, 3, dtype=torch.float32))
    for leading, dtype in itertools.product([(), (2,), (3,)], (torch.float32, torch.uint8)):
        image = picture(*leading, 3, 2, 3, dtype=dtype)
        crop = RandomCrop((4, 5), padding=(2, 1, 3, 2), fill=(101, 150, 202))
        channels = zip(image.unbind(dim=-3), (101, 150, 202), strict=True)
        expected = [padded(channel, (2, 1, 3, 2), fill) for channel, fill in channels]
        for came in cuts(crop, image, 3):
            place(came, torch.stack(expected, dim=-3), (4, 5))


@pytest.mark.claim("5.3.1")
@given(cases(paddings(2), least=3), st.sampled_from(MODES))
def test_the_padding_may_come_from_the_image(RandomCrop, case, mode):
    option(RandomCrop, "padding", "padding_mode")
    if 0 in case.shape:
        return  # NumPy pads no empty batch in this way
    image = picture(*case.shape, dtype=case.dtype)
    crop = RandomCrop(case.size, padding=case.padding, padding_mode=mode)
    for came in cuts(crop, image, 3):
        place(came, padded(image, case.padding, mode=mode), case.size)


@pytest.mark.claim("5.3.1")
@pytest.mark.parametrize(("height", "width"), [(2, 3), (2, 7), (4, 1), (6, 7)])
def test_what_an_image_lacks_is_added_if_that_is_asked_for(RandomCrop, height, width):
    option(RandomCrop, "pad_if_needed", "padding")
    image, size = picture(2, 3, height, width), (4, 5)
    for padding in (None, (1, 0)):
        crop = RandomCrop(size, padding=padding, pad_if_needed=True)
        expected = padded(image, grown(image, padding, size))
        found = {place(came, expected, size) for came in cuts(crop, image, 200)}
        never = set(places(expected, size)) - found
        assert not never, f"at {sorted(never)} it is never cut, with padding={padding}"


@pytest.mark.claim("5.3.1")
def test_what_is_added_is_padding_like_any_other(RandomCrop):
    option(RandomCrop, "pad_if_needed", "padding", "fill", "padding_mode")
    for shape, padding in itertools.product([(2, 3), (2, 7), (4, 1)], (None, (1, 0))):
        image = picture(2, 3, *shape)
        for fill, mode in ((201, "constant"), (0, "edge")):
            options = {"padding": padding, "fill": fill, "padding_mode": mode}
            crop = RandomCrop((4, 5), pad_if_needed=True, **options)
            expected = padded(image, grown(image, padding, (4, 5)), fill, mode)
            for came in cuts(crop, image, 3):
                place(came, expected, (4, 5))


@pytest.mark.claim("5.3.1")
def test_a_padding_that_there_is_not_is_refused(RandomCrop):
    option(RandomCrop, "padding", "padding_mode")
    for mode in ("reflecting", "", "CONSTANT_"):
        with pytest.raises((ValueError, TypeError, LookupError, RuntimeError, AssertionError)):
            RandomCrop((5, 7), padding=2, padding_mode=mode)(picture(3, 5, 7))


@pytest.mark.claim("5.3.1")
def test_an_image_smaller_than_the_window_is_refused(RandomCrop):
    wrong = (ValueError, RuntimeError, AssertionError)
    for shape, size in [((3, 5, 7), (6, 7)), ((3, 5, 7), (5, 8)), ((2, 3, 5, 7), 6)]:
        with pytest.raises(wrong):
            RandomCrop(size)(picture(*shape))
    option(RandomCrop, "padding")
    for size, padding in [((6, 7), (1, 0)), ((5, 8), (0, 1)), ((8, 7), 1), ((7, 9), (1, 1, 1, 0))]:
        with pytest.raises(wrong):
            RandomCrop(size, padding=padding)(picture(3, 5, 7))


@pytest.mark.claim("5.3.6")
def test_no_place_is_left_out(RandomCrop):
    # The smallest windows, the largest but one, and an image one pixel high, or wide. By chance,
    # one of 12 places is never seen in 280 calls once in three thousand million runs.
    for shape, size in [((3, 4), (1, 1)), ((4, 3), (3, 2)), ((1, 7), (1, 3)), ((5, 1), (2, 1))]:
        image = picture(2, *shape)
        found = {place(came, image, size) for came in cuts(RandomCrop(size), image, 280)}
        never = set(places(image, size)) - found
        assert not never, f"of {shape}, at {sorted(never)} no window of {size} is ever cut"


@pytest.mark.claim("5.3.6")
def test_with_padding_no_place_is_left_out_either(RandomCrop):
    option(RandomCrop, "padding")
    for padding in (1, (1, 0), (0, 1), (1, 0, 0, 1), (0, 1, 1, 1)):
        image = padded(picture(3, 2, 3), padding)
        crops = cuts(RandomCrop((2, 3), padding=padding), picture(3, 2, 3), 200)
        never = set(places(image, (2, 3))) - {place(came, image, (2, 3)) for came in crops}
        assert not never, f"at {sorted(never)} it is never cut, with padding={padding}"


@pytest.mark.claim("5.3.6")
@pytest.mark.parametrize(
    ("shape", "size", "padding"),
    [((9, 7), (3, 3), None), ((3, 2), (3, 2), (1, 2)), ((300, 5), (1, 4), None)],
    ids=["without padding", "with padding", "a tall image"],
)
def test_all_places_are_equally_likely(RandomCrop, shape, size, padding):
    options = {} if padding is None else {"padding": padding}
    option(RandomCrop, *options)
    crops = torch.stack(cuts(RandomCrop(size, **options), picture(1, *shape), CALLS)).flatten(1)
    # The last pixel of the image in a window is where it is in the image, less the place.
    last, at = (crops.amax(dim=1) - 1, shape[1]), (crops.argmax(dim=1), size[1])
    directions = []
    for dim, most in enumerate(padded(picture(1, *shape), padding).shape[1:]):
        spare = most - size[dim]
        in_image, in_window = (n % width if dim else n // width for n, width in (last, at))
        begins = sides(padding)[1 - dim] + in_image - in_window
        jitter = torch.Generator().manual_seed(dim)
        share = (begins + torch.rand(CALLS, generator=jitter, dtype=torch.float64)) / (spare + 1)
        direction = ("from top to bottom", "from left to right")[dim]
        assert_bounds(f"the places {direction}", share, 0, 1)
        directions.append(uniform_scores(share, 0, 1))
        assert_mean(f"the places {direction}", directions[-1])
        assert_std(f"the places {direction}", directions[-1])
        assert_shape(f"the places {direction}", directions[-1])
        assert_unrelated(f"the places {direction}, from call to call", directions[-1])
    assert_unrelated("the places in one direction and in the other", *directions)


@pytest.mark.claim("5.3.4")
def test_a_pixel_gets_the_gradients_of_all_its_copies(RandomCrop):
    option(RandomCrop, "padding", "padding_mode")
    for mode, further in itertools.product(("constant", *MODES), range(4)):
        crop = RandomCrop((5, 4), padding=2, padding_mode=mode)
        cotangent = grid(3, 5, 4)
        with randomness(further):
            source = crop(picture(3, 4, 5)).flatten()
        with randomness(further):
            came = gradient(crop, grid(3, 4, 5), cotangent)
        expected = torch.zeros(61, dtype=torch.float64).index_add(0, source, cotangent.flatten())
        assert_close(f"the gradient, padding {mode}", came, expected[1:].reshape(3, 4, 5))
