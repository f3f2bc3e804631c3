"""What a claim judges: a function or class of a subject, called within its limits only."""

import inspect
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from torch import Tensor

from sums_to_one.tests.common.calls import watched
from sums_to_one.tests.common.limits import EVERYTHING, current, let_in, outside
from sums_to_one.tests.common.raised import raised_at

Function = Callable[..., Any]

# What treats a row alike, however many dimensions of one lie before it.
OF_ANY_SHAPE = ("sigmoid", "tanh", "relu", "leaky_relu", "softmax")


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
        options = {**self.also, **options}
        if added := self._dimensions_to_add(arguments, options):
            return self._with_more_dimensions(added, *arguments, **options)
        within_limits(*arguments)
        try:
            return guarded(watched(self.name, self.function, arguments, options))
        except Exception as error:
            already_told(error)
            raise

    def _dimensions_to_add(self, arguments: tuple[Any, ...], options: dict[str, Any]) -> int:
        """So that the same numbers lie inside of limits that they are outside of otherwise."""
        sizes = current().dimensions
        if sizes is None or self.name not in OF_ANY_SHAPE or options.get("inplace"):
            return 0
        if len(arguments) != 1 or not isinstance(arguments[0], Tensor):
            return 0
        (x,) = arguments
        if "dim" in options and not -x.ndim <= options["dim"] < x.ndim:
            return 0
        more = [n for n in sizes if n > x.ndim]
        return min(more) - x.ndim if x.ndim not in sizes and more else 0

    def _with_more_dimensions(self, added: int, x: Tensor, **options: Any) -> Any:
        __tracebackhide__ = True
        if options.get("dim", -1) >= 0:
            options["dim"] += added
        larger = x.reshape(*[1] * added, *x.shape)
        came = self(larger, **options)
        is_whole = isinstance(came, Tensor) and came.shape == larger.shape
        return came.reshape(x.shape) if is_whole else came

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
        let_in()
        return
    tensors = list(tensors_in(arguments))
    inputs = tensors[:1] if arguments and isinstance(arguments[0], Tensor) else tensors
    why = limits.why_not(*tensors) or limits.why_not_shape(*inputs)
    if why:
        outside(why)
    let_in()


def already_told(error: BaseException) -> None:
    """End a call that is refused by the words that were heard, and judged, as a limit before."""
    sites = current().sites
    if sites and raised_at(error) in sites:
        outside(str(error))


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
        try:
            return kind.__call__(self, *arguments, **options)
        except Exception as error:
            already_told(error)
            raise

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
