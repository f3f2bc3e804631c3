"""ColorJitter changes brightness, contrast, saturation and hue, by factors drawn for every call.

A range of one factor makes each of the four exact, and together they are those four, one after
another in some order. How much red, green and blue count in a gray is known to three places only:
PyTorch has 0.2989 for red, the standard 0.299. So the claims ask the subject for it once, and then
hold it to its word. Shifts of hue are judged in float32, in which PyTorch computes them.

What it owes its caller like every transform is in `test_every_transform.py`.
"""

import colorsys
import functools
import itertools

import pytest
import torch
from torch import Tensor

from sums_to_one.tests.common import layouts
from sums_to_one.tests.common.closeness import (
    assert_close,
    assert_unbiased,
    assert_within,
    rounding,
)
from sums_to_one.tests.common.gradients import gradient_of
from sums_to_one.tests.common.inputs import DTYPES, LAYOUTS, exact, grid
from sums_to_one.tests.common.limits import inside
from sums_to_one.tests.common.options import feature, option, provides
from sums_to_one.tests.common.refusals import REFUSALS
from sums_to_one.tests.common.statistical import (
    assert_bounds,
    assert_shape,
    randomness,
    sizes,
    uniform_scores,
)
from sums_to_one.tests.regularization.colours import (
    LUMA,
    NAMES,
    SHIFTS,
    colours,
    factors_of,
    fixed,
    gray,
    grays,
    jittered,
    photograph,
    photographs,
    with_hues_shifted,
)
from sums_to_one.tests.regularization.images import (
    DRAWS,
    FLOATS,
    kind,
    kinds,
    picture,
    provided,
    pull_on_pixels,
)


@pytest.mark.claim("5.3.7")
def test_brightness_multiplies(ColorJitter):
    few = factors_of(ColorJitter, "brightness")
    for factor, dtype in itertools.product(few, kinds(ColorJitter, FLOATS)):
        for image in (colours(dtype), *grays(ColorJitter, dtype), *photographs(dtype)):
            came = fixed(ColorJitter, brightness=factor)(image)
            assert_close(f"{factor} times the image", came, (factor * image.double()).clamp(0, 1))


@pytest.mark.claim("5.3.7")
def test_gray_is_mostly_green_and_hardly_blue(ColorJitter):
    for dtype in kinds(ColorJitter, FLOATS):
        pure = torch.eye(3, dtype=dtype).reshape(3, 1, 3)
        came = fixed(ColorJitter, saturation=0)(pure)[:, 0].double().round(decimals=3)
        right = torch.tensor([LUMA] * 3, dtype=torch.float64)
        assert_close("red, green and blue without colour", came, right)


@pytest.mark.claim("5.3.7")
def test_saturation_mixes_each_pixel_with_its_gray(ColorJitter):
    few = factors_of(ColorJitter, "saturation")
    for factor, dtype in itertools.product(few, kinds(ColorJitter, FLOATS)):
        for image in (colours(dtype), *photographs(dtype)):
            came = fixed(ColorJitter, saturation=factor)(image)
            right = jittered(ColorJitter, "saturation", image, factor)
            assert_close(f"saturation of {factor}", came, right)


@pytest.mark.claim("5.3.7")
def test_contrast_mixes_an_image_with_its_mean_gray(ColorJitter):
    few = factors_of(ColorJitter, "contrast")
    for factor, dtype in itertools.product(few, kinds(ColorJitter, FLOATS)):
        for image in (colours(dtype), *photographs(dtype), *grays(ColorJitter, dtype)):
            came = fixed(ColorJitter, contrast=factor)(image)
            right = jittered(ColorJitter, "contrast", image, factor)
            assert_close(f"contrast of {factor}", came, right)


@pytest.mark.claim("5.3.7")
def test_hue_turns_the_colour_and_keeps_the_rest(ColorJitter):
    for image, shift in itertools.product((colours(), photograph(3, 5, 7)), SHIFTS):
        right = with_hues_shifted(image, shift)
        for dtype in kinds(ColorJitter, FLOATS):
            came = fixed(ColorJitter, hue=shift)(image.to(dtype))
            assert (came.dtype, came.shape) == (dtype, image.shape)
            assert_close(f"shifted by {shift}", came.float(), right)


@pytest.mark.claim("5.3.7")
def test_a_third_of_the_circle_makes_red_green_and_green_blue(ColorJitter):
    kinds(ColorJitter, FLOATS)
    image = photograph(3, 5, 7)
    for shift, channels in ((1 / 3, [2, 0, 1]), (-1 / 3, [1, 2, 0])):
        came = fixed(ColorJitter, hue=shift)(image)
        assert_close(f"shifted by {shift:.3f}", came.float(), image[channels].double())


@pytest.mark.claim("5.3.7")
@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation", "hue"])
def test_between_the_ends_of_a_range_any_factor_may_be_drawn(ColorJitter, name):
    kinds(ColorJitter, FLOATS)
    option(ColorJitter, name)
    jitter, image = ColorJitter(**{name: (0.25, 0.5)}), photograph(3, 5, 7)
    with randomness():
        different = len(torch.stack([jitter(image) for _ in range(64)]).unique(dim=0))
    assert different > 60, f"64 calls drew {different} different factors"


@pytest.mark.claim("5.3.7")
def test_half_a_circle_is_the_same_either_way(ColorJitter):
    kinds(ColorJitter, FLOATS)
    image = photograph(3, 5, 7)
    one, other = (fixed(ColorJitter, hue=shift)(image) for shift in (0.5, -0.5))
    assert_close("shifted by 0.5 and by -0.5", one.float(), other.double())


def assert_steps(sentence: str, came: Tensor, expected: Tensor, steps: float) -> None:
    """Whole numbers are so many steps off at most, whichever way they are rounded."""
    __tracebackhide__ = True
    assert (came.dtype, came.shape) == (torch.uint8, expected.shape), f"{sentence}: came {came}"
    off = (came.double() - expected).abs()
    assert off.max() < steps + 1e-6, (
        f"{sentence}: a pixel is {off.max()} off, at most {steps} would be right; "
        f"came {came[off == off.max()].tolist()}, should be {expected[off == off.max()].tolist()}"
    )


@pytest.mark.claim("5.3.7")
def test_gray_has_no_hue(ColorJitter):
    image = torch.arange(256).to(torch.uint8).expand(3, 1, 256)
    for shift in (0.1, -0.1, 0.25, 1 / 3, 0.5, -0.5):
        jitter = fixed(ColorJitter, hue=shift)
        for dtype in kinds(ColorJitter, (*DTYPES, torch.uint8)):
            given = image if dtype == torch.uint8 else image.to(dtype) / 255
            came = jitter(given)
            if dtype == torch.uint8:
                assert_steps(f"grays shifted by {shift:.3f}", came, image, 1)
            else:
                came = came.float() if dtype == torch.float64 else came
                assert_close(f"grays of {dtype} shifted by {shift:.3f}", came, given.double())


@pytest.mark.claim("5.3.7")
def test_without_a_change_an_image_is_as_it_was(ColorJitter):
    every = ({}, dict.fromkeys(NAMES[:3], (1, 1)), {"hue": (0, 0)}, {"hue": 0})
    nothing = [of for of in every if all(provided(ColorJitter, name) for name in of)]
    kinds(ColorJitter, FLOATS)
    taken = [of for of in nothing if all(provides(ColorJitter, name) for name in of)]
    for image, of in itertools.product((colours(), *photographs()), taken):
        came = ColorJitter(**of)(image)
        assert_close(f"unchanged by {of}", came.float(), image.float().double())


@pytest.mark.claim("5.3.7")
def test_without_brightness_an_image_is_black_and_without_contrast_gray(ColorJitter):
    kinds(ColorJitter, FLOATS)
    for image in (colours(), *photographs()):
        black = fixed(ColorJitter, brightness=0)(image)
        assert black.eq(0).all(), f"without brightness it is black, came {black}"
        flat = fixed(ColorJitter, contrast=0)(image)
        mean = gray(ColorJitter, image).mean((-3, -2, -1), keepdim=True)
        assert_close("without contrast", flat, mean.expand_as(image))


@pytest.mark.claim("5.3.7")
@pytest.mark.parametrize("name", NAMES)
def test_whole_numbers_are_rounded_by_a_step_at_most(ColorJitter, name):
    kinds(ColorJitter, (torch.uint8,))
    image = colours(torch.uint8)
    for factor in SHIFTS if name == "hue" else factors_of(ColorJitter, name):
        # One step for the result, and one for the gray that it is mixed with.
        steps = 1 + abs(1 - factor) * (name in ("contrast", "saturation"))
        came = fixed(ColorJitter, **{name: factor})(image)
        right = jittered(ColorJitter, name, image, factor)
        assert_steps(f"{name} of {factor}", came, right, steps)


@pytest.mark.claim("5.3.1")
def test_values_stay_in_their_range(ColorJitter):
    most = [max(factors_of(ColorJitter, name)) for name in NAMES[:3]]
    for factors in itertools.product(*[(0, one) for one in most], (-0.5, 0.1875)):
        of = dict(zip(NAMES, factors, strict=True))
        for dtype in kinds(ColorJitter):
            came = fixed(ColorJitter, **of)(colours(dtype))
            assert (came.dtype, came.shape) == (dtype, (3, 5, 25)), f"{of}: came {came}"
            top = 255 if dtype == torch.uint8 else 1
            assert 0 <= came.min() <= came.max() <= top, f"{of}: {came.min()} to {came.max()}"


@pytest.mark.claim("5.3.1")
def test_one_channel_has_neither_saturation_nor_hue(ColorJitter):
    shapes, dtypes = inside([(1, 5, 7), (2, 1, 5, 7)]), kinds(ColorJitter)
    for image in [picture(*shape, dtype=dtype) for shape in shapes for dtype in dtypes]:
        for of in ({"saturation": 0.0}, {"saturation": 1.75}, {"hue": 0.25}):
            jitter = fixed(ColorJitter, **of)
            with feature("images of one channel"):
                came = jitter(image)
            assert torch.equal(came, image), f"{of} changes what has no colour: {came}"


@pytest.mark.claim("5.3.1")
@pytest.mark.parametrize("name", ["saturation", "hue"])
def test_of_one_channel_the_rest_is_changed_whatever_is_asked_of_its_colour(ColorJitter, name):
    shapes, dtypes = inside([(1, 5, 7), (2, 1, 5, 7)]), kinds(ColorJitter, FLOATS)
    for shape, dtype, other in itertools.product(shapes, dtypes, NAMES[:2]):
        image = photograph(*shape).to(dtype)
        alone = fixed(ColorJitter, **{other: 0.5})
        with feature("images of one channel"):
            alone(image)
        came = fixed(ColorJitter, **{other: 0.5, name: 0.25})(image)
        assert_close(f"{other}, and {name} besides", came, alone(image).double())


@pytest.mark.claim("5.3.1")
@pytest.mark.parametrize("name", NAMES)
def test_every_image_of_a_batch_is_changed_as_if_it_were_alone(ColorJitter, name):
    jitter = fixed(ColorJitter, **{name: 0.375})
    kinds(ColorJitter, FLOATS)
    for shape in inside([(2, 3, 5, 7), (3, 3, 4, 3), (2, 3, 3, 5, 7), (1, 2, 1, 3, 5, 2)]):
        images = photograph(*shape)
        with feature(f"images of shape {shape}"):
            jitter(images)
        alone = torch.stack([jitter(image) for image in images.flatten(0, -4)])
        assert_close(f"{shape}", jitter(images).float(), alone.reshape(shape).double())


# One order of 24 is missed in so many calls with odds of 24 (23/24)^570 < FALSE_ALARM.
JITTERS = 570


def in_every_order(changes, image: Tensor) -> Tensor:
    """What becomes of the image by these changes one after another, for each order of them."""
    orders = itertools.permutations(changes)
    return torch.stack([functools.reduce(lambda x, step: step(x), o, image) for o in orders])


@pytest.mark.claim("5.3.8")
def test_the_four_changes_come_one_after_another_always_in_one_order_or_in_any(ColorJitter):
    # PyTorch draws the order and does not promise it; who draws one shall leave none out.
    kinds(ColorJitter, FLOATS)
    image = colours()[:, :, ::2]
    of = {"brightness": 1.5, "contrast": 1.75, "saturation": 2.0, "hue": 0.1875}
    right = in_every_order([fixed(ColorJitter, **{n: f}) for n, f in of.items()], image).flatten(1)
    together = fixed(ColorJitter, **of)
    with randomness():
        came = torch.stack([together(image).flatten() for _ in range(JITTERS)])
    nearest = torch.cdist(came, right).argmin(dim=1)
    assert_close("all four, and the nearest order", came.float(), right[nearest].double())
    met = nearest.unique().numel()
    assert met in (1, 24), f"{met} of 24 orders in {JITTERS} calls"


MISREAD_FACTOR = 0.004  # by which a factor that is read from an image may be off


@functools.lru_cache(maxsize=1)
def factors_around_one(ColorJitter) -> dict[str, Tensor]:
    """Two claims look at this sample."""
    kinds(ColorJitter, FLOATS)
    option(ColorJitter, *NAMES)
    return drawn_factors(ColorJitter(**NUMBERS))


def drawn_factors(jitter, count: int = DRAWS) -> dict[str, Tensor]:
    """The factors of many calls, read from an image of two grays with one red pixel.

    None of the four hides another: brightness and contrast stretch the distance of the grays, only
    brightness moves their mean, saturation stretches the red, and hue turns it. The mean depends a
    little on the hue of the red pixel, if that comes first; but it is one of 128.
    """
    image = exact([0.2, 0.3]).repeat(3, 8, 8)
    image[0, 0, 0] = 0.3
    with randomness():
        came = torch.stack([jitter(image) for _ in range(count)]).double()
    low, high, pixel = came[:, 0, 1, 0], came[:, 0, 1, 1], came[:, :, 0, 0]
    stretched = (high - low) / 0.1
    mean = 0.25 + 0.299 * 0.1 / 128
    brightness = ((low + high) / 2 - 0.25 * stretched) / mean + stretched
    hues = exact([colorsys.rgb_to_hsv(*colour)[0] for colour in pixel.tolist()]).double()
    return {
        "brightness": brightness,
        "contrast": stretched / brightness,
        "saturation": (pixel.amax(1) - pixel.amin(1)) / (high - low),
        "hue": (hues + 0.5) % 1 - 0.5,
    }


NUMBERS = {"brightness": 0.625, "contrast": 0.5, "saturation": 0.75, "hue": 0.25}
AROUND = {name: (1 - number, 1 + number) for name, number in NUMBERS.items()}
AROUND["hue"] = (-0.25, 0.25)
PAIRS = {
    "brightness": (0.25, 0.875),
    "contrast": [0.25, 1.5],
    "saturation": (1, 2),
    "hue": (-0.125, 0.375),
}


def assert_even_factors(came: dict[str, Tensor], ranges) -> None:
    __tracebackhide__ = True
    for name, sample in came.items():
        low, high = ranges[name]
        assert_bounds(f"the factors of {name}", sample, low - MISREAD_FACTOR, high + MISREAD_FACTOR)
        scores = uniform_scores(sample, low, high)
        assert_shape(f"the factors of {name}", scores, MISREAD_FACTOR / (high - low))
        off = sizes(scores)
        assert_shape(
            f"how far they are from the middle: {name}", off, 2 * MISREAD_FACTOR / (high - low)
        )


@pytest.mark.claim("5.3.8")
def test_factors_are_even_as_far_below_one_as_above(ColorJitter):
    assert_even_factors(factors_around_one(ColorJitter), AROUND)


@pytest.mark.claim("5.3.8")
def test_factors_from_a_pair_fill_the_space_between_evenly(ColorJitter):
    kinds(ColorJitter, FLOATS)
    option(ColorJitter, *NAMES)
    assert_even_factors(drawn_factors(ColorJitter(**PAIRS)), PAIRS)


@pytest.mark.claim("5.3.8")
@pytest.mark.parametrize("name", NAMES[:3])
def test_factors_of_a_number_above_1_are_even_from_0_on(ColorJitter, name):
    kinds(ColorJitter, FLOATS)
    option(ColorJitter, name)
    with feature("a factor of more than 1"):
        jitter = ColorJitter(**{name: 2})
    # What lies below 0 is a quarter of 1 - 2 to 1 + 2; folded back it makes a gap of 1/6.
    assert_even_factors({name: drawn_factors(jitter, 1024)[name]}, {name: (0, 3)})


@pytest.mark.claim("5.3.8")
def test_a_hue_of_a_half_turns_colours_evenly_round_the_circle(ColorJitter):
    kinds(ColorJitter, FLOATS)
    option(ColorJitter, "hue")
    came = drawn_factors(ColorJitter(hue=0.5))["hue"]
    assert_even_factors({"hue": came}, {"hue": (-0.5, 0.5)})


@pytest.mark.claim("5.3.8")
def test_a_factor_says_nothing_about_the_others_nor_about_the_next(ColorJitter):
    came = factors_around_one(ColorJitter)
    assert_unlike({n: (came[n] - AROUND[n][0]) / (AROUND[n][1] - AROUND[n][0]) for n in NAMES})


@pytest.mark.claim("5.3.8")
def test_factors_of_equal_ranges_say_nothing_about_each_other(ColorJitter):
    kinds(ColorJitter, FLOATS)
    option(ColorJitter, *NAMES[:3])
    came = drawn_factors(ColorJitter(brightness=0.5, contrast=0.5, saturation=0.5))
    assert_unlike({n: came[n] - 0.5 for n in NAMES[:3]})


def assert_unlike(shares: dict[str, Tensor]) -> None:
    """No share of a range says anything about the next call's, nor about those of other changes."""
    __tracebackhide__ = True
    pairs = [(n, each[1:], each[:-1]) for n, each in shares.items()]
    pairs += [(f"{n} and {m}", shares[n], shares[m]) for n, m in itertools.combinations(shares, 2)]
    for what, one, other in pairs:
        # Sum and difference of two even, unrelated draws go round the circle evenly.
        for round_trip in ((one - other) % 1, (one + other) % 1):
            assert_shape(what, uniform_scores(round_trip, 0, 1), 2 * MISREAD_FACTOR / 0.5)


@pytest.mark.claim("5.3.8")
@pytest.mark.parametrize("name", NAMES)
def test_factors_below_0_and_shifts_beyond_a_half_are_refused(ColorJitter, name):
    option(ColorJitter, name)
    beyond = [0.625, (0, 0.625), (-0.625, 0), (0.25, -0.25)]
    for wrong in [-0.25, (-0.75, 0.25), *(beyond if name == "hue" else [])]:
        with pytest.raises(REFUSALS):
            ColorJitter(**{name: wrong})(picture(3, 5, 7, dtype=kind(ColorJitter)))


@pytest.mark.claim("5.3.4")
@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation"])
def test_gradients_flow_back_through_each_change_but_that_of_hue(ColorJitter, name):
    kinds(ColorJitter, FLOATS)
    for image in photographs():
        jitter, cotangent = fixed(ColorJitter, **{name: 0.5}), grid(*image.shape, limit=2)
        came = pull_on_pixels(jitter, image, cotangent)
        # By half, nothing is cut off, and each change is a straight line through 0.
        total = (cotangent.double() * jitter(image).double()).sum()
        rise = (came.double() * image.double()).sum()
        assert_close("slope times image", rise.to(image.dtype), total)


@pytest.mark.claim("5.3.4")
@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation"])
def test_the_gradient_that_comes_to_changed_colours_may_lie_anyhow_in_memory(ColorJitter, name):
    kinds(ColorJitter, FLOATS)
    for image, (words, layout) in itertools.product(photographs(), LAYOUTS.items()):
        jitter, incoming = fixed(ColorJitter, **{name: 0.5}), layout(grid(*image.shape, limit=2))
        right = pull_on_pixels(jitter, image, layouts.copy(incoming))
        came = gradient_of(jitter, image, incoming)
        assert_close(f"{words}: the gradient", came, right.double())


@pytest.mark.claim("5.3.7")
@pytest.mark.parametrize("name", NAMES)
def test_half_precision_costs_colours_only_rounding(ColorJitter, name):
    few = SHIFTS if name == "hue" else factors_of(ColorJitter, name)
    for dtype in kinds(ColorJitter, (torch.float16, torch.bfloat16)):
        allowed = rounding(dtype, 36 if name == "hue" else 6)  # of a hue from 0 to 6
        for factor, image in itertools.product(few[1::2], (colours(), photograph(3, 5, 7))):
            right = jittered(ColorJitter, name, image.to(dtype), factor)
            came = fixed(ColorJitter, **{name: factor})(image.to(dtype))
            assert_within(f"{name} of {factor} in {dtype}", came, right, allowed)


@pytest.mark.claim("5.3.7")
@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation"])
def test_in_lower_precision_no_factor_of_colours_is_wrong(ColorJitter, name):
    for dtype in kinds(ColorJitter, (torch.float16, torch.bfloat16)):
        image = photograph(3, 32, 32).to(dtype)
        came = fixed(ColorJitter, **{name: 0.75})(image)
        right = jittered(ColorJitter, name, image, 0.75)
        assert_unbiased(f"{name} of 0.75 in {dtype}", came, right)
