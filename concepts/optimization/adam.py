"""Adam: momentum and RMSprop in one, and both averages start right.

    m = beta1 m + (1 - beta1) g            the mean of recent gradients
    v = beta2 v + (1 - beta2) g^2          the mean of their squares
    p = p - lr m' / (sqrt(v') + eps)       where m' = m / (1 - beta1^t), v' = v / (1 - beta2^t)

The averages start from 0, so after t steps they lack a share of beta^t of the weights; dividing by
the rest makes up for it. Hence the first step is lr g / (|g| + eps): lr long, whatever the scale of
the gradient. Later steps are the shorter, the less the gradients agree. AMSGrad divides by the
largest v so far, so that a rare large gradient is not forgotten while many small ones come.

`tests/optimization/test_panel.py` shows where Adam wins and where it loses.

Read next: `concepts/optimization/draw.py`, which draws the paths that they all take.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from sums_to_one.concepts.optimization.optimizer import (
    Group,
    Optimizer,
    State,
    checked,
    checked_share,
)


class Adam(Optimizer):
    """Steps along the mean of recent gradients, over their root mean square.

    Args:
        params: the parameters, or dictionaries of "params" and settings of their own.
        lr: learning rate, the length of the first step in every coordinate.
        betas: how much stays of the mean, and of the mean square, from one step to the next.
        eps: keeps the division from being one by 0, in the unit of the gradient.
        weight_decay: pulls every parameter towards 0, with this times its value. It is part of the
            gradient, and so divided, too; AdamW's is not.
        amsgrad: divide by the largest mean square so far.
        maximize: climb instead.

    Raises:
        ValueError: a setting is negative, or a beta is not below 1.

    Example:
        >>> p = torch.tensor([1.0, -2.0], requires_grad=True)
        >>> optimizer = Adam([p], lr=0.25)
        >>> (p**2).sum().backward()
        >>> optimizer.step()
        >>> p
        tensor([ 0.7500, -1.7500], requires_grad=True)

    Source: D. P. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", 2015, algorithm 1;
    S. J. Reddi, S. Kale, S. Kumar, "On the Convergence of Adam and Beyond", 2018, algorithm 2.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        checked_share(beta1=betas[0], beta2=betas[1])
        settings = checked(lr=lr, eps=eps, weight_decay=weight_decay)
        super().__init__(params, **settings, betas=betas, amsgrad=amsgrad, maximize=maximize)

    def _move(self, p: Tensor, gradient: Tensor, state: State, group: Group) -> None:
        if not state:
            names = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")
            state.update({name: torch.zeros_like(p) for name in names}, step=0)
        state["step"] += 1
        beta1, beta2 = group["betas"]
        mean = state["exp_avg"].lerp_(gradient, 1 - beta1)
        square = state["exp_avg_sq"].mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        if group["amsgrad"]:
            square = torch.maximum(state["max_exp_avg_sq"], square, out=state["max_exp_avg_sq"])
        # Roots first: half precision holds them where it no longer holds a square.
        missing = 1 - beta2 ** state["step"]
        root = square.sqrt().div_(missing**0.5).add_(group["eps"])
        p.addcdiv_(mean, root, value=-group["lr"] / (1 - beta1 ** state["step"]))
