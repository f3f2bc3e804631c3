"""Dropout whose mask costs little.

PyTorch draws one random number of 32 bits for every unit, on one core. A quarter of that is enough
to say whether a unit stays, so here one number of 64 bits does for four units. The claims of
`tests/regularization` judge it like any other.

Read next: `cifar/optimization.py`, which chooses the steps.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

STEPS = 2**16  # as many values as 16 bits have


class CheapDropout(nn.Module):
    """As torch.nn.Dropout, without its option inplace.

    Args:
        p: the probability with which a number is zeroed, give or take 2**-17.

    Raises:
        ValueError: if p is no probability.
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"p must be a probability between 0 and 1, got {p}")
        self.p = p

    @staticmethod
    def instead_of(subject: Callable[..., Any], p: float) -> nn.Module:
        """This one in place of PyTorch's own; what anybody else provides is taken as it is."""
        module: nn.Module = CheapDropout(p) if subject is nn.Dropout else subject(p)
        return module

    def forward(self, x: Tensor) -> Tensor:
        """x with some numbers zeroed and the others divided by 1 - p; in evaluation x itself."""
        if not self.training or not self.p:
            return x
        if self.p == 1:
            return x * torch.zeros_like(x)
        words = torch.empty(-(-x.numel() // 4), dtype=torch.int64, device=x.device)
        bits = words.random_(-(2**63), None).view(torch.int16)[: x.numel()].view(x.shape)
        stays = bits >= min(round(self.p * STEPS), STEPS - 1) - STEPS // 2
        return x * stays.to(x.dtype).mul_(1 / (1 - self.p))

    def extra_repr(self) -> str:
        return f"p={self.p}"
