"""BCEWithLogitsLoss is sigmoid and BCELoss in one, and stays exact where those round to nothing.

The definition, number by number, with every option; the agreement with BCELoss where both are
exact; and the scores at which only one of them still has a gradient. What it owes its caller
like every loss is in `test_every_loss.py`.
"""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.gradients import gradient
from sums_to_one.tests.common.inputs import (
    DTYPES,
    dtypes,
    every_dtype,
    exact,
    grid,
    numbers,
    shapes,
)
from sums_to_one.tests.common.options import option

REDUCTIONS = ("none", "mean", "sum")
reductions = st.sampled_from(REDUCTIONS)
shares = st.floats(0, 1)
BROADCAST = [
    ((3, 5), (3, 5)),
    ((3, 5), (5,)),
    ((3, 5), (3, 1)),
    ((4, 4), (4,)),
    ((2, 3, 5), (3, 1)),
    ((2, 3, 3), (3,)),
    ((3, 3, 3), (3,)),
    ((3,), (1,)),
]


def surprise(x: float) -> float:
    """-log sigmoid(x), in plain arithmetic."""
    return max(-x, 0.0) + math.log1p(math.exp(-abs(x)))


def defined(x: Tensor, y: Tensor, pos_weight: Tensor | float = 1.0) -> Tensor:
    given, wrong = (
        exact([surprise(s * score) for score in x.double().flatten().tolist()]).reshape(x.shape)
        for s in (1, -1)
    )
    return pos_weight * y.double() * given + (1 - y.double()) * wrong


def reduced(losses: Tensor, reduction: str) -> Tensor:
    return {"none": losses, "mean": losses.mean(), "sum": losses.sum()}[reduction]


def targets(*shape: int) -> Tensor:
    """Targets from 0 to 1, both of these among them."""
    return (grid(*shape).flatten().flip(0).reshape(shape) / 8 + 0.5).clamp(
        0.125, 0.875
    ) * 4 / 3 - 1 / 6


def weights(*shape: int) -> Tensor:
    """Weights from 0 on, the first of which is 0."""
    weight = grid(*shape).abs()
    weight.view(-1)[0] = 0
    return weight


def slope(function, x: Tensor, y: Tensor) -> Tensor:
    """The gradient of the sum of the losses with respect to the scores."""
    return gradient(lambda x: function(x, y).sum(), x, torch.ones((), dtype=x.dtype))


@pytest.mark.claim("3.2.4")
@given(st.lists(st.tuples(numbers(limit=1000), shares), min_size=1, max_size=7), reductions)
def test_it_is_the_surprise_of_the_sigmoid_at_the_targets(BCEWithLogitsLoss, pairs, reduction):
    option(BCEWithLogitsLoss, "reduction")
    x, y = exact(pairs).T
    came = BCEWithLogitsLoss(reduction=reduction)(x, y)
    assert_close("the loss", came, reduced(defined(x, y), reduction))


@pytest.mark.claim("3.2.4")
@given(shapes(), dtypes)
def test_the_mean_is_over_all_elements(BCEWithLogitsLoss, shape, dtype):
    x, y = grid(*shape).to(dtype), targets(*shape).to(dtype)
    assert_close("the loss", BCEWithLogitsLoss()(x, y), defined(x, y).mean())


@pytest.mark.claim("3.2.11")
def test_weights_multiply_the_losses(BCEWithLogitsLoss):
    option(BCEWithLogitsLoss, "weight", "reduction")
    for (shape, weighing), reduction in itertools.product(BROADCAST, REDUCTIONS):
        x, y, weight = grid(*shape), targets(*shape), weights(*weighing)
        function = BCEWithLogitsLoss(weight=weight.clone(), reduction=reduction)
        expected = reduced(defined(x, y) * weight, reduction)
        assert_close(f"{shape}, {reduction}", function(x, y), expected)
        share = x.numel() if reduction == "mean" else 1
        assert_close("the gradient", slope(function, x, y), weight * (x.sigmoid() - y) / share)


@pytest.mark.claim("3.2.13")
def test_pos_weight_multiplies_the_positive_part(BCEWithLogitsLoss):
    option(BCEWithLogitsLoss, "pos_weight", "reduction")
    for (shape, weighing), reduction in itertools.product(BROADCAST, REDUCTIONS):
        x, y, pos_weight = grid(*shape), targets(*shape), weights(*weighing)
        function = BCEWithLogitsLoss(pos_weight=pos_weight.clone(), reduction=reduction)
        expected = reduced(defined(x, y, pos_weight), reduction)
        assert_close(f"{shape}, {reduction}", function(x, y), expected)
        pull = (1 - y) * x.sigmoid() - pos_weight * y * (-x).sigmoid()
        share = x.numel() if reduction == "mean" else 1
        assert_close("the gradient", slope(function, x, y), pull / share)


@pytest.mark.claim("3.2.11", "3.2.13")
def test_both_weights_go_together(BCEWithLogitsLoss):
    option(BCEWithLogitsLoss, "weight", "pos_weight", "reduction")
    for (shape, weighing), reduction in itertools.product(BROADCAST, REDUCTIONS):
        x, y = grid(*shape, limit=3), targets(*shape)
        weight, pos_weight = grid(*weighing, limit=2).abs(), grid(*shape[1:], limit=2).abs() + 0.5
        for dtype in DTYPES:
            options = {"weight": weight.to(dtype), "pos_weight": pos_weight.to(dtype)}
            came = BCEWithLogitsLoss(reduction=reduction, **options)(x.to(dtype), y.to(dtype))
            assert came.dtype == dtype, f"asked in {dtype}, came in {came.dtype}"
            rounded = [t.to(dtype).double() for t in (x, y, pos_weight, weight)]
            expected = reduced(defined(*rounded[:3]) * rounded[3], reduction)
            assert_close(f"the loss in {dtype}", came, expected)


@pytest.mark.claim("3.2.13")
@given(st.floats(0, 100), numbers(limit=1000), shares, reductions)
def test_any_pos_weight_goes_with_any_score(BCEWithLogitsLoss, pos_weight, score, y, reduction):
    option(BCEWithLogitsLoss, "pos_weight", "reduction")
    x, ys = exact([[score, 1.5], [-2, 3]]), exact([[y, 0.25], [1, 0]])
    weights = exact([pos_weight, 3])
    function = BCEWithLogitsLoss(pos_weight=weights, reduction=reduction)
    assert_close("the loss", function(x, ys), reduced(defined(x, ys, weights), reduction))
    pull = (1 - ys) * x.sigmoid() - weights * ys * (-x).sigmoid()
    share = 4 if reduction == "mean" else 1
    assert_close("the gradient", slope(function, x, ys), pull / share)


@pytest.mark.claim("3.2.4")
@given(st.lists(st.tuples(numbers(limit=1e300), shares), min_size=1, max_size=7), reductions)
def test_the_gradient_is_sigmoid_minus_target(BCEWithLogitsLoss, pairs, reduction):
    option(BCEWithLogitsLoss, "reduction")
    x, y = exact(pairs).T.contiguous()
    share = len(x) if reduction == "mean" else 1
    got = slope(BCEWithLogitsLoss(reduction=reduction), x, y)
    assert_close("the gradient", got, (x.sigmoid() - y) / share)


@pytest.mark.claim("3.0.1")
@given(st.floats(1e-6, 1 - 1e-6), numbers(limit=100))
def test_it_is_least_where_the_sigmoid_is_the_target(BCEWithLogitsLoss, target, x):
    y = exact([target])
    at, other = y.logit(), BCEWithLogitsLoss()(exact([x]), y)
    least = BCEWithLogitsLoss()(at, y)
    assert other >= least - 1e-11, f"{least} at the target, {other} at {x}"
    assert_close("the gradient there", slope(BCEWithLogitsLoss(), at, y), exact([0.0]))


@pytest.mark.claim("3.2.4")
@every_dtype
@given(st.sampled_from([-1, 1]), st.floats(0, 1), st.sampled_from([0, 0.25, 1]))
def test_scores_of_any_size_have_their_loss(BCEWithLogitsLoss, dtype, sign, size, y):
    x = torch.tensor([sign * size**4 * torch.finfo(dtype).max / 4], dtype=dtype)
    ys = torch.tensor([y], dtype=dtype)
    assert_close("the loss", BCEWithLogitsLoss()(x, ys), defined(x, ys).mean())
    expected = x.double().sigmoid() - y
    assert_close("the gradient", slope(BCEWithLogitsLoss(), x, ys), expected)


@pytest.mark.claim("3.2.4")
@given(st.lists(st.tuples(numbers(limit=4), shares), min_size=1, max_size=7), reductions)
def test_it_is_sigmoid_and_bce_loss_in_one(BCEWithLogitsLoss, BCELoss, pairs, reduction):
    option(BCEWithLogitsLoss, "reduction")
    option(BCELoss, "reduction")
    x, y = exact(pairs).T
    expected = BCELoss(reduction=reduction)(x.sigmoid(), y)
    assert_close("the loss", BCEWithLogitsLoss(reduction=reduction)(x, y), expected)


@pytest.mark.claim("3.2.4")
@pytest.mark.parametrize("score", [17.0, 50.0, 1e4])
def test_it_keeps_the_gradient_that_dies_in_the_sigmoid(BCEWithLogitsLoss, BCELoss, score):
    x, y = torch.tensor([score]), torch.zeros(1)
    assert x.sigmoid() == 1, "in float32 nothing is left of the distance to 1"
    assert_close("the loss after a sigmoid", BCELoss()(x.sigmoid(), y), 100.0)
    dead = gradient(lambda x: BCELoss()(x.sigmoid(), y), x, torch.tensor(1.0))
    assert dead.eq(0), f"its gradient is {dead.item()}"
    assert_close("the loss of the score", BCEWithLogitsLoss()(x, y), score)
    assert_close("its gradient", slope(BCEWithLogitsLoss(), x, y), 1.0)


@pytest.mark.claim("3.0.3")
def test_with_weights_it_is_the_same_for_every_batch(BCEWithLogitsLoss):
    option(BCEWithLogitsLoss, "weight", "pos_weight")
    options = {"weight": weights(5), "pos_weight": weights(5).flip(0)}
    function = BCEWithLogitsLoss(**options)
    for rows in (4, 3, 1, 4):
        x, y = grid(rows, 5), targets(rows, 5)
        expected = BCEWithLogitsLoss(**options)(x, y)
        assert_close(f"the loss of {rows} rows", function(x, y), expected)
        getattr(function, "eval", lambda: None)()  # what is no torch.nn.Module has no modes
        assert_close(f"the loss of {rows} rows after .eval()", function(x, y), expected)


@pytest.mark.claim("3.0.4")
def test_a_target_that_learns_gets_minus_the_score(BCEWithLogitsLoss):
    x, y = grid(3, 5), targets(3, 5).requires_grad_()
    BCEWithLogitsLoss()(x.clone().requires_grad_(), y).backward()
    if y.grad is not None:
        assert_close("the gradient of the target", y.grad, -x / 15)


@pytest.mark.claim("3.0.3")
def test_weights_are_left_as_they_were(BCEWithLogitsLoss):
    option(BCEWithLogitsLoss, "weight", "pos_weight")
    weight, pos_weight = exact([0.5, 2, 1, 0.25, 4]), exact([3, 1, 0.5, 2, 1])
    function = BCEWithLogitsLoss(weight=weight, pos_weight=pos_weight)
    first = function(grid(3, 5), targets(3, 5))
    assert_close("called again", function(grid(3, 5), targets(3, 5)), first)
    assert weight.tolist() == [0.5, 2, 1, 0.25, 4], f"now {weight.tolist()}"
    assert pos_weight.tolist() == [3, 1, 0.5, 2, 1], f"now {pos_weight.tolist()}"


@pytest.mark.claim("3.2.4")
@given(st.lists(st.tuples(numbers(limit=1000), shares), min_size=1, max_size=7))
def test_the_values_are_those_of_pytorch(BCEWithLogitsLoss, pairs):
    x, y = exact(pairs).T
    expected = F.binary_cross_entropy_with_logits(x, y)
    assert_close("the loss", BCEWithLogitsLoss()(x, y), expected)
