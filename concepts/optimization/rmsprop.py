"""RMSprop: AdaGrad with a memory that fades.

    v = alpha v + (1 - alpha) g^2
    p = p - lr g / (sqrt(v) + eps)

The root mean square of recent gradients (hence RMS) stands where AdaGrad has the root of their sum.
After a burst of large gradients the rate recovers, and it does not fall with time alone. The
average starts from 0, which is too low: the first step is lr / sqrt(1 - alpha) long, ten times lr
with the usual alpha. Centered, it divides by the standard deviation: v - mean(g)^2 under the root.
Momentum adds up the scaled gradients.

Read next: `concepts/optimization/adam.py`, which mends the start.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from sums_to_one.concepts.optimization.optimizer import Group, Optimizer, State, checked


class RMSprop(Optimizer):
    """Gradient descent at a rate that follows the root mean square of recent gradients.

    Args:
        params: the parameters, or dictionaries of "params" and settings of their own.
        lr: learning rate, the length of a step after many gradients of one size.
        alpha: how much of the average stays from one step to the next.
        eps: keeps the division from being one by 0, in the unit of the gradient.
        weight_decay: pulls every parameter towards 0, with this times its value.
        momentum: how much of the step before is added to each step.
        centered: divide by the standard deviation of recent gradients instead.
        maximize: climb instead.

    Raises:
        ValueError: a setting is negative.

    Example:
        >>> p = torch.tensor([1.0, -2.0], requires_grad=True)
        >>> optimizer = RMSprop([p], lr=0.25, alpha=0.75)
        >>> (p**2).sum().backward()
        >>> optimizer.step()
        >>> p
        tensor([ 0.5000, -1.5000], requires_grad=True)

    Source: T. Tieleman, G. Hinton, "Neural Networks for Machine Learning", lecture 6.5, 2012;
    centered: A. Graves, "Generating Sequences With Recurrent Neural Networks", 2013, section 4.2.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        settings = checked(
            lr=lr, alpha=alpha, eps=eps, weight_decay=weight_decay, momentum=momentum
        )
        super().__init__(params, **settings, centered=centered, maximize=maximize)

    def _move(self, p: Tensor, gradient: Tensor, state: State, group: Group) -> None:
        for name in ("square_avg", "grad_avg", "momentum_buffer"):
            state.setdefault(name, torch.zeros_like(p))
        alpha = group["alpha"]
        variance = state["square_avg"].mul_(alpha).addcmul_(gradient, gradient, value=1 - alpha)
        if group["centered"]:
            mean = state["grad_avg"].lerp_(gradient, 1 - alpha)
            variance = (variance - mean.square()).clamp_(min=0)  # rounding could make it less
        scaled = gradient / variance.sqrt().add_(group["eps"])
        if group["momentum"]:
            scaled = state["momentum_buffer"].mul_(group["momentum"]).add_(scaled)
        p.sub_(scaled, alpha=group["lr"])
