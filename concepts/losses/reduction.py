"""Reduction: how the losses of many examples become one number.

The mean does not depend on how many examples there are, so a learning rate suits any batch;
the sum does not depend on how they are grouped, so parts of a batch can be added up.

Read next: `concepts/losses/l1_loss.py`, the simplest loss.
"""

from torch import Tensor

REDUCTIONS = ("none", "mean", "sum")


def checked(reduction: str) -> str:
    """The reduction itself, or a ValueError if it is none of those there are."""
    if reduction not in REDUCTIONS:
        raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
    return reduction


def reduced(losses: Tensor, reduction: str) -> Tensor:
    """All losses as they are, or their mean (of none at all: NaN), or their sum."""
    if reduction == "mean":
        return losses.mean()
    return losses.sum() if reduction == "sum" else losses
