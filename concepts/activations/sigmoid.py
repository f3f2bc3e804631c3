"""Sigmoid: any real number becomes a probability.

    sigmoid(x) = 1 / (1 + exp(-x))

It undoes the log-odds: sigmoid(log(p / (1 - p))) = p. Its slope is sigmoid(x) * sigmoid(-x),
which is at most 1/4: a deep stack of sigmoids passes little of its gradient on.

Read next: `concepts/activations/tanh.py`, the same curve centred at 0.
"""

from typing import Any

import torch
from torch import Tensor


class _Sigmoid(torch.autograd.Function):
    """Sigmoid with its backward pass written out."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        # exp of a positive number may overflow; exp(-|x|) never does.
        small = (-x.abs()).exp()
        p = torch.where(x >= 0, torch.ones_like(x), small) / (1 + small)
        ctx.save_for_backward(p)
        return p

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (p,) = ctx.saved_tensors
        slope: Tensor = p * (1 - p)
        return gradient * slope


def sigmoid(input: Tensor) -> Tensor:
    """Squash every element into the interval from 0 to 1.

    Args:
        input: log-odds, of any shape, in nats.

    Returns:
        Probabilities, of the shape and dtype of the input. For large inputs they round to
        exactly 0 and exactly 1.

    Example:
        >>> sigmoid(torch.tensor([-1000.0, 0.0, 1000.0]))
        tensor([0.0000, 0.5000, 1.0000])

    Source: D. E. Rumelhart, G. E. Hinton, R. J. Williams, "Learning Internal Representations
    by Error Propagation", 1986, where it is the activation of every unit.
    """
    if input.dtype in (torch.float16, torch.bfloat16):  # too few digits for what is in between
        return sigmoid(input.float()).to(input.dtype)
    p: Tensor = _Sigmoid.apply(input)
    return p
