"""Variable brings to every parameter the slope of the loss along it: backpropagation.

Whole networks first, then every operation alone, how gradients meet, who keeps one, and how a walk
back may start. The judges are differences of values, slopes carried forward beside the values, and
PyTorch's autograd on plain tensors that go through the same function.
"""

import itertools
import operator
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.closeness import assert_close
from sums_to_one.tests.common.gradients import OFFSETS, STEP, WEIGHTS, by_differences
from sums_to_one.tests.common.inputs import DTYPES, LAYOUTS, every_dtype, exact, grid
from sums_to_one.tests.common.options import needs, provides


def whole_eighths(*shape: int, limit: float = 3.0, least: float = 0.0) -> Tensor:
    """Numbers of both signs in a scrambled order, none of them 0 nor nearer to it than `least`."""
    x = grid(*shape, limit=limit - least)
    return ((x.abs() * 8).ceil() / 8 + least) * x.sign()


def has(Variable, name: str) -> bool:
    return hasattr(Variable(torch.ones(1)), name)


def kept(variable: Any) -> Any:
    """Its gradient; PyTorch warns where there can be none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return variable.grad


# Networks


class Network(NamedTuple):
    """A fully connected network, a loss, and what is special about its parameters."""

    widths: list[int]
    activations: list[str]  # one after each layer but the last
    loss: str
    examples: int
    biases: bool
    one_weight_for_all_hidden: bool
    frozen: int  # which parameter, counted round and round, if there is more than one

    def parameters(self) -> dict[str, Tensor]:
        """Names and numbers, all of them different; the last parameter is never used."""
        shapes: dict[str, tuple[int, ...]] = {}
        for layer, (fan_in, fan_out) in enumerate(itertools.pairwise(self.widths)):
            if not (self.one_weight_for_all_hidden and 1 < layer < len(self.activations)):
                shapes[f"weight {layer}"] = (fan_in, fan_out)
            if self.biases:
                shapes[f"bias {layer}"] = (fan_out,)
        shapes["unused"] = (2,)
        sizes = [torch.Size(shape).numel() for shape in shapes.values()]
        parts = grid(sum(sizes), limit=1).split(sizes)
        return {n: p.reshape(s) for (n, s), p in zip(shapes.items(), parts, strict=True)}

    def loss_of(self, parameters: dict[str, Any]) -> Any:
        """One number, from tensors or from variables."""
        x: Any = grid(self.examples, self.widths[0], limit=1)
        for layer, activation in enumerate([*self.activations, ""]):
            weight = f"weight {layer}" if f"weight {layer}" in parameters else "weight 1"
            x = x @ parameters[weight]
            x = x + parameters[f"bias {layer}"] if self.biases else x
            x = getattr(x, activation)() if activation else x
        return LOSSES[self.loss](x, grid(self.examples, self.widths[-1], limit=0.5) + 0.5)

    def without_what_lacks(self, Variable) -> "Network":
        """The network as far as the subject provides what it needs."""
        needs(Variable(torch.ones(1)), "__matmul__", "mean")
        activations = [name if has(Variable, name) else "" for name in self.activations]
        can = all(has(Variable, name) for name in NEEDS[self.loss])
        loss = self.loss if can else "mean squared error"
        return self._replace(activations=activations, loss=loss)


def cross_entropy(scores: Any, target: Tensor) -> Any:
    total = scores.exp().sum(dim=1).log()
    return (total - scores[torch.arange(len(target)), target.argmax(dim=1)]).mean()


def binary_cross_entropy(scores: Any, target: Tensor) -> Any:
    p = scores.sigmoid()
    return -(p.log() * target + (1 - p).log() * (1 - target)).mean()


LOSSES: dict[str, Callable[[Any, Tensor], Any]] = {
    "mean squared error": lambda scores, target: ((scores - target) * (scores - target)).mean(),
    "cross-entropy": cross_entropy,
    "binary cross-entropy": binary_cross_entropy,
}
NEEDS = {
    "mean squared error": (),
    "cross-entropy": ("exp", "log", "sum", "__getitem__"),
    "binary cross-entropy": ("sigmoid", "log"),
}


@st.composite
def networks(draw: st.DrawFn, activations: tuple[str, ...]) -> Network:
    """Networks of up to four layers."""
    hidden = draw(st.lists(st.integers(1, 5), max_size=3))
    one_weight = draw(st.booleans())
    if one_weight:
        hidden = hidden[:1] * len(hidden)
    return Network(
        widths=[draw(st.integers(1, 4)), *hidden, draw(st.integers(1, 3))],
        activations=[draw(st.sampled_from(activations)) for _ in hidden],
        loss=draw(st.sampled_from(list(LOSSES))),
        examples=draw(st.integers(1, 4)),
        biases=draw(st.booleans()),
        one_weight_for_all_hidden=one_weight,
        frozen=draw(st.integers(0, 9)),
    )


@pytest.mark.claim("4.0.1")
@given(networks(("tanh", "sigmoid")))
def test_the_gradient_is_the_slope_that_differences_show(Variable, network):
    network = network.without_what_lacks(Variable)
    parameters = network.parameters()
    del parameters["unused"]
    variables = {name: Variable(p, requires_grad=True) for name, p in parameters.items()}
    network.loss_of(variables).backward()
    along = {name: grid(*p.shape, limit=0.125) for name, p in parameters.items()}
    moved = [
        network.loss_of({name: p + STEP * offset * along[name] for name, p in parameters.items()})
        for offset in OFFSETS
    ]
    expected = (WEIGHTS * torch.stack(moved)).sum() / STEP
    came = sum((variables[name].grad * along[name]).sum() for name in parameters)
    assert_close("the slope of the loss along a line through all parameters", came, expected)


@pytest.mark.claim("4.0.1")
@given(networks(("relu", "tanh", "sigmoid")))
def test_every_parameter_gets_the_gradient_that_pytorch_computes(Variable, network):
    network = network.without_what_lacks(Variable)
    parameters = network.parameters()
    frozen = list(parameters)[network.frozen % len(parameters)] if len(parameters) > 2 else ""
    variables = {n: Variable(p.clone(), requires_grad=n != frozen) for n, p in parameters.items()}
    tensors = {n: p.clone().requires_grad_(n != frozen) for n, p in parameters.items()}
    loss, expected = network.loss_of(variables), network.loss_of(tensors)
    assert_close("the loss", loss.data, expected.detach())
    loss.backward()
    expected.backward()
    for name, tensor in tensors.items():
        if tensor.grad is None:
            assert variables[name].grad is None, f"the gradient of {name}, which needs none"
        else:
            assert_close(f"the gradient of {name}", variables[name].grad, tensor.grad)


# Every operation alone


Shapes = tuple[tuple[tuple[int, ...], ...], ...]  # of all operands, one case after another


class Operation(NamedTuple):
    """An operation on variables, or on tensors, and operands for it."""

    needs: str  # the method that provides it
    function: Callable[..., Any]
    shapes: Shapes
    least: float = 0.0  # how far away from 0 the operands must be
    positive: bool = False

    def operands(self, shapes: tuple[tuple[int, ...], ...]) -> list[Tensor]:
        """Numbers in these shapes; those of the second operand come in the opposite order."""
        first, *second = (
            whole_eighths(*shape, limit=3 + k, least=self.least) for k, shape in enumerate(shapes)
        )
        both = [first, *(x.flatten().flip(0).reshape(x.shape) for x in second)]
        return [x.abs() for x in both] if self.positive else both


def row(x: Any) -> Tensor:
    return exact([2.5, -3.0, 2.0]).to(x.data.dtype)


def matrix(x: Any) -> Tensor:
    return exact([[0.5, -1.0, 2.0], [3.0, 0.25, -2.0], [-1.5, 1.0, 0.75]]).to(x.data.dtype)


TWICE = torch.tensor([1, 0, 1, 1])  # the second is taken three times
ONE = tuple((shape,) for shape in ((), (1,), (5,), (2, 3), (2, 1, 3), (0, 5)))
WITH_THREE = tuple((shape,) for shape in ((), (3,), (2, 3), (2, 1), (2, 1, 1), (0, 3)))
MATRICES = tuple((shape,) for shape in ((2, 3), (3, 3), (3, 1), (1, 2), (5, 3), (0, 3)))
PAIRS = (
    *(((), ()), ((3,), ()), ((), (2, 3)), ((1,), (2, 3)), ((2, 3), (2, 3)), ((1, 1), ())),
    *(((2, 3), (3,)), ((3,), (2, 3)), ((2, 3), (2, 1)), ((2, 1), (1, 3)), ((3, 1), (3,))),
    *(((3, 3), (3, 1)), ((3, 3), (3,)), ((1, 3), (3, 3)), ((2, 1, 3), (5, 1)), ((0, 3), (3,))),
)
PRODUCTS = (
    *(((2, 3), (3, 5)), ((3, 3), (3, 3)), ((1, 3), (3, 1)), ((3, 1), (1, 2)), ((1, 1), (1, 1))),
    *(((0, 3), (3, 2)), ((2, 0), (0, 3))),
)


def arithmetic(name: str, sign: str, least: float = 0) -> dict[str, Operation]:
    """With both operands variable, and with constants on either side."""
    of, left, right = getattr(operator, name), f"__{name}__", f"__r{name}__"
    return {
        f"x {sign} y": Operation(left, of, PAIRS, least),
        f"x {sign} 2.5": Operation(left, lambda x: of(x, 2.5), ONE, least),
        f"2.5 {sign} x": Operation(right, lambda x: of(2.5, x), ONE, least),
        f"x {sign} tensor": Operation(left, lambda x: of(x, row(x)), WITH_THREE, least),
        f"tensor {sign} x": Operation(right, lambda x: of(row(x), x), WITH_THREE, least),
    }


OPERATIONS = {
    **arithmetic("add", "+"),
    **arithmetic("sub", "-"),
    **arithmetic("mul", "*"),
    **arithmetic("truediv", "/", least=2),
    "minus x": Operation("__neg__", operator.neg, ONE),
    "x ** 0": Operation("__pow__", lambda x: x**0, ONE),
    "x ** 1": Operation("__pow__", lambda x: x**1, ONE),
    "x ** 3": Operation("__pow__", lambda x: x**3, ONE),
    "x ** 0.5": Operation("__pow__", lambda x: x**0.5, ONE, least=2, positive=True),
    "x ** -1": Operation("__pow__", lambda x: x**-1, ONE, least=2),
    "x @ tensor": Operation("__matmul__", lambda x: x @ matrix(x), (((2, 3),), ((3, 3),))),
    "tensor @ x": Operation("__rmatmul__", lambda x: matrix(x) @ x, (((3, 2),), ((3, 3),))),
    "x @ y": Operation("__matmul__", operator.matmul, PRODUCTS),
    "exp": Operation("exp", lambda x: x.exp(), ONE),
    "log": Operation("log", lambda x: x.log(), ONE, least=2, positive=True),
    "relu": Operation("relu", lambda x: x.relu(), ONE),
    "sigmoid": Operation("sigmoid", lambda x: x.sigmoid(), ONE),
    "tanh": Operation("tanh", lambda x: x.tanh(), ONE),
    "sum": Operation("sum", lambda x: x.sum(), ONE),
    "sum of columns": Operation("sum", lambda x: x.sum(dim=0), MATRICES[:-1]),
    "sum of rows": Operation("sum", lambda x: x.sum(dim=1), MATRICES),
    "sum of rows, kept": Operation("sum", lambda x: x.sum(dim=-1, keepdim=True), MATRICES),
    "mean": Operation("mean", lambda x: x.mean(), ONE[:-1]),
    "mean of columns": Operation("mean", lambda x: x.mean(dim=0), MATRICES[:-1]),
    "mean of rows": Operation("mean", lambda x: x.mean(dim=-1), MATRICES),
    "mean of columns, kept": Operation(
        "mean", lambda x: x.mean(dim=0, keepdim=True), MATRICES[:-1]
    ),
    "reshape": Operation("reshape", lambda x: x.reshape(3, -1), (((2, 3),), ((3, 3),), ((3,),))),
    "flat": Operation("reshape", lambda x: x.reshape(-1), ONE),
    "t": Operation("t", lambda x: x.t(), MATRICES),
    "a row": Operation("__getitem__", lambda x: x[1], (((2, 3),), ((3,),))),
    "a number": Operation("__getitem__", lambda x: x[-1, 0], (((2, 3),), ((1, 1),))),
    "a slice": Operation("__getitem__", lambda x: x[1:, ::2], (((3, 5),), ((2, 1),), ((1, 3),))),
    "rows taken": Operation("__getitem__", lambda x: x[TWICE], (((2, 3),), ((3,),))),
    "one of each row": Operation(
        "__getitem__", lambda x: x[torch.arange(4), TWICE], (((4, 2),), ((5, 3),))
    ),
    "numbers taken": Operation("__getitem__", lambda x: x[TWICE, TWICE], (((2, 2),), ((2, 3),))),
}


def operations_of(Variable) -> list[tuple[str, Operation]]:
    """Those that the subject provides; what it lacks is named by the first claim."""
    return [(name, it) for name, it in OPERATIONS.items() if has(Variable, it.needs)]


def forth_and_back(
    Variable, operation: Operation, operands: list[Tensor], g: Tensor
) -> list[Tensor]:
    """The result of the operation, and the gradients of sum(g * result) by all operands."""
    variables = [Variable(x, requires_grad=True) for x in operands]
    result = operation.function(*variables)
    result.backward(g)
    return [result.data.detach(), *(variable.grad for variable in variables)]


def differences(Variable, operation: Operation, operands: list[Tensor], k: int, g: Tensor):
    """The gradient of sum(g * result) by operand k, from the values of the subject itself."""

    def of_rows(rows: Tensor) -> Tensor:
        each = [
            operation.function(*(Variable(x) for x in [*operands[:k], row, *operands[k + 1 :]]))
            for row in rows.reshape(-1, *operands[k].shape)
        ]
        return torch.stack([y.data for y in each]).reshape(*rows.shape[:-1], -1)

    return by_differences(of_rows, operands[k].flatten(), g.flatten()).reshape(operands[k].shape)


@pytest.mark.claim("4.0.3")
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_an_operation_passes_back_the_slope_that_differences_show(Variable, operation):
    needs(Variable(torch.ones(1)), operation.needs)
    for shapes in operation.shapes:
        operands = operation.operands(shapes)
        g = whole_eighths(*operation.function(*operands).shape, limit=1)
        _, *gradients = forth_and_back(Variable, operation, operands, g)
        for k, x in enumerate(operands):
            expected = differences(Variable, operation, operands, k, g) if x.numel() else x
            assert_close(f"shapes {shapes}, the gradient of operand {k}", gradients[k], expected)


@pytest.mark.claim("4.0.3")
def test_every_operation_computes_what_it_computes_on_tensors(Variable):
    for name, operation in operations_of(Variable):
        for shapes in operation.shapes:
            operands = operation.operands(shapes)
            came = operation.function(*map(Variable, operands))
            expected = operation.function(*operands)
            assert_close(f"{name}, shapes {shapes}", came.data, expected)
            assert tuple(came.shape) == tuple(expected.shape)


@pytest.mark.claim("4.0.3")
def test_fewer_digits_cost_only_rounding(Variable):
    for name, operation in operations_of(Variable):
        for shapes in operation.shapes[:2]:
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
        matrices = [s for s in operation.shapes if all(len(x) == 2 and min(x) > 1 for x in s)]
        for shapes, where in itertools.product(matrices[:1], LAYOUTS):
            operands = [LAYOUTS[where](x) for x in operation.operands(shapes)]
            g = whole_eighths(*operation.function(*operands).shape, limit=1)
            tensors = [*operands, LAYOUTS[where](g) if g.ndim else g]
            copies = [x.clone(memory_format=torch.contiguous_format) for x in tensors]
            expected = forth_and_back(Variable, operation, copies[:-1], copies[-1])
            found = forth_and_back(Variable, operation, tensors[:-1], tensors[-1])
            for came, should in zip(found, expected, strict=True):
                assert_close(f"{name}, shapes {shapes}, {where}", came, should)


@pytest.mark.claim("4.0.3")
@every_dtype
def test_relu_is_closed_at_0(Variable, dtype):
    needs(Variable(torch.ones(1)), "relu")
    x = Variable(torch.tensor([0.0, -0.0], dtype=dtype), requires_grad=True)
    x.relu().backward(torch.tensor([1.0, -2.0], dtype=dtype))
    assert x.grad.tolist() == [0, 0], f"the slope at 0 is {x.grad.tolist()}"


@pytest.mark.claim("4.0.3")
@every_dtype
def test_whole_powers_have_a_slope_at_0(Variable, dtype):
    needs(Variable(torch.ones(1)), "__pow__")
    for exponent, slope in {0: 0.0, 1: 1.0, 2: 0.0, 3: 0.0}.items():
        x = Variable(torch.zeros(1, dtype=dtype), requires_grad=True)
        (x**exponent).backward(torch.ones(1, dtype=dtype))
        assert x.grad.tolist() == [slope], f"x ** {exponent} has the slope {x.grad.tolist()}"


@pytest.mark.claim("4.0.3")
@pytest.mark.parametrize(("name", "limits"), [("sigmoid", [0, 1]), ("tanh", [-1, 1])])
def test_far_out_it_is_flat_and_not_nan(Variable, name, limits):
    needs(Variable(torch.ones(1)), name)
    for dtype in DTYPES:
        x = Variable(torch.tensor([-1e4, 1e4], dtype=dtype), requires_grad=True)
        y = getattr(x, name)()
        y.backward(torch.ones(2, dtype=dtype))
        assert (y.data.tolist(), x.grad.tolist()) == (limits, [0, 0])


# How gradients meet


class Program(NamedTuple):
    """Steps, each of which computes a new number from two before; the first two are x and y."""

    steps: list[tuple[str, int, int]]

    def on(self, x: Any, y: Any) -> Any:
        values = [x, y]
        for name, i, j in self.steps:
            values.append(STEPS[name](values[i % len(values)], values[j % len(values)]))
        return values[-1]


STEPS: dict[str, Callable[[Any, Any], Any]] = {
    "product": lambda a, b: a * b,
    "half the sum": lambda a, b: (a + b) * 0.5,
    "half the difference": lambda a, b: a * 0.5 + b * -0.5,
}
programs = st.lists(
    st.tuples(st.sampled_from(list(STEPS)), st.integers(0, 11), st.integers(0, 11)),
    min_size=1,
    max_size=10,
).map(Program)


@dataclass
class Forward:
    """A number and its slope along one direction, which every operation carries forward."""

    value: Tensor
    slope: Tensor | float

    def __add__(self, other):
        return Forward(self.value + other.value, self.slope + other.slope)

    def __mul__(self, other):
        if not isinstance(other, Forward):
            return Forward(self.value * other, self.slope * other)
        return Forward(
            self.value * other.value, self.slope * other.value + self.value * other.slope
        )


@pytest.mark.claim("4.0.4")
@given(programs)
def test_the_way_back_finds_the_slopes_of_the_way_forward(Variable, program):
    x, y = exact([0.5, -0.75, 0.25]), exact([-0.25, 0.875, 1.0])
    variables = [Variable(t.clone(), requires_grad=True) for t in (x, y)]
    g = exact([1.0, -0.5, 0.75])
    program.on(*variables).backward(g)
    for along, variable in zip(((1.0, 0.0), (0.0, 1.0)), variables, strict=True):
        expected = program.on(Forward(x, along[0]), Forward(y, along[1])).slope
        came = torch.zeros(3, dtype=torch.float64) if variable.grad is None else variable.grad
        assert_close("the gradient", came, g * expected)


@pytest.mark.claim("4.0.4")
def test_all_uses_of_a_variable_add_up(Variable):
    for sign, of, slope in (
        ("+", operator.add, 2.0),
        ("-", operator.sub, 0.0),
        ("*", operator.mul, 6.0),
        ("/", operator.truediv, 0.0),
    ):
        if has(Variable, f"__{of.__name__}__"):
            x, one = Variable(exact([3.0]), requires_grad=True), exact([1.0])
            of(x, x).backward(one)
            assert_close(f"the slope of x {sign} x at 3", x.grad, slope)
            assert one == 1, f"the gradient that came in was 1, and is {one.item()} now"


@pytest.mark.claim("4.0.4")
def test_any_number_of_uses_add_up(Variable):
    for uses in (*range(2, 20), 500):
        x = Variable(exact([3.0]), requires_grad=True)
        for _ in range(2):
            total = x
            for _ in range(uses - 1):
                total = total + x
            total.backward(exact([1.0]))
        assert_close(f"the slope of two sums of x, {uses} times in each", x.grad, 2.0 * uses)


@pytest.mark.claim("4.0.4")
def test_a_matrix_may_be_multiplied_with_itself(Variable):
    a, g = whole_eighths(3, 3), whole_eighths(3, 3, limit=1)
    x = Variable(a.clone(), requires_grad=True)
    (x @ x).backward(g)
    assert_close("the gradient", x.grad, g @ a.t() + a.t() @ g)


@pytest.mark.claim("4.0.4")
def test_two_walks_back_add_up_until_the_gradient_is_set_to_none(Variable):
    x = Variable(exact([2.0, -3.0]), requires_grad=True)
    (x * x).backward(exact([1.0, 1.0]))
    (x * 5).backward(exact([1.0, -1.0]))
    assert_close("the sum of both gradients", x.grad, exact([9.0, -11.0]))
    x.grad = None
    (x * 7).backward(exact([1.0, 2.0]))
    assert_close("what came since it was None", x.grad, exact([7.0, 14.0]))


@pytest.mark.claim("4.0.4")
def test_two_walks_through_the_same_results_add_up_or_the_second_is_refused(Variable):
    x = Variable(exact([2.0, -3.0]), requires_grad=True)
    y = x * x
    one, other = y * y, y * 3
    keep = {"retain_graph": True} if provides(y.backward, "retain_graph") else {}
    try:
        for result in (one, one, other):
            result.backward(exact([1.0, -1.0]), **keep)
    except RuntimeError:  # what forgets the graph after one walk must say so
        assert not keep
        return
    assert_close("the sum of three gradients", x.grad, exact([76.0, 234.0]))


@pytest.mark.claim("4.0.4")
def test_graphs_that_are_built_at_the_same_time_do_not_mix(Variable):
    x, y = (Variable(exact([n]), requires_grad=True) for n in (2.0, 3.0))
    a, b = x * 5, y * y
    c, d = a * x, b * 7
    c.backward(exact([1.0]))
    assert y.grad is None, f"y has the gradient {y.grad}, but is not part of this graph"
    d.backward(exact([1.0]))
    assert_close("the slope of 5 x^2 at 2", x.grad, 20.0)
    assert_close("the slope of 7 y^2 at 3", y.grad, 42.0)


@pytest.mark.claim("4.0.4")
def test_equal_numbers_are_different_variables(Variable):
    numbers = exact([2.0])
    x, y = Variable(numbers, requires_grad=True), Variable(numbers, requires_grad=True)
    (x * 3 + y * 5).backward(exact([1.0]))
    assert (x.grad.item(), y.grad.item()) == (3, 5)


@pytest.mark.claim("4.0.4")
def test_the_way_back_is_linear_in_the_gradient_that_comes_in(Variable):
    one, other = whole_eighths(2, 3), whole_eighths(2, 3).flip(0, 1)
    found = []
    for g in (one, other, 2000 * one - 3 * other):
        x = Variable(whole_eighths(2, 3), requires_grad=True)
        (x * x * (x * x + 1)).backward(g)
        found.append(x.grad)
    assert_close("the gradient", found[2], 2000 * found[0] - 3 * found[1])


@pytest.mark.claim("4.0.4")
def test_a_chain_of_5000_operations_is_walked_to_its_end(Variable):
    x = Variable(exact([1.0]), requires_grad=True)
    y = x
    for step in range(5000):
        y = y * (0.5 if step % 2 else 2)
    y.backward(exact([1.0]))
    assert_close("the slope of 2500 doublings and halvings", x.grad, 1.0)


@pytest.mark.claim("4.0.4")
def test_the_work_grows_with_the_operations_and_not_with_the_paths(Variable):
    def work(doublings: int) -> int:
        y = x = Variable(exact([1.0]), requires_grad=True)
        for _ in range(doublings):
            y = y + y
        count = calls_of(lambda: y.backward(exact([1.0])))
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
    assert kept(x) is None
    z.backward(exact([1.0]))
    assert_close("the slope of (2 x)^2 at 2", x.grad, 16.0)
    for name, other in {"a constant": frozen, "what is not used": unused}.items():
        assert other.grad is None, f"{name} has the gradient {other.grad}"
    for name, result in {"the end": z, "a step on the way": y}.items():
        assert kept(result) is None, f"{name} has the gradient {kept(result)}"


@pytest.mark.claim("4.0.5")
def test_a_result_requires_a_gradient_if_any_operand_does(Variable):
    for asked in itertools.product([True, False], repeat=2):
        for name in ("x + y", "x - y", "x * y", "x / y", "x @ y"):
            x, y = (Variable(exact([[2.0]]), requires_grad=each) for each in asked)
            if has(Variable, OPERATIONS[name].needs):
                result = OPERATIONS[name].function(x, y) * 2
                assert result.requires_grad == any(asked), f"{name} of operands that say {asked}"


@pytest.mark.claim("4.0.5")
def test_one_constant_operand_leaves_the_gradient_of_the_other_as_it_is(Variable):
    for name, expected in {
        "x + y": (1.0, 1.0),
        "x - y": (1.0, -1.0),
        "x * y": (-4.0, 2.0),
        "x / y": (-0.25, -0.125),
        "x @ y": (-4.0, 2.0),
    }.items():
        for k in (0, 1) if has(Variable, OPERATIONS[name].needs) else ():
            both = [Variable(exact([[n]]), requires_grad=i == k) for i, n in enumerate((2.0, -4.0))]
            OPERATIONS[name].function(*both).backward(exact([[1.0]]))
            assert_close(
                f"the slope of {name} at 2 and -4 along {'xy'[k]}", both[k].grad, expected[k]
            )
            assert both[1 - k].grad is None, f"{name}: the constant has one, too"


@pytest.mark.claim("4.0.5")
def test_what_is_detached_is_a_constant(Variable):
    needs(Variable(torch.ones(1)), "detach")
    x = Variable(exact([3.0]), requires_grad=True)
    y = x * x
    held = y.detach()
    assert not held.requires_grad
    assert_close("its number", held.data, 9.0)
    (y * held).backward(exact([1.0]))
    assert_close("the slope of 9 x^2 at 3", x.grad, 54.0)


@pytest.mark.claim("4.0.5")
def test_no_numbers_are_changed_on_the_way(Variable):
    for name, operation in operations_of(Variable):
        for shapes in operation.shapes:
            operands = operation.operands(shapes)
            variables = [Variable(x.clone(), requires_grad=True) for x in operands]
            result = operation.function(*variables)
            value, g = result.data.clone(), whole_eighths(*result.shape, limit=1)
            result.backward(g)
            after = [*(variable.data for variable in variables), result.data, g]
            before = [*operands, value, whole_eighths(*result.shape, limit=1)]
            for came, expected in zip(after, before, strict=True):
                assert torch.equal(came, expected), f"{name} made {expected} into {came}"


@pytest.mark.claim("4.0.5")
def test_every_gradient_has_a_memory_of_its_own(Variable):
    x, y = Variable(exact([2.0]), requires_grad=True), Variable(exact([3.0]), requires_grad=True)
    g = exact([5.0])
    (x + y).backward(g)
    x.grad.zero_()  # as before the next step
    assert (y.grad.item(), g.item()) == (5, 5)
    y.grad.zero_()
    assert (x.grad.item(), g.item()) == (0, 5)


@pytest.mark.claim("4.0.5")
def test_a_gradient_may_be_written_to(Variable):
    needs(Variable(torch.ones(1)), "sum")
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
    (x * x).backward(exact([1.0, 1.0]))
    assert_close("the gradient", x.grad, exact([2.0, -2.0]))


@pytest.mark.claim("4.0.5")
def test_the_state_of_torch_is_left_as_it_was(Variable):
    torch.rand(3)  # so that setting the seed, too, would be a change
    before = torch.get_rng_state()
    x = Variable(whole_eighths(2, 3), requires_grad=True)
    (x * x + 1).backward(whole_eighths(2, 3))
    assert torch.equal(torch.get_rng_state(), before), "random numbers were drawn, or seeded"
    assert (torch.get_default_dtype(), torch.is_grad_enabled()) == (torch.float32, True)


@pytest.mark.claim("4.0.5")
@every_dtype
def test_its_number_and_shape_can_be_read(Variable, dtype):
    needs(Variable(torch.ones(1)), "item")
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
        x = Variable(torch.ones(shape), requires_grad=True)
        with pytest.raises(RuntimeError):
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
            x = Variable(torch.ones(shape), requires_grad=True)
            with pytest.raises(RuntimeError):
                (x * x).backward(torch.ones(other))
            assert x.grad is None, f"refused, but the gradient is {x.grad}"


@pytest.mark.claim("4.0.6")
def test_where_nothing_requires_a_gradient_there_is_no_way_back(Variable):
    for end in (Variable(exact([1.0])), Variable(exact([1.0])) * 2):
        with pytest.raises(RuntimeError):
            end.backward()


@pytest.mark.claim("4.0.6")
def test_whole_numbers_have_no_gradient(Variable):
    for dtype in (torch.int64, torch.int32, torch.uint8, torch.bool):
        assert not Variable(torch.ones(2, dtype=dtype)).requires_grad
        with pytest.raises(RuntimeError):
            Variable(torch.ones(2, dtype=dtype), requires_grad=True)


@pytest.mark.claim("4.0.6")
def test_a_parameter_is_a_start_too(Variable):
    x = Variable(exact([2.0, 3.0]), requires_grad=True)
    x.backward(exact([5.0, -1.0]))
    assert x.grad.tolist() == [5, -1]
