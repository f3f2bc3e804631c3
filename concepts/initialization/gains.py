"""Gains: what an activation does to the size of a signal, and so by what to multiply weights.

ReLU zeroes half of its inputs and with them half of the mean square: weights sqrt(2) times as
large make up for that. What a negative slope lets through needs no making up for.

Read next: `concepts/initialization/kaiming_uniform_.py`, which counts on ReLU.
"""

import math

GAINS = {
    "linear": 1.0,
    "conv1d": 1.0,
    "conv2d": 1.0,
    "conv3d": 1.0,
    "conv_transpose1d": 1.0,
    "conv_transpose2d": 1.0,
    "conv_transpose3d": 1.0,
    "sigmoid": 1.0,
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "selu": 3 / 4,
}


def gain_of(nonlinearity: str, a: float = 0.0) -> float:
    """The factor that weights in front of a nonlinearity should have.

    Args:
        nonlinearity: the name of the function, or of a layer without one.
        a: the negative slope, if the function is leaky_relu.

    Returns:
        The gain that PyTorch recommends.

    Raises:
        ValueError: if there is no such nonlinearity.
    """
    if nonlinearity == "leaky_relu":
        return math.sqrt(2 / (1 + a**2))
    if nonlinearity not in GAINS:
        known = ", ".join([*GAINS, "leaky_relu"])
        raise ValueError(f"nonlinearity must be one of {known}; got {nonlinearity!r}")
    return GAINS[nonlinearity]
