"""torch-optimizer: those of its optimizers that are PyTorch's at some setting."""

from typing import Any

import torch_optimizer

from sums_to_one.tests.judge.others.quasi_hyperbolic import adam

Adam = adam(torch_optimizer.QHAdam)
LIMITS = {"Adam": {"without": ["maximize"]}}


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
