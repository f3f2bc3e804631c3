"""LeakyReLU keeps a slope on the negative side.

The slopes are powers of 2 where a claim needs exact products. Units that come back to life are
in `test_dying_units.py`; the rest is in `test_every_activation.py`.
"""

import itertools
from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common import layouts
from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.gradients import gradient, slope
from sums_to_one.tests.common.inputs import (
    DTYPES,
    SHAPES,
    VIEWS,
    dtypes,
    every_dtype,
    exact,
    grid,
    vectors,
)
from sums_to_one.tests.common.limits import Inside, needs_gradients, widest
from sums_to_one.tests.common.options import feature, option, takes_any

LARGE = (1_048_601,)  # more than 2^20 numbers
ANY = Inside((*SHAPES, (2, 3, 5, 7), (90_001, 3), LARGE))
slopes = st.sampled_from([0.25, 0.0, 2**-10, 1.0, 2.0, -0.25, -2.0])
nonzero = vectors(limit=1e30).filter(lambda x: x.abs().min() > 1e-30)


def one_or(alpha: float, x: Tensor) -> Tensor:
    """The slope of the piece of the line that each number is on."""
    return torch.where(x > 0, 1.0, torch.tensor(alpha, dtype=torch.float64))


def needs_slope(leaky_relu, alpha: float) -> None:
    """Some take no slope but those between 0 and 1, and say so."""
    with feature(f"a negative_slope of {alpha}"):
        leaky_relu(exact([0.5]), alpha)


@pytest.mark.claim("1.4.1")
@every_dtype
@given(vectors(limit=1e4), slopes)
def test_positive_numbers_pass_and_negative_ones_are_multiplied(leaky_relu, dtype, x, alpha):
    needs_slope(leaky_relu, alpha)
    x = x.to(dtype)
    expected = (x.double().clamp(min=0) + alpha * x.double().clamp(max=0)).to(dtype).tolist()
    assert leaky_relu(x, negative_slope=alpha).tolist() == expected
    assert leaky_relu(x, alpha).tolist() == expected, "negative_slope is the second argument"


@pytest.mark.claim("1.4.1")
@given(nonzero, st.floats(-1e6, 1e6))
def test_output_over_input_is_1_or_the_slope(leaky_relu, x, alpha):
    needs_slope(leaky_relu, alpha)
    assert_close("f(x) / x", leaky_relu(x, negative_slope=alpha) / x, one_or(alpha, x))


@pytest.mark.claim("1.4.1")
@given(nonzero, dtypes)
def test_one_hundredth_is_the_slope_that_nobody_asked_for(leaky_relu, x, dtype):
    x = (x * 1e-3).clamp(-1e4, 1e4)
    x = torch.where(x.abs() < 1e-2, 1.0, x).to(dtype)
    assert_close("f(x) / x", leaky_relu(x) / x, one_or(0.01, x))


@pytest.mark.claim("1.4.2")
@given(nonzero, dtypes, slopes)
def test_its_gradient_is_1_or_the_slope_everywhere(leaky_relu, x, dtype, alpha):
    needs_slope(leaky_relu, alpha)
    x = x.to(dtype)
    x = torch.where(x == 0, 1, x)  # a tiny number may have become 0
    got = slope(lambda x: leaky_relu(x, negative_slope=alpha), x)
    assert_close("f'(x)", got, one_or(alpha, x))


@pytest.mark.claim("1.4.1", "1.4.2")
def test_a_slope_that_is_asked_for_holds_in_every_dtype_and_any_shape(leaky_relu):
    leaky = partial(leaky_relu, negative_slope=0.25)
    for dtype, shape in itertools.product(DTYPES, ANY):
        x = grid(*shape).to(dtype)
        wrong = leaky(x) != torch.where(x > 0, x, x / 4)
        assert not wrong.any(), f"{dtype} of shape {shape}: {x[wrong][0]} became {leaky(x)[wrong]}"
        slopes = gradient(leaky, x, torch.ones_like(x))
        assert_close(f"f'(x) in {dtype} of shape {shape}", slopes, one_or(0.25, x))


@pytest.mark.claim("1.4.1")
def test_a_slope_that_is_asked_for_holds_wherever_the_numbers_lie(leaky_relu):
    for dtype, shape in itertools.product(DTYPES, layouts.SHAPES):
        for words, x in layouts.combined(grid(*shape).to(dtype)):
            same = torch.equal(leaky_relu(x, 0.25), torch.where(x > 0, x, x / 4))
            assert same, f"{dtype} of shape {shape}, {words}: {leaky_relu(x, 0.25).tolist()}"


@pytest.mark.claim("1.4.2")
def test_two_calls_keep_their_slopes_apart(leaky_relu):
    three = takes_any((0.25, 2.0, 0.0, 0.5, 0.125), lambda a: leaky_relu(exact([0.5]), a))[:3]
    leaves = [grid(3, 5).requires_grad_() for _ in three]
    sums = [leaky_relu(x, alpha).sum() for x, alpha in zip(leaves, three, strict=True)]
    for total in sums:
        total.backward()
    for x, alpha in zip(leaves, three, strict=True):
        assert_close(f"the gradient with {alpha}", x.grad, one_or(alpha, x))


# What is kept for one of them must not serve another: not by few digits, the size or the dtype.
NEAR = (0.25, 0.25 + 2**-6, 0.25 + 2**-12, 0.25 + 2**-20, 0.25 + 2**-33, -0.25, 0.0, 0.01, 0.0123)


@pytest.mark.claim("1.4.1", "1.4.2")
def test_slopes_that_are_nearly_alike_are_told_apart(leaky_relu):
    taken = takes_any(NEAR, lambda alpha: leaky_relu(exact([0.5]), alpha))
    for alpha, dtype in itertools.product([*taken, *taken[::-1]], [*DTYPES][::-1]):
        x, words = grid(3, 5).to(dtype), f"{dtype}, a slope of {alpha}"
        leaky = partial(leaky_relu, negative_slope=alpha)
        assert_close(words, leaky(x), one_or(alpha, x) * x.double())
        assert_close(f"{words}: f'(x)", slope(leaky, x), one_or(alpha, x))


@pytest.mark.claim("1.4.5")
@every_dtype
@given(st.sampled_from([0.25, 0.0, 2**-10, 1.0, 2.0, 0.1]))  # 0.1 is another one in float32
def test_inplace_writes_into_the_input_and_returns_it(leaky_relu, dtype, alpha):
    option(leaky_relu, "inplace")
    needs_slope(leaky_relu, alpha)
    for name, layout in VIEWS.items():
        x, y = layout(grid(3, 5).to(dtype)), layout(grid(3, 5).to(dtype))
        expected = leaky_relu(x, alpha, inplace=False).tolist()
        by_name, by_place = leaky_relu(x, alpha, inplace=True), leaky_relu(y, alpha, True)
        assert by_name.data_ptr() == x.data_ptr(), f"{name}: it is somewhere else"
        assert by_place.data_ptr() == y.data_ptr(), "inplace is the third argument"
        assert x.tolist() == y.tolist() == expected, name


@pytest.mark.claim("1.4.5")
def test_inplace_writes_into_layouts_that_are_combined_and_nothing_beside_them(leaky_relu):
    option(leaky_relu, "inplace")
    for dtype, shape in [*itertools.product(DTYPES, layouts.SHAPES), (widest(), LARGE)]:
        for words, x, twin in layouts.in_pairs(grid(*shape).to(dtype)):
            twin.copy_(leaky_relu(layouts.copy(x), 0.25))
            came = leaky_relu(x, 0.25, inplace=True)
            assert came.data_ptr() == x.data_ptr(), f"{words}: it is somewhere else"
            same = torch.equal(layouts.memory_of(x), layouts.memory_of(twin))
            assert same, f"{dtype} of shape {shape}, {words}: other numbers than a plain call gives"


@pytest.mark.claim("1.4.5")
def test_inplace_has_the_gradient_of_the_plain_call(leaky_relu):
    option(leaky_relu, "inplace")
    expected = slope(leaky_relu, grid(3, 5))
    assert_close("f'(x)", slope(lambda x: leaky_relu(x * 1, inplace=True), grid(3, 5)), expected)


@pytest.mark.claim("1.4.5")
def test_inplace_writes_where_gradients_are_recorded_too(leaky_relu):
    option(leaky_relu, "inplace")
    needs_gradients(1)
    for dtype in DTYPES:
        expected = leaky_relu(grid(3, 5).to(dtype)).tolist()
        x = grid(3, 5).to(dtype).requires_grad_() * 1
        assert leaky_relu(x, inplace=True).data_ptr() == x.data_ptr(), f"{dtype}: somewhere else"
        assert x.tolist() == expected, f"{dtype}"


@pytest.mark.claim("1.4.5")
@every_dtype
def test_inplace_with_a_negative_slope_has_the_values_of_the_plain_call(leaky_relu, dtype):
    option(leaky_relu, "inplace")
    needs_slope(leaky_relu, -2.0)
    x = grid(3, 5).to(dtype)
    expected = leaky_relu(x, -2.0).tolist()
    with feature("a negative slope in place"):
        leaky_relu(x, -2.0, inplace=True)
    assert x.tolist() == expected


@pytest.mark.claim("1.4.5")
def test_inplace_with_a_negative_slope_is_never_silently_wrong(leaky_relu):
    option(leaky_relu, "inplace")
    needs_slope(leaky_relu, -2.0)
    expected = slope(lambda x: leaky_relu(x, -2.0), grid(3, 5))
    # PyTorch refuses: its output no longer tells the sign of the input.
    with feature("the gradient of inplace with a negative slope"):
        got = slope(lambda x: leaky_relu(x * 1, -2.0, inplace=True), grid(3, 5))
    assert_close("f'(x)", got, expected)


@pytest.mark.claim("1.4.4")
@every_dtype
@pytest.mark.parametrize("alpha", [0.01, 0.2, 1.5])
def test_the_values_are_those_of_pytorch(leaky_relu, dtype, alpha):
    needs_slope(leaky_relu, alpha)
    x = torch.cat([grid(91, limit=30), exact([0.0, -0.0, torch.inf, -torch.inf])])
    x = x.to(dtype)
    expected = torch.nn.functional.leaky_relu(x.double(), alpha)
    assert_close("leaky_relu(x)", leaky_relu(x, alpha), expected)
