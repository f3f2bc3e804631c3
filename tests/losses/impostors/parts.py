"""What the versions of several losses begin with."""

import warnings

import numpy as np
import torch
from torch import Tensor

from sums_to_one.tests.common.sums import one_by_one


class Reducing(torch.nn.Module):
    """The end of a right loss of elements."""

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = reduction

    def reduce(self, losses: Tensor) -> Tensor:
        if self.reduction not in ("none", "mean", "sum"):
            raise ValueError(f"reduction must be none, mean or sum, got {self.reduction!r}")
        return losses if self.reduction == "none" else getattr(losses, self.reduction)()


class OfErrors(Reducing):
    """A right loss, but for the loss of each element, which is a function of its error."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        if input.shape != target.shape:
            warnings.warn("input and target differ in shape", stacklevel=2)
        return self.reduce(self.each(input, target))

    def each(self, input: Tensor, target: Tensor) -> Tensor:
        raise NotImplementedError


def in_order_of_memory(x: Tensor) -> Tensor:
    """The numbers from the first one on, as if each came right after the one before it."""
    return x.as_strided(x.shape, torch.empty(x.shape, device="meta").stride())


def by_threads(x: Tensor) -> Tensor:
    """The sum of all, by 64 threads that each add up their share in the dtype that is given."""
    flat = x.flatten()
    return one_by_one(one_by_one(torch.cat([flat, flat.new_zeros(-len(flat) % 64)]).view(-1, 64)))


class AddedUpByThreads(Reducing):
    """In front of a right loss of elements: its sum is rounded at every step."""

    def reduce(self, losses: Tensor) -> Tensor:
        if self.reduction not in ("none", "mean", "sum"):
            raise ValueError(f"reduction must be none, mean or sum, got {self.reduction!r}")
        if self.reduction == "none":
            return losses
        total = by_threads(losses)
        return total / losses.numel() if self.reduction == "mean" else total


class ByNumpy(torch.autograd.Function):
    """The losses of elements and their derivatives in NumPy: once only, and float64 or float32."""

    @staticmethod
    def forward(ctx, input, target, formula):
        losses, slopes = formula(input.detach().numpy(), target.detach().numpy())
        ctx.save_for_backward(torch.from_numpy(np.asarray(slopes)))
        return torch.from_numpy(np.asarray(losses))

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        (slopes,) = ctx.saved_tensors
        return gradient * slopes, None, None
