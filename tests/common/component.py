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

# What treats a row alike, however many dimensions of one lie before it: in an input, in each of a
# list of parameters, or in an input and its target.
OF_ANY_SHAPE = ("sigmoid", "tanh", "relu", "leaky_relu", "softmax")
OF_PARAMETERS = ("l1_penalty", "l2_penalty")
PAIRWISE = ("L1Loss", "MSELoss", "BCELoss", "BCEWithLogitsLoss")


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
        if options.get("dim", 0) < 0 and "negative dim" in current().without:
            options["dim"] += arguments[0].ndim
        if self.name in OF_PARAMETERS and current().dimensions and len(arguments) == 1:
            arguments = (with_dimensions_inside(*arguments),)
        if added := self._dimensions_to_add(arguments, options):
            return self._with_more_dimensions(added, *arguments, **options)
        within_limits(*arguments)
        try:
            made = watched(self.name, self.function, arguments, options)
            return guarded(made, self.name in PAIRWISE)
        except Exception as error:
            already_told(error)
            raise

    def _dimensions_to_add(self, arguments: tuple[Any, ...], options: dict[str, Any]) -> int:
        """So that the same numbers lie inside of limits that they are outside of otherwise."""
        if self.name not in OF_ANY_SHAPE or options.get("inplace"):
            return 0
        if len(arguments) != 1 or not isinstance(arguments[0], Tensor):
            return 0
        (x,) = arguments
        if "dim" in options and not -x.ndim <= options["dim"] < x.ndim:
            return 0
        return missing_dimensions(x)

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


def missing_dimensions(x: Tensor) -> int:
    """How many of 1 must lie before those of a tensor, so that it lies inside the limits."""
    sizes = current().dimensions
    more = [n for n in sizes or () if n > x.ndim]
    return min(more) - x.ndim if more and x.ndim not in (sizes or ()) else 0


def _with_more(x: Tensor) -> Tensor:
    return x[(None,) * missing_dimensions(x)]


def with_dimensions_inside(parameters: Any) -> Any:
    """The same parameters with dimensions of 1, if some have too few, and the others are left."""
    if not isinstance(parameters, list) or not all(isinstance(p, Tensor) for p in parameters):
        return parameters
    return [_with_more(p) for p in parameters]


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


def guarded(made: Any, of_pairs: bool = False) -> Any:
    """An object that a component has made, whose calls are looked at first."""
    kind = type(made)
    if current() == EVERYTHING or isinstance(made, Tensor) or "__call__" not in dir(kind):
        return made
    made.__class__ = _guarded_class(kind, of_pairs)  # type: ignore[arg-type]  # a class has a hash
    return made


@cache
def _guarded_class(kind: Any, of_pairs: bool) -> type:
    def call(self: Any, *arguments: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        if of_pairs and _is_pair(arguments) and missing_dimensions(arguments[0]):
            x = arguments[0]
            came = call(self, *map(_with_more, arguments), **options)
            is_whole = isinstance(came, Tensor) and came.shape == _with_more(x).shape
            return came.reshape(x.shape) if is_whole else came
        within_limits(*arguments)
        try:
            return kind.__call__(self, *arguments, **options)
        except Exception as error:
            already_told(error)
            raise

    names = {"__call__": call, "__module__": kind.__module__, "__qualname__": kind.__qualname__}
    return type(kind.__name__, (kind,), names)


def _is_pair(arguments: tuple[Any, ...]) -> bool:
    """Whether they are two tensors of one shape, as the input and the target of a loss."""
    shapes = [x.shape if isinstance(x, Tensor) else None for x in arguments]
    return len(shapes) == 2 and shapes[0] is not None and shapes[0] == shapes[1]


def tensors_in(arguments: object) -> Iterator[Tensor]:
    """All that are in lists, tuples and dictionaries, in their order."""
    if isinstance(arguments, Tensor):
        yield arguments
    elif isinstance(arguments, dict):
        yield from tensors_in([*arguments.values()])
    elif isinstance(arguments, list | tuple):
        for part in arguments:
            yield from tensors_in(part)
