"""Inputs for the claims: small tensors of numbers that are exact in binary.

Whole eighths add and subtract without rounding, so that an error is the subject's own. They come in
float64, or in the widest dtype that whoever is judged says it takes; and of the dtypes, shapes and
layouts here a claim meets those that lie inside its limits.
"""

import pytest
import torch
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.limits import DTYPES as ALL_DTYPES
from sums_to_one.tests.common.limits import Inside, lies_inside, widest

DTYPES = Inside(ALL_DTYPES)
every_dtype = pytest.mark.parametrize("dtype", ALL_DTYPES, ids=lambda dtype: str(dtype)[6:])
dtypes = st.sampled_from(ALL_DTYPES).filter(lies_inside)

SHAPES = Inside(((), (1,), (7,), (2, 3), (3, 1), (0, 5), (2, 3, 5), (2, 1, 3, 2), (2, 3, 1, 1, 2)))


def exact(numbers: object) -> Tensor:
    """Numbers of Python's, which are float64, in the widest dtype that there is."""
    return torch.tensor(numbers, dtype=widest())


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


def eighths(limit: int) -> st.SearchStrategy[float]:
    """Multiples of 1/8 between -limit and limit; they shrink to 0."""
    return st.integers(-8 * limit, 8 * limit).map(lambda n: n / 8)


def numbers(limit: float) -> st.SearchStrategy[float]:
    """Any number between -limit and limit, which is at least 4; small ones of all sizes."""
    small = st.tuples(eighths(1), st.integers(-20, 2)).map(
        lambda number: number[0] * 2.0 ** number[1]
    )
    return small | st.floats(-limit, limit)


@st.composite
def vectors(draw: st.DrawFn, limit: float) -> Tensor:
    """One to five numbers in a row."""
    return exact(draw(st.lists(numbers(limit), min_size=1, max_size=5)))


@st.composite
def rows(draw: st.DrawFn, limit: int = 8) -> Tensor:
    """One row of one to five eighths, none of them 0, where some functions have a kink."""
    nonzero = eighths(limit).filter(bool)
    return exact(draw(st.lists(nonzero, min_size=1, max_size=5)))


@st.composite
def scores(draw: st.DrawFn, limit: int) -> Tensor:
    """Rows of scores, one for each class; the numbers of rows and classes differ."""
    shape = draw(st.sampled_from([(1, 1), (1, 2), (2, 1), (2, 3), (3, 2), (1, 7)]))
    numbers = draw(st.tuples(*[eighths(limit)] * (shape[0] * shape[1])))
    return exact(numbers).reshape(shape)


def grid(*shape: int, limit: float = 6.0) -> Tensor:
    """Numbers spread over -limit to limit in a scrambled order, none of them 0, none twice."""
    count = torch.Size(shape).numel()
    step = torch.arange(1, count + 1, dtype=torch.float64) * 0.6180339887498949 % 1
    return ((2 * step - 1) * limit).to(widest()).reshape(shape)
