"""Sigmoid turns log-odds into a probability.

The first claims say what it is; then come its slope, and the numbers far out where exp
overflows. What it owes its caller like every activation is in `test_every_activation.py`.
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

FAR_FOR_SIGMOID = [40, 89, 100, 710, 1000, 6e4]  # exp overflows beyond 11, 88.7 and 709.8


@pytest.mark.claim("1.1.1", "1.1.2")
@given(vectors(limit=1e300))
def test_every_output_lies_between_0_and_1(sigmoid, x):
    p = sigmoid(x)
    assert p.min() >= 0, f"not a probability: {p.tolist()}"
    assert p.max() <= 1, f"not a probability: {p.tolist()}"


@pytest.mark.claim("1.1.1", "1.1.2")
@every_dtype
def test_no_number_of_any_dtype_is_sent_outside_0_to_1_or_out_of_order(sigmoid, dtype):
    p = sigmoid(whole_line(dtype))
    assert p.min() >= 0, f"not a probability: {p.min().item():.17g}"
    assert p.max() <= 1, f"not a probability: {p.max().item():.17g}"
    assert p.diff().min() >= -tolerance(dtype), f"falls by {-p.diff().min().item():.17g}"


@pytest.mark.claim("1.1.1")
@every_dtype
def test_an_input_of_moderate_size_gives_neither_0_nor_1(sigmoid, dtype):
    far = -0.8 * math.log(torch.finfo(dtype).eps)  # a fifth of the digits tell it from 1
    p = sigmoid(torch.linspace(-far, far, 997).to(dtype))
    assert p.min() > 0, f"0 at an input of {-far} or more"
    assert p.max() < 1, f"1 at an input of {far} or less"


@pytest.mark.claim("1.1.1")
@every_dtype
@pytest.mark.parametrize("far", [*FAR_FOR_SIGMOID, torch.inf])
def test_far_out_it_is_exactly_1_and_less_than_a_rounding_from_0(sigmoid, dtype, far):
    low, high = sigmoid(torch.tensor([-far, far], dtype=dtype)).tolist()
    assert high == 1, f"at {far} it is {high:.17g}"
    assert 0 <= low < torch.finfo(dtype).eps, f"at {-far} it is {low:.17g}"


@pytest.mark.claim("1.1.1")
def test_pytorchs_is_1_long_before_it_is_0():
    x = torch.tensor([36.7, 36.8, -708.0, -710.0], dtype=torch.float64)
    assert torch.sigmoid(x).eq(torch.tensor([0, 1, 0, 0])).tolist() == [False, True, False, True]
    x = torch.tensor([16.6, 16.7, -88.0, -89.0])
    assert torch.sigmoid(x).eq(torch.tensor([0, 1, 0, 0])).tolist() == [False, True, False, True]


@pytest.mark.claim("1.1.7")
@given(st.floats(20, 80))
def test_pytorchs_sigmoid_of_the_opposite_keeps_digits_that_the_difference_from_1_loses(x):
    lost, kept = 1 - torch.sigmoid(torch.tensor(x)), torch.sigmoid(torch.tensor(-x))
    assert lost == 0, f"1 - sigmoid({x}) is {lost.item()}"
    assert_close("log(sigmoid(-x))", kept.log() / x, -1.0)


@pytest.mark.claim("1.1.2")
@given(vectors(limit=12))
def test_it_undoes_the_log_odds(sigmoid, x):
    p = sigmoid(x)
    assert_close("p / (1 - p) = exp(x), in logs", p.log() - sigmoid(-x).log(), x)


@pytest.mark.claim("1.1.2")
@given(vectors(limit=1e300))
def test_the_opposite_input_has_the_complementary_probability(sigmoid, x):
    assert_close("sigmoid(-x) = 1 - sigmoid(x)", sigmoid(-x), 1 - sigmoid(x))


@pytest.mark.claim("1.1.2")
@given(numbers(limit=700))
@example(0.0)
def test_it_is_one_over_one_plus_exp_of_minus_x(sigmoid, x):
    p = sigmoid(exact(x))
    assert_close("sigmoid(x)", p, torch.tensor(1 / (1 + math.exp(-x)), dtype=torch.float64))


@pytest.mark.claim("1.1.2")
@every_dtype
def test_to_the_left_of_0_small_probabilities_have_their_digits_too(sigmoid, dtype):
    x = torch.linspace(-1.5, 0, 997).to(dtype)
    right = 1 / (1 + (-x.double()).exp())
    share = (sigmoid(x).double() / right).to(dtype)
    assert_close("sigmoid(x), divided by the right one", share, 1.0)


@pytest.mark.claim("1.1.2")
@given(vectors(limit=1000))
def test_a_larger_input_never_has_a_smaller_probability(sigmoid, x):
    p = sigmoid(x.sort().values)
    assert (p.diff() >= -tolerance(x.dtype)).all(), f"in the order of inputs: {p.tolist()}"


@pytest.mark.claim("1.2.2")
@given(vectors(limit=1000))
def test_its_mean_over_symmetric_inputs_is_one_half(sigmoid, x):
    mean = sigmoid(torch.cat([x, -x])).mean()
    assert_close("the mean of sigmoid(x) and sigmoid(-x)", mean, 0.5)


@pytest.mark.claim("1.1.3")
@given(vectors(limit=1000))
def test_its_slope_is_p_times_one_minus_p(sigmoid, x):
    p = sigmoid(x)
    assert_close("sigmoid'(x)", slope(sigmoid, x), p * (1 - p))


@pytest.mark.claim("1.1.3")
@given(vectors(limit=1000))
def test_its_slope_is_steepest_at_0_where_it_is_one_quarter(sigmoid, x):
    assert_close("sigmoid'(0)", slope(sigmoid, torch.zeros_like(x)), torch.full_like(x, 0.25))
    steepest = slope(sigmoid, x).max()
    assert steepest <= 0.25 + tolerance(x.dtype), f"a slope of {steepest}"


@pytest.mark.claim("1.1.3")
@every_dtype
@pytest.mark.parametrize("far", FAR_FOR_SIGMOID)
def test_its_slope_vanishes_far_out(sigmoid, dtype, far):
    x = torch.tensor([-far, far], dtype=dtype)
    assert_close("sigmoid' far out", gradient(sigmoid, x, torch.ones_like(x)), torch.zeros(2))


@pytest.mark.claim("1.1.6")
def test_the_values_are_those_of_pytorch(sigmoid):
    x = torch.cat([grid(997, limit=40), exact([0.0, -0.0, torch.inf, -torch.inf])])
    assert_close("sigmoid(x)", sigmoid(x), torch.sigmoid(x))
