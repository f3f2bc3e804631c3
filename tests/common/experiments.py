"""Small networks for the experiments: several at once, the network is the first dimension.

Their sizes, seeds and learning rates are the experiment; only the activation is under judgement.
The optimizers are written out, for the first one made by torch.optim imports a compiler, which
takes seconds.
"""

import itertools
import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from sums_to_one.tests.common.here import generator, here

Function = Callable[[Tensor], Tensor]

# The task of most experiments: which of 8 x 8 points lie in a disc? No straight line can tell.
POINTS = torch.cartesian_prod(*[torch.linspace(-1.5, 1.5, 8, dtype=torch.float64)] * 2)
IN_DISC = (POINTS.square().sum(dim=1, keepdim=True) < 1.3).double()
SHARE = IN_DISC.mean().item()  # 24 of 64
GUESS = -SHARE * math.log(SHARE) - (1 - SHARE) * math.log(1 - SHARE)  # 0.66, with no look at x

# Which way to go, from a gradient and the moving averages of gradients and of their squares.
RULES: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "gradient descent": lambda g, mean, square: g,
    "momentum": lambda g, mean, square: mean,
    "RMSProp": lambda g, mean, square: g / (square.sqrt() + 1e-8),
    "Adam": lambda g, mean, square: mean / (square.sqrt() + 1e-8),
}


def networks(
    count: int,
    widths: list[int],
    gain: float,
    dtype: torch.dtype = torch.float64,
    *,
    seed: int = 0,
) -> list[Tensor]:
    """Weights and biases, layer by layer: normal of variance gain^2 / fan_in, and zeros."""
    random = generator(seed)
    parameters: list[Tensor] = []
    for fan_in, fan_out in itertools.pairwise(widths):
        last = len(parameters) == 2 * (len(widths) - 2)  # no activation follows: a gain of 1
        shape = (count, fan_in, fan_out)
        weight = torch.randn(shape, generator=random, dtype=torch.float64).to(dtype) / fan_in**0.5
        parameters += [weight if last else gain * weight, torch.zeros_like(weight[:, :1])]
    return parameters


def outputs(parameters: list[Tensor], activation: Function, x: Tensor) -> Tensor:
    """What each network answers to each row of x; the last layer has no activation."""
    for weight, bias in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
        x = activation(x @ weight + bias)
    return x @ parameters[-2] + parameters[-1]


def disc_loss(parameters: list[Tensor], activation: Function) -> Tensor:
    """The cross-entropy of each network at telling the disc from what is around it."""
    scores = outputs(parameters, activation, here(POINTS))
    losses = F.binary_cross_entropy_with_logits(
        scores, here(IN_DISC).expand_as(scores), reduction="none"
    )
    return losses.mean(dim=(1, 2))


def descend(
    parameters: list[Tensor],
    loss: Callable[[], Tensor],
    steps: int,
    rate: float,
    rule: str = "gradient descent",
) -> Tensor:
    """Move the parameters so many steps, and return the loss of each network after the last.

    Args:
        parameters: tensors, which are written to.
        loss: the loss of each network at the parameters as they are; called once a step.
        steps: how many.
        rate: the learning rate.
        rule: a key of RULES.
    """
    means, squares = ([torch.zeros_like(p) for p in parameters] for _ in range(2))
    for p in parameters:
        p.requires_grad_()
    for _ in range(steps):
        gradients = torch.autograd.grad(loss().sum(), parameters)
        with torch.no_grad():
            for p, g, mean, square in zip(parameters, gradients, means, squares, strict=True):
                if rule != "gradient descent":  # which looks at no averages
                    mean.lerp_(g, 0.1)
                    square.lerp_(g * g, 0.01)
                p -= rate * RULES[rule](g, mean, square)
    return loss().detach()
