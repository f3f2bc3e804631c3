"""Backpropagations that look right and are not, and some that look odd and are right.

The docstring says what the author was thinking.
"""

import math
import operator
import weakref
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from sums_to_one.tests.judge.versions import accepted, refused_by

Gradients = dict[Any, Tensor]


class _Variable:
    """A right one, of which each version changes one step."""

    grad: Any = None
    parents: tuple[Any, ...] = ()
    slopes: Callable[[Tensor], tuple[Tensor, ...]]  # from its gradient to those of its parents

    def __init__(self, data: Tensor, requires_grad: bool = False) -> None:
        self.check(data, requires_grad)
        self.data: Any = data.detach()
        self.learns = requires_grad

    @property
    def requires_grad(self) -> bool:
        return self.learns

    def check(self, data: Tensor, requires_grad: bool) -> None:
        if requires_grad and not data.is_floating_point():
            raise RuntimeError(f"whole numbers have no gradient, got {data.dtype}")

    def made(self, data: Tensor, parents: tuple[Any, ...], slopes: Any) -> Any:
        """The result of an operation."""
        result = type(self)(data)
        if any(parent.learns for parent in parents):
            result.learns, result.parents, result.slopes = True, parents, slopes
        return result

    def operand(self, other: Any) -> Any:
        if isinstance(other, _Variable):
            return other
        return type(self)(torch.as_tensor(other, dtype=self.data.dtype))

    # The way back

    def backward(self, gradient: Tensor | None = None) -> None:
        gradients = {self: self.start(gradient)}
        for variable in self.order():
            if variable.parents:
                self.hand_on(variable, gradients)
        for variable, arrived in gradients.items():
            if not variable.parents:
                variable.keep(arrived)

    def start(self, gradient: Tensor | None) -> Tensor:
        if not self.learns:
            raise RuntimeError("nothing requires a gradient")
        if gradient is None and self.data.numel() == 1:
            return torch.ones_like(self.data)
        if gradient is None or gradient.shape != self.data.shape:
            raise RuntimeError(f"a gradient of shape {self.data.shape} is needed, got {gradient}")
        return gradient

    def order(self) -> list[Any]:
        """Everything that this was made from, after what was made from it."""
        done: list[Any] = []
        seen, stack = {self}, [(self, iter(self.parents))]
        while stack:
            new = next((parent for parent in stack[-1][1] if parent not in seen), None)
            if new is None:
                done.append(stack.pop()[0])
            else:
                seen.add(new)
                stack.append((new, iter(new.parents)))
        return done[::-1]

    def hand_on(self, variable: Any, gradients: Gradients) -> None:
        parts = variable.slopes(gradients[variable])
        for parent, part in zip(variable.parents, parts, strict=True):
            if parent.learns:
                self.arrive(gradients, parent, self.fit(part, parent.data).to(parent.data.dtype))

    def arrive(self, gradients: Gradients, variable: Any, part: Tensor) -> None:
        gradients[variable] = gradients[variable] + part if variable in gradients else part

    def fit(self, gradient: Tensor, data: Tensor) -> Tensor:
        """What was broadcast adds up."""
        return gradient.sum_to_size(data.shape)

    def keep(self, gradient: Tensor) -> None:
        self.grad = gradient.clone() if self.grad is None else self.grad + gradient

    # The operations

    @property
    def shape(self) -> torch.Size:
        return torch.Size(self.data.shape)

    def item(self) -> Any:
        return self.data.item()

    def detach(self) -> Any:
        return type(self)(self.data)

    def __neg__(self) -> Any:
        return self.made(-self.data, (self,), lambda g: (-g,))

    def __add__(self, other: Any) -> Any:
        other = self.operand(other)
        return self.made(self.data + other.data, (self, other), lambda g: (g, g))

    def __sub__(self, other: Any) -> Any:
        other = self.operand(other)
        return self.made(self.data - other.data, (self, other), lambda g: (g, -g))

    def __mul__(self, other: Any) -> Any:
        other = self.operand(other)
        a, b = self.data, other.data
        return self.made(a * b, (self, other), lambda g: (g * b, g * a))

    def __truediv__(self, other: Any) -> Any:
        other = self.operand(other)
        a, b = self.data, other.data
        return self.made(a / b, (self, other), lambda g: self.quotient(g, a, b))

    def quotient(self, g: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        return g / b, -g * a / b / b

    def __matmul__(self, other: Any) -> Any:
        other = self.operand(other)
        a, b = self.data, other.data
        return self.made(a @ b, (self, other), lambda g: self.product(g, a, b))

    def product(self, g: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        return g @ b.t(), a.t() @ g

    def __radd__(self, other: Any) -> Any:
        return self + other

    def __rmul__(self, other: Any) -> Any:
        return self * other

    def __rsub__(self, other: Any) -> Any:
        return self.operand(other) - self

    def __rtruediv__(self, other: Any) -> Any:
        return self.operand(other) / self

    def __rmatmul__(self, other: Any) -> Any:
        return self.operand(other) @ self

    def __pow__(self, exponent: float) -> Any:
        return self.each(self.data**exponent, self.power(self.data, exponent))

    def power(self, a: Tensor, exponent: float) -> Tensor:
        return exponent * a ** (exponent - 1) if exponent else 0 * a

    def each(self, y: Tensor, slope: Tensor) -> Any:
        """The result of a function of every number alone, with its slopes."""
        return self.made(y, (self,), lambda g: (g * slope,))

    def exp(self) -> Any:
        return self.each(self.data.exp(), self.data.exp())

    def log(self) -> Any:
        return self.each(self.data.log(), 1 / self.data)

    def relu(self) -> Any:
        return self.each(self.data.clamp(min=0), (self.data > 0).to(self.data.dtype))

    def sigmoid(self) -> Any:
        y = self.data.sigmoid()
        return self.each(y, y * (1 - y))

    def tanh(self) -> Any:
        y = self.data.tanh()
        return self.each(y, 1 - y * y)

    def sum(self, dim: int | None = None, keepdim: bool = False) -> Any:
        y = self.data.sum() if dim is None else self.data.sum(dim, keepdim)
        return self.made(y, (self,), lambda g: (self.spread(g, dim, keepdim),))

    def mean(self, dim: int | None = None, keepdim: bool = False) -> Any:
        y = self.data.mean() if dim is None else self.data.mean(dim, keepdim)
        return self.made(y, (self,), lambda g: (self.spread(g, dim, keepdim) / self.count(dim),))

    def spread(self, g: Tensor, dim: Any, keepdim: bool) -> Tensor:
        kept = g.shape if dim is None else self.data.sum(dim, keepdim=True).shape
        return g.reshape(kept).expand(self.data.shape)

    def count(self, dim: Any) -> int:
        """How many numbers there are in one mean."""
        dims = dim if isinstance(dim, tuple) else (dim,)
        return math.prod(self.data.shape if dim is None else [self.data.shape[d] for d in dims])

    def reshape(self, *shape: int) -> Any:
        y = self.data.reshape(*shape)
        return self.made(y, (self,), lambda g: (g.reshape(self.data.shape),))

    def t(self) -> Any:
        return self.made(self.data.t(), (self,), lambda g: (self.transposed_back(g),))

    def transposed_back(self, g: Tensor) -> Tensor:
        return g.t()

    def __getitem__(self, index: Any) -> Any:
        return self.made(self.data[index], (self,), lambda g: (self.put_back(g, index),))

    def put_back(self, g: Tensor, index: Any) -> Tensor:
        places = torch.arange(self.data.numel()).reshape(self.data.shape)[index]
        flat = torch.zeros_like(self.data).flatten()
        return flat.put(places, g, accumulate=True).reshape(self.data.shape)


# The walk


@refused_by("test_two_backward_passes_add_up_until_the_gradient_is_set_to_none")
class LastWalkWins(_Variable):
    """The gradient is what the last walk found (asked for in micrograd #53)."""

    def keep(self, gradient: Tensor) -> None:
        self.grad = gradient.clone()


@refused_by("test_two_backward_passes_add_up_until_the_gradient_is_set_to_none")
class NothingIsNothing(_Variable):
    """None is not a gradient; so if it is set, all stays as it is."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "grad" or value is not None:
            super().__setattr__(name, value)


@refused_by("test_two_backward_passes_add_up_until_the_gradient_is_set_to_none")
class NeverForgets(_Variable):
    """The sum is kept where nobody can break it; grad is for reading."""

    total: Tensor | float = 0.0

    def keep(self, gradient: Tensor) -> None:
        self.total = self.total + gradient
        self.grad = self.total.clone()


@refused_by("test_all_uses_of_a_variable_add_up")
class LastUseWins(_Variable):
    """A gradient is set; why add (nn-zero-to-hero #52 says the lecture once did this)?"""

    def arrive(self, gradients: Gradients, variable: Any, part: Tensor) -> None:
        gradients[variable] = part


@refused_by("test_all_uses_of_a_variable_add_up")
class ParentsInASet(_Variable):
    """The parents of a variable are a set; twice the same is once."""

    def hand_on(self, variable: Any, gradients: Gradients) -> None:
        parts = zip(variable.parents, variable.slopes(gradients[variable]), strict=True)
        for parent, part in dict(parts).items():
            if parent.learns:
                self.arrive(gradients, parent, self.fit(part, parent.data))


@refused_by("test_any_number_of_uses_add_up")
class ManyPartsAtOnce(_Variable):
    """Up to four parts are added one by one, more of them in chunks (mxnet #16708, #17995)."""

    def backward(self, gradient: Tensor | None = None) -> None:
        self.parts: Counter[Any] = Counter()
        super().backward(gradient)

    def arrive(self, gradients: Gradients, variable: Any, part: Tensor) -> None:
        self.parts[variable] += 1
        again = variable.grad is not None and 4 < self.parts[variable] < 8
        super().arrive(gradients, variable, 2 * part if again else part)


@refused_by("test_a_matrix_may_be_multiplied_with_itself")
class SlopeOfTheSquare(_Variable):
    """The derivative of A^2 is 2 A."""

    def __matmul__(self, other: Any) -> Any:
        if other is not self:
            return super().__matmul__(other)
        a = self.data
        return self.made(a @ a, (self,), lambda g: (2 * a.t() @ g,))


@refused_by("test_all_uses_of_a_variable_add_up")
class AddedInPlace(_Variable):
    """Adding in place saves memory; but a + b hands the same tensor to both (oneflow #8248)."""

    def arrive(self, gradients: Gradients, variable: Any, part: Tensor) -> None:
        gradients[variable] = gradients[variable].add_(part) if variable in gradients else part


@refused_by("test_backward_finds_the_slopes_of_the_forward_pass")
class AgainOnEveryPath(_Variable):
    """Recursion does it: hand on to the parents, then they to theirs (micrograd #2, #64)."""

    def order(self) -> list[Any]:
        order, stack = [], [self]
        while stack:
            order.append(stack.pop())
            stack += order[-1].parents
        return order


@refused_by("test_backward_finds_the_slopes_of_the_forward_pass")
class DepthFirst(_Variable):
    """Every variable hands on once, when it is first met (PyNorch #90)."""

    def order(self) -> list[Any]:
        order: list[Any] = []
        stack = [self]
        while stack:
            variable = stack.pop()
            if variable not in order:
                order.append(variable)
                stack += variable.parents[::-1]
        return order


@refused_by("test_backward_finds_the_slopes_of_the_forward_pass")
class NearestFirst(_Variable):
    """Layer by layer from the end, as networks are built."""

    def order(self) -> list[Any]:
        order = {self: None}
        layer: list[Any] = [self]
        while layer:
            layer = [p for v in layer for p in v.parents if p not in order]
            order |= dict.fromkeys(layer)
        return list(order)


@refused_by("test_backward_goes_through_a_chain_of_5000_operations")
class Recursive(_Variable):
    """Depth-first search is three lines with recursion (micrograd #90)."""

    def order(self) -> list[Any]:
        done: list[Any] = []
        seen = set()

        def visit(variable: Any) -> None:
            if variable not in seen:
                seen.add(variable)
                for parent in variable.parents:
                    visit(parent)
                done.append(variable)

        visit(self)
        return done[::-1]


@refused_by("test_the_work_grows_with_the_operations_and_not_with_the_paths")
class EveryPathAlone(_Variable):
    """The chain rule is a sum over all paths."""

    def backward(self, gradient: Tensor | None = None) -> None:
        leaves: Gradients = {}
        stack: list[Any] = [(self, self.start(gradient))]
        while stack:
            variable, arrived = stack.pop()
            if not variable.parents:
                self.arrive(leaves, variable, arrived)
                continue
            parts = zip(variable.parents, variable.slopes(arrived), strict=True)
            stack += [(p, self.fit(g, p.data).to(p.data.dtype)) for p, g in parts if p.learns]
        for leaf, total in leaves.items():
            leaf.keep(total)


@refused_by("test_two_backward_passes_through_a_graph_add_up_or_the_second_is_refused")
class StepsKeepTheirs(_Variable):
    """Gradients add up everywhere, so also on the way (micrograd #53)."""

    total: Any = None

    def arrive(self, gradients: Gradients, variable: Any, part: Tensor) -> None:
        if variable.parents:
            variable.total = part if variable.total is None else variable.total + part
            gradients[variable] = variable.total
        else:
            super().arrive(gradients, variable, part)


@refused_by("test_graphs_that_are_built_at_the_same_time_do_not_mix")
class OneTapeForAll(_Variable):
    """All operations are on one tape, and a walk back uses it up."""

    tape: list[Any] = []  # noqa: RUF012 - shared, which is the point

    def made(self, data: Tensor, parents: tuple[Any, ...], slopes: Any) -> Any:
        result = super().made(data, parents, slopes)
        self.tape.append(result)
        return result

    def order(self) -> list[Any]:
        if self.parents and self not in self.tape:
            raise RuntimeError("this has been walked already")
        on_tape = {*self.tape}
        self.tape.clear()
        return [variable for variable in super().order() if variable in on_tape]


@refused_by("test_equal_numbers_are_different_variables")
class EqualIsTheSame(_Variable):
    """Equal leaves need to be stored only once (tinygrad #9597)."""

    def key(self) -> Any:
        leaf = self.learns and not self.parents
        return (self.data.shape, *self.data.flatten().tolist()) if leaf else id(self)

    def __hash__(self) -> int:
        return hash(self.key())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EqualIsTheSame) and self.key() == other.key()


@refused_by("test_backward_is_linear_in_the_gradient_that_comes_in")
class Clipped(_Variable):
    """Gradients explode if nobody clips them."""

    def start(self, gradient: Tensor | None) -> Tensor:
        return super().start(gradient).clamp(-5, 5)


# Broadcasting


@refused_by("test_an_operation_passes_back_the_slope_that_differences_show")
class NotSummed(_Variable):
    """Gradients have the shape of the result (nd4j #2424, pytorch #1787)."""

    def fit(self, gradient: Tensor, data: Tensor) -> Tensor:
        return gradient


@refused_by("test_an_operation_passes_back_the_slope_that_differences_show")
class OnlyNewDimensionsSummed(_Variable):
    """Where the number of dimensions is the same there is nothing to sum (tt-metal #40008)."""

    def fit(self, gradient: Tensor, data: Tensor) -> Tensor:
        while gradient.ndim > data.ndim:
            gradient = gradient.sum(0)
        return gradient


@refused_by("test_an_operation_passes_back_the_slope_that_differences_show")
class SummedFromTheFront(_Variable):
    """The batch comes first; so sum over that until it fits."""

    def fit(self, gradient: Tensor, data: Tensor) -> Tensor:
        while gradient.numel() > data.numel():
            gradient = gradient.sum(0)
        return gradient.reshape(data.shape)


# The operations


@refused_by("test_every_operation_computes_what_it_computes_on_tensors")
class SubtractedTheWrongWayRound(_Variable):
    """__rsub__ = __sub__, as with + (dlsyscourse/hw1 #21)."""

    def __rsub__(self, other: Any) -> Any:
        return self - other


@refused_by("test_every_operation_computes_what_it_computes_on_tensors")
class DividedTheWrongWayRound(_Variable):
    """The slopes fit, so it must be right."""

    def __rtruediv__(self, other: Any) -> Any:
        return self / other


@refused_by("test_an_operation_passes_back_the_slope_that_differences_show")
class FactorsTransposedTheWrongWay(_Variable):
    """The shapes are right for square matrices."""

    def product(self, g: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        return (g @ b, a @ g) if a.shape == b.shape else super().product(g, a, b)


@refused_by("test_an_operation_passes_back_the_slope_that_differences_show")
class QuotientWithoutMinus(_Variable):
    """The derivative of 1 / b is 1 / b^2."""

    def quotient(self, g: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        return g / b, g * a / b / b


@refused_by("test_a_divisor_may_be_so_large_that_its_square_is_infinite")
class QuotientBySquare(_Variable):
    """-a / b^2, as the rule says it."""

    def quotient(self, g: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        return g / b, -g * a / b.square()


@refused_by("test_an_operation_passes_back_the_slope_that_differences_show")
class OuterProductTheWrongWayRound(_Variable):
    """A vector has no transpose, so an outer product will do; of which there are two."""

    def product(self, g: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        if (a.ndim, b.ndim) == (1, 2):
            return b @ g, torch.outer(g, a).reshape(b.shape)
        return super().product(g, a, b)


@refused_by("test_a_gradient_has_the_dtype_of_its_variable_whatever_it_met")
class TheWiderDtypeWins(_Variable):
    """A gradient has the dtype of the arithmetic that it came from."""

    def operand(self, other: Any) -> Any:
        return type(self)(other) if type(other) is Tensor else super().operand(other)

    def hand_on(self, variable: Any, gradients: Gradients) -> None:
        parts = variable.slopes(gradients[variable])
        for parent, part in zip(variable.parents, parts, strict=True):
            if parent.learns:
                self.arrive(gradients, parent, self.fit(part, parent.data))


@refused_by("test_at_a_base_of_0_the_exponent_has_the_slope_0")
class LogarithmOfTheBase(_Variable):
    """The slope along the exponent is a^b log(a); but 0 times the logarithm of 0 is NaN."""

    def __pow__(self, exponent: Any) -> Any:
        if not isinstance(exponent, _Variable):
            return super().__pow__(exponent)
        a, b, y = self.data, exponent.data, self.data**exponent.data
        slopes = (b * a ** (b - 1), y * a.log())
        return self.made(y, (self, exponent), lambda g: tuple(g * slope for slope in slopes))


@refused_by("test_an_operation_passes_back_the_slope_that_differences_show")
class MeanOverTheFirstOfThem(_Variable):
    """A mean divides by the length of its dimension; where there are two, by that of the first."""

    def count(self, dim: Any) -> int:
        return super().count(dim[0] if isinstance(dim, tuple) else dim)


@refused_by("test_an_operation_passes_back_the_slope_that_differences_show")
class PowerOfItsExponent(_Variable):
    """The exponent comes down."""

    def power(self, a: Tensor, exponent: float) -> Tensor:
        return exponent * a**exponent


@refused_by("test_whole_powers_have_a_slope_at_0")
class PowerOfNoExponent(_Variable):
    """The formula n x^(n - 1) holds for all n; but 0 * 0^-1 is NaN (tt-metal #5082)."""

    def power(self, a: Tensor, exponent: float) -> Tensor:
        return exponent * a ** (exponent - 1)


@refused_by("test_any_power_has_the_slope_that_the_rule_says")
class RootsByAShortCut(_Variable):
    """Of a root the slope is half of it over x; of its inverse, too, but for the sign."""

    def power(self, a: Tensor, exponent: float) -> Tensor:
        if abs(exponent) == 0.5:
            return 0.5 * a**exponent / a
        return super().power(a, exponent)


@refused_by("test_an_operation_passes_back_the_slope_that_differences_show")
class SafeLogarithm(_Variable):
    """A small number in the denominator never hurts."""

    def log(self) -> Any:
        return self.each(self.data.log(), 1 / (self.data + 1e-8))


@refused_by("test_relu_is_closed_at_0")
class OpenAtZero(_Variable):
    """What is not negative passes (Grokking-Deep-Learning #13)."""

    def relu(self) -> Any:
        return self.each(self.data.clamp(min=0), (self.data >= 0).to(self.data.dtype))


@refused_by("test_an_operation_passes_back_the_slope_that_differences_show")
class GateInsteadOfGradient(_Variable):
    """The gradient of a ReLU is 0 or 1 (smile #528)."""

    def relu(self) -> Any:
        gate = (self.data > 0).to(self.data.dtype)
        return self.made(self.data * gate, (self,), lambda g: (gate,))


@refused_by("test_an_operation_passes_back_the_slope_that_differences_show")
class SigmoidOfItsInput(_Variable):
    """The derivative is x (1 - x); in the books x is the output."""

    def sigmoid(self) -> Any:
        return self.each(self.data.sigmoid(), self.data * (1 - self.data))


@refused_by("test_far_out_sigmoid_and_tanh_are_flat_and_not_nan")
class SigmoidFromTheBook(_Variable):
    """e^x / (1 + e^x); but where e^x is infinite, that is NaN."""

    def sigmoid(self) -> Any:
        y = self.data.exp() / (1 + self.data.exp())
        return self.each(y, y * (1 - y))


@refused_by("test_an_operation_passes_back_the_slope_that_differences_show")
class TanhOfItsOutput(_Variable):
    """1 - tanh(x)^2, where x is what the neuron has put out (neural2d #40)."""

    def tanh(self) -> Any:
        y = self.data.tanh()
        return self.each(y, 1 - y.tanh() ** 2)


@refused_by("test_an_operation_passes_back_the_slope_that_differences_show")
class KeepdimForgotten(_Variable):
    """Broadcasting brings a sum of rows back to its rows; in square matrices, to columns."""

    def spread(self, g: Tensor, dim: int | None, keepdim: bool) -> Tensor:
        return g.expand_as(self.data)


@refused_by("test_an_operation_passes_back_the_slope_that_differences_show")
class NegativeDimensionsForgotten(_Variable):
    """A dimension below 0 means that there is none (SKaiNET #863)."""

    def spread(self, g: Tensor, dim: int | None, keepdim: bool) -> Tensor:
        gone = dim is not None and dim >= 0 and not keepdim
        return (g.unsqueeze(dim) if gone else g).expand_as(self.data)  # type: ignore[arg-type]


class _OneAfterTheOther(_Variable):
    """Puts each dimension that is gone back by itself, in the order that a version says."""

    def spread(self, g: Tensor, dim: Any, keepdim: bool) -> Tensor:
        if dim is not None and not keepdim:
            for d in self.in_turn(dim if isinstance(dim, tuple) else (dim,)):
                g = g.unsqueeze(d)
        return g.expand(self.data.shape)

    def in_turn(self, dims: tuple[int, ...]) -> Iterable[int]:
        """Those that come first before those that come later, all of them counted from 0 on."""
        return sorted(d % self.data.ndim for d in dims)


@refused_by("test_an_operation_passes_back_the_slope_that_differences_show")
class LowestNumberFirst(_OneAfterTheOther):
    """Put back in ascending order, each finds those before it in place (cs249r_book #1867)."""

    def in_turn(self, dims: tuple[int, ...]) -> Iterable[int]:
        return sorted(dims)


@refused_by("test_an_operation_passes_back_the_slope_that_differences_show")
class InTheOrderGiven(_OneAfterTheOther):
    """Each dimension is counted from 0, and put back where it was; the order is the caller's."""

    def in_turn(self, dims: tuple[int, ...]) -> Iterable[int]:
        return [d % self.data.ndim for d in dims]


@refused_by("test_an_operation_passes_back_the_slope_that_differences_show")
class CountedInWhatIsLeft(_OneAfterTheOther):
    """A dimension below 0 is counted from the end: of the gradient, which is what is at hand."""

    def spread(self, g: Tensor, dim: Any, keepdim: bool) -> Tensor:
        below = isinstance(dim, int) and dim < 0 and g.ndim
        return super().spread(g, dim % g.ndim if below else dim, keepdim)


@refused_by("test_an_operation_passes_back_the_slope_that_differences_show")
class MeanOfAll(_Variable):
    """A mean divides by the number of elements."""

    def count(self, dim: int | None) -> int:
        return int(self.data.numel())


@refused_by("test_an_operation_passes_back_the_slope_that_differences_show")
class LastIndexWins(_Variable):
    """Each gradient is put where the number came from (HIPS/autograd #39, Tinytorch #2)."""

    def put_back(self, g: Tensor, index: Any) -> Tensor:
        gradient = torch.zeros_like(self.data)
        gradient[index] = g
        return gradient


@refused_by("test_an_operation_passes_back_the_slope_that_differences_show")
class ReshapedInsteadOfTransposed(_Variable):
    """The gradient needs the shape that the matrix had before."""

    def transposed_back(self, g: Tensor) -> Tensor:
        return g.reshape(self.data.shape)


@refused_by("test_lower_precision_costs_only_rounding")
class NumbersAreFloat32(_Variable):
    """A number becomes a tensor like any other; of float32, which wins over halves."""

    def operand(self, other: Any) -> Any:
        number = isinstance(other, float | int)
        return type(self)(torch.tensor(float(other))) if number else super().operand(other)


@refused_by("test_the_place_in_memory_changes_nothing")
class GateInStorageOrder(_Variable):
    """The gate is kept flat, as memory is."""

    def relu(self) -> Any:
        a = self.data
        numbers = a.untyped_storage().size() // a.element_size()
        flat = a.as_strided((a.numel(),), (1,)) if numbers >= a.numel() else a.flatten()
        gate = (flat > 0).to(a.dtype).reshape(a.shape)
        return self.each(a.clamp(min=0), gate)


@refused_by("test_the_place_in_memory_changes_nothing")
class GradientReadLikeTheOutput(_Variable):
    """A gradient lies in memory as the numbers whose gradient it is."""

    def tanh(self) -> Any:
        y = self.data.tanh()
        whole = lambda g: g.untyped_storage().size() // g.element_size() >= g.numel()  # noqa: E731
        alike = lambda g: g.as_strided(y.shape, y.stride()) if whole(g) else g  # noqa: E731
        return self.made(y, (self,), lambda g: (alike(g) * (1 - y * y),))


@refused_by("test_where_a_gradient_of_0_comes_in_none_but_0_goes_on")
class ZeroIsNotGiven(_Variable):
    """`or` is short for: unless it was given."""

    def start(self, gradient: Tensor | None) -> Tensor:
        given = gradient is not None and (gradient.numel() != 1 or gradient)
        return super().start(gradient if given else None)


# Who keeps a gradient


@refused_by("test_only_what_requires_a_gradient_and_is_no_result_keeps_one")
class ResultsKeepTheirsToo(_Variable):
    """Every variable has a gradient, as in the drawings."""

    def hand_on(self, variable: Any, gradients: Gradients) -> None:
        variable.grad = gradients[variable]
        super().hand_on(variable, gradients)


@refused_by("test_one_constant_operand_leaves_the_gradient_of_the_other_as_it_is")
class ConstantsLearn(_Variable):
    """A gradient that nobody wants does no harm."""

    def hand_on(self, variable: Any, gradients: Gradients) -> None:
        parts = variable.slopes(gradients[variable])
        for parent, part in zip(variable.parents, parts, strict=True):
            self.arrive(gradients, parent, self.fit(part, parent.data).to(parent.data.dtype))


@refused_by("test_a_result_requires_a_gradient_if_any_operand_does")
class TheLeftOperandDecides(_Variable):
    """A result is what its first operand is."""

    def made(self, data: Tensor, parents: tuple[Any, ...], slopes: Any) -> Any:
        result = super().made(data, parents, slopes)
        result.learns = parents[0].learns
        return result


@refused_by("test_a_result_requires_a_gradient_if_any_operand_does")
class AskedForByTheUser(_Variable):
    """Nobody has asked for the gradient of a result."""

    @property
    def requires_grad(self) -> bool:
        return self.learns and not self.parents


@refused_by("test_what_is_detached_is_a_constant")
class DetachedByName(_Variable):
    """The numbers are the same, so the variable may be, too."""

    def detach(self) -> Any:
        return self


@refused_by("test_no_numbers_are_changed_on_the_way")
class ClampedInPlace(_Variable):
    """What is negative is not needed any more."""

    def relu(self) -> Any:
        gate = (self.data > 0).to(self.data.dtype)
        return self.each(self.data.relu_(), gate)


@refused_by("test_no_numbers_are_changed_on_the_way")
class GradientZeroedInPlace(_Variable):
    """g[x < 0] = 0, as in many a tutorial; without the copy that they take before."""

    def relu(self) -> Any:
        closed = self.data <= 0
        return self.made(self.data.relu(), (self,), lambda g: (g.masked_fill_(closed, 0),))


@refused_by("test_no_numbers_are_changed_on_the_way")
class GradientInTheResult(_Variable):
    """The result is not needed any more, but its memory is."""

    def exp(self) -> Any:
        y = self.data.exp()
        return self.made(y, (self,), lambda g: (y.mul_(g),))


@refused_by("test_every_gradient_has_a_memory_of_its_own")
class GradientsShared(_Variable):
    """The first gradient needs no adding, so it is taken as it is."""

    def keep(self, gradient: Tensor) -> None:
        self.grad = gradient.contiguous() if self.grad is None else self.grad + gradient


@refused_by("test_a_gradient_may_be_written_to")
class OneForAll(_Variable):
    """The gradient of a sum is one number; so much memory it gets."""

    def keep(self, gradient: Tensor) -> None:
        copy = torch.empty_strided(gradient.shape, gradient.stride(), dtype=gradient.dtype)
        index = tuple(slice(0, 1 if step == 0 else None) for step in gradient.stride())
        copy[index] = gradient[index]
        self.grad = copy if self.grad is None else self.grad + copy


@refused_by("test_new_numbers_are_seen_by_the_next_operation")
class RemembersProducts(_Variable):
    """The same product twice needs computing once."""

    def __mul__(self, other: Any) -> Any:
        known = vars(self).setdefault("known", {})
        if not isinstance(other, Tensor) and other not in known:
            known[other] = super().__mul__(other)
        return super().__mul__(other) if isinstance(other, Tensor) else known[other]


@refused_by("test_the_state_of_torch_is_left_as_it_was")
class Reproducible(_Variable):
    """Every walk back begins with the same random numbers."""

    def start(self, gradient: Tensor | None) -> Tensor:
        torch.default_generator.manual_seed(0)
        return super().start(gradient)


@refused_by("test_the_number_and_the_shape_of_a_variable_can_be_read")
class ItemIsATensor(_Variable):
    """A tensor of one number is as good as a number."""

    def item(self) -> Any:
        return self.data.flatten()[0]


# The start


@refused_by("test_one_number_needs_no_gradient_to_start_from")
class OnlyWithoutDimensions(_Variable):
    """One number is what has no dimensions (tinygrad #5771)."""

    def start(self, gradient: Tensor | None) -> Tensor:
        if gradient is None and self.data.ndim:
            raise RuntimeError("a loss has no dimensions")
        return super().start(gradient)


@refused_by("test_anything_but_one_number_needs_a_gradient")
class OnesForAll(_Variable):
    """Who gives no gradient means the sum (MyGrad #337)."""

    def start(self, gradient: Tensor | None) -> Tensor:
        return super().start(torch.ones_like(self.data) if gradient is None else gradient)


@refused_by("test_a_gradient_of_another_shape_is_refused")
class BroadcastToStart(_Variable):
    """A gradient is broadcast like everything else."""

    def start(self, gradient: Tensor | None) -> Tensor:
        if gradient is not None and gradient.numel() == 1 and self.learns:
            gradient = gradient.reshape(()).expand(self.data.shape)
        return super().start(gradient)


@refused_by("test_where_nothing_requires_a_gradient_backward_is_refused")
class NothingToDo(_Variable):
    """Where nothing requires a gradient there is nothing to do."""

    def backward(self, gradient: Tensor | None = None) -> None:
        if self.learns:
            super().backward(gradient)


@refused_by("test_whole_numbers_have_no_gradient")
class WholeNumbersLearn(_Variable):
    """Numbers are numbers."""

    def check(self, data: Tensor, requires_grad: bool) -> None:
        pass


@refused_by("test_the_gradient_that_backward_was_given_stays_the_callers_own")
class AddsIntoWhatWasGiven(_Variable):
    """Who starts at a parameter hands it its gradient; what comes later is added in place."""

    def backward(self, gradient: Tensor | None = None) -> None:
        if self.parents or self.grad is not None or gradient is None or not self.learns:
            super().backward(gradient)
        else:
            self.grad = self.start(gradient)

    def keep(self, gradient: Tensor) -> None:
        self.grad = gradient.clone() if self.grad is None else self.grad.add_(gradient)


@refused_by("test_backward_may_start_at_a_parameter")
class ParametersAreNoStart(_Variable):
    """What was not computed has no way back."""

    def backward(self, gradient: Tensor | None = None) -> None:
        if self.learns and not self.parents:
            raise RuntimeError("no operation led here")
        super().backward(gradient)


# Right ones


@accepted
class WengertList(_Variable):
    """One tape for all operations, from which drops what is no longer in use."""

    tape: list[Any] = []  # noqa: RUF012 - shared, which is the point

    def made(self, data: Tensor, parents: tuple[Any, ...], slopes: Any) -> Any:
        result = super().made(data, parents, slopes)
        self.tape.append(weakref.ref(result))
        return result

    def order(self) -> list[Any]:
        in_use = [result for made in self.tape if (result := made()) is not None]
        self.tape[:] = map(weakref.ref, in_use)
        return in_use[::-1]

    def hand_on(self, variable: Any, gradients: Gradients) -> None:
        if variable in gradients:
            super().hand_on(variable, gradients)


@accepted
class ByCountingUsers(_Variable):
    """A variable hands on when the last of its users has."""

    def order(self) -> list[Any]:
        everything = super().order()
        users = Counter(parent for variable in everything for parent in variable.parents)
        order, ready = [], [self]
        while ready:
            order.append(ready.pop())
            users.subtract(order[-1].parents)
            ready += [p for p in dict.fromkeys(order[-1].parents) if not users[p]]
        return order


@accepted
class ForwardMode(_Variable):
    """Nothing is walked back: each result carries its slopes along all parameters with it."""

    def __init__(self, data: Tensor, requires_grad: bool = False) -> None:
        super().__init__(data, requires_grad)
        self.jacobians: Gradients = {}
        if requires_grad:
            self.jacobians[self] = torch.eye(data.numel(), dtype=torch.float64)

    def made(self, data: Tensor, parents: tuple[Any, ...], slopes: Any) -> Any:
        result = type(self)(data)
        result.learns = any(parent.learns for parent in parents)
        units = torch.eye(data.numel(), dtype=data.dtype).reshape(data.numel(), *data.shape)
        rows = [slopes(unit) for unit in units]
        for k, parent in enumerate(parents):
            if parent.learns and rows:
                fitted = [self.fit(row[k], parent.data).double().flatten() for row in rows]
                for leaf, jacobian in parent.jacobians.items():
                    self.arrive(result.jacobians, leaf, torch.stack(fitted) @ jacobian)
            elif parent.learns:
                for leaf in parent.jacobians:
                    result.jacobians[leaf] = torch.zeros(0, leaf.data.numel()).double()
        return result

    def backward(self, gradient: Tensor | None = None) -> None:
        start = self.start(gradient).double().flatten()
        for leaf, jacobian in self.jacobians.items():
            leaf.keep((start @ jacobian).reshape(leaf.data.shape).to(leaf.data.dtype))


@accepted
class AroundTheLibrary:
    """A thin coat over what torch records itself."""

    def __init__(self, data: Tensor, requires_grad: bool = False) -> None:
        self.inside = data.detach().requires_grad_(requires_grad)

    @classmethod
    def around(cls, inside: Tensor) -> Any:
        new = cls.__new__(cls)
        new.inside = inside
        return new

    @property
    def data(self) -> Tensor:
        return self.inside.data

    @data.setter
    def data(self, numbers: Tensor) -> None:
        self.inside.data = numbers

    @property
    def grad(self) -> Tensor | None:
        return self.inside.grad if self.inside.is_leaf else None

    @grad.setter
    def grad(self, gradient: Tensor | None) -> None:
        self.inside.grad = gradient

    def __getattr__(self, name: str) -> Any:
        """All methods are those of the tensor; results get a coat, too."""
        if name.startswith("__"):  # torch would take this for a tensor
            raise AttributeError(name)
        found = getattr(self.inside, name)
        if not callable(found) or name in ("item", "backward"):
            return found
        return lambda *arguments, **options: self.around(found(*arguments, **options))


def _with_coat(name: str, reflected: bool) -> Any:
    """Python looks for operators on the class, and not where __getattr__ could answer."""

    def operation(self: Any, *others: Any) -> Any:
        bare = [x.inside if isinstance(x, AroundTheLibrary) else x for x in (self, *others)]
        return self.around(getattr(operator, name)(*(bare[::-1] if reflected else bare)))

    return operation


for _name in ("neg", "pow", "getitem", "add", "sub", "mul", "truediv", "matmul"):
    setattr(AroundTheLibrary, f"__{_name}__", _with_coat(_name, reflected=False))
    setattr(AroundTheLibrary, f"__r{_name}__", _with_coat(_name, reflected=True))


@accepted
class WalksFromOneNumberAlone:
    """As in a first lesson: plus, times and a few functions, and a walk back begins with 1."""

    def __init__(self, data: Tensor, requires_grad: bool = False) -> None:
        if requires_grad and not data.is_floating_point():
            raise RuntimeError(f"whole numbers have no gradient, got {data.dtype}")
        self.data, self.requires_grad, self.grad = data.detach(), requires_grad, None
        self.pulls: list[Any] = []

    def result(self, data: Tensor, *pulls: Any) -> Any:
        result = WalksFromOneNumberAlone(data)
        result.pulls = [(operand, pull) for operand, pull in pulls if operand.requires_grad]
        result.requires_grad = bool(result.pulls)
        return result

    def wrapped(self, other: Any) -> Any:
        if isinstance(other, WalksFromOneNumberAlone):
            return other
        return WalksFromOneNumberAlone(torch.as_tensor(other, dtype=self.data.dtype))

    def __add__(self, other: Any) -> Any:
        other = self.wrapped(other)
        return self.result(self.data + other.data, (self, lambda g: g), (other, lambda g: g))

    def __mul__(self, other: Any) -> Any:
        other = self.wrapped(other)
        a, b = self.data, other.data
        return self.result(a * b, (self, lambda g: g * b), (other, lambda g: g * a))

    def __pow__(self, exponent: Any) -> Any:
        if not isinstance(exponent, int) or exponent < 1:
            raise TypeError(f"the exponent must be a whole number above 0, got {exponent}")
        a = self.data
        return self.result(a**exponent, (self, lambda g: g * exponent * a ** (exponent - 1)))

    def sum(self) -> Any:
        a = self.data
        return self.result(a.sum(), (self, lambda g: g.expand(a.shape)))

    def tanh(self) -> Any:
        y = self.data.tanh()
        return self.result(y, (self, lambda g: g * (1 - y * y)))

    def backward(self) -> None:
        if not self.requires_grad or self.data.numel() != 1:
            raise RuntimeError("a walk back begins at one number that requires a gradient")
        arrived = {self: torch.ones_like(self.data)}
        for variable in reversed(self.ancestors()):
            g = arrived.pop(variable)
            for operand, pull in variable.pulls:
                part = pull(g).sum_to_size(operand.data.shape)
                arrived[operand] = arrived.get(operand, 0) + part
            if not variable.pulls:
                variable.grad = g.clone() if variable.grad is None else variable.grad + g

    def ancestors(self) -> list[Any]:
        """Operands before results."""
        order, seen, stack = [], {self}, [(self, iter(self.pulls))]
        while stack:
            operand = next((o for o, _ in stack[-1][1] if o not in seen), None)
            if operand is None:
                order.append(stack.pop()[0])
            else:
                seen.add(operand)
                stack.append((operand, iter(operand.pulls)))
        return order


@refused_by("test_what_every_variable_does_is_not_refused")
class InSinglePrecisionUndeclared(_Variable):
    """ "All my networks are in float32." Then it says so in its limits."""

    def check(self, data: Tensor, requires_grad: bool) -> None:
        super().check(data, requires_grad)
        if data.is_floating_point() and data.dtype != torch.float32:
            raise TypeError(f"float32 only, got {data.dtype}")


@accepted
class FromTheFirstOn(_OneAfterTheOther):
    """Each is counted from 0, and finds those before it in place."""


@accepted
class FromTheLastOn(_OneAfterTheOther):
    """Each is counted from the end, and finds those behind it in place."""

    def in_turn(self, dims: tuple[int, ...]) -> Iterable[int]:
        return sorted((d % self.data.ndim - self.data.ndim for d in dims), reverse=True)


@accepted
class OneDimensionAtATime(_Variable):
    """Whoever wants several gone asks several times, and is told so."""

    def spread(self, g: Tensor, dim: Any, keepdim: bool) -> Tensor:
        if isinstance(dim, tuple):
            raise ValueError(f"one dimension at a time, got {dim}")
        return super().spread(g, dim, keepdim)


@accepted
class RefusesByAssertions(_Variable):
    """What makes no sense it refuses by errors that are not PyTorch's."""

    def check(self, data: Tensor, requires_grad: bool) -> None:
        if requires_grad and not data.is_floating_point():
            raise TypeError(f"whole numbers have no gradient, got {data.dtype}")

    def backward(self, gradient: Tensor | None = None) -> None:
        assert self.requires_grad, "nothing here requires a gradient"
        assert gradient is not None or self.data.numel() == 1, "a gradient to begin with"
        if gradient is not None and gradient.shape != self.data.shape:
            raise ValueError(f"a gradient of shape {tuple(self.data.shape)}")
        super().backward(gradient)
