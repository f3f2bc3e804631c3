"""PyTorch's weight_decay: an L2 penalty for SGD, and what else it is for others: 5.1.2.

The penalty of lambda / 2 times the sum of squares adds lambda w to the gradient of every weight;
so does weight_decay = lambda, in SGD and in Adam. In SGD that takes the same part of every weight
in every step, which is what the name says. Adam divides it by the size of the gradients; AdamW
decays the weights beside the gradient, and no penalty does the same.
"""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.here import here
from sums_to_one.tests.common.inputs import exact, grid
from sums_to_one.tests.common.options import option, provides

STEPS = 6
WEIGHT_SHAPES = [(2, 3), (7,), ()]
SGD_SETTINGS: list[dict[str, Any]] = [
    {"lr": 0.125},
    {"lr": 0.125, "momentum": 0.5},
    {"lr": 0.125, "momentum": 0.875, "dampening": 0.25},
    {"lr": 0.125, "momentum": 0.5, "nesterov": True},
]
UNEQUAL = exact([1.0, -100.0, 1e4])


def trained(
    optimizer: Callable[..., Any],
    penalty: Callable[..., Tensor] | None = None,
    strength: float = 0,
    **settings: Any,
) -> Tensor:
    """All weights after each of some steps, on a loss whose curvatures and minima differ."""
    parameters = [grid(*shape).requires_grad_() for shape in WEIGHT_SHAPES]
    one, places = optimizer(parameters, **settings), []
    for step in range(STEPS):
        one.zero_grad()
        losses = [(i + 1) / 4 * (p - step).square().sum() for i, p in enumerate(parameters)]
        cost = strength * penalty(parameters) if penalty else 0
        (torch.stack(losses).sum() + cost).backward()
        one.step()
        places.append(torch.cat([p.detach().flatten() for p in parameters]))
    return torch.stack(places)


@pytest.mark.claim("5.1.2")
@pytest.mark.parametrize("settings", SGD_SETTINGS, ids=str)
def test_weight_decay_of_sgd_is_half_of_it_times_the_penalty(l2_penalty, settings):
    for decay in (0.0, 0.25, 1.5):
        built_in = trained(torch.optim.SGD, weight_decay=decay, **settings)
        added = trained(torch.optim.SGD, l2_penalty, decay / 2, **settings)
        assert_close(f"the weights, with {decay}", added, built_in)


@pytest.mark.claim("5.1.2")
@pytest.mark.parametrize("settings", SGD_SETTINGS, ids=str)
def test_weight_decay_of_the_sgd_beside_it_is_half_of_it_times_the_penalty(
    l2_penalty, SGD, settings
):
    option(SGD, "weight_decay")
    settings = {name: number for name, number in settings.items() if provides(SGD, name)}
    built_in = trained(SGD, weight_decay=0.25, **settings)
    assert_close("the weights", trained(SGD, l2_penalty, 0.125, **settings), built_in)


@pytest.mark.claim("5.1.2")
def test_with_the_whole_of_weight_decay_the_penalty_is_twice_as_strong(l2_penalty):
    added = trained(torch.optim.SGD, l2_penalty, 0.25, lr=0.125)
    assert_close("the weights", added, trained(torch.optim.SGD, lr=0.125, weight_decay=0.5))
    off = (added - trained(torch.optim.SGD, lr=0.125, weight_decay=0.25)).abs().max()
    assert off > 0.1, f"half of it makes a difference of {off} only"


@pytest.mark.claim("5.1.2")
def test_weight_decay_of_adam_is_half_of_it_times_the_penalty_too(l2_penalty):
    for decay in (0.25, 1.5):
        built_in = trained(torch.optim.Adam, lr=0.125, weight_decay=decay)
        added = trained(torch.optim.Adam, l2_penalty, decay / 2, lr=0.125)
        assert_close(f"the weights, with {decay}", added, built_in)


def without_a_loss(optimizer: Callable[..., Any], **settings: Any) -> Tensor:
    """Where very unequal weights are after each of some steps whose gradients are 0."""
    w = here(UNEQUAL).clone().requires_grad_()
    one, places = optimizer([w], lr=0.125, weight_decay=0.25, **settings), []
    for _ in range(STEPS):
        w.grad = torch.zeros_like(w)
        one.step()
        places.append(w.detach().clone())
    return torch.stack(places)


@pytest.mark.claim("5.1.2")
def test_without_a_loss_weights_decay_with_sgd_and_not_with_adam(SGD, Adam):
    option(SGD, "weight_decay")
    option(Adam, "weight_decay", "eps")
    part = (1 - 0.125 * 0.25) ** torch.arange(1, STEPS + 1, dtype=torch.float64)[:, None]
    for name, optimizer in {"SGD": SGD, "AdamW": torch.optim.AdamW}.items():
        assert_close(f"with {name}", without_a_loss(optimizer), part * here(UNEQUAL))
    # Adam's first step is as long as the rate, whether the weight is large or small.
    first = without_a_loss(Adam, eps=0.0)[0]
    assert_close("the first step of Adam", first, here(UNEQUAL) - 0.125 * here(UNEQUAL).sign())


@pytest.mark.claim("5.1.2")
@pytest.mark.parametrize("strength", [1e-3, 0.125, 10.0])
def test_no_strength_of_the_penalty_makes_adam_decay_weights(l2_penalty, strength):
    w = here(UNEQUAL).clone().requires_grad_()
    adam = torch.optim.Adam([w], lr=0.125, eps=0.0)
    (strength * l2_penalty([w])).backward()
    adam.step()
    assert_close("after a step", w.detach(), here(UNEQUAL) - 0.125 * here(UNEQUAL).sign())
