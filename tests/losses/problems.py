"""What every loss is asked: inputs that it takes, with targets and options that go with them."""

import contextlib
import functools
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from sums_to_one.tests.common import layouts
from sums_to_one.tests.common.gradients import Function
from sums_to_one.tests.common.inputs import grid
from sums_to_one.tests.common.limits import NotProvided, current, inside, outside, widest
from sums_to_one.tests.common.options import feature, is_refusal, provides
from sums_to_one.tests.losses.reduction import REDUCTIONS, reduced


def problem(loss, *shape: int, dtype: torch.dtype | None = None) -> tuple[Tensor, Tensor]:
    """An input of so many rows and columns that the loss takes, and a target."""
    dtype, x = dtype or widest(), grid(*shape)
    other = (x.flatten().flip(0).reshape(shape) * 2).round() / 4  # whole quarters
    if loss.name == "CrossEntropyLoss":
        classes = torch.arange(other[:, 0].numel()).reshape(other[:, 0].shape) * 7 % shape[1]
        return x.to(dtype), classes
    if loss.name in ("L1Loss", "MSELoss"):
        return x.to(dtype), other.to(dtype)
    target = other / 12 + 0.5  # between 0 and 1
    return (x / 16 + 0.5 if loss.name == "BCELoss" else x).to(dtype), target.to(dtype)


def problems(
    loss, shapes: Sequence[tuple[int, ...]], dtypes: Sequence[torch.dtype] = ()
) -> Iterator[tuple[str, Tensor, Tensor]]:
    """Each reduction of the loss, with a problem of each shape and dtype inside its limits."""
    choices = reductions_of(loss), inside(shapes), dtypes or [widest()]
    for reduction, shape, dtype in itertools.product(*choices):
        yield reduction, *problem(loss, *shape, dtype=dtype)


def laid_out(x: Tensor, target: Tensor) -> Iterator[tuple[str, Tensor, Tensor]]:
    """The same numbers in combined layouts, those of the target in the opposite order."""
    places = [view for _, view, _ in layouts.in_pairs(target)][::-1]
    for (words, view, _), other in zip(layouts.in_pairs(x), itertools.cycle(places), strict=False):
        yield words, view, other


def exactly(target: Tensor) -> Tensor:
    """A target in as many digits as there are, unless it is a class."""
    return target.to(widest()) if target.is_floating_point() else target


def formula(loss, x: Tensor, target: Tensor) -> Tensor:
    """The losses as they are defined, in float64; their gradient is that of the definition."""
    x, y = x.double(), target.double()
    if loss.name == "CrossEntropyLoss":
        return -x.log_softmax(dim=1).gather(1, target.unsqueeze(1)).squeeze(1)
    return {
        "L1Loss": lambda: (x - y).abs(),
        "MSELoss": lambda: (x - y).square(),
        "BCELoss": lambda: -y * x.log() - (1 - y) * (-x).log1p(),
        "BCEWithLogitsLoss": lambda: F.softplus(x) - x * y,
    }[loss.name]()


def in_numbers(x: Tensor, target: Tensor) -> Tensor:
    """A target that could learn: instead of a class, a probability of 1 for it."""
    if target.is_floating_point():
        return target.clone()
    return F.one_hot(target, x.shape[1]).movedim(-1, 1).to(x.dtype)


# Options, of which a loss need not take all, nor all of their values


def takes(loss, name: str, value: object = None) -> bool:
    """Whether the loss has an option and, at a first plain use, does not refuse it openly."""
    if name in current().without or not provides(loss, name):
        return False
    return not _refuses(loss, name, value, widest())


@functools.cache
def _refuses(loss, name: str, value: object, dtype: torch.dtype) -> bool:
    plain = {"ignore_index": -1, "label_smoothing": 0.25, "reduction": value}
    try:
        # As many rows as columns: who takes one for the other is wrong, and not heard as refusing.
        x, target = problem(loss, *inside([(5, 5)])[0], dtype=dtype)
        loss(**{name: plain.get(name, torch.ones(5, dtype=dtype))})(x, target)
    except Exception as error:  # a refusal is one whatever its type
        return is_refusal(error)
    return False


def reductions_of(loss) -> tuple[str, ...]:
    """Those that the loss takes; a mean is what it gives without being told."""
    told = [name for name in REDUCTIONS if name != "mean" and takes(loss, "reduction", name)]
    return "mean", *told


def reducing(loss, reduction: str, **options: Any):
    """The loss with this reduction and these options, as far as it takes them."""
    for name in options:
        if not takes(loss, name):
            raise NotProvided(f"not provided: the argument {name!r}")
    if reduction not in reductions_of(loss):
        outside(f"the reduction {reduction!r}")
    told = {"reduction": reduction} if takes(loss, "reduction", reduction) else {}
    if options.get("label_smoothing") == 1:  # nothing is left of the target: it may be refused
        with feature("a smoothing of 1"):
            return loss(**told, **options)
    return loss(**told, **options)


def unreduced(loss):
    """The loss that gives the losses as they are; the claim ends where there is none."""
    if "none" not in reductions_of(loss):
        raise NotProvided("not provided: the reduction 'none'")
    return loss(reduction="none")


@contextlib.contextmanager
def first_use(what: str) -> Iterator[None]:
    """As feature, where to look up a class that is not there is a refusal too."""
    try:
        with feature(what):
            yield
    except IndexError:
        raise NotProvided(f"not provided: {what}") from None


# What is asked of them


def shown(loss, reduction: str, x: Tensor, target: Tensor) -> Tensor:
    """What comes of an input with NaN. To refuse it, as BCELoss may, shows as much as NaN does."""
    try:
        return reducing(loss, reduction)(x, target)
    except (RuntimeError, ValueError, AssertionError):
        return reduced(0 * x, reduction)


def options_of(loss, columns: int) -> dict[str, Any]:
    """All options that the loss takes besides the reduction, for so many columns."""
    weights = {"weight": grid(columns).abs() + 0.5, "pos_weight": grid(columns, limit=3).abs()}
    values = {**weights, "label_smoothing": 0.25}
    return {name: value for name, value in values.items() if takes(loss, name)}


def of_a_row(
    loss, reduction: str, shape: tuple[int, ...], weighed: bool = False
) -> tuple[Function, Tensor]:
    """The loss as a function of numbers in a row, or of many rows at once, and such a row."""
    if widest() != torch.float64:
        raise NotProvided("not provided: float64, without whose digits differences say nothing")
    x, target = problem(loss, *shape)
    function = reducing(loss, reduction, **(options_of(loss, shape[1]) if weighed else {}))
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
