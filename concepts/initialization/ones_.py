"""One initialization: the start of numbers that multiply, such as those of batch normalization.

    w_i = 1

What multiplies starts as 1, and what is added starts as 0: then the layer changes nothing yet.

Read next: `concepts/initialization/constant_.py`, on why weights must differ.
"""

import torch
from torch import Tensor


def ones_(tensor: Tensor) -> Tensor:
    """Set every element to 1.

    Args:
        tensor: numbers of any shape, dtype and layout; they are written to, and no gradient
            is recorded of that.

    Returns:
        The same tensor.

    Example:
        >>> ones_(torch.empty(3))
        tensor([1., 1., 1.])

    Source: P. Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour", 2017,
    section 5.1, where the factors of batch normalization start as 1, and some as 0.
    """
    with torch.no_grad():
        tensor.fill_(1)
    return tensor
