"""What a layer multiplies the second moments of a signal, and of its gradient, by.

Measured in three networks of fifty random layers, from a line through the logarithms.
"""

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from sums_to_one.tests.common.experiments import Function
from sums_to_one.tests.initialization.weights import Initialize, seed_of_an_experiment, unwritten

WIDTH, DEPTH, NETWORKS = 128, 50, 3
SQUARE = (WIDTH,) * (DEPTH + 1)
IN_TURN = (192, 64) * (DEPTH // 2) + (192,)  # from 192 units to 64, back to 192, and so on


def linear(x: Tensor) -> Tensor:
    """No activation."""
    return x


def centred_sigmoid(x: Tensor) -> Tensor:
    """sigmoid(x) - 1/2, which near 0 would be lost in the rounding of a half."""
    return torch.tanh(x / 2) / 2


def weights_of(initialize: Initialize, widths: Sequence[int]) -> list[Tensor]:
    """A weight for each layer, in PyTorch's layout: a row for each output."""
    weights = [unwritten(fan_out, fan_in) for fan_in, fan_out in itertools.pairwise(widths)]
    for weight in weights:
        initialize(weight)
    return [weight.double() for weight in weights]


def through(
    initialize: Initialize, activation: Function, widths: Sequence[int] = SQUARE, mean: float = 0
) -> tuple[list[list[Tensor]], list[list[Tensor]]]:
    """The signal from layer to layer, and the gradient from the last layer back, in 3 networks.

    Five inputs go in, normal around that mean; a normal cotangent comes back.
    """
    signals, gradients = [], []
    for seed in range(NETWORKS):
        with seed_of_an_experiment(seed):
            signal = [(torch.randn(5, widths[0]).double() + mean).requires_grad_()]
            cotangent = torch.randn(5, widths[-1])
            weights = weights_of(initialize, widths)
        for weight in weights:
            signal.append(activation(signal[-1] @ weight.T))
        gradient = torch.autograd.grad((signal[-1] * cotangent).sum(), signal)
        signals.append([h.detach() for h in signal])
        gradients.append(list(gradient[::-1]))
    return signals, gradients


def second_moments(layers: list[list[Tensor]]) -> Tensor:
    """The mean of the squares: a row for each network, a column for each layer."""
    return torch.stack([torch.stack([h.square().mean() for h in network]) for network in layers])


def per_layer(moments: Tensor) -> Tensor:
    """What one layer multiplies by, in each network: a line through the logarithms."""
    layer = torch.linspace(-1, 1, moments.shape[1]).double()
    slope = moments.log() @ layer / layer.square().sum()
    return (slope * 2 / (len(layer) - 1)).exp()


def factors(
    initialize: Initialize, activation: Function, widths: Sequence[int] = SQUARE, mean: float = 0
) -> tuple[Tensor, Tensor]:
    """What one layer multiplies the second moments of the signal and of the gradient by."""
    signals, gradients = through(initialize, activation, widths, mean)
    return per_layer(second_moments(signals)), per_layer(second_moments(gradients))


def factors_in_turn(initialize: Initialize, activation: Function) -> list[tuple[Tensor, Tensor]]:
    """The same for the layers from 192 units to 64, and then for those from 64 to 192."""
    signals, gradients = through(initialize, activation, IN_TURN)
    signal, gradient = (second_moments(x).log().diff(dim=1) for x in (signals, gradients))
    narrowing, widening = slice(0, None, 2), slice(1, None, 2)  # the gradient meets these first
    return [
        (signal[:, narrowing].mean(dim=1).exp(), gradient[:, widening].mean(dim=1).exp()),
        (signal[:, widening].mean(dim=1).exp(), gradient[:, narrowing].mean(dim=1).exp()),
    ]


def assert_about(expected: float, what: str, came: Tensor, within: float = 1.15) -> None:
    """The geometric mean over the networks is the expected number, or at most so many times off.

    The bounds are six standard errors or more away from what right weights give.
    """
    __tracebackhide__ = True
    mean = came.log().mean().exp().item()
    assert abs(math.log(mean / expected)) < math.log(within), (
        f"a layer should multiply the second moment of {what} by {expected:.3g}, give or take a"
        f" factor of {within}: it multiplies it by {mean:.3g}, in single networks by"
        f" {[round(factor, 3) for factor in came.tolist()]}"
    )


def assert_both_about(expected: float, came: tuple[Tensor, Tensor], within: float = 1.15) -> None:
    __tracebackhide__ = True
    assert_about(expected, "the signal", came[0], within)
    assert_about(expected, "the gradient", came[1], within)
