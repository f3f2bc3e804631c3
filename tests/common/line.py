"""The line of numbers that a dtype has, from end to end."""

import torch
from torch import Tensor


def whole_line(dtype: torch.dtype) -> Tensor:
    """All numbers of 16 bits, and many more where activations bend, in order; none is NaN."""
    every = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16)
    parts = [every.view(torch.bfloat16), every.view(torch.float16)]
    bend = torch.linspace(-110, 110, 2**16, dtype=torch.float64)
    line = torch.cat([*(part.double() for part in parts), bend])
    return line[~line.isnan()].sort().values.to(dtype)
