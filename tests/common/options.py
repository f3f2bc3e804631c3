"""What an implementation may leave out: arguments, methods, features."""

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from types import FunctionType
from typing import Any, NoReturn, TypeVar

import torch

from sums_to_one.tests.common.limits import NotProvided, current, judging, outside
from sums_to_one.tests.common.raised import is_a_claims

T = TypeVar("T")

# Errors of Python's own that nobody means as a refusal: the subject fell over.
CRASHES = (ArithmeticError, LookupError, NameError, AttributeError, MemoryError, RecursionError)

# How Python and PyTorch say that nobody takes an argument of that name.
UNEXPECTED = ("unexpected keyword", "invalid keyword", "invalid combination of arguments")


def option(component: Callable[..., Any], *names: str) -> None:
    """End the test as not provided where the component lacks an argument of one of these names."""
    for name in names:
        if name in current().without or not provides(component, name):
            _not_provided(f"the argument {name!r}")


def needs(made: object, *names: str) -> None:
    """End the test as not provided where an object lacks one of these methods or attributes."""
    for name in names:
        if name in current().without or not hasattr(made, name):
            _not_provided(repr(name))


@contextlib.contextmanager
def feature(what: str, unheard_of: bool = False) -> Iterator[None]:
    """End the test as not provided where a first, plain use of a feature raises an error.

    For arguments that an implementation has, but takes only some of the values of. Any error with
    words is a refusal, whatever its type; a crash is not, nor what a claim itself says.

    Args:
        what: for the words.
        unheard_of: whether it is so rare that nobody need refuse it: a crash will do.
    """
    try:
        yield
    except Exception as error:
        crashed = unheard_of and not is_a_claims(error)
        if isinstance(error, NotProvided) or not (is_refusal(error) or crashed):
            raise
        outside(what)  # another value may be taken


def is_refusal(error: Exception) -> bool:
    """Whether an error was raised on purpose, to say that something is not done."""
    told = bool(str(error)) or isinstance(error, AssertionError)  # `assert` is often all they say
    own = isinstance(error, AssertionError) and is_a_claims(error)  # what a claim itself says
    return told and not own and not isinstance(error, CRASHES)


def refuses(use: Callable[[], object]) -> bool:
    """Whether one value of several, in a first, plain use, is refused: claims go on with others."""
    try:
        with judging(replace(current(), sites=frozenset())):  # what is known ends no claim here
            use()
    except Exception as error:
        if isinstance(error, NotProvided) or not is_refusal(error):
            raise
        return True
    return False


def takes_any(values: Iterable[T], use: Callable[[T], object]) -> list[T]:
    """Those of the values that are not refused; with none left the claim is not provided."""
    taken = [value for value in values if not refuses(lambda: use(value))]  # noqa: B023 - at once
    if not taken:
        _not_provided("any of the values that the claim is about")
    return taken


def _not_provided(what: str) -> NoReturn:
    raise NotProvided(f"not provided: {what}")


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    plain = isinstance(function, FunctionType)  # anything else may have no hash
    return _signature_of_function(function) if plain else inspect.signature(function)


_signature_of_function = functools.lru_cache(maxsize=1000)(inspect.signature)


def provides(component: Callable[..., Any], name: str) -> bool:
    """Whether a function, or the constructor of a class, takes an argument of that name.

    Who takes any name and hands it on does not tell whether it is taken there: it is given once.
    """
    if name in current().without:
        return False
    component = getattr(component, "function", component)  # of an argument of a claim
    classes = getattr(component, "__mro__", ())
    constructors = [vars(c)["__init__"] for c in classes if "__init__" in vars(c)]
    for function in constructors or [component]:
        try:
            arguments = _signature(function).parameters
        except ValueError:  # a function written in C does not tell what it takes
            return False
        if name in arguments:
            return True
        if not any(argument.kind is argument.VAR_KEYWORD for argument in arguments.values()):
            return False  # else any name is taken here, and handed on
    is_base = constructors[:1] in ([object.__init__], [torch.nn.Module.__init__])
    return not is_base and not _falls_through(component, name)


def _falls_through(component: Callable[..., Any], name: str) -> bool:
    """Whether an argument that is handed on ends where nobody expects it."""
    needed = [
        torch.zeros(2, 3)
        for argument in inspect.signature(component).parameters.values()
        if argument.kind in (argument.POSITIONAL_ONLY, argument.POSITIONAL_OR_KEYWORD)
        and argument.default is argument.empty
    ]
    try:
        with torch.random.fork_rng(devices=[]):
            component(*needed, **{name: None})
    except TypeError as error:
        return name in str(error) and any(word in str(error) for word in UNEXPECTED)
    except Exception:  # it was taken, and not liked
        return False
    return False
