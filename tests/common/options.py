"""What an implementation may leave out: arguments, methods, features."""

import contextlib
import inspect
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import pytest
import torch


class NotProvided(pytest.skip.Exception):  # type: ignore[name-defined, misc]  # made at run time
    """A claim about what is not there can neither hold nor fail, and does not count as passed."""


def option(component: Callable[..., Any], *names: str) -> None:
    """End the test as not provided where the component lacks an argument of one of these names."""
    for name in names:
        if not provides(component, name):
            _not_provided(f"the argument {name!r}")


def needs(made: object, *names: str) -> None:
    """End the test as not provided where an object lacks one of these methods or attributes."""
    for name in names:
        if not hasattr(made, name):
            _not_provided(repr(name))


@contextlib.contextmanager
def feature(what: str) -> Iterator[None]:
    """End the test as not provided where a first, plain use of a feature raises an error.

    For arguments that an implementation has, but takes only some of the values of.
    """
    try:
        yield
    except (RuntimeError, TypeError, ValueError):  # NotImplementedError is a RuntimeError
        _not_provided(what)


def _not_provided(what: str) -> NoReturn:
    raise NotProvided(f"not provided: {what}")


def provides(component: Callable[..., Any], name: str) -> bool:
    """Whether a function, or the constructor of a class, takes an argument of that name."""
    component = getattr(component, "function", component)  # of an argument of a claim
    classes = getattr(component, "__mro__", ())
    constructors = [vars(c)["__init__"] for c in classes if "__init__" in vars(c)]
    for function in constructors or [component]:
        try:
            arguments = inspect.signature(function).parameters
        except ValueError:  # a function written in C does not tell what it takes
            return False
        if name in arguments:
            return True
        if not any(argument.kind is argument.VAR_KEYWORD for argument in arguments.values()):
            return False  # else any name is taken here, and handed on
    return constructors[:1] not in ([object.__init__], [torch.nn.Module.__init__])
