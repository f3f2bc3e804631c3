"""RandomCrop cuts a window out of the image, padded or not, and any window is as likely.

What it owes its caller like every transform is in `test_every_transform.py`.
"""

import itertools
from collections.abc import Iterator

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.inputs import exact, grid
from sums_to_one.tests.common.limits import inside, outside, widest
from sums_to_one.tests.common.options import feature
from sums_to_one.tests.common.refusals import REFUSALS, needs_options, outcome
from sums_to_one.tests.common.statistical import (
    assert_bounds,
    assert_mean,
    assert_shape,
    assert_std,
    assert_unrelated,
    randomness,
    uniform_scores,
)
from sums_to_one.tests.regularization.images import (
    FLOATS,
    gray_too,
    kind,
    kinds,
    numbered,
    provided,
    pull_on_pixels,
    takes_pairs,
)
from sums_to_one.tests.regularization.windows import (
    Case,
    assert_no_place_left_out,
    assert_windows,
    cases,
    grown,
    of_case,
    padded,
    paddings,
    place_shares,
    sized,
)

CROPS = 2048  # of which an eighth at wrong places, first or last, is found
MODES = ("edge", "reflect", "symmetric")
FILLS = (101, 150, 202)  # of three channels


def needs_mode(RandomCrop, mode: str) -> None:
    """End the claim as not provided where padding of this kind is refused."""
    needs_options(RandomCrop, 3, padding=1, padding_mode="constant")
    image = numbered(3, 4, 5, dtype=kind(RandomCrop))
    with feature(f"the padding mode {mode!r}"):
        sized(RandomCrop, (5, 4), padding=2, padding_mode=mode)(image)


def cuts(crop, image: Tensor, count: int = 3) -> list[Tensor]:
    with randomness():
        return [crop(image) for _ in range(count)]


@pytest.mark.claim("5.3.1")
@given(cases(st.none()))
def test_it_is_a_window_of_the_image(RandomCrop, case):
    image = of_case(RandomCrop, case)
    assert_windows(cuts(sized(RandomCrop, case.size), image), image, case.size)


@pytest.mark.claim("5.3.1")
@pytest.mark.parametrize(
    ("shape", "size"), [((3, 90_001), (2, 70_001)), ((90_001, 3), (70_001, 2))]
)
def test_a_large_window_of_a_large_image_is_one_too(RandomCrop, shape, size):
    image = numbered(1, *shape, dtype=kinds(RandomCrop, (widest(), torch.int64))[0])
    for came in cuts(sized(RandomCrop, size), image):
        top, left = divmod(int(came[0, 0, 0]) - 1, shape[1])
        right = image[:, top : top + size[0], left : left + size[1]]
        assert torch.equal(came, right), f"the window of {size} at {top, left} is {came}"


@pytest.mark.claim("5.3.1")
@pytest.mark.parametrize("padding", [None, 1], ids=["plain", "padded"])
def test_whole_numbers_are_cut_out_with_all_their_digits(RandomCrop, padding):
    options = {} if padding is None else {"padding": padding}
    needs_options(RandomCrop, 3, **options)
    for dtype in kinds(RandomCrop, (torch.int64, torch.int32)):
        image = numbered(3, 5, 7, dtype=dtype) + (torch.iinfo(dtype).max - 105)
        right = torch.nn.functional.pad(image, [padding or 0] * 4)
        assert_windows(cuts(RandomCrop(5, **options), image), right, (5, 5))


@pytest.mark.claim("5.3.1")
@pytest.mark.parametrize("size", [1, 3, 5])
def test_one_number_is_the_size_of_a_square(RandomCrop, size):
    image = numbered(3, 5, 7, dtype=kind(RandomCrop))
    assert_windows(cuts(RandomCrop(size), image), image, (size, size))


@pytest.mark.claim("5.3.1")
def test_sizes_and_paddings_may_be_lists(RandomCrop):
    image = numbered(3, 5, 7, dtype=kind(RandomCrop))
    with feature("a size of two numbers"):
        crops = cuts(RandomCrop([3, 4]), image)
    assert_windows(crops, image, (3, 4))
    alone = outcome(lambda: RandomCrop([3])(image))
    assert isinstance(alone, Exception) or alone.shape == (3, 3, 3), f"of [3]: {alone.shape}"
    needs_options(RandomCrop, 3, padding=1)
    for padding in ([1, 2], [2, 0, 1, 3]):
        with feature("a list of paddings"):
            crops = cuts(sized(RandomCrop, (8, 8), padding=padding), image)
        assert_windows(crops, padded(image, tuple(padding)), (8, 8))


@pytest.mark.claim("5.3.1")
@given(cases(paddings(4)))
@example(Case((3, 3, 5), (3, 8), (2, 0), torch.int64))
def test_it_is_a_window_of_the_padded_image(RandomCrop, case):
    needs_options(RandomCrop, 3, padding=1)
    image = of_case(RandomCrop, case)
    crops = cuts(sized(RandomCrop, case.size, padding=case.padding), image)
    assert_windows(crops, padded(image, case.padding), case.size)


@pytest.mark.claim("5.3.1")
@given(cases(paddings(4)), st.integers(0, 200))
def test_the_padding_is_filled_as_asked(RandomCrop, case, fill):
    needs_options(RandomCrop, 3, padding=1, fill=1)
    image = of_case(RandomCrop, case)
    crops = cuts(sized(RandomCrop, case.size, padding=case.padding, fill=fill), image)
    assert_windows(crops, padded(image, case.padding, fill), case.size)


@pytest.mark.claim("5.3.1")
@pytest.mark.parametrize("fill", [0.5, -0.25, (0.125, 0.5, -2.75)], ids=str)
def test_fractions_are_filled_with_fractions(RandomCrop, fill):
    needs_options(RandomCrop, 3, padding=1, fill=1)
    fills = fill if isinstance(fill, tuple) else (fill,) * 3
    for dtype in kinds(RandomCrop, FLOATS):
        image = numbered(3, 2, 3, dtype=dtype)
        with feature("a fill of this kind"):
            crops = cuts(sized(RandomCrop, (4, 5), padding=(2, 1), fill=fill), image)
        channels = zip(image[:, None], fills, strict=True)
        right = torch.cat([padded(channel, (2, 1), of) for channel, of in channels])
        assert_windows(crops, right, (4, 5))


def of_three_channels(RandomCrop) -> Iterator[Tensor]:
    """Images, batches of two and of three; and gray ones, whose channels are one in memory."""
    shapes = inside([(3, 2, 3), (2, 3, 2, 3), (3, 3, 2, 3)])
    for shape, dtype in itertools.product(shapes, kinds(RandomCrop)):
        yield from gray_too(numbered(*shape, dtype=dtype))


def filled(image: Tensor, padding: tuple[int, ...]) -> Tensor:
    """The image, padded with the fill of each channel."""
    channels = zip(image.unbind(dim=-3), FILLS, strict=True)
    return torch.stack([padded(channel, padding, fill) for channel, fill in channels], dim=-3)


@pytest.mark.claim("5.3.1")
def test_each_channel_may_have_a_fill_of_its_own(RandomCrop):
    needs_options(RandomCrop, 3, padding=1, fill=1)
    with feature("a fill for each channel"):
        RandomCrop(4, padding=2, fill=FILLS)(numbered(3, 2, 3, dtype=kind(RandomCrop)))
    for image in of_three_channels(RandomCrop):
        crop = sized(RandomCrop, (4, 5), padding=(2, 1, 3, 2), fill=FILLS)
        assert_windows(cuts(crop, image), filled(image, (2, 1, 3, 2)), (4, 5))


@pytest.mark.claim("5.3.1")
def test_what_is_added_has_the_fill_of_its_channel(RandomCrop):
    needs_options(RandomCrop, 3, pad_if_needed=True, fill=1)
    with feature("a fill for each channel"):
        options = {"pad_if_needed": True, "fill": FILLS}
        RandomCrop(4, **options)(numbered(3, 2, 3, dtype=kind(RandomCrop)))
    for image in of_three_channels(RandomCrop):
        crops = cuts(sized(RandomCrop, (4, 5), **options), image)
        assert_windows(crops, filled(image, grown(image, None, (4, 5))), (4, 5))


@pytest.mark.claim("5.3.1")
@pytest.mark.parametrize("mode", MODES)
# NumPy pads no empty batch in this way.
@given(case=cases(paddings(2), least=3).filter(lambda case: 0 not in case.shape))
@example(case=Case((3, 2, 2), (4, 4), 1, torch.float32))  # two pixels are a mirror already
def test_the_padding_may_come_from_the_image(RandomCrop, case, mode):
    needs_mode(RandomCrop, mode)
    image = of_case(RandomCrop, case)
    crops = cuts(sized(RandomCrop, case.size, padding=case.padding, padding_mode=mode), image)
    assert_windows(crops, padded(image, case.padding, mode=mode), case.size)


@pytest.mark.claim("5.3.1")
@pytest.mark.parametrize(("height", "width"), [(1, 3), (3, 1), (2, 7), (4, 1), (6, 7)])
def test_what_an_image_lacks_is_added_if_that_is_asked_for(RandomCrop, height, width):
    needs_options(RandomCrop, 3, pad_if_needed=True)
    image, size = numbered(3, height, width, dtype=kind(RandomCrop)), (4, 5)
    for padding in (None, (1, 0)) if provided(RandomCrop, "padding") else (None,):
        options = {} if padding is None else {"padding": padding}
        crops = cuts(sized(RandomCrop, size, pad_if_needed=True, **options), image, 200)
        assert_no_place_left_out(crops, padded(image, grown(image, padding, size)), size)


@pytest.mark.claim("5.3.1")
@pytest.mark.parametrize(("fill", "mode"), [(201, "constant"), (0, "edge")], ids=["fill", "edge"])
def test_what_is_added_is_padding_like_any_other(RandomCrop, fill, mode):
    needs_options(RandomCrop, 3, pad_if_needed=True, padding=1, fill=1, padding_mode="constant")
    needs_mode(RandomCrop, mode)
    shapes = inside([(3, 1, 3), (3, 2, 7), (3, 4, 1), (2, 3, 3, 1)])
    for shape, padding in itertools.product(shapes, (None, (1, 0))):
        image = numbered(*shape, dtype=kind(RandomCrop))
        options = {"fill": fill, "padding_mode": mode}
        crop = sized(RandomCrop, (4, 5), pad_if_needed=True, padding=padding, **options)
        right = padded(image, grown(image, padding, (4, 5)), fill, mode)
        assert_windows(cuts(crop, image), right, (4, 5))


@pytest.mark.claim("5.3.1")
@pytest.mark.parametrize("mode", ["reflecting", "", "CONSTANT_"])
def test_a_padding_that_there_is_not_is_refused(RandomCrop, mode):
    needs_options(RandomCrop, 3, padding=1, padding_mode="constant")
    image = numbered(3, 5, 7, dtype=kind(RandomCrop))
    with pytest.raises(REFUSALS):
        sized(RandomCrop, (5, 7), padding=2, padding_mode=mode)(image)


@pytest.mark.claim("5.3.1")
def test_an_image_smaller_than_the_window_is_refused(RandomCrop):
    image = numbered(3, 5, 7, dtype=kind(RandomCrop))
    for size in [(6, 7), (5, 8), 6] if takes_pairs(RandomCrop) else [6, 8]:
        with pytest.raises(REFUSALS):
            RandomCrop(size)(image)
    needs_options(RandomCrop, 3, padding=1)
    if not takes_pairs(RandomCrop):
        outside("a size of two numbers")
    for size, padding in [((6, 7), (1, 0)), ((5, 8), (0, 1)), ((8, 7), 1), ((7, 9), (1, 1, 1, 0))]:
        with pytest.raises(REFUSALS):
            RandomCrop(size, padding=padding)(image)


@pytest.mark.claim("5.3.6")
def test_no_place_is_left_out(RandomCrop):
    # The smallest windows, the largest but one, and an image one pixel high, or wide. By chance,
    # one of 12 places is never seen in 280 calls once in three thousand million runs.
    for shape, size in [((3, 4), (1, 1)), ((4, 3), (3, 2)), ((1, 7), (1, 3)), ((5, 1), (2, 1))]:
        image = numbered(3, *shape, dtype=kind(RandomCrop))
        assert_no_place_left_out(cuts(sized(RandomCrop, size), image, 280), image, size)


@pytest.mark.claim("5.3.6")
def test_with_padding_no_place_is_left_out_either(RandomCrop):
    needs_options(RandomCrop, 3, padding=1)
    image = numbered(3, 2, 3, dtype=kind(RandomCrop))
    for padding in (1, (1, 0), (0, 1), (1, 0, 0, 1), (0, 1, 1, 1)):
        crops = cuts(sized(RandomCrop, (2, 3), padding=padding), image, 200)
        assert_no_place_left_out(crops, padded(image, padding), (2, 3))


@pytest.mark.claim("5.3.6")
@pytest.mark.parametrize(
    ("shape", "size", "padding"),
    [((9, 7), (3, 3), None), ((3, 2), (3, 2), (1, 2)), ((300, 5), (1, 4), None)],
    ids=["without padding", "with padding", "a tall image"],
)
def test_all_places_are_equally_likely(RandomCrop, shape, size, padding):
    options = {} if padding is None else {"padding": padding}
    needs_options(RandomCrop, size, **options)
    image = numbered(1, *shape, dtype=kinds(RandomCrop, (widest(), torch.int64))[0])
    windows = torch.cat(cuts(sized(RandomCrop, size, **options), image, CROPS)).long()
    down, across = place_shares(windows, shape, padding)
    assert_even_places("from top to bottom", down)
    assert_even_places("from left to right", across)
    scores = (uniform_scores(share, 0, 1) for share in (down, across))
    assert_unrelated("the places in one direction and in the other", *scores)


def assert_even_places(direction: str, share: Tensor) -> None:
    __tracebackhide__ = True
    assert_bounds(f"the places {direction}", share, 0, 1)
    scores = uniform_scores(share, 0, 1)
    assert_mean(f"the places {direction}", scores)
    assert_std(f"the places {direction}", scores)
    assert_shape(f"the places {direction}", scores)
    assert_unrelated(f"the places {direction}, from call to call", scores)


@pytest.mark.claim("5.3.4")
@pytest.mark.parametrize("mode", ["constant", *MODES])
def test_a_pixel_gets_the_gradients_of_all_its_copies(RandomCrop, mode):
    needs_mode(RandomCrop, mode)
    kinds(RandomCrop, FLOATS)
    crop, cotangent = sized(RandomCrop, (5, 4), padding=2, padding_mode=mode), grid(3, 5, 4)
    for further in range(4):
        with randomness(further):
            source = crop(numbered(3, 4, 5)).flatten().long()
        with randomness(further):
            came = pull_on_pixels(crop, grid(3, 4, 5), cotangent)
        right = exact([0.0] * 61).index_add(0, source, cotangent.flatten())
        assert_close("the gradient", came, right[1:].reshape(3, 4, 5))
