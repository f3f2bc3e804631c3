"""Gradient descent with momentum: a step against the gradient, and a part of the step before.

    v = mu v + (1 - d) g      velocity: past gradients, the older the fainter; at first v = g
    p = p - lr v              or, looking ahead (Nesterov), p - lr (g + mu v)

In a ravine, gradients across it change sign from step to step and cancel out in v; those along it
add up, to as much as 1 / (1 - mu) times one of them: v is a sum, not an average. Without momentum
this is plain gradient descent. The S stands for the batches that the gradients come from, not for
anything in the rule: see `gradient_descent.py`.

Read next: `concepts/optimization/adagrad.py`, a learning rate for each parameter.
"""

from collections.abc import Iterable
from typing import Any

from torch import Tensor

from sums_to_one.concepts.optimization.optimizer import Group, Optimizer, State, checked


class SGD(Optimizer):
    """Gradient descent, with momentum or without.

    Args:
        params: the parameters, or dictionaries of "params" and settings of their own.
        lr: learning rate, the length of a step per unit of gradient.
        momentum: how much of the velocity stays from one step to the next.
        dampening: how much of each gradient but the first is withheld from the velocity.
        weight_decay: pulls every parameter towards 0, with this times its value.
        nesterov: step with the velocity that the next step will have.
        maximize: climb instead.

    Raises:
        ValueError: a setting is negative, or Nesterov's step lacks momentum or has dampening.

    Example:
        >>> import torch
        >>> p = torch.tensor([1.0, -2.0], requires_grad=True)
        >>> optimizer = SGD([p], lr=0.25)
        >>> (p**2).sum().backward()
        >>> optimizer.step()
        >>> p
        tensor([ 0.5000, -1.0000], requires_grad=True)

    Source: B. T. Polyak, "Some methods of speeding up the convergence of iteration methods",
    1964; I. Sutskever, J. Martens, G. Dahl, G. Hinton, "On the importance of initialization
    and momentum in deep learning", 2013, section 2 (with lr inside of the velocity).
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        if nesterov and (not momentum or dampening):
            raise ValueError(
                "Nesterov's step must have momentum and no dampening, "
                f"got momentum {momentum} and dampening {dampening}"
            )
        checked(lr=lr, momentum=momentum, weight_decay=weight_decay)
        super().__init__(
            params,
            lr=lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
            maximize=maximize,
        )

    def _move(self, p: Tensor, gradient: Tensor, state: State, group: Group) -> None:
        mu = group["momentum"]
        step = gradient
        if mu:
            if "momentum_buffer" not in state:
                state["momentum_buffer"] = gradient.clone()  # or it would change with the gradient
            else:
                state["momentum_buffer"].mul_(mu).add_(gradient, alpha=1 - group["dampening"])
            velocity = state["momentum_buffer"]
            step = gradient + mu * velocity if group["nesterov"] else velocity
        p.sub_(step, alpha=group["lr"])
