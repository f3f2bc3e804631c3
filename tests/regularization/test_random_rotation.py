"""RandomRotation turns images about their centre, by an angle that is drawn for every call.

A range of one angle makes it exact. Then there is one law: each pixel is the one nearest to where
it comes from, or the fill. Where two are equally near, either is right, and is not judged.

What it owes its caller like every transform is in `test_every_transform.py`.
"""

import functools
import itertools
import math
import sys
from collections.abc import Iterator

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.inputs import every_layout, grid
from sums_to_one.tests.common.limits import Inside, NotProvided, inside, widest
from sums_to_one.tests.common.options import feature, option, refuses
from sums_to_one.tests.common.refusals import needs_options, outcome
from sums_to_one.tests.common.statistical import (
    assert_bounds,
    assert_shape,
    randomness,
    sizes,
    uniform_scores,
)
from sums_to_one.tests.regularization.images import DRAWS, FLOATS, gray_too, kind, kinds

FRAMES = [(1, 1), (1, 2), (2, 1), (3, 5), (7, 2), (11, 13), (8, 8)]

WIDE = Inside(((3, 5, 11), (2, 3, 5, 11)))  # an image, and a batch of them

angles = st.integers(-8 * 360, 8 * 360).map(lambda n: n / 8)
lengths = st.integers(1, 13)


def lit(*shape: int, dtype: torch.dtype | None = None) -> Tensor:
    """An image of no black pixel, so that a fill of 0 is none of its pixels; few are equal."""
    shares, dtype = (grid(*shape) + 6) / 12, dtype or widest()
    return (shares * 250 + 1).to(dtype) if dtype == torch.uint8 else (shares / 2 + 0.25).to(dtype)


@pytest.mark.claim("5.3.7")
def test_quarter_turns_are_exact_and_counter_clockwise(RandomRotation):
    some = itertools.product((1, 2, 3, 4, 7, 32), range(-4, 9), kinds(RandomRotation))
    for size, turns, dtype in some:
        image, angles = lit(3, size, size, dtype=dtype), (90 * turns, 90 * turns)
        if turns in range(-4, 5) or not refuses(lambda: RandomRotation(angles)):  # noqa: B023
            came = RandomRotation(angles)(image)
            assert torch.equal(came, image.rot90(turns, (1, 2))), (
                f"{turns} turns of {image}: came {came}"
            )


@pytest.mark.claim("5.3.7")
def test_half_a_turn_flips_both_ways_and_a_whole_one_none(RandomRotation):
    for (height, width), sign in itertools.product(FRAMES, (1, -1)):
        image = lit(3, height, width, dtype=kind(RandomRotation))
        for angle, expected in ((180, image.flip(1, 2)), (360, image), (0, image)):
            came = RandomRotation((sign * angle, sign * angle))(image)
            said = f"{sign * angle} degrees of {image}: came {came}, should be {expected}"
            assert torch.equal(came, expected), said


def sources(image: Tensor, degrees: float, centre=None, size=None) -> tuple[Tensor, Tensor]:
    """From which rows and columns of the image the pixels come, of one of that size."""
    *_, height, width = image.shape
    cx, cy = centre or (width / 2, height / 2)
    down, across = size or (height, width)
    y = torch.arange(down, dtype=torch.float64)[:, None] + 0.5 - cy - (down - height) / 2
    x = torch.arange(across, dtype=torch.float64) + 0.5 - cx - (across - width) / 2
    turn = math.radians(degrees)
    # Back to where it comes from; y points down, so this is clockwise to the eye.
    rows = x * math.sin(turn) + y * math.cos(turn) + cy
    return rows, x * math.cos(turn) - y * math.sin(turn) + cx


def turned(image: Tensor, degrees: float, fill: float = 0, **frame) -> tuple[Tensor, Tensor]:
    """The image as it should be, and which of its pixels are nearest to one place alone."""
    *_, height, width = image.shape
    rows, columns = sources(image, degrees, **frame)
    sure = ((rows - rows.round()).abs() > 1e-3) & ((columns - columns.round()).abs() > 1e-3)
    rows, columns = rows.floor().long() + 1, columns.floor().long() + 1
    framed = torch.full((*image.shape[:-2], height + 2, width + 2), fill, dtype=image.dtype)
    framed[..., 1:-1, 1:-1] = image
    return framed[..., rows.clamp(0, height + 1), columns.clamp(0, width + 1)], sure


def assert_turned(came: Tensor, image: Tensor, degrees: float, **options) -> None:
    """Pixels are not computed with, so they are exactly those of the image."""
    __tracebackhide__ = True
    expected, sure = turned(image, degrees, **options)
    what = f"{tuple(image.shape)} of {image.dtype} by {degrees} degrees"
    assert came.dtype == image.dtype, f"{what}: came {came.dtype}"
    assert came.shape == expected.shape, f"{what}: came the shape {tuple(came.shape)}"
    wrong = (came != expected) & sure
    if wrong.any():
        at = wrong.nonzero()[0].tolist()
        one, right = came[tuple(at)].item(), expected[tuple(at)].item()
        counted = f"{int(wrong.sum())} of {wrong.numel()} pixels are wrong"
        raise AssertionError(f"{what}: came {one:.4g} at {at}, should be {right:.4g}\n{counted}")


@pytest.mark.claim("5.3.7")
@given(lengths, lengths, angles)
def test_each_pixel_is_the_nearest_to_where_it_comes_from(RandomRotation, height, width, angle):
    for dtype in kinds(RandomRotation):
        image = lit(3, height, width, dtype=dtype)
        assert_turned(RandomRotation((angle, angle))(image), image, angle)


@pytest.mark.claim("5.3.7")
@pytest.mark.parametrize("angle", [1, 30, -45, 100, 179, -150.5])
def test_each_pixel_of_a_large_image_is_the_nearest_too(RandomRotation, angle):
    image = lit(1, 521, 509, dtype=kind(RandomRotation))
    assert_turned(RandomRotation((angle, angle))(image), image, angle)


@pytest.mark.claim("5.3.7")
def test_a_part_of_a_degree_is_seen_far_from_the_centre(RandomRotation):
    few = itertools.product((0.125, -0.25, 0.5, -0.996, 179.75, -180.125, 359.75), [(5, 1031)])
    for angle, size in (*few, *((90 * turns + 0.5, (127, 263)) for turns in range(-3, 4))):
        image = lit(1, *size, dtype=kind(RandomRotation))
        assert_turned(RandomRotation((angle, angle))(image), image, angle)


@pytest.mark.claim("5.3.1")
def test_no_pixel_is_new(RandomRotation):
    for (height, width), angle in itertools.product(FRAMES, (45, 90, 270, 30, -60, 135, 22.5)):
        image = lit(1, height, width, dtype=kind(RandomRotation))
        came = RandomRotation((angle, angle))(image)
        new = came[~torch.isin(came, image) & (came != 0)]
        assert not new.numel(), f"{angle} degrees: {new.tolist()} are no pixels of {image.tolist()}"


def compass(size: int) -> Tensor:
    """An image whose pixels tell their own places from the centre: y and x."""
    places = torch.arange(size, dtype=widest()) - (size - 1) / 2
    return torch.stack(torch.meshgrid(places, places, indexing="ij"))


@pytest.mark.claim("5.3.1")
@pytest.mark.parametrize("angle", [45, 17, -110])
def test_a_disc_stays_where_it_is_and_the_corners_are_filled(RandomRotation, angle):
    radius, dtype = compass(41).square().sum(0).sqrt(), kind(RandomRotation)
    came = RandomRotation((angle, angle))((radius < 12).to(dtype).expand(3, 41, 41))
    assert came[:, radius < 11].eq(1).all(), "the inside of the disc moved"
    assert came[:, radius > 13].eq(0).all(), "something moved out of the disc"
    corners = RandomRotation((angle, angle))(torch.ones(3, 41, 41, dtype=dtype))[:, radius > 28]
    assert corners.eq(0).all(), f"nothing is there, came {corners}"


@pytest.mark.claim("5.3.7")
def test_turned_there_and_back_every_pixel_is_at_home(RandomRotation):
    kinds(RandomRotation, FLOATS)
    image = compass(15)
    disc = image.square().sum(0).sqrt() < 6.5
    for angle in (1, 10, 30, 45, 77.5, 100, 200, -5, -60, -359):
        there = RandomRotation((angle, angle))(image)
        back = RandomRotation((-angle, -angle))(there)
        off = (back - image).abs()[:, disc].max()  # rounded twice, by half a pixel each way
        assert off <= 1, f"by {angle} degrees and back: a pixel comes from {off} places away"


# Three channels, and other dimensions of that size, which may be taken for them.
THREE_CHANNELS = Inside(((3, 5, 11), (2, 3, 5, 11), (3, 3, 5, 11), (3, 3, 3), (3, 3, 3, 3)))


def of_three_channels(dtype: torch.dtype | None = None) -> Iterator[Tensor]:
    """Images that are whole in memory, and gray ones whose channels are one."""
    for shape in THREE_CHANNELS:
        yield from gray_too(lit(*shape, dtype=dtype))


@pytest.mark.claim("5.3.7")
@pytest.mark.parametrize("fill", [0, 1, -2.5, (0.125, 0.25, 0.75), [-0.75, 0.25, 1.5]], ids=str)
def test_what_lies_outside_has_the_fill(RandomRotation, fill):
    # Pixels that have been normalized are no longer between 0 and 1, nor need a fill be.
    needs_options(RandomRotation, 20, fill=1)
    kinds(RandomRotation, FLOATS)
    with feature("a fill of this kind"):
        RandomRotation((20, 20), fill=fill)(lit(3, 5, 11))
    of_channels = fill if isinstance(fill, tuple | list) else (fill,) * 3
    for angle, image in itertools.product((20, 90, -45), of_three_channels()):
        image[..., ::2, :] = 0  # black is a colour, and not what the fill is for
        came = RandomRotation((angle, angle), fill=fill)(image)
        for one, channel, of in zip(came.unbind(-3), image.unbind(-3), of_channels, strict=True):
            assert_turned(one, channel, angle, fill=of)


@pytest.mark.claim("5.3.7")
def test_whole_numbers_are_filled_with_whole_numbers(RandomRotation):
    needs_options(RandomRotation, 20, fill=1)
    kinds(RandomRotation, (torch.uint8,))
    image = lit(3, 5, 11, dtype=torch.uint8)
    for fill in (1, 128, 255):
        assert_turned(RandomRotation((20, 20), fill=fill)(image), image, 20, fill=fill)
    for image in of_three_channels(torch.uint8):
        with feature("a fill for each channel"):
            came = RandomRotation((20, 20), fill=(1, 128, 255))(image)
        for one, channel, of in zip(came.unbind(-3), image.unbind(-3), (1, 128, 255), strict=True):
            assert_turned(one, channel, 20, fill=of)


@pytest.mark.claim("5.3.7")
@pytest.mark.parametrize("centre", [(0, 0), (11, 5), (2.5, 1.5), (5.5, 2.5)], ids=str)
def test_another_centre_counts_from_the_upper_left_corner(RandomRotation, centre):
    needs_options(RandomRotation, 20, center=(1, 2))
    image = lit(3, 5, 11, dtype=kind(RandomRotation))
    with feature("another centre"):
        RandomRotation((20, 20), center=centre)(image)
    for angle, shape in itertools.product((20, -90.5, 179), WIDE):
        image = lit(*shape, dtype=kind(RandomRotation))
        came = RandomRotation((angle, angle), center=centre)(image)
        assert_turned(came, image, angle, centre=centre)


@pytest.mark.claim("5.3.7")
def test_a_quarter_turn_that_may_expand_exchanges_the_sides(RandomRotation):
    needs_options(RandomRotation, 20, expand=True)
    image = lit(3, 5, 11, dtype=kind(RandomRotation))
    with feature("room for all of the image"):
        RandomRotation((90, 90), expand=True)(image)
    for turns, shape in itertools.product(range(-4, 5), WIDE):
        image = lit(*shape, dtype=kind(RandomRotation))
        came = RandomRotation((90 * turns, 90 * turns), expand=True)(image)
        right = image.rot90(turns, (-2, -1))
        assert torch.equal(came, right), f"{turns} quarters of {image}: {came}"


@pytest.mark.claim("5.3.7")
def test_a_rotation_that_may_expand_makes_room_for_the_corners(RandomRotation):
    needs_options(RandomRotation, 20, expand=True)
    image = lit(1, 5, 11, dtype=kind(RandomRotation))
    with feature("room for all of the image"):
        RandomRotation((20, 20), expand=True)(image)
    for degrees, shape in itertools.product((20, -45, 100.5, 170), WIDE):
        image = lit(*shape, dtype=kind(RandomRotation))
        came, turn = RandomRotation((degrees, degrees), expand=True)(image), math.radians(degrees)
        cos, sin = abs(math.cos(turn)), abs(math.sin(turn))
        for side, least in zip(
            came.shape[-2:], (5 * cos + 11 * sin, 11 * cos + 5 * sin), strict=True
        ):
            assert least - 1e-3 < side < least + 2, f"{degrees} degrees: came {tuple(came.shape)}"
        assert_turned(came, image, degrees, size=came.shape[-2:])


@pytest.mark.claim("5.3.7")
def test_the_room_for_the_corners_has_the_fill_too(RandomRotation):
    needs_options(RandomRotation, 20, expand=True, fill=1)
    image = lit(3, 5, 11, dtype=kind(RandomRotation))
    with feature("room for all of the image"):
        RandomRotation((20, 20), expand=True, fill=1)(image)
    for degrees, fill in itertools.product((20, -45, 100.5), (1, 0)):
        came = RandomRotation((degrees, degrees), expand=True, fill=fill)(image)
        assert_turned(came, image, degrees, size=came.shape[-2:], fill=fill)


@pytest.mark.claim("5.3.7")
def test_the_room_for_the_corners_has_the_fill_of_each_channel(RandomRotation):
    needs_options(RandomRotation, 20, expand=True, fill=1)
    kinds(RandomRotation, FLOATS)
    fills, options = (0.125, 0.25, 0.75), {"expand": True, "fill": (0.125, 0.25, 0.75)}
    with feature("a fill for each channel, and room for all of the image"):
        RandomRotation((20, 20), **options)(lit(3, 5, 11))
    for angle, image in itertools.product((20, -45), of_three_channels()):
        came = RandomRotation((angle, angle), **options)(image)
        for one, channel, of in zip(came.unbind(-3), image.unbind(-3), fills, strict=True):
            assert_turned(one, channel, angle, size=came.shape[-2:], fill=of)


def blended(image: Tensor, degrees: float, size=None) -> tuple[Tensor, Tensor]:
    """Of each pixel the mean of the four around where it comes from, and where all four are."""
    *_, height, width = image.shape
    rows, columns = (places - 0.5 for places in sources(image, degrees, size=size))
    top, left = rows.floor(), columns.floor()
    whole = (top >= 0) & (top < height - 1) & (left >= 0) & (left < width - 1)
    total = torch.zeros((*image.shape[:-2], *rows.shape), dtype=torch.float64)
    for i, j in itertools.product((0, 1), repeat=2):
        share = (1 - (rows - top - i).abs()) * (1 - (columns - left - j).abs())
        at = ((top + i).clamp(0, height - 1).long(), (left + j).clamp(0, width - 1).long())
        total += share * image.double()[(..., *at)]
    return total, whole


def smooth_rotations(RandomRotation, degrees: float, image: Tensor, **options) -> list[Tensor]:
    """What comes if pixels are to be interpolated, however that is said: by name, or by number."""

    def smoothly(name: object) -> Tensor:
        return RandomRotation((degrees, degrees), interpolation=name, **options)(image)

    names = ["bilinear", 2]
    if "torchvision.transforms" in sys.modules:
        names.append(sys.modules["torchvision.transforms"].InterpolationMode.BILINEAR)
    came = [outcome(functools.partial(smoothly, name)) for name in names]
    found = [image for image in came if isinstance(image, Tensor)]
    if not found:
        raise NotProvided("not provided: the interpolation 'bilinear'")
    return found


@pytest.mark.claim("5.3.7")
def test_interpolated_pixels_are_means_of_the_four_around(RandomRotation):
    option(RandomRotation, "interpolation")
    some = itertools.product((20, -45, 100.5), kinds(RandomRotation), WIDE)
    for degrees, dtype, shape in some:
        image = lit(*shape, dtype=dtype)
        assert_blended(smooth_rotations(RandomRotation, degrees, image), image, degrees)


def assert_blended(rotations: list[Tensor], image: Tensor, degrees: float) -> None:
    """One of them has the means that it should have, wherever all four pixels are."""
    __tracebackhide__ = True
    of_size = [came for came in rotations if came.shape[:-2] == image.shape[:-2]]
    assert of_size, f"came the shapes {[tuple(came.shape) for came in rotations]}"
    off = []
    for came in of_size:
        right, whole = blended(image, degrees, size=came.shape[-2:])
        off.append((came.double() - right)[..., whole].abs().max().item())
    steps = 1 if image.dtype == torch.uint8 else 1e-5
    assert min(off) <= steps, f"{degrees} degrees: a pixel is {min(off)} off"


@pytest.mark.claim("5.3.7")
def test_pixels_are_interpolated_where_there_is_room_for_the_corners(RandomRotation):
    option(RandomRotation, "interpolation")
    needs_options(RandomRotation, 20, expand=True)
    image = lit(3, 9, 13, dtype=kind(RandomRotation))
    with feature("room for all of the image"):
        RandomRotation((20, 20), expand=True)(image)
    for degrees in (20, -45, 100.5):
        rotations = smooth_rotations(RandomRotation, degrees, image, expand=True)
        assert_blended(rotations, image, degrees)


@pytest.mark.claim("5.3.7")
def test_far_outside_there_is_the_fill_interpolated_or_not(RandomRotation):
    option(RandomRotation, "interpolation")
    needs_options(RandomRotation, 20, fill=1)
    kinds(RandomRotation, FLOATS)
    rows, columns = sources(lit(3, 9, 29), 45)
    outside = (rows < -1) | (rows > 10) | (columns < -1) | (columns > 30)
    for came in smooth_rotations(RandomRotation, 45, lit(3, 9, 29), fill=1):
        assert_close("outside of the image", came[:, outside], 1.0)


@pytest.mark.claim("5.3.1")
def test_images_may_have_any_number_of_channels_and_dimensions(RandomRotation):
    planes, batches = [(1, 7, 5), (2, 3, 4), (3, 3, 6), (4, 5, 7)], [(4, 3, 7, 5), (2, 1, 3, 5, 3)]
    for shape in inside((*planes, *batches, (1, 1, 1, 1, 4, 2))):
        image = lit(*shape, dtype=kind(RandomRotation))
        with feature(f"images of shape {shape}"):
            came = RandomRotation((30, 30))(image)
        assert_turned(came, image, 30)


@pytest.mark.claim("5.3.1")
def test_no_images_stay_none_when_rotated(RandomRotation):
    with feature("no images at all"):
        empty = RandomRotation((30, 30))(lit(0, 3, 5, 7, dtype=kind(RandomRotation)))
    assert empty.shape == (0, 3, 5, 7), f"no images became {tuple(empty.shape)}"


@pytest.mark.claim("5.3.7")
@every_layout
def test_quarter_turns_of_what_lies_anywhere_are_exact_too(RandomRotation, layout):
    for shape in inside([(3, 4, 4), (2, 3, 5, 5), (3, 5, 7)]):
        for turns in (0, 2) if shape == (3, 5, 7) else (0, 1, 2, 3):  # which have code of their own
            image = layout(lit(*shape, dtype=kind(RandomRotation)))
            came = RandomRotation((90 * turns, 90 * turns))(image)
            assert torch.equal(came, image.rot90(turns, (-2, -1))), (
                f"{turns} turns of {image}: came {came}"
            )


MISREAD_ANGLE = 0.4  # degrees, by which angles between 20 and 70 are misread at most
LUMP = 2.6  # degrees around 0 that are all misread as 0, for each pixel stays where it is


def drawn_angles(function, count: int = DRAWS, size: int = 25) -> Tensor:
    """The angles, in degrees, of so many calls: the mean over all pixels within a disc."""
    image = compass(size)
    y, x = image * (image.square().sum(0).sqrt() < size / 2 - 0.5)
    with randomness():
        rows, columns = torch.stack([function(image) for _ in range(count)], dim=1).flatten(2)
    sines = rows @ x.flatten() - columns @ y.flatten()
    cosines = columns @ x.flatten() + rows @ y.flatten()
    return torch.rad2deg(torch.atan2(sines, cosines))


@pytest.mark.claim("5.3.8")
@pytest.mark.parametrize(("degrees", "low", "high"), [(60, -60, 60), ((-20, 70), -20, 70)], ids=str)
def test_angles_fill_their_range_evenly(RandomRotation, degrees, low, high):
    kinds(RandomRotation, FLOATS)
    # Twice as many draws tell a normal distribution, two of whose deviations reach the ends.
    came = drawn_angles(RandomRotation(degrees), 2 * DRAWS)
    assert_bounds("the angles", came, low - MISREAD_ANGLE, high + MISREAD_ANGLE)
    scores, blur = uniform_scores(came, low, high), LUMP / (high - low)
    assert_shape("the angles", scores, blur)
    assert_shape("how far they are from the middle", sizes(scores), blur)


@pytest.mark.claim("5.3.8")
def test_between_two_whole_degrees_there_are_many_angles(RandomRotation):
    image = lit(1, 101, 103, dtype=kind(RandomRotation))
    with randomness():
        came = [RandomRotation((20, 21))(image) for _ in range(64)]
    # By 1 degree some 1,700 groups of pixels move, one after the other; tenths are 11 angles.
    different = len(torch.stack(came).unique(dim=0))
    assert different > 48, f"of 64 images between 20 and 21 degrees, {different} are different"


@pytest.mark.claim("5.3.8")
def test_an_angle_says_nothing_about_the_next(RandomRotation):
    kinds(RandomRotation, FLOATS)
    shares = (drawn_angles(RandomRotation([20, 70])) - 20) / 50  # far from the lump
    # Sum and difference of two even, unrelated draws go round the circle evenly.
    for round_trip in ((shares[1:] - shares[:-1]) % 1, (shares[1:] + shares[:-1]) % 1):
        assert_shape(
            "each angle and the next", uniform_scores(round_trip, 0, 1), 2 * MISREAD_ANGLE / 50
        )


@pytest.mark.claim("5.3.8")
def test_no_range_is_no_rotation(RandomRotation):
    image = lit(3, 7, 5, dtype=kind(RandomRotation))
    for degrees in (0, 0.0, (0, 0)):
        assert torch.equal(RandomRotation(degrees)(image), image), f"degrees={degrees} rotates"
