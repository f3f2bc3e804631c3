"""MSELoss is the mean squared error: errors pull as hard as they are large.

So the pulls balance at the mean, which is the best constant prediction.

What it owes its caller like every loss is in `test_every_loss.py`.
"""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
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
    reductions,
    share,
)

targets = st.lists(eighths(limit=100), min_size=1, max_size=9).map(exact)


def backwards(*shape: int) -> Tensor:
    """Other numbers than those of the grid, in another order."""
    return grid(*shape, limit=9).flatten().flip(0).reshape(shape)


@pytest.mark.claim("3.1.3")
@given(shapes(), st.floats(0, 10), dtypes)
def test_it_is_the_mean_of_the_squared_errors(MSELoss, shape, scale, dtype):
    x, y = (scale * grid(*shape)).to(dtype), backwards(*shape).to(dtype)
    pairs = zip(x.flatten().tolist(), y.flatten().tolist(), strict=True)
    expected = [(a - b) ** 2 for a, b in pairs]
    assert_close("the loss", MSELoss()(x, y), exact(sum(expected) / len(expected)))


@pytest.mark.claim("3.1.3")
@given(shapes(), dtypes)
def test_each_loss_is_a_squared_error(MSELoss, shape, dtype):
    x, y = grid(*shape).to(dtype), torch.full(shape, 0.75, dtype=dtype)
    expected = exact([(a - 0.75) ** 2 for a in x.flatten().tolist()]).reshape(shape)
    assert_close("the losses", unreduced(MSELoss)(x, y), expected)


@pytest.mark.claim("3.1.3")
@given(st.data())
def test_errors_of_any_size_are_squared_as_they_are(MSELoss, data):
    limit = torch.finfo(widest()).max ** 0.48
    x, y = (exact([data.draw(numbers(limit))]) for _ in "xy")
    assert_close("the loss", MSELoss()(x, y), (x.double() - y.double()).square().mean())


@pytest.mark.claim("3.1.3")
@every_dtype
def test_errors_up_to_the_root_of_the_largest_number_are_squared(MSELoss, dtype):
    for part in (0.9, 0.1, 1e-2):
        error = exact([part * torch.finfo(dtype).max ** 0.5]).to(dtype)
        came = MSELoss()(error, torch.zeros_like(error))
        assert_close(f"the loss of {error.item()}", came, error.double().square().mean())


@pytest.mark.claim("3.1.3")
@given(st.integers(-1000, 1000), dtypes)
def test_small_errors_between_large_numbers_are_not_lost(MSELoss, n, dtype):
    large = 1 / torch.finfo(dtype).eps  # where neighbours differ by 1
    x, y = exact([large + n % 7]).to(dtype), exact([large]).to(dtype)
    assert_close("the loss", MSELoss()(x, y), exact((n % 7) ** 2))


@pytest.mark.claim("3.0.1")
@given(shapes(), dtypes)
def test_it_is_0_at_the_target_and_nowhere_else(MSELoss, shape, dtype):
    y = grid(*shape).to(dtype)
    assert MSELoss()(y.clone(), y).eq(0), f"at the target it is {MSELoss()(y.clone(), y)}"
    off = y.clone()
    off.view(-1)[-1] += 1
    assert MSELoss()(off, y).gt(0), f"one element off it is {MSELoss()(off, y)}"
    slope = pull(MSELoss(), y.clone(), y)
    assert slope.eq(0).all(), f"at the target its gradient is {slope.tolist()}"


@pytest.mark.claim("3.1.4")
@given(shapes(), st.integers(-9, 9))
def test_k_times_the_error_is_k_squared_times_the_loss(MSELoss, shape, k):
    error, zero = grid(*shape), torch.zeros(shape, dtype=widest())
    assert_close("the loss", MSELoss()(k * error, zero), k**2 * MSELoss()(error, zero))


@pytest.mark.claim("3.1.4")
@given(targets, eighths(limit=100))
def test_the_best_constant_is_the_mean(MSELoss, y, other):
    def of(constant: Tensor) -> Tensor:
        return MSELoss()(constant.expand_as(y), y)

    # Every other constant costs the square of its distance more.
    expected = of(y.mean()).double() + (other - y.mean().double()).square()
    assert_close(f"the loss of {other}", of(exact(other)), expected)


@pytest.mark.claim("3.1.4")
@given(shapes(), reductions, dtypes)
def test_the_gradient_is_twice_the_error(MSELoss, shape, reduction, dtype):
    x, y = grid(*shape).to(dtype), torch.full(shape, 0.75, dtype=dtype)
    expected = 2 * (x.double() - 0.75) * share(x, reduction)
    assert_close("the gradient", pull(reducing(MSELoss, reduction), x, y), expected)


@pytest.mark.claim("3.1.4")
@given(shapes(), st.floats(0, 1), numbers(limit=100))
def test_between_two_predictions_it_is_below_the_chord(MSELoss, shape, part, y):
    one, other = grid(*shape), backwards(*shape)
    target = torch.full(shape, y, dtype=widest())
    between = MSELoss()(part * one + (1 - part) * other, target)
    chord = part * MSELoss()(one, target).double() + (1 - part) * MSELoss()(other, target).double()
    dip = part * (1 - part) * MSELoss()(one, other).double()  # exactly by so much
    assert_close("the loss between", between, chord - dip)


@pytest.mark.claim("3.0.4")
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_the_target_gets_the_opposite_gradient(MSELoss, reduction):
    function = reducing(MSELoss, reduction)
    assert_the_target_gets_the_opposite(function, grid(3, 5), backwards(3, 5))


@pytest.mark.claim("3.1.3")
@given(shapes(), numbers(limit=1e6), numbers(limit=1e6))
def test_the_values_are_those_of_pytorch(MSELoss, shape, a, b):
    x, y = a * grid(*shape), b * backwards(*shape)
    assert_close("the loss", MSELoss()(x, y), F.mse_loss(x, y))
