"""Kaiming's uniform initialization has the bound gain * sqrt(3 / fan).

What it shares with the normal one, options and gains above all, is in `test_kaiming.py`, what it
owes its caller like every initializer in `test_every_initializer.py`.
"""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sums_to_one.tests.common.inputs import dtypes
from sums_to_one.tests.common.statistical import assert_bounds
from sums_to_one.tests.initialization.laws import fans
from sums_to_one.tests.initialization.weights import drawn


@pytest.mark.claim("2.4.1")
@given(
    st.lists(st.integers(2, 12), min_size=2, max_size=5),
    st.floats(-4, 4),
    st.sampled_from(["fan_in", "fan_out"]),
    dtypes,
)
def test_the_bound_is_the_gain_times_the_root_of_3_over_the_fan(
    kaiming_uniform_, shape, a, mode, dtype
):
    w = drawn(kaiming_uniform_, *shape, count=500, dtype=dtype, a=a, mode=mode)
    fan = fans(shape)[0 if mode == "fan_in" else 1]
    bound = math.sqrt(2 / (1 + a**2)) * math.sqrt(3 / fan)
    assert_bounds(f"shape {shape}", w, -bound, bound)
