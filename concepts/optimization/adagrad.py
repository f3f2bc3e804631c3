"""AdaGrad: every parameter has a learning rate of its own, which falls with what it has seen.

    s = s + g^2
    p = p - lr g / (sqrt(s) + eps)

A parameter whose gradient is rarely other than 0 keeps a large rate for the day it comes. And since
it divides by gradients, scaling a coordinate changes nothing. But s only grows: after t gradients
of one size the rate is lr / sqrt(t), and once there has been a huge one, it never recovers.

Read next: `concepts/optimization/rmsprop.py`, which forgets.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from sums_to_one.concepts.optimization.optimizer import Group, Optimizer, State, checked


class Adagrad(Optimizer):
    """Gradient descent at a rate that falls with the sum of the squared gradients.

    Args:
        params: the parameters, or dictionaries of "params" and settings of their own.
        lr: learning rate, the length of the first step.
        lr_decay: how fast the rate falls besides: in step t it is lr / (1 + (t - 1) lr_decay).
        weight_decay: pulls every parameter towards 0, with this times its value.
        initial_accumulator_value: what the sum of squares starts from.
        eps: keeps the division from being one by 0, in the unit of the gradient.
        maximize: climb instead.

    Raises:
        ValueError: a setting is negative.

    Example:
        >>> p = torch.tensor([1.0, -2.0], requires_grad=True)
        >>> optimizer = Adagrad([p], lr=0.25)
        >>> (p**2).sum().backward()
        >>> optimizer.step()
        >>> p
        tensor([ 0.7500, -1.7500], requires_grad=True)

    Source: J. Duchi, E. Hazan, Y. Singer, "Adaptive Subgradient Methods for Online Learning and
    Stochastic Optimization", 2011, section 1.1.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        settings = checked(
            lr=lr,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            eps=eps,
        )
        super().__init__(params, **settings, maximize=maximize)

    def _move(self, p: Tensor, gradient: Tensor, state: State, group: Group) -> None:
        if not state:
            start = group["initial_accumulator_value"]
            state.update(step=0, sum=torch.full_like(p, start))
        rate = group["lr"] / (1 + state["step"] * group["lr_decay"])
        state["step"] += 1
        state["sum"].addcmul_(gradient, gradient)
        p.addcdiv_(gradient, state["sum"].sqrt().add_(group["eps"]), value=-rate)
