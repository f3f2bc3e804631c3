"""Operations on variables, each alone and many in a row, with operands for them.

The same functions are called with variables, and with tensors.
"""

import functools
import inspect
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from hypothesis import strategies as st
from torch import Tensor

from sums_to_one.tests.common.gradients import by_differences
from sums_to_one.tests.common.inputs import exact, grid
from sums_to_one.tests.common.limits import NotProvided, lies_inside
from sums_to_one.tests.common.options import feature, needs, option


def whole_eighths(*shape: int, limit: float = 3.0, least: float = 0.0) -> Tensor:
    """Numbers of both signs in a scrambled order, none of them 0 nor nearer to it than `least`."""
    x = grid(*shape, limit=limit - least)
    return ((x.abs() * 8).ceil() / 8 + least) * x.sign()


def plain(Variable) -> Any:
    """A variable of one number, with as many dimensions as there may be."""
    shape = next(filter(lies_inside, [(1,), (1, 1), (), (1, 1, 1)]), (1,))
    return Variable(exact(1.0).reshape(shape))


def has(Variable, name: str) -> bool:
    return hasattr(plain(Variable), name)


def takes_a_start(variable: Any) -> bool:
    """Whether a walk back can begin with a gradient; some begin with 1 at a single number."""
    return any(name != "retain_graph" for name in inspect.signature(variable.backward).parameters)


def needs_a_start(variable: Any) -> None:
    """End the test as not provided where a walk back begins with 1 alone."""
    if not takes_a_start(variable):
        raise NotProvided("not provided: backward(gradient)")


def walk_back(result: Any, gradient: Tensor, **options: Any) -> None:
    """From a result with this gradient, or from the one number that has it as its slope."""
    if takes_a_start(result):
        result.backward(gradient, **options)
        return
    end = result * gradient
    if gradient.numel() != 1:
        needs(end, "sum")
        end = end.sum()
    end.backward(**options)


Shapes = tuple[tuple[tuple[int, ...], ...], ...]  # of all operands, one case after another


class Operation(NamedTuple):
    """An operation on variables, or on tensors, and operands for it."""

    needs: str  # the method that provides it
    function: Callable[..., Any]
    shapes: Shapes
    least: float = 0.0  # how far away from 0 the operands must be
    positive: bool = False
    options: tuple[str, ...] = ()  # the arguments of the method that it needs
    extra: bool = False  # who refuses it, on the way or on the way back, is not asked

    @property
    def cases(self) -> Shapes:
        """The shapes that lie inside the limits of who is judged."""
        return tuple(case for case in self.shapes if all(map(lies_inside, case)))

    def operands(self, shapes: tuple[tuple[int, ...], ...]) -> list[Tensor]:
        """Numbers in these shapes; those of the second operand come in the opposite order."""
        first, *second = (
            whole_eighths(*shape, limit=3 + k, least=self.least) for k, shape in enumerate(shapes)
        )
        both = [first, *(x.flatten().flip(0).reshape(x.shape) for x in second)]
        return [x.abs() for x in both] if self.positive else both


def row_like(x: Any) -> Tensor:
    return exact([2.5, -3.0, 2.0]).to(x.data.dtype)


def matrix_like(x: Any) -> Tensor:
    return exact([[0.5, -1.0, 2.0], [3.0, 0.25, -2.0], [-1.5, 1.0, 0.75]]).to(x.data.dtype)


SECOND_TAKEN_THRICE = torch.tensor([1, 0, 1, 1])  # the second is taken three times
ONE_OPERAND = tuple((shape,) for shape in ((), (1,), (5,), (2, 3), (2, 1, 3), (0, 5)))
BESIDE_THREE = tuple((shape,) for shape in ((), (3,), (2, 3), (2, 1), (2, 1, 1), (0, 3)))
MATRICES = tuple((shape,) for shape in ((2, 3), (3, 3), (3, 1), (1, 2), (5, 3), (0, 3)))
BLOCKS = (((3, 3, 3),), ((2, 3, 5),), ((1, 2, 3),))
PAIRS_TO_BROADCAST = (
    *(((), ()), ((3,), ()), ((), (2, 3)), ((1,), (2, 3)), ((2, 3), (2, 3)), ((1, 1), ())),
    *(((2, 3), (3,)), ((3,), (2, 3)), ((2, 3), (2, 1)), ((2, 1), (1, 3)), ((3, 1), (3,))),
    *(((3, 3), (3, 1)), ((3, 3), (3,)), ((1, 3), (3, 3)), ((2, 1, 3), (5, 1)), ((0, 3), (3,))),
)
PAIRS_TO_MULTIPLY = (
    *(((2, 3), (3, 5)), ((3, 3), (3, 3)), ((1, 3), (3, 1)), ((3, 1), (1, 2)), ((1, 1), (1, 1))),
    *(((0, 3), (3, 2)), ((2, 0), (0, 3))),
)


# Who takes matrices alone says so, and is not asked.
OTHER_PRODUCTS = {
    "vector @ matrix": (((3,), (3, 3)), ((3,), (3, 2)), ((2,), (2, 5))),
    "matrix @ vector": (((3, 3), (3,)), ((2, 3), (3,)), ((5, 2), (2,))),
    "vector @ vector": (((3,), (3,)), ((5,), (5,))),
    "batches @ batches": (((2, 3, 3), (2, 3, 3)), ((5, 2, 3), (5, 3, 2))),
    "batches @ matrix": (((2, 3, 3), (3, 3)), ((5, 2, 3), (3, 2))),
    "matrix @ batches": (((3, 3), (2, 3, 3)), ((2, 3), (5, 3, 2))),
}


def arithmetic(name: str, sign: str, least: float = 0) -> dict[str, Operation]:
    """With both operands variable, and with constants on either side."""
    of, left, right = getattr(operator, name), f"__{name}__", f"__r{name}__"
    return {
        f"x {sign} y": Operation(left, of, PAIRS_TO_BROADCAST, least),
        f"x {sign} 2.5": Operation(left, lambda x: of(x, 2.5), ONE_OPERAND, least),
        f"2.5 {sign} x": Operation(right, lambda x: of(2.5, x), ONE_OPERAND, least),
        f"x {sign} tensor": Operation(left, lambda x: of(x, row_like(x)), BESIDE_THREE, least),
        f"tensor {sign} x": Operation(right, lambda x: of(row_like(x), x), BESIDE_THREE, least),
    }


# Of three dimensions, those that go, in any order and counted from either end.
PAIRS = {
    "pairs": (0, 2),
    "pairs, the later one first": (1, 0),
    "pairs, counted from the end": (-2, -1),
    "pairs, counted from both ends": (-2, 2),
}


def over_pairs(name: str) -> dict[str, Operation]:
    """A sum or a mean over two dimensions at once."""
    over = lambda x, **options: getattr(x, name)(**options)  # noqa: E731
    both = lambda x: over(x, dim=(-1, 1), keepdim=True)  # noqa: E731
    gone = {
        f"{name} of {which}": Operation(
            name, functools.partial(over, dim=dim), BLOCKS, options=("dim",), extra=True
        )
        for which, dim in PAIRS.items()
    }
    kept = Operation(name, both, BLOCKS, options=("dim", "keepdim"), extra=True)
    return {**gone, f"{name} of pairs, kept": kept}


OPERATIONS = {
    **arithmetic("add", "+"),
    **arithmetic("sub", "-"),
    **arithmetic("mul", "*"),
    **arithmetic("truediv", "/", least=2),
    "x * 0": Operation("__mul__", lambda x: x * 0, ONE_OPERAND),
    "x + 0": Operation("__add__", lambda x: x + 0, ONE_OPERAND),
    "minus x": Operation("__neg__", operator.neg, ONE_OPERAND),
    "x ** 0": Operation("__pow__", lambda x: x**0, ONE_OPERAND),
    "x ** 1": Operation("__pow__", lambda x: x**1, ONE_OPERAND),
    "x ** 3": Operation("__pow__", lambda x: x**3, ONE_OPERAND),
    "x ** 0.5": Operation("__pow__", lambda x: x**0.5, ONE_OPERAND, least=2, positive=True),
    "x ** -1": Operation("__pow__", lambda x: x**-1, ONE_OPERAND, least=2),
    "x @ tensor": Operation("__matmul__", lambda x: x @ matrix_like(x), (((2, 3),), ((3, 3),))),
    "tensor @ x": Operation("__rmatmul__", lambda x: matrix_like(x) @ x, (((3, 2),), ((3, 3),))),
    "x @ y": Operation("__matmul__", operator.matmul, PAIRS_TO_MULTIPLY),
    **{
        name: Operation("__matmul__", operator.matmul, shapes, extra=True)
        for name, shapes in OTHER_PRODUCTS.items()
    },
    "x ** y": Operation(
        "__pow__", operator.pow, PAIRS_TO_BROADCAST, least=2, positive=True, extra=True
    ),
    "exp": Operation("exp", lambda x: x.exp(), ONE_OPERAND),
    "log": Operation("log", lambda x: x.log(), ONE_OPERAND, least=2, positive=True),
    "relu": Operation("relu", lambda x: x.relu(), ONE_OPERAND),
    "sigmoid": Operation("sigmoid", lambda x: x.sigmoid(), ONE_OPERAND),
    "tanh": Operation("tanh", lambda x: x.tanh(), ONE_OPERAND),
    "sum": Operation("sum", lambda x: x.sum(), ONE_OPERAND),
    "sum of columns": Operation("sum", lambda x: x.sum(dim=0), MATRICES[:-1], options=("dim",)),
    "sum of columns, counted from the end": Operation(
        "sum", lambda x: x.sum(dim=-2), MATRICES[:-1], options=("dim",)
    ),
    "sum of rows": Operation("sum", lambda x: x.sum(dim=1), MATRICES, options=("dim",)),
    "sum of rows, kept": Operation(
        "sum", lambda x: x.sum(dim=-1, keepdim=True), MATRICES, options=("dim", "keepdim")
    ),
    "mean": Operation("mean", lambda x: x.mean(), ONE_OPERAND[:-1]),
    "mean of columns": Operation("mean", lambda x: x.mean(dim=0), MATRICES[:-1], options=("dim",)),
    "mean of columns, counted from the end": Operation(
        "mean", lambda x: x.mean(dim=-2), MATRICES[:-1], options=("dim",)
    ),
    "mean of rows": Operation("mean", lambda x: x.mean(dim=-1), MATRICES, options=("dim",)),
    "mean of columns, kept": Operation(
        "mean", lambda x: x.mean(dim=0, keepdim=True), MATRICES[:-1], options=("dim", "keepdim")
    ),
    **over_pairs("sum"),
    **over_pairs("mean"),
    "reshape": Operation("reshape", lambda x: x.reshape(3, -1), (((2, 3),), ((3, 3),), ((3,),))),
    "flat": Operation("reshape", lambda x: x.reshape(-1), ONE_OPERAND),
    "t": Operation("t", lambda x: x.t(), MATRICES),
    "the first row": Operation("__getitem__", lambda x: x[0], (((2, 3),), ((3,),))),
    "a row": Operation("__getitem__", lambda x: x[1], (((2, 3),), ((3,),))),
    "a number": Operation("__getitem__", lambda x: x[-1, 0], (((2, 3),), ((1, 1),))),
    "a slice": Operation("__getitem__", lambda x: x[1:, ::2], (((3, 5),), ((2, 1),), ((1, 3),))),
    "rows taken": Operation("__getitem__", lambda x: x[SECOND_TAKEN_THRICE], (((2, 3),), ((3,),))),
    "one of each row": Operation(
        "__getitem__", lambda x: x[torch.arange(4), SECOND_TAKEN_THRICE], (((4, 2),), ((5, 3),))
    ),
    "numbers taken": Operation(
        "__getitem__", lambda x: x[SECOND_TAKEN_THRICE, SECOND_TAKEN_THRICE], (((2, 2),), ((2, 3),))
    ),
}


def ask_for(Variable, operation: Operation) -> None:
    """End the test as not provided where the subject lacks the operation, or says so."""
    x = plain(Variable)
    needs(x, operation.needs)
    option(getattr(x, operation.needs), *operation.options)
    for shapes in operation.cases[:1]:
        with feature(operation.needs):
            variables = [Variable(x, requires_grad=True) for x in operation.operands(shapes)]
            result = operation.function(*variables)
            if operation.extra:
                walk_back(result, torch.ones_like(result.data))


def operations_of(Variable) -> list[tuple[str, Operation]]:
    """Those that the subject provides; what it lacks is named by the first claim."""
    return [(name, it) for name, it in OPERATIONS.items() if is_provided(Variable, it)]


def is_provided(Variable, operation: Operation) -> bool:
    try:
        ask_for(Variable, operation)
    except NotProvided:
        return False
    return True


def forth_and_back(
    Variable, operation: Operation, operands: list[Tensor], g: Tensor
) -> list[Tensor]:
    """The result of the operation, and the gradients of sum(g * result) by all operands."""
    variables = [Variable(x, requires_grad=True) for x in operands]
    result = operation.function(*variables)
    walk_back(result, g)
    return [result.data.detach(), *(variable.grad for variable in variables)]


def differences(Variable, operation: Operation, operands: list[Tensor], k: int, g: Tensor):
    """The gradient of sum(g * result) by operand k, from the values of the subject itself."""

    def of_rows(rows: Tensor) -> Tensor:
        each = [
            operation.function(*(Variable(x) for x in [*operands[:k], row, *operands[k + 1 :]]))
            for row in rows.reshape(-1, *operands[k].shape).to(g.dtype)
        ]
        return torch.stack([y.data.double() for y in each]).reshape(*rows.shape[:-1], -1)

    found = by_differences(of_rows, operands[k].flatten().double(), g.flatten().double())
    return found.reshape(operands[k].shape)


# Many operations in a row


class Computation(NamedTuple):
    """Steps, each of which computes a new number from two before; the first two are x and y."""

    steps: list[tuple[str, int, int]]

    def on(self, x: Any, y: Any) -> Any:
        values = [x, y]
        for name, i, j in self.steps:
            values.append(COMPUTING_STEPS[name](values[i % len(values)], values[j % len(values)]))
        return values[-1]


COMPUTING_STEPS: dict[str, Callable[[Any, Any], Any]] = {
    "product": lambda a, b: a * b,
    "half the sum": lambda a, b: (a + b) * 0.5,
    "half the difference": lambda a, b: a * 0.5 + b * -0.5,
}
computations = st.lists(
    st.tuples(st.sampled_from(list(COMPUTING_STEPS)), st.integers(0, 11), st.integers(0, 11)),
    min_size=1,
    max_size=10,
).map(Computation)


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
