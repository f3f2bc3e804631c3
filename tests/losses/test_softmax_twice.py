"""Why no softmax may stand at the end of a model whose loss has one: 3.2.2.

Fed with shares instead of scores, the loss takes their softmax again. Shares lie between 0 and 1,
so however sure the model is, the second softmax makes its answer one of e to 1 at best. That puts
a floor under the loss; and where the first softmax is sure of a wrong answer, it passes hardly
any gradient on. Nothing fails: the code runs, and training is merely worse.
"""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close, tolerance
from sums_to_one.tests.common.experiments import POINTS, descend, networks, outputs
from sums_to_one.tests.common.here import here
from sums_to_one.tests.common.inputs import scores
from sums_to_one.tests.common.limits import widest
from sums_to_one.tests.losses.reduction import pull

# Which of three rings around the origin a point is in: 16, 20 and 28 of 64.
RING = torch.bucketize(POINTS.norm(dim=1), torch.tensor([0.95, 1.4], dtype=torch.float64))


def floor(classes: int) -> float:
    return math.log(1 + (classes - 1) / math.e)


def shares(parts: list[int]) -> Tensor:
    """A row of probabilities, whole parts of one, and a share of 0 or 1 among them now and then."""
    found = torch.tensor(parts)
    return (found / found.sum()).to(widest())[None]


rows_of_shares = st.lists(st.integers(0, 9), min_size=2, max_size=9).filter(any).map(shares)


@pytest.mark.claim("3.2.2")
@given(scores(limit=300), st.data())
def test_after_a_softmax_no_logits_bring_it_below_its_least_value(CrossEntropyLoss, x, data):
    target = torch.tensor([data.draw(st.integers(0, x.shape[1] - 1)) for _ in x])
    loss = CrossEntropyLoss()(torch.softmax(x, dim=1), target)
    assert loss >= floor(x.shape[1]) - tolerance(x.dtype), f"{loss} is below {floor(x.shape[1])}"


@pytest.mark.claim("3.2.2")
@pytest.mark.parametrize("classes", [1, 2, 3, 10, 100, 1000])
def test_after_a_softmax_certainty_of_the_right_class_reaches_the_least_value(
    CrossEntropyLoss, classes
):
    sure = torch.zeros(1, classes, dtype=widest())
    sure[0, classes // 2] = 1
    loss = CrossEntropyLoss()(sure, torch.tensor([classes // 2]))
    assert_close(f"the loss of {classes} classes", loss, floor(classes))


@pytest.mark.claim("3.2.2")
@given(rows_of_shares, st.data())
def test_after_a_softmax_nothing_but_certainty_reaches_the_least_value(CrossEntropyLoss, p, data):
    classes, target = p.shape[1], data.draw(st.integers(0, p.shape[1] - 1))
    loss, missing = CrossEntropyLoss()(p, torch.tensor([target])), 1 - p[0, target]
    # The loss is convex in what is missing, and least where the rest is spread out evenly:
    # so it lies above its tangent at certainty, whose slope is K / (K - 1 + e).
    least = floor(classes) + missing * classes / (classes - 1 + math.e)
    assert loss >= least - tolerance(p.dtype), (
        f"{loss} with {missing} missing, at least {least} is due"
    )


@pytest.mark.claim("3.2.2")
@given(st.integers(2, 9), st.floats(0, 30))
def test_after_a_softmax_it_has_hardly_any_gradient_if_sure_and_wrong(
    CrossEntropyLoss, classes, lead
):
    x, target = torch.zeros(1, classes, dtype=widest()), torch.tensor([1])
    x[0, 0] = lead  # so many nats ahead of the right class
    once = pull(CrossEntropyLoss(), x, target).norm()
    twice = pull(lambda x, y: CrossEntropyLoss()(torch.softmax(x, dim=1), y), x, target).norm()
    # A softmax passes on at most half of a gradient, and at most twice what is not the largest.
    rest = (classes - 1) * math.exp(-lead)
    allowed = tolerance(x.dtype)
    most = once * min(0.5, 2 * rest) + allowed
    assert twice <= most, f"the gradient has the norm {twice}, with one softmax less {once}"
    assert once >= 0.5, f"without the softmax before it, the gradient has the norm {once}"


def trained(CrossEntropyLoss, softmax_first: bool) -> tuple[Tensor, Tensor]:
    """The loss and the accuracy of 5 networks after 150 steps."""
    parameters = networks(5, [2, 16, 3], gain=1)
    target = here(RING).expand(5, -1)

    def losses() -> Tensor:
        scores = outputs(parameters, torch.tanh, here(POINTS)).to(widest())
        fed = torch.softmax(scores, dim=2) if softmax_first else scores
        each = [CrossEntropyLoss()(*pair) for pair in zip(fed, target, strict=True)]
        return torch.stack(each).double()

    loss = descend(parameters, losses, steps=150, rate=1.0)
    right = outputs(parameters, torch.tanh, here(POINTS)).argmax(dim=2) == target
    return loss, right.double().mean(dim=1)


@pytest.mark.claim("3.2.2")
def test_a_model_with_a_softmax_at_its_end_learns_less(CrossEntropyLoss):
    (loss, right), (_, fewer) = (trained(CrossEntropyLoss, first) for first in (False, True))
    assert loss.max() < floor(3), (
        f"with one softmax: {loss.tolist()}, it should fall below {floor(3)}"
    )
    # of the points, 0.97 are told right, and 0.74 with two
    assert (right - fewer).mean() > 0.1, f"right are {right.tolist()}, with two {fewer.tolist()}"
