"""Deep networks for the experiments on normalization: many at once, each with a rate of its own.

All hidden units of all networks are the channels of one layer of normalization, so that one call
serves them all. The task is that of `tests/common/experiments.py`.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from sums_to_one.tests.common.experiments import IN_DISC, POINTS, networks
from sums_to_one.tests.common.here import here
from sums_to_one.tests.common.inputs import exact
from sums_to_one.tests.common.limits import needs_gradients, widest
from sums_to_one.tests.common.options import needs
from sums_to_one.tests.normalization.channels import new_layer

WIDTH = 16
RATES = (0.1, 0.3, 1.0, 3.0)
# Changes what enters the activations of a layer, of shape (network, sample, unit).
Disturbance = Callable[[Tensor], Tensor]


class Deep:
    """So many networks of ReLU units, with normalization before or after every activation, or none.

    Args:
        count: how many networks.
        depth: how many hidden layers each has.
        BatchNorm1d: the normalization, or None.
        after: whether it follows the activation.
        scale: a factor of all hidden weights, of each network its own.
        seed: of the weights.
        disturb: is done to what enters each activation.
    """

    def __init__(
        self,
        count: int,
        depth: int,
        BatchNorm1d: Callable[..., Any] | None = None,
        *,
        after: bool = False,
        scale: Tensor | float = 1.0,
        seed: int = 0,
        disturb: Disturbance | None = None,
    ) -> None:
        self.count, self.after, self.disturb = count, after, disturb
        weights = networks(count, [2, *[WIDTH] * depth, 1], gain=2**0.5, seed=seed)
        self.weights = [weight.to(widest()) for weight in weights]
        for weight in self.weights[:-2:2]:
            weight.mul_(torch.as_tensor(scale, dtype=widest()).reshape(-1, 1, 1))
        self.norms = (
            [new_layer(BatchNorm1d, count * WIDTH) for _ in range(depth)] if BatchNorm1d else []
        )
        for norm in self.norms:
            needs(norm, "weight", "bias")
        norms = [p for norm in self.norms for p in (norm.weight, norm.bias)]
        self.parameters = [p.requires_grad_() for p in self.weights] + norms
        self.entering: list[Tensor] = []  # what entered the activations last, layer by layer

    def losses(self) -> Tensor:
        """The cross-entropy of each network at telling the disc from what is around it."""
        x, self.entering = here(POINTS).to(widest()), []
        for layer, (weight, bias) in enumerate(
            zip(self.weights[:-2:2], self.weights[1:-2:2], strict=True)
        ):
            x = x @ weight + bias
            x = x if self.after else self.normalized(layer, x)
            x = self.disturb(x) if self.disturb else x
            self.entering.append(x.detach())
            x = torch.relu(x)
            x = self.normalized(layer, x) if self.after else x
        scores = x @ self.weights[-2] + self.weights[-1]
        target = here(IN_DISC).to(widest()).expand_as(scores)
        return F.binary_cross_entropy_with_logits(scores, target, reduction="none").mean((1, 2))

    def normalized(self, layer: int, x: Tensor) -> Tensor:
        if not self.norms:
            return x
        rows = x.permute(1, 0, 2)
        y: Tensor = self.norms[layer](rows.flatten(1))
        return y.reshape(rows.shape).permute(1, 0, 2)

    def step(self, rates: Tensor) -> None:
        """One step of gradient descent, of each network with its own rate."""
        needs_gradients(1)
        gradients = torch.autograd.grad(self.losses().sum(), self.parameters)
        with torch.no_grad():
            for p, gradient in zip(self.parameters, gradients, strict=True):
                way = rates[:, None] * gradient.reshape(self.count, -1)
                p -= way.reshape(p.shape)

    def descended(self, steps: int, rates: Tensor) -> Tensor:
        """The loss of each network after so many steps; one that overflowed has an infinite one."""
        for _ in range(steps):
            self.step(rates)
        return self.losses().detach().nan_to_num(nan=torch.inf)


@cache
def at_all_rates(
    BatchNorm1d: Callable[..., Any] | None, depth: int, steps: int = 30, seed: int = 0
) -> Tensor:
    """The losses of three networks at each of the rates, a row each."""
    rates = exact(RATES).repeat_interleave(3)
    return Deep(len(rates), depth, BatchNorm1d, seed=seed).descended(steps, rates).reshape(-1, 3)
