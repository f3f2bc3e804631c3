"""PyTorch's own, compiled by TorchScript."""

import torch
import torch.nn.functional as F
from torch import Tensor


@torch.jit.script
def _sigmoid(x: Tensor) -> Tensor:
    return torch.sigmoid(x)


@torch.jit.script
def _leaky_relu(x: Tensor, negative_slope: float) -> Tensor:
    return F.leaky_relu(x, negative_slope)


@torch.jit.script
def _softmax(x: Tensor, dim: int) -> Tensor:
    return torch.softmax(x, dim)


def sigmoid(x: Tensor) -> Tensor:
    return _sigmoid(x)


def leaky_relu(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    return _leaky_relu(x, negative_slope)


def softmax(x: Tensor, dim: int) -> Tensor:
    return _softmax(x, dim)
