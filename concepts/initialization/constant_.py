"""Constant initialization: every element starts as the same number.

    w_i = val

For a bias that will do. For the weights between layers it is a trap: all
units of a layer then compute the same, get the same gradient, and stay the same for ever.

Read next: `concepts/initialization/uniform_.py`, whose numbers differ.
"""

import torch
from torch import Tensor


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Set every element to one value.

    Args:
        tensor: numbers of any shape, dtype and layout; they are written to, and no gradient
            is recorded of that.
        val: the value.

    Returns:
        The same tensor.

    Example:
        >>> constant_(torch.empty(3), 0.5)
        tensor([0.5000, 0.5000, 0.5000])

    Source: on why weights must not be equal, D. E. Rumelhart, G. E. Hinton, R. J. Williams,
    "Learning Internal Representations by Error Propagation", 1986, the paragraphs on symmetry.
    """
    with torch.no_grad():  # a start is not a step: it has no gradient
        tensor.fill_(val)
    return tensor
