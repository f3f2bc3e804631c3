"""Sums in 16 bits that are rounded at every step: which that explains, and which nothing does.

That a sum of 16-bit numbers is taken in 32 is what PyTorch does, and nobody promises. So the plain
formula that rounds after each addition is right, unless 16 bits are declared: it is worth a remark.
Wrong is what is worse than that. What rounding costs is found by asking those here, which are
PyTorch's own but for their sums.
"""

import contextlib
import functools
import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from sums_to_one.tests.common.closeness import tolerance
from sums_to_one.tests.common.inputs import grid
from sums_to_one.tests.common.leeway import Anything, Costs, granting, times
from sums_to_one.tests.common.limits import LONG_SUMS, SIXTEEN_BITS, Limits, NotProvided
from sums_to_one.tests.common.sums import step_by_step
from sums_to_one.tests.common.worst import Measure

Function = Callable[..., Any]
ROWS, CLASSES = 22_003, 10_007  # for blocks of 64 to be seen as well
MORE = Limits(dtypes=(torch.float64, torch.float32))


# In how many sums the numbers are added up before these are: one alone loses the most, and many
# may be infinite in float16 where one has ceased to grow.
ORDERS = (1, 64)
_side_by_side = ContextVar("side by side", default=1)


@contextlib.contextmanager
def _adding_up(side_by_side: int) -> Iterator[None]:
    token = _side_by_side.set(side_by_side)
    try:
        yield
    finally:
        _side_by_side.reset(token)


class _Sum(torch.autograd.Function):
    """Over the first dimension, step by step; its derivative is `_Spread`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.count, side_by_side = len(x), _side_by_side.get()
        if side_by_side == 1:
            return step_by_step(x)
        rest = x.new_zeros(-len(x) % side_by_side, *x.shape[1:])
        return step_by_step(
            step_by_step(torch.cat([x, rest]).reshape(-1, side_by_side, *x.shape[1:]))
        )

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return _Spread.apply(gradient, ctx.count)


class _Spread(torch.autograd.Function):
    """The same number in all places of a first dimension; its derivative is `_Sum`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, count: int) -> Tensor:
        return x.expand(count, *x.shape)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return _Sum.apply(gradient), None


def added_up(x: Tensor, *dims: int) -> Tensor:
    """The sum over these dimensions, which stay as 1; in 16 bits rounded at every step."""
    if x.dtype not in SIXTEEN_BITS:
        return x.sum(dims, keepdim=True)
    rest = [d for d in range(x.ndim) if d not in dims]
    sizes = [x.shape[d] for d in rest]
    count = x.numel() // max(1, torch.Size(sizes).numel())
    total: Tensor = _Sum.apply(x.permute(*dims, *rest).reshape(count, *sizes))
    return total.reshape([1 if d in dims else size for d, size in enumerate(x.shape)])


def _of_all(x: Tensor) -> Tensor:
    return added_up(x, *range(x.ndim)).reshape(()) if x.ndim else x


def _shifted(x: Tensor, dim: int) -> Tensor:
    return x - x.detach().amax(dim, keepdim=True) if x.numel() else x


def softmax(input: Tensor, dim: int, dtype: torch.dtype | None = None) -> Tensor:
    if not input.ndim or not input.is_floating_point():
        return torch.softmax(input, dim, dtype)
    x = input if dtype is None else input.to(dtype)
    e = _shifted(x, dim).exp()
    return e / added_up(e, dim % x.ndim)


def _log_softmax(x: Tensor, dim: int) -> Tensor:
    shifted = _shifted(x, dim)
    return shifted - added_up(shifted.exp(), dim).log()


def _reducing(losses: type[nn.Module]) -> Any:
    """PyTorch's loss of elements, whose sum is rounded at every step."""

    class AtEveryStep(losses):  # type: ignore[misc, valid-type]  # a base class that is given
        reduction: str

        def forward(self, input: Tensor, target: Tensor) -> Tensor:
            reduction = self.reduction
            self.reduction = "none"
            try:
                each: Tensor = super().forward(input, target)
            finally:
                self.reduction = reduction
            if reduction == "none":
                return each
            return _of_all(each) / each.numel() if reduction == "mean" else _of_all(each)

    AtEveryStep.__name__ = losses.__name__
    return AtEveryStep


class CrossEntropyLoss(nn.CrossEntropyLoss):
    """Of logarithms of probabilities; what targets leave out is masked, as NaN may be there."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        dim = min(1, input.ndim - 1)
        logs, share = _log_softmax(input, dim), self.label_smoothing
        shape = [-1 if d == dim else 1 for d in range(input.ndim)]
        weight = torch.ones_like(input[:0]) if self.weight is None else self.weight.view(shape)
        scale = weight if self.weight is not None else 1
        if target.is_floating_point():
            shares = target * (1 - share) + share / input.shape[dim]
            each = -added_up((shares * logs * scale).masked_fill(shares == 0, 0), dim).squeeze(dim)
            return self._reduced(each, max(1, input.numel() // max(1, input.shape[dim])))
        kept = target != self.ignore_index
        at = target.where(kept, 0).unsqueeze(dim)
        own = torch.ones_like(logs) if self.weight is None else weight.expand_as(logs)
        counted = own.gather(dim, at).squeeze(dim) * kept
        each = -(own * logs).gather(dim, at).squeeze(dim).where(kept, 0) * (1 - share)
        if share:
            each = each - added_up(logs * scale, dim).squeeze(dim).where(kept, 0) * (
                share / input.shape[dim]
            )
        return self._reduced(each, counted.sum())  # to count is no sum of numbers in 16 bits

    def _reduced(self, each: Tensor, count: Tensor | int) -> Tensor:
        if self.reduction == "none":
            return each
        return _of_all(each) / count if self.reduction == "mean" else _of_all(each)


def _norm(norm: type[nn.Module]) -> Any:
    class AtEveryStep(norm):  # type: ignore[misc, valid-type]  # a base class that is given
        """Of batches in training; else there is nothing to add up."""

        def forward(self, input: Tensor) -> Tensor:
            came: Tensor = super().forward(input)
            if not self.training or input.dtype not in SIXTEEN_BITS:
                return came
            dims = [d for d in range(input.ndim) if d != 1]
            count = input.numel() // input.shape[1]
            centred = input - added_up(input, *dims) / count
            variance = added_up(centred.square(), *dims) / count
            return centred / (variance + self.eps).sqrt()

    return AtEveryStep


def _penalty(power: int, total: Callable[[Tensor], Tensor]) -> Function:
    return lambda parameters: sum(total(p.abs() ** power) for p in parameters)


PYTORCHS: dict[str, Function] = {
    "softmax": torch.softmax,
    **{
        kind.__name__: kind
        for kind in (
            *(nn.L1Loss, nn.MSELoss, nn.BCELoss, nn.BCEWithLogitsLoss, nn.CrossEntropyLoss),
            *(nn.BatchNorm1d, nn.BatchNorm2d),
        )
    },
    "l1_penalty": _penalty(1, torch.sum),
    "l2_penalty": _penalty(2, torch.sum),
}
PLAIN: dict[str, Function] = {
    "softmax": softmax,
    **{
        loss.__name__: _reducing(loss)
        for loss in (nn.L1Loss, nn.MSELoss, nn.BCELoss, nn.BCEWithLogitsLoss)
    },
    "CrossEntropyLoss": CrossEntropyLoss,
    "l1_penalty": _penalty(1, _of_all),
    "l2_penalty": _penalty(2, _of_all),
    "BatchNorm1d": _norm(nn.BatchNorm1d),
    "BatchNorm2d": _norm(nn.BatchNorm2d),
}


@dataclass(frozen=True)
class Plain:
    """A subject that rounds at every step, and has the limits of another."""

    within: Limits
    name: str = "the plain formula"

    def component(self, name: str) -> Function | None:
        return PLAIN.get(name)

    def limits(self, name: str) -> Limits:
        return self.within


@dataclass(frozen=True)
class Less:
    """A subject that is asked less."""

    subject: Any
    fewer: Limits

    @property
    def name(self) -> str:
        return str(self.subject.name)

    def component(self, name: str) -> Function | None:
        found: Function | None = self.subject.component(name)
        return found

    def limits(self, name: str) -> Limits:
        limits: Limits = self.subject.limits(name)
        return limits.within(self.fewer)


def as_rounding_allows(judged: Any, ask: Callable[[Any, Measure], object]) -> Measure | None:
    """What is found of somebody whose sums round at every step, where that is what is allowed.

    Args:
        judged: who was refused.
        ask: asks the claim of somebody, and tells what it lets pass to a measure.

    Returns:
        None, where that cannot help.

    Raises:
        NotProvided: those here are refused, too, by more than a comparison.
        BaseException: the claim refuses, by any error.
    """
    (name,) = judged.components if len(judged.components) == 1 else ("",)
    if LONG_SUMS not in judged.limits.without or name not in PLAIN:
        return None
    if not {*MORE.dtypes}.isdisjoint(judged.limits.dtypes):
        with contextlib.suppress(NotProvided):  # of 16 bits alone
            ask(replace(judged, subject=Less(judged.subject, MORE)), Measure())
    costs = Costs()
    plain = replace(judged, subject=Plain(replace(judged.limits, sites=frozenset())))
    try:
        for order in ORDERS:
            with granting(Anything()), _adding_up(order):
                ask(plain, costs)
    except NotProvided:
        return None
    except Exception:  # whatever it is: who rounds at every step cannot do it
        raise NotProvided(f"not provided: {LONG_SUMS}") from None
    found = Measure()
    with granting(costs):
        ask(judged, found)
    return found


@dataclass(frozen=True)
class Long:
    """A plain use of many numbers.

    Args:
        shape: of the input.
        nothing: a number that adds nothing to any sum.
        something: numbers that do, one for each of three.
        use: of the function and the input.
        digits: how many times the usual error is no news, as of the exponential of a logarithm.
    """

    shape: tuple[int, ...]
    nothing: float
    something: Iterable[float]
    use: Callable[[Function, Tensor], Tensor]
    digits: int = 1

    @property
    def few(self) -> Tensor:
        """Numbers of which three count, so that any order of steps adds them up right."""
        x = torch.full(self.shape, self.nothing, dtype=torch.float64)
        x.view(-1)[[0, x.numel() // 2, -1]] = x.new_tensor([*self.something])
        return x

    @property
    def many(self) -> list[Tensor]:
        """Numbers of which all count: of equal ones each rounding goes in the same direction."""
        x = grid(*self.shape, limit=1.5).double().sigmoid()
        return [x, torch.full_like(x, 0.7)]

    def error(self, function: Function, x: Tensor, dtype: torch.dtype, right: Function) -> float:
        """The largest, as a share of the largest number; 0 where all are 0."""
        came, expected = (
            self.use(f, each).detach().double()
            for f, each in ((function, x.to(dtype)), (right, x.to(dtype).double()))
        )
        size = expected.abs().max()
        off = (came - expected.reshape(came.shape)).abs().max() / size
        return float(off.nan_to_num(nan=torch.inf)) if size > 1e-6 else 0.0


def _normalized(function: Function, x: Tensor) -> Tensor:
    made = function(x.shape[1])
    result: Tensor = (made.to(x.dtype) if hasattr(made, "to") else made)(x)
    return result


def _of_pairs(nothing: float, something: float) -> list[Long]:
    return [
        Long((ROWS, 1), nothing, [something] * 3, lambda loss, x: loss()(x, torch.ones_like(x)))
    ]


def _of_rows(loss: Function, x: Tensor) -> Tensor:
    rows = torch.stack([torch.zeros_like(x), x], dim=1)
    result: Tensor = loss()(rows, torch.ones(len(x), dtype=torch.long))
    return result


LONG: dict[str, list[Long]] = {
    "softmax": [Long((2, CLASSES), -100, (0, 0, -2), lambda f, x: f(x, dim=1), digits=3)],
    "L1Loss": _of_pairs(1, -9),
    "MSELoss": _of_pairs(1, -9),
    "BCELoss": _of_pairs(1, 2.0**-15),
    "BCEWithLogitsLoss": _of_pairs(200, -9),
    "CrossEntropyLoss": [
        Long((ROWS,), 200, [-9] * 3, _of_rows),
        Long((2, CLASSES), -100, (0, 0, -2), lambda loss, x: loss()(x, torch.tensor([0, 0]))),
    ],
    "l1_penalty": [Long((ROWS, 1), 0, [0.75] * 3, lambda penalty, x: penalty([x]))],
    "l2_penalty": [Long((ROWS, 1), 0, [0.75] * 3, lambda penalty, x: penalty([x]))],
    "BatchNorm1d": [Long((ROWS, 1), 0, [8] * 3, _normalized)],
    "BatchNorm2d": [
        Long((ROWS, 1), 0, [8] * 3, lambda norm, x: _normalized(norm, x.reshape(1, 1, -1, 1)))
    ],
}


def worse_than_pytorchs(
    component: str, function: Function, dtypes: Iterable[torch.dtype]
) -> tuple[float, float] | None:
    """The worst error of somebody who rounds at every step, and PyTorch's own there.

    Errors are shares of the largest number. None of whom that does not explain: who is wrong also
    where any order of steps has the right sum, or by more than it costs those here.
    """
    if component not in LONG:
        return None
    pytorchs, plain, found = PYTORCHS[component], PLAIN[component], [(0.0, 0.0)]
    for long, dtype in itertools.product(LONG[component], dtypes):
        error = functools.partial(long.error, dtype=dtype, right=pytorchs)
        if error(function, long.few) > tolerance(dtype):
            return None
        for x in long.many:
            if (ours := error(function, x)) > long.digits * tolerance(dtype):
                if ours > times(dtype) * error(plain, x):
                    return None
                found.append((ours, error(pytorchs, x)))
    return max(found) if found[1:] else None


def words_for(ours: float, pytorchs: float) -> str:
    """As a remark has them.

    Example:
        >>> words_for(0.0812, 0.0021)
        "worst error 8.1 %, PyTorch's 0.21 %"
    """
    return f"worst error {_percent(ours)}, PyTorch's {_percent(pytorchs)}"


def _percent(share: float) -> str:
    return f"{float(f'{100 * share:.2g}'):g} %" if math.isfinite(share) else "infinite"
