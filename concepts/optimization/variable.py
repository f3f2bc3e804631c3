"""Backpropagation: how one number depends on all parameters, found in one walk back.

    dL/dx = sum_y dL/dy * dy/dx        over every y that was computed directly from x

Each operation knows the slope of its result with respect to its own operands; the chain rule
needs no more. So every result keeps its operands, and for each of them a function that pulls the
gradient g of the result back to it. The walk begins at the loss L, where dL/dL = 1, and goes from
the youngest variable to the oldest: when it comes to x, all that was computed from x has been
there. It costs about as much as the way forward, however many parameters there are.

Gradients add up, for who moves x moves L on every path that leads there. Broadcasting copies a
number to many places, so its way back is a sum, too.

Read next: `concepts/optimization/gradient_descent.py`, which takes a step against the gradient.
"""

import heapq
import itertools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Pull = Callable[[Tensor], Tensor]
Dimensions = int | tuple[int, ...] | None

_births = itertools.count()  # operands are always older than their result


class Variable:
    """A tensor that remembers how it was computed, so that gradients can go back that way.

    It takes part in + - * / (with broadcasting), ** and @, together with plain tensors and
    numbers, which are constants: no gradient goes there.

    Args:
        data: numbers in any shape; shared, not copied.
        requires_grad: whether its gradient is wanted.

    Attributes:
        data: the numbers. Write there only between one way back and the next way forward.
        grad: the sum of all gradients that came, of the shape and dtype of the data, or None.
            Set it to None to start anew.

    Raises:
        RuntimeError: if a gradient is wanted of whole numbers.

    Example:
        >>> x = Variable(torch.tensor([1.0, 2.0]), requires_grad=True)
        >>> (x * x + 3 * x).sum().backward()
        >>> x.grad
        tensor([5., 7.])

    Source: D. E. Rumelhart, G. E. Hinton and R. J. Williams, "Learning representations by
    back-propagating errors", Nature 323, 1986.
    """

    def __init__(self, data: Tensor, requires_grad: bool = False) -> None:
        if requires_grad and not data.is_floating_point():
            raise RuntimeError(f"only floating-point numbers have gradients, got {data.dtype}")
        self.data = data.detach()
        self.requires_grad = requires_grad
        self.grad: Tensor | None = None
        self._operands: list[tuple[Variable, Pull]] = []
        self._birth = next(_births)

    def backward(self, gradient: Tensor | None = None) -> None:
        """Walk back from here: add dL/dx to the `grad` of every x that this was computed from.

        Results of operations keep none, nor does what does not require one.

        Args:
            gradient: dL/dself, of the shape of self. Of one number it may be left out: that is L.

        Raises:
            RuntimeError: if it is left out otherwise, or has another shape, or if nothing that
                self was computed from requires a gradient.
        """
        if not self.requires_grad:
            raise RuntimeError("backward needs a variable that requires a gradient, got none")
        if gradient is None and self.data.numel() == 1:
            gradient = torch.ones_like(self.data)
        if gradient is None or gradient.shape != self.shape:
            came = None if gradient is None else tuple(gradient.shape)
            raise RuntimeError(
                f"backward needs one number, or a gradient of shape {tuple(self.shape)}, got {came}"
            )
        # No recursion, which has a limit: graphs may be thousands of operations deep.
        arrived = {self: gradient.to(self.data.dtype)}
        youngest_first = [(-self._birth, self)]
        while youngest_first:
            _, variable = heapq.heappop(youngest_first)
            gradient = arrived.pop(variable)
            for operand, pull in variable._operands:
                if operand not in arrived:
                    arrived[operand] = torch.zeros_like(operand.data)
                    heapq.heappush(youngest_first, (-operand._birth, operand))
                arrived[operand] += pull(gradient).sum_to_size(operand.shape)
            if not variable._operands:  # a new tensor, for the gradient may be the caller's own
                variable.grad = gradient + (0 if variable.grad is None else variable.grad)

    @property
    def shape(self) -> torch.Size:
        return self.data.shape

    def item(self) -> float:
        return float(self.data.item())

    def detach(self) -> "Variable":
        """The same numbers as a constant."""
        return Variable(self.data)

    def __neg__(self) -> "Variable":
        return _result(-self.data, (self, lambda g: -g))

    def __add__(self, other: Any) -> "Variable":
        return _result(self.data + _data(other), (self, lambda g: g), (other, lambda g: g))

    def __mul__(self, other: Any) -> "Variable":
        a, b = self.data, _data(other)
        return _result(a * b, (self, lambda g: g * b), (other, lambda g: g * a))

    def __truediv__(self, other: Any) -> "Variable":
        a, b = self.data, _data(other)
        return _result(a / b, (self, lambda g: g / b), (other, lambda g: -g * (a / b) / b))

    def __sub__(self, other: Any) -> "Variable":
        return self.__add__(-other)

    def __rsub__(self, other: Any) -> "Variable":
        return (-self).__add__(other)

    def __rtruediv__(self, other: Any) -> "Variable":
        return (self**-1).__mul__(other)

    __radd__ = __add__
    __rmul__ = __mul__

    def __pow__(self, exponent: float) -> "Variable":
        a = self.data
        # To the power of 0 everything is 1, and flat; but 0 * a^-1 would be NaN at 0.
        slope = exponent * a ** (exponent - 1) if exponent else torch.zeros_like(a)
        return _result(a**exponent, (self, lambda g: g * slope))

    def __matmul__(self, other: Any) -> "Variable":
        a, b = self.data, _data(other)
        if (a.ndim, b.ndim) != (2, 2):
            raise RuntimeError(f"@ takes two matrices, got {a.ndim} and {b.ndim} dimensions")
        return _result(a @ b, (self, lambda g: g @ b.t()), (other, lambda g: a.t() @ g))

    def __rmatmul__(self, other: Tensor) -> "Variable":
        return Variable(other) @ self

    def exp(self) -> "Variable":
        y = self.data.exp()
        return _result(y, (self, lambda g: g * y))

    def log(self) -> "Variable":
        return _result(self.data.log(), (self, lambda g: g / self.data))

    def relu(self) -> "Variable":
        """It has a kink at 0, where any slope from 0 to 1 would do; 0 is taken."""
        return _result(self.data.clamp(min=0), (self, lambda g: g.where(self.data > 0, 0)))

    def sigmoid(self) -> "Variable":
        y = self.data.sigmoid()
        return _result(y, (self, lambda g: g * y * (1 - y)))

    def tanh(self) -> "Variable":
        y = self.data.tanh()
        return _result(y, (self, lambda g: g * (1 - y * y)))

    def sum(self, dim: Dimensions = None, keepdim: bool = False) -> "Variable":
        return self._reduced(torch.sum, dim, keepdim)

    def mean(self, dim: Dimensions = None, keepdim: bool = False) -> "Variable":
        return self._reduced(torch.mean, dim, keepdim)

    def _reduced(self, reduce: Any, dim: Dimensions, keepdim: bool) -> "Variable":
        dim = tuple(range(self.data.ndim)) if dim is None else dim
        y = reduce(self.data, dim, keepdim=True)
        weight = y.numel() / max(1, self.data.numel()) if reduce is torch.mean else 1
        back = (self, lambda g: (g * weight).reshape(y.shape).expand(self.shape))
        return _result(y if keepdim else y.squeeze(dim), back)

    def reshape(self, *shape: int) -> "Variable":
        return _result(self.data.reshape(*shape), (self, lambda g: g.reshape(self.shape)))

    def t(self) -> "Variable":
        return _result(self.data.t(), (self, lambda g: g.t()))

    def __getitem__(self, index: Any) -> "Variable":
        # The place of each number that was taken. One taken twice gets the sum of both gradients.
        places = torch.arange(self.data.numel()).reshape(self.shape)[index].flatten()
        zeros = torch.zeros_like(self.data).flatten()
        back = (self, lambda g: zeros.index_add(0, places, g.flatten()).reshape(self.shape))
        return _result(self.data[index], back)


def _data(operand: Any) -> Any:
    return operand.data if isinstance(operand, Variable | Tensor) else operand


def _result(data: Tensor, *operands: tuple[Any, Pull]) -> Variable:
    """A new variable, which keeps those of its operands to which gradients go back."""
    result = Variable(data)
    result._operands = [(x, p) for x, p in operands if isinstance(x, Variable) and x.requires_grad]
    result.requires_grad = bool(result._operands)
    return result
