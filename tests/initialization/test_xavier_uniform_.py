"""Xavier's uniform initialization has the bound gain * sqrt(6 / (fan_in + fan_out)).

A bound can be told exactly, and with it the variance, a third of its square. What it shares with
the normal one is in `test_xavier.py`, what it owes its caller like every initializer in
`test_every_initializer.py`.
"""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sums_to_one.tests.common.inputs import dtypes
from sums_to_one.tests.common.statistical import assert_bounds
from sums_to_one.tests.initialization.laws import fans
from sums_to_one.tests.initialization.weights import drawn


@pytest.mark.claim("2.3.1")
@given(st.lists(st.integers(2, 12), min_size=2, max_size=5), st.floats(1e-2, 1e2), dtypes)
def test_the_bound_is_the_gain_times_the_root_of_6_over_both_fans(
    xavier_uniform_, shape, gain, dtype
):
    w = drawn(xavier_uniform_, *shape, count=500, dtype=dtype, gain=gain)
    bound = gain * math.sqrt(6 / sum(fans(shape)))
    assert_bounds(f"shape {shape}", w, -bound, bound)
