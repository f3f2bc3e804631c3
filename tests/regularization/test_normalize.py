"""Normalize says of each number how many standard deviations it is from the mean of its channel.

Both are given beforehand, and nothing is measured.

What it owes its caller like every transform is in `test_every_transform.py`.
"""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close, assert_unbiased
from sums_to_one.tests.common.inputs import (
    DTYPES,
    LAYOUTS,
    VIEWS,
    eighths,
    every_dtype,
    exact,
    grid,
)
from sums_to_one.tests.common.limits import Inside, inside, lies_inside, widest
from sums_to_one.tests.common.options import feature, takes_any
from sums_to_one.tests.common.refusals import REFUSALS, needs_options, outcome
from sums_to_one.tests.regularization.images import FLOATS, picture, pull_on_pixels

# Three channels, and other dimensions of that size, which may be taken for them.
THREE_CHANNELS = Inside(
    (
        (3, 5, 7),
        (3, 1, 1),
        (2, 3, 5, 7),
        (3, 3, 3),
        (3, 3, 3, 3),
        (5, 3, 3, 2),
        (2, 2, 3, 2, 3),
    )
)
MEAN, STD = [0.5, 0.25, 0.875], [0.25, 1.0, 0.5]
# A mean and a std for each of some channels.
channel_statistics = st.lists(
    st.tuples(eighths(100), st.integers(1, 64).map(lambda n: n / 8)), min_size=1, max_size=7
)

leading_dimensions = st.sampled_from([(), (1,), (2,), (0,), (2, 3)]).filter(
    lambda leading: lies_inside((*leading, 3, 2, 3))
)


def by_channel(function, image: Tensor, *numbers) -> Tensor:
    """The function of each channel, and of its numbers, in float64."""
    channels = zip(image.double().unbind(dim=-3), *numbers, strict=True)
    return torch.stack([function(*channel) for channel in channels], dim=-3)


def scaled(x: Tensor, mean: float, std: float) -> Tensor:
    return (x - mean) / std


@pytest.mark.claim("5.3.5")
@given(channel_statistics, leading_dimensions)
def test_each_channel_has_a_mean_and_a_std_of_its_own(Normalize, statistics, leading):
    mean, std = ([row[i] for row in statistics] for i in (0, 1))
    image = 16 * grid(*leading, len(mean), 2, 3)
    expected = by_channel(scaled, image, mean, std)
    assert_close(f"with mean={mean}, std={std}", Normalize(mean, std)(image), expected)


@pytest.mark.claim("5.3.5")
@every_dtype
def test_channels_are_the_third_dimension_from_the_end(Normalize, dtype):
    for shape, (name, layout) in itertools.product(THREE_CHANNELS, LAYOUTS.items()):
        image = layout(picture(*shape, dtype=dtype))
        came = Normalize(mean=MEAN, std=STD)(image)
        assert came.dtype == dtype, f"of {dtype} it made {came.dtype}"
        assert_close(f"shape {shape}, {name}", came, by_channel(scaled, image, MEAN, STD))


@pytest.mark.claim("5.3.5")
def test_the_usual_numbers_of_imagenet_will_do(Normalize):
    mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    for shape, dtype in itertools.product(THREE_CHANNELS, FLOATS):
        image = picture(*shape, dtype=dtype)
        expected = by_channel(scaled, image, mean, std)
        assert_close(f"in {dtype}", Normalize(mean, std)(image), expected)


@pytest.mark.claim("5.3.5")
def test_the_gradient_is_divided_by_the_std(Normalize):
    for shape, dtype in itertools.product(THREE_CHANNELS, DTYPES):
        cotangent = -picture(*shape, dtype=dtype).flip(-1)
        came = pull_on_pixels(Normalize(MEAN, STD), picture(*shape, dtype=dtype), cotangent)
        expected = by_channel(lambda x, std: x / std, cotangent, STD)
        assert_close(f"{dtype}: the gradient", came, expected)


@pytest.mark.claim("5.3.5")
def test_nothing_is_measured(Normalize):
    one_color = torch.full((3, 5, 7), 0.75, dtype=widest())
    expected = by_channel(scaled, one_color, MEAN, STD)
    normalize = Normalize(MEAN, STD)
    for k in (1, 1000, 1):  # nor remembered
        normalize(k * picture(3, 5, 7))
        assert_close("an image of one colour", normalize(one_color), expected)


@pytest.mark.claim("5.3.5")
def test_a_tiny_std_divides_as_it_is(Normalize):
    tiny = torch.finfo(widest()).eps ** 0.5
    for shape in THREE_CHANNELS:
        image, std = picture(*shape), [tiny, 2 * tiny, 4 * tiny]
        expected = by_channel(scaled, image, MEAN, std)
        assert_close(f"with std={std}", Normalize(MEAN, std)(image), expected)


@pytest.mark.claim("5.3.5")
@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int64], ids=str)
def test_whole_numbers_are_refused(Normalize, dtype):
    with pytest.raises(REFUSALS):
        Normalize(MEAN, STD)((picture(3, 5, 7) * 255).to(dtype))


@pytest.mark.claim("5.3.5")
@pytest.mark.parametrize("std", [[0.0, 0.0, 0.0], [0.5, 0.0, 0.25]])
def test_a_std_of_0_is_refused_or_gives_nothing_finite(Normalize, std):
    came = outcome(lambda: Normalize(MEAN, std)(picture(3, 5, 7)))
    if isinstance(came, Exception):
        assert isinstance(came, REFUSALS), f"the error is {came!r}"
    else:
        without = came[[s == 0 for s in std]]
        assert not without.isfinite().any(), f"divided by 0, came {without.flatten()[:5].tolist()}"


# Where the 0 may be, and how it may be written.
WITH_A_ZERO = [
    *itertools.product((0.0, 0.5), repeat=3),
    (1, 0, 2),
    (0.5, -0.0, 0.25),
]
WITH_A_ZERO.remove((0.5, 0.5, 0.5))


@pytest.mark.claim("5.3.5")
def test_a_std_of_0_is_refused_in_whichever_channels_it_is_or_in_none(Normalize):
    image, refused = picture(3, 5, 7), {True: [], False: []}
    for kind in takes_any([list, tuple], lambda kind: Normalize(kind(MEAN), kind(STD))(image)):
        for std in map(kind, WITH_A_ZERO):
            came = outcome(lambda std=std: Normalize(type(std)(MEAN), std)(image))
            refused[isinstance(came, Exception)].append(std)
    assert not all(refused.values()), f"refused are {refused[True]}, and not {refused[False]}"


@pytest.mark.claim("5.3.5")
def test_inplace_writes_into_the_image(Normalize):
    needs_options(Normalize, MEAN, STD, inplace=True)
    some = itertools.product(VIEWS.items(), inside([(3, 5, 7), (2, 3, 5, 7)]), DTYPES)
    for (name, layout), shape, dtype in some:
        image = layout(picture(*shape, dtype=dtype))
        expected = by_channel(scaled, image, MEAN, STD)
        came = Normalize(MEAN, STD, inplace=True)(image)
        assert_close(f"{name}: the image", image, expected)
        assert_close(f"{name}: what came", came, expected)


@pytest.mark.claim("5.3.5")
@every_dtype
def test_nothing_in_it_is_random(Normalize, dtype):
    torch.rand(3)  # so that setting the seed, too, would be a change
    before, normalize, image = torch.get_rng_state(), Normalize(MEAN, STD), picture(3, 5, 7)
    came = {tuple(normalize(image.to(dtype)).flatten().tolist()) for _ in range(30)}
    assert torch.equal(torch.get_rng_state(), before), (
        "the state of random numbers changed: some were drawn, or a seed set"
    )
    assert len(came) == 1, f"the same image became {len(came)} ones"


@pytest.mark.claim("5.3.5")
def test_large_images_are_treated_as_small_ones(Normalize):
    sizes = [(3, 32, 32), (3, 67, 129), (3, 299, 307), (5, 3, 33, 17), (2, 3, 1, 4099)]
    for shape, dtype in itertools.product(inside(sizes), FLOATS):
        image = picture(*shape, dtype=dtype)
        expected = by_channel(scaled, image, MEAN, STD)
        assert_close(f"shape {shape}", Normalize(MEAN, STD)(image), expected)


@pytest.mark.claim("5.3.5")
def test_many_channels_and_images_and_any_pixels_are_normalized_alike(Normalize):
    sizes = [(67, 2, 3), (131, 3, 5), (9, 67, 2, 3), (37, 3, 5, 7), (1031, 3, 2, 1)]
    for shape, limit in itertools.product(inside(sizes), (1e-6, 6, 1e6)):
        mean, std = (grid(shape[-3], limit=most).abs() + 0.125 for most in (2, 1))
        numbers = mean.tolist(), std.tolist()
        image = grid(*shape, limit=limit)
        expected = by_channel(scaled, image, *numbers)
        assert_close(f"shape {shape}, up to {limit}", Normalize(*numbers)(image), expected)


@pytest.mark.claim("5.3.5")
def test_one_mean_goes_with_many_stds_and_many_means_with_one_std(Normalize):
    image, one = picture(3, 5, 7), ([0.5], [0.25])
    for shape, dtype in itertools.product(THREE_CHANNELS, DTYPES):
        x = picture(*shape, dtype=dtype)
        with feature("one number for all channels", unheard_of=True):
            came = Normalize(*one)(x)
        assert_close(f"mean=[0.5], std=[0.25], shape {shape}", came, (x.double() - 0.5) / 0.25)
    for mean, std in ((MEAN, one[1]), (one[0], STD)):
        with feature("one number for all channels, beside many", unheard_of=True):
            came = Normalize(mean, std)(image)
        every = ((3 * mean)[:3], (3 * std)[:3])
        assert_close(f"mean={mean}, std={std}", came, by_channel(scaled, image, *every))


@pytest.mark.claim("5.3.5")
def test_lists_and_tuples_mean_the_same(Normalize):
    expected = by_channel(scaled, picture(3, 5, 7), MEAN, STD)
    for kind in (list, tuple):
        came = Normalize(kind(MEAN), kind(STD))(picture(3, 5, 7))
        assert_close(f"from a {kind.__name__}", came, exact(expected.tolist()))


@pytest.mark.claim("5.3.5")
def test_in_lower_precision_no_factor_is_wrong(Normalize):
    normalize, divided = Normalize(MEAN, STD), lambda x, std: x / std
    for dtype in inside((torch.float16, torch.bfloat16)):
        x = grid(3, 16, 16).to(dtype)
        came, expected = normalize(x), by_channel(scaled, x, MEAN, STD)
        slopes, right = pull_on_pixels(normalize, x, x), by_channel(divided, x, STD)
        for c in range(3):
            assert_unbiased(f"channel {c} in {dtype}", came[c], expected[c])
            assert_unbiased(f"gradient of channel {c} in {dtype}", slopes[c], right[c])
