"""What claims about losses are written in: reductions, and the gradients of what they give."""

import torch
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.gradients import gradient
from sums_to_one.tests.common.options import NotProvided, option, provides

REDUCTIONS = ("none", "mean", "sum")
reductions = st.sampled_from(REDUCTIONS)
REFUSALS = (ValueError, RuntimeError, AssertionError, IndexError)


def reduced(losses: Tensor, reduction: str) -> Tensor:
    """All losses as they are, or their mean, or their sum."""
    return {"none": losses, "mean": losses.mean(), "sum": losses.sum()}[reduction]


def share(x: Tensor, reduction: str) -> float:
    """How much the loss of one of so many elements counts."""
    return 1 / x.numel() if reduction == "mean" else 1


def reductions_of(loss) -> tuple[str, ...]:
    """Those that the loss provides."""
    return REDUCTIONS if provides(loss, "reduction") else ("mean",)


def reducing(loss, reduction: str):
    """The loss with this reduction; a mean is what it gives without being told."""
    if reduction == "mean":
        return loss()
    option(loss, "reduction")
    return loss(reduction=reduction)


def enter(function, mode: str) -> None:
    """To evaluate or to train; what is no torch.nn.Module has no modes."""
    getattr(function, mode, lambda: None)()


def pull(function, x: Tensor, target: Tensor, cotangent: Tensor | float = 1.0) -> Tensor:
    """The gradient of the sum of the losses, each times its cotangent, by the prediction."""
    return gradient(lambda x: function(x, target), x, torch.as_tensor(cotangent, dtype=x.dtype))


def pull_on_target(function, x: Tensor, target: Tensor) -> Tensor:
    """The gradient by a target that learns, which a loss need not have."""
    target = target.clone().requires_grad_()
    function(x.clone().requires_grad_(), target).backward()
    if target.grad is None:
        raise NotProvided("not provided: a gradient for the target")
    return target.grad
