"""L2 penalty: what the weights cost, each the square of its size.

    loss = data loss + lambda sum w_i^2      each weight is pulled to 0 by 2 lambda w

The pull fades with the weight, so it makes weights small and hardly ever 0; a large one costs
more than two of half its size, so the work is shared out. Added to squared errors it is called
ridge regression. PyTorch's SGD has it built in: weight_decay = lambda is lambda / 2 times this.

Read next: `concepts/regularization/l1_penalty.py`, whose pull does not fade.
"""

from collections.abc import Iterable

import torch
from torch import Tensor


def l2_penalty(parameters: Iterable[Tensor]) -> Tensor:
    """The sum of the squares of all numbers, to be added to a loss.

    Biases and frozen parameters count like all others: who wants to spare them gives only the
    rest. It is a sum and no mean, so its share in the loss grows with the model.

    Args:
        parameters: tensors of any shapes, such as model.parameters().

    Returns:
        One number, through which gradients flow to the parameters; 0 if there are none.

    Example:
        >>> w, b = torch.tensor([[3.0, -4.0]], requires_grad=True), torch.tensor([2.0])
        >>> penalty = l2_penalty([w, b])
        >>> penalty.item()
        29.0
        >>> penalty.backward()
        >>> w.grad
        tensor([[ 6., -8.]])

    Source: A. E. Hoerl, R. W. Kennard, "Ridge Regression: Biased Estimation for Nonorthogonal
    Problems", 1970, section 2.
    """
    # Starting from a tensor, in float32 or more: half precision keeps too few digits to add up.
    return sum((p.square().sum() for p in parameters), torch.zeros(()))
