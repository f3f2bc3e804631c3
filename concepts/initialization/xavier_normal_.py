"""Xavier (Glorot) initialization, normal: a variance that depends on the size of the layer.

    w_i normal,   std = gain * sqrt(2 / (fan_in + fan_out))

It is the variance of `xavier_uniform_.py`, where the reason for it stands. The shape of the
distribution makes no difference to the variance of a sum of many products.

Read next: `concepts/initialization/gains.py`, which Xavier leaves to you and Kaiming does not.
"""

import math

import torch
from torch import Tensor

from sums_to_one.concepts.initialization.fans import fans
from sums_to_one.concepts.initialization.normal_ import normal_


def xavier_normal_(
    tensor: Tensor, gain: float = 1.0, generator: torch.Generator | None = None
) -> Tensor:
    """Draw weights of the variance gain^2 * 2 / (fan_in + fan_out) from a normal distribution.

    Args:
        tensor: weights of two dimensions or more; they are written to, and no gradient is
            recorded of that. The first dimension is that of the outputs.
        gain: a factor for all weights.
        generator: where the randomness comes from; torch's own if none is given.

    Returns:
        The same tensor.

    Raises:
        ValueError: if the tensor has fewer than two dimensions.

    Example:
        >>> w = xavier_normal_(torch.empty(100, 100))
        >>> bool(abs(w.std() - 0.1) < 0.005)
        True

    Source: X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward
    neural networks", 2010, equation 12.
    """
    return normal_(tensor, 0.0, gain * math.sqrt(2 / sum(fans(tensor))), generator)
