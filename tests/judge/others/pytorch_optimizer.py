"""pytorch-optimizer: optimizers that are PyTorch's at some setting, and two losses."""

from typing import Any

import pytorch_optimizer

from sums_to_one.tests.judge.others.quasi_hyperbolic import adam

Adam = adam(pytorch_optimizer.QHAdam)


class SGD(pytorch_optimizer.SGDW):
    """Its weight decay goes into the gradient where it is not decoupled."""

    def __init__(
        self,
        params: Any,
        lr: Any,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params, lr, momentum, weight_decay, False, dampening, nesterov, maximize=maximize
        )


class BCELoss:
    def __init__(self, reduction: str = "mean") -> None:
        self.made = pytorch_optimizer.BCELoss(reduction=reduction)

    def __call__(self, input: Any, target: Any) -> Any:
        return self.made(input, target)
