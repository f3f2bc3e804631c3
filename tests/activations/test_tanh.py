"""Tanh squashes numbers into the interval from -1 to 1, and leaves 0 where it is.

The first claims say what it is; then come its slope, where that beats a sigmoid's and where
not, and the numbers far out. The rest is in `test_every_activation.py`.
"""

import math

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from sums_to_one.tests.common.closeness import assert_close, tolerance
from sums_to_one.tests.common.gradients import gradient, slope
from sums_to_one.tests.common.inputs import every_dtype, exact, grid, numbers, vectors
from sums_to_one.tests.common.line import whole_line

FAR_FOR_TANH = [20, 45, 89, 355, 710, 1000, 6e4]  # exp(2x) overflows beyond 5.5, 44.4 and 354.9
CROSSING = math.acosh(1 + math.sqrt(3))  # 1.66: there tanh and sigmoid are equally steep


@pytest.mark.claim("1.2.1")
@given(vectors(limit=1e300))
def test_every_output_lies_between_minus_1_and_1(tanh, x):
    y = tanh(x)
    assert y.abs().max() <= 1, f"out of range: {y.tolist()}"


@pytest.mark.claim("1.2.1")
@every_dtype
def test_no_number_of_any_dtype_is_sent_outside_minus_1_to_1_or_out_of_order(tanh, dtype):
    y = tanh(whole_line(dtype))
    assert y.abs().max() <= 1, f"out of range: {y.abs().max().item():.17g}"
    assert y.diff().min() >= -tolerance(dtype), f"falls by {-y.diff().min().item():.17g}"


@pytest.mark.claim("1.2.1")
@every_dtype
def test_an_input_of_moderate_size_gives_neither_minus_1_nor_1(tanh, dtype):
    far = -0.4 * math.log(torch.finfo(dtype).eps)  # a fifth of the digits tell it from 1
    largest = tanh(torch.linspace(-far, far, 997).to(dtype)).abs().max()
    assert largest < 1, f"{largest} at an input between {-far} and {far}"


@pytest.mark.claim("1.2.1")
@every_dtype
@pytest.mark.parametrize("far", [*FAR_FOR_TANH, torch.inf])
def test_far_out_it_reaches_exactly_minus_1_and_1(tanh, dtype, far):
    y = tanh(torch.tensor([-far, far], dtype=dtype)).tolist()
    assert y == [-1, 1], f"at {-far} and {far} it is {y}"


@pytest.mark.claim("1.2.1")
@given(numbers(limit=350))
def test_it_is_the_quotient_of_sinh_and_cosh(tanh, x):
    y = tanh(exact(x))
    assert_close("tanh(x)", y, torch.tensor(math.sinh(x) / math.cosh(x), dtype=torch.float64))


@pytest.mark.claim("1.2.2")
@given(vectors(limit=1e300))
def test_the_opposite_input_has_the_opposite_output(tanh, x):
    assert_close("tanh(-x) = -tanh(x)", tanh(-x), -tanh(x))


@pytest.mark.claim("1.2.2")
@given(vectors(limit=1000))
def test_its_mean_over_symmetric_inputs_is_0(tanh, x):
    assert_close("the mean of tanh(x) and tanh(-x)", tanh(torch.cat([x, -x])).mean(), 0.0)


@pytest.mark.claim("1.2.1")
@given(vectors(limit=1000))
def test_a_larger_input_never_has_a_smaller_output(tanh, x):
    y = tanh(x.sort().values)
    assert (y.diff() >= -tolerance(x.dtype)).all(), f"in the order of inputs: {y.tolist()}"


@pytest.mark.claim("1.2.5")
@given(numbers(limit=20), numbers(limit=20))
def test_it_adds_up_as_velocities_do(tanh, x, y):
    a, b, both = tanh(exact([x, y, x + y]))
    assert_close("tanh(x + y) * (1 + ab) = a + b", both * (1 + a * b), a + b)


@pytest.mark.claim("1.2.4")
@given(vectors(limit=1000))
@example(torch.zeros(1, dtype=torch.float64))
def test_its_slope_is_one_minus_its_square(tanh, x):
    assert_close("tanh'(x)", slope(tanh, x), 1 - tanh(x) ** 2)


@pytest.mark.claim("1.2.4")
@every_dtype
@pytest.mark.parametrize("far", FAR_FOR_TANH)
def test_its_slope_vanishes_far_out(tanh, dtype, far):
    x = torch.tensor([-far, far], dtype=dtype)
    assert_close("tanh' far out", gradient(tanh, x, torch.ones_like(x)), torch.zeros(2))


@pytest.mark.claim("1.2.4")
@given(st.floats(0.001, 0.999), st.floats(1.001, 10))
def test_it_is_steeper_than_a_sigmoid_near_0_and_flatter_far_out(tanh, inside, outside):
    x = CROSSING * exact([inside, outside])
    near, far = slope(tanh, x) / (torch.sigmoid(x) * torch.sigmoid(-x))
    assert near > 1, f"inside the crossing tanh has {near} times the slope of a sigmoid"
    assert far < 1, f"outside the crossing tanh has {far} times the slope of a sigmoid"


@pytest.mark.claim("1.2.5")
def test_the_values_are_those_of_pytorch(tanh):
    x = torch.cat([grid(997, limit=40), exact([0.0, -0.0, torch.inf, -torch.inf])])
    assert_close("tanh(x)", tanh(x), torch.tanh(x))
