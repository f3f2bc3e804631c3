"""Functions, losses and initializers of arrays, as PyTorch's are called."""

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from sums_to_one.bridge.libraries import Library, library_of

Function = Callable[..., Any]
Limits = dict[str, Any]


class Arrays:
    """A function of arrays that tensors can be given to.

    Args:
        library: whose arrays.
        forward: what it computes of them.
        backward: from the gradient of the result and the arrays, the gradient by the first of
            them, or by each; by default what the library finds itself.
    """

    def __init__(self, library: Library, forward: Function, backward: Function | None) -> None:
        self.library, self.forward, self.backward = library, forward, backward

    @property
    def derivatives(self) -> int:
        return 1 if self.backward else self.library.derivatives

    def __call__(self, *tensors: Tensor) -> Tensor:
        if not self.derivatives and any(x.requires_grad for x in tensors):
            raise NotImplementedError("there is no derivative: no backward was given")
        node = _Twice if self.derivatives > 1 else _Once
        found: Tensor = node.apply(self, *tensors)
        return found

    def value(self, *tensors: Tensor) -> Tensor:
        return self.library.back(self.forward(*map(self.library.into, tensors)))

    def gradients(self, gradient: Any, arrays: Sequence[Any]) -> tuple[Any, ...]:
        """By each of the arrays; None where nobody has written it."""
        if not self.backward:
            return self.library.vjp(self.forward, gradient, arrays)
        found = self.backward(gradient, *arrays)
        found = found if isinstance(found, tuple) else (found,)
        return (*found, *[None] * (len(arrays) - len(found)))

    def gradient_by(self, number: int) -> "Arrays":
        """The gradient as a function of the gradient that comes in and of the arrays."""

        def forward(gradient: Any, *arrays: Any) -> Any:
            return self.gradients(gradient, arrays)[number]

        return Arrays(self.library, forward, None)


class _Once(torch.autograd.Function):
    """What can be differentiated once, and says so."""

    @staticmethod
    def forward(ctx: Any, arrays: Arrays, *tensors: Tensor) -> Tensor:
        ctx.arrays = arrays
        ctx.save_for_backward(*tensors)
        return arrays.value(*tensors)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Any:
        into, back = ctx.arrays.library.into, ctx.arrays.library.back
        found = ctx.arrays.gradients(into(gradient), [*map(into, ctx.saved_tensors)])
        return None, *(None if one is None else back(one) for one in found)


class _Twice(torch.autograd.Function):
    """What can be differentiated as often as one likes: its gradient is such a function, too."""

    @staticmethod
    def forward(ctx: Any, arrays: Arrays, *tensors: Tensor) -> Tensor:
        ctx.arrays = arrays
        ctx.save_for_backward(*tensors)
        return arrays.value(*tensors)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        needed = enumerate(ctx.needs_input_grad[1:])
        found = [
            ctx.arrays.gradient_by(number)(gradient, *ctx.saved_tensors) if is_needed else None
            for number, is_needed in needed
        ]
        return None, *found


def function(
    forward: Function,
    backward: Function | None = None,
    *,
    library: str = "numpy",
    limits: Limits | None = None,
) -> Function:
    """A function of one array, such as an activation, as one of a tensor.

    Args:
        forward: takes the array, and options by their names.
        backward: takes the gradient of the result, the array, and the same options; returns the
            gradient by the array.
        library: whose arrays; one that differentiates by itself needs no backward.
        limits: further ones that it has.

    Example:
        >>> import numpy as np
        >>> relu = function(lambda x: np.maximum(x, 0), lambda gradient, x: gradient * (x > 0))
        >>> x = torch.tensor([-1.0, 2.0], requires_grad=True)
        >>> relu(x).sum().backward()
        >>> x.grad
        tensor([0., 1.])
    """
    of = library_of(library)

    @functools.wraps(forward)
    def bridged(x: Tensor, *arguments: Any, **options: Any) -> Tensor:
        return _with(of, forward, backward, arguments, options)(x)

    found: Function = limited(bridged, of, backward, limits)
    return found


def loss(
    forward: Function,
    backward: Function | None = None,
    *,
    library: str = "numpy",
    limits: Limits | None = None,
) -> type:
    """A loss, which is a class, out of a function of the predictions and the targets.

    Args:
        forward: takes both arrays, and options by their names: these go to the class.
        backward: takes the gradient of the loss, both arrays, and the same options; returns the
            gradient by the predictions, or a pair of both.
        library: whose arrays.
        limits: further ones that it has.

    Example:
        >>> import numpy as np
        >>> MSELoss = loss(
        ...     lambda x, y: np.mean((x - y) ** 2),
        ...     lambda gradient, x, y: gradient * 2 * (x - y) / x.size,
        ... )
        >>> MSELoss()(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 0.0]))
        tensor(2.)
    """
    of = library_of(library)

    class Loss:
        def __init__(self, **options: Any) -> None:
            self.options = options

        def __call__(self, input: Tensor, target: Tensor) -> Tensor:
            return _with(of, forward, backward, (), self.options)(input, target)

    with_signature(Loss, forward, leave_out=2)
    found: type = limited(Loss, of, backward, limits)
    return found


def initializer(
    draw: Function, *, library: str = "numpy", limits: Limits | None = None
) -> Function:
    """An initializer, which fills a tensor, out of a function that draws an array.

    Args:
        draw: takes a source of random numbers (NumPy's Generator, JAX's key), the shape, the
            library's dtype, and options by their names.
        library: whose arrays.
        limits: further ones that it has.

    Example:
        >>> normal_ = initializer(
        ...     lambda random, shape, dtype, mean=0.0, std=1.0: random.normal(mean, std, shape)
        ... )
        >>> normal_(torch.empty(2, 3), std=0.1).shape
        torch.Size([2, 3])
    """
    of = library_of(library)

    def filled(
        tensor: Tensor, *arguments: Any, generator: torch.Generator | None = None, **options: Any
    ) -> Tensor:
        seed = int(torch.randint(2**62, (), generator=generator))
        shape, dtype = tuple(tensor.shape), of.dtype(tensor.dtype)
        drawn = draw(of.random(seed), shape, dtype, *arguments, **options)
        with torch.no_grad():
            return tensor.copy_(of.back(drawn))

    own = [*inspect.signature(draw).parameters.values()][3:]
    given = [*inspect.signature(filled).parameters.values()]
    filled.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # of a function
        [given[0], *own, given[2]]
    )
    found: Function = limited(filled, of, None, {**(limits or {}), "gradients": 2})
    return found


def _with(
    of: Library, forward: Function, backward: Function | None, arguments: Any, options: Any
) -> Arrays:
    """Both, as functions of arrays alone."""

    def computed(*arrays: Any) -> Any:
        return forward(*arrays, *arguments, **options)

    def differentiated(gradient: Any, *arrays: Any) -> Any:
        assert backward is not None, "whoever has none is not asked"
        return backward(gradient, *arrays, *arguments, **options)

    return Arrays(of, computed, differentiated if backward else None)


def limited(made: Any, of: Library, backward: Function | None, limits: Limits | None) -> Any:
    """What it cannot do, as an attribute: who judges hears it."""
    order = 1 if backward else of.derivatives
    made.limits = {"dtypes": of.dtypes, "gradients": order, **(limits or {})}
    return made


def with_signature(made: type, function: Function, leave_out: int, first: Any = ()) -> None:
    """The constructor of a class takes the options of a function, and no others."""
    own = [*inspect.signature(function).parameters.values()][leave_out:]
    constructor: Any = vars(made)["__init__"]
    self, *_ = inspect.signature(constructor).parameters.values()
    signature = inspect.Signature([self, *first, *own])

    @functools.wraps(constructor)
    def named(self: Any, *arguments: Any, **options: Any) -> None:
        given = signature.bind(self, *arguments, **options).arguments
        constructor(**given)

    named.__signature__ = signature  # type: ignore[attr-defined]  # of a function
    made.__init__ = named  # type: ignore[misc]  # of a class that is made here
