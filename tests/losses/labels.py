"""What CrossEntropyLoss is asked, and what it should say, in plain arithmetic of Python's.

The scores of a row are spread over dimension 1; its target is a class, or a share for every class.
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.inputs import exact, grid
from sums_to_one.tests.common.limits import NotProvided, lies_inside, widest
from sums_to_one.tests.common.options import feature
from sums_to_one.tests.losses.problems import first_use, takes

_extra = st.sampled_from([(), (), (2,), (1, 2), (2, 1, 3)])
_shapes = st.tuples(st.integers(1, 3), st.integers(1, 4), _extra).map(lambda s: (*s[:2], *s[2]))
_inside = _shapes.filter(lies_inside)


class Labelled(NamedTuple):
    """Scores whose classes lie in dimension 1, a class or the ignored index for each row."""

    x: Tensor
    target: Tensor
    weight: Tensor
    ignored: int


class Shared(NamedTuple):
    """Scores whose classes lie in dimension 1, and a probability for each class in each row."""

    x: Tensor
    target: Tensor
    weight: Tensor


def _whole(draw: st.DrawFn, count: int) -> Tensor:
    """Whole numbers from -128 to 127: a list of them is drawn faster as bytes."""
    drawn = torch.tensor(list(draw(st.binary(min_size=count, max_size=count))), dtype=torch.int64)
    return (drawn >> 1) ^ -(drawn & 1)  # 0, -1, 1, -2, ... so that they shrink to 0


@st.composite
def labelled(draw: st.DrawFn, limit: int = 30, ignored: tuple[int, ...] = ()) -> Labelled:
    shape, index = draw(_inside), draw(st.sampled_from(ignored or (-100,)))
    x = (_whole(draw, math.prod(shape)) * limit / 128).to(widest()).reshape(shape)
    choice = torch.tensor([*range(shape[1]), *([index] if ignored else [])])
    target = choice[_whole(draw, x[:, 0].numel()) % len(choice)].reshape(x[:, 0].shape)
    return Labelled(x, target, _whole(draw, shape[1]).abs().to(widest()) / 30, index)


@st.composite
def shared(draw: st.DrawFn, limit: int = 30) -> Shared:
    shape = draw(_inside)
    x = (_whole(draw, math.prod(shape)) * limit / 128).to(widest()).reshape(shape)
    # A row of n classes is a stick of 128 parts, cut at n - 1 places.
    rows, classes = x[:, 0].numel(), shape[1]
    cuts = _whole(draw, rows * (classes - 1)).abs().reshape(rows, classes - 1).sort(dim=1).values
    parts = F.pad(F.pad(cuts, (1, 0), value=0), (0, 1), value=128).diff(dim=1).to(widest()) / 128
    target = parts.reshape(x.movedim(1, -1).shape).movedim(-1, 1).contiguous()
    return Shared(x, target, _whole(draw, classes).abs().to(widest()) / 30)


def surprises(x: Tensor) -> Tensor:
    """-log softmax over dimension 1."""
    rows = []
    for row in x.movedim(1, -1).reshape(-1, x.shape[1]).tolist():
        largest = max(row)
        total = largest + math.log(sum(math.exp(score - largest) for score in row))
        rows.append([total - score for score in row])
    return torch.tensor(rows, dtype=torch.float64).reshape(x.movedim(1, -1).shape).movedim(-1, 1)


def cross_entropy(
    x: Tensor,
    target: Tensor,
    reduction: str = "mean",
    weight: Tensor | None = None,
    ignored: int = -100,
    smoothing: float = 0.0,
) -> Tensor:
    """The loss for classes, target by target, as the documentation defines it."""
    costs, classes = surprises(x).movedim(1, -1).reshape(-1, x.shape[1]).tolist(), x.shape[1]
    weights = [1.0] * classes if weight is None else weight.tolist()
    losses, divisor = [], 0.0
    for cost, y in zip(costs, target.flatten().tolist(), strict=True):
        if y == ignored:
            losses.append(0.0)
            continue
        smooth = sum(w * c for w, c in zip(weights, cost, strict=True)) / classes
        losses.append((1 - smoothing) * weights[y] * cost[y] + smoothing * smooth)
        divisor += weights[y]
    if reduction == "none":
        return torch.tensor(losses, dtype=torch.float64).reshape(target.shape)
    total = sum(losses)
    mean = total / divisor if divisor else math.nan
    return torch.tensor(total if reduction == "sum" else mean, dtype=torch.float64)


def divisor_of_the_mean(case: Labelled | Shared) -> float:
    """The weights of all classes that are targets; of shares, how many rows there are."""
    if isinstance(case, Shared):
        return case.x[:, 0].numel()
    return case.weight[case.target[case.target != case.ignored]].sum().item()


def certain(case: Labelled) -> Tensor:
    """A share for every class: all for that of the target, none where it is ignored."""
    counts = case.target.ne(case.ignored)
    rows = F.one_hot(case.target * counts, case.x.shape[1]) * counts.unsqueeze(-1)
    return rows.movedim(-1, 1).to(widest())


def smoothed(case: Labelled | Shared, smoothing: float) -> Tensor:
    """How much each class of each row counts: its weight times its smoothed share."""
    target = (certain(case) if isinstance(case, Labelled) else case.target).double()
    even = target.sum(dim=1, keepdim=True) / target.shape[1]  # 0 where the target is ignored
    weight = case.weight.double().reshape(-1, *[1] * (target.ndim - 2))
    return weight * ((1 - smoothing) * target + smoothing * even)


def slopes_of_rows(case: Labelled | Shared, smoothing: float) -> Tensor:
    """The gradient of the loss of each row."""
    counts = smoothed(case, smoothing)
    return torch.softmax(case.x.double(), dim=1) * counts.sum(dim=1, keepdim=True) - counts


def incoming(case: Labelled | Shared, reduction: str) -> tuple[Tensor, Tensor]:
    """A gradient to come in for the loss, and what it then makes of the loss of each row."""
    each = grid(*case.x[:, 0].shape, limit=2)
    if reduction == "none":
        return each, each
    divisor = divisor_of_the_mean(case) if reduction == "mean" else 1
    return exact(1.0), torch.ones_like(each) / divisor


def with_all_it_takes(
    CrossEntropyLoss, case: Labelled | Shared, smoothing: float
) -> tuple[Labelled | Shared, float, dict[str, Tensor | int | float]]:
    """The options of a case that the loss takes, and the case without those that it does not."""
    has = {name for name in ("weight", "label_smoothing") if takes(CrossEntropyLoss, name)}
    if "weight" not in has:
        case = case._replace(weight=torch.ones_like(case.weight))
    values: dict[str, Tensor | int | float] = {"weight": case.weight, "label_smoothing": smoothing}
    options = {name: values[name] for name in has}
    if options.get("label_smoothing") == 1:  # nothing is left of the target: it may be refused
        with feature("a smoothing of 1"):
            CrossEntropyLoss(label_smoothing=1.0)
    if isinstance(case, Labelled):
        if takes(CrossEntropyLoss, "ignore_index"):
            options["ignore_index"] = case.ignored
        else:
            target = case.target.where(case.target != case.ignored, 0)
            case = case._replace(target=target, ignored=-100)
    if not options:
        raise NotProvided("not provided: any option")
    return case, smoothing if "label_smoothing" in has else 0.0, options


def takes_probabilities(CrossEntropyLoss) -> None:
    """End the claim as not provided where targets that are probabilities are refused openly."""
    with first_use("targets that are probabilities"):
        CrossEntropyLoss()(grid(3, 5), torch.softmax(grid(3, 5), dim=1))


def ignores_minus_100(CrossEntropyLoss) -> None:
    """End the claim as not provided where a target of -100 is refused openly."""
    with first_use("targets of -100"):
        CrossEntropyLoss()(grid(3, 5), torch.tensor([0, -100, 1]))
