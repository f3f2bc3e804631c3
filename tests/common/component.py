"""What a claim judges: a function or class of a subject, called within its limits only."""

import inspect
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from torch import Tensor

from sums_to_one.tests.common.calls import watched
from sums_to_one.tests.common.limits import EVERYTHING, current, outside

Function = Callable[..., Any]


class Component:
    """What a claim judges: called as the function or the class is that it stands for.

    It knows its name, so that a claim about a group can tell whom it has before it.

    Args:
        name: of the component.
        function: of the subject.
        also: arguments that this member of a group needs, and others do not.
    """

    def __init__(self, name: str, function: Function, **also: Any) -> None:
        self.name, self.function, self.also = name, function, also

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        within_limits(*arguments)
        return guarded(watched(self.name, self.function, arguments, {**self.also, **options}))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # copying and pickling ask for names that a class has, too
            raise AttributeError(name)
        return getattr(self.function, name)

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(self.function)

    def __instancecheck__(self, made: object) -> bool:
        return isinstance(made, self.function)  # type: ignore[arg-type]  # asked of classes only

    def __repr__(self) -> str:
        return self.name


def within_limits(*arguments: object) -> None:
    """End a call that lies outside the current limits before it is made."""
    limits = current()
    if limits == EVERYTHING:
        return
    tensors = list(tensors_in(arguments))
    inputs = tensors[:1] if arguments and isinstance(arguments[0], Tensor) else tensors
    why = limits.why_not(*tensors) or limits.why_not_shape(*inputs)
    if why:
        outside(why)


def guarded(made: Any) -> Any:
    """An object that a component has made, whose calls are looked at first."""
    kind = type(made)
    if current() == EVERYTHING or isinstance(made, Tensor) or "__call__" not in dir(kind):
        return made
    made.__class__ = _guarded_class(kind)  # type: ignore[arg-type]  # a class has a hash
    return made


@cache
def _guarded_class(kind: Any) -> type:
    def call(self: Any, *arguments: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        within_limits(*arguments)
        return kind.__call__(self, *arguments, **options)

    names = {"__call__": call, "__module__": kind.__module__, "__qualname__": kind.__qualname__}
    return type(kind.__name__, (kind,), names)


def tensors_in(arguments: object) -> Iterator[Tensor]:
    """All that are in lists, tuples and dictionaries, in their order."""
    if isinstance(arguments, Tensor):
        yield arguments
    elif isinstance(arguments, dict):
        yield from tensors_in([*arguments.values()])
    elif isinstance(arguments, list | tuple):
        for part in arguments:
            yield from tensors_in(part)
