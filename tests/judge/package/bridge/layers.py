"""Layers of arrays, with weights and averages of their own, as PyTorch's modules."""

import copy
import inspect
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from sums_to_one.bridge.functions import Arrays, Function, Limits, limited
from sums_to_one.bridge.libraries import library_of


def layer(
    make: Function,
    forward: Function,
    backward: Function | None = None,
    *,
    weights: Mapping[str, str] | None = None,
    averages: Mapping[str, str] | None = None,
    limits: Limits | None = None,
) -> type:
    """A module out of a plain class of NumPy's, which remembers what it was given.

    Args:
        make: takes the arguments of the module, and returns an object.
        forward: takes the object, the array, and whether this is training.
        backward: takes the object and the gradient of its last output; returns the gradient by its
            last input, and a dictionary of those by its weights.
        weights: PyTorch's names of what is learned, such as "weight", each with its own.
        averages: the same of what is remembered, such as "running_mean".
        limits: further ones that it has.

    Example:
        >>> import numpy as np
        >>> class Twice:
        ...     def forward(self, x):
        ...         return 2 * x
        >>> Doubling = layer(Twice, lambda made, x, training: made.forward(x))
        >>> Doubling()(torch.ones(2))
        tensor([2., 2.])
    """
    of, known, kept = library_of("numpy"), weights or {}, averages or {}

    class Layer(nn.Module):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__()
            self.made = make(*arguments, **options)

            def begin(array: Any) -> Tensor:
                return of.back(array).to(torch.get_default_dtype())  # which NumPy has none of

            for name, own in known.items():
                array = getattr(self.made, own)
                self.register_parameter(name, None if array is None else nn.Parameter(begin(array)))
            for name, own in kept.items():
                array = getattr(self.made, own)
                self.register_buffer(name, None if array is None else begin(array))

        def forward(self, x: Tensor) -> Tensor:
            present = [name for name in known if getattr(self, name) is not None]
            parameters = [getattr(self, name) for name in present]
            made = copy.copy(self.made)  # each call has its own, for its own way back
            for name, own in kept.items():
                if getattr(self, name) is not None:
                    setattr(made, own, of.into(getattr(self, name)).copy())

            def computed(x: Any, *arrays: Any) -> Any:
                for name, array in zip(present, arrays, strict=True):
                    setattr(made, known[name], array)
                return forward(made, x, self.training)

            def differentiated(gradient: Any, x: Any, *arrays: Any) -> Any:
                assert backward is not None, "whoever has none is not asked"
                by_x, by_weights = backward(made, gradient)
                return by_x, *(by_weights.get(name) for name in present)

            y = Arrays(of, computed, differentiated if backward else None)(x, *parameters)
            for name, own in kept.items():
                if getattr(self, name) is not None:
                    setattr(self, name, of.back(getattr(made, own)))
            return y

    with_signature_of(Layer, make)
    found: type = limited(Layer, of, backward, limits)
    return found


def with_signature_of(made: Any, function: Function) -> None:
    """The constructor of a module takes what a function takes."""
    self, *_ = inspect.signature(made.__init__).parameters.values()
    own = inspect.signature(function).parameters.values()
    made.__init__.__signature__ = inspect.Signature([self, *own])
