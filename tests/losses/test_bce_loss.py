"""BCELoss takes probabilities, refuses what is none, and ends its logarithms at -100.

Its definition, and what it shares with BCEWithLogitsLoss, is in `test_binary_losses.py`; what it
owes its caller like every loss in `test_every_loss.py`.
"""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.gradients import gradient
from sums_to_one.tests.common.inputs import DTYPES, every_dtype, exact
from sums_to_one.tests.common.limits import widest
from sums_to_one.tests.common.refusals import REFUSALS
from sums_to_one.tests.losses.binary import derivative, probabilities, surprise
from sums_to_one.tests.losses.problems import reducing, reductions_of
from sums_to_one.tests.losses.reduction import pull, reduced, reductions


@pytest.mark.claim("3.2.3")
@given(st.floats(1e-6, 1 - 1e-6), probabilities, reductions)
def test_the_gradient_is_the_error_over_the_variance(BCELoss, p, y, reduction):
    ps, ys = exact([p, 0.5, 0.75]), exact([y, 1, 0])
    expected = derivative(BCELoss, ps, ys) / (3 if reduction == "mean" else 1)
    assert_close("the gradient", pull(reducing(BCELoss, reduction), ps, ys), expected)


@pytest.mark.claim("3.2.3")
@every_dtype
def test_the_gradient_near_0_and_1_is_that_in_every_dtype(BCELoss, dtype):
    near = max(torch.finfo(dtype).eps, 1e-6)  # closer, the 1e-12 that PyTorch adds would count
    ps = torch.tensor([near, near**0.5, 0.25, 1 - near**0.5, 1 - near], dtype=dtype)
    for y in (torch.zeros_like(ps), torch.ones_like(ps)):
        got = pull(reducing(BCELoss, "mean"), ps, y) * len(ps)
        assert_close(f"the gradients in {dtype}", got, derivative(BCELoss, ps, y))


@pytest.mark.claim("3.2.3")
@pytest.mark.parametrize("p", [-1e-3, -1, 1.01, 2, -torch.inf, torch.inf], ids=str)
def test_what_is_no_probability_is_refused(BCELoss, p):
    places = [((1,), 0), ((3, 5), 0), ((3, 5), 14), ((70, 30), 1234), ((66_049,), 66_048)]
    for (shape, place), dtype in itertools.product(places, DTYPES):
        ps = torch.full(shape, 0.5, dtype=dtype)
        ps.view(-1)[place] = p
        for y in (torch.zeros_like(ps), torch.ones_like(ps)):
            with pytest.raises(REFUSALS):
                BCELoss()(ps, y)


@pytest.mark.claim("3.2.3")
@every_dtype
def test_a_hair_beyond_0_or_1_is_refused(BCELoss, dtype):
    for p in (-torch.finfo(dtype).tiny, 1 + torch.finfo(dtype).eps):
        ps = torch.tensor([0.5, p], dtype=dtype)
        with pytest.raises(REFUSALS):
            BCELoss()(ps, torch.ones_like(ps))


@pytest.mark.claim("3.2.12")
@every_dtype
def test_exactly_0_and_1_are_probabilities_and_cost_at_most_100(BCELoss, dtype):
    p, y = torch.cartesian_prod(torch.tensor([0, 1.0]), torch.tensor([0, 0.25, 1])).to(dtype).T
    for reduction in reductions_of(BCELoss):
        function = reducing(BCELoss, reduction)
        expected = reduced(surprise(BCELoss, p, y), reduction)
        assert_close(f"the loss ({reduction})", function(p, y), expected)
        slopes = pull(function, p, y)
        # In float16 that of PyTorch is infinite: see the ledger.
        assert dtype == torch.float16 or slopes.isfinite().all(), f"the gradient is {slopes}"


@pytest.mark.claim("3.2.12")
@given(st.integers(1, 1000))
def test_small_probabilities_are_not_made_larger(BCELoss, power):
    power = min(power, -math.log2(torch.finfo(widest()).smallest_normal))
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


@pytest.mark.claim("3.2.4")
@pytest.mark.parametrize("score", [17.0, 50.0, 1e4])
def test_a_logit_that_the_sigmoid_rounds_to_1_costs_100_and_has_no_gradient(BCELoss, score):
    x, y = torch.tensor([score]), torch.zeros(1)
    assert x.sigmoid() == 1, "in float32 nothing is left of the distance to 1"
    assert_close("the loss after a sigmoid", BCELoss()(x.sigmoid(), y), 100.0)
    dead = gradient(lambda x: BCELoss()(x.sigmoid(), y), x, torch.tensor(1.0))
    assert dead.eq(0), f"its gradient is {dead.item()}"


@pytest.mark.claim("3.2.3")
def test_a_logit_that_looks_like_a_probability_passes_for_one(BCELoss):
    score, y = exact([0.75]), exact([1.0])
    assert_close("the loss", BCELoss()(score, y), exact(-math.log(0.75)))
