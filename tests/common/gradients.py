"""Derivatives of a subject: as it gives them, and as differences of its values give them.

PyTorch's gradcheck would do, but its first call imports a computer algebra system, which takes
half as long again as torch itself; and differences of higher order are exact to more digits.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from sums_to_one.tests.common.here import here
from sums_to_one.tests.common.inputs import grid
from sums_to_one.tests.common.limits import needs_gradients
from sums_to_one.tests.common.options import feature

Function = Callable[[Tensor], Tensor]

STEP = 2**-6  # from a multiple of 1/8, four steps are exact, and do not reach the next one
OFFSETS = torch.tensor([-4, -3, -2, -1, 1, 2, 3, 4], dtype=torch.float64)
WEIGHTS = torch.tensor([3, -32, 168, -672, 672, -168, 32, -3], dtype=torch.float64) / 840


def gradient(function: Function, x: Tensor, cotangent: Tensor) -> Tensor:
    """The gradient of sum(cotangent * function(x)) with respect to x, in the layout of x."""
    leaf = x.detach().requires_grad_()
    (found,) = torch.autograd.grad((function(leaf) * cotangent).sum(), leaf)
    return found


def gradient_of(function: Function, x: Tensor, incoming: Tensor) -> Tensor:
    """As gradient, where what comes in backward is this very tensor, in its place in memory."""
    leaf = x.detach().requires_grad_()
    y = function(leaf)
    y.register_hook(lambda _: incoming)
    (found,) = torch.autograd.grad(y.sum(), leaf)
    return found


def second_gradients(
    function: Function, x: Tensor, cotangent: Tensor, other: Tensor
) -> tuple[Tensor, Tensor]:
    """The gradients of sum(other * gradient(function, x, cotangent)), by x and by cotangent.

    A backward pass that cannot be differentiated, and says so, is not provided; one that has lost
    the connection, and says nothing, is wrong.
    """
    needs_gradients(2)
    leaf, weights = x.detach().requires_grad_(), cotangent.detach().requires_grad_()
    total = (function(leaf) * weights).sum()
    with feature("a gradient that can be differentiated"):
        (first,) = torch.autograd.grad(total, leaf, create_graph=True)
        if first.requires_grad:
            # Not by torch.autograd.grad, which goes only where it must: a node that is there to say
            # "once only" would never be met.
            (first * other).sum().backward()
    # A function that is straight on both sides of a kink need not be connected to x again.
    by_x = torch.zeros_like(x) if leaf.grad is None else leaf.grad
    by_cotangent = torch.zeros_like(cotangent) if weights.grad is None else weights.grad
    return by_x, by_cotangent


def curve_of_the_sum(function: Function, x: Tensor, other: Tensor) -> Tensor:
    """The gradient of sum(other * the gradient of sum(function(x))), as in second_gradients.

    What comes in backward is a view of one number, as from a plain `.sum()`.
    """
    needs_gradients(2)
    leaf = x.detach().requires_grad_()
    with feature("a gradient that can be differentiated"):
        (first,) = torch.autograd.grad(function(leaf).sum(), leaf, create_graph=True)
        if first.requires_grad:
            (first * other).sum().backward()
    return torch.zeros_like(x) if leaf.grad is None else leaf.grad


def slope(function: Function, x: Tensor) -> Tensor:
    """The derivative of an elementwise function at every element.

    The cotangents all differ, so that a backward pass that ignores or mixes them is found out.
    """
    cotangent = grid(*x.shape, limit=2).to(x.dtype)
    return gradient(function, x, cotangent) / cotangent


def by_differences(function: Function, x: Tensor, cotangent: Tensor) -> Tensor:
    """The gradient of sum(cotangent * function(x)) by central differences of eighth order.

    Args:
        function: maps rows of numbers to rows of as many numbers.
        x: one row of multiples of 1/8.
        cotangent: the weights of the outputs, a row too.
    """
    return jacobian(function, x) @ cotangent


def jacobian(function: Function, x: Tensor) -> Tensor:
    """What moving each input (a row each) does to each output (a column each)."""
    moved = x + STEP * here(OFFSETS)[:, None, None] * torch.eye(len(x), dtype=x.dtype)
    return (here(WEIGHTS)[:, None, None] * function(moved).detach()).sum(dim=0) / STEP
