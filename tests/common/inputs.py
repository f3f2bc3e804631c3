"""Inputs for the claims: small tensors of numbers that are exact in binary.

Whole eighths add and subtract without rounding, so that an error is the subject's own. They come in
float64, or in the widest dtype that whoever is judged says it takes; and of the dtypes, shapes and
layouts here a claim meets those that lie inside its limits.
"""

from functools import cache, lru_cache

import pytest
import torch
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.limits import DTYPES as ALL_DTYPES
from sums_to_one.tests.common.limits import Inside, lies_inside, widest

MOST_KEPT = 1000  # numbers of a grid that is asked for again and again

DTYPES = Inside(ALL_DTYPES)
every_dtype = pytest.mark.parametrize("dtype", ALL_DTYPES, ids=lambda dtype: str(dtype)[6:])
dtypes = st.sampled_from(ALL_DTYPES).filter(lies_inside)

SHAPES = Inside(((), (1,), (7,), (2, 3), (3, 1), (0, 5), (2, 3, 5), (2, 1, 3, 2), (2, 3, 1, 1, 2)))


def exact(numbers: object) -> Tensor:
    """Numbers of Python's, which are float64, in the widest dtype that there is."""
    return torch.tensor(numbers, dtype=widest())


# Strategies are made once, and not anew for every input: to make one costs more than to draw.
@cache
def shapes() -> st.SearchStrategy[tuple[int, ...]]:
    """Any shape of up to five dimensions, none of them 0."""
    sizes = st.integers(1, 5)
    dimensions = st.integers(0, 5).filter(lambda n: lies_inside((1,) * n))
    return dimensions.flatmap(lambda n: st.tuples(*[sizes] * n)).filter(_is_small)


def _is_small(shape: tuple[int, ...]) -> bool:
    return torch.Size(shape).numel() <= 200


def _widened(x: Tensor) -> Tensor:
    """The same numbers with strangers at the end of every row."""
    return torch.cat([x, x + 1], dim=-1)


# The same numbers, otherwise in memory: each maps a tensor to a view of another one.
LAYOUTS = {
    "first and last dimension swapped": lambda x: (
        x.transpose(0, -1).clone(memory_format=torch.contiguous_format).transpose(0, -1)
    ),
    "dimensions reversed": lambda x: (
        x.permute(*reversed(range(x.ndim))).contiguous().permute(*reversed(range(x.ndim)))
    ),
    "channels last": lambda x: (
        x.movedim(min(1, x.ndim - 1), -1).contiguous().movedim(-1, min(1, x.ndim - 1))
    ),
    "every second": lambda x: torch.stack([x, x + 1], dim=-1).flatten(-2)[..., ::2],
    "the front of longer rows": lambda x: _widened(x)[..., : x.shape[-1]],
    "with an offset": lambda x: torch.cat([x[:1] + 1, x])[1:],
    "channels last, with an offset": lambda x: (
        torch.cat([x[:1] + 1, x])
        .movedim(min(1, x.ndim - 1), -1)
        .contiguous()[1:]
        .movedim(-1, min(1, x.ndim - 1))
    ),
    "expanded": lambda x: x[:1].expand_as(x),
}
VIEWS = {name: view for name, view in LAYOUTS.items() if name != "expanded"}  # to be written to
LAID_OUT = Inside(
    ((7,), (1, 5), (4, 4), (3, 5), (2, 3, 5), (3, 3, 3), (2, 3, 5, 7), (1, 1, 17, 67))
)
every_layout = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)


@cache
def eighths(limit: int) -> st.SearchStrategy[float]:
    """Multiples of 1/8 between -limit and limit; they shrink to 0."""
    return st.integers(-8 * limit, 8 * limit).map(lambda n: n / 8)


@cache
def numbers(limit: float) -> st.SearchStrategy[float]:
    """Any number between -limit and limit, which is at least 4; small ones of all sizes."""
    small = st.tuples(eighths(1), st.integers(-20, 2)).map(
        lambda number: number[0] * 2.0 ** number[1]
    )
    return small | st.floats(-limit, limit)


@cache
def vectors(limit: float) -> st.SearchStrategy[Tensor]:
    """One to five numbers in a row."""
    return st.lists(numbers(limit), min_size=1, max_size=5).map(exact)


@cache
def nonzero_eighths(limit: int) -> st.SearchStrategy[float]:
    """As eighths, but for 0; they shrink to 1/8."""
    return st.integers(-8 * limit, 8 * limit - 1).map(lambda n: (n + (n >= 0)) / 8)


@cache
def rows(limit: int = 8) -> st.SearchStrategy[Tensor]:
    """One row of one to five eighths, none of them 0, where some functions have a kink."""
    return st.lists(nonzero_eighths(limit), min_size=1, max_size=5).map(exact)


@cache
def scores(limit: int) -> st.SearchStrategy[Tensor]:
    """Rows of scores, one for each class; the numbers of rows and classes differ."""
    shapes = [(1, 1), (1, 2), (2, 1), (2, 3), (3, 2), (1, 7)]
    return st.sampled_from(shapes).flatmap(lambda shape: _scores(limit, shape))


@cache
def _scores(limit: int, shape: tuple[int, int]) -> st.SearchStrategy[Tensor]:
    numbers = st.tuples(*[eighths(limit)] * (shape[0] * shape[1]))
    return numbers.map(lambda drawn: exact(drawn).reshape(shape))


def grid(*shape: int, limit: float = 6.0) -> Tensor:
    """Numbers spread over -limit to limit in a scrambled order, none of them 0, none twice."""
    made = _kept_grid if torch.Size(shape).numel() <= MOST_KEPT else _grid
    return made(shape, limit, widest(), torch.get_default_device()).clone()


def _grid(shape: tuple[int, ...], limit: float, dtype: torch.dtype, device: object) -> Tensor:
    count = torch.Size(shape).numel()
    step = torch.arange(1, count + 1, dtype=torch.float64) * 0.6180339887498949 % 1
    return ((2 * step - 1) * limit).to(dtype).reshape(shape)


_kept_grid = lru_cache(maxsize=1000)(_grid)
