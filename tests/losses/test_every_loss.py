"""What every loss owes its caller, whatever it computes.

It is a function of the numbers alone, and so is its gradient; it reduces as it is told; it is
least where prediction and target meet; and a small step against its gradient lowers it.
"""

import copy
import itertools
import math
from functools import partial

import pytest
import torch
from torch import Tensor

from sums_to_one.tests.common import layouts
from sums_to_one.tests.common.closeness import (
    assert_close,
    assert_unbiased,
    assert_within,
    rounding,
    tolerance,
)
from sums_to_one.tests.common.gradients import (
    by_differences,
    curve_of_the_sum,
    gradient,
    gradient_of,
    jacobian,
    second_gradients,
)
from sums_to_one.tests.common.inputs import DTYPES, grid
from sums_to_one.tests.common.limits import DTYPES as ALL_DTYPES
from sums_to_one.tests.common.limits import inside, widest
from sums_to_one.tests.common.options import feature, needs, option
from sums_to_one.tests.common.refusals import REFUSALS
from sums_to_one.tests.common.surroundings import assert_torch_is_left_alone
from sums_to_one.tests.common.unseen import (
    assert_unseen_numbers_count,
    assert_unseen_numbers_count_for_the_gradient,
)
from sums_to_one.tests.losses.problems import (
    exactly,
    first_use,
    formula,
    in_numbers,
    laid_out,
    of_a_row,
    problem,
    problems,
    reducing,
    reductions_of,
    shown,
    takes,
    unreduced,
)
from sums_to_one.tests.losses.reduction import enter, pull, pull_on_target, reduced

FEW = [
    (1, 2),
    (1, 3),
    (2, 2),
    (3, 2),
    (2, 3),
    (1, 2, 2),
    (1, 2, 1, 2),
]  # for differences, which move every number
# Each dimension in turn is longer than blocks of 8, 16, 32, 64, ..., and leaves an odd rest.
LONG = [(2, 17), (3, 67), (2, 1031), (2, 4099), (37, 2), (2, 37, 3), (2, 3, 67), (3, 5, 2, 131)]
# Rows of 3 numbers, of which the sum in float16 ends above 65,504. There PyTorch's own loss of
# classes is infinite, and the others' is not.
MOST = {"CrossEntropyLoss": 22_003}
LOUD = 2.0**15  # an incoming gradient that float16 still has
# Rows: more than a block, than 65,535; and more than 2^18 and than 2^20 numbers.
LARGE = [*((n, 4) for n in (1, 5, 16, 17, 33, 65, 129, 511, 1025, 66_049)), (4097, 257)]


@pytest.mark.claim("3.0.2")
def test_the_mean_and_the_sum_are_those_of_the_losses(loss):
    batches = [(1, 2), (3, 5), (7, 3), (2, 3, 5), (3, 2, 5, 7)]
    for shape, dtype in itertools.product(inside(batches), DTYPES):
        x, target = problem(loss, *shape, dtype=dtype)
        each = unreduced(loss)(x, target).double()
        for name in [name for name in reductions_of(loss) if name != "none"]:
            came = reducing(loss, name)(x, target)
            assert_close(f"{dtype}, {shape}: the {name}", came, reduced(each, name))
        assert_close(f"{dtype}, {shape}: without being told", loss()(x, target), each.mean())


@pytest.mark.claim("3.0.2")
@pytest.mark.parametrize("name", ["average", "Mean", "", "none_"])
def test_a_reduction_that_there_is_not_is_refused(loss, name):
    option(loss, "reduction")
    with pytest.raises(REFUSALS):
        loss(reduction=name)(*problem(loss, 3, 5))


@pytest.mark.claim("3.0.2")
def test_shape_and_dtype_are_those_of_the_targets_or_of_one_number(loss):
    shapes = [(1, 2), (3, 5), (5, 1), (2, 3, 5), (3, 2, 5, 7)]
    for reduction, x, target in problems(loss, shapes, DTYPES):
        came = reducing(loss, reduction)(x, target)
        expected = target.shape if reduction == "none" else ()
        assert (came.shape, came.dtype) == (expected, x.dtype)
        slopes = pull(reducing(loss, reduction), x, target)
        assert (slopes.shape, slopes.dtype) == (x.shape, x.dtype)


@pytest.mark.claim("3.0.2")
def test_every_row_has_a_loss_of_its_own(loss):
    shapes = [(7, 3), (3, 5), (5, 1), (3, 1, 2), (3, 2, 5), (2, 3, 5, 7)]
    for reduction, x, target in problems(loss, shapes):
        each, rows = reducing(loss, reduction), zip(x.split(1), target.split(1), strict=True)
        alone = torch.stack([each(*row) for row in rows]).double()
        expected = alone.flatten(0, 1) if reduction == "none" else reduced(alone, reduction)
        assert_close(f"shape {tuple(x.shape)}", each(x, target), expected)


@pytest.mark.claim("3.0.2")
@pytest.mark.parametrize("shape", LONG, ids=str)
def test_in_any_dimension_a_long_batch_has_the_losses_and_the_gradient_of_the_formula(loss, shape):
    for reduction, x, target in problems(loss, [shape], inside(ALL_DTYPES[:2])):
        of_x, due = reducing(loss, reduction), formula(loss, x, target)
        assert_close(f"{x.dtype} ({reduction})", of_x(x, target), reduced(due, reduction))
        each = x.numel() if reduction == "mean" else 1  # of which each has so small a share
        incoming = grid(*reduced(due, reduction).shape, limit=2)
        came = pull(of_x, x, target, incoming) * each
        of_formula = lambda x, y=target, r=reduction: reduced(formula(loss, x, y), r)  # noqa: E731
        expected = gradient(of_formula, x.double(), incoming.double()) * each
        assert_close(f"{x.dtype}: the gradient ({reduction})", came, expected)


@pytest.mark.claim("3.0.8")
def test_the_mean_of_the_means_of_unequal_parts_is_not_the_mean(loss):
    x, target = problem(loss, 7, 3)
    whole, *parts = (loss()(x[rows], target[rows]) for rows in (slice(7), slice(6), slice(6, 7)))
    mean_of_means = ((parts[0] + parts[1]) / 2).item()
    assert abs(mean_of_means - whole.item()) > 1e-3, f"{whole} is the mean, and {mean_of_means} too"
    assert_close("the sum of means times sizes, by 7", (parts[0] * 6 + parts[1]) / 7, whole)


def assert_added_up(sentence: str, came: Tensor, expected: Tensor, rows: int) -> None:
    """It is right but for what rounding costs who adds up row by row, in the dtype of the rows."""
    __tracebackhide__ = True
    share = tolerance(came.dtype) + rounding(came.dtype, rows)
    assert_within(sentence, came, expected, share * expected.abs().clamp(min=1))


@pytest.mark.claim("3.0.2")
def test_a_large_batch_is_treated_as_its_parts(loss):
    for rows, columns in LARGE:
        x, target = problem(loss, rows, columns)
        parts = zip(x.split(max(3, rows // 99)), target.split(max(3, rows // 99)), strict=True)
        sums = [loss()(*part).double() * len(part[0]) for part in parts]
        expected = torch.stack(sums).sum() / rows
        assert_added_up(f"the mean of {rows} rows of {columns}", loss()(x, target), expected, rows)
        last = pull(loss(), x[-3:].clone(), target[-3:].clone()).double() * len(x[-3:])
        got = pull(loss(), x, target)[-3:] * rows
        assert_close(f"the gradient of the last of {rows} rows", got, last)


@pytest.mark.claim("3.0.2")
def test_the_losses_and_the_sum_of_a_large_batch_are_those_of_its_rows(loss):
    x, target = problem(loss, 66_049, 4)
    each = unreduced(loss)
    few, got = each(x[-3:].clone(), target[-3:].clone()).double(), each(x, target)
    assert_close(f"the last losses of {len(x)} rows", got[-3:], few)
    came = {name: reducing(loss, name)(x, target) / len(x) for name in reductions_of(loss)}
    expected = reduced(got.double(), "sum") / len(x)
    total = came.get("sum", expected)
    assert_added_up(f"the sum of {len(x)} rows, by their number", total, expected, len(x))


@pytest.mark.claim("3.0.2", "3.0.5")
def test_every_row_of_a_large_batch_in_16_bits_costs_only_rounding(loss):
    for dtype in inside(ALL_DTYPES[2:]):
        x, target = problem(loss, 66_049, 4, dtype=dtype)
        expected = unreduced(loss)(x.to(widest()), exactly(target)).double()
        assert_close(f"the losses in {dtype}", unreduced(loss)(x, target), expected)


@pytest.mark.claim("3.0.2")
def test_long_sums_keep_their_digits(loss):
    for dtype in inside(ALL_DTYPES[2:]):
        x, target = problem(loss, 1, 3, dtype=dtype)
        expected = loss()(x, target).double()
        for count in (4099, MOST.get(loss.name, 36_007)):
            rows = x.expand(count, 3), target.expand(count, *target.shape[1:])
            assert_close(f"{dtype}: the mean of {count} equal rows", loss()(*rows), expected)
            # An incoming gradient that is large makes each of them a number that 16 bits have.
            got, share = pull(loss(), *rows, LOUD), LOUD / count
            slopes = (pull(loss(), x.to(widest()), exactly(target)).double() * share).expand_as(got)
            assert_close(f"{dtype}: its gradient, {LOUD} coming in", got, slopes)


@pytest.mark.claim("3.0.2")
def test_no_examples_have_a_sum_of_0_and_no_mean(loss):
    for dtype in DTYPES:
        x, target = (part[:0].clone() for part in problem(loss, 3, 5, dtype=dtype))
        expected = {"none": target.double(), "mean": math.nan, "sum": 0.0}
        for reduction in reductions_of(loss):
            came = reducing(loss, reduction)(x, target)
            assert_close(f"without examples ({reduction})", came, expected[reduction])


@pytest.mark.claim("3.0.3")
def test_the_place_in_memory_changes_nothing(loss):
    shapes = inside([(4, 4), (3, 5), (37, 3), (2, 37, 3, 5)])
    for dtype, shape, reduction in itertools.product(DTYPES, shapes, reductions_of(loss)):
        copies, function = problem(loss, *shape, dtype=dtype), reducing(loss, reduction)
        expected = function(*copies).double()
        incoming = grid(*expected.shape, limit=2).to(dtype)
        slopes = pull(function, *copies, incoming).double()
        for words, x, target in laid_out(*copies):
            what = f"{dtype} of shape {shape}, {words} ({reduction})"
            assert_close(what, function(x, target), expected)
            assert_close(f"{what}: the gradient", pull(function, x, target, incoming), slopes)


@pytest.mark.claim("3.0.3")
def test_the_place_of_the_incoming_gradient_in_memory_changes_nothing(loss):
    function = unreduced(loss)
    for shape, dtype in itertools.product(inside([(4, 4), (3, 5), (37, 3), (2, 37, 3, 5)]), DTYPES):
        x, target = problem(loss, *shape, dtype=dtype)
        of_x = partial(_of, function, target)
        for words, incoming in layouts.combined(grid(*of_x(x).shape, limit=2).to(dtype)):
            expected = pull(function, x, target, layouts.copy(incoming)).double()
            came = gradient_of(of_x, x, incoming)
            assert_close(f"{dtype}, {shape}, the incoming gradient {words}", came, expected)


def _of(function, target: Tensor, x: Tensor) -> Tensor:
    return function(x, target)


@pytest.mark.claim("3.0.3")
def test_the_place_of_the_target_in_memory_changes_nothing(loss):
    for reduction, x, target in problems(loss, [(4, 4), (5, 3), (4, 4, 4), (2, 3, 5, 7)], DTYPES):
        expected = reducing(loss, reduction)(x, target).double()
        wide = torch.stack([target, target.roll(1)], dim=-1)
        turned = target.transpose(0, -1).clone(memory_format=torch.contiguous_format)
        for view in (wide[..., 0], turned.transpose(0, -1)):
            came = reducing(loss, reduction)(x, view)
            assert_close(f"{x.dtype}, {tuple(x.shape)}", came, expected)


@pytest.mark.claim("3.0.3")
def test_input_and_target_are_left_as_they_were(loss):
    for reduction, x, target in problems(loss, [(3, 5)]):
        before = x.clone(), target.clone()
        reducing(loss, reduction)(x.requires_grad_(), target).sum().backward()
        with torch.no_grad():
            reducing(loss, reduction)(x, target).add_(1)  # nor is what comes a view of them
        assert torch.equal(x.detach(), before[0]), f"the input was {before[0]}, now {x}"
        assert torch.equal(target, before[1]), f"the target was {before[1]}, now {target}"


@pytest.mark.claim("3.0.3")
def test_nothing_is_remembered_from_earlier_calls(loss):
    for reduction, x, target in problems(loss, [(3, 5)]):
        alone, used = reducing(loss, reduction)(x, target), reducing(loss, reduction)
        for other, *pair in problems(loss, [(7, 2), (3, 5), (1, 5), (3, 5, 2)]):
            reducing(loss, other)(*pair)
            used(pair[0].flip(0), pair[1])
        assert_close(f"called again ({reduction})", used(x, target), alone)
        assert_close(f"and again ({reduction})", used(x, target), alone)
        places = x.flip(0) * 0.75, target.clone().flip(0)
        used(*places)
        for place, numbers in zip(places, (x, target), strict=True):
            place.copy_(numbers)  # the same tensors in the same places, with other numbers
        assert_close(f"with other numbers in the same places ({reduction})", used(*places), alone)
        assert_close(f"by a copy ({reduction})", copy.deepcopy(used)(x, target), alone)


@pytest.mark.claim("3.0.3")
def test_numbers_that_are_written_unseen_by_autograd_count(loss):
    for reduction, x, target in problems(loss, [(3, 5), (2, 3, 5)]):
        function, both = reducing(loss, reduction), (x, x.flip(0) * 0.75)
        along = partial(_of, function, target)
        assert_unseen_numbers_count(f"the loss of an input ({reduction})", along, *both)
        assert_unseen_numbers_count_for_the_gradient(f"its gradient ({reduction})", along, *both)
        along, both = partial(function, x), (target, target.flip(0))
        with first_use("a target that learns"):
            along(target.clone().requires_grad_(target.is_floating_point()))
        assert_unseen_numbers_count(f"the loss of a target ({reduction})", along, *both)


@pytest.mark.claim("3.0.3")
def test_the_state_of_torch_is_left_as_it_was(loss):
    x, target = problem(loss, 3, 5)
    assert_torch_is_left_alone(lambda: loss()(x.clone().requires_grad_(), target))


@pytest.mark.claim("3.0.3")
def test_asking_for_gradients_changes_no_value(loss):
    for reduction, x, target in problems(loss, [(5, 7)], DTYPES):
        recorded = reducing(loss, reduction)(x.clone().requires_grad_(), target)
        plain = reducing(loss, reduction)(x, target)
        asked = recorded.requires_grad, plain.requires_grad
        assert asked == (True, False), "whether there is a gradient to come"
        assert_close(f"while gradients are recorded ({reduction})", recorded, plain.double())
        for mode in (torch.no_grad, torch.inference_mode):
            with mode():
                came = reducing(loss, reduction)(x.clone().requires_grad_(), target)
            assert not came.requires_grad, f"in {mode.__name__} gradients are recorded"
            assert_close(f"in {mode.__name__} ({reduction})", came.clone(), plain.double())


@pytest.mark.claim("3.0.3")
def test_a_target_that_learns_changes_no_value(loss):
    for reduction, x, target in problems(loss, [(3, 5)]):
        function, numbers = reducing(loss, reduction), in_numbers(x, target)
        learns = numbers.clone().requires_grad_()
        with first_use("a target that learns"):
            came = function(x.clone().requires_grad_(), learns)
        assert_close(f"the loss ({reduction})", came, function(x, numbers).double())
        got, expected = pull(function, x, learns), pull(function, x, numbers).double()
        assert_close(f"the gradient ({reduction})", got, expected)


@pytest.mark.claim("3.0.4")
def test_a_target_that_learns_alone_gets_the_gradient_that_it_gets_beside_the_input(loss):
    for reduction, x, target in problems(loss, [(3, 5)]):
        function, numbers = reducing(loss, reduction), in_numbers(x, target)
        with first_use("a target that learns"):
            function(x.clone().requires_grad_(), numbers.clone().requires_grad_())
        incoming = grid(*function(x, target).shape, limit=2)
        expected = pull_on_target(
            lambda *pair, f=function, i=incoming: (f(*pair) * i).sum(), x, numbers
        )
        came = gradient(lambda y, f=function, x=x: f(x, y), numbers, incoming)
        assert_close(f"the gradient of the target alone ({reduction})", came, expected.double())


@pytest.mark.claim("3.0.3")
def test_to_evaluate_or_to_train_makes_no_difference(loss):
    (x, target), function = problem(loss, 3, 5), loss()
    expected, slopes = function(x, target), pull(function, x, target)
    for mode in ("eval", "train"):
        enter(function, mode)
        assert_close(f"the loss after .{mode}()", function(x, target), expected)
        assert_close(f"the gradient after .{mode}()", pull(function, x, target), slopes)


@pytest.mark.claim("3.0.3")
def test_what_is_loaded_counts(loss):
    x, target = problem(loss, 7, 5)
    for names in [(), *((name,) for name in ("weight", "pos_weight") if takes(loss, name))]:
        one, other = (loss(**dict.fromkeys(names, grid(5, limit=n).abs() + 0.5)) for n in (2, 3))
        needs(one, "state_dict", "load_state_dict")
        before, expected = other(x, target), one(x, target)
        assert not names or not torch.equal(before, expected), "the two must differ"
        other.load_state_dict(one.state_dict())
        expected = expected if one.state_dict() else before  # weights need not be saved
        assert_close(f"the loss with other {names}", other(x, target), expected)


@pytest.mark.claim("3.0.3")
@pytest.mark.parametrize("name", ["weight", "pos_weight"])
def test_a_loss_that_is_converted_to_float64_goes_on_with_its_weights(loss, name):
    (dtype,), weight = inside((torch.float64,)), torch.tensor([0.5, 2, 1, 0.25, 4])
    x, target = problem(loss, 7, 5, dtype=dtype)
    for method, arguments in (("to", (dtype,)), ("double", ())):
        with feature("weights in float32"):
            made = reducing(loss, "mean", **{name: weight.clone()})
        needs(made, method)
        with feature("conversion to a dtype"):
            converted = getattr(made, method)(*arguments)
        came = converted(x, target)
        expected = reducing(loss, "mean", **{name: weight.to(dtype)})(x, target)
        assert_close(f"after .{method}(), with {name}", came, expected)


@pytest.mark.claim("3.0.3")
def test_nan_is_not_hidden(loss):
    for dtype in DTYPES:
        x, target = problem(loss, 3, 5, dtype=dtype)
        x[1, 2] = torch.nan
        came = {name: shown(loss, name, x, target) for name in reductions_of(loss)}
        each = came.pop("none", x)
        assert each[1].isnan().any(), f"NaN became {each[1].tolist()}"
        assert not each[0].isnan().any(), f"beside NaN there is {each[0].tolist()}"
        for name, number in came.items():
            assert number.isnan(), f"the {name} with NaN is {number}"


@pytest.mark.claim("3.0.4")
def test_the_gradient_is_the_limit_of_differences(loss):
    for reduction, shape in itertools.product(reductions_of(loss), inside(FEW)):
        function, x = of_a_row(loss, reduction, shape)
        cotangent = grid(len(function(x)), limit=2)
        expected = by_differences(function, x, cotangent).double()
        assert_close(f"the gradient ({reduction})", gradient(function, x, cotangent), expected)


@pytest.mark.claim("3.0.4")
def test_the_gradient_can_be_differentiated_again(loss):
    for reduction, *case in itertools.product(reductions_of(loss), inside(FEW), (False, True)):
        function, x = of_a_row(loss, reduction, *case)
        cotangent, other = grid(len(function(x)), limit=2), grid(len(x), limit=3)
        by_x, by_cotangent = second_gradients(function, x, cotangent, other)
        if loss.name == "BCELoss":  # where torch adds 1e-12 to p (1 - p), which divides
            by_x, by_cotangent = by_x.float(), by_cotangent.float()
        expected = by_differences(partial(gradient, function, cotangent=cotangent), x, other)
        assert_close(f"the gradient of the gradient ({reduction})", by_x, expected)
        expected = other @ jacobian(function, x)
        assert_close(f"... by the incoming gradient ({reduction})", by_cotangent, expected)


@pytest.mark.claim("3.0.4")
def test_every_row_has_a_second_gradient_of_its_own(loss):
    dtypes = inside(ALL_DTYPES[:2])
    for reduction, x, target in problems(loss, [(7, 3), (3, 2, 5), (2, 3, 5, 7)], dtypes):
        function, exact, rows = reducing(loss, reduction), exactly(target), x.to(widest()).split(1)
        alone = [curve(function, row, y) for row, y in zip(rows, exact.split(1), strict=True)]
        expected = torch.cat(alone).double() / (len(x) if reduction == "mean" else 1)
        for words, *case in [("plain", x, target), *laid_out(x, target)]:
            came = curve(function, *case)
            came = came.float() if loss.name == "BCELoss" else came  # as above
            assert_close(f"{x.dtype}, {tuple(x.shape)}, {words} ({reduction})", came, expected)


def curve(function, x: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """By how much the gradient of the sum changes, on the way along x."""
    one = torch.ones_like(function(x, target), dtype=x.dtype)
    return second_gradients(lambda x: function(x, target), x, one, x)[0]


@pytest.mark.claim("3.0.4")
def test_the_gradient_of_a_plain_sum_can_be_differentiated_again(loss):
    for reduction, x, target in problems(loss, [(3, 5), (2, 3, 5)]):
        function, other = partial(_of, reducing(loss, reduction), target), grid(*x.shape).flip(0)
        ones = torch.ones_like(function(x))
        expected, _ = second_gradients(function, x, ones, other)
        came = curve_of_the_sum(function, x, other)
        assert_close(f"{tuple(x.shape)} ({reduction})", came, expected.double())


@pytest.mark.claim("3.0.4")
def test_a_plain_sum_has_the_gradient_of_a_sum_with_weights_of_1(loss):
    for reduction, x, target in problems(loss, [(3, 5)]):
        came = reducing(loss, reduction)(x.requires_grad_(), target)
        came.sum().backward()  # the incoming gradient is one number, seen many times
        expected = pull(reducing(loss, reduction), x, target, torch.ones_like(came))
        assert_close(f"the gradient ({reduction})", x.grad, expected)


@pytest.mark.claim("3.0.4")
def test_two_calls_keep_their_gradients_apart(loss):
    for function in [reducing(loss, reduction) for reduction in reductions_of(loss)]:
        asked = [problem(loss, 3, 5), problem(loss, 2, 7)]
        leaves = [x.clone().requires_grad_() for x, _ in asked]
        totals = [function(x, y).sum() for x, (_, y) in zip(leaves, asked, strict=True)]
        for total in totals:
            total.backward()
        for leaf, (x, target) in zip(leaves, asked, strict=True):
            assert_close("the gradient of each", leaf.grad, pull(function, x, target))


@pytest.mark.claim("3.0.4")
def test_gradients_of_two_backward_passes_add_up(loss):
    for reduction, x, target in problems(loss, [(3, 5)]):
        total = reducing(loss, reduction)(x.requires_grad_(), target).sum()
        with feature("retain_graph"):  # which a compiler may refuse
            total.backward(retain_graph=True)
        first = x.grad.clone()
        total.backward()
        assert_close(f"the sum of two gradients ({reduction})", x.grad, 2 * first)


@pytest.mark.claim("3.0.4")
def test_a_negative_gradient_that_comes_in_turns_the_gradient_around(loss):
    for reduction, x, target in problems(loss, [(7, 3), (2, 3, 5, 7)], inside(ALL_DTYPES[:2])):
        function = reducing(loss, reduction)
        incoming = grid(*function(x, target).shape, limit=2).abs()
        came = pull(function, x, target, -incoming)
        assert_close(f"the gradient ({reduction})", came, -pull(function, x, target, incoming))


@pytest.mark.claim("3.0.4")
def test_every_row_has_a_gradient_of_its_own(loss):
    for reduction, x, target in problems(loss, [(7, 3), (3, 2, 5), (2, 3, 5, 7)], DTYPES):
        function, exact = reducing(loss, reduction), exactly(target)
        came = pull(function, x, target)
        alone = [pull(function, x[[i]].to(widest()), exact[[i]]) for i in range(len(x))]
        expected = torch.cat(alone).double() / (len(x) if reduction == "mean" else 1)
        assert_close(f"{x.dtype}, {tuple(x.shape)}", came, expected)


@pytest.mark.claim("3.0.5")
def test_lower_precision_costs_only_rounding(loss):
    for reduction, x, target in problems(loss, [(3, 5), (7, 2), (2, 3, 5)], DTYPES):
        function, exact = reducing(loss, reduction), exactly(target)
        expected = function(x.to(widest()), exact).double()
        assert_close(f"in {x.dtype}", function(x, target), expected)
        expected = pull(function, x.to(widest()), exact).double()
        assert_close(f"the gradient in {x.dtype}", pull(function, x, target), expected)


@pytest.mark.claim("3.0.5")
def test_in_lower_precision_no_factor_is_wrong(loss):
    shapes = {(64, 8): 1, (4, 512): 4}  # and how many roundings may go one way
    for reduction, x, target in problems(loss, [*shapes], inside((torch.float16, torch.bfloat16))):
        function, exact, steps = reducing(loss, reduction), exactly(target), shapes[*x.shape]
        expected = pull(function, x.to(widest()), exact).double()
        case, came = f"in {x.dtype} ({reduction})", pull(function, x, target)
        assert_unbiased(f"the gradient {case}", came, expected, steps)
        if reduction == "none":
            expected = function(x.to(widest()), exact)
            assert_unbiased(f"the losses {case}", function(x, target), expected, steps)


@pytest.mark.claim("3.0.1")
def test_a_small_step_against_the_gradient_lowers_it(loss):
    for reduction, shape in itertools.product(reductions_of(loss), inside(FEW)):
        function, x = of_a_row(loss, reduction, shape)
        step = gradient(function, x, torch.ones_like(function(x)))
        before, after = function(x).sum(), function(x - 1e-3 * step).sum()
        assert after < before, f"{before.item()} before the step, {after.item()} after it"
        # To first order it falls by the square of the gradient's length.
        fall = ((before - after) / (1e-3 * step.square().sum())).item()
        assert 0.95 < fall < 1.05, f"it fell by {fall} times what the gradient says"
