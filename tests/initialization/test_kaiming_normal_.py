"""Kaiming's normal initialization has the variance gain^2 / fan.

The gain is that of the nonlinearity, for leaky_relu sqrt(2 / (1 + a^2)); the fan is fan_in unless
fan_out is asked for. What Kaiming owes its caller like every initializer is in
`test_every_initializer.py`.
"""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sums_to_one.tests.common.statistical import MANY, assert_mean, assert_std, drawn, normal_scores

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


def std(shape: tuple[int, ...], gain: float, mode: str = "fan_in") -> float:
    fan_in, fan_out = math.prod(shape[1:]), shape[0] * math.prod(shape[2:])
    return gain / math.sqrt(fan_in if mode == "fan_in" else fan_out)


@pytest.mark.claim("2.4.1")
@given(
    st.lists(st.integers(2, 12), min_size=2, max_size=5),
    st.floats(-4, 4),
    st.sampled_from(MODES),
)
def test_any_slope_goes_with_any_shape_and_mode(kaiming_normal_, shape, a, mode):
    w = drawn(kaiming_normal_, *shape, count=500, a=a, mode=mode)
    scores = normal_scores(w, 0, std(shape, math.sqrt(2 / (1 + a**2)), mode))
    assert_mean(f"shape {shape}", scores.flatten())
    assert_std(f"shape {shape}", scores.flatten())


@pytest.mark.claim("2.4.1")
@pytest.mark.parametrize("nonlinearity", GAINS)
def test_the_gain_is_that_of_the_nonlinearity(kaiming_normal_, nonlinearity):
    for mode, dtype in zip(MODES, (torch.float32, torch.float64), strict=True):
        options = {"mode": mode, "nonlinearity": nonlinearity}
        w = drawn(kaiming_normal_, 512, 1024, dtype=dtype, **options)
        scores = normal_scores(w, 0, std((512, 1024), GAINS[nonlinearity], mode))
        assert_mean(f"with {mode}", scores.flatten())
        assert_std(f"with {mode}", scores.flatten())


@pytest.mark.claim("2.4.1")
@pytest.mark.parametrize("a", SLOPES)
def test_a_leaky_relu_needs_a_gain_of_the_root_of_2_over_1_plus_a_squared(kaiming_normal_, a):
    w = drawn(kaiming_normal_, 512, 1024, a=a, nonlinearity="leaky_relu")
    scores = normal_scores(w, 0, std((512, 1024), math.sqrt(2 / (1 + a**2))))
    assert_mean("the numbers", scores.flatten())
    assert_std("the numbers", scores.flatten())


@pytest.mark.claim("2.4.1")
def test_the_slope_concerns_nothing_but_leaky_relu(kaiming_normal_):
    for nonlinearity, gain in GAINS.items():
        w = drawn(kaiming_normal_, 101, 257, a=2, nonlinearity=nonlinearity)
        assert_std(nonlinearity, normal_scores(w, 0, std((101, 257), gain)).flatten())


@pytest.mark.claim("2.4.1")
@pytest.mark.parametrize("shape", UNEQUAL, ids=lambda shape: "x".join(map(str, shape)))
def test_the_fan_is_the_one_that_was_asked_for(kaiming_normal_, shape):
    for mode in MODES:
        count = MANY if math.prod(shape) > 1000 else MANY // 8
        w = drawn(kaiming_normal_, *shape, count=count, mode=mode, nonlinearity="relu")
        scores = normal_scores(w, 0, std(shape, math.sqrt(2), mode))
        assert_mean(f"with {mode}", scores.flatten())
        assert_std(f"with {mode}", scores.flatten())


@pytest.mark.claim("2.4.1")
def test_the_options_can_be_told_by_place(kaiming_normal_):
    w = drawn(lambda w: kaiming_normal_(w, 2, "fan_out", "leaky_relu"), 101, 257)
    assert_std(
        "by place", normal_scores(w, 0, std((101, 257), (2 / 5) ** 0.5, "fan_out")).flatten()
    )
