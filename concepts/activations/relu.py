"""ReLU: what is positive passes, what is negative becomes 0.

    relu(x) = max(0, x)

The slope is 1 or 0 and nothing in between: an active unit passes its gradient on as it is, and
whether that shrinks or grows is up to the weights. But where a unit's input is negative for every
example it gets no gradient at all: the unit is dead. At 0 itself any slope from 0 to 1 would do;
PyTorch's and ours is 0.

Read next: `concepts/activations/leaky_relu.py`, in which no unit dies.
"""

from typing import Any

import torch
from torch import Tensor


class _ReLU(torch.autograd.Function):
    """ReLU with its backward pass written out."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, inplace: bool) -> Tensor:
        y = x if inplace else x.clone()
        if inplace:
            ctx.mark_dirty(x)
        y.masked_fill_(x <= 0, 0)  # not where(x > 0, x, 0), which would hide a NaN
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (y,) = ctx.saved_tensors
        return gradient.masked_fill(y <= 0, 0), None


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """Replace every negative element by 0.

    Args:
        input: numbers in any shape.
        inplace: write the result into the input, and return that.

    Returns:
        Numbers of the shape and dtype of the input, none of them negative; NaN stays NaN.

    Example:
        >>> relu(torch.tensor([-2.0, 0.0, 3.0]))
        tensor([0., 0., 3.])

    Source: V. Nair, G. E. Hinton, "Rectified Linear Units Improve Restricted Boltzmann
    Machines", 2010; X. Glorot, A. Bordes, Y. Bengio, "Deep Sparse Rectifier Neural Networks",
    2011.
    """
    y: Tensor = _ReLU.apply(input, inplace)
    return y
