"""L1 penalty: what the weights cost, each its size.

    loss = data loss + lambda sum |w_i|      each weight is pulled to 0 by lambda, however small

A weight that helps less than lambda loses the tug of war all the way, and the best value for it
is 0: the features that matter are selected. Added to squared errors it is called the lasso. Plain
gradient steps jump to and fro over 0, for the pull never fades; to land on it, shrink by
soft thresholding after each step instead (`torch.nn.functional.softshrink`).

No optimizer of PyTorch has it built in.

Read next: `concepts/regularization/dropout.py`, which leaves out units rather than weights.
"""

from collections.abc import Iterable

import torch
from torch import Tensor


def l1_penalty(parameters: Iterable[Tensor]) -> Tensor:
    """The sum of the absolute values of all numbers, to be added to a loss.

    Biases and frozen parameters count like all others: who wants to spare them gives only the
    rest. It is a sum and no mean, so its share in the loss grows with the model.

    Args:
        parameters: tensors of any shapes, such as model.parameters().

    Returns:
        One number, through which gradients flow to the parameters; 0 if there are none.

    Example:
        >>> w, b = torch.tensor([[3.0, -4.0, 0.0]], requires_grad=True), torch.tensor([2.0])
        >>> penalty = l1_penalty([w, b])
        >>> penalty.item()
        9.0
        >>> penalty.backward()
        >>> w.grad
        tensor([[ 1., -1.,  0.]])

    Source: R. Tibshirani, "Regression Shrinkage and Selection via the Lasso", 1996, section 2.
    """
    # Starting from a tensor, in float32 or more: half precision keeps too few digits to add up.
    return sum((p.abs().sum() for p in parameters), torch.zeros(()))
