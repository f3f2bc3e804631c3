"""A component with limits is called within them only; what lies outside is not provided."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from torch import Tensor

from sums_to_one.tests.common.limits import EVERYTHING, current, outside

Function = Callable[..., Any]


def within_limits(*arguments: object) -> None:
    """End a call that lies outside the current limits before it is made."""
    limits = current()
    if limits == EVERYTHING:
        return
    tensors = list(_tensors(arguments))
    why = limits.why_not(*tensors) or limits.why_not_shape(tensors[0] if tensors else None)
    if why:
        outside(why)


def guarded(made: object) -> object:
    """An object that a component has made, whose calls are looked at first."""
    kind = type(made)
    if current() == EVERYTHING or isinstance(made, Tensor) or "__call__" not in dir(kind):
        return made
    made.__class__ = _guarded_class(kind)
    return made


@cache
def _guarded_class(kind: type) -> type:
    def call(self: Any, *arguments: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        within_limits(*arguments)
        return kind.__call__(self, *arguments, **options)

    names = {"__call__": call, "__module__": kind.__module__, "__qualname__": kind.__qualname__}
    return type(kind.__name__, (kind,), names)


def _tensors(arguments: object) -> Iterator[Tensor]:
    """All that are in lists, tuples and dictionaries, in their order."""
    if isinstance(arguments, Tensor):
        yield arguments
    elif isinstance(arguments, dict):
        yield from _tensors([*arguments.values()])
    elif isinstance(arguments, list | tuple):
        for part in arguments:
            yield from _tensors(part)
