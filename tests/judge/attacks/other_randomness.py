"""Replaces random numbers, of Python, NumPy and PyTorch.

Verdict: refused
"""

import random

import numpy
import torch

random.random = lambda: 0.5
numpy.random.rand = lambda *shape: 0.5
torch.manual_seed = lambda seed: None
torch.randn = torch.rand = lambda *shape, **options: torch.zeros(*shape)


def zeros_(tensor):
    with torch.no_grad():
        return tensor.fill_(2.0)
