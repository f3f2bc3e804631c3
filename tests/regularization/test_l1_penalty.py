"""The L1 penalty is the sum of all sizes: its pull to 0 is the same for a small weight and a large.

So a weight that is worth less than its pull costs goes all the way: see `test_sparsity.py`.

What it owes its caller like every penalty is in `test_every_penalty.py`.
"""

import inspect
import itertools

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import nn

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.inputs import DTYPES, SHAPES, exact, grid, numbers
from sums_to_one.tests.common.limits import widest
from sums_to_one.tests.common.options import feature
from sums_to_one.tests.regularization.penalties import pull, weights


@pytest.mark.claim("5.1.3")
@given(st.lists(numbers(limit=1e300), min_size=1, max_size=5))
@example([2.0, -1.0])
def test_it_is_the_sum_of_the_sizes_however_large(l1_penalty, row):
    came = l1_penalty([exact(row[:1]), exact(row[1:])])
    assert_close("the penalty", came, exact(sum(abs(w) for w in row)))


@pytest.mark.claim("5.1.3")
@pytest.mark.parametrize("k", [-9, -1, 0, 0.5, 2, 7])
def test_k_times_the_weights_cost_k_times_as_much(l1_penalty, k):
    for shape in SHAPES:
        w = grid(*shape)
        assert_close(f"of shape {shape}", l1_penalty([k * w]), abs(k) * l1_penalty([w]))


@pytest.mark.claim("5.1.3")
@given(weights)
def test_how_a_sum_of_sizes_is_shared_out_does_not_matter(l1_penalty, w):
    alone = torch.zeros_like(w)
    alone[0] = w.abs().sum()
    assert_close("one weight for all", l1_penalty([alone]), l1_penalty([w]))


@pytest.mark.claim("5.1.3")
def test_the_gradient_is_of_the_same_size_for_weights_of_all_sizes(l1_penalty):
    for shape, scale in itertools.product(SHAPES, (1e-300, 1e-9, 1.0, 1e9, 1e300)):
        w = grid(*shape) * scale
        assert_close(f"on weights times {scale}", pull(l1_penalty, w), w.sign())


@pytest.mark.claim("5.1.6")
def test_a_weight_of_0_has_the_gradient_0(l1_penalty):
    for dtype in DTYPES:
        w = torch.tensor([0.0, 2.0, -0.0, -3.0, 0.0]).to(dtype)
        # Of all slopes between -1 and 1, PyTorch promises the smallest.
        assert_close("the gradient", pull(l1_penalty, w), exact([0, 1, 0, -1, 0]))
        assert_close("of zeros alone", pull(l1_penalty, w[::2].clone()), exact([0, 0, 0]))


@pytest.mark.claim("5.1.6")
def test_the_gradient_of_a_weight_does_not_depend_on_the_others(l1_penalty):
    for other in (0.0, 1e-3, -1.0, 1e6):
        slope = pull(l1_penalty, exact([[0.5, other], [-2.0, other]]))
        assert_close(f"beside {other}", slope[:, 0], exact([1, -1]))


@pytest.mark.claim("5.1.4")
def test_no_optimizer_of_pytorch_has_an_option_of_that_name() -> None:
    optimizers = {name: c for name, c in vars(torch.optim).items() if inspect.isclass(c)}
    taken = {name: set(inspect.signature(c).parameters) for name, c in optimizers.items()}
    having = [name for name, arguments in taken.items() if "weight_decay" in arguments]
    assert "SGD" in having, f"weight_decay is an argument of {having}"
    options = {argument for arguments in taken.values() for argument in arguments}
    named = [option for option in options if "l1" in option.lower() or "lasso" in option.lower()]
    assert not named, f"there is {named}"


@pytest.mark.claim("5.1.4")
def test_added_to_a_loss_by_hand_it_pulls_every_weight_of_a_model(l1_penalty):
    model, x = nn.Linear(3, 2).to(widest()), grid(5, 3)
    gradients = []
    with feature("what is no list"):
        l1_penalty(model.parameters())
    for strength in (0.0, 0.25):
        model.zero_grad()
        loss = model(x).square().mean() + strength * l1_penalty(model.parameters())
        loss.backward()
        gradients.append([p.grad.clone() for p in model.parameters()])
    for p, plain, penalized in zip(model.parameters(), *gradients, strict=True):
        assert_close("the gradient", penalized, plain + 0.25 * p.detach().sign())
