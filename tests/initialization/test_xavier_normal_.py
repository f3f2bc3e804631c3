"""Xavier's normal initialization has the variance gain^2 * 2 / (fan_in + fan_out).

What it shares with the uniform one is in `test_xavier.py`, what it owes its caller like every
initializer in `test_every_initializer.py`.
"""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sums_to_one.tests.common.statistical import assert_mean, assert_std, normal_scores
from sums_to_one.tests.initialization.laws import fans
from sums_to_one.tests.initialization.weights import drawn


@pytest.mark.claim("2.3.1")
@given(st.lists(st.integers(2, 12), min_size=2, max_size=5), st.floats(1e-2, 1e2))
def test_the_std_is_the_gain_times_the_root_of_2_over_both_fans(xavier_normal_, shape, gain):
    w = drawn(xavier_normal_, *shape, count=500, gain=gain)
    scores = normal_scores(w, 0, gain * math.sqrt(2 / sum(fans(shape))))
    assert_mean(f"shape {shape}", scores.flatten())
    assert_std(f"shape {shape}", scores.flatten())
