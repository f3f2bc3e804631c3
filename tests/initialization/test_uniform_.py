"""Uniform initialization draws between two bounds, and nowhere else.

Its defaults are judged, like those of every initializer, in `test_every_initializer.py`.
"""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sums_to_one.tests.common.inputs import DTYPES
from sums_to_one.tests.common.limits import inside
from sums_to_one.tests.common.statistical import (
    assert_bounds,
    assert_mean,
    assert_shape,
    assert_std,
    uniform_scores,
)
from sums_to_one.tests.initialization.weights import PRECISE, SIXTEEN_BITS, by_place, drawn

BOUNDS = [(-1, 1), (-2, 5), (0, 1e-3), (-7, -3), (1000, 1001), (2.5, 100)]


@pytest.mark.claim("2.2.1")
@given(st.floats(-100, 100), st.floats(1e-3, 1e3), st.sampled_from(DTYPES))
def test_the_numbers_fill_the_space_between_the_bounds(uniform_, a, width, dtype):
    assert_bounds(
        "the numbers", drawn(uniform_, 41, 101, dtype=dtype, a=a, b=a + width), a, a + width
    )


@pytest.mark.claim("2.2.1")
@pytest.mark.parametrize(("a", "b"), BOUNDS)
def test_no_part_of_it_is_likelier_than_another(uniform_, a, b):
    for dtype in PRECISE:
        scores = uniform_scores(drawn(uniform_, 300, 500, dtype=dtype, a=a, b=b), a, b)
        assert_mean(f"the numbers in {dtype}", scores.flatten())
        assert_std(f"the numbers in {dtype}", scores.flatten())
        assert_shape(f"the numbers in {dtype}", scores)


@pytest.mark.claim("2.2.1")
@pytest.mark.parametrize(
    ("options", "a", "b"), [({}, 0, 1), ({"a": -3}, -3, 1), ({"b": 0.125}, 0, 0.125)]
)
def test_the_bound_that_is_not_given_is_0_or_1(uniform_, options, a, b):
    for dtype in DTYPES:
        w = drawn(uniform_, 41, 101, dtype=dtype, **options)
        assert_bounds(f"the numbers in {dtype}", w, a, b)


@pytest.mark.claim("2.2.1")
@pytest.mark.parametrize("bound", [0, -3, 0.625])
def test_between_equal_bounds_there_is_one_number(uniform_, bound):
    for dtype in DTYPES:
        w = drawn(uniform_, 3, 5, dtype=dtype, a=bound, b=bound)
        assert w.eq(bound).all(), f"should be {bound}, came {w.tolist()}"


@pytest.mark.claim("2.2.1")
@pytest.mark.parametrize(("a", "b"), [(-0.05, 0.05), (-2, 5), (1, 2)])
def test_lower_precision_costs_only_rounding(uniform_, a, b):
    for dtype in SIXTEEN_BITS:
        scores = uniform_scores(drawn(uniform_, 300, 500, dtype=dtype, a=a, b=b), a, b)
        blur = torch.finfo(dtype).eps * max(abs(a), abs(b)) / (b - a)
        assert_shape(f"the numbers in {dtype}", scores, 2 * blur)


@pytest.mark.claim("2.2.1")
def test_any_number_of_numbers_has_the_same_distribution(uniform_):
    for shape in inside([(), (1,), (2,), (3,), (15,), (16,), (17,), (1023,)]):
        w = drawn(uniform_, *shape, count=1000, a=-2, b=5)
        scores = uniform_scores(w, -2, 5)
        assert_bounds(f"shape {shape}, over many calls", w, -2, 5)
        each = scores.reshape(len(scores), -1).T
        assert_mean(f"each element of shape {shape}, over many calls", each)
        assert_shape(f"all elements of shape {shape}, over many calls", scores)


@pytest.mark.claim("2.2.1")
def test_the_bounds_can_be_told_by_place(uniform_):
    assert_bounds("the numbers", drawn(by_place(uniform_, a=-2, b=5), 41, 101), -2, 5)
