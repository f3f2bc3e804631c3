"""Xavier's uniform initialization has the bound gain * sqrt(6 / (fan_in + fan_out)).

A bound can be told exactly, and with it the variance, a third of its square. What Xavier owes
its caller like every initializer is in `test_every_initializer.py`.
"""

import math

import pytest
import torch
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

GAINS = [0.1, 1, math.sqrt(2), 5 / 3, 4]
UNEQUAL = [(3, 4001), (4001, 3), (1, 257), (2, 48, 5), (48, 2, 5), (16, 5, 7, 3), (5, 16, 2, 3, 5)]


def bound(shape: tuple[int, ...], gain: float = 1) -> float:
    fans = (shape[0] + shape[1]) * math.prod(shape[2:])
    return gain * math.sqrt(6 / fans)


@pytest.mark.claim("2.3.1")
@given(
    st.lists(st.integers(2, 12), min_size=2, max_size=5),
    st.floats(1e-2, 1e2),
    st.sampled_from(DTYPES),
)
def test_the_numbers_fill_the_space_between_the_bounds(xavier_uniform_, shape, gain, dtype):
    w = drawn(xavier_uniform_, *shape, count=500, dtype=dtype, gain=gain)
    assert_bounds(f"shape {shape}", w, -bound(shape, gain), bound(shape, gain))


@pytest.mark.claim("2.3.1")
@pytest.mark.parametrize("shape", UNEQUAL, ids=lambda shape: "x".join(map(str, shape)))
def test_both_fans_count_alike(xavier_uniform_, shape):
    for dtype in DTYPES:
        w = drawn(xavier_uniform_, *shape, count=20_000, dtype=dtype)
        assert_bounds(f"the numbers in {dtype}", w, -bound(shape), bound(shape))


@pytest.mark.claim("2.3.1")
@pytest.mark.parametrize("gain", GAINS)
def test_the_gain_changes_the_bound_and_nothing_else(xavier_uniform_, gain):
    for dtype in (torch.float32, torch.float64):
        w, b = drawn(xavier_uniform_, 300, 500, dtype=dtype, gain=gain), bound((300, 500), gain)
        scores = uniform_scores(w, -b, b)
        assert_bounds(f"the numbers in {dtype}", w, -b, b)
        assert_mean(f"the numbers in {dtype}", scores.flatten())
        assert_std(f"the numbers in {dtype}", scores.flatten())
        assert_shape(f"the numbers in {dtype}", scores)


@pytest.mark.claim("2.3.1")
def test_a_gain_of_0_gives_zeros(xavier_uniform_):
    for dtype in DTYPES:
        w = drawn(xavier_uniform_, 3, 5, dtype=dtype, gain=0)
        assert w.eq(0).all(), f"came {w.tolist()}"


@pytest.mark.claim("2.3.1")
def test_the_gain_can_be_told_by_place(xavier_uniform_):
    w = drawn(lambda w: xavier_uniform_(w, 3), 41, 101)
    assert_bounds("the numbers", w, -bound((41, 101), 3), bound((41, 101), 3))
