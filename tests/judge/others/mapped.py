"""PyTorch's own, one row after the other, by torch.func."""

import torch
from torch import Tensor
from torch.func import vmap


def _mapped(function: object) -> object:
    def over_rows(x: Tensor) -> Tensor:
        return vmap(function)(x) if x.ndim and len(x) else function(x)

    return over_rows


sigmoid, tanh, relu = map(_mapped, (torch.sigmoid, torch.tanh, torch.relu))
