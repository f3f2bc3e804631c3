"""Uniform initialization: every number between two bounds is as likely as any other.

    w_i = a + (b - a) * u_i,   u_i uniform on [0, 1)

Its mean is (a + b) / 2 and its variance (b - a)^2 / 12: between bounds -b and b the standard
deviation is b / sqrt(3), which is where the root of 3 in Xavier's bound comes from.

Read next: `concepts/initialization/normal_.py`, which is made from uniform numbers.
"""

import torch
from torch import Tensor


def uniform_(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: torch.Generator | None = None
) -> Tensor:
    """Draw every element from the uniform distribution between two bounds.

    Args:
        tensor: numbers of any shape, floating-point dtype and layout; they are written to, and
            no gradient is recorded of that.
        a: the lower bound.
        b: the upper bound; with few digits, a number may be rounded to it.
        generator: where the randomness comes from; torch's own if none is given.

    Returns:
        The same tensor.

    Example:
        >>> w = uniform_(torch.empty(1000), a=-2, b=5)
        >>> bool(w.min() >= -2 and w.max() <= 5)
        True

    Source: X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward
    neural networks", 2010, equation 1, for bounds of 1 / sqrt(n), long the usual ones.
    """
    # Drawn with as many digits as there are, for a bfloat16 has only 256 numbers from 0 to 1
    # in equal steps.
    u = torch.rand(tensor.shape, generator=generator, dtype=torch.float64, device=tensor.device)
    with torch.no_grad():
        tensor.copy_(a + (b - a) * u)
    return tensor
