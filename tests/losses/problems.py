"""What every loss is asked: inputs that it takes, with targets that go with them."""

import itertools
from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from sums_to_one.tests.common.gradients import Function
from sums_to_one.tests.common.inputs import grid
from sums_to_one.tests.losses.reduction import reduced, reducing, reductions_of


def problem(loss, *shape: int, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    """An input of so many rows and columns that the loss takes, and a target."""
    x, other = grid(*shape), (grid(*shape).flip(0, 1) * 2).round() / 4  # whole quarters
    if loss.name == "CrossEntropyLoss":
        classes = torch.arange(other[:, 0].numel()).reshape(other[:, 0].shape) * 7 % shape[1]
        return x.to(dtype), classes
    if loss.name in ("L1Loss", "MSELoss"):
        return x.to(dtype), other.to(dtype)
    target = other / 12 + 0.5  # between 0 and 1
    return (x / 16 + 0.5 if loss.name == "BCELoss" else x).to(dtype), target.to(dtype)


def problems(
    loss, shapes: Sequence[tuple[int, ...]], dtypes: Sequence[torch.dtype] = (torch.float64,)
) -> Iterator[tuple[str, Tensor, Tensor]]:
    """Each reduction of the loss, with a problem of each shape and dtype."""
    for reduction, shape, dtype in itertools.product(reductions_of(loss), shapes, dtypes):
        yield reduction, *problem(loss, *shape, dtype=dtype)


def exactly(target: Tensor) -> Tensor:
    """A target in float64, unless it is a class."""
    return target.double() if target.is_floating_point() else target


def in_numbers(x: Tensor, target: Tensor) -> Tensor:
    """A target that could learn: instead of a class, a probability of 1 for it."""
    if target.is_floating_point():
        return target.clone()
    return F.one_hot(target, x.shape[1]).movedim(-1, 1).to(x.dtype)


def shown(loss, reduction: str, x: Tensor, target: Tensor) -> Tensor:
    """What comes of an input with NaN. To refuse it, as BCELoss may, shows as much as NaN does."""
    try:
        return reducing(loss, reduction)(x, target)
    except (RuntimeError, ValueError):
        return reduced(0 * x, reduction)


def of_a_row(loss, reduction: str, shape: tuple[int, ...]) -> tuple[Function, Tensor]:
    """The loss as a function of numbers in a row, or of many rows at once, and such a row."""
    x, target = problem(loss, *shape)
    function = reducing(loss, reduction)
    numbers = (x.flatten() * 4).round() / 4 + 1 / 8  # never closer to a target than that
    if loss.name == "BCELoss":
        numbers = numbers / 4  # for the sigmoid below

    def of_rows(rows: Tensor) -> Tensor:
        rows = rows.sigmoid() if loss.name == "BCELoss" else rows
        each = [
            function(row.reshape(shape), target).reshape(-1) for row in rows.reshape(-1, x.numel())
        ]
        return torch.stack(each).reshape(*rows.shape[:-1], -1)

    return of_rows, numbers
