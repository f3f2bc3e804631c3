"""How low cross-entropy starts, and how low it can get.

A classifier that knows nothing yet gives all K classes alike, which costs ln K. With smoothed
labels no answer costs less than what the labels leave open; with hard ones, on points that a line
can tell apart, every answer could cost less, so that training has no end.
"""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sums_to_one.tests.common.closeness import assert_close, tolerance
from sums_to_one.tests.common.experiments import descend
from sums_to_one.tests.common.inputs import eighths, exact, grid
from sums_to_one.tests.common.limits import widest
from sums_to_one.tests.losses.problems import reducing
from sums_to_one.tests.losses.reduction import pull


@pytest.mark.claim("3.2.15")
@pytest.mark.parametrize("classes", [2, 3, 10, 1000])
def test_an_output_layer_of_zeros_costs_the_logarithm_of_the_number_of_classes(
    CrossEntropyLoss, classes
):
    logits = grid(7, 5) @ torch.zeros(5, classes, dtype=widest())
    loss = CrossEntropyLoss()(logits, torch.arange(7) % classes)
    assert_close(f"the loss of {classes} classes", loss, math.log(classes))


@pytest.mark.claim("3.2.15")
@pytest.mark.parametrize("largest", [0.01, 0.1, 0.5])
def test_logits_that_are_small_cost_about_as_much(CrossEntropyLoss, largest):
    loss = CrossEntropyLoss()(grid(97, 10, limit=largest), torch.arange(97) % 10)
    assert abs(loss - math.log(10)) <= 2 * largest, f"{loss} with logits up to {largest}"


def entropy(classes: int, smoothing: float) -> float:
    """Of a target that is smoothed, in nats."""
    each = smoothing / classes
    right = 1 - smoothing + each
    return -right * math.log(right) - (classes - 1) * each * math.log(each)


@pytest.mark.claim("3.2.16")
@given(st.lists(eighths(limit=30), min_size=2, max_size=9), st.sampled_from([0.1, 0.25, 0.5]))
def test_with_smoothing_no_logits_cost_less_than_the_entropy_of_the_target(
    CrossEntropyLoss, row, smoothing
):
    loss = reducing(CrossEntropyLoss, "mean", label_smoothing=smoothing)(
        exact([row]), torch.tensor([0])
    )
    least = entropy(len(row), smoothing)
    assert loss >= least - tolerance(loss.dtype), f"{loss} is below the entropy, {least}"


@pytest.mark.claim("3.2.16")
@pytest.mark.parametrize(("classes", "smoothing"), [(10, 0.1), (2, 0.5), (1000, 0.1)], ids=str)
def test_with_smoothing_the_least_loss_is_at_a_finite_gap(CrossEntropyLoss, classes, smoothing):
    function = reducing(CrossEntropyLoss, "mean", label_smoothing=smoothing)
    gap = math.log(classes * (1 - smoothing) / smoothing + 1)  # for 10 and 0.1 it is 4.511
    x, target = torch.zeros(1, classes, dtype=widest()), torch.tensor([1])
    x[0, 1] = gap
    assert_close("the least loss", function(x, target), entropy(classes, smoothing))  # 0.5003
    assert_close("its gradient", pull(function, x, target), torch.zeros_like(x))
    x[0, 1] = gap + 1
    assert function(x, target) > entropy(classes, smoothing) + 1e-3, "farther apart it is no less"


@pytest.mark.claim("3.2.18")
def test_on_points_that_a_line_tells_apart_it_falls_and_the_weight_grows_like_a_logarithm(
    CrossEntropyLoss,
):
    weight, x, y = exact([0.0]), exact([-2.0, -1.0, 1.0, 2.0]), torch.tensor([0, 0, 1, 1])

    def loss():
        return CrossEntropyLoss()(torch.stack([torch.zeros_like(x), weight * x], dim=1), y)

    found = [
        (descend([weight], loss, steps, rate=1).item(), weight.item()) for steps in (9, 90, 900)
    ]
    losses, weights = exact(found).double().T
    assert (losses.diff() < 0).all(), f"losses after 9, 99 and 999 steps: {losses.tolist()}"
    # ten times as many steps add ln 10 = 2.30 in the limit; here 1.98 and 2.28
    assert (weights.diff() - math.log(10)).abs().max() < 0.4, f"weights: {weights.tolist()}"
