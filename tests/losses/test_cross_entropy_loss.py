"""CrossEntropyLoss contains the softmax: it takes scores, and is -log softmax(x) at the target.

The definitions, number by number, for classes and for probabilities, with every option. Then the
gradient, and the regions where implementations that are right on paper go wrong: large scores,
excluded classes, many classes. What the loss owes its caller like every loss is in
`test_every_loss.py`; why no softmax may come before it, in `test_softmax_twice.py`.
"""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given
from hypothesis import strategies as st

from sums_to_one.tests.common.closeness import assert_close, assert_within, rounding, tolerance
from sums_to_one.tests.common.inputs import DTYPES, LAYOUTS, dtypes, eighths, exact, grid
from sums_to_one.tests.common.limits import DTYPES as ALL_DTYPES
from sums_to_one.tests.common.limits import Inside, NotProvided, inside, widest
from sums_to_one.tests.common.line import whole_line
from sums_to_one.tests.common.options import feature
from sums_to_one.tests.common.refusals import REFUSALS
from sums_to_one.tests.losses.labels import (
    Labelled,
    certain,
    cross_entropy,
    divisor_of_the_mean,
    ignores_minus_100,
    incoming,
    labelled,
    shared,
    slopes_of_rows,
    smoothed,
    surprises,
    takes_probabilities,
    with_all_it_takes,
)
from sums_to_one.tests.losses.problems import (
    first_use,
    in_numbers,
    problem,
    reducing,
    reductions_of,
    takes,
    unreduced,
)
from sums_to_one.tests.losses.reduction import (
    REDUCTIONS,
    enter,
    pull,
    pull_on_target,
    reduced,
    reductions,
)

OPTIONS = ("weight", "label_smoothing")
FULL = Inside((torch.float64, torch.float32))  # no dtypes of 16 bits
smoothings = st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0])


# Definitions


@pytest.mark.claim("3.2.1")
@given(labelled())
def test_it_is_the_negative_log_likelihood_of_the_softmax(CrossEntropyLoss, case):
    expected = cross_entropy(case.x, case.target)
    assert_close("the loss", CrossEntropyLoss()(case.x, case.target), expected)


@pytest.mark.claim("3.2.1")
@given(labelled(), reductions)
def test_every_target_costs_minus_the_log_of_its_probability(CrossEntropyLoss, case, reduction):
    expected = cross_entropy(case.x, case.target, reduction)
    function = reducing(CrossEntropyLoss, reduction)
    assert_close("the loss", function(case.x, case.target), expected)


@pytest.mark.claim("3.2.5")
@given(labelled(), reductions)
def test_the_weighted_mean_divides_by_the_weights_of_the_targets(CrossEntropyLoss, case, reduction):
    assume(reduction != "mean" or divisor_of_the_mean(case))  # else it is nothing over nothing
    expected = cross_entropy(case.x, case.target, reduction, case.weight)
    function = reducing(CrossEntropyLoss, reduction, weight=case.weight)
    assert_close("the loss", function(case.x, case.target), expected)


@pytest.mark.claim("3.2.6")
@given(labelled(ignored=(-100,)), reductions)
def test_targets_of_minus_100_count_nowhere(CrossEntropyLoss, case, reduction):
    ignores_minus_100(CrossEntropyLoss)
    expected = cross_entropy(case.x, case.target, reduction)
    function = reducing(CrossEntropyLoss, reduction)
    assert_close("the loss", function(case.x, case.target), expected)


@pytest.mark.claim("3.2.6")
@given(labelled(ignored=(-1, 0, 1, 7)), reductions)
def test_ignored_targets_count_nowhere(CrossEntropyLoss, case, reduction):
    expected = cross_entropy(case.x, case.target, reduction, ignored=case.ignored)
    function = reducing(CrossEntropyLoss, reduction, ignore_index=case.ignored)
    assert_close("the loss", function(case.x, case.target), expected)


@pytest.mark.claim("3.2.7")
@given(labelled(), smoothings, reductions)
def test_smoothing_spreads_eps_over_all_classes(CrossEntropyLoss, case, smoothing, reduction):
    expected = cross_entropy(case.x, case.target, reduction, smoothing=smoothing)
    function = reducing(CrossEntropyLoss, reduction, label_smoothing=smoothing)
    assert_close("the loss", function(case.x, case.target), expected)


@pytest.mark.claim("3.2.5", "3.2.6", "3.2.7")
@given(labelled(ignored=(-100, -1, 0, 2)), smoothings, reductions)
def test_all_options_go_together(CrossEntropyLoss, case, smoothing, reduction):
    case, smoothing, options = with_all_it_takes(CrossEntropyLoss, case, smoothing)
    assume(reduction != "mean" or divisor_of_the_mean(case))  # else it is something over nothing
    function = reducing(CrossEntropyLoss, reduction, **options)
    expected = cross_entropy(*case[:2], reduction, *case[2:], smoothing)
    assert_close("the loss", function(case.x, case.target), expected)


@pytest.mark.claim("3.2.5", "3.2.6", "3.2.7")
@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 2), (2, 3, 5, 7), (2, 3, 1, 2, 2)], ids=str)
def test_all_options_go_together_in_every_dtype_and_any_shape(CrossEntropyLoss, shape):
    target = torch.arange(math.prod(shape) // 3).reshape(shape[0], *shape[2:]) % 4
    for dtype in DTYPES:
        case = Labelled(grid(*shape).to(dtype), target, exact([0.5, 2, 0.25]).to(dtype), 3)
        case, smoothing, options = with_all_it_takes(CrossEntropyLoss, case, 0.25)
        for reduction in reductions_of(CrossEntropyLoss):
            expected = cross_entropy(*case[:2], reduction, *case[2:], smoothing)
            came = reducing(CrossEntropyLoss, reduction, **options)(case.x, case.target)
            assert_close(f"the loss in {dtype} ({reduction})", came, expected)


@pytest.mark.claim("3.2.5", "3.2.6", "3.2.7")
def test_all_options_count_in_every_row_of_a_large_batch(CrossEntropyLoss):
    few, many = grid(13, 4).to(inside(DTYPES[:2])[-1]), 5081  # times 13 are 66,053 rows
    case = Labelled(few, torch.arange(13) % 5, exact([0.5, 2, 1, 0.25]).to(few.dtype), 4)
    case, smoothing, options = with_all_it_takes(CrossEntropyLoss, case, 0.25)
    x, target = case.x.repeat(many, 1), case.target.repeat(many)
    for reduction in reductions_of(CrossEntropyLoss):
        expected = cross_entropy(*case[:2], reduction, *case[2:], smoothing)
        came = reducing(CrossEntropyLoss, reduction, **options)(x, target)
        came = came[-13:] if reduction == "none" else came / (many if reduction == "sum" else 1)
        assert_close(f"the loss ({reduction})", came, expected)


@pytest.mark.claim("3.2.6")
def test_in_16_bits_many_targets_are_counted_in_full(CrossEntropyLoss):
    ignores_minus_100(CrossEntropyLoss)
    for dtype in inside(ALL_DTYPES[2:]):
        x, target = grid(1, 3).to(dtype), torch.tensor([1, 1, -100]).repeat(1367)
        expected = CrossEntropyLoss()(x, target[:1]).double()
        came = CrossEntropyLoss()(x.expand(len(target), 3), target)
        assert_close(f"{dtype}: the mean of 2734 equal rows, and of 1367 ignored", came, expected)


@pytest.mark.claim("3.2.8")
@given(shared(), reductions)
def test_targets_of_probabilities_average_minus_the_logs(CrossEntropyLoss, case, reduction):
    takes_probabilities(CrossEntropyLoss)
    expected = reduced((case.target * surprises(case.x)).sum(dim=1), reduction)
    function = reducing(CrossEntropyLoss, reduction)
    assert_close("the loss", function(case.x, case.target), expected)


@pytest.mark.claim("3.2.8")
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_in_any_dimension_long_targets_of_probabilities_have_the_gradient_of_the_formula(
    CrossEntropyLoss, reduction
):
    takes_probabilities(CrossEntropyLoss)
    function = reducing(CrossEntropyLoss, reduction)
    for shape in inside([(5, 67), (67, 3), (2, 3, 67), (2, 37, 3), (3, 5, 2, 31), (2, 3, 31, 2)]):
        x, share = grid(*shape), torch.softmax(grid(*shape).flip(-1), dim=1)
        each = x[:, 0].numel() if reduction == "mean" else 1  # of which each has so small a share
        losses = (share * surprises(x)).sum(dim=1)
        assert_close(f"shape {shape}", function(x, share), reduced(losses, reduction))
        came = pull(function, x, share) * each
        expected = x.softmax(dim=1) - share
        assert_close(f"shape {shape}: the gradient", came, expected)


@pytest.mark.claim("3.2.8")
@given(shared(), smoothings, reductions)
def test_probabilities_go_with_weights_and_smoothing(CrossEntropyLoss, case, smoothing, reduction):
    takes_probabilities(CrossEntropyLoss)
    case, smoothing, options = with_all_it_takes(CrossEntropyLoss, case, smoothing)
    losses = (smoothed(case, smoothing) * surprises(case.x)).sum(dim=1)
    came = reducing(CrossEntropyLoss, reduction, **options)(case.x, case.target)
    assert_close("the loss", came, reduced(losses, reduction))


@pytest.mark.claim("3.2.8")
@given(labelled())
def test_a_certain_probability_is_a_class(CrossEntropyLoss, case):
    takes_probabilities(CrossEntropyLoss)
    expected = cross_entropy(case.x, case.target)
    assert_close("the loss", CrossEntropyLoss()(case.x, certain(case)), expected)


@pytest.mark.claim("3.2.8")
@pytest.mark.parametrize("index", [-1, 0, 2], ids=str)
def test_no_probabilities_are_ignored(CrossEntropyLoss, index):
    takes_probabilities(CrossEntropyLoss)
    x, target = grid(7, 5), torch.softmax(grid(7, 5).flip(0) * 2, dim=1)
    target[0], target[1] = 0, torch.tensor([1.0, 0, 0, 0, 0])
    for reduction in reductions_of(CrossEntropyLoss):
        function = reducing(CrossEntropyLoss, reduction, ignore_index=index)
        with feature(f"probabilities and the ignored class {index}"):
            came = function(x, target)
        expected = reduced((target * surprises(x)).sum(dim=1), reduction)
        assert_close(f"the loss ({reduction})", came, expected)


@pytest.mark.claim("3.2.1")
@given(labelled(), reductions, smoothings)
def test_a_single_row_needs_no_batch(CrossEntropyLoss, case, reduction, smoothing):
    case = case._replace(weight=case.weight + 0.125)
    case, _, options = with_all_it_takes(CrossEntropyLoss, case, smoothing)
    rows = case.x.movedim(1, -1).flatten(0, -2), case.target.flatten()
    x, function = rows[0][0], reducing(CrossEntropyLoss, reduction, **options)
    for y in (rows[1][0], torch.full_like(x, 1 / len(x))):
        with first_use("targets that are probabilities"):
            batch = function(x[None], y[None])
        assert_close("the loss of a row", function(x, y), batch.reshape(()))
        expected = pull(function, x[None], y[None])[0]
        assert_close("the gradient of a row", pull(function, x, y), expected)


@pytest.mark.claim("3.2.6")
def test_with_all_targets_ignored_there_is_no_mean(CrossEntropyLoss):
    ignores_minus_100(CrossEntropyLoss)
    for shape in inside([(3, 5), (1, 2), (2, 3, 5), (5,)]):
        x, target = grid(*shape), torch.full((shape[0], *shape[2:])[: len(shape) - 1], -100)
        expected = {"none": 0.0, "mean": math.nan, "sum": 0.0}
        for reduction in reductions_of(CrossEntropyLoss):
            came = reducing(CrossEntropyLoss, reduction)(x, target)
            assert_close(f"all ignored ({reduction})", came, expected[reduction])


HELD = {
    "-inf for another class": (-torch.inf, 1),
    "-inf for the first class": (-torch.inf, 0),
    "inf": (torch.inf, 2),
    "nan": (torch.nan, 3),
}


@pytest.mark.claim("3.2.6")
@pytest.mark.parametrize(("score", "place"), HELD.values(), ids=HELD)
@pytest.mark.parametrize("options", [(), ("weight",), ("label_smoothing",), OPTIONS], ids=str)
@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 1, 2)], ids=["rows", "images"])
def test_what_an_ignored_row_holds_counts_nowhere(CrossEntropyLoss, score, place, options, shape):
    ignores_minus_100(CrossEntropyLoss)
    given = {"weight": exact([0.5, 2, 1, 0.25, 4]), "label_smoothing": 0.25}
    x, target = grid(*shape), torch.tensor([1, -100, 4, 0])
    target = target.reshape(4, *[1] * (x.ndim - 2)).expand(4, *shape[2:])
    held = x.clone()
    held[1, place] = score
    for reduction in reductions_of(CrossEntropyLoss):
        function = reducing(CrossEntropyLoss, reduction, **{name: given[name] for name in options})
        assert_close(f"the loss ({reduction})", function(held, target), function(x, target))
        got, expected = pull(function, held, target), pull(function, x, target)
        rows = [0, 1, 2, 3] if score == -torch.inf else [0, 2, 3]  # else not even PyTorch's is 0
        assert_close(f"the gradient ({reduction})", got[rows], expected[rows])


@pytest.mark.claim("3.2.1")
@pytest.mark.parametrize("target", [5, 6, 1000], ids=str)
def test_a_class_that_is_not_there_is_refused(CrossEntropyLoss, target):
    with pytest.raises(REFUSALS):
        CrossEntropyLoss()(grid(3, 5), torch.tensor([0, target, 1]))


@pytest.mark.claim("3.2.1", "3.2.6")
@pytest.mark.parametrize("target", [-1, -5, -101], ids=str)
def test_a_negative_class_is_refused_unless_it_is_the_ignored_one(CrossEntropyLoss, target):
    if not takes(CrossEntropyLoss, "ignore_index"):  # a plain indexing counts from the end
        raise NotProvided("not provided: a class that is ignored")
    with pytest.raises(REFUSALS):
        CrossEntropyLoss()(grid(3, 5), torch.tensor([0, target, 1]))


# The gradient


@pytest.mark.claim("3.2.9")
@given(labelled())
def test_the_gradient_is_softmax_minus_target_over_n(CrossEntropyLoss, case):
    expected = (torch.softmax(case.x, dim=1) - certain(case)) / case.target.numel()
    assert_close("the gradient", pull(CrossEntropyLoss(), case.x, case.target), expected)


@pytest.mark.claim("3.2.9")
@pytest.mark.parametrize("limit", [1e-30, 1e-8, 1e-3, 0.03, 0.3, 3.0, 30.0])
def test_logits_of_any_magnitude_have_the_right_loss_and_gradient(CrossEntropyLoss, limit):
    for shape, dtype in itertools.product(inside([(2, 3), (5, 7), (2, 3, 5)]), FULL):
        _, target = problem(CrossEntropyLoss, *shape)
        x = grid(*shape, limit=limit).to(dtype)
        loss, got = CrossEntropyLoss()(x, target), pull(CrossEntropyLoss(), x, target)
        assert_close(f"{dtype}: the loss", loss, cross_entropy(x.double(), target))
        expected = torch.softmax(x.double(), dim=1) - in_numbers(x, target)
        assert_close(f"{dtype}: the gradient", got, expected / target.numel())


@pytest.mark.claim("3.2.9")
@given(labelled(ignored=(-100, 0)), smoothings, reductions)
def test_options_weigh_the_gradient_of_classes(CrossEntropyLoss, case, smoothing, reduction):
    case = case._replace(weight=case.weight + 0.125)
    case, smoothing, options = with_all_it_takes(CrossEntropyLoss, case, smoothing)
    assume(reduction != "mean" or divisor_of_the_mean(case))
    function = reducing(CrossEntropyLoss, reduction, **options)
    cotangent, counts = incoming(case, reduction)
    expected = counts.unsqueeze(1) * slopes_of_rows(case, smoothing)
    assert_close("the gradient", pull(function, case.x, case.target, cotangent), expected)


@pytest.mark.claim("3.2.9")
@given(shared(), smoothings, reductions)
def test_options_weigh_the_gradient_of_probabilities(CrossEntropyLoss, case, smoothing, reduction):
    takes_probabilities(CrossEntropyLoss)
    case, smoothing, options = with_all_it_takes(CrossEntropyLoss, case, smoothing)
    function = reducing(CrossEntropyLoss, reduction, **options)
    cotangent, counts = incoming(case, reduction)
    expected = counts.unsqueeze(1) * slopes_of_rows(case, smoothing)
    assert_close("the gradient", pull(function, case.x, case.target, cotangent), expected)


@pytest.mark.claim("3.2.6")
@given(labelled(limit=8), st.sampled_from([1.0, 1e300]), reductions)
def test_an_ignored_row_gets_no_gradient_and_changes_none(CrossEntropyLoss, case, scale, reduction):
    function, (x, target) = reducing(CrossEntropyLoss, reduction, ignore_index=-1), case[:2]
    scale = min(scale, torch.finfo(x.dtype).max / 64)
    more, with_more = torch.cat([x, x * scale]), torch.cat([target, torch.full_like(target, -1)])
    cotangent = grid(*with_more.shape) if reduction == "none" else torch.tensor(1.0)
    fewer = cotangent[: len(x)] if reduction == "none" else cotangent
    expected = pull(function, x, target, fewer)
    got = pull(function, more, with_more, cotangent)
    assert_close("the gradient", got, torch.cat([expected, torch.zeros_like(x)]))


@pytest.mark.claim("3.0.1")
@given(shared())
def test_it_is_least_where_the_probabilities_are_the_target(CrossEntropyLoss, case):
    takes_probabilities(CrossEntropyLoss)
    share = (case.target + 1 / 64) / (1 + case.x.shape[1] / 64)
    least, other = CrossEntropyLoss()(share.log(), share), CrossEntropyLoss()(case.x, share)
    allowed = 4 * tolerance(case.x.dtype)
    assert other >= least - allowed, f"{least} at the target, {other} elsewhere"
    slopes = pull(CrossEntropyLoss(), share.log(), share)
    assert_close("the gradient at the target", slopes, torch.zeros_like(case.x))


@pytest.mark.claim("3.0.1")
@given(st.lists(st.tuples(st.integers(1, 5), eighths(limit=8)), min_size=1, max_size=5))
def test_for_equal_rows_it_is_least_where_the_probabilities_are_the_fractions_of_the_classes(
    CrossEntropyLoss, pairs
):
    counts, row = (exact(numbers) for numbers in zip(*pairs, strict=True))
    target = torch.arange(len(counts)).repeat_interleave(counts.long())
    at_shares = counts.div(len(target)).log()
    least, other = (CrossEntropyLoss()(x.expand(len(target), -1), target) for x in (at_shares, row))
    assert other >= least - tolerance(row.dtype), f"{least} at the fractions, {other} elsewhere"
    slopes = pull(CrossEntropyLoss(), at_shares.repeat(len(target), 1), target)
    assert_close("their gradients, added up", slopes.sum(dim=0), torch.zeros_like(row))


# Where right formulas go wrong


@pytest.mark.claim("3.2.14")
@given(st.integers(2, 9), st.floats(0, 30))
def test_where_it_is_sure_and_wrong_it_pulls_hard_and_a_squared_error_does_not(
    CrossEntropyLoss, classes, lead
):
    x, target = torch.zeros(1, classes, dtype=widest()), torch.tensor([1])
    x[0, 0] = lead  # so far ahead of the right class
    right = F.one_hot(target, classes)
    squared = pull(lambda x, _: (torch.softmax(x, dim=1) - right).square().sum(), x, target).norm()
    # the gradient passes the slope of the softmax, at most twice what is not the largest
    assert squared <= 6 * (classes - 1) * math.exp(-lead) + tolerance(x.dtype), f"{squared}"
    assert pull(CrossEntropyLoss(), x, target).norm() >= 0.5, "but from logits it does not die"


@pytest.mark.claim("3.2.10")
@given(labelled(limit=8), dtypes)
def test_huge_logits_stay_exact(CrossEntropyLoss, case, dtype):
    huge = (case.x * 1250).to(dtype)  # up to 10,000
    expected = cross_entropy(huge.double(), case.target)
    # In float16 the sum of many such losses, on the way to their mean, is infinite.
    assume(expected * case.target.numel() < torch.finfo(dtype).max)
    assert_close("the loss", CrossEntropyLoss()(huge, case.target), expected)
    expected = (torch.softmax(huge.double(), dim=1) - certain(case)) / case.target.numel()
    assert_close("the gradient", pull(CrossEntropyLoss(), huge, case.target), expected)


@pytest.mark.claim("3.2.10")
@given(labelled(limit=8), dtypes)
def test_logits_near_the_largest_number_of_the_dtype_stay_finite(CrossEntropyLoss, case, dtype):
    huge = case.x.to(dtype) * (torch.finfo(dtype).max / 512)
    loss, got = CrossEntropyLoss()(huge, case.target), pull(CrossEntropyLoss(), huge, case.target)
    assert loss.isfinite(), f"the loss is {loss}"
    assert got.isfinite().all(), f"the gradient is {got.tolist()}"


@pytest.mark.claim("3.2.10")
def test_a_difference_beyond_the_largest_number_of_the_dtype_is_an_infinite_loss(CrossEntropyLoss):
    for dtype in DTYPES:
        x = torch.tensor([[0.625, -0.625]], dtype=dtype) * torch.finfo(dtype).max
        loss = CrossEntropyLoss()(x, torch.tensor([1]))
        assert loss == torch.inf, f"the loss of {x.tolist()} in {dtype} is {loss}"


@pytest.mark.claim("3.2.10")
def test_a_right_class_that_is_excluded_is_an_infinite_loss(CrossEntropyLoss):
    for dtype in DTYPES:
        loss = CrossEntropyLoss()(torch.tensor([[-torch.inf, 0]], dtype=dtype), torch.tensor([0]))
        assert loss == torch.inf, f"the loss in {dtype} is {loss}"


@pytest.mark.claim("3.2.1")
def test_no_loss_of_any_logit_is_below_0(CrossEntropyLoss):
    for dtype, y in itertools.product(DTYPES, (0, 1)):
        line = whole_line(dtype)[::17]
        x = torch.stack([line, torch.zeros_like(line)], dim=1)[line.isfinite()]
        least = unreduced(CrossEntropyLoss)(x, torch.full((len(x),), y)).min()
        assert least >= 0, f"in {dtype} the loss is {least.item():.17g} somewhere"


@pytest.mark.claim("3.2.10")
@given(labelled(limit=1000))
def test_rows_do_not_know_of_each_other(CrossEntropyLoss, case):
    function, (x, target) = unreduced(CrossEntropyLoss), case[:2]
    together = torch.cat([x.flip(1) + 5000, x]), torch.cat([target, target])
    assert_close("the losses", function(*together)[len(x) :], function(x, target))


@pytest.mark.claim("3.2.10")
@given(labelled(), dtypes, st.booleans())
def test_a_class_with_a_logit_of_minus_infinity_changes_nothing(
    CrossEntropyLoss, case, dtype, first
):
    x, target = case.x.to(dtype), case.target
    excluded = torch.full_like(x[:, :1], -torch.inf)
    masked = torch.cat([excluded, x] if first else [x, excluded], dim=1)
    expected = CrossEntropyLoss()(x, target).double()
    assert_close("the loss", CrossEntropyLoss()(masked, target + first), expected)
    got, rest = (
        pull(CrossEntropyLoss(), masked, target + first),
        pull(CrossEntropyLoss(), x, target),
    )
    none = torch.zeros_like(excluded)
    assert_close("the gradient", got, torch.cat([none, rest] if first else [rest, none], dim=1))


@pytest.mark.claim("3.2.10")
@pytest.mark.parametrize("classes", [1, 2, 10, 17, 65, 1000, 1025, 4099, 70_001])
def test_equal_logits_of_any_number_of_classes_cost_its_logarithm(CrossEntropyLoss, classes):
    target = torch.tensor([0, classes - 1, classes // 2])
    for dtype in [dtype for dtype in DTYPES if classes < torch.finfo(dtype).max]:
        came = CrossEntropyLoss()(torch.zeros(3, classes, dtype=dtype), target)
        assert_close(f"the loss of {classes} equal logits", came, exact(math.log(classes)))
    x = grid(3, classes)
    expected = cross_entropy(x, target)
    assert_close(f"the loss of {classes} logits", CrossEntropyLoss()(x, target), expected)
    expected = (torch.softmax(x.double(), dim=1) - F.one_hot(target, classes)) / 3
    assert_close("its gradient", pull(CrossEntropyLoss(), x, target), expected)


@pytest.mark.claim("3.2.10")
@pytest.mark.parametrize("classes", [130, 1100, 4100])  # of blocks of 64, 128, ..., a few more
def test_among_many_classes_the_largest_logit_and_the_masked_ones_may_stand_anywhere(
    CrossEntropyLoss, classes
):
    for at, dtype in itertools.product((0, classes // 2, classes - 1), DTYPES):
        for words, low in ("lower", -2.0), ("minus infinity", -torch.inf):
            x = torch.full((1, classes), low, dtype=dtype)
            x[0, at] = 5
            came = unreduced(CrossEntropyLoss)(x, torch.tensor([at]))
            expected = -torch.log_softmax(x.double(), dim=1)[:, at]
            # Who adds up class by class in float32 rounds as often.
            share = tolerance(dtype) + rounding(dtype, classes if dtype.itemsize > 2 else 0)
            allowed = share * expected.clamp(min=1)
            assert_within(f"{dtype}, the largest at {at}, others {words}", came, expected, allowed)


FAR = (-1000, -95, 1000)  # exp has few digits left of the nearer ones, and nothing of the others


@pytest.mark.claim("3.2.10")
@pytest.mark.parametrize("classes", [3, 67, 1031, 4099])
def test_the_logits_of_any_number_of_classes_may_lie_far_from_0(CrossEntropyLoss, classes):
    target = torch.tensor([classes // 2, classes - 1])
    for far, dtype, start in itertools.product(FAR, DTYPES, (0, classes // 2, -2)):
        x = grid(2, classes).to(dtype)
        x[0, start:] += far  # all of a row, half or the end; the other one lies around 0
        expected = F.cross_entropy(x.double(), target)
        slopes = (torch.softmax(x.double(), dim=1) - F.one_hot(target, classes)) / 2
        share = tolerance(dtype) + rounding(dtype, 8 * abs(far) + classes)
        words, came = f"{dtype}, around {far} from {start} on", CrossEntropyLoss()(x, target)
        assert_within(words, came, expected, share * max(1, expected.item()))
        assert_within(f"{words}: the gradient", pull(CrossEntropyLoss(), x, target), slopes, share)


@pytest.mark.claim("3.2.7")
def test_smoothings_that_are_nearly_alike_are_told_apart(CrossEntropyLoss):
    near = (0.1, 0.1 + 2**-6, 0.1 + 2**-12, 0.1 + 2**-20, 0.1 + 2**-33, 0.0)
    for smoothing, reduction in itertools.product(
        (*near, *near[::-1]), reductions_of(CrossEntropyLoss)
    ):
        x, target = problem(CrossEntropyLoss, 5, 3)
        function = reducing(CrossEntropyLoss, reduction, label_smoothing=smoothing)
        expected = cross_entropy(x, target, reduction, smoothing=smoothing)
        assert_close(f"a smoothing of {smoothing} ({reduction})", function(x, target), expected)


@pytest.mark.claim("3.0.5")
def test_in_float16_pytorch_counts_more_targets_than_65519_as_infinitely_many():
    for count, expected in ((65_000, math.log(2)), (66_000, 0.0)):
        x, target = torch.zeros(count, 2, dtype=torch.float16), torch.zeros(count).long()
        assert_close(f"the mean of {count}", F.cross_entropy(x, target), exact(expected))


@pytest.mark.claim("3.2.5")
@given(labelled(limit=8, ignored=(0,)), dtypes, smoothings, reductions)
def test_with_options_lower_precision_costs_only_rounding(
    CrossEntropyLoss, case, dtype, smoothing, reduction
):
    case = case._replace(x=case.x.to(dtype), weight=(case.weight + 0.125).to(dtype))
    case, smoothing, options = with_all_it_takes(CrossEntropyLoss, case, smoothing)
    came = reducing(CrossEntropyLoss, reduction, **options)(case.x, case.target)
    assert came.dtype == dtype, f"asked in {dtype}, came in {came.dtype}"
    expected = cross_entropy(*case[:2], reduction, *case[2:], smoothing)
    assert_close(f"the loss in {dtype}", came, expected)


@pytest.mark.claim("3.2.8")
@given(shared(limit=8), dtypes, smoothings, reductions)
def test_with_probabilities_lower_precision_costs_only_rounding(
    CrossEntropyLoss, case, dtype, smoothing, reduction
):
    takes_probabilities(CrossEntropyLoss)
    case = case._make(part.to(dtype) for part in case)
    case, smoothing, options = with_all_it_takes(CrossEntropyLoss, case, smoothing)
    came = reducing(CrossEntropyLoss, reduction, **options)(*case[:2])
    assert came.dtype == dtype, f"asked in {dtype}, came in {came.dtype}"
    expected = reduced((smoothed(case, smoothing) * surprises(case.x)).sum(dim=1), reduction)
    assert_close(f"the loss in {dtype}", came, expected)


@pytest.mark.claim("3.0.3")
def test_with_options_a_used_loss_is_as_good_as_a_new_one(CrossEntropyLoss):
    given = {"weight": exact([0.5, 2, 0, 0.25, 4]), "label_smoothing": 0.25}
    options = {name: value for name, value in given.items() if takes(CrossEntropyLoss, name)}
    used = reducing(CrossEntropyLoss, "mean", **options)
    for shape in inside([(4, 5), (3, 5, 2), (1, 5), (4, 5)]):
        x, target = grid(*shape), torch.full((shape[0], *shape[2:]), 3)
        expected = CrossEntropyLoss(**options)(x, target)
        assert_close(f"the loss of shape {shape}", used(x, target), expected)
        enter(used, "eval")
        assert_close(f"the loss of shape {shape} after .eval()", used(x, target), expected)


@pytest.mark.claim("3.0.4")
@given(shared(limit=8))
def test_targets_that_require_gradients_get_minus_the_logs(CrossEntropyLoss, case):
    takes_probabilities(CrossEntropyLoss)
    came = pull_on_target(CrossEntropyLoss(), case.x, case.target)
    expected = surprises(case.x) / case.x[:, 0].numel()
    # A target of 0 may be masked, lest it meets a logarithm of -inf: it then learns nothing.
    learns = case.target > 0
    assert_close("the gradient of the target", came.where(learns, 0), expected.where(learns, 0))


@pytest.mark.claim("3.0.3")
def test_the_place_of_probabilities_in_memory_changes_nothing(CrossEntropyLoss):
    takes_probabilities(CrossEntropyLoss)
    shapes = inside([(4, 4), (3, 5), (2, 3, 5, 7)])
    for (name, layout), shape in itertools.product(LAYOUTS.items(), shapes):
        x, share = grid(*shape), layout(torch.softmax(grid(*shape).flip(0), dim=1))
        copy = share.clone(memory_format=torch.contiguous_format)
        expected = CrossEntropyLoss()(x, copy)
        assert_close(f"{name}, shape {shape}", CrossEntropyLoss()(x, share), expected)
        expected = pull(CrossEntropyLoss(), x, copy)
        got = pull(CrossEntropyLoss(), layout(x) if name != "expanded" else x, share)
        assert_close(f"{name}, shape {shape}: the gradient", got, expected)


@pytest.mark.claim("3.0.3")
@pytest.mark.parametrize("options", [(), ("weight",), OPTIONS], ids=str)
def test_what_was_given_is_left_as_it_was(CrossEntropyLoss, options):
    weight, x = exact([0.5, 2, 1, 0.25, 4]), grid(3, 5)
    given = {"weight": weight, "label_smoothing": 0.25}
    function = reducing(CrossEntropyLoss, "mean", **{name: given[name] for name in options})
    for target in (torch.tensor([0, 4, 2]), torch.tensor([0, -100, 2]), torch.full_like(x, 0.2)):
        with first_use("such targets"):
            before, first = target.clone(), function(x, target)
        assert weight.tolist() == [0.5, 2, 1, 0.25, 4], f"the weights are now {weight.tolist()}"
        assert_close("called again", function(x, target), first)
        assert torch.equal(target, before), f"the target was {before}, now {target}"


@pytest.mark.claim("3.2.1")
@given(labelled(limit=1000))
def test_the_values_are_those_of_pytorch(CrossEntropyLoss, case):
    expected = F.cross_entropy(case.x, case.target)
    assert_close("the loss", CrossEntropyLoss()(case.x, case.target), expected)
