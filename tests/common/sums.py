"""A sum as one would take it on paper, for versions of several chapters."""

from typing import Any

import torch
from torch import Tensor


class _OneByOne(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.count, total = len(x), x.new_zeros(x.shape[1:])
        for part in x:
            total = total + part
        return total

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient.expand(ctx.count, *gradient.shape)


def one_by_one(x: Tensor) -> Tensor:
    """The sum over the first dimension, rounded after each of its steps."""
    total: Tensor = _OneByOne.apply(x)
    return total
