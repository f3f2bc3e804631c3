"""Kaiming (He) initialization, normal: weights that make up for what ReLU throws away.

    w_i normal,   std = gain / sqrt(fan)

It is the variance of `kaiming_uniform_.py`, where the reason for it stands.

Read next: `concepts/losses/reduction.py`, which all losses have in common.
"""

import math

import torch
from torch import Tensor

from sums_to_one.concepts.initialization.fans import fan_of, fans
from sums_to_one.concepts.initialization.gains import gain_of
from sums_to_one.concepts.initialization.normal_ import normal_


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: torch.Generator | None = None,
) -> Tensor:
    """Draw weights of the variance gain^2 / fan from a normal distribution.

    Args:
        tensor: weights of two dimensions or more; they are written to, and no gradient is
            recorded of that. The first dimension is that of the outputs.
        a: the negative slope of the activation, if that is leaky_relu.
        mode: "fan_in", to keep the size of the signal, or "fan_out", that of the gradient.
        nonlinearity: the activation, as torch.nn.functional names it.
        generator: where the randomness comes from; torch's own if none is given.

    Returns:
        The same tensor; without elements it is left as it is.

    Raises:
        ValueError: if the tensor has fewer than two dimensions, or the mode or the
            nonlinearity is not known.

    Example:
        >>> w = kaiming_normal_(torch.empty(50, 200), nonlinearity="relu")
        >>> bool(abs(w.std() - 0.1) < 0.005)
        True

    Source: K. He, X. Zhang, S. Ren, J. Sun, "Delving Deep into Rectifiers: Surpassing
    Human-Level Performance on ImageNet Classification", 2015: equations 10 and 14
    for ReLU, by fan_in and by fan_out, and 15 for LeakyReLU.
    """
    if tensor.numel() == 0:
        return tensor  # a fan of 0 has no variance
    fan, gain = fan_of(fans(tensor), mode), gain_of(nonlinearity, a)
    return normal_(tensor, 0.0, gain / math.sqrt(fan), generator)
