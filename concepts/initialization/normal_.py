"""Normal initialization: numbers from the bell curve, made from uniform ones.

    w = mean + std * r * cos(t)   and   mean + std * r * sin(t),
    r = sqrt(-2 log(u)),   t = 2 pi v,   u and v uniform

A pair of independent normal numbers is a point in the plane whose direction t is uniform and
whose squared distance r^2 follows an exponential law; and both are easily made from u and v.

Read next: `concepts/initialization/fans.py`, on which the right size of weights depends.
"""

import math

import torch
from torch import Tensor


def normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: torch.Generator | None = None
) -> Tensor:
    """Draw every element from the normal distribution.

    Args:
        tensor: numbers of any shape, floating-point dtype and layout; they are written to, and
            no gradient is recorded of that.
        mean: the mean.
        std: the standard deviation, which is the root of the variance.
        generator: where the randomness comes from; torch's own if none is given.

    Returns:
        The same tensor.

    Raises:
        ValueError: if std is negative.

    Example:
        >>> w = normal_(torch.empty(10_000), mean=5, std=0.1)
        >>> bool(abs(w.mean() - 5) < 0.01 and abs(w.std() - 0.1) < 0.01)
        True

    Source: G. E. P. Box, M. E. Muller, "A Note on the Generation of Random Normal Deviates",
    1958.
    """
    if std < 0:
        raise ValueError(f"std must not be negative, got {std}")
    pairs = (tensor.numel() + 1) // 2  # of an odd number the last one is thrown away
    u, v = torch.rand(
        (2, pairs), generator=generator, dtype=torch.float64, device=tensor.device
    ).unbind()
    r = (-2 * (1 - u).log()).sqrt()  # u may be 0, but never 1
    t = 2 * math.pi * v
    z = torch.cat([r * t.cos(), r * t.sin()])[: tensor.numel()]
    with torch.no_grad():
        tensor.copy_(mean + std * z.reshape(tensor.shape))
    return tensor
