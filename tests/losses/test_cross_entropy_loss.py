"""CrossEntropyLoss contains the softmax: it takes scores, and is -log softmax(x) at the target.

The definitions are written out here, number by number, for class indices and for probabilities,
with every option. Then the gradient, and the regions where implementations that are right on
paper go wrong: large scores, excluded classes, many classes. What the loss owes its caller like
every loss is in `test_every_loss.py`; why no softmax may come before it, in
`test_softmax_twice.py`.
"""

import itertools
import math
from typing import NamedTuple

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.gradients import gradient
from sums_to_one.tests.common.inputs import DTYPES, LAYOUTS, dtypes, exact, grid
from sums_to_one.tests.common.options import option

REDUCTIONS = ("none", "mean", "sum")
OPTIONS = ("weight", "ignore_index", "reduction", "label_smoothing")
extra = st.sampled_from([(), (), (2,), (1, 2), (2, 1, 3)])
shapes = st.tuples(st.integers(1, 3), st.integers(1, 4), extra).map(lambda s: (*s[:2], *s[2]))
smoothings = st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0])
reductions = st.sampled_from(REDUCTIONS)


class Labelled(NamedTuple):
    """Scores whose classes lie in dimension 1, a class or the ignored index for each row."""

    x: Tensor
    target: Tensor
    weight: Tensor
    ignored: int


class Shared(NamedTuple):
    """Scores whose classes lie in dimension 1, and a probability for each class in each row."""

    x: Tensor
    share: Tensor
    weight: Tensor


def whole(draw: st.DrawFn, count: int) -> Tensor:
    """Whole numbers from -128 to 127: a list of them is drawn faster as bytes."""
    drawn = torch.tensor(list(draw(st.binary(min_size=count, max_size=count))), dtype=torch.int64)
    return (drawn >> 1) ^ -(drawn & 1)  # 0, -1, 1, -2, ... so that they shrink to 0


@st.composite
def labelled(draw: st.DrawFn, limit: int = 30, ignored: tuple[int, ...] = ()) -> Labelled:
    shape, index = draw(shapes), draw(st.sampled_from(ignored or (-100,)))
    x = (whole(draw, math.prod(shape)) * limit / 128).double().reshape(shape)
    choice = torch.tensor([*range(shape[1]), *([index] if ignored else [])])
    target = choice[whole(draw, x[:, 0].numel()) % len(choice)].reshape(x[:, 0].shape)
    return Labelled(x, target, whole(draw, shape[1]).abs().double() / 32, index)


@st.composite
def shared(draw: st.DrawFn, limit: int = 30) -> Shared:
    shape = draw(shapes)
    x = (whole(draw, math.prod(shape)) * limit / 128).double().reshape(shape)
    # A row of n classes is a stick of 128 parts, cut at n - 1 places.
    rows, classes = x[:, 0].numel(), shape[1]
    cuts = whole(draw, rows * (classes - 1)).abs().reshape(rows, classes - 1).sort(dim=1).values
    share = F.pad(F.pad(cuts, (1, 0), value=0), (0, 1), value=128).diff(dim=1).double() / 128
    share = share.reshape(x.movedim(1, -1).shape).movedim(-1, 1).contiguous()
    return Shared(x, share, whole(draw, classes).abs().double() / 32)


def surprises(x: Tensor) -> Tensor:
    """-log softmax over dimension 1, in plain arithmetic of Python's."""
    rows = []
    for row in x.movedim(1, -1).reshape(-1, x.shape[1]).tolist():
        largest = max(row)
        total = largest + math.log(sum(math.exp(score - largest) for score in row))
        rows.append([total - score for score in row])
    return exact(rows).reshape(x.movedim(1, -1).shape).movedim(-1, 1)


def defined(
    x: Tensor, target: Tensor, weight: Tensor | None, ignored: int, reduction: str, smoothing: float
) -> Tensor:
    """The loss for class indices, target by target, as the documentation defines it."""
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
        return exact(losses).reshape(target.shape)
    total = sum(losses)
    return exact(total if reduction == "sum" else total / divisor if divisor else math.nan)


def slope(function, x: Tensor, target: Tensor, cotangent: Tensor | None = None) -> Tensor:
    """The gradient of the loss, or of a weighted sum of losses, with respect to the scores."""
    incoming = torch.ones((), dtype=x.dtype) if cotangent is None else cotangent
    return gradient(lambda x: function(x, target), x, incoming)


def wanted(case: Labelled | Shared, smoothing: float) -> Tensor:
    """How much each class of each row counts: its weight times its smoothed share."""
    x, target, weight = case[:3]
    if isinstance(case, Labelled):
        counts = case.target.ne(case.ignored)
        target = F.one_hot(target * counts, x.shape[1]) * counts.unsqueeze(-1)
        target, present = target.movedim(-1, 1).double(), counts.unsqueeze(1)
    else:
        present = torch.ones_like(x[:, :1])
    smooth = (1 - smoothing) * target + smoothing / x.shape[1] * present.double()
    return weight.reshape(-1, *[1] * (x.dim() - 2)) * smooth


# Definitions


@pytest.mark.claim("3.2.1")
@given(labelled())
def test_it_is_the_negative_log_likelihood_of_the_softmax(CrossEntropyLoss, case):
    expected = defined(case.x, case.target, None, -100, "mean", 0.0)
    assert_close("the loss", CrossEntropyLoss()(case.x, case.target), expected)


@pytest.mark.claim("3.2.1")
@given(labelled(), reductions)
def test_every_target_has_its_surprise(CrossEntropyLoss, case, reduction):
    option(CrossEntropyLoss, "reduction")
    expected = defined(case.x, case.target, None, -100, reduction, 0.0)
    function = CrossEntropyLoss(reduction=reduction)
    assert_close("the loss", function(case.x, case.target), expected)


@pytest.mark.claim("3.2.5")
@given(labelled(), reductions)
def test_the_weighted_mean_divides_by_the_weights_of_the_targets(CrossEntropyLoss, case, reduction):
    option(CrossEntropyLoss, "weight", "reduction")
    if reduction == "mean" and not case.weight[case.target].sum() > 0:
        return  # nothing over nothing
    expected = defined(case.x, case.target, case.weight, -100, reduction, 0.0)
    function = CrossEntropyLoss(weight=case.weight, reduction=reduction)
    assert_close("the loss", function(case.x, case.target), expected)


@pytest.mark.claim("3.2.6")
@given(labelled(ignored=(-100,)), reductions)
def test_targets_of_minus_100_count_nowhere(CrossEntropyLoss, case, reduction):
    option(CrossEntropyLoss, "reduction")
    expected = defined(case.x, case.target, None, -100, reduction, 0.0)
    function = CrossEntropyLoss(reduction=reduction)
    assert_close("the loss", function(case.x, case.target), expected)


@pytest.mark.claim("3.2.6")
@given(labelled(ignored=(-1, 0, 1, 7)), reductions)
def test_ignored_targets_count_nowhere(CrossEntropyLoss, case, reduction):
    option(CrossEntropyLoss, "ignore_index", "reduction")
    expected = defined(case.x, case.target, None, case.ignored, reduction, 0.0)
    function = CrossEntropyLoss(ignore_index=case.ignored, reduction=reduction)
    assert_close("the loss", function(case.x, case.target), expected)


@pytest.mark.claim("3.2.7")
@given(labelled(), smoothings, reductions)
def test_smoothing_deals_out_a_share_to_all_classes(CrossEntropyLoss, case, smoothing, reduction):
    option(CrossEntropyLoss, "label_smoothing", "reduction")
    expected = defined(case.x, case.target, None, -100, reduction, smoothing)
    function = CrossEntropyLoss(label_smoothing=smoothing, reduction=reduction)
    assert_close("the loss", function(case.x, case.target), expected)


@pytest.mark.claim("3.2.5", "3.2.6", "3.2.7")
@given(labelled(ignored=(-100, -1, 0, 2)), smoothings, reductions)
def test_all_options_go_together(CrossEntropyLoss, case, smoothing, reduction):
    option(CrossEntropyLoss, *OPTIONS)
    x, target, weight, ignored = case
    function = CrossEntropyLoss(
        weight=weight, ignore_index=ignored, label_smoothing=smoothing, reduction=reduction
    )
    if reduction == "mean" and not weight[target[target != ignored]].sum() > 0:
        return  # something over nothing
    expected = defined(x, target, weight, ignored, reduction, smoothing)
    assert_close("the loss", function(x, target), expected)


@pytest.mark.claim("3.2.8")
@given(shared(), reductions)
def test_probabilities_weigh_the_surprises(CrossEntropyLoss, case, reduction):
    option(CrossEntropyLoss, "reduction")
    losses = (case.share * surprises(case.x)).sum(dim=1)
    expected = {"none": losses, "mean": losses.mean(), "sum": losses.sum()}[reduction]
    function = CrossEntropyLoss(reduction=reduction)
    assert_close("the loss", function(case.x, case.share), expected)


@pytest.mark.claim("3.2.8")
@given(shared(), smoothings, reductions)
def test_probabilities_go_with_weights_and_smoothing(CrossEntropyLoss, case, smoothing, reduction):
    option(CrossEntropyLoss, "weight", "label_smoothing", "reduction")
    losses = (wanted(case, smoothing) * surprises(case.x)).sum(dim=1)
    expected = {"none": losses, "mean": losses.mean(), "sum": losses.sum()}[reduction]
    options = {"weight": case.weight, "label_smoothing": smoothing, "reduction": reduction}
    assert_close("the loss", CrossEntropyLoss(**options)(case.x, case.share), expected)


@pytest.mark.claim("3.2.8")
@given(labelled())
def test_a_certain_probability_is_a_class(CrossEntropyLoss, case):
    certain = wanted(case._replace(weight=torch.ones_like(case.weight)), 0.0)
    expected = CrossEntropyLoss()(case.x, case.target)
    assert_close("the loss", CrossEntropyLoss()(case.x, certain), expected)


@pytest.mark.claim("3.2.1")
@given(labelled(), reductions, smoothings)
def test_a_single_row_needs_no_batch(CrossEntropyLoss, case, reduction, smoothing):
    option(CrossEntropyLoss, *OPTIONS)
    rows = case.x.movedim(1, -1).flatten(0, -2), case.target.flatten()
    x, target, weight = rows[0][0], rows[1][0], case.weight + 0.125
    options = {"weight": weight, "label_smoothing": smoothing, "reduction": reduction}
    for y in (target, torch.full_like(x, 1 / len(x))):
        came, batch = (CrossEntropyLoss(**options)(*pair) for pair in ((x, y), (x[None], y[None])))
        assert_close("the loss of a row", came, batch.reshape(()))


@pytest.mark.claim("3.2.6")
def test_with_all_targets_ignored_there_is_no_mean(CrossEntropyLoss):
    option(CrossEntropyLoss, "reduction")
    for shape, rows in [((3, 5), (3,)), ((1, 2), (1,)), ((2, 3, 5), (2, 5)), ((5,), ())]:
        x, target = grid(*shape), torch.full(rows, -100)
        mean, none, total = (
            CrossEntropyLoss(reduction=name)(x, target) for name in ("mean", "none", "sum")
        )
        assert mean.isnan(), f"the mean is {mean}"
        assert none.eq(0).all(), f"the losses are {none}"
        assert total.eq(0), f"the sum is {total}"


@pytest.mark.claim("3.2.1")
@pytest.mark.parametrize("target", [5, 6, 1000], ids=str)
def test_a_class_that_is_not_there_is_refused(CrossEntropyLoss, target):
    with pytest.raises((IndexError, ValueError, RuntimeError, AssertionError)):
        CrossEntropyLoss()(grid(3, 5), torch.tensor([0, target, 1]))


# The gradient


@pytest.mark.claim("3.2.9")
@given(labelled())
def test_the_gradient_is_softmax_minus_target_over_n(CrossEntropyLoss, case):
    certain = wanted(case._replace(weight=torch.ones_like(case.weight)), 0.0)
    expected = (torch.softmax(case.x, dim=1) - certain) / case.target.numel()
    assert_close("the gradient", slope(CrossEntropyLoss(), case.x, case.target), expected)


@pytest.mark.claim("3.2.9")
@given(labelled(ignored=(-100, 0)), smoothings, reductions)
def test_options_weigh_the_gradient_as_they_weigh_the_loss(
    CrossEntropyLoss, case, smoothing, reduction
):
    option(CrossEntropyLoss, *OPTIONS)
    case = case._replace(weight=case.weight + 0.125)
    x, target, weight, ignored = case
    function = CrossEntropyLoss(
        weight=weight, ignore_index=ignored, label_smoothing=smoothing, reduction=reduction
    )
    share, cotangent = wanted(case, smoothing), grid(*target.shape, limit=2)
    each = torch.softmax(x, dim=1) * share.sum(dim=1, keepdim=True) - share
    if reduction == "none":
        assert_close(
            "the gradient", slope(function, x, target, cotangent), cotangent.unsqueeze(1) * each
        )
    elif reduction == "sum":
        assert_close("the gradient", slope(function, x, target), each)
    elif (target != ignored).any():
        divisor = weight[target[target != ignored]].sum()
        assert_close("the gradient", slope(function, x, target), each / divisor)


@pytest.mark.claim("3.2.9")
@given(shared(), smoothings, reductions)
def test_probabilities_have_the_same_gradient(CrossEntropyLoss, case, smoothing, reduction):
    option(CrossEntropyLoss, "weight", "label_smoothing", "reduction")
    x, target, weight = case
    function = CrossEntropyLoss(weight=weight, label_smoothing=smoothing, reduction=reduction)
    share, cotangent = wanted(case, smoothing), grid(*x[:, 0].shape, limit=2)
    each = torch.softmax(x, dim=1) * share.sum(dim=1, keepdim=True) - share
    if reduction == "none":
        assert_close(
            "the gradient", slope(function, x, target, cotangent), cotangent.unsqueeze(1) * each
        )
    else:
        divisor = cotangent.numel() if reduction == "mean" else 1
        assert_close("the gradient", slope(function, x, target), each / divisor)


@pytest.mark.claim("3.2.6")
@given(labelled(limit=8), st.sampled_from([1.0, 1e300]), reductions)
def test_an_ignored_row_gets_no_gradient_and_changes_none(CrossEntropyLoss, case, scale, reduction):
    option(CrossEntropyLoss, "ignore_index", "reduction")
    function, (x, target) = CrossEntropyLoss(ignore_index=-1, reduction=reduction), case[:2]
    more, with_more = torch.cat([x, x * scale]), torch.cat([target, torch.full_like(target, -1)])
    cotangent = grid(*with_more.shape) if reduction == "none" else torch.tensor(1.0)
    fewer = cotangent[: len(x)] if reduction == "none" else cotangent
    expected = slope(function, x, target, fewer)
    got = slope(function, more, with_more, cotangent)
    assert_close("the gradient", got, torch.cat([expected, torch.zeros_like(x)]))


@pytest.mark.claim("3.0.1")
@given(shared())
def test_it_is_least_where_the_shares_are_the_target(CrossEntropyLoss, case):
    share = (case.share + 1 / 64) / (1 + case.x.shape[1] / 64)
    least, other = CrossEntropyLoss()(share.log(), share), CrossEntropyLoss()(case.x, share)
    assert other >= least - 1e-11, f"{least} at the target, {other} elsewhere"
    at_target = slope(CrossEntropyLoss(), share.log(), share)
    assert_close("the gradient at the target", at_target, torch.zeros_like(case.x))


# Where right formulas go wrong


@pytest.mark.claim("3.2.10")
@given(labelled(limit=8), dtypes)
def test_huge_scores_stay_exact(CrossEntropyLoss, case, dtype):
    huge = (case.x * 1250).to(dtype)  # up to 10,000
    expected = defined(huge.double(), case.target, None, -100, "mean", 0.0)
    assert_close("the loss", CrossEntropyLoss()(huge, case.target), expected)
    certain = wanted(case._replace(weight=torch.ones_like(case.weight)), 0.0)
    expected = (torch.softmax(huge.double(), dim=1) - certain) / case.target.numel()
    assert_close("the gradient", slope(CrossEntropyLoss(), huge, case.target), expected)


@pytest.mark.claim("3.2.10")
@given(labelled(limit=8), dtypes)
def test_scores_near_the_largest_number_of_the_dtype_stay_finite(CrossEntropyLoss, case, dtype):
    huge = case.x.to(dtype) * (torch.finfo(dtype).max / 512)
    loss, got = CrossEntropyLoss()(huge, case.target), slope(CrossEntropyLoss(), huge, case.target)
    assert loss.isfinite(), f"the loss is {loss}"
    assert got.isfinite().all(), f"the gradient is {got.tolist()}"


@pytest.mark.claim("3.2.10")
@given(labelled(limit=1000))
def test_rows_do_not_know_of_each_other(CrossEntropyLoss, case):
    option(CrossEntropyLoss, "reduction")
    function, (x, target) = CrossEntropyLoss(reduction="none"), case[:2]
    together = torch.cat([x.flip(1) + 5000, x]), torch.cat([target, target])
    assert_close("the losses", function(*together)[len(x) :], function(x, target))


@pytest.mark.claim("3.2.10")
@given(labelled(), dtypes)
def test_a_class_with_a_score_of_minus_infinity_takes_no_part(CrossEntropyLoss, case, dtype):
    x, target = case.x.to(dtype), case.target
    masked = torch.cat([x, torch.full_like(x[:, :1], -torch.inf)], dim=1)
    expected = CrossEntropyLoss()(x, target).double()
    assert_close("the loss", CrossEntropyLoss()(masked, target), expected)
    got, rest = (slope(CrossEntropyLoss(), x, target).double() for x in (masked, x))
    expected = torch.cat([rest, torch.zeros_like(rest[:, :1])], dim=1)
    assert_close("the gradient", got.to(dtype), expected)


@pytest.mark.claim("3.2.10")
@pytest.mark.parametrize("classes", [1, 2, 10, 17, 65, 1000, 1025, 4099])
def test_any_number_of_classes_has_the_surprise_of_its_logarithm(CrossEntropyLoss, classes):
    target = torch.tensor([0, classes - 1, classes // 2])
    for dtype in DTYPES:
        came = CrossEntropyLoss()(torch.zeros(3, classes, dtype=dtype), target)
        assert_close(f"the loss of {classes} equal scores", came, exact(math.log(classes)))
    x = grid(3, classes)
    expected = defined(x, target, None, -100, "mean", 0.0)
    assert_close(f"the loss of {classes} scores", CrossEntropyLoss()(x, target), expected)


@pytest.mark.claim("3.2.5")
@given(labelled(limit=8, ignored=(0,)), dtypes, smoothings, reductions)
def test_fewer_digits_cost_only_rounding_with_options_too(
    CrossEntropyLoss, case, dtype, smoothing, reduction
):
    option(CrossEntropyLoss, *OPTIONS)
    options = {"ignore_index": 0, "label_smoothing": smoothing, "reduction": reduction}
    weight, x = (case.weight + 0.125).to(dtype), case.x.to(dtype)
    came = CrossEntropyLoss(weight=weight, **options)(x, case.target)
    assert came.dtype == dtype, f"asked in {dtype}, came in {came.dtype}"
    expected = CrossEntropyLoss(weight=weight.double(), **options)(x.double(), case.target)
    assert_close(f"the loss in {dtype}", came, expected)


@pytest.mark.claim("3.2.8")
@given(shared(limit=8), dtypes, smoothings, reductions)
def test_fewer_digits_cost_probabilities_only_rounding(
    CrossEntropyLoss, case, dtype, smoothing, reduction
):
    option(CrossEntropyLoss, *OPTIONS)
    options = {"label_smoothing": smoothing, "reduction": reduction}
    x, share, weight = (t.to(dtype) for t in case)
    came = CrossEntropyLoss(weight=weight, **options)(x, share)
    assert came.dtype == dtype, f"asked in {dtype}, came in {came.dtype}"
    expected = CrossEntropyLoss(weight=weight.double(), **options)(x.double(), share.double())
    assert_close(f"the loss in {dtype}", came, expected)


@pytest.mark.claim("3.0.3")
def test_with_options_it_is_the_same_for_every_batch(CrossEntropyLoss):
    option(CrossEntropyLoss, "weight", "label_smoothing")
    options = {"weight": exact([0.5, 2, 0, 0.25, 4]), "label_smoothing": 0.25}
    function = CrossEntropyLoss(**options)
    for shape in [(4, 5), (3, 5, 2), (1, 5), (4, 5)]:
        x, target = grid(*shape), torch.full((shape[0], *shape[2:]), 3)
        expected = CrossEntropyLoss(**options)(x, target)
        assert_close(f"the loss of shape {shape}", function(x, target), expected)
        getattr(function, "eval", lambda: None)()  # what is no torch.nn.Module has no modes
        assert_close(f"the loss of shape {shape} after .eval()", function(x, target), expected)


@pytest.mark.claim("3.0.4")
@given(shared(limit=8))
def test_probabilities_that_learn_get_the_surprises(CrossEntropyLoss, case):
    share = case.share.clone().requires_grad_()
    CrossEntropyLoss()(case.x.clone().requires_grad_(), share).backward()
    if share.grad is not None:
        expected = surprises(case.x) / case.x[:, 0].numel()
        assert_close("the gradient of the target", share.grad, expected)


@pytest.mark.claim("3.0.3")
def test_probabilities_may_lie_anywhere_too(CrossEntropyLoss):
    for (name, layout), shape in itertools.product(LAYOUTS.items(), [(4, 4), (3, 5), (2, 3, 5, 7)]):
        x, share = grid(*shape), layout(torch.softmax(grid(*shape).flip(0), dim=1))
        copy = share.clone(memory_format=torch.contiguous_format)
        expected = CrossEntropyLoss()(x, copy)
        assert_close(f"{name}, shape {shape}", CrossEntropyLoss()(x, share), expected)
        expected = slope(CrossEntropyLoss(), x, copy)
        got = slope(CrossEntropyLoss(), layout(x) if name != "expanded" else x, share)
        assert_close(f"{name}, shape {shape}: the gradient", got, expected)


@pytest.mark.claim("3.0.3")
@pytest.mark.parametrize("smoothing", [0.0, 0.25])
def test_what_was_given_is_left_as_it_was(CrossEntropyLoss, smoothing):
    option(CrossEntropyLoss, "weight", "label_smoothing")
    weight, x = exact([0.5, 2, 1, 0.25, 4]), grid(3, 5)
    function = CrossEntropyLoss(weight=weight, label_smoothing=smoothing)
    for target in (torch.tensor([0, -100, 2]), torch.full((3, 5), 0.2, dtype=torch.float64)):
        before, first = target.clone(), function(x, target)
        assert weight.tolist() == [0.5, 2, 1, 0.25, 4], f"the weights are now {weight.tolist()}"
        assert_close("called again", function(x, target), first)
        assert torch.equal(target, before), f"the target was {before}, now {target}"


@pytest.mark.claim("3.2.1")
@given(labelled(limit=1000))
def test_the_values_are_those_of_pytorch(CrossEntropyLoss, case):
    expected = F.cross_entropy(case.x, case.target)
    assert_close("the loss", CrossEntropyLoss()(case.x, case.target), expected)
