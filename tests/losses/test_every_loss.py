"""What every loss owes its caller, whatever it computes.

It is a function of the numbers alone, and so is its gradient; it reduces as it is told; it is
least where prediction and target meet; and a small step against its gradient lowers it.
"""

import copy
import itertools
from functools import partial

import pytest
import torch

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.gradients import (
    by_differences,
    gradient,
    jacobian,
    second_gradients,
)
from sums_to_one.tests.common.inputs import DTYPES, VIEWS, grid
from sums_to_one.tests.common.options import needs, provides
from sums_to_one.tests.common.surroundings import assert_torch_is_left_alone
from sums_to_one.tests.losses.problems import (
    exactly,
    in_numbers,
    of_a_row,
    problem,
    problems,
    shown,
)
from sums_to_one.tests.losses.reduction import (
    REDUCTIONS,
    enter,
    pull,
    reduced,
    reducing,
    reductions_of,
)

FEW = [(1, 2), (1, 3), (2, 2), (3, 2), (2, 3)]  # for differences, which move every number
LARGE = [1, 5, 16, 17, 33, 65, 129, 511, 1025, 4097, 22_003]  # rows of 3


@pytest.mark.claim("3.0.2")
def test_the_mean_and_the_sum_are_those_of_the_losses(loss):
    batches = [(1, 2), (3, 5), (7, 3), (2, 3, 5), (3, 2, 5, 7)]
    for shape, dtype in itertools.product(batches, DTYPES):
        x, target = problem(loss, *shape, dtype=dtype)
        each = reducing(loss, "none")(x, target).double()
        for name in ("sum", "mean"):
            came = loss(reduction=name)(x, target)
            assert_close(f"{dtype}, {shape}: the {name}", came, reduced(each, name))
        assert_close(f"{dtype}, {shape}: without being told", loss()(x, target), each.mean())


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
        alone = [reducing(loss, "none")(x[i : i + 1], target[i : i + 1]) for i in range(len(x))]
        came, expected = reducing(loss, reduction)(x, target), reduced(torch.cat(alone), reduction)
        assert_close(f"shape {tuple(x.shape)}", came, expected)


@pytest.mark.claim("3.0.2")
def test_a_large_batch_is_treated_as_its_parts(loss):
    for rows in LARGE:
        x, target = problem(loss, rows, 3, dtype=torch.float32)
        parts = zip(x.split(max(3, rows // 99)), target.split(max(3, rows // 99)), strict=True)
        sums = [reducing(loss, "sum")(*part).double() for part in parts]
        count = rows if loss.name == "CrossEntropyLoss" else rows * 3
        assert_close(f"the mean of {rows} rows", loss()(x, target), torch.stack(sums).sum() / count)
        last = pull(reducing(loss, "sum"), x[-3:].clone(), target[-3:].clone()).double()
        got = pull(loss(), x, target)[-3:] * count
        assert_close(f"the gradient of the last of {rows} rows", got, last)


@pytest.mark.claim("3.0.2")
def test_long_sums_keep_their_digits(loss):
    for dtype in (torch.float16, torch.bfloat16):
        x, target = problem(loss, 1, 3, dtype=dtype)
        rows = x.expand(4099, 3), target.expand(4099, *target.shape[1:])
        expected = loss()(x, target).double()
        assert_close(f"{dtype}: the mean of 4099 equal rows", loss()(*rows), expected)


@pytest.mark.claim("3.0.2")
def test_no_examples_have_a_sum_of_0_and_no_mean(loss):
    for dtype in DTYPES:
        x, target = (part[:0].clone() for part in problem(loss, 3, 5, dtype=dtype))
        each, mean, total = (reducing(loss, name)(x, target) for name in REDUCTIONS)
        assert mean.isnan(), f"the mean is {mean}"
        assert total.eq(0), f"the sum is {total}"
        assert each.shape == target.shape


@pytest.mark.claim("3.0.3")
def test_the_place_in_memory_changes_nothing(loss):
    for (name, layout), shape in itertools.product(VIEWS.items(), [(4, 4), (3, 5), (2, 3, 5, 7)]):
        x, target = (t if t.dtype == torch.int64 else layout(t) for t in problem(loss, *shape))
        copies = [t.clone(memory_format=torch.contiguous_format) for t in (x, target)]
        for function in [reducing(loss, reduction) for reduction in reductions_of(loss)]:
            assert_close(f"{name}, {shape}", function(x, target), function(*copies))
            got, expected = pull(function, x, target), pull(function, *copies)
            assert_close(f"{name}, {shape}: the gradient", got, expected)


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
        assert_close(f"by a copy ({reduction})", copy.deepcopy(used)(x, target), alone)


@pytest.mark.claim("3.0.3")
def test_the_state_of_torch_is_left_as_it_was(loss):
    x, target = problem(loss, 3, 5)
    assert_torch_is_left_alone(lambda: loss()(x.clone().requires_grad_(), target))


@pytest.mark.claim("3.0.3")
def test_asking_for_gradients_changes_no_value(loss):
    for reduction, x, target in problems(loss, [(5, 7)], DTYPES):
        recorded = reducing(loss, reduction)(x.clone().requires_grad_(), target)
        with torch.no_grad():
            unrecorded = reducing(loss, reduction)(x.clone().requires_grad_(), target)
        plain = reducing(loss, reduction)(x, target)
        asked = (recorded.requires_grad, unrecorded.requires_grad, plain.requires_grad)
        assert asked == (True, False, False), "whether there is a gradient to come"
        assert_close(f"while gradients are recorded ({reduction})", recorded, plain.double())
        assert_close(f"under no_grad ({reduction})", unrecorded, plain.double())


@pytest.mark.claim("3.0.3")
def test_a_target_that_learns_changes_no_value(loss):
    for reduction, x, target in problems(loss, [(3, 5)]):
        numbers = in_numbers(x, target)
        expected = reducing(loss, reduction)(x, numbers)
        came = reducing(loss, reduction)(x.requires_grad_(), numbers.clone().requires_grad_())
        assert_close(f"the loss ({reduction})", came, expected)


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
    for names in [(), *((name,) for name in ("weight", "pos_weight") if provides(loss, name))]:
        one, other = (loss(**dict.fromkeys(names, grid(5, limit=n).abs() + 0.5)) for n in (2, 3))
        needs(one, "state_dict", "load_state_dict")
        before, expected = other(x, target), one(x, target)
        assert not names or not torch.equal(before, expected), "the two must differ"
        other.load_state_dict(one.state_dict())
        expected = expected if one.state_dict() else before  # weights need not be saved
        assert_close(f"the loss with other {names}", other(x, target), expected)


@pytest.mark.claim("3.0.3")
def test_nan_is_not_hidden(loss):
    for dtype in DTYPES:
        x, target = problem(loss, 3, 5, dtype=dtype)
        x[1, 2] = torch.nan
        each, mean, total = (shown(loss, name, x, target) for name in REDUCTIONS)
        assert each[1].isnan().any(), f"NaN became {each[1].tolist()}"
        assert not each[0].isnan().any(), f"beside NaN there is {each[0].tolist()}"
        assert mean.isnan(), f"the mean with NaN is {mean}"
        assert total.isnan(), f"the sum with NaN is {total}"


@pytest.mark.claim("3.0.4")
def test_the_gradient_is_the_limit_of_differences(loss):
    for reduction, shape in itertools.product(reductions_of(loss), FEW):
        function, x = of_a_row(loss, reduction, shape)
        cotangent = grid(len(function(x)), limit=2)
        expected = by_differences(function, x, cotangent)
        assert_close(f"the gradient ({reduction})", gradient(function, x, cotangent), expected)


@pytest.mark.claim("3.0.4")
def test_the_gradient_can_be_differentiated_again(loss):
    for reduction, shape in itertools.product(reductions_of(loss), FEW):
        function, x = of_a_row(loss, reduction, shape)
        cotangent, other = grid(len(function(x)), limit=2), grid(len(x), limit=3)
        by_x, by_cotangent = second_gradients(function, x, cotangent, other)
        if loss.name == "BCELoss":  # where torch adds 1e-12 to p (1 - p), which divides
            by_x, by_cotangent = by_x.float(), by_cotangent.float()
        expected = by_differences(partial(gradient, function, cotangent=cotangent), x, other)
        assert_close(f"the gradient of the gradient ({reduction})", by_x, expected)
        expected = other @ jacobian(function, x)
        assert_close(f"... by the incoming gradient ({reduction})", by_cotangent, expected)


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
def test_gradients_of_two_walks_add_up(loss):
    for reduction, x, target in problems(loss, [(3, 5)]):
        total = reducing(loss, reduction)(x.requires_grad_(), target).sum()
        total.backward(retain_graph=True)
        first = x.grad.clone()
        total.backward()
        assert_close(f"the sum of two gradients ({reduction})", x.grad, 2 * first)


@pytest.mark.claim("3.0.4")
def test_every_row_has_a_gradient_of_its_own(loss):
    for reduction, x, target in problems(loss, [(7, 3), (3, 2, 5), (2, 3, 5, 7)], DTYPES):
        function, exact = reducing(loss, reduction), exactly(target)
        came = pull(function, x, target)
        alone = [pull(function, x[[i]].double(), exact[[i]]) for i in range(len(x))]
        expected = torch.cat(alone) / (len(x) if reduction == "mean" else 1)
        assert_close(f"{x.dtype}, {tuple(x.shape)}", came, expected)


@pytest.mark.claim("3.0.5")
def test_fewer_digits_cost_only_rounding(loss):
    for reduction, x, target in problems(loss, [(3, 5), (7, 2), (2, 3, 5)], DTYPES):
        function, exact = reducing(loss, reduction), exactly(target)
        assert_close(f"in {x.dtype}", function(x, target), function(x.double(), exact))
        got, expected = pull(function, x, target), pull(function, x.double(), exact)
        assert_close(f"the gradient in {x.dtype}", got, expected)


@pytest.mark.claim("3.0.1")
def test_a_small_step_against_the_gradient_lowers_it(loss):
    for reduction, shape in itertools.product(reductions_of(loss), FEW):
        function, x = of_a_row(loss, reduction, shape)
        step = gradient(function, x, torch.ones_like(function(x)))
        before, after = function(x).sum(), function(x - 1e-3 * step).sum()
        assert after < before, f"{before.item()} before the step, {after.item()} after it"
        # To first order it falls by the square of the gradient's length.
        fall = ((before - after) / (1e-3 * step.square().sum())).item()
        assert 0.95 < fall < 1.05, f"it fell by {fall} times what the gradient says"
