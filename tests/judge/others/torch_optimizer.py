"""torch-optimizer: those of its optimizers that are PyTorch's at some setting."""

from typing import Any

import torch_optimizer


class Adam(torch_optimizer.QHAdam):
    """Quasi-hyperbolic Adam, whose two shares are 1: then it is Adam."""

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: Any = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
    ) -> None:
        super().__init__(params, lr, betas, (1.0, 1.0), weight_decay, eps=eps)


class SGD(torch_optimizer.SGDW):
    """Its weight decay is not in the gradient, so it is left out here."""

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(params, lr, momentum, dampening, 0.0, nesterov)
