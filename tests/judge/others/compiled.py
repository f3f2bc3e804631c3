"""PyTorch's own, compiled by torch.compile: what the adapters of the backends share."""

from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def compiled(backend: str) -> SimpleNamespace:
    """Components by their names, which a backend has compiled."""

    def by_it(function: Any) -> Any:
        return torch.compile(function, backend=backend)

    @by_it
    def mean_squared_error(input: Tensor, target: Tensor, reduction: str) -> Any:
        return F.mse_loss(input, target, reduction=reduction)

    class MSELoss(nn.MSELoss):
        def forward(self, input: Tensor, target: Tensor) -> Any:
            return mean_squared_error(input, target, self.reduction)

    return SimpleNamespace(
        sigmoid=by_it(torch.sigmoid),
        tanh=by_it(torch.tanh),
        relu=by_it(lambda x: torch.relu(x)),
        leaky_relu=by_it(lambda x, negative_slope=0.01: F.leaky_relu(x, negative_slope)),
        softmax=by_it(lambda x, dim=None, dtype=None: torch.softmax(x, dim=dim, dtype=dtype)),
        MSELoss=MSELoss,
    )
