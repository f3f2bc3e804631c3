"""A kernel is measured as its field measures it: beside PyTorch's own in the same dtype.

What is allowed in a comparison is the larger of what stands in it and so many times the error that
PyTorch's own has there. That is looked up for whoever exceeds what stands there by little, for
else it could not help: PyTorch's own keeps to what stands there.
"""

import contextlib
import math
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field

import torch
from torch import Tensor

from sums_to_one.tests.common.worst import Measure

Key = tuple[str, torch.dtype]


def times(dtype: torch.dtype) -> int:
    """How many times the error of PyTorch's own is right."""
    return 3 if dtype.itemsize == 2 else 2


def excess(off: Tensor, allowed: Tensor | float) -> float:
    """How many times what is allowed the largest error is."""
    if not off.numel():
        return 0.0
    return float((off / allowed).nan_to_num(nan=0, posinf=torch.inf).max())


@dataclass
class Shares(Measure):
    """How much of what is allowed an error takes at most, by what is compared and the dtype."""

    by_sentence: dict[Key, float] = field(default_factory=dict)
    most = 1.0  # else it is an infinity that is right, or nothing is allowed

    def note(
        self, sentence: str, came: Tensor, expected: Tensor, off: Tensor, allowed: Tensor | float
    ) -> None:
        key, share = (sentence, came.dtype), excess(off, allowed)
        if share <= self.most:
            self.by_sentence[key] = max(share, self.by_sentence.get(key, 0.0))

    def of(self, sentence: str, dtype: torch.dtype) -> float:
        """How much of what is allowed there was taken."""
        return self.by_sentence.get((sentence, dtype), 0.0)

    @property
    def grants(self) -> bool:
        """Whether so many times an error is more than what stands there."""
        return any(times(dtype) * share > 1 for (_, dtype), share in self.by_sentence.items())


class Costs(Shares):
    """The same of those who may exceed what is allowed."""

    most = math.inf


class Anything(Shares):
    """In 16 bits anything is allowed, to measure by how much somebody exceeds it."""

    def of(self, sentence: str, dtype: torch.dtype) -> float:
        return math.inf if dtype.itemsize == 2 else 0.0


_granted: ContextVar[Shares | None] = ContextVar("granted", default=None)


def leeway(sentence: str, dtype: torch.dtype) -> float:
    """How many times what stands there is allowed at the moment."""
    granted = _granted.get()
    return max(1.0, times(dtype) * granted.of(sentence, dtype)) if granted else 1.0


@contextlib.contextmanager
def granting(shares: Shares) -> Iterator[None]:
    """From now on so many times these errors are allowed."""
    token = _granted.set(shares)
    try:
        yield
    finally:
        _granted.reset(token)


class Beyond(AssertionError):
    """A comparison that does not hold.

    Args:
        text: what came, and what should have come.
        by: how many times what is allowed the error is.
        dtype: of what came.
    """

    def __init__(self, text: str, by: float = math.inf, dtype: torch.dtype = torch.float64) -> None:
        super().__init__(text)
        self.by, self.dtype = by, dtype

    @property
    def is_near(self) -> bool:
        """Whether it may be within so many times the error of PyTorch's own."""
        return self.by <= times(self.dtype)
