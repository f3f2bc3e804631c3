"""L1Loss is the mean absolute error: every error pulls alike, so the best constant is the median.

What it owes its caller like every loss is in `test_every_loss.py`.
"""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close, tolerance
from sums_to_one.tests.common.gradients import gradient
from sums_to_one.tests.common.inputs import (
    dtypes,
    eighths,
    every_dtype,
    exact,
    grid,
    numbers,
    shapes,
)
from sums_to_one.tests.common.limits import widest
from sums_to_one.tests.losses.problems import reducing, unreduced
from sums_to_one.tests.losses.reduction import (
    REDUCTIONS,
    assert_the_target_gets_the_opposite,
    pull,
    share,
)

targets = st.lists(eighths(limit=100), min_size=1, max_size=9).map(exact)


def backwards(*shape: int) -> Tensor:
    """Other numbers than those of the grid, in another order."""
    return grid(*shape, limit=9).flatten().flip(0).reshape(shape)


@pytest.mark.claim("3.1.1")
@given(shapes(), st.floats(0, 10), dtypes)
def test_it_is_the_mean_of_the_absolute_errors(L1Loss, shape, scale, dtype):
    x, y = (scale * grid(*shape)).to(dtype), backwards(*shape).to(dtype)
    expected = [abs(a - b) for a, b in zip(x.flatten().tolist(), y.flatten().tolist(), strict=True)]
    assert_close("the loss", L1Loss()(x, y), exact(sum(expected) / len(expected)))


@pytest.mark.claim("3.1.1")
@given(shapes(), dtypes)
def test_each_loss_is_an_absolute_error(L1Loss, shape, dtype):
    x, y = grid(*shape).to(dtype), torch.full(shape, 0.75, dtype=dtype)
    expected = exact([abs(a - 0.75) for a in x.flatten().tolist()]).reshape(shape)
    assert_close("the losses", unreduced(L1Loss)(x, y), expected)


@pytest.mark.claim("3.1.1")
@given(st.data())
def test_errors_of_any_size_count_as_they_are(L1Loss, data):
    limit = torch.finfo(widest()).max * 1e-8
    x, y = (exact([data.draw(numbers(limit))]) for _ in "xy")
    assert_close("the loss", L1Loss()(x, y), (x.double() - y.double()).abs().mean())


@pytest.mark.claim("3.1.1")
@every_dtype
def test_errors_up_to_the_largest_number_count_as_they_are(L1Loss, dtype):
    for part in (0.9, 0.1, 1e-3):
        error = exact([part * torch.finfo(dtype).max]).to(dtype)
        came = L1Loss()(error, torch.zeros_like(error))
        assert_close(f"the loss of {error.item()}", came, error.double().mean())


@pytest.mark.claim("3.0.1")
@given(shapes(), dtypes)
def test_it_is_0_at_the_target_and_nowhere_else(L1Loss, shape, dtype):
    y = grid(*shape).to(dtype)
    assert L1Loss()(y.clone(), y).eq(0), f"at the target it is {L1Loss()(y.clone(), y)}"
    off = y.clone()
    off.view(-1)[-1] += 1
    assert L1Loss()(off, y).gt(0), f"one element off it is {L1Loss()(off, y)}"
    slope = pull(L1Loss(), y.clone(), y)
    assert slope.isfinite().all(), f"at the target its gradient is {slope.tolist()}"


@pytest.mark.claim("3.1.2")
@given(targets)
def test_the_best_constant_is_the_median(L1Loss, y):
    def of(constant: Tensor) -> Tensor:
        return L1Loss()(constant.expand_as(y), y)

    best = of(y.median())  # of an even number, the lower one of those in the middle
    for constant in [*y, *(y + 0.125), y.mean(), y.sum() * 0]:
        allowed = 100 * tolerance(y.dtype)
        assert of(constant) >= best - allowed, f"{constant} gives {of(constant)}, the median {best}"


@pytest.mark.claim("3.1.2")
@given(targets, st.sampled_from([2.0, 1e3, 1e12, 1e37]), st.sampled_from([-1, 1]))
def test_an_outlier_pulls_no_harder_than_any_other(L1Loss, y, far, side):
    x, with_outlier = torch.cat([y + 1, exact([0.0])]), torch.cat([y, exact([side * far])])
    expected = exact([1.0] * len(y) + [-side]) / len(x)
    assert_close("the gradients", pull(L1Loss(), x, with_outlier), expected)


@pytest.mark.claim("3.1.2")
@pytest.mark.parametrize("far", [2, 1e3, 1e6, 1e9])
def test_an_extreme_input_pulls_a_model_the_harder_the_farther_it_lies(L1Loss, far):
    weight, inputs, y = exact([0.0]), exact([1.0, 1.0, far]), exact([1.0, 1.0, -1.0])
    got = gradient(lambda w: L1Loss()(w * inputs, y), weight, exact(1.0))
    assert_close("the gradient of the weight of w * x", got, exact([(far - 2) / 3]))


@pytest.mark.claim("3.1.2")
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_at_the_kink_the_slope_is_between_those_beside_it(L1Loss, reduction):
    x, y = exact([1.0, 2.0, 3.0, 0.0, 9.0]), exact([1.0, 2.0, 3.0, 4.0, 5.0])
    slopes = pull(reducing(L1Loss, reduction), x, y) / share(x, reduction)
    assert slopes.abs().max() <= 1 + 1e-6, f"the slopes are {slopes.tolist()}"
    assert_close("the slopes beside kinks", slopes[3:], torch.tensor([-1.0, 1.0]))


@pytest.mark.claim("3.0.4")
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_the_target_gets_the_opposite_gradient(L1Loss, reduction):
    function = reducing(L1Loss, reduction)
    assert_the_target_gets_the_opposite(function, grid(3, 5), backwards(3, 5))


@pytest.mark.claim("3.1.1")
@given(shapes(), numbers(limit=1e6), numbers(limit=1e6))
def test_the_values_are_those_of_pytorch(L1Loss, shape, a, b):
    x, y = a * grid(*shape), b * backwards(*shape)
    assert_close("the loss", L1Loss()(x, y), F.l1_loss(x, y))
