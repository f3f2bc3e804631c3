"""What claims about losses are written in: reductions, and the gradients of what they give."""

import torch
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.gradients import gradient
from sums_to_one.tests.common.limits import NotProvided
from sums_to_one.tests.common.options import feature

REDUCTIONS = ("none", "mean", "sum")
reductions = st.sampled_from(REDUCTIONS)


def reduced(losses: Tensor, reduction: str) -> Tensor:
    """All losses as they are, or their mean, or their sum."""
    return {"none": losses, "mean": losses.mean(), "sum": losses.sum()}[reduction]


def share(x: Tensor, reduction: str) -> float:
    """How much the loss of one of so many elements counts."""
    return 1 / x.numel() if reduction == "mean" else 1


def enter(function, mode: str) -> None:
    """To evaluate or to train; what is no torch.nn.Module has no modes."""
    getattr(function, mode, lambda: None)()


def pull(function, x: Tensor, target: Tensor, cotangent: Tensor | float = 1.0) -> Tensor:
    """The gradient of the sum of the losses, each times its cotangent, by the prediction."""
    return gradient(lambda x: function(x, target), x, torch.as_tensor(cotangent, dtype=x.dtype))


def pull_on_target(function, x: Tensor, target: Tensor) -> Tensor:
    """The gradient by a target that learns, which a loss need not have."""
    target = target.clone().requires_grad_()
    with feature("a target that learns"):
        loss = function(x.clone().requires_grad_(), target)
    loss.backward()
    if target.grad is None:
        raise NotProvided("not provided: a gradient for the target")
    return target.grad


def leaves(total: Tensor) -> list[Tensor]:
    """The tensors that what came of them knows of: to which a backward pass leads."""
    seen, ahead = set(), [total.grad_fn]
    while ahead:
        node = ahead.pop()
        if node is not None and node not in seen:
            seen.add(node)
            ahead += [following for following, _ in node.next_functions]
    return [node.variable for node in seen if hasattr(node, "variable")]


def assert_the_target_gets_the_opposite(function, x: Tensor, target: Tensor) -> None:
    """Its gradient is that of the input with another sign; unless a backward pass says None."""
    x, target = x.requires_grad_(), target.requires_grad_()
    with feature("a target that learns"):
        losses = function(x, target)
    total = (losses * 3).sum()
    known = any(leaf is target for leaf in leaves(total))
    total.backward()
    if known and target.grad is None:
        raise NotProvided("not provided: a gradient for the target")
    assert target.grad is not None, "it gets none, but it may be the output of a network, too"
    assert x.grad is not None, "the input gets no gradient"
    assert_close("the gradient of the target", target.grad, -x.grad.double())
