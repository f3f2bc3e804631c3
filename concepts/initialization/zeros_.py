"""Zero initialization: the usual start of a bias, and of what shall add nothing at first.

    w_i = 0

A layer whose weights are all 0 passes neither its input on nor any gradient back.

Read next: `concepts/initialization/ones_.py`, for numbers that multiply.
"""

import torch
from torch import Tensor


def zeros_(tensor: Tensor) -> Tensor:
    """Set every element to 0.

    Args:
        tensor: numbers of any shape, dtype and layout; they are written to, and no gradient
            is recorded of that.

    Returns:
        The same tensor.

    Example:
        >>> zeros_(torch.empty(3))
        tensor([0., 0., 0.])

    Source: X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward
    neural networks", 2010, section 2.3, where biases start as 0.
    """
    with torch.no_grad():
        tensor.fill_(0)
    return tensor
