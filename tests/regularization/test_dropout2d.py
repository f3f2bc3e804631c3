"""Dropout2d drops whole channels, each by itself and in each sample anew.

What it owes its caller besides, and how channels fall, is in `test_every_dropout.py`.
"""

import itertools
import warnings

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.inputs import DTYPES, LAYOUTS, dtypes, grid
from sums_to_one.tests.common.limits import Inside
from sums_to_one.tests.common.refusals import needs_options
from sums_to_one.tests.common.statistical import randomness
from sums_to_one.tests.regularization.fates import (
    P,
    assert_dropped_or_scaled,
    assert_share,
    assert_slices_alike,
    image_shapes,
    plain_dtype,
    tell,
)

# The smallest and the largest images, wide ones, high ones, and no two equal sizes side by side.
ROWS = Inside(((7, 5, 11), (5, 5, 7), (1, 3, 2), (3, 1, 5)))
FORMATS = (
    (7, 5, 1, 1),
    (5, 7, 1, 11),
    (3, 11, 13, 1),
    (1, 17, 2, 3),
    (17, 1, 3, 2),
    (5, 11, 17, 31),
)


def quietly(layer, x: torch.Tensor) -> torch.Tensor:
    """What comes of three dimensions, without PyTorch's warning that this is to change."""
    with warnings.catch_warnings(action="ignore"):
        return layer(x)


def assert_whole_channels(sentence: str, came: torch.Tensor) -> None:
    """Either all pixels of a channel are 0, or none is."""
    __tracebackhide__ = True
    share = came.eq(0).double().mean(dim=(2, 3))
    torn = share[(share > 0) & (share < 1)]
    assert not len(torn), f"{sentence}: in some channels these shares are 0: {torn[:5].tolist()}"


@pytest.mark.claim("5.2.4")
@given(image_shapes, st.sampled_from(P), dtypes)
def test_all_pixels_of_a_channel_are_dropped_or_kept_together(Dropout2d, shape, p, dtype):
    with randomness():
        assert_whole_channels("the output", Dropout2d(p)(grid(*shape).to(dtype)))


@pytest.mark.claim("5.2.4")
def test_all_pixels_of_a_channel_are_dropped_or_kept_together_wherever_they_lie(Dropout2d):
    for (name, layout), shape, dtype in itertools.product(LAYOUTS.items(), FORMATS, DTYPES):
        x = layout(grid(*shape).to(dtype))
        came = Dropout2d(1 / 3)(x)
        assert_whole_channels(f"{name}, {dtype}, shape {shape}", came)
        assert_dropped_or_scaled(f"{name}, {dtype}, shape {shape}", came, x, 1 / 3)


@pytest.mark.claim("5.2.4")
def test_three_dimensions_are_samples_of_channels_with_one_row_each(Dropout2d):
    # As PyTorch documents: (N, C, L); others have read (C, H, W), and lost whole samples.
    for shape, dtype, p in itertools.product(ROWS, DTYPES, (0.0, *P, 1.0)):
        for name, layout in LAYOUTS.items():
            x = layout(grid(*shape).to(dtype))
            came = quietly(Dropout2d(p), x)
            assert_dropped_or_scaled(f"{name}, {dtype}, shape {shape}", came, x, p)
            assert_whole_channels(f"{name}, {dtype}, shape {shape}", came[:, :, None])


@pytest.mark.claim("5.2.4")
def test_of_three_dimensions_channels_are_dropped_as_of_four(Dropout2d):
    ones = torch.ones(61, 67, 2, dtype=plain_dtype())
    with randomness():
        dropped = quietly(Dropout2d(1 / 3), ones)[..., 0].eq(0)
    assert_slices_alike("samples", dropped, 1 / 3)
    assert_slices_alike("channels", dropped.T, 1 / 3)


@pytest.mark.claim("5.2.4", "5.2.7")
def test_gradients_of_three_dimensions_go_where_the_inputs_went(Dropout2d):
    for shape, dtype, p in itertools.product(ROWS, DTYPES, P):
        x, cotangent = grid(*shape).to(dtype).requires_grad_(), grid(*shape, limit=2).to(dtype)
        came = quietly(Dropout2d(p), x)
        (came * cotangent).sum().backward()
        expected = torch.where(came.detach().eq(0), torch.zeros(()), cotangent.double() / (1 - p))
        assert_close(f"{dtype}, shape {shape}: the gradient", x.grad, expected)


@pytest.mark.claim("5.2.4", "5.2.9")
def test_inplace_three_dimensions_are_written_to(Dropout2d):
    needs_options(Dropout2d, 0.5, inplace=True)
    for shape, dtype, p in itertools.product(ROWS, DTYPES, P):
        x = grid(*shape).to(dtype)
        came = quietly(Dropout2d(p, inplace=True), x)
        assert came.data_ptr() == x.data_ptr(), f"p = {p}: what comes back lies elsewhere"
        assert_dropped_or_scaled(f"{dtype}, p = {p}", x, grid(*shape).to(dtype), p)


@pytest.mark.claim("5.2.3", "5.2.4")
def test_three_dimensions_are_left_as_they_are_in_evaluation(Dropout2d):
    layer = Dropout2d(0.9)
    tell(layer, training=False)
    for shape, dtype in itertools.product(ROWS, DTYPES):
        x = grid(*shape).to(dtype)
        assert torch.equal(quietly(layer, x), x), (
            f"{dtype}, shape {shape}: the output is not the input"
        )


@pytest.mark.claim("5.2.4", "5.2.7")
@given(image_shapes, st.sampled_from(P), dtypes)
def test_all_gradients_of_a_channel_are_dropped_or_kept_together(Dropout2d, shape, p, dtype):
    x = grid(*shape).to(dtype).requires_grad_()
    with randomness():
        came = Dropout2d(p)(x)
    (came * grid(*shape, limit=2).to(dtype)).sum().backward()
    assert_whole_channels("the gradient", x.grad)
    assert torch.equal(x.grad.eq(0), came.detach().eq(0)), "other channels than those dropped"


@pytest.mark.claim("5.2.4")
def test_images_of_every_size_lose_as_many_channels(Dropout2d):
    for size, p in itertools.product([(1, 1), (1, 7), (7, 1), (8, 8), (5, 13)], (1 / 3, 0.9)):
        with randomness():
            dropped = Dropout2d(p)(torch.ones(61, 67, *size, dtype=plain_dtype()))[:, :, 0, 0].eq(0)
        assert_slices_alike(f"p = {p}, samples of size {size}", dropped, p)
        assert_slices_alike(f"p = {p}, channels of size {size}", dropped.T, p)


@pytest.mark.claim("5.2.4")
def test_a_black_pixel_says_nothing_about_its_channel(Dropout2d):
    x = grid(61, 67, 3, 2)
    x[:, :, 0, 0] = 0
    with randomness():
        came = Dropout2d(1 / 3)(x)
    dropped = came[:, :, 2, 1].eq(0)
    assert_close("the output", came, torch.where(dropped[:, :, None, None], 0 * x, x * 1.5))
    assert_share("channels", dropped, 1 / 3)
