"""The L2 penalty is the sum of all squares: its pull to 0 is proportional to the weight.

So weights become small and stay other than 0. With squared errors it is ridge regression, whose
best weights are known: gradient steps must lead to (X'X + lambda)^-1 X'y.

What it owes its caller like every penalty is in `test_every_penalty.py`.
"""

from collections.abc import Callable

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.gradients import gradient
from sums_to_one.tests.common.here import generator, here
from sums_to_one.tests.common.inputs import SHAPES, exact, grid, numbers, shapes
from sums_to_one.tests.common.limits import widest
from sums_to_one.tests.regularization.penalties import pull, weights

strengths = pytest.mark.parametrize("strength", [0.0, 0.125, 1.0, 16.0])

# Seven samples of three features, the second of which is nearly the first, and their targets.
SAMPLES = grid(7, 3, limit=1.5)
SAMPLES[:, 1] = SAMPLES[:, 0] + SAMPLES[:, 1] / 8
TARGETS = SAMPLES @ exact([2.0, -1.0, 0.25]) + grid(7, limit=0.5)


@pytest.mark.claim("5.1.1")
@given(st.lists(numbers(limit=1e150), min_size=1, max_size=5))
@example([2.0, -1.0])
def test_it_is_the_sum_of_the_squares_however_large(l2_penalty, row):
    came = l2_penalty([exact(row[:1]), exact(row[1:])])
    assert_close("the penalty", came, exact(sum(w * w for w in row)))


@pytest.mark.claim("5.1.7")
def test_the_stronger_the_penalty_the_smoother_is_the_fitted_curve(l2_penalty):
    # Over 100 seeds it falls to 0.58 to 0.84 of what it was, and from there to 0.19 to 0.31.
    none, some, much = (roughness(l2_penalty, strength) for strength in (0.0, 0.1, 1.0))
    assert some < 0.9 * none, f"without the penalty it is {none}, with a weak one {some}"
    assert much < 0.5 * some, f"with a weak one it is {some}, with a strong one {much}"


def roughness(l2_penalty, strength: float) -> float:
    """The mean squared second difference of 20 polynomials of degree 9, fitted to noise."""
    places = torch.linspace(-1, 1, 20, dtype=torch.float64)
    features = torch.stack([torch.cos(k * places.acos()) for k in range(10)], dim=1)
    noise = torch.randn(20, 20, generator=generator(0), dtype=torch.float64)
    targets = places[:, None] + 0.5 * noise  # a straight line is behind it
    w = torch.zeros(10, 20, dtype=widest()).requires_grad_()
    for _ in range(200):
        (slope,) = torch.autograd.grad(l2_penalty([w]), w)
        pull = features.T @ (features @ w.detach().double() - targets) / 10
        w = (w.detach() - 0.25 * (pull + strength * slope.double()).to(w.dtype)).requires_grad_()
    return (features @ w.detach().double()).diff(n=2, dim=0).square().mean().item()


@pytest.mark.claim("5.1.1")
@pytest.mark.parametrize("k", [-9, -1, 0, 0.5, 2, 7])
def test_k_times_the_weights_cost_k_squared_times_as_much(l2_penalty, k):
    for shape in SHAPES:
        w = grid(*shape)
        assert_close(f"of shape {shape}", l2_penalty([k * w]), k**2 * l2_penalty([w]))


@pytest.mark.claim("5.1.1")
@given(weights)
def test_shared_out_evenly_a_sum_costs_least(l2_penalty, w):
    even = w.mean().expand_as(w)
    # What it costs more to be uneven is the spread, so n equal parts cost 1/n of the whole.
    spread = (w - w.mean()).square().sum()
    assert_close("the penalty", l2_penalty([w]), l2_penalty([even]) + spread)
    assert_close("the whole", l2_penalty([w.sum()]), len(w) * l2_penalty([even]))


@pytest.mark.claim("5.1.1")
@given(shapes(), st.floats(-1e6, 1e6))
def test_the_gradient_is_twice_the_weight(l2_penalty, shape, scale):
    w = grid(*shape) * scale
    slope = pull(l2_penalty, w)
    assert_close("the gradient", slope, 2 * w)


@pytest.mark.claim("5.1.6")
def test_weights_of_0_have_the_gradient_0(l2_penalty):
    for shape in [(), (3,), (2, 3)]:
        w = torch.zeros(shape, dtype=torch.float64)
        slope = pull(l2_penalty, w)
        assert_close("the gradient", slope, torch.zeros(shape))


@pytest.mark.claim("5.1.1")
@pytest.mark.parametrize("rate", [0.0, 0.125, 0.25, 0.5])
def test_without_a_loss_each_step_takes_the_same_part_of_every_weight(l2_penalty, rate):
    w = grid(7, limit=100)
    step = rate * pull(l2_penalty, w)
    assert_close("after a step", w - step, (1 - 2 * rate) * w)


def ridge(strength: float) -> Tensor:
    """The best weights, from their closed form."""
    square = here(SAMPLES).mT @ here(SAMPLES) + strength * torch.eye(3, dtype=torch.float64)
    return torch.linalg.solve(square, here(SAMPLES).mT @ here(TARGETS))


def objective(l2_penalty, strength: float) -> Callable[[Tensor], Tensor]:
    def of(w: Tensor) -> Tensor:
        return (here(SAMPLES) @ w - here(TARGETS)).square().sum() + strength * l2_penalty([w])

    return of


@pytest.mark.claim("5.1.1")
@strengths
def test_at_the_weights_of_ridge_regression_the_pulls_balance(l2_penalty, strength):
    slope = gradient(objective(l2_penalty, strength), ridge(strength), torch.tensor(1.0))
    assert_close("the gradient", slope, torch.zeros(3))


@pytest.mark.claim("5.1.1")
@pytest.mark.parametrize("strength", [1.0, 16.0])
def test_gradient_steps_lead_to_the_weights_of_ridge_regression(l2_penalty, strength):
    w, curvatures = (
        torch.tensor([5.0, 5.0, 5.0], dtype=torch.float64),
        torch.linalg.eigvalsh(here(SAMPLES).mT @ here(SAMPLES)) + strength,
    )
    rate = 1 / (curvatures.min() + curvatures.max())  # of all rates the fastest
    for _ in range(200):
        w = w - rate * gradient(objective(l2_penalty, strength), w, torch.tensor(1.0))
    assert_close("after 200 steps", w, ridge(strength))
    assert w.ne(0).all(), f"there is a weight of exactly 0 in {w.tolist()}"


@pytest.mark.claim("5.1.1")
def test_the_stronger_the_smaller_are_all_weights_together_and_none_is_0(l2_penalty):
    found = [ridge(strength) for strength in (0.0, 0.125, 1.0, 16.0, 256.0, 4096.0)]
    sizes = torch.stack([l2_penalty([w]) for w in found])
    assert sizes.diff().max() < 0, f"stronger and stronger, they cost {sizes.tolist()}"
    assert torch.stack(found).ne(0).all(), f"a weight is exactly 0: {found}"


@pytest.mark.claim("5.1.1")
def test_a_single_weight_can_even_grow(l2_penalty):
    # Two features that are nearly one share their work the more evenly, the stronger the penalty.
    weak, strong = ridge(0.0), ridge(1.0)
    assert (strong.abs() - weak.abs()).max() > 0, f"from {weak.tolist()} to {strong.tolist()}"
    assert l2_penalty([strong]) < l2_penalty([weak])
