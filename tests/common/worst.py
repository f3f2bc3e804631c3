"""How far what came was from what should have come, in what a claim let pass: the worst of it.

It is looked at while a claim is asked, and decides nothing.
"""

import contextlib
import math
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field

import torch
from torch import Tensor

from sums_to_one.tests.common.calls import last_call


@dataclass(frozen=True)
class Worst:
    """The largest error of one comparison.

    Args:
        ulp: in units in the last place of the expected number, or of 1 where that is smaller: as
            errors are measured here.
        dtype: of what came, whose unit it is.
        allowed: how many of them would have been let pass there.
        came: the number.
        expected: what it should have been.
        sentence: what was compared.
        input: the last call before that can be pasted.
    """

    ulp: float
    dtype: str
    allowed: float
    came: float
    expected: float
    sentence: str
    input: str


@dataclass
class Measure:
    """The worst of each dtype so far."""

    by_dtype: dict[torch.dtype, Worst] = field(default_factory=dict)

    @property
    def found(self) -> Worst | None:
        """The worst of all, if any numbers were compared that differed."""
        return max(self.by_dtype.values(), key=lambda worst: worst.ulp, default=None)

    def note(
        self, sentence: str, came: Tensor, expected: Tensor, off: Tensor, allowed: Tensor | float
    ) -> None:
        """Keep it if it is worse than all before, which is seldom: so it is cheap."""
        if not came.is_floating_point() or not off.numel():
            return
        known, eps = self.by_dtype.get(came.dtype), float(torch.finfo(came.dtype).eps)
        if float(off.max()) / eps <= (known.ulp if known else 0):
            return
        size = expected.abs().clamp(min=1)
        ratio = (off / size).nan_to_num(nan=0, posinf=0)  # of an infinity that equals itself
        at = int(ratio.argmax())
        if float(ratio.flatten()[at]) / eps <= (known.ulp if known else 0):
            return
        number, right, error, most = (
            float(x.flatten()[at])
            for x in (came.detach(), expected, off, torch.as_tensor(allowed).expand_as(off))
        )
        unit = eps * 2.0 ** (math.frexp(max(abs(right), 1))[1] - 1)
        measured = error / unit, str(came.dtype)[6:], most / unit, number, right
        self.by_dtype[came.dtype] = Worst(*measured, sentence, last_call())


_current: ContextVar[Measure | None] = ContextVar("measure", default=None)


def note(
    sentence: str, came: Tensor, expected: Tensor, off: Tensor, allowed: Tensor | float
) -> None:
    """What a comparison let pass is told to whoever measures."""
    measure = _current.get()
    if measure is not None:
        measure.note(sentence, came, expected, off, allowed)


@contextlib.contextmanager
def measuring(measure: Measure | None = None) -> Iterator[Measure]:
    """From now on the worst is kept, or what another measure wants."""
    measure = measure or Measure()
    token = _current.set(measure)
    try:
        yield measure
    finally:
        _current.reset(token)
