"""Xavier's initializers make the variance gain^2 * 2 / (fan_in + fan_out), normal or uniform.

The formula of each is in its own file. What they owe their caller like every initializer is in
`test_every_initializer.py`; what becomes of a signal in `test_through_many_layers.py`.
"""

import math

import pytest

from sums_to_one.tests.common.inputs import DTYPES
from sums_to_one.tests.common.limits import Inside
from sums_to_one.tests.initialization.laws import (
    UNEQUAL_FANS,
    assert_spread,
    assert_standard,
    centred_scores,
    fans,
    plenty,
    xavier_std,
)
from sums_to_one.tests.initialization.weights import PRECISE, by_place, drawn


@pytest.mark.claim("2.3.1")
@pytest.mark.parametrize("shape", UNEQUAL_FANS, ids=lambda shape: "x".join(map(str, shape)))
def test_both_fans_count_alike(xavier, shape):
    for dtype in DTYPES:
        w = plenty(xavier, *shape, dtype=dtype)
        assert_spread(f"the numbers in {dtype}", xavier, w, xavier_std(shape))


# Half a fan is seen where there are few inputs and outputs, and an odd number of both together.
ODD_FANS = Inside(((2, 1), (2, 3), (3, 2, 1, 1)))


@pytest.mark.claim("2.3.1")
def test_the_mean_of_both_fans_is_not_rounded(xavier):
    for shape in ODD_FANS:
        w = drawn(xavier, *shape, count=150 * sum(fans(shape)) ** 2)
        assert_spread(f"shape {shape}", xavier, w, xavier_std(shape))


@pytest.mark.claim("2.3.1")
@pytest.mark.parametrize("gain", [0.1, 1, math.sqrt(2), 5 / 3, 4])
def test_the_gain_changes_the_spread_and_nothing_else(xavier, gain):
    for dtype in PRECISE:
        w, std = plenty(xavier, 300, 500, dtype=dtype, gain=gain), xavier_std((300, 500), gain)
        assert_spread(f"the numbers in {dtype}", xavier, w, std)
        assert_standard(f"the numbers in {dtype}", centred_scores(xavier, w, std))


@pytest.mark.claim("2.3.1")
def test_a_gain_of_0_gives_zeros(xavier):
    for dtype in DTYPES:
        w = drawn(xavier, 3, 5, dtype=dtype, gain=0)
        assert w.eq(0).all(), f"came {w.tolist()}"


@pytest.mark.claim("2.3.1")
def test_the_gain_can_be_told_by_place(xavier):
    w = drawn(by_place(xavier, gain=3), 41, 101)
    assert_spread("the numbers", xavier, w, xavier_std((41, 101), gain=3))
