"""BCEWithLogitsLoss is sigmoid and BCELoss in one, and stays exact where those round to nothing.

The agreement with BCELoss where both are exact; the scores at which only one of them still has a
gradient; and the weight of the positives, which BCELoss lacks. Its definition, and what it shares
with BCELoss, is in `test_binary_losses.py`; what it owes its caller like every loss in
`test_every_loss.py`.
"""

import itertools

import pytest
import torch
import torch.nn.functional as F
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.inputs import DTYPES, every_dtype, exact, grid, numbers
from sums_to_one.tests.common.line import whole_line
from sums_to_one.tests.losses.binary import (
    derivative,
    probabilities,
    soft_targets,
    surprise,
    weighed,
    weights,
)
from sums_to_one.tests.losses.problems import reducing, reductions_of, unreduced
from sums_to_one.tests.losses.reduction import pull, reduced, reductions, share


@pytest.mark.claim("3.2.4")
@given(st.lists(st.tuples(numbers(limit=4), probabilities), min_size=1, max_size=7), reductions)
def test_it_is_sigmoid_and_bce_loss_in_one(BCEWithLogitsLoss, pairs, reduction):
    x, y = exact(pairs).T
    p, target = x.double().sigmoid(), y.double()
    losses = F.binary_cross_entropy(p, target, reduction="none")  # whatever their own is
    came = reducing(BCEWithLogitsLoss, reduction)(x, y)
    assert_close("the loss", came, reduced(losses, reduction))


@pytest.mark.claim("3.2.4")
@pytest.mark.parametrize("score", [17.0, 50.0, 1e4])
def test_it_keeps_the_gradient_that_dies_in_the_sigmoid(BCEWithLogitsLoss, score):
    x, y = torch.tensor([score]), torch.zeros(1)
    assert x.sigmoid() == 1, "in float32 nothing is left of the distance to 1"
    assert_close("the loss of the logit", BCEWithLogitsLoss()(x, y), score)
    assert_close("its gradient", pull(BCEWithLogitsLoss(), x, y), 1.0)


@pytest.mark.claim("3.2.4")
@given(st.lists(st.tuples(numbers(1e37), probabilities), min_size=1, max_size=7), reductions)
def test_the_gradient_is_sigmoid_minus_target(BCEWithLogitsLoss, pairs, reduction):
    x, y = exact(pairs).T.contiguous()
    expected = derivative(BCEWithLogitsLoss, x, y) * share(x, reduction)
    assert_close("the gradient", pull(reducing(BCEWithLogitsLoss, reduction), x, y), expected)


@pytest.mark.claim("3.2.4")
@every_dtype
@given(st.sampled_from([-1, 1]), st.floats(0, 1), st.sampled_from([0, 0.25, 1]))
def test_logits_of_any_size_have_the_right_loss(BCEWithLogitsLoss, dtype, sign, size, y):
    x = torch.tensor([sign * size**4 * torch.finfo(dtype).max / 4], dtype=dtype)
    ys = torch.tensor([y], dtype=dtype)
    expected = surprise(BCEWithLogitsLoss, x, ys).mean()
    assert_close("the loss", BCEWithLogitsLoss()(x, ys), expected)
    expected = derivative(BCEWithLogitsLoss, x, ys)
    assert_close("the gradient", pull(BCEWithLogitsLoss(), x, ys), expected)


@pytest.mark.claim("3.2.4")
def test_where_the_curve_becomes_a_line_no_digit_is_lost(BCEWithLogitsLoss):
    for dtype, y in itertools.product(DTYPES, (0, 1, 0.25)):
        x = torch.linspace(-60, 60, 1201).to(dtype)
        ys = torch.full_like(x, y)
        expected = surprise(BCEWithLogitsLoss, x, ys)
        assert_close(f"the losses in {dtype}", unreduced(BCEWithLogitsLoss)(x, ys), expected)


@pytest.mark.claim("3.2.4")
def test_no_loss_of_any_logit_is_below_0(BCEWithLogitsLoss):
    for dtype, y in itertools.product(DTYPES, (0, 1)):
        x = whole_line(dtype)[::17]
        x = x[x.isfinite()]
        least = unreduced(BCEWithLogitsLoss)(x, torch.full_like(x, y)).min()
        assert least >= 0, f"in {dtype} the loss is {least.item():.17g} somewhere"


def weighted_derivative(x: Tensor, y: Tensor, pos_weight: Tensor) -> Tensor:
    """The derivative of the loss of each element, where the positives are weighted."""
    x, y = x.double(), y.double()
    return (1 - y) * x.sigmoid() - pos_weight.double() * y * (-x).sigmoid()


@pytest.mark.claim("3.2.13")
def test_pos_weight_multiplies_the_positive_part(BCEWithLogitsLoss):
    cases = weighed(), reductions_of(BCEWithLogitsLoss), DTYPES
    for (shape, weighing), reduction, dtype in itertools.product(*cases):
        parts = grid(*shape, limit=3), soft_targets(*shape), weights(*weighing) / 3
        x, y, pos_weight = (part.to(dtype) for part in parts)
        function = reducing(BCEWithLogitsLoss, reduction, pos_weight=pos_weight.clone())
        expected = reduced(surprise(BCEWithLogitsLoss, x, y, pos_weight), reduction)
        assert_close(f"{shape}, {reduction}", function(x, y), expected)
        expected = weighted_derivative(x, y, pos_weight) * share(x, reduction)
        assert_close(f"{shape}, {reduction}: the gradient", pull(function, x, y), expected)


@pytest.mark.claim("3.2.13")
@given(st.floats(0, 100), numbers(limit=1000), probabilities, reductions)
@example(pos_weight=3.0, score=-1000.0, y=0.25, reduction="mean")  # exp(1000) is infinite
def test_any_pos_weight_goes_with_any_logit(BCEWithLogitsLoss, pos_weight, score, y, reduction):
    x, ys, factors = exact([[score, 1.5], [-2, 3]]), exact([[y, 0.25], [1, 0]]), [pos_weight, 3]
    function = reducing(BCEWithLogitsLoss, reduction, pos_weight=exact(factors))
    expected = reduced(surprise(BCEWithLogitsLoss, x, ys, exact(factors)), reduction)
    assert_close("the loss", function(x, ys), expected)
    expected = weighted_derivative(x, ys, exact(factors)) * share(x, reduction)
    assert_close("the gradient", pull(function, x, ys), expected)


@pytest.mark.claim("3.2.11", "3.2.13")
def test_weight_and_pos_weight_go_together(BCEWithLogitsLoss):
    cases = weighed(), reductions_of(BCEWithLogitsLoss), DTYPES
    for (shape, weighing), reduction, dtype in itertools.product(*cases):
        weight, pos_weight = grid(*weighing, limit=2).abs(), grid(*shape[1:], limit=2).abs() + 0.5
        parts = grid(*shape, limit=3), soft_targets(*shape), weight, pos_weight
        x, y, weight, pos_weight = (part.to(dtype) for part in parts)
        both = {"weight": weight, "pos_weight": pos_weight}
        came = reducing(BCEWithLogitsLoss, reduction, **both)(x, y)
        assert came.dtype == dtype, f"asked in {dtype}, came in {came.dtype}"
        losses = surprise(BCEWithLogitsLoss, x, y, pos_weight.double()) * weight.double()
        assert_close(f"the loss in {dtype}", came, reduced(losses, reduction))
