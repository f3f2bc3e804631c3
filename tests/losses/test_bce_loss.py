"""BCELoss takes probabilities, and says how surprised they are by the targets.

The definition, number by number; the refusal of what is no probability; and the end of its
logarithms at -100, which keeps it finite. What it owes its caller like every loss is in
`test_every_loss.py`.
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
from sums_to_one.tests.common.inputs import DTYPES, dtypes, every_dtype, exact, grid, shapes
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


def inner(*shape: int) -> Tensor:
    """Probabilities from 0.04 to 0.96 in a scrambled order."""
    return grid(*shape) / 13 + 0.5


def weights(*shape: int) -> Tensor:
    """Weights from 0 on, the first of which is 0."""
    weight = grid(*shape).abs()
    weight.view(-1)[0] = 0
    return weight


def surprise(p: float, y: float) -> float:
    """The loss of one probability, in plain arithmetic."""
    log_p = max(math.log(p), -100.0) if p else -100.0
    log_q = max(math.log(1 - p), -100.0) if p < 1 else -100.0
    return -(y * log_p + (1 - y) * log_q)


def defined(p: Tensor, y: Tensor) -> Tensor:
    pairs = zip(p.double().flatten().tolist(), y.double().flatten().tolist(), strict=True)
    return exact([surprise(*pair) for pair in pairs]).reshape(p.shape)


def slope(function, p: Tensor, y: Tensor) -> Tensor:
    """The gradient of the sum of the losses with respect to the probabilities."""
    return gradient(lambda p: function(p, y).sum(), p, torch.ones((), dtype=p.dtype))


@pytest.mark.claim("3.2.3")
@given(st.lists(st.tuples(shares, shares), min_size=1, max_size=7), reductions)
def test_it_is_the_surprise_at_the_targets(BCELoss, pairs, reduction):
    option(BCELoss, "reduction")
    p, y = exact(pairs).T
    losses = defined(p, y)
    expected = {"none": losses, "mean": losses.mean(), "sum": losses.sum()}[reduction]
    assert_close("the loss", BCELoss(reduction=reduction)(p, y), expected)


@pytest.mark.claim("3.2.3")
@given(shapes(), dtypes)
def test_the_mean_is_over_all_elements(BCELoss, shape, dtype):
    p, y = inner(*shape).to(dtype), inner(*shape).flatten().flip(0).reshape(shape).to(dtype)
    assert_close("the loss", BCELoss()(p, y), defined(p, y).mean())


@pytest.mark.claim("3.2.11")
@pytest.mark.parametrize(("shape", "weighing"), BROADCAST, ids=str)
def test_weights_multiply_the_losses(BCELoss, shape, weighing):
    option(BCELoss, "weight", "reduction")
    p, y, weight = inner(*shape), inner(*shape).flip(0), weights(*weighing)
    losses = defined(p, y) * weight
    for reduction in REDUCTIONS:
        function = BCELoss(weight=weight.clone(), reduction=reduction)
        expected = {"none": losses, "mean": losses.mean(), "sum": losses.sum()}[reduction]
        assert_close(f"the {reduction} loss", function(p, y), expected)
        got, share = slope(function, p, y), p.numel() if reduction == "mean" else 1
        assert_close(f"its gradient ({reduction})", got, weight * (p - y) / (p * (1 - p)) / share)
        for dtype in DTYPES:
            few = BCELoss(weight=weight.to(dtype), reduction=reduction)(p.to(dtype), y.to(dtype))
            assert few.dtype == dtype, f"asked in {dtype}, came in {few.dtype}"
            assert_close(f"the {reduction} loss in {dtype}", few, expected)


@pytest.mark.claim("3.0.3")
def test_with_weights_it_is_the_same_for_every_batch(BCELoss):
    option(BCELoss, "weight")
    function = BCELoss(weight=weights(5))
    for rows in (4, 3, 1, 4):
        p, y = inner(rows, 5), inner(rows, 5).flip(0)
        expected = BCELoss(weight=weights(5))(p, y)
        assert_close(f"the loss of {rows} rows", function(p, y), expected)
        getattr(function, "eval", lambda: None)()  # what is no torch.nn.Module has no modes
        assert_close(f"the loss of {rows} rows after .eval()", function(p, y), expected)


@pytest.mark.claim("3.0.4")
def test_a_target_that_learns_gets_the_log_odds_against_it(BCELoss):
    p, y = inner(3, 5), inner(3, 5).flip(0).requires_grad_()
    BCELoss()(p.clone().requires_grad_(), y).backward()
    if y.grad is not None:
        assert_close("the gradient of the target", y.grad, ((1 - p) / p).log() / 15)


@pytest.mark.claim("3.2.3")
@given(st.floats(1e-6, 1 - 1e-6), shares, reductions)
def test_the_gradient_is_the_error_over_the_variance(BCELoss, p, y, reduction):
    option(BCELoss, "reduction")
    ps, ys = exact([p, 0.5, 0.75]), exact([y, 1, 0])
    expected = (ps - ys) / (ps * (1 - ps)) / (3 if reduction == "mean" else 1)
    assert_close("the gradient", slope(BCELoss(reduction=reduction), ps, ys), expected)


@pytest.mark.claim("3.0.1")
@given(st.floats(1e-6, 1 - 1e-6), shares)
def test_it_is_least_where_the_probability_is_the_target(BCELoss, target, p):
    y = exact([target])
    least, other = BCELoss()(y.clone(), y), BCELoss()(exact([p]), y)
    assert other >= least - 1e-12, f"{least} at the target, {other} at {p}"
    assert_close("the gradient there", slope(BCELoss(), y.clone(), y), exact([0.0]))


@pytest.mark.claim("3.2.3")
@pytest.mark.parametrize("p", [-1e-3, -1, 1.01, 2, -torch.inf, torch.inf], ids=str)
def test_what_is_no_probability_is_refused(BCELoss, p):
    places = [((1,), 0), ((3, 5), 0), ((3, 5), 14), ((70, 30), 1234)]
    for (shape, place), dtype in itertools.product(places, DTYPES):
        ps = torch.full(shape, 0.5, dtype=dtype)
        ps.view(-1)[place] = p
        for y in (torch.zeros_like(ps), torch.ones_like(ps)):
            with pytest.raises((ValueError, RuntimeError, AssertionError, IndexError)):
                BCELoss()(ps, y)


@pytest.mark.claim("3.2.3")
@every_dtype
def test_a_hair_beyond_0_or_1_is_refused_too(BCELoss, dtype):
    for p in (-torch.finfo(dtype).tiny, 1 + torch.finfo(dtype).eps):
        ps = torch.tensor([0.5, p], dtype=dtype)
        with pytest.raises((ValueError, RuntimeError, AssertionError, IndexError)):
            BCELoss()(ps, torch.ones_like(ps))


@pytest.mark.claim("3.2.12")
@every_dtype
def test_exactly_0_and_1_are_probabilities_and_cost_at_most_100(BCELoss, dtype):
    option(BCELoss, "reduction")
    p, y = torch.cartesian_prod(torch.tensor([0, 1.0]), torch.tensor([0, 0.25, 1])).to(dtype).T
    losses = defined(p, y)
    for reduction in REDUCTIONS:
        expected = {"none": losses, "mean": losses.mean(), "sum": losses.sum()}[reduction]
        function = BCELoss(reduction=reduction)
        assert_close(f"the loss ({reduction})", function(p, y), expected)
        slopes = slope(function, p, y)
        # In float16 that of PyTorch is infinite: see the ledger.
        assert dtype == torch.float16 or slopes.isfinite().all(), f"the gradient is {slopes}"


@pytest.mark.claim("3.2.12")
@given(st.integers(1, 1000))
def test_small_probabilities_are_not_made_larger(BCELoss, power):
    p = exact([2.0**-power])
    assert_close("at target 1", BCELoss()(p, exact([1.0])), exact(min(power * math.log(2), 100.0)))
    assert_close("at target 0", BCELoss()(p, exact([0.0])), exact(-math.log1p(-(2.0**-power))))


@pytest.mark.claim("3.2.12")
@every_dtype
def test_the_smallest_numbers_of_every_dtype_have_their_logarithm(BCELoss, dtype):
    smallest = torch.finfo(dtype).smallest_normal
    for p in (smallest, 4 * smallest, torch.finfo(dtype).eps):
        expected = exact(min(-math.log(p), 100.0))
        came = BCELoss()(torch.tensor([p], dtype=dtype), torch.ones(1, dtype=dtype))
        assert_close(f"the loss of {p}", came, expected)


@pytest.mark.claim("3.2.3")
def test_a_score_that_looks_like_a_probability_passes_for_one(BCELoss):
    score, y = exact([0.75]), exact([1.0])
    assert_close("the loss", BCELoss()(score, y), exact(-math.log(0.75)))


@pytest.mark.claim("3.2.3")
@given(st.lists(st.tuples(shares, shares), min_size=1, max_size=7))
def test_the_values_are_those_of_pytorch(BCELoss, pairs):
    p, y = exact(pairs).T
    assert_close("the loss", BCELoss()(p, y), F.binary_cross_entropy(p, y))
