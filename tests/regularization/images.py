"""Images for the transforms: of many kinds, and each of its pixels is told from the others."""

import torch
from torch import Tensor

from sums_to_one.tests.common.inputs import grid

FLOATS = (torch.float64, torch.float32)
IMAGE_DTYPES = (*FLOATS, torch.uint8)
DRAWS = 400  # of which a range that is 11 % too narrow is told, and a gap of 0.26


def picture(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Numbers between 0 and 1, or whole ones up to 255."""
    numbers = grid(*shape, limit=0.5) + 0.5
    return numbers.to(dtype) if dtype.is_floating_point else (255 * numbers).round().to(dtype)


def numbered(*shape: int, dtype: torch.dtype = torch.int64) -> Tensor:
    """Pixels from 1 on, which all differ, unless they are only true or false."""
    numbers = torch.arange(1, torch.Size(shape).numel() + 1).reshape(shape)
    return numbers.remainder(2).bool() if dtype == torch.bool else numbers.to(dtype)
