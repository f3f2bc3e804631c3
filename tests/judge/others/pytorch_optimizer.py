"""pytorch-optimizer: optimizers that are PyTorch's at some setting, and two losses."""

from typing import Any

import pytorch_optimizer


class Adam(pytorch_optimizer.QHAdam):
    """Quasi-hyperbolic Adam, whose two shares are 1: then it is Adam."""

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: Any = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, (1.0, 1.0), weight_decay, eps=eps, maximize=maximize)


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
