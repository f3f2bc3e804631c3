"""Weights to be initialized: their shapes, what is in them before, and how they are drawn."""

import contextlib
import inspect
import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor

from sums_to_one.tests.common.component import Component
from sums_to_one.tests.common.here import generator
from sums_to_one.tests.common.limits import Inside, NotProvided, lies_inside, widest
from sums_to_one.tests.common.options import feature, option
from sums_to_one.tests.common.statistical import randomness

Initialize = Callable[..., object]
KEYWORD_ONLY = inspect.Parameter.KEYWORD_ONLY

PRECISE = Inside((torch.float32, torch.float64))
SIXTEEN_BITS = Inside((torch.float16, torch.bfloat16))
WEIGHT_SHAPES = Inside(
    (
        *((1, 1), (3, 5), (1, 7), (7, 1), (17, 67)),
        *((2, 3, 5), (3, 2, 1, 5), (2, 1, 3, 1, 2)),
    )
)
# Outputs, inputs and the sizes of a kernel, none of which may be taken for another.
KERNEL_SHAPES = Inside(
    (
        *((1, 300), (300, 1), (7, 11), (9, 9)),
        *((2, 3, 50), (11, 2, 3), (2, 11, 3), (5, 5, 5), (1, 12, 1)),
        *((3, 2, 1, 50), (3, 5, 7, 2), (13, 3, 2, 5), (2, 13, 5, 3), (4, 4, 4, 4)),
        *((2, 3, 5, 7, 4), (7, 2, 3, 1, 5), (5, 11, 1, 2, 3), (3, 3, 3, 3, 3)),
        # One input, as of a layer that goes channel by channel, or one output.
        *((19, 1, 7), (1, 17, 5), (13, 1, 3, 5), (1, 13, 5, 3), (17, 1, 3, 3), (7, 1, 3, 2, 5)),
    )
)
MATRIX = (509, 1031)  # 524,779 numbers: just above MANY, with fans that differ


def usual() -> torch.dtype:
    """That of weights, if nobody says another one: float32, or the widest that there is."""
    return torch.float32 if lies_inside(torch.float32) else widest()


def unwritten(*shape: int, dtype: torch.dtype | None = None) -> Tensor:
    """A tensor of NaN: what is left of it was not written to."""
    return torch.full(shape, torch.nan, dtype=dtype or usual())


def asked(initializer: Component, **options: Any) -> Initialize:
    """An initializer with options; where it does not take them, the claim is not provided."""
    option(initializer, *options)
    tried = {**options, "generator": generator()} if "generator" in options else options
    shape = next(iter(Inside(((3, 5), (3, 5, 2, 2), (7,), *WEIGHT_SHAPES))))
    with feature(f"the options {options}"), torch.random.fork_rng(devices=[]):
        initializer(unwritten(*shape), **tried)
    return partial(initializer, **options)


def by_place(initializer: Component, **options: Any) -> Initialize:
    """The same with options that are told by their places, in this order."""
    asked(initializer, **options)
    arguments = inspect.signature(initializer).parameters
    if any(name not in arguments or arguments[name].kind is KEYWORD_ONLY for name in options):
        raise NotProvided("not provided: options that are told by their places")
    return lambda w: initializer(w, *options.values())


def drawn(
    initializer: Initialize,
    *shape: int,
    count: int = 1,
    dtype: torch.dtype | None = None,
    **options: Any,
) -> Tensor:
    """As many tensors of a shape as it takes to draw `count` numbers, one upon the other."""
    initialize = asked(initializer, **options) if options else initializer  # type: ignore[arg-type]
    tensors = max(1, math.ceil(count / math.prod(shape)))
    each = [unwritten(*shape, dtype=dtype) for _ in range(tensors)]
    with randomness():
        for tensor in each:
            initialize(tensor)
    return torch.stack(each)


@contextlib.contextmanager
def seed_of_an_experiment(seed: int) -> Iterator[None]:
    """Random numbers of torch from just this seed, for margins are measured, not derived."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
