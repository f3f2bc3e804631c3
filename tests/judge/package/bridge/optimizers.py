"""Optimizers that move arrays, as PyTorch's are called."""

import inspect
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from sums_to_one.bridge.functions import Function, Limits, limited, with_signature
from sums_to_one.bridge.libraries import library_of

# What an optimizer of arrays has none of: one group, whose settings stay, is all that it has.
WITHOUT = ["param_groups", "add_param_group", "state_dict", "load_state_dict"]


def optimizer(
    make: Function,
    update: Function,
    *,
    start: Function | None = None,
    library: str = "numpy",
    limits: Limits | None = None,
) -> type:
    """An optimizer of tensors out of one that moves arrays.

    Args:
        make: takes the settings by their names (`lr`, `momentum`, ...), and returns an object; one
            is made for every parameter.
        update: takes that object, the array of a parameter and that of its gradient, and returns
            the new array, or writes into the old one and returns None. With start it takes the
            state, too, and returns the new array and the new state.
        start: takes the object and the array of a parameter, and returns the state before the
            first step.
        library: whose arrays.
        limits: further ones that it has.

    Example:
        >>> SGD = optimizer(lambda lr: lr, lambda lr, w, gradient: w - lr * gradient)
        >>> w = torch.tensor([1.0], requires_grad=True)
        >>> w.grad = torch.tensor([2.0])
        >>> SGD([w], lr=0.25).step()
        >>> w.detach()
        tensor([0.5000])
    """
    of = library_of(library)

    class Optimizer:
        def __init__(self, params: Iterable[Tensor], **settings: Any) -> None:
            self.parameters = list(params)
            self.made = [make(**settings) for _ in self.parameters]
            self.states: list[Any] = [None] * len(self.parameters)

        def step(self) -> None:
            for number, p in enumerate(self.parameters):
                if p.grad is not None:
                    self._move(number, p, of.into(p.grad))

        def zero_grad(self) -> None:
            for p in self.parameters:
                p.grad = None

        def _move(self, number: int, p: Tensor, gradient: Any) -> None:
            made, w = self.made[number], of.into(p)
            if start is None:
                new = update(made, w, gradient)
            else:
                if self.states[number] is None:
                    self.states[number] = start(made, w)
                new, self.states[number] = update(made, w, gradient, self.states[number])
            if new is not None:
                with torch.no_grad():
                    p.copy_(of.back(new))

    _, params, *_ = inspect.signature(Optimizer.__init__).parameters.values()
    with_signature(Optimizer, make, leave_out=0, first=[params])
    given = dict(limits or {})
    given["without"] = sorted({*WITHOUT, *given.get("without", [])})
    found: type = limited(Optimizer, of, None, {**given, "gradients": 2})
    return found
