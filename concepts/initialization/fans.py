"""Fans: how many numbers flow into each unit of a layer, and to how many each of them flows.

A weight matrix has the shape (units, inputs): each unit adds up `inputs` products, its fan_in,
and each input is used by `units` units, its fan_out. In a convolution, of shape (channels out,
channels in, height, width), every position of the kernel counts: the fans are the channels
times height times width.

Read next: `concepts/initialization/xavier_uniform_.py`, which chooses the bounds by the fans.
"""

import math

from torch import Tensor


def fans(tensor: Tensor) -> tuple[int, int]:
    """The fan_in and the fan_out of a weight tensor.

    Args:
        tensor: weights of two dimensions or more: outputs, inputs, and those of a kernel.

    Returns:
        The number of inputs of a unit, and the number of units that use an input.

    Raises:
        ValueError: if the tensor has fewer than two dimensions.
    """
    if tensor.dim() < 2:
        raise ValueError(
            "fans are those of weights with two dimensions or more, "
            f"got the shape {tuple(tensor.shape)}"
        )
    units, inputs, *kernel = tensor.shape
    return inputs * math.prod(kernel), units * math.prod(kernel)


def fan_of(fans: tuple[int, int], mode: str) -> int:
    """The fan that a mode asks for.

    Args:
        fans: fan_in and fan_out.
        mode: "fan_in", to keep the signal's size, or "fan_out", to keep the gradient's.

    Raises:
        ValueError: if the mode is neither.
    """
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"mode must be 'fan_in' or 'fan_out', got {mode!r}")
    return fans[mode == "fan_out"]
