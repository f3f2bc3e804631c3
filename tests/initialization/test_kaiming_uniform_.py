"""Kaiming's uniform initialization has the bound gain * sqrt(3 / fan).

The gain is that of the nonlinearity, for leaky_relu sqrt(2 / (1 + a^2)); the fan is fan_in unless
fan_out is asked for. What Kaiming owes its caller like every initializer is in
`test_every_initializer.py`.
"""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sums_to_one.tests.common.inputs import DTYPES
from sums_to_one.tests.common.statistical import (
    assert_bounds,
    assert_mean,
    assert_shape,
    assert_std,
    drawn,
    uniform_scores,
)

GAINS = {
    "linear": 1,
    "conv1d": 1,
    "conv2d": 1,
    "conv3d": 1,
    "conv_transpose1d": 1,
    "conv_transpose2d": 1,
    "conv_transpose3d": 1,
    "sigmoid": 1,
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "selu": 3 / 4,
}
SLOPES = [0, 0.01, 0.2, 0.5, 1, math.sqrt(5), -0.5, 3]
UNEQUAL = [(3, 4001), (4001, 3), (1, 257), (2, 48, 5), (48, 2, 5), (16, 5, 7, 3), (5, 16, 2, 3, 5)]
MODES = ("fan_in", "fan_out")


def bound(shape: tuple[int, ...], gain: float, mode: str = "fan_in") -> float:
    fan_in, fan_out = math.prod(shape[1:]), shape[0] * math.prod(shape[2:])
    return gain * math.sqrt(3 / (fan_in if mode == "fan_in" else fan_out))


@pytest.mark.claim("2.4.1")
@given(
    st.lists(st.integers(2, 12), min_size=2, max_size=5),
    st.floats(-4, 4),
    st.sampled_from(MODES),
    st.sampled_from(DTYPES),
)
def test_any_slope_goes_with_any_shape_and_mode(kaiming_uniform_, shape, a, mode, dtype):
    w = drawn(kaiming_uniform_, *shape, count=500, dtype=dtype, a=a, mode=mode)
    b = bound(shape, math.sqrt(2 / (1 + a**2)), mode)
    assert_bounds(f"shape {shape}", w, -b, b)


@pytest.mark.claim("2.4.1")
@pytest.mark.parametrize("nonlinearity", GAINS)
def test_the_gain_is_that_of_the_nonlinearity(kaiming_uniform_, nonlinearity):
    for mode in MODES:
        w = drawn(kaiming_uniform_, 101, 257, mode=mode, nonlinearity=nonlinearity)
        b = bound((101, 257), GAINS[nonlinearity], mode)
        assert_bounds(f"with {mode}", w, -b, b)


@pytest.mark.claim("2.4.1")
@pytest.mark.parametrize("a", SLOPES)
def test_a_leaky_relu_needs_a_gain_of_the_root_of_2_over_1_plus_a_squared(kaiming_uniform_, a):
    w = drawn(kaiming_uniform_, 101, 257, a=a, nonlinearity="leaky_relu")
    b = bound((101, 257), math.sqrt(2 / (1 + a**2)))
    scores = uniform_scores(w, -b, b)
    assert_bounds("the numbers", w, -b, b)
    assert_mean("the numbers", scores.flatten())
    assert_std("the numbers", scores.flatten())
    assert_shape("the numbers", scores)


@pytest.mark.claim("2.4.1")
def test_the_slope_concerns_nothing_but_leaky_relu(kaiming_uniform_):
    for nonlinearity, gain in GAINS.items():
        w = drawn(kaiming_uniform_, 101, 257, a=2, nonlinearity=nonlinearity)
        assert_bounds(nonlinearity, w, -bound((101, 257), gain), bound((101, 257), gain))


@pytest.mark.claim("2.4.1")
@pytest.mark.parametrize("shape", UNEQUAL, ids=lambda shape: "x".join(map(str, shape)))
def test_the_fan_is_the_one_that_was_asked_for(kaiming_uniform_, shape):
    for mode, dtype in itertools.product(MODES, DTYPES):
        options = {"mode": mode, "nonlinearity": "relu"}
        w = drawn(kaiming_uniform_, *shape, count=20_000, dtype=dtype, **options)
        b = bound(shape, math.sqrt(2), mode)
        assert_bounds(f"with {mode} in {dtype}", w, -b, b)


@pytest.mark.claim("2.4.1")
def test_the_options_can_be_told_by_place(kaiming_uniform_):
    w = drawn(lambda w: kaiming_uniform_(w, 2, "fan_out", "leaky_relu"), 101, 257)
    b = bound((101, 257), (2 / 5) ** 0.5, "fan_out")
    assert_bounds("by place", w, -b, b)
