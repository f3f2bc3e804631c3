"""Kaiming's normal initialization has the variance gain^2 / fan.

What it shares with the uniform one, options and gains above all, is in `test_kaiming.py`, what it
owes its caller like every initializer in `test_every_initializer.py`.
"""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sums_to_one.tests.common.statistical import assert_mean, assert_std, normal_scores
from sums_to_one.tests.initialization.laws import fans
from sums_to_one.tests.initialization.weights import drawn


@pytest.mark.claim("2.4.1")
@given(
    st.lists(st.integers(2, 12), min_size=2, max_size=5),
    st.floats(-4, 4),
    st.sampled_from(["fan_in", "fan_out"]),
)
def test_the_std_is_the_gain_over_the_root_of_the_fan(kaiming_normal_, shape, a, mode):
    w = drawn(kaiming_normal_, *shape, count=500, a=a, mode=mode)
    fan = fans(shape)[0 if mode == "fan_in" else 1]
    scores = normal_scores(w, 0, math.sqrt(2 / (1 + a**2)) / math.sqrt(fan))
    assert_mean(f"shape {shape}", scores.flatten())
    assert_std(f"shape {shape}", scores.flatten())
