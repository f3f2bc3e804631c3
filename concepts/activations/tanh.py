"""Tanh: any real number is squashed into the interval from -1 to 1, and 0 stays 0.

    tanh(x) = (exp(x) - exp(-x)) / (exp(x) + exp(-x)) = 2 * sigmoid(2 * x) - 1

It is a sigmoid, stretched and centred. Its slope is 1 - tanh(x)^2: 1 at the origin, where a
sigmoid has 1/4, but further out (beyond |x| = 1.66) the smaller of the two.

Read next: `concepts/activations/relu.py`, whose slope is 1 for all that is positive.
"""

from typing import Any

import torch
from torch import Tensor


class _Tanh(torch.autograd.Function):
    """Tanh with its backward pass written out."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        # exp(-2|x|) - 1, without the digits that the subtraction would cancel near x = 0.
        m = (-2 * x.abs()).expm1()
        y = x.sign() * (-m / (2 + m))
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (y,) = ctx.saved_tensors
        slope: Tensor = 1 - y * y
        return gradient * slope


def tanh(input: Tensor) -> Tensor:
    """Squash every element into the interval from -1 to 1.

    Args:
        input: numbers in any shape.

    Returns:
        Numbers of the shape and dtype of the input, with the sign of the input.

    Example:
        >>> tanh(torch.tensor([-1000.0, 0.0, 1000.0]))
        tensor([-1.,  0.,  1.])

    Source: Y. LeCun, L. Bottou, G. B. Orr, K.-R. Müller, "Efficient BackProp", 1998,
    section 4.4, on why outputs around 0 are better than outputs around 1/2.
    """
    if input.dtype in (torch.float16, torch.bfloat16):  # too few digits for what is in between
        return tanh(input.float()).to(input.dtype)
    y: Tensor = _Tanh.apply(input)
    return y
