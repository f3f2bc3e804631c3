"""Normal initialization draws from the bell curve of the mean and the std that were asked for.

Its defaults are judged, like those of every initializer, in `test_every_initializer.py`.
"""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sums_to_one.tests.common.inputs import DTYPES
from sums_to_one.tests.common.limits import inside, widest
from sums_to_one.tests.common.options import option
from sums_to_one.tests.common.statistical import (
    assert_mean,
    assert_shape,
    assert_std,
    normal_scores,
)
from sums_to_one.tests.initialization.weights import (
    PRECISE,
    SIXTEEN_BITS,
    by_place,
    drawn,
    unwritten,
)

MEANS_AND_STDS = [(3, 2), (-1000, 0.5), (0.5, 1e-3), (1e-4, 1e-5), (-2.5, 70), (0, 0.02)]


@pytest.mark.claim("2.2.1")
@pytest.mark.parametrize(("mean", "std"), MEANS_AND_STDS)
def test_mean_and_std_are_those_that_were_asked_for(normal_, mean, std):
    for dtype in PRECISE:
        w = drawn(normal_, 512, 1024, dtype=dtype, mean=mean, std=std)
        scores = normal_scores(w, mean, std)
        assert_mean(f"the numbers in {dtype}", scores.flatten())
        assert_std(f"the numbers in {dtype}", scores.flatten())
    assert_shape("the numbers", scores)


@pytest.mark.claim("2.2.1")
@given(st.floats(-100, 100), st.floats(1e-3, 1e3))
def test_any_mean_goes_with_any_std(normal_, mean, std):
    scores = normal_scores(drawn(normal_, 41, 101, dtype=widest(), mean=mean, std=std), mean, std)
    assert_mean("the numbers", scores.flatten())
    assert_std("the numbers", scores.flatten())


@pytest.mark.claim("2.2.1")
@pytest.mark.parametrize("options", [{"mean": 3}, {"std": 0.125}], ids=["mean", "std"])
def test_the_other_one_has_its_default(normal_, options):
    w = drawn(normal_, 101, 257, **options)
    scores = normal_scores(w, options.get("mean", 0), options.get("std", 1))
    assert_mean("the numbers", scores.flatten())
    assert_std("the numbers", scores.flatten())


@pytest.mark.claim("2.2.1")
@pytest.mark.parametrize("mean", [0, -3, 0.625])
def test_a_std_of_0_leaves_the_mean_alone(normal_, mean):
    for dtype in DTYPES:
        w = drawn(normal_, 3, 5, dtype=dtype, mean=mean, std=0)
        assert w.eq(mean).all(), f"should be {mean}, came {w.tolist()}"


@pytest.mark.claim("2.2.1")
@pytest.mark.parametrize("std", [-1, -0.001])
def test_a_negative_std_is_refused(normal_, std):
    option(normal_, "std")
    for dtype in DTYPES:
        with pytest.raises(Exception):  # noqa: B017, PT011 - any kind of refusal will do
            normal_(unwritten(3, 5, dtype=dtype), std=std)


@pytest.mark.claim("2.2.1")
@pytest.mark.parametrize(("mean", "std"), [(0, 0.02), (3, 2), (-0.5, 0.25)])
def test_lower_precision_costs_only_rounding(normal_, mean, std):
    for dtype in SIXTEEN_BITS:
        w = drawn(normal_, 300, 500, dtype=dtype, mean=mean, std=std)
        scores = normal_scores(w, mean, std)
        blur = 2 * torch.finfo(dtype).eps * (1 + abs(mean) / std)
        assert_mean(f"the numbers in {dtype}", scores.flatten(), blur)
        assert_std(f"the numbers in {dtype}", scores.flatten(), blur)
        assert_shape(f"the numbers in {dtype}", scores, blur)


@pytest.mark.claim("2.2.1")
def test_any_number_of_numbers_has_the_same_distribution(normal_):
    for shape in inside([(), (1,), (2,), (3,), (15,), (16,), (17,), (1023,)]):
        scores = normal_scores(drawn(normal_, *shape, count=1000, mean=3, std=2), 3, 2)
        each = scores.reshape(len(scores), -1).T
        assert_mean(f"each element of shape {shape}, over many calls", each)
        assert_std(f"each element of shape {shape}, over many calls", each)
        assert_shape(f"all elements of shape {shape}, over many calls", scores)


@pytest.mark.claim("2.2.1")
def test_mean_and_std_can_be_told_by_place(normal_):
    scores = normal_scores(drawn(by_place(normal_, mean=3, std=2), 101, 257), 3, 2)
    assert_mean("the numbers", scores.flatten())
    assert_std("the numbers", scores.flatten())
