"""What every loss owes its caller, whatever it computes.

It is a function of the numbers alone, and so is its gradient; it reduces as it is told; it is
least where prediction and target meet; and a small step against its gradient lowers it.
"""

import copy
import itertools
from functools import partial

import pytest
import torch
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.gradients import (
    Function,
    by_differences,
    gradient,
    jacobian,
    second_gradients,
)
from sums_to_one.tests.common.inputs import DTYPES, VIEWS, grid
from sums_to_one.tests.common.options import option, provides
from sums_to_one.tests.common.surroundings import assert_torch_is_left_alone

REDUCTIONS = ("none", "mean", "sum")
SHAPES = [(1, 2), (1, 3), (2, 2), (3, 2), (2, 3)]
SIZES = [1, 5, 16, 17, 33, 65, 129, 511, 1025, 4097, 22_003]  # rows of 3


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


def reductions_of(loss) -> tuple[str, ...]:
    """Those that the loss provides."""
    return REDUCTIONS if provides(loss, "reduction") else ("mean",)


def made(loss, reduction: str = "mean"):
    """The loss with this reduction, which it may not provide."""
    if reduction == "mean":
        return loss()
    option(loss, "reduction")
    return loss(reduction=reduction)


def exactly(target: Tensor) -> Tensor:
    """A target in float64, unless it is a class."""
    return target.double() if target.is_floating_point() else target


def slopes(function, x: Tensor, target: Tensor, cotangent: Tensor | float = 1.0) -> Tensor:
    """The gradient of the sum of the losses, each times its cotangent, with respect to x."""
    return gradient(lambda x: function(x, target), x, torch.as_tensor(cotangent, dtype=x.dtype))


def of_a_row(loss, reduction: str, shape: tuple[int, ...]) -> tuple[Function, Tensor]:
    """The loss as a function of numbers in a row, or of many rows at once, and such a row."""
    x, target = problem(loss, *shape)
    function = made(loss, reduction)
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


@pytest.mark.claim("3.0.2")
def test_the_mean_and_the_sum_are_those_of_the_losses(loss):
    for shape, dtype in itertools.product(
        [(1, 2), (3, 5), (7, 3), (2, 3, 5), (3, 2, 5, 7)], DTYPES
    ):
        x, target = problem(loss, *shape, dtype=dtype)
        each = made(loss, "none")(x, target)
        assert_close(f"{dtype}, {shape}: sum", made(loss, "sum")(x, target), each.double().sum())
        assert_close(f"{dtype}, {shape}: mean", loss()(x, target), each.double().mean())
        named = loss(reduction="mean")(x, target)
        assert_close(f"{dtype}, {shape}: 'mean' by name", named, each.double().mean())


@pytest.mark.claim("3.0.2")
def test_shape_and_dtype_are_those_of_the_targets_or_of_one_number(loss):
    for reduction in reductions_of(loss):
        for shape, dtype in itertools.product(
            [(1, 2), (3, 5), (5, 1), (2, 3, 5), (3, 2, 5, 7)], DTYPES
        ):
            x, target = problem(loss, *shape, dtype=dtype)
            came = made(loss, reduction)(x, target)
            expected = target.shape if reduction == "none" else ()
            assert (came.shape, came.dtype) == (expected, dtype)
            (found,) = torch.autograd.grad(
                made(loss, reduction)(x.requires_grad_(), target).sum(), x, create_graph=False
            )
            assert (found.shape, found.dtype) == (x.shape, dtype)


@pytest.mark.claim("3.0.2")
def test_every_row_has_a_loss_of_its_own(loss):
    for reduction in reductions_of(loss):
        for shape in [(7, 3), (3, 5), (5, 1), (3, 1, 2), (3, 2, 5), (2, 3, 5, 7)]:
            x, target = problem(loss, *shape)
            alone = [made(loss, "none")(x[i : i + 1], target[i : i + 1]) for i in range(len(x))]
            together = torch.cat(alone)
            expected = {"none": together, "mean": together.mean(), "sum": together.sum()}[reduction]
            assert_close(f"shape {shape}", made(loss, reduction)(x, target), expected)


@pytest.mark.claim("3.0.2")
def test_a_large_batch_is_treated_as_its_parts(loss):
    for rows in SIZES:
        x, target = problem(loss, rows, 3, dtype=torch.float32)
        parts = zip(x.split(max(3, rows // 99)), target.split(max(3, rows // 99)), strict=True)
        sums = [made(loss, "sum")(*part).double() for part in parts]
        count = rows if loss.name == "CrossEntropyLoss" else rows * 3
        assert_close(f"the mean of {rows} rows", loss()(x, target), torch.stack(sums).sum() / count)
        last = slopes(made(loss, "sum"), x[-3:].clone(), target[-3:].clone()).double()
        got = slopes(loss(), x, target)[-3:] * count
        assert_close(f"the gradient of the last of {rows} rows", got, last)


@pytest.mark.claim("3.0.2")
def test_long_sums_keep_their_digits(loss):
    for dtype in (torch.float16, torch.bfloat16):
        x, target = problem(loss, 1, 3, dtype=dtype)
        rows = (x.expand(4099, 3), target.expand(4099, *target.shape[1:]))
        assert_close(
            f"{dtype}: the mean of 4099 equal rows", loss()(*rows), loss()(x, target).double()
        )


@pytest.mark.claim("3.0.2")
def test_no_examples_have_a_sum_of_0_and_no_mean(loss):
    for dtype in DTYPES:
        x, target = problem(loss, 3, 5, dtype=dtype)
        x, target = x[:0].clone(), target[:0].clone()
        assert loss()(x, target).isnan(), f"the mean is {loss()(x, target)}"
        assert made(loss, "sum")(x, target).eq(0), f"the sum is {made(loss, 'sum')(x, target)}"
        assert made(loss, "none")(x, target).shape == target.shape


@pytest.mark.claim("3.0.3")
def test_the_place_in_memory_changes_nothing(loss):
    for (name, layout), shape in itertools.product(VIEWS.items(), [(4, 4), (3, 5), (2, 3, 5, 7)]):
        x, target = (t if t.dtype == torch.int64 else layout(t) for t in problem(loss, *shape))
        for reduction in reductions_of(loss):
            function = made(loss, reduction)
            copies = [t.clone(memory_format=torch.contiguous_format) for t in (x, target)]
            assert_close(f"{name}, {shape}", function(x, target), function(*copies))
            got, expected = slopes(function, x, target), slopes(function, *copies)
            assert_close(f"{name}, {shape}: the gradient", got, expected)


@pytest.mark.claim("3.0.3")
def test_targets_may_lie_anywhere_too(loss):
    for shape, dtype in itertools.product([(4, 4), (5, 3), (4, 4, 4), (2, 3, 5, 7)], DTYPES):
        x, target = problem(loss, *shape, dtype=dtype)
        wide = torch.stack([target, target.roll(1)], dim=-1)[..., 0]
        turned = target.transpose(0, -1).clone(memory_format=torch.contiguous_format)
        for view in (wide, turned.transpose(0, -1)):
            for reduction in reductions_of(loss):
                expected = made(loss, reduction)(x, target).double()
                assert_close(f"{dtype}, {shape}", made(loss, reduction)(x, view), expected)


@pytest.mark.claim("3.0.3")
def test_input_and_target_are_left_as_they_were(loss):
    for reduction in reductions_of(loss):
        x, target = problem(loss, 3, 5)
        before = x.clone(), target.clone()
        made(loss, reduction)(x.requires_grad_(), target).sum().backward()
        with torch.no_grad():
            made(loss, reduction)(x, target).add_(1)  # nor is what comes a view of them
        assert torch.equal(x.detach(), before[0]), f"the input was {before[0]}, now {x}"
        assert torch.equal(target, before[1]), f"the target was {before[1]}, now {target}"


@pytest.mark.claim("3.0.3")
def test_nothing_is_remembered_from_earlier_calls(loss):
    for reduction in reductions_of(loss):
        x_and_target = problem(loss, 3, 5)
        alone = made(loss, reduction)(*x_and_target)
        function = made(loss, reduction)
        for other in reductions_of(loss):
            made(loss, other)(*x_and_target)
        for shape in [(7, 2), (3, 5), (1, 5), (3, 5, 2)]:
            x, target = problem(loss, *shape)
            function(x.flip(0), target)
        assert_close(f"called again ({reduction})", function(*x_and_target), alone)
        assert_close(f"and again ({reduction})", function(*x_and_target), alone)
        assert_close(f"by a copy ({reduction})", copy.deepcopy(function)(*x_and_target), alone)


@pytest.mark.claim("3.0.3")
def test_the_state_of_torch_is_left_as_it_was(loss):
    x, target = problem(loss, 3, 5)
    assert_torch_is_left_alone(lambda: loss()(x.clone().requires_grad_(), target))


@pytest.mark.claim("3.0.3")
def test_asking_for_gradients_changes_no_value(loss):
    for reduction in reductions_of(loss):
        for dtype in DTYPES:
            x, target = problem(loss, 5, 7, dtype=dtype)
            with_graph = made(loss, reduction)(x.clone().requires_grad_(), target)
            with torch.no_grad():
                without_graph = made(loss, reduction)(x.clone().requires_grad_(), target)
            plain = made(loss, reduction)(x, target)
            asked = (with_graph.requires_grad, without_graph.requires_grad, plain.requires_grad)
            assert asked == (True, False, False), "whether there is a gradient to come"
            assert_close(
                f"the loss while gradients are recorded ({reduction})", with_graph, plain.double()
            )
            assert_close(f"the loss under no_grad ({reduction})", without_graph, plain.double())


@pytest.mark.claim("3.0.3")
def test_a_target_that_learns_changes_no_value(loss):
    for reduction in reductions_of(loss):
        x, target = problem(loss, 3, 5)
        if target.is_floating_point():
            expected = made(loss, reduction)(x, target)
            came = made(loss, reduction)(x.requires_grad_(), target.clone().requires_grad_())
            assert_close(f"the loss ({reduction})", came, expected)


@pytest.mark.claim("3.0.3")
def test_to_evaluate_or_to_train_makes_no_difference(loss):
    (x, target), function = problem(loss, 3, 5), loss()
    expected, pull = function(x, target), slopes(function, x, target)
    for mode in ("eval", "train"):
        getattr(function, mode, lambda: None)()  # what is no torch.nn.Module has no modes
        assert_close(f"the loss after .{mode}()", function(x, target), expected)
        assert_close(f"the gradient after .{mode}()", slopes(function, x, target), pull)


@pytest.mark.claim("3.0.3")
def test_weights_that_are_loaded_count(loss):
    x, target = problem(loss, 7, 5)
    for name in ("weight", "pos_weight"):
        if not provides(loss, name):
            continue
        one, other = (loss(**{name: grid(5, limit=n).abs() + 0.5}) for n in (2, 3))
        if not getattr(one, "state_dict", dict)():
            continue  # they are no part of what is saved
        expected, before = one(x, target), other(x, target)
        assert not torch.equal(expected, before), "the two must differ"
        other.load_state_dict(one.state_dict())
        assert_close(f"the loss with another {name}", other(x, target), expected)


@pytest.mark.claim("3.0.3")
def test_nan_is_not_hidden(loss):
    for dtype in DTYPES:
        x, target = problem(loss, 3, 5, dtype=dtype)
        x[1, 2] = torch.nan
        try:
            each = made(loss, "none")(x, target)
            mean, total = loss()(x, target), made(loss, "sum")(x, target)
        except (RuntimeError, ValueError):
            continue  # refused, as BCELoss does with what is no probability
        assert each[1].isnan().any(), f"NaN became {each[1].tolist()}"
        assert not each[0].isnan().any(), f"beside NaN there is {each[0].tolist()}"
        assert mean.isnan(), f"the mean with NaN is {mean}"
        assert total.isnan(), f"the sum with NaN is {total}"


@pytest.mark.claim("3.0.4")
def test_the_gradient_is_the_limit_of_differences(loss):
    for reduction, shape in itertools.product(reductions_of(loss), SHAPES):
        function, x = of_a_row(loss, reduction, shape)
        cotangent = grid(len(function(x)), limit=2)
        expected = by_differences(function, x, cotangent)
        assert_close(f"the gradient ({reduction})", gradient(function, x, cotangent), expected)


@pytest.mark.claim("3.0.4")
def test_the_gradient_can_be_differentiated_again(loss):
    for reduction, shape in itertools.product(reductions_of(loss), SHAPES):
        function, x = of_a_row(loss, reduction, shape)
        cotangent, other = grid(len(function(x)), limit=2), grid(len(x), limit=3)
        by_x, by_cotangent = second_gradients(function, x, cotangent, other)
        if loss.name == "BCELoss":  # where torch adds 1e-12 to p (1 - p), which divides
            by_x, by_cotangent = by_x.float(), by_cotangent.float()
        expected = by_differences(partial(gradient, function, cotangent=cotangent), x, other)
        assert_close(f"the gradient of the gradient ({reduction})", by_x, expected)
        assert_close(
            f"... by the incoming gradient ({reduction})",
            by_cotangent,
            other @ jacobian(function, x),
        )


@pytest.mark.claim("3.0.4")
def test_the_gradient_of_a_plain_sum_is_the_same(loss):
    for reduction in reductions_of(loss):
        x, target = problem(loss, 3, 5)
        came = made(loss, reduction)(x.requires_grad_(), target)
        came.sum().backward()  # the incoming gradient is one number, seen many times
        expected = slopes(made(loss, reduction), x, target, torch.ones_like(came))
        assert_close(f"the gradient ({reduction})", x.grad, expected)


@pytest.mark.claim("3.0.4")
def test_two_calls_keep_their_gradients_apart(loss):
    for reduction in reductions_of(loss):
        function = made(loss, reduction)
        (x, target), (other_x, other_target) = problem(loss, 3, 5), problem(loss, 2, 7)
        one, other = x.clone().requires_grad_(), other_x.clone().requires_grad_()
        first, second = function(one, target).sum(), function(other, other_target).sum()
        first.backward()
        second.backward()
        for leaf, numbers, targets in ((one, x, target), (other, other_x, other_target)):
            expected = slopes(function, numbers, targets)
            assert_close(f"the gradient of each ({reduction})", leaf.grad, expected)


@pytest.mark.claim("3.0.4")
def test_gradients_of_two_walks_add_up(loss):
    for reduction in reductions_of(loss):
        x, target = problem(loss, 3, 5)
        total = made(loss, reduction)(x.requires_grad_(), target).sum()
        total.backward(retain_graph=True)
        first = x.grad.clone()
        total.backward()
        assert_close(f"the sum of two gradients ({reduction})", x.grad, 2 * first)


@pytest.mark.claim("3.0.4")
def test_every_row_has_a_gradient_of_its_own(loss):
    for reduction in reductions_of(loss):
        for shape, dtype in itertools.product([(7, 3), (3, 2, 5), (2, 3, 5, 7)], DTYPES):
            x, target = problem(loss, *shape, dtype=dtype)
            function = made(loss, reduction)
            got, exact = slopes(function, x, target), exactly(target)
            alone = [slopes(function, x[[i]].double(), exact[[i]]) for i in range(len(x))]
            share = len(x) if reduction == "mean" else 1
            assert_close(f"{dtype}, shape {shape}", got, torch.cat(alone) / share)


@pytest.mark.claim("3.0.5")
def test_fewer_digits_cost_only_rounding(loss):
    for reduction in reductions_of(loss):
        for shape, dtype in itertools.product([(3, 5), (7, 2), (2, 3, 5)], DTYPES):
            x, target = problem(loss, *shape, dtype=dtype)
            function, exact = made(loss, reduction), exactly(target)
            assert_close(f"in {dtype}", function(x, target), function(x.double(), exact))
            got, expected = slopes(function, x, target), slopes(function, x.double(), exact)
            assert_close(f"the gradient in {dtype}", got, expected)


@pytest.mark.claim("3.0.1")
def test_a_small_step_against_the_gradient_lowers_it(loss):
    for reduction, shape in itertools.product(reductions_of(loss), SHAPES):
        function, x = of_a_row(loss, reduction, shape)
        step = gradient(function, x, torch.ones_like(function(x)))
        before, after = function(x).sum(), function(x - 1e-3 * step).sum()
        assert after < before, f"{before.item()} before the step, {after.item()} after it"
        # To first order it falls by the square of the gradient's length.
        fall = ((before - after) / (1e-3 * step.square().sum())).item()
        assert 0.95 < fall < 1.05, f"it fell by {fall} times what the gradient says"
