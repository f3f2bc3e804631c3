"""LeakyReLU: what is negative passes too, much diminished.

    leaky_relu(x) = max(0, x) + negative_slope * min(0, x)

With a small positive slope on the negative side a unit always gets some gradient, and one
whose input is negative for every example can find its way back.

Read next: `concepts/activations/softmax.py`, for the output layer.
"""

from typing import Any

import torch
from torch import Tensor


class _LeakyReLU(torch.autograd.Function):
    """LeakyReLU with its backward pass written out."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, negative_slope: float, inplace: bool) -> Tensor:
        positive = x > 0
        y = torch.where(positive, x, x * negative_slope)
        ctx.save_for_backward(positive)
        ctx.negative_slope = negative_slope
        if inplace:
            ctx.mark_dirty(x)
            return x.copy_(y)
        return y

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (positive,) = ctx.saved_tensors
        return torch.where(positive, gradient, gradient * ctx.negative_slope), None, None


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """Multiply every negative element by a slope.

    Args:
        input: numbers in any shape.
        negative_slope: the slope left of 0; small and positive as a rule, but any number will do.
        inplace: write the result into the input, and return that.

    Returns:
        Numbers of the shape and dtype of the input; NaN stays NaN.

    Example:
        >>> leaky_relu(torch.tensor([-2.0, 0.0, 3.0]), negative_slope=0.25)
        tensor([-0.5000,  0.0000,  3.0000])

    Source: A. L. Maas, A. Y. Hannun, A. Y. Ng, "Rectifier Nonlinearities Improve Neural Network
    Acoustic Models", 2013, section 2.
    """
    y: Tensor = _LeakyReLU.apply(input, negative_slope, inplace)
    return y
