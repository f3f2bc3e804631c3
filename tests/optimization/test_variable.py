"""Variable brings to every parameter the slope of the loss along it: backpropagation.

Whole networks first, then every operation alone, how gradients meet, who keeps one, and how a walk
back may start. The judges are differences of values, slopes carried forward beside the values, and
PyTorch's autograd on plain tensors that go through the same function.
"""

import itertools
import math
import operator
import sys
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.inputs import DTYPES, LAYOUTS, every_dtype, exact, grid
from sums_to_one.tests.common.limits import inside, widest
from sums_to_one.tests.common.options import feature, needs, provides
from sums_to_one.tests.common.refusals import REFUSALS
from sums_to_one.tests.optimization.networks import any_networks, slope_along
from sums_to_one.tests.optimization.operations import (
    OPERATIONS,
    Forward,
    ask_for,
    computations,
    differences,
    forth_and_back,
    needs_a_start,
    operations_of,
    plain,
    walk_back,
    whole_eighths,
)

# Networks


@pytest.mark.claim("4.0.1")
@given(any_networks(("tanh", "sigmoid")))
def test_the_gradient_is_the_slope_that_differences_show(Variable, network):
    network = network.without_what_lacks(Variable)
    parameters = network.parameters()
    del parameters["unused"]
    variables = {name: Variable(p, requires_grad=True) for name, p in parameters.items()}
    network.loss_of(variables).backward()
    along = {name: grid(*p.shape, limit=0.125) for name, p in parameters.items()}
    came = sum((variables[name].grad * along[name]).sum() for name in parameters)
    expected = slope_along(network, parameters, along)
    assert_close("the slope of the loss along a line through all parameters", came, expected)


@pytest.mark.claim("4.0.1")
@given(any_networks(("relu", "tanh", "sigmoid")))
def test_every_parameter_gets_the_gradient_that_pytorch_computes(Variable, network):
    network = network.without_what_lacks(Variable)
    parameters, frozen = network.parameters(), network.frozen_parameter
    variables = {n: Variable(p.clone(), requires_grad=n != frozen) for n, p in parameters.items()}
    tensors = {n: p.clone().requires_grad_(n != frozen) for n, p in parameters.items()}
    loss, expected = network.loss_of(variables), network.loss_of(tensors)
    assert_close("the loss", loss.data, expected.detach())
    loss.backward()
    expected.backward()
    for name, tensor in tensors.items():
        assert_gradient_of(name, variables[name], tensor)


def assert_gradient_of(name: str, variable: Any, tensor: Tensor) -> None:
    """It has the gradient of that tensor, or none, as that has none."""
    __tracebackhide__ = True
    if tensor.grad is None:
        assert variable.grad is None, f"{name}, which needs none, has the gradient {variable.grad}"
    else:
        assert_close(f"the gradient of {name}", variable.grad, tensor.grad)


# Every operation alone


@pytest.mark.claim("4.0.3")
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_an_operation_passes_back_the_slope_that_differences_show(Variable, operation):
    ask_for(Variable, operation)
    for shapes in operation.cases:
        operands = operation.operands(shapes)
        g = whole_eighths(*operation.function(*operands).shape, limit=1)
        _, *gradients = forth_and_back(Variable, operation, operands, g)
        for k, x in enumerate(operands):
            expected = differences(Variable, operation, operands, k, g) if x.numel() else x
            # In float32, differences of values have half of its digits.
            came = gradients[k] if widest() == torch.float64 else gradients[k].half()
            assert_close(f"shapes {shapes}, the gradient of operand {k}", came, expected)


@pytest.mark.claim("4.0.3")
def test_every_operation_computes_what_it_computes_on_tensors(Variable):
    for name, operation in operations_of(Variable):
        for shapes in operation.cases:
            operands = operation.operands(shapes)
            came = operation.function(*map(Variable, operands))
            expected = operation.function(*operands)
            assert_close(f"{name}, shapes {shapes}", came.data, expected)
            assert tuple(getattr(came, "shape", expected.shape)) == tuple(expected.shape)


@pytest.mark.claim("4.0.3")
def test_lower_precision_costs_only_rounding(Variable):
    for name, operation in operations_of(Variable):
        for shapes in operation.cases[:2]:
            operands = operation.operands(shapes)
            g = whole_eighths(*operation.function(*operands).shape, limit=1)
            expected = forth_and_back(Variable, operation, operands, g)
            for dtype in DTYPES:
                fewer = [x.to(dtype) for x in operands]
                for k, came in enumerate(forth_and_back(Variable, operation, fewer, g.to(dtype))):
                    assert came.dtype == dtype, f"{name} made {came.dtype} of {dtype}"
                    assert_close(f"{name} in {dtype}", came, expected[k])


@pytest.mark.claim("4.0.3")
def test_the_place_in_memory_changes_nothing(Variable):
    for name, operation in operations_of(Variable):
        matrices = [s for s in operation.cases if all(len(x) == 2 and min(x) > 1 for x in s)]
        for shapes, where in itertools.product(matrices[:1], LAYOUTS):
            operands = [LAYOUTS[where](x) for x in operation.operands(shapes)]
            g = whole_eighths(*operation.function(*operands).shape, limit=1)
            tensors = [*operands, LAYOUTS[where](g) if g.ndim else g]
            *plain, g = [x.clone(memory_format=torch.contiguous_format) for x in tensors]
            expected = forth_and_back(Variable, operation, plain, g)
            for of, way in {"operands": [*operands, g], "gradient": [*plain, tensors[-1]]}.items():
                found = forth_and_back(Variable, operation, way[:-1], way[-1])
                for came, should in zip(found, expected, strict=True):
                    assert_close(f"{name}, shapes {shapes}, {of} {where}", came, should)


@pytest.mark.claim("4.0.3")
@every_dtype
def test_relu_is_closed_at_0(Variable, dtype):
    needs(plain(Variable), "relu")
    x = Variable(torch.tensor([0.0, -0.0], dtype=dtype), requires_grad=True)
    walk_back(x.relu(), torch.tensor([1.0, -2.0], dtype=dtype))
    assert x.grad.tolist() == [0, 0], f"the slope at 0 is {x.grad.tolist()}"


@pytest.mark.claim("4.0.3")
@every_dtype
def test_whole_powers_have_a_slope_at_0(Variable, dtype):
    needs(plain(Variable), "__pow__")
    for exponent, slope in {1: 1.0, 2: 0.0, 3: 0.0, 0: 0.0}.items():
        x = Variable(torch.zeros(1, dtype=dtype), requires_grad=True)
        with feature(f"x ** {exponent}"):
            y = x**exponent
        walk_back(y, torch.ones(1, dtype=dtype))
        assert x.grad.tolist() == [slope], f"x ** {exponent} has the slope {x.grad.tolist()}"


# Of both kinds, whole ones first: some take no others.
POWERS = [*range(-4, 6), *(n / 2 for n in range(-9, 12)), 0.75, -1 / 3]


@pytest.mark.claim("4.0.3")
@every_dtype
def test_any_power_has_the_slope_that_the_rule_says(Variable, dtype):
    needs(plain(Variable), "__pow__")
    numbers = exact([0.5, 0.75, 1.0, 2.0])
    for n in POWERS:
        x = Variable(numbers.to(dtype), requires_grad=True)
        with feature(f"x ** {n}"):
            y = x**n
        walk_back(y, torch.ones_like(y.data))
        assert_close(f"x ** {n}", y.data, numbers**n)
        assert_close(f"the slope of x ** {n}", x.grad, n * numbers ** (n - 1))


@pytest.mark.claim("4.0.3")
def test_at_a_base_of_0_the_exponent_has_the_slope_0(Variable):
    ask_for(Variable, OPERATIONS["x ** y"])
    x, y = (Variable(exact(n), requires_grad=True) for n in ([0.0, 0.0, 2.0], [2.0, 0.5, 1.0]))
    walk_back(x**y, exact([1.0, -1.0, 1.0]))
    assert_close("the slope along the exponent", y.grad, exact([0.0, 0.0, 2 * math.log(2)]))


@pytest.mark.claim("4.0.3")
@every_dtype
def test_a_divisor_may_be_so_large_that_its_square_is_infinite(Variable, dtype):
    ask_for(Variable, OPERATIONS["x / y"])
    large = 2.0 ** (math.frexp(torch.finfo(dtype).max)[1] // 2 + 2)
    x, y = (Variable(torch.tensor([large], dtype=dtype), requires_grad=True) for _ in "xy")
    walk_back(x / y, torch.ones(1, dtype=dtype))
    came, right = (x.grad.item(), y.grad.item()), (1 / large, -1 / large)
    assert came == right, f"the slopes of x / y at x = y = {large} are {came}, not {right}"


@pytest.mark.claim("4.0.3")
@every_dtype
def test_a_gradient_has_the_dtype_of_its_variable_whatever_it_met(Variable, dtype):
    for of, wide in itertools.product(
        (operator.add, operator.mul), inside([torch.float32, torch.float64])
    ):
        x = Variable(torch.full((3,), 2.0, dtype=dtype), requires_grad=True)
        with feature("operands of two dtypes"):
            result = of(x, torch.full((3,), 0.5, dtype=wide))
            walk_back(result, torch.ones_like(result.data))
        assert x.grad.dtype == dtype, f"beside {wide}, one of {dtype} has {x.grad.dtype}"
        assert x.grad.tolist() == [1.0 if of is operator.add else 0.5] * 3


@pytest.mark.claim("4.0.3")
@pytest.mark.parametrize(("name", "limits"), [("sigmoid", [0, 1]), ("tanh", [-1, 1])])
def test_far_out_sigmoid_and_tanh_are_flat_and_not_nan(Variable, name, limits):
    needs(plain(Variable), name)
    for dtype in DTYPES:
        x = Variable(torch.tensor([-1e4, 1e4], dtype=dtype), requires_grad=True)
        y = getattr(x, name)()
        walk_back(y, torch.ones(2, dtype=dtype))
        assert (y.data.tolist(), x.grad.tolist()) == (limits, [0, 0])


@pytest.mark.claim("4.0.3")
def test_where_a_gradient_of_0_comes_in_none_but_0_goes_on(Variable):
    for name, operation in operations_of(Variable):
        for shapes in operation.cases[:1]:
            operands = operation.operands(shapes)
            zero = torch.zeros_like(operation.function(*operands))
            _, *gradients = forth_and_back(Variable, operation, operands, zero)
            for k, came in enumerate(gradients):
                assert came is not None, f"{name}: operand {k} has none"
                assert not came.any(), f"{name}: of a gradient of 0 operand {k} has {came}"


# How gradients meet


@pytest.mark.claim("4.0.4")
@given(computations)
def test_backward_finds_the_slopes_of_the_forward_pass(Variable, computation):
    x, y = exact([0.5, -0.75, 0.25]), exact([-0.25, 0.875, 1.0])
    variables = [Variable(t.clone(), requires_grad=True) for t in (x, y)]
    g = exact([1.0, -0.5, 0.75])
    walk_back(computation.on(*variables), g)
    for along, variable in zip(((1.0, 0.0), (0.0, 1.0)), variables, strict=True):
        expected = computation.on(Forward(x, along[0]), Forward(y, along[1])).slope
        came = torch.zeros_like(g) if variable.grad is None else variable.grad
        assert_close("the gradient", came, g * expected)


TWO_USES = {
    "+": (operator.add, 2),
    "-": (operator.sub, 0),
    "*": (operator.mul, 6),
    "/": (operator.truediv, 0),
}


@pytest.mark.claim("4.0.4")
@pytest.mark.parametrize(("of", "slope"), TWO_USES.values(), ids=TWO_USES)
def test_all_uses_of_a_variable_add_up(Variable, of, slope):
    needs(plain(Variable), f"__{of.__name__}__")
    x, one = Variable(exact([3.0]), requires_grad=True), exact([1.0])
    walk_back(of(x, x), one)
    assert_close("the slope at 3", x.grad, slope)
    assert one == 1, f"the gradient that came in was 1, and is {one.item()} now"


@pytest.mark.claim("4.0.4")
def test_any_number_of_uses_add_up(Variable):
    for uses in (*range(2, 20), 500):
        x = Variable(exact([3.0]), requires_grad=True)
        for _ in range(2):
            total = x
            for _ in range(uses - 1):
                total = total + x
            walk_back(total, exact([1.0]))
        assert_close(f"the slope of two sums of x, {uses} times in each", x.grad, 2.0 * uses)


@pytest.mark.claim("4.0.4")
def test_a_matrix_may_be_multiplied_with_itself(Variable):
    needs(plain(Variable), "__matmul__")
    a, g = whole_eighths(3, 3), whole_eighths(3, 3, limit=1)
    x = Variable(a.clone(), requires_grad=True)
    walk_back(x @ x, g)
    assert_close("the gradient", x.grad, g @ a.t() + a.t() @ g)


@pytest.mark.claim("4.0.4")
def test_two_backward_passes_add_up_until_the_gradient_is_set_to_none(Variable):
    x = Variable(exact([2.0, -3.0]), requires_grad=True)
    walk_back(x * x, exact([1.0, 1.0]))
    walk_back(x * 5, exact([1.0, -1.0]))
    assert_close("the sum of both gradients", x.grad, exact([9.0, -11.0]))
    x.grad = None
    walk_back(x * 7, exact([1.0, 2.0]))
    assert_close("what came since it was None", x.grad, exact([7.0, 14.0]))


@pytest.mark.claim("4.0.4")
def test_two_backward_passes_through_a_graph_add_up_or_the_second_is_refused(Variable):
    x = Variable(exact([2.0, -3.0]), requires_grad=True)
    y = x * x
    one, other = y * y, y * 3
    done = walks_until_refused([one, one, other], exact([1.0, -1.0]))
    each = exact([[32.0, 108.0], [32.0, 108.0], [12.0, 18.0]])
    assert done > 0, "the first backward pass was refused"
    assert_close(f"the sum of {done} gradients", x.grad, each[:done].sum(dim=0))


def walks_until_refused(results: list[Any], g: Tensor) -> int:
    """How many are not; only one that cannot be told to retain the graph may refuse."""
    __tracebackhide__ = True
    for done, result in enumerate(results):
        retain = {"retain_graph": True} if provides(result.backward, "retain_graph") else {}
        try:
            walk_back(result, g, **retain)
        except RuntimeError:
            assert not retain, f"backward pass {done + 1} was refused, the graph was to be retained"
            return done
    return len(results)


@pytest.mark.claim("4.0.4")
def test_graphs_that_are_built_at_the_same_time_do_not_mix(Variable):
    x, y = (Variable(exact([n]), requires_grad=True) for n in (2.0, 3.0))
    a, b = x * 5, y * y
    c, d = a * x, b * 7
    walk_back(c, exact([1.0]))
    assert y.grad is None, f"y has the gradient {y.grad}, but is not part of this graph"
    walk_back(d, exact([1.0]))
    assert_close("the slope of 5 x^2 at 2", x.grad, 20.0)
    assert_close("the slope of 7 y^2 at 3", y.grad, 42.0)


@pytest.mark.claim("4.0.4")
def test_equal_numbers_are_different_variables(Variable):
    numbers = exact([2.0])
    x, y = Variable(numbers, requires_grad=True), Variable(numbers, requires_grad=True)
    walk_back(x * 3 + y * 5, exact([1.0]))
    assert (x.grad.item(), y.grad.item()) == (3, 5)


@pytest.mark.claim("4.0.4")
def test_backward_is_linear_in_the_gradient_that_comes_in(Variable):
    one, other = whole_eighths(2, 3), whole_eighths(2, 3).flip(0, 1)
    found = []
    for g in (one, other, 2000 * one - 3 * other):
        x = Variable(whole_eighths(2, 3), requires_grad=True)
        walk_back(x * x * (x * x + 1), g)
        found.append(x.grad)
    assert_close("the gradient", found[2], 2000 * found[0] - 3 * found[1])


@pytest.mark.claim("4.0.4")
def test_backward_goes_through_a_chain_of_5000_operations(Variable):
    x = Variable(exact([1.0]), requires_grad=True)
    y = x
    for step in range(5000):
        y = y * (0.5 if step % 2 else 2)
    walk_back(y, exact([1.0]))
    assert_close("the slope of 2500 doublings and halvings", x.grad, 1.0)


@pytest.mark.claim("4.0.4")
def test_the_work_grows_with_the_operations_and_not_with_the_paths(Variable):
    def work(doublings: int) -> int:
        y = x = Variable(exact([1.0]), requires_grad=True)
        for _ in range(doublings):
            y = y + y
        count = calls_of(lambda: walk_back(y, exact([1.0])))
        assert_close("the slope", x.grad, 2.0**doublings)
        return count

    # Twice as many operations, but 64 times as many paths from the end to x.
    few, many = work(6), work(12)
    assert many < 4 * few, f"{few} calls for 6 operations, {many} for 12"


def calls_of(function: Callable[[], Any]) -> int:
    """How many functions are called until it returns: a measure of work that needs no clock."""
    count = 0

    def profile(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        function()
    finally:
        sys.setprofile(before)
    return count


# Who keeps a gradient, and what else a walk may touch


@pytest.mark.claim("4.0.5")
def test_only_what_requires_a_gradient_and_is_no_result_keeps_one(Variable):
    x, frozen, unused = (
        Variable(exact([2.0]), requires_grad=asked) for asked in (True, False, True)
    )
    y = x * frozen
    z = y * y
    assert gradient_kept(x) is None
    walk_back(z, exact([1.0]))
    assert_close("the slope of (2 x)^2 at 2", x.grad, 16.0)
    for name, other in {"a constant": frozen, "what is not used": unused}.items():
        assert other.grad is None, f"{name} has the gradient {other.grad}"
    for name, result in {"the end": z, "a step on the way": y}.items():
        assert gradient_kept(result) is None, f"{name} has the gradient {gradient_kept(result)}"


def gradient_kept(variable: Any) -> Any:
    """Its gradient; PyTorch warns where there can be none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return variable.grad


@pytest.mark.claim("4.0.5")
def test_in_pytorch_a_result_keeps_its_gradient_if_it_is_asked_to() -> None:
    x = exact([2.0]).requires_grad_()
    y = x * x
    y.retain_grad()
    (y * 3).backward()
    assert y.grad is not None, "it has none"
    assert_close("the gradient of the result", y.grad, 3.0)


# An operation on 2 and -4, and its slopes along both.
OF_2_AND_MINUS_4 = {
    "x + y": (1.0, 1.0),
    "x - y": (1.0, -1.0),
    "x * y": (-4.0, 2.0),
    "x / y": (-0.25, -0.125),
    "x @ y": (-4.0, 2.0),
}


@pytest.mark.claim("4.0.5")
@pytest.mark.parametrize("name", OF_2_AND_MINUS_4)
def test_a_result_requires_a_gradient_if_any_operand_does(Variable, name):
    ask_for(Variable, OPERATIONS[name])
    for asked in itertools.product([True, False], repeat=2):
        operands = (Variable(exact([[2.0]]), requires_grad=each) for each in asked)
        result = OPERATIONS[name].function(*operands) * 2
        assert result.requires_grad == any(asked), f"{name} of operands that say {asked}"


@pytest.mark.claim("4.0.5")
@pytest.mark.parametrize(("name", "slopes"), OF_2_AND_MINUS_4.items(), ids=OF_2_AND_MINUS_4)
def test_one_constant_operand_leaves_the_gradient_of_the_other_as_it_is(Variable, name, slopes):
    ask_for(Variable, OPERATIONS[name])
    for k, slope in enumerate(slopes):
        both = [Variable(exact([[n]]), requires_grad=i == k) for i, n in enumerate((2.0, -4.0))]
        walk_back(OPERATIONS[name].function(*both), exact([[1.0]]))
        assert_close(f"the slope of {name} along {'xy'[k]}", both[k].grad, slope)
        assert both[1 - k].grad is None, f"{name}: the constant has one, too"


@pytest.mark.claim("4.0.5")
def test_what_is_detached_is_a_constant(Variable):
    needs(plain(Variable), "detach")
    x = Variable(exact([3.0]), requires_grad=True)
    y = x * x
    held = y.detach()
    assert not held.requires_grad
    assert_close("its number", held.data, 9.0)
    walk_back(y * held, exact([1.0]))
    assert_close("the slope of 9 x^2 at 3", x.grad, 54.0)


@pytest.mark.claim("4.0.5")
def test_no_numbers_are_changed_on_the_way(Variable):
    for name, operation in operations_of(Variable):
        for shapes in operation.cases:
            operands = operation.operands(shapes)
            variables = [Variable(x.clone(), requires_grad=True) for x in operands]
            result = operation.function(*variables)
            value, g = result.data.clone(), whole_eighths(*result.data.shape, limit=1)
            walk_back(result, g)
            after = [*(variable.data for variable in variables), result.data, g]
            before = [*operands, value, whole_eighths(*result.data.shape, limit=1)]
            for came, expected in zip(after, before, strict=True):
                assert torch.equal(came, expected), f"{name} made {expected} into {came}"


@pytest.mark.claim("4.0.5")
def test_every_gradient_has_a_memory_of_its_own(Variable):
    x, y = Variable(exact([2.0]), requires_grad=True), Variable(exact([3.0]), requires_grad=True)
    g = exact([5.0])
    walk_back(x + y, g)
    x.grad.zero_()  # as before the next step
    assert (y.grad.item(), g.item()) == (5, 5)
    y.grad.zero_()
    assert (x.grad.item(), g.item()) == (0, 5)


@pytest.mark.claim("4.0.5")
def test_a_gradient_may_be_written_to(Variable):
    needs(plain(Variable), "sum")
    x = Variable(whole_eighths(2, 3), requires_grad=True)
    x.sum().backward()  # the same 1 for all, but not in the same place
    x.grad[0, 1] = 5
    assert x.grad.tolist() == [[1, 5, 1], [1, 1, 1]]


@pytest.mark.claim("4.0.5")
def test_new_numbers_are_seen_by_the_next_operation(Variable):
    x = Variable(exact([3.0, 4.0]), requires_grad=True)
    assert_close("the square", (x * x).data, exact([9.0, 16.0]))
    x.data -= exact([1.0, 2.0])
    assert_close("the square after a step in place", (x * x).data, exact([4.0, 4.0]))
    x.data = x.data - exact([1.0, 3.0])
    assert_close("the square after another step", (x * x).data, exact([1.0, 1.0]))
    walk_back(x * x, exact([1.0, 1.0]))
    assert_close("the gradient", x.grad, exact([2.0, -2.0]))


@pytest.mark.claim("4.0.5")
def test_the_state_of_torch_is_left_as_it_was(Variable):
    torch.rand(3)  # so that setting the seed, too, would be a change
    before = torch.get_rng_state()
    x = Variable(whole_eighths(2, 3), requires_grad=True)
    walk_back(x * x + 1, whole_eighths(2, 3))
    assert torch.equal(torch.get_rng_state(), before), (
        "the state of random numbers changed: some were drawn, or a seed set"
    )
    assert (torch.get_default_dtype(), torch.is_grad_enabled()) == (torch.float32, True)


@pytest.mark.claim("4.0.5")
@every_dtype
def test_the_number_and_the_shape_of_a_variable_can_be_read(Variable, dtype):
    needs(plain(Variable), "item", "shape")
    for shape in ((), (1,), (1, 1)):
        x = Variable(torch.full(shape, -2.5, dtype=dtype), requires_grad=True)
        assert (type(x.item()), x.item()) == (float, -2.5)
        assert (tuple(x.shape), x.data.dtype, x.requires_grad) == (shape, dtype, True)
        assert not Variable(x.data).requires_grad


# How a walk back may start


@pytest.mark.claim("4.0.6")
@every_dtype
def test_one_number_needs_no_gradient_to_start_from(Variable, dtype):
    for shape in ((), (1,), (1, 1)):
        x = Variable(torch.full(shape, 3.0, dtype=dtype), requires_grad=True)
        (x * x).backward()
        assert (x.grad.dtype, tuple(x.grad.shape)) == (dtype, shape)
        assert_close("the slope of x^2 at 3", x.grad, 6.0)


@pytest.mark.claim("4.0.6")
def test_anything_but_one_number_needs_a_gradient(Variable):
    for shape in ((2,), (1, 3), (2, 3), (0,), (3, 0)):
        x = Variable(exact(1.0).expand(shape).clone(), requires_grad=True)
        with pytest.raises(REFUSALS):
            (x * x).backward()
        assert x.grad is None, f"refused, but the gradient is {x.grad}"


@pytest.mark.claim("4.0.6")
def test_a_gradient_of_another_shape_is_refused(Variable):
    for shape, others in {
        (2, 3): ((), (1,), (3,), (2, 1), (3, 2), (6,), (1, 2, 3), (4, 2, 3)),
        (): ((1,), (2,)),
        (1,): ((), (1, 1), (0,)),
    }.items():
        for other in others:
            x = Variable(exact(1.0).expand(shape).clone(), requires_grad=True)
            needs_a_start(x)
            with pytest.raises(REFUSALS):
                (x * x).backward(exact(1.0).expand(other).clone())
            assert x.grad is None, f"refused, but the gradient is {x.grad}"


@pytest.mark.claim("4.0.6")
def test_where_nothing_requires_a_gradient_backward_is_refused(Variable):
    for end in (Variable(exact([1.0])), Variable(exact([1.0])) * 2):
        with pytest.raises(REFUSALS):
            end.backward()


@pytest.mark.claim("4.0.6")
def test_whole_numbers_have_no_gradient(Variable):
    for dtype in (torch.int64, torch.int32, torch.uint8, torch.bool):
        with pytest.raises(REFUSALS):
            Variable(torch.ones(2, dtype=dtype), requires_grad=True)
        assert not Variable(torch.ones(2, dtype=dtype)).requires_grad


@pytest.mark.claim("4.0.6")
def test_backward_may_start_at_a_parameter(Variable):
    x = Variable(exact([2.0, 3.0]), requires_grad=True)
    needs_a_start(x)
    x.backward(exact([5.0, -1.0]))
    assert x.grad.tolist() == [5, -1]


@pytest.mark.claim("4.0.5")
def test_the_gradient_that_backward_was_given_stays_the_callers_own(Variable):
    x, g = Variable(exact([2.0, 3.0]), requires_grad=True), exact([5.0, -1.0])
    needs_a_start(x)
    x.backward(g)
    x.backward(g)
    assert g.tolist() == [5, -1], f"the gradient that was given is {g.tolist()} now"
    assert_close("the gradient after two backward passes", x.grad, exact([10.0, -2.0]))
    x.grad.zero_()  # as before the next step
    assert g.tolist() == [5, -1], f"with the gradient of the parameter, it became {g.tolist()}"
