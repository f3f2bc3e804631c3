"""Layouts combined: real code knows each alone, and forgets what two of them do together."""

import itertools
from collections.abc import Iterator

import torch
from torch import Tensor

from sums_to_one.tests.common.inputs import grid
from sums_to_one.tests.common.limits import Inside

# 37 is more than a pack of 4, 8, 16 or 32 numbers, and not so many full ones.
SHAPES = Inside(((6,), (4, 4), (2, 3, 5), (37, 3), (2, 37, 3, 5)))
COPY = torch.contiguous_format


def combined(x: Tensor) -> Iterator[tuple[str, Tensor]]:
    """The same numbers otherwise in memory, among strangers; the last two are repeated ones."""
    for order, offset, step in itertools.product(_orders(x.ndim), (0, 3), (1, 2)):
        view = _laid_out(x, order, offset, step)
        words = f"dimensions in memory as {order}, from number {offset} on, in steps of {step}"
        yield words, view
        yield f"{words}, the first repeated", view[:1].expand_as(view)
        yield f"{words}, the last column repeated", view[..., -1:].expand_as(view)


def by_numbers(x: Tensor) -> list[tuple[Tensor, list[tuple[str, Tensor]]]]:
    """As combined: a plain copy of each set of numbers, of which what is due is asked once, and all
    that have these numbers otherwise in memory."""
    views = [*combined(x)]
    return [(copy(views[kind][1]), views[kind::3]) for kind in range(3)]


def in_pairs(x: Tensor) -> Iterator[tuple[str, Tensor, Tensor]]:
    """As combined, each twice, to be written to: none of their numbers is a repeated one."""
    for (words, view), (_, twin) in zip(combined(x), combined(x), strict=True):
        if "repeated" not in words:
            yield words, view, twin


def memory_of(x: Tensor) -> Tensor:
    """All numbers in the memory of which x is a view."""
    return torch.empty(0, dtype=x.dtype).set_(x.untyped_storage())


def _orders(dimensions: int) -> list[tuple[int, ...]]:
    """As they are; from the last to the first; channels last; the last two swapped."""
    plain = tuple(range(dimensions))
    swapped = (*plain[:-2], *reversed(plain[-2:]))
    return list(dict.fromkeys([plain, plain[::-1], (0, *plain[2:], *plain[1:2]), swapped]))


def _laid_out(x: Tensor, order: tuple[int, ...], offset: int, step: int) -> Tensor:
    """Every step-th of the rows and of the columns in memory, in that order of dimensions."""
    sizes = [x.shape[d] for d in order]
    for d in {0, x.ndim - 1}:
        sizes[d] *= step
    memory = grid(offset + torch.Size(sizes).numel(), limit=9).to(x.dtype)[offset:].view(sizes)
    for d in {0, x.ndim - 1}:
        memory = memory.movedim(d, 0)[::step].movedim(0, d)
    return memory.permute(*map(order.index, range(x.ndim))).copy_(x)


def copy(x: Tensor) -> Tensor:
    """The same numbers one after the other in memory."""
    return x.clone(memory_format=COPY)
