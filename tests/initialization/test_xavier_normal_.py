"""Xavier's normal initialization has the variance gain^2 * 2 / (fan_in + fan_out).

What Xavier owes its caller like every initializer is in `test_every_initializer.py`.
"""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sums_to_one.tests.common.inputs import DTYPES
from sums_to_one.tests.common.statistical import (
    MANY,
    assert_mean,
    assert_shape,
    assert_std,
    drawn,
    normal_scores,
)

GAINS = [0.1, 1, math.sqrt(2), 5 / 3, 4]
UNEQUAL = [(3, 4001), (4001, 3), (1, 257), (2, 48, 5), (48, 2, 5), (16, 5, 7, 3), (5, 16, 2, 3, 5)]


def std(shape: tuple[int, ...], gain: float = 1) -> float:
    fans = (shape[0] + shape[1]) * math.prod(shape[2:])
    return gain * math.sqrt(2 / fans)


@pytest.mark.claim("2.3.1")
@given(st.lists(st.integers(2, 12), min_size=2, max_size=5), st.floats(1e-2, 1e2))
def test_any_gain_goes_with_any_shape(xavier_normal_, shape, gain):
    w = drawn(xavier_normal_, *shape, count=500, gain=gain)
    scores = normal_scores(w, 0, std(shape, gain))
    assert_mean(f"shape {shape}", scores.flatten())
    assert_std(f"shape {shape}", scores.flatten())


@pytest.mark.claim("2.3.1")
@pytest.mark.parametrize("shape", UNEQUAL, ids=lambda shape: "x".join(map(str, shape)))
def test_both_fans_count_alike(xavier_normal_, shape):
    w = drawn(xavier_normal_, *shape, count=MANY if math.prod(shape) > 1000 else MANY // 8)
    scores = normal_scores(w, 0, std(shape))
    assert_mean("the numbers", scores.flatten())
    assert_std("the numbers", scores.flatten())


@pytest.mark.claim("2.3.1")
@pytest.mark.parametrize("gain", GAINS)
def test_the_gain_changes_the_std_and_nothing_else(xavier_normal_, gain):
    for dtype in (torch.float32, torch.float64):
        w = drawn(xavier_normal_, 512, 1024, dtype=dtype, gain=gain)
        scores = normal_scores(w, 0, std((512, 1024), gain))
        assert_mean(f"the numbers in {dtype}", scores.flatten())
        assert_std(f"the numbers in {dtype}", scores.flatten())
    assert_shape("the numbers", scores)


@pytest.mark.claim("2.3.1")
def test_a_gain_of_0_gives_zeros(xavier_normal_):
    for dtype in DTYPES:
        w = drawn(xavier_normal_, 3, 5, dtype=dtype, gain=0)
        assert w.eq(0).all(), f"came {w.tolist()}"


@pytest.mark.claim("2.3.1")
def test_the_gain_can_be_told_by_place(xavier_normal_):
    scores = normal_scores(drawn(lambda w: xavier_normal_(w, 3), 41, 101), 0, std((41, 101), 3))
    assert_std("the numbers", scores.flatten())
