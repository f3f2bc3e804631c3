"""Xavier (Glorot) initialization, uniform: bounds that depend on the size of the layer.

    w_i uniform on [-b, b],   b = gain * sqrt(6 / (fan_in + fan_out))

A sum of fan_in products multiplies the variance of a signal by fan_in * Var(w); on the way back
the gradient's is multiplied by fan_out * Var(w). Neither can be 1 unless the fans are equal, so
the variance is 2 / (fan_in + fan_out), in between; and a uniform number has a third of its
bound squared for variance, which makes the 2 a 6.

Read next: `concepts/initialization/xavier_normal_.py`, the same variance in another shape.
"""

import math

import torch
from torch import Tensor

from sums_to_one.concepts.initialization.fans import fans
from sums_to_one.concepts.initialization.uniform_ import uniform_


def xavier_uniform_(
    tensor: Tensor, gain: float = 1.0, generator: torch.Generator | None = None
) -> Tensor:
    """Draw weights of the variance gain^2 * 2 / (fan_in + fan_out) from a uniform distribution.

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
        >>> w = xavier_uniform_(torch.empty(2, 4))  # the bound is sqrt(6 / 6)
        >>> bool(w.abs().max() <= 1)
        True

    Source: X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward
    neural networks", 2010, equation 16.
    """
    bound = gain * math.sqrt(6 / sum(fans(tensor)))
    return uniform_(tensor, -bound, bound, generator)
