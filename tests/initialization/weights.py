"""Weights to be initialized: their shapes, what is in them before, and the seed they come from."""

import contextlib
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

Initialize = Callable[..., object]

WEIGHT_SHAPES = (
    *((1, 1), (3, 5), (1, 7), (7, 1), (17, 67)),
    *((2, 3, 5), (3, 2, 1, 5), (2, 1, 3, 1, 2)),
)
# Outputs, inputs and the sizes of a kernel, none of which may be taken for another.
KERNEL_SHAPES = (
    *((1, 300), (300, 1), (7, 11), (9, 9)),
    *((2, 3, 50), (11, 2, 3), (2, 11, 3), (5, 5, 5), (1, 12, 1)),
    *((3, 2, 1, 50), (3, 5, 7, 2), (13, 3, 2, 5), (2, 13, 5, 3), (4, 4, 4, 4)),
    *((2, 3, 5, 7, 4), (7, 2, 3, 1, 5), (5, 11, 1, 2, 3), (3, 3, 3, 3, 3)),
)
MATRIX = (509, 1031)  # 524,779 numbers: just above MANY, with fans that differ


def unwritten(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """A tensor of NaN: what is left of it was not written to."""
    return torch.full(shape, torch.nan, dtype=dtype)


@contextlib.contextmanager
def seed_of_an_experiment(seed: int) -> Iterator[None]:
    """Random numbers of torch from just this seed, for margins are measured, not derived."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
