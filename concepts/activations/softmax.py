"""Softmax: any row of logits becomes a probability distribution.

    softmax(x)_i = exp(x_i) / sum_j exp(x_j)

Only differences between logits matter: the ratio of two outputs is exp(x_i - x_j). So the
largest logit may be subtracted from all of them, which changes nothing on paper and keeps
exp from overflowing on a machine.

Read next: `concepts/initialization/zeros_.py`, the usual start of a bias.
"""

from typing import Any

import torch
from torch import Tensor


class _Softmax(torch.autograd.Function):
    """Softmax with its backward pass written out."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, dim: int) -> Tensor:
        # A dimension of size 0 has no largest logit, and nothing to subtract it from.
        largest = x.amax(dim, keepdim=True) if x.numel() else x
        exp = (x - largest).exp()
        p = exp / exp.sum(dim, keepdim=True)
        ctx.save_for_backward(p)
        ctx.dim = dim
        return p

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """dp_i/dx_j = p_i * (1 if i = j else 0) - p_i * p_j, applied to the gradient.

        A logit gains by what its own probability is worth above the average worth.
        """
        (p,) = ctx.saved_tensors
        average = (gradient * p).sum(ctx.dim, keepdim=True)
        return p * (gradient - average), None


def softmax(input: Tensor, dim: int, dtype: torch.dtype | None = None) -> Tensor:
    """Turn logits into probabilities along one dimension.

    Args:
        input: logits of any shape, in nats: a difference of 1 is a factor of e.
        dim: the dimension along which the outputs sum to one.
        dtype: if given, the logits are cast to it first.

    Returns:
        Probabilities, of the shape of the input. A row that holds NaN or +inf, and a row of
        nothing but -inf, is NaN; -inf among other logits has probability 0.

    Raises:
        IndexError: if the input has no dimension `dim`.

    Example:
        >>> softmax(torch.tensor([[0.0, 0.0], [0.0, 1000.0]]), dim=1)
        tensor([[0.5000, 0.5000],
                [0.0000, 1.0000]])

    Source: J. S. Bridle, "Probabilistic Interpretation of Feedforward Classification Network
    Outputs, with Relationships to Statistical Pattern Recognition", 1990.
    """
    x = input if dtype is None else input.to(dtype)
    # The half-precision formats have too few digits to take differences and sums in.
    if x.dtype in (torch.float16, torch.bfloat16):
        return softmax(x.float(), dim).to(x.dtype)
    p: Tensor = _Softmax.apply(x, dim)
    return p
