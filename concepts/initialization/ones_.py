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

    Source: R. Jozefowicz, W. Zaremba, I. Sutskever, "An Empirical Exploration of Recurrent
    Network Architectures", 2015, section 2.2, where the bias of the forget gate starts as 1.
    """
    with torch.no_grad():
        tensor.fill_(1)
    return tensor
