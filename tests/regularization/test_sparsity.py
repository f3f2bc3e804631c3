"""How the L1 penalty makes weights exactly 0, and which steps do not: 5.1.3.

The lasso, |y - X w|^2 / 2 + lambda sum |w_i|, on 40 samples of 11 features, 3 of which matter.
Its best weights have zeros, where the loss pulls with less than lambda. Gradient steps with the
penalty in the loss come near them and jump to and fro over 0; soft thresholding after each step
on the loss alone lands on them. Margins were measured over 200 regressions.
"""

from typing import NamedTuple

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.here import generator, here
from sums_to_one.tests.common.inputs import eighths, exact, grid
from sums_to_one.tests.regularization.penalties import pull

REGRESSIONS = 20  # solved at once
STRENGTH = 8.0
WANTED = exact([2.0, -1.5, 1.0] + [0.0] * 8)


@pytest.mark.claim("5.1.3")
@given(eighths(8), st.sampled_from([0.0, 0.125, 1.0, 3.0]))
def test_the_soft_threshold_costs_least(l1_penalty, v, strength):
    def cost(w: Tensor) -> Tensor:
        return (w - v).square() / 2 + strength * l1_penalty([w])

    best = F.softshrink(exact(v), strength)
    for other in (-v, 0.0, v, v / 2, best + 0.125, best - 0.125):
        more = cost(torch.as_tensor(other, dtype=torch.float64)) - cost(best)
        assert more >= (other - best) ** 2 / 2 - 1e-12, f"{other} costs {more} more than {best}"


class Regressions(NamedTuple):
    """Linear regressions, by X'X and X'y, which are all that their losses depend on."""

    square: Tensor
    product: Tensor

    def pulls(self, w: Tensor) -> Tensor:
        """The gradients of the losses |y - X w|^2 / 2."""
        return (self.square @ w[..., None])[..., 0] - self.product

    def costs(self, w: Tensor, penalty) -> Tensor:
        """Of each regression, up to a constant: its loss and the penalty."""
        penalties = torch.stack([penalty([row]) for row in w])
        return (w * (self.pulls(w) - self.product)).sum(dim=1) / 2 + STRENGTH * penalties

    def rates(self) -> Tensor:
        """The largest learning rates that are safe."""
        return 1 / torch.linalg.eigvalsh(self.square)[:, -1:]


@pytest.mark.claim("5.1.3")
def test_with_orthonormal_features_weights_are_0_up_to_a_correlation_of_lambda(l1_penalty):
    correlations = grid(REGRESSIONS, 11, limit=4 * STRENGTH).double()
    task = Regressions(torch.eye(11, dtype=torch.float64), correlations)
    best = F.softshrink(correlations, STRENGTH)
    assert torch.equal(best == 0, correlations.abs() <= STRENGTH)
    for other in (correlations, 0 * best, best.roll(1), best + 0.01, 0.99 * best):
        more = task.costs(other, l1_penalty) - task.costs(best, l1_penalty)
        least = (other - best).square().sum(dim=1) / 2
        assert (more - least).min() >= -1e-9, f"{other.tolist()} cost {more} more"


def regressions(count: int = REGRESSIONS, seed: int = 0) -> Regressions:
    random = generator(seed)
    x = torch.randn(count, 40, len(WANTED), generator=random, dtype=torch.float64)
    noise = torch.randn(count, 40, generator=random, dtype=torch.float64)
    return Regressions(x.mT @ x, (x.mT @ (x @ here(WANTED) + 0.5 * noise)[..., None])[..., 0])


def by_gradient_steps(task: Regressions, penalty, fading: bool = False) -> Tensor:
    """The weights after each of the last 50 of 300 steps on the loss with the penalty."""
    w, places = torch.ones_like(task.product), []
    for step in range(300):
        rates = task.rates() / (1 + step / 10 if fading else 4)
        w = w - rates * (task.pulls(w) + STRENGTH * pull(penalty, w))
        places.append(w)
    return torch.stack(places[-50:])


def by_soft_thresholding(task: Regressions) -> Tensor:
    """The weights after 300 steps on the loss, each of them followed by shrinking."""
    w, rates = torch.ones_like(task.product), task.rates()
    for _ in range(300):
        there = (w - rates * task.pulls(w)) / rates  # in units in which all thresholds are alike
        w = rates * F.softshrink(there, STRENGTH)
    return w


@pytest.mark.claim("5.1.3")
def test_soft_thresholding_lands_on_exact_zeros_and_costs_least(l1_penalty):
    task = regressions()
    best = by_soft_thresholding(task)
    # Where a weight is 0 the loss pulls with less than lambda, elsewhere with just lambda.
    pulls, rest = task.pulls(best), best != 0
    assert pulls[~rest].abs().max() < STRENGTH, "a weight is 0 that should not be"
    assert_close("the other gradients", pulls[rest], -STRENGTH * best[rest].sign())
    for other in (
        by_gradient_steps(task, l1_penalty)[-1],
        0.99 * best,
        here(WANTED).expand_as(best),
    ):
        more = task.costs(other, l1_penalty) - task.costs(best, l1_penalty)
        assert more.min() > 0, f"other weights cost {more.tolist()} more"


@pytest.mark.claim("5.1.3")
def test_gradient_steps_jump_to_and_fro_over_0_and_never_land_there(l1_penalty):
    task = regressions()
    places, should_be_0 = by_gradient_steps(task, l1_penalty), by_soft_thresholding(task) == 0
    assert places.ne(0).all(), f"{places.eq(0).sum()} weights were exactly 0"
    hovering = places[:, should_be_0]
    assert hovering.abs().max() < 0.1, f"as far from 0 as {hovering.abs().max()}"
    crossing = hovering.sign().diff(dim=0).ne(0).any(dim=0).double().mean()
    assert crossing > 0.95, f"only {crossing:.0%} of them cross 0 in 50 steps"


@pytest.mark.claim("5.1.3")
def test_fading_steps_come_nearer_to_0_and_never_land_there_either(l1_penalty):
    task = regressions()
    places, should_be_0 = by_gradient_steps(task, l1_penalty, True), by_soft_thresholding(task) == 0
    assert places.ne(0).all(), f"{places.eq(0).sum()} weights were exactly 0"
    farthest = places[-1, should_be_0].abs().max()
    assert farthest < 0.015, f"as far from 0 as {farthest}"


def ridge(task: Regressions) -> Tensor:
    """The best weights with the squares in place of the sizes, from their closed form."""
    eye = torch.eye(len(WANTED), dtype=torch.float64)
    return torch.linalg.solve(task.square + STRENGTH * eye, task.product)


def small_share(weights: Tensor) -> Tensor:
    """How many weights of the features that do not matter are near 0."""
    return (weights[:, WANTED == 0].abs() < 0.015).double().mean()


@pytest.mark.claim("5.1.3")
def test_l1_selects_the_features_that_matter_and_l2_does_not(l1_penalty):
    task, needed = regressions(), here(WANTED) != 0
    selected = by_soft_thresholding(task) != 0
    assert selected[:, needed].all(), "a feature that matters was dropped"
    dropped = 1 - selected[:, ~needed].double().mean()
    assert dropped > 0.9, f"only {dropped:.0%} of the others were dropped"
    small = small_share(by_gradient_steps(task, l1_penalty, True)[-1])
    assert small > 0.9, f"by gradient steps only {small:.0%} of the others are near 0"
    assert ridge(task).ne(0).all(), "a weight of ridge regression is exactly 0"
    small = small_share(ridge(task))
    assert small < 0.3, f"with L2 {small:.0%} of the others are near 0"
